/* SPDX-License-Identifier: Apache-2.0 */
/* FortiWeb log reference, and FortiMail's, which differ from FortiGate's in names: log_id, device_id, pri, client_ip. */
#include "services/triage/formats/format.h"

extern const struct format format_fortigate;

static const struct format_pair pairs[] = {
    PAIR("device_id", SERIAL),
    PAIR("log_id", CODE),
    PAIR("action", ACTION),
    PAIR("disposition", ACTION),
    PAIR("status", ACTION),
    PAIR("pri", LEVEL),
    PAIR("severity_level", SEVERITY),
    PAIR("threat_level", SEVERITY),
    PAIR("virus", RULE),
    PAIR("signature_subclass", RULE),
    PAIR("main_type", RULE),
    PAIR("attack_type", RULE),
    PAIR("policy", RULE),
    PAIR("policy_id", RULE),
    PAIR("signature_id", RULE_ID),
    PAIR("sub_type", CATEGORY),
    PAIR("classifier", CATEGORY),
    PAIR("src", SOURCE_IP),
    PAIR("client_ip", SOURCE_IP),
    PAIR("src_ip", SOURCE_IP),
    PAIR("client_name", SOURCE_HOST),
    PAIR("dst_ip", DESTINATION_IP),
    PAIR("http_retcode", STATUS),
    PAIR("http_refer", REFERRER),
    PAIR("user_name", USER),
    PAIR("user", USER),
    PAIR("mailer", PROTOCOL),
    PAIR("file_name", FILE),
    PAIR("http_request_bytes", BYTES_OUT),
    PAIR("http_response_bytes", BYTES_IN),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "virus"}}, 80, NULL},
    {{{FIELD_TYPE, "attack"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "spam"}}, 20, NULL},
    {{{FIELD_TYPE, "statistics"}, {FIELD_CATEGORY, "~virus|sandbox|malware"}}, 80, NULL},
    {{{FIELD_TYPE, "event"}, {FIELD_MESSAGE, "~login"}, {FIELD_MESSAGE, "~fail"}}, 20, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    bool begins = bytes_begin_with(message, "date=") || bytes_begin_with(message, "timestamp=");
    return begins && bytes_find(message, " log_id=") && bytes_find(message, " device_id=F") &&
           bytes_find(message, " type=");
}

/* "User admin login successfully from GUI(192.0.2.1)" */
static void take_login(struct parsed *parsed)
{
    struct bytes message = parsed->fields[FIELD_MESSAGE];
    const char *at = bytes_find(message, " from "), *end = bytes_end(message);
    if (!at || parsed->fields[FIELD_SOURCE_IP].data)
        return;
    struct bytes rest = bytes_slice(at + 6, end);
    (void)bytes_next(&rest, '(');
    struct bytes address = bytes_next(&rest, ')');
    if (bytes_is_address(address))
        parsed_set(parsed, FIELD_SOURCE_IP, address);
}

static void parse(struct parsed *parsed)
{
    keyvalue_each(parsed, parsed->message, NULL, NULL);
    take_login(parsed);
    parsed_set(
        parsed, FIELD_PRODUCT,
        bytes_of(bytes_begin_with(parsed->fields[FIELD_SERIAL], "FE") ? "FortiMail" : "FortiWeb"));
}

const struct format format_fortiweb = {.name = "fortiweb",
                                       .vendor = "Fortinet",
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_PAIRS(pairs),
                                       TABLE_DETECTIONS(detections),
                                       .base = &format_fortigate,
                                       .time = format_time_split};
