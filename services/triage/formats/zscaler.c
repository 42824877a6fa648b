/* SPDX-License-Identifier: Apache-2.0 */
/* Zscaler NSS feeds for web, firewall and DNS as name=value between tabs, the time in front; and what the NSS itself
 * reports. A feed is in the time zone that it was set up with; some say it as tz=. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("product", TYPE),
    PAIR("threatclass", SUBTYPE),
    PAIR("malwareclass", SUBTYPE),
    PAIR("event_id", CODE),
    PAIR("action", ACTION),
    PAIR("reqaction", ACTION),
    PAIR("threatseverity", SEVERITY),
    PAIR("pagerisk", RISK),
    PAIR("riskscore", RISK),
    PAIR("rulelabel", RULE),
    PAIR("reqrulelabel", RULE),
    PAIR("threatname", RULE),
    PAIR("ipsrulelabel", RULE),
    PAIR("threatname", THREAT),
    PAIR("malwarename", THREAT),
    PAIR("threatcategory", CATEGORY),
    PAIR("malwarecategory", CATEGORY),
    PAIR("threatcat", CATEGORY),
    PAIR("urlcategory", CATEGORY),
    PAIR("urlcat", CATEGORY),
    PAIR("ClientIP", SOURCE_IP),
    PAIR("clientip", SOURCE_IP),
    PAIR("cip", SOURCE_IP),
    PAIR("csip", SOURCE_IP),
    PAIR("clt_sip", SOURCE_IP),
    PAIR("csport", SOURCE_PORT),
    PAIR("devicehostname", SOURCE_HOST),
    PAIR("devicename", SOURCE_HOST),
    PAIR("clientpublicIP", SOURCE_NAT_IP),
    PAIR("tsip", SOURCE_NAT_IP),
    PAIR("serverip", DESTINATION_IP),
    PAIR("sip", DESTINATION_IP),
    PAIR("cdip", DESTINATION_IP),
    PAIR("srv_dip", DESTINATION_IP),
    PAIR("cdport", DESTINATION_PORT),
    PAIR("srv_dport", DESTINATION_PORT),
    PAIR("hostname", DESTINATION_HOST),
    PAIR("host", DESTINATION_HOST),
    PAIR("hostname", DOMAIN),
    PAIR("host", DOMAIN),
    PAIR("proto", TRANSPORT),
    PAIR("protocol", PROTOCOL),
    PAIR("nwsvc", PROTOCOL),
    PAIR("user", USER),
    PAIR("login", USER),
    PAIR("deviceowner", USER),
    PAIR("url", URL),
    PAIR("dns_req", DNS),
    PAIR("requestmethod", METHOD),
    PAIR("status", STATUS),
    PAIR("useragent", AGENT),
    PAIR("refererURL", REFERRER),
    PAIR("filename", FILE),
    PAIR("sha256", SHA256),
    PAIR("md5", MD5),
    PAIR("bamd5", MD5),
    PAIR("requestsize", BYTES_OUT),
    PAIR("outbytes", BYTES_OUT),
    PAIR("responsesize", BYTES_IN),
    PAIR("inbytes", BYTES_IN),
    PAIR("reason", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_CATEGORY, "~botnet|command and control|c&c"}}, 90, NULL},
    {{{FIELD_THREAT, "~botnet|c&c"}}, 90, NULL},
    {{{FIELD_THREAT, "*"}, {FIELD_SEVERITY, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_CATEGORY, "~malicious|malware|phishing|spyware|suspicious|adware"},
      {FIELD_ACTION, "~block|drop|denied"}},
     60,
     "blocked"},
    {{{FIELD_MESSAGE, "~dlp|data leakage|violat"}, {FIELD_ACTION, "~block|denied"}}, 50, "blocked"},
    {{{FIELD_TYPE, "nss|web"}, {FIELD_ACTION, "~block|denied"}}, 30, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    if (bytes_equal_text(parsed->header.app, "ZscalerNSS"))
        return true;
    return bytes_find(message, "\tvendor=Zscaler") ||
           (bytes_find(message, "\treason=") && bytes_find(message, "\turlcategory=")) ||
           (bytes_find(message, "\tcsip=") && bytes_find(message, "\tcdip="));
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style style = {.separators = "\t", .no_escapes = true};
    if (bytes_equal_text(parsed->header.app, "ZscalerNSS") && !bytes_find(parsed->message, "\t"))
        parsed_set(parsed, FIELD_MESSAGE, parsed->message);
    else
        keyvalue_each(parsed, parsed->message, &style, NULL);
}

static struct bytes behind(struct bytes text, const char *mark)
{
    const char *at = bytes_find(text, mark), *end = bytes_end(text);
    if (!at)
        return (struct bytes){0};
    at += strlen(mark);
    return bytes_slice(at < end && *at == '"' ? at + 1 : at, end);
}

static bool read_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes text = parsed->message, zone = behind(text, "\ttz=");
    struct bytes stated = behind(text, "\tepochtime=");
    if (stated.length && time_text_read(stated, append_us, ret_us))
        return true;
    stated = behind(text, "datetime=");
    if (!stated.length)
        stated = text;
    struct bytes clock = stated, date = bytes_next(&clock, ' ');
    return time_text_join(date, clock, zone, ret_us) || time_text_read(stated, append_us, ret_us);
}

const struct format format_zscaler = {.name = "zscaler",
                                      .vendor = "Zscaler",
                                      .product = "NSS",
                                      .recognise = recognise,
                                      .parse = parse,
                                      TABLE_PAIRS(pairs),
                                      TABLE_DETECTIONS(detections),
                                      .scale = SEVERITY_HUNDRED,
                                      .time = read_time};
