/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/lines.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX (1024 * 1024 - 1024)

struct lines {
    lines_each_fn *each;
    void *context;
    struct buf head; /* until the charset is judged */
    bool judged;
    struct charset_stream *stream; /* NULL: UTF-8 */
    struct lines_counts counts;
    struct buf line;
    bool cut; /* the rest of an over-long line is passed over */
    enum verdict verdict;
    struct why *why;
};

struct lines *lines_new(lines_each_fn *each, void *context)
{
    struct lines *lines = mem_alloc(sizeof *lines);
    lines->each = each;
    lines->context = context;
    buf_init(&lines->head, CHARSET_HEAD_BYTES);
    buf_init(&lines->line, LINE_BYTES_MAX);
    return lines;
}

void lines_free(struct lines *lines)
{
    if (!lines)
        return;
    charset_close(lines->stream);
    buf_free(&lines->head);
    buf_free(&lines->line);
    free(lines);
}

/* --- text into lines ------------------------------------------------------------------------------------------------ */

static enum verdict give_line(struct lines *lines, struct why *why)
{
    struct bytes line = {.data = lines->line.data, .length = lines->line.length};
    enum verdict verdict = VERDICT_OK;
    if (line.length && lines->line.data[line.length - 1] == '\r')
        line.length--;
    if (line.length && ++lines->counts.lines > LINES_MAX)
        return reject(why, "more than %lld lines", (long long)LINES_MAX);
    if (line.length)
        verdict = lines->each(lines->context, line, why);
    lines->counts.cut += lines->cut;
    buf_clear(&lines->line);
    lines->line.overflowed = false;
    lines->cut = false;
    return verdict;
}

static void add_to_line(struct lines *lines, const char *data, size_t length)
{
    size_t room = LINE_BYTES_MAX - lines->line.length;
    if (length > room)
        lines->cut = true;
    if (length && room)
        buf_add(&lines->line, data, length < room ? length : room);
}

static void take_text(void *context, struct bytes text)
{
    struct lines *lines = context;
    const char *data = text.length ? text.data : "", *end = data + text.length;
    while (data < end && lines->verdict == VERDICT_OK) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        add_to_line(lines, data, (size_t)((newline ? newline : end) - data));
        data = newline ? newline + 1 : end;
        if (newline)
            lines->verdict = give_line(lines, lines->why);
    }
}

/* --- bytes into text -------------------------------------------------------------------------------------------------- */

static void feed(struct lines *lines, struct bytes piece)
{
    if (lines->stream)
        charset_feed(lines->stream, piece);
    else
        take_text(lines, piece);
}

static void judge(struct lines *lines, struct why *why)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct bytes head = {.data = lines->head.data, .length = lines->head.length};
    lines->judged = true;
    lines->counts.charset = charset_guess(head);
    if (lines->counts.charset == CHARSET_BINARY)
        lines->verdict = reject(why, "no text: neither lines nor a charset that is known");
    else if (lines->counts.charset != CHARSET_UTF_8)
        lines->stream = charset_open(lines->counts.charset, take_text, lines);
    else if (head.length >= 3 && memcmp(head.data, mark, 3) == 0)
        head = (struct bytes){.data = (const char *)head.data + 3, .length = head.length - 3};
    if (lines->verdict == VERDICT_OK)
        feed(lines, head);
    buf_free(&lines->head);
}

enum verdict lines_add(struct lines *lines, struct bytes piece, struct why *why)
{
    lines->why = why;
    if (!lines->judged) {
        size_t room = CHARSET_HEAD_BYTES - lines->head.length;
        size_t taken = piece.length < room ? piece.length : room;
        buf_add(&lines->head, piece.data, taken);
        if (lines->head.length < CHARSET_HEAD_BYTES)
            return VERDICT_OK;
        piece = (struct bytes){.data = (const char *)piece.data + taken,
                               .length = piece.length - taken};
        judge(lines, why);
    }
    if (piece.length && lines->verdict == VERDICT_OK)
        feed(lines, piece);
    return lines->verdict;
}

enum verdict lines_finish(struct lines *lines, struct why *why)
{
    lines->why = why;
    if (!lines->judged)
        judge(lines, why);
    if (lines->verdict == VERDICT_OK && lines->stream)
        charset_end(lines->stream);
    if (lines->verdict == VERDICT_OK && lines->line.length)
        lines->verdict = give_line(lines, why);
    return lines->verdict;
}

void lines_count(const struct lines *lines, struct lines_counts *ret_counts)
{
    *ret_counts = lines->counts;
    if (lines->stream)
        ret_counts->replaced = charset_replaced(lines->stream);
}
