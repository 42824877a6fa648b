/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: all that a message may speak of, taken from the state when it is about to go; addresses and names are read here and nowhere kept.
 * {"notice","case","rule","template","channel","to","urgency","number","planned_at","due_at"?,"late"?,"language":"ja"|"en"|"both",
 *  "confirmed", of a mail "address","where" (its fingerprint), of a webhook "subscriber"; and what templates.c names variables for}.
 * Ownership: a new reference. Threads: any, pure. Errors: NULL while there is no address. Limits: those of the state.
 */
#include "services/notify/rules.h"

json_t *parameters_of(const struct view *view, const json_t *notice);
