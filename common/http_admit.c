/* SPDX-License-Identifier: Apache-2.0 */
/* What happens between the last header and the first byte of the body: framing, route, `before`, limits, `begin`. */
#include "common/http_internal.h"

#include "common/clock.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* Headers that may stand once only: two of them are how requests are smuggled past whoever reads the other one. */
enum single { LENGTH, CODING, HOST, AUTHORIZATION, TYPE, EXPECT, SINGLE_COUNT };
static const char *const single_names[SINGLE_COUNT] = {
    "content-length", "transfer-encoding", "host", "authorization", "content-type", "expect",
};

struct framing {
    const char *values[SINGLE_COUNT];
    size_t bytes;
    bool broken; /* one of them twice, or a value with a NUL */
};

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length)
{
    struct framing *framing = context;
    (void)kind;
    framing->bytes += name_length + value_length + 4;
    if (!value)
        value = "";
    if (strlen(value) != value_length)
        framing->broken = true;
    for (int i = 0; i < SINGLE_COUNT; i++) {
        if (strcasecmp(name, single_names[i]) != 0)
            continue;
        framing->broken |= framing->values[i] != NULL;
        framing->values[i] = value;
    }
    return MHD_YES;
}

static bool read_length(const char *text, uint64_t *ret_length)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *ret_length = strtoull(text, NULL, 10);
    return true;
}

static bool refuse(struct http_request *request, unsigned status, const char *code,
                   const char *detail)
{
    http_reply_problem(request, status, code, detail, NULL);
    return false;
}

/* After these nothing on the connection can be trusted any more. */
static bool refuse_and_close(struct http_request *request, unsigned status, const char *code,
                             const char *detail)
{
    request->must_close = true;
    return refuse(request, status, code, detail);
}

static bool check_framing(struct http_request *request, const struct framing *framing)
{
    const char *length = framing->values[LENGTH], *coding = framing->values[CODING];
    if (framing->broken)
        return refuse_and_close(request, 400, "framing",
                                "a header that may stand once stands twice, or holds a NUL");
    if (framing->bytes > HTTP_HEADER_BYTES_MAX)
        return refuse_and_close(request, 431, "headers_too_large",
                                "the headers are longer than 16 KiB");
    if (length && coding)
        return refuse_and_close(request, 400, "framing",
                                "Content-Length and Transfer-Encoding together");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return refuse_and_close(request, 400, "framing", "a transfer coding other than chunked");
    if (length && !read_length(length, &request->body_announced))
        return refuse_and_close(request, 400, "framing", "Content-Length is not a number");
    request->has_length = length != NULL;
    request->is_chunked = coding != NULL;
    request->expects_continue =
        framing->values[EXPECT] && strcasecmp(framing->values[EXPECT], "100-continue") == 0;
    return true;
}

static bool check_target(struct http_request *request)
{
    if (request->target_too_long)
        return refuse_and_close(request, 414, "target_too_long", "the target is longer than 8 KiB");
    if (!request->target_readable)
        return refuse_and_close(
            request, 400, "target",
            "the target holds a bad escape, a control character, invalid UTF-8 or too many parts");
    return true;
}

static bool find_route(struct http_request *request)
{
    http_routes_match(request->connection->server->routes, request->method, request->segments,
                      request->segment_count, &request->match);
    if (request->match.route)
        return true;
    if (!request->match.allow)
        return refuse(request, 404, "not_found", "there is nothing under this path");
    http_reply_header(request, "Allow", request->match.allow);
    return refuse(request, 405, "method_not_allowed", "this path does not know the method");
}

static bool ask_before(struct http_request *request)
{
    bool (*before)(struct http_request *) = request->connection->server->definition.before;
    return !before || before(request);
}

static bool has_body(const struct http_request *request)
{
    return request->is_chunked || request->body_announced > 0;
}

static bool check_body(struct http_request *request, const char *type)
{
    const struct http_route *route = request->match.route;
    if (!has_body(request))
        return true;
    if (request->body_announced > route->body_max || route->body_max == 0)
        return refuse(request, 413, "too_large", "the body is longer than this path takes");
    if (route->content_types && !http_type_accepted(type ? type : "", route->content_types))
        return refuse(request, 415, "content_type", "this path does not take this Content-Type");
    request->body.max = route->begin ? 0 : route->body_max;
    return true;
}

static bool begin_stream(struct http_request *request)
{
    const struct http_route *route = request->match.route;
    const struct http_server_definition *limits = &request->connection->server->definition;
    if (!route->begin)
        return true;
    int64_t now_ms = clock_monotonic_ms();
    request->stream_until_ms = now_ms + limits->stream_ms_max;
    atomic_store(&request->connection->deadline_ms, now_ms + limits->stream_step_ms_max);
    return route->begin(request);
}

bool http_admit(struct http_request *request, const char *method, const char *version)
{
    struct framing framing = {0};
    strncpy(request->method, method, sizeof request->method - 1);
    MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, take_header, &framing);
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return refuse_and_close(request, 505, "version",
                                "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (!check_framing(request, &framing) || !check_target(request))
        return false;
    if (atomic_load(&request->connection->server->stopping))
        return refuse_and_close(request, 503, "stopping", "the server is stopping");
    return find_route(request) && ask_before(request) &&
           check_body(request, framing.values[TYPE]) && begin_stream(request);
}
