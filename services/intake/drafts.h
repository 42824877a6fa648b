/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: calls in progress: what an operator has typed before the case is opened, in Redis.
 * Ownership: bodies are copied into the caller's buffer. Threads: any; each call waits for Redis (redis.h).
 * Errors: RETRY while Redis is away. A version that is not the expected one is an outcome, not an error.
 * Limits: 160 KiB a draft, 50 drafts per operator, kept 7 days after the last write.
 */
#include "services/intake/redis.h"

#define DRAFT_BYTES_MAX (160 * 1024)
#define DRAFTS_PER_OPERATOR_MAX 50
#define DRAFT_KEPT_MS (7 * 24 * 3600 * 1000LL)

enum draft_outcome { DRAFT_STORED, DRAFT_CHANGED, DRAFT_TOO_MANY };

/* What the caller knows of the draft: nothing, that there must be none, that there must be one, or its version. */
#define DRAFT_ANY "any"
#define DRAFT_NONE "none"
#define DRAFT_SOME "some"

/* The version only grows, also over a deletion: microseconds of the write. */
enum verdict draft_put(struct redis *redis, const char *operator, const char * id,
                       struct bytes body, const char *expected, int64_t now_us,
                       enum draft_outcome *ret_outcome, int64_t *ret_version, struct why *why);
/* A draft that does not exist leaves *ret_version at 0. */
enum verdict draft_get(struct redis *redis, const char *operator, const char * id,
                       struct buf *ret_body, int64_t *ret_version, struct why *why);
enum verdict draft_delete(struct redis *redis, const char *operator, const char * id,
                          bool *ret_found, struct why *why);

struct draft_entry {
    char id[65];
    int64_t version;
};
/* The last written first. */
enum verdict draft_list(struct redis *redis, const char *operator, int64_t now_us,
                        struct draft_entry ret_entries[DRAFTS_PER_OPERATOR_MAX], size_t *ret_count,
                        struct why *why);
