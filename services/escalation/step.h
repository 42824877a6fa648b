/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the parts of escalation's decide share: one step for one input, and small tools for the entries of the
 * status (a hand-over, a report). Pure.
 * Ownership: everything is lent for the step; the status is the new one, changed in place. Threads: decide's.
 */
#include "common/processor.h"

#include "common/clock.h"

struct step {
    const json_t *chain, *extraction, *profile;
    const struct processor_input *input;
    struct outputs *outputs;
    json_t *status; /* the new one */
    char now[CLOCK_TEXT_SIZE];
};

bool entry_is(const json_t *entry, const char *state);
bool entry_is_any(const json_t *entry, const char *states /* "held|offered|" */);
void entry_set_text(json_t *entry, const char *name, const char *text);
/* A list member, made if it is missing. */
json_t *entry_list(json_t *entry, const char *name);
/* The entry has this state now; "<state>_at" says since when. */
void entry_move(const struct step *step, json_t *entry, const char *state);
/* A step of the entry's history, with the revision of the chain that it rests on; `position` is the index of the output
 * that carries it, or SIZE_MAX. */
void entry_note(const struct step *step, json_t *entry, const char *name, size_t position,
                const char *sha256);
/* Nothing is planned for the entry until then. */
void entry_put_off(const struct step *step, json_t *entry, int64_t wait_us);
/* The entry of status[list] whose `name` has this value, or NULL. */
json_t *entry_find(json_t *status, const char *list, const char *name, const char *value);

/* handover.c: a hand-over goes as far as the chain, the gate and the result at hand allow; what is open of it outside. */
void handover_follow(const struct step *step, const json_t *handover);
void handover_plan(const json_t *state, const json_t *entry, struct plan *plan);
json_t *handover_entry(json_t *status, const char *id);
/* Every unmet row of the gate, of a request or (NULL) before there is one. */
json_t *handover_reasons(const struct step *step, const json_t *handover);

/* report.c: the same for a report that was delivered. */
void report_follow(const struct step *step, const json_t *delivered);
void report_turn(const struct step *step, const json_t *delivered);
void report_plan(const json_t *state, const json_t *entry, struct plan *plan);

void plan_time(const char *text, struct plan *plan);
