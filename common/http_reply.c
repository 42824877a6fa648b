/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in JSON and the admin address: what needs no knowledge of libmicrohttpd. */
#include "common/event.h"
#include "common/http_server.h"
#include "common/metrics.h"

#define ANSWER_BYTES_MAX (64 * 1024 * 1024)

void http_reply_json(struct http_request *request, unsigned status, json_t *body)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, ANSWER_BYTES_MAX);
    event_dump_json(body, &text);
    json_decref(body);
    http_reply(request, status, "application/json", (struct bytes){.data = text.data, .length = text.length});
}

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"}, {412, "Precondition Failed"},
        {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {428, "Precondition Required"}, {429, "Too Many Requests"}, {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < COUNT_OF(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code, const char *detail,
                        json_t *errors)
{
    json_auto_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title", title_of(status),
                                     "status", (int)status, "code", code, "detail", detail);
    if (errors)
        json_object_set_new(problem, "errors", errors);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, ANSWER_BYTES_MAX);
    event_dump_json(problem, &text);
    http_reply(request, status, "application/problem+json", (struct bytes){.data = text.data, .length = text.length});
}

void http_error_add(json_t *errors, const char *pointer, const char *code, const char *message)
{
    json_array_append_new(errors,
                          json_pack("{s:s, s:s, s:s}", "pointer", pointer, "code", code, "message", message));
}

/* --- admin address ------------------------------------------------------------------------------------------------------ */

static void get_livez(struct http_request *request)
{
    http_reply(request, 200, "text/plain", bytes_of("live\n"));
}

static void get_readyz(struct http_request *request)
{
    const struct http_admin *admin = http_context(request);
    json_t *detail = json_object();
    bool ready = admin->ready(admin->context, detail);
    json_object_set_new(detail, "ready", json_boolean(ready));
    http_reply_json(request, ready ? 200 : 503, detail);
}

static void get_metrics(struct http_request *request)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, ANSWER_BYTES_MAX);
    metrics_write(&text);
    http_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8",
               (struct bytes){.data = text.data, .length = text.length});
}

enum verdict http_admin_start(const struct http_admin *admin, struct http_server **ret_server, struct why *why)
{
    static const struct http_route routes[] = {
        {.method = "GET", .path = "/livez", .handler = get_livez},
        {.method = "GET", .path = "/readyz", .handler = get_readyz},
        {.method = "GET", .path = "/metrics", .handler = get_metrics},
    };
    static struct http_admin kept; /* a process has one admin address */
    kept = *admin;
    struct http_server_definition definition = {.address = admin->address,
                                                .routes = routes,
                                                .route_count = COUNT_OF(routes),
                                                .threads = 1,
                                                .connections_max = 50,
                                                .context = &kept};
    return http_server_start(&definition, ret_server, why);
}
