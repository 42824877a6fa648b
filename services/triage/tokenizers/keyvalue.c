/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/format.h"

#include <string.h>

#define PAIRS_MAX 400
#define NAME_BYTES_MAX 80 /* looked ahead for the next name */

struct reader {
    struct parsed *parsed;
    const char *at, *end;
    const char *separators, *equals, *quotes;
    bool names_have_spaces, values_have_separators, no_escapes;
};

static bool is_in(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

/* From behind the opening quote to the closing one; a line that was cut has none. */
static const char *end_of_quoted(const struct reader *r, const char *at, char quote,
                                 bool *ret_escaped)
{
    *ret_escaped = false;
    for (; at < r->end && *at != quote; at++)
        if (!r->no_escapes && *at == '\\' && at + 1 < r->end && (at[1] == quote || at[1] == '\\')) {
            *ret_escaped = true;
            at++;
        }
    return at;
}

static struct bytes unescape(struct parsed *parsed, struct bytes value, char quote)
{
    const char *from = value.data, *end = bytes_end(value);
    char *room = parsed_scratch(parsed, value.length), *to = room;
    if (!room)
        return value;
    for (; from < end; from++) {
        if (*from == '\\' && from + 1 < end && (from[1] == quote || from[1] == '\\'))
            from++;
        *to++ = *from;
    }
    return bytes_slice(room, to);
}

static bool is_name_here(const struct reader *r, const char *at)
{
    return at < r->end && (is_name(*at) || (r->names_have_spaces && (*at == ' ' || *at == '&'))) &&
           !is_in(*at, r->separators) && !is_in(*at, r->equals);
}

/* Whether the separator at `at` ends the value: where values hold separators, only before a name and an equals sign. */
static bool ends_value(const struct reader *r, const char *at)
{
    if (!r->values_have_separators)
        return true;
    const char *from = at;
    while (at < r->end && at - from < NAME_BYTES_MAX && (*at == ' ' || is_in(*at, r->separators)))
        at++;
    from = at;
    while (is_name_here(r, at) && at - from < NAME_BYTES_MAX)
        at++;
    return from == r->end || (at > from && at < r->end && is_in(*at, r->equals));
}

static struct bytes take_value(struct reader *r)
{
    if (r->at < r->end && is_in(*r->at, r->quotes)) {
        bool escaped;
        char quote = *r->at;
        const char *from = r->at + 1, *close = end_of_quoted(r, from, quote, &escaped);
        struct bytes value = bytes_slice(from, close);
        r->at = close < r->end ? close + 1 : r->end;
        return escaped ? unescape(r->parsed, value, quote) : value;
    }
    const char *from = r->at;
    while (r->at < r->end && !(is_in(*r->at, r->separators) && ends_value(r, r->at)))
        r->at++;
    return bytes_slice(from, r->at);
}

/* The name before the next equals sign; false at the end. A word without one is passed over. */
static bool take_name(struct reader *r, struct bytes *ret_name)
{
    while (r->at < r->end) {
        const char *from = r->at;
        while (is_name_here(r, r->at))
            r->at++;
        *ret_name = bytes_trim(bytes_slice(from, r->at));
        bool named = r->at > from && r->at < r->end && is_in(*r->at, r->equals);
        r->at += named || r->at == from; /* the equals sign, or a byte that belongs nowhere */
        if (named && ret_name->length)
            return true;
    }
    return false;
}

void keyvalue_each(struct parsed *parsed, struct bytes text, const struct keyvalue_style *style,
                   parsed_each_fn *each)
{
    static const struct keyvalue_style plain;
    if (!style)
        style = &plain;
    struct reader r = {.parsed = parsed,
                       .at = text.data,
                       .end = bytes_end(text),
                       .separators = style->separators ? style->separators : " \t",
                       .equals = style->equals ? style->equals : "=",
                       .quotes = style->quotes ? style->quotes : "\"",
                       .names_have_spaces = style->names_have_spaces,
                       .values_have_separators = style->values_have_separators,
                       .no_escapes = style->no_escapes};
    struct bytes name;
    for (size_t i = 0; i < PAIRS_MAX && take_name(&r, &name); i++)
        (each ? each : parsed_name)(parsed, name, take_value(&r));
}
