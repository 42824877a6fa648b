/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: a recipient gets at most so many messages within an hour, whatever the cases are that they are of.
 * Ownership: a table of this process; after a restart it is told again what the states know (memory.h). Threads: any. Errors: none.
 * Limits: 4,096 recipients at a time, 200 messages of each. Times are measured by a clock that nobody sets.
 */
#include "common/util.h"

#define HOURLY_MS (INT64_C(3600) * 1000)
#define HOURLY_MESSAGES_MAX 200

/* Counts a message, each notice once. False: not before *ret_wait_ms have passed. */
bool hourly_take(const char *recipient, const char *notice, int most, int64_t *ret_wait_ms);
/* The recipient did not get it. */
void hourly_give_back(const char *recipient, const char *notice);
/* It was counted before the process began; again, if it is known. */
void hourly_recall(const char *recipient, const char *notice, int64_t ago_ms);
