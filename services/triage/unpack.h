/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: bytes of an uploaded log, plain, gzip or zstd (told by their first bytes), unpacked into lines. What comes out is
 * bounded, whatever the compressed bytes claim. zlib.h is included by unpack.c only.
 * Ownership: the lines are lent. Threads: one. Errors: REJECT with the reason: damaged, cut short, too much. Zero bytes behind
 * a gzip member are padding.
 * Limits: 4 GiB unpacked; beyond 8 MiB at most 500 times what was packed, more is no log; lines.h.
 */
#include "services/triage/lines.h"

struct unpack;
struct unpack *unpack_new(struct lines *lines);
enum verdict unpack_add(struct unpack *unpack, struct bytes piece, struct why *why);
enum verdict unpack_finish(struct unpack *unpack,
                           struct why *why); /* the last line, and whether all was there */
void unpack_free(struct unpack *unpack);     /* NULL is fine */
