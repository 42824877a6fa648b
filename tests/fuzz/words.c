/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider may write: raw bytes as a reply and as a sealed part; the same bytes under a good signature; a manifest, a
 * document, and the proposals made of it. The first byte says which.
 */
#include "common/desk/limits.h"
#include "services/escalation/proposals.h"
#include "services/escalation/replies.h"
#include "services/escalation/report_check.h"
#include "services/escalation/sealing.h"

#include <assert.h>
#include <jose/jose.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sealing_keys keys;
static json_t *provider;

static json_t *new_key(const char *kid, const char *use)
{
    json_t *key =
        json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "kid", kid, "use", use);
    bool made = jose_jwk_gen(NULL, key);
    assert(made);
    return key;
}

static void prepare(void)
{
    struct why why;
    json_auto_t *sign = new_key("s", "sig");
    json_auto_t *decrypt = new_key("d", "enc");
    char *sign_text = json_dumps(sign, 0), *decrypt_text = json_dumps(decrypt, 0);
    enum verdict verdict = sealing_keys_load(
        sign_text, decrypt_text, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        &keys, &why);
    assert(verdict == VERDICT_OK);
    free(sign_text);
    free(decrypt_text);
    provider = json_pack("{s:s, s:{s:[O]}}", "id", "p-1", "jwks", "keys", sign);
}

static void as_reply(const void *bytes, size_t length)
{
    struct why why;
    struct event event = {0};
    struct kafka_record record = {.topic = "provider-replies",
                                  .value = {.data = bytes, .length = length}};
    char *case_id = replies_read(&record, provider, &event, &why);
    if (case_id && *case_id) {
        const json_t *said = json_object_get(event.data, "data");
        assert(strncmp(event.type, "provider.", 9) == 0);
        assert(json_is_string(json_object_get(said, "handover")));
        assert(json_array_size(json_object_get(said, "parts")) <= LIMIT_REPORT_PARTS);
    }
    free(case_id);
    event_clear(&event);
}

static void as_signed(const void *bytes, size_t length)
{
    json_auto_t *payload = json_loadb(bytes, length, 0, NULL);
    char *jws = payload ? sealing_sign(&keys, payload) : NULL;
    if (jws)
        as_reply(jws, strlen(jws));
    free(jws);
}

static void as_part(const void *bytes, size_t length)
{
    struct why why;
    json_auto_t *header = NULL;
    CLEANUP(buf_free) struct buf clear;
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    enum verdict verdict =
        sealing_open(&keys, (struct bytes){bytes, length}, &clear, &header, &why);
    assert(verdict == VERDICT_REJECT); /* nobody has sealed it */
}

static void as_manifest(const void *bytes, size_t length)
{
    struct why why;
    json_auto_t *items = NULL;
    if (report_check_manifest((struct bytes){bytes, length}, "h", 5, &items, &why) == VERDICT_OK)
        assert(json_array_size(items) >= 1 && json_array_size(items) <= LIMIT_REPORT_ITEMS);
}

static void as_document(const void *bytes, size_t length)
{
    struct why why;
    json_auto_t *document = NULL;
    if (report_check_document((struct bytes){bytes, length}, &document, &why) != VERDICT_OK)
        return;
    json_auto_t *proposals = proposals_of(document, NULL, NULL, "0123456789abcdef");
    assert(json_array_size(proposals) <= LIMIT_PROPOSALS_PER_CASE);
    for (size_t i = 0; i < json_array_size(proposals); i++)
        assert(json_string_length(json_object_get(json_array_get(proposals, i), "target")) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(const void *bytes, size_t length) = {as_reply, as_signed, as_part,
                                                                     as_manifest, as_document};
    if (!keys.sign)
        prepare();
    if (size > 0)
        ways[data[0] % COUNT_OF(ways)](data + 1, size - 1);
    return 0;
}
