/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what `q` finds. The words of a case or contract, folded so that one thing written in several ways is one text;
 * the grams under which the index keeps them; a question, read in the same way.
 * Folded: NFKC and lower case (full and half width, ｶﾅ, ㈱), katakana as hiragana, small kana as large, every dash and ー as
 * "-", old and variant kanji of names as the usual ones (髙 﨑 濵 邊 齋 …), (株) as 株式会社; no spaces, no punctuation.
 * Ownership: nothing is kept. Threads: any; pure. Errors: REJECT with a code for the asker.
 * Limits: WORDS_TERMS_MAX words in a question; WORDS_KEYS_MAX addresses and hashes of a case, in the order of the summary.
 */
#include <jansson.h>
#include "common/verdict.h"

#define WORDS_TERMS_MAX 8
#define WORDS_KEYS_MAX 300
#define WORDS_BYTES_MAX (128 * 1024)

void words_fold(struct bytes text, struct buf *out);
/* A line for each word, which begins with its kind (an octet below a space). `extraction` may be NULL. */
void words_of_case(const json_t *state, const json_t *extraction, struct buf *out);
void words_of_contract(const char *customer_id, const json_t *contract, struct buf *out);
/* What the index keeps of such lines, separated by line breaks. */
void words_grams(const char *words, struct buf *out);

/* What is plainly one thing as a whole is asked for as that only: a number whose check character fits, an address, a hash,
 * ten digits. */
struct words_term {
    char *
        text; /* part of a name or an e-mail address; of one character: its beginning; "" if it cannot be one */
    bool
        is_email; /* the text is the beginning of an e-mail address: there is something before its @ */
    char digits[24]; /* part of a telephone number, at least four; "" if it cannot be one */
    char number[12]; /* part of a case number, at least three characters; "" if it cannot be one */
    char *
        key; /* an address, an indicator or a hash, or its first eight digits or more; NULL if it cannot be one */
};
struct words_question {
    struct words_term terms[WORDS_TERMS_MAX];
    size_t count;
    bool
        check_is_wrong; /* it is one word, written as a case number, whose check character is not the right one */
};
/* REJECT: why is "nothing" (only signs that are not searched for) or "too_many" words. */
enum verdict words_read(const char *q, struct words_question *ret_question, struct why *why);
void words_clear(struct words_question *question); /* for CLEANUP */
/* An FTS5 expression for all that can hold, and some that does not. */
void words_match(const struct words_question *question, struct buf *out);
bool words_hold(const struct words_question *question, const char *words);
