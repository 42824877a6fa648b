/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which notices a case owes, and what became of them. Pure; the rules are one table in rules.c, the clocks one in clocks.c.
 * State: {"cases": the chain's fold, "extractions", "escalation-status": last values, "own": the value of `notifications`}.
 * A rule names the change that it speaks of; a notice is planned once for each rule, change and recipient, in a transaction, and
 * sent only after that. Its outcome comes back as a result: a crash can repeat a mail, never lose one.
 * Own: {"case","notices":[…],"counts":{status: n},"told"?,"clocks":[…] (clocks.h),"next_steps":[{"step","since","ja","en"}]}.
 * A notice: {"id","rule","change","to":"customer|responsible|operator|supervisor|provider|subscriber:<id>",
 * "channel":"mail|webhook|telephone|desk","template","urgency","status":"planned|waiting|sent|failed|dropped|shown","attempts",
 * "in_doubt"? (attempts whose end nobody knows),"put_off"? (tries
 * that asked nobody),"tried_at"?,"troubles"? (of the place in a row by then),"planned_at","due_at"? (of a clock),"late"?,"next_at"?,"sent_at"?,"why"?,
 * "where"? (fingerprint of the address that it went to)}. No address and no text is kept. "shown": standing on the case is all there is
 * to it. What became a count is remembered under "told" as a fingerprint, rule by rule: it is not planned again; and until its day is
 * over under "today"?, shortened, because it counts for the limits.
 * Facts: the desk's profile, and under "subscribers" [{"id","events":[…]}]. Ownership, threads, errors: common/processor.h.
 * Limits: 200 notices (older ones become counts, 50 of each rule remembered), 100 mails per case and day, an attempt and 12 more over
 * two days, NOTIFY_DOUBTS_MAX attempts in doubt.
 */
#include "common/processor.h"

#define NOTIFY_FORMAT 9
#define NOTIFY_CHANGE_SIZE 101
/* A relay that took the whole mail and never said so may have delivered it: it may come twice, but not oftener than this. */
#define NOTIFY_DOUBTS_MAX 3

enum verdict notify_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why);
void notify_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs);
void notify_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan);

extern const struct processor_definition notify_definition;
