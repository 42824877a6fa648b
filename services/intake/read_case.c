/* SPDX-License-Identifier: Apache-2.0 */
/* Reading cases: one, the list, the chain as it is stored. */
#include "services/intake/intake.h"

#include "common/desk/hearing.h"
#include "common/desk/limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 50
#define LIST_MAX 200

static void run_get(struct http_request *request)
{
    struct view_case view_case;
    if (!intake_load_case(request, &view_case))
        return;
    const char *known = http_header(request, "If-None-Match");
    http_reply_header(request, "ETag", view_case.etag);
    if (known && intake_etag_is_listed(known, view_case.etag)) {
        http_reply(request, 304, NULL, (struct bytes){0});
    } else {
        intake_audit(request, http_path_value(request, "id"), "case.read");
        http_reply_json(request, 200, view_render(&view_case));
    }
    view_case_clear(&view_case);
}

static void get_case(struct http_request *request)
{
    intake_run(request, run_get);
}

static bool read_limit(struct http_request *request, int *ret_limit)
{
    const char *text = http_query(request, "limit");
    size_t digits = text ? strspn(text, "0123456789") : 0;
    int limit = digits >= 1 && digits <= 3 && !text[digits] ? atoi(text) : 0;
    *ret_limit = text ? limit : LIST_DEFAULT;
    if (!text || (limit >= 1 && limit <= LIST_MAX))
        return true;
    intake_refuse_field(request, 422, "/limit", "range", "expected a whole number from 1 to 200");
    return false;
}

static bool is_status(const char *text)
{
    static const char *const all[] = {"consultation", "policy", "first_response", "assessment",
                                      "handover",     "report", "settings",       "closed"};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strcmp(all[i], text) == 0)
            return true;
    return false;
}

static bool read_query(struct http_request *request, struct view_query *ret_query)
{
    *ret_query = (struct view_query){.status = http_query(request, "status"),
                                     .q = http_query(request, "q"),
                                     .customer = http_query(request, "customer"),
                                     .cursor = http_query(request, "cursor")};
    if (!read_limit(request, &ret_query->limit))
        return false;
    if (ret_query->status && !is_status(ret_query->status))
        intake_refuse_field(request, 422, "/status", "choice", "not a status of a case");
    else if (ret_query->customer && !hearing_customer_id_is_valid(bytes_of(ret_query->customer)))
        intake_refuse_field(request, 422, "/customer", "format",
                            "expected 1 to 20 of A-Z, 0-9 and -");
    else if (ret_query->q && strlen(ret_query->q) > INTAKE_QUERY_BYTES_MAX)
        intake_refuse_field(request, 422, "/q", "too_long", "expected at most 200 bytes");
    else
        return true;
    return false;
}

/* RFC 8288: where the list goes on, with the same question. */
static void reply_link(struct http_request *request, const struct view_query *query,
                       const char *next)
{
    CLEANUP(buf_free) struct buf link;
    const char *const pairs[][2] = {
        {"status", query->status}, {"customer", query->customer}, {"q", query->q}};
    buf_init(&link, 4 * INTAKE_QUERY_BYTES_MAX + 400);
    buf_printf(&link, "</v1/cases?cursor=%s&limit=%d", next, query->limit);
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (!pairs[i][1])
            continue;
        buf_printf(&link, "&%s=", pairs[i][0]);
        for (const char *at = pairs[i][1]; *at; at++)
            buf_printf(&link, isalnum((unsigned char)*at) ? "%c" : "%%%02X", (unsigned char)*at);
    }
    buf_add_text(&link, ">; rel=\"next\"");
    http_reply_header(request, "Link", link.data);
}

static void run_list(struct http_request *request)
{
    struct why why = {0};
    struct view_query query;
    json_t *page = NULL;
    if (!read_query(request, &query))
        return;
    switch (view_list(intake.view, &query, &page, &why)) {
    case VERDICT_OK:
        if (json_is_string(json_object_get(page, "next_cursor")))
            reply_link(request, &query, json_string_value(json_object_get(page, "next_cursor")));
        http_reply_json(request, 200, page);
        return;
    case VERDICT_REJECT:
        intake_refuse_field(request, 422, "/cursor", "format",
                            "expected next_cursor of an earlier answer");
        return;
    case VERDICT_RETRY:
    case VERDICT_FATAL:
        intake_unavailable(request, "view", why.text);
    }
}

static void list_cases(struct http_request *request)
{
    intake_run(request, run_list);
}

static void run_chain(struct http_request *request)
{
    struct view_case view_case;
    struct why why = {0};
    json_t *events = NULL;
    if (!intake_load_case(request, &view_case))
        return;
    view_case_clear(&view_case);
    if (view_events(intake.view, http_path_value(request, "id"), &events, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return;
    }
    intake_audit(request, http_path_value(request, "id"), "chain.read");
    http_reply_json(request, 200, json_pack("{s:o}", "events", events));
}

static void get_chain(struct http_request *request)
{
    intake_run(request, run_chain);
}

const struct http_route case_routes[] = {
    {.method = "POST",
     .path = "/v1/cases",
     .handler = intake_post_case,
     .flags = AUTH_WRITERS | AUTH_MACHINE,
     .body_max = LIMIT_BODY_BYTES,
     .content_types = "application/json"},
    {.method = "GET", .path = "/v1/cases", .handler = list_cases, .flags = AUTH_READERS},
    {.method = "GET", .path = "/v1/cases/{id}", .handler = get_case, .flags = AUTH_READERS},
    {.method = "GET", .path = "/v1/cases/{id}/chain", .handler = get_chain, .flags = AUTH_READERS},
    {.method = "GET",
     .path = "/v1/cases/{id}/timeline",
     .handler = intake_get_timeline,
     .flags = AUTH_READERS},
};
const size_t case_route_count = COUNT_OF(case_routes);
