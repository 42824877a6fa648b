/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's words, verified by escalation, are appended to the chain of their case: rebased for as long as the head is
 * the reason of the refusal, refused for any other reason they go to dead-letters. The offset is committed only when the own
 * fold has passed the event; a repetition after a crash is the same event id, which the chain has already.
 *
 * What is there is taken together: one look at where the chains stand, one wait for the dead letters, one commit. One by one
 * these three cost a refused word 5 ms, and a provider that repeats its words would keep its honest ones waiting for minutes.
 */
#include "services/intake/provider_events.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/kafka_group.h"
#include "common/log.h"
#include "common/service.h"
#include "services/intake/commands.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define WITHIN_MS 5000

static struct {
    struct kafka_group *group;
    pthread_t thread;
    _Atomic bool stopping;
    bool started;
} reader;

enum handled { HANDLED, AGAIN, REFUSED };

/* What the event says apart from whose case it is. */
static json_t *members_of(const struct event *event)
{
    static const char *const names[] = {"handover", "provider", "kid",    "head",
                                        "reply",    "at",       "jws",    "position",
                                        "reason",   "parts",    "report", "proposals"};
    json_t *members = json_object();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_object_get(event->data, names[i]))
            json_object_set(members, names[i], json_object_get(event->data, names[i]));
    return members;
}

static enum handled judge(enum command_end end, const struct view_outcome *outcome,
                          const struct event *event, struct why *why)
{
    struct view_event before;
    switch (end) {
    case COMMAND_DONE:
        return HANDLED;
    case COMMAND_NOT_ACKNOWLEDGED:
    case COMMAND_LATE:
        return AGAIN;
    case COMMAND_UNFIT:
    case COMMAND_REFUSED:
        if (outcome->refusal == CASE_STALE)
            return AGAIN;
        if (outcome->refusal == CASE_DUPLICATE &&
            view_find_event(intake.view, event->key, event->id, &before, why) == VERDICT_OK &&
            before.outcome.known)
            return HANDLED;
        (void)reject(why, "%s: %.200s", case_refusal_code(outcome->refusal), outcome->why.text);
        return REFUSED;
    }
    return REFUSED;
}

static void view_case_clear_at(struct view_case *view_case)
{
    view_case_clear(view_case);
}

static enum handled append(const struct event *event, struct why *why)
{
    CLEANUP(view_case_clear_at) struct view_case found = {0};
    struct view_outcome outcome;
    if (view_case(intake.view, event->key, &found, why) != VERDICT_OK)
        return AGAIN;
    if (!found.state)
        return (void)reject(why, "no such case"), REFUSED;
    json_auto_t *members = members_of(event);
    const json_t *handover = case_handover_find(
        found.state, json_string_value(json_object_get(event->data, "handover")));
    const char *provider = json_string_value(json_object_get(handover, "provider"));
    struct command_input input = {.type = event->type,
                                  .event_id = event->id,
                                  .actor_id = provider ? provider : "unknown", /* refused below */
                                  .actor_role = "provider",
                                  .traceparent = event->traceparent,
                                  .members = members,
                                  .fold_within_ms = WITHIN_MS};
    return judge(command_attempt(found.state, &input, &outcome, why), &outcome, event, why);
}

static enum handled handle(const struct kafka_record *record, struct why *why)
{
    struct event event;
    if (event_parse(record, &event, why) != VERDICT_OK)
        return REFUSED;
    const char *case_id = json_string_value(json_object_get(event.data, "case"));
    bool provider = strncmp(event.type, "provider.", 9) == 0;
    enum handled handled = REFUSED;
    if (!provider || !case_id || strcmp(case_id, event.key) != 0)
        (void)reject(why, "expected a provider event whose case is its key");
    else
        handled = append(&event, why);
    event_clear(&event);
    return handled;
}

/* --- dead letters ----------------------------------------------------------------------------------------------------------- */

/* Those under way; the reports come on the producer's thread. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t open;
    bool failed;
} letters = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void letter_delivered(void *context, const struct kafka_delivery *delivery)
{
    (void)context;
    pthread_mutex_lock(&letters.lock);
    letters.open--;
    letters.failed |= delivery->verdict != VERDICT_OK;
    pthread_cond_signal(&letters.changed);
    pthread_mutex_unlock(&letters.lock);
}

static enum verdict bury(const struct kafka_record *record, const char *reason, struct why *why)
{
    pthread_mutex_lock(&letters.lock);
    letters.open++;
    pthread_mutex_unlock(&letters.lock);
    enum verdict verdict = intake_bury_later(record, reason, letter_delivered, why);
    if (verdict != VERDICT_OK) {
        pthread_mutex_lock(&letters.lock);
        letters.open--;
        pthread_mutex_unlock(&letters.lock);
    }
    return verdict;
}

/* Every letter is reported on, at the latest when Kafka's own time for it is over; a stop does not wait as long. */
static bool letters_are_written(void)
{
    pthread_mutex_lock(&letters.lock);
    while (letters.open && !atomic_load(&reader.stopping))
        (void)clock_wait(&letters.changed, &letters.lock, clock_monotonic_ms() + 100);
    bool written = !letters.open && !letters.failed;
    pthread_mutex_unlock(&letters.lock);
    return written;
}

/* --- the loop --------------------------------------------------------------------------------------------------------------- */

static void wait_a_little(const struct why *why)
{
    log_event(LOG_DEBUG, "provider_event.tried_again", "why=%s", why->text);
    usleep(20000);
}

/* Until the chain or the dead letters have it; false where the service stops first. */
static bool take(const struct kafka_record *record)
{
    while (!atomic_load(&reader.stopping)) {
        struct why why = {0}, after = {0};
        enum handled handled = handle(record, &why);
        if (handled == HANDLED ||
            (handled == REFUSED && bury(record, why.text, &after) == VERDICT_OK))
            return true;
        wait_a_little(handled == REFUSED ? &after : &why);
        (void)view_catch_up(intake.view, NULL, clock_monotonic_ms() + WITHIN_MS, &why);
    }
    return false;
}

/* A word may be about what was requested a moment ago, through another instance: the chains are looked at after it was read. */
static bool catch_up(void)
{
    while (!atomic_load(&reader.stopping)) {
        struct why why = {0};
        if (view_catch_up(intake.view, NULL, clock_monotonic_ms() + WITHIN_MS, &why) == VERDICT_OK)
            return true;
        wait_a_little(&why);
    }
    return false;
}

static void take_all(const struct kafka_record *records, size_t count)
{
    struct why why = {0};
    bool taken = catch_up();
    for (size_t i = 0; i < count && taken; i++)
        taken = take(&records[i]);
    bool written = letters_are_written();
    if (!written && !atomic_load(&reader.stopping))
        service_fail("provider_events.failed", "a dead letter was not acknowledged");
    else if (written && taken && kafka_group_commit(reader.group, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "provider_event.not_committed", "why=%s", why.text);
}

static void *run(void *context)
{
    static struct kafka_record records[KAFKA_GROUP_LENT_MAX];
    (void)context;
    struct why why = {0};
    while (!atomic_load(&reader.stopping)) {
        size_t count = 0;
        enum kafka_read read = kafka_group_next(reader.group, 100, &records[0], &why);
        while (read == KAFKA_READ_RECORD && ++count < COUNT_OF(records))
            read = kafka_group_next(reader.group, 0, &records[count], &why);
        if (count)
            take_all(records, count);
        if (read == KAFKA_READ_FAILED) {
            service_fail("provider_events.failed", why.text);
            return NULL;
        }
    }
    return NULL;
}

enum verdict provider_events_start(const char *instance, struct why *why)
{
    if (kafka_group_open(&intake.kafka, "intake", instance, topics_full_name("provider-events"),
                         &reader.group, why) != VERDICT_OK)
        return VERDICT_FATAL;
    clock_condition_init(&letters.changed);
    if (pthread_create(&reader.thread, NULL, run, NULL) != 0)
        return fatal(why, "no thread for provider events");
    reader.started = true;
    return VERDICT_OK;
}

void provider_events_stop(void)
{
    atomic_store(&reader.stopping, true);
    if (reader.started)
        pthread_join(reader.thread, NULL);
    kafka_group_close(reader.group);
}
