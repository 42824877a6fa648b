/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: named points at which a test build kills itself as a power cut would (SIGKILL), so that every moment of a
 * transaction can be tried. KAKEKOMI_FAILPOINT="after_produce:3": at the third pass of that point; "after_produce:1/40":
 * with that chance at each pass; "any:…" counts every point. KAKEKOMI_FAILPOINT_CLOCK_S="90000": the clock of the day, as this process
 * reads it, is so many seconds ahead, or behind with "-90000". Built only with -Dfailpoints=true; compiled to nothing
 * otherwise.
 * Ownership: none. Threads: any. Errors: none. Limits: one entry per process.
 * Points of a processor: after_begin, after_offsets, after_produce, before_commit, before_cache; the type of what was just
 * published (escalation.offered: the broker has it, the transaction is open); the kind of a work that was just done (seal,
 * offer, key, recall, report), before anybody knows its result. Of escalation: acceptance_judged.
 */
#ifdef KAKEKOMI_FAILPOINTS
#include <stdbool.h>
#include <stdint.h>
void failpoint(const char *name);
bool failpoint_is_named(const char *name); /* for what must be done before such an end */
int64_t failpoint_clock_us(void);
#else
#define failpoint(name) ((void)0)
#define failpoint_is_named(name) false
#define failpoint_clock_us() INT64_C(0)
#endif
