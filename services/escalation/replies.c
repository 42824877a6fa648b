/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider writes is hostile until proven otherwise: size, headers, algorithm and key, signature, schema, in this
 * order and bounded at each. What is believed is only what was signed; the record's own headers decide nothing.
 */
#include "services/escalation/replies.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/ids.h"
#include "services/escalation/sealing.h"

#include <ctype.h>
#include <string.h>

#define PARTITION_MAX 100000

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static enum verdict check_reason(const json_t *payload, struct why *why)
{
    const char *reason = text_of(payload, "reason");
    if (json_object_get(payload, "reason") && (!reason || strlen(reason) > 4000 || !*reason))
        return reject(why, "/reason: expected a text of at most 4000 bytes");
    return VERDICT_OK;
}

static bool is_place(const json_t *part, size_t number)
{
    json_int_t partition = json_integer_value(json_object_get(part, "partition"));
    json_int_t offset = json_integer_value(json_object_get(part, "offset"));
    json_int_t size = json_integer_value(json_object_get(part, "size"));
    return json_is_integer(json_object_get(part, "part")) &&
           json_integer_value(json_object_get(part, "part")) == (json_int_t)number &&
           json_is_integer(json_object_get(part, "partition")) && partition >= 0 &&
           partition <= PARTITION_MAX && json_is_integer(json_object_get(part, "offset")) &&
           offset >= 0 && size > 0 && size <= KAFKA_RECORD_BYTES_MAX &&
           is_hash(text_of(part, "sha256"));
}

static enum verdict check_parts(const json_t *payload, struct why *why)
{
    const json_t *parts = json_object_get(payload, "parts");
    size_t count = json_array_size(parts);
    if (count < 2 || count > LIMIT_REPORT_PARTS)
        return reject(why, "/parts: expected a list of 2 to %d parts", LIMIT_REPORT_PARTS);
    for (size_t i = 0; i < count; i++)
        if (!is_place(json_array_get(parts, i), i))
            return reject(
                why, "/parts/%zu: expected part %zu with partition, offset, size and sha256", i, i);
    return VERDICT_OK;
}

static const struct word {
    const char *reply, *event, *member; /* beside what every reply has */
    enum verdict (*check)(const json_t *payload, struct why *why);
} words[] = {
    {"escalation.accepted", "provider.accepted", "reason", check_reason},
    {"escalation.declined", "provider.declined", "reason", check_reason},
    {"escalation.deleted", "provider.deleted", "reason", check_reason},
    {"report.delivered", "provider.delivered", "parts", check_parts},
};

static const struct word *word_of(const json_t *payload)
{
    const char *type = text_of(payload, "type");
    for (size_t i = 0; type && i < COUNT_OF(words); i++)
        if (strcmp(words[i].reply, type) == 0)
            return &words[i];
    return NULL;
}

static enum verdict check_payload(const json_t *payload, struct why *why)
{
    const char *case_id = text_of(payload, "case"), *handover = text_of(payload, "handover");
    const char *at = text_of(payload, "at");
    const struct word *word = word_of(payload);
    int64_t ignored;
    if (!word)
        return reject(why, "/type: expected escalation.accepted, escalation.declined, "
                           "escalation.deleted or report.delivered");
    if (!case_id || !ids_is_uuid(case_id))
        return reject(why, "/case: expected a case id");
    if (!handover || !ids_is_uuid(handover))
        return reject(why, "/handover: expected a hand-over id");
    if (!is_hash(text_of(payload, "head")))
        return reject(why, "/head: expected the head of the offer");
    if (!at || !clock_parse_said(at, strlen(at), &ignored))
        return reject(why, "/at: expected an RFC 3339 time of 2000 to 2199");
    return word->check(payload, why);
}

/* Positions and hashes alone: which part it is says its place in the list. */
static json_t *places_of(const json_t *parts)
{
    json_t *places = json_deep_copy(parts);
    for (size_t i = 0; i < json_array_size(places); i++)
        json_object_del(json_array_get(places, i), "part");
    return places;
}

/* The event for provider-events: what was signed, by which provider and key, who it is by its hash, the words as received. */
static json_t *make_data(const json_t *payload, const json_t *provider, const char *kid,
                         const char *reply_id, const char *jws, struct kafka_position at)
{
    static const char *const kept[] = {"case", "handover", "head", "at"};
    const char *member = word_of(payload)->member;
    json_t *data = json_object(), *value = json_object_get(payload, member);
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        json_object_set(data, kept[i], json_object_get(payload, kept[i]));
    if (value)
        json_object_set_new(data, member,
                            json_is_array(value) ? places_of(value) : json_incref(value));
    json_object_set(data, "provider", json_object_get(provider, "id"));
    json_object_set_new(data, "kid", json_string(kid));
    json_object_set_new(data, "reply", json_string(reply_id));
    json_object_set_new(data, "jws", json_string(jws));
    json_object_set_new(
        data, "position",
        json_pack("{s:i, s:I}", "partition", (int)at.partition, "offset", (json_int_t)at.offset));
    return json_pack("{s:o}", "data", data);
}

/* A JWE has five segments, a word three; which of them is opened is for the word to say. */
static bool is_part(struct bytes value)
{
    const unsigned char *text = value.data;
    size_t dots = 0;
    if (value.length < 3 || memcmp(text, "eyJ", 3) != 0)
        return false;
    for (size_t i = 0; i < value.length; i++) {
        if (!isalnum(text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.')
            return false;
        dots += text[i] == '.';
    }
    return dots == 4;
}

char *replies_read(const struct kafka_record *record, const json_t *provider,
                   struct event *ret_event, struct why *why)
{
    const char *kid;
    json_auto_t *payload = NULL;
    char reply_id[IDS_SHA256_TEXT_SIZE];
    if (is_part(record->value))
        return mem_strdup(""); /* sealed, and counts only once it is named */
    if (record->header_count >= KAFKA_HEADERS_MAX) {
        (void)reject(why, "more than %d headers", KAFKA_HEADERS_MAX - 1);
        return NULL;
    }
    if (sealing_verify(record->value, json_object_get(provider, "jwks"), &payload, &kid, why) !=
            VERDICT_OK ||
        check_payload(payload, why) != VERDICT_OK)
        return NULL;
    CLEANUP(mem_free) char *jws = mem_dup(record->value.data, record->value.length);
    ids_sha256_text(record->value.data, record->value.length, reply_id);
    ret_event->type = mem_strdup(word_of(payload)->event);
    ret_event->at = record->at;
    ret_event->data = make_data(payload, provider, kid, reply_id, jws, record->at);
    return mem_strdup(text_of(payload, "case"));
}
