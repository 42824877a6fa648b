/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_admin.h"

#include <assert.h>
#include <stdlib.h>

#include "common/kafka_internal.h"

#define ANSWER_WITHIN_MS 30000
#define ERROR_BYTES 512

struct kafka_admin {
    rd_kafka_t *handle;
    rd_kafka_queue_t *answers;
    rd_kafka_AdminOptions_t *options;
};

enum verdict kafka_admin_open(const struct kafka_config *config, struct kafka_admin **ret_admin,
                              struct why *why)
{
    rd_kafka_conf_t *conf;
    rd_kafka_t *handle;
    enum verdict verdict = kafka_conf_make(config, &conf, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_handle_make(RD_KAFKA_PRODUCER, conf, &handle, why);
    if (verdict != VERDICT_OK)
        return verdict;
    struct kafka_admin *admin = mem_alloc(sizeof *admin);
    admin->handle = handle;
    admin->answers = rd_kafka_queue_new(handle);
    admin->options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_ANY);
    rd_kafka_AdminOptions_set_request_timeout(admin->options, ANSWER_WITHIN_MS, NULL, 0);
    *ret_admin = admin;
    return VERDICT_OK;
}

void kafka_admin_close(struct kafka_admin *admin)
{
    if (!admin)
        return;
    rd_kafka_AdminOptions_destroy(admin->options);
    rd_kafka_queue_destroy(admin->answers);
    rd_kafka_destroy(admin->handle);
    free(admin);
}

static enum verdict next_answer(struct kafka_admin *admin, rd_kafka_event_t **ret_answer,
                                struct why *why)
{
    rd_kafka_event_t *answer = rd_kafka_queue_poll(admin->answers, ANSWER_WITHIN_MS + 1000);
    if (!answer)
        return retry(why, "kafka: no answer to an administrator's request");
    if (rd_kafka_event_error(answer)) {
        enum verdict verdict = retry(why, "kafka: %s", rd_kafka_event_error_string(answer));
        rd_kafka_event_destroy(answer);
        return verdict;
    }
    *ret_answer = answer;
    return VERDICT_OK;
}

/* --- topics ------------------------------------------------------------------------------------------------------- */

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic *topic, int partitions, int replicas)
{
    char error[ERROR_BYTES];
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic->name, partitions, replicas, error, sizeof error);
    assert(wanted);
    for (size_t i = 0; i < topic->setting_count; i++)
        rd_kafka_NewTopic_set_config(wanted, topic->settings[i].name, topic->settings[i].value);
    return wanted;
}

static enum verdict judge_topics(rd_kafka_event_t *answer, void (*made)(const char *name),
                                 struct why *why)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &count);
    enum verdict verdict = VERDICT_OK;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            made(rd_kafka_topic_result_name(results[i]));
        else if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            verdict = reject(why, "topic %s: %s", rd_kafka_topic_result_name(results[i]),
                             rd_kafka_topic_result_error_string(results[i]));
    }
    return verdict;
}

enum verdict kafka_admin_make_topics(struct kafka_admin *admin, const struct kafka_topic *topics,
                                     size_t count, int partitions, int replicas,
                                     void (*made)(const char *name), struct why *why)
{
    rd_kafka_NewTopic_t *wanted[KAFKA_TOPICS_MAX];
    rd_kafka_event_t *answer = NULL;
    assert(count <= KAFKA_TOPICS_MAX);
    for (size_t i = 0; i < count; i++)
        wanted[i] = new_topic(&topics[i], partitions, replicas);
    rd_kafka_CreateTopics(admin->handle, wanted, count, admin->options, admin->answers);
    rd_kafka_NewTopic_destroy_array(wanted, count);
    enum verdict verdict = next_answer(admin, &answer, why);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = judge_topics(answer, made, why);
    rd_kafka_event_destroy(answer);
    return verdict;
}

/* --- permissions ---------------------------------------------------------------------------------------------------- */

#if RD_KAFKA_VERSION >= 0x020600ff
#define TRANSACTIONAL_ID RD_KAFKA_RESOURCE_TRANSACTIONAL_ID
#else
#define TRANSACTIONAL_ID RD_KAFKA_RESOURCE_UNKNOWN
#endif

static rd_kafka_ResourceType_t resource_type(enum kafka_resource resource)
{
    switch (resource) {
    case KAFKA_TOPIC:
        return RD_KAFKA_RESOURCE_TOPIC;
    case KAFKA_GROUP:
        return RD_KAFKA_RESOURCE_GROUP;
    case KAFKA_TRANSACTIONAL_ID:
        return TRANSACTIONAL_ID;
    }
    abort();
}

static rd_kafka_AclOperation_t acl_operation(enum kafka_operation operation)
{
    switch (operation) {
    case KAFKA_READ:
        return RD_KAFKA_ACL_OPERATION_READ;
    case KAFKA_WRITE:
        return RD_KAFKA_ACL_OPERATION_WRITE;
    case KAFKA_DESCRIBE:
        return RD_KAFKA_ACL_OPERATION_DESCRIBE;
    }
    abort();
}

bool kafka_admin_knows(enum kafka_resource resource)
{
    return resource_type(resource) != RD_KAFKA_RESOURCE_UNKNOWN && rd_kafka_version() >= 0x020000ff;
}

static rd_kafka_AclBinding_t *binding_of(const struct kafka_permission *permission)
{
    char error[ERROR_BYTES];
    CLEANUP(mem_free) char *principal = mem_printf("User:%s", permission->principal);
    rd_kafka_AclBinding_t *binding =
        rd_kafka_AclBinding_new(resource_type(permission->resource), permission->name,
                                permission->is_prefix ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                                                      : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                principal, "*", acl_operation(permission->operation),
                                RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error, sizeof error);
    assert(binding);
    return binding;
}

static enum verdict judge_permissions(rd_kafka_event_t *answer,
                                      const struct kafka_permission *permissions, struct why *why)
{
    size_t count;
    const rd_kafka_acl_result_t **results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_acl_result_error(results[i]);
        if (error)
            return reject(why, "permission of %s on %s: %s", permissions[i].principal,
                          permissions[i].name, rd_kafka_error_string(error));
    }
    return VERDICT_OK;
}

enum verdict kafka_admin_permit(struct kafka_admin *admin,
                                const struct kafka_permission *permissions, size_t count,
                                struct why *why)
{
    rd_kafka_AclBinding_t *bindings[KAFKA_PERMISSIONS_MAX];
    rd_kafka_event_t *answer = NULL;
    assert(count <= KAFKA_PERMISSIONS_MAX);
    for (size_t i = 0; i < count; i++)
        bindings[i] = binding_of(&permissions[i]);
    rd_kafka_CreateAcls(admin->handle, bindings, count, admin->options, admin->answers);
    rd_kafka_AclBinding_destroy_array(bindings, count);
    enum verdict verdict = next_answer(admin, &answer, why);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = judge_permissions(answer, permissions, why);
    rd_kafka_event_destroy(answer);
    return verdict;
}
