/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: records go to the Kafka client in rounds: what comes while a round is on its way waits here and makes the next one. The
 * client by itself does the same badly: with more than four records of a partition in flight an idempotent producer takes no
 * further one of that partition, and its thread polls without pause until the answer is there (rd_kafka_toppar_producer_serve
 * counts records where it means requests); under load that was more than half of its processor time.
 * Ownership: outputs are copied. `opaque` comes back by the client's delivery report, or by `give_up`, once.
 * Threads: any; give_up is called by whoever ended the round before.
 * Errors: those of the client. Limits: as many records and bytes wait as the client itself keeps at least, see kafka_producer.c.
 * Included by kafka_producer.c only.
 */
#include "common/kafka_internal.h"

#define KAFKA_WAITING_RECORDS_MAX 20000
#define KAFKA_WAITING_BYTES_MAX (64 * 1024 * 1024)

struct kafka_rounds;
typedef void kafka_give_up_fn(void *opaque, const char *error);

struct kafka_rounds *kafka_rounds_new(rd_kafka_t *handle, kafka_give_up_fn *give_up);
void kafka_rounds_free(struct kafka_rounds *rounds); /* nothing may be waiting; NULL is fine */
rd_kafka_resp_err_t kafka_rounds_send(struct kafka_rounds *rounds,
                                      const struct kafka_output *output, void *opaque);
/* For every delivery report, when it was told. */
void kafka_rounds_answered(struct kafka_rounds *rounds);
/* Now and then: where nothing is answered for a fifth of a second, the next round begins all the same. */
void kafka_rounds_look(struct kafka_rounds *rounds);
/* The number of the round that a record which is sent now belongs to; another one may begin meanwhile. */
unsigned kafka_rounds_next(const struct kafka_rounds *rounds);
bool kafka_rounds_are_over(struct kafka_rounds *rounds); /* nothing waits, nothing is on its way */
/* What still waits is given up, as soon as what is on its way has been answered. */
void kafka_rounds_end(struct kafka_rounds *rounds);
