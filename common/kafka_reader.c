/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_internal.h"

#include "common/clock.h"
#include "common/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct kafka_reader {
    struct kafka_config config;
    enum kafka_isolation isolation;
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    rd_kafka_t *bounds; /* read_uncommitted, made when the bounds are first asked for */
    rd_kafka_t *fetcher;
    pthread_mutex_t lock;     /* bounds */
    pthread_mutex_t fetching; /* fetcher */
    rd_kafka_message_t *lent;
};

static enum verdict open_handle(const struct kafka_config *config, enum kafka_isolation isolation,
                                enum kafka_pace pace, rd_kafka_t **ret_handle, struct why *why)
{
    bool collecting = pace == KAFKA_COLLECTING;
    const char *const pairs[][2] = {
        /* No group is joined: librdkafka only wants the name for a consumer. */
        {"group.id", "unused"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"enable.partition.eof", "true"},
        {"isolation.level",
         isolation == KAFKA_READ_COMMITTED ? "read_committed" : "read_uncommitted"},
        {"fetch.min.bytes", collecting ? "1048576" : "1"},
        {"fetch.wait.max.ms", collecting ? "20" : "100"},
        {"fetch.error.backoff.ms", "50"},
        /* A full queue pauses the fetcher for a whole second before 2.2 (later: fetch.queue.backoff.ms): with 1,000
         * messages as its limit, 3,000 records/s; now 32 MB/s at least, and 8 of small records, which are folded more slowly. */
        {"queued.max.messages.kbytes", collecting ? "8192" : "32768"},
        /* An answer is unpacked as a whole, to several times its size: the fifty megabytes that it may have by default took 200. */
        {"message.max.bytes", "1048576"},
        {"fetch.max.bytes", collecting ? "1048576" : "4194304"},
        {"fetch.message.max.bytes", collecting ? "65536" : "1048576"},
        {"check.crcs", "true"},
    };
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(config, &conf, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK) {
            rd_kafka_conf_destroy(conf);
            return VERDICT_FATAL;
        }
    kafka_conf_try(conf, "fetch.queue.backoff.ms", "5");
    return kafka_handle_make(RD_KAFKA_CONSUMER, conf, ret_handle, why);
}

static void handle_close(rd_kafka_t *handle)
{
    if (!handle)
        return;
    rd_kafka_consumer_close(handle);
    rd_kafka_destroy(handle);
}

static void return_lent(struct kafka_reader *reader)
{
    if (reader->lent)
        rd_kafka_message_destroy(TAKE(reader->lent));
}

void kafka_reader_rest(struct kafka_reader *reader)
{
    if (!reader->handle) /* it rests, or a change of pace failed */
        return;
    return_lent(reader);
    rd_kafka_queue_destroy(TAKE(reader->queue));
    handle_close(TAKE(reader->handle));
}

static enum verdict begin_fetching(struct kafka_reader *reader, enum kafka_pace pace,
                                   struct why *why)
{
    if (open_handle(&reader->config, reader->isolation, pace, &reader->handle, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_poll_set_consumer(reader->handle);
    reader->queue = rd_kafka_queue_get_consumer(reader->handle);
    return VERDICT_OK;
}

enum verdict kafka_reader_open(const struct kafka_config *config, enum kafka_isolation isolation,
                               struct kafka_reader **ret_reader, struct why *why)
{
    CLEANUP(mem_free) struct kafka_reader *reader = mem_alloc(sizeof *reader);
    reader->config = *config;
    reader->isolation = isolation;
    if (begin_fetching(reader, KAFKA_AT_ONCE, why) != VERDICT_OK)
        return VERDICT_FATAL;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_mutex_init(&reader->fetching, NULL);
    *ret_reader = TAKE(reader);
    return VERDICT_OK;
}

enum verdict kafka_reader_set_pace(struct kafka_reader *reader, enum kafka_pace pace,
                                   struct why *why)
{
    kafka_reader_rest(reader);
    return begin_fetching(reader, pace, why);
}

static void list_free(rd_kafka_topic_partition_list_t **list)
{
    rd_kafka_topic_partition_list_destroy(*list);
}

static enum verdict said(rd_kafka_error_t *error, struct why *why)
{
    if (!error)
        return VERDICT_OK;
    fatal(why, "kafka assignment: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return VERDICT_FATAL;
}

enum verdict kafka_reader_seek(struct kafka_reader *reader, const char *topic, int32_t partition,
                               int64_t offset, struct why *why)
{
    CLEANUP(list_free) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    kafka_reader_drop(reader, topic, partition);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    return said(rd_kafka_incremental_assign(reader->handle, list), why);
}

void kafka_reader_drop(struct kafka_reader *reader, const char *topic, int32_t partition)
{
    CLEANUP(list_free) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_t *assigned = NULL;
    rd_kafka_topic_partition_list_add(list, topic, partition);
    if (rd_kafka_assignment(reader->handle, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (rd_kafka_topic_partition_list_find(assigned, topic, partition))
        (void)said(rd_kafka_incremental_unassign(reader->handle, list), NULL);
    rd_kafka_topic_partition_list_destroy(assigned);
}

enum kafka_read kafka_reader_next(struct kafka_reader *reader, int64_t timeout_ms,
                                  struct kafka_record *ret_record, struct why *why)
{
    return_lent(reader);
    rd_kafka_message_t *message = rd_kafka_consume_queue(reader->queue, (int)timeout_ms);
    if (!message)
        return KAFKA_READ_NOTHING;
    reader->lent = message;
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        kafka_record_of(message, ret_record);
        return KAFKA_READ_RECORD;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        *ret_record = (struct kafka_record){
            .topic = rd_kafka_topic_name(message->rkt),
            .at = {.partition = message->partition, .offset = message->offset}};
        return KAFKA_READ_END;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__FATAL:
        (void)fatal(why, "kafka read: %s", rd_kafka_message_errstr(message));
        return KAFKA_READ_FAILED;
    default:
        /* Brokers that come and go are librdkafka's business; it goes on by itself. */
        log_event(LOG_DEBUG, "kafka.read_disturbed", "why=%s", rd_kafka_message_errstr(message));
        return KAFKA_READ_NOTHING;
    }
}

static enum verdict need_bounds(struct kafka_reader *reader, struct why *why)
{
    enum verdict verdict = VERDICT_OK;
    pthread_mutex_lock(&reader->lock);
    if (!reader->bounds)
        verdict = open_handle(&reader->config, KAFKA_READ_UNCOMMITTED, KAFKA_AT_ONCE,
                              &reader->bounds, why);
    pthread_mutex_unlock(&reader->lock);
    return verdict;
}

/* An end that stands as it was asked for was not answered, whatever is said of the whole: taken for an end it would lie before
 * everything. */
static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err || list->elems[i].offset < 0)
            return list->elems[i].err ? list->elems[i].err : RD_KAFKA_RESP_ERR__NO_OFFSET;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum verdict kafka_reader_ends(struct kafka_reader *reader, const char *topic, int32_t count,
                               int64_t *ret_next, int64_t deadline_ms, struct why *why)
{
    CLEANUP(list_free)
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    if (need_bounds(reader, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_topic_partition_list_add_range(list, topic, 0, count - 1);
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    while (error && kafka_left_ms(deadline_ms) > 0) {
        for (int i = 0; i < list->cnt; i++) {
            list->elems[i].offset =
                RD_KAFKA_OFFSET_END; /* -1, which ListOffsets takes as a time: the end */
            list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
        }
        error = rd_kafka_offsets_for_times(reader->bounds, list, kafka_left_ms(deadline_ms));
        error = error ? error : first_error(list);
    }
    if (error)
        return retry(why, "kafka ends of %s: %s", topic, rd_kafka_err2str(error));
    for (int i = 0; i < list->cnt; i++)
        ret_next[list->elems[i].partition] = list->elems[i].offset;
    return VERDICT_OK;
}

enum verdict kafka_reader_bounds(struct kafka_reader *reader, const char *topic, int32_t partition,
                                 int64_t *ret_first, int64_t *ret_next, int64_t deadline_ms,
                                 struct why *why)
{
    if (need_bounds(reader, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    while (error != RD_KAFKA_RESP_ERR_NO_ERROR && kafka_left_ms(deadline_ms) > 0)
        error = rd_kafka_query_watermark_offsets(reader->bounds, topic, partition, ret_first,
                                                 ret_next, kafka_left_ms(deadline_ms));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return retry(why, "kafka bounds of %s/%d: %s", topic, partition, rd_kafka_err2str(error));
    return VERDICT_OK;
}

/* --- one record at a position ----------------------------------------------------------------------------------------- */

/* An end before the position is no proof: an open transaction may hold it back. Behind the high watermark there is nothing. */
static bool is_beyond(struct kafka_reader *reader, const char *topic, struct kafka_position at,
                      int64_t deadline_ms)
{
    int64_t first, next;
    return rd_kafka_query_watermark_offsets(reader->fetcher, topic, at.partition, &first, &next,
                                            kafka_left_ms(deadline_ms)) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           at.offset >= next;
}

static bool is_no_partition(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static enum verdict fetch_assigned(struct kafka_reader *reader, const char *topic,
                                   struct kafka_position at,
                                   void (*lend)(void *, const struct kafka_record *), void *context,
                                   int64_t deadline_ms, struct why *why)
{
    while (kafka_left_ms(deadline_ms) > 0) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(reader->fetcher, kafka_left_ms(deadline_ms));
        if (!message)
            continue;
        bool right =
            message->partition == at.partition && !message->err && message->offset == at.offset;
        bool passed = message->partition == at.partition && message->offset >= at.offset &&
                      (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF);
        bool nothing =
            is_no_partition(message->err) || (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF &&
                                              !passed && is_beyond(reader, topic, at, deadline_ms));
        if (right) {
            struct kafka_record record;
            kafka_record_of(message, &record);
            lend(context, &record);
        }
        rd_kafka_message_destroy(message);
        if (right)
            return VERDICT_OK;
        if (passed || nothing)
            return reject(why, "no record at partition %d, offset %lld", at.partition,
                          (long long)at.offset);
    }
    return retry(why, "record at partition %d, offset %lld: not answered in time", at.partition,
                 (long long)at.offset);
}

static enum verdict fetch_locked(struct kafka_reader *reader, const char *topic,
                                 struct kafka_position at,
                                 void (*lend)(void *, const struct kafka_record *), void *context,
                                 int64_t deadline_ms, struct why *why)
{
    CLEANUP(list_free) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    if (!reader->fetcher) {
        if (open_handle(&reader->config, KAFKA_READ_COMMITTED, KAFKA_AT_ONCE, &reader->fetcher,
                        why) != VERDICT_OK)
            return VERDICT_FATAL;
        rd_kafka_poll_set_consumer(reader->fetcher);
    }
    rd_kafka_topic_partition_list_add(list, topic, at.partition)->offset = at.offset;
    if (rd_kafka_assign(reader->fetcher, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fatal(why, "kafka assignment of %s/%d", topic, at.partition);
    enum verdict verdict = fetch_assigned(reader, topic, at, lend, context, deadline_ms, why);
    rd_kafka_assign(reader->fetcher, NULL);
    return verdict;
}

enum verdict kafka_reader_fetch(struct kafka_reader *reader, const char *topic,
                                struct kafka_position at,
                                void (*lend)(void *context, const struct kafka_record *record),
                                void *context, int64_t deadline_ms, struct why *why)
{
    pthread_mutex_lock(&reader->fetching);
    enum verdict verdict = fetch_locked(reader, topic, at, lend, context, deadline_ms, why);
    pthread_mutex_unlock(&reader->fetching);
    return verdict;
}

void kafka_reader_close(struct kafka_reader *reader)
{
    if (!reader)
        return;
    kafka_reader_rest(reader);
    handle_close(reader->bounds);
    handle_close(reader->fetcher);
    pthread_mutex_destroy(&reader->lock);
    pthread_mutex_destroy(&reader->fetching);
    free(reader);
}
