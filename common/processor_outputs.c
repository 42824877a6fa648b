/* SPDX-License-Identifier: Apache-2.0 */
#include "common/processor_internal.h"

#include "common/ids.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- outputs ------------------------------------------------------------------------------------------------------------ */

static void item_clear(struct output_item *item)
{
    free(item->type);
    free(item->id);
    free(item->content_type);
    free(item->bytes);
    json_decref(item->value);
    json_decref(item->headers);
}

void outputs_clear(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        item_clear(&outputs->items[i]);
    free(outputs->items);
    free(outputs->rejected);
    outputs->items = NULL;
    outputs->rejected = NULL;
    outputs->count = 0;
}

/* The same input at the same place gives the same id: a repeated transaction is seen to be the same. */
static char *derive_id(const struct outputs *outputs)
{
    char place[24], id[IDS_UUID_SIZE];
    snprintf(place, sizeof place, "%zu", outputs->count);
    struct bytes parts[] = {bytes_of(outputs->definition->service),
                            bytes_of(outputs->input->case_id), bytes_of(outputs->input->seed),
                            bytes_of(place)};
    ids_uuid8(parts, COUNT_OF(parts), id);
    return mem_strdup(id);
}

static size_t add_item(struct outputs *outputs, struct output_item item)
{
    outputs->items = mem_resize(outputs->items, outputs->count + 1, sizeof outputs->items[0]);
    outputs->items[outputs->count] = item;
    return outputs->count++;
}

size_t outputs_publish(struct outputs *outputs, const char *topic, const char *type, json_t *value)
{
    CLEANUP(mem_free) char *id = derive_id(outputs);
    return outputs_publish_with_id(outputs, topic, type, id, value);
}

size_t outputs_publish_with_id(struct outputs *outputs, const char *topic, const char *type,
                               const char *id, json_t *value)
{
    assert(value);
    return add_item(outputs, (struct output_item){.topic = topic,
                                                  .type = mem_strdup(type),
                                                  .id = mem_strdup(id),
                                                  .content_type = mem_strdup("application/json"),
                                                  .value = value});
}

size_t outputs_publish_bytes(struct outputs *outputs, const char *topic, const char *type,
                             const char *content_type, struct bytes value, json_t *headers)
{
    return add_item(outputs, (struct output_item){.topic = topic,
                                                  .type = mem_strdup(type),
                                                  .id = derive_id(outputs),
                                                  .content_type = mem_strdup(content_type),
                                                  .bytes = mem_dup(value.data, value.length),
                                                  .length = value.length,
                                                  .headers = headers});
}

size_t outputs_pass_record(struct outputs *outputs, size_t index)
{
    assert(outputs->result && index < outputs->result->count);
    const struct output_item *record = &outputs->result->records[index];
    return outputs_publish_bytes(outputs, record->topic, record->type, record->content_type,
                                 (struct bytes){.data = record->bytes, .length = record->length},
                                 json_incref(record->headers));
}

void outputs_reject(struct outputs *outputs, const char *reason)
{
    if (!outputs->rejected)
        outputs->rejected = mem_strdup(reason);
}

bool outputs_name_position(const json_t *value)
{
    const char *key;
    json_t *member;
    if (json_object_get(value, "$position"))
        return true;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (outputs_name_position(member))
            return true;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        if (outputs_name_position(json_array_get(value, i)))
            return true;
    return false;
}

/* What stands beside the placeholder stays: size, hash. */
static json_t *put_position(const json_t *value, const struct kafka_position *positions,
                            size_t count)
{
    size_t index = (size_t)json_integer_value(json_object_get(value, "$position"));
    assert(index < count);
    json_t *resolved = json_pack("{s:i, s:I}", "partition", (int)positions[index].partition,
                                 "offset", (json_int_t)positions[index].offset);
    json_object_update_missing(resolved, (json_t *)(uintptr_t)value);
    json_object_del(resolved, "$position");
    return resolved;
}

json_t *outputs_resolve(const json_t *value, const struct kafka_position *positions, size_t count)
{
    if (json_object_get(value, "$position"))
        return put_position(value, positions, count);
    if (json_is_object(value)) {
        json_t *copy = json_object();
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
            json_object_set_new(copy, key, outputs_resolve(member, positions, count));
        return copy;
    }
    if (json_is_array(value)) {
        json_t *copy = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(copy,
                                  outputs_resolve(json_array_get(value, i), positions, count));
        return copy;
    }
    return json_incref((json_t *)(uintptr_t)value);
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

struct processor_result *processor_result_new(json_t *value)
{
    struct processor_result *result = mem_alloc(sizeof *result);
    result->value = value;
    return result;
}

size_t processor_result_add(struct processor_result *result, const char *topic, const char *type,
                            const char *content_type, struct bytes value, json_t *headers)
{
    result->records = mem_resize(result->records, result->count + 1, sizeof result->records[0]);
    result->records[result->count] =
        (struct output_item){.topic = topic,
                             .type = mem_strdup(type),
                             .content_type = mem_strdup(content_type),
                             .bytes = mem_dup(value.data, value.length),
                             .length = value.length,
                             .headers = headers};
    return result->count++;
}

json_t *processor_result_value(const struct processor_result *result)
{
    return result->value;
}

void processor_result_free(struct processor_result *result)
{
    if (!result)
        return;
    for (size_t i = 0; i < result->count; i++)
        item_clear(&result->records[i]);
    free(result->records);
    json_decref(result->value);
    free(result);
}

/* --- plan --------------------------------------------------------------------------------------------------------------- */

void plan_due(struct plan *plan, int64_t due_us)
{
    assert(due_us > 0);
    if (!plan->due_us || due_us < plan->due_us)
        plan->due_us = due_us;
}

void plan_recall(struct plan *plan, int64_t until_us)
{
    if (until_us > plan->recall_until_us)
        plan->recall_until_us = until_us;
}

void plan_work(struct plan *plan, const char *work_id, const char *kind, json_t *parameters)
{
    plan->works = mem_resize(plan->works, plan->count + 1, sizeof plan->works[0]);
    plan->works[plan->count++] =
        (struct planned_work){.id = mem_strdup(work_id),
                              .kind = mem_strdup(kind),
                              .parameters = parameters ? parameters : json_object()};
}

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->works[i].id);
        free(plan->works[i].kind);
        json_decref(plan->works[i].parameters);
    }
    free(plan->works);
    *plan = (struct plan){0};
}

/* --- rehearsal ---------------------------------------------------------------------------------------------------------- */

/* Positions that a rehearsal pretends: partition 0 and the place among the outputs. */
static json_t *describe_item(json_t *state, const struct outputs *outputs, size_t index,
                             const struct kafka_position *positions)
{
    const struct output_item *item = &outputs->items[index];
    json_t *line = json_pack("{s:s, s:s}", "topic", item->topic, "type", item->type);
    if (!item->value) {
        json_object_set_new(line, "bytes", json_integer((json_int_t)item->length));
        return line;
    }
    json_t *value = outputs_resolve(item->value, positions, index);
    if (strcmp(item->topic, outputs->definition->own) == 0)
        json_object_set(state, "own", value);
    json_object_set_new(line, "value", value);
    return line;
}

static json_t *describe_outputs(json_t *state, const struct outputs *outputs)
{
    json_t *list = json_array();
    CLEANUP(mem_free)
    struct kafka_position *positions = mem_alloc((outputs->count + 1) * sizeof *positions);
    for (size_t i = 0; i < outputs->count; i++) {
        positions[i].offset = (int64_t)i;
        json_array_append_new(list, describe_item(state, outputs, i, positions));
    }
    return list;
}

static json_t *describe_plan(const struct plan *plan)
{
    json_t *works = json_array();
    for (size_t i = 0; i < plan->count; i++)
        json_array_append_new(works, json_pack("{s:s, s:s, s:O}", "id", plan->works[i].id, "kind",
                                               plan->works[i].kind, "parameters",
                                               plan->works[i].parameters));
    return works;
}

/* As the loop does it; and holds fold to its word that a refused record leaves the state as it was. */
static void rehearse_input(const struct processor_definition *definition, json_t *state,
                           const struct processor_input *input, const void *facts,
                           struct outputs *outputs)
{
    struct why why = {0};
    json_auto_t *before = json_deep_copy(state);
    enum verdict verdict = VERDICT_OK;
    if (input->door == PROCESSOR_RECORD && !processor_is_routed(definition, input->topic))
        verdict = definition->fold(state, input->topic, input->event, &why);
    if (verdict == VERDICT_OK) {
        definition->decide(state, input, facts, outputs);
        return;
    }
    assert(json_equal(before, state));
    outputs_reject(outputs, why.text);
}

json_t *processor_rehearse(const struct processor_definition *definition, json_t *state,
                           const struct processor_input *input, const void *facts)
{
    struct processor_result *result =
        processor_result_new(json_incref((json_t *)(uintptr_t)input->result));
    for (size_t i = 0; i < input->result_record_count; i++)
        processor_result_add(result, "extracts", "rehearsed", "application/octet-stream",
                             bytes_of("rehearsed"), NULL);
    CLEANUP(outputs_clear)
    struct outputs outputs = {.definition = definition, .input = input, .result = result};
    CLEANUP(plan_clear) struct plan plan = {0};
    rehearse_input(definition, state, input, facts, &outputs);
    json_t *described = describe_outputs(state, &outputs);
    definition->plan(state, input->case_id, facts, &plan);
    json_t *answer = json_pack("{s:O, s:o, s:o, s:I}", "state", state, "outputs", described, "work",
                               describe_plan(&plan), "due", (json_int_t)plan.due_us);
    if (outputs.rejected)
        json_object_set_new(answer, "rejected", json_string(outputs.rejected));
    processor_result_free(result);
    return answer;
}
