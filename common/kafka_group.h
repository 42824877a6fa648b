/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: a member of a consumer group without transactions: at least once, for a reader whose work repeats safely.
 * Ownership: lent records are valid until the commit. Threads: one. Errors: FAILED and FATAL: exit.
 * Limits: KAFKA_GROUP_LENT_MAX records lent at a time; an offset is committed only when the caller says so.
 */
#include "common/kafka.h"

#define KAFKA_GROUP_LENT_MAX 100

struct kafka_group;

enum verdict kafka_group_open(const struct kafka_config *config, const char *group,
                              const char *instance, const char *topic,
                              struct kafka_group **ret_group, struct why *why);
enum kafka_read kafka_group_next(struct kafka_group *group, int64_t timeout_ms,
                                 struct kafka_record *ret_record, struct why *why);
/* All that is lent is done; RETRY after a rebalance took a partition away (another member reads it again). */
enum verdict kafka_group_commit(struct kafka_group *group, struct why *why);
void kafka_group_close(struct kafka_group *group); /* NULL is fine */
