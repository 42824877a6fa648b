/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What left the building on a day: each hand-over whose key was released, with the consent that it went on. That is the consent
 * as it stood when the gate passed, and not as it stands now: a withdrawal afterwards changes nothing of what has happened.
 */
#include "services/intake/view_internal.h"
#include "services/intake/members.h"

#include "common/clock.h"

#include <string.h>

static json_int_t revision_of(const json_t *object)
{
    return json_integer_value(json_object_get(object, "revision"));
}

/* The consents as the chain had them after this event. */
static json_t *consents_at(const json_t *state, json_int_t revision)
{
    const json_t *all = json_object_get(state, "consents");
    json_t *then = json_array();
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *consent = json_array_get(all, i);
        if (revision_of(consent) > revision)
            break;
        json_t *copy = json_copy(consent);
        if (revision_of(json_object_get(consent, "withdrawn")) > revision)
            json_object_del(copy, "withdrawn");
        json_array_append_new(then, copy);
    }
    return then;
}

static json_t *consent_of(const json_t *state, json_int_t revision)
{
    static const char *const shown[] = {"document", "version", "channel", "given_at"};
    json_auto_t *then = json_pack("{s:o}", "consents", consents_at(state, revision));
    const json_t *consent = case_consent_to(then, "provision");
    if (!consent)
        return json_null();
    return members_pick(consent, shown, COUNT_OF(shown));
}

static const json_t *find_handover(const json_t *state, const char *id)
{
    const json_t *all = json_object_get(state, "handovers");
    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(all, i), "id")), id) == 0)
            return json_array_get(all, i);
    return NULL;
}

json_t *view_left_row(const struct view_left *left, const json_t *state)
{
    char released_at[CLOCK_TEXT_SIZE];
    const json_t *handover = find_handover(state, left->handover),
                 *contact = json_object_get(json_object_get(state, "hearing"), "contact");
    bool supplement = json_object_get(handover, "supplement_of");
    clock_format_us(left->released_us, released_at);
    return json_pack(
        "{s:O, s:O, s:o, s:s, s:s, s:o, s:I, s:I, s:s, s:o, s:o}", "id",
        json_object_get(state, "id"), "number", json_object_get(state, "number"), "company",
        members_or_null(json_object_get(contact, "company")), "handover", left->handover, "kind",
        supplement ? "supplement" : "handover", "provider",
        members_or_null(json_object_get(handover, "provider")), "items", (json_int_t)left->items,
        "bytes", (json_int_t)left->bytes, "released_at", released_at, "requested_by",
        members_or_null(json_object_get(json_object_get(handover, "requested_by"), "id")),
        "consent", consent_of(state, left->passed_revision));
}
