/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hand-over on the chain: request, approval by another person, what ends it for good, and the provider's words. An
 * acceptance is taken also after the end (the gate answers it with a recall): the order of the two is what counts.
 */
#include "common/desk/case_internal.h"

#include "common/desk/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_still_open(const json_t *handover)
{
    return !json_object_get(handover, "ended") && !json_object_get(handover, "declined") &&
           !json_object_get(handover, "deleted") && !json_object_get(handover, "replaced");
}

const json_t *case_handover_open(const json_t *state)
{
    const json_t *handovers = json_object_get(state, "handovers");
    for (size_t i = json_array_size(handovers); i > 0; i--)
        if (is_still_open(json_array_get(handovers, i - 1)))
            return json_array_get(handovers, i - 1);
    return NULL;
}

const json_t *case_handover_find(const json_t *state, const char *id)
{
    const json_t *handovers = json_object_get(state, "handovers");
    for (size_t i = 0; id && i < json_array_size(handovers); i++) {
        const json_t *handover = json_array_get(handovers, i);
        if (strcmp(json_string_value(json_object_get(handover, "id")), id) == 0)
            return handover;
    }
    return NULL;
}

/* The two questions above for those who may change what they find. */
static json_t *open_handover(struct act *act)
{
    return (json_t *)(uintptr_t)case_handover_open(act->state);
}

static json_t *named_handover(struct act *act)
{
    return (json_t *)(uintptr_t)case_handover_find(
        act->state, json_string_value(json_object_get(act->data, "handover")));
}

/* What the provider deleted of its own accord may have had its key, and so may a supplement, which needs no acceptance: an
 * end must reach them too. What was refused before any acceptance never gets one. */
static bool can_end(const json_t *handover)
{
    bool refused =
        json_object_get(handover, "declined") && !json_object_get(handover, "supplement_of");
    return !json_object_get(handover, "ended") && !json_object_get(handover, "replaced") &&
           !refused;
}

void case_end_handovers(struct act *act, const char *how)
{
    json_t *handovers = json_object_get(act->state, "handovers");
    for (size_t i = 0; i < json_array_size(handovers); i++) {
        json_t *handover = json_array_get(handovers, i);
        if (!can_end(handover))
            continue;
        json_t *ended = case_stamp(act);
        json_object_set_new(ended, "how", json_string(how));
        json_object_set_new(handover, "ended", ended);
    }
}

/* The revision after which the chain's head was this one; JSON null where it is not among the kept heads. */
static json_t *revision_of(const json_t *state, const char *head)
{
    const char *revision;
    const json_t *prefix;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(state, "heads"), revision,
                        prefix) if (strncmp(json_string_value(prefix), head, 16) ==
                                    0) return json_integer(atoll(revision));
    return json_null();
}

/* What a request supplements: the open hand-over once it is accepted, or what that supplements in its turn. */
static json_t *supplemented(const json_t *open)
{
    json_t *first = json_object_get(open, "supplement_of");
    return first || !json_object_get(open, "accepted") ? first : json_object_get(open, "id");
}

static json_t *new_handover(struct act *act, const json_t *before)
{
    const json_t *head = json_object_get(act->data, "confirmed_head");
    const char *confirmed = json_string_value(head ? head : json_object_get(act->data, "extends"));
    json_t *files = json_object_get(act->data, "files");
    json_t *handover = json_pack(
        "{s:s, s:O, s:s, s:o, s:O?, s:o, s:O, s:s, s:I}", "id", act->id, "provider",
        json_object_get(act->data, "provider"), "confirmed_head", confirmed, "confirmed_revision",
        revision_of(act->state, confirmed), "extraction", json_object_get(act->data, "extraction"),
        "files", files ? json_deep_copy(files) : json_array(), "requested_by", act->actor,
        "requested_at", act->time, "revision", act->revision);
    if (supplemented(before))
        json_object_set(handover, "supplement_of", supplemented(before));
    return handover;
}

/* Every ticked file must be one of the case's uploads. */
static bool files_are_known(const struct act *act, char *ret_pointer, size_t size)
{
    const json_t *files = json_object_get(act->data, "files"),
                 *uploads = json_object_get(act->state, "uploads");
    for (size_t i = 0; i < json_array_size(files); i++) {
        bool known = false;
        for (size_t k = 0; k < json_array_size(uploads) && !known; k++)
            known = json_equal(json_object_get(json_array_get(uploads, k), "upload"),
                               json_array_get(files, i));
        if (known)
            continue;
        snprintf(ret_pointer, size, "/files/%zu", i);
        return false;
    }
    return true;
}

enum case_refusal case_on_handover(struct act *act)
{
    char pointer[40];
    json_t *before = open_handover(act);
    if (json_array_size(json_object_get(act->state, "handovers")) >= LIMIT_HANDOVERS_PER_CASE)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d hand-overs",
                           LIMIT_HANDOVERS_PER_CASE);
    if (!files_are_known(act, pointer, sizeof pointer))
        return case_refuse(act, CASE_IMPOSSIBLE, pointer, "not an upload of this case");
    json_t *handover = new_handover(act, before);
    if (before && !supplemented(before))
        json_object_set_new(before, "replaced", json_true());
    json_array_append_new(case_list(act->state, "handovers"), handover);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_approved(struct act *act)
{
    json_t *handover = open_handover(act);
    if (!handover || handover != named_handover(act))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "not the open hand-over");
    if (json_object_get(handover, "approved"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "approved already");
    if (json_equal(json_object_get(json_object_get(handover, "requested_by"), "id"),
                   json_object_get(act->actor, "id")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/actor", "who requested cannot approve");
    json_object_set_new(handover, "approved", case_stamp(act));
    return CASE_ACCEPTED;
}

enum case_refusal case_on_cancelled(struct act *act)
{
    if (!open_handover(act))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "no hand-over is open");
    case_end_handovers(act, "cancelled");
    return CASE_ACCEPTED;
}

/* --- the provider's words --------------------------------------------------------------------------------------------------- */

static void take_reply(struct act *act, json_t *handover, const char *what)
{
    json_t *reply = case_own_members(act);
    static const char *const elsewhere[] = {"handover", "jws", "report", "proposals"};
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        json_object_del(reply, elsewhere[i]);
    json_object_set_new(reply, "revision", json_integer(act->revision));
    json_object_set_new(reply, "event", json_string(act->id));
    json_object_set_new(reply, "recorded_at", json_string(act->time));
    json_object_set_new(handover, what, reply);
}

/* The hand-over must be there, and the words must be those of the provider that it went to: after a change of provider the
 * new one has no say in what the old one was offered. */
static enum case_refusal check_speaker(struct act *act, const json_t *handover)
{
    const json_t *provider = json_object_get(act->data, "provider");
    if (!handover)
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "no such hand-over in this case");
    if (provider && !json_equal(provider, json_object_get(handover, "provider")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/provider", "offered to another provider");
    return CASE_ACCEPTED;
}

static enum case_refusal answer(struct act *act, const char *what)
{
    json_t *handover = named_handover(act);
    if (check_speaker(act, handover) != CASE_ACCEPTED)
        return act->verdict->refusal;
    if (json_object_get(handover, "accepted") || json_object_get(handover, "declined"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "answered already");
    take_reply(act, handover, what);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_accepted(struct act *act)
{
    return answer(act, "accepted");
}

enum case_refusal case_on_declined(struct act *act)
{
    return answer(act, "declined");
}

static void keep_proposals(struct act *act)
{
    const json_t *list = json_object_get(act->data, "proposals");
    json_t *proposals = json_object_get(act->state, "proposals");
    if (!proposals) {
        proposals = json_object();
        json_object_set_new(act->state, "proposals", proposals);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *proposal = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(proposal, "id"));
        if (id)
            json_object_set_new(proposals, id, json_pack("{s:O}", "proposed", proposal));
    }
}

/* Whose report can there be: who accepted, or of a supplement, which needs no acceptance. */
static bool may_be_reported(const json_t *handover)
{
    return json_object_get(handover, "accepted") || json_object_get(handover, "supplement_of");
}

const json_t *case_report_find(const json_t *state, const char *report)
{
    const json_t *reports = json_object_get(state, "reports");
    for (size_t i = 0; report && i < json_array_size(reports); i++) {
        const json_t *found = json_array_get(reports, i);
        if (strcmp(json_string_value(json_object_get(found, "report")), report) == 0)
            return found;
    }
    return NULL;
}

static json_t *named_report(const struct act *act)
{
    return (json_t *)(uintptr_t)case_report_find(
        act->state, json_string_value(json_object_get(act->data, "reply")));
}

static json_t *make_report(struct act *act)
{
    json_t *report = json_pack(
        "{s:O, s:O, s:O, s:s, s:I}", "report", json_object_get(act->data, "reply"), "handover",
        json_object_get(act->data, "handover"), "at", json_object_get(act->data, "at"),
        "delivered_at", act->time, "delivered_revision", act->revision);
    json_array_append_new(case_list(act->state, "reports"), report);
    return report;
}

/* What was delivered is sealed yet: escalation opens it where the consent covers that, and then it is reported. */
enum case_refusal case_on_delivered(struct act *act)
{
    json_t *handover = named_handover(act);
    if (check_speaker(act, handover) != CASE_ACCEPTED)
        return act->verdict->refusal;
    if (!may_be_reported(handover))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "not accepted");
    if (json_array_size(json_object_get(act->state, "reports")) >= LIMIT_REPORTS_PER_CASE)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d reports",
                           LIMIT_REPORTS_PER_CASE);
    json_t *report = make_report(act);
    static const char *const sealed[] = {"parts", "head", "kid", "provider", "position"};
    for (size_t i = 0; i < COUNT_OF(sealed); i++)
        if (json_object_get(act->data, sealed[i]))
            json_object_set(report, sealed[i], json_object_get(act->data, sealed[i]));
    return CASE_ACCEPTED;
}

static void keep_report(struct act *act)
{
    json_t *report = named_report(act);
    if (!report)
        report = make_report(act);
    json_object_del(report, "parts");
    json_object_update(report, json_object_get(act->data, "report"));
    json_object_set_new(report, "recorded_at", json_string(act->time));
    json_object_set_new(report, "revision", json_integer(act->revision));
}

static bool is_room_for_report(const struct act *act)
{
    return json_array_size(json_object_get(act->state, "reports")) < LIMIT_REPORTS_PER_CASE ||
           named_report(act);
}

enum case_refusal case_on_reported(struct act *act)
{
    json_t *handover = named_handover(act);
    if (check_speaker(act, handover) != CASE_ACCEPTED)
        return act->verdict->refusal;
    if (!may_be_reported(handover))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover", "not accepted");
    size_t proposals = json_object_size(json_object_get(act->state, "proposals")) +
                       json_array_size(json_object_get(act->data, "proposals"));
    if (proposals > LIMIT_PROPOSALS_PER_CASE)
        return case_refuse(act, CASE_TOO_MANY, "/proposals", "a case has at most %d proposals",
                           LIMIT_PROPOSALS_PER_CASE);
    if (!is_room_for_report(act))
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d reports",
                           LIMIT_REPORTS_PER_CASE);
    take_reply(act, handover, "reported");
    keep_report(act);
    keep_proposals(act);
    return CASE_ACCEPTED;
}

/* There is something to delete after an end, a replacement and an acceptance (which the gate may have refused; the chain
 * does not know), and of a supplement, which needs no acceptance. */
static bool can_be_deleted(const json_t *handover)
{
    return json_object_get(handover, "ended") || json_object_get(handover, "replaced") ||
           json_object_get(handover, "accepted") || json_object_get(handover, "supplement_of");
}

/* A deletion of the provider's own accord is not yet the answer to a recall that came after it. */
static bool is_deleted_for_good(const json_t *handover)
{
    const json_t *deleted = json_object_get(handover, "deleted"),
                 *ended = json_object_get(handover, "ended");
    return deleted && (!ended || json_integer_value(json_object_get(ended, "revision")) <
                                     json_integer_value(json_object_get(deleted, "revision")));
}

enum case_refusal case_on_deleted(struct act *act)
{
    json_t *handover = named_handover(act);
    if (check_speaker(act, handover) != CASE_ACCEPTED)
        return act->verdict->refusal;
    if (!can_be_deleted(handover) || is_deleted_for_good(handover))
        return case_refuse(act, CASE_IMPOSSIBLE, "/handover",
                           "nothing to delete, or deleted already");
    take_reply(act, handover, "deleted");
    return CASE_ACCEPTED;
}

/* --- proposals ---------------------------------------------------------------------------------------------------------------- */

static json_t *named_proposal(struct act *act)
{
    const char *id = json_string_value(json_object_get(act->data, "proposal"));
    return json_object_get(json_object_get(act->state, "proposals"), id);
}

static json_t *stamped_copy(const struct act *act)
{
    json_t *copy = case_own_members(act);
    json_object_del(copy, "proposal");
    json_object_set(copy, "actor", json_object_get(act->data, "actor"));
    json_object_set_new(copy, "at", json_string(act->time));
    json_object_set_new(copy, "revision", json_integer(act->revision));
    return copy;
}

static bool is_word(const json_t *object, const char *name, const char *word)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && strcmp(text, word) == 0;
}

/* The setting stands as proposed: it was applied and not rolled back since. */
static bool is_in_effect(const json_t *proposal)
{
    return is_word(json_object_get(proposal, "applied"), "result", "applied");
}

enum case_refusal case_on_proposal_decided(struct act *act)
{
    json_t *proposal = named_proposal(act);
    if (!proposal)
        return case_refuse(act, CASE_IMPOSSIBLE, "/proposal", "no such proposal in this case");
    if (is_in_effect(proposal))
        return case_refuse(act, CASE_IMPOSSIBLE, "/proposal", "applied already");
    json_object_set_new(proposal, "decided", stamped_copy(act));
    return CASE_ACCEPTED;
}

enum case_refusal case_on_proposal_applied(struct act *act)
{
    json_t *proposal = named_proposal(act);
    bool back = is_word(act->data, "result", "rolled_back");
    if (!proposal)
        return case_refuse(act, CASE_IMPOSSIBLE, "/proposal", "no such proposal in this case");
    if (!is_word(json_object_get(proposal, "decided"), "decision", "agreed"))
        return case_refuse(act, CASE_IMPOSSIBLE, "/proposal", "the customer has not agreed");
    if (back != is_in_effect(proposal))
        return case_refuse(act, CASE_IMPOSSIBLE, "/result",
                           back ? "nothing is applied that could be rolled back"
                                : "applied already");
    json_object_set_new(proposal, "applied", stamped_copy(act));
    return CASE_ACCEPTED;
}
