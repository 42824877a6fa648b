/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of case_apply: what is asked of every event (its place in the chain, its id, its members), then the handler of
 * its type, then what every accepted event changes. A handler refuses before it changes anything.
 */
#include "common/desk/case_internal.h"

#include "common/desk/limits.h"
#include "common/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADS_KEPT 64
#define SEARCH_CALLS_KEPT LIMIT_SEARCHES_KEPT

static const struct handler {
    const char *type;
    case_handler_fn *handler;
    bool when_closed; /* also taken for a closed case */
    bool
        past_limit; /* also when a case is full: what stops a hand-over, and what the provider answers */
} handlers[] = {
    {"case.opened", case_on_opened, false, false},
    {"hearing.amended", case_on_amended, false, false},
    {"customer.identified", case_on_customer, false, false},
    {"policy.decided", case_on_policy, false, false},
    {"action.recorded", case_on_action, false, false},
    {"assessment.recorded", case_on_assessment, false, false},
    {"consent.recorded", case_on_consent, false, false},
    {"consent.withdrawn", case_on_consent_withdrawn, true, true},
    {"intention.expressed", case_on_intention, false, false},
    {"intention.withdrawn", case_on_intention_withdrawn, true, true},
    {"handover.requested", case_on_handover, false, false},
    {"handover.approved", case_on_approved, false, false},
    {"handover.cancelled", case_on_cancelled, false, true},
    {"logs.submitted", case_on_upload, false, false},
    {"file.attached", case_on_upload, false, false},
    {"extraction.requested", case_on_extraction, false, false},
    {"provider.accepted", case_on_accepted, true, true},
    {"provider.declined", case_on_declined, true, true},
    {"provider.delivered", case_on_delivered, true, true},
    {"provider.reported", case_on_reported, true, true},
    {"provider.deleted", case_on_deleted, true, true},
    {"proposal.decided", case_on_proposal_decided, false, false},
    {"proposal.applied", case_on_proposal_applied, true, false},
    {"note.added", case_on_note, true, false},
    {"case.closed", case_on_closed, false, true},
    {"case.reopened", case_on_reopened, true, false},
};

static const struct handler *find_handler(const char *type)
{
    for (size_t i = 0; i < COUNT_OF(handlers); i++)
        if (strcmp(handlers[i].type, type) == 0)
            return &handlers[i];
    return NULL;
}

const char *case_refusal_code(enum case_refusal refusal)
{
    switch (refusal) {
    case CASE_ACCEPTED:
        return "accepted";
    case CASE_STALE:
        return "stale";
    case CASE_DUPLICATE:
        return "duplicate";
    case CASE_NOT_OPENED:
        return "not_opened";
    case CASE_MALFORMED:
        return "malformed";
    case CASE_IMPOSSIBLE:
        return "impossible";
    case CASE_TOO_MANY:
        return "too_many";
    }
    return "unknown";
}

/* --- tools of the handlers ------------------------------------------------------------------------------------------------ */

enum case_refusal case_refuse(struct act *act, enum case_refusal refusal, const char *pointer,
                              const char *format, ...)
{
    va_list args;
    act->verdict->refusal = refusal;
    snprintf(act->verdict->pointer, sizeof act->verdict->pointer, "%s", pointer);
    va_start(args, format);
    vsnprintf(act->verdict->why.text, sizeof act->verdict->why.text, format, args);
    va_end(args);
    utf8_repair(act->verdict->pointer);
    utf8_repair(act->verdict->why.text);
    return refusal;
}

json_t *case_list(json_t *state, const char *name)
{
    json_t *list = json_object_get(state, name);
    if (!list) {
        list = json_array();
        json_object_set_new(state, name, list);
    }
    return list;
}

json_t *case_own_members(const struct act *act)
{
    static const char *const common[] = {"extends", "actor", "rules", "request"};
    json_t *copy = json_deep_copy(act->data);
    for (size_t i = 0; i < COUNT_OF(common); i++)
        json_object_del(copy, common[i]);
    return copy;
}

json_t *case_stamp(const struct act *act)
{
    return json_pack("{s:s, s:O, s:I}", "at", act->time, "by", act->actor, "revision",
                     act->revision);
}

void case_call_search(struct act *act)
{
    json_t *calls = case_list(act->state, "search_calls");
    json_array_append_new(calls, json_pack("{s:s, s:s, s:I, s:s, s:O}", "id", act->id, "why",
                                           act->type, "revision", act->revision, "at", act->time,
                                           "actor", act->actor));
    while (json_array_size(calls) > SEARCH_CALLS_KEPT)
        json_array_remove(calls, 0);
}

/* --- the frame ------------------------------------------------------------------------------------------------------------ */

/* 64 bits of its hash stand for an id: a chain has at most ten thousand. */
static void fingerprint(const char *text, char ret_text[17])
{
    char hash[IDS_SHA256_TEXT_SIZE];
    ids_sha256_text(text, strlen(text), hash);
    memcpy(ret_text, hash, 16);
    ret_text[16] = '\0';
}

static bool has_fingerprint(const json_t *state, const char *list, const char *text)
{
    char wanted[17];
    const json_t *known = json_object_get(state, list);
    fingerprint(text, wanted);
    for (size_t i = 0; i < json_array_size(known); i++)
        if (strcmp(json_string_value(json_array_get(known, i)), wanted) == 0)
            return true;
    return false;
}

static void add_fingerprint(json_t *state, const char *list, const char *text)
{
    char known[17];
    fingerprint(text, known);
    json_array_append_new(case_list(state, list), json_string(known));
}

/* A report is delivered by one reply and, once it was opened, reported by the same one; any other reply counts once. */
static bool is_repeated_reply(const struct act *act)
{
    const char *reply = json_string_value(json_object_get(act->data, "reply"));
    const json_t *delivered =
        strcmp(act->type, "provider.reported") == 0 ? case_report_find(act->state, reply) : NULL;
    if (delivered && !json_object_get(delivered, "recorded_at"))
        return false;
    return reply && has_fingerprint(act->state, "replies", reply);
}

static bool is_actor(const json_t *actor)
{
    const char *id = json_string_value(json_object_get(actor, "id"));
    const char *role = json_string_value(json_object_get(actor, "role"));
    return id && role && *id && *role && strlen(id) <= 100 && strlen(role) <= 100 &&
           json_object_size(actor) == 2;
}

static enum case_refusal check_place(struct act *act)
{
    const char *head = json_string_value(json_object_get(act->state, "head"));
    const json_t *extends = json_object_get(act->data, "extends");
    bool opening = strcmp(act->type, "case.opened") == 0;
    if (has_fingerprint(act->state, "events", act->id))
        return case_refuse(act, CASE_DUPLICATE, "", "this event id is in the chain already");
    if (is_repeated_reply(act))
        return case_refuse(act, CASE_DUPLICATE, "/reply", "this reply is in the chain already");
    if (opening != !head)
        return case_refuse(act, CASE_NOT_OPENED, "",
                           head ? "the case is open already" : "the case is not opened");
    if (opening ? !json_is_null(extends) : !json_is_string(extends))
        return case_refuse(act, CASE_MALFORMED, "/extends",
                           "expected the head that the event extends");
    if (head && strcmp(json_string_value(extends), head) != 0)
        return case_refuse(act, CASE_STALE, "/extends", "does not extend the head");
    return CASE_ACCEPTED;
}

/* A full case can still be stopped: a customer who takes back what he gave is never told that there is no room for it. */
static enum case_refusal check_limit(struct act *act, const struct handler *handler)
{
    bool stops = handler && handler->past_limit;
    int most = LIMIT_EVENTS_PER_CASE + (stops ? LIMIT_EVENTS_PAST : 0);
    if (act->revision > most)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d events", most);
    if (act->bytes > LIMIT_EVENTS_BYTES_PER_CASE && !stops)
        return case_refuse(act, CASE_TOO_MANY, "", "the events of a case have at most %d bytes",
                           LIMIT_EVENTS_BYTES_PER_CASE);
    return CASE_ACCEPTED;
}

static enum case_refusal check_members(struct act *act)
{
    size_t count;
    const struct case_member *members = case_members(act->type, &count);
    json_int_t rules = json_integer_value(json_object_get(act->data, "rules"));
    if (!members)
        return case_refuse(act, CASE_MALFORMED, "", "unknown type");
    if (!is_actor(act->actor))
        return case_refuse(act, CASE_MALFORMED, "/actor", "expected id and role");
    if (rules < 1 || rules > CASE_RULES_VERSION)
        return case_refuse(act, CASE_MALFORMED, "/rules", "expected a version from 1 to %d",
                           CASE_RULES_VERSION);
    return case_check_members(act->data, members, count, true, act->verdict) ? CASE_ACCEPTED
                                                                             : CASE_MALFORMED;
}

static enum case_refusal handle(struct act *act, const struct handler *handler)
{
    if (!handler)
        return case_refuse(act, CASE_MALFORMED, "", "unknown type");
    if (json_object_get(act->state, "closed") && !handler->when_closed)
        return case_refuse(act, CASE_IMPOSSIBLE, "", "the case is closed");
    return handler->handler(act);
}

static void keep_head(json_t *state, json_int_t revision, const char *head)
{
    char number[24], prefix[17];
    json_t *heads = json_object_get(state, "heads");
    if (!heads) {
        heads = json_object();
        json_object_set_new(state, "heads", heads);
    }
    snprintf(number, sizeof number, "%lld", (long long)revision);
    snprintf(prefix, sizeof prefix, "%.16s", head);
    json_object_set_new(heads, number, json_string(prefix));
    snprintf(number, sizeof number, "%lld", (long long)revision - HEADS_KEPT);
    json_object_del(heads, number);
}

static void settle(struct act *act, const struct event *event)
{
    char head[CASE_HEAD_SIZE];
    const char *before = json_string_value(json_object_get(act->state, "head"));
    const char *reply = json_string_value(json_object_get(act->data, "reply"));
    case_head_next(before, event, head);
    json_object_set_new(act->state, "head", json_string(head));
    json_object_set_new(act->state, "revision", json_integer(act->revision));
    json_object_set_new(act->state, "events_bytes", json_integer(act->bytes));
    json_object_set_new(act->state, "changed_at", json_string(act->time));
    keep_head(act->state, act->revision, head);
    add_fingerprint(act->state, "events", act->id);
    if (reply && !has_fingerprint(act->state, "replies", reply))
        add_fingerprint(act->state, "replies", reply);
}

struct case_verdict case_apply(json_t *state, const struct event *event)
{
    struct case_verdict verdict = {.refusal = CASE_ACCEPTED};
    struct act act = {
        .state = state,
        .data = event->data,
        .type = event->type,
        .id = event->id,
        .time = event->time,
        .actor = json_object_get(event->data, "actor"),
        .revision = json_integer_value(json_object_get(state, "revision")) + 1,
        .bytes = json_integer_value(json_object_get(state, "events_bytes")) +
                 (json_int_t)event->value_length,
        .verdict = &verdict,
    };
    const struct handler *handler = find_handler(act.type);
    if (!json_is_object(event->data))
        case_refuse(&act, CASE_MALFORMED, "", "expected an object");
    else if (check_place(&act) == CASE_ACCEPTED && check_limit(&act, handler) == CASE_ACCEPTED &&
             check_members(&act) == CASE_ACCEPTED)
        verdict.refusal = handle(&act, handler);
    if (verdict.refusal == CASE_ACCEPTED) {
        if (act.revision == 1) {
            char number[IDS_CASE_NUMBER_SIZE];
            ids_case_number(event->key, number);
            json_object_set_new(state, "id", json_string(event->key));
            json_object_set_new(state, "number", json_string(number));
        }
        settle(&act, event);
    }
    return verdict;
}

enum verdict case_fold(json_t *state, const struct event *event, struct why *why)
{
    json_t *chain = json_object_get(state, "cases");
    json_auto_t *fresh = chain ? NULL : json_object();
    struct case_verdict verdict = case_apply(chain ? chain : fresh, event);
    switch (verdict.refusal) {
    case CASE_ACCEPTED:
        if (fresh)
            json_object_set(state, "cases", fresh);
        return VERDICT_OK;
    case CASE_STALE:
    case CASE_DUPLICATE:
        return VERDICT_OK;
    case CASE_NOT_OPENED:
    case CASE_MALFORMED:
    case CASE_IMPOSSIBLE:
    case CASE_TOO_MANY:
        return reject(why, "%s: %s%s%.180s", case_refusal_code(verdict.refusal), verdict.pointer,
                      *verdict.pointer ? ": " : "", verdict.why.text);
    }
    return VERDICT_OK;
}

struct case_verdict case_would_apply(const json_t *state, const char *type, const json_t *data,
                                     const char *event_id, const char *time)
{
    json_auto_t *trial = json_deep_copy(state);
    json_auto_t *content = json_deep_copy(data);
    CLEANUP(buf_free) struct buf value;
    buf_init(&value, KAFKA_RECORD_BYTES_MAX);
    event_dump_json(content, &value);
    struct event event = {.id = (char *)(uintptr_t)event_id,
                          .type = (char *)(uintptr_t)type,
                          .time = (char *)(uintptr_t)time,
                          .key = (char *)(uintptr_t)json_string_value(json_object_get(state, "id")),
                          .value = value.data,
                          .value_length = value.length,
                          .data = content};
    if (!event.key)
        event.key = (char *)(uintptr_t)"";
    return case_apply(trial, &event);
}

/* --- questions ------------------------------------------------------------------------------------------------------------ */

bool case_is_open(const json_t *state)
{
    return json_object_get(state, "id") && !json_object_get(state, "closed");
}

const json_t *case_consent_in_force(const json_t *state)
{
    const json_t *consents = json_object_get(state, "consents");
    const json_t *last = json_array_get(consents, json_array_size(consents) - 1);
    return last && !json_object_get(last, "withdrawn") ? last : NULL;
}

const json_t *case_intention_in_force(const json_t *state)
{
    const json_t *intention = json_object_get(state, "intention");
    return intention && !json_object_get(intention, "withdrawn") ? intention : NULL;
}

bool case_search_waived(const json_t *state)
{
    return json_object_get(json_object_get(state, "waivers"), "search") != NULL;
}

const char *case_confirmed_address(const json_t *state)
{
    return json_string_value(json_object_get(state, "confirmed_address"));
}

const char *case_confirmed_responsible(const json_t *state)
{
    return json_string_value(json_object_get(state, "confirmed_responsible"));
}

const char *case_confirmed_alternative(const json_t *state)
{
    return json_string_value(json_object_get(state, "confirmed_alternative"));
}
