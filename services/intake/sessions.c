/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/sessions.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_PREFIX "kakekomi:session:"
#define INDEX_PREFIX "kakekomi:sessions:"
#define ATTEMPTS_WINDOW_MS "300000"
#define ATTEMPTS_PER_ACCOUNT_MAX "20"
#define ATTEMPTS_PER_ADDRESS_MAX "300"

static const char *const open_script =
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
    "redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4]) "
    "redis.call('PEXPIRE', KEYS[2], ARGV[5]) "
    "while redis.call('ZCARD', KEYS[2]) > " TO_TEXT(
        SESSIONS_PER_OPERATOR_MAX) " do "
                                   " local oldest = redis.call('ZPOPMIN', KEYS[2])[1] "
                                   " redis.call('DEL', '" SESSION_PREFIX
                                   "' .. string.sub(oldest, 38)) "
                                   "end return 1";

/* Operators as words of ARGV[1]. */
static const char *const list_script =
    "local found = {} "
    "for operator in string.gmatch(ARGV[1], '%S+') do "
    " local index = '" INDEX_PREFIX "' .. operator "
    " for _, member in ipairs(redis.call('ZRANGE', index, 0, -1)) do "
    "  local key = '" SESSION_PREFIX "' .. string.sub(member, 38) "
    "  local value = redis.call('GET', key) "
    "  if value then found[#found + 1] = value found[#found + 1] = redis.call('PTTL', key) "
    "  else redis.call('ZREM', index, member) end "
    " end "
    "end return found";

static const char *const end_script =
    "for operator in string.gmatch(ARGV[1], '%S+') do "
    " local index = '" INDEX_PREFIX "' .. operator "
    " for _, member in ipairs(redis.call('ZRANGE', index, 0, -1)) do "
    "  if string.sub(member, 1, 36) == ARGV[2] then "
    "   redis.call('ZREM', index, member) "
    "   if redis.call('DEL', '" SESSION_PREFIX "' .. string.sub(member, 38)) == 1 "
    "   then return operator end "
    "  end "
    " end "
    "end return ''";

/* How long to wait, and whether it is this attempt that was one too many. */
static const char *const attempt_script =
    "local wait, locks = 0, 0 "
    "for i = 1, 2 do "
    " local count = redis.call('INCR', KEYS[i]) "
    " if count == 1 then redis.call('PEXPIRE', KEYS[i], " ATTEMPTS_WINDOW_MS ") end "
    " if count > tonumber(ARGV[i]) then wait = math.max(wait, redis.call('PTTL', KEYS[i])) end "
    " if count == tonumber(ARGV[i]) + 1 then locks = 1 end "
    "end return {wait, locks}";

static const char *const success_script =
    "redis.call('DEL', KEYS[1]) if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', "
    "KEYS[2]) end return 1";

void session_csrf(const char *token, char ret_csrf[IDS_SHA256_TEXT_SIZE])
{
    CLEANUP(mem_free) char *text = mem_printf("kakekomi csrf %s", token);
    ids_sha256_text(text, strlen(text), ret_csrf);
}

void session_stamp(const struct operator* operator, char ret_stamp[SESSION_STAMP_SIZE])
{
    char hash[IDS_SHA256_TEXT_SIZE];
    const char *password = operator->password ? operator->password : "";
    ids_sha256_text(password, strlen(password), hash);
    snprintf(ret_stamp, SESSION_STAMP_SIZE, "%.16s", hash);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static char *session_key(const char *token, char ret_hash[IDS_SHA256_TEXT_SIZE])
{
    ids_sha256_text(token, strlen(token), ret_hash);
    return mem_printf(SESSION_PREFIX "%s", ret_hash);
}

/* --- one session -------------------------------------------------------------------------------------------------- */

static char *write_session(const struct session *session)
{
    json_auto_t *json = json_pack("{ss ss ss ss sI}", "id", session->id, "operator",
                                  session->operator, "address", session->address, "stamp",
                                  session->stamp, "created_us", (json_int_t)session->created_us);
    return json_dumps(json, JSON_COMPACT);
}

static void copy_text(char *ret_text, size_t size, const char *text)
{
    snprintf(ret_text, size, "%s", text);
}

/* What stands in Redis was written by write_session; anything else is as good as nothing. */
static bool read_session(struct bytes text, int64_t idle_end_us, int64_t absolute_ms,
                         struct session *ret_session)
{
    const char *id, *operator, * address, *stamp;
    json_int_t created_us;
    json_auto_t *json =
        text.data ? json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_unpack(json, "{ss ss ss ss sI}", "id", &id, "operator", &operator, "address", &address,
                    "stamp", &stamp, "created_us", &created_us) != 0)
        return false;
    copy_text(ret_session->id, sizeof ret_session->id, id);
    copy_text(ret_session->operator, sizeof ret_session->operator, operator);
    copy_text(ret_session->address, sizeof ret_session->address, address);
    copy_text(ret_session->stamp, sizeof ret_session->stamp, stamp);
    ret_session->created_us = created_us;
    ret_session->expires_us = earlier(idle_end_us, created_us + absolute_ms * 1000);
    return true;
}

static enum verdict store(struct redis *redis, const struct session_limits *limits,
                          const struct session *session, const char *token, struct why *why)
{
    char hash[IDS_SHA256_TEXT_SIZE], idle[24], absolute[24], created[24];
    CLEANUP(mem_free) char *key = session_key(token, hash);
    CLEANUP(mem_free) char *index = mem_printf(INDEX_PREFIX "%s", session->operator);
    CLEANUP(mem_free) char *value = write_session(session);
    CLEANUP(mem_free) char *member = mem_printf("%s %s", session->id, hash);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    snprintf(idle, sizeof idle, "%" PRId64, limits->idle_ms_max);
    snprintf(absolute, sizeof absolute, "%" PRId64, limits->absolute_ms_max);
    snprintf(created, sizeof created, "%" PRId64, session->created_us);
    return redis_ask(redis, &reply, why, "EVAL", open_script, "2", key, index, value, idle, created,
                     member, absolute);
}

enum verdict session_open(struct redis *redis, const struct session_limits *limits,
                          const struct operator* operator, const char * address, int64_t now_us,
                          char ret_token[SESSION_TOKEN_SIZE], struct session *ret_session,
                          struct why *why)
{
    uint8_t secret[32];
    struct session session = {.created_us = now_us};
    ids_random(secret, sizeof secret);
    CLEANUP(mem_free) char *token = base64url_encode(secret, sizeof secret);
    ids_uuid7(now_us, session.id);
    copy_text(session.operator, sizeof session.operator, operator->id);
    copy_text(session.address, sizeof session.address, address);
    session_stamp(operator, session.stamp);
    session.expires_us = now_us + earlier(limits->idle_ms_max, limits->absolute_ms_max) * 1000;
    enum verdict verdict = store(redis, limits, &session, token, why);
    if (verdict != VERDICT_OK)
        return verdict;
    copy_text(ret_token, SESSION_TOKEN_SIZE, token);
    *ret_session = session;
    return VERDICT_OK;
}

enum verdict session_find(struct redis *redis, const struct session_limits *limits,
                          const char *token, int64_t now_us, struct session *ret_session,
                          bool *ret_found, struct why *why)
{
    char hash[IDS_SHA256_TEXT_SIZE], idle[24];
    CLEANUP(mem_free) char *key = session_key(token, hash);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    snprintf(idle, sizeof idle, "%" PRId64, limits->idle_ms_max);
    enum verdict verdict = redis_ask(redis, &reply, why, "GETEX", key, "PX", idle);
    if (verdict != VERDICT_OK)
        return verdict;
    *ret_found = read_session(redis_reply_text(reply), now_us + limits->idle_ms_max * 1000,
                              limits->absolute_ms_max, ret_session) &&
                 ret_session->expires_us > now_us;
    return VERDICT_OK;
}

static char *words_of(const char *const *operators, size_t count)
{
    struct buf words;
    buf_init(&words, count * SESSION_OPERATOR_SIZE + 1);
    buf_add_text(&words, "");
    for (size_t i = 0; i < count; i++)
        buf_printf(&words, "%s ", operators[i]);
    return words.data;
}

enum verdict session_list(struct redis *redis, const struct session_limits *limits,
                          const char *const *operators, size_t operator_count, int64_t now_us,
                          struct session **ret_sessions, size_t *ret_count, struct why *why)
{
    CLEANUP(mem_free) char *words = words_of(operators, operator_count);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", list_script, "0", words);
    if (verdict != VERDICT_OK)
        return verdict;
    size_t count = 0;
    struct session *sessions = mem_alloc((redis_reply_count(reply) / 2 + 1) * sizeof *sessions);
    for (size_t i = 0; i + 1 < redis_reply_count(reply); i += 2) {
        int64_t idle_end_us = now_us + redis_reply_integer(redis_reply_item(reply, i + 1)) * 1000;
        if (read_session(redis_reply_text(redis_reply_item(reply, i)), idle_end_us,
                         limits->absolute_ms_max, &sessions[count]) &&
            sessions[count].expires_us > now_us) {
            sessions[count].seen_us = /* milliseconds are Redis' */
                later(idle_end_us - limits->idle_ms_max * 1000, sessions[count].created_us);
            count++;
        }
    }
    *ret_sessions = sessions;
    *ret_count = count;
    return VERDICT_OK;
}

enum verdict session_end(struct redis *redis, const char *const *operators, size_t operator_count,
                         const char *id, char ret_owner[SESSION_OPERATOR_SIZE], struct why *why)
{
    CLEANUP(mem_free) char *words = words_of(operators, operator_count);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", end_script, "0", words, id);
    if (verdict != VERDICT_OK)
        return verdict;
    struct bytes owner = redis_reply_text(reply);
    snprintf(ret_owner, SESSION_OPERATOR_SIZE, "%.*s", (int)owner.length,
             owner.data ? (const char *)owner.data : "");
    return VERDICT_OK;
}

/* --- attempts ----------------------------------------------------------------------------------------------------- */

/* Hashed: whoever types a password into the account field does not leave it in Redis. */
static char *attempts_key(const char *kind, const char *name)
{
    char hash[IDS_SHA256_TEXT_SIZE];
    ids_sha256_text(name, strlen(name), hash);
    return mem_printf("kakekomi:attempts:%s:%.32s", kind, hash);
}

enum verdict session_attempt(struct redis *redis, const char *operator, const char * address,
                             int64_t *ret_wait_ms, bool *ret_locks, struct why *why)
{
    CLEANUP(mem_free) char *account_key = attempts_key("account", operator);
    CLEANUP(mem_free) char *address_key = attempts_key("address", address);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "EVAL", attempt_script, "2", account_key, address_key,
                  ATTEMPTS_PER_ACCOUNT_MAX, ATTEMPTS_PER_ADDRESS_MAX);
    if (verdict == VERDICT_OK) {
        *ret_wait_ms = redis_reply_integer(redis_reply_item(reply, 0));
        *ret_locks = redis_reply_integer(redis_reply_item(reply, 1)) == 1;
    }
    return verdict;
}

enum verdict session_attempt_succeeded(struct redis *redis, const char *operator,
                                       const char * address, struct why *why)
{
    CLEANUP(mem_free) char *account_key = attempts_key("account", operator);
    CLEANUP(mem_free) char *address_key = attempts_key("address", address);
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    return redis_ask(redis, &reply, why, "EVAL", success_script, "2", account_key, address_key);
}
