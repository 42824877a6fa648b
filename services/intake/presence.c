/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/presence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM "kakekomi:presence"
#define CHANGES_KEPT "1000"
#define STREAM_KEPT_MS "3600000"

/* Of a case's set the members are "<doing> <operator>", of an operator's the cases; the scores are the ends. */
static const char *const say_script =
    "for i = 1, 2 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[1]) end "
    "local ends = string.format('%.0f', ARGV[1] + ARGV[2]) "
    "local me, doing, case, was = ARGV[3], ARGV[4], ARGV[5], '' "
    "for _, word in ipairs({'viewing', 'editing'}) do "
    " if redis.call('ZSCORE', KEYS[1], word .. ' ' .. me) then was = word end "
    "end "
    "if doing ~= '' and was == '' and (redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) "
    " or redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6])) then return 'many' end "
    "if was ~= '' and was ~= doing then redis.call('ZREM', KEYS[1], was .. ' ' .. me) end "
    "if doing ~= '' then "
    " redis.call('ZADD', KEYS[1], ends, doing .. ' ' .. me) "
    " redis.call('ZADD', KEYS[2], ends, case) "
    " for i = 1, 2 do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end "
    "else redis.call('ZREM', KEYS[2], case) end "
    "if was ~= doing then "
    " redis.call('XADD', KEYS[3], 'MAXLEN', " CHANGES_KEPT ", '*', 'case', case, 'operator', me, "
    "  'doing', doing == '' and 'left' or doing) "
    " redis.call('PEXPIRE', KEYS[3], " STREAM_KEPT_MS ") "
    "end "
    "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')";

static char *case_key(const char *case_id)
{
    return mem_printf("kakekomi:presence:%s", case_id);
}

static const char *word_of(struct bytes text)
{
    static const char *const words[] = {"viewing", "editing", "left"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (bytes_equal_text(text, words[i]))
            return words[i];
    return "left";
}

static void copy_text(char *ret_text, size_t size, struct bytes text)
{
    snprintf(ret_text, size, "%.*s", (int)text.length, text.data ? (const char *)text.data : "");
}

static int64_t number_of(struct bytes text)
{
    char digits[24] = "";
    copy_text(digits, sizeof digits, text);
    return strtoll(digits, NULL, 10);
}

/* "<doing> <operator>" and its end, in turn. */
static void read_present(const struct redis_reply *reply, int64_t now_us,
                         struct present ret_present[PRESENT_MAX], size_t *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; i + 1 < redis_reply_count(reply) && *ret_count < PRESENT_MAX; i += 2) {
        struct present *present = &ret_present[*ret_count];
        struct bytes member = redis_reply_text(redis_reply_item(reply, i));
        const char *space = member.data ? memchr(member.data, ' ', member.length) : NULL;
        if (!space)
            continue;
        size_t word = (size_t)(space - (const char *)member.data);
        present->doing = word_of((struct bytes){.data = member.data, .length = word});
        copy_text(present->operator, sizeof present->operator,(struct bytes){
                      .data = space + 1, .length = member.length - word - 1});
        present->until_us = number_of(redis_reply_text(redis_reply_item(reply, i + 1))) * 1000;
        *ret_count += present->until_us > now_us;
    }
}

enum verdict presence_say(struct redis *redis, const char *case_id, const char *operator,
                          const char * doing, int64_t now_us, bool *ret_taken,
                          struct present ret_present[PRESENT_MAX], size_t *ret_count,
                          struct why *why)
{
    char now[24];
    CLEANUP(mem_free) char *key = case_key(case_id);
    CLEANUP(mem_free) char *own = mem_printf("kakekomi:present:%s", operator);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    snprintf(now, sizeof now, "%" PRId64, now_us / 1000);
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", say_script, "3", key, own, STREAM,
                                     now, TO_TEXT(PRESENCE_KEPT_MS), operator, doing ? doing : "",
                                     case_id, TO_TEXT(PRESENT_MAX));
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_taken = !redis_reply_text(reply).data;
    read_present(reply, now_us, ret_present, ret_count);
    return VERDICT_OK;
}

enum verdict presence_ask(struct redis *redis, const char *case_id, int64_t now_us,
                          struct present ret_present[PRESENT_MAX], size_t *ret_count,
                          struct why *why)
{
    CLEANUP(mem_free) char *key = case_key(case_id);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict = redis_ask(redis, &reply, why, "ZRANGE", key, "0", "-1", "WITHSCORES");
    if (verdict == VERDICT_OK)
        read_present(reply, now_us, ret_present, ret_count);
    return verdict;
}

/* --- the stream ----------------------------------------------------------------------------------------------------- */

static enum verdict begin_at_end(struct redis *redis, char place[48], struct why *why)
{
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "XREVRANGE", STREAM, "+", "-", "COUNT", "1");
    if (verdict != VERDICT_OK)
        return verdict;
    copy_text(place, 48, redis_reply_text(redis_reply_item(redis_reply_item(reply, 0), 0)));
    if (!*place)
        snprintf(place, 48, "0-0");
    return VERDICT_OK;
}

/* [id, ["case", …, "operator", …, "doing", …]] */
static void read_change(const struct redis_reply *entry, char place[48],
                        struct presence_change *ret_change)
{
    const struct redis_reply *fields = redis_reply_item(entry, 1);
    copy_text(place, 48, redis_reply_text(redis_reply_item(entry, 0)));
    copy_text(ret_change->case_id, sizeof ret_change->case_id,
              redis_reply_text(redis_reply_item(fields, 1)));
    copy_text(ret_change->operator, sizeof ret_change->operator,
              redis_reply_text(redis_reply_item(fields, 3)));
    ret_change->doing = word_of(redis_reply_text(redis_reply_item(fields, 5)));
}

enum verdict presence_changes(struct redis *redis, char place[48],
                              struct presence_change ret_changes[PRESENCE_CHANGES_MAX],
                              size_t *ret_count, struct why *why)
{
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    *ret_count = 0;
    if (!*place)
        return begin_at_end(redis, place, why);
    enum verdict verdict = redis_ask(redis, &reply, why, "XREAD", "COUNT",
                                     TO_TEXT(PRESENCE_CHANGES_MAX), "STREAMS", STREAM, place);
    if (verdict != VERDICT_OK)
        return verdict;
    /* One stream was asked: [[its name, its entries]], or nothing. */
    const struct redis_reply *entries = redis_reply_item(redis_reply_item(reply, 0), 1);
    for (size_t i = 0; i < redis_reply_count(entries) && i < PRESENCE_CHANGES_MAX; i++)
        read_change(redis_reply_item(entries, i), place, &ret_changes[(*ret_count)++]);
    return VERDICT_OK;
}
