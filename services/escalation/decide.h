/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the state machine of the hand-over (contract §3). Pure.
 *   held → preparing → offered (→ overdue) → accepted → released → reported
 *   ends: declined; cancelled (nothing had left); recalled → deleted
 * State: {"cases": the chain's fold, "extractions": last value, "own": the value of `escalation-status`}.
 * Facts: the desk's profile (profile_json). Works: "seal" (parts), "offer", "key", "recall": each signs or encrypts outside
 * and comes back as a result; whether its result still counts is decided here, on the state as it then is.
 * Ownership, threads, errors, limits: common/processor.h.
 */
#include "common/processor.h"

#define ESCALATION_FORMAT 6

enum verdict escalation_fold(json_t *state, const char *topic, const struct event *event,
                             struct why *why);
void escalation_decide(const json_t *state, const struct processor_input *input, const void *facts,
                       struct outputs *outputs);
void escalation_plan(const json_t *state, const char *case_id, const void *facts,
                     struct plan *plan);

/* The processor's table, without what reaches outside; service.c completes it, case files rehearse it as it is. */
extern const struct processor_definition escalation_definition;
