/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who looks at a case and who is editing it, in Redis: said again every few seconds, else it ends by itself. Each change
 * goes onto a short stream, from which every intake tells its listeners.
 * Ownership: lists go into the caller's arrays. Threads: any; each call waits for Redis (redis.h). Errors: RETRY while Redis is away.
 * Limits: 30 s; 50 operators a case, 50 cases an operator, 1,000 changes on the stream, kept an hour.
 */
#include "common/ids.h"
#include "services/intake/redis.h"

#define PRESENCE_KEPT_MS 30000
#define PRESENT_MAX 50
#define PRESENCE_CHANGES_MAX 100

struct present {
    char operator[64];
    const char *doing; /* "viewing" or "editing" */
    int64_t until_us;
};
/* doing NULL: has left. What is said last counts, of an operator with several windows too. *ret_taken false: too many. */
enum verdict presence_say(struct redis *redis, const char *case_id, const char *operator,
                          const char * doing, int64_t now_us, bool *ret_taken,
                          struct present ret_present[PRESENT_MAX], size_t *ret_count,
                          struct why *why);
enum verdict presence_ask(struct redis *redis, const char *case_id, int64_t now_us,
                          struct present ret_present[PRESENT_MAX], size_t *ret_count,
                          struct why *why);

struct presence_change {
    char case_id[IDS_UUID_SIZE], operator[64];
    const char *doing; /* "viewing", "editing" or "left" */
};
/* The changes after `place`, which moves on; an empty one begins at the end. */
enum verdict presence_changes(struct redis *redis, char place[48],
                              struct presence_change ret_changes[PRESENCE_CHANGES_MAX],
                              size_t *ret_count, struct why *why);
