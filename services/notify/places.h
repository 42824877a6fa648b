/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who may be asked now. A place (a domain that mail goes to, a subscriber) that is in trouble is left alone for a while that
 * doubles, so that it is not hammered, and never has more than its share of the workers, so that a slow one keeps nobody else waiting.
 * A recipient gets at most so many messages within an hour.
 * Ownership: a table of this process; a restart forgets it. Threads: any. Errors: none.
 * Limits: 4,096 places and recipients at a time; who is not found has a clean record. Times are of the day, as they are handed on;
 * what is measured is measured by a clock that nobody sets.
 */
#include "common/util.h"

#define PLACES_HOLD_MS_MIN 5000
#define PLACES_HOLD_MS_MAX (30 * 60 * 1000)

/* Waits a moment where others have the share. False: not before *ret_wait_ms have passed. True: places_leave when done. */
bool places_enter(const char *place, int at_once_max, int64_t *ret_wait_ms);
void places_leave(const char *place, bool troubled);
/* Counts one to this recipient. False: not before *ret_wait_ms have passed. */
bool places_count(const char *recipient, int hour_max, int64_t *ret_wait_ms);
