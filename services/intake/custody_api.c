/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/custody: the custody document of a hand-over, as JSON or as a page to be printed. */
#include "services/intake/custody.h"
#include "services/intake/intake.h"

#include "common/clock.h"

#include <string.h>

#define CATCH_UP_MS 2000
#define CATCH_UP_MAX 3

/* A browser says that it takes HTML; `format` says it for everybody else. */
static bool wants_page(struct http_request *request)
{
    const char *format = http_query(request, "format"), *accept = http_header(request, "Accept");
    if (format)
        return strcmp(format, "html") == 0;
    return accept && strstr(accept, "text/html");
}

static void reply_page(struct http_request *request, const json_t *document)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    CLEANUP(buf_free) struct buf page;
    buf_init(&page, CUSTODY_PAGE_BYTES_MAX);
    custody_page(document, profile_json(profile), &page);
    http_reply_header(request, "Content-Security-Policy", custody_page_policy());
    http_reply_header(request, "Referrer-Policy", "no-referrer");
    http_reply_buf(request, 200, "text/html; charset=utf-8", &page);
}

static void answer(struct http_request *request, json_t *document)
{
    if (!document) {
        http_reply_problem(request, 404, "not_found", "The case has no such hand-over.", NULL);
        return;
    }
    bool page = wants_page(request);
    intake_audit_detail(request, http_path_value(request, "id"), "custody.read",
                        json_pack("{s:O, s:s}", "handover", json_object_get(document, "handover"),
                                  "format", page ? "html" : "json"));
    http_reply_header(request, "Vary", "Accept");
    if (page)
        reply_page(request, document);
    else
        http_reply_json(request, 200, json_incref(document));
}

static json_int_t revision_of(const json_t *object)
{
    return json_integer_value(json_object_get(object, "revision"));
}

/* Until the case has everything that escalation spoke of: its word may be folded before the events that it rests on. */
static enum verdict catch_up(const char *case_id, struct view_case *found, struct why *why)
{
    for (int tries = 0; revision_of(found->escalation) > revision_of(found->state); tries++) {
        view_case_clear(found);
        if (tries == CATCH_UP_MAX)
            return retry(why, "the chain is folded late");
        enum verdict verdict =
            view_catch_up(intake.view, case_id, clock_monotonic_ms() + CATCH_UP_MS, why);
        if (verdict == VERDICT_OK)
            verdict = view_case(intake.view, case_id, found, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

static void run_get(struct http_request *request)
{
    struct view_case found;
    struct why why = {0};
    json_auto_t *events = NULL;
    char now[CLOCK_TEXT_SIZE];
    const char *format = http_query(request, "format"), *id = http_path_value(request, "id");
    if (format && strcmp(format, "html") != 0 && strcmp(format, "json") != 0) {
        intake_refuse_field(request, 422, "/format", "choice", "expected html or json");
        return;
    }
    if (!intake_load_case(request, &found))
        return;
    if (catch_up(id, &found, &why) == VERDICT_OK &&
        view_events(intake.view, id, &events, &why) == VERDICT_OK) {
        clock_format_us(clock_now_us(), now);
        json_auto_t *document =
            custody_document(&(struct custody_question){.events = events,
                                                        .state = found.state,
                                                        .escalation = found.escalation,
                                                        .handover = http_query(request, "handover"),
                                                        .made_at = now});
        answer(request, document);
    } else {
        intake_unavailable(request, "view", why.text);
    }
    view_case_clear(&found);
}

static void get_custody(struct http_request *request)
{
    intake_run_slow(request, run_get);
}

const struct http_route custody_routes[] = {
    {.method = "GET",
     .path = "/v1/cases/{id}/custody",
     .handler = get_custody,
     .flags = AUTH_READERS},
};
const size_t custody_route_count = COUNT_OF(custody_routes);
