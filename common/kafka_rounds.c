/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_rounds.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LATE_MS 200
#define LATE_STEP_MS 5
#define LOOK_MS 100     /* for what the client says of itself, where nothing else is to be done */
#define LOOK_SOON_MS 10 /* for the answers of rounds that are late */
#define MANY 8
#define GATHER_US 500
#define SPARE_BYTES 4096 /* of records this large, most cases, */
#define SPARES_MAX 128   /* so many are kept for the next ones */

struct record {
    struct record *next;
    struct kafka_rounds *rounds;
    bool is_spare; /* may serve again */
    unsigned round;
    kafka_delivered_fn *delivered;
    void *context;
    struct kafka_output output;
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    char copies[];
};

struct kafka_rounds {
    rd_kafka_t *handle;
    pthread_t thread;
    _Atomic unsigned begun;
    _Atomic size_t taken;                 /* and not reported yet */
    void (*before)(void), (*after)(void); /* around reports; NULL: nobody wants to know */
    bool reports;                         /* has begun to; of the thread alone */
    size_t of_round;      /* of the round that was begun last, as taken; of the thread alone */
    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t came;
    struct record *first, **end;
    size_t records, bytes; /* that wait */
    size_t wanted;         /* so many wake the thread */
    size_t last;           /* so many had the last round */
    struct record *spares;
    size_t spare_count;
    bool gives_up, stops;
};

/* --- a record -------------------------------------------------------------------------------------------------------------- */

#define FRAME_BYTES_MAX 128 /* of a record: its lengths, times and numbers */

/* Of a record as it is sent, the lengths in front of its headers included. */
static size_t size_of(const struct kafka_output *output)
{
    size_t size = output->key.length + output->value.length + FRAME_BYTES_MAX;
    for (size_t i = 0; i < output->header_count; i++)
        size += strlen(output->headers[i].name) + output->headers[i].value.length + 10;
    return size;
}

static struct bytes copy(struct bytes from, char **at)
{
    struct bytes to = {.data = from.data ? *at : NULL, .length = from.length};
    if (from.data && from.length)
        memcpy(*at, from.data, from.length);
    *at += from.length;
    return to;
}

/* What a record takes of our memory. */
static size_t room_of(size_t size)
{
    size_t room = sizeof(struct record) + size;
    return room < SPARE_BYTES ? SPARE_BYTES : room;
}

/* One that has served, or a new one; with the lock held. */
static struct record *record_new(struct kafka_rounds *rounds, size_t room)
{
    struct record *record = rounds->spares;
    if (record && room == SPARE_BYTES) {
        rounds->spares = record->next;
        rounds->spare_count--;
        return record;
    }
    record = mem_alloc_raw(room);
    record->is_spare = room == SPARE_BYTES;
    return record;
}

static void record_end(struct kafka_rounds *rounds, struct record *record)
{
    pthread_mutex_lock(&rounds->lock);
    bool kept = record->is_spare && rounds->spare_count < SPARES_MAX;
    if (kept) {
        record->next = rounds->spares;
        rounds->spares = record;
        rounds->spare_count++;
    }
    pthread_mutex_unlock(&rounds->lock);
    if (!kept)
        free(record);
}

/* Names of topics and headers are literals or live as long as the process. */
static void fill(struct record *record, const struct kafka_output *output)
{
    char *at = record->copies;
    record->next = NULL;
    record->output = *output;
    record->output.key = copy(output->key, &at);
    record->output.value = copy(output->value, &at);
    record->output.headers = record->headers;
    for (size_t i = 0; i < output->header_count; i++)
        record->headers[i] = (struct kafka_header){.name = output->headers[i].name,
                                                   .value = copy(output->headers[i].value, &at)};
}

static void begin_reports(struct kafka_rounds *rounds)
{
    if (!rounds->reports && rounds->before)
        rounds->before();
    rounds->reports = true;
}

static void end_reports(struct kafka_rounds *rounds)
{
    if (rounds->reports && rounds->after)
        rounds->after();
    rounds->reports = false;
}

static void report(struct record *record, const struct kafka_delivery *delivery)
{
    struct kafka_rounds *rounds = record->rounds;
    begin_reports(rounds);
    record->delivered(record->context, delivery);
    record_end(rounds, record);
    atomic_fetch_sub(&rounds->taken, 1);
}

static void give_up(struct record *record, rd_kafka_resp_err_t error)
{
    report(record,
           &(struct kafka_delivery){.verdict = VERDICT_RETRY, .why = rd_kafka_err2str(error)});
}

void kafka_rounds_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct record *record = message->_private;
    struct kafka_rounds *rounds = record->rounds;
    (void)opaque;
    bool is_last = record->round == atomic_load(&rounds->begun) && --rounds->of_round == 0;
    report(record, &(struct kafka_delivery){
                       .verdict = message->err ? VERDICT_RETRY : VERDICT_OK,
                       .at = {.partition = message->partition, .offset = message->offset},
                       .why = message->err ? rd_kafka_err2str(message->err) : NULL});
    if (is_last)
        rd_kafka_yield(handle); /* the flush waits for no older round */
}

/* --- rounds ---------------------------------------------------------------------------------------------------------------- */

static void serve(struct kafka_rounds *rounds)
{
    rd_kafka_poll(rounds->handle, 0);
    end_reports(rounds);
}

/* In steps: those that were answered do not wait for one that is late. */
static void flush(struct kafka_rounds *rounds)
{
    int64_t late_ms = clock_monotonic_ms() + LATE_MS;
    do {
        rd_kafka_flush(rounds->handle, LATE_STEP_MS);
        end_reports(rounds);
    } while (rounds->of_round > 0 && clock_monotonic_ms() < late_ms);
}

/* One record that cannot be written, because its partition has no leader or Kafka is away, is reported after half a minute: the
 * others wait for it only a moment. */
static void hand_over(struct kafka_rounds *rounds, struct record *round, bool gives_up)
{
    unsigned number = atomic_fetch_add(&rounds->begun, 1) + 1;
    rounds->of_round = 0;
    while (round) {
        struct record *record = round;
        round = record->next;
        record->round = number;
        rd_kafka_resp_err_t error = gives_up
                                        ? RD_KAFKA_RESP_ERR__PURGE_QUEUE
                                        : kafka_send_kept(rounds->handle, &record->output, record);
        if (error)
            give_up(record, error);
        else
            rounds->of_round++;
    }
    /* A client that is full takes nothing, and has room again once it has told of what it had. */
    if (rounds->of_round > 0)
        flush(rounds);
    else
        serve(rounds);
}

/* Those who were answered together come back together: the first of them waits a moment for as many as there were, where there
 * were many. At 64 connections nearly all of them make one round (bench/README.md). */
static void gather(struct kafka_rounds *rounds)
{
    int64_t until_us = clock_monotonic_us() + GATHER_US;
    rounds->wanted = rounds->last < MANY ? 1 : rounds->last;
    while (rounds->records < rounds->wanted && !rounds->stops &&
           clock_wait_us(&rounds->came, &rounds->lock, until_us))
        continue;
    rounds->wanted = 1;
}

/* All that waits, or NULL after a while. */
static struct record *take_round(struct kafka_rounds *rounds, bool *ret_gives_up, bool *ret_stops)
{
    int64_t until_ms =
        clock_monotonic_ms() + (atomic_load(&rounds->taken) ? LOOK_SOON_MS : LOOK_MS);
    pthread_mutex_lock(&rounds->lock);
    while (!rounds->first && !rounds->stops && clock_wait(&rounds->came, &rounds->lock, until_ms))
        continue;
    struct record *round = rounds->first;
    if (round)
        gather(rounds);
    rounds->first = NULL;
    rounds->end = &rounds->first;
    if (round)
        rounds->last = rounds->records;
    rounds->records = rounds->bytes = 0;
    *ret_gives_up = rounds->gives_up;
    *ret_stops = rounds->stops;
    pthread_mutex_unlock(&rounds->lock);
    return round;
}

static void *run(void *context)
{
    struct kafka_rounds *rounds = context;
    bool gives_up, stops;
    do {
        struct record *round = take_round(rounds, &gives_up, &stops);
        if (round)
            hand_over(rounds, round, gives_up);
        else
            serve(rounds);
    } while (!stops || atomic_load(&rounds->taken) > 0);
    return NULL;
}

/* With the lock held. */
static void add(struct kafka_rounds *rounds, struct record *record, size_t room)
{
    *rounds->end = record;
    rounds->end = &record->next;
    rounds->records++;
    rounds->bytes += room;
    atomic_fetch_add(&rounds->taken, 1);
}

rd_kafka_resp_err_t kafka_rounds_send(struct kafka_rounds *rounds,
                                      const struct kafka_output *output,
                                      kafka_delivered_fn *delivered, void *context)
{
    size_t size = size_of(output), room = room_of(size);
    if (size > KAFKA_RECORD_BYTES_MAX)
        return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; /* said now, not when its round begins */
    pthread_mutex_lock(&rounds->lock);
    bool fits = !rounds->gives_up && rounds->records < KAFKA_WAITING_RECORDS_MAX &&
                rounds->bytes + room <= KAFKA_WAITING_BYTES_MAX;
    if (fits) {
        struct record *record = record_new(rounds, room);
        record->rounds = rounds;
        record->delivered = delivered;
        record->context = context;
        fill(record, output);
        add(rounds, record, room);
        if (rounds->records == rounds->wanted)
            pthread_cond_signal(&rounds->came);
    }
    pthread_mutex_unlock(&rounds->lock);
    return fits ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__QUEUE_FULL;
}

void kafka_rounds_on_reports(struct kafka_rounds *rounds, void (*before)(void), void (*after)(void))
{
    rounds->before = before;
    rounds->after = after;
}

unsigned kafka_rounds_next(const struct kafka_rounds *rounds)
{
    return atomic_load(&rounds->begun);
}

/* --- beginning and end ----------------------------------------------------------------------------------------------------- */

static void rounds_free(struct kafka_rounds *rounds)
{
    while (rounds->spares) {
        struct record *spare = rounds->spares;
        rounds->spares = spare->next;
        free(spare);
    }
    pthread_mutex_destroy(&rounds->lock);
    pthread_cond_destroy(&rounds->came);
    free(rounds);
}

struct kafka_rounds *kafka_rounds_begin(rd_kafka_t *handle)
{
    struct kafka_rounds *rounds = mem_alloc(sizeof *rounds);
    rounds->handle = handle;
    rounds->end = &rounds->first;
    rounds->wanted = 1;
    pthread_mutex_init(&rounds->lock, NULL);
    clock_condition_init(&rounds->came);
    if (pthread_create(&rounds->thread, NULL, run, rounds) != 0) {
        rounds_free(rounds);
        return NULL;
    }
    pthread_setname_np(rounds->thread, "kafka-delivery");
    return rounds;
}

void kafka_rounds_end(struct kafka_rounds *rounds, int64_t deadline_ms)
{
    if (!rounds)
        return;
    while (atomic_load(&rounds->taken) > 0 && kafka_left_ms(deadline_ms) > 0)
        usleep(2000);
    pthread_mutex_lock(&rounds->lock);
    rounds->gives_up = true;
    pthread_mutex_unlock(&rounds->lock);
    /* What is still queued is reported as failed, so that every callback is called once. */
    while (atomic_load(&rounds->taken) > 0) {
        rd_kafka_purge(rounds->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        usleep(2000);
    }
    pthread_mutex_lock(&rounds->lock);
    rounds->stops = true;
    pthread_mutex_unlock(&rounds->lock);
    pthread_cond_signal(&rounds->came);
    pthread_join(rounds->thread, NULL);
    rounds_free(rounds);
}
