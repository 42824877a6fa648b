/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kafka_internal.h"

#include "common/certificate.h"
#include "common/clock.h"
#include "common/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSLOG_ERR                                                                                 \
    3 /* librdkafka's levels are syslog's, whose header has names that our log.h has too */
#define PERMISSIONS_POLL_MS 250
#define LAST_TRY_MS                                                                                \
    1000 /* before the deadline: what was found out is not to be lost to a time-out */

/* What TLS said last: the calls themselves only say that no broker answered. */
static struct {
    pthread_mutex_t lock;
    bool
        found; /* what is wrong with the broker's certificate: nothing more general takes its place */
    char text[140];
} trouble = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note_trouble(const char *text)
{
    const char *said = strstr(text, "SSL ");
    if (!said)
        return;
    pthread_mutex_lock(&trouble.lock);
    if (!trouble.found)
        snprintf(trouble.text, sizeof trouble.text, "%s", said);
    pthread_mutex_unlock(&trouble.lock);
}

/* librdkafka itself only says that a certificate does not verify, not what is wrong with it. */
static int take_certificate(rd_kafka_t *handle, const char *broker, int32_t broker_id, int *error,
                            int depth, const char *data, size_t size, char *why, size_t why_size,
                            void *opaque)
{
    (void)handle, (void)broker_id, (void)data, (void)size, (void)opaque;
    if (*error == 0)
        return 1;
    pthread_mutex_lock(&trouble.lock);
    trouble.found = true;
    snprintf(trouble.text, sizeof trouble.text, "SSL certificate of %.60s, depth %d: %s", broker,
             depth, certificate_error(*error));
    snprintf(why, why_size, "%s", trouble.text);
    pthread_mutex_unlock(&trouble.lock);
    return 0;
}

static enum verdict not_answered(const char *what, const char *error, struct why *why)
{
    pthread_mutex_lock(&trouble.lock);
    if (*trouble.text)
        (void)retry(why, "%s: KAKEKOMI_KAFKA_{CERT,KEY,CA}_FILE or the broker's: %s", what,
                    trouble.text);
    else
        (void)retry(why, "%s: %s", what, error);
    pthread_mutex_unlock(&trouble.lock);
    return VERDICT_RETRY;
}

/* librdkafka's own lines go through our log: its texts name brokers and partitions, never contents. */
static void take_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle;
    if (level <= SYSLOG_ERR)
        note_trouble(text);
    log_event(level <= SYSLOG_ERR ? LOG_WARNING : LOG_DEBUG, "kafka.client_said",
              "facility=%s text=%s", facility, text);
}

enum verdict kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                            struct why *why)
{
    char text[200];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        return fatal(why, "kafka setting %s: %s", name, text);
    return VERDICT_OK;
}

void kafka_conf_try(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[200];
    (void)rd_kafka_conf_set(conf, name, value, text, sizeof text);
}

static enum verdict set_all(rd_kafka_conf_t *conf, const char *const (*pairs)[2], size_t count,
                            struct why *why)
{
    for (size_t i = 0; i < count; i++)
        if (pairs[i][1] && kafka_conf_set(conf, pairs[i][0], pairs[i][1], why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

enum verdict kafka_conf_make(const struct kafka_config *config, rd_kafka_conf_t **ret_conf,
                             struct why *why)
{
    const char *const pairs[][2] = {
        {"bootstrap.servers", config->brokers},
        {"client.id", config->client_id},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.max.ms", "1000"},
        {"log.connection.close", "false"},
        {"security.protocol", config->certificate_file ? "ssl" : "plaintext"},
        {"ssl.certificate.location", config->certificate_file},
        {"ssl.key.location", config->key_file},
        {"ssl.ca.location", config->ca_file},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, take_log);
    if (config->certificate_file)
        (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, take_certificate);
    if (set_all(conf, pairs, COUNT_OF(pairs), why) != VERDICT_OK) {
        rd_kafka_conf_destroy(conf);
        return VERDICT_FATAL;
    }
    *ret_conf = conf;
    return VERDICT_OK;
}

enum verdict kafka_handle_make(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_handle,
                               struct why *why)
{
    char text[200];
    rd_kafka_t *handle = rd_kafka_new(type, conf, text, sizeof text);
    if (!handle) {
        rd_kafka_conf_destroy(conf);
        return fatal(why, "kafka client: %s", text);
    }
    *ret_handle = handle;
    return VERDICT_OK;
}

void kafka_record_of(const rd_kafka_message_t *message, struct kafka_record *ret_record)
{
    rd_kafka_headers_t *headers = NULL;
    ret_record->topic = rd_kafka_topic_name(message->rkt);
    ret_record->at =
        (struct kafka_position){.partition = message->partition, .offset = message->offset};
    ret_record->timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    ret_record->key = (struct bytes){.data = message->key, .length = message->key_len};
    ret_record->value = (struct bytes){.data = message->payload, .length = message->len};
    ret_record->header_count = 0;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    for (size_t i = 0; i < KAFKA_HEADERS_MAX; i++) {
        struct kafka_header *header = &ret_record->headers[i];
        if (rd_kafka_header_get_all(headers, i, &header->name, &header->value.data,
                                    &header->value.length) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return;
        ret_record->header_count = i + 1;
    }
}

static rd_kafka_resp_err_t send_with(rd_kafka_t *handle, const struct kafka_output *output,
                                     void *opaque, int flags)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(output->header_count);
    for (size_t i = 0; i < output->header_count; i++)
        rd_kafka_header_add(headers, output->headers[i].name, -1, output->headers[i].value.data,
                            (ssize_t)output->headers[i].value.length);
    /* librdkafka never writes to what it is given, but does not say so with const; it copies the key, and the value if told to. */
    rd_kafka_resp_err_t error = rd_kafka_producev(
        handle, RD_KAFKA_V_TOPIC(output->topic), RD_KAFKA_V_PARTITION(output->partition),
        RD_KAFKA_V_KEY((void *)(uintptr_t)output->key.data, output->key.length),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)output->value.data, output->value.length),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(flags), RD_KAFKA_V_OPAQUE(opaque),
        RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return error;
}

rd_kafka_resp_err_t kafka_send(rd_kafka_t *handle, const struct kafka_output *output, void *opaque)
{
    return send_with(handle, output, opaque, RD_KAFKA_MSG_F_COPY);
}

rd_kafka_resp_err_t kafka_send_kept(rd_kafka_t *handle, const struct kafka_output *output,
                                    void *opaque)
{
    return send_with(handle, output, opaque, 0);
}

void kafka_warm_topic(rd_kafka_t *handle, const char *topic)
{
    const rd_kafka_metadata_t *metadata;
    rd_kafka_topic_t *local = rd_kafka_topic_new(handle, topic, NULL);
    if (rd_kafka_metadata(handle, 0, local, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(local);
}

int kafka_left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_monotonic_ms();
    if (left < 0)
        return 0;
    return left > 600000 ? 600000 : (int)left;
}

/* --- metadata ----------------------------------------------------------------------------------------------------- */

static const rd_kafka_metadata_topic_t *find_topic(const rd_kafka_metadata_t *metadata,
                                                   const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return &metadata->topics[i];
    return NULL;
}

static enum verdict check_topic(const rd_kafka_metadata_t *metadata, const char *name,
                                int32_t *partitions, struct why *why)
{
    const rd_kafka_metadata_topic_t *topic = find_topic(metadata, name);
    if (!topic || topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt == 0)
        return retry(why, "topic %s: %s", name,
                     topic && topic->err ? rd_kafka_err2str(topic->err)
                                         : "missing, or not to be seen by this principal");
    if (*partitions && *partitions != topic->partition_cnt)
        return fatal(why, "topic %s: has %d partitions, the others %d", name, topic->partition_cnt,
                     *partitions);
    *partitions = topic->partition_cnt;
    return VERDICT_OK;
}

static enum verdict check_once(rd_kafka_t *handle, const char *const *topics, size_t topic_count,
                               int64_t deadline_ms, int32_t *ret_partitions, struct why *why)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(handle, 1, NULL, &metadata, kafka_left_ms(deadline_ms));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return not_answered("kafka metadata", rd_kafka_err2str(error), why);
    int32_t partitions = 0;
    enum verdict verdict = VERDICT_OK;
    for (size_t i = 0; i < topic_count && verdict == VERDICT_OK; i++)
        verdict = check_topic(metadata, topics[i], &partitions, why);
    rd_kafka_metadata_destroy(metadata);
    if (verdict == VERDICT_OK)
        *ret_partitions = partitions;
    return verdict;
}

/* Topics and permissions that were made a moment ago reach a broker a moment later. */
static enum verdict check_patiently(rd_kafka_t *handle, const char *const *topics,
                                    size_t topic_count, int64_t deadline_ms,
                                    int32_t *ret_partitions, struct why *why)
{
    enum verdict verdict;
    while ((verdict = check_once(handle, topics, topic_count, deadline_ms, ret_partitions, why)) ==
               VERDICT_RETRY &&
           clock_monotonic_ms() + LAST_TRY_MS < deadline_ms)
        usleep(PERMISSIONS_POLL_MS * 1000);
    return verdict;
}

static void handle_close(rd_kafka_t **handle)
{
    if (*handle)
        rd_kafka_destroy(*handle);
}

enum verdict kafka_check_topics(const struct kafka_config *config, const char *const *topics,
                                size_t topic_count, int64_t deadline_ms, int32_t *ret_partitions,
                                char ret_cluster_id[64], struct why *why)
{
    rd_kafka_conf_t *conf;
    CLEANUP(handle_close) rd_kafka_t *handle = NULL;
    if (kafka_conf_make(config, &conf, why) != VERDICT_OK ||
        kafka_handle_make(RD_KAFKA_PRODUCER, conf, &handle, why) != VERDICT_OK)
        return VERDICT_FATAL;
    enum verdict verdict =
        check_patiently(handle, topics, topic_count, deadline_ms, ret_partitions, why);
    if (verdict != VERDICT_OK)
        return verdict;
    CLEANUP(mem_free) char *cluster = rd_kafka_clusterid(handle, kafka_left_ms(deadline_ms));
    if (!cluster || strlen(cluster) >= 64)
        return retry(why, "kafka cluster id: not answered in time");
    memcpy(ret_cluster_id, cluster, strlen(cluster) + 1);
    return VERDICT_OK;
}
