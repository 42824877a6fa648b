/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consent and intention (clauses 1-② and 1-⑧): two facts, each by a named person, each withdrawn on its own. What a
 * withdrawal did is read from the chain alone: "recalled" when the provider's acceptance of an open hand-over stands before
 * it, because a key was or may be released then; else "stopped".
 */
#include "common/desk/case_internal.h"

#include <string.h>

#define CONSENTS_MAX 50
#define INTENTIONS_KEPT 20

static json_t *copy_members(const struct act *act)
{
    json_t *copy = case_own_members(act);
    json_object_set_new(copy, "id", json_string(act->id));
    json_object_set_new(copy, "recorded_at", json_string(act->time));
    json_object_set(copy, "recorded_by", (json_t *)(uintptr_t)act->actor);
    json_object_set_new(copy, "revision", json_integer(act->revision));
    return copy;
}

enum case_refusal case_on_consent(struct act *act)
{
    json_t *consents = json_object_get(act->state, "consents");
    if (json_array_size(consents) >= CONSENTS_MAX)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d consents", CONSENTS_MAX);
    json_array_append_new(case_list(act->state, "consents"), copy_members(act));
    return CASE_ACCEPTED;
}

/* The earlier ones stay for a while: a withdrawal answers with its effect also when it is repeated after a new intention. */
static void keep_intention(json_t *state)
{
    json_t *before = json_object_get(state, "intention"), *list;
    if (!before)
        return;
    list = case_list(state, "intentions_before");
    json_array_append(list, before);
    while (json_array_size(list) > INTENTIONS_KEPT)
        json_array_remove(list, 0);
}

enum case_refusal case_on_intention(struct act *act)
{
    keep_intention(act->state);
    json_object_set_new(act->state, "intention", copy_members(act));
    return CASE_ACCEPTED;
}

/* The open hand-over that the provider has accepted, if any. */
static const json_t *accepted_handover(const json_t *state)
{
    const json_t *handovers = json_object_get(state, "handovers");
    for (size_t i = json_array_size(handovers); i > 0; i--) {
        const json_t *handover = json_array_get(handovers, i - 1);
        if (json_object_get(handover, "accepted") && !json_object_get(handover, "ended") &&
            !json_object_get(handover, "replaced") && !json_object_get(handover, "deleted"))
            return handover;
    }
    return NULL;
}

static void withdraw(struct act *act, json_t *given, const char *how)
{
    json_t *withdrawn = copy_members(act);
    const json_t *accepted = accepted_handover(act->state);
    json_object_set_new(withdrawn, "effect", json_string(accepted ? "recalled" : "stopped"));
    if (accepted) {
        json_object_set(withdrawn, "handover", json_object_get(accepted, "id"));
        json_object_set(withdrawn, "accepted_at",
                        json_object_get(json_object_get(accepted, "accepted"), "at"));
    }
    json_object_set_new(given, "withdrawn", withdrawn);
    case_end_handovers(act, how);
}

enum case_refusal case_on_consent_withdrawn(struct act *act)
{
    if (!case_consent_in_force(act->state))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "there is no consent to withdraw");
    json_t *consents = json_object_get(act->state, "consents");
    withdraw(act, json_array_get(consents, json_array_size(consents) - 1), "consent_withdrawn");
    return CASE_ACCEPTED;
}

enum case_refusal case_on_intention_withdrawn(struct act *act)
{
    if (!case_intention_in_force(act->state))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "there is no intention to withdraw");
    withdraw(act, json_object_get(act->state, "intention"), "intention_withdrawn");
    return CASE_ACCEPTED;
}
