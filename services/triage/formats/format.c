/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/format.h"

#include "services/triage/charset.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One line per format, in the order of asking, made by meson.build of its list. */
#define FORMAT(name) extern const struct format format_##name;
#include "services/triage/formats/format_list.h"
#undef FORMAT

const struct format *const format_table[] = {
#define FORMAT(name) &format_##name,
#include "services/triage/formats/format_list.h"
#undef FORMAT
};
const size_t format_count = COUNT_OF(format_table);

#define RANK_DIRECT 0 /* set by the format itself; pairs come behind by their place in the table */
#define RANK_LAST 255

/* --- values --------------------------------------------------------------------------------------------------------- */

static bool says_nothing(struct bytes value)
{
    static const char *const nothing[] = {"-",      "n/a",     "none", "null",
                                          "(null)", "unknown", "\"\"", "(no user)"};
    for (size_t i = 0; i < COUNT_OF(nothing); i++)
        if (bytes_equal_text_nocase(value, nothing[i]))
            return true;
    return value.length == 0;
}

bool bytes_is_address(struct bytes value)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (!value.length || value.length >= sizeof text)
        return false;
    memcpy(text, value.data, value.length);
    text[value.length] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool is_host_name(struct bytes value)
{
    const unsigned char *text = value.data;
    bool letter = false;
    for (size_t i = 0; i < value.length; i++) {
        letter |= (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        letter |= text[i] >= 0x80;
        if (text[i] <= ' ' || strchr("=,;|\"'<>()[]{}", text[i]))
            return false;
    }
    return letter && value.length <= 253;
}

static enum field host_beside(enum field field)
{
    switch ((int)field) {
    case FIELD_SOURCE_IP:
        return FIELD_SOURCE_HOST;
    case FIELD_DESTINATION_IP:
        return FIELD_DESTINATION_HOST;
    case FIELD_HOST_IP:
        return FIELD_HOST;
    case FIELD_OBSERVER_IP:
        return FIELD_OBSERVER;
    case FIELD_SOURCE_NAT_IP:
    case FIELD_DESTINATION_NAT_IP:
        return FIELD_COUNT; /* an address or nothing */
    default:
        return field; /* no address at all */
    }
}

static bool is_unspecified(struct bytes value)
{
    return bytes_equal_text(value, "0.0.0.0") || bytes_equal_text(value, "::");
}

/* "[2001:db8::1]:443" and "192.0.2.1:443" without brackets and port; "fe80::1%eth0" without its zone. */
static struct bytes bare_address(struct bytes value)
{
    const char *from = value.data, *end = bytes_end(value);
    if (value.length > 2 && *from == '[') {
        const char *close = memchr(from, ']', value.length);
        return close ? bytes_slice(from + 1, close) : value;
    }
    const char *percent = memchr(from, '%', value.length);
    if (percent)
        return bytes_slice(from, percent);
    const char *colon = memchr(from, ':', value.length);
    if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        return bytes_slice(from, colon);
    const char *slash = memchr(from, '/', value.length); /* 192.0.2.1/443, 192.0.2.1/24 */
    return slash ? bytes_slice(from, slash) : value;
}

static bool is_hash(enum field field)
{
    return field == FIELD_SHA256 || field == FIELD_SHA1 || field == FIELD_MD5;
}

/* FIELD_COUNT: no hash at all; nothing but zeros is what some write for none. */
static enum field hash_kind(struct bytes value)
{
    bool zeros = true;
    for (size_t i = 0; i < value.length; i++) {
        char c = ((const char *)value.data)[i];
        if (!c || !strchr("0123456789abcdefABCDEF", c))
            return FIELD_COUNT;
        zeros &= c == '0';
    }
    if (zeros)
        return FIELD_COUNT;
    switch (value.length) {
    case 64:
        return FIELD_SHA256;
    case 40:
        return FIELD_SHA1;
    case 32:
        return FIELD_MD5;
    default:
        return FIELD_COUNT;
    }
}

static void set_ranked(struct parsed *parsed, enum field field, struct bytes value,
                       unsigned char rank)
{
    value = bytes_trim(value);
    if (field == FIELD_COUNT || says_nothing(value))
        return;
    enum field host = host_beside(field);
    if (host != field) {
        struct bytes address = bare_address(value);
        if (host == FIELD_COUNT && is_unspecified(address))
            return; /* how devices write that nothing was translated */
        if (bytes_is_address(address))
            value = address;
        else if (host == FIELD_COUNT || !is_host_name(value))
            return;
        else
            field = host;
    }
    if (is_hash(field) && (field = hash_kind(value)) == FIELD_COUNT)
        return;
    if (parsed->fields[field].data && parsed->ranks[field] <= rank)
        return;
    parsed->fields[field] = value;
    parsed->ranks[field] = rank;
}

void parsed_set(struct parsed *parsed, enum field field, struct bytes value)
{
    if (value.data)
        set_ranked(parsed, field, value, RANK_DIRECT);
}

static bool has_name(const struct format *format, const struct format_pair *pair, struct bytes name)
{
    if (pair->length != name.length)
        return false;
    return format->any_case ? strncasecmp(pair->name, name.data, name.length) == 0
                            : memcmp(pair->name, name.data, name.length) == 0;
}

bool parsed_name(struct parsed *parsed, struct bytes name, struct bytes value)
{
    unsigned rank = RANK_DIRECT + 1;
    bool found = false;
    for (const struct format *format = parsed->format; format && !found; format = format->base)
        for (size_t i = 0; i < format->pair_count; i++, rank++) {
            const struct format_pair *pair = &format->pairs[i];
            if (!has_name(format, pair, name))
                continue;
            found = true; /* one name may stand for several fields */
            set_ranked(parsed, pair->field, value,
                       (unsigned char)(rank < RANK_LAST ? rank : RANK_LAST));
        }
    return found;
}

bool parsed_name_below(struct parsed *parsed, const char *const *prefixes, struct bytes name,
                       struct bytes value)
{
    for (; *prefixes; prefixes++) {
        size_t length = strlen(*prefixes);
        if (name.length > length && strncasecmp(name.data, *prefixes, length) == 0) {
            name = bytes_slice((const char *)name.data + length, bytes_end(name));
            break;
        }
    }
    return parsed_name(parsed, name, value);
}

static void swap(struct parsed *parsed, enum field one, enum field other)
{
    struct bytes value = parsed->fields[one];
    parsed->fields[one] = parsed->fields[other];
    parsed->fields[other] = value;
}

void parsed_swap_ends(struct parsed *parsed)
{
    swap(parsed, FIELD_SOURCE_IP, FIELD_DESTINATION_IP);
    swap(parsed, FIELD_SOURCE_PORT, FIELD_DESTINATION_PORT);
    swap(parsed, FIELD_SOURCE_HOST, FIELD_DESTINATION_HOST);
}

void parsed_set_hash(struct parsed *parsed, struct bytes value)
{
    parsed_set(parsed, FIELD_SHA256, value);
}

void parsed_set_endpoint(struct parsed *parsed, bool source, struct bytes value)
{
    enum field ip = source ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP;
    enum field port = source ? FIELD_SOURCE_PORT : FIELD_DESTINATION_PORT;
    enum field host = source ? FIELD_SOURCE_HOST : FIELD_DESTINATION_HOST;
    if (!value.length)
        return;
    const char *close = memchr(value.data, ']', value.length);
    const char *last = memrchr(value.data, ':', value.length);
    const char *end = bytes_end(value);
    if (bytes_is_address(value)) {
        parsed_set(parsed, ip, value);
        return;
    }
    if (last && bytes_is_address(bytes_slice(value.data, last))) {
        parsed_set(parsed, ip, bytes_slice(value.data, last));
        parsed_set(parsed, port, bytes_slice(last + 1, end));
        return;
    }
    struct bytes rest = value;
    if (close && *(const char *)value.data == '[') {
        rest = bytes_slice(close + 1, end);
        parsed_set(parsed, ip, bytes_slice((const char *)value.data + 1, close));
        (void)bytes_next(&rest, ':');
    } else {
        parsed_set(parsed, ip, bytes_next(&rest, ':'));
    }
    parsed_set(parsed, port, bytes_next(&rest, ':'));
    (void)bytes_next(&rest, ':'); /* interface */
    parsed_set(parsed, host, bytes_next(&rest, ':'));
}

void parsed_set_domain_of_url(struct parsed *parsed, struct bytes url)
{
    if (!url.length)
        return;
    const char *from = url.data, *end = bytes_end(url);
    const char *scheme = bytes_find(url, "://");
    if (scheme)
        from = scheme + 3;
    const char *stop = from;
    while (stop < end && *stop != '/' && *stop != ':' && *stop != '?')
        stop++;
    if (stop > from)
        parsed_set(parsed, FIELD_DOMAIN, bytes_slice(from, stop));
}

char *parsed_scratch(struct parsed *parsed, size_t length)
{
    if (!parsed->scratch) {
        parsed->scratch_size = parsed->line.length;
        parsed->scratch = mem_resize(NULL, parsed->scratch_size + 1, 1);
    }
    if (length > parsed->scratch_size - parsed->scratch_used)
        return NULL;
    char *room = parsed->scratch + parsed->scratch_used;
    parsed->scratch_used += length;
    return room;
}

void parsed_clear(struct parsed *parsed)
{
    free(parsed->scratch);
    free(parsed->converted);
    *parsed = (struct parsed){0};
}

/* --- a line ----------------------------------------------------------------------------------------------------------- */

void format_recognise(struct bytes line, struct parsed *ret_parsed)
{
    *ret_parsed = (struct parsed){.line = line};
    ret_parsed->message = syslog_strip(line, &ret_parsed->header);
    ret_parsed->json = json_begin(ret_parsed->message);
    ret_parsed->cef = cef_begin(ret_parsed->message);
    for (size_t i = 0; i < format_count && !ret_parsed->format; i++)
        if ((!format_table[i]->is_json || ret_parsed->json.data) &&
            format_table[i]->recognise(ret_parsed))
            ret_parsed->format = format_table[i];
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

/* The name of a file behind its path, of either kind. */
static void name_file(struct parsed *parsed)
{
    struct bytes path = parsed->fields[FIELD_FILE_PATH];
    if (!path.length || parsed->fields[FIELD_FILE].data)
        return;
    const char *from = path.data, *at = from + path.length;
    while (at > from && at[-1] != '/' && at[-1] != '\\')
        at--;
    parsed_set(parsed, FIELD_FILE, bytes_slice(at, from + path.length));
}

/* In CP932 the second byte of a character may be a backslash or a bar. */
static void recognise_as_utf_8(struct bytes line, struct parsed *ret_parsed)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    charset_line_to_utf_8(line, &text);
    format_recognise((struct bytes){text.data ? text.data : "", text.length}, ret_parsed);
    ret_parsed->converted = text.data;
}

void format_parse(struct bytes line, struct parsed *ret_parsed)
{
    if (charset_is_utf_8(line))
        format_recognise(line, ret_parsed);
    else
        recognise_as_utf_8(line, ret_parsed);
    if (ret_parsed->format) {
        ret_parsed->format->parse(ret_parsed);
        parsed_set(ret_parsed, FIELD_VENDOR, bytes_of(ret_parsed->format->vendor));
        parsed_set(ret_parsed, FIELD_PRODUCT, bytes_of(ret_parsed->format->product));
        name_transport(ret_parsed);
        name_file(ret_parsed);
    } else {
        parsed_set(ret_parsed, FIELD_MESSAGE, ret_parsed->message);
    }
    if (!ret_parsed->fields[FIELD_OBSERVER].data)
        parsed_set(ret_parsed, FIELD_OBSERVER, ret_parsed->header.host);
    parsed_set(ret_parsed, FIELD_APP, ret_parsed->header.app);
}
