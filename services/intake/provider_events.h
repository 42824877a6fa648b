/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: appends the records of `provider-events` to the chains of their cases (design §3).
 * Ownership, threads: one thread of its own from start to stop. Errors: refused records go to dead-letters.
 * Limits: KAFKA_GROUP_LENT_MAX records at a time.
 */
#include "common/verdict.h"

enum verdict provider_events_start(const char *instance, struct why *why);
void provider_events_stop(void);
