/* SPDX-License-Identifier: Apache-2.0 */
/* Total deadlines. libmicrohttpd only counts inactivity, so one byte every two seconds would keep a connection for ever
 * (facts.md): a thread of ours looks at every connection ten times a second and ends what is overdue. */
#include "common/http_internal.h"

#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define TICK_MS 100

void http_connection_shut(struct http_connection *connection)
{
    shutdown(connection->socket, SHUT_RDWR);
}

/* READING can only be left once: either the server's thread has the whole request, or the time is over. */
static void expire(struct http_connection *connection, int64_t now_ms)
{
    int reading = HTTP_READING;
    if (now_ms < atomic_load(&connection->deadline_ms))
        return;
    if (atomic_compare_exchange_strong(&connection->phase, &reading, HTTP_EXPIRED))
        http_reply_timeout(connection);
    http_connection_shut(connection);
    atomic_store(&connection->deadline_ms, INT64_MAX);
}

static struct http_request *hold_request(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    struct http_request *request = connection->request;
    if (request)
        http_hold(request);
    pthread_mutex_unlock(&connection->lock);
    return request;
}

static size_t hold_all(struct http_server *server, struct http_request **requests, size_t max)
{
    size_t count = 0;
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *c = server->connections; c && count < max; c = c->next)
        if ((requests[count] = hold_request(c)))
            count++;
    pthread_mutex_unlock(&server->lock);
    return count;
}

void http_each_request(struct http_server *server,
                       void (*visit)(struct http_request *request, int64_t now_ms), int64_t now_ms)
{
    size_t max = server->definition.connections_max + server->definition.threads;
    CLEANUP(mem_free)
    struct http_request **requests = mem_alloc(max * sizeof(struct http_request *));
    size_t count = hold_all(server, requests, max);
    for (size_t i = 0; i < count; i++) {
        visit(requests[i], now_ms);
        http_release(requests[i]);
    }
}

static void call_late(struct http_request *request, int64_t now_ms)
{
    pthread_mutex_lock(&request->lock);
    bool due =
        request->suspended && !request->answered && request->late && now_ms >= request->late_at_ms;
    pthread_mutex_unlock(&request->lock);
    if (!due)
        return;
    request->late(request, request->late_context);
    if (!http_is_answered(request))
        http_reply_problem(request, 503, "late", "the answer did not come in time", NULL);
}

/* True while there is a connection to watch. */
static bool expire_all(struct http_server *server, int64_t now_ms)
{
    pthread_mutex_lock(&server->lock);
    bool any = server->connections != NULL;
    for (struct http_connection *c = server->connections; c; c = c->next)
        expire(c, now_ms);
    pthread_mutex_unlock(&server->lock);
    return any;
}

static void wait_tick(struct http_server *server, bool any)
{
    if (any)
        (void)clock_wait(&server->wake, &server->lock, clock_monotonic_ms() + TICK_MS);
    else
        pthread_cond_wait(&server->wake, &server->lock);
}

static void *watch(void *context)
{
    struct http_server *server = context;
    pthread_setname_np(pthread_self(), "http-timer");
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        bool any = expire_all(server, now_ms);
        if (any)
            http_each_request(server, call_late, now_ms);
        pthread_mutex_lock(&server->lock);
        bool ends = server->timer_ends;
        if (!ends)
            wait_tick(server, any || server->connections);
        pthread_mutex_unlock(&server->lock);
        if (ends)
            return NULL;
    }
}

void http_timer_start(struct http_server *server)
{
    clock_condition_init(&server->wake);
    int failed = pthread_create(&server->timer, NULL, watch, server);
    assert(failed == 0);
}

void http_timer_stop(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->timer_ends = true;
    pthread_cond_signal(&server->wake);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->timer, NULL);
    pthread_cond_destroy(&server->wake);
}
