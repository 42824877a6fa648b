/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: HTTP/1.1 for hostile clients: a table of routes, limits, framing checks, total deadlines, problem+json, the
 * admin address; TLS where a certificate is given. libmicrohttpd is included by common/http_*.c only.
 * Ownership: a request belongs to the server; whoever keeps it beyond the handler holds a reference (http_hold/http_release).
 * Texts asked of a request live until it is answered; path, path values, body and data as long as the request.
 * Threads: handlers run on the server's threads and must not block for long: they suspend and answer later from any thread.
 * Errors: what the server refuses by itself (400 framing, 404, 405 with Allow, 408, 413, 414, 415, 431, 503, 505) is a
 * problem+json. A 503 always carries Retry-After.
 * Limits: contract §5; headers 16 KiB, target 8 KiB; 10 s for the header and body of a request that is not streamed; a
 * streamed body must bring 64 KiB every 10 s and may take 12 hours; an answer must be read within 10 minutes, one without an
 * end must be read at all: a client that takes nothing for 60 s is cut.
 * SECURITY: more than one Content-Length, Content-Length with Transfer-Encoding, any transfer coding but chunked, %00,
 * control characters and invalid UTF-8 in the target are refused before the handler and the connection is closed (facts.md).
 */
#include <jansson.h>
#include "common/verdict.h"

struct http_request;
struct http_server;

typedef void http_handler_fn(struct http_request *request);

struct http_route {
    const char *method; /* a GET answers HEAD too */
    const char *path;   /* "/v1/cases/{id}/notes": {…} matches one segment of 1 to 200 characters */
    http_handler_fn *handler;  /* the whole body is there; called exactly once */
    unsigned flags;            /* the application's own, see http_route_of */
    size_t body_max;           /* 0: no body allowed */
    const char *content_types; /* accepted, comma-separated; NULL: any */
    /* Streamed bodies (uploads): begin is called before the body (and before 100 Continue), data for each piece on the
     * same thread, then handler. Each answers false after it has replied by itself; handler is not called then. Neither
     * may block: data says http_pause when it has enough for the moment. */
    bool (*begin)(struct http_request *request);
    bool (*data)(struct http_request *request, const void *bytes, size_t length);
};

struct http_server_definition {
    const char *address; /* host:port, port 0 for any */
    /* Both: TLS 1.2 and 1.3 and nothing else, for one server of the process; PEM, the chain behind its certificate. */
    const char *cert_file, *key_file;
    const struct http_route *routes;
    size_t route_count;
    unsigned threads;
    unsigned connections_max;
    unsigned connections_per_address_max; /* 0: any number */
    /* Called for every request after routing and before any body is read (authentication, rate limits). Answers false
     * after it has replied. It must not suspend. NULL: none. */
    bool (*before)(struct http_request *request);
    void *context;
    /* 0: the limits above. */
    int64_t request_ms_max;     /* header and body of a request that is not streamed */
    int64_t stream_ms_max;      /* a streamed body */
    int64_t stream_step_ms_max; /* 64 KiB of a streamed body */
    int64_t idle_ms_max;        /* between two requests of a connection */
};

enum verdict http_server_start(const struct http_server_definition *definition,
                               struct http_server **ret_server, struct why *why);
/* What http_server_start would say of the two files. */
enum verdict http_server_check_tls(const char *cert_file, const char *key_file, struct why *why);
/* Both files again: connections that begin afterwards are shown the new certificate. FATAL: the one in use stays. */
enum verdict http_server_renew_tls(struct http_server *server, struct why *why);
unsigned http_server_port(const struct http_server *server);
/* New requests get 503; waits for those in hand until the deadline; answers what is still suspended with 503; closes.
 * Requests still held by somebody stay valid until released; answers to them are dropped. NULL is fine. */
void http_server_stop(struct http_server *server, int64_t deadline_ms);

/* --- asking a request ----------------------------------------------------------------------------------------- */
void *http_context(struct http_request *request); /* of the server's definition */
const struct http_route *http_route_of(struct http_request *request);
const char *http_method(struct http_request *request);
const char *http_path(struct http_request *request); /* as sent, without the query */
const char *http_path_value(struct http_request *request, const char *name);
const char *http_query(struct http_request *request, const char *name);  /* NULL if absent */
const char *http_header(struct http_request *request, const char *name); /* NULL if absent */
const char *http_cookie(struct http_request *request, const char *name);
const char *http_client_address(struct http_request *request);
struct bytes http_body(struct http_request *request);
/* An empty buffer that lives as long as the request; its memory serves again for others. One at a time. */
struct buf *http_scratch(struct http_request *request, size_t max);
/* Zeroed memory that goes with the request; the server's thread only, before the request is suspended. */
void *http_alloc(struct http_request *request, size_t size);
/* One slot for the application's own data; `destroy` is called when the last reference to the request goes. */
void http_set_data(struct http_request *request, void *data, void (*destroy)(void *data));
void *http_data(struct http_request *request);
/* Another slot, for what `before` found out about the caller, in memory of the request. */
void http_set_caller(struct http_request *request, void *caller);
void *http_caller(struct http_request *request);

/* --- answering: exactly one answer per request; the first one wins, later ones are dropped ---------------------- */
/* Before the reply; copied. What one thread adds after the suspension is not seen in another thread's reply. */
void http_reply_header(struct http_request *request, const char *name, const char *value);
void http_reply(struct http_request *request, unsigned status, const char *content_type,
                struct bytes body); /* copied */
void http_reply_buf(struct http_request *request, unsigned status, const char *content_type,
                    struct buf *body); /* empties it */
/* What the scratch of the request holds, which nobody changes from here on. */
void http_reply_scratch(struct http_request *request, unsigned status, const char *content_type);
void http_reply_json(struct http_request *request, unsigned status, json_t *body); /* takes body */
/* application/problem+json (RFC 9457): {"type":"about:blank","title","status","code","detail","errors"?}. Takes errors. */
void http_reply_problem(struct http_request *request, unsigned status, const char *code,
                        const char *detail, json_t *errors);
/* What is the same for everybody who may ask, until it changes: files, tables. */
struct http_resource {
    const char *content_type;
    const char *tag;    /* other bytes, another tag; without quotes, at most 64 characters */
    struct bytes plain; /* as it is */
    struct bytes gzip;  /* the same, packed; NULL data: it is sent as it is */
    bool is_private;    /* no cache between may keep it */
};
/* 200 with an entity tag, packed where the client takes that, or 304 where If-None-Match names what it would be sent. Whoever
 * keeps it asks again each time (Cache-Control: no-cache). Copied. */
void http_reply_resource(struct http_request *request, const struct http_resource *resource);
/* Whether Accept-Encoding has gzip. */
bool http_takes_gzip(struct http_request *request);
/* Whether a list of entity tags (If-None-Match) names this one or all. */
bool http_etag_is_listed(const char *list, const char *etag);
/* A body without an end, written while it is sent (server-sent events). `fill` is called on the server's thread whenever the
 * client takes more: it writes at most `max` bytes and answers how many; 0: nothing at the moment, the connection rests until
 * http_stream_wake; HTTP_STREAM_END: that was all. It may lock, not wait. */
#define HTTP_STREAM_END (-1)
typedef int64_t http_fill_fn(struct http_request *request, char *to, size_t max);
void http_reply_stream(struct http_request *request, unsigned status, const char *content_type,
                       http_fill_fn *fill);
/* Both from any thread, also when the exchange has ended meanwhile; not from within `fill`. A resting connection does not
 * notice by itself that its client has gone: ask, and shut it. */
void http_stream_wake(struct http_request *request);
bool http_stream_is_gone(struct http_request *request);
/* Ends the connection whatever is still to be sent. */
void http_stream_cut(struct http_request *request);
/* errors:[{pointer,code,message}] with one entry more. */
void http_error_add(json_t *errors, const char *pointer, const char *code, const char *message);

/* --- answering later ------------------------------------------------------------------------------------------ */
/* Suspends the connection: call it in the handler *before* the work that will answer is begun. The caller gets a
 * reference and releases it when that work has ended, answered or not. When the monotonic `deadline_ms` passes without
 * an answer, `late` is called on the server's timer thread and must answer. */
void http_suspend(struct http_request *request, int64_t deadline_ms,
                  void (*late)(struct http_request *request, void *context), void *context);
/* In data(): no further piece until http_continue, called from any thread; the time between is not counted against the
 * client. When the monotonic `deadline_ms` passes before, `late` is called and must answer. Call it *before* what will
 * continue is begun; the caller gets a reference, which http_continue releases. False: paused already, no reference. Pieces of
 * a chunked body that have been read already still come. */
bool http_pause(struct http_request *request, int64_t deadline_ms,
                void (*late)(struct http_request *request, void *context), void *context);
void http_continue(struct http_request *request);
/* What the calling thread answers of suspended requests from now on goes when it calls http_send_answers: many answers wake their
 * server's thread once, and not each by itself. */
void http_gather_answers(void);
void http_send_answers(void);
/* Before http_suspend, for work that may go on when the answer was given late: from now on http_header answers copies
 * that live as long as the request. */
void http_keep_headers(struct http_request *request);
/* Somebody has answered, be it only to say that it is late. Any thread. */
bool http_is_answered(struct http_request *request);
void http_hold(struct http_request *request);
void http_release(struct http_request *request);

/* --- admin address -------------------------------------------------------------------------------------------- */
/* /livez, /readyz (with detail), /metrics. `ready` fills a JSON object's members and answers whether all is well. */
struct http_admin {
    const char *address;
    bool (*ready)(void *context, json_t *detail);
    void *context;
};
enum verdict http_admin_start(const struct http_admin *admin, struct http_server **ret_server,
                              struct why *why);
