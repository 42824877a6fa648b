/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which notices a case owes, and what became of them. Pure; the rules are one table in rules.c.
 * State: {"cases": the chain's fold, "extractions", "escalation-status": last values, "own": the value of `notifications`}.
 * A rule names the change that it speaks of; a notice is planned once for each rule and change, in a transaction, and sent
 * only after that. Its outcome comes back as a result: a crash can repeat a mail, never lose one.
 * A notice: {"id","rule","change","to","channel","template","status":"planned|waiting|sent|failed|dropped","attempts",
 * "planned_at","next_at"?,"sent_at"?,"why"?}. No address and no text is kept. What became a count is remembered under "told"
 * as a fingerprint, rule by rule: it is not planned again.
 * Facts: the desk's profile. Ownership, threads, errors: common/processor.h.
 * Limits: 200 notices (older ones become counts, 50 of each rule remembered), 100 mails per case and day, an attempt and 12 more over two days.
 */
#include "common/processor.h"

#define NOTIFY_FORMAT 5

enum verdict notify_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why);
void notify_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs);
void notify_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan);

extern const struct processor_definition notify_definition;

/* rules.c */
struct notify_rule {
    const char *name; /* of the template, too */
    /* Writes the n-th thing that the rule speaks of, from 0, at most 100 bytes; false where there is none. */
    bool (*change)(const json_t *state, size_t n, char ret_change[101]);
    bool confirmed_only; /* only to an address that was read back */
    /* What was planned would not be true any more if it were sent now; NULL: it stays true. */
    bool (*is_outdated)(const json_t *state, const char *change);
};
extern const struct notify_rule notify_rules[];
extern const size_t notify_rule_count;
/* The search that "found" speaks of: the one that the value names, else the newest with detections; NULL: none. */
const json_t *notify_search(const json_t *state);
/* The customer's address for a rule; NULL while there is none that may be written to. */
const char *notify_address(const json_t *state, const struct notify_rule *rule);
