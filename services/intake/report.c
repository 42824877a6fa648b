/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET …/report: what the provider reported, for settings proposals and nothing else (clause 3). Without more, every report of
 * the case with what its document says; with ?report=ID&item=N the bytes of one item as they were sent.
 */
#include "services/intake/intake.h"

#include "common/desk/limits.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *find(const json_t *list, const char *id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *report = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(report, "report")), id) == 0)
            return report;
    }
    return NULL;
}

/* --- the list --------------------------------------------------------------------------------------------------------------- */

/* The items without the places of their chunks, which are of no use outside. */
static json_t *describe_items(const json_t *items)
{
    json_t *described = json_array();
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_copy(json_array_get(items, i));
        json_object_del(item, "chunks");
        json_object_set_new(item, "item", json_integer((json_int_t)i));
        json_array_append_new(described, item);
    }
    return described;
}

/* Null where the topic has it no more. */
static enum verdict read_document(const json_t *report, json_t **ret_document, struct why *why)
{
    const json_t *first = json_array_get(json_object_get(report, "items"), 0);
    CLEANUP(buf_free) struct buf text;
    *ret_document = NULL;
    buf_init(&text, LIMIT_REPORT_DOCUMENT_BYTES);
    if (!first)
        return VERDICT_OK;
    enum verdict verdict =
        intake_fetch_chunks("reports", json_object_get(first, "chunks"), &text, why);
    if (verdict == VERDICT_OK)
        verdict = event_parse_json(text.data, text.length, ret_document, why);
    return verdict == VERDICT_REJECT ? VERDICT_OK : verdict;
}

static enum verdict describe(const json_t *report, const json_t *status, json_t **ret_described,
                             struct why *why)
{
    static const char *const kept[] = {"report", "handover", "at", "delivered_at", "recorded_at"},
                             *const said[] = {"findings", "recommendations", "indicators"},
                             *const stands[] = {"state", "reasons", "failure"};
    json_auto_t *document = NULL;
    enum verdict verdict = read_document(report, &document, why);
    if (verdict != VERDICT_OK)
        return verdict;
    json_t *described = json_pack("{s:s}", "state", "delivered");
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(report, kept[i]))
            json_object_set(described, kept[i], json_object_get(report, kept[i]));
    for (size_t i = 0; i < COUNT_OF(stands); i++)
        if (json_object_get(status, stands[i]))
            json_object_set(described, stands[i], json_object_get(status, stands[i]));
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        json_t *list = json_object_get(document, said[i]);
        json_object_set_new(described, said[i], list ? json_incref(list) : json_null());
    }
    json_object_set_new(described, "items", describe_items(json_object_get(report, "items")));
    *ret_described = described;
    return VERDICT_OK;
}

static void reply_list(struct http_request *request, const struct view_case *view_case)
{
    const json_t *reports = json_object_get(view_case->state, "reports"),
                 *statuses = json_object_get(view_case->escalation, "reports");
    const char *wanted = http_query(request, "report");
    json_auto_t *list = json_array();
    struct why why = {0};
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *report = json_array_get(reports, i);
        const char *id = json_string_value(json_object_get(report, "report"));
        json_t *described = NULL;
        if (wanted && strcmp(wanted, id) != 0)
            continue;
        if (describe(report, find(statuses, id), &described, &why) != VERDICT_OK) {
            intake_unavailable(request, "report", why.text);
            return;
        }
        json_array_append_new(list, described);
    }
    if (wanted && json_array_size(list) == 0) {
        http_reply_problem(request, 404, "not_found", "There is no such report in this case.",
                           NULL);
        return;
    }
    intake_audit(request, http_path_value(request, "id"), "report.read");
    http_reply_json(request, 200, json_pack("{s:O}", "reports", list));
}

/* --- one item --------------------------------------------------------------------------------------------------------------- */

/* What a browser may be told that it is; whatever else the provider says of it, it is bytes. */
static const char *media_type(const json_t *item)
{
    static const char *const shown[] = {"application/pdf", "application/json", "text/plain",
                                        "text/csv",        "image/png",        "image/jpeg"};
    const char *type = json_string_value(json_object_get(item, "media_type"));
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        if (strcmp(shown[i], type) == 0)
            return shown[i];
    return "application/octet-stream";
}

/* RFC 6266 with RFC 8187: the name is the provider's, so it is encoded, and always a file to be kept. */
static void add_disposition(struct http_request *request, const char *name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    CLEANUP(buf_free) struct buf value;
    buf_init(&value, 1024);
    buf_add_text(&value, "attachment; filename*=UTF-8''");
    for (; *name; name++)
        if (strchr(plain, *name))
            buf_add(&value, name, 1);
        else
            buf_printf(&value, "%%%02X", (unsigned)(unsigned char)*name);
    http_reply_header(request, "Content-Disposition", value.data);
}

static void reply_bytes(struct http_request *request, const json_t *report, const json_t *item)
{
    CLEANUP(buf_free) struct buf bytes;
    struct why why = {0};
    buf_init(&bytes, (size_t)LIMIT_REPORT_BYTES + LIMIT_CHUNK_BYTES);
    switch (intake_fetch_chunks("reports", json_object_get(item, "chunks"), &bytes, &why)) {
    case VERDICT_OK:
        intake_audit_detail(
            request, http_path_value(request, "id"), "report.read",
            json_pack("{s:O, s:O, s:O}", "report", json_object_get(report, "report"), "name",
                      json_object_get(item, "name"), "sha256", json_object_get(item, "sha256")));
        add_disposition(request, json_string_value(json_object_get(item, "name")));
        http_reply_buf(request, 200, media_type(item), &bytes);
        return;
    case VERDICT_REJECT:
        log_event(LOG_WARNING, "report.unreadable", "case=%s why=%s",
                  http_path_value(request, "id"), why.text);
        http_reply_problem(request, 404, "not_kept", "This report is not kept any more.", NULL);
        return;
    case VERDICT_RETRY:
    case VERDICT_FATAL:
        intake_unavailable(request, "report", why.text);
    }
}

static void reply_item(struct http_request *request, const struct view_case *view_case,
                       const char *number)
{
    const char *id = http_query(request, "report");
    const json_t *report = find(json_object_get(view_case->state, "reports"), id ? id : "");
    const json_t *items = json_object_get(report, "items");
    size_t length = strlen(number);
    if (length < 1 || length > 3 || strspn(number, "0123456789") != length) {
        intake_refuse_field(request, 422, "/item", "format", "expected the number of an item");
        return;
    }
    const json_t *item = json_array_get(items, strtoul(number, NULL, 10));
    if (item)
        reply_bytes(request, report, item);
    else
        http_reply_problem(request, 404, "not_found", "There is no such item in this report.",
                           NULL);
}

static void run_get(struct http_request *request)
{
    struct view_case view_case;
    const char *item = http_query(request, "item");
    if (!intake_load_case(request, &view_case))
        return;
    if (item)
        reply_item(request, &view_case, item);
    else
        reply_list(request, &view_case);
    view_case_clear(&view_case);
}

static void get_report(struct http_request *request)
{
    intake_run_slow(request, run_get);
}

const struct http_route report_routes[] = {
    {.method = "GET",
     .path = "/v1/cases/{id}/report",
     .handler = get_report,
     .flags = AUTH_READERS},
};
const size_t report_route_count = COUNT_OF(report_routes);
