/* SPDX-License-Identifier: Apache-2.0 */
/* ArcSight Common Event Format, revision 25: CEF:Version|Vendor|Product|Version|Event class|Name|Severity|Extension. In the
 * header | and \ are escaped, in the extension = and \; a value runs up to the next " name=". */
#include "services/triage/formats/format.h"

#include <string.h>

#define PAIRS_MAX 400
#define CUSTOM_MAX 32

/* "C:\\…" and "\\\\server\\…": many products do not escape the backslashes of a path, and its "\\new" is no end of line. */
static bool is_path(const char *from, const char *end)
{
    return (end - from > 2 && from[1] == ':' && from[2] == '\\') ||
           (end - from > 1 && from[0] == '\\' && from[1] == '\\');
}

static bool is_escaped(char c, bool path)
{
    return c == '\\' || c == '=' || c == '|' || (!path && (c == 'n' || c == 'r'));
}

static struct bytes unescape(struct parsed *parsed, struct bytes value)
{
    const char *from = value.data, *end = bytes_end(value);
    if (!value.length || !memchr(from, '\\', value.length))
        return value;
    char *room = parsed_scratch(parsed, value.length), *to = room;
    if (!room)
        return value;
    bool path = is_path(from, end);
    for (; from < end; from++) {
        char c = *from;
        if (c == '\\' && from + 1 < end && is_escaped(from[1], path)) {
            from++;
            c = *from == 'n' || *from == 'r' ? ' ' : *from;
        }
        *to++ = c;
    }
    return bytes_slice(room, to);
}

struct bytes cef_head_next(struct parsed *parsed, struct bytes *rest)
{
    const char *from = rest->data, *end = from + rest->length, *at = from;
    while (at < end && *at != '|')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    struct bytes field = bytes_slice(from, at);
    *rest = bytes_slice(at < end ? at + 1 : end, end);
    return bytes_trim(unescape(parsed, field));
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

/* "cs1" of "cs1Label"; FALSE where the name is none of a label. */
static bool is_label(struct bytes name, struct bytes *ret_of)
{
    static const char suffix[] = "Label";
    size_t length = sizeof suffix - 1;
    if (name.length <= length || memcmp(bytes_end(name) - length, suffix, length) != 0)
        return false;
    *ret_of = (struct bytes){.data = name.data, .length = name.length - length};
    return true;
}

struct custom { /* a customisable field and the name that the product gives it */
    struct bytes key, label, value;
};

static struct custom *custom_of(struct custom *list, size_t *count, struct bytes key)
{
    for (size_t i = 0; i < *count; i++)
        if (bytes_equal(list[i].key, key))
            return &list[i];
    if (*count == CUSTOM_MAX)
        return NULL;
    list[*count] = (struct custom){.key = key};
    return &list[(*count)++];
}

static bool is_custom(struct bytes name)
{
    static const char *const kinds[] = {
        "cs", "cn", "cfp", "c6a", "flexString", "flexNumber", "deviceCustomDate"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t length = strlen(kinds[i]);
        if (name.length > length && name.length <= length + 2 && bytes_begin_with(name, kinds[i]) &&
            ((const char *)name.data)[length] >= '0' && ((const char *)name.data)[length] <= '9')
            return true;
    }
    return false;
}

static void note_custom(struct custom *list, size_t *count, struct bytes name, struct bytes value)
{
    struct bytes of = name;
    bool label = is_label(name, &of);
    struct custom *custom = is_custom(of) ? custom_of(list, count, of) : NULL;
    if (!custom)
        return;
    if (label)
        custom->label = value;
    else
        custom->value = value;
}

/* "label:Policy Name": one slice of scratch for both. */
static void give_by_label(struct parsed *parsed, const struct custom *custom, parsed_each_fn *each)
{
    static const char prefix[] = "label:";
    size_t length = sizeof prefix - 1;
    if (!custom->label.length || !custom->value.data)
        return;
    char *room = parsed_scratch(parsed, length + custom->label.length);
    if (!room)
        return;
    memcpy(room, prefix, length);
    memcpy(room + length, custom->label.data, custom->label.length);
    each(parsed, bytes_slice(room, room + length + custom->label.length), custom->value);
}

void cef_each(struct parsed *parsed, struct bytes extension, parsed_each_fn *each)
{
    struct custom custom[CUSTOM_MAX];
    size_t custom_count = 0;
    const char *end = bytes_end(extension), *equals;
    const char *name = next_name(extension.data, end, &equals);
    if (!each)
        each = parsed_name;
    for (size_t i = 0; name < end && i < PAIRS_MAX; i++) {
        const char *value = equals + 1, *following_equals;
        const char *following = next_name(value, end, &following_equals);
        struct bytes text = unescape(parsed, bytes_trim(bytes_slice(value, following)));
        note_custom(custom, &custom_count, bytes_slice(name, equals), text);
        each(parsed, bytes_slice(name, equals), text);
        name = following;
        equals = following_equals;
    }
    for (size_t i = 0; i < custom_count; i++)
        give_by_label(parsed, &custom[i], each);
}
