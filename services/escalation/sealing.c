/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/sealing.h"

#include "common/desk/limits.h"
#include "common/event.h"
#include "common/ids.h"

#include <assert.h>
#include <jose/jose.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdlib.h>
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

/* --- keys ------------------------------------------------------------------------------------------------------------- */

static bool is_private_key(const json_t *jwk)
{
    return is_text(jwk, "kty", "EC") && is_text(jwk, "crv", "P-256") && text_of(jwk, "d") &&
           text_of(jwk, "kid");
}

static enum verdict load_sign(const char *text, struct sealing_keys *keys, struct why *why)
{
    keys->sign = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    return is_private_key(keys->sign)
               ? VERDICT_OK
               : fatal(why, "KAKEKOMI_SIGNING_KEY: expected a private EC P-256 JWK with a kid");
}

static enum verdict load_decrypt(const char *text, struct sealing_keys *keys, struct why *why)
{
    json_auto_t *given = *text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *set = json_object_get(given, "keys");
    keys->decrypt = json_is_array(set) ? json_incref(set) : json_array();
    if (*text && !json_is_array(set))
        json_array_append_new(keys->decrypt, given ? json_incref(given) : json_null());
    for (size_t i = 0; i < json_array_size(keys->decrypt); i++)
        if (!is_private_key(json_array_get(keys->decrypt, i)))
            return fatal(why,
                         "KAKEKOMI_DECRYPTION_KEY: expected a private EC P-256 JWK with a kid, "
                         "or a JWK set of such");
    return VERDICT_OK;
}

static void name_secret(struct sealing_secret *secret)
{
    static const char context[] = "kakekomi escalation secret";
    uint8_t bytes[sizeof context + SEALING_KEY_BYTES];
    char hash[IDS_SHA256_TEXT_SIZE];
    memcpy(bytes, context, sizeof context);
    memcpy(bytes + sizeof context, secret->bytes, SEALING_KEY_BYTES);
    ids_sha256_text(bytes, sizeof bytes, hash);
    sodium_memzero(bytes, sizeof bytes);
    memcpy(secret->id, hash, SEALING_SECRET_ID_SIZE - 1);
    secret->id[SEALING_SECRET_ID_SIZE - 1] = '\0';
}

static bool load_secret(const char *text, size_t length, struct sealing_secret *ret_secret)
{
    CLEANUP(mem_free) char *hex = mem_dup(text, length);
    bool read = hex_decode(hex, ret_secret->bytes, SEALING_KEY_BYTES);
    sodium_memzero(hex, length);
    if (read)
        name_secret(ret_secret);
    return read;
}

static enum verdict load_secrets(const char *text, struct sealing_keys *keys, struct why *why)
{
    static const char blank[] = " \t\r\n";
    keys->secret_count = 0;
    for (text += strspn(text, blank); *text; text += strspn(text, blank)) {
        size_t length = strcspn(text, blank);
        if (keys->secret_count == SEALING_SECRETS_MAX)
            return fatal(why, "KAKEKOMI_ESCALATION_SECRET: expected at most %d lines",
                         SEALING_SECRETS_MAX);
        if (!load_secret(text, length, &keys->secrets[keys->secret_count++]))
            return fatal(why,
                         "KAKEKOMI_ESCALATION_SECRET: expected 64 lower-case hex digits a line");
        text += length;
    }
    return keys->secret_count ? VERDICT_OK : fatal(why, "KAKEKOMI_ESCALATION_SECRET: is empty");
}

enum verdict sealing_keys_load(const char *sign, const char *decrypt, const char *secrets,
                               struct sealing_keys *ret_keys, struct why *why)
{
    enum verdict verdict = load_sign(sign, ret_keys, why);
    if (verdict == VERDICT_OK)
        verdict = load_decrypt(decrypt, ret_keys, why);
    return verdict == VERDICT_OK ? load_secrets(secrets, ret_keys, why) : verdict;
}

const struct sealing_secret *sealing_secret_find(const struct sealing_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->secret_count; i++)
        if (!id || strcmp(keys->secrets[i].id, id) == 0)
            return &keys->secrets[i];
    return NULL;
}

void sealing_derive(const struct sealing_secret *from, const char *handover,
                    const char *manifest_sha256, uint8_t ret_key[SEALING_KEY_BYTES])
{
    CLEANUP(mem_free)
    char *info = mem_printf("kakekomi content key|%s|%s", handover, manifest_sha256);
    uint8_t secret[SEALING_KEY_BYTES];
    memcpy(secret, from->bytes, sizeof secret);
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

static json_t *encode_object(const json_t *object)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, KAFKA_RECORD_BYTES_MAX);
    event_dump_json_sorted(object, &text);
    return jose_b64_enc(text.data, text.length);
}

/* --- JWE -------------------------------------------------------------------------------------------------------------- */

#define IV_BYTES 12
#define TAG_BYTES 16

/* RFC 7518 §5.3. */
static bool encrypt(const uint8_t key[SEALING_KEY_BYTES], const uint8_t iv[IV_BYTES],
                    const json_t *protected, struct bytes clear, uint8_t *ret_text,
                    uint8_t ret_tag[TAG_BYTES])
{
    int length = 0, rest = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done =
        context && EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, iv, NULL) == 1 &&
        EVP_EncryptUpdate(context, NULL, &length, (const uint8_t *)json_string_value(protected),
                          (int)json_string_length(protected)) == 1 &&
        EVP_EncryptUpdate(context, ret_text, &length, clear.data, (int)clear.length) == 1 &&
        EVP_EncryptFinal_ex(context, ret_text + length, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, ret_tag) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* A JWE in compact serialisation. Not by jose_jwe_enc: since 12 it forgets the header, which it reads once more to look for
 * "zip", at every message. */
static char *seal(const json_t *header, const char *encrypted_key,
                  const uint8_t key[SEALING_KEY_BYTES], struct bytes clear)
{
    uint8_t iv[IV_BYTES], tag[TAG_BYTES];
    json_auto_t *protected = encode_object(header);
    CLEANUP(mem_free) uint8_t *sealed = mem_alloc_raw(clear.length + 1);
    ids_random(iv, sizeof iv);
    if (!encrypt(key, iv, protected, clear, sealed, tag))
        return NULL;
    json_auto_t *encoded_iv = jose_b64_enc(iv, sizeof iv);
    json_auto_t *encoded = jose_b64_enc(sealed, clear.length);
    json_auto_t *encoded_tag = jose_b64_enc(tag, sizeof tag);
    return mem_printf("%s.%s.%s.%s.%s", json_string_value(protected), encrypted_key,
                      json_string_value(encoded_iv), json_string_value(encoded),
                      json_string_value(encoded_tag));
}

char *sealing_seal_part(const uint8_t key[SEALING_KEY_BYTES], const char *handover, size_t part,
                        size_t of, struct bytes clear)
{
    json_auto_t *header =
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "alg", "dir", "enc", "A256GCM", "handover", handover,
                  "part", (json_int_t)part, "of", (json_int_t)of);
    return seal(header, "", key, clear);
}

char *sealing_seal_key(const uint8_t key[SEALING_KEY_BYTES], const json_t *recipient_jwk,
                       const char *handover)
{
    uint8_t content_key[SEALING_KEY_BYTES];
    json_auto_t *jwk = json_deep_copy(recipient_jwk);
    json_object_del(jwk, "use");
    json_auto_t *header =
        json_pack("{s:s, s:s, s:s, s:s*}", "alg", "ECDH-ES+A256KW", "enc", "A256GCM", "handover",
                  handover, "kid", text_of(recipient_jwk, "kid"));
    json_auto_t *jwe = json_pack("{s:O}", "protected", header);
    json_auto_t *recipient = json_object();
    json_auto_t *cek = json_object();
    if (!jose_jwe_enc_jwk(NULL, jwe, recipient, jwk, cek) ||
        jose_b64_dec(json_object_get(cek, "k"), content_key, sizeof content_key) !=
            sizeof content_key)
        return NULL;
    /* The wrapping leaves epk in the unprotected header, which the compact form does not have. */
    json_object_set(header, "epk", json_object_get(json_object_get(jwe, "header"), "epk"));
    char *sealed = seal(header, text_of(jwe, "encrypted_key"), content_key,
                        (struct bytes){.data = key, .length = SEALING_KEY_BYTES});
    sodium_memzero(content_key, sizeof content_key);
    return sealed;
}

/* --- JWS -------------------------------------------------------------------------------------------------------------- */

char *sealing_sign(const struct sealing_keys *keys, const json_t *payload)
{
    json_auto_t *encoded = encode_object(payload);
    json_auto_t *jws = json_pack("{s:O}", "payload", encoded);
    json_auto_t *signature = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "ES256", "kid",
                                       text_of(keys->sign, "kid"), "typ", "JOSE");
    if (!jose_jws_sig(NULL, jws, signature, keys->sign))
        return NULL;
    return mem_printf("%s.%s.%s", text_of(jws, "protected"), text_of(jws, "payload"),
                      text_of(jws, "signature"));
}

/* base64url has bits to spare at the end: where they are not zero the same bytes would have two texts (RFC 4648 §3.5). */
static bool is_canonical(const char *text, size_t length)
{
    static const char *const ends[] = {NULL, NULL, "AQgw", "AEIMQUYcgkosw048"};
    const char *last = ends[length % 4];
    return length % 4 == 0 || (last && strchr(last, text[length - 1]));
}

/* The segments of a compact serialisation by these names; false where there are more or fewer of them. */
static bool split(const char *text, const char *const *names, size_t count, json_t **ret_parts)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    json_auto_t *parts = json_object();
    for (size_t i = 0; i < count; i++) {
        size_t length = strspn(text, alphabet);
        if (text[length] != (i + 1 < count ? '.' : '\0') || !is_canonical(text, length))
            return false;
        json_object_set_new(parts, names[i], json_stringn(text, length));
        text += length + 1;
    }
    *ret_parts = json_incref(parts);
    return true;
}

static json_t *decode_object(const json_t *encoded)
{
    size_t length = jose_b64_dec(encoded, NULL, 0);
    if (length == SIZE_MAX || length > LIMIT_WORD_BYTES)
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
    if (!received.data || received.length == 0 || received.length > LIMIT_WORD_BYTES)
        return reject(why, "expected a reply of 1 to %d bytes", LIMIT_WORD_BYTES);
    CLEANUP(mem_free) char *text = mem_dup(received.data, received.length);
    static const char *const names[] = {"protected", "payload", "signature"};
    json_auto_t *jws = NULL;
    if (strlen(text) != received.length || !split(text, names, COUNT_OF(names), &jws))
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

/* --- opening ------------------------------------------------------------------------------------------------------------ */

static const json_t *decryption_key(const struct sealing_keys *keys, const json_t *header)
{
    const char *kid = text_of(header, "kid");
    if (!kid || !is_text(header, "alg", "ECDH-ES+A256KW") || !is_text(header, "enc", "A256GCM") ||
        json_object_get(header, "crit") || json_object_get(header, "zip"))
        return NULL;
    for (size_t i = 0; i < json_array_size(keys->decrypt); i++)
        if (is_text(json_array_get(keys->decrypt, i), "kid", kid))
            return json_array_get(keys->decrypt, i);
    return NULL;
}

/* Not by jose_jwe_dec: since 12 it forgets the header, which it reads once more to look for "zip", at every message. */
static enum verdict decrypt(json_t *jwe, const json_t *key, struct buf *ret_clear, struct why *why)
{
    const json_t *text = json_object_get(jwe, "ciphertext");
    size_t length = 0;
    void *clear = NULL;
    json_auto_t *jwk = json_deep_copy(key);
    json_object_del(jwk, "use");
    jose_io_auto_t *kept = jose_io_malloc(NULL, &clear, &length);
    jose_io_auto_t *opened = kept ? jose_jwe_dec_io(NULL, jwe, NULL, jwk, kept) : NULL;
    jose_io_auto_t *decoded = opened ? jose_b64_dec_io(opened) : NULL;
    if (!decoded || !decoded->feed(decoded, json_string_value(text), json_string_length(text)) ||
        !decoded->done(decoded) || !clear)
        return reject(why, "it does not open");
    buf_add(ret_clear, clear, length); /* `kept` wipes and frees what it has */
    return ret_clear->overflowed ? reject(why, "it holds more than a part may") : VERDICT_OK;
}

enum verdict sealing_open(const struct sealing_keys *keys, struct bytes received,
                          struct buf *ret_clear, json_t **ret_header, struct why *why)
{
    static const char *const names[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag"};
    CLEANUP(mem_free) char *text = mem_dup(received.data, received.length);
    json_auto_t *jwe = NULL;
    if (strlen(text) != received.length || !split(text, names, COUNT_OF(names), &jwe))
        return reject(why, "expected a JWE in compact serialisation");
    json_auto_t *header = decode_object(json_object_get(jwe, "protected"));
    const json_t *key = decryption_key(keys, header);
    if (!key)
        return reject(why, "expected alg ECDH-ES+A256KW, enc A256GCM and a kid of the desk");
    enum verdict verdict = decrypt(jwe, key, ret_clear, why);
    if (verdict == VERDICT_OK)
        *ret_header = json_incref(header);
    return verdict;
}
