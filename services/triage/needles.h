/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: many words looked for in one line at once, letters of either case, each as a word of its own: 10.0.0.1 is not
 * in 10.0.0.10, example.jp not in example.jpn. One pass over the line whatever the number of words: the first three bytes
 * of each word are a hash, and only where it fits are words compared.
 * Ownership: copies the words. Threads: built by one, asked by any. Errors: none.
 * Limits: words of 3 to 2,000 bytes (500 characters of any script), at most 4,000.
 */
#include "common/util.h"

#define NEEDLES_NONE SIZE_MAX
#define NEEDLES_WORD_MIN 3
#define NEEDLES_WORD_MAX 2000
#define NEEDLES_MAX 4000

struct needles;
struct needles *needles_new(void);
void needles_free(struct needles *needles); /* NULL is fine */
size_t needles_count(const struct needles *needles);
const char *needles_word(const struct needles *needles, size_t index);
/* Its index, also where it is there already; NEEDLES_NONE where it does not keep to the limits. */
size_t needles_add(struct needles *needles, const char *word, size_t length);
/* The first that stands in the line, or NEEDLES_NONE. */
size_t needles_find(const struct needles *needles, struct bytes line);
