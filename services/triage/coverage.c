/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/coverage.h"

#include "common/clock.h"
#include "services/triage/ecs.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 50
#define GAPS_MAX 10
#define GAP_MIN_US (INT64_C(600) * 1000000)
#define SOURCE_BYTES_MAX 120

struct source {
    char name[SOURCE_BYTES_MAX + 1];
    int64_t *times;
    size_t count, room;
};

struct coverage {
    int64_t from_us, to_us, now_us;
    struct source sources[SOURCES_MAX + 1]; /* the last one: others */
    size_t source_count;
};

struct gap {
    int64_t from_us, to_us;
};

struct coverage *coverage_new(int64_t from_us, int64_t to_us, int64_t now_us)
{
    struct coverage *coverage = mem_alloc(sizeof *coverage);
    coverage->from_us = from_us;
    coverage->to_us = to_us;
    coverage->now_us = now_us;
    return coverage;
}

void coverage_free(struct coverage *coverage)
{
    for (size_t i = 0; coverage && i < COUNT_OF(coverage->sources); i++)
        free(coverage->sources[i].times);
    free(coverage);
}

static struct source *source_of(struct coverage *coverage, struct bytes name)
{
    if (name.length > SOURCE_BYTES_MAX)
        name.length = SOURCE_BYTES_MAX;
    for (size_t i = 0; i < coverage->source_count; i++)
        if (bytes_equal_text(name, coverage->sources[i].name))
            return &coverage->sources[i];
    if (coverage->source_count == SOURCES_MAX) {
        strcpy(coverage->sources[SOURCES_MAX].name, "others");
        return &coverage->sources[SOURCES_MAX];
    }
    struct source *source = &coverage->sources[coverage->source_count++];
    memcpy(source->name, name.data, name.length);
    return source;
}

void coverage_note(struct coverage *coverage, struct bytes name, int64_t time_us)
{
    struct source *source = source_of(coverage, name);
    if (source->count == source->room) {
        source->room = source->room ? 2 * source->room : 64;
        source->times = mem_resize(source->times, source->room, sizeof source->times[0]);
    }
    source->times[source->count++] = time_us;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int longest_first(const void *a, const void *b)
{
    const struct gap *x = a, *y = b;
    int64_t left = x->to_us - x->from_us, right = y->to_us - y->from_us;
    return (left < right) - (left > right);
}

static int by_start(const void *a, const void *b)
{
    const struct gap *x = a, *y = b;
    return by_number(&x->from_us, &y->from_us);
}

static int64_t silence_limit(const struct source *source)
{
    size_t count = source->count > 1 ? source->count - 1 : 0;
    if (!count)
        return GAP_MIN_US;
    CLEANUP(mem_free) int64_t *intervals = mem_alloc(count * sizeof *intervals);
    for (size_t i = 0; i < count; i++)
        intervals[i] = source->times[i + 1] - source->times[i];
    qsort(intervals, count, sizeof *intervals, by_number);
    int64_t limit = 10 * intervals[count / 2];
    return limit > GAP_MIN_US ? limit : GAP_MIN_US;
}

static json_t *time_json(int64_t time_us)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(time_us < 0 ? 0 : time_us, text);
    return json_string(text);
}

json_t *coverage_window(int64_t from_us, int64_t to_us)
{
    return json_pack("{s:o, s:o}", "from", time_json(from_us), "to", time_json(to_us));
}

struct gaps {
    struct gap *list;
    size_t count;
};

static void note_gap(const struct coverage *coverage, struct gaps *gaps, int64_t from_us,
                     int64_t to_us, int64_t limit_us)
{
    int64_t end_us = coverage->to_us < coverage->now_us ? coverage->to_us : coverage->now_us;
    if (to_us - from_us <= limit_us || to_us <= coverage->from_us || from_us >= end_us)
        return;
    gaps->list = mem_resize(gaps->list, gaps->count + 1, sizeof gaps->list[0]);
    gaps->list[gaps->count++] = (struct gap){
        from_us < coverage->from_us ? coverage->from_us : from_us, to_us < end_us ? to_us : end_us};
}

/* Silence at both ends of the window counts as well: a source that stopped is what one wants to know of. */
static json_t *gaps_json(const struct coverage *coverage, const struct source *source)
{
    struct gaps gaps = {0};
    int64_t limit_us = silence_limit(source);
    int64_t end_us = coverage->to_us < coverage->now_us ? coverage->to_us : coverage->now_us;
    json_t *list = json_array();
    if (source->times[0] > coverage->from_us)
        note_gap(coverage, &gaps, coverage->from_us, source->times[0], limit_us);
    for (size_t i = 0; i + 1 < source->count; i++)
        note_gap(coverage, &gaps, source->times[i], source->times[i + 1], limit_us);
    note_gap(coverage, &gaps, source->times[source->count - 1], end_us, limit_us);
    if (gaps.count > GAPS_MAX) {
        qsort(gaps.list, gaps.count, sizeof gaps.list[0], longest_first);
        gaps.count = GAPS_MAX;
    }
    if (gaps.count)
        qsort(gaps.list, gaps.count, sizeof gaps.list[0], by_start);
    for (size_t i = 0; i < gaps.count; i++)
        json_array_append_new(list, coverage_window(gaps.list[i].from_us, gaps.list[i].to_us));
    free(gaps.list);
    return list;
}

static json_t *name_json(const char *name)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 4 * SOURCE_BYTES_MAX);
    ecs_text(bytes_of(name), &text);
    return json_stringn(text.data ? text.data : "", text.length);
}

static json_t *source_json(const struct coverage *coverage, struct source *source)
{
    size_t first = 0, last = source->count;
    qsort(source->times, source->count, sizeof source->times[0], by_number);
    while (first < source->count && source->times[first] < coverage->from_us)
        first++;
    while (last > first && source->times[last - 1] > coverage->to_us)
        last--;
    json_t *json =
        json_pack("{s:o, s:I, s:o, s:b}", "source", name_json(source->name), "records",
                  (json_int_t)(last - first), "gaps", gaps_json(coverage, source), "unsigned", 1);
    if (last > first) {
        json_object_set_new(json, "first", time_json(source->times[first]));
        json_object_set_new(json, "last", time_json(source->times[last - 1]));
    }
    return json;
}

json_t *coverage_json(struct coverage *coverage, int64_t scanned, int64_t unparsed)
{
    json_t *sources = json_array();
    for (size_t i = 0; i < COUNT_OF(coverage->sources); i++)
        if (coverage->sources[i].count)
            json_array_append_new(sources, source_json(coverage, &coverage->sources[i]));
    return json_pack("{s:o, s:I, s:I, s:o, s:b}", "window",
                     coverage_window(coverage->from_us, coverage->to_us), "scanned",
                     (json_int_t)scanned, "unparsed", (json_int_t)unparsed, "sources", sources,
                     "rebuilding", 0);
}
