/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules: what changed → which template, to whom. */
#include "services/notify/decide.h"

#include "common/desk/case.h"
#include "common/desk/hearing.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static const json_t *chain_of(const json_t *state)
{
    return json_object_get(state, "cases");
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && wanted && strcmp(text, wanted) == 0;
}

static bool say(char ret_change[101], const char *kind, const char *id)
{
    snprintf(ret_change, 101, "%.40s:%.59s", kind, id);
    return true;
}

static bool received(const json_t *state, size_t n, char ret_change[101])
{
    const char *id = text_of(chain_of(state), "id");
    return n == 0 && id && say(ret_change, "opened", id);
}

/* --- searches ----------------------------------------------------------------------------------------------------------- */

const json_t *notify_search(const json_t *state)
{
    const json_t *extraction = json_object_get(state, "extractions"),
                 *searches = json_object_get(extraction, "searches");
    const json_t *newest = NULL;
    for (size_t i = json_array_size(searches); i > 0; i--) {
        const json_t *search = json_array_get(searches, i - 1);
        if (!is_text(search, "status", "found"))
            continue;
        if (is_text(search, "id", text_of(extraction, "search")))
            return search;
        newest = newest ? newest : search;
    }
    return newest;
}

/* Once for each answer and customer: a search that is repeated with the same answer is no news to a customer. */
static bool search_says(const json_t *state, const char *wanted, char ret_change[101])
{
    const json_t *extraction = json_object_get(state, "extractions");
    const char *customer = text_of(chain_of(state), "customer_id");
    return customer && is_text(extraction, "status", wanted) &&
           is_text(extraction, "customer_id", customer) && say(ret_change, wanted, customer);
}

static bool detections_found(const json_t *state, size_t n, char ret_change[101])
{
    return n == 0 && search_says(state, "found", ret_change);
}

static bool detections_none(const json_t *state, size_t n, char ret_change[101])
{
    return n == 0 && search_says(state, "none", ret_change);
}

/* The logs were another customer's. */
static bool is_about_another(const json_t *state, const char *change)
{
    const char *colon = strchr(change, ':');
    return !colon || !is_text(chain_of(state), "customer_id", colon + 1);
}

static bool is_not_none(const json_t *state, const char *change)
{
    return is_about_another(state, change) ||
           is_text(json_object_get(state, "extractions"), "status", "found");
}

/* --- hand-overs ----------------------------------------------------------------------------------------------------------- */

static bool has_step(const json_t *entry, const char *step)
{
    const json_t *steps = json_object_get(entry, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (is_text(json_array_get(steps, i), "step", step))
            return true;
    return false;
}

static const json_t *entries_of(const json_t *state)
{
    return json_object_get(json_object_get(state, "escalation-status"), "handovers");
}

/* Every hand-over counts, not only the newest: of a compacted topic the latest value may be all that is seen. A supplement
 * goes with the hand-over that it is added to, of which the customer was told. */
static bool handover_went(const json_t *state, size_t n, const char *step, char ret_change[101])
{
    const json_t *entries = entries_of(state);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (!json_object_get(entry, "supplement_of") && has_step(entry, step) && n-- == 0)
            return say(ret_change, step, text_of(entry, "id"));
    }
    return false;
}

/* "Nothing has been handed over yet" is true of the newest while it waits, and if nothing was ever released before. */
static bool held(const json_t *state, size_t n, char ret_change[101])
{
    const json_t *status = json_object_get(state, "escalation-status"),
                 *entries = entries_of(state);
    const char *handover = text_of(status, "handover");
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (has_step(json_array_get(entries, i), "released"))
            return false;
    return n == 0 && handover && is_text(status, "state", "held") &&
           say(ret_change, "held", handover);
}

static bool is_not_held(const json_t *state, const char *change)
{
    char now[101];
    return !held(state, 0, now) || strcmp(now, change) != 0;
}

static bool offered(const json_t *state, size_t n, char ret_change[101])
{
    return handover_went(state, n, "offered", ret_change);
}

static bool accepted(const json_t *state, size_t n, char ret_change[101])
{
    return handover_went(state, n, "released", ret_change);
}

static bool recalled(const json_t *state, size_t n, char ret_change[101])
{
    return handover_went(state, n, "recalled", ret_change);
}

/* Once for each hand-over, of its own accord or because it was asked to. */
static bool deleted(const json_t *state, size_t n, char ret_change[101])
{
    return handover_went(state, n, "deleted", ret_change);
}

static bool reported(const json_t *state, size_t n, char ret_change[101])
{
    const json_t *reports = json_object_get(chain_of(state), "reports");
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *report = json_array_get(reports, i);
        if (json_object_get(report, "recorded_at") && n-- == 0)
            return say(ret_change, "reported", text_of(report, "report"));
    }
    return false;
}

static bool closed(const json_t *state, size_t n, char ret_change[101])
{
    char revision[24];
    const json_t *closing = json_object_get(chain_of(state), "closed");
    snprintf(revision, sizeof revision, "%lld",
             (long long)json_integer_value(json_object_get(closing, "revision")));
    return n == 0 && closing && say(ret_change, "closed", revision);
}

const struct notify_rule notify_rules[] = {
    {"received", received, false, NULL},
    {"detections_found", detections_found, true, is_about_another},
    {"detections_none", detections_none, true, is_not_none},
    {"handover_held", held, true, is_not_held},
    {"handover_offered", offered, true, NULL},
    {"handover_accepted", accepted, true, NULL},
    {"handover_recalled", recalled, true, NULL},
    {"handover_deleted", deleted, true, NULL},
    {"report_received", reported, true, NULL},
    {"case_closed", closed, true, NULL},
};
const size_t notify_rule_count = COUNT_OF(notify_rules);

const char *notify_address(const json_t *state, const struct notify_rule *rule)
{
    const json_t *chain = chain_of(state);
    const char *confirmed = case_confirmed_address(chain);
    if (rule->confirmed_only || confirmed)
        return confirmed;
    const char *said =
        text_of(json_object_get(json_object_get(chain, "hearing"), "contact"), "email");
    return said && hearing_email_is_valid(bytes_of(said)) ? said : NULL;
}
