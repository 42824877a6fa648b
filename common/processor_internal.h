/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the processor_*.c files share. processor.c is the loop; processor_open.c its clients; processor_gather.c
 * what came by the three doors; processor_share.c how much of the time has what comes from outside; processor_input.c one
 * input; processor_transaction.c many of them at once; processor_assign.c and processor_recover.c what an assignment begins
 * with; processor_outputs.c what decide and plan say; processor_state.c the fold on disk; processor_work.c the work outside
 * Kafka.
 * Ownership: as in processor.h. Threads: everything but the work pool belongs to the processor's one thread.
 * Errors: as in processor.h. Limits: below.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "common/kafka_internal.h"
#include "common/metrics.h"
#include "common/processor.h"

#define PROCESSOR_INPUTS_MAX 6
#define PROCESSOR_PARTITIONS_MAX 256
#define PROCESSOR_BATCH_MAX 500
#define PROCESSOR_ROUTED_MAX 400                 /* of the batch, records of routed topics */
#define PROCESSOR_OUTPUT_BYTES_MAX (1000 * 1024) /* a record's value: 1 MiB with key and headers */

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
/* A copy of `value` in which every {"$position": k} is replaced by positions[k]. */
json_t *outputs_resolve(const json_t *value, const struct kafka_position *positions, size_t count);
bool outputs_name_position(const json_t *value); /* is there one */

/* --- plan ------------------------------------------------------------------------------------------------------- */
struct planned_work {
    char *id, *kind;
    json_t *parameters;
};
struct plan {
    int64_t due_us;          /* 0: never */
    int64_t recall_until_us; /* 0: not */
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
struct state_offset {
    const char *topic;
    int32_t partition;
    int64_t offset;
};
struct state_writing {
    const struct state_offset *offsets;
    size_t offset_count;
    bool half; /* recovery: the states are not whole yet; state_plan_rest asks their plans later */
    const void *facts;
    const json_t *ticked; /* cases whose tick this was: their next one is a second away at least */
    int64_t now_us;
    void (*planned)(void *context, const char *case_id, const struct plan *plan); /* may be NULL */
    void *context;
};
/* Writes every changed state with its due time and whether work is open, and the offsets, at once. */
enum verdict state_write(struct state_store *store, const struct state_writing *writing,
                         struct why *why);
/* Asks the plan of every case of the partition that was written half. */
enum verdict state_plan_rest(struct state_store *store, int32_t partition, const void *facts,
                             struct why *why);
enum verdict state_forget_partition(struct state_store *store, int32_t partition, struct why *why);
/* The earliest due time of a partition and its case; false: none. */
bool state_next_due(struct state_store *store, int32_t partition, int64_t *ret_due_us,
                    char **ret_case_id);
/* Case ids of a partition, all or those with open work. */
json_t *state_cases(struct state_store *store, int32_t partition, bool with_work_only);
/* Those that plan_recall named until a later time than this. */
json_t *state_cases_to_recall(struct state_store *store, int32_t partition, int64_t now_us);

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
/* Begins nothing more: what waits is dropped, what runs too unless it has effects. */
void work_pool_close(struct work_pool *pool);
void work_pool_revoke(struct work_pool *pool, int32_t partition);
bool work_pool_take(struct work_pool *pool, struct work_done *ret_done);
bool work_pool_has_done(struct work_pool *pool); /* is there something to take */
/* Says that the result was used or lost: the same work may be started again if it is still planned. */
void work_pool_end(struct work_pool *pool, const char *case_id, const char *work_id);
void work_done_clear(struct work_done *done);
size_t work_pool_running(struct work_pool *pool);
void work_pool_stop(struct work_pool *pool); /* cancels everything and waits for the threads */
void work_pool_free(struct work_pool *pool); /* after stop; NULL is fine */

/* --- one input --------------------------------------------------------------------------------------------------- */
/* Records of this input do not carry the case in their key: definition->route finds it, and there is no state. */
bool processor_is_routed(const struct processor_definition *definition, const char *topic);
/* The envelope and its key: REJECT unless it is a case's, on the case's partition. */
enum verdict processor_parse(const struct state_store *store, const struct kafka_record *record,
                             struct event *ret_event, struct why *why);

/* --- recovery --------------------------------------------------------------------------------------------------- */
struct recovery {
    const struct processor_definition *definition;
    struct kafka_reader *reader; /* read_committed */
    struct state_store *store;
    const void *facts;
    const _Atomic bool *stopping; /* RETRY once it is set */
    int64_t deadline_ms; /* for all partitions together: an assignment runs inside a poll */
};
/* Brings the state of one partition up to `committed` (by input; -1: none) and the own output to its end. `ret_start`
 * receives where each input goes on: never before the log's start. */
enum verdict processor_recover(const struct recovery *recovery, int32_t partition,
                               const int64_t *committed, int64_t *ret_start, struct why *why);
/* Takes one record into the dirty state without deciding anything. */
enum verdict processor_fold_record(const struct processor_definition *definition,
                                   struct state_store *store, const char *topic,
                                   const struct kafka_record *record, struct why *why);
/* On own outputs: how far every input of the partition had been taken, "cases/3/1208 extractions/3/77". */
#define PROCESSOR_INPUT_HEADER "kakekomi-input"

/* --- what comes from outside: how much of the time it has; pure ------------------------------------------------------ */
struct share {
    int64_t us_max;  /* of the next transaction that lets it in */
    int64_t from_us; /* it is let in again; monotonic, as all times here */
    bool waits;      /* the last transaction left all of it in the batch */
};
/* How many of a batch of `count`, of which our `own` stand first, the next transaction is for; 0: none yet. */
size_t share_planned(const struct share *share, size_t own, size_t count, int64_t now_us);
/* A transaction has ended; routed_us is 0 where nothing from outside was let in. */
void share_took(struct share *share, int64_t routed_us, int64_t rest_us, int64_t now_us);

/* --- the processor ------------------------------------------------------------------------------------------------ */
struct gathered {
    enum processor_door door;
    rd_kafka_message_t *message; /* record */
    struct work_done done;       /* result */
    char *case_id;               /* tick */
    int64_t due_us;
};
/* By input and partition; -1: not assigned. */
typedef int64_t processor_positions[PROCESSOR_INPUTS_MAX][PROCESSOR_PARTITIONS_MAX];

/* What the transaction in hand has done so far; gone with it. */
struct transaction {
    processor_positions taken; /* next offsets, counting the inputs that were run */
    int64_t own_next[PROCESSOR_PARTITIONS_MAX]; /* behind the own outputs; -1: none */
    struct kafka_position **kept;               /* where its outputs stand */
    size_t kept_count;
    size_t bytes;
    size_t planned;       /* how many of the batch it is for */
    size_t inputs;        /* how many of them were run */
    size_t routed_inputs; /* how many of these were of routed topics */
    json_t *ticked;
    int64_t first_produced_ms;
    int64_t routed_begun_us; /* 0: none was met yet */
    int64_t routed_us;       /* spent on routed topics */
};

struct processor {
    const struct processor_definition *definition;
    struct processor_config config;
    char *transactional_id, *source;
    rd_kafka_t *consumer, *producer;
    rd_kafka_queue_t *queue;
    rd_kafka_queue_t *routed; /* what comes from outside waits here for its share of a turn */
    int wake_descriptor;
    struct state_store store;
    struct work_pool *pool;
    const void *facts; /* asked anew for each transaction */
    pthread_t thread;
    int32_t partitions;
    processor_positions positions; /* next offsets as committed */
    processor_positions ends;      /* where the consumer last met the end */
    unsigned epochs[PROCESSOR_PARTITIONS_MAX];
    struct gathered batch[PROCESSOR_BATCH_MAX];
    size_t batch_count;
    struct transaction transaction;
    struct share share;
    int aborts; /* in a row */
    int64_t lag_asked_us;
    pthread_mutex_t lock; /* the wakes */
    json_t *wakes;
    _Atomic bool wake_all, stopping, joined, recovering;
    _Atomic int64_t finish_by_ms; /* set before stopping */
    _Atomic int assigned;
    _Atomic unsigned assignments; /* since the start */
    _Atomic int64_t lag;
    bool broken;
};

enum processor_metric {
    PROCESSOR_COMMITS,
    PROCESSOR_ABORTS,
    PROCESSOR_INPUTS, /* and by door from here on */
    PROCESSOR_OUTPUTS = PROCESSOR_INPUTS + 3,
    PROCESSOR_DEAD_LETTERS,
    PROCESSOR_SECONDS,
    PROCESSOR_ASSIGNED,
    PROCESSOR_LAG,
    PROCESSOR_WORKS,
    PROCESSOR_METRICS
};
extern struct metric processor_metrics[PROCESSOR_METRICS];

/* Anything unclear ends the process: it starts again and recovers what Kafka says. */
void processor_break_down(struct processor *processor, const char *event, const char *why);
bool processor_has(const struct processor *processor, int32_t partition);
int processor_input_index(const struct processor_definition *definition, const char *topic);
void processor_ask_facts(struct processor *processor);
/* OK; RETRY where the transaction can be aborted and begun again; FATAL. Takes the error. */
enum verdict processor_said(rd_kafka_error_t *error, const char *what, struct why *why);
void processor_list_free(rd_kafka_topic_partition_list_t **list);

enum verdict processor_open(struct processor *processor, struct why *why);
enum verdict processor_subscribe(struct processor *processor, struct why *why);
void processor_close(struct processor *processor);

void processor_gather(struct processor *processor);
/* A record of a routed topic. */
bool processor_is_from_outside(const struct processor *processor, const struct gathered *input);
bool processor_has_routed(const struct processor *processor); /* the batch; they stand last */
/* How many of the batch the next transaction is for; 0: none yet. */
size_t processor_planned(const struct processor *processor);
/* Records of our own or results have come since the batch was gathered. */
bool processor_has_own(const struct processor *processor);
void processor_gather_results(struct processor *processor);
/* Records and ticks leave the batch: they come again. What came of a work stays: it would be done again. */
void processor_keep_results(struct processor *processor);
void processor_drop_first(struct processor *processor, size_t count); /* of the batch */
/* A tick for the case at the next turn. */
void processor_tick_again(struct processor *processor, const char *case_id);

enum verdict processor_run_input(struct processor *processor, const struct gathered *input,
                                 struct why *why);
enum verdict processor_flush(struct processor *processor, struct why *why);
void processor_take_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque);

/* The first `planned` of the batch, or as many of them as there is room and time for. */
void processor_run_batch(struct processor *processor, size_t planned);
void processor_plan_case(struct processor *processor, const char *case_id);
void processor_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t event,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque);
