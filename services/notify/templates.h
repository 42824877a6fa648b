/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the texts of every message, Japanese and English side by side, with variables in {{braces}} and no logic. In each language the
 * first three lines are: to whom, what happened, what is the next step. The rest may follow.
 * Ownership: static data. Threads: any. Errors: NULL for an unknown name. Limits: `what` and `next` are one line.
 * SECURITY: a subject has no variable: it is read by everybody who sees the mailbox.
 */
#include <stddef.h>

struct template_text {
    const char *subject, *what, *next, *more;
};
struct template
{
    const char *name;
    struct template_text text[2]; /* by enum language */
};
extern const struct template templates[];
extern const size_t template_count;
/* Below everything, by enum language: to the customer and the provider; to the desk's own people. */
extern const char *const template_footer[2], *const template_desk_footer[2];

const struct template *template_find(const char *name);
