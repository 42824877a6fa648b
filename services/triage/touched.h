/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what else touched what a detection is known by: for each address, domain or hash of the pivot the devices that
 * have records with it, how many, first and last. Those that were detected are in the groups (summary.h) already.
 * Ownership: copies. Threads: one. Errors: none. Limits: 500 pairs are counted, the rest is said as a number.
 */
#include <jansson.h>
#include "services/triage/ecs.h"

struct touched;
struct touched *touched_new(void);
void touched_free(struct touched *touched); /* NULL is fine */
void touched_count(struct touched *touched, const char *indicator, const struct ecs_record *record);
/* [{"indicator","device","count","first","last"}], the most frequent first, at most `bytes_max` of JSON. */
json_t *touched_json(struct touched *touched, size_t bytes_max);
/* Of how many devices. */
size_t touched_devices(const struct touched *touched);
