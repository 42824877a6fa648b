/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the files of the printed custody document share: words in both languages, values, tables.
 * Ownership: everything is borrowed. Threads: any. Errors: none; a value that is not there is said to be so.
 * Limits: of the buffer. SECURITY: nothing but page_text writes what comes from a case.
 */
#include "services/intake/custody.h"

struct page_words {
    const char *code, *ja, *en;
};
const struct page_words *page_find_words(const char *code); /* NULL: none */

typedef void page_put_fn(struct buf *out, const json_t *value);
void page_text(struct buf *out, const char *text);
/* Both languages; a code that is not in the table stands for itself. */
void page_words(struct buf *out, const char *code);
void page_none(struct buf *out, const char *code);
page_put_fn page_value, page_code, page_named, page_time, page_actor, page_place, page_both,
    page_codes;
void page_list(struct buf *out, const json_t *list, page_put_fn *put, const char *between);

void page_open_section(struct buf *out, const char *code);
void page_close_section(struct buf *out);
/* A table of facts: class "facts", a row each. */
void page_open_fact(struct buf *out, const char *code);
void page_close_fact(struct buf *out);
void page_fact(struct buf *out, const char *code, const json_t *value, page_put_fn *put);
struct page_column {
    const char *code, *width; /* a class of the style; NULL: what is left */
};
void page_open_table(struct buf *out, const struct page_column *columns, size_t count);
void page_close_table(struct buf *out);

/* Sections, each from the whole document. */
page_put_fn page_add_gate, page_add_content, page_add_timeline, page_add_said, page_add_reports,
    page_add_ends, page_add_chain;
