/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the desk itself, and whether the service lives. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "services/intake/api_people.h"
#include "services/intake/members.h"

#define HOLIDAYS_BACK_DAYS 31
#define HOLIDAYS_AHEAD_DAYS 366

static json_t *consent_documents(const json_t *profile)
{
    static const char *const shown[] = {"id",       "version",  "sha256",     "text",
                                        "scopes",   "required", "channels",   "purposes",
                                        "provider", "accepted", "valid_from", "valid_until"};
    const json_t *all = json_object_get(profile, "consent_documents");
    json_t *documents = json_array();
    for (size_t i = 0; i < json_array_size(all); i++)
        json_array_append_new(documents,
                              members_pick(json_array_get(all, i), shown, COUNT_OF(shown)));
    return documents;
}

/* Public holidays around today, for whoever shows when the desk is open. */
static json_t *holidays(const json_t *profile)
{
    int64_t today = calendar_day_of(profile, clock_now_us());
    json_t *dates = json_array();
    for (int64_t day = today - HOLIDAYS_BACK_DAYS; day < today + HOLIDAYS_AHEAD_DAYS; day++) {
        char date[CALENDAR_DATE_SIZE];
        if (!calendar_is_national_holiday(profile, day))
            continue;
        calendar_date_text(day, date);
        json_array_append_new(dates, json_string(date));
    }
    return dates;
}

/* To whom, as far as it is anybody's business here: its mail and its other keys are not. */
json_t *intake_provider_json(const json_t *profile)
{
    static const char *const shown[] = {"id", "name"};
    const json_t *provider = json_object_get(profile, "provider");
    json_t *answer = members_pick(provider, shown, COUNT_OF(shown));
    json_object_set_new(answer, "phone", members_or_null(json_object_get(provider, "phone")));
    json_object_set(answer, "kid", json_object_get(profile_recipient_key(provider), "kid"));
    return answer;
}

static void get_desk(struct http_request *request)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *all = profile_json(profile);
    static const char *const shown[] = {"name", "phone", "hours", "closures", "time_zone"};
    json_t *answer = members_pick(all, shown, COUNT_OF(shown));
    json_object_set_new(answer, "holidays", holidays(all));
    json_object_set_new(answer, "people", people_named());
    json_object_set_new(answer, "consent_documents", consent_documents(all));
    json_object_set_new(answer, "provider", intake_provider_json(all));
    intake_reply_table(request, answer);
}

static void get_hearing_sheet(struct http_request *request)
{
    intake_reply_table(request, hearing_sheet());
}

/* --- overview and health ------------------------------------------------------------------------------------------------------------ */

struct day {
    int64_t from_us, to_us;
    char date[CALENDAR_DATE_SIZE];
};

/* The day that it is at the desk. */
static struct day today(const json_t *profile, int64_t now_us)
{
    struct day day;
    int64_t number = calendar_day_of(profile, now_us);
    calendar_date_text(number, day.date);
    day.from_us = calendar_midnight_us(profile, number);
    day.to_us = calendar_midnight_us(profile, number + 1);
    return day;
}

static void run_get_overview(struct http_request *request)
{
    struct why why = {0};
    json_t *numbers = NULL;
    int64_t now_us = clock_now_us();
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    struct day day = today(profile_json(profile), now_us);
    if (view_day(intake.view, day.from_us, day.to_us, now_us, &numbers, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return;
    }
    json_object_set_new(numbers, "date", json_string(day.date));
    json_object_set(numbers, "time_zone", json_object_get(profile_json(profile), "time_zone"));
    json_object_set_new(numbers, "on", people_on());
    intake_reply_list(request, numbers);
}

static void get_overview(struct http_request *request)
{
    intake_run(request, run_get_overview);
}

static void get_livez(struct http_request *request)
{
    http_reply(request, 200, "text/plain", bytes_of("live\n"));
}

static void get_readyz(struct http_request *request)
{
    bool ready = view_is_ready(intake.view, NULL);
    http_reply(request, ready ? 200 : 503, "text/plain",
               bytes_of(ready ? "ready\n" : "not ready\n"));
}

const struct http_route desk_routes[] = {
    {.method = "GET", .path = "/v1/desk", .handler = get_desk, .flags = AUTH_READERS},
    {.method = "GET",
     .path = "/v1/hearing-sheet",
     .handler = get_hearing_sheet,
     .flags = AUTH_READERS},
    {.method = "GET",
     .path = "/v1/playbooks",
     .handler = intake_get_playbooks,
     .flags = AUTH_READERS},
    {.method = "GET", .path = "/v1/overview", .handler = get_overview, .flags = AUTH_READERS},
    {.method = "GET", .path = "/livez", .handler = get_livez, .flags = AUTH_NOBODY},
    {.method = "GET", .path = "/readyz", .handler = get_readyz, .flags = AUTH_NOBODY},
};
const size_t desk_route_count = COUNT_OF(desk_routes);
