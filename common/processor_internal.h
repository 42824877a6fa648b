/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the processor_*.c files share. processor.c is the loop and the transaction; processor_outputs.c what
 * decide and plan say; processor_state.c the fold on disk; processor_recover.c what an assignment begins with;
 * processor_work.c the work outside Kafka.
 * Ownership: as in processor.h. Threads: everything but the work pool belongs to the processor's one thread.
 * Errors: as in processor.h. Limits: inputs and partitions below.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "common/kafka_internal.h"
#include "common/processor.h"

#define PROCESSOR_INPUTS_MAX 6
#define PROCESSOR_PARTITIONS_MAX 256
#define PROCESSOR_BATCH_MAX 500

/* --- outputs ---------------------------------------------------------------------------------------------------- */
struct output_item {
    const char *topic; /* without prefix */
    char *type, *id, *content_type;
    json_t *value; /* NULL: bytes */
    char *bytes;
    size_t length;
    json_t *headers;
};
struct processor_result {
    json_t *value;
    struct output_item *records;
    size_t count;
};
struct outputs {
    const struct processor_definition *definition;
    const struct processor_input *input;
    const struct processor_result *result;
    struct output_item *items;
    size_t count;
    char *rejected;
};
void outputs_clear(struct outputs *outputs);
/* A copy of `value` in which every {"$position": k} is replaced by positions[k]; `ret_any`: there was one. */
json_t *outputs_resolve(const json_t *value, const struct kafka_position *positions, size_t count,
                        bool *ret_any);

/* --- plan ------------------------------------------------------------------------------------------------------- */
struct planned_work {
    char *id, *kind;
    json_t *parameters;
};
struct plan {
    int64_t due_us; /* 0: never */
    struct planned_work *works;
    size_t count;
};
void plan_clear(struct plan *plan);

/* --- state on disk ---------------------------------------------------------------------------------------------- */
struct state_store {
    struct cache *cache;
    const struct processor_definition *definition;
    int32_t partitions;
    json_t *dirty; /* case id → state: changed since the last write */
};
int32_t state_partition(const struct state_store *store, const char *case_id);
/* The state as it stands now, an empty object for an unknown case; a reference of the caller's. */
enum verdict state_get(struct state_store *store, const char *case_id, json_t **ret_state,
                       struct why *why);
void state_put(struct state_store *store, const char *case_id,
               json_t *state); /* keeps a reference */
void state_drop_changes(struct state_store *store);
/* Offsets by topic and partition; -1 where there is none. */
enum verdict state_offset(struct state_store *store, const char *topic, int32_t partition,
                          int64_t *ret_offset, struct why *why);
/* Writes every changed state with its due time and whether work is open, and the offsets, at once. */
struct state_offset {
    const char *topic;
    int32_t partition;
    int64_t offset;
};
enum verdict state_write(struct state_store *store, const struct state_offset *offsets,
                         size_t count, const void *facts, int64_t not_before_us, struct why *why);
enum verdict state_forget_partition(struct state_store *store, int32_t partition, struct why *why);
/* The earliest due time of a partition and its case; false: none. */
bool state_next_due(struct state_store *store, int32_t partition, int64_t *ret_due_us,
                    char **ret_case_id);
/* Case ids of a partition, all or those with open work. */
json_t *state_cases(struct state_store *store, int32_t partition, bool with_work_only);

/* --- work ------------------------------------------------------------------------------------------------------- */
struct work_pool;
struct work_done {
    char *case_id, *work_id;
    int32_t partition;
    unsigned epoch;
    struct processor_result *result;
};
struct work_pool *work_pool_start(const struct processor_definition *definition,
                                  int wake_descriptor);
/* Starts what is planned and not running, cancels what runs and is not planned any more. */
void work_pool_set(struct work_pool *pool, const char *case_id, int32_t partition, unsigned epoch,
                   const struct plan *plan);
void work_pool_revoke(struct work_pool *pool, int32_t partition);
bool work_pool_take(struct work_pool *pool, struct work_done *ret_done);
/* Says that the result was used or lost: the same work may be started again if it is still planned. */
void work_pool_end(struct work_pool *pool, const char *case_id, const char *work_id);
void work_done_clear(struct work_done *done);
size_t work_pool_running(struct work_pool *pool);
void work_pool_stop(struct work_pool *pool);

/* --- recovery --------------------------------------------------------------------------------------------------- */
struct recovery {
    const struct processor_definition *definition;
    const struct kafka_config *kafka;
    struct state_store *store;
    const void *facts;
};
/* Brings the state of one partition up to `committed` (by input; -1: none) and the own output to its end. `ret_start`
 * receives where each input goes on. */
enum verdict processor_recover(const struct recovery *recovery, int32_t partition,
                               const int64_t *committed, int64_t *ret_start, struct why *why);
/* Takes one record into the dirty state without deciding anything. */
enum verdict processor_fold_record(const struct processor_definition *definition,
                                   struct state_store *store, const char *topic,
                                   const struct kafka_record *record, struct why *why);
#define PROCESSOR_INPUT_HEADER                                                                     \
    "kakekomi-input" /* on own outputs: "cases/3/1208", the next offset of the input */
