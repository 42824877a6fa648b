/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: writes to the chain of a case. One attempt (for whoever has a reason of its own to write: uploads, provider
 * events) and the whole way of a request.
 * Ownership: inputs are borrowed. Threads: any that may wait. Errors: answered as HTTP, or by enum command_end.
 * Limits: 5 rebases; 5 s for the acknowledgement, 2 s for the fold.
 */
#include "services/intake/intake.h"

struct command_input {
    const char *type;
    const char *event_id;
    const char *actor_id, *actor_role;
    const char *request_sha256; /* NULL: none */
    const char *traceparent;
    const json_t *members;  /* of the event's data */
    int64_t fold_within_ms; /* 0: the default */
};

enum command_end {
    COMMAND_DONE,
    COMMAND_UNFIT, /* nothing was written: the state as given would refuse it, the outcome says why */
    COMMAND_REFUSED, /* by the chain; the outcome says why; CASE_STALE: try again on the new head */
    COMMAND_NOT_ACKNOWLEDGED, /* may be in the log or not */
    COMMAND_LATE,             /* in the log; the fold has not passed it yet */
};
json_t *command_data(const json_t *state, const struct command_input *input);
enum command_end command_attempt(const json_t *state, const struct command_input *input,
                                 struct view_outcome *ret_outcome, struct why *why);

struct command {
    const char *type;
    const char *body; /* the members of a request, where they are not the event's; NULL: they are */
    unsigned status;  /* of the answer; 0: 200 */
    /* What no table can say, asked again on every new head; may complete the members. Answers the request by itself and
     * says false. */
    bool (*prepare)(struct http_request *request, const struct view_case *view_case,
                    json_t *members);
    void (*finish)(const json_t *state, const struct command_input *input, json_t *answer);
};
/* first_response.c: what the table of playbooks knows of a policy, a step, a waiver. */
bool intake_prepare_policy(struct http_request *request, const struct view_case *view_case,
                           json_t *members);
bool intake_prepare_action(struct http_request *request, const struct view_case *view_case,
                           json_t *members);
void command_run(struct http_request *request, const struct command *command, json_t *members);
