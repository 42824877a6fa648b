/* SPDX-License-Identifier: Apache-2.0 */
/* ArcSight Common Event Format, revision 25: CEF:Version|Vendor|Product|Version|Event class|Name|Severity|Extension. In the
 * header | and \ are escaped, in the extension = and \; a value runs up to the next " name=". */
#include "services/triage/formats/format.h"

#include <string.h>

#define PAIRS_MAX 400

static const struct format_pair pairs[] = {
    {"dvchost", FIELD_OBSERVER},
    {"deviceHostName", FIELD_OBSERVER},
    {"UNIFIhost", FIELD_OBSERVER},
    {"dvc", FIELD_OBSERVER},
    {"deviceExternalId", FIELD_SERIAL},
    {"act", FIELD_ACTION},
    {"outcome", FIELD_ACTION},
    {"cat", FIELD_CATEGORY},
    {"UNIFIsubCategory", FIELD_CATEGORY},
    {"UNIFIipsSignature", FIELD_RULE},
    {"UNIFIipsSignatureId", FIELD_RULE_ID},
    {"UNIFIrisk", FIELD_RISK},
    {"src", FIELD_SOURCE_IP},
    {"sourceAddress", FIELD_SOURCE_IP},
    {"c6a2", FIELD_SOURCE_IP},
    {"spt", FIELD_SOURCE_PORT},
    {"smac", FIELD_SOURCE_MAC},
    {"shost", FIELD_SOURCE_HOST},
    {"dst", FIELD_DESTINATION_IP},
    {"destinationAddress", FIELD_DESTINATION_IP},
    {"c6a3", FIELD_DESTINATION_IP},
    {"dpt", FIELD_DESTINATION_PORT},
    {"dmac", FIELD_DESTINATION_MAC},
    {"dhost", FIELD_DESTINATION_HOST},
    {"UNIFIdstClientMac", FIELD_DESTINATION_MAC},
    {"UNIFIdstClientAlias", FIELD_DESTINATION_HOST},
    {"proto", FIELD_TRANSPORT},
    {"app", FIELD_PROTOCOL},
    {"deviceDirection", FIELD_DIRECTION},
    {"suser", FIELD_USER},
    {"duser", FIELD_USER},
    {"UNIFIadmin", FIELD_USER},
    {"request", FIELD_URL},
    {"requestMethod", FIELD_METHOD},
    {"requestClientApplication", FIELD_AGENT},
    {"fname", FIELD_FILE},
    {"filePath", FIELD_FILE},
    {"fileHash", FIELD_SHA256},
    {"out", FIELD_BYTES_OUT},
    {"in", FIELD_BYTES_IN},
    {"msg", FIELD_MESSAGE},
};

bool cef_recognise(struct bytes message)
{
    return bytes_begin_with(message, "CEF:0|") || bytes_begin_with(message, "CEF:1|") ||
           bytes_begin_with(message, "CEF: 0|");
}

static struct bytes unescape(struct parsed *parsed, struct bytes value)
{
    const char *from = value.data, *end = from + value.length;
    if (!value.length || !memchr(from, '\\', value.length))
        return value;
    char *room = parsed_scratch(parsed, value.length), *to = room;
    if (!room)
        return value;
    for (; from < end; from++) {
        char c = *from;
        if (c == '\\' && from + 1 < end) {
            from++;
            c = *from == 'n' || *from == 'r' ? ' ' : *from;
        }
        *to++ = c;
    }
    return bytes_slice(room, to);
}

static struct bytes next_header_field(struct parsed *parsed, const char **at, const char *end)
{
    const char *from = *at;
    while (*at < end && **at != '|')
        *at += **at == '\\' && *at + 1 < end ? 2 : 1;
    struct bytes field = bytes_slice(from, *at);
    if (*at < end)
        (*at)++;
    return unescape(parsed, field);
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '[' || c == ']';
}

/* The start of the name that ends before the next unescaped '=', or `end`: what lies before it is the value. */
static const char *next_name(const char *at, const char *end, const char **ret_equals)
{
    for (const char *equals = at; equals < end; equals++) {
        if (*equals == '\\' && equals + 1 < end) {
            equals++;
            continue;
        }
        if (*equals != '=')
            continue;
        const char *name = equals;
        while (name > at && is_name(name[-1]))
            name--;
        if (name < equals && (name == at || name[-1] == ' ')) {
            *ret_equals = equals;
            return name;
        }
    }
    *ret_equals = end;
    return end;
}

static void parse_extension(const char *at, const char *end, struct parsed *parsed)
{
    const char *equals;
    const char *name = next_name(at, end, &equals);
    for (size_t i = 0; name < end && i < PAIRS_MAX; i++) {
        const char *value = equals + 1, *following_equals;
        const char *following = next_name(value, end, &following_equals);
        struct bytes text = bytes_trim(bytes_slice(value, following));
        parsed_set_named(parsed, pairs, COUNT_OF(pairs), bytes_slice(name, equals),
                         unescape(parsed, text));
        name = following;
        equals = following_equals;
    }
}

/* Hashes stand under one name whatever their kind; the length tells. */
static void sort_hash(struct parsed *parsed)
{
    struct bytes hash = parsed->fields[FIELD_SHA256];
    if (hash.length == 64 || !hash.data)
        return;
    parsed->fields[FIELD_SHA256] = (struct bytes){0};
    if (hash.length == 40)
        parsed_set(parsed, FIELD_SHA1, hash);
    if (hash.length == 32)
        parsed_set(parsed, FIELD_MD5, hash);
}

void cef_parse(struct bytes message, struct parsed *parsed)
{
    static const enum field head[] = {FIELD_VENDOR, FIELD_PRODUCT, FIELD_COUNT,
                                      FIELD_CODE,   FIELD_EVENT,   FIELD_SEVERITY};
    const char *at = message.data, *end = at + message.length;
    next_header_field(parsed, &at, end); /* CEF:0 */
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        struct bytes field = next_header_field(parsed, &at, end);
        if (head[i] != FIELD_COUNT)
            parsed_set(parsed, head[i], bytes_trim(field));
    }
    parse_extension(at, end, parsed);
    sort_hash(parsed);
    parsed_set(parsed, FIELD_RULE, parsed->fields[FIELD_EVENT]);
}
