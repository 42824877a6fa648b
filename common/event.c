/* SPDX-License-Identifier: Apache-2.0 */
#include "common/event.h"

#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define ID_BYTES_MAX 100

/* --- strict JSON ------------------------------------------------------------------------------------------------- */

/* jansson's own bound is 2048 levels; this one looks at brackets outside of strings before any tree is built. */
static bool is_too_deep(const char *text, size_t length)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
        if (depth > DEPTH_MAX)
            return true;
    }
    return false;
}

enum verdict event_parse_json(const void *data, size_t length, json_t **ret_json, struct why *why)
{
    json_error_t error;
    if (length > KAFKA_RECORD_BYTES_MAX)
        return reject(why, "longer than %d bytes", KAFKA_RECORD_BYTES_MAX);
    if (length && memchr(data, '\0', length))
        return reject(why, "a NUL byte"); /* jansson reads over one that follows a token */
    if (is_too_deep(data, length))
        return reject(why, "deeper than %d levels", DEPTH_MAX);
    json_t *json = json_loadb(data, length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        /* jansson quotes what stands near the error: personal data; only the place is said. */
        return reject(why, "not readable as JSON at line %d, column %d (%d)", error.line,
                      error.column, (int)json_error_code(&error));
    *ret_json = json;
    return VERDICT_OK;
}

static int append(const char *piece, size_t length, void *context)
{
    buf_add(context, piece, length);
    return 0;
}

void event_dump_json(const json_t *json, struct buf *out)
{
    json_dump_callback(json, append, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

void event_dump_json_sorted(const json_t *json, struct buf *out)
{
    json_dump_callback(json, append, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
}

/* --- reading an envelope ------------------------------------------------------------------------------------------ */

static bool is_visible_ascii(struct bytes text)
{
    const char *data = text.data;
    for (size_t i = 0; i < text.length; i++)
        if (data[i] < 0x21 || data[i] > 0x7e)
            return false;
    return true;
}

/* A header of 1 to `max` visible ASCII characters as text. */
static enum verdict take_header(const struct kafka_record *record, const char *name,
                                char **ret_text, struct why *why)
{
    struct bytes value = kafka_record_header(record, name);
    if (!value.data || value.length == 0)
        return reject(why, "header %s: missing", name);
    if (value.length > ID_BYTES_MAX || !is_visible_ascii(value))
        return reject(why, "header %s: expected 1 to %d visible ASCII characters", name,
                      ID_BYTES_MAX);
    *ret_text = mem_dup(value.data, value.length);
    return VERDICT_OK;
}

static enum verdict take_type(const struct kafka_record *record, char **ret_type, struct why *why)
{
    CLEANUP(mem_free) char *full = NULL;
    enum verdict verdict = take_header(record, "ce_type", &full, why);
    if (verdict != VERDICT_OK)
        return verdict;
    assert(full);
    if (strncmp(full, EVENT_TYPE_PREFIX, sizeof EVENT_TYPE_PREFIX - 1) != 0)
        return reject(why, "header ce_type: expected the prefix " EVENT_TYPE_PREFIX);
    *ret_type = mem_strdup(full + sizeof EVENT_TYPE_PREFIX - 1);
    return VERDICT_OK;
}

static enum verdict take_headers(const struct kafka_record *record, struct event *event,
                                 struct why *why)
{
    if (!bytes_equal_text(kafka_record_header(record, "ce_specversion"), "1.0"))
        return reject(why, "header ce_specversion: expected 1.0");
    if (take_header(record, "ce_id", &event->id, why) != VERDICT_OK ||
        take_header(record, "ce_source", &event->source, why) != VERDICT_OK ||
        take_header(record, "ce_time", &event->time, why) != VERDICT_OK ||
        take_header(record, "ce_subject", &event->subject, why) != VERDICT_OK ||
        take_type(record, &event->type, why) != VERDICT_OK)
        return VERDICT_REJECT;
    if (!clock_parse(event->time, strlen(event->time), &event->time_us))
        return reject(why, "header ce_time: expected an RFC 3339 time");
    struct bytes parent = kafka_record_header(record, "traceparent");
    if (parent.data && parent.length && parent.length <= ID_BYTES_MAX && is_visible_ascii(parent))
        event->traceparent = mem_dup(parent.data, parent.length);
    return VERDICT_OK;
}

static enum verdict take_payload(const struct kafka_record *record, struct event *event,
                                 struct why *why)
{
    if (!record->value.data)
        return reject(why, "no value");
    if (!record->key.data || record->key.length == 0 || record->key.length > ID_BYTES_MAX ||
        !is_visible_ascii(record->key))
        return reject(why, "key: expected 1 to %d visible ASCII characters", ID_BYTES_MAX);
    event->key = mem_dup(record->key.data, record->key.length);
    event->value = mem_dup(record->value.data, record->value.length);
    event->value_length = record->value.length;
    return event_parse_json(event->value, event->value_length, &event->data, why);
}

static void event_clear_at(struct event *event)
{
    event_clear(event);
}

enum verdict event_parse(const struct kafka_record *record, struct event *ret_event,
                         struct why *why)
{
    CLEANUP(event_clear_at) struct event event = {.at = record->at};
    enum verdict verdict = take_headers(record, &event, why);
    if (verdict == VERDICT_OK)
        verdict = take_payload(record, &event, why);
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_event = event;
    event = (struct event){0};
    return VERDICT_OK;
}

void event_clear(struct event *event)
{
    free(event->id);
    free(event->type);
    free(event->source);
    free(event->time);
    free(event->subject);
    free(event->traceparent);
    free(event->key);
    free(event->value);
    json_decref(event->data);
    *event = (struct event){0};
}

/* --- writing an envelope ------------------------------------------------------------------------------------------ */

static void add_header(struct event_headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct kafka_header){.name = name, .value = bytes_of(value)};
}

void event_headers_make(const char *type, const char *id, const char *source, const char *time,
                        const char *subject, const char *traceparent, char type_text[96],
                        struct event_headers *ret_headers)
{
    assert(strlen(type) < 96 - sizeof EVENT_TYPE_PREFIX);
    stpcpy(stpcpy(type_text, EVENT_TYPE_PREFIX), type);
    ret_headers->count = 0;
    add_header(ret_headers, "ce_specversion", "1.0");
    add_header(ret_headers, "ce_id", id);
    add_header(ret_headers, "ce_type", type_text);
    add_header(ret_headers, "ce_source", source);
    add_header(ret_headers, "ce_time", time);
    add_header(ret_headers, "ce_subject", subject);
    add_header(ret_headers, "content-type", "application/json");
    if (traceparent)
        add_header(ret_headers, "traceparent", traceparent);
}
