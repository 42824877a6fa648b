/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what makes "none found" a provable statement: which sources sent how much in the window, and when they were
 * silent longer than is usual for them: more than max(10 minutes, 10 × the median interval of seven days before it and
 * the window itself).
 *
 * Records come in no order, by the million: of each source every minute keeps its first and last moment, to 1 ms. That is
 * enough to be exact: a silence of more than ten minutes lies between two minutes that have records, and a median of more
 * than one minute is one of the intervals between them (one below makes the limit ten minutes, whatever it is).
 *
 * Ownership: copies names. Threads: one. Errors: none.
 * Limits: 50 sources (further ones count as "others"), 10 gaps each, the longest ones; 200,000 slots of 4 bytes a source,
 * made by the day: a minute each in windows of up to 131 days, longer in longer ones (gaps shorter than a slot do not show
 * then). What the JSON has no room for is counted ("sources_cut").
 */
#include <jansson.h>
#include "common/util.h"

#define COVERAGE_LOOK_BACK_US (INT64_C(7) * 86400 * 1000000)

struct coverage;
struct coverage *coverage_new(int64_t from_us, int64_t to_us, int64_t now_us);
void coverage_free(struct coverage *coverage);
void coverage_note(struct coverage *coverage, struct bytes source, int64_t time_us);
struct coverage_counts {
    int64_t scanned, unparsed, damaged; /* blocks of the store that could not be read */
    bool rebuilding;                    /* see extract.h */
};
/* {"window","scanned","unparsed","damaged","sources":[…],"sources_cut"?,"rebuilding"}, at most `bytes_max` of JSON */
json_t *coverage_json(const struct coverage *coverage, const struct coverage_counts *counts,
                      size_t bytes_max);
json_t *coverage_window(int64_t from_us, int64_t to_us);
