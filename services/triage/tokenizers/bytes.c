/* SPDX-License-Identifier: Apache-2.0 */
/* Slices of a line. */
#include "services/triage/formats/format.h"

#include <string.h>
#include <strings.h>

struct bytes bytes_slice(const char *from, const char *to)
{
    return (struct bytes){.data = from, .length = (size_t)(to - from)};
}

bool bytes_begin_with(struct bytes bytes, const char *text)
{
    size_t length = strlen(text);
    return bytes.length >= length && memcmp(bytes.data, text, length) == 0;
}

/* What begins with a letter that few lines hold ("LEEF:") is sought by that letter, several times as fast. */
static const char *find_rare(const char *at, const char *end, const char *text, size_t length)
{
    for (; (size_t)(end - at) >= length; at++) {
        at = memchr(at, *text, (size_t)(end - at) - length + 1);
        if (!at || memcmp(at, text, length) == 0)
            return at;
    }
    return NULL;
}

const char *bytes_find(struct bytes bytes, const char *text)
{
    size_t length = strlen(text);
    if (bytes.length < length || !bytes.length)
        return NULL;
    return *text >= 'A' && *text <= 'Z' ? find_rare(bytes.data, bytes_end(bytes), text, length)
                                        : memmem(bytes.data, bytes.length, text, length);
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

struct bytes bytes_head(struct bytes bytes, size_t max)
{
    if (bytes.length > max)
        bytes.length = max;
    return bytes;
}

struct bytes bytes_next(struct bytes *rest, char separator)
{
    const char *from = rest->data;
    if (!from)
        return (struct bytes){0};
    const char *end = from + rest->length;
    const char *at = rest->length ? memchr(from, separator, rest->length) : NULL;
    *rest = at ? bytes_slice(at + 1, end) : (struct bytes){0};
    return bytes_slice(from, at ? at : end);
}
