/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: a message from a template (templates.h) and its variables (words.h): subject, plain text, and the same as HTML.
 * Ownership: the result is the caller's, to be cleared. Threads: any, pure but for the time given. Errors: false for an unknown
 * template or a variable that has nothing to say. Limits: text 64 KiB, HTML four times as much.
 * SECURITY: nothing of the case but its number stands in a subject. HTML is made of the filled text, every character of it escaped:
 * no template and no value can add an element, and nothing is loaded from anywhere.
 */
#include <jansson.h>
#include "common/util.h"

struct rendered {
    char *subject;
    struct buf text, html;
};
/* `parameters` of the work (parameters.h), the desk's profile and the time of sending. */
bool render_mail(const json_t *parameters, const json_t *profile, int64_t now_us,
                 struct rendered *ret_rendered);
void rendered_clear(struct rendered *rendered); /* for CLEANUP */
