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
#define SLOT_MIN_US (INT64_C(60) * 1000000)
#define AHEAD_US (INT64_C(86400) * 1000000) /* no event is believed to be later */
#define SLOTS_MAX 200000
#define PAGE_SLOTS 1440 /* a day of minutes */
#define UNITS_OF_SLOT 60000

/* The first and last record in a slot, in 60,000ths of it; none where first > last. */
struct slot {
    uint16_t first, last;
};

struct source {
    char name[SOURCE_BYTES_MAX];
    size_t name_length;
    bool seen;
    struct slot *pages[SLOTS_MAX / PAGE_SLOTS + 1];
    int64_t count, slots;               /* records in all slots, slots that have any */
    int64_t records, first_us, last_us; /* in the window */
};

struct coverage {
    int64_t from_us, to_us, now_us;
    int64_t begin_us, end_us; /* what the slots cover */
    int64_t slot_us, unit_us;
    struct source sources[SOURCES_MAX + 1]; /* the last one: others */
    size_t source_count;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct coverage *coverage_new(int64_t from_us, int64_t to_us, int64_t now_us)
{
    struct coverage *coverage = mem_alloc(sizeof *coverage);
    coverage->from_us = from_us;
    coverage->to_us = to_us;
    coverage->now_us = now_us;
    coverage->begin_us = from_us - COVERAGE_LOOK_BACK_US;
    coverage->end_us = smaller(to_us, now_us + AHEAD_US);
    int64_t fitting_us = (coverage->end_us - coverage->begin_us) / (SLOTS_MAX - 1) + 1;
    coverage->slot_us = larger(fitting_us, SLOT_MIN_US);
    coverage->unit_us = (coverage->slot_us + UNITS_OF_SLOT - 1) / UNITS_OF_SLOT;
    return coverage;
}

void coverage_free(struct coverage *coverage)
{
    for (size_t i = 0; coverage && i < COUNT_OF(coverage->sources); i++)
        for (size_t k = 0; k < COUNT_OF(coverage->sources[i].pages); k++)
            free(coverage->sources[i].pages[k]);
    free(coverage);
}

/* --- noting ----------------------------------------------------------------------------------------------------------- */

static struct source *source_of(struct coverage *coverage, struct bytes name)
{
    if (name.length > SOURCE_BYTES_MAX)
        name.length = SOURCE_BYTES_MAX;
    for (size_t i = 0; i < coverage->source_count; i++) {
        struct source *source = &coverage->sources[i];
        if (bytes_equal(name, (struct bytes){source->name, source->name_length}))
            return source;
    }
    bool full = coverage->source_count == SOURCES_MAX;
    struct source *source = &coverage->sources[full ? SOURCES_MAX : coverage->source_count++];
    if (full)
        name = bytes_of("others");
    if (name.length)
        memcpy(source->name, name.data, name.length);
    source->name_length = name.length;
    return source;
}

static struct slot *page_of(struct source *source, int64_t slot)
{
    struct slot **page = &source->pages[slot / PAGE_SLOTS];
    if (*page)
        return *page;
    *page = mem_resize(NULL, PAGE_SLOTS, sizeof **page);
    for (size_t i = 0; i < PAGE_SLOTS; i++)
        (*page)[i] = (struct slot){.first = UINT16_MAX};
    return *page;
}

static void note_slot(const struct coverage *coverage, struct source *source, int64_t time_us)
{
    int64_t since_us = time_us - coverage->begin_us;
    int64_t index = since_us / coverage->slot_us;
    struct slot *slot = &page_of(source, index)[index % PAGE_SLOTS];
    uint16_t unit = (uint16_t)(since_us % coverage->slot_us / coverage->unit_us);
    source->slots += slot->first > slot->last;
    if (unit < slot->first)
        slot->first = unit;
    if (unit > slot->last)
        slot->last = unit;
    source->count++;
}

void coverage_note(struct coverage *coverage, struct bytes name, int64_t time_us)
{
    struct source *source = source_of(coverage, name);
    source->seen = true;
    if (time_us >= coverage->begin_us && time_us <= coverage->end_us)
        note_slot(coverage, source, time_us);
    if (time_us < coverage->from_us || time_us > coverage->to_us)
        return;
    if (!source->records || time_us < source->first_us)
        source->first_us = time_us;
    if (!source->records || time_us > source->last_us)
        source->last_us = time_us;
    source->records++;
}

/* --- silences ---------------------------------------------------------------------------------------------------------- */

struct gap {
    int64_t from_us, to_us;
};

struct gaps {
    const struct coverage *coverage;
    int64_t limit_us;
    struct gap list[GAPS_MAX];
    size_t count;
};

/* The next slot that has records, in the order of time; false: none. */
static bool next_slot(const struct coverage *coverage, const struct source *source, size_t *index,
                      struct gap *ret_slot)
{
    for (size_t i = *index; i < COUNT_OF(source->pages) * PAGE_SLOTS; i++) {
        const struct slot *page = source->pages[i / PAGE_SLOTS];
        if (!page) {
            i += PAGE_SLOTS - 1 - i % PAGE_SLOTS;
            continue;
        }
        const struct slot *slot = &page[i % PAGE_SLOTS];
        if (slot->first > slot->last)
            continue;
        int64_t slot_us = coverage->begin_us + (int64_t)i * coverage->slot_us;
        *ret_slot = (struct gap){slot_us + slot->first * coverage->unit_us,
                                 slot_us + slot->last * coverage->unit_us};
        *index = i + 1;
        return true;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Intervals inside a slot are shorter than any that matters: they count, and that is all that the median needs of them. */
static int64_t silence_limit(const struct coverage *coverage, const struct source *source)
{
    int64_t least_us = larger(GAP_MIN_US, coverage->slot_us);
    int64_t inside = source->count - source->slots, median = (source->count - 1) / 2;
    if (source->slots < 2 || median < inside)
        return least_us;
    CLEANUP(mem_free) int64_t *list = mem_alloc((size_t)source->slots * sizeof *list);
    struct gap slot, before = {0};
    size_t index = 0, count = 0;
    (void)next_slot(coverage, source, &index, &before);
    for (; next_slot(coverage, source, &index, &slot); before = slot)
        list[count++] = slot.from_us - before.to_us;
    qsort(list, count, sizeof *list, by_number);
    return larger(least_us, 10 * list[median - inside]);
}

static size_t shortest_of(const struct gaps *gaps)
{
    size_t shortest = 0;
    for (size_t i = 1; i < gaps->count; i++)
        if (gaps->list[i].to_us - gaps->list[i].from_us <
            gaps->list[shortest].to_us - gaps->list[shortest].from_us)
            shortest = i;
    return shortest;
}

/* Gaps come in the order of time and stay in it. */
static void keep_gap(struct gaps *gaps, struct gap gap)
{
    if (gaps->count == GAPS_MAX) {
        size_t out = shortest_of(gaps);
        if (gap.to_us - gap.from_us <= gaps->list[out].to_us - gaps->list[out].from_us)
            return;
        memmove(&gaps->list[out], &gaps->list[out + 1], (--gaps->count - out) * sizeof gap);
    }
    gaps->list[gaps->count++] = gap;
}

static void note_gap(struct gaps *gaps, int64_t from_us, int64_t to_us)
{
    const struct coverage *coverage = gaps->coverage;
    int64_t end_us = smaller(coverage->to_us, coverage->now_us);
    if (to_us - from_us > gaps->limit_us && to_us > coverage->from_us && from_us < end_us)
        keep_gap(gaps, (struct gap){larger(from_us, coverage->from_us), smaller(to_us, end_us)});
}

/* Silence at both ends of the window counts as well: a source that stopped is what one wants to know of. */
static void find_gaps(struct gaps *gaps, const struct source *source)
{
    int64_t before_us = gaps->coverage->from_us;
    struct gap slot;
    size_t index = 0;
    for (; next_slot(gaps->coverage, source, &index, &slot); before_us = slot.to_us)
        note_gap(gaps, before_us, slot.from_us);
    note_gap(gaps, before_us, smaller(gaps->coverage->to_us, gaps->coverage->now_us));
}

/* --- as JSON ------------------------------------------------------------------------------------------------------------- */

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

static json_t *gaps_json(const struct coverage *coverage, const struct source *source)
{
    struct gaps gaps = {.coverage = coverage, .limit_us = silence_limit(coverage, source)};
    json_t *list = json_array();
    find_gaps(&gaps, source);
    for (size_t i = 0; i < gaps.count; i++)
        json_array_append_new(list, coverage_window(gaps.list[i].from_us, gaps.list[i].to_us));
    return list;
}

static json_t *source_json(const struct coverage *coverage, const struct source *source)
{
    json_t *json =
        json_pack("{s:o, s:I, s:o, s:b}", "source",
                  ecs_text_json((struct bytes){source->name, source->name_length}), "records",
                  (json_int_t)source->records, "gaps", gaps_json(coverage, source), "unsigned", 1);
    if (source->records) {
        json_object_set_new(json, "first", time_json(source->first_us));
        json_object_set_new(json, "last", time_json(source->last_us));
    }
    return json;
}

json_t *coverage_json(const struct coverage *coverage, const struct coverage_counts *counts,
                      size_t bytes_max)
{
    json_t *sources = json_array(),
           *json = json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}", "window",
                             coverage_window(coverage->from_us, coverage->to_us), "scanned",
                             (json_int_t)counts->scanned, "unparsed", (json_int_t)counts->unparsed,
                             "damaged", (json_int_t)counts->damaged, "sources", sources,
                             "rebuilding", counts->rebuilding);
    size_t bytes = json_dumpb(json, NULL, 0, JSON_COMPACT) + sizeof ",\"sources_cut\":50";
    json_int_t cut = 0;
    for (size_t i = 0; i < COUNT_OF(coverage->sources); i++) {
        json_auto_t *source =
            coverage->sources[i].seen ? source_json(coverage, &coverage->sources[i]) : NULL;
        size_t length = source ? json_dumpb(source, NULL, 0, JSON_COMPACT) + 1 : 0;
        bool fits = bytes + length <= bytes_max;
        cut += source && !fits;
        if (source && fits)
            json_array_append(sources, source);
        bytes += fits ? length : 0;
    }
    if (cut)
        json_object_set_new(json, "sources_cut", json_integer(cut));
    return json;
}
