/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the kafka_*.c files share: configuration of librdkafka handles and the translation of messages.
 * Ownership: a configuration is given away to the handle made of it. Threads: any. Errors: FATAL with librdkafka's text.
 * Limits: none of its own. Included by kafka_*.c and processor_*.c only.
 */
#include "common/kafka.h"
#include <librdkafka/rdkafka.h>

/* Connection, security and socket settings that every client of the desk has. */
enum verdict kafka_conf_make(const struct kafka_config *config, rd_kafka_conf_t **ret_conf,
                             struct why *why);
enum verdict kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                            struct why *why);
/* Sets what a version of librdkafka may not know; ignores it there. */
void kafka_conf_try(rd_kafka_conf_t *conf, const char *name, const char *value);
enum verdict kafka_handle_make(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_handle,
                               struct why *why);

/* Fills `ret_record` with slices that point into the message. */
void kafka_record_of(const rd_kafka_message_t *message, struct kafka_record *ret_record);
/* Queues a copy of the output; `opaque` comes back with the delivery report. */
rd_kafka_resp_err_t kafka_send(rd_kafka_t *handle, const struct kafka_output *output, void *opaque);
/* The same, but the value is not copied: it must live until the report. */
rd_kafka_resp_err_t kafka_send_kept(rd_kafka_t *handle, const struct kafka_output *output,
                                    void *opaque);
/* The first record of a topic would otherwise wait for its metadata, up to a second on librdkafka 2.8.0. */
void kafka_warm_topic(rd_kafka_t *handle, const char *topic);
int kafka_left_ms(int64_t deadline_ms); /* for librdkafka's relative time-outs: at least 0 */
