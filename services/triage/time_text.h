/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: times as log lines write them, to microseconds: counts since 1970 in seconds, milli-, micro- and nanoseconds;
 * dates with dashes, slashes or months' names; 12 and 24 hours; offsets, "UTC", "JST" and the like.
 * Ownership: none. Threads: any, once the zone is set. Errors: false, and the result is untouched.
 * Limits and units: microseconds since 1970 UTC, years 1970 to 9998; what has no zone is in the desk's, what has no year is
 * in the one that brings it nearest to `append_us` without lying more than a day behind it.
 */
#include <stdint.h>
#include "common/util.h"

#define TIME_SECOND_US INT64_C(1000000)
#define TIME_DAY_US (86400 * TIME_SECOND_US)

/* Seconds east of UTC of times that name no zone. Set once, before the first line. */
void time_text_set_zone(int32_t east_s);
int32_t time_text_zone(void);

/* Whatever stands at the start of the text; what follows it does not matter. */
bool time_text_read(struct bytes text, int64_t append_us, int64_t *ret_us);
/* The same, but what names no zone is in UTC. */
bool time_text_read_utc(struct bytes text, int64_t append_us, int64_t *ret_us);
/* A date and a time of day that stand apart ("2026-11-24", "15:00:00.5"), and a zone that stands elsewhere or nowhere (no
 * data): "+0900", "UTC", "JST". */
bool time_text_join(struct bytes date, struct bytes clock, struct bytes zone, int64_t *ret_us);
