/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: is a JSON value exactly what was expected; where not, one readable line for each difference.
 * An expected object with a member "…" may have further members; an expected list that begins with "…" names the last ones.
 * Ownership: everything is borrowed. Threads: any. Errors: none. Limits: of the buffer.
 */
#include <jansson.h>
#include "common/util.h"

/* Appends to `out`; true where there is no difference. `actual` may be NULL: there is no such thing. */
bool expect_json(const json_t *expected, const json_t *actual, const char *path, struct buf *out);
