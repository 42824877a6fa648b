/* SPDX-License-Identifier: Apache-2.0 */
/* How a case looks in answers. Only folded records, no clock. */
#include "services/intake/view_internal.h"
#include "services/intake/members.h"

#include "common/desk/status.h"

static json_t *render_triage(const json_t *extraction)
{
    json_t *triage = extraction ? json_copy((json_t *)(uintptr_t)extraction) : json_object();
    json_object_del(triage, "case");
    if (!json_object_get(triage, "status"))
        json_object_set_new(triage, "status", json_string("waiting"));
    return triage;
}

static json_t *render_escalation(const json_t *escalation)
{
    json_t *shown = escalation ? json_copy((json_t *)(uintptr_t)escalation) : json_object();
    json_object_del(shown, "case");
    if (!json_object_get(shown, "state"))
        json_object_set_new(shown, "state", json_string("none"));
    if (!json_object_get(shown, "handover"))
        json_object_set_new(shown, "handover", json_null());
    if (!json_object_get(shown, "reasons"))
        json_object_set_new(shown, "reasons", json_array());
    if (!json_object_get(shown, "warnings"))
        json_object_set_new(shown, "warnings", json_array());
    return shown;
}

static json_t *or_empty(const json_t *value)
{
    return value ? json_incref((json_t *)(uintptr_t)value) : json_array();
}

json_t *view_render(const struct view_case *view_case)
{
    static const char *const shown[] = {"id",
                                        "number",
                                        "revision",
                                        "head",
                                        "opened_at",
                                        "opened_by",
                                        "changed_at",
                                        "policy",
                                        "assessment",
                                        "steps_done",
                                        "waivers",
                                        "callback",
                                        "confirmed_address",
                                        "confirmed_responsible",
                                        "confirmed_alternative",
                                        "closed",
                                        "proposals",
                                        "muted"};
    const json_t *state = view_case->state;
    json_t *answer = members_pick(state, shown, COUNT_OF(shown));
    json_object_set_new(
        answer, "status",
        json_string(status_of(state, view_case->extraction, view_case->escalation)));
    json_object_set_new(answer, "flags",
                        status_flags(state, view_case->extraction, view_case->escalation));
    json_object_set_new(answer, "customer_id",
                        members_or_null(json_object_get(state, "customer_id")));
    json_object_set_new(answer, "hearing", members_or_null(json_object_get(state, "hearing")));
    json_object_set_new(answer, "intention", members_or_null(json_object_get(state, "intention")));
    json_object_set_new(answer, "consents", or_empty(json_object_get(state, "consents")));
    json_object_set_new(answer, "actions", or_empty(json_object_get(state, "actions")));
    json_object_set_new(answer, "uploads", or_empty(json_object_get(state, "uploads")));
    json_object_set_new(answer, "handovers", or_empty(json_object_get(state, "handovers")));
    json_object_set_new(answer, "extractions", or_empty(json_object_get(state, "extractions")));
    json_object_set_new(answer, "triage", render_triage(view_case->extraction));
    json_object_set_new(answer, "escalation", render_escalation(view_case->escalation));
    json_object_set_new(answer, "notifications",
                        or_empty(json_object_get(view_case->notifications, "notices")));
    json_object_set_new(answer, "clocks",
                        or_empty(json_object_get(view_case->notifications, "clocks")));
    json_object_set_new(answer, "next_steps",
                        or_empty(json_object_get(view_case->notifications, "next_steps")));
    json_object_update(answer, view_case->links);
    return answer;
}
