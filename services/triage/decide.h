/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: when a search is called for, what it is to look for, and what becomes of its result (design §4). Pure.
 *
 * State: {"cases": what case_apply made of the chain, "own": the value of `extractions`}. Decisions come from the state,
 * not from the event: whatever calls for a search stands in the chain's search_calls until a search with its id is there.
 * Facts: {"ends":{"0":1207,…} of security-logs as asked just now, "news":{"<case>":n} where a new detection came in}.
 * A search is open work as long as its status is `searching`; a case with news has one more, which looks again and
 * publishes only if there is a detection beyond the `ends` of the last result: the status never goes back.
 *
 * Ownership, threads, errors: common/processor.h. Limits: 20 searches; only the newest keeps samples, devices and pivots.
 */
#include "common/processor.h"

#define TRIAGE_FORMAT 2

enum verdict triage_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why);
void triage_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs);
void triage_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan);

/* The processor's table, without what reaches outside; service.c completes it, case files rehearse it as it is. */
extern const struct processor_definition triage_definition;

/* The newest search that has an answer and whose owner is the case's customer: what is watched for news. NULL: none. */
const json_t *triage_watched_search(const json_t *state);
