/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: named points at which a test build kills itself as a power cut would (SIGKILL), so that every moment of a
 * transaction can be tried. KAKEKOMI_FAILPOINT="after_produce:3": at the third pass of that point; "after_produce:1/40":
 * with that chance at each pass; "any:…" counts every point. Built only with -Dfailpoints=true; compiled to nothing
 * otherwise.
 * Ownership: none. Threads: any. Errors: none. Limits: one entry per process.
 * Points of a processor: after_begin, after_offsets, after_produce, before_commit, before_cache; the type of what was just
 * published (escalation.offered: the broker has it, the transaction is open); the kind of a work that was just done (seal,
 * offer, key, recall, report), before anybody knows its result. Of escalation: acceptance_judged.
 */
#ifdef KAKEKOMI_FAILPOINTS
#include <stdbool.h>
void failpoint(const char *name);
bool failpoint_is_named(const char *name); /* for what must be done before such an end */
#else
#define failpoint(name) ((void)0)
#define failpoint_is_named(name) false
#endif
