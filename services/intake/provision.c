/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "intake provision": makes the topics and gives the permissions of the one table (common/desk/topics.h). Run by an
 * administrator, with the administrator's certificate, before the services start and after an upgrade.
 */
#include "common/clock.h"
#include "common/config.h"
#include "common/desk/topics.h"
#include "common/kafka_admin.h"
#include "common/service.h"
#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROVISION_WITHIN_MS 60000
#define EXIT_WITHOUT_TRANSACTIONAL_IDS 3

static struct {
    struct kafka_config kafka;
    int64_t partitions, replicas;
} config;

static const struct config_variable variables[] = {
    KAFKA_CONFIG_VARIABLES(__typeof__(config), kafka),
    {"KAKEKOMI_PARTITIONS", CONFIG_INTEGER, "12", "partitions of every topic, fixed for ever",
     offsetof(__typeof__(config), partitions), 1, 1000},
    {"KAKEKOMI_REPLICAS", CONFIG_INTEGER, "1",
     "replicas of every topic; 3 where there are 3 brokers", offsetof(__typeof__(config), replicas),
     1, 9},
};

/* Principals whose offsets are in a group of the same name; those that write in transactions. */
static const char *const group_members[] = {"intake", "triage", "escalation", "notify"};
static const char *const processors[] = {"triage", "escalation", "notify"};

static void made_topic(const char *name)
{
    printf("made %s\n", name);
}

/* --- topics --------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void set(struct kafka_topic *topic, const char *name,
                                                      const char *format, ...)
{
    struct kafka_topic_setting *setting = &topic->settings[topic->setting_count++];
    va_list words;
    setting->name = name;
    va_start(words, format);
    vsnprintf(setting->value, sizeof setting->value, format, words);
    va_end(words);
}

static struct kafka_topic wanted_topic(const struct topic *row)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct kafka_topic topic = {.name = topics_full_name(row->name)};
    set(&topic, "max.message.bytes", "%d", KAFKA_RECORD_BYTES_MAX + 1024);
    if (row->compacted) {
        set(&topic, "cleanup.policy", "compact");
        set(&topic, "min.compaction.lag.ms", "%lld", 7 * (long long)day_ms);
    }
    bool kept = row->compacted || row->retention_days == 0;
    set(&topic, "retention.ms", "%lld",
        kept ? -1 : (long long)row->retention_days * (long long)day_ms);
    if (row->log_append_time)
        set(&topic, "message.timestamp.type", "LogAppendTime");
    if (config.replicas == 1) {
        if (row->flush_each)
            set(&topic, "flush.messages", "1");
    } else {
        set(&topic, "min.insync.replicas", "%d", 2);
    }
    return topic;
}

static enum verdict make_topics(struct kafka_admin *admin, struct why *why)
{
    struct kafka_topic topics[KAFKA_TOPICS_MAX];
    for (size_t i = 0; i < topics_count; i++)
        topics[i] = wanted_topic(&topics_table[i]);
    return kafka_admin_make_topics(admin, topics, topics_count, (int)config.partitions,
                                   (int)config.replicas, made_topic, why);
}

/* --- permissions -------------------------------------------------------------------------------------------------------- */

struct permissions {
    struct kafka_permission list[KAFKA_PERMISSIONS_MAX];
    size_t count;
};

static void permit(struct permissions *all, struct kafka_permission permission)
{
    all->list[all->count++] = permission;
}

/* "a,b,c" → one permission each; the names live as long as the process. */
static void permit_each(struct permissions *all, const char *principals, const char *topic,
                        enum kafka_operation operation)
{
    char *rest = mem_strdup(principals), *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        permit(all, (struct kafka_permission){name, KAFKA_TOPIC, topic, false, operation});
        permit(all, (struct kafka_permission){name, KAFKA_TOPIC, topic, false, KAFKA_DESCRIBE});
    }
}

static void collect_permissions(struct permissions *all)
{
    for (size_t i = 0; i < topics_count; i++) {
        const char *topic = topics_full_name(topics_table[i].name);
        permit_each(all, topics_table[i].writers, topic, KAFKA_WRITE);
        permit_each(all, topics_table[i].readers, topic, KAFKA_READ);
    }
    for (size_t i = 0; i < COUNT_OF(group_members); i++)
        permit(all, (struct kafka_permission){group_members[i], KAFKA_GROUP, group_members[i],
                                              false, KAFKA_READ});
    permit(all, (struct kafka_permission){"provider", KAFKA_GROUP, "provider", true, KAFKA_READ});
    for (size_t i = 0; i < COUNT_OF(processors); i++) /* the desk shows which service is down */
        permit(all, (struct kafka_permission){"intake", KAFKA_GROUP, processors[i], false,
                                              KAFKA_DESCRIBE});
    for (size_t i = 0; kafka_admin_knows(KAFKA_TRANSACTIONAL_ID) && i < COUNT_OF(processors); i++) {
        const char *prefix = mem_printf("%s-", processors[i]);
        for (enum kafka_operation o = KAFKA_WRITE; o <= KAFKA_DESCRIBE; o++)
            permit(all, (struct kafka_permission){processors[i], KAFKA_TRANSACTIONAL_ID, prefix,
                                                  true, o});
    }
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

static enum verdict check_topics(struct why *why)
{
    const char *names[KAFKA_TOPICS_MAX];
    char cluster_id[64];
    int32_t partitions;
    for (size_t i = 0; i < topics_count; i++)
        names[i] = topics_full_name(topics_table[i].name);
    enum verdict verdict = kafka_check_topics(&config.kafka, names, topics_count,
                                              clock_monotonic_ms() + PROVISION_WITHIN_MS,
                                              &partitions, cluster_id, why);
    if (verdict == VERDICT_OK && partitions != config.partitions)
        return reject(why, "the topics have %d partitions, not %lld; that is fixed", partitions,
                      (long long)config.partitions);
    return verdict;
}

static enum verdict provision(struct why *why)
{
    struct kafka_admin *admin = NULL;
    struct permissions permissions = {.count = 0};
    int64_t deadline_ms = clock_monotonic_ms() + PROVISION_WITHIN_MS;
    enum verdict verdict = kafka_admin_open(&config.kafka, &admin, why);
    while (verdict == VERDICT_OK && (verdict = make_topics(admin, why)) == VERDICT_RETRY &&
           clock_monotonic_ms() < deadline_ms)
        verdict = VERDICT_OK;
    collect_permissions(&permissions);
    if (verdict == VERDICT_OK)
        verdict = kafka_admin_permit(admin, permissions.list, permissions.count, why);
    kafka_admin_close(admin);
    return verdict == VERDICT_OK ? check_topics(why) : verdict;
}

int provision_command(int argc, char **argv)
{
    struct why why = {0};
    if (argc > 1) {
        printf("intake provision: topics and permissions, with an administrator's certificate\n\n");
        config_print_help(variables, COUNT_OF(variables));
        printf(
            "\nExit codes: 0 done, %d done but for transactional ids, which this librdkafka cannot "
            "permit, 100 called or configured wrongly, 111 failed.\n",
            EXIT_WITHOUT_TRANSACTIONAL_IDS);
        return strcmp(argv[1], "--help") == 0 ? SERVICE_STOPPED : SERVICE_MISUSED;
    }
    if (config_load(variables, COUNT_OF(variables), &config, &why) != VERDICT_OK) {
        fprintf(stderr, "provision: %s\n", why.text);
        return SERVICE_MISUSED;
    }
    config.kafka.client_id = "provision";
    if (provision(&why) != VERDICT_OK) {
        fprintf(stderr, "provision: %s\n", why.text);
        return SERVICE_FAILED;
    }
    if (kafka_admin_knows(KAFKA_TRANSACTIONAL_ID))
        return SERVICE_STOPPED;
    fprintf(stderr, "provision: this librdkafka cannot give permissions on transactional ids\n");
    return EXIT_WITHOUT_TRANSACTIONAL_IDS;
}
