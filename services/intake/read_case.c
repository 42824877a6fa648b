/* SPDX-License-Identifier: Apache-2.0 */
/* Reading cases: one, the list, the chain as it is stored. */
#include "services/intake/intake.h"
#include "services/intake/view_words.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR_BYTES_MAX 64
#define CLOSED_PERIOD_MAX_US (32LL * 24 * 3600 * 1000000) /* any month, whatever its clocks do */

static void run_get(struct http_request *request)
{
    struct view_case view_case;
    if (!intake_load_case(request, &view_case))
        return;
    const char *known = http_header(request, "If-None-Match");
    http_reply_header(request, "ETag", view_case.etag);
    if (known && http_etag_is_listed(known, view_case.etag)) {
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

/* --- the question ------------------------------------------------------------------------------------------------- */

bool intake_read_words(struct http_request *request, struct words_question *ret_question,
                       bool *ret_given)
{
    const char *q = http_query(request, "q");
    struct why why = {0};
    *ret_given = q && *q;
    if (!*ret_given)
        return true;
    if (strlen(q) > INTAKE_QUERY_BYTES_MAX) {
        intake_refuse_field(request, 422, "/q", "too_long", "expected at most 200 bytes");
        return false;
    }
    if (words_read(q, ret_question, &why) == VERDICT_OK)
        return true;
    intake_refuse_field(request, 422, "/q", why.text,
                        strcmp(why.text, "too_many") == 0 ? "expected at most eight words"
                                                          : "expected letters or digits");
    return false;
}

static bool read_boolean(struct http_request *request, const char *name, bool *ret_value)
{
    const char *text;
    bool read = intake_read_choice(request, name, "true|false", &text);
    *ret_value = read && text && strcmp(text, "true") == 0;
    return read;
}

/* A time with its offset, or a day at the desk: its beginning, and as an end the beginning of the next. */
static bool read_moment(struct http_request *request, const char *name, bool is_end,
                        int64_t *ret_us)
{
    const char *text = http_query(request, name);
    char pointer[40];
    int64_t day;
    if (!text)
        return true;
    if (calendar_parse_date(text, &day)) {
        CLEANUP(profile_release_at) struct profile *profile = profile_current();
        *ret_us = calendar_midnight_us(profile_json(profile), day + is_end);
        return true;
    }
    if (clock_parse(text, strlen(text), ret_us))
        return true;
    snprintf(pointer, sizeof pointer, "/%s", name);
    intake_refuse_field(request, 422, pointer, "format",
                        "expected a date, or a time with offset (RFC 3339)");
    return false;
}

static bool read_customer(struct http_request *request, const char **ret_customer)
{
    *ret_customer = http_query(request, "customer");
    if (!*ret_customer || hearing_customer_id_is_valid(bytes_of(*ret_customer)))
        return true;
    intake_refuse_field(request, 422, "/customer", "format", "expected 1 to 20 of A-Z, 0-9 and -");
    return false;
}

static bool read_operator(struct http_request *request, const char **ret_operator)
{
    *ret_operator = http_query(request, "operator");
    if (!*ret_operator || (**ret_operator && strlen(*ret_operator) <= OPERATOR_BYTES_MAX))
        return true;
    intake_refuse_field(request, 422, "/operator", "length", "expected 1 to 64 bytes");
    return false;
}

/* Both ends or none: what was closed has to be put in order, and so is bounded. */
static bool read_closed(struct http_request *request, struct view_query *ret_query)
{
    const char *from = http_query(request, "closed_from"), *to = http_query(request, "closed_to");
    ret_query->closed = from || to;
    if (!read_moment(request, "closed_from", false, &ret_query->closed_from_us) ||
        !read_moment(request, "closed_to", true, &ret_query->closed_to_us))
        return false;
    if (!from != !to) {
        intake_refuse_field(request, 422, from ? "/closed_to" : "/closed_from", "required",
                            "expected both ends of the period");
        return false;
    }
    if (ret_query->closed_to_us - ret_query->closed_from_us <= CLOSED_PERIOD_MAX_US)
        return true;
    intake_refuse_field(request, 422, "/closed_to", "too_long", "expected at most 32 days");
    return false;
}

#define STATUSES "consultation|policy|first_response|assessment|handover|report|settings|closed"

static const char *types(void)
{
    for (size_t i = 0; i < hearing_field_count; i++)
        if (strcmp(hearing_fields[i].pointer, "/incident/type") == 0)
            return hearing_fields[i].choices;
    return "";
}

static bool read_query(struct http_request *request, struct words_question *question,
                       struct view_query *ret_query)
{
    bool has_words;
    *ret_query = (struct view_query){.to_us = INT64_MAX, .cursor = http_query(request, "cursor")};
    bool read = intake_read_limit(request, &ret_query->limit) &&
                intake_read_choice(request, "status", STATUSES, &ret_query->status) &&
                intake_read_choice(request, "type", types(), &ret_query->type) &&
                read_customer(request, &ret_query->customer) &&
                read_operator(request, &ret_query->operator) &&
                read_moment(request, "opened_from", false, &ret_query->from_us) &&
                read_moment(request, "opened_to", true, &ret_query->to_us) &&
                read_closed(request, ret_query) &&
                read_boolean(request, "held", &ret_query->held) &&
                read_boolean(request, "overdue", &ret_query->overdue) &&
                read_boolean(request, "open", &ret_query->open) &&
                read_boolean(request, "attention", &ret_query->attention) &&
                intake_read_words(request, question, &has_words);
    if (read && has_words)
        ret_query->question = question;
    return read;
}

/* A number read over the telephone and taken down wrongly finds nothing, or another case by chance: said at once. */
static void add_hint(json_t *page, const struct view_query *query)
{
    if (query->question && query->question->check_is_wrong && !query->cursor)
        json_object_set_new(
            page, "hint",
            json_pack("{s:s, s:s}", "code", "check_character", "message",
                      "This is written as a case number, but its last character does not fit the"
                      " others: one of them was taken down wrongly."));
}

static void run_list(struct http_request *request)
{
    struct why why = {0};
    struct view_query query;
    static const char *const names[] = {
        "status",    "customer", "operator", "type", "opened_from", "opened_to", "closed_from",
        "closed_to", "held",     "overdue",  "open", "attention",   "q"};
    CLEANUP(words_clear) struct words_question question = {0};
    json_t *page = NULL;
    if (!read_query(request, &question, &query))
        return;
    switch (view_list(intake.view, &query, &page, &why)) {
    case VERDICT_OK:
        intake_reply_link(request, names, COUNT_OF(names), query.limit, page);
        add_hint(page, &query);
        intake_reply_list(request, page);
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
    intake_run_slow(request, run_chain);
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
