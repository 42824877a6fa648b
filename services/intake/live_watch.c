/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads: one for listeners (gone, behind, session over) and for what Redis has of presence; one that asks Kafka how the
 * processors' groups stand. Each may wait for its own server without keeping the other.
 */
#include "services/intake/live_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/kafka_groups.h"
#include "common/log.h"
#include "services/intake/presence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS 250
#define BEAT_TURNS 4
#define PEOPLE_TURNS (LIVE_CHECK_MS / TURN_MS)

static struct {
    pthread_mutex_t lock;
    pthread_cond_t stops;
    bool stopping; /* lock */
    pthread_t listeners, services;
    struct kafka_groups *groups;
    bool refused; /* by the broker: said once */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* False: it is time to end. */
static bool wait_for(int64_t pause_ms)
{
    int64_t until_ms = clock_monotonic_ms() + pause_ms;
    pthread_mutex_lock(&watch.lock);
    while (!watch.stopping && clock_wait(&watch.stops, &watch.lock, until_ms))
        ;
    bool goes_on = !watch.stopping;
    pthread_mutex_unlock(&watch.lock);
    return goes_on;
}

/* --- sessions and tokens -------------------------------------------------------------------------------------------- */

static void check_people(void)
{
    size_t count;
    CLEANUP(mem_free) struct auth_identity *people = live_people(&count);
    for (size_t i = 0; i < count; i++) {
        if (!auth_is_still_operator(&people[i]))
            live_end(&people[i], "account_changed");
        else if (!*people[i].token_id && !auth_is_still_session(&people[i]))
            live_end(&people[i], "session_ended");
    }
}

/* --- presence ------------------------------------------------------------------------------------------------------- */

static struct ring_event presence_event(const struct presence_change *change)
{
    json_auto_t *data = json_pack("{s:s, s:s, s:s}", "id", change->case_id, "operator",
                                  change->operator, "doing", change->doing);
    return (struct ring_event){.name = "presence", .data = json_dumps(data, JSON_COMPACT)};
}

static void tell_presence(char place[48])
{
    struct presence_change changes[PRESENCE_CHANGES_MAX];
    size_t count;
    struct why why = {0};
    do {
        enum verdict verdict = presence_changes(auth_redis(), place, changes, &count, &why);
        live_is(LIVE_REDIS, verdict == VERDICT_OK, "no_answer", clock_now_us());
        for (size_t i = 0; i < count; i++)
            live_tell(presence_event(&changes[i]));
    } while (count == PRESENCE_CHANGES_MAX);
}

static void *look_after_listeners(void *context)
{
    char place[48] = "";
    (void)context;
    pthread_setname_np(pthread_self(), "live-listeners");
    for (unsigned turn = 1; wait_for(TURN_MS); turn++) {
        tell_presence(place);
        if (turn % BEAT_TURNS == 0)
            live_beat();
        if (turn % PEOPLE_TURNS == 0) {
            check_people();
            auth_keep_uses();
        }
    }
    return NULL;
}

/* --- services ------------------------------------------------------------------------------------------------------- */

/* What each processor reads, of what the view folds too. */
static const struct {
    int topics[3];
    size_t count;
} inputs[LIVE_PROCESSORS] = {
    [LIVE_TRIAGE] = {{VIEW_CASES}, 1},
    [LIVE_ESCALATION] = {{VIEW_CASES, VIEW_EXTRACTIONS}, 2},
    [LIVE_NOTIFY] = {{VIEW_CASES, VIEW_EXTRACTIONS, VIEW_ESCALATION}, 3},
};

static enum verdict ask_one(enum live_service_place place, int members, struct why *why)
{
    const char *topics[3];
    int32_t partitions = live_partitions();
    size_t count = inputs[place].count, each = (size_t)partitions;
    CLEANUP(mem_free) int64_t *next = mem_alloc(count * each * sizeof *next);
    int64_t lag = 0, committed = 0;
    static const char *const names[VIEW_TOPICS] = {[VIEW_CASES] = "cases",
                                                   [VIEW_EXTRACTIONS] = "extractions",
                                                   [VIEW_ESCALATION] = "escalation-status"};
    for (size_t t = 0; t < count; t++)
        topics[t] = topics_full_name(names[inputs[place].topics[t]]);
    enum verdict verdict = kafka_groups_offsets(watch.groups, live_service_name(place), topics,
                                                count, partitions, next, why);
    if (verdict != VERDICT_OK)
        return verdict;
    for (size_t i = 0; i < count * each; i++)
        committed += next[i];
    for (size_t t = 0; t < count; t++)
        lag += live_lag(inputs[place].topics[t], next + t * each);
    live_seen(place, members, lag, committed, clock_now_us());
    return VERDICT_OK;
}

static enum verdict ask_all(struct why *why)
{
    const char *names[LIVE_PROCESSORS];
    int members[LIVE_PROCESSORS] = {0};
    for (enum live_service_place p = 0; p < LIVE_PROCESSORS; p++)
        names[p] = live_service_name(p);
    enum verdict verdict = kafka_groups_members(watch.groups, names, LIVE_PROCESSORS, members, why);
    for (enum live_service_place p = 0; p < LIVE_PROCESSORS && verdict == VERDICT_OK; p++)
        verdict = ask_one(p, members[p], why);
    return verdict;
}

static void *ask_after_services(void *context)
{
    (void)context;
    pthread_setname_np(pthread_self(), "live-services");
    do {
        struct why why = {0};
        enum verdict verdict = ask_all(&why);
        if (verdict == VERDICT_REJECT && !watch.refused)
            log_event(LOG_WARNING, "service.not_seen", "why=%s", why.text);
        watch.refused = verdict == VERDICT_REJECT;
        live_is(LIVE_KAFKA, verdict == VERDICT_OK || verdict == VERDICT_REJECT, "no_answer",
                clock_now_us());
    } while (wait_for(LIVE_CHECK_MS));
    return NULL;
}

/* --- start and stop ------------------------------------------------------------------------------------------------- */

enum verdict live_watch_start(const struct kafka_config *kafka, struct why *why)
{
    clock_condition_init(&watch.stops);
    enum verdict verdict = kafka_groups_open(kafka, &watch.groups, why);
    if (verdict != VERDICT_OK)
        return verdict;
    if (pthread_create(&watch.listeners, NULL, look_after_listeners, NULL) != 0 ||
        pthread_create(&watch.services, NULL, ask_after_services, NULL) != 0)
        return fatal(why, "no thread for the live events");
    return VERDICT_OK;
}

void live_watch_stop(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.stopping = true;
    pthread_cond_broadcast(&watch.stops);
    pthread_mutex_unlock(&watch.lock);
    pthread_join(watch.listeners, NULL);
    pthread_join(watch.services, NULL);
    kafka_groups_close(watch.groups);
}
