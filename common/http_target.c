/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the request line and in Content-Type: decoded here once, strictly, so that nobody else has to. */
#include "common/http_internal.h"

#include <string.h>
#include <strings.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool is_plain_text(const char *text)
{
    const char *end = text + strlen(text);
    for (size_t length; text < end; text += length) {
        length = utf8_length(text, (size_t)(end - text));
        if (length == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

bool http_decode(char *text, bool plus_is_space)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        char byte = *from == '+' && plus_is_space ? ' ' : *from;
        if (*from == '%') {
            int high = hex_value(from[1]), low = high < 0 ? -1 : hex_value(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return false;
            byte = (char)(high << 4 | low);
            from += 2;
        }
        *to++ = byte;
    }
    *to = '\0';
    return is_plain_text(text);
}

bool http_split_path(char *path, const char **ret_segments, size_t *ret_count)
{
    size_t count = 0;
    if (*path != '/')
        return false;
    for (char *next = path; next;) {
        char *segment = next + 1;
        next = strchr(segment, '/');
        if (next)
            *next = '\0';
        if (count == HTTP_SEGMENTS_MAX || !http_decode(segment, false))
            return false;
        ret_segments[count++] = segment;
    }
    *ret_count = count;
    return true;
}

bool http_split_query(char *query, struct http_query_pair *ret_pairs, size_t *ret_count)
{
    size_t count = 0;
    char *rest = query;
    for (char *pair; (pair = strsep(&rest, "&"));) {
        if (!*pair)
            continue;
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        if (count == HTTP_QUERY_MAX || !http_decode(pair, true) ||
            (value && !http_decode(value, true)))
            return false;
        ret_pairs[count++] = (struct http_query_pair){.name = pair, .value = value ? value : ""};
    }
    *ret_count = count;
    return true;
}

static bool charset_is_utf8(const char *parameters)
{
    const char *charset = strcasestr(parameters, "charset=");
    if (!charset)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 &&
           (charset[5] == '\0' || strchr("\"; \t", charset[5]));
}

bool http_type_accepted(const char *type, const char *accepted)
{
    size_t length = strcspn(type, "; \t");
    for (const char *one = accepted; *one;) {
        one += strspn(one, ", ");
        size_t one_length = strcspn(one, ", ");
        if (one_length == length && length > 0 && strncasecmp(one, type, length) == 0)
            return charset_is_utf8(type + length);
        one += one_length;
    }
    return false;
}
