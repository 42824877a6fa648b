/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the parts of intake share: the open handles, the pool in which whatever may wait runs, and the way an
 * answer to a write looks.
 * Ownership: one per process, from start to stop. Threads: the members are set before the first request and not changed.
 * Errors: none of its own. Limits: 256 jobs wait; one more is answered with 503.
 */
#include "common/desk/profile.h"
#include "common/http_server.h"
#include "services/intake/auth.h"
#include "services/intake/contract.h"
#include "services/intake/letters.h"
#include "services/intake/view.h"

struct intake {
    struct kafka_config kafka;
    int32_t partitions; /* of the desk's topics */
    const char *state_dir;
    /* For every record that is sent, a producer's thread looks at each partition of all topics that it has written to: the one
     * topic that somebody waits for has a producer of its own. */
    struct kafka_producer *case_producer, *producer;
    struct kafka_reader *fetcher; /* single records: chunks of extracts and reports */
    struct view *view;
};
extern struct intake intake;

#define INTAKE_SOURCE "/kakekomi/intake"
#define INTAKE_RETRY_AFTER_S "2"
#define INTAKE_QUERY_BYTES_MAX 200

/* Runs `work` with the request on a thread that may wait; the request is suspended until it is answered. */
void intake_run(struct http_request *request, void (*work)(struct http_request *request));
/* The same for what reads much of Kafka, or carries much: its few threads keep no command waiting. */
void intake_run_slow(struct http_request *request, void (*work)(struct http_request *request));
/* The same without a request, on the few threads; false, and nothing is run, when too much waits already. */
bool intake_defer(void (*work)(void *context), void *context);
void intake_pool_start(void);
void intake_pool_stop(void);

/* Whether so many cases are being opened at this moment that what nobody waits for comes later. */
bool intake_opens_many(void);
void intake_register_metrics(void);

/* 503 with Retry-After and a code. */
void intake_unavailable(struct http_request *request, const char *code, const char *detail);
/* Loads the case named in the path; answers 404 or 503 by itself and says false then. An id that is not known yet is
 * waited for until the view has caught up with the topic as it stands now (≤ 2 s). */
bool intake_load_case(struct http_request *request, struct view_case *ret_case);
/* For an id that the view does not know: whether it does after having caught up (≤ 2 s). */
enum verdict intake_case_or_wait(const char *case_id, struct view_case *ret_case, struct why *why);
/* The body as strict JSON object; answers 400 by itself. */
bool intake_body_object(struct http_request *request, json_t **ret_body);
/* Every member of a body as its table says; answers 422 by itself, with every mistake. */
bool intake_members_fit(struct http_request *request, const json_t *body,
                        const struct case_member *members, size_t count);
/* One error. */
void intake_refuse_field(struct http_request *request, unsigned status, const char *pointer,
                         const char *code, const char *message);
/* The parameter limit, 1 to 200, by default 50; and one of `choices`, separated by '|', NULL if absent. Both answer 422 by
 * themselves. */
bool intake_read_limit(struct http_request *request, int *ret_limit);
bool intake_read_choice(struct http_request *request, const char *name, const char *choices,
                        const char **ret_value);
/* RFC 8288: where a list goes on, with the same question (its parameters by name); nothing behind the last page. */
void intake_reply_link(struct http_request *request, const char *const *names, size_t count,
                       int limit, const json_t *page);
struct words_question;
/* The parameter q; *ret_given: it is there and not empty. Answers 422 by itself. */
bool intake_read_words(struct http_request *request, struct words_question *ret_question,
                       bool *ret_given);
/* The Idempotency-Key without its quotes; NULL if absent. Answers 400 and false when it is unusable. */
bool intake_idempotency_key(struct http_request *request, char ret_key[256], bool *ret_present);
/* Of an event that a request makes: with a key the same for every repetition of who asks what (`parts`, the key among them);
 * without, each request is an event of its own. */
void intake_event_id(const struct bytes *parts, size_t count, bool has_key,
                     char ret_id[IDS_UUID_SIZE]);
/* The header traceparent where it is one (W3C Trace Context, version 00); NULL else. */
const char *intake_traceparent(struct http_request *request);
/* The case's own newest search that came to its end, or the one that is named; NULL if there is none. */
const json_t *intake_ended_search(const json_t *extraction, const char *id);

/* The provider of the profile as operators see it: {"id","name","phone"|null,"kid"}, a new reference. */
json_t *intake_provider_json(const json_t *profile);

/* All chunks of a list, in order, each checked against its hash. REJECT: not there any more, or not what was named. */
enum verdict intake_fetch_chunks(const char *topic, const json_t *chunks, struct buf *out,
                                 struct why *why);

/* Writes who read what; a read goes on when it cannot be written, and that is logged. */
void intake_audit(struct http_request *request, const char *case_id, const char *what);
/* With what is to be known beside it; takes `detail`. */
void intake_audit_detail(struct http_request *request, const char *case_id, const char *what,
                         json_t *detail);
/* What somebody did to a session, in the same way. */
void intake_audit_people(const struct auth_act *act);
/* What was done to a thing of which the audit is the only record: waits for the acknowledgement. `event_id` tells a
 * repetition. */
enum verdict intake_audit_done(struct http_request *request, const char *key, const char *event_id,
                               const char *what, json_t *detail, int64_t deadline_ms,
                               struct kafka_position *ret_at, struct why *why);
/* Writes a record that can never be taken to dead-letters: where it stands and why, not what is in it. */
enum verdict intake_bury(const struct kafka_record *record, const char *reason, struct why *why);
/* The same without waiting: `delivered` (context NULL) says what came of it. */
enum verdict intake_bury_later(const struct kafka_record *record, const char *reason,
                               kafka_delivered_fn *delivered, struct why *why);

/* As http_reply_resource: for what changes with the software or the profile only. Takes `table`. */
void intake_reply_table(struct http_request *request, json_t *table);
/* 200 with a page of a list, packed where the client takes that: lines of a list repeat each other. Takes `page`. */
void intake_reply_list(struct http_request *request, json_t *page);

http_handler_fn intake_post_case, intake_get_timeline, intake_get_playbooks;
extern const struct http_route case_routes[], command_routes[], handover_routes[], upload_routes[],
    desk_routes[], contract_routes[], extract_routes[], report_routes[], custody_routes[],
    live_routes[], presence_routes[], letter_routes[], console_routes[];
extern const size_t case_route_count, command_route_count, handover_route_count, upload_route_count,
    desk_route_count, contract_route_count, extract_route_count, report_route_count,
    custody_route_count, live_route_count, presence_route_count, letter_route_count,
    console_route_count;
/* All of them as one table for the server, made once. */
const struct http_route *intake_routes(size_t *ret_count);
/* `intake routes`: the table as JSON, for whoever compares it with openapi.yaml. */
int intake_print_routes(int argc, char **argv);
/* The event that a command's path makes, and what a request says for it; NULL for other routes. */
const char *intake_event_of(const struct http_route *route, const struct case_member **ret_members,
                            size_t *ret_count);
int provision_command(int argc, char **argv); /* "intake provision": topics and permissions */
