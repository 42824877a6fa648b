/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: events and other inputs of a case for tests, told in few words. A step is the name of one of tests/cases/steps.json,
 * or {"use": name, "with": merge patch of its data, "as": another name, …}, or such a step written out:
 *   {"type","data","actor"?,"rules"?,"id"?,"extends"?,"at"?}  an event of the case's chain
 *   {"topic","data"} a record of another topic · {"tick": time} · {"result","records"?} · {"facts": merge patch}
 *   {"outcomes": result} every open work of a service comes out like this, under the notice it names
 * In every text "@case", "@now", "@head", and "@id:name", "@time:name", "@head:name", "@revision:name" of a step by its name
 * stand for what they became. Each step is a minute after the one before.
 * Ownership: what a function answers is the caller's. Threads: one. Errors: a step that cannot be read ends the program.
 * Limits: none.
 */
#include "common/desk/case.h"

#define STORY_CASE "0190b3a0-0000-7000-8000-000000000001"

struct story {
    json_t *steps; /* tests/cases/steps.json */
    json_t *words; /* "id:requested" → … */
    int count;
    int64_t now_us;
};

struct story story_begin(const char *steps_path);
void story_end(struct story *story);
/* The step written out, with its name under "as" and every "@…" replaced; the clock is at the step. */
json_t *story_step(struct story *story, const json_t *short_step);
json_t *story_fill(const struct story *story, const json_t *json);
/* The event of a step with "type"; release it with event_clear. */
void story_event(struct story *story, const json_t *step, const json_t *chain,
                 struct event *ret_event);
/* What the names of the step stand for, once it was applied. */
void story_keep(struct story *story, const json_t *step, const struct event *event,
                const json_t *chain);
