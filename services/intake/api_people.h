/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the routes about people: signing in and out, who am I, tokens, drafts; and the words `hash-password` and
 * `new-token` of the command line. Their server needs auth_before as its `before`.
 * Ownership: tables are static. Threads: any. Errors: problem+json, contract §4. Limits: a draft 160 KiB.
 */
#include "common/http_server.h"
#include "common/service.h"
#include "services/intake/auth.h"

extern const struct http_route people_routes[];
extern const size_t people_route_count;
extern const struct service_command people_commands[]; /* NULL-terminated by name */

/* auth_start and the threads that check passwords, and back in two steps: stop the HTTP server, then those threads, then
 * what they tell of (auth_config.acted), then the rest. */
enum verdict people_start(const struct auth_config *config, struct why *why);
void people_stop_signing_in(void);
void people_stop(void);

/* api_sessions.c */
http_handler_fn people_get_sessions, people_delete_session, people_get_tokens;
json_t *people_time_json(int64_t time_us);
json_t *people_roles_json(unsigned roles);
/* Who is signed in: [{"id","name","since","seen_at"}], a JSON null while nobody can know (Redis is away). */
json_t *people_on(void);

/* Everybody of the operators file, for colleagues: [{"id","name"}]. */
json_t *people_named(void);

bool people_draft_id_is_sound(const char *id);
/* This operator is about to open a case from this draft, as `case_id`, or as the one that the draft names already. Without
 * the draft, or without Redis, it stays `case_id`. */
void people_claim_draft(const char *operator, const char * draft, char case_id[IDS_UUID_SIZE]);
/* It was opened by this operator: the draft goes, if it can and no colleague wrote to it since the first try; drafts that
 * stay expire by themselves. */
void people_drop_draft(const char *operator, const char * draft, const char *case_id);
