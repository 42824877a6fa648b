/* SPDX-License-Identifier: Apache-2.0 */
/* Check Point Log Exporter (sk122323, "Log Exporter - Fields mapping"): product:"…"; pairs, the same as RFC 5424 structured data,
 * and for Splunk name=value between '|', with \= and \| in the values. `time` is when it happened, the header's when it was
 * sent. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

#define PAIRS_MAX 400

static const struct format_pair pairs[] = {
    PAIR("product", PRODUCT),
    PAIR("product", TYPE),
    PAIR("hostname", OBSERVER),
    PAIR("origin", OBSERVER_IP),
    PAIR("subject", SUBTYPE),
    PAIR("malware_action", EVENT),
    PAIR("operation", EVENT),
    PAIR("event_type", EVENT),
    PAIR("auth_status", EVENT),
    PAIR("action", ACTION),
    PAIR("rule_action", ACTION),
    PAIR("severity", SEVERITY),
    PAIR("verdict", RISK),
    PAIR("app_risk", RISK),
    PAIR("rule_name", RULE),
    PAIR("malware_rule_name", RULE),
    PAIR("protection_name", RULE),
    PAIR("attack", RULE),
    PAIR("appi_name", RULE),
    PAIR("policy_name", RULE),
    PAIR("rule_uid", RULE_ID),
    PAIR("malware_rule_id", RULE_ID),
    PAIR("rule", RULE_ID),
    PAIR("protection_name", THREAT),
    PAIR("attack", THREAT),
    PAIR("malware_family", THREAT),
    PAIR("protection_id", CODE),
    PAIR("app_category", CATEGORY),
    PAIR("matched_category", CATEGORY),
    PAIR("inspection_category", CATEGORY),
    PAIR("protection_type", CATEGORY),
    PAIR("src", SOURCE_IP),
    PAIR("client_ip", SOURCE_IP),
    PAIR("machine", SOURCE_IP), /* where an administrator sits, most often by name */
    PAIR("s_port", SOURCE_PORT),
    PAIR("mac_source_address", SOURCE_MAC),
    PAIR("src_mac", SOURCE_MAC),
    PAIR("src_machine_name", SOURCE_HOST),
    PAIR("xlatesrc", SOURCE_NAT_IP),
    PAIR("endpointname", HOST),
    PAIR("dst", DESTINATION_IP),
    PAIR("mac_destination_address", DESTINATION_MAC),
    PAIR("dst_machine_name", DESTINATION_HOST),
    PAIR("xlatedst", DESTINATION_NAT_IP),
    PAIR("proto", TRANSPORT),
    PAIR("service_id", PROTOCOL),
    PAIR("protocol", PROTOCOL),
    PAIR("ifdir", DIRECTION),
    PAIR("src_user_name", USER),
    PAIR("user", USER),
    PAIR("user_name", USER),
    PAIR("endpointuser", USER),
    PAIR("administrator", USER),
    PAIR("dst_user_name", TARGET_USER),
    PAIR("resource", URL),
    PAIR("http_host", DOMAIN),
    PAIR("dst_domain_name", DOMAIN),
    PAIR("dns_query", DNS),
    PAIR("domain", DNS),
    PAIR("sni", TLS_NAME),
    PAIR("tls_server_host_name", TLS_NAME),
    PAIR("method", METHOD),
    PAIR("http_status", STATUS),
    PAIR("user_agent", AGENT),
    PAIR("web_client_type", AGENT),
    PAIR("referrer", REFERRER),
    PAIR("file_name", FILE),
    PAIR("file_path", FILE_PATH),
    PAIR("file_sha256", SHA256),
    PAIR("file_sha1", SHA1),
    PAIR("file_md5", MD5),
    PAIR("process_name", PROCESS),
    PAIR("from", MAIL_FROM),
    PAIR("to", MAIL_TO),
    PAIR("email_subject", MAIL_SUBJECT),
    PAIR("sent_bytes", BYTES_OUT),
    PAIR("client_inbound_bytes", BYTES_OUT),
    PAIR("received_bytes", BYTES_IN),
    PAIR("client_outbound_bytes", BYTES_IN),
    PAIR("attack_info", MESSAGE),
    PAIR("message", MESSAGE),
    PAIR("default_device_message", MESSAGE),
    PAIR("description", MESSAGE),
    PAIR("information", MESSAGE),
    PAIR("additional_info", MESSAGE),
    PAIR("fieldschanges", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "threat emulation|threat extraction"}, {FIELD_RISK, "benign"}}, 0, NULL},
    {{{FIELD_EVENT, "~c&c|command and control|bot activity"}}, 90, NULL},
    {{{FIELD_TYPE, "threat emulation|threat extraction"}, {FIELD_RISK, "malicious"}}, 80, NULL},
    {{{FIELD_TYPE, "~malware|anti virus|anti-virus|anti bot|anti-bot|ransomware|forensics|exploit|"
                   "threat emulation"},
      {FIELD_THREAT, "*"}},
     SEVERITY_OF_LINE,
     NULL},
    {{{FIELD_TYPE, "ips|ips-1|smartdefense"}, {FIELD_THREAT, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "~phishing"}}, 60, NULL},
    {{{FIELD_TYPE, "~spam"}, {FIELD_ACTION, "drop|reject|block|prevent"}}, 30, "blocked"},
    {{{FIELD_TYPE, "~firewall"}, {FIELD_CATEGORY, "anomaly"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "url filtering|application control|content awareness|dlp"},
      {FIELD_ACTION, "drop|reject|block|redirect|prevent"}},
     30,
     "blocked"},
    {{{FIELD_EVENT, "~failed log|log in failed|failed login"}}, 20, "blocked"},
};

/* The structured data where it was one, else the message, which may hold it where the header leaves its version away. */
static struct bytes text_of(const struct parsed *parsed)
{
    return parsed->header.structured.length ? parsed->header.structured : parsed->message;
}

static bool is_for_splunk(struct bytes text)
{
    return bytes_find(text, "|product=") &&
           (bytes_find(text, "|origin=") || bytes_find(text, "|loguid="));
}

static bool has_colons(struct bytes text)
{
    return bytes_find(text, "product:\"") != NULL;
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes text = text_of(parsed);
    if (is_for_splunk(text))
        return true;
    if (has_colons(text))
        return bytes_find(text, "loguid:\"") || bytes_find(text, "origin:\"");
    return bytes_find(text, " product=\"") && bytes_find(text, " loguid=\"{") &&
           bytes_find(text, " origin=\"");
}

/* \= and \| as the Splunk form writes them. */
static struct bytes unescape(struct parsed *parsed, struct bytes value)
{
    const char *from = value.data, *end = bytes_end(value);
    if (!bytes_find(value, "\\=") && !bytes_find(value, "\\|"))
        return value;
    char *room = parsed_scratch(parsed, value.length), *to = room;
    if (!room)
        return value;
    for (; from < end; from++) {
        if (*from == '\\' && from + 1 < end && (from[1] == '=' || from[1] == '|'))
            from++;
        *to++ = *from;
    }
    return bytes_slice(room, to);
}

/* `service` is the destination's port, or the name of the service where the exporter resolves it. */
static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (!bytes_equal_text(name, "service"))
        return parsed_name(parsed, name, unescape(parsed, value));
    bool number = value.length != 0;
    for (size_t i = 0; i < value.length; i++)
        number &= ((const char *)value.data)[i] >= '0' && ((const char *)value.data)[i] <= '9';
    parsed_set(parsed, number ? FIELD_DESTINATION_PORT : FIELD_PROTOCOL, value);
    return true;
}

/* Up to a separator without a backslash before it; `*rest` goes behind it. At the end of the text NULL data. */
static struct bytes next_unescaped(struct bytes *rest, char separator)
{
    struct bytes all = *rest, part = bytes_next(rest, separator);
    while (part.length && ((const char *)part.data)[part.length - 1] == '\\' && rest->data) {
        (void)bytes_next(rest, separator);
        const char *end = rest->data ? (const char *)rest->data - 1 : bytes_end(all);
        part = bytes_slice(all.data, end);
    }
    return part;
}

static void parse_for_splunk(struct parsed *parsed, struct bytes text)
{
    struct bytes rest = text;
    for (size_t i = 0; i < PAIRS_MAX && rest.data; i++) {
        struct bytes value = next_unescaped(&rest, '|'), name = bytes_next(&value, '=');
        if (value.data)
            take_pair(parsed, name, value);
    }
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style colons = {.separators = "; ]", .equals = ":"},
                                       structured = {.separators = " ]"};
    struct bytes text = text_of(parsed);
    if (is_for_splunk(text))
        parse_for_splunk(parsed, text);
    else
        keyvalue_each(parsed, text, has_colons(text) ? &colons : &structured, take_pair);
}

static bool read_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    static const char *const marks[] = {"|time=", " time=\"", " time:\"", "[time:\""};
    struct bytes text = text_of(parsed);
    const char *end = bytes_end(text);
    if (bytes_begin_with(text, "time=") &&
        time_text_read(bytes_slice((const char *)text.data + 5, end), append_us, ret_us))
        return true;
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const char *at = bytes_find(text, marks[i]);
        if (at && time_text_read(bytes_slice(at + strlen(marks[i]), end), append_us, ret_us))
            return true;
    }
    return false;
}

const struct format format_checkpoint = {.name = "checkpoint",
                                         .vendor = "Check Point",
                                         .recognise = recognise,
                                         .parse = parse,
                                         TABLE_PAIRS(pairs),
                                         TABLE_DETECTIONS(detections),
                                         .scale = SEVERITY_FIVE,
                                         .time = read_time};
