/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: commands to one Redis (6.2 or newer) over a few connections that are made again after any error.
 * hiredis is included by redis.c only.
 * Ownership: a reply belongs to the caller. Threads: any; a call blocks for at most about a second.
 * Errors: FATAL for an address that cannot be used; RETRY while Redis cannot be reached or refuses to work. After a
 * failure calls fail at once, while a thread of its own tries again every second: a Redis that is away or hangs stalls
 * those who asked it first, once. One that answers so slowly that everybody would stand still with it (200 ms, four
 * times in a row) counts as away, until it is quick again.
 * Limits: 4 connections, 500 ms to connect, 500 ms per command, 16 arguments.
 * SECURITY: redis:// is clear text; rediss:// checks the server's certificate and is refused where hiredis cannot (< 1.0).
 */
#include "common/verdict.h"

struct redis;
struct redis_reply;

/* redis[s]://[[user][:password]@]host[:port][/database]; ca_file NULL: the system's. Connects with the first call only. */
enum verdict redis_open(const char *url, const char *ca_file, struct redis **ret_redis,
                        struct why *why);
void redis_close(struct redis *redis);

enum verdict redis_call(struct redis *redis, const struct bytes *arguments, size_t count,
                        struct redis_reply **ret_reply, struct why *why);
/* All arguments as texts. */
#define redis_ask(redis, ret_reply, why, ...)                                                      \
    ({                                                                                             \
        const char *const texts_[] = {__VA_ARGS__};                                                \
        redis_call_texts(redis, texts_, COUNT_OF(texts_), ret_reply, why);                         \
    })
enum verdict redis_call_texts(struct redis *redis, const char *const *arguments, size_t count,
                              struct redis_reply **ret_reply, struct why *why);
void redis_reply_free(struct redis_reply **reply); /* for CLEANUP */

/* What is not of the asked kind reads as nothing: NULL data, 0, no items. */
struct bytes redis_reply_text(const struct redis_reply *reply);
int64_t redis_reply_integer(const struct redis_reply *reply);
size_t redis_reply_count(const struct redis_reply *reply);
const struct redis_reply *redis_reply_item(const struct redis_reply *reply, size_t index);
