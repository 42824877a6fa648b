/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the CloudEvents 1.0 envelope in Kafka binary mode. The one place where value bytes are made and read.
 * Ownership: a parsed event owns its JSON tree and its copies; release it with event_clear. A built event owns its bytes.
 * Threads: none of its own. Errors: REJECT with the reason and, where there is one, the JSON pointer.
 * Limits: value 1 MiB, depth 16, no duplicate keys, UTF-8, no U+0000 (contract §4, §5).
 */
#include <jansson.h>
#include "common/kafka.h"

#define EVENT_TYPE_PREFIX "kakekomi."

struct event {
    char *id;     /* ce_id, 1 to 100 visible ASCII characters */
    char *type;   /* ce_type without its prefix: "case.opened" */
    char *source; /* "/kakekomi/intake" */
    char *time;   /* ce_time as it stands in the record: the chain hashes these bytes */
    int64_t time_us;
    char *subject;     /* the case id; equals the key for every topic keyed by case */
    char *traceparent; /* NULL where there is none */
    char *key;
    struct kafka_position at;
    char *value; /* the bytes as in the record */
    size_t value_length;
    json_t *data;
};

enum verdict event_parse(const struct kafka_record *record, struct event *ret_event,
                         struct why *why);
void event_clear(struct event *event);

/* Strict JSON from outside: duplicate keys, depth over 16, invalid UTF-8, U+0000 and trailing bytes are refused. */
enum verdict event_parse_json(const void *data, size_t length, json_t **ret_json, struct why *why);
/* Compact, keys in the order they stand in: the one way this project writes a JSON value into a record. */
void event_dump_json(const json_t *json, struct buf *out);
void event_dump_json_sorted(const json_t *json, struct buf *out); /* for hashes of content */

/* Headers of an event for kafka_output. All texts are borrowed and must outlive the headers. */
struct event_headers {
    struct kafka_header list[12];
    size_t count;
};
/* `type` without prefix; `traceparent` may be NULL. `type_text` receives "kakekomi.<type>". */
void event_headers_make(const char *type, const char *id, const char *source, const char *time,
                        const char *subject, const char *traceparent, char type_text[96],
                        struct event_headers *ret_headers);
