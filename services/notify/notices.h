/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what decide does to the notices of a case (decide.h has their members): plan them, take what became of them, say what is to be
 * done about those that did not arrive. Ownership: `own` is changed in place; it is the view's `own` at the same time. Threads: any, pure.
 * Errors: none. Limits: decide.h.
 */
#include "services/notify/rules.h"

/* planning.c */
void notices_plan(const struct view *view, const char *case_id, json_t *own);
/* What is not to be said any more, because it was muted or is outdated, and what nobody is written to about any more. */
void notices_withhold(const struct view *view, json_t *own);
bool notice_is_waiting(const json_t *notice); /* planned, or waiting to be */
/* The row that planned it; NULL: the table has none any more, or it is a subscriber's. */
const struct notify_rule *notice_rule(const json_t *notice);

/* delivery.c */
void notices_take_outcome(const struct view *view, const json_t *result, json_t *own);
void notices_take_due(const struct view *view, json_t *own);
/* Behind it nothing goes to the same recipient: what a customer hears comes in the order in which it happened. */
bool notice_holds_others(const json_t *notice);

/* next_steps.c: [{"step","since","ja","en","notice"?,"where"?,"notes"?}]: what the operator is to do. New reference. */
json_t *next_steps_of(const struct view *view);
/* Fingerprint of an address within a case: tells whether it is still the same one, and nothing else. */
void address_fingerprint(const struct view *view, const char *address, char ret_text[17]);
