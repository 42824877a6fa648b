/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: when API tokens were used last, beyond this process: in Redis, a key for each token.
 * Ownership: results are the caller's. Threads: any; each call waits for Redis.
 * Errors: RETRY while Redis is away; what could not be kept is kept by the next call.
 * Limits: to the minute; forgotten after 400 days, and with Redis.
 * SECURITY: the key is a part of SHA-256(token), which the operators file has too: of 256 random bits it tells nothing.
 */
#include "services/intake/operators.h"
#include "services/intake/redis.h"

enum verdict token_uses_keep(struct redis *redis, const struct operator_list *list,
                             struct why *why);
/* Of every token, operator after operator as they stand in the list; 0: not known to have been used. While Redis is away:
 * what this process knows. Freed by the caller. */
enum verdict token_uses_find(struct redis *redis, const struct operator_list *list,
                             int64_t **ret_used_us, struct why *why);
