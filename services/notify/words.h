/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the variables of templates, in both languages from one table: what {{name}} stands for.
 * Ownership: everything is borrowed; text is appended. Threads: any, pure. Errors: false for an unknown variable, or one that has nothing
 * to say in this message where it must. Limits: those of the buffer.
 * SECURITY: whatever comes from a case is one line (control and direction characters are taken out), so that it can be no other line of
 * a message; only lists and quotes have more than one, each of which begins with "- " or "> ".
 */
#include <jansson.h>
#include "common/util.h"

enum language { WORDS_JA, WORDS_EN };

struct words {
    const json_t *parameters, *profile; /* parameters.h, profile.h */
    int64_t now_us;                     /* of sending */
};

bool words_write(const struct words *words, enum language language, const char *name,
                 struct buf *out);
bool words_know(const char *name);
/* For the head of a message, which has no variables: the same taking out. */
void words_add_line(struct buf *out, const char *text);
