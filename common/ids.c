/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ids.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- SHA-256 ------------------------------------------------------------------------------------------------------------------- */

/* OpenSSL's uses the processor's own instructions where it has them, libsodium's never: a quarter of what opening a case cost
 * was hashing. Fetched once, because every implicit fetch takes a lock. */
static EVP_MD *algorithm;

static void need(bool done)
{
    if (done)
        return;
    fputs("SHA-256: not available\n", stderr); /* the library is broken, or memory is out */
    abort();
}

static void fetch_algorithm(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    need(algorithm);
}

/* One that has served waits in its thread for the next hash, so that a short text costs no more than its hash. */
static pthread_key_t spare;

static void free_spare(void *context)
{
    EVP_MD_CTX_free(context);
}

static void prepare(void)
{
    fetch_algorithm();
    need(pthread_key_create(&spare, free_spare) == 0);
}

struct ids_sha256_state *ids_sha256_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    EVP_MD_CTX *context = pthread_getspecific(spare);
    if (context)
        pthread_setspecific(spare, NULL);
    else
        context = EVP_MD_CTX_new();
    need(context && EVP_DigestInit_ex2(context, algorithm, NULL));
    return (struct ids_sha256_state *)context; /* the type is a name alone */
}

static EVP_MD_CTX *context_of(struct ids_sha256_state *state)
{
    return (EVP_MD_CTX *)state;
}

void ids_sha256_add(struct ids_sha256_state *state, const void *data, size_t length)
{
    need(EVP_DigestUpdate(context_of(state), data, length));
}

void ids_sha256_add_with_length(struct ids_sha256_state *state, struct bytes part)
{
    uint8_t length[4] = {(uint8_t)(part.length >> 24), (uint8_t)(part.length >> 16),
                         (uint8_t)(part.length >> 8), (uint8_t)part.length};
    ids_sha256_add(state, length, sizeof length);
    ids_sha256_add(state, part.data, part.length);
}

/* One that has ended holds nothing of what was hashed any more; one that is dropped before that is cleared. */
static void finish(struct ids_sha256_state *state, uint8_t ret_hash[IDS_SHA256_SIZE])
{
    need(EVP_DigestFinal_ex(context_of(state), ret_hash, NULL));
    if (pthread_getspecific(spare) || pthread_setspecific(spare, state) != 0)
        ids_sha256_drop(state);
}

void ids_sha256_end(struct ids_sha256_state *state, char ret_hex[IDS_SHA256_TEXT_SIZE])
{
    uint8_t digest[IDS_SHA256_SIZE];
    finish(state, digest);
    hex_encode(digest, sizeof digest, ret_hex);
}

void ids_sha256_drop(struct ids_sha256_state *state)
{
    EVP_MD_CTX_free(context_of(state));
}

void ids_sha256(const void *data, size_t length, uint8_t ret_hash[IDS_SHA256_SIZE])
{
    struct ids_sha256_state *state = ids_sha256_begin();
    ids_sha256_add(state, data, length);
    finish(state, ret_hash);
}

void ids_sha256_text(const void *data, size_t length, char ret_hex[IDS_SHA256_TEXT_SIZE])
{
    uint8_t digest[IDS_SHA256_SIZE];
    ids_sha256(data, length, digest);
    hex_encode(digest, sizeof digest, ret_hex);
}

void ids_hmac_sha256(struct bytes key, struct bytes message, uint8_t ret_mac[IDS_SHA256_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data, key.length);
    crypto_auth_hmacsha256_update(&state, message.data, message.length);
    crypto_auth_hmacsha256_final(&state, ret_mac);
}

/* --- UUIDs --------------------------------------------------------------------------------------------------------------------- */

static void uuid_write(uint8_t bytes[16], unsigned version, char ret_uuid[IDS_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *ret_uuid++ = '-';
        *ret_uuid++ = digits[bytes[i] >> 4];
        *ret_uuid++ = digits[bytes[i] & 15];
    }
    *ret_uuid = '\0';
}

/* Random bytes, asked of the kernel many at a time; each is given once. */
static void take_random(uint8_t *ret_bytes, size_t count)
{
    static _Thread_local uint8_t pool[512];
    static _Thread_local size_t left;
    assert(count <= sizeof pool);
    if (left < count) {
        randombytes_buf(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= count;
    memcpy(ret_bytes, pool + left, count);
    sodium_memzero(pool + left, count);
}

void ids_uuid7(int64_t now_us, char ret_uuid[IDS_UUID_SIZE])
{
    uint8_t bytes[16];
    uint64_t milliseconds = (uint64_t)(now_us / 1000);
    take_random(bytes + 6, sizeof bytes - 6);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    uuid_write(bytes, 7, ret_uuid);
}

void ids_uuid8(const struct bytes *parts, size_t count, char ret_uuid[IDS_UUID_SIZE])
{
    uint8_t digest[IDS_SHA256_SIZE];
    struct ids_sha256_state *state = ids_sha256_begin();
    for (size_t i = 0; i < count; i++)
        ids_sha256_add_with_length(state, parts[i]);
    finish(state, digest);
    uuid_write(digest, 8, ret_uuid);
}

bool ids_is_uuid(const char *text)
{
    if (strlen(text) != IDS_UUID_SIZE - 1)
        return false;
    for (int i = 0; i < IDS_UUID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

/* --- the case number ------------------------------------------------------------------------------------------------------------ */

/*
 * Crockford's alphabet has no I, L, O, U. His own check is the value modulo 37, for which he needs signs that nobody can
 * say; modulo 31 would be blind to what changed places, 32 being 1 there. So the characters count as the elements of
 * GF(32), from right to left times 1, a, a^2 …, with a a root of x^5 + x^2 + 1, whose powers up to 30 are all different:
 * with the check character they add up to nothing, and one wrong character or any two that changed places do not.
 */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define NUMBER_DIGITS 9

static unsigned times_a(unsigned element)
{
    return element << 1 ^ (element & 16 ? 0x25 : 0);
}

static char check_character(uint64_t value)
{
    unsigned sum = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++)
        sum = times_a(sum ^ (value >> (5 * (NUMBER_DIGITS - 1 - i)) & 31));
    return alphabet[sum];
}

void ids_case_number(const char *case_id, char ret_number[IDS_CASE_NUMBER_SIZE])
{
    uint8_t digest[IDS_SHA256_SIZE];
    ids_sha256(case_id, strlen(case_id), digest);
    uint64_t value = 0;
    for (int i = 0; i < 6; i++)
        value = value << 8 | digest[i];
    value >>= 3; /* 45 bits: nine characters */
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        *ret_number++ = alphabet[value >> (40 - 5 * i) & 31];
        if (i % 3 == 2)
            *ret_number++ = '-';
    }
    *ret_number++ = check_character(value);
    *ret_number = '\0';
}

bool ids_case_number_is_sound(const char *text)
{
    uint64_t value = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        const char *place = text[i] ? strchr(alphabet, toupper((unsigned char)text[i])) : NULL;
        if (!place)
            return false;
        value = value << 5 | (uint64_t)(place - alphabet);
    }
    return toupper((unsigned char)text[NUMBER_DIGITS]) == check_character(value) &&
           text[NUMBER_DIGITS + 1] == '\0';
}

void ids_random(void *ret_data, size_t length)
{
    randombytes_buf(ret_data, length);
}
