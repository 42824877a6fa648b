/* SPDX-License-Identifier: Apache-2.0 */
/* The group's word: partitions come and go. Everything that was under way for one that goes is dropped. */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMITTED_WITHIN_MS 150000 /* longer than a dead predecessor's transaction may stay open */
#define RECOVER_WITHIN_MS 1500000  /* with the above less than max.poll.interval.ms */
#define ASK_AGAIN_MS 100

void processor_list_free(rd_kafka_topic_partition_list_t **list)
{
    rd_kafka_topic_partition_list_destroy(*list);
}

bool processor_has(const struct processor *processor, int32_t partition)
{
    return processor->positions[0][partition] >= 0;
}

static void revoke_all(struct processor *processor)
{
    /* Gathered, not begun: whoever has the partition next reads it again. */
    processor_drop_first(processor, processor->batch_count);
    state_drop_changes(&processor->store);
    for (int32_t p = 0; p < processor->partitions; p++) {
        processor->epochs[p]++;
        work_pool_revoke(processor->pool, p);
    }
    memset(processor->positions, 0xff, sizeof processor->positions);
    memset(processor->ends, 0xff, sizeof processor->ends);
    atomic_store(&processor->assigned, 0);
    metric_set(&processor_metrics[PROCESSOR_ASSIGNED], 0);
}

static rd_kafka_resp_err_t ask_committed(struct processor *processor,
                                         rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error = rd_kafka_committed(processor->consumer, list, 10000);
    for (int i = 0; i < list->cnt && !error; i++)
        error = list->elems[i].err;
    return error;
}

/* Waits while a transaction of a predecessor has offsets pending. */
static enum verdict await_committed(struct processor *processor,
                                    rd_kafka_topic_partition_list_t *list, struct why *why)
{
    int64_t deadline_ms = clock_monotonic_ms() + COMMITTED_WITHIN_MS;
    rd_kafka_resp_err_t error;
    while ((error = ask_committed(processor, list)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (atomic_load(&processor->stopping) || clock_monotonic_ms() > deadline_ms)
            return retry(why, "committed offsets: %s", rd_kafka_err2str(error));
        usleep(ASK_AGAIN_MS * 1000);
    }
    return VERDICT_OK;
}

static enum verdict committed_of(struct processor *processor,
                                 const rd_kafka_topic_partition_list_t *assigned,
                                 processor_positions committed, struct why *why)
{
    CLEANUP(processor_list_free)
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(assigned);
    if (await_committed(processor, list, why) != VERDICT_OK)
        return VERDICT_RETRY;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        int input = processor_input_index(processor->definition, topics_short_name(entry->topic));
        committed[input][entry->partition] = entry->offset < 0 ? -1 : entry->offset;
    }
    return VERDICT_OK;
}

static enum verdict recover_partition(struct processor *processor, const struct recovery *recovery,
                                      int32_t partition, processor_positions committed,
                                      struct why *why)
{
    int64_t wanted[PROCESSOR_INPUTS_MAX], start[PROCESSOR_INPUTS_MAX];
    for (int i = 0; i < PROCESSOR_INPUTS_MAX; i++)
        wanted[i] = committed[i][partition];
    enum verdict verdict = processor_recover(recovery, partition, wanted, start, why);
    for (int i = 0; processor->definition->inputs[i] && verdict == VERDICT_OK; i++)
        processor->positions[i][partition] = start[i];
    return verdict;
}

static void reader_close_at(struct kafka_reader **reader)
{
    kafka_reader_close(*reader);
}

static enum verdict recover_all(struct processor *processor, const bool *wanted,
                                processor_positions committed, struct why *why)
{
    CLEANUP(reader_close_at) struct kafka_reader *reader = NULL;
    if (kafka_reader_open(&processor->config.kafka, KAFKA_READ_COMMITTED, &reader, why) !=
        VERDICT_OK)
        return VERDICT_FATAL;
    struct recovery recovery = {.definition = processor->definition,
                                .reader = reader,
                                .store = &processor->store,
                                .facts = processor->facts,
                                .stopping = &processor->stopping,
                                .deadline_ms = clock_monotonic_ms() + RECOVER_WITHIN_MS};
    for (int32_t p = 0; p < processor->partitions; p++)
        if (wanted[p] && recover_partition(processor, &recovery, p, committed, why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

/* Before anything is read from it, so that its records keep their order. */
static void read_apart(struct processor *processor, const rd_kafka_topic_partition_t *entry)
{
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(processor->consumer, entry->topic, entry->partition);
    rd_kafka_queue_forward(queue, processor->routed);
    rd_kafka_queue_destroy(queue);
}

static enum verdict start_reading(struct processor *processor,
                                  rd_kafka_topic_partition_list_t *assigned, struct why *why)
{
    for (int i = 0; i < assigned->cnt; i++) {
        rd_kafka_topic_partition_t *entry = &assigned->elems[i];
        int input = processor_input_index(processor->definition, topics_short_name(entry->topic));
        entry->offset = processor->positions[input][entry->partition];
        if (processor_is_routed(processor->definition, topics_short_name(entry->topic)))
            read_apart(processor, entry);
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(processor->consumer, assigned);
    return error ? fatal(why, "assign: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

static enum verdict assign(struct processor *processor, rd_kafka_topic_partition_list_t *assigned,
                           struct why *why)
{
    processor_positions committed;
    bool wanted[PROCESSOR_PARTITIONS_MAX] = {false};
    int count = 0;
    memset(committed, 0xff, sizeof committed);
    for (int i = 0; i < assigned->cnt; i++) {
        count += !wanted[assigned->elems[i].partition];
        wanted[assigned->elems[i].partition] = true;
    }
    processor_ask_facts(processor);
    enum verdict verdict = committed_of(processor, assigned, committed, why);
    if (verdict == VERDICT_OK && count)
        verdict = recover_all(processor, wanted, committed, why);
    if (verdict == VERDICT_OK)
        verdict = start_reading(processor, assigned, why);
    atomic_store(&processor->assigned, count);
    metric_set(&processor_metrics[PROCESSOR_ASSIGNED], count);
    return verdict;
}

static enum verdict recall_case(struct processor *processor, const char *case_id, struct why *why)
{
    json_auto_t *state = NULL;
    if (state_get(&processor->store, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    processor->definition->recall(case_id, state, processor->facts);
    return VERDICT_OK;
}

static enum verdict recall_all(struct processor *processor, struct why *why)
{
    enum verdict verdict = VERDICT_OK;
    for (int32_t p = 0; processor->definition->recall && p < processor->partitions; p++) {
        if (!processor_has(processor, p))
            continue;
        json_auto_t *cases = state_cases_to_recall(&processor->store, p, clock_now_us());
        for (size_t i = 0; verdict == VERDICT_OK && i < json_array_size(cases); i++)
            verdict = recall_case(processor, json_string_value(json_array_get(cases, i)), why);
    }
    return verdict;
}

static void start_open_work(struct processor *processor)
{
    for (int32_t p = 0; p < processor->partitions; p++) {
        if (!processor_has(processor, p))
            continue;
        json_auto_t *cases = state_cases(&processor->store, p, true);
        for (size_t i = 0; i < json_array_size(cases); i++)
            processor_plan_case(processor, json_string_value(json_array_get(cases, i)));
    }
}

void processor_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t event,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct processor *processor = opaque;
    struct why why = {0};
    int64_t begun_ms = clock_monotonic_ms();
    revoke_all(processor);
    if (event != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS || atomic_load(&processor->stopping)) {
        rd_kafka_assign(consumer, NULL);
        return;
    }
    atomic_store(&processor->recovering, true);
    if (assign(processor, partitions, &why) != VERDICT_OK ||
        recall_all(processor, &why) != VERDICT_OK) {
        if (!atomic_load(&processor->stopping))
            processor_break_down(processor, "processor.recovery_failed", why.text);
        return;
    }
    start_open_work(processor);
    atomic_fetch_add(&processor->assignments, 1);
    atomic_store(&processor->recovering, false);
    atomic_store(&processor->joined, true);
    log_event(LOG_INFO, "processor.assigned", "partitions=%d took_ms=%lld",
              atomic_load(&processor->assigned), (long long)(clock_monotonic_ms() - begun_ms));
}
