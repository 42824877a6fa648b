/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consent and intention (clauses 1-② and 1-⑧): two facts, each by a named person, each withdrawn on its own. What a
 * withdrawal did is read from the chain alone: "recalled" when the provider's acceptance of a hand-over that has not ended
 * stands before it, because a key was or may be released then; else "stopped", with "recalled_before" where an earlier end
 * has recalled what may have had its key.
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

/* --- which consents are in force ---------------------------------------------------------------------------------------- */

bool case_consent_is_to_same_text(const json_t *a, const json_t *b)
{
    static const char *const members[] = {"document", "version", "sha256"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (!json_equal(json_object_get(a, members[i]), json_object_get(b, members[i])))
            return false;
    return true;
}

/* Index of the first of those in force, which are the last ones; the list's length: none. */
static size_t first_in_force(const json_t *consents)
{
    size_t first = json_array_size(consents);
    const json_t *last = json_array_get(consents, first - 1);
    while (first > 0 && !json_object_get(json_array_get(consents, first - 1), "withdrawn") &&
           case_consent_is_to_same_text(json_array_get(consents, first - 1), last))
        first--;
    return first;
}

static bool names_scope(const json_t *consent, const char *scope)
{
    const json_t *scopes = json_object_get(consent, "scopes");
    for (size_t i = 0; i < json_array_size(scopes); i++)
        if (strcmp(json_string_value(json_array_get(scopes, i)), scope) == 0)
            return true;
    return false;
}

const json_t *case_consent_to(const json_t *state, const char *scope)
{
    const json_t *consents = json_object_get(state, "consents");
    size_t first = first_in_force(consents);
    for (size_t i = json_array_size(consents); i > first; i--)
        if (names_scope(json_array_get(consents, i - 1), scope))
            return json_array_get(consents, i - 1);
    return NULL;
}

/* --- events --------------------------------------------------------------------------------------------------------------- */

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

static bool precedes(const json_t *accepted, const json_t *ended)
{
    return json_integer_value(json_object_get(accepted, "revision")) <
           json_integer_value(json_object_get(ended, "revision"));
}

/* The last hand-over that the provider accepted before its end: one that has not ended (a deletion of the provider's own
 * accord ends nothing: it may have had the key), or one that has. NULL: none. */
static const json_t *accepted_handover(const json_t *state, bool has_ended)
{
    const json_t *handovers = json_object_get(state, "handovers");
    for (size_t i = json_array_size(handovers); i > 0; i--) {
        const json_t *handover = json_array_get(handovers, i - 1);
        const json_t *accepted = json_object_get(handover, "accepted"),
                     *ended = json_object_get(handover, "ended");
        if (accepted && !json_object_get(handover, "replaced") &&
            (has_ended ? ended && precedes(accepted, ended) : !ended))
            return handover;
    }
    return NULL;
}

/* Nothing is open, and yet a key was or may have been released: this withdrawal stops nothing of it, an earlier end has
 * recalled it. */
static void name_recalled_before(json_t *withdrawn, const json_t *state)
{
    const json_t *before = accepted_handover(state, true);
    const json_t *ended = json_object_get(before, "ended");
    if (before)
        json_object_set_new(
            withdrawn, "recalled_before",
            json_pack("{s:O, s:O, s:O, s:O}", "handover", json_object_get(before, "id"),
                      "accepted_at", json_object_get(json_object_get(before, "accepted"), "at"),
                      "how", json_object_get(ended, "how"), "at", json_object_get(ended, "at")));
}

static json_t *make_withdrawal(const struct act *act)
{
    json_t *withdrawn = copy_members(act);
    const json_t *accepted = accepted_handover(act->state, false);
    json_object_set_new(withdrawn, "effect", json_string(accepted ? "recalled" : "stopped"));
    if (accepted) {
        json_object_set(withdrawn, "handover", json_object_get(accepted, "id"));
        json_object_set(withdrawn, "accepted_at",
                        json_object_get(json_object_get(accepted, "accepted"), "at"));
    } else {
        name_recalled_before(withdrawn, act->state);
    }
    return withdrawn;
}

/* A withdrawal names no scopes: it takes back every consent in force. */
enum case_refusal case_on_consent_withdrawn(struct act *act)
{
    if (!case_consent_in_force(act->state))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "there is no consent to withdraw");
    json_t *consents = json_object_get(act->state, "consents");
    json_auto_t *withdrawn = make_withdrawal(act);
    for (size_t i = first_in_force(consents); i < json_array_size(consents); i++)
        json_object_set_new(json_array_get(consents, i), "withdrawn", json_deep_copy(withdrawn));
    case_end_handovers(act, "consent_withdrawn");
    return CASE_ACCEPTED;
}

enum case_refusal case_on_intention_withdrawn(struct act *act)
{
    if (!case_intention_in_force(act->state))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "there is no intention to withdraw");
    json_object_set_new(json_object_get(act->state, "intention"), "withdrawn",
                        make_withdrawal(act));
    case_end_handovers(act, "intention_withdrawn");
    return CASE_ACCEPTED;
}
