/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which open cases wait for news of which owner. The reader of `security-logs` asks it for every record; a
 * detection inside the window and beyond what the case's last search saw marks the case.
 * Ownership: copies. Threads: any; one mutex. Errors: none. Limits: a case is woken at most every 4 s, 2 s after the mark.
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
/* Cases whose time has come; their marks now show in watch_news. New reference: array of case ids. */
json_t *watch_due(struct watch *watch, int64_t now_ms);
/* {"<case>": n}: shown marks. New reference. */
json_t *watch_news(struct watch *watch);
/* The work that looked because of mark n is done. */
void watch_done(struct watch *watch, const char *case_id, int64_t mark);
