/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux kernel's packet log (iptables, nftables, UFW and the routers built on them): what the rule's author wrote, then
 * IN= OUT= MAC= SRC= DST= … with SRC= and DST= of the packet that an ICMP error speaks of in brackets behind. */
#include "services/triage/formats/format.h"

#include <string.h>

#define MAC_LENGTH 17 /* of one address in "to:from:type" */

static const struct format_pair pairs[] = {
    PAIR("SRC", SOURCE_IP),        PAIR("SPT", SOURCE_PORT), PAIR("DST", DESTINATION_IP),
    PAIR("DPT", DESTINATION_PORT), PAIR("PROTO", TRANSPORT),
};

static const struct detection_row detections[] = {
    {{{FIELD_RULE, "~portscan|port scan|port_scan|synflood|syn flood|attack|malware|botnet"}},
     40,
     NULL},
};

static bool recognise(const struct parsed *parsed)
{
    return bytes_find(parsed->message, " SRC=") && bytes_find(parsed->message, " DST=") &&
           bytes_find(parsed->message, " LEN=");
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    const char *mac = value.data;
    if (!bytes_equal_text(name, "MAC"))
        return parsed_name(parsed, name, value);
    if (value.length < 2 * MAC_LENGTH + 1)
        return false;
    parsed_set(parsed, FIELD_DESTINATION_MAC, bytes_slice(mac, mac + MAC_LENGTH));
    parsed_set(parsed, FIELD_SOURCE_MAC,
               bytes_slice(mac + MAC_LENGTH + 1, mac + 2 * MAC_LENGTH + 1));
    return true;
}

/* Behind the kernel's "[   12.345678] ", if it is there. */
static const char *skip_uptime(const char *at, const char *end)
{
    if (at == end || *at != '[')
        return at;
    const char *close = memchr(at, ']', (size_t)(end - at));
    if (!close || strspn(at + 1, " 0123456789.") != (size_t)(close - at - 1))
        return at;
    for (at = close + 1; at < end && *at == ' ';)
        at++;
    return at;
}

/* "[UFW BLOCK] ", "IPTABLES-DROP: ", "[WAN_LOCAL-default-D]" (EdgeOS and UniFi: A accept, D drop, R reject). */
static void take_prefix(struct parsed *parsed, const char *from, const char *end)
{
    static const char *const letters[][2] = {{"-D", "drop"}, {"-A", "accept"}, {"-R", "reject"}};
    while (from < end && strchr("[ ", *from))
        from++;
    while (end > from && strchr(" :]=-", end[-1]))
        end--;
    struct bytes prefix = bytes_slice(from, end);
    if (bytes_find(prefix, "=")) /* an interface by another name */
        return;
    parsed_set(parsed, FIELD_RULE, prefix);
    parsed_set_action_in(parsed, prefix);
    for (size_t i = 0; i < COUNT_OF(letters); i++) {
        const char *at = bytes_find(prefix, letters[i][0]);
        if (at && (at + 2 == end || at[2] == '-'))
            parsed_set(parsed, FIELD_ACTION, bytes_of(letters[i][1]));
    }
}

static void parse(struct parsed *parsed)
{
    const char *from = parsed->message.data, *end = bytes_end(parsed->message);
    const char *pairs_at = bytes_find(parsed->message, "IN=");
    if (!pairs_at)
        pairs_at = bytes_find(parsed->message, " SRC=");
    from = skip_uptime(from, end);
    if (pairs_at && pairs_at > from)
        take_prefix(parsed, from, pairs_at);
    keyvalue_each(parsed, parsed->message, NULL, take_pair);
}

const struct format format_iptables = {.name = "iptables",
                                       .vendor = "Linux",
                                       .product = "Netfilter",
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_PAIRS(pairs),
                                       TABLE_DETECTIONS(detections)};
