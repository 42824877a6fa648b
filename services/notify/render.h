/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the words of a mail: templates in Japanese and English from one table, variables in {{braces}}, no logic.
 * Ownership: subject and text are the caller's. Threads: any, pure but for the time given. Errors: false for an unknown
 * template or a variable that is missing. Limits: a mail has at most 64 KiB.
 * SECURITY: nothing of the case but its number stands in a subject; variables are the desk's own words, numbers and counts.
 */
#include <jansson.h>
#include "common/util.h"

/* `parameters` of the work, the desk's profile and the time of sending. */
bool render_mail(const json_t *parameters, const json_t *profile, int64_t now_us,
                 char **ret_subject, struct buf *ret_text);
size_t render_template_count(void);
const char *render_template_name(size_t index);
