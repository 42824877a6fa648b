/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what makes "none found" a provable statement: which sources sent how much in the window, and when they were
 * silent longer than is usual for them: more than max(10 minutes, 10 × the median interval of seven days).
 * Ownership: copies names. Threads: one. Errors: none.
 * Limits: 50 sources (further ones count as "others"), 10 gaps each, the longest ones.
 */
#include <jansson.h>
#include "common/util.h"

#define COVERAGE_LOOK_BACK_US (INT64_C(7) * 86400 * 1000000)

struct coverage;
struct coverage *coverage_new(int64_t from_us, int64_t to_us, int64_t now_us);
void coverage_free(struct coverage *coverage);
void coverage_note(struct coverage *coverage, struct bytes source, int64_t time_us);
/* {"window","scanned","unparsed","sources":[…],"rebuilding":false} */
json_t *coverage_json(struct coverage *coverage, int64_t scanned, int64_t unparsed);
json_t *coverage_window(int64_t from_us, int64_t to_us);
