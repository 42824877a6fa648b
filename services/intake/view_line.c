/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case as a line of the list: what somebody must see who chooses whom to help next, and why it may be this one. Only folded
 * records, no clock.
 */
#include "services/intake/view_internal.h"
#include "services/intake/members.h"

#include "common/desk/searches.h"
#include "common/desk/status.h"
#include "common/util.h"

#include <string.h>

#define SUMMARY_CHARACTERS_MAX 120

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

static json_t *section_member(const json_t *state, const char *section, const char *name)
{
    return members_or_null(
        json_object_get(json_object_get(json_object_get(state, "hearing"), section), name));
}

/* --- who must look at it ------------------------------------------------------------------------------------------ */

/* Programs and the provider write to the chain too; whatever else is there, a person has recorded. */
static bool is_person(const json_t *actor)
{
    return !is_text(actor, "role", "machine") && !is_text(actor, "role", "provider");
}

bool view_is_untouched(bool before, const struct event *event)
{
    const json_t *actor = json_object_get(event->data, "actor");
    if (strcmp(event->type, "case.opened") == 0)
        return json_is_true(json_object_get(event->data, "out_of_hours")) || !is_person(actor);
    return before && !is_person(actor);
}

json_t *view_open_steps(const json_t *notifications)
{
    static const char *const shown[] = {"step", "since", "ja", "en"};
    const json_t *all = json_object_get(notifications, "next_steps");
    json_t *steps = json_array();
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *step = json_array_get(all, i);
        if (json_is_true(json_object_get(step, "done")))
            continue;
        json_array_append_new(steps, members_pick(step, shown, COUNT_OF(shown)));
    }
    return steps;
}

json_t *view_attention(const json_t *state, const json_t *escalation, bool steps, bool untouched)
{
    const struct {
        const char *why;
        bool holds;
    } reasons[] = {{"overdue", is_text(escalation, "state", "overdue")},
                   {"held", is_text(escalation, "state", "held")},
                   {"next_steps", steps},
                   {"untouched", untouched}};
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT_OF(reasons) && !json_object_get(state, "closed"); i++)
        if (reasons[i].holds)
            json_array_append_new(list, json_string(reasons[i].why));
    return list;
}

/* --- what a line shows -------------------------------------------------------------------------------------------- */

static json_t *short_summary(const json_t *state)
{
    json_auto_t *summary = section_member(state, "incident", "summary");
    const char *text = json_string_value(summary), *at = text;
    for (int i = 0; at && *at && i < SUMMARY_CHARACTERS_MAX; i++)
        at += utf8_length(at, strlen(at));
    return text ? json_stringn(text, (size_t)(at - text)) : json_null();
}

static json_t *gate_codes(const json_t *escalation)
{
    const json_t *reasons = json_object_get(escalation, "reasons");
    json_t *codes = json_array();
    for (size_t i = 0; i < json_array_size(reasons) && is_text(escalation, "state", "held"); i++) {
        json_t *code = json_object_get(json_array_get(reasons, i), "code");
        if (code && !json_equal(code, json_array_get(codes, json_array_size(codes) - 1)))
            json_array_append(codes, code); /* a row with a pointer for each item comes once */
    }
    return codes;
}

/* Of the hand-over that waits for the provider's answer. */
static json_t *reply_by(const json_t *escalation)
{
    const json_t *handovers = json_object_get(escalation, "handovers"),
                 *open = json_object_get(escalation, "handover");
    for (size_t i = 0; i < json_array_size(handovers); i++) {
        const json_t *handover = json_array_get(handovers, i);
        if (json_equal(json_object_get(handover, "id"), open) &&
            (is_text(handover, "state", "offered") || is_text(handover, "state", "overdue")))
            return members_or_null(json_object_get(handover, "reply_by"));
    }
    return json_null();
}

/* Times of one service are written alike, so that their order is that of their texts. */
static json_t *earliest_clock(const json_t *notifications)
{
    static const char *const shown[] = {"clock", "due_at", "ja", "en"};
    const json_t *clocks = json_object_get(notifications, "clocks"), *first = NULL;
    for (size_t i = 0; i < json_array_size(clocks); i++) {
        const json_t *clock = json_array_get(clocks, i);
        if (!json_object_get(clock, "fired_at") && text_of(clock, "due_at") &&
            (!first || strcmp(text_of(clock, "due_at"), text_of(first, "due_at")) < 0))
            first = clock;
    }
    return first ? members_pick(first, shown, COUNT_OF(shown)) : json_null();
}

static json_t *count_of(const json_t *search, const char *name)
{
    return json_integer(json_integer_value(json_object_get(search, name)));
}

json_t *view_render_row(const struct view_case *row, bool untouched)
{
    const json_t *state = row->state, *search = searches_find(row->extraction, NULL);
    const char *triage = text_of(row->extraction, "status"),
               *escalation = text_of(row->escalation, "state");
    static const char *const shown[] = {"id", "number", "revision", "opened_at", "changed_at"};
    json_t *line = members_pick(state, shown, COUNT_OF(shown)),
           *steps = view_open_steps(row->notifications);
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"opened_by", members_or_null(json_object_get(json_object_get(state, "opened_by"), "id"))},
        {"status", json_string(status_of(state, row->extraction, row->escalation))},
        {"flags", status_flags(state, row->extraction, row->escalation)},
        {"customer_id", members_or_null(json_object_get(state, "customer_id"))},
        {"company", section_member(state, "contact", "company")},
        {"person", section_member(state, "contact", "person")},
        {"type", section_member(state, "incident", "type")},
        {"summary", short_summary(state)},
        {"triage", json_string(triage ? triage : "waiting")},
        {"detections", count_of(search, "detections")},
        {"blocked", count_of(search, "blocked")},
        {"escalation", json_string(escalation ? escalation : "none")},
        {"reasons", gate_codes(row->escalation)},
        {"reply_by", reply_by(row->escalation)},
        {"due", earliest_clock(row->notifications)},
        {"attention",
         view_attention(state, row->escalation, json_array_size(steps) > 0, untouched)},
        {"next_steps", steps},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        json_object_set_new(line, members[i].name, members[i].value);
    return line;
}
