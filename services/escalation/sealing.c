/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/sealing.h"

#include "common/event.h"
#include "common/ids.h"

#include <assert.h>
#include <jose/jose.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

enum verdict sealing_keys_load(const char *sign_jwk, const char *secret_hex,
                               struct sealing_keys *ret_keys, struct why *why)
{
    json_t *sign = json_loads(sign_jwk, JSON_REJECT_DUPLICATES, NULL);
    CLEANUP(mem_free) char *hex = mem_strdup(secret_hex);
    hex[strcspn(hex, " \r\n")] = '\0';
    if (!is_text(sign, "kty", "EC") || !is_text(sign, "crv", "P-256") || !text_of(sign, "d") ||
        !text_of(sign, "kid")) {
        json_decref(sign);
        return fatal(why, "KAKEKOMI_SIGNING_KEY: expected a private EC P-256 JWK with a kid");
    }
    if (!hex_decode(hex, ret_keys->secret, SEALING_KEY_BYTES)) {
        json_decref(sign);
        return fatal(why, "KAKEKOMI_ESCALATION_SECRET: expected 64 lower-case hex digits");
    }
    ret_keys->sign = sign;
    return VERDICT_OK;
}

void sealing_derive(const struct sealing_keys *keys, const char *handover,
                    const char *manifest_sha256, uint8_t ret_key[SEALING_KEY_BYTES])
{
    CLEANUP(mem_free)
    char *info = mem_printf("kakekomi content key|%s|%s", handover, manifest_sha256);
    uint8_t secret[SEALING_KEY_BYTES];
    memcpy(secret, keys->secret, sizeof secret);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof secret),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    int derived = EVP_KDF_derive(context, ret_key, SEALING_KEY_BYTES, params);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    sodium_memzero(secret, sizeof secret);
    assert(derived == 1);
}

/* --- JWE -------------------------------------------------------------------------------------------------------------- */

static char *compact_jwe(const json_t *jwe)
{
    const char *encrypted_key = text_of(jwe, "encrypted_key");
    return mem_printf("%s.%s.%s.%s.%s", text_of(jwe, "protected"),
                      encrypted_key ? encrypted_key : "", text_of(jwe, "iv"),
                      text_of(jwe, "ciphertext"), text_of(jwe, "tag"));
}

static char *encrypt(json_t *header, const json_t *jwk, const void *clear, size_t length)
{
    json_auto_t *jwe = json_pack("{s:o}", "protected", header);
    if (!jose_jwe_enc(NULL, jwe, NULL, jwk, clear, length))
        return NULL;
    return compact_jwe(jwe);
}

char *sealing_seal_part(const uint8_t key[SEALING_KEY_BYTES], const char *handover, size_t part,
                        size_t of, struct bytes clear)
{
    json_auto_t *text = jose_b64_enc(key, SEALING_KEY_BYTES);
    json_auto_t *jwk = json_pack("{s:s, s:O}", "kty", "oct", "k", text);
    json_t *header =
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "alg", "dir", "enc", "A256GCM", "handover", handover,
                  "part", (json_int_t)part, "of", (json_int_t)of);
    return encrypt(header, jwk, clear.data, clear.length);
}

char *sealing_seal_key(const uint8_t key[SEALING_KEY_BYTES], const json_t *recipient_jwk,
                       const char *handover)
{
    json_auto_t *jwk = json_deep_copy(recipient_jwk);
    json_object_del(jwk, "use");
    json_t *header = json_pack("{s:s, s:s, s:s, s:s*}", "alg", "ECDH-ES+A256KW", "enc", "A256GCM",
                               "handover", handover, "kid", text_of(recipient_jwk, "kid"));
    json_auto_t *jwe = json_pack("{s:o}", "protected", header);
    json_auto_t *recipient = json_object();
    json_auto_t *cek = json_object();
    if (!jose_jwe_enc_jwk(NULL, jwe, recipient, jwk, cek))
        return NULL;
    /* The wrapping leaves epk in the unprotected header, which the compact form does not have. */
    json_object_set(json_object_get(jwe, "protected"), "epk",
                    json_object_get(json_object_get(jwe, "header"), "epk"));
    json_object_del(jwe, "header");
    return jose_jwe_enc_cek(NULL, jwe, cek, key, SEALING_KEY_BYTES) ? compact_jwe(jwe) : NULL;
}

/* --- JWS -------------------------------------------------------------------------------------------------------------- */

char *sealing_sign(const struct sealing_keys *keys, const json_t *payload)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, KAFKA_RECORD_BYTES_MAX);
    event_dump_json_sorted(payload, &text);
    json_auto_t *encoded = jose_b64_enc(text.data, text.length);
    json_auto_t *jws = json_pack("{s:O}", "payload", encoded);
    json_auto_t *signature = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "ES256", "kid",
                                       text_of(keys->sign, "kid"), "typ", "JOSE");
    if (!jose_jws_sig(NULL, jws, signature, keys->sign))
        return NULL;
    return mem_printf("%s.%s.%s", text_of(jws, "protected"), text_of(jws, "payload"),
                      text_of(jws, "signature"));
}

static bool split(const char *text, json_t **ret_jws)
{
    const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (!second || strchr(second + 1, '.') || strspn(text, alphabet) != strlen(text))
        return false;
    *ret_jws = json_pack("{s:s%, s:s%, s:s}", "protected", text, (size_t)(first - text), "payload",
                         first + 1, (size_t)(second - first - 1), "signature", second + 1);
    return *ret_jws;
}

static json_t *decode_object(const json_t *encoded)
{
    size_t length = jose_b64_dec(encoded, NULL, 0);
    if (length == SIZE_MAX || length > SEALING_REPLY_BYTES_MAX)
        return NULL;
    CLEANUP(mem_free) char *text = mem_alloc(length + 1);
    json_t *object = NULL;
    if (jose_b64_dec(encoded, text, length) != length ||
        event_parse_json(text, length, &object, NULL) != VERDICT_OK)
        return NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

static const json_t *pinned_key(const json_t *header, const json_t *jwks)
{
    const json_t *keys = json_object_get(jwks, "keys");
    const char *kid = text_of(header, "kid");
    if (!kid || !is_text(header, "alg", "ES256") || json_object_get(header, "crit") ||
        json_object_get(header, "zip"))
        return NULL;
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (is_text(json_array_get(keys, i), "kid", kid) &&
            is_text(json_array_get(keys, i), "use", "sig") &&
            is_text(json_array_get(keys, i), "crv", "P-256"))
            return json_array_get(keys, i);
    return NULL;
}

enum verdict sealing_verify(struct bytes received, const json_t *jwks, json_t **ret_payload,
                            const char **ret_kid, struct why *why)
{
    if (!received.data || received.length == 0 || received.length > SEALING_REPLY_BYTES_MAX)
        return reject(why, "expected a reply of 1 to %d bytes", SEALING_REPLY_BYTES_MAX);
    CLEANUP(mem_free) char *text = mem_dup(received.data, received.length);
    json_auto_t *jws = NULL;
    if (strlen(text) != received.length || !split(text, &jws))
        return reject(why, "expected a JWS in compact serialisation");
    json_auto_t *header = decode_object(json_object_get(jws, "protected"));
    const json_t *key = pinned_key(header, jwks);
    if (!key)
        return reject(why, "expected alg ES256 and a kid of the provider");
    if (!jose_jws_ver(NULL, jws, NULL, key, false))
        return reject(why, "the signature does not verify");
    *ret_payload = decode_object(json_object_get(jws, "payload"));
    *ret_kid = text_of(key, "kid");
    return *ret_payload ? VERDICT_OK : reject(why, "expected a JSON object inside");
}
