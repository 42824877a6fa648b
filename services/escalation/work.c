/* SPDX-License-Identifier: Apache-2.0 */
/* What is done outside of decide: sealing parts, signing words. Everything comes back as a result; nothing is published here. */
#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/limits.h"
#include "common/ids.h"
#include "common/log.h"
#include "services/escalation/gate.h"
#include "services/escalation/manifest.h"
#include "services/escalation/report_open.h"
#include "services/escalation/service.h"

#include <sodium.h>
#include <string.h>

#define STEP_BYTES_MAX                                                                             \
    (3 * 1024 * 1024) /* of ciphertext: with the status it stays under the transaction's 4 MiB */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_t *new_result(const struct work *work)
{
    const json_t *entry = json_object_get(work->parameters, "entry");
    return json_pack("{s:s, s:O, s:O}", "kind", work->kind, "handover",
                     json_object_get(entry, "id"), "round", json_object_get(entry, "round"));
}

static void content_close_at(struct content **content)
{
    content_close(*content);
}

/* --- seal --------------------------------------------------------------------------------------------------------------- */

static void add_part(struct processor_result *result, const char *handover, size_t part,
                     const char *jwe)
{
    char hash[IDS_SHA256_TEXT_SIZE];
    CLEANUP(mem_free) char *number = mem_printf("%zu", part);
    size_t length = strlen(jwe);
    ids_sha256_text(jwe, length, hash);
    json_t *headers = json_pack("{s:s, s:s}", "handover", handover, "part", number);
    processor_result_add(result, "escalations", "escalation.part", "application/jose",
                         (struct bytes){.data = jwe, .length = length}, headers);
    json_array_append_new(json_object_get(processor_result_value(result), "parts"),
                          json_pack("{s:I, s:I, s:s}", "part", (json_int_t)part, "size",
                                    (json_int_t)length, "sha256", hash));
}

/* Parts of one hand-over are all under one secret; where that is not known any more, decide begins anew with this one. */
static const struct sealing_secret *seal_secret(const json_t *entry)
{
    const struct sealing_secret *begun =
        sealing_secret_find(&escalation.keys, text_of(entry, "secret"));
    return begun ? begun : sealing_secret_find(&escalation.keys, NULL);
}

static enum verdict seal_parts(const struct work *work, struct content *content,
                               struct processor_result *result, struct why *why)
{
    const json_t *entry = json_object_get(work->parameters, "entry");
    const char *handover = text_of(entry, "id");
    const struct sealing_secret *secret = seal_secret(entry);
    size_t first = json_array_size(json_object_get(entry, "parts")), total = 0;
    uint8_t key[SEALING_KEY_BYTES];
    CLEANUP(buf_free) struct buf clear;
    enum verdict verdict = VERDICT_OK;
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    sealing_derive(secret, handover, content_manifest_sha256(content), key);
    for (size_t part = first;
         part < content_parts(content) && total < STEP_BYTES_MAX && verdict == VERDICT_OK; part++) {
        verdict = content_part(content, part, &clear, why);
        if (verdict != VERDICT_OK || work->cancelled(work))
            break;
        CLEANUP(mem_free)
        char *jwe = sealing_seal_part(key, handover, part, content_parts(content),
                                      (struct bytes){.data = clear.data, .length = clear.length});
        if (!jwe) {
            verdict = reject(why, "part %zu cannot be sealed", part);
            break;
        }
        total += strlen(jwe);
        add_part(result, handover, part, jwe);
    }
    sodium_memzero(key, sizeof key);
    return verdict;
}

static struct processor_result *seal(const struct work *work)
{
    CLEANUP(content_close_at) struct content *content = NULL;
    const json_t *entry = json_object_get(work->parameters, "entry");
    struct why why = {0};
    struct processor_result *result = processor_result_new(new_result(work));
    json_object_set_new(processor_result_value(result), "parts", json_array());
    json_object_set_new(processor_result_value(result), "first",
                        json_integer((json_int_t)json_array_size(json_object_get(entry, "parts"))));
    enum verdict verdict = content_open(work->parameters, &content, &why);
    if (verdict == VERDICT_OK) {
        json_object_set_new(processor_result_value(result), "parts_total",
                            json_integer((json_int_t)content_parts(content)));
        json_object_set_new(processor_result_value(result), "manifest_sha256",
                            json_string(content_manifest_sha256(content)));
        json_object_set(processor_result_value(result), "items", content_items(content));
        json_object_set_new(processor_result_value(result), "secret",
                            json_string(seal_secret(entry)->id));
        verdict = seal_parts(work, content, result, &why);
    }
    if (verdict == VERDICT_OK)
        return result;
    log_event(LOG_ERROR, "handover.not_sealed", "case=%s handover=%s why=%s", work->case_id,
              text_of(entry, "id"), why.text);
    /* Where no later attempt will see other bytes the operator must see it; else what is sealed counts and the rest waits. */
    json_object_set_new(processor_result_value(result),
                        verdict == VERDICT_REJECT ? "failure" : "later", json_string(why.text));
    return result;
}

/* --- words --------------------------------------------------------------------------------------------------------------- */

static struct processor_result *sign(const struct work *work, json_t *payload, json_t *value)
{
    char hash[IDS_SHA256_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    json_auto_t *content = payload;
    clock_format_us(clock_now_us(), now);
    json_object_set_new(content, "at", json_string(now));
    json_object_set_new(content, "case", json_string(work->case_id));
    CLEANUP(mem_free) char *jws = sealing_sign(&escalation.keys, content);
    if (!jws) {
        json_object_set_new(value, "failure", json_string("the desk's key cannot sign"));
        return processor_result_new(value);
    }
    ids_sha256_text(jws, strlen(jws), hash);
    json_object_set_new(value, "jws", json_string(jws));
    json_object_set_new(value, "sha256", json_string(hash));
    return processor_result_new(value);
}

/* Ciphertexts by position, size and hash; nothing clear and no hash of anything clear but the chain's head. */
static json_t *describe_parts(const json_t *entry)
{
    const json_t *parts = json_object_get(entry, "parts");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i), *at = json_object_get(part, "at");
        json_array_append_new(
            list, json_pack("{s:O, s:O, s:O, s:O, s:O}", "part", json_object_get(part, "part"),
                            "partition", json_object_get(at, "partition"), "offset",
                            json_object_get(at, "offset"), "size", json_object_get(part, "size"),
                            "sha256", json_object_get(part, "sha256")));
    }
    return list;
}

static struct processor_result *offer(const struct work *work)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *provider = json_object_get(profile_json(profile), "provider");
    const json_t *entry = json_object_get(work->parameters, "entry"),
                 *passed = json_object_get(entry, "passed");
    const json_t *root = json_object_get(entry, "supplement_of");
    double hours = json_number_value(json_object_get(provider, "desk_hours_to_reply"));
    char reply_by[CLOCK_TEXT_SIZE];
    clock_format_us(calendar_add_desk_hours_us(profile_json(profile), clock_now_us(), hours),
                    reply_by);
    json_t *value = new_result(work);
    json_object_set_new(value, "reply_by", json_string(reply_by));
    json_t *payload =
        json_pack("{s:s, s:O, s:O, s:O, s:O, s:O*, s:s, s:o, s:O*}", "type",
                  root ? "escalation.supplemented" : "escalation.offered", "handover",
                  json_object_get(entry, "id"), "provider", json_object_get(entry, "provider"),
                  "head", json_object_get(passed, "head"), "tlp", json_object_get(passed, "tlp"),
                  "purposes", json_object_get(passed, "purposes"), "reply_by", reply_by, "parts",
                  describe_parts(entry), "supplement_of", root);
    return sign(work, payload, value);
}

static char *seal_key(const json_t *entry, const struct sealing_secret *secret,
                      const json_t *recipient)
{
    uint8_t key[SEALING_KEY_BYTES];
    sealing_derive(secret, text_of(entry, "id"), text_of(entry, "manifest_sha256"), key);
    char *jwe = sealing_seal_key(key, recipient, text_of(entry, "id"));
    sodium_memzero(key, sizeof key);
    return jwe;
}

static struct processor_result *release(const struct work *work)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    struct why why = {.text = "the provider's key cannot be used"};
    const json_t *entry = json_object_get(work->parameters, "entry");
    const json_t *recipient =
        gate_recipient_key(json_object_get(profile_json(profile), "provider"), entry, &why);
    const struct sealing_secret *secret =
        sealing_secret_find(&escalation.keys, text_of(entry, "secret"));
    if (!secret)
        (void)reject(&why, "the escalation secret it is sealed under is not there any more");
    CLEANUP(mem_free) char *jwe = recipient && secret ? seal_key(entry, secret, recipient) : NULL;
    json_t *value = new_result(work);
    if (!jwe) {
        log_event(LOG_ERROR, "handover.key_not_sealed", "case=%s handover=%s why=%s", work->case_id,
                  text_of(entry, "id"), why.text);
        json_object_set_new(value, "failure", json_string(why.text));
        return processor_result_new(value);
    }
    json_t *payload = json_pack(
        "{s:s, s:O, s:O, s:s}", "type", "escalation.key", "handover", json_object_get(entry, "id"),
        "head", json_object_get(json_object_get(entry, "passed"), "head"), "key", jwe);
    return sign(work, payload, value);
}

static struct processor_result *recall(const struct work *work)
{
    const json_t *entry = json_object_get(work->parameters, "entry");
    const json_t *ended = json_object_get(json_object_get(work->parameters, "handover"), "ended");
    const char *how = text_of(ended, "how");
    json_t *payload =
        json_pack("{s:s, s:O, s:s, s:b}", "type", "escalation.recalled", "handover",
                  json_object_get(entry, "id"), "reason", how ? how : "gate", "delete", true);
    return sign(work, payload, new_result(work));
}

struct processor_result *escalation_work(const struct work *work)
{
    static const struct {
        const char *kind;
        struct processor_result *(*run)(const struct work *work);
    } kinds[] = {{"seal", seal},
                 {"offer", offer},
                 {"key", release},
                 {"recall", recall},
                 {"report", report_open}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].kind, work->kind) == 0)
            return kinds[i].run(work);
    return processor_result_new(json_pack("{s:s}", "failure", "unknown work"));
}
