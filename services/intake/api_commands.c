/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: which path makes which event, and what no table of members can say of it. */
#include "services/intake/commands.h"
#include "services/intake/members.h"

#include "common/desk/hearing.h"
#include "common/desk/limits.h"

#include <stdio.h>
#include <string.h>

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
    static const char *const lists[] = {"consents", "intentions_before"};
    const json_t *withdrawn = given_by_event(json_object_get(state, "intention"), input->event_id);
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
        const json_t *list = json_object_get(state, lists[k]);
        for (size_t i = 0; i < json_array_size(list) && !withdrawn; i++)
            withdrawn = given_by_event(json_array_get(list, i), input->event_id);
    }
    static const char *const shown[] = {"effect", "handover", "accepted_at", "recalled_before"};
    members_copy(answer, withdrawn, shown, COUNT_OF(shown));
}

static bool list_has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* Each scope by a channel that suffices for it. Of scopes that the request does not name the channel is what is wrong. */
static bool scopes_fit(struct http_request *request, const json_t *members, const json_t *document,
                       bool named)
{
    const json_t *scopes = json_object_get(members, "scopes");
    const char *channel = json_string_value(json_object_get(members, "channel"));
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const json_t *scope = json_array_get(scopes, i);
        char pointer[40] = "/channel";
        CLEANUP(mem_free)
        char *why = mem_printf("%s does not suffice for the scope %s of this document", channel,
                               json_string_value(scope));
        if (named)
            snprintf(pointer, sizeof pointer, "/scopes/%zu", i);
        if (!list_has(json_object_get(document, "scopes"), scope)) {
            intake_refuse_field(request, 422, pointer, "choice", "not a scope of this document");
            return false;
        }
        if (!profile_channel_suffices(document, json_string_value(scope), channel)) {
            intake_refuse_field(request, 422, pointer, "channel", why);
            return false;
        }
    }
    return true;
}

static bool is_accepted(const json_t *document, const json_t *members)
{
    (void)members;
    return json_is_true(json_object_get(document, "accepted"));
}

static bool is_its_text(const json_t *document, const json_t *members)
{
    return json_equal(json_object_get(document, "sha256"), json_object_get(members, "sha256"));
}

static bool was_valid(const json_t *document, const json_t *members)
{
    return profile_was_valid(document, json_string_value(json_object_get(members, "given_at")));
}

/* What the gate would refuse is said at once, while the customer is still on the telephone. */
static bool document_fits(struct http_request *request, const json_t *document,
                          const json_t *members)
{
    static const struct {
        bool (*holds)(const json_t *document, const json_t *members);
        const char *pointer, *code, *message;
    } checks[] = {
        {is_accepted, "/version", "not_accepted", "this version is not accepted any more"},
        {is_its_text, "/sha256", "text", "not the text of this document and version"},
        {was_valid, "/given_at", "not_valid_then", "the document was not valid at that time"},
    };
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (checks[i].holds(document, members))
            continue;
        intake_refuse_field(request, 422, checks[i].pointer, checks[i].code, checks[i].message);
        return false;
    }
    return true;
}

/* Scopes not named are the document's required ones. */
static bool prepare_consent(struct http_request *request, const struct view_case *view_case,
                            json_t *members)
{
    (void)view_case;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    bool named = json_object_get(members, "scopes");
    const json_t *document =
        profile_consent_document(profile, json_string_value(json_object_get(members, "document")),
                                 json_string_value(json_object_get(members, "version")));
    if (!document) {
        intake_refuse_field(request, 422, "/document", "unknown_document",
                            "no such document and version at this desk");
        return false;
    }
    if (!named)
        json_object_set(members, "scopes", json_object_get(document, "required"));
    return document_fits(request, document, members) &&
           scopes_fit(request, members, document, named);
}

static json_int_t size_of_upload(const json_t *uploads, const json_t *id)
{
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (json_equal(json_object_get(json_array_get(uploads, i), "upload"), id))
            return json_integer_value(json_object_get(json_array_get(uploads, i), "size"));
    return 0; /* the chain says that the case does not have it */
}

static bool files_fit(struct http_request *request, const json_t *uploads, const json_t *files)
{
    json_int_t bytes = 0;
    for (size_t i = 0; i < json_array_size(files); i++)
        bytes += size_of_upload(uploads, json_array_get(files, i));
    if (bytes <= LIMIT_HANDOVER_FILES_BYTES)
        return true;
    intake_refuse_field(request, 422, "/files", "too_large",
                        "the files of a hand-over have at most 256 MiB in all");
    return false;
}

/* From preparing to accepted a hand-over is under way; before that a new request replaces it, after release it
 * supplements it. Only escalation knows which, so the check stands here and not in the chain. */
static bool prepare_handover(struct http_request *request, const struct view_case *view_case,
                             json_t *members)
{
    static const char *const busy[] = {"preparing", "offered", "overdue", "accepted"};
    const char *state = json_string_value(json_object_get(view_case->escalation, "state"));
    for (size_t i = 0; state && i < COUNT_OF(busy); i++)
        if (strcmp(state, busy[i]) == 0) {
            CLEANUP(mem_free) char *detail = mem_printf("A hand-over is %s already.", state);
            http_reply_problem(request, 409, "handover_open", detail, NULL);
            return false;
        }
    return files_fit(request, json_object_get(view_case->state, "uploads"),
                     json_object_get(members, "files"));
}

static bool prepare_proposal(struct http_request *request, const struct view_case *view_case,
                             json_t *members)
{
    const json_t *proposals = json_object_get(view_case->state, "proposals");
    if (json_object_get(proposals, json_string_value(json_object_get(members, "proposal"))))
        return true;
    http_reply_problem(request, 404, "not_found", "There is no such proposal in this case.", NULL);
    return false;
}

/* Whether a case exists, and leads back here, is not for the chain to know: it has only its own events. */
static bool prepare_close(struct http_request *request, const struct view_case *view_case,
                          json_t *members)
{
    const char *of = json_string_value(json_object_get(members, "of"));
    const json_t *id = json_object_get(view_case->state, "id");
    struct view_case other = {0};
    struct why why = {0};
    bool leads_back = false;
    if (!of || strcmp(of, json_string_value(id)) == 0)
        return true; /* the chain says what is wrong */
    if (intake_case_or_wait(of, &other, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return false;
    }
    bool known = other.state;
    const json_t *duplicates = json_object_get(view_case->links, "duplicates");
    for (size_t i = 0; i < json_array_size(duplicates) && !leads_back; i++)
        leads_back =
            strcmp(of, json_string_value(json_object_get(json_array_get(duplicates, i), "id"))) ==
            0;
    view_case_clear(&other);
    if (!known)
        intake_refuse_field(request, 422, "/of", "unknown_case", "there is no case with this id");
    else if (leads_back)
        intake_refuse_field(request, 409, "/of", "circle",
                            "that case was closed as a duplicate of this one");
    return known && !leads_back;
}

#define CASE "/v1/cases/{id}/"
static const struct {
    const char *path;
    struct command command;
} commands[] = {
    {CASE "customer", {.type = "customer.identified"}},
    {CASE "policy",
     {.type = "policy.decided", .body = "policy_body", .prepare = intake_prepare_policy}},
    {CASE "actions",
     {.type = "action.recorded", .body = "action_body", .prepare = intake_prepare_action}},
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
    {CASE "proposals/{pid}/decision", {.type = "proposal.decided", .prepare = prepare_proposal}},
    {CASE "proposals/{pid}/applied", {.type = "proposal.applied", .prepare = prepare_proposal}},
    {CASE "close", {.type = "case.closed", .prepare = prepare_close}},
    {CASE "reopen", {.type = "case.reopened"}},
};

static const struct command *command_of(const struct http_route *route)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(route->method, "POST") == 0 && strcmp(commands[i].path, route->path) == 0)
            return &commands[i].command;
    return NULL;
}

static const struct case_member *members_of(const struct command *command, size_t *ret_count)
{
    return case_members(command->body ? command->body : command->type, ret_count);
}

const char *intake_event_of(const struct http_route *route, const struct case_member **ret_members,
                            size_t *ret_count)
{
    const struct command *command = command_of(route);
    if (command)
        *ret_members = members_of(command, ret_count);
    return command ? command->type : NULL;
}

static bool body_fits(struct http_request *request, const struct command *command,
                      const json_t *members)
{
    size_t count;
    const struct case_member *table = members_of(command, &count);
    return intake_members_fit(request, members, table, count);
}

/* Which proposal stands in the path; in the body it would be one thing said twice. */
static bool name_proposal(struct http_request *request, json_t *members)
{
    const char *proposal = http_path_value(request, "pid");
    if (proposal && json_object_get(members, "proposal")) {
        intake_refuse_field(request, 422, "/proposal", "unknown_field", "no such member");
        return false;
    }
    if (proposal)
        json_object_set_new(members, "proposal", json_string(proposal));
    return true;
}

static void run_post(struct http_request *request)
{
    const struct command *command = command_of(http_route_of(request));
    json_auto_t *members = NULL;
    if (intake_body_object(request, &members) && name_proposal(request, members) &&
        body_fits(request, command, members))
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
    POST("proposals/{pid}/decision"),
    POST("proposals/{pid}/applied"),
    POST("close"),
    POST("reopen"),
};
const size_t command_route_count = COUNT_OF(command_routes);
