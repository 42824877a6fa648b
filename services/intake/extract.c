/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET …/extract: the chunks that triage named, byte for byte as they are sealed for the provider; or only the raw lines; or
 * CSV that a Japanese Excel opens, in which no cell can begin a formula.
 */
#include "services/intake/intake.h"

#include "common/desk/limits.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

/* --- other forms -------------------------------------------------------------------------------------------------------------------- */

static void add_cell(struct buf *out, const char *text)
{
    /* A cell that begins like a formula would be run by a spreadsheet: an apostrophe makes it text. */
    bool formula = text && *text && strchr("=+-@\t\r\n", *text);
    buf_add_text(out, formula ? "\"'" : "\"");
    for (; text && *text; text++)
        buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    buf_add(out, "\"", 1);
}

/* The order in which an analyst reads: when, what and how bad, from where to where, who, what was touched, the line itself. */
static const char *const csv_columns[] = {"@timestamp",
                                          "labels.matched",
                                          "event.kind",
                                          "event.severity",
                                          "event.action",
                                          "rule.name",
                                          "threat.indicator.name",
                                          "labels.device",
                                          "source.ip",
                                          "source.port",
                                          "source.domain",
                                          "destination.ip",
                                          "destination.port",
                                          "destination.domain",
                                          "host.name",
                                          "user.name",
                                          "url.original",
                                          "url.domain",
                                          "file.name",
                                          "file.path",
                                          "file.hash.sha256",
                                          "file.hash.sha1",
                                          "file.hash.md5",
                                          "observer.name",
                                          "observer.product",
                                          "event.module",
                                          "labels.time_from",
                                          "labels.upload",
                                          "message",
                                          "event.original"};

static void add_value(struct buf *out, const json_t *value)
{
    char number[32];
    if (!json_is_integer(value)) {
        add_cell(out, json_string_value(value));
        return;
    }
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    add_cell(out, number);
}

static void add_csv(struct buf *out, const json_t *record)
{
    for (size_t i = 0; i < COUNT_OF(csv_columns); i++) {
        buf_add_text(out, i ? "," : "");
        if (record)
            add_value(out, json_object_get(record, csv_columns[i]));
        else
            add_cell(out, csv_columns[i] + (*csv_columns[i] == '@')); /* no formula of our own */
    }
    buf_add_text(out, "\r\n");
}

/* The bytes of the line as they came, in whatever charset. */
static void add_raw(struct buf *out, const json_t *record)
{
    const json_t *exact = json_object_get(record, "event.original_base64");
    const json_t *text = json_object_get(record, "event.original");
    CLEANUP(mem_free) void *bytes = NULL;
    size_t length = 0;
    if (exact &&
        base64_decode(json_string_value(exact), json_string_length(exact), &bytes, &length))
        buf_add(out, bytes, length);
    else
        buf_add(out, json_string_value(text), json_string_length(text));
    buf_add(out, "\n", 1);
}

static void each_record(const struct buf *lines, struct buf *out,
                        void (*add)(struct buf *out, const json_t *record))
{
    const char *end = lines->data + lines->length;
    for (const char *at = lines->data; at && at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = newline ? (size_t)(newline - at) : (size_t)(end - at);
        json_auto_t *record = json_loadb(at, length, 0, NULL);
        if (record)
            add(out, record);
        at += length + 1;
    }
}

static void reply_in_form(struct http_request *request, struct buf *lines)
{
    const char *format = http_query(request, "format");
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 4 * (size_t)LIMIT_EXTRACT_BYTES);
    if (!format) {
        http_reply_buf(request, 200, "application/x-ndjson", lines);
        return;
    }
    bool csv = strcmp(format, "csv") == 0;
    if (csv) {
        buf_add_text(&out, "\xef\xbb\xbf");
        add_csv(&out, NULL);
        http_reply_header(request, "Content-Disposition", "attachment; filename=\"extract.csv\"");
    }
    each_record(lines, &out, csv ? add_csv : add_raw);
    /* Raw lines are in the charset they came in, which nobody knows for sure. */
    http_reply_buf(request, 200, csv ? "text/csv; charset=utf-8" : "application/octet-stream",
                   &out);
}

/* --- the request ---------------------------------------------------------------------------------------------------------------------- */

static json_t *describe_reading(struct http_request *request, const json_t *search)
{
    const char *format = http_query(request, "format");
    return json_pack("{s:O, s:O, s:s}", "extraction", json_object_get(search, "id"), "sha256",
                     json_object_get(search, "sha256"), "format", format ? format : "ndjson");
}

static void answer(struct http_request *request, const struct view_case *view_case)
{
    struct why why = {0};
    const json_t *search =
        intake_ended_search(view_case->extraction, http_query(request, "extraction"));
    CLEANUP(buf_free) struct buf lines;
    buf_init(&lines, (size_t)LIMIT_EXTRACT_BYTES + LIMIT_CHUNK_BYTES);
    if (!search) {
        http_reply_problem(request, 404, "not_found", "There is no extract of this search yet.",
                           NULL);
        return;
    }
    switch (intake_fetch_chunks("extracts", json_object_get(search, "chunks"), &lines, &why)) {
    case VERDICT_OK:
        intake_audit_detail(request, http_path_value(request, "id"), "extract.read",
                            describe_reading(request, search));
        reply_in_form(request, &lines);
        return;
    case VERDICT_REJECT: /* older than the topic keeps, or not what triage named: it will not come */
        log_event(LOG_WARNING, "extract.unreadable", "case=%s why=%s",
                  http_path_value(request, "id"), why.text);
        http_reply_problem(request, 404, "not_kept",
                           "The extract of this search is not kept any more.", NULL);
        return;
    case VERDICT_RETRY:
    case VERDICT_FATAL:
        intake_unavailable(request, "extract", why.text);
    }
}

static void run_get(struct http_request *request)
{
    struct view_case view_case;
    const char *format = http_query(request, "format");
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "raw") != 0) {
        intake_refuse_field(request, 422, "/format", "choice",
                            "expected raw or csv, or nothing for NDJSON");
        return;
    }
    if (!intake_load_case(request, &view_case))
        return;
    answer(request, &view_case);
    view_case_clear(&view_case);
}

static void get_extract(struct http_request *request)
{
    intake_run_slow(request, run_get);
}

const struct http_route extract_routes[] = {
    {.method = "GET",
     .path = "/v1/cases/{id}/extract",
     .handler = get_extract,
     .flags = AUTH_READERS},
};
const size_t extract_route_count = COUNT_OF(extract_routes);
