/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/webhook.h"

#include "common/event.h"
#include "common/ids.h"
#include "services/notify/places.h"
#include "services/notify/rules.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256 * 1024)
#define SUBSCRIBERS_MAX 20
#define SECRETS_MAX 4
#define EVENTS_MAX 100
#define SECRET "whsec_"

static struct {
    pthread_mutex_t lock;
    json_t *subscribers; /* replaced as a whole, never changed */
} held = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- the file ------------------------------------------------------------------------------------------------------------ */

/* The bytes of a secret. */
static bool read_secret(const char *text, void **ret_bytes, size_t *ret_length)
{
    size_t prefix = sizeof SECRET - 1;
    return text && strncmp(text, SECRET, prefix) == 0 &&
           base64_decode(text + prefix, strlen(text + prefix), ret_bytes, ret_length);
}

static bool is_secret(const json_t *secret)
{
    CLEANUP(mem_free) void *bytes = NULL;
    size_t length;
    return read_secret(json_string_value(secret), &bytes, &length) && length >= 24 && length <= 64;
}

static bool is_event(const json_t *event)
{
    const char *name = json_string_value(event);
    bool known = name && strcmp(name, "*") == 0;
    for (size_t i = 0; name && i < notify_rule_count && !known; i++)
        known = notify_rules[i].published && strcmp(notify_rules[i].name, name) == 0;
    return known;
}

static bool is_id(const json_t *id)
{
    const char *text = json_string_value(id);
    return text && *text && strlen(text) <= 40 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool is_url(const json_t *url)
{
    return json_is_string(url) && json_string_length(url) <= 2000 &&
           transfer_url_is_https(json_string_value(url));
}

static bool is_path(const json_t *path)
{
    return !path || (json_is_string(path) && *json_string_value(path) == '/');
}

static bool is_flag(const json_t *flag)
{
    return !flag || json_is_boolean(flag);
}

static bool is_list(const json_t *list, size_t most, bool (*check)(const json_t *entry))
{
    bool well = json_is_array(list) && json_array_size(list) >= 1 && json_array_size(list) <= most;
    for (size_t i = 0; well && i < json_array_size(list); i++)
        well = check(json_array_get(list, i));
    return well;
}

static bool are_secrets(const json_t *list)
{
    return is_list(list, SECRETS_MAX, is_secret);
}

static bool are_events(const json_t *list)
{
    return is_list(list, EVENTS_MAX, is_event);
}

static const struct {
    const char *name;
    bool (*check)(const json_t *value);
    const char *expected;
} members[] = {
    {"id", is_id, "1 to 40 of a-z, 0-9 and '-'"},
    {"url", is_url, "an https URL without user and blanks"},
    {"secrets", are_secrets, "1 to 4 secrets, whsec_ and 24 to 64 bytes in base64"},
    {"events", are_events, "names of published rules, or \"*\""},
    {"private", is_flag, "true or false"},
    {"ca_file", is_path, "an absolute path"},
};

static bool is_member(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (strcmp(members[i].name, name) == 0)
            return true;
    return false;
}

static enum verdict check_subscriber(const json_t *subscriber, size_t index, struct why *why)
{
    const char *name;
    const json_t *value;
    if (!json_is_object(subscriber))
        return reject(why, "/subscribers/%zu: expected an object", index);
    json_object_foreach(
        (json_t *)(uintptr_t)subscriber, name,
        value) if (!is_member(name)) return reject(why, "/subscribers/%zu/%.40s: not a member",
                                                   index, name);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (!members[i].check(json_object_get(subscriber, members[i].name)))
            return reject(why, "/subscribers/%zu/%s: expected %s", index, members[i].name,
                          members[i].expected);
    return VERDICT_OK;
}

static const json_t *find(const json_t *subscribers, const char *id)
{
    for (size_t i = 0; i < json_array_size(subscribers); i++) {
        const json_t *subscriber = json_array_get(subscribers, i);
        if (strcmp(json_string_value(json_object_get(subscriber, "id")), id) == 0)
            return subscriber;
    }
    return NULL;
}

enum verdict webhook_check(const json_t *file, struct why *why)
{
    const json_t *subscribers = json_object_get(file, "subscribers");
    if (!json_is_array(subscribers) || json_array_size(subscribers) > SUBSCRIBERS_MAX ||
        json_object_size(file) != 1)
        return reject(why, "/subscribers: expected a list of at most %d", SUBSCRIBERS_MAX);
    for (size_t i = 0; i < json_array_size(subscribers); i++)
        if (check_subscriber(json_array_get(subscribers, i), i, why) != VERDICT_OK)
            return VERDICT_REJECT;
    for (size_t i = 0; i < json_array_size(subscribers); i++) {
        const json_t *subscriber = json_array_get(subscribers, i);
        if (find(subscribers, json_string_value(json_object_get(subscriber, "id"))) != subscriber)
            return reject(why, "/subscribers/%zu/id: stands twice", i);
    }
    return VERDICT_OK;
}

enum verdict webhook_load(const char *path, struct why *why)
{
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    json_auto_t *file = NULL;
    if (!file_read(path, FILE_BYTES_MAX, &text, &length))
        return reject(why, "%.150s: %s", path, strerror(errno));
    if (event_parse_json(text, length, &file, why) != VERDICT_OK ||
        webhook_check(file, why) != VERDICT_OK)
        return VERDICT_REJECT;
    pthread_mutex_lock(&held.lock);
    json_decref(held.subscribers);
    held.subscribers = json_deep_copy(json_object_get(file, "subscribers"));
    pthread_mutex_unlock(&held.lock);
    return VERDICT_OK;
}

json_t *webhook_subscribers(void)
{
    json_t *list = json_array();
    pthread_mutex_lock(&held.lock);
    for (size_t i = 0; i < json_array_size(held.subscribers); i++) {
        const json_t *subscriber = json_array_get(held.subscribers, i);
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "id", json_deep_copy(json_object_get(subscriber, "id")),
                            "events", json_deep_copy(json_object_get(subscriber, "events"))));
    }
    pthread_mutex_unlock(&held.lock);
    return list;
}

/* A copy: reference counts are not shared between threads. NULL: there is none of this name any more. */
static json_t *hold(const char *id)
{
    pthread_mutex_lock(&held.lock);
    json_t *copy = json_deep_copy(find(held.subscribers, id));
    pthread_mutex_unlock(&held.lock);
    return copy;
}

/* --- a delivery ---------------------------------------------------------------------------------------------------------- */

char *webhook_signature(const json_t *secrets, const char *id, int64_t seconds, const char *body)
{
    CLEANUP(mem_free) char *text = mem_printf("%s.%lld.%s", id, (long long)seconds, body);
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        CLEANUP(mem_free) void *secret = NULL;
        uint8_t mac[IDS_SHA256_SIZE];
        size_t length;
        if (!read_secret(json_string_value(json_array_get(secrets, i)), &secret, &length))
            continue;
        ids_hmac_sha256((struct bytes){secret, length}, bytes_of(text), mac);
        CLEANUP(mem_free) char *encoded = base64_encode(mac, sizeof mac);
        buf_printf(&out, "%sv1,%s", i ? " " : "", encoded);
    }
    return out.data ? out.data : mem_strdup("");
}

static char *body_of(const json_t *parameters)
{
    CLEANUP(mem_free)
    char *type = mem_printf("case.%s", json_string_value(json_object_get(parameters, "rule")));
    json_auto_t *body = json_pack("{s:s, s:O, s:{s:O, s:O, s:O}}", "type", type, "timestamp",
                                  json_object_get(parameters, "planned_at"), "data", "case",
                                  json_object_get(parameters, "case"), "number",
                                  json_object_get(parameters, "number"), "notice",
                                  json_object_get(parameters, "notice"));
    return json_dumps(body, JSON_COMPACT);
}

/* 2xx: taken. A redirect goes nowhere, and who says that this will never do is believed; 408, 425, 429 and 5xx pass. */
void webhook_judge(const struct transfer_reply *reply, struct outcome *ret_outcome)
{
    int code = reply->code;
    bool passes = code == 408 || code == 425 || code == 429 || code >= 500;
    *ret_outcome = (struct outcome){.kind = OUTCOME_LATER, .troubled = true};
    snprintf(ret_outcome->why, sizeof ret_outcome->why, "%s", reply->why);
    if (reply->well && code >= 200 && code < 300)
        *ret_outcome = (struct outcome){.kind = OUTCOME_SENT};
    else if (reply->forbidden || (reply->well && !passes))
        ret_outcome->kind = OUTCOME_REFUSED;
    if (reply->well && ret_outcome->kind != OUTCOME_SENT)
        snprintf(ret_outcome->why, sizeof ret_outcome->why, "the subscriber answered %d", code);
    ret_outcome->troubled = ret_outcome->kind == OUTCOME_LATER;
}

static void deliver(const json_t *subscriber, const json_t *parameters, int64_t now_us,
                    struct transfer_reply *ret_reply)
{
    const char *id = json_string_value(json_object_get(parameters, "notice"));
    int64_t seconds = now_us / 1000000;
    CLEANUP(mem_free) char *body = body_of(parameters);
    CLEANUP(mem_free)
    char *signature = webhook_signature(json_object_get(subscriber, "secrets"), id, seconds, body);
    CLEANUP(mem_free) char *of_id = mem_printf("webhook-id: %s", id);
    CLEANUP(mem_free) char *of_time = mem_printf("webhook-timestamp: %lld", (long long)seconds);
    CLEANUP(mem_free) char *of_signature = mem_printf("webhook-signature: %s", signature);
    const char *const headers[] = {of_id, of_time, of_signature, NULL};
    struct transfer_post post = {
        .url = json_string_value(json_object_get(subscriber, "url")),
        .body = bytes_of(body),
        .headers = headers,
        .ca_file = json_string_value(json_object_get(subscriber, "ca_file")),
        .may_be_private = json_is_true(json_object_get(subscriber, "private")),
    };
    transfer_post(&post, ret_reply);
}

void webhook_send(const json_t *parameters, int64_t now_us, struct outcome *ret_outcome)
{
    const char *id = json_string_value(json_object_get(parameters, "subscriber"));
    json_auto_t *subscriber = hold(id);
    CLEANUP(mem_free) char *place = mem_printf("subscriber:%s", id);
    struct transfer_reply reply;
    int64_t wait_ms;
    if (!subscriber) {
        *ret_outcome =
            (struct outcome){.kind = OUTCOME_REFUSED, .why = "no such subscriber any more"};
        return;
    }
    if (!places_enter(place, WEBHOOK_AT_ONCE, &wait_ms)) {
        *ret_outcome = (struct outcome){.kind = OUTCOME_PUT_OFF,
                                        .wait_ms = wait_ms,
                                        .why = "the subscriber is left alone for a while"};
        return;
    }
    deliver(subscriber, parameters, now_us, &reply);
    webhook_judge(&reply, ret_outcome);
    ret_outcome->troubles = places_leave(place, ret_outcome->troubled);
}
