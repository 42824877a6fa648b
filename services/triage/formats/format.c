/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const field_names[FIELD_COUNT] = {
    [FIELD_VENDOR] = "observer.vendor",
    [FIELD_PRODUCT] = "observer.product",
    [FIELD_OBSERVER] = "observer.name",
    [FIELD_SERIAL] = "observer.serial_number",
    [FIELD_HOST] = "host.name",
    [FIELD_APP] = "process.name",
    [FIELD_TYPE] = "labels.type",
    [FIELD_SUBTYPE] = "labels.subtype",
    [FIELD_EVENT] = "labels.event",
    [FIELD_CODE] = "event.code",
    [FIELD_ACTION] = "labels.action",
    [FIELD_SEVERITY] = "log.level",
    [FIELD_RISK] = "labels.risk",
    [FIELD_RULE] = "rule.name",
    [FIELD_RULE_ID] = "rule.id",
    [FIELD_CATEGORY] = "rule.category",
    [FIELD_SOURCE_IP] = "source.ip",
    [FIELD_SOURCE_PORT] = "source.port",
    [FIELD_SOURCE_MAC] = "source.mac",
    [FIELD_SOURCE_HOST] = "source.domain",
    [FIELD_DESTINATION_IP] = "destination.ip",
    [FIELD_DESTINATION_PORT] = "destination.port",
    [FIELD_DESTINATION_MAC] = "destination.mac",
    [FIELD_DESTINATION_HOST] = "destination.domain",
    [FIELD_TRANSPORT] = "network.transport",
    [FIELD_PROTOCOL] = "network.protocol",
    [FIELD_DIRECTION] = "network.direction",
    [FIELD_USER] = "user.name",
    [FIELD_URL] = "url.original",
    [FIELD_DOMAIN] = "url.domain",
    [FIELD_DNS] = "dns.question.name",
    [FIELD_TLS_NAME] = "tls.client.server_name",
    [FIELD_METHOD] = "http.request.method",
    [FIELD_STATUS] = "http.response.status_code",
    [FIELD_AGENT] = "user_agent.original",
    [FIELD_FILE] = "file.name",
    [FIELD_SHA256] = "file.hash.sha256",
    [FIELD_SHA1] = "file.hash.sha1",
    [FIELD_MD5] = "file.hash.md5",
    [FIELD_BYTES_OUT] = "source.bytes",
    [FIELD_BYTES_IN] = "destination.bytes",
    [FIELD_MESSAGE] = "message",
};

/* The order is the order of asking: the surest mark first. */
const struct format format_table[] = {
    {"suricata", "OISF", "Suricata", eve_recognise, eve_parse},
    {"cef", NULL, NULL, cef_recognise, cef_parse},
    {"fortigate", "Fortinet", "FortiGate", fortigate_recognise, fortigate_parse},
    {"squid", "Squid", "Squid", squid_recognise, squid_parse},
};
const size_t format_count = COUNT_OF(format_table);

/* --- slices -------------------------------------------------------------------------------------------------------- */

struct bytes bytes_slice(const char *from, const char *to)
{
    return (struct bytes){.data = from, .length = (size_t)(to - from)};
}

bool bytes_begin_with(struct bytes bytes, const char *text)
{
    size_t length = strlen(text);
    return bytes.length >= length && memcmp(bytes.data, text, length) == 0;
}

const char *bytes_find(struct bytes bytes, const char *text)
{
    return bytes.length ? memmem(bytes.data, bytes.length, text, strlen(text)) : NULL;
}

bool bytes_equal_text_nocase(struct bytes bytes, const char *text)
{
    return strlen(text) == bytes.length &&
           strncasecmp(bytes.data ? bytes.data : "", text, bytes.length) == 0;
}

const char *bytes_find_nocase(struct bytes bytes, struct bytes part)
{
    const char *at = bytes.data, *wanted = part.data;
    if (!part.length)
        return NULL;
    for (size_t left = bytes.length; left >= part.length; left--, at++)
        if (((*at ^ *wanted) & ~0x20) == 0 && strncasecmp(at, wanted, part.length) == 0)
            return at;
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

struct bytes bytes_trim(struct bytes bytes)
{
    const char *from = bytes.data;
    while (bytes.length && is_blank(from[0]))
        from++, bytes.length--;
    while (bytes.length && is_blank(from[bytes.length - 1]))
        bytes.length--;
    bytes.data = from;
    return bytes;
}

/* --- a parsed line --------------------------------------------------------------------------------------------------- */

static bool says_nothing(struct bytes value)
{
    return value.length == 0 || bytes_equal_text(value, "-") ||
           bytes_equal_text_nocase(value, "n/a") || bytes_equal_text_nocase(value, "none") ||
           bytes_equal_text_nocase(value, "null");
}

void parsed_set(struct parsed *parsed, enum field field, struct bytes value)
{
    if (!parsed->fields[field].data && !says_nothing(value))
        parsed->fields[field] = value;
}

void parsed_set_named(struct parsed *parsed, const struct format_pair *pairs, size_t count,
                      struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(name, pairs[i].name))
            parsed_set(parsed, pairs[i].field, value);
}

char *parsed_scratch(struct parsed *parsed, size_t length)
{
    if (!parsed->scratch) {
        parsed->scratch_size = parsed->message.length;
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
    *parsed = (struct parsed){0};
}

const struct format *format_of(struct bytes message)
{
    for (size_t i = 0; i < format_count; i++)
        if (format_table[i].recognise(message))
            return &format_table[i];
    return NULL;
}

void format_parse(struct bytes line, struct parsed *ret_parsed)
{
    struct syslog_header header;
    *ret_parsed = (struct parsed){0};
    ret_parsed->message = syslog_strip(line, &header);
    ret_parsed->format = format_of(ret_parsed->message);
    if (ret_parsed->format) {
        ret_parsed->format->parse(ret_parsed->message, ret_parsed);
        parsed_set(ret_parsed, FIELD_VENDOR, bytes_of(ret_parsed->format->vendor));
        parsed_set(ret_parsed, FIELD_PRODUCT, bytes_of(ret_parsed->format->product));
    } else {
        parsed_set(ret_parsed, FIELD_APP, header.app);
        parsed_set(ret_parsed, FIELD_MESSAGE, bytes_trim(ret_parsed->message));
    }
    parsed_set(ret_parsed, FIELD_OBSERVER, header.host);
}
