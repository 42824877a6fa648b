/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider writes is hostile until proven otherwise: size, headers, algorithm and key, signature, schema, in this
 * order and bounded at each. What is believed is only what was signed; the record's own headers decide nothing.
 */
#include "common/clock.h"
#include "common/ids.h"
#include "services/escalation/service.h"

#include <string.h>

static const struct {
    const char *reply, *event;
} words[] = {
    {"escalation.accepted", "provider.accepted"},
    {"escalation.declined", "provider.declined"},
    {"escalation.deleted", "provider.deleted"},
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static const char *event_type(const json_t *payload)
{
    const char *type = text_of(payload, "type");
    for (size_t i = 0; type && i < COUNT_OF(words); i++)
        if (strcmp(words[i].reply, type) == 0)
            return words[i].event;
    return NULL;
}

static enum verdict check_payload(const json_t *payload, struct why *why)
{
    const char *case_id = text_of(payload, "case"), *handover = text_of(payload, "handover");
    const char *at = text_of(payload, "at"), *reason = text_of(payload, "reason");
    int64_t ignored;
    if (!event_type(payload))
        return reject(
            why, "/type: expected escalation.accepted, escalation.declined or escalation.deleted");
    if (!case_id || !ids_is_uuid(case_id))
        return reject(why, "/case: expected a case id");
    if (!handover || !ids_is_uuid(handover))
        return reject(why, "/handover: expected a hand-over id");
    if (!is_hash(text_of(payload, "head")))
        return reject(why, "/head: expected the head of the offer");
    if (!at || !clock_parse(at, strlen(at), &ignored))
        return reject(why, "/at: expected an RFC 3339 time");
    if (json_object_get(payload, "reason") && (!reason || strlen(reason) > 4000 || !*reason))
        return reject(why, "/reason: expected a text of at most 4000 bytes");
    return VERDICT_OK;
}

/* The event for provider-events: what was signed, by which provider and key, who it is by its hash, the words as received. */
static json_t *make_data(const json_t *payload, const json_t *provider, const char *kid,
                         const char *reply_id, const char *jws)
{
    static const char *const kept[] = {"case", "handover", "head", "at", "reason"};
    json_t *data = json_object();
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(payload, kept[i]))
            json_object_set(data, kept[i], json_object_get(payload, kept[i]));
    json_object_set(data, "provider", json_object_get(provider, "id"));
    json_object_set_new(data, "kid", json_string(kid));
    json_object_set_new(data, "reply", json_string(reply_id));
    json_object_set_new(data, "jws", json_string(jws));
    return json_pack("{s:o}", "data", data);
}

char *escalation_route(const char *topic, const struct kafka_record *record, void *context,
                       struct event *ret_event, struct why *why)
{
    (void)topic, (void)context;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *provider = json_object_get(profile_json(profile), "provider");
    const char *kid;
    json_auto_t *payload = NULL;
    char reply_id[IDS_SHA256_TEXT_SIZE];
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
    ret_event->type = mem_strdup(event_type(payload));
    ret_event->at = record->at;
    ret_event->data = make_data(payload, provider, kid, reply_id, jws);
    return mem_strdup(text_of(payload, "case"));
}
