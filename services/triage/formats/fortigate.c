/* SPDX-License-Identifier: Apache-2.0 */
/* FortiOS log message reference, "Log field format": name=value, separated by spaces, texts in quotes. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    {"devname", FIELD_OBSERVER},
    {"devid", FIELD_SERIAL},
    {"type", FIELD_TYPE},
    {"subtype", FIELD_SUBTYPE},
    {"eventtype", FIELD_EVENT},
    {"logid", FIELD_CODE},
    {"action", FIELD_ACTION},
    {"status", FIELD_ACTION},
    {"utmaction", FIELD_ACTION},
    {"crlevel", FIELD_SEVERITY},
    {"severity", FIELD_SEVERITY},
    {"level", FIELD_SEVERITY},
    {"apprisk", FIELD_RISK},
    {"virus", FIELD_RULE},
    {"attack", FIELD_RULE},
    {"botnetdomain", FIELD_RULE},
    {"app", FIELD_RULE},
    {"logdesc", FIELD_RULE},
    {"virusid", FIELD_RULE_ID},
    {"attackid", FIELD_RULE_ID},
    {"appid", FIELD_RULE_ID},
    {"catdesc", FIELD_CATEGORY},
    {"appcat", FIELD_CATEGORY},
    {"dtype", FIELD_CATEGORY},
    {"srcip", FIELD_SOURCE_IP},
    {"remip", FIELD_SOURCE_IP},
    {"src", FIELD_SOURCE_IP},
    {"srcport", FIELD_SOURCE_PORT},
    {"srcmac", FIELD_SOURCE_MAC},
    {"srcname", FIELD_SOURCE_HOST},
    {"dstip", FIELD_DESTINATION_IP},
    {"dst", FIELD_DESTINATION_IP},
    {"dstport", FIELD_DESTINATION_PORT},
    {"dstmac", FIELD_DESTINATION_MAC},
    {"dstname", FIELD_DESTINATION_HOST},
    {"proto", FIELD_TRANSPORT},
    {"service", FIELD_PROTOCOL},
    {"direction", FIELD_DIRECTION},
    {"user", FIELD_USER},
    {"unauthuser", FIELD_USER},
    {"url", FIELD_URL},
    {"hostname", FIELD_DOMAIN},
    {"qname", FIELD_DNS},
    {"httpmethod", FIELD_METHOD},
    {"agent", FIELD_AGENT},
    {"filename", FIELD_FILE},
    {"file", FIELD_FILE},
    {"analyticscksum", FIELD_SHA256},
    {"filehash", FIELD_SHA256},
    {"sentbyte", FIELD_BYTES_OUT},
    {"rcvdbyte", FIELD_BYTES_IN},
    {"msg", FIELD_MESSAGE},
};

bool fortigate_recognise(struct bytes message)
{
    bool begins = bytes_begin_with(message, "date=") || bytes_begin_with(message, "logver=") ||
                  bytes_begin_with(message, "timestamp=") ||
                  bytes_begin_with(message, "eventtime=");
    return begins && bytes_find(message, "logid=") && bytes_find(message, "type=");
}

static void take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    parsed_set_named(parsed, pairs, COUNT_OF(pairs), name, value);
}

/* IANA protocol numbers as ECS spells them; what is none of them stays a number. */
static void name_transport(struct parsed *parsed)
{
    static const char *const names[][2] = {{"1", "icmp"},       {"6", "tcp"},  {"17", "udp"},
                                           {"58", "ipv6-icmp"}, {"47", "gre"}, {"50", "esp"}};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (bytes_equal_text(parsed->fields[FIELD_TRANSPORT], names[i][0])) {
            parsed->fields[FIELD_TRANSPORT] = bytes_of(names[i][1]);
            return;
        }
}

void fortigate_parse(struct bytes message, struct parsed *parsed)
{
    keyvalue_each(message, parsed, take_pair);
    name_transport(parsed);
}
