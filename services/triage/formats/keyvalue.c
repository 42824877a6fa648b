/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/format.h"

#include <string.h>

#define PAIRS_MAX 400

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* From behind the opening quote to the closing one; a line that was cut has none. */
static const char *end_of_quoted(const char *at, const char *end, bool *ret_escaped)
{
    *ret_escaped = false;
    for (; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\')) {
            *ret_escaped = true;
            at++;
        }
    return at;
}

static struct bytes unescape(struct parsed *parsed, struct bytes value)
{
    const char *from = value.data, *end = from + value.length;
    char *room = parsed_scratch(parsed, value.length), *to = room;
    if (!room)
        return value;
    for (; from < end; from++) {
        if (*from == '\\' && from + 1 < end && (from[1] == '"' || from[1] == '\\'))
            from++;
        *to++ = *from;
    }
    return bytes_slice(room, to);
}

static const char *take_value(struct parsed *parsed, const char *at, const char *end,
                              struct bytes *ret_value)
{
    if (at < end && *at == '"') {
        bool escaped;
        const char *close = end_of_quoted(at + 1, end, &escaped);
        *ret_value = bytes_slice(at + 1, close);
        if (escaped)
            *ret_value = unescape(parsed, *ret_value);
        return close < end ? close + 1 : end;
    }
    const char *space = at;
    while (space < end && *space != ' ' && *space != '\t')
        space++;
    *ret_value = bytes_slice(at, space);
    return space;
}

void keyvalue_each(struct bytes text, struct parsed *parsed,
                   void (*each)(struct parsed *parsed, struct bytes name, struct bytes value))
{
    const char *at = text.data, *end = at + text.length;
    for (size_t pairs = 0; at < end && pairs < PAIRS_MAX;) {
        const char *name = at;
        while (at < end && is_name(*at))
            at++;
        if (at == name || at == end || *at != '=') {
            at += at == name; /* a separator, or a word without a value */
            continue;
        }
        struct bytes name_bytes = bytes_slice(name, at), value;
        at = take_value(parsed, at + 1, end, &value);
        each(parsed, name_bytes, value);
        pairs++;
    }
}
