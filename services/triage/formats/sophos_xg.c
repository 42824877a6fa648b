/* SPDX-License-Identifier: Apache-2.0 */
/* Sophos Firewall syslog guide (SFOS): device="SFW" date=… time=… timezone="JST" and name=value, and the newer form with
 * device_name="SFW" timestamp="…+0900". In the older one device_name is the model. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("device_name", OBSERVER),
    PAIR("device_serial_id", SERIAL),
    PAIR("device_id", SERIAL),
    PAIR("log_type", TYPE),
    PAIR("log_component", SUBTYPE),
    PAIR("log_id", CODE),
    PAIR("status", ACTION),
    PAIR("action", ACTION),
    PAIR("log_subtype", ACTION),
    PAIR("priority", LEVEL),
    PAIR("severity", LEVEL),
    PAIR("rule_priority", RISK),
    PAIR("signature_msg", RULE),
    PAIR("virus", RULE),
    PAIR("malware", RULE),
    PAIR("threatname", RULE),
    PAIR("fw_rule_name", RULE),
    PAIR("signature_id", RULE_ID),
    PAIR("fw_rule_id", RULE_ID),
    PAIR("virus", THREAT),
    PAIR("malware", THREAT),
    PAIR("threatname", THREAT),
    PAIR("category", CATEGORY),
    PAIR("classification", CATEGORY),
    PAIR("app_category", CATEGORY),
    PAIR("application_category", CATEGORY),
    PAIR("src_ip", SOURCE_IP),
    PAIR("sourceip", SOURCE_IP),
    PAIR("src_port", SOURCE_PORT),
    PAIR("src_mac", SOURCE_MAC),
    PAIR("tran_src_ip", SOURCE_NAT_IP),
    PAIR("src_trans_ip", SOURCE_NAT_IP),
    PAIR("dst_ip", DESTINATION_IP),
    PAIR("localip", DESTINATION_IP),
    PAIR("dst_port", DESTINATION_PORT),
    PAIR("dst_mac", DESTINATION_MAC),
    PAIR("tran_dst_ip", DESTINATION_NAT_IP),
    PAIR("dst_trans_ip", DESTINATION_NAT_IP),
    PAIR("ep_name", HOST),
    PAIR("ep_ip", HOST_IP),
    PAIR("protocol", TRANSPORT),
    PAIR("application", PROTOCOL),
    PAIR("app_name", PROTOCOL),
    PAIR("application_name", PROTOCOL),
    PAIR("user_name", USER),
    PAIR("user", USER),
    PAIR("login_user", USER),
    PAIR("url", URL),
    PAIR("domain", DOMAIN),
    PAIR("domainname", DOMAIN),
    PAIR("server", DOMAIN),
    PAIR("method", METHOD),
    PAIR("status_code", STATUS),
    PAIR("http_status", STATUS),
    PAIR("httpstatus", STATUS),
    PAIR("httpresponsecode", STATUS),
    PAIR("user_agent", AGENT),
    PAIR("http_user_agent", AGENT),
    PAIR("useragent", AGENT),
    PAIR("referer", REFERRER),
    PAIR("download_file_name", FILE),
    PAIR("upload_file_name", FILE),
    PAIR("filename", FILE),
    PAIR("file_name", FILE),
    PAIR("filepath", FILE_PATH),
    PAIR("file_path", FILE_PATH),
    PAIR("sha256sum", SHA256),
    PAIR("sha1sum", SHA1),
    PAIR("md5sum", MD5),
    PAIR("execution_path", PROCESS),
    PAIR("exe", PROCESS),
    PAIR("sender", MAIL_FROM),
    PAIR("from_email_address", MAIL_FROM),
    PAIR("recepient", MAIL_TO), /* spelt so */
    PAIR("recipient", MAIL_TO),
    PAIR("to_email_address", MAIL_TO),
    PAIR("subject", MAIL_SUBJECT),
    PAIR("email_subject", MAIL_SUBJECT),
    PAIR("mailsubject", MAIL_SUBJECT),
    PAIR("sent_bytes", BYTES_OUT),
    PAIR("bytes_sent", BYTES_OUT),
    PAIR("recv_bytes", BYTES_IN),
    PAIR("bytes_received", BYTES_IN),
    PAIR("message", MESSAGE),
    PAIR("reason", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "atp|advanced threat protection|active threat response"}}, 90, NULL},
    {{{FIELD_TYPE, "anti-virus|anti virus"}, {FIELD_THREAT, "*"}}, 80, "blocked"},
    {{{FIELD_TYPE, "anti-virus|anti virus"}, {FIELD_EVENT, "virus"}}, 80, "blocked"},
    {{{FIELD_TYPE, "anti-virus|anti virus"}, {FIELD_EVENT, "pua"}}, 50, "blocked"},
    {{{FIELD_TYPE, "sandbox|sandstorm|zero-day protection"}, {FIELD_ACTION, "denied|malicious"}},
     80,
     "blocked"},
    {{{FIELD_TYPE, "idp|ips"}, {FIELD_RISK, "1"}}, 80, NULL},
    {{{FIELD_TYPE, "idp|ips"}, {FIELD_RISK, "2"}}, 60, NULL},
    {{{FIELD_TYPE, "idp|ips"}, {FIELD_RISK, "3|4|5"}}, 30, NULL},
    {{{FIELD_TYPE, "idp|ips"}}, 50, NULL},
    {{{FIELD_TYPE, "waf|web server protection"}, {FIELD_STATUS, "403"}}, 60, "blocked"},
    {{{FIELD_TYPE, "content filtering|web filter"},
      {FIELD_ACTION, "denied|deny|block|blocked"},
      {FIELD_CATEGORY, "~phishing|malware|spyware|command|anonymizer|spam url|newly"}},
     60,
     "blocked"},
    {{{FIELD_TYPE, "content filtering|web filter|application filter"},
      {FIELD_ACTION, "denied|deny|block|blocked"}},
     30,
     "blocked"},
    {{{FIELD_TYPE, "anti-spam|anti spam"}, {FIELD_ACTION, "~spam|denied|dlp"}}, 30, NULL},
    {{{FIELD_SUBTYPE, "dos attack"}}, 30, "blocked"},
    {{{FIELD_TYPE, "event"},
      {FIELD_SUBTYPE, "~authentication|gui|cli|ssh"},
      {FIELD_ACTION, "~fail"}},
     20,
     "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    bool begins = bytes_begin_with(message, "device=") ||
                  bytes_begin_with(message, "device_name=") || bytes_begin_with(message, "date=");
    return begins && bytes_find(message, " log_type=") && bytes_find(message, " log_component=");
}

/* log_subtype names what happened ("Virus", "Drop"), unless it says only what was done. */
static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "log_subtype") && !bytes_equal_text(value, "Allowed") &&
        !bytes_equal_text(value, "Denied"))
        parsed_set(parsed, FIELD_EVENT, value);
    return parsed_name(parsed, name, value);
}

static void parse(struct parsed *parsed)
{
    parsed_set(parsed, FIELD_OBSERVER, parsed->header.host);
    keyvalue_each(parsed, parsed->message, NULL, take_pair);
}

static const char *const times[] = {" timestamp=", NULL};

const struct format format_sophos_xg = {.name = "sophos_xg",
                                        .vendor = "Sophos",
                                        .product = "Sophos Firewall",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections),
                                        .scale = SEVERITY_FIVE,
                                        .times = times,
                                        .time = format_time_split};
