/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: a Kafka processor (design rules 4 to 6): inputs come in by three doors, a pure decide answers with outputs,
 * and one transaction carries the offsets first, then the outputs. Written once for triage, escalation and notify.
 *
 * The state of a case is one JSON object with members named after topics: what `fold` made of the inputs, and under
 * "own" the value this service last published for the case on its own state topic. Nothing else survives: `plan` says
 * from the state alone when the case is next due and which work outside Kafka is open, so that a restart, a lost
 * cache and a move to another instance all end in the same place.
 *
 * Ownership: state and inputs are lent to the callbacks; outputs take over the JSON they are given.
 * Threads: all callbacks but `work` run on the processor's one thread. `work` runs on `worker_count` threads of its own.
 * Errors: anything unclear about Kafka ends the process with exit code 111 (start again and recover); a record that
 * cannot be read goes to `dead-letters` inside the same transaction.
 * Limits: a transaction carries at most 500 records in and about 4 MiB out; what one result carries is never divided, and
 * goes in a transaction of its own, however large it is (an extract has up to 64 MiB).
 */
#include "common/cache.h"
#include "common/event.h"

enum processor_door { PROCESSOR_RECORD, PROCESSOR_TICK, PROCESSOR_RESULT };

struct
    processor_result; /* what a work brought back: a JSON value and records made outside decide */

struct processor_input {
    enum processor_door door;
    const char *case_id;
    int64_t now_us;             /* the time of the world, read once by the shell */
    const char *topic;          /* record: without prefix, "cases" */
    const struct event *event;  /* record */
    const char *work_id;        /* result */
    const json_t *result;       /* result: its value */
    size_t result_record_count; /* result: how many records it carries, for outputs_pass_record */
    const char *
        seed; /* unique and repeatable for this input: "cases/3/1207", "tick/<due>", "result/<work id>" */
};

/* --- what decide answers with -------------------------------------------------------------------------------- */
struct outputs;
/* An event of this case on `topic` (without prefix). The id derives from input seed and position in the outputs.
 * On the own state topic the value also becomes state["own"]. Inside `value`, an object {"$position": k} is replaced by
 * {"partition":…,"offset":…} of the k-th output (from 0) that this decide gave before, once Kafka has told it; its other
 * members stay beside them. */
size_t outputs_publish(struct outputs *outputs, const char *topic, const char *type, json_t *value);
size_t outputs_publish_with_id(struct outputs *outputs, const char *topic, const char *type,
                               const char *id, json_t *value);
/* Bytes that are not JSON (a JWS, a chunk), with further headers as a JSON object of texts (may be NULL). */
size_t outputs_publish_bytes(struct outputs *outputs, const char *topic, const char *type,
                             const char *content_type, struct bytes value, json_t *headers);
/* The i-th record that came with the result, published as it is; the case id is its key. */
size_t outputs_pass_record(struct outputs *outputs, size_t index);
/* The input cannot be taken: it goes to `dead-letters` with reason and position, never with its data. */
void outputs_reject(struct outputs *outputs, const char *reason);

/* --- what plan answers with ---------------------------------------------------------------------------------- */
struct plan;
void plan_due(struct plan *plan, int64_t due_us); /* the earliest of several calls counts */
/* Open work: started once per id and assignment; a work that is no longer named is cancelled (its result is dropped) unless
 * it was begun and has_effects. One that still waits for a thread gets the parameters of the latest plan. */
void plan_work(struct plan *plan, const char *work_id, const char *kind, json_t *parameters);
/* Until then `recall` is told of the case; the latest of several calls counts. */
void plan_recall(struct plan *plan, int64_t until_us);

/* --- work, outside decide ------------------------------------------------------------------------------------ */
struct work {
    const char *case_id;
    const char *work_id;
    const char *kind;
    const json_t *parameters;
    int32_t partition;
    void *service;                          /* service_context of the processor */
    bool (*cancelled)(const struct work *); /* ask now and then in long work */
};
struct processor_result *processor_result_new(json_t *value); /* takes the value */
size_t processor_result_add(struct processor_result *result, const char *topic, const char *type,
                            const char *content_type, struct bytes value,
                            json_t *headers); /* copies; answers the index */
/* The value, for the work to complete; owned by the result. */
json_t *processor_result_value(const struct processor_result *result);
void processor_result_free(struct processor_result *result);

struct processor;
struct processor_definition {
    const char *service;        /* "triage": group id, prefix of transactional ids, ce_source */
    const char *const *inputs;  /* topics without prefix, NULL-terminated */
    const char *own;            /* own state topic, compacted, keyed by case id */
    const char *const *outputs; /* further topics written, NULL-terminated */
    unsigned format;            /* of the cached state: raise it when fold changes */
    size_t worker_count;
    /* Works of this kind, started by somebody who is not the desk, go one at a time: the other threads stay free for the rest.
     * NULL: none. */
    const char *kind_alone;
    /* What a work has done cannot be taken back (a mail has gone): one that was begun is waited for at a stop, and its
     * result comes in any case. */
    bool has_effects;
    /* Pure. Takes a record of an input topic into the state (an empty object for an unknown case). REJECT: the record is
     * impossible; the state is as before and decide is not called. */
    enum verdict (*fold)(json_t *state, const char *topic, const struct event *event,
                         struct why *why);
    /* Pure. `state` has the input folded already. Everything to be said goes into outputs. */
    void (*decide)(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs);
    /* Pure. `state` after everything was published. */
    void (*plan)(const json_t *state, const char *case_id, const void *facts, struct plan *plan);
    /* Outside. Never NULL as an answer: a failure is a result too. */
    struct processor_result *(*work)(const struct work *work);
    /* What works have done counts for those to come beyond its own case (how many mails somebody got within the hour), and `work`
     * keeps it in memory: of every assigned case that plan_recall named and whose time is not over, before any work is begun; also
     * of what is known already. On the processor's thread. NULL: none. */
    void (*recall)(const char *case_id, const json_t *state, const void *facts);
    /* Topics whose records are not keyed by the case (provider-replies): answers the case id the record belongs to, or
     * NULL after which it goes to dead-letters with *why, or "" where another record will name it and it is passed over.
     * Called before fold, may do I/O-free verification. */
    char *(*route)(const char *topic, const struct kafka_record *record, void *service_context,
                   struct event *ret_event, struct why *why);
    /* What decide and plan need of the world and that changes while running (the desk profile): lent until the next
     * call. NULL: none. */
    const void *(*facts)(void *service_context);
    void *service_context;
};

struct processor_config {
    struct kafka_config kafka;
    const char *state_dir;
    const char *instance; /* transactional id and group.instance.id suffix */
};

enum verdict processor_start(const struct processor_definition *definition,
                             const struct processor_config *config,
                             struct processor **ret_processor, struct why *why);
/* True once every assigned partition was folded to its end. `ret_detail` gets a JSON object: partitions,
 * assignments (how often the group gave us any), lag, rebuilding, work. */
bool processor_is_ready(struct processor *processor, struct buf *ret_detail);
/* A case is to be looked at again at once (profile reloaded, log store took something for it): its plan is asked and
 * decide gets a tick. Any thread. NULL: every case. */
void processor_wake(struct processor *processor, const char *case_id);
/* A copy of what the cache holds of one case, or NULL; any thread. */
enum verdict processor_read_state(struct processor *processor, const char *case_id,
                                  json_t **ret_state, struct why *why);
/* The ids of all cases in the cache, a new reference; any thread. */
json_t *processor_cases(struct processor *processor);
/* Finishes the transaction in hand, begins no work any more, takes the results that are there (and waits for those of works
 * with effects) while there is time, leaves the group, closes. */
void processor_stop(struct processor *processor, int64_t deadline_ms);

/* --- decide without a broker: for case files and fuzzing ------------------------------------------------------ */
/* Runs fold, decide and plan for one input and answers
 * {"state":…,"outputs":[{"topic","type","value"|"bytes"}],"due":…,"work":[…],"rejected":…}. */
json_t *processor_rehearse(const struct processor_definition *definition, json_t *state,
                           const struct processor_input *input, const void *facts);
