/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the bytes of a text file as lines of UTF-8, whatever charset it is in (charset.h). Lines of a file that is UTF-8
 * are given as they stand, faulty bytes included.
 * Ownership: lines are lent to `each`. Threads: one. Errors: REJECT: no text at all, or too many lines; what `each` answers.
 * Limits: a line is at most 1 MiB of UTF-8, longer ones are cut there and counted; 50,000,000 lines.
 */
#include "common/verdict.h"
#include "services/triage/charset.h"

#define LINES_MAX INT64_C(50000000)

struct lines;
typedef enum verdict lines_each_fn(void *context, struct bytes line, struct why *why);
struct lines *lines_new(lines_each_fn *each, void *context);
enum verdict lines_add(struct lines *lines, struct bytes piece, struct why *why);
enum verdict lines_finish(struct lines *lines,
                          struct why *why); /* the last line, which may have no end */
void lines_free(struct lines *lines);       /* NULL is fine */

struct lines_counts {
    enum charset charset;
    int64_t lines, cut, replaced; /* lines, those of them that were cut, bytes that are no text */
};
void lines_count(const struct lines *lines, struct lines_counts *ret_counts);
