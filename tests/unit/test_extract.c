/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a search: what it looks for, what it says of coverage, how it keeps to its limits, and the whole of it over a
 * log store. */
#include "common/clock.h"
#include "services/triage/coverage.h"
#include "services/triage/extract.h"
#include "services/triage/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW_US INT64_C(1795500000000000)
#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

/* --- what is looked for ---------------------------------------------------------------------------------------------- */

static const char *touched(const struct subject *subject, const char *line)
{
    return subject_touches_text(subject, bytes_of(line));
}

/* 100 letters of three bytes each: longer than what was once the longest word; "::" shorter than the shortest. */
static void names_of_any_length_are_looked_for(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf name;
    CLEANUP(buf_free) struct buf line;
    buf_init(&name, 4096);
    buf_init(&line, 4096);
    for (int i = 0; i < 100; i++)
        buf_add_text(&name, "\xe7\xab\xaf");
    json_auto_t *devices = json_pack("[s, s, s, s]", "::", "PC", name.data, "SV-01");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_string_equal(touched(subject, "something of SV-01 happened"), "SV-01");
    assert_null(touched(subject, "something of SV-010 happened"));
    buf_printf(&line, "host %s went down", name.data);
    assert_string_equal(touched(subject, line.data), name.data);
}

static void the_first_mark_may_be_no_word(void **state)
{
    (void)state;
    json_auto_t *devices = json_pack("[s]", "::");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_false(subject_is_empty(subject));
    assert_null(touched(subject, "nothing of interest"));
}

/* A line of no known format: the sender in its syslog header, networks and other writings of an address count as well. */
static void unknown_lines_are_matched_as_a_whole(void **state)
{
    (void)state;
    json_auto_t *devices =
        json_pack("[{s:s, s:[s, s]}, {s:s, s:s}]", "name", "SV-01", "addresses", "10.9.0.0/16",
                  "2001:db8::7", "name", "NAS", "mac", "84:78:48:80:0d:86");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_string_equal(touched(subject, "<13>Jun  1 10:00:00 sv-01 app[7]: it failed"), "SV-01");
    assert_string_equal(touched(subject, "connect from 10.9.8.7:5060 refused"), "SV-01");
    assert_string_equal(touched(subject, "connect from [2001:0db8:0:0::7]."), "SV-01");
    assert_string_equal(touched(subject, "lease for 8478.4880.0D86 given"), "NAS");
    assert_string_equal(touched(subject, "lease (84-78-48-80-0d-86)"), "NAS");
    assert_null(touched(subject, "connect from 10.8.8.7:5060 refused at 10:09:08"));
    assert_null(touched(subject, "<13>Jun  1 10:00:00 sv-02 app[7]: it failed"));
}

/* --- coverage ---------------------------------------------------------------------------------------------------------- */

#define FROM_US (NOW_US - 3 * DAY_US)
#define SOURCE_TEXT "fw-1"

static struct coverage *coverage_of(int64_t from_us, int64_t to_us, int64_t every_us)
{
    struct coverage *coverage = coverage_new(from_us, to_us, NOW_US);
    for (int64_t time_us = from_us - COVERAGE_LOOK_BACK_US; time_us <= to_us; time_us += every_us)
        coverage_note(coverage, bytes_of(SOURCE_TEXT), time_us);
    return coverage;
}

static json_t *told(struct coverage *coverage)
{
    struct coverage_counts counts = {0};
    json_t *json = coverage_json(coverage, &counts, 64 * 1024);
    coverage_free(coverage);
    return json;
}

static const json_t *source_at(const json_t *json, size_t index)
{
    return json_array_get(json_object_get(json, "sources"), index);
}

static int64_t moment(const json_t *object, const char *name)
{
    int64_t time_us = 0;
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    assert_true(clock_parse(text, strlen(text), &time_us));
    return time_us;
}

static size_t gaps_of(const json_t *json)
{
    return json_array_size(json_object_get(source_at(json, 0), "gaps"));
}

static void a_silence_is_told_to_the_second(void **state)
{
    (void)state;
    struct coverage *coverage = coverage_new(FROM_US, NOW_US + DAY_US, NOW_US);
    for (int64_t i = 7 * 1440 + 3 * 1440; i >= 0; i--) { /* the newest first: there is no order */
        int64_t time_us = FROM_US - COVERAGE_LOOK_BACK_US + i * MINUTE_US + 17000000;
        if (time_us < FROM_US + HOUR_US || time_us > FROM_US + HOUR_US + 11 * MINUTE_US)
            coverage_note(coverage, bytes_of(SOURCE_TEXT), time_us);
    }
    json_auto_t *json = told(coverage);
    const json_t *gap = json_array_get(json_object_get(source_at(json, 0), "gaps"), 0);
    assert_int_equal(gaps_of(json), 1);
    assert_int_equal(moment(gap, "from"), FROM_US + HOUR_US - MINUTE_US + 17000000);
    assert_int_equal(moment(gap, "to"), FROM_US + HOUR_US + 11 * MINUTE_US + 17000000);
    assert_int_equal(json_integer_value(json_object_get(source_at(json, 0), "records")),
                     3 * 1440 + 1 - 11);
    assert_int_equal(moment(source_at(json, 0), "first"), FROM_US + 17000000);
}

/* Every two hours: silent for less than ten times that is usual, even at both ends of the window. */
static void what_is_usual_is_no_gap(void **state)
{
    (void)state;
    json_auto_t *rare = told(coverage_of(FROM_US, NOW_US + DAY_US, 2 * HOUR_US));
    assert_int_equal(gaps_of(rare), 0);
    json_auto_t *often = told(coverage_of(FROM_US, NOW_US + DAY_US, 9 * MINUTE_US));
    assert_int_equal(gaps_of(often), 0);
}

static void a_source_that_stopped_or_came_late_has_a_gap(void **state)
{
    (void)state;
    struct coverage *coverage = coverage_new(FROM_US, NOW_US + DAY_US, NOW_US);
    for (int64_t i = 0; i < 100; i++) {
        coverage_note(coverage, bytes_of("late"), NOW_US - HOUR_US + i * 36000000);
        coverage_note(coverage, bytes_of("stopped"), FROM_US + i * 30000000);
        coverage_note(coverage, bytes_of("old"), FROM_US - 300 * DAY_US + i);
    }
    json_auto_t *json = told(coverage);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(json_array_size(json_object_get(source_at(json, i), "gaps")), 1);
    const json_t *late = json_array_get(json_object_get(source_at(json, 0), "gaps"), 0),
                 *stopped = json_array_get(json_object_get(source_at(json, 1), "gaps"), 0);
    assert_int_equal(moment(late, "from"), FROM_US);
    assert_int_equal(moment(late, "to"), NOW_US - HOUR_US);
    assert_int_equal(moment(stopped, "from"), FROM_US + INT64_C(99) * 30000000);
    assert_int_equal(moment(stopped, "to"), NOW_US);
}

/* The median as it was once made, of all times in order: the same limit comes out whatever the intervals are. */
static void the_limit_is_that_of_the_median(void **state)
{
    (void)state;
    static const int64_t every_us[] = {MINUTE_US / 10, MINUTE_US - 1000000, MINUTE_US + 1000000,
                                       3 * MINUTE_US, 40 * MINUTE_US};
    for (size_t i = 0; i < COUNT_OF(every_us); i++)
        for (int longer = 0; longer < 2; longer++) {
            int64_t limit_us =
                10 * every_us[i] > 10 * MINUTE_US ? 10 * every_us[i] : 10 * MINUTE_US;
            int64_t silence_us = limit_us + (longer ? 1000000 : 0), time_us = FROM_US + HOUR_US;
            struct coverage *coverage = coverage_of(FROM_US, FROM_US + HOUR_US, every_us[i]);
            int64_t last_us = FROM_US + HOUR_US - (COVERAGE_LOOK_BACK_US + HOUR_US) % every_us[i];
            coverage_free(coverage);
            coverage = coverage_new(FROM_US, last_us + 2 * silence_us, NOW_US);
            for (time_us = last_us; time_us >= FROM_US - COVERAGE_LOOK_BACK_US;
                 time_us -= every_us[i])
                coverage_note(coverage, bytes_of(SOURCE_TEXT), time_us);
            coverage_note(coverage, bytes_of(SOURCE_TEXT), last_us + silence_us);
            coverage_note(coverage, bytes_of(SOURCE_TEXT), last_us + 2 * silence_us);
            json_auto_t *json = told(coverage);
            assert_int_equal(gaps_of(json), longer ? 2 : 0);
        }
}

static void of_many_gaps_the_longest_are_told(void **state)
{
    (void)state;
    struct coverage *coverage = coverage_new(FROM_US, NOW_US, NOW_US);
    int64_t time_us = FROM_US;
    for (int64_t i = 0; i < 40; i++, time_us += (11 + i) * MINUTE_US)
        for (int64_t k = 0; k < 10; k++)
            coverage_note(coverage, bytes_of(SOURCE_TEXT), time_us + k * 1000);
    coverage_note(coverage, bytes_of(SOURCE_TEXT), time_us);
    json_auto_t *json = told(coverage);
    const json_t *gaps = json_object_get(source_at(json, 0), "gaps");
    assert_int_equal(json_array_size(gaps), 10);
    for (size_t i = 0; i + 1 < 10; i++)
        assert_true(moment(json_array_get(gaps, i), "to") <=
                    moment(json_array_get(gaps, i + 1), "from"));
}

/* A million records of a thousand sources, and a window of a hundred years. */
static void coverage_is_bounded(void **state)
{
    (void)state;
    struct coverage *coverage = coverage_new(NOW_US - 36500 * DAY_US, INT64_MAX / 2, NOW_US);
    for (int64_t i = 0; i < 1000000; i++) {
        char name[140];
        snprintf(name, sizeof name, "%0128lld", (long long)(i % 1000));
        memset(name, 1, 120); /* written as \\u0001 each */
        name[i % 100] = 'x';
        coverage_note(coverage, bytes_of(name), NOW_US - i * DAY_US);
    }
    json_auto_t *json = told(coverage);
    size_t sources = json_array_size(json_object_get(json, "sources"));
    assert_true(json_dumpb(json, NULL, 0, JSON_COMPACT) <= 64 * 1024);
    assert_int_equal(sources + (size_t)json_integer_value(json_object_get(json, "sources_cut")),
                     51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_length_are_looked_for),
        cmocka_unit_test(the_first_mark_may_be_no_word),
        cmocka_unit_test(unknown_lines_are_matched_as_a_whole),
        cmocka_unit_test(a_silence_is_told_to_the_second),
        cmocka_unit_test(what_is_usual_is_no_gap),
        cmocka_unit_test(a_source_that_stopped_or_came_late_has_a_gap),
        cmocka_unit_test(the_limit_is_that_of_the_median),
        cmocka_unit_test(of_many_gaps_the_longest_are_told),
        cmocka_unit_test(coverage_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
