/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/breach.h"

#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "common/clock.h"
#include "common/util.h"

#include <stdio.h>
#include <string.h>

#define GUIDELINE_JA "個人情報保護法ガイドライン（通則編）3-5-3-3"
#define GUIDELINE_EN "PPC guideline on the Act, general part, 3-5-3-3"
#define RULE_JA "個人情報保護法施行規則 第8条第2項"
#define RULE_EN "Enforcement Rules of the Act, article 8 (2)"

/* In force since 1 April 2022. The amendment promulgated on 17 July 2026 has no date of force yet: it becomes further rows here. */
const struct breach_rule breach_rules[] = {
    {"preliminary", "2022-04-01", NULL, BREACH_GUIDELINE, false, true, 3, 5, false, GUIDELINE_JA,
     GUIDELINE_EN},
    {"final", "2022-04-01", NULL, BREACH_LAW, false, false, 30, 30, true, RULE_JA, RULE_EN},
    {"final", "2022-04-01", NULL, BREACH_LAW, true, false, 60, 60, true, RULE_JA, RULE_EN},
};
const size_t breach_rule_count = COUNT_OF(breach_rules);

static bool is_in_force(const struct breach_rule *rule, int64_t day)
{
    int64_t from, until;
    return calendar_parse_date(rule->from, &from) && day >= from &&
           (!rule->until || (calendar_parse_date(rule->until, &until) && day <= until));
}

static const struct breach_rule *rule_for(const char *report, bool malicious, int64_t day)
{
    for (size_t i = 0; i < breach_rule_count; i++)
        if (strcmp(breach_rules[i].report, report) == 0 && is_in_force(&breach_rules[i], day) &&
            (breach_rules[i].any || breach_rules[i].malicious == malicious))
            return &breach_rules[i];
    return NULL;
}

/* Kinds of incident behind which somebody stands; of a leak whose cause nobody knows the shorter time is told. */
static bool is_malicious(const struct view *view)
{
    static const char *const kinds[] = {"ransomware", "account_takeover", "defacement", "malware",
                                        "support_scam"};
    const char *type = hearing_text(view, "incident", "type");
    for (size_t i = 0; type && i < COUNT_OF(kinds); i++)
        if (strcmp(type, kinds[i]) == 0)
            return true;
    return false;
}

/* Act on Holidays of Administrative Organs (昭和63年法律第91号), article 1. */
static bool is_office_closed(const json_t *facts, int64_t day)
{
    int year, month, of_month, weekday = calendar_weekday(day);
    clock_civil_from_days(day, &year, &month, &of_month);
    return weekday == 0 || weekday == 6 || (month == 12 && of_month >= 29) ||
           (month == 1 && of_month <= 3) || calendar_is_national_holiday(facts, day);
}

static int64_t last_day(const json_t *facts, const struct breach_rule *rule, int64_t known_day,
                        int days)
{
    int64_t day = known_day + days - 1;
    while (rule->moves && is_office_closed(facts, day))
        day++;
    return day;
}

/* When the company knew: as it says, else when it found out, else at the latest when it called. */
static int64_t known_at(const struct view *view, const char **ret_field)
{
    static const char *const fields[] = {"known_at", "discovered_at"};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        int64_t at_us = time_of(hearing_of(view, "incident"), fields[i]);
        *ret_field = fields[i];
        if (at_us)
            return at_us;
    }
    *ret_field = NULL;
    return time_of(chain_of(view), "opened_at");
}

static bool is_closed_as_none(const struct view *view)
{
    const json_t *closed = json_object_get(chain_of(view), "closed");
    return is_text(closed, "outcome", "no_incident") || is_text(closed, "outcome", "duplicate") ||
           is_text(closed, "outcome", "withdrawn");
}

bool breach_dates_of(const struct view *view, struct breach_dates *ret_dates)
{
    if (!hearing_leak_is_possible(json_object_get(chain_of(view), "hearing")) ||
        is_closed_as_none(view))
        return false;
    struct breach_dates dates = {.entrusted = hearing_text(view, "legal", "entrusted_by") != NULL};
    dates.known_day = calendar_day_of(view->facts, known_at(view, &dates.known_by));
    dates.preliminary = rule_for("preliminary", is_malicious(view), dates.known_day);
    dates.final = rule_for("final", is_malicious(view), dates.known_day);
    if (!dates.preliminary || !dates.final)
        return false;
    dates.preliminary_from_day =
        last_day(view->facts, dates.preliminary, dates.known_day, dates.preliminary->days_least);
    dates.preliminary_day =
        last_day(view->facts, dates.preliminary, dates.known_day, dates.preliminary->days);
    dates.final_day = last_day(view->facts, dates.final, dates.known_day, dates.final->days);
    *ret_dates = dates;
    return true;
}

bool breach_is_filed(const struct view *view, const char *report)
{
    char key[60];
    snprintf(key, sizeof key, "/ppc_%s_report", report);
    return json_object_get(json_object_get(chain_of(view), "steps_done"), key);
}
