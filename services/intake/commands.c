/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every write but the opening of a case: head from the view → event that extends it → produced → answered when the own
 * fold has passed it. Refused for its head, it is rebased and tried again, unless the client named the head it saw
 * (If-Match): then it is 412. Whoever is late is told 202 with the event's id, never a guess.
 */
#include "services/intake/commands.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 5
#define PRODUCE_WITHIN_MS 5000
#define FOLD_WITHIN_MS 2000

/* --- waiting for the fold --------------------------------------------------------------------------------------------------- */

/* Shared by the command and the fold, which may come long after the command has answered 202. */
struct fold_wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool done;
    struct view_outcome outcome;
};

static void fold_wait_release(struct fold_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    bool last = --wait->owners == 0;
    pthread_mutex_unlock(&wait->lock);
    if (last) {
        pthread_mutex_destroy(&wait->lock);
        pthread_cond_destroy(&wait->changed);
        free(wait);
    }
}

static void take_outcome(void *context, const struct view_outcome *outcome)
{
    struct fold_wait *wait = context;
    pthread_mutex_lock(&wait->lock);
    wait->done = true;
    if (outcome)
        wait->outcome = *outcome;
    pthread_cond_signal(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
    fold_wait_release(wait);
}

static bool wait_for_fold(struct kafka_position at, int64_t within_ms,
                          struct view_outcome *ret_outcome)
{
    struct fold_wait *wait = mem_alloc(sizeof *wait);
    struct timespec until;
    pthread_mutex_init(&wait->lock, NULL);
    pthread_cond_init(&wait->changed, NULL);
    wait->owners = 2;
    view_when_passed(intake.view, at, take_outcome, wait);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += within_ms / 1000;
    pthread_mutex_lock(&wait->lock);
    while (!wait->done && pthread_cond_timedwait(&wait->changed, &wait->lock, &until) == 0)
        continue;
    bool known = wait->done && wait->outcome.known;
    *ret_outcome = wait->outcome;
    pthread_mutex_unlock(&wait->lock);
    fold_wait_release(wait);
    return known;
}

/* --- one attempt -------------------------------------------------------------------------------------------------------------- */

json_t *command_data(const json_t *state, const struct command_input *input)
{
    const char *head = json_string_value(json_object_get(state, "head"));
    json_t *data =
        json_pack("{s:s, s:{s:s, s:s}, s:i}", "extends", head, "actor", "id", input->actor_id,
                  "role", input->actor_role, "rules", CASE_RULES_VERSION);
    if (input->request_sha256)
        json_object_set_new(data, "request", json_pack("{s:s}", "sha256", input->request_sha256));
    json_object_update(data, (json_t *)(uintptr_t)input->members);
    return data;
}

enum command_end command_attempt(const json_t *state, const struct command_input *input,
                                 struct view_outcome *ret_outcome, struct why *why)
{
    char time[CLOCK_TEXT_SIZE], type_text[96];
    const char *case_id = json_string_value(json_object_get(state, "id"));
    struct event_headers headers;
    struct kafka_position at;
    clock_format_us(clock_now_us(), time);
    json_auto_t *data = command_data(state, input);
    struct case_verdict verdict = case_would_apply(state, input->type, data, input->event_id, time);
    *ret_outcome =
        (struct view_outcome){.known = true, .refusal = verdict.refusal, .why = verdict.why};
    memcpy(ret_outcome->pointer, verdict.pointer, sizeof ret_outcome->pointer);
    if (verdict.refusal != CASE_ACCEPTED)
        return COMMAND_REFUSED;
    CLEANUP(buf_free) struct buf value;
    buf_init(&value, KAFKA_RECORD_BYTES_MAX - 4096);
    event_dump_json(data, &value);
    if (value.overflowed) {
        ret_outcome->refusal = CASE_TOO_MANY;
        return COMMAND_REFUSED;
    }
    event_headers_make(input->type, input->event_id, INTAKE_SOURCE, time, case_id,
                       input->traceparent, type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name("cases"),
                                  .partition = -1,
                                  .key = bytes_of(case_id),
                                  .value = {.data = value.data, .length = value.length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    if (kafka_produce_wait(intake.producer, &output, clock_monotonic_ms() + PRODUCE_WITHIN_MS, &at,
                           why) != VERDICT_OK)
        return COMMAND_NOT_ACKNOWLEDGED;
    if (!wait_for_fold(at, input->fold_within_ms ? input->fold_within_ms : FOLD_WITHIN_MS,
                       ret_outcome))
        return COMMAND_LATE;
    return ret_outcome->refusal == CASE_ACCEPTED ? COMMAND_DONE : COMMAND_REFUSED;
}

/* --- answers -------------------------------------------------------------------------------------------------------------------- */

static void reply_done(struct http_request *request, const struct command *command,
                       const struct command_input *input, const struct view_outcome *outcome,
                       bool replayed)
{
    struct why why;
    struct view_case now = {0};
    const char *case_id = http_path_value(request, "id");
    json_t *answer = json_pack("{s:s, s:I, s:s, s:s}", "id", case_id, "revision", outcome->revision,
                               "head", outcome->head, "event", input->event_id);
    if (view_case(intake.view, case_id, &now, &why) == VERDICT_OK && now.state) {
        http_reply_header(request, "ETag", now.etag);
        if (command->finish)
            command->finish(now.state, input, answer);
    }
    view_case_clear(&now);
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

/* The same key was used before: the same bytes get the first answer again, others are refused. True when answered. */
static bool reply_replayed(struct http_request *request, const struct command *command,
                           const struct command_input *input)
{
    struct view_outcome outcome;
    struct why why;
    char sha256[65];
    if (view_find_event(intake.view, http_path_value(request, "id"), input->event_id, &outcome,
                        sha256, &why) != VERDICT_OK ||
        !outcome.known)
        return false;
    if (strcmp(sha256, input->request_sha256) == 0)
        reply_done(request, command, input, &outcome, true);
    else
        http_reply_problem(request, 422, "idempotency_key",
                           "This key was used with another request.", NULL);
    return true;
}

static bool head_matches(struct http_request *request, const struct view_case *view_case)
{
    const char *wanted = http_header(request, "If-Match");
    const char *head = json_string_value(json_object_get(view_case->state, "head"));
    if (!wanted || strcmp(wanted, "*") == 0)
        return true;
    if (wanted[0] == '"')
        wanted++;
    return strncmp(wanted, head, 16) == 0 &&
           (wanted[16] == '.' || wanted[16] == '"' || wanted[16] == '\0');
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
    case COMMAND_REFUSED:
        if (outcome->refusal == CASE_STALE)
            return false;
        if (outcome->refusal != CASE_DUPLICATE || !reply_replayed(request, command, input))
            reply_refused(request, outcome);
        return true;
    }
    return true;
}

static void attempt_until_answered(struct http_request *request, const struct command *command,
                                   const struct command_input *input, struct view_case *view_case)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct view_outcome outcome = {0};
        struct why why = {0};
        if (!head_matches(request, view_case)) {
            reply_precondition(request, view_case);
            return;
        }
        enum command_end end = command_attempt(view_case->state, input, &outcome, &why);
        if (answer_attempt(request, command, input, end, &outcome, &why))
            return;
        view_case_clear(view_case);
        if (!intake_load_case(request, view_case))
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

/* With a key the id is the same for every repetition; without, each request is an event of its own. */
static void make_event_id(const char *actor, const char *case_id, const char *key, bool has_key,
                          char ret_id[IDS_UUID_SIZE])
{
    struct bytes parts[] = {bytes_of(actor), bytes_of(case_id), bytes_of(key)};
    if (has_key)
        ids_uuid8(parts, COUNT_OF(parts), ret_id);
    else
        ids_uuid7(clock_now_us(), ret_id);
}

void command_run(struct http_request *request, const struct command *command, json_t *members)
{
    CLEANUP(view_case_clear_at) struct view_case view_case = {0};
    char key[256] = "", event_id[IDS_UUID_SIZE], sha256[IDS_SHA256_TEXT_SIZE];
    bool has_key;
    const struct auth_identity *who = auth_identity(request);
    const char *traceparent = http_header(request, "traceparent");
    if (!intake_idempotency_key(request, key, &has_key) || !intake_load_case(request, &view_case))
        return;
    /* What a repetition with the same key must match: the body's bytes, of an upload those that were streamed. */
    if (http_route_of(request)->data)
        snprintf(sha256, sizeof sha256, "%s",
                 json_string_value(json_object_get(members, "sha256")));
    else
        ids_sha256_text(http_body(request).data, http_body(request).length, sha256);
    make_event_id(who->id, http_path_value(request, "id"), key, has_key, event_id);
    struct command_input input = {.type = command->type,
                                  .event_id = event_id,
                                  .actor_id = who->id,
                                  .actor_role = who->role,
                                  .request_sha256 = sha256,
                                  .traceparent =
                                      traceparent && strlen(traceparent) == 55 ? traceparent : NULL,
                                  .members = members};
    if (has_key && reply_replayed(request, command, &input))
        return;
    if (!head_matches(request, &view_case)) {
        reply_precondition(request, &view_case);
        return;
    }
    if (command->prepare && !command->prepare(request, &view_case, members))
        return;
    attempt_until_answered(request, command, &input, &view_case);
}

/* --- PATCH ------------------------------------------------------------------------------------------------------------------------ */

static void reply_hearing_errors(struct http_request *request, const struct hearing_errors *found)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < found->count; i++)
        http_error_add(errors, found->list[i].pointer, found->list[i].code, found->list[i].message);
    http_reply_problem(request, 422, "invalid", "Some members of the hearing cannot be taken.",
                       errors);
}

static bool prepare_patch(struct http_request *request, const struct view_case *view_case,
                          json_t *members)
{
    CLEANUP(mem_free) struct hearing_errors *errors = mem_alloc(sizeof *errors);
    json_auto_t *merged = NULL;
    json_t *patch = json_object_get(members, "patch");
    if (hearing_patch_names_array(patch) && !http_header(request, "If-Match")) {
        http_reply_problem(request, 428, "if_match", "A patch that names a list needs If-Match.",
                           NULL);
        return false;
    }
    if (hearing_check_patch(json_object_get(view_case->state, "hearing"), patch, errors, &merged))
        return true;
    reply_hearing_errors(request, errors);
    return false;
}

static void run_patch(struct http_request *request)
{
    static const struct command amend = {.type = "hearing.amended", .prepare = prepare_patch};
    json_t *patch = NULL;
    if (!intake_body_object(request, &patch))
        return;
    json_auto_t *members = json_pack("{s:o}", "patch", patch);
    command_run(request, &amend, members);
}

static void patch_case(struct http_request *request)
{
    intake_run(request, run_patch);
}

/* --- the table of commands ---------------------------------------------------------------------------------------------------------- */

static const json_t *given_by_event(const json_t *given, const char *event_id)
{
    const json_t *withdrawn = json_object_get(given, "withdrawn");
    const char *id = json_string_value(json_object_get(withdrawn, "id"));
    return id && strcmp(id, event_id) == 0 ? withdrawn : NULL;
}

/* {"effect":"stopped"} or {"effect":"recalled","accepted_at"}: read from the chain, where the order stands. */
static void finish_withdrawal(const json_t *state, const struct command_input *input,
                              json_t *answer)
{
    const json_t *consents = json_object_get(state, "consents");
    const json_t *withdrawn = given_by_event(json_object_get(state, "intention"), input->event_id);
    for (size_t i = 0; i < json_array_size(consents) && !withdrawn; i++)
        withdrawn = given_by_event(json_array_get(consents, i), input->event_id);
    static const char *const shown[] = {"effect", "handover", "accepted_at"};
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        if (json_object_get(withdrawn, shown[i]))
            json_object_set(answer, shown[i], json_object_get(withdrawn, shown[i]));
}

/* Scopes not named are the document's required ones; passing the incident to authorities needs writing (1-⑧). */
static bool prepare_consent(struct http_request *request, const struct view_case *view_case,
                            json_t *members)
{
    (void)view_case;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const char *channel = json_string_value(json_object_get(members, "channel"));
    const json_t *document =
        profile_consent_document(profile, json_string_value(json_object_get(members, "document")),
                                 json_string_value(json_object_get(members, "version")));
    if (!document) {
        intake_refuse_field(request, 422, "/document", "unknown_document",
                            "no such document and version at this desk");
        return false;
    }
    if (!json_object_get(members, "scopes"))
        json_object_set(members, "scopes", json_object_get(document, "required"));
    const json_t *scopes = json_object_get(members, "scopes");
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *scope = json_string_value(json_array_get(scopes, i));
        if (strcmp(scope, "authorities") != 0 || strcmp(channel, "phone_read") != 0)
            continue;
        intake_refuse_field(request, 422, "/channel", "channel",
                            "the scope authorities needs paper or web (1-8)");
        return false;
    }
    return true;
}

/* From preparing to accepted a hand-over is under way; before that a new request replaces it, after release it
 * supplements it. Only escalation knows which, so the check stands here and not in the chain. */
static bool prepare_handover(struct http_request *request, const struct view_case *view_case,
                             json_t *members)
{
    (void)members;
    static const char *const busy[] = {"preparing", "offered", "overdue", "accepted"};
    const char *state = json_string_value(json_object_get(view_case->escalation, "state"));
    for (size_t i = 0; state && i < COUNT_OF(busy); i++)
        if (strcmp(state, busy[i]) == 0) {
            CLEANUP(mem_free) char *detail = mem_printf("A hand-over is %s already.", state);
            http_reply_problem(request, 409, "handover_open", detail, NULL);
            return false;
        }
    return true;
}

#define CASE "/v1/cases/{id}/"
static const struct {
    const char *path;
    struct command command;
} commands[] = {
    {CASE "customer", {.type = "customer.identified"}},
    {CASE "policy", {.type = "policy.decided"}},
    {CASE "actions", {.type = "action.recorded"}},
    {CASE "assessment", {.type = "assessment.recorded"}},
    {CASE "consents", {.type = "consent.recorded", .prepare = prepare_consent}},
    {CASE "consents/withdrawal", {.type = "consent.withdrawn", .finish = finish_withdrawal}},
    {CASE "intention", {.type = "intention.expressed"}},
    {CASE "intention/withdrawal", {.type = "intention.withdrawn", .finish = finish_withdrawal}},
    {CASE "handover", {.type = "handover.requested", .prepare = prepare_handover}},
    {CASE "handover/approval", {.type = "handover.approved"}},
    {CASE "handover/cancellation", {.type = "handover.cancelled"}},
    {CASE "extractions", {.type = "extraction.requested"}},
    {CASE "notes", {.type = "note.added"}},
    {CASE "close", {.type = "case.closed"}},
    {CASE "reopen", {.type = "case.reopened"}},
};

static const struct command *command_of(struct http_request *request)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].path, http_route_of(request)->path) == 0)
            return &commands[i].command;
    return NULL;
}

static bool body_fits(struct http_request *request, const struct command *command,
                      const json_t *members)
{
    size_t count;
    struct case_verdict verdict = {0};
    const struct case_member *table = case_members(command->type, &count);
    if (case_check_members(members, table, count, false, &verdict))
        return true;
    intake_refuse_field(request, 422, verdict.pointer, "invalid", verdict.why.text);
    return false;
}

static void run_post(struct http_request *request)
{
    const struct command *command = command_of(request);
    json_auto_t *members = NULL;
    if (intake_body_object(request, &members) && body_fits(request, command, members))
        command_run(request, command, members);
}

static void post_command(struct http_request *request)
{
    intake_run(request, run_post);
}

#define POST(path_)                                                                                \
    {.method = "POST",                                                                             \
     .path = CASE path_,                                                                           \
     .handler = post_command,                                                                      \
     .flags = AUTH_WRITERS,                                                                        \
     .body_max = LIMIT_BODY_BYTES,                                                                 \
     .content_types = "application/json"}
const struct http_route command_routes[] = {
    {.method = "PATCH",
     .path = "/v1/cases/{id}",
     .handler = patch_case,
     .flags = AUTH_WRITERS,
     .body_max = LIMIT_BODY_BYTES,
     .content_types = "application/merge-patch+json,application/json"},
    POST("customer"),
    POST("policy"),
    POST("actions"),
    POST("assessment"),
    POST("consents"),
    POST("consents/withdrawal"),
    POST("intention"),
    POST("intention/withdrawal"),
    POST("handover"),
    POST("handover/approval"),
    POST("handover/cancellation"),
    POST("extractions"),
    POST("notes"),
    POST("close"),
    POST("reopen"),
};
const size_t command_route_count = COUNT_OF(command_routes);
