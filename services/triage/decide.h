/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: when a search is called for, what it is to look for, and what becomes of its result (design §4). Pure.
 *
 * State: {"cases": what case_apply made of the chain, "own": the value of `extractions`}. Decisions come from the state,
 * not from the event: whatever calls for a search stands in the chain's search_calls until a search with its id is there.
 * Facts: {"ends":{"0":1207,…} of security-logs as asked just now, "news":{"<case>":n} where a new detection came in}.
 * A search is open work as long as its status is `searching`; two of a case run at a time, one of its own first, then the
 * oldest. A case with news has one work more, which looks again and publishes only if there is a
 * detection beyond the `ends` of the last result: the status never goes back.
 *
 * The case's status, `search` and what is watched follow its own searches: those that its facts call for. A search that
 * somebody asked for (extraction.requested) answers for itself, in `searches` only. Where it names a text, indicators or
 * devices, it looks for these (and detections and their pivots, as ever), not for the hearing's devices; it is `found` when
 * a record has what was named (`hits`), and `none` whatever detections there are. Any other search is `found` when there is
 * a detection. Nothing found in a store with damaged blocks is no `none`: `failed`, code store_damaged; it is watched like
 * any other answer, and becomes `found` by the first detection that comes in.
 *
 * A search of logs of a customer that is not the case's any more is `dropped`: who looked at what and when stays, nothing
 * of what was found.
 *
 * Ownership, threads, errors: common/processor.h. Limits: 20 searches; the newest and the case's own newest keep
 * samples, devices and pivots; everything is held to bytes of JSON (`cut`: devices or indicators are longer in the chain).
 */
#include "common/processor.h"

#define TRIAGE_FORMAT 6

enum verdict triage_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why);
void triage_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs);
void triage_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan);

/* The processor's table, without what reaches outside; service.c completes it, case files rehearse it as it is. */
extern const struct processor_definition triage_definition;

/* The case's own newest search that has an answer, or failed with store_damaged, and whose owner is the case's customer:
 * what is watched for news. NULL: none. */
const json_t *triage_watched_search(const json_t *state);
