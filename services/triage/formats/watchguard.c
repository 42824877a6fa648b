/* SPDX-License-Identifier: Apache-2.0 */
/* WatchGuard Fireware, "Read a Log Message" and the Log Message Catalog: words by position, then name="value". By syslog
 *   msg_id="3000-0148" Deny 0-External 1-Trusted 52 tcp 20 127 192.0.2.1 203.0.113.9 50000 443 … (Policy-00)
 * in Traffic Monitor
 *   2026-11-24 15:00:00 Member2 Deny 192.0.2.1 203.0.113.9 https/tcp 50000 443 1-Trusted 0-External Denied 52 63 (Policy-00)
 * Names of interfaces may hold spaces: what counts is where the two addresses stand. */
#include "services/triage/formats/format.h"

#include <string.h>

#define POLICY_BYTES_MAX 200
#define HEAD_BYTES_MAX 120 /* of what comes before the message's id by syslog */

static const struct format_pair pairs[] = {
    PAIR("msg_id", CODE),
    PAIR("proxy_act", SUBTYPE),
    PAIR("disp", ACTION),
    PAIR("action", ACTION),
    PAIR("severity", SEVERITY),
    PAIR("threat_level", SEVERITY),
    PAIR("reputation", RISK),
    PAIR("policy", RULE),
    PAIR("rule_name", RULE),
    PAIR("signature_name", RULE),
    PAIR("virus", RULE),
    PAIR("app_name", RULE),
    PAIR("signature_id", RULE_ID),
    PAIR("virus", THREAT),
    PAIR("signature_name", THREAT),
    PAIR("cats", CATEGORY),
    PAIR("signature_cat", CATEGORY),
    PAIR("app_cat_name", CATEGORY),
    PAIR("src_ip", SOURCE_IP),
    PAIR("src", SOURCE_IP),
    PAIR("src_port", SOURCE_PORT),
    PAIR("src_mac", SOURCE_MAC),
    PAIR("src_ip_nat", SOURCE_NAT_IP),
    PAIR("dst_ip", DESTINATION_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("dst_port", DESTINATION_PORT),
    PAIR("dst_mac", DESTINATION_MAC),
    PAIR("dst_ip_nat", DESTINATION_NAT_IP),
    PAIR("dstname", DESTINATION_HOST),
    PAIR("dstname", DOMAIN),
    PAIR("protocol", TRANSPORT),
    PAIR("pr", TRANSPORT),
    PAIR("src_user", USER),
    PAIR("arg", URL),
    PAIR("question", DNS),
    PAIR("query_name", DNS),
    PAIR("sni", TLS_NAME),
    PAIR("op", METHOD),
    PAIR("md5", MD5),
    PAIR("file_name", FILE),
    PAIR("filename", FILE),
    PAIR("file", FILE),
    PAIR("sender", MAIL_FROM),
    PAIR("recipients", MAIL_TO),
    PAIR("subject", MAIL_SUBJECT),
    PAIR("sent_bytes", BYTES_OUT),
    PAIR("rcvd_bytes", BYTES_IN),
    PAIR("msg", MESSAGE),
    PAIR("reason", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_MESSAGE, "~update|signature set"}, {FIELD_SOURCE_IP, ""}}, 0, NULL},
    {{{FIELD_EVENT, "botnet"}}, 90, NULL},
    {{{FIELD_MESSAGE, "~botnet"}}, 90, NULL},
    {{{FIELD_MESSAGE, "~virus|apt threat|malware|intelligentav"},
      {FIELD_MESSAGE, "!no virus|clean"}},
     80,
     NULL},
    {{{FIELD_MESSAGE, "~ips "}, {FIELD_THREAT, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_THREAT, "*"}, {FIELD_RULE_ID, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_CATEGORY, "~malicious|phishing|spyware|bot net|command|compromised|hacking"},
      {FIELD_ACTION, "deny|block|drop"}},
     60,
     "blocked"},
    {{{FIELD_MESSAGE, "~categories|webblocker"}, {FIELD_ACTION, "deny|block|drop"}}, 30, "blocked"},
    {{{FIELD_MESSAGE, "~dlp|data loss|violation"}}, 50, NULL},
    {{{FIELD_EVENT, "*"}}, 30, "blocked"},
    {{{FIELD_MESSAGE, "~was rejected|authentication failed|login failed"}}, 20, "blocked"},
};

static bool is_hex4(const char *at)
{
    for (int i = 0; i < 4; i++)
        if (!at[i] || !strchr("0123456789ABCDEFabcdef", at[i]))
            return false;
    return true;
}

/* msg_id="3000-0148" */
static bool has_message_id(struct bytes message)
{
    static const char mark[] = "msg_id=\"";
    const char *at = bytes_find(message, mark);
    const char *end = bytes_end(message);
    if (!at || end - at < (ptrdiff_t)(sizeof mark - 1 + 10))
        return false;
    at += sizeof mark - 1;
    return is_hex4(at) && at[4] == '-' && is_hex4(at + 5);
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return has_message_id(message) || bytes_find(message, " proxy_act=\"") ||
           (bytes_find(message, " proc_id=\"") && bytes_find(message, " rc=\""));
}

static bool is_number(struct bytes word)
{
    for (size_t i = 0; i < word.length; i++)
        if (((const char *)word.data)[i] < '0' || ((const char *)word.data)[i] > '9')
            return false;
    return word.length != 0;
}

static bool is_one_of(struct bytes word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text_nocase(word, list[i]))
            return true;
    return false;
}

static bool is_disposition(struct bytes word)
{
    static const char *const words[] = {"Allow", "Deny", "Drop", "Block", "Strip", "Quarantine"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (bytes_equal_text(word, words[i]))
            return true;
    return false;
}

/* tcp, and https/tcp */
static bool take_protocol(struct parsed *parsed, struct bytes word)
{
    static const char *const known[] = {"tcp", "udp", "icmp", "icmpv6", "igmp", "gre", "esp", "ah"};
    struct bytes rest = word, service = bytes_next(&rest, '/');
    bool pair = is_one_of(rest, known, COUNT_OF(known));
    if (pair)
        parsed_set(parsed, FIELD_PROTOCOL, service);
    else if (!is_one_of(word, known, COUNT_OF(known)))
        return false;
    parsed_set(parsed, FIELD_TRANSPORT, pair ? rest : word);
    return true;
}

struct places { /* how far the words have been read */
    bool disposed, behind_addresses;
    size_t addresses, ports;
};

/* Right behind the addresses, but for the protocol between them; with ICMP they are type and code. */
static void take_port(struct parsed *parsed, struct places *places, struct bytes word)
{
    struct bytes transport = parsed->fields[FIELD_TRANSPORT];
    if (!bytes_begin_with(transport, "icmp"))
        parsed_set(parsed, places->ports == 0 ? FIELD_SOURCE_PORT : FIELD_DESTINATION_PORT, word);
    places->ports++;
}

static void take_word(struct parsed *parsed, struct places *places, struct bytes word)
{
    if (!places->disposed) {
        places->disposed = is_disposition(word);
        if (places->disposed)
            parsed_set(parsed, FIELD_ACTION, word);
    } else if (places->addresses < 2 && bytes_is_address(word)) {
        parsed_set(parsed, places->addresses == 0 ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP, word);
        places->behind_addresses = ++places->addresses == 2;
    } else if (places->behind_addresses && places->ports < 2 && is_number(word)) {
        take_port(parsed, places, word);
    } else if (!take_protocol(parsed, word)) {
        places->behind_addresses = false;
    }
}

/* What stands behind msg_id="3000-0148", or all of it where that comes later. */
static struct bytes behind_id(struct bytes message)
{
    const char *id = bytes_find(bytes_head(message, HEAD_BYTES_MAX), "msg_id=\"");
    const char *end = bytes_end(message);
    return id && end - id > 18 ? bytes_trim(bytes_slice(id + 18, end)) : message;
}

/* The words up to the first name="value". */
static struct places take_words(struct parsed *parsed)
{
    struct places places = {0};
    struct bytes rest = behind_id(parsed->message);
    while (rest.data && !(places.addresses == 2 && !places.behind_addresses)) {
        struct bytes word = bytes_next(&rest, ' ');
        if (bytes_find(word, "=\""))
            break;
        if (word.length)
            take_word(parsed, &places, word);
    }
    return places;
}

/* (HTTPS-proxy-00) */
static void take_policy(struct parsed *parsed)
{
    struct bytes rest = parsed->message;
    const char *end = bytes_end(rest);
    for (const char *open; (open = bytes_find(rest, "(")); rest = bytes_slice(open + 1, end)) {
        struct bytes near = bytes_head(bytes_slice(open, end), POLICY_BYTES_MAX);
        const char *close = memchr(near.data, ')', near.length);
        if (close && close - open > 4 && close[-3] == '-' &&
            is_number(bytes_slice(close - 2, close))) {
            parsed_set(parsed, FIELD_RULE, bytes_slice(open + 1, close));
            return;
        }
    }
}

/* What default packet handling says between the ports and the policy. */
static void take_reason(struct parsed *parsed)
{
    static const char *const reasons[] = {"botnet",    "blocked sites", "blocked ports", "spoofing",
                                          "port scan", "ip scan",       "flood"};
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        const char *at = bytes_find_nocase(parsed->message, bytes_of(reasons[i]));
        if (at)
            parsed_set(parsed, FIELD_EVENT, bytes_slice(at, at + strlen(reasons[i])));
    }
}

static struct bytes without_brackets(struct bytes word)
{
    const char *from = word.data, *end = bytes_end(word);
    while (from < end && strchr("['\"", *from))
        from++;
    while (end > from && strchr("]'\",", end[-1]))
        end--;
    return bytes_slice(from, end);
}

/* "… user [taro@Firebox-DB] from 192.0.2.1 …": logins have no disposition. */
static void take_login(struct parsed *parsed)
{
    struct bytes message = parsed->message;
    const char *from = message.data, *at = bytes_find(message, " from ");
    if (!at)
        return;
    const char *user = at;
    while (user > from && user[-1] != ' ')
        user--;
    struct bytes rest = bytes_slice(at + 6, from + message.length);
    struct bytes address = without_brackets(bytes_next(&rest, ' '));
    if (!bytes_is_address(address))
        return;
    parsed_set(parsed, FIELD_SOURCE_IP, address);
    parsed_set(parsed, FIELD_USER, without_brackets(bytes_slice(user, at)));
}

static void take_serial(struct parsed *parsed)
{
    struct bytes rest = parsed->message, word = bytes_next(&rest, ' ');
    for (size_t i = 0; i < word.length; i++)
        if (!strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", ((const char *)word.data)[i]))
            return;
    if (word.length >= 9 && parsed->header.time.data)
        parsed_set(parsed, FIELD_SERIAL, word);
}

static void parse(struct parsed *parsed)
{
    struct places places = take_words(parsed);
    take_serial(parsed);
    keyvalue_each(parsed, parsed->message, NULL, NULL);
    if (places.disposed) {
        take_policy(parsed);
        if (!bytes_equal_text(parsed->fields[FIELD_ACTION], "Allow"))
            take_reason(parsed);
    } else if (!parsed->fields[FIELD_SOURCE_IP].data) {
        take_login(parsed);
        parsed_set(parsed, FIELD_MESSAGE, behind_id(parsed->message));
    }
}

static const char *const times[] = {"", NULL};

const struct format format_watchguard = {.name = "watchguard",
                                         .vendor = "WatchGuard",
                                         .product = "Firebox",
                                         .recognise = recognise,
                                         .parse = parse,
                                         TABLE_PAIRS(pairs),
                                         TABLE_DETECTIONS(detections),
                                         .scale = SEVERITY_FIVE,
                                         .times = times};
