/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/status.h"

#include "common/desk/case.h"

#include <string.h>

/* The last hand-over that was not given up, whether or not its report is there. */
static const json_t *last_handover(const json_t *state)
{
    const json_t *handovers = json_object_get(state, "handovers");
    for (size_t i = json_array_size(handovers); i > 0; i--) {
        const json_t *handover = json_array_get(handovers, i - 1);
        if (!json_object_get(handover, "ended") && !json_object_get(handover, "declined") &&
            !json_object_get(handover, "replaced"))
            return handover;
    }
    return NULL;
}

const char *status_of(const json_t *state, const json_t *extraction, const json_t *escalation)
{
    (void)extraction, (void)escalation;
    const json_t *handover = last_handover(state);
    if (json_object_get(state, "closed"))
        return "closed";
    if (json_object_size(json_object_get(state, "proposals")))
        return "settings";
    if (handover && json_object_get(handover, "reported"))
        return "report";
    if (handover)
        return "handover";
    if (json_object_get(state, "assessment"))
        return "assessment";
    if (json_object_size(json_object_get(state, "steps_done")))
        return "first_response";
    return json_object_get(state, "policy") ? "policy" : "consultation";
}

static void add(json_t *flags, const char *flag, bool set)
{
    if (set)
        json_array_append_new(flags, json_string(flag));
}

json_t *status_flags(const json_t *state, const json_t *extraction, const json_t *escalation)
{
    (void)extraction;
    const char *escalated = json_string_value(json_object_get(escalation, "state"));
    json_t *flags = json_array();
    add(flags, "consent_pending", !case_consent_in_force(state));
    add(flags, "out_of_hours", json_is_true(json_object_get(state, "out_of_hours")));
    add(flags, "held", escalated && strcmp(escalated, "held") == 0);
    add(flags, "overdue", escalated && strcmp(escalated, "overdue") == 0);
    add(flags, "muted", json_object_get(state, "muted") != NULL);
    return flags;
}
