/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/service.h"

#include "common/clock.h"
#include "common/desk/profile.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/service.h"
#include "services/triage/decide.h"
#include "services/triage/search.h"
#include "services/triage/time_text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE_FORMAT 2
#define FACTS_FRESH_US 1000
#define FACTS_WAIT_MS 2000
#define TURN_MS 250

static struct search_context context;
static struct processor *processor;
static struct processor_definition definition;

/* --- facts: on the processor's thread --------------------------------------------------------------------------------- */

static json_t *facts;
static int64_t facts_asked_us;

static json_t *ask_ends(void)
{
    CLEANUP(mem_free) int64_t *ends = mem_alloc((size_t)context.partition_count * sizeof *ends);
    struct why why;
    if (ingest_ask_ends(context.ingest, ends, clock_monotonic_ms() + FACTS_WAIT_MS, &why) !=
        VERDICT_OK) {
        log_event(LOG_WARNING, "facts.ends_unknown", "why=%s", why.text);
        return NULL; /* the search asks for itself then */
    }
    json_t *json = json_object();
    for (int32_t i = 0; i < context.partition_count; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        json_object_set_new(json, name, json_integer(ends[i]));
    }
    return json;
}

/* Asked anew for each transaction: a record that was acknowledged before the case was opened lies below these ends. */
static const void *lend_facts(void *unused)
{
    (void)unused;
    if (!facts || clock_monotonic_us() - facts_asked_us > FACTS_FRESH_US) {
        json_t *ends = ask_ends();
        json_decref(facts);
        facts = json_object();
        if (ends)
            json_object_set_new(facts, "ends", ends);
        facts_asked_us = clock_monotonic_us();
    }
    return facts;
}

/* The plan is pure; what is watched follows from the same state, and goes first: a finding that this state has is no news
 * any more. */
static void plan_and_watch(const json_t *state, const char *case_id, const void *lent,
                           struct plan *plan)
{
    (void)lent;
    watch_set(context.watch, case_id, triage_watched_search(state));
    int64_t shown = watch_shown(context.watch, case_id);
    json_auto_t *news = shown ? json_pack("{s:{s:I}}", "news", case_id, (json_int_t)shown) : NULL;
    triage_plan(state, case_id, news, plan);
}

/* --- news: on a thread of its own ------------------------------------------------------------------------------------------- */

static pthread_t watcher;
static _Atomic bool watching, watcher_stops;

static void watch_case(const char *case_id)
{
    json_auto_t *state = NULL;
    struct why why;
    if (processor_read_state(processor, case_id, &state, &why) != VERDICT_OK || !state)
        return;
    const json_t *search = triage_watched_search(state);
    if (search)
        (void)watch_add(context.watch, case_id, search);
}

/* A warm cache plans open work only: the cases that wait for news are looked up whenever partitions were assigned. */
static void watch_assigned(void)
{
    static json_int_t seen;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 4096);
    if (!processor_is_ready(processor, &text))
        return;
    json_auto_t *detail = json_loadb(text.data, text.length, 0, NULL);
    json_int_t assignments = json_integer_value(json_object_get(detail, "assignments"));
    if (assignments == seen)
        return;
    seen = assignments;
    json_auto_t *cases = processor_cases(processor);
    for (size_t i = 0; i < json_array_size(cases) && !atomic_load(&watcher_stops); i++)
        watch_case(json_string_value(json_array_get(cases, i)));
    log_event(LOG_INFO, "watch.filled", "cases=%zu", json_array_size(cases));
}

/* What came in between a search's look at the store and its answer. */
static void look_for_missed(void)
{
    struct watch_look look = {0};
    while (!atomic_load(&watcher_stops) && watch_next_look(context.watch, &look)) {
        if (search_finds_news(context.store, &look))
            watch_mark_case(context.watch, look.case_id);
        watch_look_clear(&look);
    }
}

static void wake_due(void)
{
    json_auto_t *cases = watch_due(context.watch, clock_monotonic_ms());
    for (size_t i = 0; i < json_array_size(cases); i++)
        processor_wake(processor, json_string_value(json_array_get(cases, i)));
}

static void *watch_on(void *unused)
{
    (void)unused;
    while (!atomic_load(&watcher_stops)) {
        watch_assigned();
        look_for_missed();
        wake_due();
        usleep(TURN_MS * 1000);
    }
    return NULL;
}

static enum verdict start_watcher(struct why *why)
{
    if (pthread_create(&watcher, NULL, watch_on, NULL) != 0)
        return fatal(why, "no thread for the watch");
    atomic_store(&watching, true);
    return VERDICT_OK;
}

static void stop_watcher(void)
{
    atomic_store(&watcher_stops, true);
    if (atomic_exchange(&watching, false))
        pthread_join(watcher, NULL);
}

/* --- start and stop ------------------------------------------------------------------------------------------------------- */

enum verdict triage_check(struct why *why)
{
    CLEANUP(profile_release_at) struct profile *profile = NULL;
    if (!triage_config.desk_file)
        return VERDICT_OK;
    if (profile_load(triage_config.desk_file, &profile, why) != VERDICT_OK)
        return VERDICT_FATAL;
    const char *zone = json_string_value(json_object_get(profile_json(profile), "time_zone"));
    time_text_set_zone(
        zone && strcmp(zone, "UTC") == 0 ? 0 : 9 * 3600); /* the two that the profile knows */
    return VERDICT_OK;
}

static enum verdict open_store(const char *cluster_id, struct why *why)
{
    char *folder =
        mem_printf("%s/logs", triage_config.state_dir); /* both live as long as the store */
    char *identity = mem_printf("%s %d %d", cluster_id, context.partition_count, STORE_FORMAT);
    struct logstore_config config = {.folder = folder,
                                     .identity = identity,
                                     .partition_count = context.partition_count,
                                     .retention_days = triage_config.log_retention_days,
                                     .checkpoint_every_ms = LOGSTORE_CHECKPOINT_EVERY_MS,
                                     .held_bytes_max = LOGSTORE_HELD_BYTES_MAX};
    return logstore_open(&config, &context.store, why);
}

static enum verdict start_ingest(struct why *why)
{
    struct ingest_definition ingest = {.kafka = &triage_config.kafka,
                                       .store = context.store,
                                       .watch = context.watch,
                                       .partition_count = context.partition_count};
    return ingest_start(&ingest, &context.ingest, why);
}

static enum verdict start_processor(struct why *why)
{
    struct processor_config config = {.kafka = triage_config.kafka,
                                      .state_dir = triage_config.state_dir,
                                      .instance = triage_config.instance};
    definition = triage_definition;
    definition.plan = plan_and_watch;
    definition.work = search_run;
    definition.facts = lend_facts;
    definition.service_context = &context;
    return processor_start(&definition, &config, &processor, why);
}

enum verdict triage_start(struct why *why)
{
    static const char *const names[] = {"security-logs", "uploads"};
    const char *topics[COUNT_OF(names)];
    char cluster_id[64];
    for (size_t i = 0; i < COUNT_OF(names); i++)
        topics[i] = topics_full_name(names[i]);
    triage_config.kafka.client_id = "triage";
    context.kafka = &triage_config.kafka;
    enum verdict verdict =
        kafka_check_topics(&triage_config.kafka, topics, COUNT_OF(topics),
                           clock_monotonic_ms() + 20000, &context.partition_count, cluster_id, why);
    if (verdict == VERDICT_OK)
        verdict = open_store(cluster_id, why);
    if (verdict != VERDICT_OK)
        return verdict;
    context.watch = watch_new(context.partition_count);
    verdict = start_ingest(why);
    if (verdict == VERDICT_OK)
        verdict = start_processor(why);
    return verdict == VERDICT_OK ? start_watcher(why) : verdict;
}

void triage_stop(int64_t deadline_ms)
{
    stop_watcher();
    ingest_halt(context.ingest);
    processor_stop(TAKE(processor), deadline_ms);
    ingest_close(TAKE(context.ingest));
    logstore_close(TAKE(context.store));
    watch_free(TAKE(context.watch));
    json_decref(TAKE(facts));
}

bool triage_ready(json_t *detail)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 64 * 1024);
    if (!processor || !context.ingest)
        return false;
    bool processing = processor_is_ready(processor, &text);
    json_t *parts = text.length ? json_loadb(text.data, text.length, 0, NULL) : NULL;
    bool caught_up = ingest_has_caught_up(context.ingest);
    if (parts)
        json_object_set_new(detail, "processor", parts);
    json_object_set_new(detail, "log_store", json_pack("{s:b}", "rebuilding", !caught_up));
    return processing && caught_up;
}
