/* SPDX-License-Identifier: Apache-2.0 */
/* MikroTik RouterOS: topics, then a firewall rule's prefix and chain with the packet, or a sentence (log-ins, DHCP, PPP). */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "login failure|authentication failed"}}, 20, "blocked"},
    {{{FIELD_RULE, "~portscan|port scan|port-scan|attack|malware|botnet|blacklist"}}, 40, NULL},
};

/* "firewall,info", "system,error,critical" */
static bool are_topics(struct bytes word)
{
    static const char *const levels[] = {",info",     ",error", ",warning",
                                         ",critical", ",debug", ",account"};
    for (size_t i = 0; i < word.length; i++)
        if (!((const char *)word.data)[i] ||
            !strchr("abcdefghijklmnopqrstuvwxyz0123456789-,!", ((const char *)word.data)[i]))
            return false;
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (bytes_find(word, levels[i]))
            return true;
    return false;
}

static const char *find_packet(struct bytes message)
{
    const char *at = bytes_begin_with(message, "in:") ? message.data : bytes_find(message, " in:");
    bool whole = at && bytes_find(message, " out:") && bytes_find(message, "proto ") &&
                 bytes_find(message, "->");
    return whole ? at : NULL;
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes rest = bytes_head(parsed->message, 128);
    return are_topics(bytes_next_word(&rest)) || find_packet(parsed->message);
}

/* What stands before "in:": the rule's prefix and "chain:"; with a short header they came as syslog's tag. */
static void take_rule(struct parsed *parsed, struct bytes head)
{
    struct bytes whole = bytes_trim(head), chain = whole, prefix = {0};
    const char *from = whole.data;
    for (size_t at = whole.length; at-- > 0;)
        if (from[at] == ' ') {
            chain = bytes_slice(from + at + 1, from + whole.length);
            prefix = bytes_slice(from, from + at);
            break;
        }
    if (chain.length && ((const char *)chain.data)[chain.length - 1] == ':')
        chain.length--;
    if (!chain.length)
        chain = parsed->header.app;
    else if (!prefix.length)
        prefix = parsed->header.app;
    parsed_set(parsed, FIELD_CATEGORY, chain);
    parsed_set(parsed, FIELD_RULE, prefix);
    parsed_set_action_in(parsed, prefix);
}

/* ", NAT (a->outside)->b" and ", NAT a->(outside->inside)". */
static void take_nat(struct parsed *parsed, struct bytes packet)
{
    struct bytes nat = bytes_behind(packet, ", NAT ", " ");
    bool source = bytes_begin_with(nat, "(");
    struct bytes changed = source ? nat : bytes_behind(nat, "->", " ");
    parsed_set(parsed, source ? FIELD_SOURCE_NAT_IP : FIELD_DESTINATION_NAT_IP,
               bytes_behind(changed, "->", "),"));
}

static void take_packet(struct parsed *parsed, struct bytes packet)
{
    parsed_set(parsed, FIELD_SOURCE_MAC, bytes_behind(packet, "src-mac ", ", "));
    parsed_set(parsed, FIELD_TRANSPORT, bytes_behind(packet, "proto ", ", ("));
    const char *arrow = bytes_find(packet, "->"), *from = arrow;
    if (!arrow)
        return;
    while (from > (const char *)packet.data && from[-1] != ' ')
        from--;
    parsed_set_endpoint(parsed, true, bytes_slice(from, arrow));
    parsed_set_endpoint(parsed, false, bytes_behind(packet, "->", ", \r\n"));
    take_nat(parsed, packet);
}

static void take_sentence(struct parsed *parsed, struct bytes text)
{
    static const char *const events[] = {"login failure", "authentication failed",
                                         "logged in",     "logged out",
                                         "deassigned",    "assigned"};
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (bytes_find(text, events[i])) {
            parsed_set(parsed, FIELD_EVENT, bytes_of(events[i]));
            break;
        }
    parsed_set(parsed, FIELD_USER, bytes_behind(text, "user ", " "));
    parsed_set(parsed, FIELD_PROTOCOL, bytes_behind(text, " via ", " \r\n"));
    parsed_set_address_behind(parsed, FIELD_SOURCE_IP, text, " from ");
    parsed_set_address_behind(parsed, FIELD_SOURCE_IP, text, "<");
    parsed_set_address_behind(parsed, FIELD_HOST_IP, text, "assigned ");
    if (bytes_find(text, "assigned ")) {
        parsed_set(parsed, FIELD_HOST_MAC, bytes_behind(text, " for ", " "));
        parsed_set(parsed, FIELD_HOST_MAC, bytes_behind(text, " to ", " "));
    }
    parsed_set(parsed, FIELD_MESSAGE, text);
}

static void parse(struct parsed *parsed)
{
    struct bytes rest = parsed->message, behind = rest, topics = bytes_next_word(&behind);
    if (are_topics(topics)) {
        parsed_set(parsed, FIELD_TYPE, topics);
        rest = bytes_trim(behind);
    }
    const char *packet = find_packet(rest);
    if (!packet) {
        take_sentence(parsed, rest);
        return;
    }
    take_rule(parsed, bytes_slice(rest.data, packet));
    take_packet(parsed, bytes_slice(packet, bytes_end(rest)));
}

const struct format format_mikrotik = {.name = "mikrotik",
                                       .vendor = "MikroTik",
                                       .product = "RouterOS",
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_DETECTIONS(detections)};
