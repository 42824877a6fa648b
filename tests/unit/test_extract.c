/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a search: what it looks for, what it says of coverage, how it keeps to its limits, and the whole of it over a
 * log store. */
#include "common/clock.h"
#include "common/desk/limits.h"
#include "services/triage/coverage.h"
#include "services/triage/extract.h"
#include "services/triage/histogram.h"
#include "services/triage/subject.h"
#include "services/triage/summary.h"
#include "services/triage/unpack.h"
#include "services/triage/upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
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

static const char *touched_field(const char *name, const char *line)
{
    CLEANUP(parsed_clear) struct parsed parsed = {0};
    json_auto_t *devices = json_pack("[{s:s}]", "name", name);
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    format_parse(bytes_of(line), &parsed);
    assert_non_null(parsed.format);
    return subject_touches(subject, &parsed) ? "yes" : "no";
}

static void a_host_is_known_with_and_without_its_domain(void **state)
{
    (void)state;
    static const char short_line[] = "CEF:0|a|b|1|2|c|3|shost=pc-07 suser=pc-08",
                      long_line[] = "CEF:0|a|b|1|2|c|3|shost=PC-07.example.jp";
    assert_string_equal(touched_field("PC-07", long_line), "yes");
    assert_string_equal(touched_field("PC-07.example.jp", long_line), "yes");
    assert_string_equal(touched_field("PC-07.example.jp", short_line), "yes");
    assert_string_equal(touched_field("PC-0.example.jp", short_line), "no");
    assert_string_equal(touched_field("PC-077.example.jp", short_line), "no");
    assert_string_equal(touched_field("PC-08.example.jp", short_line), "no");
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

/* --- uploaded files ------------------------------------------------------------------------------------------------------ */

static enum verdict count_line(void *context, struct bytes line, struct why *why)
{
    (void)line, (void)why;
    ++*(size_t *)context;
    return VERDICT_OK;
}

/* In pieces of a prime size; how many lines came out is in *ret_lines. */
static enum verdict unpacked(const char *bytes, size_t length, size_t *ret_lines)
{
    struct why why = {0};
    enum verdict verdict = VERDICT_OK;
    *ret_lines = 0;
    struct lines *lines = lines_new(count_line, ret_lines);
    struct unpack *unpack = unpack_new(lines);
    for (size_t at = 0; at < length && verdict == VERDICT_OK; at += 7919)
        verdict = unpack_add(
            unpack, (struct bytes){bytes + at, length - at < 7919 ? length - at : 7919}, &why);
    if (verdict == VERDICT_OK)
        verdict = unpack_finish(unpack, &why);
    unpack_free(unpack);
    lines_free(lines);
    return verdict;
}

/* 256 KiB come out at a time: a frame whose last piece is exactly that long is whole all the same. */
static void a_frame_that_fills_the_last_piece_is_whole(void **state)
{
    (void)state;
    size_t lines;
    for (size_t size = 256 * 1024 - 1; size <= 3 * 256 * 1024;
         size += size % 2 ? 1 : 256 * 1024 - 1) {
        CLEANUP(mem_free) char *text = mem_alloc(size);
        CLEANUP(mem_free) char *packed = mem_alloc(ZSTD_compressBound(size));
        for (size_t i = 0; i < size; i++)
            text[i] = i % 64 == 63 ? '\n' : (char)('a' + i * 7 % 26);
        size_t length = ZSTD_compress(packed, ZSTD_compressBound(size), text, size, 3);
        assert_int_equal(unpacked(packed, length, &lines), VERDICT_OK);
        assert_int_equal(lines, (size + 63) / 64);
        assert_int_equal(unpacked(packed, length - 1, &lines), VERDICT_REJECT);
    }
}

/* "a\nb\n" as gzip writes it. */
static const uint8_t gzipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                                  0x02, 0x03, 0x4b, 0xe4, 0x4a, 0xe2, 0x02, 0x00,
                                  0x97, 0x2a, 0x57, 0x18, 0x04, 0x00, 0x00, 0x00};

static void zero_bytes_behind_a_gzip_member_are_passed_over(void **state)
{
    (void)state;
    char file[30000] = {0};
    size_t lines;
    memcpy(file, gzipped, sizeof gzipped);
    assert_int_equal(unpacked(file, sizeof gzipped, &lines), VERDICT_OK);
    assert_int_equal(lines, 2);
    assert_int_equal(unpacked(file, sizeof file, &lines), VERDICT_OK);
    assert_int_equal(lines, 2);
    memcpy(file + sizeof file - sizeof gzipped, gzipped, sizeof gzipped);
    assert_int_equal(unpacked(file, sizeof file, &lines), VERDICT_OK);
    assert_int_equal(lines, 4);
    file[200] = 'x';
    assert_int_equal(unpacked(file, sizeof file, &lines), VERDICT_REJECT);
}

/* --- when it was ------------------------------------------------------------------------------------------------------- */

static void a_window_has_steps_of_a_round_length(void **state)
{
    (void)state;
    static const struct {
        int64_t from_us, to_us, step_us, begins_us;
        size_t steps;
    } windows[] = {
        /* 2026-11-24T08:00:00Z and so many minutes */
        {0, 0, 15 * MINUTE_US, 0, 1},
        {0, 15 * MINUTE_US - 1, 15 * MINUTE_US, 0, 1},
        {14 * MINUTE_US, 16 * MINUTE_US, 15 * MINUTE_US, 0, 2},
        {0, DAY_US - 1, 15 * MINUTE_US, 0, 96},
        {0, DAY_US, 30 * MINUTE_US, 0, 49},
        {1, 4 * DAY_US, 2 * HOUR_US, 0, 49},
        {0, 4 * DAY_US - 1, HOUR_US, 0, 96},
        {HOUR_US, 8 * DAY_US, 3 * HOUR_US, HOUR_US, 64},
        {0, 90 * DAY_US, DAY_US, -8 * HOUR_US, 91},
        {0, 400 * DAY_US, 7 * DAY_US, -(5 * DAY_US + 8 * HOUR_US), 58},
        {0, 7 * 365 * DAY_US, 28 * DAY_US, 0, 0},
        {0, 100 * 365 * DAY_US, 13 * 28 * DAY_US + 28 * DAY_US, 0, 0},
        {DAY_US, 0, 15 * MINUTE_US, DAY_US, 1}, /* it ends before it begins */
    };
    const int64_t base_us = INT64_C(1795507200000000); /* 2026-11-24T08:00:00Z */
    for (size_t i = 0; i < COUNT_OF(windows); i++) {
        struct histogram histogram;
        histogram_begin(&histogram, base_us + windows[i].from_us, base_us + windows[i].to_us);
        assert_true(histogram.steps <= HISTOGRAM_STEPS_MAX);
        assert_int_equal(histogram.from_us % histogram.step_us, 0);
        assert_true(histogram.from_us <= base_us + windows[i].from_us);
        assert_int_equal(histogram.step_us, windows[i].step_us);
        if (!windows[i].steps)
            continue;
        assert_int_equal(histogram.from_us - base_us, windows[i].begins_us);
        assert_int_equal(histogram.steps, windows[i].steps);
    }
}

static void every_moment_of_any_window_is_in_a_step(void **state)
{
    (void)state;
    uint64_t dice = 88172645463325252U;
    for (int i = 0; i < 20000; i++) {
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        int64_t from_us = (int64_t)(dice >> 12) - (INT64_C(1) << 50);
        int64_t to_us = from_us + (int64_t)(dice >> (2 + i % 60));
        struct histogram histogram;
        histogram_begin(&histogram, from_us, to_us);
        histogram_count(&histogram, from_us, true);
        histogram_count(&histogram, to_us, false);
        histogram_count(&histogram, histogram.from_us - 1, true);
        int64_t all = 0, severe = 0;
        for (size_t step = 0; step < histogram.steps; step++) {
            all += histogram.all[step];
            severe += histogram.severe[step];
        }
        assert_int_equal(all, 2);
        assert_int_equal(severe, 1);
        assert_int_equal(histogram.severe_count, 2);
        assert_true(histogram.all[0] >= 1 && histogram.all[histogram.steps - 1] >= 1);
    }
}

/* --- whole searches ---------------------------------------------------------------------------------------------------- */

static char folder[64];
static struct logstore *store;
static int64_t offset;

static int open_store(void **state)
{
    (void)state;
    struct why why;
    strcpy(folder, "/tmp/kakekomi-extract-XXXXXX");
    struct logstore_config config = {.folder = mkdtemp(folder),
                                     .identity = "a",
                                     .partition_count = 1,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = 1000000,
                                     .held_bytes_max = 1 << 20};
    offset = 0;
    return logstore_open(&config, &store, &why) == VERDICT_OK ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    logstore_close(store);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void comes_in_at(const char *line, const char *host, int64_t time_us)
{
    struct logstore_record record = {
        .offset = offset++, .time_us = time_us, .line = bytes_of(line), .host = bytes_of(host)};
    logstore_put(store, "C-1", &record, NOW_US);
}

static void comes_in(const char *line)
{
    comes_in_at(line, "fw-1", NOW_US - HOUR_US + offset);
}

#define VIRUS                                                                                      \
    "logver=7 logid=\"0211\" type=utm subtype=virus eventtype=infected level=warning "             \
    "srcip=192.168.1.33 "                                                                          \
    "dstip=203.0.113.9 action=blocked virus=\"Eicar\" msg=\"%s\""
#define TRAFFIC                                                                                    \
    "logver=7 logid=\"0013\" type=traffic subtype=forward srcip=%s dstip=%s action=accept "        \
    "msg=\"%s\""

static json_t *search_with(const char *devices, const char *indicators, const char *asked,
                           const json_t *uploads)
{
    json_auto_t *device_list = json_loads(devices, 0, NULL);
    json_auto_t *indicator_list = json_loads(indicators, 0, NULL);
    struct extract_request request = {.store = store,
                                      .partition_count = 1,
                                      .owner = "C-1",
                                      .case_id = "case",
                                      .uploads = uploads,
                                      .from_us = NOW_US - 3 * DAY_US,
                                      .to_us = NOW_US + DAY_US,
                                      .now_us = NOW_US,
                                      .devices = device_list,
                                      .indicators = indicator_list,
                                      .text = asked};
    CLEANUP(extract_result_clear) struct extract_result result = {0};
    struct why why = {0};
    assert_int_equal(extract_run(&request, &result, &why), VERDICT_OK);
    return json_incref(result.summary);
}

static json_int_t number(const json_t *summary, const char *name)
{
    return json_integer_value(json_object_get(summary, name));
}

static void what_was_asked_for_is_counted(void **state)
{
    (void)state;
    char line[400];
    snprintf(line, sizeof line, VIRUS, "x");
    comes_in(line);
    snprintf(line, sizeof line, TRAFFIC, "192.168.1.33", "198.51.100.1", "x");
    comes_in(line);
    snprintf(line, sizeof line, TRAFFIC, "192.168.1.44", "203.0.113.9", "evil.example");
    comes_in(line);
    json_auto_t *nothing = search_with("[]", "[]", NULL, NULL);
    assert_int_equal(number(nothing, "records"),
                     2); /* the detection, and who else met 203.0.113.9 */
    assert_int_equal(number(nothing, "hits"), 0);
    json_auto_t *text = search_with("[]", "[]", "evil.EXAMPLE", NULL);
    assert_int_equal(number(text, "hits"), 1);
    json_auto_t *absent = search_with("[]", "[]", "good.example", NULL);
    assert_int_equal(number(absent, "hits"), 0);
    assert_int_equal(number(absent, "detections"), 1);
    json_auto_t *indicator = search_with("[]", "[\"203.0.113.9\"]", NULL, NULL);
    assert_int_equal(number(indicator, "hits"), 2); /* the detection has it as well */
    json_auto_t *device = search_with("[\"192.168.1.33\"]", "[]", NULL, NULL);
    assert_int_equal(number(device, "hits"), 2);
}

static const char *said(const json_t *summary, const char *language)
{
    return json_string_value(json_object_get(json_object_get(summary, "spoken"), language));
}

/* As an operator reads it aloud; what a log line holds cannot break out of its quotes by a control character. */
static void a_summary_is_said_in_both_languages(void **state)
{
    (void)state;
    char line[400];
    json_auto_t *nothing = search_with("[]", "[]", NULL, NULL);
    assert_string_equal(said(nothing, "en"),
                        "No records of this period have arrived, so nothing can be said.");
    snprintf(line, sizeof line, VIRUS, "x");
    comes_in(line);
    comes_in(line);
    snprintf(line, sizeof line, TRAFFIC, "192.168.1.44", "203.0.113.9", "x");
    comes_in(line);
    comes_in(line);
    snprintf(line, sizeof line, TRAFFIC, "192.168.1.55", "203.0.113.9", "x");
    comes_in(line);
    json_auto_t *summary = search_with("[]", "[]", NULL, NULL);
    assert_non_null(strstr(said(summary, "ja"), "検知は2件、うち遮断・隔離済みは2件です。"));
    assert_non_null(strstr(said(summary, "ja"), "「Eicar」で、192.168.1.33、2回、"));
    assert_non_null(strstr(said(summary, "ja"), "遮断済みです。"));
    assert_non_null(strstr(said(summary, "en"), " 2 further devices touched the same address."));
    const json_t *touched_list = json_object_get(summary, "touched");
    assert_int_equal(json_array_size(touched_list), 2);
    const json_t *most = json_array_get(touched_list, 0);
    assert_string_equal(json_string_value(json_object_get(most, "indicator")), "203.0.113.9");
    assert_string_equal(json_string_value(json_object_get(most, "device")), "192.168.1.44");
    assert_int_equal(number(most, "count"), 2);
}

static json_int_t at(const json_t *histogram, const char *name, size_t step)
{
    return json_integer_value(json_array_get(json_object_get(histogram, name), step));
}

/* An hour ago and a day before that; the window is four days long. */
static void a_summary_says_when_it_was(void **state)
{
    (void)state;
    static const char severe[] = "CEF:0|v|p|1|100|Worm|9|src=10.0.0.1 act=blocked cat=virus";
    static const char mild[] = "CEF:0|v|p|1|100|Worm|6|src=10.0.0.1 act=blocked cat=virus";
    comes_in_at(severe, "av", NOW_US - HOUR_US);
    comes_in_at(mild, "av", NOW_US - HOUR_US);
    comes_in_at(mild, "av", NOW_US - DAY_US - HOUR_US);
    comes_in_at(severe, "av", NOW_US - 4 * DAY_US); /* before the window */
    json_auto_t *summary = search_with("[]", "[]", NULL, NULL);
    const json_t *histogram = json_object_get(summary, "histogram");
    json_int_t step_s = number(histogram, "step_s");
    int64_t from_us = moment(histogram, "from");
    size_t recent = (size_t)((NOW_US - HOUR_US - from_us) / 1000000 / step_s);
    size_t earlier = (size_t)((NOW_US - DAY_US - HOUR_US - from_us) / 1000000 / step_s);
    assert_int_equal(step_s, 2 * 3600);
    assert_int_equal(number(summary, "detections"), 3);
    assert_int_equal(number(summary, "severe"), 1);
    assert_int_equal(at(histogram, "all", recent), 2);
    assert_int_equal(at(histogram, "severe", recent), 1);
    assert_int_equal(at(histogram, "all", earlier), 1);
    assert_int_equal(at(histogram, "severe", earlier), 0);
    assert_int_equal(json_array_size(json_object_get(histogram, "all")), 49);
    assert_int_equal(json_array_size(json_object_get(histogram, "severe")), 49);
    assert_int_equal(number(histogram, "untimed"), 0);
}

static void what_has_no_time_of_its_own_is_in_no_step(void **state)
{
    (void)state;
    struct logstore_record record = {
        .time_us = NOW_US,
        .time_source = EVENT_TIME_APPEND,
        .line = bytes_of("CEF:0|v|p|1|100|Worm|10|src=10.0.0.1 act=blocked cat=virus")};
    char owner[LOGSTORE_OWNER_MAX + 1];
    extract_upload_owner("case", "up", owner);
    logstore_put(store, owner, &record, NOW_US);
    json_auto_t *uploads = json_pack("[s]", "up");
    json_auto_t *summary = search_with("[]", "[]", NULL, uploads);
    const json_t *histogram = json_object_get(summary, "histogram");
    assert_int_equal(number(summary, "detections"), 1);
    assert_int_equal(number(summary, "severe"), 1);
    assert_int_equal(number(histogram, "untimed"), 1);
    for (size_t i = 0; i < json_array_size(json_object_get(histogram, "all")); i++)
        assert_int_equal(at(histogram, "all", i), 0);
}

/* Customers' devices write Japanese in CP932: the text is found, and half of a character is no quote (ソ is 0x83 0x5c). */
static void lines_in_cp932_are_searched_as_text(void **state)
{
    (void)state;
    comes_in(
        "Nov 24 15:00:00 fs-01 \x83\x5c\x83\x74\x83\x67\x82\xf0\x8a\x75\x97\xa3"); /* ソフトを隔離 */
    comes_in("logver=7 logid=1 type=utm subtype=virus virus=\"\x83\x5c\" action=blocked "
             "srcip=192.168.1.9");
    json_auto_t *summary = search_with("[]", "[]", "ソフトを隔離", NULL);
    assert_int_equal(number(summary, "hits"), 1);
    const json_t *group = json_array_get(json_object_get(summary, "groups"), 0);
    assert_string_equal(json_string_value(json_object_get(group, "what")), "ソ");
    assert_string_equal(json_string_value(json_object_get(group, "device")), "192.168.1.9");
}

/* What is outside the window counts for coverage only, and of an upload not even that. */
static void an_upload_may_hold_lines_outside_the_window(void **state)
{
    (void)state;
    struct logstore_upload *upload;
    struct why why;
    char line[400], owner[LOGSTORE_OWNER_MAX + 1];
    snprintf(line, sizeof line, VIRUS, "x");
    extract_upload_owner("case", "u", owner);
    assert_int_equal(logstore_upload_begin(store, owner, NOW_US, &upload, &why), VERDICT_OK);
    for (int64_t i = 0; i < 40; i++) {
        struct logstore_record record = {.partition = -1,
                                         .offset = i,
                                         .time_us = NOW_US - i * DAY_US,
                                         .time_source = EVENT_TIME_LINE,
                                         .line = bytes_of(line)};
        assert_int_equal(logstore_upload_put(upload, &record, &why), VERDICT_OK);
    }
    assert_int_equal(logstore_upload_end(upload, "{}", &why), VERDICT_OK);
    json_auto_t *uploads = json_pack("[s]", "u");
    json_auto_t *summary = search_with("[\"192.168.1.33\"]", "[]", NULL, uploads);
    assert_int_equal(number(summary, "records"), 4);
    assert_int_equal(number(json_object_get(summary, "coverage"), "scanned"), 4);
}

/* 64 MiB are full of pivots when the device's record comes: it is there, and a pivot is not. */
static void devices_rank_before_pivots(void **state)
{
    (void)state;
    char line[400], filler[40001];
    memset(filler, 'f', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    snprintf(line, sizeof line, VIRUS, "x");
    comes_in(line);
    CLEANUP(mem_free)
    char *pivot = mem_printf(TRAFFIC, "192.168.1.44", "203.0.113.9", filler);
    for (int i = 0; i < 2000; i++)
        comes_in(pivot);
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, TRAFFIC, "192.168.1.33", "198.51.100.1", "x");
        comes_in(line);
    }
    json_auto_t *summary = search_with("[\"192.168.1.33\"]", "[]", NULL, NULL);
    assert_true(json_is_true(json_object_get(summary, "truncated")));
    assert_int_equal(number(summary, "hits"), 4);
    assert_int_equal(moment(summary, "last"), NOW_US - HOUR_US + offset - 1);
    assert_true(number(summary, "bytes") <= 64 << 20);
    assert_true(number(summary, "bytes") > 63 << 20);
}

/* Every text as long as it may be, of what takes most room as JSON: the summary fits all the same. */
static void the_summary_fits_whatever_the_logs_say(void **state)
{
    (void)state;
    static const char *const fillings[] = {"\x01", "\"", "\xf0\x9f\x90\x88", "\xff"};
    for (size_t f = 0; f < COUNT_OF(fillings); f++)
        for (int i = 0; i < 150; i++) {
            CLEANUP(buf_free) struct buf text;
            CLEANUP(buf_free) struct buf line;
            char host[300] = "";
            buf_init(&text, 4096);
            buf_init(&line, 16384);
            buf_printf(&text, "%d.", i);
            while (text.length < 240)
                buf_add_text(&text, fillings[f]);
            buf_printf(&line,
                       "CEF:0|%s|%s|1|100|%s|10|src=10.0.0.%d shost=%s dhost=%s dst=203.0.113.%d "
                       "request=http://%s/ act=blocked msg=%s%s%s%s%s",
                       "v", "p", text.data, i, text.data, text.data, i, text.data, text.data,
                       text.data, text.data, text.data, text.data);
            snprintf(host, sizeof host, "%s", text.data);
            host[120] = '\0';
            comes_in_at(line.data, host, NOW_US - 3 * DAY_US + i * 37 * MINUTE_US);
            comes_in_at(line.data, host, NOW_US - 3 * DAY_US + i * 57 * MINUTE_US);
        }
    json_auto_t *summary = search_with("[]", "[]", NULL, NULL);
    size_t bytes = json_dumpb(summary, NULL, 0, JSON_COMPACT);
    print_message("summary: %zu bytes, %zu groups, %zu samples, %zu pivots\n", bytes,
                  json_array_size(json_object_get(summary, "groups")),
                  json_array_size(json_object_get(summary, "samples")),
                  json_array_size(json_object_get(summary, "pivots")));
    assert_true(number(summary, "detections") > 500);
    assert_true(bytes <= 256 * 1024);
    assert_true(json_array_size(json_object_get(summary, "samples")) > 5);
}

static void a_line_that_is_long_as_json_is_a_sample_all_the_same(void **state)
{
    (void)state;
    char controls[4096];
    memset(controls, 1, sizeof controls);
    struct parsed parsed = {0};
    struct finding finding = {.detection = true, .severity = 90};
    struct logstore_record record = {.line = {controls, sizeof controls}, .time_us = NOW_US};
    for (int i = 0; i < FIELD_COUNT; i++)
        parsed.fields[i] = (struct bytes){controls, sizeof controls};
    struct summary *summary = summary_new();
    summary_sample(summary,
                   &(struct ecs_record){.record = &record, .parsed = &parsed, .finding = &finding});
    json_auto_t *samples = summary_samples(summary, LIMIT_SUMMARY_BYTES);
    summary_free(summary);
    assert_int_equal(json_array_size(samples), 1);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(samples, 0), "event.severity")), 90);
}

/* Kafka's log may have lost the beginning of a file to its age, and its end to a broker that fell over. */
static void a_file_is_there_from_its_first_byte_to_its_last(void **state)
{
    (void)state;
    json_auto_t *upload = json_pack("{s:i, s:i}", "first", 10, "last", 12);
    assert_int_equal(upload_judge_bounds(upload, 0, 13), VERDICT_OK);
    assert_int_equal(upload_judge_bounds(upload, 10, 13), VERDICT_OK);
    assert_int_equal(upload_judge_bounds(upload, 11, 13), VERDICT_REJECT);
    assert_int_equal(upload_judge_bounds(upload, 13, 13), VERDICT_REJECT);
    assert_int_equal(upload_judge_bounds(upload, 0, 12), VERDICT_RETRY);
    assert_int_equal(upload_judge_bounds(upload, 0, 0), VERDICT_RETRY);
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_length_are_looked_for),
        cmocka_unit_test(the_first_mark_may_be_no_word),
        cmocka_unit_test(unknown_lines_are_matched_as_a_whole),
        cmocka_unit_test(a_host_is_known_with_and_without_its_domain),
        cmocka_unit_test(a_silence_is_told_to_the_second),
        cmocka_unit_test(what_is_usual_is_no_gap),
        cmocka_unit_test(a_source_that_stopped_or_came_late_has_a_gap),
        cmocka_unit_test(the_limit_is_that_of_the_median),
        cmocka_unit_test(of_many_gaps_the_longest_are_told),
        cmocka_unit_test(coverage_is_bounded),
        cmocka_unit_test(a_frame_that_fills_the_last_piece_is_whole),
        cmocka_unit_test(a_line_that_is_long_as_json_is_a_sample_all_the_same),
        cmocka_unit_test(a_file_is_there_from_its_first_byte_to_its_last),
        cmocka_unit_test(zero_bytes_behind_a_gzip_member_are_passed_over),
        STORE_TEST(what_was_asked_for_is_counted),
        cmocka_unit_test(a_window_has_steps_of_a_round_length),
        cmocka_unit_test(every_moment_of_any_window_is_in_a_step),
        STORE_TEST(a_summary_is_said_in_both_languages),
        STORE_TEST(a_summary_says_when_it_was),
        STORE_TEST(what_has_no_time_of_its_own_is_in_no_step),
        STORE_TEST(lines_in_cp932_are_searched_as_text),
        STORE_TEST(an_upload_may_hold_lines_outside_the_window),
        STORE_TEST(devices_rank_before_pivots),
        STORE_TEST(the_summary_fits_whatever_the_logs_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
