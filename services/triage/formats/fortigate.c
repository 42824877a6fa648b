/* SPDX-License-Identifier: Apache-2.0 */
/* FortiOS log message reference, "Log field format": name=value, separated by spaces, texts in quotes. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("devname", OBSERVER),
    PAIR("devid", SERIAL),
    PAIR("type", TYPE),
    PAIR("subtype", SUBTYPE),
    PAIR("eventtype", EVENT),
    PAIR("logid", CODE),
    PAIR("utmaction", ACTION),
    PAIR("action", ACTION),
    PAIR("status", ACTION),
    PAIR("level", LEVEL),
    PAIR("crlevel", SEVERITY), /* FortiGate's own weight of the threat, where it gives one */
    PAIR("severity", SEVERITY),
    PAIR("apprisk", RISK),
    PAIR("virus", RULE),
    PAIR("attack", RULE),
    PAIR("botnetdomain", RULE),
    PAIR("app", RULE),
    PAIR("logdesc", RULE),
    PAIR("virusid", RULE_ID),
    PAIR("attackid", RULE_ID),
    PAIR("appid", RULE_ID),
    PAIR("policyid", RULE_ID),
    PAIR("virus", THREAT),
    PAIR("catdesc", CATEGORY),
    PAIR("appcat", CATEGORY),
    PAIR("dtype", CATEGORY),
    PAIR("srcip", SOURCE_IP),
    PAIR("remip", SOURCE_IP),
    PAIR("src", SOURCE_IP),
    PAIR("ip", SOURCE_IP), /* DHCP, IPsec: the client */
    PAIR("srcport", SOURCE_PORT),
    PAIR("src_port", SOURCE_PORT),
    PAIR("srcmac", SOURCE_MAC),
    PAIR("mac", SOURCE_MAC),
    PAIR("srcname", SOURCE_HOST),
    PAIR("transip", SOURCE_NAT_IP),
    PAIR("dstip", DESTINATION_IP),
    PAIR("locip", DESTINATION_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("dstport", DESTINATION_PORT),
    PAIR("dst_port", DESTINATION_PORT),
    PAIR("dstmac", DESTINATION_MAC),
    PAIR("dstname", DESTINATION_HOST),
    PAIR("tranip", DESTINATION_NAT_IP),
    PAIR("proto", TRANSPORT),
    PAIR("service", PROTOCOL),
    PAIR("direction", DIRECTION),
    PAIR("user", USER),
    PAIR("unauthuser", USER),
    PAIR("url", URL),
    PAIR("http_url", URL),
    PAIR("hostname", DOMAIN),
    PAIR("http_host", DOMAIN),
    PAIR("qname", DNS),
    PAIR("httpmethod", METHOD),
    PAIR("http_method", METHOD),
    PAIR("agent", AGENT),
    PAIR("http_agent", AGENT),
    PAIR("filename", FILE),
    PAIR("file", FILE),
    PAIR("analyticscksum", SHA256),
    PAIR("filehash", SHA256),
    PAIR("from", MAIL_FROM),
    PAIR("to", MAIL_TO),
    PAIR("subject", MAIL_SUBJECT),
    PAIR("sentbyte", BYTES_OUT),
    PAIR("rcvdbyte", BYTES_IN),
    PAIR("msg", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "~botnet"}}, 90, NULL},
    {{{FIELD_SUBTYPE, "virus"},
      {FIELD_EVENT, "analytics|oversize|scanerror|unscanned|switchproto"}},
     0,
     NULL},
    {{{FIELD_SUBTYPE, "virus"}}, 80, NULL},
    {{{FIELD_SUBTYPE, "ips|anomaly|waf"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_SUBTYPE, "webfilter"}, {FIELD_CATEGORY, "~malicious|phishing|spam url|newly"}},
     60,
     NULL},
    {{{FIELD_SUBTYPE, "webfilter"}, {FIELD_ACTION, "blocked|block"}}, 30, "blocked"},
    {{{FIELD_SUBTYPE, "dns"}, {FIELD_ACTION, "block|blocked|redirect|sinkhole"}}, 60, "blocked"},
    {{{FIELD_SUBTYPE, "app-ctrl"}, {FIELD_RISK, "critical"}}, 50, NULL},
    {{{FIELD_SUBTYPE, "app-ctrl"}, {FIELD_ACTION, "block|blocked|reset"}}, 30, "blocked"},
    {{{FIELD_SUBTYPE, "dlp|file-filter"}, {FIELD_ACTION, "block|blocked|quarantine"}}, 50, NULL},
    {{{FIELD_SUBTYPE, "emailfilter"}, {FIELD_ACTION, "blocked|block|exempt-fail"}}, 30, NULL},
    {{{FIELD_SUBTYPE, "vpn"}, {FIELD_ACTION, "~login-fail"}}, 20, "blocked"},
    {{{FIELD_SUBTYPE, "system|user"}, {FIELD_RULE, "~login failed|authentication failed"}},
     20,
     "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    bool begins = bytes_begin_with(message, "date=") || bytes_begin_with(message, "logver=") ||
                  bytes_begin_with(message, "timestamp=") ||
                  bytes_begin_with(message, "eventtime=");
    return begins && bytes_find(message, "logid=") && bytes_find(message, "type=");
}

static void parse(struct parsed *parsed)
{
    keyvalue_each(parsed, parsed->message, NULL, NULL);
}

static const char *const times[] = {"eventtime=", NULL};

const struct format format_fortigate = {.name = "fortigate",
                                        .vendor = "Fortinet",
                                        .product = "FortiGate",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections),
                                        .times = times,
                                        .time = format_time_split};
