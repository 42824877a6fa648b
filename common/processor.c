/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: gather what came by the three doors, run it in one transaction, write the state, start what is planned.
 *
 *   begin → offsets → (fold, decide, produce)* → flush → commit → cache
 *
 * The offsets go first: the broker refuses a member of an older generation there, before anything is in the log, and a
 * successor that asks for the committed offsets waits for this transaction's end. A crash at any arrow leaves either
 * nothing that a read_committed reader sees, or all of it; the cache is never ahead of the commit.
 */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/dead_letter.h"
#include "common/desk/topics.h"
#include "common/failpoint.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TRANSACTION_TIMEOUT_MS "60000"
#define COMMIT_AFTER_MS                                                                            \
    3 /* after the first produce: the broker then has the partition added and commits at once */
#define ABORTS_IN_A_ROW_MAX 5
#define TICK_AGAIN_US 1000000
#define REST_MS 500
#define OUTPUT_BYTES_MAX (1024 * 1024)

struct input {
    enum processor_door door;
    rd_kafka_message_t *message; /* record */
    struct work_done done;       /* result */
    char *case_id;               /* tick */
    int64_t due_us;
};

struct processor {
    const struct processor_definition *definition;
    struct processor_config config;
    char *transactional_id, *source;
    rd_kafka_t *consumer, *producer;
    rd_kafka_queue_t *queue;
    int wake_descriptor;
    struct state_store store;
    struct work_pool *pool;
    pthread_t thread;
    int32_t partitions;
    int64_t positions[PROCESSOR_INPUTS_MAX]
                     [PROCESSOR_PARTITIONS_MAX]; /* next offset; -1: not assigned */
    unsigned epochs[PROCESSOR_PARTITIONS_MAX];
    struct input batch[PROCESSOR_BATCH_MAX];
    size_t batch_count;
    struct kafka_position **kept; /* positions of the transaction's outputs */
    size_t kept_count;
    int aborts;
    int64_t first_produced_ms;
    pthread_mutex_t lock; /* the wakes */
    json_t *wakes;
    _Atomic bool wake_all, stopping, joined, recovering;
    _Atomic int assigned;
    bool broken;
};

static struct metric metrics[] = {
    {.name = "processor_transactions_total",
     .help = "Transactions committed",
     .kind = METRIC_COUNTER},
    {.name = "processor_aborts_total", .help = "Transactions aborted", .kind = METRIC_COUNTER},
    {.name = "processor_inputs_total{door=\"record\"}",
     .help = "Inputs taken",
     .kind = METRIC_COUNTER},
    {.name = "processor_inputs_total{door=\"tick\"}",
     .help = "Inputs taken",
     .kind = METRIC_COUNTER},
    {.name = "processor_inputs_total{door=\"result\"}",
     .help = "Inputs taken",
     .kind = METRIC_COUNTER},
    {.name = "processor_outputs_total", .help = "Records produced", .kind = METRIC_COUNTER},
    {.name = "processor_dead_letters_total", .help = "Inputs refused", .kind = METRIC_COUNTER},
    {.name = "processor_transaction_seconds",
     .help = "From begin to commit",
     .kind = METRIC_HISTOGRAM},
    {.name = "processor_partitions_assigned",
     .help = "Partitions of each input that this instance has",
     .kind = METRIC_GAUGE},
};
enum {
    COUNT_COMMITS,
    COUNT_ABORTS,
    COUNT_INPUTS,
    COUNT_OUTPUTS = 5,
    COUNT_DEAD,
    SECONDS,
    ASSIGNED
};

static const void *facts_of(const struct processor *processor)
{
    return processor->definition->facts
               ? processor->definition->facts(processor->definition->service_context)
               : NULL;
}

static int input_index(const struct processor_definition *definition, const char *topic)
{
    for (int i = 0; definition->inputs[i]; i++)
        if (strcmp(definition->inputs[i], topic) == 0)
            return i;
    return -1;
}

/* Anything unclear ends the process: it starts again and recovers what Kafka says. */
static void break_down(struct processor *processor, const char *event, const char *why)
{
    processor->broken = true;
    atomic_store(&processor->stopping, true);
    service_fail(event, why);
}

/* --- the batch ---------------------------------------------------------------------------------------------------------- */

static void input_clear(struct input *input)
{
    if (input->message)
        rd_kafka_message_destroy(input->message);
    work_done_clear(&input->done);
    free(input->case_id);
    *input = (struct input){0};
}

static void batch_clear(struct processor *processor)
{
    for (size_t i = 0; i < processor->batch_count; i++)
        input_clear(&processor->batch[i]);
    processor->batch_count = 0;
}

static bool is_assigned(const struct processor *processor, int32_t partition)
{
    return processor->positions[0][partition] >= 0;
}

static struct input *batch_add(struct processor *processor, enum processor_door door)
{
    struct input *input = &processor->batch[processor->batch_count++];
    *input = (struct input){.door = door};
    return input;
}

static bool batch_is_full(const struct processor *processor)
{
    return processor->batch_count == PROCESSOR_BATCH_MAX;
}

static void gather_records(struct processor *processor)
{
    while (!batch_is_full(processor) && !processor->broken) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(processor->consumer, 0);
        if (!message)
            return;
        if (!message->err) {
            batch_add(processor, PROCESSOR_RECORD)->message = message;
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__FATAL ||
            message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            break_down(processor, "processor.read_failed", rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
}

static void gather_results(struct processor *processor)
{
    struct work_done done;
    while (!batch_is_full(processor) && work_pool_take(processor->pool, &done)) {
        if (done.epoch != processor->epochs[done.partition] ||
            !is_assigned(processor, done.partition)) {
            work_pool_end(processor->pool, done.case_id, done.work_id);
            work_done_clear(&done);
            continue;
        }
        batch_add(processor, PROCESSOR_RESULT)->done = done;
        if (done.result->count)
            return; /* records of a result may be megabytes: one such result a transaction */
    }
}

static void gather_tick(struct processor *processor, const char *case_id, int64_t due_us)
{
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].case_id && strcmp(processor->batch[i].case_id, case_id) == 0)
            return;
    struct input *input = batch_add(processor, PROCESSOR_TICK);
    input->case_id = mem_strdup(case_id);
    input->due_us = due_us;
}

static void gather_due(struct processor *processor, int64_t now_us)
{
    for (int32_t p = 0; p < processor->partitions && !batch_is_full(processor); p++) {
        CLEANUP(mem_free) char *case_id = NULL;
        int64_t due_us;
        if (is_assigned(processor, p) && state_next_due(&processor->store, p, &due_us, &case_id) &&
            due_us <= now_us)
            gather_tick(processor, case_id, due_us);
    }
}

static void wake_all_cases(struct processor *processor)
{
    for (int32_t p = 0; p < processor->partitions; p++) {
        if (!is_assigned(processor, p))
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
    pthread_mutex_lock(&processor->lock);
    if (atomic_exchange(&processor->wake_all, false))
        wake_all_cases(processor);
    json_object_foreach_safe(processor->wakes, following, case_id, value)
    {
        if (batch_is_full(processor))
            break;
        if (is_assigned(processor, state_partition(&processor->store, case_id)))
            gather_tick(processor, case_id, now_us);
        json_object_del(processor->wakes, case_id);
    }
    pthread_mutex_unlock(&processor->lock);
}

static void gather(struct processor *processor)
{
    int64_t now_us = clock_now_us();
    gather_records(processor);
    gather_results(processor);
    gather_due(processor, now_us);
    gather_wakes(processor, now_us);
}

/* --- producing ------------------------------------------------------------------------------------------------------------ */

/* Delivery reports write into what this gives: it stays until the transaction has ended. */
static struct kafka_position *keep_positions(struct processor *processor, size_t count)
{
    struct kafka_position *positions = mem_alloc((count + 1) * sizeof *positions);
    for (size_t i = 0; i < count; i++)
        positions[i].offset = -1;
    processor->kept =
        mem_resize(processor->kept, processor->kept_count + 1, sizeof processor->kept[0]);
    processor->kept[processor->kept_count++] = positions;
    return positions;
}

static void free_positions(struct processor *processor)
{
    while (processor->kept_count)
        free(processor->kept[--processor->kept_count]);
}

static void take_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle, (void)opaque;
    struct kafka_position *position = message->_private;
    if (position && !message->err)
        *position =
            (struct kafka_position){.partition = message->partition, .offset = message->offset};
}

static enum verdict flush(struct processor *processor, struct why *why)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(processor->producer, 30000);
    return error ? retry(why, "flush: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

static enum verdict send_output(struct processor *processor, const struct kafka_output *output,
                                struct kafka_position *position, struct why *why)
{
    rd_kafka_resp_err_t error = kafka_send(processor->producer, output, position);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && flush(processor, why) == VERDICT_OK)
        error = kafka_send(processor->producer, output, position);
    if (error)
        return retry(why, "produce to %s: %s", output->topic, rd_kafka_err2str(error));
    if (!processor->first_produced_ms)
        processor->first_produced_ms = clock_monotonic_ms();
    metric_add(&metrics[COUNT_OUTPUTS], 1);
    failpoint("after_produce");
    return VERDICT_OK;
}

static void add_headers(struct event_headers *headers, const json_t *more, const char *content_type,
                        const char *input)
{
    const char *name;
    const json_t *value;
    for (size_t i = 0; i < headers->count; i++)
        if (strcmp(headers->list[i].name, "content-type") == 0)
            headers->list[i].value = bytes_of(content_type);
    if (input)
        headers->list[headers->count++] =
            (struct kafka_header){PROCESSOR_INPUT_HEADER, bytes_of(input)};
    json_object_foreach((json_t *)(uintptr_t)more, name, value)
    {
        assert(headers->count < COUNT_OF(headers->list));
        headers->list[headers->count++] =
            (struct kafka_header){name, bytes_of(json_string_value(value))};
    }
}

struct context {
    struct processor *processor;
    const struct processor_input *input;
    const char *traceparent;
    const char *input_position; /* for the own output's header */
    char time[CLOCK_TEXT_SIZE];
};

static enum verdict send_item(const struct context *context, const struct output_item *item,
                              struct bytes value, struct kafka_position *position, struct why *why)
{
    char type_text[96];
    struct event_headers headers;
    bool own = strcmp(item->topic, context->processor->definition->own) == 0;
    event_headers_make(item->type, item->id, context->processor->source, context->time,
                       context->input->case_id, context->traceparent, type_text, &headers);
    add_headers(&headers, item->headers, item->content_type, own ? context->input_position : NULL);
    struct kafka_output output = {
        .topic = topics_full_name(item->topic),
        .partition = state_partition(&context->processor->store, context->input->case_id),
        .key = bytes_of(context->input->case_id),
        .value = value,
        .headers = headers.list,
        .header_count = headers.count,
    };
    return send_output(context->processor, &output, position, why);
}

static bool is_waiting(const struct kafka_position *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i].offset < 0)
            return true;
    return false;
}

static bool names_a_position(const json_t *value)
{
    const char *key;
    const json_t *member;
    if (json_object_get(value, "$position"))
        return true;
    json_object_foreach((json_t *)(uintptr_t)value, key,
                        member) if (names_a_position(member)) return true;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (names_a_position(json_array_get(value, i)))
            return true;
    return false;
}

static enum verdict send_json(const struct context *context, const struct output_item *item,
                              json_t *state, struct kafka_position *positions, size_t index,
                              struct why *why)
{
    bool any = false;
    if (names_a_position(item->value) && is_waiting(positions, index) &&
        flush(context->processor, why) != VERDICT_OK)
        return VERDICT_RETRY;
    json_auto_t *value = outputs_resolve(item->value, positions, index, &any);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, OUTPUT_BYTES_MAX);
    event_dump_json(value, &text);
    assert(!text.overflowed); /* every list in it has a limit (contract §5) */
    if (strcmp(item->topic, context->processor->definition->own) == 0)
        json_object_set(state, "own", value);
    return send_item(context, item, (struct bytes){.data = text.data, .length = text.length},
                     &positions[index], why);
}

static enum verdict send_outputs(const struct context *context, const struct outputs *outputs,
                                 json_t *state, struct kafka_position *positions, struct why *why)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output_item *item = &outputs->items[i];
        struct bytes bytes = {.data = item->bytes, .length = item->length};
        enum verdict verdict = item->value ? send_json(context, item, state, positions, i, why)
                                           : send_item(context, item, bytes, &positions[i], why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

/* --- dead letters ---------------------------------------------------------------------------------------------------------- */

static enum verdict send_dead_letter(struct processor *processor, const struct kafka_record *record,
                                     const char *reason, int64_t now_us, struct why *why)
{
    CLEANUP(dead_letter_clear) struct dead_letter letter;
    dead_letter_make(processor->definition->service, record, reason, now_us, &letter);
    metric_add(&metrics[COUNT_DEAD], 1);
    log_event(LOG_WARNING, "record.refused", "topic=%s partition=%d offset=%" PRId64 " reason=%s",
              record->topic, record->at.partition, record->at.offset, reason);
    return send_output(processor, &letter.output, NULL, why);
}

/* --- one input -------------------------------------------------------------------------------------------------------------- */

/* Folds, decides and produces. `reason` is set where the input was refused. */
static enum verdict run_input(struct context *context, const struct processor_result *result,
                              json_t *state, bool stateless, char **ret_reason, struct why *why)
{
    struct processor *processor = context->processor;
    CLEANUP(outputs_clear)
    struct outputs outputs = {
        .definition = processor->definition, .input = context->input, .result = result};
    processor->definition->decide(state, context->input, facts_of(processor), &outputs);
    *ret_reason = mem_strdup(outputs.rejected);
    struct kafka_position *positions = keep_positions(processor, outputs.count);
    enum verdict verdict = send_outputs(context, &outputs, state, positions, why);
    if (verdict == VERDICT_OK && !stateless)
        state_put(&processor->store, context->input->case_id, state);
    return verdict;
}

static enum verdict parse_record(struct processor *processor, const struct kafka_record *record,
                                 const char *topic, struct event *event, char **ret_case_id,
                                 bool *ret_routed, struct why *why)
{
    const struct processor_definition *definition = processor->definition;
    *ret_routed = definition->route && strcmp(topic, "provider-replies") == 0;
    if (*ret_routed) {
        *ret_case_id = definition->route(topic, record, definition->service_context, event, why);
        return *ret_case_id ? VERDICT_OK : VERDICT_REJECT;
    }
    if (event_parse(record, event, why) != VERDICT_OK)
        return VERDICT_REJECT;
    if (!ids_is_uuid(event->key) || strcmp(event->key, event->subject) != 0 ||
        state_partition(&processor->store, event->key) != record->at.partition)
        return reject(why, "key: expected a case id that equals ce_subject, on its partition");
    *ret_case_id = mem_strdup(event->key);
    return VERDICT_OK;
}

static void event_clear_at(struct event *event)
{
    event_clear(event);
}

static enum verdict run_record(struct processor *processor, const rd_kafka_message_t *message,
                               struct why *why)
{
    struct kafka_record record;
    CLEANUP(event_clear_at) struct event event = {0};
    CLEANUP(mem_free) char *case_id = NULL;
    CLEANUP(mem_free) char *reason = NULL;
    json_auto_t *state = NULL;
    struct why refusal = {0};
    bool routed;
    kafka_record_of(message, &record);
    const char *topic = topics_short_name(record.topic);
    char seed[120], position[120];
    snprintf(seed, sizeof seed, "%s/%d/%" PRId64, topic, record.at.partition, record.at.offset);
    snprintf(position, sizeof position, "%s/%d/%" PRId64, topic, record.at.partition,
             record.at.offset + 1);
    int64_t now_us = clock_now_us();
    enum verdict verdict =
        parse_record(processor, &record, topic, &event, &case_id, &routed, &refusal);
    if (verdict == VERDICT_OK && routed)
        state = json_object(); /* the case may be another instance's */
    else if (verdict == VERDICT_OK &&
             state_get(&processor->store, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (verdict == VERDICT_OK && !routed)
        verdict = processor->definition->fold(state, topic, &event, &refusal);
    if (verdict != VERDICT_OK)
        return verdict == VERDICT_REJECT
                   ? send_dead_letter(processor, &record, refusal.text, now_us, why)
                   : fatal(why, "%s", refusal.text);
    struct processor_input input = {.door = PROCESSOR_RECORD,
                                    .case_id = case_id,
                                    .now_us = now_us,
                                    .topic = topic,
                                    .event = &event,
                                    .seed = seed};
    struct context context = {.processor = processor,
                              .input = &input,
                              .traceparent = event.traceparent,
                              .input_position = position};
    clock_format_us(now_us, context.time);
    verdict = run_input(&context, NULL, state, routed, &reason, why);
    if (verdict == VERDICT_OK && reason)
        verdict = send_dead_letter(processor, &record, reason, now_us, why);
    return verdict;
}

static enum verdict run_other(struct processor *processor, const struct input *from,
                              struct why *why)
{
    json_auto_t *state = NULL;
    CLEANUP(mem_free) char *reason = NULL;
    const char *case_id = from->door == PROCESSOR_TICK ? from->case_id : from->done.case_id;
    CLEANUP(mem_free)
    char *seed = from->door == PROCESSOR_TICK ? mem_printf("tick/%" PRId64, from->due_us)
                                              : mem_printf("result/%s", from->done.work_id);
    if (state_get(&processor->store, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (json_object_size(state) == 0)
        return VERDICT_OK; /* a wake for a case that is not known here */
    struct processor_input input = {
        .door = from->door, .case_id = case_id, .now_us = clock_now_us(), .seed = seed};
    if (from->door == PROCESSOR_RESULT) {
        input.work_id = from->done.work_id;
        input.result = from->done.result->value;
        input.result_record_count = from->done.result->count;
    }
    struct context context = {.processor = processor, .input = &input};
    clock_format_us(input.now_us, context.time);
    enum verdict verdict = run_input(&context, from->done.result, state, false, &reason, why);
    if (reason)
        log_event(LOG_WARNING, "input.refused", "case=%s seed=%s reason=%s", case_id, seed, reason);
    return verdict;
}

/* --- the transaction -------------------------------------------------------------------------------------------------------- */

static void list_free(rd_kafka_topic_partition_list_t **list)
{
    rd_kafka_topic_partition_list_destroy(*list);
}

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
static rd_kafka_topic_partition_list_t *batch_offsets(const struct processor *processor)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    const char *first = topics_full_name(processor->definition->inputs[0]);
    for (size_t i = 0; i < processor->batch_count; i++) {
        const struct input *input = &processor->batch[i];
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

static enum verdict said(rd_kafka_error_t *error, const char *what, struct why *why)
{
    if (!error)
        return VERDICT_OK;
    bool abortable = rd_kafka_error_txn_requires_abort(error) || rd_kafka_error_is_retriable(error);
    enum verdict verdict = abortable ? retry(why, "%s: %s", what, rd_kafka_error_string(error))
                                     : fatal(why, "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return verdict;
}

static enum verdict send_offsets(struct processor *processor,
                                 const rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(processor->consumer);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(processor->producer, offsets, group, 30000);
    rd_kafka_consumer_group_metadata_destroy(group);
    return said(error, "offsets", why);
}

static enum verdict run_batch(struct processor *processor, struct why *why)
{
    for (size_t i = 0; i < processor->batch_count; i++) {
        struct input *input = &processor->batch[i];
        enum verdict verdict = input->door == PROCESSOR_RECORD
                                   ? run_record(processor, input->message, why)
                                   : run_other(processor, input, why);
        if (verdict != VERDICT_OK)
            return verdict;
        metric_add(&metrics[COUNT_INPUTS + (int)input->door], 1);
    }
    return VERDICT_OK;
}

static enum verdict commit(struct processor *processor, struct why *why)
{
    if (flush(processor, why) != VERDICT_OK)
        return VERDICT_RETRY;
    if (processor->first_produced_ms) {
        int64_t left_ms = processor->first_produced_ms + COMMIT_AFTER_MS - clock_monotonic_ms();
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
    return said(error, "commit", why);
}

static enum verdict run_transaction(struct processor *processor,
                                    const rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    processor->first_produced_ms = 0;
    enum verdict verdict = said(rd_kafka_begin_transaction(processor->producer), "begin", why);
    failpoint("after_begin");
    if (verdict == VERDICT_OK)
        verdict = send_offsets(processor, offsets, why);
    failpoint("after_offsets");
    if (verdict == VERDICT_OK)
        verdict = run_batch(processor, why);
    if (verdict == VERDICT_OK)
        verdict = commit(processor, why);
    return verdict;
}

static void plan_case(struct processor *processor, const char *case_id)
{
    json_auto_t *state = NULL;
    CLEANUP(plan_clear) struct plan plan = {0};
    struct why why;
    int32_t partition = state_partition(&processor->store, case_id);
    if (!is_assigned(processor, partition) ||
        state_get(&processor->store, case_id, &state, &why) != VERDICT_OK)
        return;
    processor->definition->plan(state, case_id, facts_of(processor), &plan);
    work_pool_set(processor->pool, case_id, partition, processor->epochs[partition], &plan);
}

static void end_results(struct processor *processor)
{
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].door == PROCESSOR_RESULT)
            work_pool_end(processor->pool, processor->batch[i].done.case_id,
                          processor->batch[i].done.work_id);
}

/* After the commit: the cache, then whatever the new states plan. */
static enum verdict settle(struct processor *processor,
                           const rd_kafka_topic_partition_list_t *offsets, struct why *why)
{
    struct state_offset *list = mem_alloc((size_t)(offsets->cnt + 1) * sizeof *list);
    json_auto_t *changed = json_array();
    const char *case_id;
    json_t *state;
    for (int i = 0; i < offsets->cnt; i++) {
        const char *topic = topics_short_name(offsets->elems[i].topic);
        list[i] =
            (struct state_offset){topic, offsets->elems[i].partition, offsets->elems[i].offset};
        processor
            ->positions[input_index(processor->definition, topic)][offsets->elems[i].partition] =
            offsets->elems[i].offset;
    }
    json_object_foreach(processor->store.dirty, case_id, state)
        json_array_append_new(changed, json_string(case_id));
    failpoint("before_cache");
    enum verdict verdict =
        state_write(&processor->store, list, (size_t)offsets->cnt, facts_of(processor),
                    clock_now_us() + TICK_AGAIN_US / 1000, why);
    free(list);
    end_results(processor);
    for (size_t i = 0; i < json_array_size(changed); i++)
        plan_case(processor, json_string_value(json_array_get(changed, i)));
    return verdict;
}

/* Back to where the last commit left us: buffered state dropped, consumer rewound, lost results asked for again. */
static enum verdict roll_back(struct processor *processor, const char *reason, struct why *why)
{
    log_event(LOG_WARNING, "processor.transaction_aborted", "why=%s", reason);
    metric_add(&metrics[COUNT_ABORTS], 1);
    state_drop_changes(&processor->store);
    if (++processor->aborts > ABORTS_IN_A_ROW_MAX)
        return fatal(why, "%d transactions aborted in a row: %s", processor->aborts, reason);
    rd_kafka_flush(processor->producer,
                   10000); /* without it the abort itself may become fatal (librdkafka #4849) */
    if (said(rd_kafka_abort_transaction(processor->producer, 30000), "abort", why) != VERDICT_OK)
        return VERDICT_FATAL;
    CLEANUP(list_free)
    rd_kafka_topic_partition_list_t *back = rd_kafka_topic_partition_list_new(16);
    for (int i = 0; processor->definition->inputs[i]; i++)
        for (int32_t p = 0; p < processor->partitions; p++)
            if (processor->positions[i][p] >= 0)
                rd_kafka_topic_partition_list_add(
                    back, topics_full_name(processor->definition->inputs[i]), p)
                    ->offset = processor->positions[i][p];
    if (said(rd_kafka_seek_partitions(processor->consumer, back, 10000), "seek", why) != VERDICT_OK)
        return VERDICT_FATAL;
    end_results(processor);
    for (size_t i = 0; i < processor->batch_count; i++)
        if (processor->batch[i].door == PROCESSOR_RESULT)
            plan_case(processor, processor->batch[i].done.case_id);
    return VERDICT_OK;
}

static void process_batch(struct processor *processor)
{
    struct why why = {0}, after = {0};
    int64_t begun_us = clock_now_us();
    CLEANUP(list_free) rd_kafka_topic_partition_list_t *offsets = batch_offsets(processor);
    enum verdict verdict = run_transaction(processor, offsets, &why);
    if (verdict == VERDICT_OK) {
        processor->aborts = 0;
        metric_add(&metrics[COUNT_COMMITS], 1);
        metric_observe_us(&metrics[SECONDS], clock_now_us() - begun_us);
        if (settle(processor, offsets, &after) != VERDICT_OK)
            break_down(processor, "processor.cache_failed", after.text);
    } else if (verdict == VERDICT_FATAL) {
        break_down(processor, "processor.transaction_failed", why.text);
    } else if (roll_back(processor, why.text, &after) != VERDICT_OK) {
        break_down(processor, "processor.abort_failed", after.text);
    }
    free_positions(processor);
    batch_clear(processor);
}

/* --- assignment ------------------------------------------------------------------------------------------------------------- */

static void revoke_all(struct processor *processor)
{
    batch_clear(processor); /* gathered, not begun: whoever has the partition next reads it again */
    state_drop_changes(&processor->store);
    for (int32_t p = 0; p < processor->partitions; p++) {
        processor->epochs[p]++;
        work_pool_revoke(processor->pool, p);
        for (int i = 0; i < PROCESSOR_INPUTS_MAX; i++)
            processor->positions[i][p] = -1;
    }
    atomic_store(&processor->assigned, 0);
    metric_set(&metrics[ASSIGNED], 0);
}

static enum verdict committed_of(struct processor *processor,
                                 const rd_kafka_topic_partition_list_t *assigned,
                                 int64_t committed[][PROCESSOR_PARTITIONS_MAX], struct why *why)
{
    CLEANUP(list_free)
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(assigned);
    rd_kafka_resp_err_t error = rd_kafka_committed(processor->consumer, list, 60000);
    if (error)
        return retry(why, "committed offsets: %s", rd_kafka_err2str(error));
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err)
            return retry(why, "committed offsets: %s", rd_kafka_err2str(list->elems[i].err));
        int input = input_index(processor->definition, topics_short_name(list->elems[i].topic));
        committed[input][list->elems[i].partition] =
            list->elems[i].offset < 0 ? -1 : list->elems[i].offset;
    }
    return VERDICT_OK;
}

static enum verdict recover_partition(struct processor *processor, int32_t partition,
                                      int64_t committed[][PROCESSOR_PARTITIONS_MAX],
                                      struct why *why)
{
    struct recovery recovery = {.definition = processor->definition,
                                .kafka = &processor->config.kafka,
                                .store = &processor->store,
                                .facts = facts_of(processor)};
    int64_t wanted[PROCESSOR_INPUTS_MAX], start[PROCESSOR_INPUTS_MAX];
    for (int i = 0; i < PROCESSOR_INPUTS_MAX; i++)
        wanted[i] = committed[i][partition];
    enum verdict verdict = processor_recover(&recovery, partition, wanted, start, why);
    for (int i = 0; processor->definition->inputs[i] && verdict == VERDICT_OK; i++)
        processor->positions[i][partition] = start[i] < 0 ? 0 : start[i];
    return verdict;
}

static enum verdict assign(struct processor *processor, rd_kafka_topic_partition_list_t *assigned,
                           struct why *why)
{
    static int64_t committed[PROCESSOR_INPUTS_MAX][PROCESSOR_PARTITIONS_MAX];
    bool wanted[PROCESSOR_PARTITIONS_MAX] = {false};
    int count = 0;
    memset(committed, 0xff, sizeof committed);
    if (committed_of(processor, assigned, committed, why) != VERDICT_OK)
        return VERDICT_RETRY;
    for (int i = 0; i < assigned->cnt; i++)
        wanted[assigned->elems[i].partition] = true;
    for (int32_t p = 0; p < processor->partitions; p++) {
        if (!wanted[p])
            continue;
        if (recover_partition(processor, p, committed, why) != VERDICT_OK)
            return VERDICT_FATAL;
        count++;
    }
    for (int i = 0; i < assigned->cnt; i++) {
        int input = input_index(processor->definition, topics_short_name(assigned->elems[i].topic));
        int64_t start = processor->positions[input][assigned->elems[i].partition];
        /* 0 may lie before the log's start where a topic has a retention. */
        assigned->elems[i].offset = start > 0 ? start : RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(processor->consumer, assigned);
    if (error)
        return fatal(why, "assign: %s", rd_kafka_err2str(error));
    atomic_store(&processor->assigned, count);
    metric_set(&metrics[ASSIGNED], count);
    return VERDICT_OK;
}

static void start_open_work(struct processor *processor)
{
    for (int32_t p = 0; p < processor->partitions; p++) {
        if (!is_assigned(processor, p))
            continue;
        json_auto_t *cases = state_cases(&processor->store, p, true);
        for (size_t i = 0; i < json_array_size(cases); i++)
            plan_case(processor, json_string_value(json_array_get(cases, i)));
    }
}

static void rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t event,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct processor *processor = opaque;
    struct why why = {0};
    revoke_all(processor);
    if (event != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(consumer, NULL);
        return;
    }
    atomic_store(&processor->recovering, true);
    if (assign(processor, partitions, &why) != VERDICT_OK) {
        break_down(processor, "processor.recovery_failed", why.text);
        return;
    }
    start_open_work(processor);
    atomic_store(&processor->recovering, false);
    atomic_store(&processor->joined, true);
    log_event(LOG_INFO, "processor.assigned", "partitions=%d", atomic_load(&processor->assigned));
}

/* --- the loop --------------------------------------------------------------------------------------------------------------- */

static int rest_ms(struct processor *processor)
{
    int64_t now_us = clock_now_us(), soonest_us = now_us + REST_MS * 1000;
    for (int32_t p = 0; p < processor->partitions; p++) {
        CLEANUP(mem_free) char *case_id = NULL;
        int64_t due_us;
        if (is_assigned(processor, p) && state_next_due(&processor->store, p, &due_us, &case_id) &&
            due_us < soonest_us)
            soonest_us = due_us;
    }
    return soonest_us <= now_us ? 0 : (int)((soonest_us - now_us + 999) / 1000);
}

static void rest(struct processor *processor)
{
    uint64_t count;
    struct pollfd wake = {.fd = processor->wake_descriptor, .events = POLLIN};
    if (poll(&wake, 1, rest_ms(processor)) > 0) {
        ssize_t got = read(processor->wake_descriptor, &count, sizeof count);
        (void)got;
    }
    rd_kafka_poll(processor->producer, 0);
}

static void *run(void *context)
{
    struct processor *processor = context;
    while (!atomic_load(&processor->stopping)) {
        gather(processor);
        if (processor->broken)
            break;
        if (processor->batch_count)
            process_batch(processor);
        else
            rest(processor);
    }
    batch_clear(processor);
    return NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------------------ */

static enum verdict set_all(rd_kafka_conf_t *conf, const char *const (*pairs)[2], size_t count,
                            struct why *why)
{
    for (size_t i = 0; i < count; i++)
        if (pairs[i][1] && kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK) {
            rd_kafka_conf_destroy(conf);
            return VERDICT_FATAL;
        }
    return VERDICT_OK;
}

static enum verdict open_consumer(struct processor *processor, struct why *why)
{
    const char *const pairs[][2] = {
        {"group.id", processor->definition->service},
        /* static membership: after kill -9 the successor has its partitions in 0.05 s instead of 9 s */
        {"group.instance.id", processor->transactional_id},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", "10000"},
        {"max.poll.interval.ms", "1800000"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_committed"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "50"},
        {"queued.max.messages.kbytes",
         "32768"}, /* a full queue pauses the fetcher: see kafka_reader.c */
    };
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(&processor->config.kafka, &conf, why) != VERDICT_OK ||
        set_all(conf, pairs, COUNT_OF(pairs), why) != VERDICT_OK)
        return VERDICT_FATAL;
    kafka_conf_try(conf, "fetch.queue.backoff.ms", "5");
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_opaque(conf, processor);
    if (kafka_handle_make(RD_KAFKA_CONSUMER, conf, &processor->consumer, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_poll_set_consumer(processor->consumer);
    static const uint64_t one = 1;
    processor->queue = rd_kafka_queue_get_consumer(processor->consumer);
    rd_kafka_queue_io_event_enable(processor->queue, processor->wake_descriptor, &one, sizeof one);
    return VERDICT_OK;
}

static enum verdict open_producer(struct processor *processor, struct why *why)
{
    const char *const pairs[][2] = {
        {"transactional.id", processor->transactional_id},
        {"transaction.timeout.ms", TRANSACTION_TIMEOUT_MS},
        {"message.timeout.ms", "30000"},
        {"linger.ms", "0"},
        {"sticky.partitioning.linger.ms", "0"},
        /* else CONCURRENT_TRANSACTIONS waits 100 ms */
        {"retry.backoff.ms", "1"},
        {"partitioner", "murmur2_random"},
        {"message.max.bytes", "1048576"},
    };
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(&processor->config.kafka, &conf, why) != VERDICT_OK ||
        set_all(conf, pairs, COUNT_OF(pairs), why) != VERDICT_OK)
        return VERDICT_FATAL;
    kafka_conf_try(conf, "retry.backoff.max.ms", "5");
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
    if (kafka_handle_make(RD_KAFKA_PRODUCER, conf, &processor->producer, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return said(rd_kafka_init_transactions(processor->producer, 60000), "init transactions", why);
}

static enum verdict subscribe(struct processor *processor, struct why *why)
{
    CLEANUP(list_free)
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(8);
    for (const char *const *input = processor->definition->inputs; *input; input++)
        rd_kafka_topic_partition_list_add(topics, topics_full_name(*input), RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(processor->consumer, topics);
    return error ? fatal(why, "subscribe: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

/* Everything it reads and writes is checked by metadata: a consumer of a topic it may not read would wait for ever. */
static enum verdict check_topics(struct processor *processor, char cluster_id[64], struct why *why)
{
    const char *names[32];
    size_t count = 0;
    const struct processor_definition *definition = processor->definition;
    for (const char *const *topic = definition->inputs; *topic; topic++)
        names[count++] = topics_full_name(*topic);
    for (const char *const *topic = definition->outputs; topic && *topic; topic++)
        names[count++] = topics_full_name(*topic);
    names[count++] = topics_full_name(definition->own);
    names[count++] = topics_full_name("dead-letters");
    enum verdict verdict =
        kafka_check_topics(&processor->config.kafka, names, count, clock_monotonic_ms() + 20000,
                           &processor->partitions, cluster_id, why);
    if (verdict == VERDICT_OK && processor->partitions > PROCESSOR_PARTITIONS_MAX)
        return fatal(why, "more than %d partitions", PROCESSOR_PARTITIONS_MAX);
    return verdict;
}

static enum verdict open_store(struct processor *processor, const char *cluster_id, struct why *why)
{
    bool emptied;
    CLEANUP(mem_free)
    char *identity = mem_printf("%s %d %u %s", cluster_id, processor->partitions,
                                processor->definition->format, processor->definition->service);
    processor->store.definition = processor->definition;
    processor->store.partitions = processor->partitions;
    processor->store.dirty = json_object();
    if (cache_open(processor->config.state_dir, "processor", identity, &emptied,
                   &processor->store.cache, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (emptied)
        log_event(LOG_INFO, "processor.cache_empty", "identity=%s", identity);
    return VERDICT_OK;
}

static void register_metrics(void)
{
    metrics_register(metrics, COUNT_OF(metrics));
}

enum verdict processor_start(const struct processor_definition *definition,
                             const struct processor_config *config,
                             struct processor **ret_processor, struct why *why)
{
    static pthread_once_t registered = PTHREAD_ONCE_INIT;
    char cluster_id[64];
    struct processor *processor = mem_alloc(sizeof *processor);
    pthread_once(&registered, register_metrics);
    processor->definition = definition;
    processor->config = *config;
    processor->transactional_id = mem_printf("%s-%s", definition->service, config->instance);
    processor->source = mem_printf("/kakekomi/%s", definition->service);
    processor->wakes = json_object();
    processor->wake_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&processor->lock, NULL);
    memset(processor->positions, 0xff, sizeof processor->positions);
    if (check_topics(processor, cluster_id, why) != VERDICT_OK ||
        open_store(processor, cluster_id, why) != VERDICT_OK)
        return VERDICT_FATAL;
    processor->pool = work_pool_start(definition, processor->wake_descriptor);
    if (open_producer(processor, why) != VERDICT_OK ||
        open_consumer(processor, why) != VERDICT_OK || subscribe(processor, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (pthread_create(&processor->thread, NULL, run, processor) != 0)
        return fatal(why, "no thread for the processor");
    pthread_setname_np(processor->thread, "processor");
    *ret_processor = processor;
    return VERDICT_OK;
}

bool processor_is_ready(struct processor *processor, struct buf *ret_detail)
{
    bool ready = atomic_load(&processor->joined) && !atomic_load(&processor->recovering) &&
                 !atomic_load(&processor->stopping);
    buf_printf(ret_detail, "{\"partitions\":%d,\"recovering\":%s,\"work\":%zu}",
               atomic_load(&processor->assigned),
               atomic_load(&processor->recovering) ? "true" : "false",
               work_pool_running(processor->pool));
    return ready;
}

void processor_wake(struct processor *processor, const char *case_id)
{
    uint64_t one = 1;
    if (case_id) {
        pthread_mutex_lock(&processor->lock);
        json_object_set_new(processor->wakes, case_id, json_true());
        pthread_mutex_unlock(&processor->lock);
    } else {
        atomic_store(&processor->wake_all, true);
    }
    ssize_t written = write(processor->wake_descriptor, &one, sizeof one);
    (void)written;
}

json_t *processor_cases(struct processor *processor)
{
    json_t *all = json_array();
    for (int32_t p = 0; p < processor->partitions; p++) {
        json_auto_t *cases = state_cases(&processor->store, p, false);
        json_array_extend(all, cases);
    }
    return all;
}

enum verdict processor_read_state(struct processor *processor, const char *case_id,
                                  json_t **ret_state, struct why *why)
{
    struct state_store view = processor->store;
    json_auto_t *none = json_object();
    view.dirty = none; /* only what is committed */
    json_t *state = NULL;
    if (state_get(&view, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (json_object_size(state) == 0) {
        json_decref(state);
        state = NULL;
    }
    *ret_state = state;
    return VERDICT_OK;
}

void processor_stop(struct processor *processor, int64_t deadline_ms)
{
    if (!processor)
        return;
    (void)deadline_ms;
    atomic_store(&processor->stopping, true);
    processor_wake(processor, NULL);
    pthread_join(processor->thread, NULL);
    work_pool_stop(processor->pool);
    if (!processor->broken) {
        rd_kafka_consumer_close(processor->consumer);
        rd_kafka_queue_destroy(processor->queue);
        rd_kafka_destroy(processor->consumer);
        rd_kafka_destroy(processor->producer);
    }
    cache_close(processor->store.cache);
}
