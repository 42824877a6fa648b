/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/clocks.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/case.h"
#include "common/util.h"
#include "services/notify/breach.h"
#include "services/notify/decide.h"

#include <string.h>

#define INACTIVE_DESK_DAYS 2
#define CALL_TO_SUPERVISOR_HOURS 1.0
#define FINAL_AHEAD_DAYS 7

struct due {
    int64_t at_us;
    char change[NOTIFY_CHANGE_SIZE];
    int64_t day; /* that it speaks of; 0: the moment itself */
    const struct breach_rule *rule;
};

struct clock {
    const char *name;
    const char *matter; /* of clocks of one matter that fire at once only the last is told */
    bool (*due)(const struct view *view, struct due *ret_due);
    const char *ja, *en;
};

/* --- promised calls ----------------------------------------------------------------------------------------------------- */

static bool callback(const struct view *view, struct due *ret_due)
{
    const json_t *promise = json_object_get(chain_of(view), "callback");
    ret_due->at_us = time_of(promise, "due_at");
    say(ret_due->change, "callback", text_of(promise, "id"));
    return case_is_open(chain_of(view)) && ret_due->at_us;
}

static bool callback_missed(const struct view *view, struct due *ret_due)
{
    if (!callback(view, ret_due))
        return false;
    ret_due->at_us =
        calendar_add_desk_hours_us(view->facts, ret_due->at_us, CALL_TO_SUPERVISOR_HOURS);
    return true;
}

/* --- the provider's answer ----------------------------------------------------------------------------------------------- */

static bool reply_by(const struct view *view, struct due *ret_due)
{
    const json_t *entry = view_handover(view);
    ret_due->at_us = time_of(entry, "reply_by");
    say(ret_due->change, "reply", text_of(entry, "id"));
    return ret_due->at_us &&
           (is_text(entry, "state", "offered") || is_text(entry, "state", "overdue"));
}

static bool reply_missing(const struct view *view, struct due *ret_due)
{
    double hours = json_number_value(
        json_object_get(json_object_get(view->facts, "provider"), "desk_hours_to_reply"));
    if (!reply_by(view, ret_due))
        return false;
    ret_due->at_us = calendar_add_desk_hours_us(view->facts, ret_due->at_us, hours);
    return true;
}

/* --- nothing happens ----------------------------------------------------------------------------------------------------- */

/* Counted in days, so that a busy day does not move it with every event: due at the opening after so many whole working days. */
static bool inactive_for(const struct view *view, int times, struct due *ret_due)
{
    const json_t *chain = chain_of(view);
    json_int_t days = json_integer_value(
        json_object_get(json_object_get(view->facts, "notices"), "inactive_desk_days"));
    int64_t last = calendar_day_of(view->facts, time_of(chain, "changed_at"));
    char date[CALENDAR_DATE_SIZE];
    int64_t day = calendar_add_desk_days(view->facts, last,
                                         (int)(days ? days : INACTIVE_DESK_DAYS) * times + 1);
    calendar_date_text(last, date);
    say(ret_due->change, "inactive", date);
    ret_due->at_us = calendar_next_opening_us(view->facts, calendar_midnight_us(view->facts, day));
    return case_is_open(chain);
}

static bool inactive(const struct view *view, struct due *ret_due)
{
    return inactive_for(view, 1, ret_due);
}

static bool inactive_long(const struct view *view, struct due *ret_due)
{
    return inactive_for(view, 2, ret_due);
}

/* --- personal data ------------------------------------------------------------------------------------------------------- */

/* At nine in the morning of a day, whether the desk is open or not: the law does not know its hours. */
static int64_t morning_us(const struct view *view, int64_t day)
{
    return calendar_midnight_us(view->facts, day) + 9 * INT64_C(3600) * 1000000;
}

static bool breach(const struct view *view, bool final, int64_t day, int64_t days_before,
                   const struct breach_dates *dates, struct due *ret_due)
{
    char date[CALENDAR_DATE_SIZE];
    ret_due->rule = final ? dates->final : dates->preliminary;
    ret_due->day = day;
    ret_due->at_us = morning_us(view, day - days_before);
    calendar_date_text(day, date);
    say(ret_due->change, ret_due->rule->report, date);
    return !breach_is_filed(view, ret_due->rule->report);
}

static bool preliminary_ahead(const struct view *view, struct due *ret_due)
{
    struct breach_dates dates;
    return breach_dates_of(view, &dates) &&
           breach(view, false, dates.preliminary_day,
                  dates.preliminary_day - dates.preliminary_from_day, &dates, ret_due);
}

static bool preliminary_last(const struct view *view, struct due *ret_due)
{
    struct breach_dates dates;
    return breach_dates_of(view, &dates) &&
           breach(view, false, dates.preliminary_day, 0, &dates, ret_due);
}

static bool final_ahead(const struct view *view, struct due *ret_due)
{
    struct breach_dates dates;
    return breach_dates_of(view, &dates) &&
           breach(view, true, dates.final_day, FINAL_AHEAD_DAYS, &dates, ret_due);
}

static bool final_last(const struct view *view, struct due *ret_due)
{
    struct breach_dates dates;
    return breach_dates_of(view, &dates) && breach(view, true, dates.final_day, 1, &dates, ret_due);
}

/* --- the table ----------------------------------------------------------------------------------------------------------- */

static const struct clock clocks[] = {
    {"callback", "callback", callback, "お客様に、この時刻の折り返しを約束しているため",
     "the customer was promised a call at this time"},
    {"callback_missed", "callback", callback_missed,
     "約束した折り返しから受付時間で1時間たっても、電話をした記録がないため",
     "an hour of desk time after the promised call nobody has noted it"},
    {"reply_by", "reply", reply_by, "提供会社に、この時刻までの回答をお願いしているため",
     "the provider was asked to answer by this time"},
    {"reply_missing", "reply", reply_missing,
     "提供会社の回答期限から、さらに同じ時間がたっても回答がないため",
     "as much time again has passed after the provider's answer was due"},
    {"inactive", "inactive", inactive, "この案件に、決めた営業日のあいだ何も記録されていないため",
     "nothing was noted on this case for the agreed number of working days"},
    {"inactive_long", "inactive", inactive_long,
     "この案件に、決めた営業日の2倍のあいだ何も記録されていないため",
     "nothing was noted on this case for twice the agreed number of working days"},
    {"preliminary_ahead", "preliminary", preliminary_ahead,
     "個人データの漏えいのおそれがあり、速報の目安が始まるため（知った日から3日目）",
     "personal data may have leaked: the time for the preliminary report begins (day 3)"},
    {"preliminary_last", "preliminary", preliminary_last,
     "個人データの漏えいのおそれがあり、速報の目安の最終日のため（知った日から5日目）",
     "personal data may have leaked: the last day of the guideline for the preliminary report (day "
     "5)"},
    {"final_ahead", "final", final_ahead,
     "個人データの漏えいのおそれがあり、確報の期限の7日前のため",
     "personal data may have leaked: seven days before the final report is due"},
    {"final_last", "final", final_last, "個人データの漏えいのおそれがあり、確報の期限の前日のため",
     "personal data may have leaked: the day before the final report is due"},
};

static const char *matter_of(const json_t *entry)
{
    for (size_t i = 0; i < COUNT_OF(clocks); i++)
        if (is_text(entry, "clock", clocks[i].name))
            return clocks[i].matter;
    return "";
}

/* --- running ------------------------------------------------------------------------------------------------------------- */

static void set_rule(json_t *entry, const struct due *due)
{
    char date[CALENDAR_DATE_SIZE];
    if (!due->rule)
        return;
    calendar_date_text(due->day, date);
    json_object_set_new(entry, "day", json_string(date));
    json_object_set_new(entry, "basis",
                        json_string(due->rule->basis == BREACH_LAW ? "law" : "guideline"));
    json_object_set_new(entry, "source_ja", json_string(due->rule->source_ja));
    json_object_set_new(entry, "source_en", json_string(due->rule->source_en));
}

/* What was fired for the same thing stays fired, wherever the time has gone since. */
static json_t *make_entry(const struct view *view, const struct clock *clock, const struct due *due)
{
    static const char *const kept[] = {"fired_at", "late", "passed_over"};
    const json_t *before = clocks_find(view->own, clock->name);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "clock", clock->name, "change", due->change,
                              "ja", clock->ja, "en", clock->en);
    bool known = is_text(before, "change", due->change);
    set_time(entry, "due_at", due->at_us);
    set_rule(entry, due);
    for (size_t i = 0; known && i < COUNT_OF(kept); i++)
        if (json_object_get(before, kept[i]))
            json_object_set(entry, kept[i], json_object_get(before, kept[i]));
    if (json_object_get(entry, "fired_at") || view->now_us < due->at_us)
        return entry;
    set_time(entry, "fired_at", view->now_us);
    if (known && view->now_us - due->at_us > CLOCKS_LATE_US)
        json_object_set_new(entry, "late", json_true());
    return entry;
}

/* Both reminders of one matter are due at once after a day away, or where the case came late: the last one says it all. */
static void pass_over(const struct view *view, json_t *list)
{
    char now[CLOCK_TEXT_SIZE];
    clock_format_us(view->now_us, now);
    for (size_t i = 0; i + 1 < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        const json_t *next = json_array_get(list, i + 1);
        if (strcmp(matter_of(entry), matter_of(next)) == 0 && is_text(entry, "fired_at", now) &&
            is_text(next, "fired_at", now))
            json_object_set_new(entry, "passed_over", json_true());
    }
}

json_t *clocks_run(const struct view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT_OF(clocks); i++) {
        struct due due = {0};
        if (clocks[i].due(view, &due))
            json_array_append_new(list, make_entry(view, &clocks[i], &due));
    }
    pass_over(view, list);
    return list;
}

const json_t *clocks_find(const json_t *own, const char *clock)
{
    const json_t *list = json_object_get(own, "clocks");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (is_text(json_array_get(list, i), "clock", clock))
            return json_array_get(list, i);
    return NULL;
}

bool clocks_speaks(const json_t *own, const char *clock)
{
    const json_t *list = json_object_get(own, "clocks"), *last = NULL;
    const json_t *entry = clocks_find(own, clock);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (json_object_get(other, "fired_at") && strcmp(matter_of(other), matter_of(entry)) == 0)
            last = other;
    }
    return entry && entry == last;
}

int64_t clocks_next_us(const json_t *own)
{
    const json_t *list = json_object_get(own, "clocks");
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        int64_t due_us = time_of(entry, "due_at");
        if (!json_object_get(entry, "fired_at") && due_us && due_us < next_us)
            next_us = due_us;
    }
    return next_us;
}
