/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: when the detections of a search were: how many in each step of its window, and how many of those were severe. Steps
 * have a round length and begin at a multiple of it (UTC), so that two searches of a case lie over one another.
 * Ownership: a value; the JSON is the caller's. Threads: one, pure. Errors: none.
 * Limits: 96 steps, whatever the window: about 4 KB of JSON at most.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_STEPS_MAX 96

struct histogram {
    int64_t from_us, step_us;
    size_t steps;
    int64_t all[HISTOGRAM_STEPS_MAX], severe[HISTOGRAM_STEPS_MAX];
    int64_t untimed; /* in no step: nobody knows when they were */
    int64_t severe_count;
};

void histogram_begin(struct histogram *histogram, int64_t from_us, int64_t to_us);
/* Outside the window it counts as nothing but as severe. */
void histogram_count(struct histogram *histogram, int64_t time_us, bool severe);
void histogram_count_untimed(struct histogram *histogram, bool severe);
/* {"from","step_s","all":[…],"severe":[…],"untimed"} */
json_t *histogram_json(const struct histogram *histogram);
