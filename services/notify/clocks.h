/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what falls due by itself: promised calls, the provider's answer, cases in which nothing happens, dates of the law. One table;
 * each clock says from the case alone when it is due and why, so that it re-arms, stops and survives whatever happens to the process.
 * An entry of own.clocks: {"clock","change" (what it is armed for),"due_at","ja","en" (because …),"day"? (the date it speaks of),
 * "basis"? ("guideline"|"law"),"source_ja"?,"source_en"?,"fired_at"?,"late"? (it was armed and due long before it fired),
 * "passed_over"? (a later one of the same matter fired at the same moment: one word about it is enough)}.
 * Ownership: lists are new references. Threads: any, pure. Errors: none. Limits: one entry per clock.
 */
#include "services/notify/view.h"

/* After this a clock that fires says that it is late (the process, or the world, was away). */
#define CLOCKS_LATE_US (INT64_C(3600) * 1000000)

/* The clocks as they stand now; those that are due have fired. Looks at own.clocks as it was before. */
json_t *clocks_run(const struct view *view);
/* The entry of a clock; NULL: not armed. */
const json_t *clocks_find(const json_t *own, const char *clock);
/* Whether it has fired and is the last word of its matter: what a later one says need not be said before. */
bool clocks_speaks(const json_t *own, const char *clock);
/* Earliest time at which one fires; INT64_MAX: none. */
int64_t clocks_next_us(const json_t *own);
