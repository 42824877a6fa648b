/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the cache: states by partition and case; offsets by topic and partition; due times by partition and time; the
 * due time of each case, so that its old entry can be found; cases with open work; cases that a recovery has written and
 * whose plan is still to be asked; until when a case is to be recalled, as due times are kept.
 */
#include "common/processor_internal.h"

#include "common/desk/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum table {
    TABLE_STATES,
    TABLE_OFFSETS,
    TABLE_DUE,
    TABLE_DUE_OF,
    TABLE_WORK,
    TABLE_HALF,
    TABLE_RECALL,
    TABLE_RECALL_OF
};

/* A time of each case, found by both. */
struct agenda {
    enum table by_time, of_case;
};
static const struct agenda agenda_due = {TABLE_DUE, TABLE_DUE_OF};
static const struct agenda agenda_recall = {TABLE_RECALL, TABLE_RECALL_OF};

#define KEY_BYTES_MAX 200
#define TICK_AGAIN_US 1000000
#define PLANS_AT_ONCE 500

static size_t put_be(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return bytes;
}

static uint64_t get_be(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* be32(partition) ‖ case id */
static struct bytes case_key(uint8_t *key, int32_t partition, const char *case_id)
{
    size_t length = put_be(key, (uint32_t)partition, 4), text = strlen(case_id);
    assert(length + text <= KEY_BYTES_MAX);
    memcpy(key + length, case_id, text);
    return (struct bytes){.data = key, .length = length + text};
}

/* be32(partition) ‖ be64(time) ‖ case id */
static struct bytes time_key(uint8_t *key, int32_t partition, int64_t time_us, const char *case_id)
{
    size_t length = put_be(key, (uint32_t)partition, 4), text = strlen(case_id);
    length += put_be(key + length, (uint64_t)time_us, 8);
    assert(length + text <= KEY_BYTES_MAX);
    memcpy(key + length, case_id, text);
    return (struct bytes){.data = key, .length = length + text};
}

static struct bytes offset_key(char *key, const char *topic, int32_t partition)
{
    int length = snprintf(key, KEY_BYTES_MAX, "%s/%d", topic, partition);
    return (struct bytes){.data = key, .length = (size_t)length};
}

int32_t state_partition(const struct state_store *store, const char *case_id)
{
    return kafka_partition_of(bytes_of(case_id), store->partitions);
}

enum verdict state_get(struct state_store *store, const char *case_id, json_t **ret_state,
                       struct why *why)
{
    json_t *changed = json_object_get(store->dirty, case_id);
    if (changed) {
        *ret_state = json_incref(changed);
        return VERDICT_OK;
    }
    uint8_t key[KEY_BYTES_MAX];
    bool found;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, LIMIT_CASE_STATE_BYTES);
    struct bytes wanted = case_key(key, state_partition(store, case_id), case_id);
    if (cache_get(store->cache, TABLE_STATES, wanted, &text, &found, why) != VERDICT_OK)
        return VERDICT_FATAL;
    *ret_state = found ? json_loadb(text.data, text.length, JSON_DECODE_ANY, NULL) : json_object();
    return *ret_state ? VERDICT_OK : fatal(why, "cache: a state that is not JSON");
}

void state_put(struct state_store *store, const char *case_id, json_t *state)
{
    json_object_set(store->dirty, case_id, state);
}

void state_drop_changes(struct state_store *store)
{
    json_object_clear(store->dirty);
}

static bool take_offset(const char *text, int64_t *ret_offset)
{
    return sscanf(text, "%" SCNd64, ret_offset) == 1;
}

enum verdict state_offset(struct state_store *store, const char *topic, int32_t partition,
                          int64_t *ret_offset, struct why *why)
{
    char key[KEY_BYTES_MAX];
    bool found;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 64);
    if (cache_get(store->cache, TABLE_OFFSETS, offset_key(key, topic, partition), &text, &found,
                  why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (!found || !take_offset(text.data, ret_offset))
        *ret_offset = -1;
    return VERDICT_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */

static enum verdict old_time(struct state_store *store, const struct agenda *agenda,
                             struct bytes key, int64_t *ret_time_us, struct why *why)
{
    bool found;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 64);
    *ret_time_us = 0;
    if (cache_get(store->cache, agenda->of_case, key, &text, &found, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (found && text.length == 8)
        *ret_time_us = (int64_t)get_be(text.data, 8);
    return VERDICT_OK;
}

/* 0: none any more. */
static enum verdict write_time(struct state_store *store, struct cache_transaction *transaction,
                               const struct agenda *agenda, const char *case_id, int64_t time_us,
                               struct why *why)
{
    uint8_t key[KEY_BYTES_MAX], index[KEY_BYTES_MAX], number[8];
    int32_t partition = state_partition(store, case_id);
    struct bytes of_case = case_key(key, partition, case_id);
    int64_t before_us;
    if (old_time(store, agenda, of_case, &before_us, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (before_us == time_us)
        return VERDICT_OK;
    if (before_us)
        cache_delete(transaction, agenda->by_time, time_key(index, partition, before_us, case_id),
                     why);
    if (!time_us)
        return cache_delete(transaction, agenda->of_case, of_case, why);
    put_be(number, (uint64_t)time_us, 8);
    cache_put(transaction, agenda->by_time, time_key(index, partition, time_us, case_id),
              bytes_of(""), why);
    return cache_put(transaction, agenda->of_case, of_case,
                     (struct bytes){.data = number, .length = 8}, why);
}

/* A tick that changed nothing would be due again at once. */
static int64_t next_due(const struct state_writing *writing, const char *case_id,
                        const struct plan *plan)
{
    int64_t earliest_us = writing->now_us + TICK_AGAIN_US;
    bool ticked = json_object_get(writing->ticked, case_id) != NULL;
    return ticked && plan->due_us && plan->due_us < earliest_us ? earliest_us : plan->due_us;
}

static enum verdict write_plan(struct state_store *store, struct cache_transaction *transaction,
                               const char *case_id, const json_t *state,
                               const struct state_writing *writing, struct why *why)
{
    uint8_t key[KEY_BYTES_MAX];
    struct bytes of_case = case_key(key, state_partition(store, case_id), case_id);
    CLEANUP(plan_clear) struct plan plan = {0};
    store->definition->plan(state, case_id, writing->facts, &plan);
    if (writing->planned)
        writing->planned(writing->context, case_id, &plan);
    if (plan.count)
        cache_put(transaction, TABLE_WORK, of_case, bytes_of(""), why);
    else
        cache_delete(transaction, TABLE_WORK, of_case, why);
    write_time(store, transaction, &agenda_recall, case_id, plan.recall_until_us, why);
    return write_time(store, transaction, &agenda_due, case_id, next_due(writing, case_id, &plan),
                      why);
}

static enum verdict write_state(struct state_store *store, struct cache_transaction *transaction,
                                const char *case_id, const json_t *state,
                                const struct state_writing *writing, struct why *why)
{
    uint8_t key[KEY_BYTES_MAX];
    struct bytes of_case = case_key(key, state_partition(store, case_id), case_id);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, LIMIT_CASE_STATE_BYTES);
    event_dump_json(state, &text);
    assert(!text.overflowed);
    cache_put(transaction, TABLE_STATES, of_case,
              (struct bytes){.data = text.data, .length = text.length}, why);
    if (writing->half)
        return cache_put(transaction, TABLE_HALF, of_case, bytes_of(""), why);
    return write_plan(store, transaction, case_id, state, writing, why);
}

static void write_offset(struct cache_transaction *transaction, const struct state_offset *offset,
                         struct why *why)
{
    char key[KEY_BYTES_MAX], number[24];
    snprintf(number, sizeof number, "%" PRId64, offset->offset);
    cache_put(transaction, TABLE_OFFSETS, offset_key(key, offset->topic, offset->partition),
              bytes_of(number), why);
}

enum verdict state_write(struct state_store *store, const struct state_writing *writing,
                         struct why *why)
{
    struct cache_transaction *transaction;
    const char *case_id;
    json_t *state;
    if (cache_begin(store->cache, &transaction, why) != VERDICT_OK)
        return VERDICT_FATAL;
    json_object_foreach(store->dirty, case_id, state)
    {
        if (write_state(store, transaction, case_id, state, writing, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
    for (size_t i = 0; i < writing->offset_count; i++)
        write_offset(transaction, &writing->offsets[i], why);
    state_drop_changes(store);
    return cache_commit(transaction, why);
}

/* --- by partition ------------------------------------------------------------------------------------------------------- */

struct collect {
    int32_t partition;
    size_t before_case; /* of the key */
    json_t *cases;
    size_t max;
};

static bool collect_case(void *context, struct bytes key, struct bytes value)
{
    (void)value;
    struct collect *collect = context;
    size_t skip = collect->before_case;
    if (key.length <= skip || (int32_t)get_be(key.data, 4) != collect->partition)
        return false;
    json_array_append_new(collect->cases,
                          json_stringn((const char *)key.data + skip, key.length - skip));
    return json_array_size(collect->cases) < collect->max;
}

static json_t *cases_in(struct state_store *store, enum table table, int32_t partition, size_t max)
{
    uint8_t first[4];
    struct collect collect = {
        .partition = partition, .before_case = 4, .cases = json_array(), .max = max};
    put_be(first, (uint32_t)partition, sizeof first);
    cache_scan(store->cache, table, (struct bytes){.data = first, .length = sizeof first},
               collect_case, &collect, NULL);
    return collect.cases;
}

json_t *state_cases(struct state_store *store, int32_t partition, bool with_work_only)
{
    return cases_in(store, with_work_only ? TABLE_WORK : TABLE_STATES, partition, SIZE_MAX);
}

json_t *state_cases_to_recall(struct state_store *store, int32_t partition, int64_t now_us)
{
    uint8_t first[KEY_BYTES_MAX];
    struct collect collect = {
        .partition = partition, .before_case = 12, .cases = json_array(), .max = SIZE_MAX};
    cache_scan(store->cache, agenda_recall.by_time, time_key(first, partition, now_us, ""),
               collect_case, &collect, NULL);
    return collect.cases;
}

static enum verdict plan_some(struct state_store *store, int32_t partition, const json_t *cases,
                              const struct state_writing *writing, struct why *why)
{
    struct cache_transaction *transaction;
    if (cache_begin(store->cache, &transaction, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *case_id = json_string_value(json_array_get(cases, i));
        json_auto_t *state = NULL;
        uint8_t key[KEY_BYTES_MAX];
        if (state_get(store, case_id, &state, why) != VERDICT_OK ||
            write_plan(store, transaction, case_id, state, writing, why) != VERDICT_OK)
            return VERDICT_FATAL;
        cache_delete(transaction, TABLE_HALF, case_key(key, partition, case_id), why);
    }
    return cache_commit(transaction, why);
}

enum verdict state_plan_rest(struct state_store *store, int32_t partition, const void *facts,
                             struct why *why)
{
    struct state_writing writing = {.facts = facts};
    for (;;) {
        json_auto_t *cases = cases_in(store, TABLE_HALF, partition, PLANS_AT_ONCE);
        if (json_array_size(cases) == 0)
            return VERDICT_OK;
        if (plan_some(store, partition, cases, &writing, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
}

struct first_due {
    int32_t partition;
    int64_t due_us;
    char *case_id;
};

static bool take_first_due(void *context, struct bytes key, struct bytes value)
{
    (void)value;
    struct first_due *first = context;
    if (key.length > 12 && (int32_t)get_be(key.data, 4) == first->partition) {
        first->due_us = (int64_t)get_be((const uint8_t *)key.data + 4, 8);
        first->case_id = mem_dup((const uint8_t *)key.data + 12, key.length - 12);
    }
    return false;
}

bool state_next_due(struct state_store *store, int32_t partition, int64_t *ret_due_us,
                    char **ret_case_id)
{
    uint8_t from[4];
    struct first_due first = {.partition = partition};
    put_be(from, (uint32_t)partition, 4);
    cache_scan(store->cache, agenda_due.by_time,
               (struct bytes){.data = from, .length = sizeof from}, take_first_due, &first, NULL);
    if (!first.case_id)
        return false;
    *ret_due_us = first.due_us;
    *ret_case_id = first.case_id;
    return true;
}

enum verdict state_forget_partition(struct state_store *store, int32_t partition, struct why *why)
{
    struct cache_transaction *transaction;
    json_auto_t *cases = state_cases(store, partition, false);
    if (cache_begin(store->cache, &transaction, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *case_id = json_string_value(json_array_get(cases, i));
        uint8_t key[KEY_BYTES_MAX];
        struct bytes of_case = case_key(key, partition, case_id);
        write_time(store, transaction, &agenda_due, case_id, 0, why);
        write_time(store, transaction, &agenda_recall, case_id, 0, why);
        cache_delete(transaction, TABLE_STATES, of_case, why);
        cache_delete(transaction, TABLE_WORK, of_case, why);
        cache_delete(transaction, TABLE_HALF, of_case, why);
    }
    for (const char *const *topic = store->definition->inputs; *topic; topic++) {
        char key[KEY_BYTES_MAX];
        cache_delete(transaction, TABLE_OFFSETS, offset_key(key, *topic, partition), why);
    }
    char key[KEY_BYTES_MAX];
    cache_delete(transaction, TABLE_OFFSETS, offset_key(key, store->definition->own, partition),
                 why);
    return cache_commit(transaction, why);
}
