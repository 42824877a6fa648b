/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: gzip (RFC 1952) of what is in memory, for answers.
 * Ownership: the caller's buffer. Threads: any. Errors: none; out of memory ends the process.
 * Limits: 1 GiB. The same bytes are packed alike every time: no time, name or system stands in them.
 */
#include "common/util.h"

/* Replaces what `packed` has. */
void gzip_pack(struct bytes plain, struct buf *packed);
