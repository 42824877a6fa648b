/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every write but the opening of a case: head from the view → event that extends it → produced → answered when the own
 * fold has passed it. Refused for its head, it is rebased and tried again, unless the client named the head it saw
 * (If-Match): then it is 412. Whoever is late is told 202 with the event's id, never a guess.
 */
#include "services/intake/commands.h"

#include "common/clock.h"
#include "common/ids.h"

#include <stdio.h>
#include <string.h>

#define REBASES_MAX 5
#define CATCH_UP_WITHIN_MS 2000

/* --- answers -------------------------------------------------------------------------------------------------------------------- */

static void reply_done(struct http_request *request, const struct command *command,
                       const struct command_input *input, const struct view_outcome *outcome,
                       bool replayed)
{
    struct why why;
    struct view_case now = {0};
    char etag[48];
    const char *case_id = http_path_value(request, "id");
    json_t *answer = json_pack("{s:s, s:I, s:s, s:s}", "id", case_id, "revision", outcome->revision,
                               "head", outcome->head, "event", input->event_id);
    /* Of the head that is answered: who writes on with it must not overwrite what came since. */
    snprintf(etag, sizeof etag, "\"%.16s.0\"", outcome->head);
    if (view_case(intake.view, case_id, &now, &why) == VERDICT_OK && now.state) {
        if (strncmp(now.etag, etag, 17) == 0)
            snprintf(etag, sizeof etag, "%s", now.etag);
        if (command->finish)
            command->finish(now.state, input, answer);
    }
    view_case_clear(&now);
    http_reply_header(request, "ETag", etag);
    if (replayed)
        http_reply_header(request, "Idempotency-Replayed", "true");
    http_reply_json(request, command->status ? command->status : 200, answer);
}

static void reply_refused(struct http_request *request, const struct view_outcome *outcome)
{
    unsigned status = outcome->refusal == CASE_MALFORMED ? 422 : 409;
    const char *why = outcome->why.text[0] ? outcome->why.text : "refused by the chain";
    intake_refuse_field(request, status, outcome->pointer, case_refusal_code(outcome->refusal),
                        why);
}

/* The same key was used before: the same request gets the first answer again, another one is refused. True: answered. */
static bool reply_replayed(struct http_request *request, const struct command *command,
                           const struct command_input *input)
{
    struct view_event first;
    struct why why;
    if (view_find_event(intake.view, http_path_value(request, "id"), input->event_id, &first,
                        &why) != VERDICT_OK ||
        !first.outcome.known)
        return false;
    if (strcmp(first.request_sha256, input->request_sha256) == 0 &&
        strcmp(first.type, input->type) == 0)
        reply_done(request, command, input, &first.outcome, true);
    else
        http_reply_problem(request, 422, "idempotency_key",
                           "This key was used with another request.", NULL);
    return true;
}

/* A list of strong entity tags, or "*"; only the part before the dot counts, the rest is what other services said. */
static bool head_matches(struct http_request *request, const struct view_case *view_case)
{
    const char *wanted = http_header(request, "If-Match");
    const char *head = json_string_value(json_object_get(view_case->state, "head"));
    if (!wanted || strcmp(wanted, "*") == 0)
        return true;
    for (const char *at = wanted; *at; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        at += *at == '"';
        if (strncmp(at, head, 16) == 0 && strchr(".\",", at[16]))
            return true; /* strchr finds the NUL as well: a bare tag at the end */
    }
    return false;
}

static void reply_precondition(struct http_request *request, const struct view_case *view_case)
{
    http_reply_header(request, "ETag", view_case->etag);
    http_reply_problem(request, 412, "stale", "The case has changed since; read it again.", NULL);
}

/* True: answered. False: somebody was faster, try again. */
static bool answer_attempt(struct http_request *request, const struct command *command,
                           const struct command_input *input, enum command_end end,
                           const struct view_outcome *outcome, const struct why *why)
{
    switch (end) {
    case COMMAND_DONE:
        reply_done(request, command, input, outcome, false);
        return true;
    case COMMAND_LATE:
        http_reply_json(request, 202, json_pack("{s:s}", "event", input->event_id));
        return true;
    case COMMAND_NOT_ACKNOWLEDGED:
        intake_unavailable(request, "kafka", why->text);
        return true;
    case COMMAND_UNFIT:
    case COMMAND_REFUSED:
        if (outcome->refusal == CASE_STALE)
            return false;
        if (outcome->refusal != CASE_DUPLICATE || !reply_replayed(request, command, input))
            reply_refused(request, outcome);
        return true;
    }
    return true;
}

/* A write that was answered 202, or that another instance took, may stand in the topic and not yet in the view. */
static bool load_caught_up(struct http_request *request, struct view_case *view_case)
{
    struct why why = {0};
    const char *case_id = http_path_value(request, "id");
    view_case_clear(view_case);
    if (view_catch_up(intake.view, case_id, clock_monotonic_ms() + CATCH_UP_WITHIN_MS, &why) ==
        VERDICT_OK)
        return intake_load_case(request, view_case);
    intake_unavailable(request, "view", why.text);
    return false;
}

/* One attempt on the case as it was loaded; true: answered. What would be refused on the view's word alone is not refused
 * before the view has the partition's end as it stood during the request (`caught_up`). */
static bool attempt(struct http_request *request, const struct command *command,
                    const struct command_input *input, json_t *members,
                    const struct view_case *view_case, bool caught_up)
{
    struct view_outcome outcome = {0};
    struct why why = {0};
    if (!head_matches(request, view_case)) {
        if (caught_up)
            reply_precondition(request, view_case);
        return caught_up;
    }
    if (command->prepare && !command->prepare(request, view_case, members))
        return true;
    enum command_end end = command_attempt(view_case->state, input, &outcome, &why);
    if (end == COMMAND_UNFIT && !caught_up)
        return false;
    return answer_attempt(request, command, input, end, &outcome, &why);
}

static void attempt_until_answered(struct http_request *request, const struct command *command,
                                   const struct command_input *input, json_t *members,
                                   struct view_case *view_case, bool has_key)
{
    for (int i = 0; i <= REBASES_MAX; i++) {
        /* What was looked for in vain may stand in what the view has caught up with. */
        if (i > 0 && has_key && reply_replayed(request, command, input))
            return;
        if (attempt(request, command, input, members, view_case, i > 0) ||
            !load_caught_up(request, view_case))
            return;
    }
    http_reply_problem(request, 409, "busy", "The case is being changed by others; read it again.",
                       NULL);
}

/* --- the way of a request --------------------------------------------------------------------------------------------------------- */

static void view_case_clear_at(struct view_case *view_case)
{
    view_case_clear(view_case);
}

/* What a repetition with the same key must match: the body's bytes, of an upload those that were streamed, and what else the
 * target says beside the case. */
static void hash_request(struct http_request *request, const json_t *members,
                         char ret_sha256[IDS_SHA256_TEXT_SIZE])
{
    static const char *const queries[] = {"filename", "kind", "format"};
    const char *parts[1 + COUNT_OF(queries)] = {http_path_value(request, "pid")};
    bool plain = !parts[0];
    if (http_route_of(request)->data)
        snprintf(ret_sha256, IDS_SHA256_TEXT_SIZE, "%s",
                 json_string_value(json_object_get(members, "sha256")));
    else
        ids_sha256_text(http_body(request).data, http_body(request).length, ret_sha256);
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        parts[1 + i] = http_query(request, queries[i]);
        plain &= !parts[1 + i];
    }
    if (plain)
        return;
    struct ids_sha256_state *hash = ids_sha256_begin();
    ids_sha256_add_with_length(hash, bytes_of(ret_sha256));
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        ids_sha256_add_with_length(hash, bytes_of(parts[i] ? parts[i] : ""));
    ids_sha256_end(hash, ret_sha256);
}

void command_run(struct http_request *request, const struct command *command, json_t *members)
{
    CLEANUP(view_case_clear_at) struct view_case view_case = {0};
    char key[256] = "", event_id[IDS_UUID_SIZE], sha256[IDS_SHA256_TEXT_SIZE];
    bool has_key;
    const struct auth_identity *who = auth_identity(request);
    if (!intake_idempotency_key(request, key, &has_key) || !intake_load_case(request, &view_case))
        return;
    hash_request(request, members, sha256);
    const struct bytes parts[] = {bytes_of(who->id), bytes_of(http_path_value(request, "id")),
                                  bytes_of(key)};
    intake_event_id(parts, COUNT_OF(parts), has_key, event_id);
    struct command_input input = {.type = command->type,
                                  .event_id = event_id,
                                  .actor_id = who->id,
                                  .actor_role = who->role,
                                  .request_sha256 = sha256,
                                  .traceparent = intake_traceparent(request),
                                  .members = members};
    if (has_key && reply_replayed(request, command, &input))
        return;
    attempt_until_answered(request, command, &input, members, &view_case, has_key);
}
