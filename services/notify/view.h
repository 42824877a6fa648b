/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: a case as rules and clocks look at it, and the small questions that both ask. Ownership: everything is borrowed.
 * Threads: any, pure. Errors: NULL, 0 or false where there is none. Limits: none.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view {
    const json_t *state; /* decide.h */
    const json_t *own;   /* as it is being decided */
    const json_t *facts;
    int64_t now_us;
};

const char *text_of(const json_t *object, const char *name);
bool is_text(const json_t *object, const char *name, const char *wanted);
int64_t time_of(const json_t *object, const char *name); /* 0: none */
void set_time(json_t *object, const char *name, int64_t time_us);
const json_t *chain_of(const struct view *view);
const json_t *hearing_of(const struct view *view, const char *section);
/* The text of a hearing field; NULL where it was not asked, is unknown or declined. */
const char *hearing_text(const struct view *view, const char *section, const char *name);
/* The search that "found" speaks of: the one that the value names, else the newest with detections; NULL: none. */
const json_t *view_search(const struct view *view);
/* The status entry of the hand-over that `escalation-status` stands for; NULL: none. */
const json_t *view_handover(const struct view *view);
/* It went to another company than the profile names by now: whose name and address are known no more. */
bool view_is_with_another(const struct view *view);
/* "…" of `kind`:`id`, at most NOTIFY_CHANGE_SIZE with the closing NUL; always true. */
bool say(char *ret_change, const char *kind, const char *id);
