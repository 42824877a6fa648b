/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: bytes of an uploaded log, plain, gzip or zstd (told by their first bytes; several members after each other, and
 * zero bytes behind a gzip member), as lines. What comes out is bounded,
 * whatever the compressed bytes claim. zlib.h is included by unpack.c only.
 * Ownership: lines are lent to `each`. Threads: one. Errors: REJECT with the reason: damaged, cut short, too much.
 * Limits: 4 GiB unpacked; a line is at most 1 MiB, longer ones are cut there.
 */
#include "common/verdict.h"

struct unpack;
struct unpack *unpack_new(enum verdict (*each)(void *context, struct bytes line, struct why *why),
                          void *context);
enum verdict unpack_add(struct unpack *unpack, struct bytes piece, struct why *why);
enum verdict unpack_finish(struct unpack *unpack,
                           struct why *why); /* the last line, and whether all was there */
void unpack_free(struct unpack *unpack);     /* NULL is fine */
