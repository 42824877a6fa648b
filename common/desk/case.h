/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the chain of a case and its one fold. Every service applies the records of `cases` through case_apply and so
 * arrives at the same state, or refuses the same record for the same reason (design rule 3).
 * Ownership: the state is a JSON object of the caller's, changed in place on OK and untouched on REJECT.
 * Threads: none of its own; pure: no profile, playbook or clock is asked.
 * Errors: REJECT with a code of enum case_refusal; `stale` (does not extend the head) is the optimistic lock.
 * Limits: common/desk/limits.h: events per case, hand-overs, uploads, hearing size.
 *
 * The state (absent members do not exist yet; times are ce_time of the event unless the data carries one):
 * { "id", "number", "revision" (events so far), "events_bytes", "head", "opened_at", "opened_by":{id,role}, "changed_at",
 *   "customer_id", "subject_revision" (revision of the last change of customer, 1 when opened with one, 0 without),
 *   "hearing":{…}, "hearing_revision", "export_revision" (last change of what would leave for the provider),
 *   "events":[first 16 hex digits of SHA-256(ce_id) …], "replies":[…same of reply ids…],
 *   "consents":[{"id","document","version","sha256","given_by","capacity","channel","given_at","scopes":[],"recorded_at",
 *       "recorded_by","revision","withdrawn":{"given_by","channel","given_at","reason","recorded_at","revision",
 *       "effect":"stopped"|"recalled","handover"?,"accepted_at"?,   of the hand-over that is recalled
 *       "recalled_before":{"handover","accepted_at","how","at"}?   (stopped) an earlier end has recalled what was accepted
 *       }?}],   in force: see case_consent_to
 *   "intention":{"id","provider","given_by","channel","given_at","recorded_at","revision","withdrawn":{…as above…}?},
 *   "intentions_before":[…],   those that a later one replaced, last 20
 *   "policy":{"text","playbook","version","mandatory_steps":[],"at","by","revision"},   the one in force: the last
 *   "actions":[{"id","kind","by","actor","at","revision", step|waiver|address_confirmed|mute|callback:…}],
 *   "waivers":{"search":{"reason","by","at","revision","id"}?, "steps":{"<playbook>/<step>":…}, "mandatory":{"<playbook>/<step>":…}},
 *   "steps_done":{"<playbook>/<step>" ("/<step>" of no playbook):{"by","who","at","kind_of_step","revision"}},
 *       kept when the policy changes; a step counts under its own playbook and as its own kind only,
 *   "confirmed_address":"…"? (void once /contact/email changes), "confirmed_responsible":"…"?,
 *   "confirmed_alternative":"…"? (the same of /contact/responsible_email and /contact/alternative),
 *   "muted":{"reason","at"}?, "callback":{"due_at","promised_at","id"}? (until it is made),
 *   "assessment":{"needed","reason","introduced","at","revision"},
 *   "uploads":[{"upload","of":"logs"|"file","name","kind"?,"format"?,"partition","first","last","chunks","size","sha256",
 *       "revision","event","at"}],
 *   "extractions":[{"id" (event id),"from","to","devices","text","indicators","revision","at","actor"}],   the asked ones
 *   "search_calls":[{"id" (event id),"why" (event type),"revision","at","actor"}],  every event that calls for a search, last 20
 *   "handovers":[{"id","provider","confirmed_head","confirmed_revision" (null if that head is unknown),"extraction","files":[],
 *       "requested_by","requested_at","revision",
 *       "approved":{"by","at","revision"}?, "ended":{"how":"cancelled"|"consent_withdrawn"|"intention_withdrawn"|
 *          "customer_changed"|"closed","at","revision"}?,
 *       "accepted":{"at","reply","head","provider"?,"kid"?,"revision","event"}?, "declined":{…}?, "reported":{…}?, "deleted":{…}?,
 *       "replaced":true? (a new request while held), "supplement_of":id?}],
 *   "heads":{"<revision>":"<first 16 hex digits of the head>"} of the last 64 revisions,
 *   "reports":[{"report" (reply id),"handover","at","delivered_at","delivered_revision","head"?,"kid"?,"provider"?,
 *       "parts":[{partition,offset,size,sha256}]? (sealed yet),
 *       "items":[{"name","media_type","length","sha256","chunks":[…]}]?,"findings"?,"recommendations"?,"indicators"? (counts),
 *       "recorded_at"?,"revision"? (once opened and reported)}],
 *   "notes" (count), "proposals":{pid:{"proposed":{…},"decided":{"decision","after"?,"given_by","channel","given_at","actor",
 *       "at","revision"}?,"applied":{"result":"applied"|"failed"|"rolled_back","note"?,"actor","at","revision"}?}}, "closed":{"outcome","reason","of","at","revision"}? (gone after a reopen) }
 */
#include "common/event.h"

#define CASE_RULES_VERSION 1
#define CASE_HEAD_SIZE 65

enum case_refusal {
    CASE_ACCEPTED,
    CASE_STALE,      /* `extends` is not the head: somebody was faster */
    CASE_DUPLICATE,  /* event id or reply id already in the chain */
    CASE_NOT_OPENED, /* first event is not case.opened, or a second case.opened */
    CASE_MALFORMED,  /* data does not have the members of its type */
    CASE_IMPOSSIBLE, /* not in this state: withdraw without consent, close twice, an unknown hand-over, … */
    CASE_TOO_MANY, /* a limit of the case */
};
const char *case_refusal_code(enum case_refusal refusal); /* "stale", "duplicate", … */

struct case_verdict {
    enum case_refusal refusal;
    char pointer[120]; /* into the event's data, "" if none */
    struct why why;
};

/* head = SHA-256(prev ‖ L(ce_type) ‖ L(ce_id) ‖ L(ce_time) ‖ L(key) ‖ L(value)), ce_type with its prefix (contract §2). */
void case_head_next(const char *previous_head /* NULL: none */, const struct event *event,
                    char ret_head[CASE_HEAD_SIZE]);
/* The same over loose parts, for the hot path of case.opened. `type` with prefix. */
void case_head_of(const char *previous_head, const char *type, const char *id, const char *time,
                  struct bytes key, struct bytes value, char ret_head[CASE_HEAD_SIZE]);

/* `state` is an empty object for a case not yet seen. */
struct case_verdict case_apply(json_t *state, const struct event *event);
/* The fold of `cases` for a processor, into state["cases"], which only an accepted event makes. What does not extend the
 * head or is said twice is the optimistic lock at work and no mistake of anybody's: OK, and nothing has changed. Any other
 * refusal is REJECT: who writes the chain would have refused it before. */
enum verdict case_fold(json_t *state, const struct event *event, struct why *why);
/* Would an event with this type and data be accepted now? For answering a command before it is produced. */
struct case_verdict case_would_apply(const json_t *state, const char *type, const json_t *data,
                                     const char *event_id, const char *time);

/* The members that an event's data has beside extends, actor and rules: what case_apply asks of it, and what a request
 * body to the sub-resource that makes it may hold, unless that has a table of its own ("policy_body", "action_body"). */
enum case_member_kind {
    CASE_TEXT,   /* 1 to max characters, no control characters but line breaks */
    CASE_TIME,   /* RFC 3339 with offset */
    CASE_CHOICE, /* one of choices, separated by '|' */
    CASE_TEXTS,  /* list of at most 100 texts of max characters */
    CASE_OBJECT,
    CASE_LIST,    /* of at most max entries of any kind */
    CASE_INTEGER, /* 0 to max */
    CASE_BOOLEAN,
    CASE_UUID,
    CASE_HASH,     /* 64 lower-case hex digits */
    CASE_CUSTOMER, /* [A-Z0-9-]{1,20} */
};
struct case_member {
    const char *name;
    enum case_member_kind kind;
    bool required;
    int64_t max;
    const char
        *choices; /* of an object and of a list's entries: the name of their own table, NULL: any */
};
/* NULL for an unknown type. */
const struct case_member *case_members(const char *type, size_t *ret_count);
/* Checks an object against members; `common` allows extends, actor, rules and request (what asked for it) as well. False with pointer and why set. */
bool case_check_members(const json_t *object, const struct case_member *members, size_t count,
                        bool common, struct case_verdict *ret_verdict);
/* The same without the common ones, every mistake of a body: [{pointer, code, message}], at most CASE_ERRORS_MAX. */
#define CASE_ERRORS_MAX 20
json_t *case_list_errors(const json_t *object, const struct case_member *members, size_t count);

/* --- questions to a state, all pure ------------------------------------------------------------------------------ */
bool case_is_open(const json_t *state);
const json_t *
case_consent_in_force(const json_t *state); /* the last, not withdrawn; NULL if none */
/* The consent by which this scope is given: the last that names it among those in force; NULL: none. In force together are
 * the last one and those before it to the same text, back to a withdrawal or another text: a later consent adds scopes. */
const json_t *case_consent_to(const json_t *state, const char *scope);
/* Whether two consents are to one text: of these each may give some of the scopes. */
bool case_consent_is_to_same_text(const json_t *a, const json_t *b);
const json_t *case_intention_in_force(const json_t *state); /* NULL if none */
const json_t *case_handover_open(
    const json_t *state); /* the last one not ended, declined, deleted, replaced; NULL if none */
const json_t *case_handover_find(const json_t *state, const char *id);
const json_t *case_report_find(const json_t *state, const char *report); /* NULL if none */
bool case_search_waived(const json_t *state);
const char *case_confirmed_address(const json_t *state); /* NULL while not confirmed */
const char *case_confirmed_responsible(const json_t *state);
/* An address under /contact/alternative that was read back; NULL: none. */
const char *case_confirmed_alternative(const json_t *state);
