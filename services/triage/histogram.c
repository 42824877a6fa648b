/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/histogram.h"

#include "common/clock.h"
#include "common/util.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)
#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)

/* Lengths that people count in. */
static const int64_t lengths_s[] = {15 * MINUTE_S, 30 * MINUTE_S, HOUR_S,      2 * HOUR_S,
                                    3 * HOUR_S,    6 * HOUR_S,    12 * HOUR_S, DAY_S,
                                    2 * DAY_S,     7 * DAY_S,     28 * DAY_S};

static int64_t floor_to(int64_t time_us, int64_t step_us)
{
    int64_t rest = time_us % step_us;
    return time_us - (rest < 0 ? rest + step_us : rest);
}

/* Both ends are part of the window. */
static int64_t steps_of(int64_t from_us, int64_t to_us, int64_t step_us)
{
    return (to_us - floor_to(from_us, step_us)) / step_us + 1;
}

/* The shortest that is enough; a window of more than seven years has steps of as many times four weeks as it takes. */
static int64_t choose_step(int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < COUNT_OF(lengths_s); i++)
        if (steps_of(from_us, to_us, lengths_s[i] * SECOND_US) <= HISTOGRAM_STEPS_MAX)
            return lengths_s[i] * SECOND_US;
    int64_t longest_us = lengths_s[COUNT_OF(lengths_s) - 1] * SECOND_US;
    return ((to_us - from_us) / longest_us / (HISTOGRAM_STEPS_MAX - 1) + 1) * longest_us;
}

void histogram_begin(struct histogram *histogram, int64_t from_us, int64_t to_us)
{
    if (to_us < from_us)
        to_us = from_us;
    int64_t step_us = choose_step(from_us, to_us), steps = steps_of(from_us, to_us, step_us);
    assert(steps >= 1 && steps <= HISTOGRAM_STEPS_MAX);
    *histogram = (struct histogram){
        .from_us = floor_to(from_us, step_us), .step_us = step_us, .steps = (size_t)steps};
}

void histogram_count(struct histogram *histogram, int64_t time_us, bool severe)
{
    histogram->severe_count += severe;
    if (time_us < histogram->from_us)
        return;
    size_t step = (size_t)((time_us - histogram->from_us) / histogram->step_us);
    if (step >= histogram->steps)
        return;
    histogram->all[step]++;
    histogram->severe[step] += severe;
}

void histogram_count_untimed(struct histogram *histogram, bool severe)
{
    histogram->severe_count += severe;
    histogram->untimed++;
}

static json_t *list_of(const int64_t *counts, size_t steps)
{
    json_t *list = json_array();
    for (size_t i = 0; i < steps; i++)
        json_array_append_new(list, json_integer((json_int_t)counts[i]));
    return list;
}

json_t *histogram_json(const struct histogram *histogram)
{
    char from[CLOCK_TEXT_SIZE];
    clock_format_us(histogram->from_us, from);
    return json_pack("{s:s, s:I, s:o, s:o, s:I}", "from", from, "step_s",
                     (json_int_t)(histogram->step_us / SECOND_US), "all",
                     list_of(histogram->all, histogram->steps), "severe",
                     list_of(histogram->severe, histogram->steps), "untimed",
                     (json_int_t)histogram->untimed);
}
