/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an assignment begins with. The cache may be anything from complete to empty: the inputs are folded from where it
 * stands to the committed offset, nothing is decided; then the own output is read to its end, and its last value per case
 * becomes state["own"]. The end is asked with a read_uncommitted handle, because for a read_committed one a dead
 * predecessor's open transaction hides what stands behind it.
 */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RECOVER_WITHIN_MS 1800000
#define WRITE_EVERY_RECORDS 2000

enum verdict processor_fold_record(const struct processor_definition *definition,
                                   struct state_store *store, const char *topic,
                                   const struct kafka_record *record, struct why *why)
{
    struct event event;
    json_auto_t *state = NULL;
    if (event_parse(record, &event, why) != VERDICT_OK)
        return VERDICT_REJECT;
    bool own = strcmp(topic, definition->own) == 0;
    enum verdict verdict = VERDICT_OK;
    if (strcmp(event.key, event.subject) != 0 ||
        state_partition(store, event.key) != record->at.partition)
        verdict = reject(why, "header ce_subject: expected the key, on its partition");
    if (verdict == VERDICT_OK)
        verdict = state_get(store, event.key, &state, why);
    if (verdict == VERDICT_OK && own)
        json_object_set(state, "own", event.data);
    else if (verdict == VERDICT_OK)
        verdict = definition->fold(state, topic, &event, why);
    if (verdict == VERDICT_OK)
        state_put(store, event.key, state);
    event_clear(&event);
    return verdict;
}

struct pass {
    const struct recovery *recovery;
    const char *topic;
    int32_t partition;
    int64_t next;       /* next offset to be folded */
    int64_t end;        /* fold up to here */
    int64_t *inputs_at; /* highest input positions told by own outputs, by input; NULL for inputs */
    int64_t records;
};

/* "cases/3/1208" on an own output: the input had been taken up to there. */
static void note_input(struct pass *pass, const struct kafka_record *record)
{
    struct bytes header = kafka_record_header(record, PROCESSOR_INPUT_HEADER);
    const char *const *inputs = pass->recovery->definition->inputs;
    char text[120];
    if (!pass->inputs_at || !header.data || header.length >= sizeof text)
        return;
    memcpy(text, header.data, header.length);
    text[header.length] = '\0';
    for (int i = 0; inputs[i]; i++) {
        size_t length = strlen(inputs[i]);
        int32_t partition;
        int64_t next;
        if (strncmp(text, inputs[i], length) == 0 && text[length] == '/' &&
            sscanf(text + length + 1, "%" SCNd32 "/%" SCNd64, &partition, &next) == 2 &&
            partition == pass->partition && next > pass->inputs_at[i])
            pass->inputs_at[i] = next;
    }
}

static enum verdict keep(struct pass *pass, struct why *why)
{
    struct state_offset offset = {
        .topic = pass->topic, .partition = pass->partition, .offset = pass->next};
    return state_write(pass->recovery->store, &offset, 1, pass->recovery->facts, 0, why);
}

static enum verdict take(struct pass *pass, const struct kafka_record *record, struct why *why)
{
    struct why ignored;
    note_input(pass, record);
    enum verdict verdict = processor_fold_record(pass->recovery->definition, pass->recovery->store,
                                                 pass->topic, record, &ignored);
    if (verdict == VERDICT_FATAL)
        return fatal(why, "%s", ignored.text);
    /* What was refused then is refused now; its dead letter was written the first time. */
    pass->next = record->at.offset + 1;
    return ++pass->records % WRITE_EVERY_RECORDS == 0 ? keep(pass, why) : VERDICT_OK;
}

static enum verdict read_pass(struct kafka_reader *reader, struct pass *pass, int64_t deadline_ms,
                              struct why *why)
{
    while (pass->next < pass->end) {
        struct kafka_record record;
        enum verdict verdict = VERDICT_OK;
        switch (kafka_reader_next(reader, 500, &record, why)) {
        case KAFKA_READ_RECORD:
            if (record.at.offset >= pass->end)
                pass->next = pass->end;
            else
                verdict = take(pass, &record, why);
            break;
        case KAFKA_READ_END:
            if (record.at.offset > pass->next)
                pass->next = record.at.offset < pass->end ? record.at.offset : pass->end;
            break;
        case KAFKA_READ_NOTHING:
            if (clock_monotonic_ms() > deadline_ms)
                verdict = fatal(why, "recovery of %s/%d: not finished in time", pass->topic,
                                pass->partition);
            break;
        case KAFKA_READ_FAILED:
            return VERDICT_FATAL;
        }
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return keep(pass, why);
}

/* From the cached offset, or the log's start, to `end` (-1: to the end as it stands now). */
static enum verdict run_pass(struct kafka_reader *reader, struct pass *pass, int64_t end,
                             struct why *why)
{
    const char *full = topics_full_name(pass->topic);
    int64_t deadline_ms = clock_monotonic_ms() + RECOVER_WITHIN_MS, first, next, cached;
    if (kafka_reader_bounds(reader, full, pass->partition, &first, &next,
                            clock_monotonic_ms() + 30000, why) != VERDICT_OK ||
        state_offset(pass->recovery->store, pass->topic, pass->partition, &cached, why) !=
            VERDICT_OK)
        return VERDICT_FATAL;
    pass->next = cached > first ? cached : first;
    pass->end = end < 0 ? next : end;
    if (pass->next >= pass->end)
        return VERDICT_OK;
    if (kafka_reader_seek(reader, full, pass->partition, pass->next, why) != VERDICT_OK)
        return VERDICT_FATAL;
    enum verdict verdict = read_pass(reader, pass, deadline_ms, why);
    kafka_reader_drop(reader, full, pass->partition);
    log_event(LOG_INFO, "processor.partition_folded",
              "topic=%s partition=%d records=%" PRId64 " next=%" PRId64, pass->topic,
              pass->partition, pass->records, pass->next);
    return verdict;
}

/* A cache that stands behind the log's end stands for another log. */
static enum verdict forget_if_foreign(const struct recovery *recovery, struct kafka_reader *reader,
                                      int32_t partition, struct why *why)
{
    for (const char *const *topic = recovery->definition->inputs;; topic++) {
        const char *name = *topic ? *topic : recovery->definition->own;
        int64_t first, next, cached;
        if (kafka_reader_bounds(reader, topics_full_name(name), partition, &first, &next,
                                clock_monotonic_ms() + 30000, why) != VERDICT_OK ||
            state_offset(recovery->store, name, partition, &cached, why) != VERDICT_OK)
            return VERDICT_FATAL;
        if (cached > next) {
            log_event(LOG_WARNING, "processor.cache_foreign", "topic=%s partition=%d", name,
                      partition);
            return state_forget_partition(recovery->store, partition, why);
        }
        if (!*topic)
            return VERDICT_OK;
    }
}

static void reader_close_at(struct kafka_reader **reader)
{
    kafka_reader_close(*reader);
}

static enum verdict fold_inputs(const struct recovery *recovery, struct kafka_reader *reader,
                                int32_t partition, const int64_t *start, struct why *why)
{
    for (int i = 0; recovery->definition->inputs[i]; i++) {
        struct pass pass = {
            .recovery = recovery, .topic = recovery->definition->inputs[i], .partition = partition};
        bool routed = recovery->definition->route && strcmp(pass.topic, "provider-replies") == 0;
        if (!routed && start[i] > 0 && run_pass(reader, &pass, start[i], why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
    return VERDICT_OK;
}

enum verdict processor_recover(const struct recovery *recovery, int32_t partition,
                               const int64_t *committed, int64_t *ret_start, struct why *why)
{
    CLEANUP(reader_close_at) struct kafka_reader *reader = NULL;
    int64_t told[PROCESSOR_INPUTS_MAX] = {0};
    if (kafka_reader_open(recovery->kafka, KAFKA_READ_COMMITTED, &reader, why) != VERDICT_OK ||
        forget_if_foreign(recovery, reader, partition, why) != VERDICT_OK)
        return VERDICT_FATAL;
    struct pass own = {.recovery = recovery,
                       .topic = recovery->definition->own,
                       .partition = partition,
                       .inputs_at = told};
    if (run_pass(reader, &own, -1, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (int i = 0; recovery->definition->inputs[i]; i++) {
        int64_t cached;
        if (state_offset(recovery->store, recovery->definition->inputs[i], partition, &cached,
                         why) != VERDICT_OK)
            return VERDICT_FATAL;
        ret_start[i] = committed[i] >= 0 ? committed[i] : told[i] > cached ? told[i] : cached;
    }
    return fold_inputs(recovery, reader, partition, ret_start, why);
}
