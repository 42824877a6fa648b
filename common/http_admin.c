/* SPDX-License-Identifier: Apache-2.0 */
/* The admin address of every service: alive, ready, metrics. */
#include "common/http_internal.h"

#include "common/metrics.h"

#include <stdlib.h>

#define METRICS_BYTES_MAX (1024 * 1024)

static void reply_alive(struct http_request *request)
{
    http_reply_json(request, 200, json_pack("{ss}", "status", "alive"));
}

static void reply_ready(struct http_request *request)
{
    const struct http_admin *admin = http_context(request);
    json_t *detail = json_object();
    bool ready = !admin->ready || admin->ready(admin->context, detail);
    json_object_set_new(detail, "status", json_string(ready ? "ready" : "not_ready"));
    http_reply_json(request, ready ? 200 : 503, detail);
}

static void reply_metrics(struct http_request *request)
{
    struct buf text;
    buf_init(&text, METRICS_BYTES_MAX);
    metrics_write(&text);
    http_reply_buf(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/livez", .handler = reply_alive},
    {.method = "GET", .path = "/readyz", .handler = reply_ready},
    {.method = "GET", .path = "/metrics", .handler = reply_metrics},
};

enum verdict http_admin_start(const struct http_admin *admin, struct http_server **ret_server,
                              struct why *why)
{
    struct http_admin *copy = mem_alloc(sizeof *copy);
    *copy = *admin;
    struct http_server_definition definition = {.address = admin->address,
                                                .routes = routes,
                                                .route_count = COUNT_OF(routes),
                                                .threads = 1,
                                                .connections_max = 32,
                                                .context = copy};
    enum verdict verdict = http_server_start(&definition, ret_server, why);
    if (verdict == VERDICT_OK)
        (*ret_server)->owned = copy;
    else
        free(copy);
    return verdict;
}
