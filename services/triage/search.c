/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/search.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"
#include "services/triage/detection.h"
#include "services/triage/extract.h"
#include "services/triage/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_TURN_MS 200
#define AGAIN_AFTER_US 500000

static struct metric metrics[] = {
    {.name = "triage_searches_total{outcome=\"done\"}", .help = "Searches", .kind = METRIC_COUNTER},
    {.name = "triage_searches_total{outcome=\"cancelled\"}",
     .help = "Searches",
     .kind = METRIC_COUNTER},
    {.name = "triage_search_seconds",
     .help = "From the start of a search's work to its result",
     .kind = METRIC_HISTOGRAM},
};
enum { COUNT_DONE, COUNT_CANCELLED, SECONDS };

static bool is_cancelled(void *context)
{
    const struct work *work = context;
    return work->cancelled(work);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int64_t time_of(const json_t *object, const char *name, int64_t otherwise_us)
{
    int64_t time_us = otherwise_us;
    const char *text = text_of(object, name);
    if (text)
        (void)clock_parse(text, strlen(text), &time_us);
    return time_us;
}

/* --- until the store has passed the ends ----------------------------------------------------------------------------- */

static void read_ends(const struct search_context *search, const json_t *json, int64_t *ret_ends)
{
    for (int32_t i = 0; i < search->partition_count; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        ret_ends[i] = json_integer_value(json_object_get(json, name));
    }
}

/* `ends` are missing where Kafka did not tell them in time for the record that announced the search. */
static bool learn_ends(const struct work *work, int64_t *ret_ends)
{
    const struct search_context *search = work->service;
    const json_t *published = json_object_get(work->parameters, "ends");
    struct why why;
    if (published) {
        read_ends(search, published, ret_ends);
        return true;
    }
    while (!work->cancelled(work)) {
        if (ingest_ask_ends(search->ingest, ret_ends, clock_monotonic_ms() + 5000, &why) ==
            VERDICT_OK)
            return true;
        log_event(LOG_WARNING, "search.waiting", "case=%s why=%s", work->case_id, why.text);
    }
    return false;
}

static bool wait_for_store(const struct work *work, const int64_t *ends)
{
    const struct search_context *search = work->service;
    while (!work->cancelled(work))
        if (logstore_wait(search->store, ends, clock_monotonic_ms() + WAIT_TURN_MS))
            return true;
    return false;
}

/* --- uploads ------------------------------------------------------------------------------------------------------------ */

static enum verdict bring_upload(const struct work *work, const json_t *upload, json_t **ret_note,
                                 struct why *why)
{
    const struct search_context *search = work->service;
    struct upload_request request = {.kafka = search->kafka,
                                     .store = search->store,
                                     .case_id = work->case_id,
                                     .upload = upload,
                                     .now_us = clock_now_us(),
                                     .cancelled = is_cancelled,
                                     .context = (void *)(uintptr_t)work};
    enum verdict verdict;
    bool said = false;
    while ((verdict = upload_bring(&request, ret_note, why)) == VERDICT_RETRY &&
           !work->cancelled(work)) {
        if (!said)
            log_event(LOG_WARNING, "upload.waiting", "case=%s upload=%s why=%s", work->case_id,
                      text_of(upload, "upload"), why->text);
        said = true;
        usleep(AGAIN_AFTER_US);
    }
    return verdict;
}

/* `ret_notes`: {"<upload>": note}; `ret_stored`: ids of those that have lines. */
static enum verdict bring_uploads(const struct work *work, json_t *ret_notes, json_t *ret_stored,
                                  struct why *why)
{
    const json_t *uploads = json_object_get(work->parameters, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++) {
        const char *id = text_of(json_array_get(uploads, i), "upload");
        json_t *note = NULL;
        enum verdict verdict = bring_upload(work, json_array_get(uploads, i), &note, why);
        if (verdict != VERDICT_OK)
            return verdict;
        if (strcmp(text_of(note, "status"), "stored") == 0)
            json_array_append_new(ret_stored, json_string(id));
        json_object_set_new(ret_notes, id, note);
    }
    return VERDICT_OK;
}

/* --- the result ----------------------------------------------------------------------------------------------------------- */

static struct processor_result *answer(const struct work *work, json_t *members)
{
    json_object_set(members, "search", json_object_get(work->parameters, "search"));
    json_object_set(members, "again", json_object_get(work->parameters, "again"));
    return processor_result_new(members);
}

static struct processor_result *answer_cancelled(const struct work *work)
{
    metric_add(&metrics[COUNT_CANCELLED], 1);
    return answer(work, json_pack("{s:{s:s}}", "failed", "code", "cancelled"));
}

/* A disk that fails says nothing of the customer's logs: the process ends, and whoever starts next searches. */
static struct processor_result *never_answer(const struct work *work, const struct why *why)
{
    service_fail("search.store_failed", why->text);
    while (!work->cancelled(work))
        usleep(WAIT_TURN_MS * 1000);
    return answer_cancelled(work);
}

static void add_chunks(const struct work *work, struct processor_result *result,
                       const struct extract_result *found)
{
    for (size_t i = 0; i < found->chunk_count; i++) {
        char seq[24];
        snprintf(seq, sizeof seq, "%zu", i);
        json_t *headers = json_pack("{s:O, s:s}", "search",
                                    json_object_get(work->parameters, "search"), "seq", seq);
        processor_result_add(result, "extracts", "extract.chunk", "application/x-ndjson",
                             (struct bytes){found->chunks[i].data, found->chunks[i].length},
                             headers);
    }
}

/* A look again that brought no new detection is not published: it needs no chunks. */
static struct processor_result *
answer_found(const struct work *work, const struct extract_result *found, const json_t *notes)
{
    bool again = json_is_true(json_object_get(work->parameters, "again"));
    bool fresh = json_integer_value(json_object_get(found->summary, "fresh")) > 0;
    json_t *members =
        again && !fresh ? json_pack("{s:i}", "fresh", 0) : json_deep_copy(found->summary);
    json_object_set(members, "uploads", (json_t *)(uintptr_t)notes);
    struct processor_result *result = answer(work, members);
    if (!again || fresh)
        add_chunks(work, result, found);
    metric_add(&metrics[COUNT_DONE], 1);
    return result;
}

static struct processor_result *extract(const struct work *work, const json_t *notes,
                                        const json_t *stored, const int64_t *ends)
{
    const struct search_context *search = work->service;
    const json_t *p = work->parameters, *window = json_object_get(p, "window");
    CLEANUP(extract_result_clear) struct extract_result found = {0};
    struct why why = {0};
    struct extract_request request = {
        .store = search->store,
        .partition_count = search->partition_count,
        .owner = text_of(p, "owner"),
        .case_id = work->case_id,
        .uploads = stored,
        .from_us = time_of(window, "from", 0),
        .to_us = time_of(window, "to", INT64_MAX / 2),
        .now_us = clock_now_us(),
        .devices = json_object_get(p, "devices"),
        .indicators = json_object_get(p, "indicators"),
        .text = text_of(p, "text"),
        .since = json_is_true(json_object_get(p, "again")) ? ends : NULL,
        .rebuilding = !ingest_has_caught_up(search->ingest),
        .cancelled = is_cancelled,
        .context = (void *)(uintptr_t)work,
    };
    switch (extract_run(&request, &found, &why)) {
    case VERDICT_OK:
        return answer_found(work, &found, notes);
    case VERDICT_RETRY:
        return answer_cancelled(work);
    case VERDICT_REJECT:
    case VERDICT_FATAL:
        break;
    }
    return never_answer(work, &why);
}

static struct processor_result *run_search(const struct work *work, const int64_t *ends)
{
    json_auto_t *notes = json_object(), *stored = json_array();
    struct why why = {0};
    enum verdict verdict = bring_uploads(work, notes, stored, &why);
    if (verdict == VERDICT_FATAL)
        return never_answer(work, &why);
    return verdict == VERDICT_OK ? extract(work, notes, stored, ends) : answer_cancelled(work);
}

static bool stop_at_detection(void *context, const struct logstore_record *record)
{
    CLEANUP(parsed_clear) struct parsed parsed = {0};
    struct finding finding;
    format_parse(record->line, &parsed);
    detection_judge(&parsed, &finding);
    *(bool *)context = finding.detection;
    return !finding.detection;
}

static enum verdict find_news(struct logstore *store, const struct logstore_query *query,
                              bool *ret_found, struct why *why)
{
    *ret_found = false;
    return logstore_read(store, query, stop_at_detection, ret_found, NULL, why);
}

bool search_finds_news(struct logstore *store, const struct watch_look *look)
{
    struct logstore_query query = {
        .owner = look->owner, .from_us = look->from_us, .to_us = look->to_us, .since = look->since};
    struct why why;
    bool found;
    return find_news(store, &query, &found, &why) == VERDICT_OK && found;
}

/* What is new is searched first, and nothing else unless there is a detection in it: groups, samples, pivots and the
 * chunks of an extract are of the whole window then. */
static struct processor_result *look_again(const struct work *work, const int64_t *ends)
{
    const struct search_context *search = work->service;
    const json_t *window = json_object_get(work->parameters, "window");
    struct logstore_query query = {.owner = text_of(work->parameters, "owner"),
                                   .from_us = time_of(window, "from", 0),
                                   .to_us = time_of(window, "to", INT64_MAX / 2),
                                   .since = ends};
    struct why why = {0};
    bool found;
    if (find_news(search->store, &query, &found, &why) != VERDICT_OK)
        return never_answer(work, &why);
    return found ? run_search(work, ends) : answer(work, json_pack("{s:i}", "fresh", 0));
}

static struct processor_result *run(const struct work *work)
{
    const struct search_context *search = work->service;
    CLEANUP(mem_free) int64_t *ends = mem_alloc((size_t)search->partition_count * sizeof *ends);
    bool again = json_is_true(json_object_get(work->parameters, "again"));
    if (!learn_ends(work, ends) || !wait_for_store(work, ends))
        return answer_cancelled(work);
    return again ? look_again(work, ends) : run_search(work, ends);
}

/* A finding keeps its mark until it is committed. */
static void tell_watch(const struct work *work, const struct processor_result *result,
                       int64_t took_ms)
{
    const struct search_context *search = work->service;
    const json_t *mark = json_object_get(work->parameters, "mark"),
                 *value = processor_result_value(result);
    bool settled = json_integer_value(json_object_get(value, "fresh")) == 0;
    if (mark && !work->cancelled(work))
        watch_done(search->watch, work->case_id, json_integer_value(mark), settled, took_ms);
}

struct processor_result *search_run(const struct work *work)
{
    int64_t begun_us = clock_monotonic_us();
    static _Atomic bool registered;
    if (!atomic_exchange(&registered, true))
        metrics_register(metrics, COUNT_OF(metrics));
    struct processor_result *result = run(work);
    int64_t took_us = clock_monotonic_us() - begun_us;
    metric_observe_us(&metrics[SECONDS], took_us);
    log_event(LOG_INFO, "search.ended", "case=%s work=%s", work->case_id, work->work_id);
    tell_watch(work, result, took_us / 1000);
    return result;
}
