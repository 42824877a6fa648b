/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what an administrator does to a cluster so that the desk can run on it: topics made, permissions given.
 * Everything can be asked for again; what is there stays as it is.
 * Ownership: nothing is kept. Threads: one at a time. Errors: RETRY = the cluster does not answer; REJECT = it refused,
 * with its words. Limits: 64 topics, 256 permissions in a call; a call waits 30 s at most.
 */
#include "common/kafka.h"

#define KAFKA_TOPICS_MAX 64
#define KAFKA_PERMISSIONS_MAX 256

struct kafka_admin;

struct kafka_topic {
    const char *name;
    struct kafka_topic_setting {
        const char *name;
        char value[24];
    } settings[8];
    size_t setting_count;
};

enum kafka_resource { KAFKA_TOPIC, KAFKA_GROUP, KAFKA_TRANSACTIONAL_ID };
enum kafka_operation { KAFKA_READ, KAFKA_WRITE, KAFKA_DESCRIBE };
struct kafka_permission {
    const char *principal; /* a certificate's CN */
    enum kafka_resource resource;
    const char *name;
    bool is_prefix;
    enum kafka_operation operation;
};

enum verdict kafka_admin_open(const struct kafka_config *config, struct kafka_admin **ret_admin,
                              struct why *why);
/* Makes the topics that are not there, and says so by `made`. */
enum verdict kafka_admin_make_topics(struct kafka_admin *admin, const struct kafka_topic *topics,
                                     size_t count, int partitions, int replicas,
                                     void (*made)(const char *name), struct why *why);
enum verdict kafka_admin_permit(struct kafka_admin *admin,
                                const struct kafka_permission *permissions, size_t count,
                                struct why *why);
/* librdkafka before 2.6.0 cannot speak of transactional ids. */
bool kafka_admin_knows(enum kafka_resource resource);
void kafka_admin_close(struct kafka_admin *admin); /* NULL is fine */
