/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, hearing, customer, policy, first response, assessment, uploads, searches, notes, closing. */
#include "common/desk/case_internal.h"

#include "common/desk/hearing.h"
#include "common/desk/limits.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS_MAX 2000
/* Counts alone do not bound the state: 2,000 reasons of 4,000 characters would be 32 MB. */
#define ACTIONS_BYTES_MAX (2 * 1024 * 1024)
#define EXTRACTIONS_BYTES_MAX (1024 * 1024)

static bool is_larger_than(const json_t *value, size_t bytes_max)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, bytes_max);
    event_dump_json(value, &text);
    return text.overflowed;
}

static bool is_too_large(const json_t *hearing)
{
    return is_larger_than(hearing, LIMIT_HEARING_BYTES);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- opening and hearing ---------------------------------------------------------------------------------------------------- */

enum case_refusal case_on_opened(struct act *act)
{
    json_t *hearing = json_object_get(act->data, "hearing");
    json_t *customer = json_object_get(act->data, "customer_id");
    if (is_too_large(hearing))
        return case_refuse(act, CASE_TOO_MANY, "/hearing", "larger than %d bytes",
                           LIMIT_HEARING_BYTES);
    json_object_set_new(act->state, "opened_at", json_string(act->time));
    json_object_set(act->state, "opened_by", (json_t *)(uintptr_t)act->actor);
    json_object_set_new(act->state, "hearing", json_deep_copy(hearing));
    json_object_set_new(act->state, "hearing_revision", json_integer(1));
    json_object_set_new(act->state, "export_revision", json_integer(1));
    json_object_set_new(act->state, "subject_revision", json_integer(customer ? 1 : 0));
    if (json_is_true(json_object_get(act->data, "out_of_hours")))
        json_object_set_new(act->state, "out_of_hours", json_true());
    if (customer) {
        json_object_set(act->state, "customer_id", customer);
        case_call_search(act);
    }
    return CASE_ACCEPTED;
}

/* What a search looks for or when: a change of these asks for a new one. */
static bool search_changes(const json_t *before, const json_t *after)
{
    static const char *const fields[] = {"discovered_at", "occurred_from", "occurred_to"};
    const json_t *old_incident = json_object_get(before, "incident"),
                 *incident = json_object_get(after, "incident");
    bool changed =
        !json_equal(json_object_get(before, "device"), json_object_get(after, "device")) &&
        (json_object_get(before, "device") || json_object_get(after, "device"));
    for (size_t i = 0; i < COUNT_OF(fields) && !changed; i++) {
        const json_t *old = json_object_get(old_incident, fields[i]),
                     *now = json_object_get(incident, fields[i]);
        changed = (old || now) && !json_equal(old, now);
    }
    return changed;
}

static bool export_changes(const json_t *before, const json_t *after)
{
    json_auto_t *left_before = hearing_export(before);
    json_auto_t *leaves_now = hearing_export(after);
    return !json_equal(left_before, leaves_now);
}

/* Without a customer and without logs that were brought there is nothing to search. */
static bool has_logs(const json_t *state)
{
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (strcmp(text_of(json_array_get(uploads, i), "of"), "logs") == 0)
            return true;
    return json_object_get(state, "customer_id");
}

enum case_refusal case_on_amended(struct act *act)
{
    json_t *before = json_object_get(act->state, "hearing");
    json_auto_t *after = hearing_merge(before, json_object_get(act->data, "patch"));
    if (is_too_large(after))
        return case_refuse(act, CASE_TOO_MANY, "/patch",
                           "the hearing would be larger than %d bytes", LIMIT_HEARING_BYTES);
    const json_t *address = json_object_get(json_object_get(after, "contact"), "email");
    if (!json_equal(address, json_object_get(json_object_get(before, "contact"), "email")))
        json_object_del(act->state, "confirmed_address");
    if (export_changes(before, after))
        json_object_set_new(act->state, "export_revision", json_integer(act->revision));
    if (search_changes(before, after) && has_logs(act->state))
        case_call_search(act);
    json_object_set(act->state, "hearing", after);
    json_object_set_new(act->state, "hearing_revision", json_integer(act->revision));
    return CASE_ACCEPTED;
}

enum case_refusal case_on_customer(struct act *act)
{
    json_t *customer = json_object_get(act->data, "customer_id");
    if (json_equal(customer, json_object_get(act->state, "customer_id")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/customer_id",
                           "this customer is recorded already");
    case_end_handovers(act, "customer_changed");
    json_object_set(act->state, "customer_id", customer);
    json_object_set_new(act->state, "subject_revision", json_integer(act->revision));
    json_object_del(json_object_get(act->state, "waivers"),
                    "search"); /* it was for another subject's logs */
    case_call_search(act);
    return CASE_ACCEPTED;
}

/* --- policy and first response ---------------------------------------------------------------------------------------------- */

enum case_refusal case_on_policy(struct act *act)
{
    json_t *policy = case_stamp(act);
    static const char *const members[] = {"text", "playbook", "version", "mandatory_steps"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(policy, members[i], json_object_get(act->data, members[i]));
    json_object_set_new(act->state, "policy", policy);
    return CASE_ACCEPTED;
}

static bool is_done_or_waived(const json_t *state, const char *step)
{
    const json_t *waivers = json_object_get(state, "waivers");
    return json_object_get(json_object_get(state, "steps_done"), step) ||
           json_object_get(json_object_get(waivers, "steps"), step) ||
           json_object_get(json_object_get(waivers, "mandatory"), step);
}

/* The first mandatory step of this kind (NULL: any) that is neither done nor waived. */
static const char *open_step(const json_t *state, const char *kind)
{
    const json_t *steps = json_object_get(json_object_get(state, "policy"), "mandatory_steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const char *name = text_of(step, "step");
        if ((!kind || strcmp(text_of(step, "kind_of_step"), kind) == 0) &&
            !is_done_or_waived(state, name))
            return name;
    }
    return NULL;
}

static json_t *member_object(json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);
    if (!member) {
        member = json_object();
        json_object_set_new(object, name, member);
    }
    return member;
}

static enum case_refusal take_step(struct act *act, const json_t *step)
{
    const char *name = text_of(step, "step"), *kind = text_of(step, "kind_of_step");
    if (!text_of(act->data, "by"))
        return case_refuse(act, CASE_MALFORMED, "/by", "must be given with a step");
    const char *before = strcmp(kind, "clean") == 0 ? open_step(act->state, "preserve") : NULL;
    if (before)
        return case_refuse(act, CASE_IMPOSSIBLE, "/step",
                           "destroys traces: %s is to be preserved first, or waived with a reason",
                           before);
    json_t *done = case_stamp(act);
    json_object_set(done, "kind_of_step", json_object_get(step, "kind_of_step"));
    json_object_set(done, "who", json_object_get(act->data, "by"));
    json_object_set_new(member_object(act->state, "steps_done"), name, done);
    return CASE_ACCEPTED;
}

static enum case_refusal take_waiver(struct act *act, const json_t *waiver)
{
    const char *of = text_of(waiver, "of"), *step = text_of(waiver, "step"),
               *reason = text_of(waiver, "reason");
    bool search = strcmp(of, "search") == 0;
    if (!search && !step)
        return case_refuse(act, CASE_MALFORMED, "/waiver/step",
                           "must be given unless the search is waived");
    json_t *given = case_stamp(act), *waivers = member_object(act->state, "waivers");
    json_object_set_new(given, "reason", json_string(reason));
    json_object_set_new(given, "id", json_string(act->id));
    if (search)
        json_object_set_new(waivers, "search", given);
    else
        json_object_set_new(member_object(waivers, strcmp(of, "step") == 0 ? "steps" : "mandatory"),
                            step, given);
    return CASE_ACCEPTED;
}

static enum case_refusal take_address(struct act *act, const json_t *confirmed)
{
    json_t *address = json_object_get(
        json_object_get(json_object_get(act->state, "hearing"), "contact"), "email");
    const char *said = json_string_value(address);
    if (!said || strcmp(said, "unknown") == 0 || strcmp(said, "declined") == 0 ||
        !json_equal(address, json_object_get(confirmed, "address")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/address_confirmed/address",
                           "not the address on the hearing sheet");
    json_object_set(act->state, "confirmed_address", address);
    return CASE_ACCEPTED;
}

static enum case_refusal take_mute(struct act *act, const json_t *mute)
{
    json_t *muted = case_stamp(act);
    json_object_set(muted, "reason", json_object_get(mute, "reason"));
    json_object_set_new(act->state, "muted", muted);
    return CASE_ACCEPTED;
}

static enum case_refusal take_unmute(struct act *act, const json_t *none)
{
    (void)none;
    if (!json_object_get(act->state, "muted"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/kind", "the case is not muted");
    json_object_del(act->state, "muted");
    return CASE_ACCEPTED;
}

static enum case_refusal take_callback(struct act *act, const json_t *callback)
{
    json_object_set_new(act->state, "callback", json_deep_copy(callback));
    return CASE_ACCEPTED;
}

static const struct {
    const char *kind;
    enum case_refusal (*take)(struct act *act, const json_t *member);
    bool has_member;
} actions[] = {
    {"step", take_step, true},
    {"waiver", take_waiver, true},
    {"address_confirmed", take_address, true},
    {"mute", take_mute, true},
    {"unmute", take_unmute, false},
    {"callback", take_callback, true},
};

static void keep_action(struct act *act)
{
    json_t *kept = case_stamp(act);
    static const char *const members[] = {"kind", "step",    "waiver", "address_confirmed",
                                          "mute", "callback"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(kept, members[i], json_object_get(act->data, members[i]));
    if (json_object_get(act->data, "by"))
        json_object_set(kept, "who", json_object_get(act->data, "by"));
    json_object_set_new(kept, "id", json_string(act->id));
    json_array_append_new(case_list(act->state, "actions"), kept);
}

enum case_refusal case_on_action(struct act *act)
{
    const char *kind = text_of(act->data, "kind");
    const json_t *taken = json_object_get(act->state, "actions");
    if (json_array_size(taken) >= ACTIONS_MAX ||
        (taken && is_larger_than(taken, ACTIONS_BYTES_MAX)))
        return case_refuse(act, CASE_TOO_MANY, "",
                           "a case has at most %d actions of %d bytes in all", ACTIONS_MAX,
                           ACTIONS_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strcmp(actions[i].kind, kind) != 0)
            continue;
        const json_t *member = json_object_get(act->data, kind);
        if (actions[i].has_member && !member) {
            char pointer[60];
            snprintf(pointer, sizeof pointer, "/%s", kind);
            return case_refuse(act, CASE_MALFORMED, pointer, "must be given");
        }
        enum case_refusal refusal = actions[i].take(act, member);
        if (refusal == CASE_ACCEPTED)
            keep_action(act);
        return refusal;
    }
    return case_refuse(act, CASE_MALFORMED, "/kind", "unknown kind");
}

enum case_refusal case_on_assessment(struct act *act)
{
    json_t *assessment = case_stamp(act);
    static const char *const members[] = {"needed", "reason", "introduced"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(assessment, members[i], json_object_get(act->data, members[i]));
    json_object_set_new(act->state, "assessment", assessment);
    return CASE_ACCEPTED;
}

/* --- uploads, searches, notes ------------------------------------------------------------------------------------------------- */

static bool upload_is_known(const json_t *state, const json_t *upload)
{
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (json_equal(json_object_get(json_array_get(uploads, i), "upload"), upload))
            return true;
    return false;
}

enum case_refusal case_on_upload(struct act *act)
{
    bool logs = strcmp(act->type, "logs.submitted") == 0;
    if (json_array_size(json_object_get(act->state, "uploads")) >= LIMIT_UPLOADS_PER_CASE)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d uploads",
                           LIMIT_UPLOADS_PER_CASE);
    if (upload_is_known(act->state, json_object_get(act->data, "upload")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/upload", "named already");
    if (!logs && json_integer_value(json_object_get(act->data, "size")) > LIMIT_FILE_UPLOAD_BYTES)
        return case_refuse(act, CASE_TOO_MANY, "/size", "a file has at most %lld bytes",
                           LIMIT_FILE_UPLOAD_BYTES);
    json_t *upload = case_own_members(act);
    json_object_set_new(upload, "of", json_string(logs ? "logs" : "file"));
    json_object_set_new(upload, "revision", json_integer(act->revision));
    json_object_set_new(upload, "event", json_string(act->id));
    json_object_set_new(upload, "at", json_string(act->time));
    json_array_append_new(case_list(act->state, "uploads"), upload);
    if (logs)
        case_call_search(act);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_extraction(struct act *act)
{
    json_t *asked = case_own_members(act);
    json_object_set(asked, "actor", json_object_get(act->data, "actor"));
    json_object_set_new(asked, "id", json_string(act->id));
    json_object_set_new(asked, "revision", json_integer(act->revision));
    json_object_set_new(asked, "at", json_string(act->time));
    json_t *list = case_list(act->state, "extractions");
    json_array_append_new(list, asked);
    while (json_array_size(list) > LIMIT_SEARCHES_KEPT ||
           (json_array_size(list) > 1 && is_larger_than(list, EXTRACTIONS_BYTES_MAX)))
        json_array_remove(list, 0);
    case_call_search(act);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_note(struct act *act)
{
    json_int_t notes = json_integer_value(json_object_get(act->state, "notes"));
    json_object_set_new(act->state, "notes", json_integer(notes + 1));
    return CASE_ACCEPTED;
}

/* --- closing -------------------------------------------------------------------------------------------------------------------- */

enum case_refusal case_on_closed(struct act *act)
{
    const char *outcome = text_of(act->data, "outcome"), *step = open_step(act->state, NULL);
    bool duplicate = strcmp(outcome, "duplicate") == 0;
    const char *of = text_of(act->data, "of");
    if (duplicate != (of != NULL))
        return case_refuse(act, CASE_MALFORMED, "/of",
                           "expected the other case's id with outcome duplicate, and only then");
    if (of && strcmp(of, text_of(act->state, "id")) == 0)
        return case_refuse(act, CASE_IMPOSSIBLE, "/of", "a case is no duplicate of itself");
    if (step && !duplicate)
        return case_refuse(act, CASE_IMPOSSIBLE, "/outcome",
                           "mandatory step %s is open: do it, or waive it with a reason", step);
    case_end_handovers(act, "closed");
    json_t *closed = case_stamp(act);
    static const char *const members[] = {"outcome", "reason", "of"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(closed, members[i], json_object_get(act->data, members[i]));
    json_object_set_new(act->state, "closed", closed);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_reopened(struct act *act)
{
    if (!json_object_get(act->state, "closed"))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "the case is open");
    json_object_del(act->state, "closed");
    if (has_logs(act->state))
        case_call_search(act);
    return CASE_ACCEPTED;
}
