/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: how the consumer groups of others stand: how many members each has, and how far it has committed.
 * Ownership: results go into the caller's arrays. Threads: a handle belongs to one thread.
 * Errors: RETRY = the cluster does not answer; REJECT = it refused (permission to describe the group).
 * Limits: 8 groups in a question; an answer is waited for until 4 s have passed.
 */
#include "common/kafka.h"

#define KAFKA_GROUPS_MAX 8

struct kafka_groups;

enum verdict kafka_groups_open(const struct kafka_config *config, struct kafka_groups **ret_groups,
                               struct why *why);
/* Members of each group; 0 where it is empty or not known. A member that was killed counts until its session times out. */
enum verdict kafka_groups_members(struct kafka_groups *groups, const char *const *names,
                                  size_t count, int *ret_members, struct why *why);
/* The committed next offset per topic and partition, topic after topic; -1 where nothing is committed. */
enum verdict kafka_groups_offsets(struct kafka_groups *groups, const char *name,
                                  const char *const *topics, size_t topic_count, int32_t partitions,
                                  int64_t *ret_next, struct why *why);
void kafka_groups_close(struct kafka_groups *groups); /* NULL is fine */
