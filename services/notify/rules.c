/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/rules.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/case.h"
#include "common/util.h"
#include "services/notify/breach.h"
#include "services/notify/clocks.h"
#include "services/notify/decide.h"

#include <stdio.h>
#include <string.h>

static bool say_revision(char *ret_change, const char *kind, const json_t *stamp)
{
    char revision[24];
    snprintf(revision, sizeof revision, "%lld",
             (long long)json_integer_value(json_object_get(stamp, "revision")));
    return stamp && say(ret_change, kind, revision);
}

/* --- consultation, policy, first response -------------------------------------------------------------------------------- */

static bool received(const struct view *view, size_t n, char *ret_change)
{
    const char *id = text_of(chain_of(view), "id");
    return n == 0 && id && say(ret_change, "opened", id);
}

static bool policy_decided(const struct view *view, size_t n, char *ret_change)
{
    return n == 0 && say_revision(ret_change, "policy", json_object_get(chain_of(view), "policy"));
}

/* Another policy was decided since. */
static bool is_another_policy(const struct view *view, const char *change)
{
    char now[NOTIFY_CHANGE_SIZE];
    return !policy_decided(view, 0, now) || strcmp(now, change) != 0;
}

/* Once for a policy, when the first response has come to its end: the need for analysis is judged. */
static bool first_response(const struct view *view, size_t n, char *ret_change)
{
    const json_t *chain = chain_of(view), *steps = json_object_get(chain, "steps_done");
    return n == 0 && json_object_get(chain, "assessment") && json_object_size(steps) > 0 &&
           say_revision(ret_change, "steps", json_object_get(chain, "policy"));
}

/* What is still needed stands in the verdict of the gate; asked for already, the hold or the offer says it. */
static bool provider_introduced(const struct view *view, size_t n, char *ret_change)
{
    const json_t *assessment = json_object_get(chain_of(view), "assessment"),
                 *status = json_object_get(view->state, "escalation-status");
    return n == 0 && is_text(assessment, "needed", "yes") &&
           json_is_true(json_object_get(assessment, "introduced")) &&
           is_text(status, "state", "none") &&
           say(ret_change, "introduced", text_of(json_object_get(view->facts, "provider"), "id"));
}

static bool is_not_introduced(const struct view *view, const char *change)
{
    char now[NOTIFY_CHANGE_SIZE];
    return !provider_introduced(view, 0, now) || strcmp(now, change) != 0;
}

/* --- searches ------------------------------------------------------------------------------------------------------------ */

/* Once for each answer and customer: a search that is repeated with the same answer is no news to a customer. */
static bool search_says(const struct view *view, const char *wanted, char *ret_change)
{
    const json_t *extraction = json_object_get(view->state, "extractions");
    const char *customer = text_of(chain_of(view), "customer_id");
    return customer && is_text(extraction, "status", wanted) &&
           is_text(extraction, "customer_id", customer) && say(ret_change, wanted, customer);
}

static bool detections_found(const struct view *view, size_t n, char *ret_change)
{
    return n == 0 && search_says(view, "found", ret_change);
}

static bool detections_none(const struct view *view, size_t n, char *ret_change)
{
    return n == 0 && search_says(view, "none", ret_change);
}

/* The logs were another customer's. */
static bool is_about_another(const struct view *view, const char *change)
{
    const char *colon = strchr(change, ':');
    return !colon || !is_text(chain_of(view), "customer_id", colon + 1);
}

static bool is_not_none(const struct view *view, const char *change)
{
    return is_about_another(view, change) ||
           is_text(json_object_get(view->state, "extractions"), "status", "found");
}

/* --- hand-overs ---------------------------------------------------------------------------------------------------------- */

static bool has_step(const json_t *entry, const char *step)
{
    const json_t *steps = json_object_get(entry, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (is_text(json_array_get(steps, i), "step", step))
            return true;
    return false;
}

static const json_t *entries_of(const struct view *view)
{
    return json_object_get(json_object_get(view->state, "escalation-status"), "handovers");
}

/* Every hand-over counts, not only the newest: of a compacted topic the latest value may be all that is seen. A supplement
 * goes with the hand-over that it is added to, of which the customer was told. */
static bool handover_went(const struct view *view, size_t n, const char *step, char *ret_change)
{
    const json_t *entries = entries_of(view);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (!json_object_get(entry, "supplement_of") && has_step(entry, step) && n-- == 0)
            return say(ret_change, step, text_of(entry, "id"));
    }
    return false;
}

/* "Nothing has been handed over yet" is true of the newest while it waits, and if nothing was ever released before. */
static bool held(const struct view *view, size_t n, char *ret_change)
{
    const json_t *status = json_object_get(view->state, "escalation-status"),
                 *entries = entries_of(view);
    const char *handover = text_of(status, "handover");
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (has_step(json_array_get(entries, i), "released"))
            return false;
    return n == 0 && handover && is_text(status, "state", "held") &&
           say(ret_change, "held", handover);
}

static bool is_not_held(const struct view *view, const char *change)
{
    char now[NOTIFY_CHANGE_SIZE];
    return !held(view, 0, now) || strcmp(now, change) != 0;
}

static bool offered(const struct view *view, size_t n, char *ret_change)
{
    return handover_went(view, n, "offered", ret_change);
}

static bool accepted(const struct view *view, size_t n, char *ret_change)
{
    return handover_went(view, n, "released", ret_change);
}

static bool declined(const struct view *view, size_t n, char *ret_change)
{
    return handover_went(view, n, "declined", ret_change);
}

static bool recalled(const struct view *view, size_t n, char *ret_change)
{
    return handover_went(view, n, "recalled", ret_change);
}

/* Once for each hand-over, of its own accord or because it was asked to. */
static bool deleted(const struct view *view, size_t n, char *ret_change)
{
    return handover_went(view, n, "deleted", ret_change);
}

/* --- report and settings ------------------------------------------------------------------------------------------------- */

static bool reported(const struct view *view, size_t n, char *ret_change)
{
    const json_t *reports = json_object_get(chain_of(view), "reports");
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *report = json_array_get(reports, i);
        if (json_object_get(report, "recorded_at") && n-- == 0)
            return say(ret_change, "reported", text_of(report, "report"));
    }
    return false;
}

static size_t count_proposals(const struct view *view, const char *without)
{
    size_t count = 0;
    const char *id;
    const json_t *proposal;
    json_object_foreach(json_object_get(chain_of(view), "proposals"), id, proposal)
    {
        bool refused = is_text(json_object_get(proposal, "decided"), "decision", "refused");
        count +=
            !json_object_get(proposal, without) && !(refused && strcmp(without, "applied") == 0);
    }
    return count;
}

static bool say_count(char *ret_change, const char *kind, size_t count)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", count);
    return say(ret_change, kind, text);
}

/* Once for what one report brings: proposals come together, and are only ever added. */
static bool proposals(const struct view *view, size_t n, char *ret_change)
{
    size_t all = json_object_size(json_object_get(chain_of(view), "proposals"));
    return n == 0 && count_proposals(view, "decided") > 0 &&
           say_count(ret_change, "proposals", all);
}

static bool is_all_decided(const struct view *view, const char *change)
{
    (void)change;
    return count_proposals(view, "decided") == 0;
}

/* When the last one that was agreed to is done. */
static bool settings_applied(const struct view *view, size_t n, char *ret_change)
{
    size_t all = json_object_size(json_object_get(chain_of(view), "proposals")), done = 0;
    const char *id;
    const json_t *proposal;
    json_object_foreach(json_object_get(chain_of(view), "proposals"), id, proposal) done +=
        json_object_get(proposal, "applied") != NULL;
    return n == 0 && all && done && count_proposals(view, "decided") == 0 &&
           count_proposals(view, "applied") == 0 && say_count(ret_change, "applied", done);
}

static bool closed(const struct view *view, size_t n, char *ret_change)
{
    return n == 0 && say_revision(ret_change, "closed", json_object_get(chain_of(view), "closed"));
}

/* --- dates, clocks, trouble ---------------------------------------------------------------------------------------------- */

static bool breach_dates(const struct view *view, size_t n, char *ret_change)
{
    struct breach_dates dates;
    char key[40];
    if (n > 0 || !breach_dates_of(view, &dates) || !case_is_open(chain_of(view)))
        return false;
    snprintf(key, sizeof key, "%lld-%lld", (long long)dates.known_day, (long long)dates.final_day);
    return say(ret_change, "breach", key);
}

static bool is_another_date(const struct view *view, const char *change)
{
    char now[NOTIFY_CHANGE_SIZE];
    return !breach_dates(view, 0, now) || strcmp(now, change) != 0;
}

static bool fired(const struct view *view, const char *clock, size_t n, char *ret_change)
{
    if (n > 0 || !clocks_speaks(view->own, clock))
        return false;
    snprintf(ret_change, NOTIFY_CHANGE_SIZE, "%s",
             text_of(clocks_find(view->own, clock), "change"));
    return true;
}

/* It was stopped, is armed for something else, or a later clock of its matter has fired since. */
static bool stopped(const struct view *view, const char *clock, const char *change)
{
    return !clocks_speaks(view->own, clock) ||
           !is_text(clocks_find(view->own, clock), "change", change);
}

#define CLOCK_RULE(name)                                                                           \
    static bool name##_fired(const struct view *view, size_t n, char *ret_change)                  \
    {                                                                                              \
        return fired(view, #name, n, ret_change);                                                  \
    }                                                                                              \
    static bool name##_stopped(const struct view *view, const char *change)                        \
    {                                                                                              \
        return stopped(view, #name, change);                                                       \
    }
CLOCK_RULE(callback)
CLOCK_RULE(callback_missed)
CLOCK_RULE(reply_by)
CLOCK_RULE(reply_missing)
CLOCK_RULE(inactive)
CLOCK_RULE(inactive_long)
CLOCK_RULE(preliminary_ahead)
CLOCK_RULE(preliminary_last)
CLOCK_RULE(final_ahead)
CLOCK_RULE(final_last)

/* The relay will not have an address: once for each. */
static bool address_refused(const struct view *view, size_t n, char *ret_change)
{
    const json_t *steps = json_object_get(view->own, "next_steps");
    for (size_t i = 0; n == 0 && i < json_array_size(steps); i++)
        if (is_text(json_array_get(steps, i), "step", "confirm_address"))
            return say(ret_change, "address", text_of(json_array_get(steps, i), "where"));
    return false;
}

/* More is to be said than a case may say in a day: a loop, or a replay. Once a day. */
static bool storm(const struct view *view, size_t n, char *ret_change)
{
    const json_t *notices = json_object_get(view->own, "notices");
    for (size_t i = json_array_size(notices); n == 0 && i > 0; i--) {
        const json_t *notice = json_array_get(notices, i - 1);
        const char *planned_at = text_of(notice, "planned_at");
        if (planned_at && is_text(notice, "why", "limit of the day"))
            return snprintf(ret_change, NOTIFY_CHANGE_SIZE, "storm:%.10s", planned_at) > 0;
    }
    return false;
}

/* --- the table ----------------------------------------------------------------------------------------------------------- */

#define OF_CLOCK(name) name##_fired, name##_stopped

/* clang-format off */
const struct notify_rule notify_rules[] = {
    /* rule, change, when it is no longer true, to, template, urgency, to an address not read back, published, clock */
    {"received", received, NULL, NOTIFY_CUSTOMER, "received", NOTIFY_SOON, true, true, NULL},
    {"policy_decided", policy_decided, is_another_policy, NOTIFY_CUSTOMER, "policy_decided", NOTIFY_SOON, false, true, NULL},
    {"detections_found", detections_found, is_about_another, NOTIFY_CUSTOMER, "detections_found", NOTIFY_SOON, false, true, NULL},
    {"detections_none", detections_none, is_not_none, NOTIFY_CUSTOMER, "detections_none", NOTIFY_SOON, false, true, NULL},
    {"first_response", first_response, NULL, NOTIFY_CUSTOMER, "first_response", NOTIFY_SOON, false, true, NULL},
    {"provider_introduced", provider_introduced, is_not_introduced, NOTIFY_CUSTOMER, "provider_introduced", NOTIFY_SOON, false, true, NULL},
    {"handover_held", held, is_not_held, NOTIFY_CUSTOMER, "handover_held", NOTIFY_SOON, false, true, NULL},
    {"handover_offered", offered, NULL, NOTIFY_CUSTOMER, "handover_offered", NOTIFY_SOON, false, true, NULL},
    {"handover_offered", offered, NULL, NOTIFY_RESPONSIBLE, "handover_offered", NOTIFY_SOON, false, false, NULL},
    {"handover_accepted", accepted, NULL, NOTIFY_CUSTOMER, "handover_accepted", NOTIFY_SOON, false, true, NULL},
    {"handover_declined", declined, NULL, NOTIFY_CUSTOMER, "handover_declined", NOTIFY_SOON, false, true, NULL},
    {"handover_declined", declined, NULL, NOTIFY_OPERATOR, "desk_declined", NOTIFY_URGENT, false, false, NULL},
    {"handover_recalled", recalled, NULL, NOTIFY_CUSTOMER, "handover_recalled", NOTIFY_SOON, false, true, NULL},
    {"handover_recalled", recalled, NULL, NOTIFY_RESPONSIBLE, "handover_recalled", NOTIFY_SOON, false, false, NULL},
    {"handover_deleted", deleted, NULL, NOTIFY_CUSTOMER, "handover_deleted", NOTIFY_SOON, false, true, NULL},
    {"report_received", reported, NULL, NOTIFY_CUSTOMER, "report_received", NOTIFY_SOON, false, true, NULL},
    {"proposal_to_decide", proposals, is_all_decided, NOTIFY_CUSTOMER, "proposal_to_decide", NOTIFY_SOON, false, true, NULL},
    {"proposal_to_decide", proposals, is_all_decided, NOTIFY_RESPONSIBLE, "proposal_to_decide", NOTIFY_SOON, false, false, NULL},
    {"settings_applied", settings_applied, NULL, NOTIFY_CUSTOMER, "settings_applied", NOTIFY_SOON, false, true, NULL},
    {"case_closed", closed, NULL, NOTIFY_CUSTOMER, "case_closed", NOTIFY_SOON, false, true, NULL},
    {"breach_dates", breach_dates, is_another_date, NOTIFY_CUSTOMER, "breach_dates", NOTIFY_SOON, false, false, NULL},
    {"breach_dates", breach_dates, is_another_date, NOTIFY_RESPONSIBLE, "breach_dates", NOTIFY_SOON, false, false, NULL},

    {"callback_due", OF_CLOCK(callback), NOTIFY_OPERATOR, "callback_due", NOTIFY_URGENT, false, true, "callback"},
    {"callback_missed", OF_CLOCK(callback_missed), NOTIFY_OPERATOR, "callback_missed", NOTIFY_URGENT, false, false, "callback_missed"},
    {"callback_missed", OF_CLOCK(callback_missed), NOTIFY_SUPERVISOR, "callback_missed", NOTIFY_URGENT, false, true, "callback_missed"},
    {"handover_overdue", OF_CLOCK(reply_by), NOTIFY_OPERATOR, "overdue", NOTIFY_URGENT, false, true, "reply_by"},
    {"handover_overdue", OF_CLOCK(reply_by), NOTIFY_PROVIDER, "provider_overdue", NOTIFY_URGENT, false, false, "reply_by"},
    {"reply_missing", OF_CLOCK(reply_missing), NOTIFY_OPERATOR, "reply_missing", NOTIFY_URGENT, false, false, "reply_missing"},
    {"reply_missing", OF_CLOCK(reply_missing), NOTIFY_SUPERVISOR, "reply_missing", NOTIFY_URGENT, false, true, "reply_missing"},
    {"reply_missing", OF_CLOCK(reply_missing), NOTIFY_PROVIDER, "provider_overdue", NOTIFY_URGENT, false, false, "reply_missing"},
    {"inactive", OF_CLOCK(inactive), NOTIFY_OPERATOR, "inactive", NOTIFY_DESK, false, true, "inactive"},
    {"inactive_long", OF_CLOCK(inactive_long), NOTIFY_OPERATOR, "inactive", NOTIFY_DESK, false, false, "inactive_long"},
    {"inactive_long", OF_CLOCK(inactive_long), NOTIFY_SUPERVISOR, "inactive", NOTIFY_DESK, false, true, "inactive_long"},
    {"preliminary_ahead", OF_CLOCK(preliminary_ahead), NOTIFY_CUSTOMER, "preliminary_ahead", NOTIFY_SOON, false, true, "preliminary_ahead"},
    {"preliminary_ahead", OF_CLOCK(preliminary_ahead), NOTIFY_OPERATOR, "breach_desk", NOTIFY_DESK, false, false, "preliminary_ahead"},
    {"preliminary_last", OF_CLOCK(preliminary_last), NOTIFY_CUSTOMER, "preliminary_last", NOTIFY_URGENT, false, true, "preliminary_last"},
    {"preliminary_last", OF_CLOCK(preliminary_last), NOTIFY_OPERATOR, "breach_desk", NOTIFY_URGENT, false, false, "preliminary_last"},
    {"final_ahead", OF_CLOCK(final_ahead), NOTIFY_CUSTOMER, "final_ahead", NOTIFY_SOON, false, true, "final_ahead"},
    {"final_ahead", OF_CLOCK(final_ahead), NOTIFY_OPERATOR, "breach_desk", NOTIFY_DESK, false, false, "final_ahead"},
    {"final_last", OF_CLOCK(final_last), NOTIFY_CUSTOMER, "final_last", NOTIFY_URGENT, false, true, "final_last"},
    {"final_last", OF_CLOCK(final_last), NOTIFY_OPERATOR, "breach_desk", NOTIFY_URGENT, false, false, "final_last"},
    {"final_last", OF_CLOCK(final_last), NOTIFY_SUPERVISOR, "breach_desk", NOTIFY_URGENT, false, false, "final_last"},

    {"address_refused", address_refused, NULL, NOTIFY_OPERATOR, "address_refused", NOTIFY_DESK, false, true, NULL},
    {"storm", storm, NULL, NOTIFY_SUPERVISOR, "storm", NOTIFY_URGENT, false, true, NULL},
};
/* clang-format on */
const size_t notify_rule_count = COUNT_OF(notify_rules);
