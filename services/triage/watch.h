/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which open cases wait for news of which owner. The reader of `security-logs` asks it for every record; a
 * detection inside the window and beyond what the case's last search saw marks the case.
 *
 * What came in between a search's look at the store and the moment its answer is watched is in the store only: whenever a
 * case is watched by other ends than before, it is to be looked at once (watch_next_look), and detections marked by what
 * came before belong to the answer. A mark is shown to the plan from the moment the case is woken until the look that it
 * called for ended without a finding, or its finding was committed, which is when the ends change.
 *
 * Ownership: copies. Threads: any; one mutex. Errors: none. Limits: a case is woken at most every 4 s, 2 s after the mark,
 * and rests ten times as long as its last look took.
 */
#include <jansson.h>
#include "services/triage/logstore.h"

struct watch;
struct watch *watch_new(int32_t partition_count);
void watch_free(struct watch *watch);

/* `search`: the one to be kept up to date, with owner, window and ends; NULL: the case is no longer watched. */
void watch_set(struct watch *watch, const char *case_id, const json_t *search);
/* The same, from an older look at the case: only if it is not watched yet, which it answers. */
bool watch_add(struct watch *watch, const char *case_id, const json_t *search);
void watch_mark_case(struct watch *watch, const char *case_id);
bool watch_has_owner(struct watch *watch, const char *owner);
/* A detection was stored. */
void watch_mark(struct watch *watch, const char *owner, const struct logstore_record *record);
/* Cases whose time has come; their marks are shown now. New reference: array of case ids. */
json_t *watch_due(struct watch *watch, int64_t now_ms);
/* The mark that is shown, 0: none. */
int64_t watch_shown(struct watch *watch, const char *case_id);
/* The look that began with this mark has ended. `settled`: it found nothing that is new, and nothing will be committed. */
void watch_done(struct watch *watch, const char *case_id, int64_t mark, bool settled,
                int64_t took_ms);

/* Is there a detection of this owner in the window, from these offsets on? */
struct watch_look {
    char *case_id, *owner;
    int64_t from_us, to_us;
    int64_t *since; /* per partition */
};
/* The next case whose watched search has changed; false: none. Answer with watch_mark_case where there is. */
bool watch_next_look(struct watch *watch, struct watch_look *ret_look);
void watch_look_clear(struct watch_look *look); /* for CLEANUP */
