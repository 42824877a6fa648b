/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STEP 2 and 3 against the table of playbooks: what is mandatory is never the client's to say, nor what kind a step is. Steps
 * of no playbook can be recorded, under names that no playbook uses: a step that destroys traces does not become another
 * one by leaving out where it is from.
 */
#include "services/intake/commands.h"

#include "common/desk/playbooks.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool refuse(struct http_request *request, const char *pointer, const char *code,
                   const char *message)
{
    intake_refuse_field(request, 422, pointer, code, message);
    return false;
}

/* --- the policy --------------------------------------------------------------------------------------------------------- */

/* What the request names, else what suits the hearing; asked of the body, because `members` may be of an earlier attempt. */
static bool choose_playbook(struct http_request *request, const json_t *state,
                            const struct playbook **ret_playbook)
{
    json_auto_t *body = NULL;
    if (!intake_body_object(request, &body))
        return false;
    const char *named = text_of(body, "playbook");
    const json_t *incident = json_object_get(json_object_get(state, "hearing"), "incident");
    *ret_playbook =
        named ? playbooks_find(named) : playbooks_for_incident(text_of(incident, "type"));
    return *ret_playbook || refuse(request, "/playbook", "unknown_playbook", "no such playbook");
}

bool intake_prepare_policy(struct http_request *request, const struct view_case *view_case,
                           json_t *members)
{
    const struct playbook *playbook = NULL;
    if (!choose_playbook(request, view_case->state, &playbook))
        return false;
    json_object_set_new(members, "playbook", json_string(playbook->id));
    json_object_set_new(members, "version", json_string(playbook->version));
    json_object_set_new(members, "mandatory_steps", playbooks_mandatory_steps(playbook));
    return true;
}

/* --- a step ------------------------------------------------------------------------------------------------------------- */

static bool is_given_otherwise(const json_t *step, const char *name, const char *right)
{
    const char *given = text_of(step, name);
    return given && strcmp(given, right) != 0;
}

static bool step_of_playbook_fits(struct http_request *request, json_t *step)
{
    const struct playbook *playbook = playbooks_find(text_of(step, "playbook"));
    const struct playbook_step *known =
        playbook ? playbooks_find_step(playbook, text_of(step, "step")) : NULL;
    if (!playbook)
        return refuse(request, "/step/playbook", "unknown_playbook", "no such playbook");
    if (is_given_otherwise(step, "version", playbook->version))
        return refuse(request, "/step/version", "unknown_version",
                      "not the version of this playbook at this desk");
    if (!known)
        return refuse(request, "/step/step", "unknown_step", "no such step in this playbook");
    const char *kind = playbooks_kind_name(known->kind);
    if (is_given_otherwise(step, "kind_of_step", kind)) {
        CLEANUP(mem_free) char *message = mem_printf("this step is of the kind %s", kind);
        return refuse(request, "/step/kind_of_step", "kind", message);
    }
    json_object_set_new(step, "version", json_string(playbook->version));
    json_object_set_new(step, "kind_of_step", json_string(kind));
    return true;
}

static bool step_of_none_fits(struct http_request *request, const json_t *step)
{
    if (json_object_get(step, "version"))
        return refuse(request, "/step/version", "no_playbook", "a version is of a playbook");
    if (playbooks_find_step_of_any(text_of(step, "step")))
        return refuse(request, "/step/playbook", "required",
                      "must be given: playbooks have a step of this name");
    if (!json_object_get(step, "kind_of_step"))
        return refuse(request, "/step/kind_of_step", "required",
                      "must be given for a step of no playbook");
    return true;
}

static bool step_fits(struct http_request *request, json_t *step)
{
    return json_object_get(step, "playbook") ? step_of_playbook_fits(request, step)
                                             : step_of_none_fits(request, step);
}

/* --- a waiver ----------------------------------------------------------------------------------------------------------- */

static bool is_mandatory(const json_t *policy, const char *step)
{
    const json_t *steps = json_object_get(policy, "mandatory_steps");
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (strcmp(text_of(json_array_get(steps, i), "step"), step) == 0)
            return true;
    return false;
}

/* Without a policy the chain refuses it. A policy may be of an earlier version, with a step that the table has no more. */
static bool waiver_fits(struct http_request *request, const json_t *state, const json_t *waiver)
{
    const json_t *policy = json_object_get(state, "policy");
    const char *named = text_of(policy, "playbook"), *step = text_of(waiver, "step");
    const struct playbook *playbook = named ? playbooks_find(named) : NULL;
    bool known = !step || !policy || is_mandatory(policy, step) ||
                 (playbook && playbooks_find_step(playbook, step));
    return known || refuse(request, "/waiver/step", "unknown_step",
                           "no such step in the playbook of the policy");
}

bool intake_prepare_action(struct http_request *request, const struct view_case *view_case,
                           json_t *members)
{
    const char *kind = text_of(members, "kind");
    json_t *step = json_object_get(members, "step");
    const json_t *waiver = json_object_get(members, "waiver");
    if (strcmp(kind, "step") == 0 && step)
        return step_fits(request, step);
    if (strcmp(kind, "waiver") == 0 && waiver)
        return waiver_fits(request, view_case->state, waiver);
    return true;
}

/* --- the table ------------------------------------------------------------------------------------------------------------ */

void intake_get_playbooks(struct http_request *request)
{
    const char *type = http_query(request, "type");
    if (type && !playbooks_find(type))
        intake_refuse_field(request, 422, "/type", "choice", "not a kind of incident");
    else
        intake_reply_table(request, playbooks_json(type));
}
