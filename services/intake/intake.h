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
#include "services/intake/view.h"

struct intake {
    struct kafka_config kafka;
    const char *state_dir;
    struct kafka_producer *producer;
    struct kafka_reader *fetcher; /* single records: chunks of extracts */
    struct view *view;
};
extern struct intake intake;

#define INTAKE_SOURCE "/kakekomi/intake"
#define INTAKE_RETRY_AFTER_S "2"

/* Runs `work` with the request on a thread that may wait; the request is suspended until it is answered. */
void intake_run(struct http_request *request, void (*work)(struct http_request *request));
void intake_pool_start(void);
void intake_pool_stop(void);

void intake_register_metrics(void);

/* 503 with Retry-After and a code. */
void intake_unavailable(struct http_request *request, const char *code, const char *detail);
/* Loads the case named in the path; answers 404 or 503 by itself and says false then. An id that is not known yet is
 * waited for until the view has caught up with the topic as it stands now (≤ 2 s). */
bool intake_load_case(struct http_request *request, struct view_case *ret_case);
/* The body as strict JSON object; answers 400 by itself. */
bool intake_body_object(struct http_request *request, json_t **ret_body);
/* 422 with one error. */
void intake_refuse_field(struct http_request *request, unsigned status, const char *pointer,
                         const char *code, const char *message);
/* The Idempotency-Key without its quotes; NULL if absent. Answers 400 and false when it is unusable. */
bool intake_idempotency_key(struct http_request *request, char ret_key[256], bool *ret_present);

/* Writes who read what; a read goes on when it cannot be written, and that is logged. */
void intake_audit(struct http_request *request, const char *case_id, const char *what);

extern const struct http_route case_routes[], command_routes[], handover_routes[], upload_routes[],
    desk_routes[], extract_routes[];
extern const size_t case_route_count, command_route_count, handover_route_count, upload_route_count,
    desk_route_count, extract_route_count;
