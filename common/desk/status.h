/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the status and flags an operator sees, derived from folded records only: the case's state, triage's latest
 * summary, escalation's latest status (contract §4). Stored nowhere.
 * Ownership: new references. Threads: any, pure. Errors: none; absent inputs are NULL. Limits: none.
 */
#include <jansson.h>

/* consultation → policy → first_response → assessment → handover → report → settings → closed: the furthest stage reached. */
const char *status_of(const json_t *state, const json_t *extraction, const json_t *escalation);
/* Of consent_pending, out_of_hours, held, overdue, muted. `out_of_hours` stands in case.opened's data. */
json_t *status_flags(const json_t *state, const json_t *extraction, const json_t *escalation);
