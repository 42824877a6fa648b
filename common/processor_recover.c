/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an assignment begins with. The cache may be anything from complete to empty: the inputs are folded from where it
 * stands to the committed offset, nothing is decided; the own output is read to its end, and its last value per case
 * becomes state["own"]. The end is asked with a read_uncommitted handle, because for a read_committed one a dead
 * predecessor's open transaction hides what stands behind it.
 */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_WITHIN_MS 30000
#define WRITE_EVERY_RECORDS 2000

enum verdict processor_fold_record(const struct processor_definition *definition,
                                   struct state_store *store, const char *topic,
                                   const struct kafka_record *record, struct why *why)
{
    struct event event;
    json_auto_t *state = NULL;
    enum verdict verdict = processor_parse(store, record, &event, why);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = state_get(store, event.key, &state, why);
    if (verdict == VERDICT_OK && strcmp(topic, definition->own) == 0)
        json_object_set(state, "own", event.data);
    else if (verdict == VERDICT_OK)
        verdict = definition->fold(state, topic, &event, why);
    if (verdict == VERDICT_OK)
        state_put(store, event.key, state);
    event_clear(&event);
    return verdict;
}

/* One topic of the partition. */
struct pass {
    const struct recovery *recovery;
    const char *topic;
    int32_t partition;
    int64_t first, end; /* of the log as it stands now, open transactions included */
    int64_t cached;     /* the cache stands for everything before it; -1: nothing */
    int64_t next;       /* next offset to be folded */
    int64_t records;
    int64_t told[PROCESSOR_INPUTS_MAX]; /* own output: how far the inputs had been taken */
};

/* --- reading ---------------------------------------------------------------------------------------------------------- */

/* "cases/3/1208 extractions/3/77" */
static void note_taken(struct pass *pass, const struct kafka_record *record)
{
    struct bytes header = kafka_record_header(record, PROCESSOR_INPUT_HEADER);
    CLEANUP(mem_free) char *text = header.data ? mem_dup(header.data, header.length) : NULL;
    char *rest = NULL;
    for (char *word = text ? strtok_r(text, " ", &rest) : NULL; word;
         word = strtok_r(NULL, " ", &rest)) {
        int32_t partition;
        int64_t next;
        size_t length = strcspn(word, "/");
        if (sscanf(word + length, "/%" SCNd32 "/%" SCNd64, &partition, &next) != 2)
            continue;
        word[length] = '\0';
        int input = processor_input_index(pass->recovery->definition, word);
        if (input >= 0 && partition == pass->partition && next > pass->told[input])
            pass->told[input] = next;
    }
}

static enum verdict keep(struct pass *pass, struct why *why)
{
    struct state_offset offset = {pass->topic, pass->partition, pass->next};
    struct state_writing writing = {.offsets = &offset, .offset_count = 1, .half = true};
    return state_write(pass->recovery->store, &writing, why);
}

static enum verdict take(struct pass *pass, const struct kafka_record *record, struct why *why)
{
    struct why refusal;
    note_taken(pass, record);
    /* What is refused was refused the first time: its dead letter is written. */
    if (processor_fold_record(pass->recovery->definition, pass->recovery->store, pass->topic,
                              record, &refusal) == VERDICT_FATAL)
        return fatal(why, "%s", refusal.text);
    pass->next = record->at.offset + 1;
    return ++pass->records % WRITE_EVERY_RECORDS == 0 ? keep(pass, why) : VERDICT_OK;
}

/* Takes the next record before `end`; moves on where there are none. */
static enum verdict read_one(struct pass *pass, int64_t end, struct why *why)
{
    struct kafka_record record;
    switch (kafka_reader_next(pass->recovery->reader, 100, &record, why)) {
    case KAFKA_READ_RECORD:
        if (record.at.offset < end)
            return take(pass, &record, why);
        pass->next = end;
        return VERDICT_OK;
    case KAFKA_READ_END:
        if (record.at.offset > pass->next)
            pass->next = record.at.offset < end ? record.at.offset : end;
        return VERDICT_OK;
    case KAFKA_READ_NOTHING:
        return VERDICT_OK;
    case KAFKA_READ_FAILED:
        return VERDICT_FATAL;
    }
    return VERDICT_FATAL;
}

static enum verdict read_to(struct pass *pass, int64_t end, struct why *why)
{
    while (pass->next < end) {
        if (atomic_load(pass->recovery->stopping))
            return retry(why, "stopped while recovering");
        if (clock_monotonic_ms() > pass->recovery->deadline_ms)
            return fatal(why, "recovery of %s/%d: not finished in time", pass->topic,
                         pass->partition);
        if (read_one(pass, end, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
    return keep(pass, why);
}

/* From the cached offset, or the log's start, to `end`. */
static enum verdict run_pass(struct pass *pass, int64_t end, struct why *why)
{
    const char *full = topics_full_name(pass->topic);
    struct kafka_reader *reader = pass->recovery->reader;
    pass->next = pass->cached > pass->first ? pass->cached : pass->first;
    if (pass->next >= end)
        return VERDICT_OK;
    if (kafka_reader_seek(reader, full, pass->partition, pass->next, why) != VERDICT_OK)
        return VERDICT_FATAL;
    enum verdict verdict = read_to(pass, end, why);
    kafka_reader_drop(reader, full, pass->partition);
    log_event(LOG_DEBUG, "processor.partition_folded",
              "topic=%s partition=%d records=%" PRId64 " next=%" PRId64, pass->topic,
              pass->partition, pass->records, pass->next);
    return verdict;
}

/* --- where everything stands -------------------------------------------------------------------------------------------- */

static enum verdict pass_prepare(struct pass *pass, const struct recovery *recovery,
                                 const char *topic, int32_t partition, struct why *why)
{
    *pass = (struct pass){.recovery = recovery, .topic = topic, .partition = partition};
    if (kafka_reader_bounds(recovery->reader, topics_full_name(topic), partition, &pass->first,
                            &pass->end, clock_monotonic_ms() + ASK_WITHIN_MS, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return state_offset(recovery->store, topic, partition, &pass->cached, why);
}

/* A cache that stands behind the log's end, or beyond what was committed, stands for another history. */
static enum verdict forget_if_foreign(struct pass *passes, size_t count, const int64_t *committed,
                                      struct why *why)
{
    bool foreign = false;
    for (size_t i = 0; i < count; i++)
        foreign = foreign || passes[i].cached > passes[i].end ||
                  (committed[i] >= 0 && passes[i].cached > committed[i]);
    if (!foreign)
        return VERDICT_OK;
    log_event(LOG_WARNING, "processor.cache_foreign", "partition=%d", passes[0].partition);
    for (size_t i = 0; i < count; i++)
        passes[i].cached = -1;
    return state_forget_partition(passes[0].recovery->store, passes[0].partition, why);
}

/* The committed offset; without one what the own output tells or the cache knows; never before the log's start. */
static enum verdict choose_start(const struct pass *input, int64_t committed, int64_t told,
                                 int64_t *ret_start, struct why *why)
{
    int64_t start = committed >= 0 ? committed : told > input->cached ? told : input->cached;
    if (start > input->end)
        return fatal(why, "%s/%d ends at %" PRId64 ", before the position %" PRId64, input->topic,
                     input->partition, input->end, start);
    if (start < input->first && start > 0)
        log_event(LOG_WARNING, "processor.records_gone",
                  "topic=%s partition=%d from=%" PRId64 " to=%" PRId64, input->topic,
                  input->partition, start, input->first);
    *ret_start = start < input->first ? input->first : start;
    return VERDICT_OK;
}

/* passes: the inputs, then the own output. */
static enum verdict run_passes(const struct recovery *recovery, struct pass *passes, size_t inputs,
                               const int64_t *committed, int64_t *ret_start, struct why *why)
{
    struct pass *own = &passes[inputs];
    enum verdict verdict = run_pass(own, own->end, why);
    for (size_t i = 0; i < inputs && verdict == VERDICT_OK; i++) {
        verdict = choose_start(&passes[i], committed[i], own->told[i], &ret_start[i], why);
        if (verdict == VERDICT_OK && !processor_is_routed(recovery->definition, passes[i].topic))
            verdict = run_pass(&passes[i], ret_start[i], why);
    }
    if (verdict != VERDICT_OK)
        return verdict;
    return state_plan_rest(recovery->store, own->partition, recovery->facts, why);
}

enum verdict processor_recover(const struct recovery *recovery, int32_t partition,
                               const int64_t *committed, int64_t *ret_start, struct why *why)
{
    const struct processor_definition *definition = recovery->definition;
    struct pass passes[PROCESSOR_INPUTS_MAX + 1];
    int64_t bounds[PROCESSOR_INPUTS_MAX + 1];
    size_t inputs = 0;
    for (; definition->inputs[inputs]; inputs++) {
        bounds[inputs] = committed[inputs];
        if (pass_prepare(&passes[inputs], recovery, definition->inputs[inputs], partition, why) !=
            VERDICT_OK)
            return VERDICT_FATAL;
    }
    bounds[inputs] = -1;
    if (pass_prepare(&passes[inputs], recovery, definition->own, partition, why) != VERDICT_OK ||
        forget_if_foreign(passes, inputs + 1, bounds, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return run_passes(recovery, passes, inputs, committed, ret_start, why);
}
