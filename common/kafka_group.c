/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_group.h"

#include "common/kafka_internal.h"
#include "common/log.h"

#include <assert.h>
#include <stdlib.h>

struct kafka_group {
    rd_kafka_t *handle;
    rd_kafka_message_t *lent[KAFKA_GROUP_LENT_MAX];
    size_t lent_count;
};

static enum verdict configure(rd_kafka_conf_t *conf, const char *group, const char *instance,
                              struct why *why)
{
    CLEANUP(mem_free) char *member = mem_printf("%s-%s", group, instance);
    const char *const pairs[][2] = {
        {"group.id", group},
        {"group.instance.id", member},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", "10000"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        /* kept for ever: without a committed offset everything is offered again, and the chain refuses what it has */
        {"auto.offset.reset", "earliest"},
        {"isolation.level", "read_committed"},
        {"fetch.wait.max.ms", "500"},
        {"queued.max.messages.kbytes", "4096"},
        {"max.poll.interval.ms", "600000"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

static enum verdict subscribe(rd_kafka_t *handle, const char *topic, struct why *why)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(handle, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return error ? fatal(why, "subscribe to %s: %s", topic, rd_kafka_err2str(error)) : VERDICT_OK;
}

enum verdict kafka_group_open(const struct kafka_config *config, const char *group,
                              const char *instance, const char *topic,
                              struct kafka_group **ret_group, struct why *why)
{
    rd_kafka_conf_t *conf;
    rd_kafka_t *handle;
    if (kafka_conf_make(config, &conf, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (configure(conf, group, instance, why) != VERDICT_OK) {
        rd_kafka_conf_destroy(conf);
        return VERDICT_FATAL;
    }
    if (kafka_handle_make(RD_KAFKA_CONSUMER, conf, &handle, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_poll_set_consumer(handle);
    if (subscribe(handle, topic, why) != VERDICT_OK) {
        rd_kafka_destroy(handle);
        return VERDICT_FATAL;
    }
    *ret_group = mem_alloc(sizeof **ret_group);
    (*ret_group)->handle = handle;
    return VERDICT_OK;
}

static void return_lent(struct kafka_group *group)
{
    while (group->lent_count)
        rd_kafka_message_destroy(group->lent[--group->lent_count]);
}

static void message_free(rd_kafka_message_t **message)
{
    if (*message)
        rd_kafka_message_destroy(*message);
}

enum kafka_read kafka_group_next(struct kafka_group *group, int64_t timeout_ms,
                                 struct kafka_record *ret_record, struct why *why)
{
    assert(group->lent_count < KAFKA_GROUP_LENT_MAX);
    CLEANUP(message_free)
    rd_kafka_message_t *message = rd_kafka_consumer_poll(group->handle, (int)timeout_ms);
    if (!message)
        return KAFKA_READ_NOTHING;
    if (!message->err) {
        kafka_record_of(message, ret_record);
        group->lent[group->lent_count++] = TAKE(message);
        return KAFKA_READ_RECORD;
    }
    if (message->err != RD_KAFKA_RESP_ERR__FATAL &&
        message->err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
        message->err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        log_event(LOG_DEBUG, "kafka.read_disturbed", "why=%s", rd_kafka_message_errstr(message));
        return KAFKA_READ_NOTHING;
    }
    (void)fatal(why, "kafka read: %s", rd_kafka_message_errstr(message));
    return KAFKA_READ_FAILED;
}

static rd_kafka_topic_partition_list_t *list_lent(const struct kafka_group *group)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < group->lent_count; i++) {
        const char *topic = rd_kafka_topic_name(group->lent[i]->rkt);
        int32_t partition = group->lent[i]->partition;
        rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_find(list, topic, partition);
        if (!entry)
            entry = rd_kafka_topic_partition_list_add(list, topic, partition);
        entry->offset = group->lent[i]->offset + 1;
    }
    return list;
}

enum verdict kafka_group_commit(struct kafka_group *group, struct why *why)
{
    rd_kafka_topic_partition_list_t *list = list_lent(group);
    rd_kafka_resp_err_t error = rd_kafka_commit(group->handle, list, 0);
    for (int i = 0; i < list->cnt && !error; i++)
        error = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    return_lent(group);
    return error ? retry(why, "commit: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

void kafka_group_close(struct kafka_group *group)
{
    if (!group)
        return;
    return_lent(group);
    rd_kafka_consumer_close(group->handle);
    rd_kafka_destroy(group->handle);
    free(group);
}
