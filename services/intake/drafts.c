/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/drafts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TO_TEXT_(value) #value
#define TO_TEXT(value) TO_TEXT_(value)

/* The score of a draft in its operator's index is its version, hence the time of the last write. */
static const char *const put_script =
    "redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[6]) "
    "local have = redis.call('HGET', KEYS[1], 'version') "
    "local want = ARGV[1] "
    "if (want == 'none' and have) or (want == 'some' and not have) then return 'changed' end "
    "if want ~= 'any' and want ~= 'none' and want ~= 'some' and want ~= have then return 'changed' "
    "end "
    "if not have and redis.call('ZCARD', KEYS[2]) >= " TO_TEXT(
        DRAFTS_PER_OPERATOR_MAX) " then return 'many' end "
                                 "local version = ARGV[2] "
                                 "if have and tonumber(version) <= tonumber(have) then version = "
                                 "string.format('%.0f', tonumber(have) + 1) end "
                                 "redis.call('HSET', KEYS[1], 'version', version, 'body', ARGV[3]) "
                                 "redis.call('PEXPIRE', KEYS[1], ARGV[4]) "
                                 "redis.call('ZADD', KEYS[2], version, ARGV[5]) "
                                 "redis.call('PEXPIRE', KEYS[2], ARGV[4]) "
                                 "return version";

static const char *const delete_script =
    "redis.call('ZREM', KEYS[2], ARGV[1]) return redis.call('DEL', KEYS[1])";

static const char *const list_script =
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1]) "
    "return redis.call('ZREVRANGE', KEYS[1], 0, -1, 'WITHSCORES')";

static char *draft_key(const char *operator, const char * id)
{
    return mem_printf("kakekomi:draft:%s:%s", operator, id);
}

static char *index_key(const char *operator)
{
    return mem_printf("kakekomi:drafts:%s", operator);
}

static int64_t number_of(struct bytes text)
{
    char digits[24] = "";
    if (text.data && text.length < sizeof digits)
        memcpy(digits, text.data, text.length);
    return strtoll(digits, NULL, 10);
}

static void write_oldest(int64_t now_us, char ret_text[24])
{
    snprintf(ret_text, 24, "%lld", (long long)now_us - DRAFT_KEPT_MS * 1000);
}

enum verdict draft_put(struct redis *redis, const char *operator, const char * id,
                       struct bytes body, const char *expected, int64_t now_us,
                       enum draft_outcome *ret_outcome, int64_t *ret_version, struct why *why)
{
    char version[24], kept[24], oldest[24];
    CLEANUP(mem_free) char *key = draft_key(operator, id);
    CLEANUP(mem_free) char *index = index_key(operator);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    snprintf(version, sizeof version, "%" PRId64, now_us);
    snprintf(kept, sizeof kept, "%lld", DRAFT_KEPT_MS);
    write_oldest(now_us, oldest);
    struct bytes arguments[] = {
        bytes_of("EVAL"), bytes_of(put_script), bytes_of("2"),     bytes_of(key),
        bytes_of(index),  bytes_of(expected),   bytes_of(version), body,
        bytes_of(kept),   bytes_of(id),         bytes_of(oldest)};
    enum verdict verdict = redis_call(redis, arguments, COUNT_OF(arguments), &reply, why);
    if (verdict != VERDICT_OK)
        return verdict;
    struct bytes text = redis_reply_text(reply);
    *ret_outcome = bytes_equal_text(text, "changed") ? DRAFT_CHANGED
                   : bytes_equal_text(text, "many")  ? DRAFT_TOO_MANY
                                                     : DRAFT_STORED;
    if (*ret_outcome == DRAFT_STORED)
        *ret_version = number_of(text);
    return VERDICT_OK;
}

enum verdict draft_get(struct redis *redis, const char *operator, const char * id,
                       struct buf *ret_body, int64_t *ret_version, struct why *why)
{
    CLEANUP(mem_free) char *key = draft_key(operator, id);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict = redis_ask(redis, &reply, why, "HMGET", key, "version", "body");
    if (verdict != VERDICT_OK)
        return verdict;
    struct bytes body = redis_reply_text(redis_reply_item(reply, 1));
    *ret_version = number_of(redis_reply_text(redis_reply_item(reply, 0)));
    if (*ret_version)
        buf_add(ret_body, body.data, body.length);
    return VERDICT_OK;
}

enum verdict draft_delete(struct redis *redis, const char *operator, const char * id,
                          bool *ret_found, struct why *why)
{
    CLEANUP(mem_free) char *key = draft_key(operator, id);
    CLEANUP(mem_free) char *index = index_key(operator);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "EVAL", delete_script, "2", key, index, id);
    if (verdict == VERDICT_OK)
        *ret_found = redis_reply_integer(reply) > 0;
    return verdict;
}

enum verdict draft_list(struct redis *redis, const char *operator, int64_t now_us,
                        struct draft_entry ret_entries[DRAFTS_PER_OPERATOR_MAX], size_t *ret_count,
                        struct why *why)
{
    char oldest[24];
    CLEANUP(mem_free) char *index = index_key(operator);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    write_oldest(now_us, oldest);
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", list_script, "1", index, oldest);
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_count = 0;
    for (size_t i = 0; i + 1 < redis_reply_count(reply) && *ret_count < DRAFTS_PER_OPERATOR_MAX;
         i += 2) {
        struct draft_entry *entry = &ret_entries[(*ret_count)++];
        struct bytes id = redis_reply_text(redis_reply_item(reply, i));
        snprintf(entry->id, sizeof entry->id, "%.*s", (int)id.length, (const char *)id.data);
        entry->version = number_of(redis_reply_text(redis_reply_item(reply, i + 1)));
    }
    return VERDICT_OK;
}
