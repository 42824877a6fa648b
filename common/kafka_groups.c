/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_groups.h"

#include "common/kafka_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_WITHIN_MS 4000

struct kafka_groups {
    rd_kafka_t *handle;
    rd_kafka_queue_t *answers;
};

enum verdict kafka_groups_open(const struct kafka_config *config, struct kafka_groups **ret_groups,
                               struct why *why)
{
    rd_kafka_conf_t *conf;
    rd_kafka_t *handle;
    enum verdict verdict = kafka_conf_make(config, &conf, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_handle_make(RD_KAFKA_PRODUCER, conf, &handle, why);
    if (verdict != VERDICT_OK)
        return verdict;
    struct kafka_groups *groups = mem_alloc(sizeof *groups);
    groups->handle = handle;
    groups->answers = rd_kafka_queue_new(handle);
    *ret_groups = groups;
    return VERDICT_OK;
}

void kafka_groups_close(struct kafka_groups *groups)
{
    if (!groups)
        return;
    rd_kafka_queue_destroy(groups->answers);
    rd_kafka_destroy(groups->handle);
    free(groups);
}

static void options_free(rd_kafka_AdminOptions_t **options)
{
    rd_kafka_AdminOptions_destroy(*options);
}

static void event_free(rd_kafka_event_t **event)
{
    if (*event)
        rd_kafka_event_destroy(*event);
}

static rd_kafka_AdminOptions_t *patience(struct kafka_groups *groups, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(groups->handle, operation);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_WITHIN_MS, NULL, 0);
    return options;
}

/* Every question is answered once, at the latest when its time has passed: no answer of an earlier one is left behind. */
static enum verdict next_answer(struct kafka_groups *groups, rd_kafka_event_t **ret_answer,
                                struct why *why)
{
    while (!*ret_answer)
        *ret_answer = rd_kafka_queue_poll(groups->answers, ANSWER_WITHIN_MS + 1000);
    if (rd_kafka_event_error(*ret_answer))
        return retry(why, "kafka groups: %s", rd_kafka_event_error_string(*ret_answer));
    return VERDICT_OK;
}

static enum verdict judge_group(const rd_kafka_error_t *error, const char *name, struct why *why)
{
    if (!error)
        return VERDICT_OK;
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        return reject(why, "group %s: %s", name, rd_kafka_error_string(error));
    return retry(why, "group %s: %s", name, rd_kafka_error_string(error));
}

enum verdict kafka_groups_members(struct kafka_groups *groups, const char *const *names,
                                  size_t count, int *ret_members, struct why *why)
{
    const char *wanted[KAFKA_GROUPS_MAX];
    CLEANUP(options_free)
    rd_kafka_AdminOptions_t *options = patience(groups, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    CLEANUP(event_free) rd_kafka_event_t *answer = NULL;
    assert(count <= KAFKA_GROUPS_MAX);
    memcpy(wanted, names, count * sizeof *names);
    rd_kafka_DescribeConsumerGroups(groups->handle, wanted, count, options, groups->answers);
    enum verdict verdict = next_answer(groups, &answer, why);
    if (verdict != VERDICT_OK)
        return verdict;
    size_t found;
    const rd_kafka_ConsumerGroupDescription_t **described =
        rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(answer), &found);
    for (size_t i = 0; i < found && i < count && verdict == VERDICT_OK; i++) {
        const char *name = rd_kafka_ConsumerGroupDescription_group_id(described[i]);
        verdict = judge_group(rd_kafka_ConsumerGroupDescription_error(described[i]), name, why);
        for (size_t g = 0; g < count; g++)
            if (strcmp(names[g], name) == 0)
                ret_members[g] = (int)rd_kafka_ConsumerGroupDescription_member_count(described[i]);
    }
    return verdict;
}

static void take_offsets(const rd_kafka_topic_partition_list_t *list, const char *const *topics,
                         size_t topic_count, int32_t partitions, int64_t *ret_next)
{
    for (size_t t = 0; t < topic_count; t++)
        for (int32_t p = 0; p < partitions; p++) {
            rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(
                (rd_kafka_topic_partition_list_t *)(uintptr_t)list, topics[t], p);
            ret_next[(int32_t)t * partitions + p] =
                entry && entry->offset >= 0 ? entry->offset : -1;
        }
}

enum verdict kafka_groups_offsets(struct kafka_groups *groups, const char *name,
                                  const char *const *topics, size_t topic_count, int32_t partitions,
                                  int64_t *ret_next, struct why *why)
{
    CLEANUP(options_free)
    rd_kafka_AdminOptions_t *options = patience(groups, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    CLEANUP(event_free) rd_kafka_event_t *answer = NULL;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)topic_count * partitions);
    for (size_t t = 0; t < topic_count; t++)
        for (int32_t p = 0; p < partitions; p++)
            rd_kafka_topic_partition_list_add(list, topics[t], p);
    rd_kafka_ListConsumerGroupOffsets_t *question =
        rd_kafka_ListConsumerGroupOffsets_new(name, list);
    rd_kafka_ListConsumerGroupOffsets(groups->handle, &question, 1, options, groups->answers);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rd_kafka_topic_partition_list_destroy(list);
    enum verdict verdict = next_answer(groups, &answer, why);
    if (verdict != VERDICT_OK)
        return verdict;
    size_t found;
    const rd_kafka_group_result_t **results = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(answer), &found);
    if (found != 1)
        return retry(why, "group %s: %zu answers", name, found);
    verdict = judge_group(rd_kafka_group_result_error(results[0]), name, why);
    if (verdict == VERDICT_OK)
        take_offsets(rd_kafka_group_result_partitions(results[0]), topics, topic_count, partitions,
                     ret_next);
    return verdict;
}
