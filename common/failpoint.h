/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: named points at which a test build kills itself as a power cut would (SIGKILL), so that every moment of a
 * transaction can be tried. KAKEKOMI_FAILPOINT="after_produce:3": at the third pass of that point; "after_produce:1/40":
 * with that chance at each pass; "any:…" counts every point. Built only with -Dfailpoints=true; compiled to nothing
 * otherwise.
 * Ownership: none. Threads: any. Errors: none. Limits: one entry per process.
 * Points of a processor: after_begin, after_offsets, after_produce, before_commit, before_cache.
 */
#ifdef KAKEKOMI_FAILPOINTS
void failpoint(const char *name);
#else
#define failpoint(name) ((void)0)
#endif
