/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/redis.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#ifdef HAVE_HIREDIS_SSL
#include <hiredis/hiredis_ssl.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define CONNECTIONS_MAX 4
#define ARGUMENTS_MAX 16
#define PATIENCE_MS 500
#define PAUSE_MS 1000 /* after a failure */
#define SLOW_MS 200
#define SLOW_IN_A_ROW                                                                              \
    4 /* is a failure too: whoever asks, asks on the thread that serves everybody */

struct redis {
    char *user, *password, *host, *database;
    int port;
    bool is_tls;
    void *tls; /* redisSSLContext where hiredis has it */
    pthread_mutex_t lock;
    pthread_cond_t released;
    redisContext *idle[CONNECTIONS_MAX]; /* lock, as the rest */
    size_t idle_count, open_count;
    /* After a failure everybody is refused at once, until a thread that tries again every second has been answered. */
    bool is_failing, is_closing;
    int slow;               /* answers in a row */
    pthread_cond_t changed; /* one of these two */
    struct why failure;
    pthread_t returning;
    bool has_thread;
};

/* --- the address -------------------------------------------------------------------------------------------------- */

static bool unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        unsigned byte = (unsigned char)*from;
        if (*from == '%') {
            char digits[3] = {from[1], from[1] ? from[2] : '\0', '\0'};
            char *end;
            byte = (unsigned)strtoul(digits, &end, 16);
            if (end != digits + 2 || byte == 0)
                return false;
            from += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

static bool read_account(struct redis *redis, char *text)
{
    char *colon = strchr(text, ':');
    if (colon) {
        *colon = '\0';
        redis->password = mem_strdup(colon + 1);
    }
    if (*text)
        redis->user = mem_strdup(text);
    return (!redis->password || unescape(redis->password)) &&
           (!redis->user || unescape(redis->user));
}

static bool read_place(struct redis *redis, char *text)
{
    char *slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
        if (slash[1] && strspn(slash + 1, "0123456789") != strlen(slash + 1))
            return false;
        redis->database = slash[1] ? mem_strdup(slash + 1) : NULL;
    }
    char *colon = strrchr(text, ':'), *end = NULL;
    redis->port = colon ? (int)strtol(colon + 1, &end, 10) : 6379;
    if (colon)
        *colon = '\0';
    redis->host = mem_strdup(text);
    return *text && (!colon || (!*end && end != colon + 1)) && redis->port > 0 &&
           redis->port < 65536;
}

static bool read_url(struct redis *redis, const char *url)
{
    redis->is_tls = strncmp(url, "rediss://", 9) == 0;
    if (!redis->is_tls && strncmp(url, "redis://", 8) != 0)
        return false;
    CLEANUP(mem_free) char *rest = mem_strdup(url + (redis->is_tls ? 9 : 8));
    char *at = strrchr(rest, '@');
    if (!at)
        return read_place(redis, rest);
    *at = '\0';
    return read_account(redis, rest) && read_place(redis, at + 1);
}

/* --- TLS ---------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_HIREDIS_SSL
static enum verdict tls_prepare(struct redis *redis, const char *ca_file, struct why *why)
{
    redisSSLContextError error = REDIS_SSL_CTX_NONE;
    redisInitOpenSSL();
    redis->tls = redisCreateSSLContext(ca_file, ca_file ? NULL : "/etc/ssl/certs", NULL, NULL,
                                       redis->host, &error);
    return redis->tls ? VERDICT_OK : fatal(why, "redis: TLS: %s", redisSSLContextGetError(error));
}

static bool tls_begin(struct redis *redis, redisContext *connection)
{
    return !redis->is_tls || redisInitiateSSLWithContext(connection, redis->tls) == REDIS_OK;
}

static void tls_free(struct redis *redis)
{
    if (redis->tls)
        redisFreeSSLContext(redis->tls);
}
#else
static enum verdict tls_prepare(struct redis *redis, const char *ca_file, struct why *why)
{
    (void)redis, (void)ca_file;
    return fatal(why, "redis: rediss:// needs hiredis 1.0 or newer with TLS; this build has none");
}

static bool tls_begin(struct redis *redis, redisContext *connection)
{
    (void)connection;
    return !redis->is_tls;
}

static void tls_free(struct redis *redis)
{
    (void)redis;
}
#endif

static void *come_back(void *context);

enum verdict redis_open(const char *url, const char *ca_file, struct redis **ret_redis,
                        struct why *why)
{
    struct redis *redis = mem_alloc(sizeof *redis);
    pthread_mutex_init(&redis->lock, NULL);
    clock_condition_init(&redis->released);
    clock_condition_init(&redis->changed);
    enum verdict verdict = VERDICT_OK;
    if (!read_url(redis, url)) /* not shown: it may hold a password */
        verdict =
            fatal(why, "redis: expected redis[s]://[[user][:password]@]host[:port][/database]");
    else if (redis->is_tls)
        verdict = tls_prepare(redis, ca_file, why);
    if (verdict == VERDICT_OK) {
        redis->has_thread = pthread_create(&redis->returning, NULL, come_back, redis) == 0;
        verdict = redis->has_thread ? VERDICT_OK : fatal(why, "redis: no thread");
    }
    if (verdict != VERDICT_OK)
        redis_close(redis);
    else
        *ret_redis = redis;
    return verdict;
}

static void end_thread(struct redis *redis)
{
    pthread_mutex_lock(&redis->lock);
    redis->is_closing = true;
    pthread_cond_signal(&redis->changed);
    pthread_mutex_unlock(&redis->lock);
    if (redis->has_thread)
        pthread_join(redis->returning, NULL);
}

/* With the lock held, or where nobody else has it any more. */
static void drop_idle(struct redis *redis)
{
    redis->open_count -= redis->idle_count;
    while (redis->idle_count > 0)
        redisFree(redis->idle[--redis->idle_count]);
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    end_thread(redis);
    drop_idle(redis);
    tls_free(redis);
    free(redis->user);
    if (redis->password)
        explicit_bzero(redis->password, strlen(redis->password));
    free(redis->password);
    free(redis->host);
    free(redis->database);
    pthread_cond_destroy(&redis->released);
    pthread_cond_destroy(&redis->changed);
    pthread_mutex_destroy(&redis->lock);
    free(redis);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static bool greet(redisContext *connection, const char *const *words, int count, struct why *why)
{
    redisReply *reply = redisCommandArgv(connection, count, (const char **)(uintptr_t)words, NULL);
    bool taken = reply && reply->type != REDIS_REPLY_ERROR;
    if (!taken)
        retry(why, "redis: %s refused: %s", words[0], reply ? reply->str : connection->errstr);
    if (reply)
        freeReplyObject(reply);
    return taken;
}

static bool introduce(struct redis *redis, redisContext *connection, struct why *why)
{
    const char *const with_user[] = {"AUTH", redis->user, redis->password};
    const char *const with_password[] = {"AUTH", redis->password};
    const char *const select[] = {"SELECT", redis->database};
    if (redis->password && !(redis->user ? greet(connection, with_user, 3, why)
                                         : greet(connection, with_password, 2, why)))
        return false;
    return !redis->database || greet(connection, select, 2, why);
}

static redisContext *connect_to(struct redis *redis, struct why *why)
{
    struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};
    redisContext *connection = redisConnectWithTimeout(redis->host, redis->port, patience);
    bool ready =
        connection && !connection->err && redisSetTimeout(connection, patience) == REDIS_OK;
    if (ready)
        ready = tls_begin(redis, connection);
    if (!ready)
        retry(why, "redis: cannot connect: %s", connection ? connection->errstr : "no memory");
    if (ready && introduce(redis, connection, why))
        return connection;
    if (connection)
        redisFree(connection);
    return NULL;
}

/* A connection that has something to read while nothing was asked was closed by the other side. */
static bool is_stale(redisContext *connection)
{
    struct pollfd poller = {.fd = connection->fd, .events = POLLIN | POLLRDHUP};
    return poll(&poller, 1, 0) != 0;
}

static bool must_wait(const struct redis *redis)
{
    return !redis->is_failing && redis->idle_count == 0 && redis->open_count == CONNECTIONS_MAX;
}

/* Waits for a place; true with a connection that was idle or with NULL, where one has to be made. */
static bool take_place(struct redis *redis, redisContext **ret_idle, struct why *why)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool in_time = true;
    pthread_mutex_lock(&redis->lock);
    while (in_time && must_wait(redis))
        in_time = clock_wait(&redis->released, &redis->lock, deadline_ms);
    bool taken = in_time && !redis->is_failing;
    if (!taken)
        retry(why, "%s", !in_time ? "redis: all connections are busy" : redis->failure.text);
    else if (redis->idle_count > 0)
        *ret_idle = redis->idle[--redis->idle_count];
    else
        redis->open_count++;
    pthread_mutex_unlock(&redis->lock);
    return taken;
}

/* What else was connected is not believed any more: each of them would be waited for as long. */
static void give_up_place(struct redis *redis, const struct why *failure)
{
    pthread_mutex_lock(&redis->lock);
    redis->open_count--;
    drop_idle(redis);
    redis->is_failing = true;
    redis->failure = *failure;
    pthread_cond_broadcast(&redis->released);
    pthread_cond_signal(&redis->changed);
    pthread_mutex_unlock(&redis->lock);
}

static void give_back(struct redis *redis, redisContext *connection, int64_t took_ms)
{
    pthread_mutex_lock(&redis->lock);
    redis->slow = took_ms < SLOW_MS ? 0 : redis->slow + 1;
    if (redis->slow == 0) {
        redis->is_failing = false;
    } else if (redis->slow >= SLOW_IN_A_ROW) {
        redis->is_failing = true;
        retry(&redis->failure, "redis: answers too slowly, the last after %lld ms",
              (long long)took_ms);
        pthread_cond_broadcast(&redis->released);
        pthread_cond_signal(&redis->changed);
    }
    redis->idle[redis->idle_count++] = connection;
    pthread_cond_signal(&redis->released);
    pthread_mutex_unlock(&redis->lock);
}

static redisContext *take_connection(struct redis *redis, struct why *why)
{
    redisContext *connection = NULL;
    struct why failure = {0};
    if (!take_place(redis, &connection, why))
        return NULL;
    if (connection && is_stale(connection)) {
        redisFree(connection);
        connection = NULL;
    }
    if (connection || (connection = connect_to(redis, &failure)))
        return connection;
    give_up_place(redis, &failure);
    retry(why, "%s", failure.text);
    return NULL;
}

/* --- after a failure ---------------------------------------------------------------------------------------------------- */

/* A connection alone says nothing: the kernel makes it for a Redis that hangs. Refusing is answering. */
static bool is_answered(redisContext *connection, struct why *why)
{
    int64_t asked_ms = clock_monotonic_ms();
    redisReply *reply = redisCommand(connection, "PING");
    if (!reply) {
        retry(why, "redis: PING: %s", connection->errstr);
        return false;
    }
    freeReplyObject(reply);
    int64_t took_ms = clock_monotonic_ms() - asked_ms;
    if (took_ms >= SLOW_MS)
        retry(why, "redis: answers too slowly, PING after %lld ms", (long long)took_ms);
    return took_ms < SLOW_MS;
}

static redisContext *try_again(struct redis *redis, struct why *why)
{
    redisContext *connection = connect_to(redis, why);
    if (!connection || is_answered(connection, why))
        return connection;
    redisFree(connection);
    return NULL;
}

/* With the lock held. */
static void pause_for_a_while(struct redis *redis)
{
    int64_t until_ms = clock_monotonic_ms() + PAUSE_MS;
    while (!redis->is_closing && clock_wait(&redis->changed, &redis->lock, until_ms))
        continue;
}

/* With the lock held, which it lets go meanwhile. */
static void return_once(struct redis *redis)
{
    struct why failure = {0};
    pthread_mutex_unlock(&redis->lock);
    redisContext *connection = try_again(redis, &failure);
    pthread_mutex_lock(&redis->lock);
    redis->is_failing = !connection;
    redis->slow = 0;
    if (!connection)
        redis->failure = failure;
    else if (redis->open_count == CONNECTIONS_MAX) /* others still wait for what has failed */
        redisFree(connection);
    else {
        redis->idle[redis->idle_count++] = connection;
        redis->open_count++;
    }
}

static void *come_back(void *context)
{
    struct redis *redis = context;
    pthread_mutex_lock(&redis->lock);
    while (!redis->is_closing) {
        if (!redis->is_failing) {
            pthread_cond_wait(&redis->changed, &redis->lock);
            continue;
        }
        pause_for_a_while(redis);
        if (redis->is_failing && !redis->is_closing) /* one that was slow may have been answered */
            return_once(redis);
    }
    pthread_mutex_unlock(&redis->lock);
    return NULL;
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

/* hiredis: a context that has failed once never works again. */
static enum verdict lose(struct redis *redis, redisContext *connection, const char *command,
                         struct why *why)
{
    struct why failure = {0};
    retry(&failure, "redis: %s: %s", command, connection->errstr);
    redisFree(connection);
    give_up_place(redis, &failure);
    return retry(why, "%s", failure.text);
}

enum verdict redis_call(struct redis *redis, const struct bytes *arguments, size_t count,
                        struct redis_reply **ret_reply, struct why *why)
{
    const char *texts[ARGUMENTS_MAX];
    size_t lengths[ARGUMENTS_MAX];
    assert(count > 0 && count <= ARGUMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        texts[i] = arguments[i].data;
        lengths[i] = arguments[i].length;
    }
    redisContext *connection = take_connection(redis, why);
    if (!connection)
        return VERDICT_RETRY;
    int64_t asked_ms = clock_monotonic_ms();
    redisReply *reply = redisCommandArgv(connection, (int)count, texts, lengths);
    if (!reply)
        return lose(redis, connection, texts[0], why);
    give_back(redis, connection, clock_monotonic_ms() - asked_ms);
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret_reply = (struct redis_reply *)reply;
        return VERDICT_OK;
    }
    retry(why, "redis: %s: %.100s", texts[0], reply->str);
    freeReplyObject(reply);
    return VERDICT_RETRY;
}

enum verdict redis_call_texts(struct redis *redis, const char *const *arguments, size_t count,
                              struct redis_reply **ret_reply, struct why *why)
{
    struct bytes list[ARGUMENTS_MAX];
    assert(count <= ARGUMENTS_MAX);
    for (size_t i = 0; i < count; i++)
        list[i] = bytes_of(arguments[i]);
    return redis_call(redis, list, count, ret_reply, why);
}

void redis_reply_free(struct redis_reply **reply)
{
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
}

static const redisReply *of_kind(const struct redis_reply *reply, int type)
{
    const redisReply *plain = (const redisReply *)reply;
    return plain && plain->type == type ? plain : NULL;
}

struct bytes redis_reply_text(const struct redis_reply *reply)
{
    const redisReply *text = of_kind(reply, REDIS_REPLY_STRING);
    return text ? (struct bytes){.data = text->str, .length = (size_t)text->len}
                : (struct bytes){0};
}

int64_t redis_reply_integer(const struct redis_reply *reply)
{
    const redisReply *integer = of_kind(reply, REDIS_REPLY_INTEGER);
    return integer ? integer->integer : 0;
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    const redisReply *list = of_kind(reply, REDIS_REPLY_ARRAY);
    return list ? list->elements : 0;
}

const struct redis_reply *redis_reply_item(const struct redis_reply *reply, size_t index)
{
    const redisReply *list = of_kind(reply, REDIS_REPLY_ARRAY);
    return list && index < list->elements ? (const struct redis_reply *)list->element[index] : NULL;
}
