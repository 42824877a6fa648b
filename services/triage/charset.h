/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which charset a file that a customer brings is in, judged by its beginning, and its text as UTF-8. What Windows and
 * older systems in Japan write: CP932, EUC-JP, ISO-2022-JP, UTF-16, UTF-8 with and without a mark.
 * Ownership: a stream belongs to its maker. Threads: one a stream. Errors: bytes that are no text become U+FFFD, and are
 * counted; a file that is no text at all is told by charset_guess.
 * Limits: the guess looks at 64 KiB at most.
 */
#include "common/util.h"

enum charset {
    CHARSET_UTF_8,
    CHARSET_UTF_16LE,
    CHARSET_UTF_16BE,
    CHARSET_ISO_2022_JP,
    CHARSET_EUC_JP,
    CHARSET_CP932,
    CHARSET_BINARY, /* no text: bytes that no text has */
};
#define CHARSET_HEAD_BYTES (64 * 1024)

const char *charset_name(enum charset charset);
/* `head`: the beginning of the file, or all of it; a character may be cut at its end. */
enum charset charset_guess(struct bytes head);

/* Single lines, of which nothing else is known: strictly UTF-8 (U+0000 is no text); else read as CP932, else with U+FFFD in
 * the place of each byte that does not fit. */
bool charset_is_utf_8(struct bytes line);
void charset_line_to_utf_8(struct bytes line, struct buf *out);
/* At most `max` bytes of the beginning, so that what can be read as UTF-8 or CP932 has no character cut in the middle. */
struct bytes charset_cut(struct bytes line, size_t max);

struct charset_stream;
typedef void charset_text_fn(void *context, struct bytes utf8);
struct charset_stream *charset_open(enum charset charset, charset_text_fn *text, void *context);
/* Gives on what is whole so far; a byte order mark at the very beginning is left out. */
void charset_feed(struct charset_stream *stream, struct bytes piece);
void charset_end(struct charset_stream *stream); /* what is left over at the end */
int64_t charset_replaced(const struct charset_stream *stream);
void charset_close(struct charset_stream *stream); /* NULL is fine */
