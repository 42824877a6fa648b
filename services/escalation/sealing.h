/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what seals and signs a hand-over, and opens what comes back. The only file that includes libjose.
 *   parts: JWE, dir, A256GCM, under a content key; the key itself: JWE, ECDH-ES+A256KW; words: JWS, ES256 (RFC 7515-7518);
 *   parts of a report: JWE, ECDH-ES+A256KW, A256GCM, to a key of the desk.
 * Ownership: answers are the caller's to free. Threads: any. Errors: FATAL for keys that cannot be used, REJECT for input.
 * Limits: compact serialisation only; a reply is at most 64 KiB, a part of a report a record and 512 KiB clear.
 * SECURITY: alg, enc and kid are pinned before anything is verified; zip, crit and every other algorithm are refused.
 */
#include <jansson.h>
#include "common/verdict.h"

#define SEALING_KEY_BYTES 32

#define SEALING_SECRETS_MAX 8
#define SEALING_SECRET_ID_SIZE 17
/* The first secret seals; those before it in time stand behind it for as long as a hand-over is open under them. */
struct sealing_secret {
    char id[SEALING_SECRET_ID_SIZE]; /* says which one, and nothing about it */
    uint8_t bytes[SEALING_KEY_BYTES];
};
struct sealing_keys {
    json_t *sign;    /* the desk's private ES256 JWK */
    json_t *decrypt; /* its private ECDH-ES JWKs, a list; empty: reports cannot be opened */
    struct sealing_secret secrets[SEALING_SECRETS_MAX];
    size_t secret_count;
};
/* `secrets`: 64 hex digits a line. `decrypt`: a JWK, a JWK set, or nothing. */
enum verdict sealing_keys_load(const char *sign, const char *decrypt, const char *secrets,
                               struct sealing_keys *ret_keys, struct why *why);

/* The secret of this id (NULL: the one that seals now); NULL where it is not known any more. */
const struct sealing_secret *sealing_secret_find(const struct sealing_keys *keys, const char *id);
/* HKDF-SHA256 (RFC 5869) of the secret with hand-over id ‖ SHA-256 of the manifest: other content, other key. */
void sealing_derive(const struct sealing_secret *secret, const char *handover,
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
/* A part of a report: its clear bytes, and what its protected header says. */
enum verdict sealing_open(const struct sealing_keys *keys, struct bytes jwe, struct buf *ret_clear,
                          json_t **ret_header, struct why *why);
