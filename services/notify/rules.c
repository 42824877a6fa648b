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

static bool say(char ret_change[101], const char *kind, const char *id)
{
    snprintf(ret_change, 101, "%.40s:%.59s", kind, id);
    return true;
}

static bool received(const json_t *state, char ret_change[101])
{
    const char *id = text_of(chain_of(state), "id");
    return id && say(ret_change, "opened", id);
}

/* Once for each answer and customer: a search that is repeated with the same answer is no news to a customer. */
static bool search_says(const json_t *state, const char *wanted, char ret_change[101])
{
    const json_t *extraction = json_object_get(state, "extractions");
    const char *status = text_of(extraction, "status"),
               *customer = text_of(chain_of(state), "customer_id");
    const char *searched = text_of(extraction, "customer_id");
    if (!status || strcmp(status, wanted) != 0 || !customer || !searched ||
        strcmp(customer, searched) != 0)
        return false;
    return say(ret_change, wanted, customer);
}

static bool detections_found(const json_t *state, char ret_change[101])
{
    return search_says(state, "found", ret_change);
}

static bool detections_none(const json_t *state, char ret_change[101])
{
    return search_says(state, "none", ret_change);
}

/* The newest hand-over that came to this state. */
static bool handover_is(const json_t *state, const char *wanted, char ret_change[101])
{
    const json_t *status = json_object_get(state, "escalation-status");
    const char *now = text_of(status, "state"), *handover = text_of(status, "handover");
    return now && handover && strcmp(now, wanted) == 0 && say(ret_change, wanted, handover);
}

static bool held(const json_t *state, char ret_change[101])
{
    return handover_is(state, "held", ret_change);
}

/* What the newest hand-over went through: of a compacted topic the latest value may be all that is seen. */
static bool has_step(const json_t *state, const char *step, char ret_change[101])
{
    const json_t *status = json_object_get(state, "escalation-status");
    const json_t *entries = json_object_get(status, "handovers");
    const char *handover = text_of(status, "handover");
    for (size_t i = 0; handover && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i), *steps = json_object_get(entry, "steps");
        if (strcmp(text_of(entry, "id"), handover) != 0)
            continue;
        for (size_t k = 0; k < json_array_size(steps); k++)
            if (strcmp(text_of(json_array_get(steps, k), "step"), step) == 0)
                return say(ret_change, step, handover);
    }
    return false;
}

static bool offered(const json_t *state, char ret_change[101])
{
    return has_step(state, "offered", ret_change);
}

static bool accepted(const json_t *state, char ret_change[101])
{
    return has_step(state, "released", ret_change);
}

static bool recalled(const json_t *state, char ret_change[101])
{
    return has_step(state, "recalled", ret_change);
}

static bool closed(const json_t *state, char ret_change[101])
{
    char revision[24];
    const json_t *closing = json_object_get(chain_of(state), "closed");
    snprintf(revision, sizeof revision, "%lld",
             (long long)json_integer_value(json_object_get(closing, "revision")));
    return closing && say(ret_change, "closed", revision);
}

const struct notify_rule notify_rules[] = {
    {"received", received, false},
    {"detections_found", detections_found, true},
    {"detections_none", detections_none, true},
    {"handover_held", held, true},
    {"handover_offered", offered, true},
    {"handover_accepted", accepted, true},
    {"handover_recalled", recalled, true},
    {"case_closed", closed, true},
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
