/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came by the three doors since the last turn, in the order records, results, ticks; and behind these what comes from
 * outside (routed topics), which is verified record by record and of which anybody may send as much as his quota allows:
 * it has a share of each turn, so that nothing of our own waits behind it for longer than that.
 */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_BYTES_PER_TURN (1024 * 1024)

static void gathered_clear(struct gathered *input)
{
    if (input->message)
        rd_kafka_message_destroy(input->message);
    work_done_clear(&input->done);
    free(input->case_id);
    *input = (struct gathered){0};
}

void processor_drop_first(struct processor *processor, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gathered_clear(&processor->batch[i]);
    processor->batch_count -= count;
    memmove(processor->batch, processor->batch + count,
            processor->batch_count * sizeof processor->batch[0]);
}

void processor_keep_results(struct processor *processor)
{
    size_t kept = 0;
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].door == PROCESSOR_RESULT)
            processor->batch[kept++] = processor->batch[i];
        else
            gathered_clear(&processor->batch[i]);
    processor->batch_count = kept;
}

static struct gathered *add(struct processor *processor, enum processor_door door)
{
    struct gathered *input = &processor->batch[processor->batch_count++];
    *input = (struct gathered){.door = door};
    return input;
}

static bool is_full(const struct processor *processor)
{
    return processor->batch_count == PROCESSOR_BATCH_MAX;
}

/* --- records -------------------------------------------------------------------------------------------------------- */

static void note_end(struct processor *processor, const rd_kafka_message_t *message)
{
    int input = processor_input_index(processor->definition,
                                      topics_short_name(rd_kafka_topic_name(message->rkt)));
    processor->ends[input][message->partition] = message->offset;
}

static void take_trouble(struct processor *processor, const rd_kafka_message_t *message)
{
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        note_end(processor, message);
        return;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* the log has lost what stands at our position */
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        processor_break_down(processor, "processor.read_failed", rd_kafka_message_errstr(message));
        return;
    default:
        /* Brokers that come and go are librdkafka's business. */
        log_event(LOG_DEBUG, "processor.read_disturbed", "why=%s",
                  rd_kafka_message_errstr(message));
    }
}

static void take_message(struct processor *processor, rd_kafka_message_t *message)
{
    if (!message->err) {
        add(processor, PROCESSOR_RECORD)->message = message;
        return;
    }
    take_trouble(processor, message);
    rd_kafka_message_destroy(message);
}

static void gather_records(struct processor *processor)
{
    while (!is_full(processor) && !processor->broken) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(processor->consumer, 0);
        if (!message)
            return;
        take_message(processor, message);
    }
}

bool processor_is_from_outside(const struct processor *processor, const struct gathered *input)
{
    return input->door == PROCESSOR_RECORD &&
           processor_is_routed(processor->definition,
                               topics_short_name(rd_kafka_topic_name(input->message->rkt)));
}

bool processor_has_routed(const struct processor *processor)
{
    size_t count = processor->batch_count;
    return count > 0 && processor_is_from_outside(processor, &processor->batch[count - 1]);
}

size_t processor_planned(const struct processor *processor)
{
    size_t own = 0;
    if (!processor_has_routed(processor))
        return processor->batch_count;
    while (!processor_is_from_outside(processor, &processor->batch[own]))
        own++;
    return share_planned(&processor->share, own, processor->batch_count, clock_monotonic_us());
}

bool processor_has_own(const struct processor *processor)
{
    return rd_kafka_queue_length(processor->queue) > 0 || work_pool_has_done(processor->pool);
}

/* What was left of it by the last turn goes behind what has come since. */
static size_t put_routed_last(struct processor *processor)
{
    struct gathered later[PROCESSOR_BATCH_MAX];
    size_t first = 0, routed = 0;
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor_is_from_outside(processor, &processor->batch[i]))
            later[routed++] = processor->batch[i];
        else
            processor->batch[first++] = processor->batch[i];
    memcpy(&processor->batch[first], later, routed * sizeof later[0]);
    return routed;
}

static void gather_routed(struct processor *processor)
{
    size_t routed = put_routed_last(processor);
    while (!is_full(processor) && routed < PROCESSOR_ROUTED_MAX && !processor->broken) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(processor->routed, 0);
        if (!message)
            return;
        routed += !message->err;
        take_message(processor, message);
    }
}

/* --- results -------------------------------------------------------------------------------------------------------- */

static size_t bytes_of_result(const struct processor_result *result)
{
    size_t bytes = 0;
    for (size_t i = 0; i < result->count; i++)
        bytes += result->records[i].length;
    return bytes;
}

/* The records of one may be megabytes, those of most are few: one to a turn would bound all work by the commits. */
void processor_gather_results(struct processor *processor)
{
    struct work_done done;
    size_t bytes = 0;
    while (!is_full(processor) && bytes < RESULT_BYTES_PER_TURN &&
           work_pool_take(processor->pool, &done)) {
        if (done.epoch != processor->epochs[done.partition] ||
            !processor_has(processor, done.partition)) {
            work_pool_end(processor->pool, done.case_id, done.work_id);
            work_done_clear(&done);
            continue;
        }
        add(processor, PROCESSOR_RESULT)->done = done;
        bytes += bytes_of_result(done.result);
    }
}

/* --- ticks ---------------------------------------------------------------------------------------------------------- */

static void gather_tick(struct processor *processor, const char *case_id, int64_t due_us)
{
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].case_id && strcmp(processor->batch[i].case_id, case_id) == 0)
            return;
    struct gathered *input = add(processor, PROCESSOR_TICK);
    input->case_id = mem_strdup(case_id);
    input->due_us = due_us;
}

static void gather_due(struct processor *processor, int64_t now_us)
{
    for (int32_t p = 0; p < processor->partitions && !is_full(processor); p++) {
        CLEANUP(mem_free) char *case_id = NULL;
        int64_t due_us;
        if (processor_has(processor, p) &&
            state_next_due(&processor->store, p, &due_us, &case_id) && due_us <= now_us)
            gather_tick(processor, case_id, due_us);
    }
}

static void wake_cases(struct processor *processor)
{
    for (int32_t p = 0; p < processor->partitions; p++) {
        if (!processor_has(processor, p))
            continue;
        json_auto_t *cases = state_cases(&processor->store, p, false);
        for (size_t i = 0; i < json_array_size(cases); i++)
            json_object_set_new(processor->wakes, json_string_value(json_array_get(cases, i)),
                                json_true());
    }
}

static void gather_wakes(struct processor *processor, int64_t now_us)
{
    const char *case_id;
    json_t *value;
    void *following;
    if (!atomic_load(&processor->joined))
        return; /* whose cases these are is not known yet */
    pthread_mutex_lock(&processor->lock);
    if (atomic_exchange(&processor->wake_all, false))
        wake_cases(processor);
    json_object_foreach_safe(processor->wakes, following, case_id, value)
    {
        if (is_full(processor))
            break;
        if (processor_has(processor, state_partition(&processor->store, case_id)))
            gather_tick(processor, case_id, now_us);
        json_object_del(processor->wakes, case_id);
    }
    pthread_mutex_unlock(&processor->lock);
}

void processor_tick_again(struct processor *processor, const char *case_id)
{
    pthread_mutex_lock(&processor->lock);
    json_object_set_new(processor->wakes, case_id, json_true());
    pthread_mutex_unlock(&processor->lock);
}

void processor_gather(struct processor *processor)
{
    int64_t now_us = clock_now_us();
    gather_records(processor);
    processor_gather_results(processor);
    gather_due(processor, now_us);
    gather_wakes(processor, now_us);
    if (processor->definition->route)
        gather_routed(processor);
}
