/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/extract.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/ids.h"
#include "services/triage/coverage.h"
#include "services/triage/histogram.h"
#include "services/triage/spoken.h"
#include "services/triage/subject.h"
#include "services/triage/summary.h"
#include "services/triage/touched.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_RAW_MAX (64 * 1024)
#define CANCEL_EVERY_RECORDS 4096
#define CANCEL_EVERY_BYTES (1024 * 1024)
/* Of the summary's 256 KiB, measured as escaped JSON; samples have what the others leave. */
#define GROUPS_BYTES_MAX (64 * 1024)
#define COVERAGE_BYTES_MAX (64 * 1024)
#define POSITION_BYTES 48 /* "partition" and "offset" of a chunk, once Kafka has told them */
#define TOUCHED_BYTES_MAX (16 * 1024)
#define COUNTS_BYTES (8 * 1024) /* names, numbers, times, what is said */

struct match {
    int64_t time_us;
    int64_t offset;
    int32_t partition;
    uint32_t length;
    char *line; /* without newline */
};

struct matches {
    struct match *list;
    size_t count, room;
};

struct extraction {
    const struct extract_request *request;
    struct subject *subject;
    struct coverage *coverage;
    struct summary *summary;
    struct touched *touched;
    struct histogram histogram;
    struct matches matches, pivots; /* pivots make room for what ranks before them */
    int64_t bytes;
    bool truncated, cancelled;
    int64_t damaged;               /* blocks, in either pass */
    size_t unasked, unasked_bytes; /* whether it is still wanted */
    int64_t scanned, unparsed, detections, blocked, fresh, hits;
    const char *upload; /* being read; NULL: the owner's stream */
    bool second;        /* pass */
    int64_t *next;      /* where the first pass ended */
    struct buf line;
};

void extract_upload_owner(const char *case_id, const char *upload,
                          char ret_owner[LOGSTORE_OWNER_MAX + 1])
{
    snprintf(ret_owner, LOGSTORE_OWNER_MAX + 1, "%s/%s", case_id, upload);
}

/* --- one record ------------------------------------------------------------------------------------------------------ */

/* Lines without a time of their own carry the time of their upload, which says nothing: they belong to every window. */
static bool is_untimed(const struct extraction *e, const struct logstore_record *record)
{
    return e->upload && record->time_source >= EVENT_TIME_APPEND;
}

static bool is_in_window(const struct extraction *e, const struct logstore_record *record)
{
    if (is_untimed(e, record))
        return true;
    return record->time_us >= e->request->from_us && record->time_us <= e->request->to_us;
}

static struct bytes source_of(const struct extraction *e, const struct logstore_record *record,
                              const struct parsed *parsed)
{
    if (record->host.data)
        return record->host;
    if (parsed->fields[FIELD_OBSERVER].data)
        return parsed->fields[FIELD_OBSERVER];
    if (record->product.data)
        return record->product;
    if (parsed->fields[FIELD_PRODUCT].data)
        return parsed->fields[FIELD_PRODUCT];
    return bytes_of(e->upload ? e->upload : "unknown");
}

static bool has_room(const struct extraction *e)
{
    return e->matches.count + e->pivots.count < LIMIT_EXTRACT_RECORDS &&
           e->bytes + (int64_t)e->line.length + 1 <= LIMIT_EXTRACT_BYTES;
}

static void give_up_pivot(struct extraction *e)
{
    struct match *last = &e->pivots.list[--e->pivots.count];
    e->bytes -= (int64_t)last->length + 1;
    free(TAKE(last->line));
}

/* Detections come in the first pass; of the second, devices and what was asked for rank before pivots. */
static void add_match(struct extraction *e, const struct ecs_record *record)
{
    bool pivot = record->reason == ECS_PIVOT && !subject_is_asked(e->subject, record->parsed->line);
    struct matches *to = pivot ? &e->pivots : &e->matches;
    if (pivot && e->truncated)
        return;
    ecs_write_within(record, LINE_RAW_MAX, &e->line);
    while (!has_room(e)) {
        e->truncated = true;
        if (pivot || !e->pivots.count)
            return;
        give_up_pivot(e);
    }
    if (to->count == to->room) {
        to->room = to->room ? 2 * to->room : 128;
        to->list = mem_resize(to->list, to->room, sizeof to->list[0]);
    }
    to->list[to->count++] = (struct match){.time_us = record->record->time_us,
                                           .offset = record->record->offset,
                                           .partition = record->record->partition,
                                           .length = (uint32_t)e->line.length,
                                           .line = mem_dup(e->line.data, e->line.length)};
    e->bytes += (int64_t)e->line.length + 1;
}

/* A line of no known format is looked through as a whole, with the header that names its sender. */
static const char *device_of(const struct extraction *e, const struct ecs_record *record)
{
    return record->parsed->format ? subject_touches(e->subject, record->parsed)
                                  : subject_touches_text(e->subject, record->parsed->line);
}

static void count_in_time(struct extraction *e, const struct ecs_record *record)
{
    bool severe = record->finding->severity >= DETECTION_SEVERE;
    if (is_untimed(e, record->record))
        histogram_count_untimed(&e->histogram, severe);
    else
        histogram_count(&e->histogram, record->record->time_us, severe);
}

static void take_detection(struct extraction *e, struct ecs_record *record)
{
    const int64_t *since = e->request->since;
    e->detections++;
    e->blocked += strcmp(record->finding->action, "blocked") == 0 ||
                  strcmp(record->finding->action, "quarantined") == 0;
    e->fresh +=
        !since || (!e->upload && record->record->offset >= since[record->record->partition]);
    record->reason = ECS_DETECTION;
    record->device = device_of(e, record);
    e->hits += record->device || subject_is_asked(e->subject, record->parsed->line);
    subject_learn(e->subject, record->parsed);
    summary_count(e->summary, record);
    summary_sample(e->summary, record);
    count_in_time(e, record);
    add_match(e, record);
}

static void take_related(struct extraction *e, struct ecs_record *record)
{
    record->device = device_of(e, record);
    record->reason = record->device ? ECS_DEVICE : ECS_PIVOT;
    if (!record->device && !subject_mentions(e->subject, record->parsed->line))
        return;
    e->hits += record->device || subject_is_asked(e->subject, record->parsed->line);
    const char *indicator = subject_mentioned(e->subject, record->parsed->line);
    if (indicator)
        touched_count(e->touched, indicator, record);
    summary_sample(e->summary, record);
    add_match(e, record);
}

static bool look_again(struct extraction *e, const struct logstore_record *record)
{
    e->unasked++;
    e->unasked_bytes += record->line.length;
    if (e->unasked < CANCEL_EVERY_RECORDS && e->unasked_bytes < CANCEL_EVERY_BYTES)
        return !e->cancelled;
    e->unasked = e->unasked_bytes = 0;
    if (e->request->cancelled && e->request->cancelled(e->request->context))
        e->cancelled = true;
    return !e->cancelled;
}

static bool take_record(void *context, const struct logstore_record *record)
{
    struct extraction *e = context;
    CLEANUP(parsed_clear) struct parsed parsed = {0};
    struct finding finding;
    bool inside = is_in_window(e, record);
    if (e->second && !inside)
        return look_again(e, record);
    format_parse(record->line, &parsed);
    if (!e->second)
        coverage_note(e->coverage, source_of(e, record, &parsed), record->time_us);
    if (!inside)
        return look_again(e, record);
    detection_judge(&parsed, &finding);
    struct ecs_record found = {
        .record = record, .parsed = &parsed, .finding = &finding, .upload = e->upload};
    if (!e->second) {
        e->scanned++;
        e->unparsed += !parsed.format;
    }
    if (!e->second && finding.detection)
        take_detection(e, &found);
    if (e->second && !finding.detection)
        take_related(e, &found);
    return look_again(e, record);
}

/* --- passes -------------------------------------------------------------------------------------------------------------- */

/* The first pass looks back seven days before the window, to know what interval is usual for each source. */
static enum verdict read_owner(struct extraction *e, struct why *why)
{
    const struct extract_request *request = e->request;
    struct logstore_query query = {.owner = request->owner,
                                   .from_us = request->from_us,
                                   .to_us = request->to_us,
                                   .damaged = &e->damaged};
    if (e->second)
        query.until = e->next;
    else
        query.from_us -= COVERAGE_LOOK_BACK_US;
    e->upload = NULL;
    return logstore_read(request->store, &query, take_record, e, e->second ? NULL : e->next, why);
}

static enum verdict read_uploads(struct extraction *e, struct why *why)
{
    char owner[LOGSTORE_OWNER_MAX + 1];
    struct logstore_query query = {
        .owner = owner, .from_us = 0, .to_us = INT64_MAX, .damaged = &e->damaged};
    for (size_t i = 0; i < json_array_size(e->request->uploads) && !e->cancelled; i++) {
        e->upload = json_string_value(json_array_get(e->request->uploads, i));
        extract_upload_owner(e->request->case_id, e->upload, owner);
        if (logstore_read(e->request->store, &query, take_record, e, NULL, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
    return VERDICT_OK;
}

static enum verdict run_pass(struct extraction *e, struct why *why)
{
    if (e->request->owner && read_owner(e, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (read_uploads(e, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return e->cancelled ? retry(why, "cancelled") : VERDICT_OK;
}

static enum verdict run_passes(struct extraction *e, struct why *why)
{
    if (!e->request->owner)
        logstore_positions(e->request->store, e->next);
    enum verdict verdict = run_pass(e, why);
    e->second = true;
    if (verdict == VERDICT_OK && !subject_is_empty(e->subject))
        verdict = run_pass(e, why);
    return verdict;
}

/* --- the answer ------------------------------------------------------------------------------------------------------------- */

static int in_order(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static struct extract_chunk *add_chunk(struct extract_result *result)
{
    result->chunks = mem_resize(result->chunks, result->chunk_count + 1, sizeof result->chunks[0]);
    result->chunks[result->chunk_count] =
        (struct extract_chunk){.data = mem_resize(NULL, LIMIT_CHUNK_BYTES, 1)};
    return &result->chunks[result->chunk_count++];
}

static void put_in_order(struct extraction *e)
{
    struct matches *all = &e->matches;
    size_t count = all->count + e->pivots.count;
    all->list = mem_resize(all->list, count, sizeof all->list[0]);
    if (e->pivots.count)
        memcpy(all->list + all->count, e->pivots.list, e->pivots.count * sizeof all->list[0]);
    e->pivots.count = 0; /* they belong to the others now */
    all->count = count;
    if (count)
        qsort(all->list, count, sizeof all->list[0], in_order);
}

static void make_chunks(struct extraction *e, struct extract_result *result)
{
    struct extract_chunk *chunk = NULL;
    put_in_order(e);
    for (size_t i = 0; i < e->matches.count; i++) {
        struct match *match = &e->matches.list[i];
        if (!chunk || chunk->length + match->length + 1 > LIMIT_CHUNK_BYTES)
            chunk = add_chunk(result);
        memcpy(chunk->data + chunk->length, match->line, match->length);
        chunk->data[chunk->length + match->length] = '\n';
        chunk->length += match->length + 1;
        chunk->records++;
        free(TAKE(match->line));
    }
}

static json_t *describe_chunks(const struct extract_result *result,
                               char ret_whole[IDS_SHA256_TEXT_SIZE])
{
    struct ids_sha256_state *whole = ids_sha256_begin();
    json_t *list = json_array();
    for (size_t i = 0; i < result->chunk_count; i++) {
        const struct extract_chunk *chunk = &result->chunks[i];
        char hash[IDS_SHA256_TEXT_SIZE];
        ids_sha256_text(chunk->data, chunk->length, hash);
        ids_sha256_add(whole, chunk->data, chunk->length);
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:I}", "size", (json_int_t)chunk->length,
                                        "sha256", hash, "records", (json_int_t)chunk->records));
    }
    ids_sha256_end(whole, ret_whole);
    return list;
}

static json_t *time_or_null(const struct extraction *e, bool last)
{
    char text[CLOCK_TEXT_SIZE];
    if (!e->matches.count)
        return json_null();
    clock_format_us(e->matches.list[last ? e->matches.count - 1 : 0].time_us, text);
    return json_string(text);
}

static json_t *ends_json(const struct extraction *e)
{
    json_t *ends = json_object();
    for (int32_t i = 0; i < e->request->partition_count; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        json_object_set_new(ends, name, json_integer(e->next[i]));
    }
    return ends;
}

static size_t size_of(const json_t *json)
{
    return json_dumpb(json, NULL, 0, JSON_COMPACT);
}

static json_t *summarise(struct extraction *e, const struct extract_result *result)
{
    char whole[IDS_SHA256_TEXT_SIZE];
    struct coverage_counts counts = {e->scanned, e->unparsed, e->damaged, e->request->rebuilding};
    json_t *chunks = describe_chunks(result, whole), *ends = ends_json(e);
    json_t *groups = summary_groups(e->summary, GROUPS_BYTES_MAX);
    json_t *coverage = coverage_json(e->coverage, &counts, COVERAGE_BYTES_MAX);
    json_t *pivots = subject_indicators(e->subject);
    json_t *touched = touched_json(e->touched, TOUCHED_BYTES_MAX);
    json_t *histogram = histogram_json(&e->histogram);
    size_t taken = size_of(groups) + size_of(coverage) + size_of(pivots) + size_of(ends) +
                   size_of(touched) + size_of(histogram) + size_of(chunks) +
                   POSITION_BYTES * result->chunk_count + COUNTS_BYTES;
    assert(taken < LIMIT_SUMMARY_BYTES);
    json_t *summary = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:I}",
        "records", (json_int_t)e->matches.count, "detections", (json_int_t)e->detections, "hits",
        (json_int_t)e->hits, "blocked", (json_int_t)e->blocked, "fresh", (json_int_t)e->fresh,
        "first", time_or_null(e, false), "last", time_or_null(e, true), "bytes",
        (json_int_t)e->bytes, "sha256", whole, "truncated", e->truncated || e->damaged, "chunks",
        chunks, "ends", ends, "coverage", coverage, "groups", groups, "samples",
        summary_samples(e->summary, LIMIT_SUMMARY_BYTES - taken), "pivots", pivots, "touched",
        touched, "touched_devices", (json_int_t)touched_devices(e->touched));
    json_object_set_new(summary, "severe", json_integer((json_int_t)e->histogram.severe_count));
    json_object_set_new(summary, "histogram", histogram);
    json_object_set_new(summary, "spoken", spoken_of(summary));
    return summary;
}

static void matches_clear(struct matches *matches)
{
    for (size_t i = 0; i < matches->count; i++)
        free(matches->list[i].line);
    free(matches->list);
}

static void extraction_clear(struct extraction *e)
{
    matches_clear(&e->matches);
    matches_clear(&e->pivots);
    free(e->next);
    buf_free(&e->line);
    subject_free(e->subject);
    coverage_free(e->coverage);
    summary_free(e->summary);
    touched_free(e->touched);
}

enum verdict extract_run(const struct extract_request *request, struct extract_result *ret_result,
                         struct why *why)
{
    CLEANUP(extraction_clear)
    struct extraction e = {
        .request = request,
        .subject = subject_new(request->devices, request->indicators, request->text),
        .coverage = coverage_new(request->from_us, request->to_us, request->now_us),
        .summary = summary_new(),
        .touched = touched_new(),
        .next = mem_alloc((size_t)request->partition_count * sizeof(int64_t)),
    };
    buf_init(&e.line, LIMIT_CHUNK_BYTES - 1);
    histogram_begin(&e.histogram, request->from_us, request->to_us);
    enum verdict verdict = run_passes(&e, why);
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_result = (struct extract_result){0};
    make_chunks(&e, ret_result);
    ret_result->summary = summarise(&e, ret_result);
    return VERDICT_OK;
}

void extract_result_clear(struct extract_result *result)
{
    for (size_t i = 0; i < result->chunk_count; i++)
        free(result->chunks[i].data);
    free(result->chunks);
    json_decref(result->summary);
    *result = (struct extract_result){0};
}
