/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: random and derived identifiers, SHA-256, the case number that is read over the telephone.
 * Ownership: results go into the caller's arrays. Threads: any. Errors: none (a library without random or SHA-256 ends the process).
 * Limits and units: sizes below, the closing NUL included.
 */
#include "common/util.h"

#define IDS_UUID_SIZE 37
#define IDS_SHA256_SIZE 32
#define IDS_SHA256_TEXT_SIZE 65
#define IDS_CASE_NUMBER_SIZE 14

void ids_uuid7(int64_t now_us, char ret_uuid[IDS_UUID_SIZE]); /* RFC 9562 §5.7 */
/* UUIDv8 (RFC 9562 §5.8) of the SHA-256 over each part with its length as 4 bytes big-endian before it. */
void ids_uuid8(const struct bytes *parts, size_t count, char ret_uuid[IDS_UUID_SIZE]);
bool ids_is_uuid(const char *text); /* lower-case canonical form */

void ids_sha256(const void *data, size_t length, uint8_t ret_hash[IDS_SHA256_SIZE]);
void ids_sha256_text(const void *data, size_t length, char ret_hex[IDS_SHA256_TEXT_SIZE]);
/* RFC 2104 over SHA-256. */
void ids_hmac_sha256(struct bytes key, struct bytes message, uint8_t ret_mac[IDS_SHA256_SIZE]);
struct ids_sha256_state; /* for what comes in pieces */
struct ids_sha256_state *ids_sha256_begin(void);
void ids_sha256_add(struct ids_sha256_state *state, const void *data, size_t length);
/* The part's length as 4 bytes big-endian, then the part: as derived ids and the chain have them. */
void ids_sha256_add_with_length(struct ids_sha256_state *state, struct bytes part);
void ids_sha256_end(struct ids_sha256_state *state,
                    char ret_hex[IDS_SHA256_TEXT_SIZE]); /* frees it */
void ids_sha256_drop(struct ids_sha256_state *state);    /* NULL is fine */

/* "K4M-9QT-8ZR-T": 45 bits of SHA-256(case id) in Crockford's base 32 and a check character (contract §4). */
void ids_case_number(const char *case_id, char ret_number[IDS_CASE_NUMBER_SIZE]);
/* Ten characters without dashes, in any case, the last of which is the check character of the others. */
bool ids_case_number_is_sound(const char *text);
void ids_random(void *ret_data, size_t length);
