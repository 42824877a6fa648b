/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: records go to the Kafka client in rounds: what comes while a round is on its way waits here and makes the next one, which
 * goes as a whole. The client by itself does it badly: it sends what it meets when it wakes, half of a round, and with more than four
 * records of a partition in flight an idempotent producer takes no further one of that partition while its thread polls without
 * pause until the answer is there (rd_kafka_toppar_producer_serve counts records where it means requests). So the client is told to
 * linger, and a thread of ours hands over all that waits and flushes.
 * Ownership: outputs are copied. Each record that was taken is reported once, by that thread.
 * Threads: send is called by any; reports come from the thread of the rounds.
 * Errors: those of the client; what its own queue cannot take is reported as failed.
 * Limits: below; a round that is not answered holds the next back for a fifth of a second.
 * Included by kafka_producer.c only.
 */
#include "common/kafka_internal.h"

#define KAFKA_WAITING_RECORDS_MAX 20000
#define KAFKA_WAITING_BYTES_MAX (64 * 1024 * 1024)
/* How the client of the rounds has to be set: a record that is not flushed waits for so long. */
#define KAFKA_ROUNDS_LINGER_MS "5"

struct kafka_rounds;

/* The delivery callback that the client must have been given. */
void kafka_rounds_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque);

/* Begins the thread; NULL where there is none. */
struct kafka_rounds *kafka_rounds_begin(rd_kafka_t *handle);
rd_kafka_resp_err_t kafka_rounds_send(struct kafka_rounds *rounds,
                                      const struct kafka_output *output,
                                      kafka_delivered_fn *delivered, void *context);
/* Called around reports that come together, by the thread that makes them. Before the first record. */
void kafka_rounds_on_reports(struct kafka_rounds *rounds, void (*before)(void),
                             void (*after)(void));
/* The number of the round that a record which is sent now belongs to; another one may begin meanwhile. */
unsigned kafka_rounds_next(const struct kafka_rounds *rounds);
/* Nobody sends any more. Waits until the deadline for what was sent; then gives up what is left, however long the client takes to
 * let go of it (service.c ends a process that does not stop), and ends the thread. NULL is fine. */
void kafka_rounds_end(struct kafka_rounds *rounds, int64_t deadline_ms);
