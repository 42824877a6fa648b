/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt to extend the chain of a case: head from the view → event → produced → the own fold has passed it. */
#include "services/intake/commands.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCE_WITHIN_MS 5000
#define FOLD_WITHIN_MS 2000

/* --- waiting for the fold --------------------------------------------------------------------------------------------------- */

/* Shared by the command and the fold, which may come long after the command has answered 202. */
struct fold_wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool done;
    struct view_outcome outcome;
};

static void fold_wait_release(struct fold_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    bool last = --wait->owners == 0;
    pthread_mutex_unlock(&wait->lock);
    if (last) {
        pthread_mutex_destroy(&wait->lock);
        pthread_cond_destroy(&wait->changed);
        free(wait);
    }
}

static void take_outcome(void *context, const struct view_outcome *outcome)
{
    struct fold_wait *wait = context;
    pthread_mutex_lock(&wait->lock);
    wait->done = true;
    if (outcome)
        wait->outcome = *outcome;
    pthread_cond_signal(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
    fold_wait_release(wait);
}

static bool wait_for_fold(struct kafka_position at, int64_t within_ms,
                          struct view_outcome *ret_outcome)
{
    struct fold_wait *wait = mem_alloc(sizeof *wait);
    int64_t deadline_ms = clock_monotonic_ms() + within_ms;
    pthread_mutex_init(&wait->lock, NULL);
    clock_condition_init(&wait->changed);
    wait->owners = 2;
    view_when_passed(intake.view, at, take_outcome, wait);
    pthread_mutex_lock(&wait->lock);
    while (!wait->done && clock_wait(&wait->changed, &wait->lock, deadline_ms))
        continue;
    bool known = wait->done && wait->outcome.known;
    *ret_outcome = wait->outcome;
    pthread_mutex_unlock(&wait->lock);
    fold_wait_release(wait);
    return known;
}

/* --- one attempt -------------------------------------------------------------------------------------------------------------- */

json_t *command_data(const json_t *state, const struct command_input *input)
{
    const char *head = json_string_value(json_object_get(state, "head"));
    json_t *data =
        json_pack("{s:s, s:{s:s, s:s}, s:i}", "extends", head, "actor", "id", input->actor_id,
                  "role", input->actor_role, "rules", CASE_RULES_VERSION);
    if (input->request_sha256)
        json_object_set_new(data, "request", json_pack("{s:s}", "sha256", input->request_sha256));
    json_object_update(data, (json_t *)(uintptr_t)input->members);
    return data;
}

enum command_end command_attempt(const json_t *state, const struct command_input *input,
                                 struct view_outcome *ret_outcome, struct why *why)
{
    char time[CLOCK_TEXT_SIZE], type_text[96];
    const char *case_id = json_string_value(json_object_get(state, "id"));
    struct event_headers headers;
    struct kafka_position at;
    clock_format_us(clock_now_us(), time);
    json_auto_t *data = command_data(state, input);
    struct case_verdict verdict = case_would_apply(state, input->type, data, input->event_id, time);
    *ret_outcome =
        (struct view_outcome){.known = true, .refusal = verdict.refusal, .why = verdict.why};
    memcpy(ret_outcome->pointer, verdict.pointer, sizeof ret_outcome->pointer);
    if (verdict.refusal != CASE_ACCEPTED)
        return COMMAND_UNFIT;
    CLEANUP(buf_free) struct buf value;
    buf_init(&value, KAFKA_RECORD_BYTES_MAX - 4096);
    event_dump_json(data, &value);
    if (value.overflowed) {
        ret_outcome->refusal = CASE_TOO_MANY;
        return COMMAND_UNFIT;
    }
    event_headers_make(input->type, input->event_id, INTAKE_SOURCE, time, case_id,
                       input->traceparent, type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name("cases"),
                                  .partition = -1,
                                  .key = bytes_of(case_id),
                                  .value = {.data = value.data, .length = value.length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    if (kafka_produce_wait(intake.case_producer, &output, clock_monotonic_ms() + PRODUCE_WITHIN_MS,
                           &at, why) != VERDICT_OK)
        return COMMAND_NOT_ACKNOWLEDGED;
    if (!wait_for_fold(at, input->fold_within_ms ? input->fold_within_ms : FOLD_WITHIN_MS,
                       ret_outcome))
        return COMMAND_LATE;
    return ret_outcome->refusal == CASE_ACCEPTED ? COMMAND_DONE : COMMAND_REFUSED;
}
