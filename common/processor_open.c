/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's clients: a member of the group, a transactional producer. */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"

#include <assert.h>

#define TOPICS_MAX 32

static enum verdict set_all(rd_kafka_conf_t *conf, const char *const (*pairs)[2], size_t count,
                            struct why *why)
{
    for (size_t i = 0; i < count; i++)
        if (kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK) {
            rd_kafka_conf_destroy(conf);
            return VERDICT_FATAL;
        }
    return VERDICT_OK;
}

static enum verdict open_consumer(struct processor *processor, struct why *why)
{
    static const uint64_t one = 1;
    const char *const pairs[][2] = {
        {"group.id", processor->definition->service},
        /* Static membership: after kill -9 the successor has its partitions in 0.05 s instead of 9 s. */
        {"group.instance.id", processor->transactional_id},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", "10000"},
        {"max.poll.interval.ms", "1800000"}, /* a recovery from zero runs inside a poll */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"}, /* for the lag: markers of transactions are not records */
        {"fetch.wait.max.ms", "500"},
        {"fetch.error.backoff.ms", "50"},
        {"queued.max.messages.kbytes", "8192"},
        {"queued.min.messages", "1000"},
    };
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(&processor->config.kafka, &conf, why) != VERDICT_OK ||
        set_all(conf, pairs, COUNT_OF(pairs), why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_conf_set_rebalance_cb(conf, processor_rebalance);
    rd_kafka_conf_set_opaque(conf, processor);
    if (kafka_handle_make(RD_KAFKA_CONSUMER, conf, &processor->consumer, why) != VERDICT_OK)
        return VERDICT_FATAL;
    rd_kafka_poll_set_consumer(processor->consumer);
    processor->queue = rd_kafka_queue_get_consumer(processor->consumer);
    rd_kafka_queue_io_event_enable(processor->queue, processor->wake_descriptor, &one, sizeof one);
    processor->routed = rd_kafka_queue_new(processor->consumer);
    rd_kafka_queue_io_event_enable(processor->routed, processor->wake_descriptor, &one, sizeof one);
    return VERDICT_OK;
}

static enum verdict open_producer(struct processor *processor, const char *const *topics,
                                  size_t topic_count, struct why *why)
{
    const char *const pairs[][2] = {
        {"transactional.id", processor->transactional_id},
        {"transaction.timeout.ms", "60000"},
        {"message.timeout.ms", "30000"},
        {"linger.ms", "0"},
        {"sticky.partitioning.linger.ms", "0"},
        {"retry.backoff.ms", "1"}, /* else CONCURRENT_TRANSACTIONS waits 100 ms */
        {"partitioner", "murmur2_random"},
        {"message.max.bytes", "1048576"},
    };
    rd_kafka_conf_t *conf;
    if (kafka_conf_make(&processor->config.kafka, &conf, why) != VERDICT_OK ||
        set_all(conf, pairs, COUNT_OF(pairs), why) != VERDICT_OK)
        return VERDICT_FATAL;
    kafka_conf_try(conf, "retry.backoff.max.ms", "5"); /* from librdkafka 2.3.0 */
    rd_kafka_conf_set_dr_msg_cb(conf, processor_take_report);
    rd_kafka_conf_set_opaque(conf, processor);
    if (kafka_handle_make(RD_KAFKA_PRODUCER, conf, &processor->producer, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < topic_count; i++)
        kafka_warm_topic(processor->producer, topics[i]);
    return processor_said(rd_kafka_init_transactions(processor->producer, 60000),
                          "init transactions", why);
}

static size_t list_topics(const struct processor_definition *definition, const char **ret_names)
{
    size_t count = 0;
    for (const char *const *topic = definition->inputs; *topic; topic++)
        ret_names[count++] = topics_full_name(*topic);
    assert(count > 0 && count <= PROCESSOR_INPUTS_MAX);
    for (const char *const *topic = definition->outputs; topic && *topic; topic++) {
        assert(count < TOPICS_MAX - 2);
        ret_names[count++] = topics_full_name(*topic);
    }
    ret_names[count++] = topics_full_name(definition->own);
    ret_names[count++] = topics_full_name("dead-letters");
    return count;
}

/* Everything it reads and writes is checked by metadata: a consumer of a topic it may not read would wait for ever. */
static enum verdict check_topics(struct processor *processor, const char *const *names,
                                 size_t count, char cluster_id[64], struct why *why)
{
    enum verdict verdict =
        kafka_check_topics(&processor->config.kafka, names, count, clock_monotonic_ms() + 20000,
                           &processor->partitions, cluster_id, why);
    if (verdict == VERDICT_OK && processor->partitions > PROCESSOR_PARTITIONS_MAX)
        return fatal(why, "more than %d partitions", PROCESSOR_PARTITIONS_MAX);
    return verdict;
}

static enum verdict open_store(struct processor *processor, const char *cluster_id, struct why *why)
{
    bool emptied;
    CLEANUP(mem_free)
    char *identity = mem_printf("%s %d %u %s", cluster_id, processor->partitions,
                                processor->definition->format, processor->definition->service);
    processor->store.definition = processor->definition;
    processor->store.partitions = processor->partitions;
    processor->store.dirty = json_object();
    if (cache_open(processor->config.state_dir, "processor", identity, &emptied,
                   &processor->store.cache, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (emptied)
        log_event(LOG_INFO, "processor.cache_empty", "identity=%s", identity);
    return VERDICT_OK;
}

enum verdict processor_open(struct processor *processor, struct why *why)
{
    const char *names[TOPICS_MAX];
    char cluster_id[64];
    size_t count = list_topics(processor->definition, names);
    if (check_topics(processor, names, count, cluster_id, why) != VERDICT_OK ||
        open_store(processor, cluster_id, why) != VERDICT_OK ||
        open_producer(processor, names, count, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return open_consumer(processor, why);
}

enum verdict processor_subscribe(struct processor *processor, struct why *why)
{
    CLEANUP(processor_list_free)
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(8);
    for (const char *const *input = processor->definition->inputs; *input; input++)
        rd_kafka_topic_partition_list_add(topics, topics_full_name(*input), RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(processor->consumer, topics);
    return error ? fatal(why, "subscribe: %s", rd_kafka_err2str(error)) : VERDICT_OK;
}

/* After a breakdown the clients are left as they are: nothing they could still say would be true. */
void processor_close(struct processor *processor)
{
    if (!processor->broken) {
        rd_kafka_consumer_close(processor->consumer);
        rd_kafka_queue_destroy(processor->queue);
        rd_kafka_queue_destroy(processor->routed);
        rd_kafka_destroy(processor->consumer);
        rd_kafka_destroy(processor->producer);
    }
    cache_close(processor->store.cache);
    json_decref(processor->store.dirty);
}
