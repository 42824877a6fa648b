/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what seals and signs a hand-over, and opens what comes back. The only file that includes libjose.
 *   parts: JWE, dir, A256GCM, under a content key; the key itself: JWE, ECDH-ES+A256KW; words: JWS, ES256 (RFC 7515-7518).
 * Ownership: answers are the caller's to free. Threads: any. Errors: FATAL for keys that cannot be used, REJECT for input.
 * Limits: compact serialisation only; a reply is at most 64 KiB.
 * SECURITY: alg, enc and kid are pinned before anything is verified; zip, crit and every other algorithm are refused.
 */
#include <jansson.h>
#include "common/verdict.h"

#define SEALING_KEY_BYTES 32
#define SEALING_REPLY_BYTES_MAX (64 * 1024)

struct sealing_keys {
    json_t *sign;                      /* the desk's private ES256 JWK */
    uint8_t secret[SEALING_KEY_BYTES]; /* escalation secret */
};
enum verdict sealing_keys_load(const char *sign_jwk, const char *secret_hex,
                               struct sealing_keys *ret_keys, struct why *why);

/* HKDF-SHA256 (RFC 5869) of the secret with hand-over id ‖ SHA-256 of the manifest: other content, other key. */
void sealing_derive(const struct sealing_keys *keys, const char *handover,
                    const char *manifest_sha256, uint8_t ret_key[SEALING_KEY_BYTES]);
/* protected: {"alg":"dir","enc":"A256GCM","handover","part","of"}. Compact text or NULL. */
char *sealing_seal_part(const uint8_t key[SEALING_KEY_BYTES], const char *handover, size_t part,
                        size_t of, struct bytes clear);
/* The content key as JWE to the provider's encryption key. */
char *sealing_seal_key(const uint8_t key[SEALING_KEY_BYTES], const json_t *recipient_jwk,
                       const char *handover);
/* The desk's signed word. */
char *sealing_sign(const struct sealing_keys *keys, const json_t *payload);
/* A reply as received: compact JWS, ES256, by one of the keys of the set with use sig. */
enum verdict sealing_verify(struct bytes jws, const json_t *jwks, json_t **ret_payload,
                            const char **ret_kid /* of the set */, struct why *why);
