/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who is signed in, in Redis; and how often somebody tried to.
 * Ownership: a session is a value. Threads: any; each call waits for Redis (redis.h).
 * Errors: RETRY while Redis is away: the caller answers 503, never 401, because nobody knows whether the session exists.
 * Limits: 20 sessions per operator, the oldest goes; an idle and an absolute lifetime; 20 failed attempts per account and
 * 300 per address in 5 minutes.
 * SECURITY: Redis learns SHA-256(token) and the password's fingerprint only. The CSRF token is a hash of the token: who
 * does not have the cookie cannot make it, and nothing of it is stored. A changed password ends the sessions made with
 * the old one.
 */
#include "services/intake/operators.h"
#include "services/intake/redis.h"

#define SESSION_TOKEN_SIZE 44
#define SESSION_ADDRESS_SIZE 48
#define SESSION_STAMP_SIZE 17
#define SESSION_OPERATOR_SIZE 65
#define SESSIONS_PER_OPERATOR_MAX 20

struct session_limits {
    int64_t idle_ms_max;
    int64_t absolute_ms_max;
};

struct session {
    char id[IDS_UUID_SIZE];
    char operator[SESSION_OPERATOR_SIZE];
    char address[SESSION_ADDRESS_SIZE]; /* of the client that signed in */
    char stamp[SESSION_STAMP_SIZE];     /* of the password it was opened with */
    int64_t created_us;
    int64_t expires_us; /* the nearer of the idle and the absolute end */
    int64_t seen_us;    /* its last request; of a listed one */
};

enum verdict session_open(struct redis *redis, const struct session_limits *limits,
                          const struct operator* operator, const char * address, int64_t now_us,
                          char ret_token[SESSION_TOKEN_SIZE], struct session *ret_session,
                          struct why *why);
/* Looking at a session keeps it from idling out. */
enum verdict session_find(struct redis *redis, const struct session_limits *limits,
                          const char *token, int64_t now_us, struct session *ret_session,
                          bool *ret_found, struct why *why);
/* Of all these operators, one after the other. Freed by the caller. */
enum verdict session_list(struct redis *redis, const struct session_limits *limits,
                          const char *const *operators, size_t operator_count, int64_t now_us,
                          struct session **ret_sessions, size_t *ret_count, struct why *why);
/* A session of one of these operators; *ret_owner is "" where none of them has it. */
enum verdict session_end(struct redis *redis, const char *const *operators, size_t operator_count,
                         const char *id, char ret_owner[SESSION_OPERATOR_SIZE], struct why *why);

void session_csrf(const char *token, char ret_csrf[IDS_SHA256_TEXT_SIZE]);
void session_stamp(const struct operator* operator, char ret_stamp[SESSION_STAMP_SIZE]);

/* Counts an attempt before the password is looked at. `ret_wait_ms` is 0 where it may go on; `ret_locks`: it is the first
 * that may not. */
enum verdict session_attempt(struct redis *redis, const char *operator, const char * address,
                             int64_t *ret_wait_ms, bool *ret_locks, struct why *why);
/* The attempt was a good one: the account's count is forgotten, the address's taken back. */
enum verdict session_attempt_succeeded(struct redis *redis, const char *operator,
                                       const char * address, struct why *why);
