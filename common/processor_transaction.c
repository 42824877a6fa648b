/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was gathered, in one transaction:
 *
 *   begin → offsets → (fold, decide, produce)* → flush → commit → cache
 *
 * The offsets go first: the broker refuses a member of an older generation there, before anything is in the log, and a
 * successor that asks for the committed offsets waits for this transaction's end. A crash at any arrow leaves either
 * nothing that a read_committed reader sees, or all of it; the cache is never ahead of the commit.
 */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/failpoint.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After the first produce: the broker has then added the partition and commits at once (performance.md). */
#define COMMIT_AFTER_MS 3
#define ABORTS_IN_A_ROW_MAX 5

enum verdict processor_said(rd_kafka_error_t *error, const char *what, struct why *why)
{
    if (!error)
        return VERDICT_OK;
    bool abortable = rd_kafka_error_txn_requires_abort(error) || rd_kafka_error_is_retriable(error);
    enum verdict verdict = abortable ? retry(why, "%s: %s", what, rd_kafka_error_string(error))
                                     : fatal(why, "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return verdict;
}

/* --- offsets -------------------------------------------------------------------------------------------------------- */

static void note_offset(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition,
                        int64_t offset)
{
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(list, topic, partition);
    if (!entry)
        entry = rd_kafka_topic_partition_list_add(list, topic, partition);
    if (offset > entry->offset)
        entry->offset = offset;
}

/* A transaction without an offset is not fenced: ticks and results carry the position their partition has already. */
static rd_kafka_topic_partition_list_t *planned_offsets(const struct processor *processor)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    const char *first = topics_full_name(processor->definition->inputs[0]);
    for (size_t i = 0; i < processor->transaction.planned; i++) {
        const struct gathered *input = &processor->batch[i];
        if (input->door == PROCESSOR_RECORD) {
            note_offset(list, rd_kafka_topic_name(input->message->rkt), input->message->partition,
                        input->message->offset + 1);
            continue;
        }
        int32_t partition = input->door == PROCESSOR_RESULT
                                ? input->done.partition
                                : state_partition(&processor->store, input->case_id);
        note_offset(list, first, partition, processor->positions[0][partition]);
    }
    return list;
}

static enum verdict send_offsets(struct processor *processor,
                                 const rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(processor->consumer);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(processor->producer, offsets, group, 30000);
    rd_kafka_consumer_group_metadata_destroy(group);
    return processor_said(error, "offsets", why);
}

/* It was cut short: the last word about a partition counts. */
static enum verdict send_fewer_offsets(struct processor *processor,
                                       rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    for (int i = 0; i < offsets->cnt; i++) {
        rd_kafka_topic_partition_t *entry = &offsets->elems[i];
        int input = processor_input_index(processor->definition, topics_short_name(entry->topic));
        entry->offset = processor->transaction.taken[input][entry->partition];
    }
    return send_offsets(processor, offsets, why);
}

/* --- running -------------------------------------------------------------------------------------------------------- */

static void transaction_begin(struct processor *processor, size_t planned)
{
    struct transaction *transaction = &processor->transaction;
    memcpy(transaction->taken, processor->positions, sizeof transaction->taken);
    memset(transaction->own_next, 0xff, sizeof transaction->own_next);
    transaction->planned = planned;
    transaction->bytes = transaction->inputs = transaction->routed_inputs = 0;
    transaction->first_produced_ms = transaction->routed_begun_us = transaction->routed_us = 0;
    transaction->ticked = json_object();
}

static void transaction_end(struct processor *processor)
{
    struct transaction *transaction = &processor->transaction;
    while (transaction->kept_count)
        free(transaction->kept[--transaction->kept_count]);
    json_decref(TAKE(transaction->ticked));
}

static void measure_routed(struct transaction *transaction)
{
    int64_t now_us = clock_monotonic_us();
    if (!transaction->routed_begun_us)
        transaction->routed_begun_us = now_us;
    transaction->routed_us = now_us - transaction->routed_begun_us;
}

/* What comes from outside stands last and has a share of the time; where it is alone, until something of our own comes. */
static bool has_share(struct processor *processor)
{
    struct transaction *transaction = &processor->transaction;
    measure_routed(transaction);
    bool began_alone =
        transaction->routed_inputs && transaction->routed_inputs == transaction->inputs;
    if (began_alone && processor_has_own(processor))
        return false;
    return transaction->routed_us <= processor->share.us_max;
}

/* What one result carries may be as much as a transaction should be: it begins one. */
static bool has_room(struct processor *processor, const struct gathered *input)
{
    struct transaction *transaction = &processor->transaction;
    if (processor_is_from_outside(processor, input) && !has_share(processor))
        return false;
    if (input->door == PROCESSOR_RESULT && input->done.result->count)
        return transaction->bytes == 0;
    return transaction->bytes < LIMIT_TRANSACTION_BYTES;
}

static enum verdict run_inputs(struct processor *processor,
                               rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    struct transaction *transaction = &processor->transaction;
    while (transaction->inputs < transaction->planned &&
           has_room(processor, &processor->batch[transaction->inputs])) {
        const struct gathered *input = &processor->batch[transaction->inputs++];
        transaction->routed_inputs += processor_is_from_outside(processor, input);
        enum verdict verdict = processor_run_input(processor, input, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    if (transaction->routed_inputs)
        measure_routed(transaction);
    return transaction->inputs < transaction->planned ? send_fewer_offsets(processor, offsets, why)
                                                      : VERDICT_OK;
}

static enum verdict commit(struct processor *processor, struct why *why)
{
    if (processor_flush(processor, why) != VERDICT_OK)
        return VERDICT_RETRY;
    if (processor->transaction.first_produced_ms) {
        int64_t left_ms =
            processor->transaction.first_produced_ms + COMMIT_AFTER_MS - clock_monotonic_ms();
        if (left_ms > 0)
            usleep((useconds_t)left_ms * 1000);
    }
    failpoint("before_commit");
    rd_kafka_error_t *error = rd_kafka_commit_transaction(processor->producer, 30000);
    for (int again = 0; error && rd_kafka_error_is_retriable(error) && again < 3; again++) {
        rd_kafka_error_destroy(error);
        error = rd_kafka_commit_transaction(processor->producer, 30000);
    }
    if (error && !rd_kafka_error_txn_requires_abort(error)) {
        fatal(why, "commit: %s", rd_kafka_error_string(error)); /* unclear: committed or not */
        rd_kafka_error_destroy(error);
        return VERDICT_FATAL;
    }
    return processor_said(error, "commit", why);
}

static enum verdict run_transaction(struct processor *processor,
                                    rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    enum verdict verdict =
        processor_said(rd_kafka_begin_transaction(processor->producer), "begin", why);
    failpoint("after_begin");
    if (verdict == VERDICT_OK)
        verdict = send_offsets(processor, offsets, why);
    failpoint("after_offsets");
    if (verdict == VERDICT_OK)
        verdict = run_inputs(processor, offsets, why);
    if (verdict == VERDICT_OK)
        verdict = commit(processor, why);
    return verdict;
}

/* --- after the commit ----------------------------------------------------------------------------------------------- */

static void set_work(void *context, const char *case_id, const struct plan *plan)
{
    struct processor *processor = context;
    int32_t partition = state_partition(&processor->store, case_id);
    if (processor_has(processor, partition))
        work_pool_set(processor->pool, case_id, partition, processor->epochs[partition], plan);
}

void processor_plan_case(struct processor *processor, const char *case_id)
{
    json_auto_t *state = NULL;
    CLEANUP(plan_clear) struct plan plan = {0};
    if (!processor_has(processor, state_partition(&processor->store, case_id)) ||
        state_get(&processor->store, case_id, &state, NULL) != VERDICT_OK)
        return;
    processor->definition->plan(state, case_id, processor->facts, &plan);
    set_work(processor, case_id, &plan);
}

static void end_results(struct processor *processor, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (processor->batch[i].door == PROCESSOR_RESULT)
            work_pool_end(processor->pool, processor->batch[i].done.case_id,
                          processor->batch[i].done.work_id);
}

/* The inputs' offsets and, so that a restart need not read them again, the end of the own outputs. */
static size_t list_offsets(struct processor *processor,
                           const rd_kafka_topic_partition_list_t *offsets,
                           struct state_offset *ret_list)
{
    size_t count = 0;
    for (int i = 0; i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &offsets->elems[i];
        const char *topic = topics_short_name(entry->topic);
        ret_list[count++] = (struct state_offset){topic, entry->partition, entry->offset};
        processor
            ->positions[processor_input_index(processor->definition, topic)][entry->partition] =
            entry->offset;
    }
    for (int32_t p = 0; p < processor->partitions; p++)
        if (processor->transaction.own_next[p] >= 0)
            ret_list[count++] = (struct state_offset){processor->definition->own, p,
                                                      processor->transaction.own_next[p]};
    return count;
}

static enum verdict settle(struct processor *processor,
                           const rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    CLEANUP(mem_free)
    struct state_offset *list =
        mem_alloc((size_t)(offsets->cnt + processor->partitions) * sizeof *list);
    struct state_writing writing = {.offsets = list,
                                    .offset_count = list_offsets(processor, offsets, list),
                                    .facts = processor->facts,
                                    .ticked = processor->transaction.ticked,
                                    .now_us = clock_now_us(),
                                    .planned = set_work,
                                    .context = processor};
    failpoint("before_cache");
    end_results(processor, processor->transaction.inputs);
    return state_write(&processor->store, &writing, why);
}

/* --- after an abort ------------------------------------------------------------------------------------------------- */

static enum verdict seek_back(struct processor *processor, struct why *why)
{
    CLEANUP(processor_list_free)
    rd_kafka_topic_partition_list_t *back = rd_kafka_topic_partition_list_new(16);
    for (int i = 0; processor->definition->inputs[i]; i++)
        for (int32_t p = 0; p < processor->partitions; p++)
            if (processor_has(processor, p))
                rd_kafka_topic_partition_list_add(
                    back, topics_full_name(processor->definition->inputs[i]), p)
                    ->offset = processor->positions[i][p];
    if (processor_said(rd_kafka_seek_partitions(processor->consumer, back, 10000), "seek", why) !=
        VERDICT_OK)
        return VERDICT_FATAL;
    for (int i = 0; i < back->cnt; i++)
        if (back->elems[i].err)
            return fatal(why, "seek %s/%d: %s", back->elems[i].topic, back->elems[i].partition,
                         rd_kafka_err2str(back->elems[i].err));
    return VERDICT_OK;
}

/* Records are read again; ticks and results are in no topic. */
static void run_again(struct processor *processor)
{
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].door == PROCESSOR_TICK)
            processor_tick_again(processor, processor->batch[i].case_id);
    processor_keep_results(processor);
}

/* Back to where the last commit left us: buffered state dropped, consumer rewound. */
static enum verdict roll_back(struct processor *processor, const char *reason, struct why *why)
{
    log_event(LOG_WARNING, "processor.transaction_aborted", "why=%s", reason);
    metric_add(&processor_metrics[PROCESSOR_ABORTS], 1);
    state_drop_changes(&processor->store);
    if (++processor->aborts > ABORTS_IN_A_ROW_MAX)
        return fatal(why, "%d transactions aborted in a row: %s", processor->aborts, reason);
    /* Without the flush the abort itself may become fatal (librdkafka #4849). */
    rd_kafka_flush(processor->producer, 10000);
    if (processor_said(rd_kafka_abort_transaction(processor->producer, 30000), "abort", why) !=
            VERDICT_OK ||
        seek_back(processor, why) != VERDICT_OK)
        return VERDICT_FATAL;
    run_again(processor);
    return VERDICT_OK;
}

/* What was run has left the batch. */
static void share_out(struct processor *processor, int64_t begun_us)
{
    const struct transaction *transaction = &processor->transaction;
    int64_t now_us = clock_monotonic_us();
    int64_t routed_us = transaction->routed_inputs ? transaction->routed_us : 0;
    share_took(&processor->share, routed_us, now_us - begun_us - routed_us, now_us);
    processor->share.waits = !transaction->routed_inputs && processor_has_routed(processor);
}

void processor_run_batch(struct processor *processor, size_t planned)
{
    struct why why = {0}, after = {0};
    int64_t begun_us = clock_monotonic_us();
    transaction_begin(processor, planned);
    CLEANUP(processor_list_free)
    rd_kafka_topic_partition_list_t *offsets = planned_offsets(processor);
    processor_ask_facts(processor);
    enum verdict verdict = run_transaction(processor, offsets, &why);
    if (verdict == VERDICT_OK) {
        processor->aborts = 0;
        metric_add(&processor_metrics[PROCESSOR_COMMITS], 1);
        metric_observe_us(&processor_metrics[PROCESSOR_SECONDS], clock_monotonic_us() - begun_us);
        if (settle(processor, offsets, &after) != VERDICT_OK)
            processor_break_down(processor, "processor.cache_failed", after.text);
    } else if (verdict == VERDICT_FATAL) {
        processor_break_down(processor, "processor.transaction_failed", why.text);
    } else if (roll_back(processor, why.text, &after) != VERDICT_OK) {
        processor_break_down(processor, "processor.abort_failed", after.text);
    }
    if (verdict == VERDICT_OK) {
        processor_drop_first(processor, processor->transaction.inputs);
        share_out(processor, begun_us);
    }
    transaction_end(processor);
}
