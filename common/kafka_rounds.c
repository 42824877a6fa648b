/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_rounds.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LATE_MS 200

struct waiting {
    struct waiting *next;
    void *opaque;
    struct kafka_output output;
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    char copies[];
};

struct kafka_rounds {
    rd_kafka_t *handle;
    kafka_give_up_fn *give_up;
    pthread_mutex_t lock; /* all that follows */
    struct waiting *first, **end;
    size_t records, bytes; /* that wait */
    size_t on_their_way;
    int64_t moved_ms; /* when they began, or one of them was last answered */
    bool hands_over;  /* a round, outside of the lock: whatever comes meanwhile stays behind it */
    _Atomic bool ended;
    _Atomic unsigned begun;
};

struct kafka_rounds *kafka_rounds_new(rd_kafka_t *handle, kafka_give_up_fn *give_up)
{
    struct kafka_rounds *rounds = mem_alloc(sizeof *rounds);
    rounds->handle = handle;
    rounds->give_up = give_up;
    rounds->end = &rounds->first;
    pthread_mutex_init(&rounds->lock, NULL);
    return rounds;
}

void kafka_rounds_free(struct kafka_rounds *rounds)
{
    if (!rounds)
        return;
    pthread_mutex_destroy(&rounds->lock);
    free(rounds);
}

/* --- what waits ------------------------------------------------------------------------------------------------------------ */

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

/* Names of topics and headers are literals or live as long as the process. */
static struct waiting *waiting_new(const struct kafka_output *output, void *opaque)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting + size_of(output));
    char *at = waiting->copies;
    waiting->opaque = opaque;
    waiting->output = *output;
    waiting->output.key = copy(output->key, &at);
    waiting->output.value = copy(output->value, &at);
    waiting->output.headers = waiting->headers;
    for (size_t i = 0; i < output->header_count; i++)
        waiting->headers[i] = (struct kafka_header){.name = output->headers[i].name,
                                                    .value = copy(output->headers[i].value, &at)};
    return waiting;
}

/* --- rounds ---------------------------------------------------------------------------------------------------------------- */

/* One record that cannot be written, because its partition has no leader or Kafka is away, is reported after half a minute: the
 * others wait for it only a moment. With the lock held, as the two that follow. */
static bool is_late(const struct kafka_rounds *rounds)
{
    return clock_monotonic_ms() - rounds->moved_ms > LATE_MS;
}

static void begin(struct kafka_rounds *rounds, size_t records)
{
    if (rounds->on_their_way == 0)
        rounds->moved_ms = clock_monotonic_ms();
    rounds->on_their_way += records;
    atomic_fetch_add(&rounds->begun, 1);
}

/* The next round, if there is one to begin. */
static struct waiting *take_round(struct kafka_rounds *rounds)
{
    struct waiting *round = rounds->first;
    if (!round || rounds->hands_over || (rounds->on_their_way && !is_late(rounds)))
        return NULL;
    begin(rounds, rounds->records);
    rounds->hands_over = true;
    rounds->first = NULL;
    rounds->end = &rounds->first;
    rounds->records = rounds->bytes = 0;
    return round;
}

static rd_kafka_resp_err_t hand_over(struct kafka_rounds *rounds, const struct waiting *waiting)
{
    return atomic_load(&rounds->ended)
               ? RD_KAFKA_RESP_ERR__PURGE_QUEUE
               : kafka_send(rounds->handle, &waiting->output, waiting->opaque);
}

/* How many of the round were not taken. */
static size_t hand_over_all(struct kafka_rounds *rounds, struct waiting *round)
{
    size_t refused = 0;
    while (round) {
        struct waiting *waiting = round;
        round = waiting->next;
        rd_kafka_resp_err_t error = hand_over(rounds, waiting);
        if (error) {
            rounds->give_up(waiting->opaque, rd_kafka_err2str(error));
            refused++;
        }
        free(waiting);
    }
    return refused;
}

/* So many are answered, or were not taken: whoever answers the last of a round begins the next. */
static void answered(struct kafka_rounds *rounds, size_t count)
{
    struct waiting *round = NULL;
    do {
        pthread_mutex_lock(&rounds->lock);
        rounds->on_their_way -= count;
        if (count > 0)
            rounds->moved_ms = clock_monotonic_ms();
        if (round)
            rounds->hands_over = false;
        round = take_round(rounds);
        pthread_mutex_unlock(&rounds->lock);
        count = hand_over_all(rounds, round);
    } while (round);
}

enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

static enum turn take_turn(struct kafka_rounds *rounds, const struct kafka_output *output,
                           void *opaque)
{
    size_t bytes = size_of(output);
    if (atomic_load(&rounds->ended))
        return TURN_NEVER;
    bool behind_others = rounds->first || rounds->hands_over;
    if (!behind_others && (rounds->on_their_way == 0 || is_late(rounds))) {
        begin(rounds, 1);
        return TURN_NOW;
    }
    if (rounds->records >= KAFKA_WAITING_RECORDS_MAX ||
        rounds->bytes + bytes > KAFKA_WAITING_BYTES_MAX)
        return TURN_NEVER;
    *rounds->end = waiting_new(output, opaque);
    rounds->end = &(*rounds->end)->next;
    rounds->records++;
    rounds->bytes += bytes;
    return TURN_LATER;
}

rd_kafka_resp_err_t kafka_rounds_send(struct kafka_rounds *rounds,
                                      const struct kafka_output *output, void *opaque)
{
    if (size_of(output) > KAFKA_RECORD_BYTES_MAX)
        return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; /* said now, not when its round begins */
    pthread_mutex_lock(&rounds->lock);
    enum turn turn = take_turn(rounds, output, opaque);
    pthread_mutex_unlock(&rounds->lock);
    if (turn == TURN_LATER)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (turn == TURN_NEVER)
        return RD_KAFKA_RESP_ERR__QUEUE_FULL;
    rd_kafka_resp_err_t error = kafka_send(rounds->handle, output, opaque);
    if (error)
        answered(rounds, 1);
    return error;
}

void kafka_rounds_answered(struct kafka_rounds *rounds)
{
    answered(rounds, 1);
}

void kafka_rounds_look(struct kafka_rounds *rounds)
{
    answered(rounds, 0);
}

unsigned kafka_rounds_next(const struct kafka_rounds *rounds)
{
    return atomic_load(&rounds->begun);
}

bool kafka_rounds_are_over(struct kafka_rounds *rounds)
{
    pthread_mutex_lock(&rounds->lock);
    bool over = rounds->on_their_way == 0 && rounds->records == 0;
    pthread_mutex_unlock(&rounds->lock);
    return over;
}

void kafka_rounds_end(struct kafka_rounds *rounds)
{
    pthread_mutex_lock(&rounds->lock);
    atomic_store(&rounds->ended, true);
    pthread_mutex_unlock(&rounds->lock);
}
