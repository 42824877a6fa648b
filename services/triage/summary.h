/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: of many detections the groups (what, severity, action, device: how often, first, last) and the samples an
 * operator sees first: the severest, and of those the newest.
 * Ownership: copies. Threads: one. Errors: none.
 * Limits: 100 groups (the severest), 200 samples with 2 KiB of raw line each, of 16 KiB as JSON at most.
 */
#include <jansson.h>
#include "services/triage/ecs.h"

struct summary;
struct summary *summary_new(void);
void summary_free(struct summary *summary);
void summary_count(struct summary *summary,
                   const struct ecs_record *record); /* a detection, into its group */
void summary_sample(struct summary *summary, const struct ecs_record *record);
json_t *summary_groups(struct summary *summary, size_t bytes_max); /* of JSON */
json_t *summary_samples(struct summary *summary, size_t bytes_max);
