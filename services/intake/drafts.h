/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: calls in progress: what an operator has typed before the case is opened, in Redis. A draft belongs to one operator; a
 * colleague takes it over by naming the version that he has seen, so that nobody overwrites what he has not read.
 * A draft that is being opened bears the id of its case, which derives from its own (open_case.c).
 * Ownership: bodies are copied into the caller's buffer, lists belong to the caller. Threads: any; each call waits for Redis
 * (redis.h). Errors: RETRY while Redis is away. A version that is not the expected one is an outcome, not an error.
 * Limits: 160 KiB a draft, 50 drafts per operator, 500 at the desk, kept 7 days after the last write.
 */
#include "common/ids.h"
#include "services/intake/redis.h"

#define DRAFT_BYTES_MAX (160 * 1024)
#define DRAFTS_PER_OPERATOR_MAX 50
#define DRAFTS_MAX 500
#define DRAFT_KEPT_MS (7 * 24 * 3600 * 1000LL)

enum draft_outcome { DRAFT_STORED, DRAFT_CHANGED, DRAFT_THEIRS, DRAFT_TOO_MANY };

/* What the caller knows of the draft: nothing, that there must be none, that there must be one, or its version. */
#define DRAFT_ANY "any"
#define DRAFT_NONE "none"
#define DRAFT_SOME "some"

struct draft {
    char id[65];
    int64_t
        version; /* only grows, also over a deletion: microseconds of the write; 0: there is none */
    int64_t created_us; /* the version of its first write */
    char owner[64];
    char company[201]; /* "" if not said yet */
    char taken_from[64];
    int64_t taken_us;            /* 0: never taken over */
    char case_id[IDS_UUID_SIZE]; /* "" unless it is being opened, or was */
};

/* THEIRS: it belongs to somebody else, and no version of it was named. */
enum verdict draft_put(struct redis *redis, const char *operator, const char * id,
                       struct bytes body, struct bytes company, const char *expected,
                       int64_t now_us, enum draft_outcome *ret_outcome, struct draft *ret_draft,
                       struct why *why);
enum verdict draft_get(struct redis *redis, const char *id, struct buf *ret_body,
                       struct draft *ret_draft, struct why *why);
/* STORED: gone now. CHANGED: there was none. */
enum verdict draft_delete(struct redis *redis, const char *operator, const char * id,
                          enum draft_outcome *ret_outcome, struct why *why);
/* The last written first; at most DRAFTS_MAX, freed by the caller. */
enum verdict draft_list(struct redis *redis, int64_t now_us, struct draft **ret_drafts,
                        size_t *ret_count, struct why *why);

/* The case that this draft becomes: `case_id`, or the one that was named before. "" where there is no such draft. */
enum verdict draft_claim(struct redis *redis, const char *operator, const char * id,
                         const char *case_id, char ret_case_id[IDS_UUID_SIZE], struct why *why);
/* It has become this case, opened by this operator. A draft that became another one stays, and so does one to
 * which others have written since this operator first claimed it. */
enum verdict draft_drop(struct redis *redis, const char *operator, const char * id,
                        const char *case_id, struct why *why);
