/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/drafts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "kakekomi:draft:"
#define DESK_INDEX "kakekomi:drafts"
#define USED_PREFIX "kakekomi:draft-used:" /* id → the case that it became, for a day */
#define USED_KEPT_MS "86400000"
#define FIELDS "'version', 'owner', 'created', 'company', 'taken_from', 'taken_at', 'case'"
enum { VERSION, OWNER, CREATED, COMPANY, TAKEN_FROM, TAKEN_AT, CASE, FIELD_COUNT };

/* Of the indexes the score is the version, hence the time of the last write. An operator's index counts for his limit only. */
static const char *const put_script =
    "redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[6]) "
    "redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[6]) "
    "local have = redis.call('HGET', KEYS[1], 'version') "
    "local owner = redis.call('HGET', KEYS[1], 'owner') "
    "local want, me, version = ARGV[1], ARGV[7], ARGV[2] "
    "local named = want ~= 'any' and want ~= 'none' and want ~= 'some' "
    "if (want == 'none' and have) or (want == 'some' and not have) or (named and want ~= have) "
    "then return 'changed' end "
    "if have and owner ~= me and not named then return 'theirs' end "
    "if owner ~= me and redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[9]) "
    "then return 'many' end "
    "if not have and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[10]) then return 'many' end "
    "if have and tonumber(version) <= tonumber(have) then "
    " version = string.format('%.0f', tonumber(have) + 1) end "
    "redis.call('HSET', KEYS[1], 'version', version, 'body', ARGV[3], 'owner', me, "
    " 'company', ARGV[8], 'written:' .. me, version) "
    "if not have then "
    " redis.call('HSET', KEYS[1], 'created', version) "
    " redis.call('DEL', '" USED_PREFIX "' .. ARGV[5]) "
    "end "
    "if have and owner ~= me then "
    " redis.call('HSET', KEYS[1], 'taken_from', owner, 'taken_at', version) "
    " redis.call('ZREM', KEYS[2] .. ':' .. owner, ARGV[5]) "
    "end "
    "redis.call('PEXPIRE', KEYS[1], ARGV[4]) "
    "for i = 2, 3 do "
    " redis.call('ZADD', KEYS[i], version, ARGV[5]) redis.call('PEXPIRE', KEYS[i], ARGV[4]) "
    "end "
    "return redis.call('HMGET', KEYS[1], " FIELDS ")";

/* Whoever deletes by name owns it. What was opened is deleted for the case that it became, unless others have written to it
 * since this operator's first try: that is in no case, whoever has the draft now. */
static const char *const delete_script =
    "local owner, case = redis.call('HGET', KEYS[1], 'owner'), redis.call('HGET', KEYS[1], 'case') "
    "local me, of = ARGV[2], ARGV[3] "
    "if not owner or (of ~= '' and case and case ~= of) then return 0 end "
    "if of == '' and owner ~= me then return -1 end "
    "local tried = of ~= '' and tonumber(redis.call('HGET', KEYS[1], 'tried:' .. me) or '') "
    "for _, name in ipairs(tried and redis.call('HKEYS', KEYS[1]) or {}) do "
    " if string.sub(name, 1, 8) == 'written:' and name ~= 'written:' .. me "
    "  and tonumber(redis.call('HGET', KEYS[1], name)) > tried then return -1 end "
    "end "
    "if of ~= '' then "
    " redis.call('SET', '" USED_PREFIX "' .. ARGV[1], of, 'PX', " USED_KEPT_MS ") "
    "end "
    "redis.call('ZREM', KEYS[2], ARGV[1]) "
    "redis.call('ZREM', '" DESK_INDEX ":' .. owner, ARGV[1]) "
    "return redis.call('DEL', KEYS[1])";

static const char *const list_script =
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1]) "
    "local found = {} "
    "for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do "
    " local fields = redis.call('HMGET', '" PREFIX "' .. id, " FIELDS ") "
    " if fields[1] then found[#found + 1] = id found[#found + 1] = fields end "
    "end return found";

static const char *const claim_script =
    "if redis.call('EXISTS', KEYS[1]) == 0 then "
    " return redis.call('GET', '" USED_PREFIX "' .. ARGV[2]) or '' "
    "end "
    "redis.call('HSETNX', KEYS[1], 'case', ARGV[1]) "
    "redis.call('HSETNX', KEYS[1], 'tried:' .. ARGV[3], redis.call('HGET', KEYS[1], 'version')) "
    "return redis.call('HGET', KEYS[1], 'case')";

static char *draft_key(const char *id)
{
    return mem_printf(PREFIX "%s", id);
}

static void copy_text(char *ret_text, size_t size, struct bytes text)
{
    snprintf(ret_text, size, "%.*s", (int)text.length, text.data ? (const char *)text.data : "");
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

static struct bytes field(const struct redis_reply *fields, size_t place)
{
    return redis_reply_text(redis_reply_item(fields, place));
}

static void read_fields(const struct redis_reply *fields, struct draft *ret_draft)
{
    ret_draft->version = number_of(field(fields, VERSION));
    ret_draft->created_us = number_of(field(fields, CREATED));
    ret_draft->taken_us = number_of(field(fields, TAKEN_AT));
    copy_text(ret_draft->owner, sizeof ret_draft->owner, field(fields, OWNER));
    copy_text(ret_draft->company, sizeof ret_draft->company, field(fields, COMPANY));
    copy_text(ret_draft->taken_from, sizeof ret_draft->taken_from, field(fields, TAKEN_FROM));
    copy_text(ret_draft->case_id, sizeof ret_draft->case_id, field(fields, CASE));
}

static enum draft_outcome outcome_of(struct bytes word)
{
    return bytes_equal_text(word, "changed")  ? DRAFT_CHANGED
           : bytes_equal_text(word, "theirs") ? DRAFT_THEIRS
           : bytes_equal_text(word, "many")   ? DRAFT_TOO_MANY
                                              : DRAFT_STORED;
}

enum verdict draft_put(struct redis *redis, const char *operator, const char * id,
                       struct bytes body, struct bytes company, const char *expected,
                       int64_t now_us, enum draft_outcome *ret_outcome, struct draft *ret_draft,
                       struct why *why)
{
    char version[24], kept[24], oldest[24];
    CLEANUP(mem_free) char *key = draft_key(id);
    CLEANUP(mem_free) char *own = mem_printf(DESK_INDEX ":%s", operator);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    snprintf(version, sizeof version, "%" PRId64, now_us);
    snprintf(kept, sizeof kept, "%lld", DRAFT_KEPT_MS);
    write_oldest(now_us, oldest);
    struct bytes arguments[] = {bytes_of("EVAL"),
                                bytes_of(put_script),
                                bytes_of("3"),
                                bytes_of(key),
                                bytes_of(DESK_INDEX),
                                bytes_of(own),
                                bytes_of(expected),
                                bytes_of(version),
                                body,
                                bytes_of(kept),
                                bytes_of(id),
                                bytes_of(oldest),
                                bytes_of(operator),
                                company,
                                bytes_of(TO_TEXT(DRAFTS_PER_OPERATOR_MAX)),
                                bytes_of(TO_TEXT(DRAFTS_MAX))};
    enum verdict verdict = redis_call(redis, arguments, COUNT_OF(arguments), &reply, why);
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_outcome = outcome_of(redis_reply_text(reply));
    snprintf(ret_draft->id, sizeof ret_draft->id, "%s", id);
    read_fields(reply, ret_draft);
    return VERDICT_OK;
}

enum verdict draft_get(struct redis *redis, const char *id, struct buf *ret_body,
                       struct draft *ret_draft, struct why *why)
{
    CLEANUP(mem_free) char *key = draft_key(id);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "HMGET", key, "version", "owner", "created", "company",
                  "taken_from", "taken_at", "case", "body");
    if (verdict != VERDICT_OK)
        return verdict;
    struct bytes body = field(reply, FIELD_COUNT);
    snprintf(ret_draft->id, sizeof ret_draft->id, "%s", id);
    read_fields(reply, ret_draft);
    if (ret_draft->version)
        buf_add(ret_body, body.data, body.length);
    return VERDICT_OK;
}

static enum verdict erase(struct redis *redis, const char *id, const char *operator,
                          const char * case_id, int64_t *ret_answer, struct why *why)
{
    CLEANUP(mem_free) char *key = draft_key(id);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", delete_script, "2", key,
                                     DESK_INDEX, id, operator, case_id);
    if (verdict == VERDICT_OK)
        *ret_answer = redis_reply_integer(reply);
    return verdict;
}

enum verdict draft_delete(struct redis *redis, const char *operator, const char * id,
                          enum draft_outcome *ret_outcome, struct why *why)
{
    int64_t answer = 0;
    enum verdict verdict = erase(redis, id, operator, "", &answer, why);
    *ret_outcome = answer > 0 ? DRAFT_STORED : answer < 0 ? DRAFT_THEIRS : DRAFT_CHANGED;
    return verdict;
}

enum verdict draft_drop(struct redis *redis, const char *operator, const char * id,
                        const char *case_id, struct why *why)
{
    int64_t answer;
    return erase(redis, id, operator, case_id, &answer, why);
}

enum verdict draft_list(struct redis *redis, int64_t now_us, struct draft **ret_drafts,
                        size_t *ret_count, struct why *why)
{
    char oldest[24];
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    write_oldest(now_us, oldest);
    enum verdict verdict =
        redis_ask(redis, &reply, why, "EVAL", list_script, "1", DESK_INDEX, oldest);
    if (verdict != VERDICT_OK)
        return verdict;
    size_t count = redis_reply_count(reply) / 2;
    struct draft *drafts = mem_alloc((count + 1) * sizeof *drafts);
    for (size_t i = 0; i < count; i++) {
        copy_text(drafts[i].id, sizeof drafts[i].id, field(reply, 2 * i));
        read_fields(redis_reply_item(reply, 2 * i + 1), &drafts[i]);
    }
    *ret_drafts = drafts;
    *ret_count = count;
    return VERDICT_OK;
}

enum verdict draft_claim(struct redis *redis, const char *operator, const char * id,
                         const char *case_id, char ret_case_id[IDS_UUID_SIZE], struct why *why)
{
    CLEANUP(mem_free) char *key = draft_key(id);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "EVAL", claim_script, "1", key, case_id, id, operator);
    if (verdict == VERDICT_OK)
        copy_text(ret_case_id, IDS_UUID_SIZE, redis_reply_text(reply));
    return verdict;
}
