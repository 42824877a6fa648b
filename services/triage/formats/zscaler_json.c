/* SPDX-License-Identifier: Apache-2.0 */
/* Zscaler in JSON: Internet Access (NSS feeds for web, firewall, DNS and audit, all below "event") and Private Access (log
 * streaming). NSS writes times in GMT unless the feed says otherwise. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("sourcetype", TYPE),
    PAIR("auditlogtype", SUBTYPE),
    PAIR("category", CATEGORY),
    PAIR("devicehostname", HOST),
    PAIR("Hostname", HOST),
    PAIR("Connector", HOST),
    PAIR("action", ACTION),
    PAIR("ConnectionStatus", ACTION),
    PAIR("AuditOperationType", ACTION),
    PAIR("result", LEVEL),
    PAIR("threatname", RULE),
    PAIR("malwarecat", RULE),
    PAIR("rulelabel", RULE),
    PAIR("ruleLabel", RULE),
    PAIR("Policy", RULE),
    PAIR("Rule", RULE),
    PAIR("reason", RULE),
    PAIR("subcategory", RULE),
    PAIR("threatname", THREAT),
    PAIR("threatcategory", CATEGORY),
    PAIR("malwareclass", CATEGORY),
    PAIR("urlcategory", CATEGORY),
    PAIR("ClientIP", SOURCE_IP),
    PAIR("csip", SOURCE_IP),
    PAIR("ssip", SOURCE_IP),
    PAIR("ClientPrivateIP", SOURCE_IP),
    PAIR("ClientPublicIP", SOURCE_IP),
    PAIR("PrivateIP", HOST_IP),
    PAIR("clientpublicIP", SOURCE_NAT_IP),
    PAIR("ClientPublicIP", SOURCE_NAT_IP),
    PAIR("PublicIP", SOURCE_NAT_IP),
    PAIR("ClientPort", SOURCE_PORT),
    PAIR("csport", SOURCE_PORT),
    PAIR("serverip", DESTINATION_IP),
    PAIR("sdip", DESTINATION_IP),
    PAIR("cdip", DESTINATION_IP),
    PAIR("ServerIP", DESTINATION_IP),
    PAIR("ServerPort", DESTINATION_PORT),
    PAIR("ServicePort", DESTINATION_PORT),
    PAIR("Host", DESTINATION_HOST),
    PAIR("IPProtocol", TRANSPORT),
    PAIR("ipproto", TRANSPORT),
    PAIR("protocol", PROTOCOL),
    PAIR("user", USER),
    PAIR("login", USER),
    PAIR("adminid", USER),
    PAIR("Username", USER),
    PAIR("resource", TARGET_USER),
    PAIR("url", URL),
    PAIR("hostname", DOMAIN),
    PAIR("requestmethod", METHOD),
    PAIR("Method", METHOD),
    PAIR("status", STATUS),
    PAIR("StatusCode", STATUS),
    PAIR("useragent", AGENT),
    PAIR("UserAgent", AGENT),
    PAIR("refererURL", REFERRER),
    PAIR("filename", FILE),
    PAIR("sha256", SHA256),
    PAIR("bamd5", MD5),
    PAIR("md5", MD5),
    PAIR("requestsize", BYTES_OUT),
    PAIR("responsesize", BYTES_IN),
    PAIR("errorcode", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_THREAT, "*"}, {FIELD_ACTION, "~block"}}, 80, "blocked"},
    {{{FIELD_THREAT, "*"}}, 90, NULL},
    {{{FIELD_CATEGORY, "~malware|phishing|botnet|malicious|spyware|adware|command"},
      {FIELD_ACTION, "~block"}},
     70,
     "blocked"},
    {{{FIELD_TYPE, "!audit"}, {FIELD_ACTION, "~block|drop"}}, 30, "blocked"},
    {{{FIELD_ACTION, "SIGN_IN"}, {FIELD_LEVEL, "~fail"}}, 20, "blocked"},
    {{{FIELD_TYPE, "~audit"}, {FIELD_LEVEL, "SUCCESS"}}, 0, "allowed"}, /* "DELETE" is no defence */
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {"zscalernss",
                                        "\"urlsupercategory\"",
                                        "\"ClientPublicIP\"",
                                        "\"SessionStatus\"",
                                        "\"AuditOperationType\"",
                                        "\"AliveTargetCount\"",
                                        "\"threatcategory\"",
                                        NULL};
    return json_tells(parsed, marks);
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    static const char *const prefixes[] = {"event.", NULL};
    return parsed_name_below(parsed, prefixes, name, value);
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
    parsed_set_domain_of_url(parsed, parsed->fields[FIELD_URL]);
}

static const char *const times[] = {
    "\"datetime\":",  "\"LogTimestamp\":",
    "\"epochtime\":", "\"CreationTime\":",
    "\"time\": \"",   "\"time\":\"",
    "\"time\":",      NULL}; /* a count of milliseconds is that of an object that was changed */

const struct format format_zscaler_json = {.name = "zscaler_json",
                                           .vendor = "Zscaler",
                                           .product = "ZIA",
                                           .is_json = true,
                                           .recognise = recognise,
                                           .parse = parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .times = times,
                                           .any_case = true,
                                           .utc = true};
