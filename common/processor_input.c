/* SPDX-License-Identifier: Apache-2.0 */
/* One input: parse, fold, decide, produce. */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/dead_letter.h"
#include "common/desk/topics.h"
#include "common/failpoint.h"
#include "common/ids.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading -------------------------------------------------------------------------------------------------------- */

bool processor_is_routed(const struct processor_definition *definition, const char *topic)
{
    return definition->route && strcmp(topics_find(topic)->key, "case id") != 0;
}

enum verdict processor_parse(const struct state_store *store, const struct kafka_record *record,
                             struct event *ret_event, struct why *why)
{
    const char *type = topics_find(topics_short_name(record->topic))->type;
    if (event_parse(record, ret_event, why) != VERDICT_OK)
        return VERDICT_REJECT;
    bool own_key = ids_is_uuid(ret_event->key) && strcmp(ret_event->key, ret_event->subject) == 0 &&
                   state_partition(store, ret_event->key) == record->at.partition;
    bool right_type = !type || strcmp(type, ret_event->type) == 0;
    if (own_key && right_type)
        return VERDICT_OK;
    event_clear(ret_event);
    return own_key
               ? reject(why, "header ce_type: expected %s", type)
               : reject(why, "key: expected a case id that equals ce_subject, on its partition");
}

/* --- producing ------------------------------------------------------------------------------------------------------ */

/* Delivery reports write into what this gives: it stays until the transaction has ended. */
static struct kafka_position *keep_positions(struct transaction *transaction, size_t count)
{
    struct kafka_position *positions = mem_alloc((count + 1) * sizeof *positions);
    for (size_t i = 0; i < count; i++)
        positions[i].offset = -1;
    transaction->kept =
        mem_resize(transaction->kept, transaction->kept_count + 1, sizeof transaction->kept[0]);
    transaction->kept[transaction->kept_count++] = positions;
    return positions;
}

void processor_take_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    struct processor *processor = opaque;
    struct kafka_position *position = message->_private;
    if (message->err)
        return; /* the transaction is abortable now: its commit will say so */
    if (position)
        *position =
            (struct kafka_position){.partition = message->partition, .offset = message->offset};
    int64_t *own_next = &processor->transaction.own_next[message->partition];
    const char *own = topics_full_name(processor->definition->own);
    if (strcmp(rd_kafka_topic_name(message->rkt), own) == 0 && message->offset >= *own_next)
        *own_next = message->offset + 1;
}

enum verdict processor_flush(struct processor *processor, struct why *why)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(processor->producer, 30000);
    return error ? retry(why, "flush: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

static enum verdict send_output(struct processor *processor, const struct kafka_output *output,
                                struct kafka_position *position, struct why *why)
{
    assert(output->value.length <= PROCESSOR_OUTPUT_BYTES_MAX);
    rd_kafka_resp_err_t error = kafka_send(processor->producer, output, position);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && processor_flush(processor, why) == VERDICT_OK)
        error = kafka_send(processor->producer, output, position);
    if (error)
        return retry(why, "produce to %s: %s", output->topic, rd_kafka_err2str(error));
    if (!processor->transaction.first_produced_ms)
        processor->transaction.first_produced_ms = clock_monotonic_ms();
    processor->transaction.bytes += output->value.length;
    metric_add(&processor_metrics[PROCESSOR_OUTPUTS], 1);
    failpoint("after_produce");
    return VERDICT_OK;
}

struct context {
    struct processor *processor;
    const struct processor_input *input;
    const char *traceparent;
    char time[CLOCK_TEXT_SIZE];
    char taken[400]; /* for the own output's header */
};

static void write_taken(const struct processor *processor, int32_t partition, char *text,
                        size_t size)
{
    size_t length = 0;
    for (int i = 0; processor->definition->inputs[i]; i++) {
        int more = snprintf(text + length, size - length, "%s%s/%d/%" PRId64, i ? " " : "",
                            processor->definition->inputs[i], partition,
                            processor->transaction.taken[i][partition]);
        length += (size_t)more;
        assert(length < size);
    }
}

static void add_headers(struct event_headers *headers, const json_t *more, const char *content_type,
                        const char *taken)
{
    const char *name;
    const json_t *value;
    for (size_t i = 0; i < headers->count; i++)
        if (strcmp(headers->list[i].name, "content-type") == 0)
            headers->list[i].value = bytes_of(content_type);
    if (taken)
        headers->list[headers->count++] =
            (struct kafka_header){PROCESSOR_INPUT_HEADER, bytes_of(taken)};
    json_object_foreach((json_t *)(uintptr_t)more, name, value)
    {
        assert(headers->count < COUNT_OF(headers->list));
        headers->list[headers->count++] =
            (struct kafka_header){name, bytes_of(json_string_value(value))};
    }
}

static bool is_own(const struct context *context, const struct output_item *item)
{
    return strcmp(item->topic, context->processor->definition->own) == 0;
}

static enum verdict send_item(const struct context *context, const struct output_item *item,
                              struct bytes value, struct kafka_position *position, struct why *why)
{
    char type_text[96];
    struct event_headers headers;
    event_headers_make(item->type, item->id, context->processor->source, context->time,
                       context->input->case_id, context->traceparent, type_text, &headers);
    add_headers(&headers, item->headers, item->content_type,
                is_own(context, item) ? context->taken : NULL);
    struct kafka_output output = {
        .topic = topics_full_name(item->topic),
        .partition = state_partition(&context->processor->store, context->input->case_id),
        .key = bytes_of(context->input->case_id),
        .value = value,
        .headers = headers.list,
        .header_count = headers.count,
    };
    if (send_output(context->processor, &output, position, why) != VERDICT_OK)
        return VERDICT_RETRY;
    if (failpoint_is_named(item->type) && processor_flush(context->processor, why) != VERDICT_OK)
        return VERDICT_RETRY;
    failpoint(item->type);
    return VERDICT_OK;
}

static bool is_waiting(const struct kafka_position *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i].offset < 0)
            return true;
    return false;
}

/* A value that names positions waits until Kafka has told them. */
static enum verdict await_positions(struct processor *processor,
                                    const struct kafka_position *positions, size_t count,
                                    struct why *why)
{
    if (!is_waiting(positions, count))
        return VERDICT_OK;
    if (processor_flush(processor, why) != VERDICT_OK)
        return VERDICT_RETRY;
    return is_waiting(positions, count) ? retry(why, "an output was not delivered") : VERDICT_OK;
}

static enum verdict send_json(const struct context *context, const struct output_item *item,
                              json_t *state, struct kafka_position *positions, size_t index,
                              struct why *why)
{
    if (outputs_name_position(item->value) &&
        await_positions(context->processor, positions, index, why) != VERDICT_OK)
        return VERDICT_RETRY;
    json_auto_t *value = outputs_resolve(item->value, positions, index);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, PROCESSOR_OUTPUT_BYTES_MAX);
    event_dump_json(value, &text);
    assert(!text.overflowed); /* every list in it has a limit (contract §5) */
    if (is_own(context, item))
        json_object_set(state, "own", value);
    return send_item(context, item, (struct bytes){.data = text.data, .length = text.length},
                     &positions[index], why);
}

static enum verdict send_outputs(const struct context *context, const struct outputs *outputs,
                                 json_t *state, struct why *why)
{
    struct kafka_position *positions =
        keep_positions(&context->processor->transaction, outputs->count);
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

static enum verdict send_dead_letter(struct processor *processor, const struct kafka_record *record,
                                     const char *reason, struct why *why)
{
    CLEANUP(dead_letter_clear) struct dead_letter letter;
    dead_letter_make(processor->definition->service, record, reason, clock_now_us(), &letter);
    metric_add(&processor_metrics[PROCESSOR_DEAD_LETTERS], 1);
    log_event(LOG_WARNING, "record.refused", "topic=%s partition=%d offset=%" PRId64 " reason=%s",
              record->topic, record->at.partition, record->at.offset, reason);
    return send_output(processor, &letter.output, NULL, why);
}

/* --- deciding ------------------------------------------------------------------------------------------------------- */

/* `ret_reason` is set where decide refused the input. */
static enum verdict decide(struct context *context, const struct processor_result *result,
                           json_t *state, bool keep, char **ret_reason, struct why *why)
{
    struct processor *processor = context->processor;
    CLEANUP(outputs_clear)
    struct outputs outputs = {
        .definition = processor->definition, .input = context->input, .result = result};
    clock_format_us(context->input->now_us, context->time);
    write_taken(processor, state_partition(&processor->store, context->input->case_id),
                context->taken, sizeof context->taken);
    processor->definition->decide(state, context->input, processor->facts, &outputs);
    *ret_reason = TAKE(outputs.rejected);
    enum verdict verdict = send_outputs(context, &outputs, state, why);
    if (verdict == VERDICT_OK && keep)
        state_put(&processor->store, context->input->case_id, state);
    return verdict;
}

static void event_clear_at(struct event *event)
{
    event_clear(event);
}

/* What a record says and of which case. */
struct reading {
    struct kafka_record record;
    const char *topic;
    bool routed;
    struct event event;
    char *case_id;
};

static void reading_clear(struct reading *reading)
{
    event_clear_at(&reading->event);
    free(reading->case_id);
}

static enum verdict read_record(struct processor *processor, struct reading *reading,
                                struct why *why)
{
    const struct processor_definition *definition = processor->definition;
    if (reading->routed) {
        reading->case_id = definition->route(reading->topic, &reading->record,
                                             definition->service_context, &reading->event, why);
        return reading->case_id ? VERDICT_OK : VERDICT_REJECT;
    }
    if (processor_parse(&processor->store, &reading->record, &reading->event, why) != VERDICT_OK)
        return VERDICT_REJECT;
    reading->case_id = mem_strdup(reading->event.key);
    return VERDICT_OK;
}

static enum verdict decide_record(struct processor *processor, const struct reading *reading,
                                  json_t *state, char **ret_reason, struct why *why)
{
    char seed[120];
    snprintf(seed, sizeof seed, "%s/%d/%" PRId64, reading->topic, reading->record.at.partition,
             reading->record.at.offset);
    struct processor_input input = {.door = PROCESSOR_RECORD,
                                    .case_id = reading->case_id,
                                    .now_us = clock_now_us(),
                                    .topic = reading->topic,
                                    .event = &reading->event,
                                    .seed = seed};
    struct context context = {
        .processor = processor, .input = &input, .traceparent = reading->event.traceparent};
    return decide(&context, NULL, state, !reading->routed, ret_reason, why);
}

static enum verdict run_record(struct processor *processor, const rd_kafka_message_t *message,
                               struct why *why)
{
    CLEANUP(reading_clear) struct reading reading = {0};
    CLEANUP(mem_free) char *reason = NULL;
    json_auto_t *state = NULL;
    struct why refusal = {0};
    kafka_record_of(message, &reading.record);
    reading.topic = topics_short_name(reading.record.topic);
    reading.routed = processor_is_routed(processor->definition, reading.topic);
    processor->transaction
        .taken[processor_input_index(processor->definition, reading.topic)][message->partition] =
        message->offset + 1;
    enum verdict verdict = read_record(processor, &reading, &refusal);
    if (verdict == VERDICT_OK && !*reading.case_id)
        return VERDICT_OK; /* passed over */
    if (verdict == VERDICT_OK && reading.routed)
        state = json_object(); /* the case may be another instance's */
    else if (verdict == VERDICT_OK &&
             state_get(&processor->store, reading.case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (verdict == VERDICT_OK && !reading.routed)
        verdict = processor->definition->fold(state, reading.topic, &reading.event, &refusal);
    if (verdict == VERDICT_REJECT)
        return send_dead_letter(processor, &reading.record, refusal.text, why);
    if (verdict != VERDICT_OK)
        return fatal(why, "fold: %s", refusal.text);
    verdict = decide_record(processor, &reading, state, &reason, why);
    return verdict == VERDICT_OK && reason
               ? send_dead_letter(processor, &reading.record, reason, why)
               : verdict;
}

/* A tick or a result. */
static enum verdict run_other(struct processor *processor, const struct gathered *from,
                              struct why *why)
{
    json_auto_t *state = NULL;
    CLEANUP(mem_free) char *reason = NULL;
    bool tick = from->door == PROCESSOR_TICK;
    const char *case_id = tick ? from->case_id : from->done.case_id;
    CLEANUP(mem_free)
    char *seed = tick ? mem_printf("tick/%" PRId64, from->due_us)
                      : mem_printf("result/%s", from->done.work_id);
    if (state_get(&processor->store, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (json_object_size(state) == 0)
        return VERDICT_OK; /* a wake for a case that is not known here */
    struct processor_input input = {.door = from->door,
                                    .case_id = case_id,
                                    .now_us = clock_now_us(),
                                    .seed = seed,
                                    .work_id = from->done.work_id,
                                    .result = tick ? NULL : from->done.result->value,
                                    .result_record_count = tick ? 0 : from->done.result->count};
    struct context context = {.processor = processor, .input = &input};
    enum verdict verdict = decide(&context, from->done.result, state, true, &reason, why);
    if (tick)
        json_object_set_new(processor->transaction.ticked, case_id, json_true());
    if (reason)
        log_event(LOG_WARNING, "input.refused", "case=%s seed=%s reason=%s", case_id, seed, reason);
    return verdict;
}

enum verdict processor_run_input(struct processor *processor, const struct gathered *input,
                                 struct why *why)
{
    metric_add(&processor_metrics[PROCESSOR_INPUTS + (int)input->door], 1);
    return input->door == PROCESSOR_RECORD ? run_record(processor, input->message, why)
                                           : run_other(processor, input, why);
}
