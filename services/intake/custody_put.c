/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How values come onto the page: every text goes through page_text, where what would be markup is escaped, and what would not
 * be seen is shown by its name or number.
 */
#include "services/intake/custody_page.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>

#define TOKYO_US (INT64_C(9) * 3600 * 1000000)

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- values ---------------------------------------------------------------------------------------------------------------------- */

static uint32_t code_point(const char *text, size_t length)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (uint8_t)*text & masks[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((uint8_t)text[i] & 0x3f);
    return point;
}

/* What a reader would not see, or what would change how the rest is read: controls, marks of direction, spaces without width. */
static bool is_hidden(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},        {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200b, 0x200f},    {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
        {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a},  {0xe0000, 0xe0fff},
        {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xf0000, 0x10ffff},
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    return false;
}

static void put_hidden(struct buf *out, uint32_t point)
{
    static const char names[][4] = {"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL",
                                    "BS",  "TAB", "LF",  "VT",  "FF",  "CR",  "SO",  "SI",
                                    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB",
                                    "CAN", "EM",  "SUB", "ESC", "FS",  "GS",  "RS",  "US"};
    if (point < COUNT_OF(names)) /* their pictures (U+2400 …) are missing in many fonts */
        buf_printf(out, "<span class=\"mark\">%s</span>", names[point]);
    else
        buf_printf(out, "<span class=\"mark\">U+%04X</span>", point);
}

static void put_character(struct buf *out, const char *text, size_t length)
{
    uint32_t point = code_point(text, length);
    static const struct {
        char character;
        const char *entity;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < COUNT_OF(escapes); i++)
        if (point == (uint8_t)escapes[i].character) {
            buf_add_text(out, escapes[i].entity);
            return;
        }
    if (is_hidden(point))
        put_hidden(out, point);
    else
        buf_add(out, text, length);
}

void page_text(struct buf *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = utf8_length(text, left);
        if (length)
            put_character(out, text, length);
        else
            buf_add_text(out, "<span class=\"mark\">U+FFFD</span>");
        text += length ? length : 1;
        left -= length ? length : 1;
    }
}

/* Both languages; a code that is not in the table stands for itself. */
void page_words(struct buf *out, const char *code)
{
    const struct page_words *found = page_find_words(code);
    if (found)
        buf_printf(out, "%s <small lang=\"en\">%s</small>", found->ja, found->en);
    else
        page_text(out, code ? code : "");
}

void page_none(struct buf *out, const char *code)
{
    buf_add_text(out, "<span class=\"none\">");
    page_words(out, code);
    buf_add_text(out, "</span>");
}

/* Any value: a text as it is, anything else as JSON; nothing: not recorded. */
void page_value(struct buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        page_text(out, json_string_value(value));
    } else if (!value || json_is_null(value)) {
        page_none(out, "not_recorded");
    } else {
        CLEANUP(mem_free) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        page_text(out, text ? text : "");
    }
}

void page_code(struct buf *out, const json_t *value)
{
    if (!value || json_is_null(value)) {
        page_none(out, "not_recorded");
        return;
    }
    buf_add_text(out, "<code>");
    page_value(out, value);
    buf_add_text(out, "</code>");
}

void page_named(struct buf *out, const json_t *value)
{
    if (json_is_string(value))
        page_words(out, json_string_value(value));
    else
        page_value(out, value);
}

/* As the desk's clock has it, and as recorded. */
void page_time(struct buf *out, const json_t *value)
{
    char local[CLOCK_TEXT_SIZE];
    int64_t time_us;
    const char *text = json_string_value(value);
    if (!text || !clock_parse(text, strlen(text), &time_us)) {
        page_value(out, value);
        return;
    }
    clock_format_us(time_us + TOKYO_US, local);
    buf_printf(out, "<span class=\"t\">%.10s %.8s JST</span><small class=\"b t\">", local,
               local + 11);
    page_text(out, text);
    buf_add_text(out, "</small>");
}

void page_actor(struct buf *out, const json_t *actor)
{
    const char *role = text_of(actor, "role");
    page_value(out, json_object_get(actor, "id"));
    if (!role)
        return;
    buf_add_text(out, " (");
    page_words(out, strcmp(role, "provider") == 0 ? "provider_role" : role);
    buf_add_text(out, ")");
}

void page_place(struct buf *out, const json_t *line)
{
    const json_t *partition = json_object_get(line, "partition"),
                 *offset = json_object_get(line, "offset");
    if (json_is_integer(partition) && json_is_integer(offset))
        buf_printf(out, "%lld:%lld", (long long)json_integer_value(partition),
                   (long long)json_integer_value(offset));
    else
        page_none(out, "not_recorded");
}

/* --- tables ---------------------------------------------------------------------------------------------------------------------- */

void page_open_section(struct buf *out, const char *code)
{
    const struct page_words *heading = page_find_words(code);
    buf_printf(out, "<section><h2>%s<small lang=\"en\">%s</small></h2>\n", heading->ja,
               heading->en);
}

void page_close_section(struct buf *out)
{
    buf_add_text(out, "</section>\n");
}

void page_open_fact(struct buf *out, const char *code)
{
    const struct page_words *label = page_find_words(code);
    buf_printf(out, "<tr><th scope=\"row\">%s<small lang=\"en\">%s</small></th><td>", label->ja,
               label->en);
}

void page_close_fact(struct buf *out)
{
    buf_add_text(out, "</td></tr>\n");
}

void page_fact(struct buf *out, const char *code, const json_t *value, page_put_fn *put)
{
    page_open_fact(out, code);
    put(out, value);
    page_close_fact(out);
}

void page_open_table(struct buf *out, const struct page_column *columns, size_t count)
{
    buf_add_text(out, "<table><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        const struct page_words *label = page_find_words(columns[i].code);
        buf_printf(out, "<th scope=\"col\"%s%s%s>%s<small lang=\"en\">%s</small></th>",
                   columns[i].width ? " class=\"" : "", columns[i].width ? columns[i].width : "",
                   columns[i].width ? "\"" : "", label->ja, label->en);
    }
    buf_add_text(out, "</tr></thead><tbody>\n");
}

void page_close_table(struct buf *out)
{
    buf_add_text(out, "</tbody></table>\n");
}

void page_list(struct buf *out, const json_t *list, page_put_fn *put, const char *between)
{
    if (!json_is_array(list)) {
        page_none(out, "not_recorded");
        return;
    }
    if (json_array_size(list) == 0)
        page_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_add_text(out, i ? between : "");
        put(out, json_array_get(list, i));
    }
}

void page_both(struct buf *out, const json_t *name)
{
    page_value(out, json_object_get(name, "ja"));
    buf_add_text(out, "<small class=\"b\" lang=\"en\">");
    page_value(out, json_object_get(name, "en"));
    buf_add_text(out, "</small>");
}

void page_codes(struct buf *out, const json_t *list)
{
    page_list(out, list, page_code, "<br>");
}
