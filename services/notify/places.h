/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who may be asked now. A place (a domain that mail goes to, a subscriber) that is in trouble is left alone for a while that
 * doubles, so that it is not hammered, and never has more than its share of the workers, so that a slow one keeps nobody else waiting.
 * Ownership: a table of this process; after a restart it is told again what the states know (memory.h). Threads: any. Errors: none.
 * Limits: 4,096 places at a time; who is not found has a clean record. Times are measured by a clock that nobody sets.
 */
#include "common/util.h"

#define PLACES_HOLD_MS_MIN 5000
#define PLACES_HOLD_MS_MAX (30 * 60 * 1000)

/* Waits a moment where others have the share. False: not before *ret_wait_ms have passed. True: places_leave when done. */
bool places_enter(const char *place, int at_once_max, int64_t *ret_wait_ms);
/* How often in a row it was in trouble now. */
int places_leave(const char *place, bool troubled);
/* It was in trouble so often in a row so long ago; 0: it was well. What is known of later counts. */
void places_recall(const char *place, int troubles, int64_t ago_ms);

/* Of a domain or an address: in any case the same. */
uint64_t places_hash(const char *name);
