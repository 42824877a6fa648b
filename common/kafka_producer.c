/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_internal.h"
#include "common/kafka_rounds.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"

#include <pthread.h>
#include <stdlib.h>

struct kafka_producer {
    rd_kafka_t *handle;
    struct kafka_rounds *rounds;
};

static void take_error(rd_kafka_t *handle, int code, const char *reason, void *opaque)
{
    char text[200];
    (void)opaque;
    if (code != RD_KAFKA_RESP_ERR__FATAL) {
        log_event(LOG_WARNING, "kafka.error_met", "code=%s why=%s", rd_kafka_err2name(code),
                  reason);
        return;
    }
    rd_kafka_fatal_error(handle, text, sizeof text);
    service_fail("kafka.producer_fatal",
                 text); /* never go on after it: start again and recover (facts.md) */
}

static enum verdict configure(rd_kafka_conf_t *conf, struct why *why)
{
    static const char *const pairs[][2] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"max.in.flight.requests.per.connection", "1"},
        {"linger.ms", KAFKA_ROUNDS_LINGER_MS},
        /* Over TLS every value would be written by a call of its own, because librdkafka keeps values by reference and OpenSSL
         * takes one piece at a time; a batch that was packed is one piece. Half as many again cases answered at 64 connections,
         * and half of the broker's work (bench/post_cases). */
        {"compression.codec", "lz4"},
        {"sticky.partitioning.linger.ms", "0"},
        {"partitioner", "murmur2_random"},
        {"message.max.bytes", "1048576"},
        {"message.timeout.ms", "30000"},
        /* twice what waits for a round at most: a round that is begun while no other is late is taken */
        {"queue.buffering.max.messages", "40000"},
        {"queue.buffering.max.kbytes", "131072"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK)
            return VERDICT_FATAL;
    rd_kafka_conf_set_dr_msg_cb(conf, kafka_rounds_report);
    rd_kafka_conf_set_error_cb(conf, take_error);
    return VERDICT_OK;
}

enum verdict kafka_producer_open(const struct kafka_config *config, const char *const *topics,
                                 size_t topic_count, struct kafka_producer **ret_producer,
                                 struct why *why)
{
    CLEANUP(mem_free) struct kafka_producer *producer = mem_alloc(sizeof *producer);
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(config, &conf, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (configure(conf, why) != VERDICT_OK) {
        rd_kafka_conf_destroy(conf);
        return VERDICT_FATAL;
    }
    if (kafka_handle_make(RD_KAFKA_PRODUCER, conf, &producer->handle, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < topic_count; i++)
        kafka_warm_topic(producer->handle, topics[i]);
    producer->rounds = kafka_rounds_begin(producer->handle);
    if (!producer->rounds) {
        rd_kafka_destroy(producer->handle);
        return fatal(why, "no thread for the producer");
    }
    *ret_producer = TAKE(producer);
    return VERDICT_OK;
}

enum verdict kafka_produce(struct kafka_producer *producer, const struct kafka_output *output,
                           kafka_delivered_fn *delivered, void *context, struct why *why)
{
    rd_kafka_resp_err_t error = kafka_rounds_send(producer->rounds, output, delivered, context);
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return VERDICT_OK;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return reject(why, "record larger than %d bytes", KAFKA_RECORD_BYTES_MAX);
    default:
        return retry(why, "kafka produce: %s", rd_kafka_err2str(error));
    }
}

void kafka_producer_on_reports(struct kafka_producer *producer, void (*before)(void),
                               void (*after)(void))
{
    kafka_rounds_on_reports(producer->rounds, before, after);
}

unsigned kafka_producer_round(const struct kafka_producer *producer)
{
    return kafka_rounds_next(producer->rounds);
}

/* --- waiting for one record ----------------------------------------------------------------------------------------- */

/* Shared by the waiter and the report, which may come long after the waiter has gone. */
struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool done;
    enum verdict verdict;
    struct kafka_position at;
};

static void waiting_release(struct waiting *waiting, int owners)
{
    pthread_mutex_lock(&waiting->lock);
    waiting->owners -= owners;
    bool last = waiting->owners == 0;
    pthread_mutex_unlock(&waiting->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&waiting->lock);
    pthread_cond_destroy(&waiting->changed);
    free(waiting);
}

static void wake_waiter(void *context, const struct kafka_delivery *delivery)
{
    struct waiting *waiting = context;
    pthread_mutex_lock(&waiting->lock);
    waiting->done = true;
    waiting->verdict = delivery->verdict;
    waiting->at = delivery->at;
    pthread_cond_signal(&waiting->changed);
    pthread_mutex_unlock(&waiting->lock);
    waiting_release(waiting, 1);
}

static struct waiting *waiting_new(void)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);
    pthread_mutex_init(&waiting->lock, NULL);
    clock_condition_init(&waiting->changed);
    waiting->owners = 2;
    return waiting;
}

enum verdict kafka_produce_wait(struct kafka_producer *producer, const struct kafka_output *output,
                                int64_t deadline_ms, struct kafka_position *ret_at, struct why *why)
{
    struct waiting *waiting = waiting_new();
    enum verdict verdict = kafka_produce(producer, output, wake_waiter, waiting, why);
    if (verdict != VERDICT_OK) {
        waiting_release(waiting, 2);
        return verdict;
    }
    pthread_mutex_lock(&waiting->lock);
    while (!waiting->done && clock_wait(&waiting->changed, &waiting->lock, deadline_ms))
        continue;
    verdict = waiting->done ? waiting->verdict : VERDICT_RETRY;
    if (verdict == VERDICT_OK && ret_at)
        *ret_at = waiting->at;
    pthread_mutex_unlock(&waiting->lock);
    waiting_release(waiting, 1);
    return verdict == VERDICT_OK ? verdict : retry(why, "not acknowledged in time");
}

void kafka_producer_close(struct kafka_producer *producer, int64_t deadline_ms)
{
    if (!producer)
        return;
    kafka_rounds_end(producer->rounds, deadline_ms);
    rd_kafka_destroy(producer->handle);
    free(producer);
}
