/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the words of JSON in place, for the one-pass validator: strings (counted and checked as UTF-8 without being
 * copied), numbers, literals, and keys that must not stand twice. As strict as event_parse_json (RFC 8259).
 * Ownership: slices point into the body; keys beyond the first 64 lie on the heap until lex_keys_free.
 * Threads: none of its own. Errors: false, with `failure` set to one of the codes of struct hearing_error.
 * Limits: none of its own.
 */
#include "common/util.h"

struct lex {
    const char *at, *end;
    const char *failure; /* code; NULL while readable */
};

static inline bool lex_fail(struct lex *lex, const char *code)
{
    if (!lex->failure)
        lex->failure = code;
    return false;
}

static inline void lex_skip_space(struct lex *lex)
{
    const char *at = lex->at;
    while (at < lex->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    lex->at = at;
}

static inline bool lex_take(struct lex *lex, char expected)
{
    if (lex->at >= lex->end || *lex->at != expected)
        return false;
    lex->at++;
    return true;
}

static inline bool lex_expect(struct lex *lex, char expected)
{
    return lex_take(lex, expected) || lex_fail(lex, "not_json");
}

struct lex_string {
    const char *data; /* between the quotes, as it stands */
    size_t length;
    size_t characters;
    bool escaped, control; /* control: others than tab and line ends */
};
bool lex_string(struct lex *lex, struct lex_string *string); /* stands on the opening quote */
bool lex_is_blank(const struct lex_string *string);
/* Decodes as many whole characters as fit; false if not all did. */
bool lex_decode(struct bytes raw, char *ret_text, size_t size, size_t *ret_length);

bool lex_number(struct lex *lex, bool *ret_real,
                int64_t *ret_value); /* the value of integers only */
bool lex_word(struct lex *lex);      /* null, true, false */

#define LEX_KEYS_INLINE 64
struct lex_key {
    size_t object; /* which object it stands in */
    struct bytes raw;
};
struct lex_keys {
    struct lex_key near[LEX_KEYS_INLINE];
    struct lex_key *far; /* all of them, once there are more */
    size_t count, capacity;
};
void lex_keys_add(struct lex_keys *keys, size_t object, struct bytes raw);
bool lex_keys_are_unique(
    struct lex_keys *keys); /* sorts them: n log n, whatever a sender thinks up */
void lex_keys_free(struct lex_keys *keys);
