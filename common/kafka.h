/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: everything that talks to Kafka: records, an idempotent producer, readers without a group. The group side
 * with transactions is common/processor.h. librdkafka is included by common/kafka*.c only.
 * Ownership: a record lent by a reader is valid until the next call on that reader; produce copies what it is given.
 * Threads: a producer may be used from any thread, its delivery callbacks run on its own thread; a reader belongs to one thread.
 * Errors: VERDICT_FATAL = librdkafka's fatal state or a broken promise (a topic that may not be read): exit.
 * Limits and units: a record is at most 1 MiB; deadlines are monotonic milliseconds of common/clock.h.
 */
#include "common/verdict.h"

#define KAFKA_RECORD_BYTES_MAX (1024 * 1024)
#define KAFKA_HEADERS_MAX 32

struct kafka_config {
    const char *brokers;
    const char *certificate_file; /* NULL: plaintext (tests with librdkafka's mock cluster only) */
    const char *key_file;
    const char *ca_file;
    const char *client_id;
};
/* The variables KAKEKOMI_KAFKA_* that every service has; used in config tables: struct with a `kafka` member. */
#define KAFKA_CONFIG_VARIABLES(type, member)                                                       \
    {"KAKEKOMI_KAFKA_BROKERS",       CONFIG_TEXT, NULL, "brokers, host:port separated by commas",  \
     offsetof(type, member.brokers), 0,           0},                                              \
        {"KAKEKOMI_KAFKA_CERT_FILE",                                                               \
         CONFIG_CERTIFICATE,                                                                       \
         "",                                                                                       \
         "client certificate, PEM",                                                                \
         offsetof(type, member.certificate_file),                                                  \
         0,                                                                                        \
         0},                                                                                       \
        {"KAKEKOMI_KAFKA_KEY_FILE",       CONFIG_FILE, "", "private key of the certificate, PEM",  \
         offsetof(type, member.key_file), 0,           0},                                         \
        {"KAKEKOMI_KAFKA_CA_FILE",                                                                 \
         CONFIG_CERTIFICATE,                                                                       \
         "",                                                                                       \
         "authority that signed the brokers, PEM",                                                 \
         offsetof(type, member.ca_file),                                                           \
         0,                                                                                        \
         0}

struct kafka_header {
    const char *name;
    struct bytes value;
};

struct kafka_position {
    int32_t partition;
    int64_t offset;
};

struct kafka_record {
    const char *topic;
    struct kafka_position at;
    int64_t timestamp_ms; /* append time where the topic keeps it */
    struct bytes key;
    struct bytes value; /* NULL data: tombstone */
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    size_t header_count;
};
struct bytes kafka_record_header(const struct kafka_record *record,
                                 const char *name); /* last one wins; NULL data if none */

/* A record to be written. partition -1: by murmur2 of the key, as every client of the desk does it. */
struct kafka_output {
    const char *topic;
    int32_t partition;
    struct bytes key;
    struct bytes value;
    const struct kafka_header *headers;
    size_t header_count;
};
int32_t kafka_partition_of(struct bytes key, int32_t partition_count);
/* Counts the last three characters of a key, hexadecimal digits, on until it is of that partition: 4,096 tries, enough for
 * hundreds of partitions; where none is, of another one. The length of the key is a multiple of four. */
void kafka_count_to_partition(char *key, int32_t partition_count, int32_t wanted);

/* --- producer ------------------------------------------------------------------------------------------------ */
struct kafka_producer;
struct kafka_delivery {
    enum verdict
        verdict; /* OK: acknowledged by all in-sync replicas. RETRY: unknown, may be in the log or not */
    struct kafka_position at;
    const char *why;
};
typedef void kafka_delivered_fn(void *context, const struct kafka_delivery *delivery);

/* Opens an idempotent producer (acks=all, lz4) and warms the metadata of the topics. Records go out in rounds: at once where
 * nothing is on its way, else together when all that is has been answered, or 0.2 s have passed; where many came together the
 * first of a round waits 0.2 ms for the others. */
enum verdict kafka_producer_open(const struct kafka_config *config, const char *const *topics,
                                 size_t topic_count, struct kafka_producer **ret_producer,
                                 struct why *why);
/* OK: `delivered` will be called exactly once, also at close. RETRY: the queue is full, it will not be called. */
enum verdict kafka_produce(struct kafka_producer *producer, const struct kafka_output *output,
                           kafka_delivered_fn *delivered, void *context, struct why *why);
/* Deliveries are often reported several at once: `before` is called before the first of them and `after` after the last, by the thread
 * that reports, so that what they wake can be woken together. Before the first record; both or neither. */
void kafka_producer_on_reports(struct kafka_producer *producer, void (*before)(void),
                               void (*after)(void));
/* Which round a record that is produced now goes with: a number that is counted on. A request to the broker has the records of
 * one partition, so that whoever may choose the partition chooses one for each round. */
unsigned kafka_producer_round(const struct kafka_producer *producer);
/* Produces and waits for the acknowledgement until the deadline. */
enum verdict kafka_produce_wait(struct kafka_producer *producer, const struct kafka_output *output,
                                int64_t deadline_ms, struct kafka_position *ret_at,
                                struct why *why);
void kafka_producer_close(struct kafka_producer *producer,
                          int64_t deadline_ms); /* flushes; NULL is fine */

/* --- reader without a group ---------------------------------------------------------------------------------- */
struct kafka_reader;
enum kafka_isolation { KAFKA_READ_COMMITTED, KAFKA_READ_UNCOMMITTED };
enum kafka_read { KAFKA_READ_RECORD, KAFKA_READ_END, KAFKA_READ_NOTHING, KAFKA_READ_FAILED };

enum verdict kafka_reader_open(const struct kafka_config *config, enum kafka_isolation isolation,
                               struct kafka_reader **ret_reader, struct why *why);
/* Adds the partition to what is read, or moves it. An offset below the log's start begins at its start. */
enum verdict kafka_reader_seek(struct kafka_reader *reader, const char *topic, int32_t partition,
                               int64_t offset, struct why *why);
void kafka_reader_drop(struct kafka_reader *reader, const char *topic, int32_t partition);
/* When a fetch is answered: with the first record that is there, or 20 ms later with all that came. Collecting costs
 * the broker and us a fraction where many records come one by one. The fetching connection is made anew and every partition
 * given up: seek each again. Reading of ends, bounds and single records is not touched. */
enum kafka_pace { KAFKA_AT_ONCE, KAFKA_COLLECTING };
enum verdict kafka_reader_set_pace(struct kafka_reader *reader, enum kafka_pace pace,
                                   struct why *why);
/* Nothing is fetched any more until a pace is set; what was fetched is forgotten. */
void kafka_reader_rest(struct kafka_reader *reader);
/* RECORD: *ret_record is lent. END: the reader stands at record->at.offset of that topic and partition and nothing
 * committed follows at the moment (aborted records and markers are counted as passed). FAILED: *why, exit. */
enum kafka_read kafka_reader_next(struct kafka_reader *reader, int64_t timeout_ms,
                                  struct kafka_record *ret_record, struct why *why);
/* First and next offset as the partition stands now, open transactions included (facts: "the end of a partition"). */
enum verdict kafka_reader_bounds(struct kafka_reader *reader, const char *topic, int32_t partition,
                                 int64_t *ret_first, int64_t *ret_next, int64_t deadline_ms,
                                 struct why *why);
/* The next offsets of partitions 0 to count - 1, asked in one request per broker, open transactions included. */
enum verdict kafka_reader_ends(struct kafka_reader *reader, const char *topic, int32_t count,
                               int64_t *ret_next, int64_t deadline_ms, struct why *why);
/* One record at exactly this position; REJECT where there is none. Uses a handle of its own, any thread, serialised. */
enum verdict kafka_reader_fetch(struct kafka_reader *reader, const char *topic,
                                struct kafka_position at,
                                void (*lend)(void *context, const struct kafka_record *record),
                                void *context, int64_t deadline_ms, struct why *why);
void kafka_reader_close(struct kafka_reader *reader); /* NULL is fine */

/* Checks by metadata that each topic exists, may be described, and has the same partition count; answers it and the
 * cluster id. Asks again until the deadline. */
enum verdict kafka_check_topics(const struct kafka_config *config, const char *const *topics,
                                size_t topic_count, int64_t deadline_ms, int32_t *ret_partitions,
                                char ret_cluster_id[64], struct why *why);
