/* SPDX-License-Identifier: Apache-2.0 */
/* As much of XML as events in logs are made of: elements with attributes and text, five entities. Nothing is resolved, no
 * document type is read, nesting does not matter. */
#include "services/triage/formats/format.h"

#include <string.h>

#define ELEMENTS_MAX 400
#define NAME_BYTES_MAX 120

struct reader {
    struct parsed *parsed;
    parsed_each_fn *each;
    const char *at, *end;
};

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

static void skip_blank(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at))
        r->at++;
}

static struct bytes take_name(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && is_name(*r->at))
        r->at++;
    return bytes_slice(from, r->at);
}

static struct bytes read_entities(struct parsed *parsed, struct bytes text)
{
    static const struct {
        const char *entity;
        char meant;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    const char *from = text.data, *end = bytes_end(text);
    if (!text.length || !memchr(from, '&', text.length))
        return text;
    char *room = parsed_scratch(parsed, text.length), *to = room;
    if (!room)
        return text;
    while (from < end) {
        size_t i = 0;
        while (i < COUNT_OF(known) && !bytes_begin_with(bytes_slice(from, end), known[i].entity))
            i++;
        *to++ = i < COUNT_OF(known) ? known[i].meant : *from;
        from += i < COUNT_OF(known) ? strlen(known[i].entity) : 1;
    }
    return bytes_slice(room, to);
}

/* "Element.attribute" where it fits. */
static void give_attribute(struct reader *r, struct bytes element, struct bytes name,
                           struct bytes value)
{
    char path[NAME_BYTES_MAX];
    if (element.length + 1 + name.length > sizeof path)
        return;
    if (element.length)
        memcpy(path, element.data, element.length);
    path[element.length] = '.';
    if (name.length)
        memcpy(path + element.length + 1, name.data, name.length);
    r->each(r->parsed, bytes_slice(path, path + element.length + 1 + name.length), value);
}

/* Attributes up to the end of the tag; the value of `Name` is answered, for Windows' <Data Name="…">. */
static struct bytes take_attributes(struct reader *r, struct bytes element)
{
    struct bytes named = {0};
    for (skip_blank(r); r->at < r->end && is_name(*r->at); skip_blank(r)) {
        struct bytes name = take_name(r);
        if (r->at + 1 >= r->end || *r->at != '=' || (r->at[1] != '"' && r->at[1] != '\''))
            break;
        char quote = r->at[1];
        const char *from = r->at + 2;
        const char *close = memchr(from, quote, (size_t)(r->end - from));
        r->at = close ? close + 1 : r->end;
        struct bytes value = read_entities(r->parsed, bytes_slice(from, close ? close : r->end));
        if (bytes_equal_text(name, "Name"))
            named = value;
        give_attribute(r, element, name, value);
    }
    return named;
}

static void take_text(struct reader *r, struct bytes name)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at != '<')
        r->at++;
    struct bytes text = bytes_trim(bytes_slice(from, r->at));
    if (text.length && name.length)
        r->each(r->parsed, name, read_entities(r->parsed, text));
}

static void take_tag(struct reader *r)
{
    r->at++;
    if (r->at < r->end && strchr("/?!", *r->at)) { /* an end, a declaration: passed over */
        while (r->at < r->end && *r->at != '>')
            r->at++;
        return;
    }
    struct bytes element = take_name(r), named = take_attributes(r, element);
    while (r->at < r->end && *r->at != '>')
        r->at++;
    bool empty = r->at > (const char *)element.data && r->at < r->end && r->at[-1] == '/';
    if (r->at < r->end)
        r->at++;
    if (!empty)
        take_text(r, bytes_equal_text(element, "Data") && named.length ? named : element);
}

void xml_each(struct parsed *parsed, struct bytes text, parsed_each_fn *each)
{
    struct reader r = {.parsed = parsed,
                       .each = each ? each : parsed_name,
                       .at = text.data,
                       .end = bytes_end(text)};
    for (size_t i = 0; r.at < r.end && i < ELEMENTS_MAX; i++) {
        while (r.at < r.end && *r.at != '<')
            r.at++;
        if (r.at < r.end)
            take_tag(&r);
    }
}
