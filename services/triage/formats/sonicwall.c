/* SPDX-License-Identifier: Apache-2.0 */
/* SonicOS log events reference: id=firewall sn=… time="… UTC" fw=… pri=… and name=value pairs; src and dst are
 * address:port:interface:name. What was done is often said in the text only. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("sn", SERIAL),
    PAIR("fw", OBSERVER_IP),
    PAIR("m", CODE),
    PAIR("c", TYPE),
    PAIR("fw_action", ACTION),
    PAIR("af_action", ACTION),
    PAIR("pri", LEVEL),
    PAIR("ipspri", RISK),
    PAIR("spypri", RISK),
    PAIR("rule", RULE),
    PAIR("af_policy", RULE),
    PAIR("sid", RULE_ID),
    PAIR("spycat", CATEGORY),
    PAIR("ipscat", CATEGORY),
    PAIR("Category", CATEGORY),
    PAIR("category", CATEGORY),
    PAIR("appcat", CATEGORY),
    PAIR("srcV6", SOURCE_IP),
    PAIR("srcMac", SOURCE_MAC),
    PAIR("dstV6", DESTINATION_IP),
    PAIR("dstMac", DESTINATION_MAC),
    PAIR("dstname", DESTINATION_HOST),
    PAIR("dstname", DOMAIN),
    PAIR("usr", USER),
    PAIR("user", USER),
    PAIR("arg", URL),
    PAIR("result", STATUS),
    PAIR("referer", REFERRER),
    PAIR("agent", AGENT),
    PAIR("filename", FILE),
    PAIR("sha256", SHA256),
    PAIR("md5", MD5),
    PAIR("from", MAIL_FROM),
    PAIR("to", MAIL_TO),
    PAIR("sent", BYTES_OUT),
    PAIR("rcvd", BYTES_IN),
    PAIR("msg", MESSAGE),
    PAIR("note", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_MESSAGE, "~expired|database|updated|activated"}}, 0, NULL},
    {{{FIELD_MESSAGE, "~botnet|command and control"}}, 90, NULL},
    {{{FIELD_MESSAGE, "~anti-virus alert|anti-virus inspection alert|capture atp|virus detected"}},
     80,
     NULL},
    {{{FIELD_MESSAGE, "~anti-spyware"}, {FIELD_RISK, "3|low"}}, 40, NULL},
    {{{FIELD_MESSAGE, "~anti-spyware"}}, 70, NULL},
    {{{FIELD_MESSAGE, "~ips prevention|ips detection"}, {FIELD_RISK, "1|high"}}, 80, NULL},
    {{{FIELD_MESSAGE, "~ips prevention|ips detection"}, {FIELD_RISK, "3|low"}}, 30, NULL},
    {{{FIELD_MESSAGE, "~ips prevention|ips detection"}}, 60, NULL},
    {{{FIELD_MESSAGE,
       "~port scan|ip spoof|attack dropped|smurf|land attack|sweep|flood|ping of death"}},
     30,
     NULL},
    {{{FIELD_CODE, "14|16|1599"}, {FIELD_CATEGORY, "~malware|phishing|hacking|spyware"}},
     60,
     "blocked"},
    {{{FIELD_CODE, "14|1599"}}, 30, "blocked"},
    {{{FIELD_MESSAGE, "~application control prevention"}}, 30, "blocked"},
    {{{FIELD_MESSAGE, "~login denied|login failed|incorrect password|bad credentials"}},
     20,
     "blocked"},
    {{{FIELD_MESSAGE, "~geo-ip filter alert|geo ip"}}, 10, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_begin_with(message, "id=") && bytes_find(message, " sn=") &&
           bytes_find(message, " fw=");
}

/* udp/dns */
static void set_protocol(struct parsed *parsed, struct bytes value)
{
    struct bytes rest = value;
    parsed_set(parsed, FIELD_TRANSPORT, bytes_next(&rest, '/'));
    parsed_set(parsed, FIELD_PROTOCOL, rest);
}

static void set_translated(struct parsed *parsed, enum field field, struct bytes value)
{
    struct bytes rest = value;
    parsed_set(parsed, field, bytes_next(&rest, ':'));
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "src") || bytes_equal_text(name, "dst"))
        parsed_set_endpoint(parsed, *(const char *)name.data == 's', value);
    else if (bytes_equal_text(name, "natSrc"))
        set_translated(parsed, FIELD_SOURCE_NAT_IP, value);
    else if (bytes_equal_text(name, "natDst"))
        set_translated(parsed, FIELD_DESTINATION_NAT_IP, value);
    else if (bytes_equal_text(name, "proto"))
        set_protocol(parsed, value);
    else if (!bytes_equal_text(value, "NA"))
        return parsed_name(parsed, name, value);
    return true;
}

/* "IPS Prevention Alert: NAME", "Gateway Anti-Virus Alert: NAME (Trojan) blocked." */
static void name_threat(struct parsed *parsed)
{
    static const char *const ends[] = {", SID", " blocked", " dropped"};
    struct bytes message = parsed->fields[FIELD_MESSAGE];
    const char *from = bytes_find(message, "Alert: ");
    const char *end = bytes_end(message);
    if (!from)
        return;
    struct bytes threat = bytes_slice(from + 7, end);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const char *stop = bytes_find(threat, ends[i]);
        if (stop)
            threat = bytes_slice(threat.data, stop);
    }
    parsed_set(parsed, FIELD_THREAT, threat);
    if (!parsed->fields[FIELD_RULE].data)
        parsed_set(parsed, FIELD_RULE, threat);
}

/* The word of the text that says what was done. */
static void name_action(struct parsed *parsed)
{
    static const char *const words[] = {"blocked", "dropped",    "denied",    "rejected",
                                        "Dropped", "Prevention", "Detection", "allowed"};
    struct bytes message = parsed->fields[FIELD_MESSAGE];
    for (size_t i = 0; i < COUNT_OF(words) && !parsed->fields[FIELD_ACTION].data; i++) {
        const char *at = bytes_find(message, words[i]);
        if (at)
            parsed_set(parsed, FIELD_ACTION, bytes_slice(at, at + strlen(words[i])));
    }
}

static void parse(struct parsed *parsed)
{
    keyvalue_each(parsed, parsed->message, NULL, take_pair);
    name_threat(parsed);
    name_action(parsed);
}

static const char *const times[] = {" time=", NULL};

const struct format format_sonicwall = {.name = "sonicwall",
                                        .vendor = "SonicWall",
                                        .product = "SonicOS",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections),
                                        .scale = SEVERITY_SYSLOG,
                                        .times = times};
