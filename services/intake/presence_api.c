/* SPDX-License-Identifier: Apache-2.0 */
/* …/cases/{id}/presence: who looks at the case, who is editing it. */
#include "services/intake/intake.h"
#include "services/intake/presence.h"

#include "common/clock.h"
#include "common/log.h"

#include <string.h>

#define BODY_BYTES_MAX 1024

static const struct case_member presence_members[] = {
    {"doing", CASE_CHOICE, true, 0, "viewing|editing"},
};

static json_t *present_json(const struct present *present, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char until[CLOCK_TEXT_SIZE];
        clock_format_us(present[i].until_us, until);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "operator", present[i].operator,
                                              "doing", present[i].doing, "until", until));
    }
    return json_pack("{s:o}", "present", list);
}

static void unavailable(struct http_request *request, const struct why *why)
{
    log_event(LOG_WARNING, "presence.unavailable", "why=%s", why->text);
    auth_reply_unavailable(request, "nobody can say who else looks at the case at the moment");
}

static bool is_there(struct http_request *request)
{
    struct view_case found;
    if (!intake_load_case(request, &found))
        return false;
    view_case_clear(&found);
    return true;
}

static void say(struct http_request *request, const char *doing)
{
    struct present present[PRESENT_MAX];
    size_t count = 0;
    bool taken = false;
    struct why why = {0};
    if (presence_say(auth_redis(), http_path_value(request, "id"), auth_identity(request)->id,
                     doing, clock_now_us(), &taken, present, &count, &why) != VERDICT_OK)
        unavailable(request, &why);
    else if (!taken)
        http_reply_problem(request, 409, "too_many",
                           "50 operators at a case, and 50 cases of an operator, at most", NULL);
    else if (doing)
        http_reply_json(request, 200, present_json(present, count));
    else
        http_reply(request, 204, NULL, (struct bytes){0});
}

static void run_put(struct http_request *request)
{
    json_auto_t *body = NULL;
    if (!intake_body_object(request, &body) ||
        !intake_members_fit(request, body, presence_members, COUNT_OF(presence_members)) ||
        !is_there(request))
        return;
    bool editing = strcmp(json_string_value(json_object_get(body, "doing")), "editing") == 0;
    say(request, editing ? "editing" : "viewing");
}

static void put_presence(struct http_request *request)
{
    intake_run(request, run_put);
}

static void run_delete(struct http_request *request)
{
    if (is_there(request))
        say(request, NULL);
}

static void delete_presence(struct http_request *request)
{
    intake_run(request, run_delete);
}

static void run_get(struct http_request *request)
{
    struct present present[PRESENT_MAX];
    size_t count = 0;
    struct why why = {0};
    if (!is_there(request))
        return;
    if (presence_ask(auth_redis(), http_path_value(request, "id"), clock_now_us(), present, &count,
                     &why) != VERDICT_OK)
        unavailable(request, &why);
    else
        http_reply_json(request, 200, present_json(present, count));
}

static void get_presence(struct http_request *request)
{
    intake_run(request, run_get);
}

const struct http_route presence_routes[] = {
    {.method = "GET",
     .path = "/v1/cases/{id}/presence",
     .handler = get_presence,
     .flags = AUTH_READERS},
    {.method = "PUT",
     .path = "/v1/cases/{id}/presence",
     .handler = put_presence,
     .flags = AUTH_WRITERS,
     .body_max = BODY_BYTES_MAX,
     .content_types = "application/json"},
    {.method = "DELETE",
     .path = "/v1/cases/{id}/presence",
     .handler = delete_presence,
     .flags = AUTH_WRITERS},
};
const size_t presence_route_count = COUNT_OF(presence_routes);
