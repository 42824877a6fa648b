/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the files of the HTTP server share among themselves; nobody else includes it.
 * Ownership: a server owns its connections, a connection lends its request to the library, references keep it alive.
 * Threads: a connection and its request are driven by one of the server's threads; what others touch is atomic or
 * behind the lock named beside it. Lock order: server.lock, connection.lock, request.lock.
 * Errors and limits: see http_server.h.
 */
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <netinet/in.h>
#include "common/http_server.h"

#define HTTP_SEGMENTS_MAX 10
#define HTTP_SEGMENT_BYTES_MAX 200
#define HTTP_TARGET_BYTES_MAX 8192
#define HTTP_HEADER_BYTES_MAX (16 * 1024)
#define HTTP_REPLY_FIELDS_MAX 16
/* Of most answers' fields; longer ones have memory of their own. */
#define HTTP_REPLY_TEXTS_BYTES 160
/* Of http_alloc: who asks, and a case that is being opened. */
#define HTTP_ROOM_BYTES 1024
#define HTTP_QUERY_MAX 32
#define HTTP_STREAM_STEP_BYTES (64 * 1024)
/* A refused body up to this length is read and dropped, so that the client gets the answer and keeps its connection. */
#define HTTP_DISCARD_BYTES_MAX (4 * 1024 * 1024)

struct MHD_Connection;
struct MHD_Daemon;

/* --- routes ------------------------------------------------------------------------------------------------------- */
struct http_routes; /* a tree of path segments */
struct http_match {
    const struct http_route *route; /* NULL: no such path, or no such method of it */
    const void *names;              /* for http_match_value */
    const char *values[HTTP_SEGMENTS_MAX];
    char *allow; /* set where the path exists and the method does not; the caller frees it */
};
struct http_routes *http_routes_new(const struct http_route *routes, size_t count);
void http_routes_free(struct http_routes *routes);
void http_routes_match(const struct http_routes *routes, const char *method,
                       const char *const *segments, size_t count, struct http_match *ret_match);
const char *http_match_value(const struct http_match *match, const char *name);

/* --- target ------------------------------------------------------------------------------------------------------- */
/* Decodes %XX in place (and + as a space where asked); false for a bad escape, a control character or invalid UTF-8. */
bool http_decode(char *text, bool plus_is_space);
/* Cuts a path at its slashes in place and decodes every segment; false if it cannot be read or has too many. */
bool http_split_path(char *path, const char **ret_segments, size_t *ret_count);
struct http_query_pair {
    const char *name, *value;
};
bool http_split_query(char *query, struct http_query_pair *ret_pairs, size_t *ret_count);
/* `type` is one of the comma-separated `accepted`, its parameters aside; another charset than UTF-8 is not. */
bool http_type_accepted(const char *type, const char *accepted);

/* --- connections and requests ------------------------------------------------------------------------------------- */
enum http_phase { HTTP_IDLE, HTTP_READING, HTTP_ANSWERING, HTTP_EXPIRED };

struct http_connection {
    struct http_server *server;
    int socket;
    _Atomic int
        phase; /* enum http_phase: READING → EXPIRED belongs to the timer, everything else to the server's thread */
    _Atomic int64_t deadline_ms;
    pthread_mutex_t lock;
    struct http_request *request;            /* lock */
    struct http_connection *next, *previous; /* server.lock */
    char address[INET6_ADDRSTRLEN];
};

struct http_reply_field {
    pthread_t by;
    bool always;
    bool is_own; /* of memory of its own, not of `texts` */
    char *text;  /* name, NUL, value */
};

enum http_stage { HTTP_STAGE_NEW, HTTP_STAGE_BODY, HTTP_STAGE_HANDLED };

struct http_request {
    struct buf body, scratch; /* these two keep their memory when the request serves again */
    bool is_spare;            /* it does */
    struct http_request *next_spare;
    atomic_uint references;
    pthread_mutex_t lock;
    struct MHD_Connection *mhd; /* lock; NULL once the exchange is over */
    void *context;
    struct http_connection *connection; /* valid while mhd is */
    enum http_stage stage;
    int64_t began_us;

    char method[16];
    const char *path; /* as sent, without the query; then the decoded copies */
    char *query;      /* NULL where there is none */
    size_t pair_count;
    size_t segment_count;
    bool target_readable, target_too_long;
    struct http_match match;

    bool has_length, is_chunked, expects_continue, must_close;
    uint64_t body_announced; /* Content-Length */
    uint64_t body_seen;
    int64_t stream_until_ms;
    uint64_t stream_step_bytes;

    void *data, *caller;
    void (*destroy_data)(void *data);
    struct http_block *blocks; /* what found no place in `room` */
    size_t room_bytes;         /* taken of it */

    bool headers_kept;
    struct buf kept;    /* name, NUL, value, NUL, … */
    bool was_suspended; /* the server's thread only */
    bool suspended;     /* lock, as everything below */
    int64_t paused_at_ms, paused_deadline_ms;
    bool answered;
    bool is_gathered; /* among those that its thread lets go together, of which this is */
    struct http_request *next_answer; /* the next one */
    int64_t late_at_ms;
    void (*late)(struct http_request *request, void *context);
    void *late_context;
    unsigned status;
    char content_type[64];
    struct buf reply;
    bool is_in_scratch; /* the answer; else it is in `reply` */
    http_fill_fn *fill; /* instead of both */
    bool woken, ends;   /* of a body that `fill` writes */
    size_t field_count;
    size_t text_bytes;

    /* From here on what is counted above, not cleared when it is used again but before, where it held something. */
    alignas(max_align_t) char room[HTTP_ROOM_BYTES];
    struct http_query_pair pairs[HTTP_QUERY_MAX];
    const char *segments[HTTP_SEGMENTS_MAX];
    struct http_reply_field fields[HTTP_REPLY_FIELDS_MAX];
    char texts[HTTP_REPLY_TEXTS_BYTES];
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_routes *routes;
    struct http_server_definition definition; /* its limits filled in */
    unsigned port;
    _Atomic bool stopping;
    _Atomic int64_t in_hand;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct http_connection *connections; /* lock */
    bool timer_ends;                     /* lock */
    pthread_t timer;
    void *owned; /* the admin server's definition; freed with the server */
};

/* Hands the stored answer to the library; the server's thread only. False: the connection must be closed. */
bool http_reply_queue(struct http_request *request);
/* The response of an answer that `fill` writes; NULL where there is none to be had. */
struct MHD_Response *http_stream_response(struct http_request *request);
/* At the server's stop: the body ends with what has been written. */
void http_stream_end(struct http_request *request, int64_t now_ms);
/* With request.lock held: a suspended connection goes on. */
void http_wake_connection(struct http_request *request);
/* Writes the stored answer straight to a connection that is closed afterwards; its server's thread only. */
void http_reply_raw(struct http_request *request);
/* The same with a bare 408, any thread; a connection with TLS is closed without it. */
void http_reply_timeout(struct http_connection *connection);
bool http_is_tls(const struct http_server *server);

struct http_request *http_request_new(struct http_connection *connection, const char *target);
void http_free_fields(struct http_request *request);

/* What stands before the body: framing, route, application's `before`, limits, `begin`. Answers whether the body is
 * wanted; if not, the request has been answered. */
bool http_admit(struct http_request *request, const char *method, const char *version);

/* The timer: total deadlines, late answers. */
void http_timer_start(struct http_server *server);
void http_timer_stop(struct http_server *server);
/* Calls `visit` with every request in hand, referenced, outside all locks. */
void http_each_request(struct http_server *server,
                       void (*visit)(struct http_request *request, int64_t now_ms), int64_t now_ms);
/* Ends a connection from outside: its thread sees the end of the stream. server.lock must be held, or the lock of
 * its request while that has its `mhd`. */
void http_connection_shut(struct http_connection *connection);
