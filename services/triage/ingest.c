/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/ingest.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"
#include "services/triage/detection.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS 100
#define REST_EVERY_MS 1000
#define EXPIRE_EVERY_MS (3600 * 1000)
#define HEADER_BYTES_MAX 255

struct ingest {
    struct ingest_definition definition;
    struct kafka_reader *reader;
    pthread_t thread;
    int64_t *first_ends;
    _Atomic bool stopping, caught_up;
    int64_t rest_at_ms, expire_at_ms;
};

static struct metric metrics[] = {
    {.name = "triage_log_records_total",
     .help = "Log records taken into the store",
     .kind = METRIC_COUNTER},
    {.name = "triage_log_bytes_total",
     .help = "Bytes of log lines taken into the store",
     .kind = METRIC_COUNTER},
    {.name = "triage_log_refused_total",
     .help = "Log records without a customer id as their key",
     .kind = METRIC_COUNTER},
    {.name = "triage_log_disbelieved_total",
     .help = "Log records whose own time was not believed",
     .kind = METRIC_COUNTER},
    {.name = "triage_log_cut_total",
     .help = "Log lines longer than 1 MiB, cut there",
     .kind = METRIC_GAUGE},
    {.name = "triage_store_damaged_blocks_total",
     .help = "Blocks of the store met by a reader that could not be read",
     .kind = METRIC_GAUGE},
    {.name = "triage_store_held_bytes",
     .help = "Held in memory until the next checkpoint",
     .kind = METRIC_GAUGE},
    {.name = "triage_store_file_bytes",
     .help = "Size of the store's file on disk",
     .kind = METRIC_GAUGE},
    {.name = "triage_store_checkpoints_total", .help = "Checkpoints written", .kind = METRIC_GAUGE},
    {.name = "triage_store_rebuilding",
     .help = "1 while the store has not passed what stood in the topic at the start; searches wait",
     .kind = METRIC_GAUGE},
};
enum {
    COUNT_RECORDS,
    COUNT_BYTES,
    COUNT_REFUSED,
    COUNT_DISBELIEVED,
    LINES_CUT,
    DAMAGED,
    HELD,
    FILE_BYTES,
    CHECKPOINTS,
    REBUILDING
};

/* --- one record -------------------------------------------------------------------------------------------------------- */

static bool read_owner(struct bytes key, char ret_owner[24])
{
    if (!key.length || key.length > 20)
        return false;
    for (size_t i = 0; i < key.length; i++) {
        char c = ((const char *)key.data)[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
        ret_owner[i] = c;
    }
    ret_owner[key.length] = '\0';
    return true;
}

static struct bytes header_of(const struct kafka_record *record, const char *name)
{
    struct bytes value = kafka_record_header(record, name);
    if (value.length > HEADER_BYTES_MAX)
        value.length = HEADER_BYTES_MAX;
    return value;
}

static void look_for_news(struct ingest *ingest, const char *owner,
                          const struct logstore_record *record)
{
    CLEANUP(parsed_clear) struct parsed parsed = {0};
    struct finding finding;
    if (!watch_has_owner(ingest->definition.watch, owner))
        return;
    format_parse(record->line, &parsed);
    detection_judge(&parsed, &finding);
    if (finding.detection)
        watch_mark(ingest->definition.watch, owner, record);
}

static void take_record(struct ingest *ingest, const struct kafka_record *from)
{
    char owner[24];
    if (!read_owner(from->key, owner) || !from->value.data) {
        metric_add(&metrics[COUNT_REFUSED], 1);
        logstore_advance(ingest->definition.store, from->at.partition, from->at.offset + 1);
        return;
    }
    int64_t append_us = from->timestamp_ms > 0 ? from->timestamp_ms * 1000 : clock_now_us();
    struct logstore_record record = {.partition = from->at.partition,
                                     .offset = from->at.offset,
                                     .line = from->value,
                                     .format = header_of(from, "format"),
                                     .product = header_of(from, "product"),
                                     .kind = header_of(from, "kind"),
                                     .host = header_of(from, "host")};
    record.time_us = event_time_of(kafka_record_header(from, "time"), from->value, append_us,
                                   &record.time_source);
    logstore_put(ingest->definition.store, owner, &record, append_us);
    metric_add(&metrics[COUNT_RECORDS], 1);
    metric_add(&metrics[COUNT_BYTES], (int64_t)from->value.length);
    metric_add(&metrics[COUNT_DISBELIEVED], record.time_source == EVENT_TIME_DISBELIEVED);
    look_for_news(ingest, owner, &record);
}

/* --- the loop ------------------------------------------------------------------------------------------------------------ */

/* A checkpoint right after the replay: the next start has not to read it all again. */
static enum verdict notice_catching_up(struct ingest *ingest, struct why *why)
{
    if (atomic_load(&ingest->caught_up) ||
        !logstore_has_passed(ingest->definition.store, ingest->first_ends))
        return VERDICT_OK;
    atomic_store(&ingest->caught_up, true);
    log_event(LOG_INFO, "logs.caught_up", "records=%lld", (long long)metrics[COUNT_RECORDS].value);
    return logstore_checkpoint(ingest->definition.store, true, why);
}

static void show_counts(struct ingest *ingest)
{
    struct logstore_counts counts;
    logstore_count(ingest->definition.store, &counts);
    metric_set(&metrics[LINES_CUT], counts.lines_cut);
    metric_set(&metrics[DAMAGED], counts.damaged);
    metric_set(&metrics[HELD], counts.held_bytes);
    metric_set(&metrics[FILE_BYTES], counts.file_bytes);
    metric_set(&metrics[CHECKPOINTS], counts.checkpoints);
    metric_set(&metrics[REBUILDING], !atomic_load(&ingest->caught_up));
}

static enum verdict rest(struct ingest *ingest, int64_t now_ms, struct why *why)
{
    if (now_ms < ingest->rest_at_ms)
        return VERDICT_OK;
    ingest->rest_at_ms = now_ms + REST_EVERY_MS;
    if (notice_catching_up(ingest, why) != VERDICT_OK)
        return VERDICT_FATAL;
    show_counts(ingest);
    if (now_ms < ingest->expire_at_ms)
        return VERDICT_OK;
    ingest->expire_at_ms = now_ms + EXPIRE_EVERY_MS;
    return logstore_expire(ingest->definition.store, clock_now_us(), why);
}

static enum verdict keep_house(struct ingest *ingest, struct why *why)
{
    int64_t now_ms = clock_monotonic_ms();
    if (rest(ingest, now_ms, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return logstore_checkpoint_if_due(ingest->definition.store, now_ms, why);
}

static enum verdict read_one(struct ingest *ingest, struct why *why)
{
    struct kafka_record record;
    switch (kafka_reader_next(ingest->reader, TURN_MS, &record, why)) {
    case KAFKA_READ_RECORD:
        take_record(ingest, &record);
        break;
    case KAFKA_READ_END:
        logstore_advance(ingest->definition.store, record.at.partition, record.at.offset);
        return notice_catching_up(ingest, why);
    case KAFKA_READ_NOTHING:
        break;
    case KAFKA_READ_FAILED:
        return VERDICT_FATAL;
    }
    return VERDICT_OK;
}

static void *run(void *context)
{
    struct ingest *ingest = context;
    struct why why = {0};
    while (!atomic_load(&ingest->stopping))
        if (read_one(ingest, &why) != VERDICT_OK || keep_house(ingest, &why) != VERDICT_OK) {
            service_fail("logs.ingest_failed", why.text);
            return NULL;
        }
    if (logstore_checkpoint(ingest->definition.store, true, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "logs.checkpoint_failed", "why=%s", why.text);
    return NULL;
}

/* --- start and stop -------------------------------------------------------------------------------------------------------- */

/* An end below what is stored: the topic was made anew. What is stored is of another one. */
static enum verdict check_same_topic(struct ingest *ingest, struct why *why)
{
    for (int32_t i = 0; i < ingest->definition.partition_count; i++)
        if (logstore_next(ingest->definition.store, i) > ingest->first_ends[i]) {
            log_event(LOG_WARNING, "logs.store_foreign", "partition=%d", i);
            return logstore_empty(ingest->definition.store, why);
        }
    return VERDICT_OK;
}

static enum verdict seek_all(struct ingest *ingest, struct why *why)
{
    for (int32_t i = 0; i < ingest->definition.partition_count; i++)
        if (kafka_reader_seek(ingest->reader, topics_full_name("security-logs"), i,
                              logstore_next(ingest->definition.store, i), why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

enum verdict ingest_ask_ends(struct ingest *ingest, int64_t *ret_ends, int64_t deadline_ms,
                             struct why *why)
{
    return kafka_reader_ends(ingest->reader, topics_full_name("security-logs"),
                             ingest->definition.partition_count, ret_ends, deadline_ms, why);
}

bool ingest_has_caught_up(struct ingest *ingest)
{
    return atomic_load(&ingest->caught_up);
}

static void ingest_free(struct ingest **ingest)
{
    if (!*ingest)
        return;
    kafka_reader_close((*ingest)->reader);
    free((*ingest)->first_ends);
    free(*ingest);
}

enum verdict ingest_start(const struct ingest_definition *definition, struct ingest **ret_ingest,
                          struct why *why)
{
    CLEANUP(ingest_free) struct ingest *ingest = mem_alloc(sizeof *ingest);
    metrics_register(metrics, COUNT_OF(metrics));
    ingest->definition = *definition;
    ingest->first_ends = mem_alloc((size_t)definition->partition_count * sizeof(int64_t));
    enum verdict verdict =
        kafka_reader_open(definition->kafka, KAFKA_READ_COMMITTED, &ingest->reader, why);
    if (verdict == VERDICT_OK)
        verdict = ingest_ask_ends(ingest, ingest->first_ends, clock_monotonic_ms() + 30000, why);
    if (verdict == VERDICT_OK)
        verdict = check_same_topic(ingest, why);
    if (verdict == VERDICT_OK)
        verdict = seek_all(ingest, why);
    if (verdict != VERDICT_OK)
        return verdict;
    if (pthread_create(&ingest->thread, NULL, run, ingest) != 0)
        return fatal(why, "no thread for reading logs");
    *ret_ingest = TAKE(ingest);
    return VERDICT_OK;
}

void ingest_halt(struct ingest *ingest)
{
    if (!ingest)
        return;
    atomic_store(&ingest->stopping, true);
    pthread_join(ingest->thread, NULL);
}

void ingest_close(struct ingest *ingest)
{
    ingest_free(&ingest);
}
