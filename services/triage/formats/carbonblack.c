/* SPDX-License-Identifier: Apache-2.0 */
/* Carbon Black App Control (Bit9) events guide: "Carbon Black App Control event: text="…" type="…" …"; dates are in UTC. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("type", TYPE),          PAIR("subtype", SUBTYPE),      PAIR("subtype", EVENT),
    PAIR("subtype", ACTION),     PAIR("rule_name", RULE),       PAIR("ban_name", RULE),
    PAIR("policy", RULE),        PAIR("file_threat", RISK),     PAIR("hostname", HOST),
    PAIR("ip_address", HOST_IP), PAIR("src_ip", SOURCE_IP),     PAIR("dst_ip", DESTINATION_IP),
    PAIR("username", USER),      PAIR("file_name", FILE),       PAIR("file_path", FILE_PATH),
    PAIR("process", PROCESS),    PAIR("process_path", PROCESS), PAIR("command_line", COMMAND),
    PAIR("text", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_SUBTYPE, "~malicious|malware|ransom"}}, 80, NULL},
    {{{FIELD_SUBTYPE, "~potential risk|suspicious"}}, 60, NULL},
    {{{FIELD_SUBTYPE, "~tamper"}}, 60, NULL},
    {{{FIELD_MESSAGE, "~would have blocked"}}, 30, "detected"},
    {{{FIELD_SUBTYPE, "~block"}, {FIELD_SUBTYPE, "~banned"}}, 60, "blocked"},
    {{{FIELD_SUBTYPE, "~block"}}, 50, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes head = bytes_head(parsed->message, 256);
    return bytes_find(head, "Carbon Black App Control event:") ||
           bytes_find(head, "Carbon Black Protection event:") || bytes_find(head, "Bit9 event:");
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (!bytes_equal_text(name, "file_hash"))
        return parsed_name(parsed, name, value);
    parsed_set_hash(parsed, value);
    return true;
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style style = {.no_escapes = true};
    keyvalue_each(parsed, parsed->message, &style, take_pair);
}

/* date="11/24/2026 6:00:00 AM" */
static bool read_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    static const char mark[] = " date=\"", zone[] = " UTC";
    char text[48];
    const char *at = bytes_find(parsed->message, mark);
    const char *end = bytes_end(parsed->message);
    if (!at)
        return false;
    struct bytes rest = bytes_slice(at + sizeof mark - 1, end), date = bytes_next(&rest, '"');
    if (!date.length || date.length > sizeof text - sizeof zone)
        return false;
    memcpy(text, date.data, date.length);
    memcpy(text + date.length, zone, sizeof zone);
    return time_text_read(bytes_of(text), append_us, ret_us);
}

const struct format format_carbonblack = {.name = "carbonblack",
                                          .vendor = "Carbon Black",
                                          .product = "App Control",
                                          .recognise = recognise,
                                          .parse = parse,
                                          TABLE_PAIRS(pairs),
                                          TABLE_DETECTIONS(detections),
                                          .time = read_time};
