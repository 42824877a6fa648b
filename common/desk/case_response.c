/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STEP 2 to 4: policy, first response, assessment. What must be preserved before anything destroys it, and what must be done
 * before the close, stands in the policy's event; so nothing but the chain is asked, and there is no way past it: of what
 * kind a step is, which no event may say otherwise, is the same in every version of the playbooks.
 */
#include "common/desk/case_internal.h"

#include "common/desk/hearing.h"
#include "common/desk/playbooks.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS_MAX 2000
/* Counts alone do not bound the state: 2,000 reasons of 4,000 characters would be 32 MB. */
#define ACTIONS_BYTES_MAX (2 * 1024 * 1024)

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- the policy --------------------------------------------------------------------------------------------------------------- */

/* "<playbook>/<step>", "/<step>" for a step of no playbook: one step under two playbooks is two steps. No playbook has a
 * slash in its name, so that each step has one key. To be freed. */
static char *step_key(const char *playbook, const char *step)
{
    return mem_printf("%s/%s", playbook ? playbook : "", step);
}

static bool is_playbook_name(const char *playbook)
{
    return !playbook || !strchr(playbook, '/');
}

static bool is_of_kind(const json_t *step, const char *kind)
{
    return strcmp(text_of(step, "kind_of_step"), kind) == 0;
}

/* What destroys traces stays what it is, whatever an event calls it, under whatever playbook or none. */
static enum case_refusal check_kind(struct act *act, const json_t *step, const char *pointer)
{
    const struct playbook_step *known = playbooks_find_step_of_any(text_of(step, "step"));
    if (!known || is_of_kind(step, playbooks_kind_name(known->kind)))
        return CASE_ACCEPTED;
    return case_refuse(act, CASE_IMPOSSIBLE, pointer, "%s is of the kind %s", known->id,
                       playbooks_kind_name(known->kind));
}

enum case_refusal case_on_policy(struct act *act)
{
    const json_t *steps = json_object_get(act->data, "mandatory_steps");
    bool named = is_playbook_name(text_of(act->data, "playbook"));
    for (size_t i = 0; i < json_array_size(steps) && named; i++)
        named = is_playbook_name(text_of(json_array_get(steps, i), "playbook"));
    if (!named)
        return case_refuse(act, CASE_MALFORMED, "/playbook", "expected a name without a slash");
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (check_kind(act, json_array_get(steps, i), "/mandatory_steps") != CASE_ACCEPTED)
            return act->verdict->refusal;
    json_t *policy = case_stamp(act);
    static const char *const members[] = {"text", "playbook", "version", "mandatory_steps"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(policy, members[i], json_object_get(act->data, members[i]));
    json_object_set_new(act->state, "policy", policy);
    return CASE_ACCEPTED;
}

static char *key_of_mandatory(const json_t *policy, const json_t *step)
{
    const char *playbook = text_of(step, "playbook");
    return step_key(playbook ? playbook : text_of(policy, "playbook"), text_of(step, "step"));
}

/* Done as what the policy asks for: a note of another kind under the same name is not the step. */
static bool is_done_or_waived(const json_t *state, const json_t *step)
{
    CLEANUP(mem_free) char *key = key_of_mandatory(json_object_get(state, "policy"), step);
    const json_t *done = json_object_get(json_object_get(state, "steps_done"), key);
    const json_t *waivers = json_object_get(state, "waivers");
    return json_equal(json_object_get(done, "kind_of_step"),
                      json_object_get(step, "kind_of_step")) ||
           json_object_get(json_object_get(waivers, "steps"), key) ||
           json_object_get(json_object_get(waivers, "mandatory"), key);
}

static const json_t *mandatory_steps(const json_t *state)
{
    return json_object_get(json_object_get(state, "policy"), "mandatory_steps");
}

const char *case_open_step(const json_t *state, const char *kind)
{
    const json_t *steps = mandatory_steps(state);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        if ((!kind || is_of_kind(step, kind)) && !is_done_or_waived(state, step))
            return text_of(step, "step");
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

/* Whether anything is to be preserved, or was. */
static bool is_preservation_known(const json_t *state)
{
    const json_t *steps = mandatory_steps(state);
    json_t *done;
    const char *key;
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (is_of_kind(json_array_get(steps, i), "preserve"))
            return true;
    json_object_foreach(json_object_get(state, "steps_done"), key, done)
    {
        if (is_of_kind(done, "preserve"))
            return true;
    }
    return false;
}

/* What destroys traces waits for the preservation that the policy in force asks for: without a policy nobody knows which,
 * and that of another playbook says nothing of what this step destroys. */
static enum case_refusal check_cleaning(struct act *act, const json_t *step)
{
    const json_t *policy = json_object_get(act->state, "policy");
    const char *playbook = text_of(step, "playbook"), *decided = text_of(policy, "playbook");
    const char *before = case_open_step(act->state, "preserve");
    if (!policy)
        return case_refuse(act, CASE_IMPOSSIBLE, "/step",
                           "destroys traces: the policy is to be decided first, which says what "
                           "is to be preserved");
    if (playbook && (!decided || strcmp(playbook, decided) != 0))
        return case_refuse(act, CASE_IMPOSSIBLE, "/step/playbook",
                           "destroys traces: the policy is for another playbook");
    if (before)
        return case_refuse(act, CASE_IMPOSSIBLE, "/step",
                           "destroys traces: %s is to be preserved first, or waived with a reason",
                           before);
    if (!is_preservation_known(act->state))
        return case_refuse(act, CASE_IMPOSSIBLE, "/step",
                           "destroys traces: nothing has been preserved");
    return CASE_ACCEPTED;
}

/* The mandatory step with this key; NULL if it is none. */
static const json_t *find_mandatory(const json_t *state, const char *key)
{
    const json_t *steps = mandatory_steps(state);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        CLEANUP(mem_free)
        char *its_key = key_of_mandatory(json_object_get(state, "policy"), step);
        if (strcmp(its_key, key) == 0)
            return step;
    }
    return NULL;
}

static enum case_refusal take_step(struct act *act, const json_t *step)
{
    const char *playbook = text_of(step, "playbook");
    if (!text_of(act->data, "by"))
        return case_refuse(act, CASE_MALFORMED, "/by", "must be given with a step");
    if (!is_playbook_name(playbook))
        return case_refuse(act, CASE_MALFORMED, "/step/playbook",
                           "expected a name without a slash");
    if (check_kind(act, step, "/step/kind_of_step") != CASE_ACCEPTED)
        return act->verdict->refusal;
    CLEANUP(mem_free) char *key = step_key(playbook, text_of(step, "step"));
    const json_t *mandatory = find_mandatory(act->state, key);
    if (mandatory && !is_of_kind(step, text_of(mandatory, "kind_of_step")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/step/kind_of_step",
                           "by the policy this step is of the kind %s",
                           text_of(mandatory, "kind_of_step"));
    if (is_of_kind(step, "clean") && check_cleaning(act, step) != CASE_ACCEPTED)
        return act->verdict->refusal;
    json_t *done = case_stamp(act);
    json_object_set(done, "kind_of_step", json_object_get(step, "kind_of_step"));
    json_object_set(done, "who", json_object_get(act->data, "by"));
    json_object_set_new(member_object(act->state, "steps_done"), key, done);
    return CASE_ACCEPTED;
}

static bool is_blank(const char *text)
{
    static const char wide_space[] = "\xe3\x80\x80";
    while (*text) {
        size_t plain = strspn(text, " \t\r\n");
        bool wide = strncmp(text, wide_space, sizeof wide_space - 1) == 0;
        if (!plain && !wide)
            return false;
        text += plain ? plain : sizeof wide_space - 1;
    }
    return true;
}

/* The key of the step that a waiver names: of a mandatory one, else of the policy's playbook. To be freed. */
static char *key_of_waived(const json_t *state, const char *name, bool *ret_mandatory)
{
    const json_t *steps = mandatory_steps(state), *policy = json_object_get(state, "policy");
    *ret_mandatory = true;
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (strcmp(text_of(json_array_get(steps, i), "step"), name) == 0)
            return key_of_mandatory(policy, json_array_get(steps, i));
    *ret_mandatory = false;
    return step_key(text_of(policy, "playbook"), name);
}

/* Waived is a step of the policy in force: nobody can let be what has not been asked for yet. */
static enum case_refusal waive_step(struct act *act, const json_t *waiver, json_t *given)
{
    const char *name = text_of(waiver, "step");
    bool of_mandatory = strcmp(text_of(waiver, "of"), "mandatory") == 0, is_mandatory;
    CLEANUP(mem_free) char *key = key_of_waived(act->state, name, &is_mandatory);
    if (!json_object_get(act->state, "policy"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/waiver/step",
                           "the policy is to be decided first, which says what is mandatory");
    if (of_mandatory && !is_mandatory)
        return case_refuse(act, CASE_IMPOSSIBLE, "/waiver/step",
                           "not a mandatory step of the policy");
    json_object_set(
        member_object(member_object(act->state, "waivers"), of_mandatory ? "mandatory" : "steps"),
        key, given);
    return CASE_ACCEPTED;
}

static enum case_refusal take_waiver(struct act *act, const json_t *waiver)
{
    const char *reason = text_of(waiver, "reason");
    bool search = strcmp(text_of(waiver, "of"), "search") == 0;
    if (!search && !text_of(waiver, "step"))
        return case_refuse(act, CASE_MALFORMED, "/waiver/step",
                           "must be given unless the search is waived");
    if (is_blank(reason))
        return case_refuse(act, CASE_MALFORMED, "/waiver/reason", "must say something");
    json_auto_t *given = case_stamp(act);
    json_object_set_new(given, "reason", json_string(reason));
    json_object_set_new(given, "id", json_string(act->id));
    if (!search)
        return waive_step(act, waiver, given);
    json_object_set(member_object(act->state, "waivers"), "search", given);
    return CASE_ACCEPTED;
}

const struct case_address case_addresses[] = {
    {"email", "confirmed_address"},
    {"responsible_email", "confirmed_responsible"},
    {"alternative", "confirmed_alternative"},
};
const size_t case_address_count = COUNT_OF(case_addresses);

static enum case_refusal take_address(struct act *act, const json_t *confirmed)
{
    const json_t *contact = json_object_get(json_object_get(act->state, "hearing"), "contact");
    json_t *address = json_object_get(confirmed, "address");
    bool valid = hearing_email_is_valid(bytes_of(json_string_value(address)));
    bool known = false;
    for (size_t i = 0; i < case_address_count && valid; i++) {
        if (!json_equal(json_object_get(contact, case_addresses[i].field), address))
            continue;
        json_object_set(act->state, case_addresses[i].confirmed, address);
        known = true;
    }
    if (known)
        return CASE_ACCEPTED;
    return case_refuse(act, CASE_IMPOSSIBLE, "/address_confirmed/address",
                       "not an address on the hearing sheet");
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

/* Promised for a time, or made: then the promise is kept, and nobody is to be reminded of it. */
static enum case_refusal take_callback(struct act *act, const json_t *callback)
{
    bool made = json_is_true(json_object_get(callback, "made"));
    json_t *due_at = json_object_get(callback, "due_at");
    if (made == (due_at != NULL))
        return case_refuse(act, CASE_MALFORMED, "/callback/due_at",
                           "expected the time that was promised, or \"made\": true");
    if (made && !json_object_get(act->state, "callback"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/callback/made", "no call was promised");
    json_object_del(act->state, "callback");
    if (due_at)
        json_object_set_new(act->state, "callback",
                            json_pack("{s:O, s:s, s:s}", "due_at", due_at, "promised_at", act->time,
                                      "id", act->id));
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
        (taken && case_is_larger_than(taken, ACTIONS_BYTES_MAX)))
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
