/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the four words every call that can fail answers with; each says what the caller does next.
 * Ownership: `struct why` is the caller's, by value. Threads: none of its own.
 * Errors: a function either returns the failure or logs it, never both; only loops log.
 * Limits: a reason is at most 255 bytes and is cut, never refused. It names ids and fields, never personal data.
 */
#include "common/util.h"

enum verdict {
    VERDICT_OK,
    VERDICT_RETRY,  /* the infrastructure failed; the same input may work later */
    VERDICT_REJECT, /* this input never will: dead letter, 4xx */
    VERDICT_FATAL,  /* this process cannot go on: exit, restart, recover */
};

struct why {
    char text[256];
};

const char *verdict_name(enum verdict verdict);

/* Each sets the reason and evaluates to its verdict: `return reject(why, "/contact/phone: no digits");`.
 * `why` may be NULL. */
enum verdict retry(struct why *why, const char *format, ...) PRINTF(2, 3);
enum verdict reject(struct why *why, const char *format, ...) PRINTF(2, 3);
enum verdict fatal(struct why *why, const char *format, ...) PRINTF(2, 3);
