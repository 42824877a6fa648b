/* SPDX-License-Identifier: Apache-2.0 */
/* A walker of its own rather than a tree: it names each scalar by its path ("alert.signature") and allocates nothing; a line
 * that was cut off yields what stands before the cut. */
#include "services/triage/formats/format.h"

#include <string.h>

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 120
#define SCALARS_MAX 400
#define LOOK_BYTES 8192
#define WORDS_BEFORE_MAX 64

struct walker {
    struct parsed *parsed;
    parsed_each_fn *each;
    const char *at, *end;
    char path[PATH_MAX_BYTES];
    size_t path_length;
    unsigned depth;
    size_t scalars;
    struct bytes pair; /* the name that a value is about to follow, see give_pair */
    size_t pair_at;    /* length of the path that it belongs to */
};

static void skip_blank(struct walker *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\r' || *w->at == '\n'))
        w->at++;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_unit(const char *at, const char *end, unsigned *ret_unit)
{
    if (end - at < 4)
        return false;
    *ret_unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return false;
        *ret_unit = *ret_unit << 4 | (unsigned)digit;
    }
    return true;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* `*from` stands behind "\u". A lone half of a pair becomes U+FFFD, and so does U+0000, which no reader of ours takes. */
static char *put_unicode_escape(char *to, const char **from, const char *end)
{
    unsigned unit, low;
    if (!read_unit(*from, end, &unit))
        return to;
    *from += 4;
    bool pair = unit >= 0xd800 && unit < 0xdc00 && end - *from >= 6 && (*from)[0] == '\\' &&
                (*from)[1] == 'u' && read_unit(*from + 2, end, &low) && low >= 0xdc00 &&
                low < 0xe000;
    if (pair) {
        *from += 6;
        return put_utf8(to, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    }
    return put_utf8(to, unit == 0 || (unit >= 0xd800 && unit < 0xe000) ? 0xfffd : unit);
}

static struct bytes unescape(struct parsed *parsed, struct bytes raw)
{
    static const char codes[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *from = raw.data, *end = bytes_end(raw);
    char *room = parsed_scratch(parsed, raw.length), *to = room;
    if (!room)
        return raw;
    while (from < end) {
        char c = *from++;
        if (c != '\\' || from == end) {
            *to++ = c;
            continue;
        }
        c = *from++;
        const char *code = c ? strchr(codes, c) : NULL;
        if (c == 'u')
            to = put_unicode_escape(to, &from, end);
        else
            *to++ = code ? meant[code - codes] : c;
    }
    parsed->scratch_used -= (size_t)(room + raw.length - to); /* the rest goes back */
    return bytes_slice(room, to);
}

static struct bytes read_string(struct walker *w)
{
    bool escaped = false;
    const char *from = ++w->at;
    while (w->at < w->end && *w->at != '"') {
        escaped |= *w->at == '\\';
        w->at += *w->at == '\\' && w->at + 1 < w->end ? 2 : 1;
    }
    struct bytes raw = bytes_slice(from, w->at);
    if (w->at < w->end)
        w->at++;
    return escaped ? unescape(w->parsed, raw) : raw;
}

static struct bytes read_word(struct walker *w)
{
    const char *from = w->at;
    while (w->at < w->end && !strchr(",]} \t\r\n", *w->at))
        w->at++;
    if (w->at == from && w->at < w->end)
        w->at++; /* a byte that belongs nowhere: never stand still */
    return bytes_slice(from, w->at);
}

static void give_scalar(struct walker *w, struct bytes value)
{
    if (w->scalars++ < SCALARS_MAX)
        w->each(w->parsed, bytes_slice(w->path, w->path + w->path_length), value);
}

static bool is_one_of(struct bytes name, const char *const *list)
{
    for (; *list; list++)
        if (bytes_equal_text_nocase(name, *list))
            return true;
    return false;
}

static void push_name(struct walker *w, struct bytes name)
{
    if (w->path_length + name.length + 1 > sizeof w->path)
        name.length = 0; /* longer than any name of the table */
    if (w->path_length)
        w->path[w->path_length++] = '.';
    if (name.length)
        memcpy(w->path + w->path_length, name.data, name.length);
    w->path_length += name.length;
}

static void read_value(struct walker *w);

/* {"Name": "ForwardTo", "Value": "a@example.com"} of Microsoft's audit, {"Key", "ValueString"} of CrowdStrike's,
 * {"field", "value"} of Vision One's: below the object's own path by that name, besides by the path as it stands. */
static void give_pair(struct walker *w, struct bytes value)
{
    static const char *const names[] = {"name", "key", "field", NULL};
    static const char *const values[] = {"value", "valuestring", "newvalue", NULL};
    size_t length = w->path_length, parent = length;
    while (parent && w->path[parent - 1] != '.')
        parent--;
    struct bytes last = bytes_slice(w->path + parent, w->path + length);
    if (is_one_of(last, names)) {
        w->pair = value;
        w->pair_at = parent;
    } else if (w->pair.length && w->pair_at == parent && parent && is_one_of(last, values)) {
        struct walker named = *w; /* with a path of its own */
        named.path_length = parent - 1;
        push_name(&named, w->pair);
        give_scalar(&named, value);
        w->scalars = named.scalars;
    }
}

/* A text that is itself an object, or a list of them. */
static void give_inside(struct walker *w, struct bytes text)
{
    const char *from = text.data;
    bool object = text.length > 4 && (memcmp(from, "{\"", 2) == 0 || memcmp(from, "[{\"", 3) == 0);
    if (!object || w->depth >= DEPTH_MAX)
        return;
    struct walker inside = *w;
    inside.at = from;
    inside.end = from + text.length;
    inside.depth++;
    read_value(&inside);
    w->scalars = inside.scalars;
}

static void give_text(struct walker *w, struct bytes text)
{
    give_scalar(w, text);
    give_pair(w, text);
    give_inside(w, text);
}

static void read_member(struct walker *w)
{
    size_t length = w->path_length;
    if (*w->at != '"') {
        w->at++;
        return;
    }
    struct bytes name = read_string(w);
    skip_blank(w);
    if (w->at == w->end || *w->at != ':')
        return;
    w->at++;
    if (length + 1 < sizeof w->path)
        push_name(w, name);
    read_value(w);
    w->path_length = length;
}

static void read_container(struct walker *w, char close)
{
    w->at++;
    if (++w->depth > DEPTH_MAX) {
        w->at = w->end;
        return;
    }
    for (skip_blank(w); w->at < w->end && *w->at != close; skip_blank(w)) {
        if (*w->at == ',')
            w->at++;
        else if (close == '}')
            read_member(w);
        else
            read_value(w);
    }
    if (w->at < w->end)
        w->at++;
    if (close == '}')
        w->pair = (struct bytes){0};
    w->depth--;
}

static void read_value(struct walker *w)
{
    skip_blank(w);
    if (w->at == w->end)
        return;
    if (*w->at == '{')
        read_container(w, '}');
    else if (*w->at == '[')
        read_container(w, ']');
    else if (*w->at == '"')
        give_text(w, read_string(w));
    else
        give_text(w, read_word(w));
}

void json_each(struct parsed *parsed, struct bytes text, parsed_each_fn *each)
{
    struct walker w = {.parsed = parsed,
                       .each = each ? each : parsed_name,
                       .at = text.data,
                       .end = bytes_end(text)};
    read_value(&w);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes json_begin(struct bytes message)
{
    const char *at = message.data, *end = bytes_end(message);
    const char *last = at + bytes_head(message, WORDS_BEFORE_MAX).length;
    if (at == last || !memchr(at, '{', (size_t)(last - at)))
        return (struct bytes){0};
    for (; at < last && *at && !strchr("=|\"'<", *at); at++) {
        const char *name = at + 1;
        while (name < end && is_blank(*name))
            name++;
        if (*at == '{' && name < end && (*name == '"' || *name == '}'))
            return bytes_slice(at, end);
    }
    return (struct bytes){0};
}

bool json_tells(const struct parsed *parsed, const char *const *marks)
{
    struct bytes head = bytes_head(parsed->json, LOOK_BYTES);
    for (; head.length && *marks; marks++)
        if (bytes_find(head, *marks))
            return true;
    return false;
}
