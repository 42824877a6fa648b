/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/render.h"

#include "services/notify/rules.h"
#include "services/notify/templates.h"
#include "services/notify/words.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX (64 * 1024)
#define SEPARATOR "----------------------------------------"

/* A message in one language, filled. */
struct part {
    enum language language;
    struct buf greeting, what, next, more, footer;
};

/* --- filling ------------------------------------------------------------------------------------------------------------- */

static bool fill(const struct words *words, enum language language, const char *text,
                 struct buf *out)
{
    buf_init(out, TEXT_BYTES_MAX);
    for (const char *open; (open = strstr(text, "{{"));) {
        const char *close = strstr(open, "}}");
        CLEANUP(mem_free) char *name = mem_dup(open + 2, (size_t)(close - open - 2));
        buf_add(out, text, (size_t)(open - text));
        if (!words_write(words, language, name, out))
            return false;
        text = close + 2;
    }
    buf_add_text(out, text);
    return !out->overflowed;
}

static void part_clear(struct part *part)
{
    struct buf *const texts[] = {&part->greeting, &part->what, &part->next, &part->more,
                                 &part->footer};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        buf_free(texts[i]);
}

static bool fill_part(const struct words *words, const struct template *template,
                      enum language language, struct part *ret_part)
{
    const struct template_text *text = &template->text[language];
    const char *const *footers = notify_is_of_desk(text_of(words->parameters, "to"))
                                     ? template_desk_footer
                                     : template_footer;
    ret_part->language = language;
    return fill(words, language, "{{greeting}}", &ret_part->greeting) &&
           fill(words, language, text->what, &ret_part->what) &&
           fill(words, language, text->next, &ret_part->next) &&
           fill(words, language, text->more, &ret_part->more) &&
           fill(words, language, footers[language], &ret_part->footer);
}

/* --- plain text ---------------------------------------------------------------------------------------------------------- */

static const char *written(const struct buf *buf)
{
    return buf->length ? buf->data : "";
}

static void add_text(const struct part *part, struct buf *out)
{
    const char *more = written(&part->more);
    more += strspn(more, "\n");
    buf_printf(out, "%s\n%s\n%s\n", written(&part->greeting), written(&part->what),
               written(&part->next));
    if (*more)
        buf_printf(out, "\n%s", more);
    buf_printf(out, "\n%s\n%s", "-- ", written(&part->footer));
}

/* --- HTML ---------------------------------------------------------------------------------------------------------------- */

static void add_escaped(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *entity = text[i] == '<'    ? "&lt;"
                             : text[i] == '>'  ? "&gt;"
                             : text[i] == '&'  ? "&amp;"
                             : text[i] == '"'  ? "&quot;"
                             : text[i] == '\'' ? "&#39;"
                                               : NULL;
        if (entity)
            buf_add_text(out, entity);
        else
            buf_add(out, text + i, 1);
    }
}

static void add_element(struct buf *out, const char *open, const struct buf *text,
                        const char *close)
{
    buf_add_text(out, open);
    add_escaped(out, written(text), text->length);
    buf_add_text(out, close);
}

/* What a line is by its beginning, and the element that holds such lines. */
enum line_kind { LINE_PLAIN, LINE_ITEM, LINE_QUOTE, LINE_EMPTY };
static const struct {
    const char *begin, *open, *close, *before, *after;
} kinds[] = {
    [LINE_PLAIN] = {"", "<p style=\"margin:12px 0\">", "</p>", "", "<br>"},
    [LINE_ITEM] = {"- ", "<ul style=\"margin:8px 0;padding-left:24px\">", "</ul>", "<li>", "</li>"},
    [LINE_QUOTE] = {"> ",
                    "<blockquote style=\"margin:8px 0;padding:4px 12px;border-left:4px solid "
                    "#9bb0c1;background:#f4f7f9\">",
                    "</blockquote>", "", "<br>"},
    [LINE_EMPTY] = {"", "", "", "", ""},
};

static enum line_kind kind_of(const char *line, size_t length)
{
    if (length == 0)
        return LINE_EMPTY;
    if (length >= 2 && memcmp(line, "- ", 2) == 0)
        return LINE_ITEM;
    return length >= 2 && memcmp(line, "> ", 2) == 0 ? LINE_QUOTE : LINE_PLAIN;
}

static void add_lines(struct buf *out, const char *text)
{
    enum line_kind open = LINE_EMPTY;
    while (*text) {
        size_t length = strcspn(text, "\n");
        enum line_kind kind = kind_of(text, length);
        size_t skip = strlen(kinds[kind].begin);
        if (kind != open) {
            buf_add_text(out, kinds[open].close);
            buf_add_text(out, kinds[kind].open);
        }
        buf_add_text(out, kinds[kind].before);
        add_escaped(out, text + skip, length - skip);
        buf_add_text(out, kinds[kind].after);
        buf_add_text(out, "\n");
        open = kind;
        text += length + (text[length] == '\n');
    }
    buf_add_text(out, kinds[open].close);
}

static void add_html(const struct part *part, struct buf *out)
{
    buf_printf(out, "<div lang=\"%s\">\n", part->language == WORDS_JA ? "ja" : "en");
    add_element(out, "<p style=\"margin:0 0 12px\">", &part->greeting, "</p>\n");
    add_element(out, "<p style=\"margin:12px 0;font-size:17px\">", &part->what, "</p>\n");
    add_element(out,
                "<p style=\"margin:12px 0;padding:12px 16px;border-left:6px solid #1f5f8b;"
                "background:#eaf2f8;font-weight:bold\">",
                &part->next, "</p>\n");
    add_lines(out, written(&part->more));
    buf_add_text(out, "\n<div style=\"margin-top:20px;padding-top:8px;border-top:1px solid "
                      "#c5ced6;font-size:13px;color:#3b4650\">");
    add_lines(out, written(&part->footer));
    buf_add_text(out, "</div>\n</div>\n");
}

#define HTML_HEAD                                                                                  \
    "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"UTF-8\">"                            \
    "<meta name=\"viewport\" content=\"width=device-width\"><title>"
#define HTML_BODY                                                                                  \
    "</title></head>\n<body style=\"margin:0;background:#ffffff\"><div "                           \
    "style=\"max-width:640px;margin:0 auto;padding:20px 16px;font-family:'Noto Sans "              \
    "JP','Hiragino Sans','Yu Gothic','Meiryo',sans-serif;font-size:15px;line-height:1.7;"          \
    "color:#1c2328;overflow-wrap:anywhere;word-break:normal\">\n"
#define HTML_BETWEEN "<hr style=\"margin:28px 0;border:0;border-top:2px solid #1f5f8b\">\n"

/* --- a message ----------------------------------------------------------------------------------------------------------- */

/* Which languages, in which order: the one the customer asked for alone, else both. */
static size_t languages_of(const json_t *parameters, enum language ret_languages[2])
{
    const char *wish = text_of(parameters, "language");
    ret_languages[0] = wish && strcmp(wish, "en") == 0 ? WORDS_EN : WORDS_JA;
    ret_languages[1] = WORDS_EN;
    return wish && (strcmp(wish, "en") == 0 || strcmp(wish, "ja") == 0) ? 1 : 2;
}

static bool add_part(const struct words *words, const struct template *template,
                     enum language language, struct rendered *rendered)
{
    CLEANUP(part_clear) struct part part = {0};
    if (!fill_part(words, template, language, &part))
        return false;
    if (rendered->text.length) {
        buf_add_text(&rendered->text, "\n" SEPARATOR "\n\n");
        buf_add_text(&rendered->html, HTML_BETWEEN);
    }
    add_text(&part, &rendered->text);
    add_html(&part, &rendered->html);
    return true;
}

static void begin(const struct template *template, const char *number, enum language language,
                  struct rendered *rendered)
{
    bool japanese = language == WORDS_JA;
    buf_init(&rendered->text, TEXT_BYTES_MAX);
    buf_init(&rendered->html, 4 * TEXT_BYTES_MAX);
    rendered->subject =
        mem_printf(japanese ? "【%s】%s" : "[%s] %s", number, template->text[language].subject);
    buf_printf(&rendered->html, HTML_HEAD, japanese ? "ja" : "en");
    add_escaped(&rendered->html, rendered->subject, strlen(rendered->subject));
    buf_add_text(&rendered->html, HTML_BODY);
}

bool render_mail(const json_t *parameters, const json_t *profile, int64_t now_us,
                 struct rendered *ret_rendered)
{
    const struct template *template = template_find(text_of(parameters, "template"));
    const char *number = text_of(parameters, "number");
    struct words words = {.parameters = parameters, .profile = profile, .now_us = now_us};
    struct rendered rendered = {0};
    enum language languages[2];
    size_t count = languages_of(parameters, languages);
    bool whole = template && number;
    if (whole)
        begin(template, number, languages[0], &rendered);
    for (size_t i = 0; i < count && whole; i++)
        whole = add_part(&words, template, languages[i], &rendered);
    buf_add_text(&rendered.html, "</div></body></html>\n");
    whole = whole && !rendered.text.overflowed && !rendered.html.overflowed;
    if (whole)
        *ret_rendered = rendered;
    else
        rendered_clear(&rendered);
    return whole;
}

void rendered_clear(struct rendered *rendered)
{
    free(rendered->subject);
    buf_free(&rendered->text);
    buf_free(&rendered->html);
    *rendered = (struct rendered){0};
}
