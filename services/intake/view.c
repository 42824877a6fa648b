/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folding thread: reads whatever is there, writes it with its offsets in one transaction, then tells who waits. A
 * record alone is committed at once; under load a transaction carries as many as came meanwhile.
 */
#include "services/intake/view_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_MAX 500
#define BOUNDS_WITHIN_MS 30000
#define WAITED_MS 1000      /* whoever waited once will again */
#define STANDING_LOOK_MS 20 /* whether the others have been answered */
/* In a row: between two rounds of the producer there is nobody for a moment. */
#define STANDING_LOOKS 5

static struct metric metrics[] = {
    {.name = "intake_view_collecting",
     .help = "1 while records come in numbers and are fetched together",
     .kind = METRIC_GAUGE},
    {.name = "intake_view_stood_back_total",
     .help = "How often the fold stood back for cases that were being opened",
     .kind = METRIC_COUNTER},
};
enum { METRIC_COLLECTING, METRIC_STOOD_BACK };

static int topic_index(const char *full_name)
{
    const char *name = topics_short_name(full_name);
    for (int i = 0; name && i < VIEW_TOPICS; i++)
        if (strcmp(view_topics[i], name) == 0)
            return i;
    return -1;
}

/* --- who waits -------------------------------------------------------------------------------------------------------------- */

static void look_up_outcome(struct view *view, sqlite3 *db, struct kafka_position at,
                            struct view_outcome *ret_outcome)
{
    bool row;
    struct why why;
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        db,
        "SELECT refusal, pointer, why, revision, head FROM events WHERE part = ?1 AND off = ?2");
    *ret_outcome = (struct view_outcome){0};
    sqlite3_bind_int(statement, 1, at.partition);
    sqlite3_bind_int64(statement, 2, at.offset);
    if (view_step(view, db, statement, &row, &why) != VERDICT_OK || !row)
        return; /* not known: the caller answers that it cannot tell */
    ret_outcome->known = true;
    ret_outcome->refusal = (enum case_refusal)sqlite3_column_int(statement, 0);
    snprintf(ret_outcome->pointer, sizeof ret_outcome->pointer, "%s",
             (const char *)sqlite3_column_text(statement, 1));
    snprintf(ret_outcome->why.text, sizeof ret_outcome->why.text, "%s",
             (const char *)sqlite3_column_text(statement, 2));
    ret_outcome->revision = sqlite3_column_int64(statement, 3);
    const char *head = (const char *)sqlite3_column_text(statement, 4);
    snprintf(ret_outcome->head, sizeof ret_outcome->head, "%s", head ? head : "");
}

/* With view->lock held. */
static void want(struct view *view, int more)
{
    atomic_fetch_add(&view->waiting, more);
    atomic_store(&view->waited_ms, clock_monotonic_ms());
    pthread_cond_signal(&view->wanted);
}

/* Somebody waits, or did in the last `within_ms`. */
static bool somebody_waited(const struct view *view, int within_ms)
{
    return atomic_load(&view->waiting) > 0 ||
           clock_monotonic_ms() - atomic_load(&view->waited_ms) < within_ms;
}

/* Takes the waiters whose record is committed out of the list; all of them when `all`. */
static struct view_waiter *take_waiters(struct view *view, bool all)
{
    struct view_waiter *taken = NULL, **at = &view->waiters;
    while (*at) {
        struct view_waiter *waiter = *at;
        if (!all && view->next[0][waiter->at.partition] <= waiter->at.offset) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->next = taken;
        taken = waiter;
        want(view, -1);
    }
    return taken;
}

static void tell_waiters(struct view *view, bool closing)
{
    pthread_mutex_lock(&view->lock);
    view->ended = closing;
    struct view_waiter *taken = take_waiters(view, closing);
    pthread_cond_broadcast(&view->moved);
    pthread_mutex_unlock(&view->lock);
    while (taken) {
        struct view_waiter *waiter = taken;
        struct view_outcome outcome;
        taken = waiter->next;
        if (!closing)
            look_up_outcome(view, view->writer, waiter->at, &outcome);
        waiter->passed(waiter->context, closing ? NULL : &outcome);
        free(waiter);
    }
}

void view_when_passed(struct view *view, struct kafka_position at, view_passed_fn *passed,
                      void *context)
{
    pthread_mutex_lock(&view->lock);
    bool already = view->next[0][at.partition] > at.offset, ended = view->ended;
    if (!already && !ended) {
        struct view_waiter *waiter = mem_alloc(sizeof *waiter);
        *waiter = (struct view_waiter){
            .next = view->waiters, .at = at, .passed = passed, .context = context};
        view->waiters = waiter;
        want(view, 1);
    }
    pthread_mutex_unlock(&view->lock);
    if (!already) {
        if (ended)
            passed(context, NULL);
        return;
    }
    struct view_outcome outcome;
    {
        BORROW(reader, view);
        look_up_outcome(view, reader.db, at, &outcome);
    }
    passed(context, &outcome);
}

/* With view->lock held. */
static void wait_moved(struct view *view, int64_t deadline_ms)
{
    want(view, 1);
    (void)clock_wait(&view->moved, &view->lock, deadline_ms);
    want(view, -1);
}

enum verdict view_catch_up(struct view *view, const char *case_id, int64_t deadline_ms,
                           struct why *why)
{
    int32_t first = case_id ? kafka_partition_of(bytes_of(case_id), view->partitions) : 0;
    int32_t last = case_id ? first : view->partitions - 1;
    CLEANUP(mem_free) int64_t *ends = mem_alloc((size_t)view->partitions * sizeof *ends);
    if (kafka_reader_ends(view->reader, topics_full_name("cases"), view->partitions, ends,
                          deadline_ms, why) != VERDICT_OK)
        return VERDICT_RETRY;
    bool passed = false;
    while (!passed && clock_monotonic_ms() < deadline_ms) {
        pthread_mutex_lock(&view->lock);
        passed = true;
        for (int32_t p = first; p <= last && passed; p++)
            passed = view->next[0][p] >= ends[p];
        if (!passed)
            wait_moved(view, deadline_ms);
        pthread_mutex_unlock(&view->lock);
    }
    return passed ? VERDICT_OK : retry(why, "the view has not caught up yet");
}

enum verdict view_wait_passed(struct view *view, const char *topic, struct kafka_position at,
                              int64_t deadline_ms, struct why *why)
{
    int index = topic_index(topics_full_name(topic));
    bool passed = false;
    assert(index >= 0);
    while (!passed && clock_monotonic_ms() < deadline_ms) {
        pthread_mutex_lock(&view->lock);
        passed = view->next[index][at.partition] > at.offset;
        if (!passed)
            wait_moved(view, deadline_ms);
        pthread_mutex_unlock(&view->lock);
    }
    return passed ? VERDICT_OK : retry(why, "the view has not caught up yet");
}

/* --- folding ---------------------------------------------------------------------------------------------------------------- */

static void check_ready(struct view *view)
{
    bool ready = true;
    for (int t = 0; t < VIEW_TOPICS && ready; t++)
        for (int32_t p = 0; p < view->partitions && ready; p++)
            ready = view->next[t][p] >= view->goal[t][p];
    if (ready) {
        atomic_store(&view->ready, true);
        log_event(LOG_INFO, "view.ready", "partitions=%d", view->partitions);
    }
}

static enum verdict take(struct view *view, enum kafka_read kind, const struct kafka_record *record,
                         int64_t **moved, struct why *why)
{
    int topic = topic_index(record->topic);
    if (record->at.offset < moved[topic][record->at.partition])
        return VERDICT_OK; /* read anew, because the broker did not have an offset: it is folded already */
    if (kind == KAFKA_READ_RECORD && view_store_record(view, topic, record, why) != VERDICT_OK)
        return VERDICT_FATAL;
    int64_t next = kind == KAFKA_READ_RECORD ? record->at.offset + 1 : record->at.offset;
    if (kind == KAFKA_READ_RECORD)
        view->follower->stands(topic, record->at.partition, next);
    view->level[topic][record->at.partition] =
        kind == KAFKA_READ_END || clock_now_us() / 1000 - record->timestamp_ms < VIEW_LEVEL_MS_MAX;
    if (next > moved[topic][record->at.partition])
        moved[topic][record->at.partition] = next;
    return VERDICT_OK;
}

static void publish_positions(struct view *view, int64_t **moved)
{
    pthread_mutex_lock(&view->lock);
    for (int t = 0; t < VIEW_TOPICS; t++)
        memcpy(view->next[t], moved[t], (size_t)view->partitions * sizeof(int64_t));
    pthread_mutex_unlock(&view->lock);
    if (!atomic_load(&view->ready))
        check_ready(view);
}

/* --- when records come in numbers ------------------------------------------------------------------------------------------- */

#define PACE_WINDOW_MS 500
#define PACE_COLLECT_FROM 200 /* records in a window */
#define PACE_AT_ONCE_BELOW 50

bool view_collects_next(const struct view_window *window, bool somebody_waited)
{
    int bound = window->collecting ? PACE_AT_ONCE_BELOW : PACE_COLLECT_FROM;
    return !somebody_waited && window->records >= bound;
}

static enum verdict take_pace(struct view *view, bool collecting, int64_t *const *moved,
                              struct why *why)
{
    enum verdict verdict =
        kafka_reader_set_pace(view->reader, collecting ? KAFKA_COLLECTING : KAFKA_AT_ONCE, why);
    for (int t = 0; t < VIEW_TOPICS; t++)
        for (int32_t p = 0; p < view->partitions && verdict == VERDICT_OK; p++)
            verdict = kafka_reader_seek(view->reader, topics_full_name(view_topics[t]), p,
                                        moved[t][p], why);
    metric_set(&metrics[METRIC_COLLECTING], collecting);
    return verdict;
}

/* Where somebody waits for a record, as with every command, and at a person's pace, each is fetched and written at once. When
 * hundreds come in a second for which nobody waits, one fetch over all partitions and one transaction for each of them would take
 * the processor from those who write them. */
static enum verdict keep_pace(struct view *view, struct view_window *window, int records,
                              int64_t *const *moved, struct why *why)
{
    int64_t now_ms = clock_monotonic_ms();
    window->records += records;
    if (now_ms < window->ends_ms)
        return VERDICT_OK;
    bool was = window->collecting, waited = somebody_waited(view, PACE_WINDOW_MS);
    bool collecting = atomic_load(&view->ready) ? view_collects_next(window, waited) : was;
    *window = (struct view_window){.ends_ms = now_ms + PACE_WINDOW_MS, .collecting = collecting};
    return collecting == was ? VERDICT_OK : take_pace(view, collecting, moved, why);
}

/* --- when others come first ------------------------------------------------------------------------------------------------- */

bool view_stands_back(const struct view_standing *now)
{
    return now->others_first && !now->somebody_waits && now->stood_ms < VIEW_STANDING_MS_MAX;
}

static bool is_level(const struct view *view)
{
    for (int t = 0; t < VIEW_TOPICS; t++)
        if (memchr(view->level[t], false, (size_t)view->partitions))
            return false;
    return true;
}

static bool others_first(const struct view *view)
{
    return view->follower->others_first && view->follower->others_first();
}

static int64_t stood_ms(const struct view *view)
{
    return clock_monotonic_ms() - view->stands_since_ms;
}

static bool begins_to_stand_back(const struct view *view)
{
    return others_first(view) && atomic_load(&view->ready) &&
           view_stands_back(
               &(struct view_standing){.others_first = true,
                                       .somebody_waits = somebody_waited(view, WAITED_MS),
                                       .stood_ms = is_level(view) ? 0 : stood_ms(view)});
}

static bool goes_on_standing_back(const struct view *view, bool for_others)
{
    return !atomic_load(&view->stopping) && view_stands_back(&(struct view_standing){
                                                .others_first = for_others,
                                                .somebody_waits = somebody_waited(view, WAITED_MS),
                                                .stood_ms = stood_ms(view)});
}

/* Whoever opens a case is answered when Kafka has it and needs nothing of the view. When many do at once, the fold, which costs
 * more than all the rest, stands still for a while, and reads nothing meanwhile: the log keeps it. */
static enum verdict stand_back(struct view *view, struct view_window *window, int64_t *const *moved,
                               struct why *why)
{
    if (!begins_to_stand_back(view))
        return VERDICT_OK;
    kafka_reader_rest(view->reader);
    if (is_level(view)) {
        view->stands_since_ms = clock_monotonic_ms();
        metric_add(&metrics[METRIC_STOOD_BACK], 1);
        /* What was fetched, and the pages that were read for it, are not wanted any more, and who comes now needs room. */
        sqlite3_db_release_memory(view->writer);
        mem_give_back();
    }
    pthread_mutex_lock(&view->lock);
    for (int quiet = 0; goes_on_standing_back(view, quiet < STANDING_LOOKS);
         quiet = others_first(view) ? 0 : quiet + 1)
        (void)clock_wait(&view->wanted, &view->lock, clock_monotonic_ms() + STANDING_LOOK_MS);
    *window = (struct view_window){.ends_ms = clock_monotonic_ms() + PACE_WINDOW_MS,
                                   .collecting = !somebody_waited(view, WAITED_MS)};
    pthread_mutex_unlock(&view->lock);
    /* First all that came meanwhile: who opens cases for ever must not keep the fold from them. But a tenth of a second in which
     * nobody came does not end what was begun. */
    for (int t = 0; t < VIEW_TOPICS; t++)
        memset(view->level[t], false, (size_t)view->partitions);
    return take_pace(view, window->collecting, moved, why);
}

/* One round: waits for a first record, then takes what is there, then commits. */
static enum verdict fold_round(struct view *view, int64_t **moved, int *ret_records,
                               struct why *why)
{
    struct kafka_record record;
    *ret_records = 0;
    enum kafka_read kind = kafka_reader_next(view->reader, 100, &record, why);
    if (kind == KAFKA_READ_NOTHING)
        return VERDICT_OK;
    if (!view_sql(view->writer, "BEGIN IMMEDIATE", why))
        return VERDICT_FATAL;
    for (int count = 0; kind != KAFKA_READ_NOTHING; count++) {
        if (kind == KAFKA_READ_FAILED || take(view, kind, &record, moved, why) != VERDICT_OK)
            return VERDICT_FATAL;
        *ret_records += kind == KAFKA_READ_RECORD;
        kind = count < BATCH_MAX && !begins_to_stand_back(view)
                   ? kafka_reader_next(view->reader, 0, &record, why)
                   : KAFKA_READ_NOTHING;
    }
    if (!view_sql(view->writer, "COMMIT", why))
        return VERDICT_FATAL;
    publish_positions(view, moved);
    view->follower->committed();
    return VERDICT_OK;
}

static void *fold(void *context)
{
    struct view *view = context;
    struct why why = {0};
    int64_t *moved[VIEW_TOPICS];
    struct view_window window = {0};
    for (int t = 0; t < VIEW_TOPICS; t++)
        moved[t] = mem_dup(view->next[t], (size_t)view->partitions * sizeof(int64_t));
    check_ready(view);
    while (!atomic_load(&view->stopping)) {
        int records;
        if (stand_back(view, &window, moved, &why) != VERDICT_OK ||
            fold_round(view, moved, &records, &why) != VERDICT_OK ||
            keep_pace(view, &window, records, moved, &why) != VERDICT_OK) {
            service_fail("view.failed", why.text);
            break;
        }
        tell_waiters(view, false);
    }
    tell_waiters(view, true);
    for (int t = 0; t < VIEW_TOPICS; t++)
        free(moved[t]);
    return NULL;
}

/* --- opening ---------------------------------------------------------------------------------------------------------------- */

static int64_t stored_next(struct view *view, int topic, int32_t partition)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view->writer, "SELECT next FROM offsets WHERE topic = ?1 AND part = ?2");
    sqlite3_bind_text(statement, 1, view_topics[topic], -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, partition);
    return sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
}

static enum verdict seek_all(struct view *view, struct why *why)
{
    int64_t deadline_ms = clock_monotonic_ms() + BOUNDS_WITHIN_MS;
    view->stands_since_ms = INT64_MIN / 2; /* it has to be level once */
    for (int t = 0; t < VIEW_TOPICS; t++) {
        const char *topic = topics_full_name(view_topics[t]);
        view->next[t] = mem_alloc((size_t)view->partitions * sizeof(int64_t));
        view->goal[t] = mem_alloc((size_t)view->partitions * sizeof(int64_t));
        view->level[t] = mem_alloc((size_t)view->partitions * sizeof(bool));
        if (kafka_reader_ends(view->reader, topic, view->partitions, view->goal[t], deadline_ms,
                              why) != VERDICT_OK)
            return VERDICT_RETRY;
        for (int32_t p = 0; p < view->partitions; p++) {
            view->next[t][p] = stored_next(view, t, p);
            if (view->next[t][p] > view->goal[t][p]) {
                view_store_forget(
                    view); /* it stands for another log: the next start begins at zero */
                return fatal(why, "view: stood behind the end of %s/%d", topic, p);
            }
            if (kafka_reader_seek(view->reader, topic, p, view->next[t][p], why) != VERDICT_OK)
                return VERDICT_FATAL;
            view->follower->stands(t, p, view->next[t][p]);
        }
    }
    return VERDICT_OK;
}

enum verdict view_open(const struct kafka_config *kafka, const char *state_dir, view_bury_fn *bury,
                       const struct view_follower *follower, struct view **ret_view,
                       struct why *why)
{
    const char *names[VIEW_TOPICS];
    char cluster_id[64];
    struct view *view = mem_alloc(sizeof *view);
    metrics_register(metrics, COUNT_OF(metrics));
    view->kafka = *kafka;
    view->bury = bury;
    view->follower = follower;
    pthread_mutex_init(&view->lock, NULL);
    pthread_mutex_init(&view->readers_lock, NULL);
    clock_condition_init(&view->moved);
    clock_condition_init(&view->wanted);
    pthread_cond_init(&view->reader_free, NULL);
    for (int t = 0; t < VIEW_TOPICS; t++)
        names[t] = topics_full_name(view_topics[t]);
    enum verdict verdict =
        kafka_check_topics(kafka, names, VIEW_TOPICS, clock_monotonic_ms() + BOUNDS_WITHIN_MS,
                           &view->partitions, cluster_id, why);
    if (verdict == VERDICT_OK)
        verdict = view_store_open(view, state_dir, cluster_id, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_reader_open(kafka, KAFKA_READ_COMMITTED, &view->reader, why);
    if (verdict == VERDICT_OK)
        verdict = seek_all(view, why);
    if (verdict != VERDICT_OK)
        return verdict; /* the process ends */
    if (pthread_create(&view->thread, NULL, fold, view) != 0)
        return fatal(why, "no thread for the view");
    pthread_setname_np(view->thread, "view-fold");
    *ret_view = view;
    return VERDICT_OK;
}

bool view_is_ready(struct view *view, json_t *detail)
{
    json_int_t behind = 0;
    pthread_mutex_lock(&view->lock);
    for (int t = 0; t < VIEW_TOPICS; t++)
        for (int32_t p = 0; p < view->partitions; p++)
            if (view->goal[t][p] > view->next[t][p])
                behind += view->goal[t][p] - view->next[t][p];
    pthread_mutex_unlock(&view->lock);
    bool ready = atomic_load(&view->ready);
    if (detail)
        json_object_set_new(
            detail, "view",
            json_pack("{s:b, s:I}", "rebuilding", !ready, "records_behind_start", behind));
    return ready;
}

void view_stop(struct view *view)
{
    atomic_store(&view->stopping, true);
    pthread_join(view->thread, NULL);
}

void view_close(struct view *view)
{
    kafka_reader_close(view->reader);
    for (int i = 0; i < VIEW_READERS; i++)
        sqlite3_close(view->readers[i]);
    for (int i = 0; i < VIEW_STATEMENTS_MAX; i++)
        sqlite3_finalize(view->statements[i].statement);
    sqlite3_close(view->writer);
    close(view->folder);
}
