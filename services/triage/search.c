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
    {.name = "triage_searches_total{outcome=\"failed\"}",
     .help = "Searches",
     .kind = METRIC_COUNTER},
    {.name = "triage_search_seconds",
     .help = "From the start of a search's work to its result",
     .kind = METRIC_HISTOGRAM},
};
enum { COUNT_DONE, COUNT_FAILED, SECONDS };

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

static struct processor_result *answer_failure(const struct work *work, const char *code,
                                               const char *why)
{
    metric_add(&metrics[COUNT_FAILED], 1);
    return answer(work, json_pack("{s:{s:s, s:s}}", "failed", "code", code, "why", why));
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
        .cancelled = is_cancelled,
        .context = (void *)(uintptr_t)work,
    };
    switch (extract_run(&request, &found, &why)) {
    case VERDICT_OK:
        return answer_found(work, &found, notes);
    case VERDICT_RETRY:
        return answer_failure(work, "cancelled", why.text);
    case VERDICT_REJECT:
    case VERDICT_FATAL:
        break;
    }
    service_fail("search.store_failed", why.text);
    return answer_failure(work, "store", why.text);
}

static struct processor_result *run(const struct work *work)
{
    const struct search_context *search = work->service;
    json_auto_t *notes = json_object(), *stored = json_array();
    CLEANUP(mem_free) int64_t *ends = mem_alloc((size_t)search->partition_count * sizeof *ends);
    struct why why = {0};
    enum verdict verdict = bring_uploads(work, notes, stored, &why);
    if (verdict == VERDICT_FATAL)
        service_fail("search.store_failed", why.text);
    if (verdict != VERDICT_OK)
        return answer_failure(work, "uploads", why.text);
    if (!learn_ends(work, ends) || !wait_for_store(work, ends))
        return answer_failure(work, "cancelled", "given up while waiting for the log store");
    return extract(work, notes, stored, ends);
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

bool search_missed_news(const struct search_context *context, const json_t *search)
{
    CLEANUP(mem_free) int64_t *ends = mem_alloc((size_t)context->partition_count * sizeof *ends);
    const json_t *window = json_object_get(search, "window");
    struct logstore_query query = {.owner = text_of(search, "owner"),
                                   .from_us = time_of(window, "from", 0),
                                   .to_us = time_of(window, "to", INT64_MAX / 2),
                                   .since = ends};
    bool missed = false;
    struct why why;
    read_ends(context, json_object_get(search, "ends"), ends);
    return logstore_read(context->store, &query, stop_at_detection, &missed, NULL, &why) ==
               VERDICT_OK &&
           missed;
}

struct processor_result *search_run(const struct work *work)
{
    const struct search_context *search = work->service;
    int64_t begun_us = clock_now_us();
    static _Atomic bool registered;
    if (!atomic_exchange(&registered, true))
        metrics_register(metrics, COUNT_OF(metrics));
    struct processor_result *result = run(work);
    metric_observe_us(&metrics[SECONDS], clock_now_us() - begun_us);
    log_event(LOG_INFO, "search.ended", "case=%s work=%s", work->case_id, work->work_id);
    const char *mark = strrchr(work->work_id, '/');
    if (mark)
        watch_done(search->watch, work->case_id, strtoll(mark + 1, NULL, 10));
    return result;
}
