/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange with libmicrohttpd. A request is driven by one thread of its pool:
 *   target_seen        the request line is there: the request is born, the total deadline runs
 *   handle, 1st call   headers: http_admit
 *   handle, with data  the body, collected or streamed
 *   handle, no data    the route's handler, once; called again after a resume to fetch the answer
 *   request_done       the answer is written or the client is gone
 */
#include "common/http_internal.h"
#include "common/http_tls.h"

#include "common/clock.h"
#include "common/metrics.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 16 KiB of short headers, and what the library notes of each. */
#define CONNECTION_POOL_BYTES (32 * 1024)
#define INACTIVITY_S 60

#define REQUEST_MS_MAX 10000
#define STREAM_MS_MAX                                                                              \
    (12LL * 3600 * 1000) /* the step bounds it: 64 KiB every 10 s at the slowest */
#define STREAM_STEP_MS_MAX 10000
#define IDLE_MS_MAX 30000

static struct metric metrics[] = {
    {.name = "http_requests_total{status=\"2xx\"}",
     .help = "Requests answered, by class of status",
     .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"3xx\"}", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"4xx\"}", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"5xx\"}", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"none\"}", .kind = METRIC_COUNTER},
    {.name = "http_request_seconds",
     .help = "From the request line to the end of the answer",
     .kind = METRIC_HISTOGRAM},
    {.name = "http_connections", .help = "Open connections", .kind = METRIC_GAUGE},
};
enum { METRIC_STATUS, METRIC_NONE = 4, METRIC_SECONDS, METRIC_CONNECTIONS };

static void register_metrics(void)
{
    metrics_register(metrics, COUNT_OF(metrics));
}

static void count_request(const struct http_request *request)
{
    unsigned class = request->answered ? request->status / 100 : 0;
    metric_add(&metrics[class >= 2 && class <= 5 ? METRIC_STATUS + class - 2 : METRIC_NONE], 1);
    if (!request->fill) /* how long somebody listened is no time of an answer */
        metric_observe_us(&metrics[METRIC_SECONDS], clock_now_us() - request->began_us);
}

/* --- the body ----------------------------------------------------------------------------------------------------- */

/* A streamed body has a total time and must bring a step's bytes in a step's time. */
static void stream_progress(struct http_request *request, size_t length)
{
    struct http_connection *connection = request->connection;
    int64_t next_ms = clock_monotonic_ms() + connection->server->definition.stream_step_ms_max;
    request->stream_step_bytes += length;
    if (request->stream_step_bytes < HTTP_STREAM_STEP_BYTES)
        return;
    request->stream_step_bytes = 0;
    atomic_store(&connection->deadline_ms,
                 next_ms < request->stream_until_ms ? next_ms : request->stream_until_ms);
}

static void stream_data(struct http_request *request, const char *data, size_t length)
{
    stream_progress(request, length);
    if (!request->match.route->data(request, data, length) && !http_is_answered(request))
        http_reply_problem(request, 500, "internal", "the body was refused without a reason", NULL);
}

static void take_body(struct http_request *request, const char *data, size_t length)
{
    request->body_seen += length;
    if (http_is_answered(request)) { /* refused already: the rest is dropped, in a stream's time */
        if (request->stream_until_ms)
            stream_progress(request, length);
        return;
    }
    const struct http_route *route = request->match.route;
    if (request->body_seen > route->body_max)
        http_reply_problem(request, 413, "too_large", "the body is longer than this path takes",
                           NULL);
    else if (route->begin)
        stream_data(request, data, length);
    else
        buf_add(&request->body, data, length);
}

/* False: too much is still to come after a refusal; the answer was written and the connection has to end. */
static bool drop_rest(struct http_request *request)
{
    if (!http_is_answered(request) || request->body_seen <= HTTP_DISCARD_BYTES_MAX)
        return true;
    int reading = HTTP_READING;
    if (atomic_compare_exchange_strong(&request->connection->phase, &reading, HTTP_ANSWERING))
        http_reply_raw(request);
    return false;
}

/* --- the exchange ------------------------------------------------------------------------------------------------- */

/* From here on the timer no longer answers with 408. False: it has. */
static bool end_reading(struct http_request *request)
{
    int reading = HTTP_READING;
    if (!atomic_compare_exchange_strong(&request->connection->phase, &reading, HTTP_ANSWERING))
        return false;
    atomic_store(&request->connection->deadline_ms, INT64_MAX);
    return true;
}

static enum MHD_Result queue(struct http_request *request)
{
    return http_reply_queue(request) ? MHD_YES : MHD_NO;
}

/* A refused request whose body is short is read to its end, so that the client sees the answer and the connection lives;
 * a client that waits for 100 Continue, or wants to send a lot, is answered at once. */
static enum MHD_Result refuse_early(struct http_request *request)
{
    bool body_comes = request->is_chunked || request->body_announced > 0;
    if (body_comes &&
        (request->expects_continue || request->body_announced > HTTP_DISCARD_BYTES_MAX))
        request->must_close = true;
    if (!request->must_close)
        return MHD_YES; /* answered when the body, if any, has ended */
    request->stage = HTTP_STAGE_HANDLED;
    return end_reading(request) ? queue(request) : MHD_NO;
}

static enum MHD_Result run_handler(struct http_request *request)
{
    request->stage = HTTP_STAGE_HANDLED;
    if (!end_reading(request))
        return MHD_NO;
    if (!http_is_answered(request))
        request->match.route->handler(request);
    if (request->was_suspended)
        return MHD_YES; /* the answer is fetched by the call after the resume */
    if (!http_is_answered(request))
        http_reply_problem(request, 500, "internal", "the request was left without an answer",
                           NULL);
    return queue(request);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_length, void **slot)
{
    struct http_request *request = *slot;
    (void)context, (void)url, (void)mhd;
    if (!request)
        return MHD_NO;
    if (request->stage == HTTP_STAGE_NEW) {
        request->stage = HTTP_STAGE_BODY;
        return http_admit(request, method, version) ? MHD_YES : refuse_early(request);
    }
    if (*data_length > 0) {
        take_body(request, data, *data_length);
        *data_length = 0;
        return drop_rest(request) ? MHD_YES : MHD_NO;
    }
    if (request->stage == HTTP_STAGE_BODY)
        return run_handler(request);
    return http_is_answered(request) ? queue(request) : MHD_YES;
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_request(struct http_connection *connection, struct http_request *request)
{
    pthread_mutex_lock(&connection->lock);
    connection->request = request;
    pthread_mutex_unlock(&connection->lock);
}

/* The raw target, before libmicrohttpd decodes it: a %00 would cut it short. */
static void *target_seen(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = context;
    struct http_connection *connection = connection_of(mhd);
    struct http_request *request = http_request_new(connection, target);
    int idle = HTTP_IDLE;
    request->mhd = mhd;
    atomic_fetch_add(&server->in_hand, 1);
    atomic_store(&connection->deadline_ms,
                 clock_monotonic_ms() + server->definition.request_ms_max);
    atomic_compare_exchange_strong(&connection->phase, &idle, HTTP_READING);
    set_request(connection, request);
    return request;
}

static void request_done(void *context, struct MHD_Connection *mhd, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct http_request *request = *slot;
    (void)mhd, (void)code;
    if (!request)
        return;
    struct http_connection *connection = request->connection;
    *slot = NULL;
    set_request(connection, NULL);
    pthread_mutex_lock(&request->lock);
    request->mhd = NULL;
    request->suspended = false;
    count_request(request);
    pthread_mutex_unlock(&request->lock);
    int answering = HTTP_ANSWERING;
    atomic_store(&connection->deadline_ms, clock_monotonic_ms() + server->definition.idle_ms_max);
    atomic_compare_exchange_strong(&connection->phase, &answering, HTTP_IDLE);
    http_release(request);
    atomic_fetch_sub(&server->in_hand, 1);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void write_address(struct MHD_Connection *mhd, char *ret_text, size_t size)
{
    const struct sockaddr *peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const void *address = peer->sa_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)peer)->sin_addr;
    if (!inet_ntop(peer->sa_family, address, ret_text, (socklen_t)size))
        *ret_text = '\0';
}

static void connection_begins(struct http_server *server, struct MHD_Connection *mhd, void **slot)
{
    struct http_connection *connection = mem_alloc(sizeof *connection);
    connection->server = server;
    connection->socket =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->deadline_ms = clock_monotonic_ms() + server->definition.request_ms_max;
    pthread_mutex_init(&connection->lock, NULL);
    write_address(mhd, connection->address, sizeof connection->address);
    pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    else
        pthread_cond_signal(&server->wake);
    server->connections = connection;
    pthread_mutex_unlock(&server->lock);
    metric_add(&metrics[METRIC_CONNECTIONS], 1);
    *slot = connection;
}

/* Called before the socket is closed: once it is off the list nobody touches a number that the kernel may give again. */
static void connection_ends(struct http_server *server, void **slot)
{
    struct http_connection *connection = *slot;
    pthread_mutex_lock(&server->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&server->lock);
    metric_add(&metrics[METRIC_CONNECTIONS], -1);
    pthread_mutex_destroy(&connection->lock);
    mem_free(slot);
}

static void connection_notified(void *context, struct MHD_Connection *mhd, void **slot,
                                enum MHD_ConnectionNotificationCode code)
{
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        connection_begins(context, mhd, slot);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        if (*slot)
            connection_ends(context, slot);
        break;
    }
}

const char *http_client_address(struct http_request *request)
{
    return request->mhd ? request->connection->address : "";
}

/* --- start and stop ----------------------------------------------------------------------------------------------- */

/* Paths are decoded by http_target.c, from the raw target; the library's own decoding would only cost time. */
static size_t leave_escaped(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context, (void)mhd;
    return strlen(text);
}

static enum verdict read_address(const char *text, struct sockaddr_in *ret_address, struct why *why)
{
    const char *colon = strrchr(text, ':');
    char host[64] = "";
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return fatal(why, "http: %s is not host:port", text);
    memcpy(host, text, (size_t)(colon - text));
    ret_address->sin_family = AF_INET;
    ret_address->sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                  &ret_address->sin_addr) != 1)
        return fatal(why, "http: %s is not an IPv4 address", host);
    return VERDICT_OK;
}

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static void fill_limits(struct http_server_definition *limits)
{
    limits->request_ms_max = or_default(limits->request_ms_max, REQUEST_MS_MAX);
    limits->stream_ms_max = or_default(limits->stream_ms_max, STREAM_MS_MAX);
    limits->stream_step_ms_max = or_default(limits->stream_step_ms_max, STREAM_STEP_MS_MAX);
    limits->idle_ms_max = or_default(limits->idle_ms_max, IDLE_MS_MAX);
    if (limits->threads == 0)
        limits->threads = 1;
    if (limits->connections_max < limits->threads)
        limits->connections_max = limits->threads;
}

#if MHD_VERSION >= 0x00097701
#define STRICTNESS MHD_OPTION_CLIENT_DISCIPLINE_LVL
#else
#define STRICTNESS MHD_OPTION_STRICT_FOR_CLIENT
#endif

bool http_is_tls(const struct http_server *server)
{
    return server->definition.cert_file != NULL;
}

/* poll and not epoll: what is suspended and goes on, as every case that is opened, would be taken out of epoll, put back, and be read
 * once more for nothing: three calls for each request. To look at all that are open costs less, as long as those are some hundreds;
 * who listens or waits is suspended and not looked at. */
static unsigned daemon_flags(const struct http_server *server)
{
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    return http_is_tls(server) ? flags | MHD_USE_TLS : flags;
}

/* What not every server has. */
static void fill_options(const struct http_server *server, struct MHD_OptionItem ret_options[5])
{
    unsigned per_address = server->definition.connections_per_address_max;
    if (server->definition.threads > 1)
        *ret_options++ = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                                 (intptr_t)server->definition.threads, NULL};
    if (per_address)
        *ret_options++ =
            (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address, NULL};
    if (http_is_tls(server)) {
        *ret_options++ =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)http_tls_callback()};
        *ret_options++ =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)HTTP_TLS_PRIORITIES};
    }
    *ret_options = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start_daemon(struct http_server *server,
                                       const struct sockaddr_in *address)
{
    const struct http_server_definition *definition = &server->definition;
    struct MHD_OptionItem options[5];
    fill_options(server, options);
    return MHD_start_daemon(daemon_flags(server), 0, NULL, NULL, handle, server,               /**/
                            MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)address,            /**/
                            MHD_OPTION_URI_LOG_CALLBACK, target_seen, server,                  /**/
                            MHD_OPTION_NOTIFY_COMPLETED, request_done, server,                 /**/
                            MHD_OPTION_NOTIFY_CONNECTION, connection_notified, server,         /**/
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,                 /**/
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_POOL_BYTES, /**/
                            MHD_OPTION_CONNECTION_LIMIT, definition->connections_max,          /**/
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVITY_S,             /**/
                            MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)SOMAXCONN,               /**/
                            STRICTNESS, 1,                                                     /**/
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static void free_server(struct http_server *server)
{
    if (http_is_tls(server))
        http_tls_end();
    http_routes_free(server->routes);
    pthread_mutex_destroy(&server->lock);
    free(server->owned);
    free(server);
}

enum verdict http_server_start(const struct http_server_definition *definition,
                               struct http_server **ret_server, struct why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sockaddr_in address = {0};
    enum verdict verdict = read_address(definition->address, &address, why);
    if (verdict == VERDICT_OK && definition->cert_file)
        verdict = http_tls_take(definition->cert_file, definition->key_file, why);
    if (verdict != VERDICT_OK)
        return verdict;
    pthread_once(&once, register_metrics);
    struct http_server *server = mem_alloc(sizeof *server);
    server->definition = *definition;
    fill_limits(&server->definition);
    server->routes = http_routes_new(definition->routes, definition->route_count);
    pthread_mutex_init(&server->lock, NULL);
    http_timer_start(server);
    server->daemon = start_daemon(server, &address);
    if (!server->daemon) {
        int error = errno;
        http_timer_stop(server);
        free_server(server);
        return fatal(why, "http: cannot listen on %s: %s", definition->address, strerror(error));
    }
    server->port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    *ret_server = server;
    return VERDICT_OK;
}

enum verdict http_server_check_tls(const char *cert_file, const char *key_file, struct why *why)
{
    return http_tls_check(cert_file, key_file, why);
}

enum verdict http_server_renew_tls(struct http_server *server, struct why *why)
{
    return http_tls_take(server->definition.cert_file, server->definition.key_file, why);
}

unsigned http_server_port(const struct http_server *server)
{
    return server->port;
}

static void wait_until_idle(struct http_server *server, int64_t deadline_ms)
{
    while (atomic_load(&server->in_hand) > 0 && clock_monotonic_ms() < deadline_ms)
        usleep(5000);
}

static void answer_stopping(struct http_request *request, int64_t now_ms)
{
    (void)now_ms;
    pthread_mutex_lock(&request->lock);
    bool waits = request->suspended && !request->answered;
    pthread_mutex_unlock(&request->lock);
    if (!waits)
        return;
    http_reply_header(request, "Retry-After", "2");
    http_reply_problem(request, 503, "stopping", "the server is stopping; ask again", NULL);
}

static void shut_all(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *c = server->connections; c; c = c->next)
        http_connection_shut(c);
    pthread_mutex_unlock(&server->lock);
}

/* A connection that is still suspended when the daemon stops makes libmicrohttpd abort: none may be left (facts.md). */
void http_server_stop(struct http_server *server, int64_t deadline_ms)
{
    if (!server)
        return;
    atomic_store(&server->stopping, true);
    http_each_request(server, http_stream_end, 0);
    wait_until_idle(server, deadline_ms);
    http_each_request(server, answer_stopping, 0);
    wait_until_idle(server, clock_monotonic_ms() + 500);
    while (atomic_load(&server->in_hand) > 0) {
        shut_all(server);
        http_each_request(server, answer_stopping, 0);
        wait_until_idle(server, clock_monotonic_ms() + 20);
    }
    http_timer_stop(server);
    MHD_stop_daemon(server->daemon);
    free_server(server);
}
