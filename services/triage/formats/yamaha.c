/* SPDX-License-Identifier: Apache-2.0 */
/* Yamaha RTX, NVR, FWX routers (www.rtpro.yamaha.co.jp, "show log" and syslog): often with neither time nor host; what was
 * saved by "show log" begins with a time, a session's [INSPECT] ends with the one at which it began. Addresses of version 6
 * have their port behind a dot. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

static const char *const modules[] = {"[INSPECT] ", "[IKE] ",   "[IKE1] ",  "[IKE2] ",
                                      "[LUA] ",     "[DHCPD] ", "[DHCPC] ", "[SWCTL] ",
                                      "[SSHD] ",    "[L2TP] ",  "[PPTP] ",  "[SCHEDULE] "};
static const char *const filters[] = {"Rejected at IN(", "Rejected at OUT(", "Passed at IN(",
                                      "Passed at OUT("};
static const char *const logins[] = {"Login succeeded for ", "Login failed for ",
                                     "'administrator' succeeded for ",
                                     "'administrator' failed for ", "Logout from "};

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "login failed"}}, 20, "blocked"},
    {{{FIELD_MESSAGE, "~port scan|port-scan|syn flood|land attack|smurf|teardrop|ping of death"}},
     50,
     NULL},
};

static bool is_date(struct bytes text)
{
    const char *at = text.data;
    return text.length >= 19 && at[4] == '/' && at[7] == '/' && at[10] == ' ' && at[13] == ':' &&
           at[16] == ':' && (at[0] == '1' || at[0] == '2');
}

/* Behind "2026/11/24 15:00:00: ", if it is there. */
static struct bytes skip_date(struct bytes message)
{
    const char *at = message.data, *end = bytes_end(message);
    if (!is_date(message))
        return message;
    for (at += 19; at < end && (*at == ':' || *at == ' ');)
        at++;
    return bytes_slice(at, end);
}

static const char *one_of(const char *const *marks, size_t count, struct bytes text, bool first)
{
    for (size_t i = 0; i < count; i++)
        if (first ? bytes_begin_with(text, marks[i]) : bytes_find(text, marks[i]) != NULL)
            return marks[i];
    return NULL;
}

/* "LAN2 ", "PP[01] ", "TUNNEL[1] ", "WAN1(port1) ", "IP Tunnel[1] ": of the lines that tell of an interface. */
static bool begins_with_interface(struct bytes text)
{
    static const char *const kinds[] = {"PP[", "TUNNEL[", "IP Tunnel[", "PPPOE[", "PPPoE["};
    return one_of(kinds, COUNT_OF(kinds), text, true);
}

static bool is_login(struct bytes text)
{
    static const char *const services[] = {"TELNET", "SSH",    "HTTP",   "SFTP",   "FTP",
                                           "TFTP",   "serial", "SERIAL", "REMOTE", "GUI"};
    const char *mark = one_of(logins, COUNT_OF(logins), text, true);
    if (!mark)
        return false;
    const char *behind = (const char *)text.data + strlen(mark);
    return one_of(services, COUNT_OF(services), bytes_slice(behind, bytes_end(text)), true);
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes text = skip_date(parsed->message);
    return one_of(modules, COUNT_OF(modules), text, true) ||
           one_of(filters, COUNT_OF(filters), bytes_head(text, 64), false) ||
           begins_with_interface(text) || is_login(text);
}

static bool is_mac(struct bytes word)
{
    return word.length == 17 && ((const char *)word.data)[2] == ':' &&
           ((const char *)word.data)[14] == ':';
}

/* "192.0.2.1:80", "2001:db8::1.443" */
static void take_end(struct parsed *parsed, bool source, struct bytes word)
{
    if (!word.length)
        return;
    const char *from = word.data, *end = bytes_end(word), *dot = memrchr(from, '.', word.length);
    if (is_mac(word)) {
        parsed_set(parsed, source ? FIELD_SOURCE_MAC : FIELD_DESTINATION_MAC, word);
    } else if (dot && memchr(from, ':', (size_t)(dot - from)) && !bytes_is_address(word)) {
        parsed_set(parsed, source ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP, bytes_slice(from, dot));
        parsed_set(parsed, source ? FIELD_SOURCE_PORT : FIELD_DESTINATION_PORT,
                   bytes_slice(dot + 1, end));
    } else {
        parsed_set_endpoint(parsed, source, word);
    }
}

/* "TCP 192.0.2.1:80 > 203.0.113.5:50000 …"; of bridged frames there are no addresses but MACs: "MAC > MAC IP". */
static void take_flow(struct parsed *parsed, struct bytes text)
{
    struct bytes first = bytes_next_word(&text);
    struct bytes source = is_mac(first) ? first : bytes_next_word(&text);
    if (!is_mac(first))
        parsed_set(parsed, FIELD_TRANSPORT, first);
    if (!bytes_equal_text(bytes_next_word(&text), ">"))
        return;
    take_end(parsed, true, source);
    take_end(parsed, false, bytes_next_word(&text));
    struct bytes name = bytes_behind(text, "(DNS Query [", "]");
    parsed_set(parsed, FIELD_DNS, name);
    parsed_set(parsed, FIELD_DOMAIN, name);
}

/* "[INSPECT] LAN2[in][300020] TCP … > … (2026/11/24 15:00:00)" */
static void take_session(struct parsed *parsed, struct bytes text)
{
    const char *end = bytes_end(text);
    struct bytes direction = {0}, number = {0};
    for (const char *at = bytes_find(text, "["); at; at = bytes_find(bytes_slice(at, end), "[")) {
        struct bytes inside = bytes_behind(bytes_slice(at, end), "[", "]");
        if (bytes_equal_text(inside, "in") || bytes_equal_text(inside, "out"))
            direction = inside;
        else
            number = inside;
        at = bytes_end(inside);
    }
    parsed_set(parsed, FIELD_DIRECTION, direction);
    if (!direction.data || !number.data)
        return;
    parsed_set(parsed, FIELD_RULE_ID, number);
    const char *close = bytes_end(number);
    if (close < end)
        take_flow(parsed, bytes_slice(close + 1, end));
}

/* "PP[01] Rejected at IN(2000) filter: TCP … > …" */
static void take_filter(struct parsed *parsed, struct bytes text, const char *mark)
{
    const char *end = bytes_end(text);
    parsed_set(parsed, FIELD_ACTION, bytes_of(*mark == 'R' ? "Rejected" : "Passed"));
    parsed_set(parsed, FIELD_DIRECTION, bytes_of(strstr(mark, " IN(") ? "in" : "out"));
    parsed_set(parsed, FIELD_RULE_ID, bytes_behind(text, mark, ")"));
    const char *colon = bytes_find(text, ": ");
    if (colon)
        take_flow(parsed, bytes_slice(colon + 2, end));
}

/* "Login failed for SSH: 203.0.113.9 admin", "Logout from SSH: 192.168.100.2 admin" */
static void take_login(struct parsed *parsed, struct bytes text, const char *mark)
{
    bool failed = strstr(mark, "failed") != NULL;
    struct bytes rest = bytes_slice((const char *)text.data + strlen(mark), bytes_end(text));
    parsed_set(parsed, FIELD_EVENT,
               bytes_of(failed           ? "login failed"
                        : mark[3] == 'o' ? "logout"
                        : *mark == '\''  ? "administrator login"
                                         : "login"));
    parsed_set(parsed, FIELD_ACTION, bytes_of(failed ? "failed" : "succeeded"));
    parsed_set(parsed, FIELD_PROTOCOL, bytes_next(&rest, ':'));
    struct bytes address = bytes_next_word(&rest);
    if (bytes_is_address(address))
        parsed_set(parsed, FIELD_SOURCE_IP, address);
    parsed_set(parsed, FIELD_USER, bytes_next_word(&rest));
    if (*mark == '\'')
        parsed_set(parsed, FIELD_USER, bytes_of("administrator"));
}

/* Who began is told by the words; the peer is in the place that they give it. */
static void take_ike(struct parsed *parsed, struct bytes text)
{
    bool responds = bytes_find(text, "respond") || bytes_find(text, "receive");
    parsed_set_address_behind(parsed, FIELD_SOURCE_IP, text, " from ");
    parsed_set_address_behind(parsed, responds ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP, text,
                              " to ");
}

/* "[DHCPD] LAN1(port1) Allocates 192.168.100.2: 00:a0:de:01:02:03" */
static void take_lease(struct parsed *parsed, struct bytes text)
{
    static const char *const verbs[] = {"Allocates ", "Extends ", "Releases ", "Expires "};
    const char *verb = one_of(verbs, COUNT_OF(verbs), text, false);
    if (!verb)
        return;
    parsed_set_address_behind(parsed, FIELD_HOST_IP, text, verb);
    const char *behind = bytes_find(text, verb), *end = bytes_end(text);
    struct bytes mac = bytes_trim(bytes_behind(bytes_slice(behind, end), ": ", "\r\n ("));
    if (is_mac(mac))
        parsed_set(parsed, FIELD_HOST_MAC, mac);
}

static void take_module(struct parsed *parsed, struct bytes text)
{
    parsed_set(parsed, FIELD_TYPE, bytes_behind(text, "[", "]"));
    const char *close = bytes_find(text, "] ");
    struct bytes rest = bytes_slice(close + 2, bytes_end(text));
    if (bytes_begin_with(text, "[INSPECT]"))
        take_session(parsed, rest);
    else if (bytes_begin_with(text, "[IKE"))
        take_ike(parsed, rest);
    else if (bytes_begin_with(text, "[DHCPD]"))
        take_lease(parsed, rest);
}

static void parse(struct parsed *parsed)
{
    struct bytes text = skip_date(parsed->message);
    const char *filter = one_of(filters, COUNT_OF(filters), bytes_head(text, 64), false);
    const char *login = one_of(logins, COUNT_OF(logins), text, true);
    if (one_of(modules, COUNT_OF(modules), text, true))
        take_module(parsed, text);
    else if (filter)
        take_filter(parsed, text, filter);
    else if (login)
        take_login(parsed, text, login);
    parsed_set(parsed, FIELD_MESSAGE, text);
}

static bool tell_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes text = parsed->message;
    const char *open = text.length ? memrchr(text.data, '(', text.length) : NULL;
    if (is_date(text))
        return time_text_read(text, append_us, ret_us);
    if (!open || !bytes_begin_with(text, "[INSPECT] "))
        return false;
    text = bytes_slice(open + 1, bytes_end(text));
    return is_date(text) && time_text_read(text, append_us, ret_us);
}

const struct format format_yamaha = {.name = "yamaha",
                                     .vendor = "Yamaha",
                                     .product = "RTX",
                                     .recognise = recognise,
                                     .parse = parse,
                                     TABLE_DETECTIONS(detections),
                                     .time = tell_time};
