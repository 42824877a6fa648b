/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a request goes through here. libmicrohttpd calls `log_uri` with the raw target before anything is decoded: there
 * the request is made and its total deadline begins. The first call of `access` sees the headers: framing, route,
 * `before`, limits. Then come the pieces of the body, then the handler. A handler that suspends is called no more; the
 * answer given from elsewhere resumes the connection, and the last call of `access` queues it.
 * One watch thread looks twenty times a second at what is late: connections that are slow to bring a request are shut
 * down, suspended requests are answered by their `late`.
 */
#include "common/http_server.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_WITHIN_MS 10000
#define STREAM_WITHIN_MS 600000
#define STREAM_PIECE_BYTES (64 * 1024)
#define CONNECTION_MEMORY_BYTES (32 * 1024)
#define TARGET_BYTES_MAX 8192
#define PATH_VALUES_MAX 6
#define PATH_VALUE_BYTES_MAX 200
#define WATCH_EVERY_MS 50
#define EXCESS_BYTES_MAX (1024 * 1024) /* read over after a refusal, so that the client can read why */

enum stage { STAGE_HEADERS, STAGE_BODY, STAGE_HANDLED };

struct link {
    struct link *previous, *next;
};

/* One TCP connection: what the watch thread needs in order to end it. */
struct peer {
    struct link link;
    int socket;
    int64_t deadline_ms; /* 0: none */
};

struct http_request {
    struct link suspended; /* in the server's list while it waits */
    struct http_server *server;
    struct MHD_Connection *connection;
    struct peer *peer;
    const struct http_route *route;
    enum stage stage;
    bool malformed;      /* the raw target cannot be taken */
    bool discard;        /* answered before the body was read to its end */
    bool close;
    char *target;        /* decoded path */
    char *values[PATH_VALUES_MAX];
    const char *value_names[PATH_VALUES_MAX]; /* into the route's path */
    struct buf body;
    size_t received;
    size_t window_bytes; /* of a streamed body since window_begun_ms */
    int64_t begun_us, window_begun_ms, stream_ends_ms;
    char address[INET6_ADDRSTRLEN];
    void *data;
    void (*destroy)(void *data);
    _Atomic int references;
    pthread_mutex_t lock; /* the members below */
    bool is_suspended;
    bool answered;
    unsigned status;
    struct MHD_Response *response;
    struct {
        char *name, *value;
    } headers[8];
    size_t header_count;
    int64_t late_at_ms;
    void (*late)(struct http_request *request, void *context);
    void *late_context;
};

struct http_server {
    struct http_server_definition definition;
    struct MHD_Daemon *daemon;
    pthread_t watch;
    pthread_mutex_t lock; /* the lists */
    struct link peers;
    struct link waiting;
    _Atomic int active;
    _Atomic bool draining;
    _Atomic bool stopping;
};

static struct metric metrics[] = {
    {.name = "http_requests_total{status=\"2xx\"}", .help = "Requests answered", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"3xx\"}", .help = "Requests answered", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"4xx\"}", .help = "Requests answered", .kind = METRIC_COUNTER},
    {.name = "http_requests_total{status=\"5xx\"}", .help = "Requests answered", .kind = METRIC_COUNTER},
    {.name = "http_request_seconds", .help = "From the request line to the answer", .kind = METRIC_HISTOGRAM},
    {.name = "http_connections_ended_total", .help = "Connections ended for slowness", .kind = METRIC_COUNTER},
};
enum { METRIC_STATUS_2XX, METRIC_SECONDS = 4, METRIC_ENDED };

static void register_metrics(void)
{
    metrics_register(metrics, COUNT_OF(metrics));
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */

static void list_init(struct link *list)
{
    list->previous = list->next = list;
}

static void list_add(struct link *list, struct link *entry)
{
    entry->previous = list->previous;
    entry->next = list;
    list->previous->next = entry;
    list->previous = entry;
}

static void list_remove(struct link *entry)
{
    if (!entry->next)
        return;
    entry->previous->next = entry->next;
    entry->next->previous = entry->previous;
    entry->next = entry->previous = NULL;
}

/* --- life of a request ------------------------------------------------------------------------------------------------ */

void http_hold(struct http_request *request)
{
    atomic_fetch_add(&request->references, 1);
}

void http_release(struct http_request *request)
{
    if (atomic_fetch_sub(&request->references, 1) != 1)
        return;
    if (request->data && request->destroy)
        request->destroy(request->data);
    for (size_t i = 0; i < PATH_VALUES_MAX; i++)
        free(request->values[i]);
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    if (request->response)
        MHD_destroy_response(request->response);
    buf_free(&request->body);
    free(request->target);
    pthread_mutex_destroy(&request->lock);
    free(request);
}

static bool target_is_clean(const char *target)
{
    size_t length = strlen(target);
    if (length > TARGET_BYTES_MAX || strstr(target, "%00"))
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)target[i] <= 0x20 || target[i] == 0x7f)
            return false;
    return true;
}

static void *log_uri(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_request *request = mem_alloc(sizeof *request);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->server = context;
    request->connection = connection;
    request->peer = info ? info->socket_context : NULL;
    request->malformed = !target_is_clean(target);
    request->begun_us = clock_now_us();
    request->references = 1;
    pthread_mutex_init(&request->lock, NULL);
    atomic_fetch_add(&request->server->active, 1);
    return request;
}

static void set_peer_deadline(struct http_request *request, int64_t deadline_ms)
{
    if (!request->peer)
        return;
    pthread_mutex_lock(&request->server->lock);
    request->peer->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&request->server->lock);
}

static void count_request(struct http_request *request)
{
    if (request->status >= 200 && request->status < 600)
        metric_add(&metrics[METRIC_STATUS_2XX + request->status / 100 - 2], 1);
    metric_observe_us(&metrics[METRIC_SECONDS], clock_now_us() - request->begun_us);
}

static void completed(void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct http_request *request = *slot;
    if (!request)
        return;
    *slot = NULL;
    struct http_server *server = request->server;
    pthread_mutex_lock(&request->lock);
    request->connection = NULL; /* an answer that comes now has nowhere to go */
    pthread_mutex_unlock(&request->lock);
    set_peer_deadline(request, clock_monotonic_ms() + REQUEST_WITHIN_MS);
    count_request(request);
    http_release(request);
    atomic_fetch_sub(&server->active, 1);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **slot,
                               enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct peer *peer = mem_alloc(sizeof *peer);
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer->socket = info ? (int)info->connect_fd : -1;
        peer->deadline_ms = clock_monotonic_ms() + REQUEST_WITHIN_MS;
        pthread_mutex_lock(&server->lock);
        list_add(&server->peers, &peer->link);
        pthread_mutex_unlock(&server->lock);
        *slot = peer;
        return;
    }
    struct peer *peer = *slot;
    pthread_mutex_lock(&server->lock);
    list_remove(&peer->link);
    pthread_mutex_unlock(&server->lock);
    free(peer);
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

void *http_context(struct http_request *request)
{
    return request->server->definition.context;
}

const struct http_route *http_route_of(struct http_request *request)
{
    return request->route;
}

const char *http_path(struct http_request *request)
{
    return request->target;
}

const char *http_path_value(struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < PATH_VALUES_MAX && request->values[i]; i++)
        if (strncmp(request->value_names[i], name, length) == 0 && request->value_names[i][length] == '}')
            return request->values[i];
    return NULL;
}

static const char *look_up(struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    return request->connection ? MHD_lookup_connection_value(request->connection, kind, name) : NULL;
}

const char *http_query(struct http_request *request, const char *name)
{
    return look_up(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(struct http_request *request, const char *name)
{
    return look_up(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(struct http_request *request, const char *name)
{
    return look_up(request, MHD_COOKIE_KIND, name);
}

const char *http_client_address(struct http_request *request)
{
    if (request->address[0] || !request->connection)
        return request->address;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in address;
        memcpy(&address, info->client_addr, sizeof address);
        inet_ntop(AF_INET, &address.sin_addr, request->address, sizeof request->address);
    }
    return request->address;
}

struct bytes http_body(struct http_request *request)
{
    return (struct bytes){.data = request->body.data ? request->body.data : "", .length = request->body.length};
}

void http_set_data(struct http_request *request, void *data, void (*destroy)(void *data))
{
    request->data = data;
    request->destroy = destroy;
}

void *http_data(struct http_request *request)
{
    return request->data;
}

/* --- answering -------------------------------------------------------------------------------------------------------- */

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    pthread_mutex_lock(&request->lock);
    if (!request->answered && request->header_count < COUNT_OF(request->headers)) {
        request->headers[request->header_count].name = mem_strdup(name);
        request->headers[request->header_count++].value = mem_strdup(value);
    }
    pthread_mutex_unlock(&request->lock);
}

static struct MHD_Response *make_response(struct http_request *request, const char *content_type, struct bytes body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.length, (void *)(uintptr_t)(body.length ? body.data : ""), MHD_RESPMEM_MUST_COPY);
    if (!response)
        abort(); /* out of memory */
    if (content_type)
        MHD_add_response_header(response, "Content-Type", content_type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    for (size_t i = 0; i < request->header_count; i++)
        MHD_add_response_header(response, request->headers[i].name, request->headers[i].value);
    if (request->close)
        MHD_add_response_header(response, "Connection", "close");
    return response;
}

static void leave_waiting(struct http_request *request)
{
    pthread_mutex_lock(&request->server->lock);
    list_remove(&request->suspended);
    pthread_mutex_unlock(&request->server->lock);
}

void http_reply(struct http_request *request, unsigned status, const char *content_type, struct bytes body)
{
    pthread_mutex_lock(&request->lock);
    bool first = !request->answered && request->connection;
    bool resume = first && request->is_suspended;
    if (first) {
        request->response = make_response(request, content_type, body);
        request->status = status;
        request->is_suspended = false;
    }
    request->answered = true;
    struct MHD_Connection *connection = request->connection;
    pthread_mutex_unlock(&request->lock);
    if (!resume)
        return;
    leave_waiting(request);
    MHD_resume_connection(connection);
}

/* --- waiting ---------------------------------------------------------------------------------------------------------- */

void http_suspend(struct http_request *request, int64_t deadline_ms,
                  void (*late)(struct http_request *request, void *context), void *context)
{
    http_hold(request);
    pthread_mutex_lock(&request->lock);
    request->is_suspended = true;
    request->late_at_ms = deadline_ms;
    request->late = late;
    request->late_context = context;
    MHD_suspend_connection(request->connection);
    pthread_mutex_unlock(&request->lock);
    pthread_mutex_lock(&request->server->lock);
    list_add(&request->server->waiting, &request->suspended);
    pthread_mutex_unlock(&request->server->lock);
}

#define OF_SUSPENDED(entry) ((struct http_request *)(void *)((char *)(entry)-offsetof(struct http_request, suspended)))
#define OF_PEER(entry) ((struct peer *)(void *)((char *)(entry)-offsetof(struct peer, link)))

/* The first waiting request whose deadline has passed, held for the caller and out of the list. */
static struct http_request *take_late(struct http_server *server, int64_t now_ms)
{
    struct http_request *found = NULL;
    pthread_mutex_lock(&server->lock);
    for (struct link *at = server->waiting.next; at != &server->waiting && !found; at = at->next)
        if (OF_SUSPENDED(at)->late_at_ms <= now_ms)
            found = OF_SUSPENDED(at);
    if (found) {
        list_remove(&found->suspended);
        http_hold(found);
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static void answer_late(struct http_server *server, int64_t now_ms)
{
    struct http_request *request;
    while ((request = take_late(server, now_ms))) {
        if (request->late)
            request->late(request, request->late_context);
        else
            http_reply_problem(request, 503, "late", "The answer did not come in time.", NULL);
        http_release(request);
    }
}

static void end_slow_peers(struct http_server *server, int64_t now_ms)
{
    pthread_mutex_lock(&server->lock);
    for (struct link *at = server->peers.next; at != &server->peers; at = at->next) {
        struct peer *peer = OF_PEER(at);
        if (!peer->deadline_ms || peer->deadline_ms > now_ms)
            continue;
        peer->deadline_ms = 0;
        shutdown(peer->socket, SHUT_RDWR);
        metric_add(&metrics[METRIC_ENDED], 1);
    }
    pthread_mutex_unlock(&server->lock);
}

static void *watch(void *context)
{
    struct http_server *server = context;
    while (!atomic_load(&server->stopping)) {
        int64_t now_ms = clock_monotonic_ms();
        answer_late(server, now_ms);
        end_slow_peers(server, now_ms);
        usleep(WATCH_EVERY_MS * 1000);
    }
    return NULL;
}

/* --- routes ----------------------------------------------------------------------------------------------------------- */

static void forget_values(struct http_request *request)
{
    for (size_t i = 0; i < PATH_VALUES_MAX; i++)
        mem_free(&request->values[i]);
}

/* Segment by segment; {name} takes one segment of 1 to 200 bytes. */
static bool path_matches(struct http_request *request, const char *pattern, const char *path)
{
    size_t values = 0;
    forget_values(request);
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t length = strcspn(path, "/");
        if (length == 0 || length > PATH_VALUE_BYTES_MAX || values == PATH_VALUES_MAX)
            return false;
        request->value_names[values] = pattern + 1;
        request->values[values++] = mem_dup(path, length);
        pattern += strcspn(pattern, "}") + 1;
        path += length;
    }
    return *pattern == *path;
}

static const struct http_route *find_route(struct http_request *request, const char *method, struct buf *allowed)
{
    const struct http_server_definition *definition = &request->server->definition;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < definition->route_count; i++) {
        const struct http_route *route = &definition->routes[i];
        if (!path_matches(request, route->path, request->target))
            continue;
        if (strcmp(route->method, wanted) == 0)
            return route;
        buf_printf(allowed, "%s%s", allowed->length ? ", " : "", route->method);
    }
    forget_values(request);
    return NULL;
}

/* --- the first look --------------------------------------------------------------------------------------------------- */

struct framing {
    unsigned lengths, encodings;
    const char *length, *encoding;
};

static enum MHD_Result note_framing(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct framing *framing = context;
    if (strcasecmp(name, "Content-Length") == 0) {
        framing->lengths++;
        framing->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->encodings++;
        framing->encoding = value;
    }
    return MHD_YES;
}

static bool refuse(struct http_request *request, unsigned status, const char *code, const char *detail)
{
    request->close = true;
    http_reply_problem(request, status, code, detail, NULL);
    return false;
}

static bool framing_is_sound(struct http_request *request, const struct framing *framing)
{
    if (request->malformed)
        return refuse(request, 400, "target", "The request target has characters that are not taken.");
    if (framing->lengths > 1 || framing->encodings > 1 || (framing->lengths && framing->encodings))
        return refuse(request, 400, "framing", "Exactly one Content-Length or Transfer-Encoding is taken.");
    if (framing->encoding && strcasecmp(framing->encoding, "chunked") != 0)
        return refuse(request, 400, "framing", "No transfer coding but chunked is taken.");
    if (framing->length && (strspn(framing->length, "0123456789") != strlen(framing->length) || !*framing->length))
        return refuse(request, 400, "framing", "Content-Length must be digits.");
    return true;
}

static bool route_is_known(struct http_request *request, const char *method)
{
    CLEANUP(buf_free) struct buf allowed;
    buf_init(&allowed, 200);
    request->route = find_route(request, method, &allowed);
    if (request->route)
        return true;
    if (!allowed.length)
        return refuse(request, 404, "not_found", "There is nothing at this path.");
    http_reply_header(request, "Allow", allowed.data);
    return refuse(request, 405, "method", "This method is not for this path.");
}

static bool type_is_accepted(struct http_request *request, bool has_body)
{
    const char *accepted = request->route->content_types;
    const char *type = http_header(request, "Content-Type");
    if (!accepted || !has_body)
        return true;
    size_t length = type ? strcspn(type, "; ") : 0;
    for (const char *at = accepted; length && *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncasecmp(at, type, length) == 0)
            return true;
    CLEANUP(mem_free) char *detail = mem_printf("Content-Type must be %s.", accepted);
    return refuse(request, 415, "content_type", detail);
}

static bool length_is_accepted(struct http_request *request, const struct framing *framing)
{
    bool streamed = request->route->data;
    size_t length_digits = framing->length ? strlen(framing->length) : 0;
    bool huge = length_digits > 15;
    unsigned long long length = huge ? 0 : framing->length ? strtoull(framing->length, NULL, 10) : 0;
    if (streamed || (!huge && length <= request->route->body_max))
        return true;
    CLEANUP(mem_free) char *detail =
        request->route->body_max ? mem_printf("The body may have at most %zu bytes.", request->route->body_max)
                                 : mem_strdup("No body is taken here.");
    return refuse(request, 413, "too_large", detail);
}

static bool look_at_headers(struct http_request *request, const char *url, const char *method)
{
    struct framing framing = {0};
    request->target = mem_strdup(url);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, note_framing, &framing);
    if (!framing_is_sound(request, &framing))
        return false;
    if (atomic_load(&request->server->draining))
        return refuse(request, 503, "stopping", "The service is stopping; try again.");
    bool has_body = framing.encoding || (framing.length && strcmp(framing.length, "0") != 0);
    if (!route_is_known(request, method) || !type_is_accepted(request, has_body) ||
        !length_is_accepted(request, &framing))
        return false;
    buf_init(&request->body, request->route->body_max);
    if (request->server->definition.before && !request->server->definition.before(request)) {
        request->close |= has_body;
        return false;
    }
    if (request->route->begin && !request->route->begin(request)) {
        request->close = true;
        return false;
    }
    int64_t now_ms = clock_monotonic_ms();
    request->window_begun_ms = now_ms;
    request->stream_ends_ms = now_ms + STREAM_WITHIN_MS;
    set_peer_deadline(request, now_ms + REQUEST_WITHIN_MS);
    return true;
}

/* --- the body --------------------------------------------------------------------------------------------------------- */

/* A streamed body has its ten minutes as long as it brings 64 KiB every ten seconds. */
static void note_progress(struct http_request *request, size_t length)
{
    request->window_bytes += length;
    int64_t now_ms = clock_monotonic_ms();
    if (request->window_bytes < STREAM_PIECE_BYTES)
        return;
    request->window_bytes = 0;
    int64_t deadline_ms = now_ms + REQUEST_WITHIN_MS;
    set_peer_deadline(request, deadline_ms < request->stream_ends_ms ? deadline_ms : request->stream_ends_ms);
}

/* False: the connection is given up. */
static bool take_body(struct http_request *request, const char *data, size_t length)
{
    request->received += length;
    if (request->discard)
        return request->received <= request->route->body_max + EXCESS_BYTES_MAX;
    if (request->route->data) {
        set_peer_deadline(request, 0); /* waiting for our own back-pressure is not the client's slowness */
        request->discard = !request->route->data(request, data, length);
        set_peer_deadline(request, clock_monotonic_ms() + REQUEST_WITHIN_MS);
        note_progress(request, length);
        request->close |= request->discard;
        return true;
    }
    buf_add(&request->body, data, length);
    if (!request->body.overflowed)
        return true;
    request->discard = true;
    CLEANUP(mem_free) char *detail = mem_printf("The body may have at most %zu bytes.", request->route->body_max);
    return refuse(request, 413, "too_large", detail), true;
}

static enum MHD_Result queue_answer(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    struct MHD_Response *response = request->response;
    pthread_mutex_unlock(&request->lock);
    return response ? MHD_queue_response(request->connection, request->status, response) : MHD_YES;
}

static enum MHD_Result access_request(void *context, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload_data,
                                      size_t *upload_size, void **slot)
{
    (void)context, (void)connection, (void)version;
    struct http_request *request = *slot;
    if (!request)
        return MHD_NO;
    switch (request->stage) {
    case STAGE_HEADERS:
        request->stage = STAGE_BODY;
        return look_at_headers(request, url, method) ? MHD_YES : queue_answer(request);
    case STAGE_BODY:
        if (*upload_size) {
            bool go_on = take_body(request, upload_data, *upload_size);
            *upload_size = 0;
            return go_on ? MHD_YES : MHD_NO;
        }
        request->stage = STAGE_HANDLED;
        set_peer_deadline(request, 0);
        if (!request->discard)
            request->route->handler(request);
        return queue_answer(request);
    case STAGE_HANDLED:
        return queue_answer(request);
    }
    return MHD_NO;
}

/* --- the server ------------------------------------------------------------------------------------------------------- */

static bool read_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &ret_address->sin_addr) == 1;
}

static void log_mhd(void *context, const char *format, va_list args) PRINTF(2, 0);
static void log_mhd(void *context, const char *format, va_list args)
{
    (void)context;
    char text[200];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_event(LOG_DEBUG, "http.client_refused", "why=%s", text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, const struct sockaddr_in *address)
{
    unsigned threads = server->definition.threads ? server->definition.threads : 1;
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        access_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_CONNECTION_LIMIT,
        server->definition.connections_max ? server->definition.connections_max : 1000u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, log_uri, server, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_ARRAY,
        threads > 1 ? pool : none, MHD_OPTION_END);
}

enum verdict http_server_start(const struct http_server_definition *definition, struct http_server **ret_server,
                               struct why *why)
{
    static pthread_once_t registered = PTHREAD_ONCE_INIT;
    struct sockaddr_in address;
    if (!read_address(definition->address, &address))
        return fatal(why, "http address: expected host:port with an IPv4 address");
    CLEANUP(mem_free) struct http_server *server = mem_alloc(sizeof *server);
    server->definition = *definition;
    pthread_mutex_init(&server->lock, NULL);
    list_init(&server->peers);
    list_init(&server->waiting);
    server->daemon = start_daemon(server, &address);
    if (!server->daemon)
        return fatal(why, "http address %s: cannot listen: %s", definition->address, strerror(errno));
    if (pthread_create(&server->watch, NULL, watch, server) != 0) {
        MHD_stop_daemon(server->daemon);
        return fatal(why, "no thread for the http watch");
    }
    pthread_once(&registered, register_metrics);
    *ret_server = TAKE(server);
    return VERDICT_OK;
}

unsigned http_server_port(const struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void http_server_stop(struct http_server *server, int64_t deadline_ms)
{
    if (!server)
        return;
    atomic_store(&server->draining, true);
    MHD_socket listening = MHD_quiesce_daemon(server->daemon);
    while (atomic_load(&server->active) > 0 && clock_monotonic_ms() < deadline_ms)
        usleep(10000);
    answer_late(server, INT64_MAX);
    atomic_store(&server->stopping, true);
    pthread_join(server->watch, NULL);
    MHD_stop_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
