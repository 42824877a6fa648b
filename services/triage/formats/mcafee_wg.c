/* SPDX-License-Identifier: Apache-2.0 */
/* McAfee (Skyhigh) Secure Web Gateway, its access log as name="value" by syslog; what forwards it may have put a backslash
 * before each quote. status is "HTTP status/id of the block reason", bytes four counts: client to gateway, gateway to
 * server, server to gateway, gateway to client. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("rule", RULE),
    PAIR("mlwr", RULE),
    PAIR("mlwr", THREAT),
    PAIR("urlc", CATEGORY),
    PAIR("rep_level", RISK),
    PAIR("rep", RISK),
    PAIR("srcip", SOURCE_IP),
    PAIR("destip", DESTINATION_IP),
    PAIR("urlp", DESTINATION_PORT),
    PAIR("dhost", DESTINATION_HOST),
    PAIR("dhost", DOMAIN),
    PAIR("proto", PROTOCOL),
    PAIR("user", USER),
    PAIR("url", URL),
    PAIR("mtd", METHOD),
    PAIR("ua", AGENT),
    PAIR("http_referrer", REFERRER),
    PAIR("file_name", FILE),
    PAIR("hash", MD5),
    PAIR("md5", MD5),
    PAIR("sha256", SHA256),
};

static const struct detection_row detections[] = {
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_CATEGORY, "~malicious|phishing|botnet|spyware|compromised"},
      {FIELD_ACTION, "blocked"}},
     60,
     NULL},
    {{{FIELD_RISK, "high risk"}, {FIELD_ACTION, "blocked"}}, 60, NULL},
    {{{FIELD_ACTION, "blocked"}}, 30, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_find(message, "srcip=") && bytes_find(message, " mtd=") &&
           bytes_find(message, " urlc=");
}

static void set_status(struct parsed *parsed, struct bytes value)
{
    struct bytes rest = value;
    parsed_set(parsed, FIELD_STATUS, bytes_next(&rest, '/'));
    if (rest.length)
        parsed_set(parsed, FIELD_ACTION,
                   bytes_of(bytes_equal_text(rest, "0") ? "allowed" : "blocked"));
}

static void set_bytes(struct parsed *parsed, struct bytes value)
{
    struct bytes rest = value;
    parsed_set(parsed, FIELD_BYTES_OUT, bytes_next(&rest, '/'));
    (void)bytes_next(&rest, '/');
    (void)bytes_next(&rest, '/');
    parsed_set(parsed, FIELD_BYTES_IN, rest);
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "status"))
        set_status(parsed, value);
    else if (bytes_equal_text(name, "bytes"))
        set_bytes(parsed, value);
    else
        return parsed_name(parsed, name, value);
    return true;
}

static struct bytes without_backslashes(struct parsed *parsed, struct bytes text)
{
    const char *from = text.data, *end = bytes_end(text);
    char *room = bytes_find(text, "=\\\"") ? parsed_scratch(parsed, text.length) : NULL, *to = room;
    if (!room)
        return text;
    for (; from < end; from++)
        if (*from != '\\' || from + 1 == end || from[1] != '"')
            *to++ = *from;
    return bytes_slice(room, to);
}

static void parse(struct parsed *parsed)
{
    keyvalue_each(parsed, without_backslashes(parsed, parsed->message), NULL, take_pair);
}

const struct format format_mcafee_wg = {.name = "mcafee_wg",
                                        .vendor = "McAfee",
                                        .product = "Web Gateway",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections)};
