/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/api_people.h"

#include "common/clock.h"
#include "common/event.h"
#include "common/log.h"
#include "services/intake/drafts.h"
#include "services/intake/signin.h"
#include "services/intake/token_uses.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGN_IN_BYTES_MAX 4096
#define PASSWORD_BYTES_MAX 1024

enum verdict people_start(const struct auth_config *config, struct why *why)
{
    enum verdict verdict = auth_start(config, why);
    if (verdict == VERDICT_OK)
        signin_start();
    return verdict;
}

void people_stop(void)
{
    signin_stop();
    auth_stop();
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

struct member {
    const char *name;
    json_type type;
    bool required;
};

static bool read_body(struct http_request *request, json_t **ret_body)
{
    struct bytes body = http_body(request);
    struct why why = {0};
    if (event_parse_json(body.data, body.length, ret_body, &why) == VERDICT_OK)
        return true;
    http_reply_problem(request, 400, "unreadable", why.text, NULL);
    return false;
}

static const struct member *find_member(const struct member *members, size_t count,
                                        const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static void add_error(json_t *errors, const char *name, const char *code, const char *message)
{
    CLEANUP(buf_free) struct buf pointer;
    buf_init(&pointer, 2 * strlen(name) + 1);
    buf_add_text(&pointer, "/");
    for (; *name; name++) /* RFC 6901 */
        if (*name == '~' || *name == '/')
            buf_add_text(&pointer, *name == '~' ? "~0" : "~1");
        else
            buf_add(&pointer, name, 1);
    http_error_add(errors, pointer.data, code, message);
}

static void check_present(const json_t *body, const struct member *members, size_t count,
                          json_t *errors)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)body, name, value)
    {
        const struct member *member = find_member(members, count, name);
        if (!member)
            add_error(errors, name, "unknown_field", "there is no such member");
        else if (member->type != json_typeof(value))
            add_error(errors, name, "type",
                      member->type == JSON_STRING ? "expected a text" : "expected an object");
    }
}

/* Exactly these members of these types; otherwise 422 that names each mistake. */
static bool check_members(struct http_request *request, const json_t *body,
                          const struct member *members, size_t count)
{
    json_t *errors = json_array();
    if (!json_is_object(body))
        http_error_add(errors, "", "type", "expected an object");
    check_present(body, members, count, errors);
    for (size_t i = 0; i < count; i++)
        if (members[i].required && !json_object_get(body, members[i].name))
            add_error(errors, members[i].name, "required", "this member is needed");
    if (json_array_size(errors) == 0) {
        json_decref(errors);
        return true;
    }
    http_reply_problem(request, 422, "invalid", "the body is readable and wrong", errors);
    return false;
}

static json_t *time_json(int64_t time_us)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(time_us, text);
    return json_string(text);
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void post_session(struct http_request *request)
{
    static const struct member members[] = {{"operator", JSON_STRING, true},
                                            {"password", JSON_STRING, true}};
    json_auto_t *body = NULL;
    if (!read_body(request, &body) || !check_members(request, body, members, COUNT_OF(members)))
        return;
    const char *operator= json_string_value(json_object_get(body, "operator"));
    const char *password = json_string_value(json_object_get(body, "password"));
    if (strlen(password) > PASSWORD_BYTES_MAX)
        http_reply_problem(request, 422, "invalid", "the password is longer than 1024 bytes", NULL);
    else
        signin_request(request, operator, password);
}

static json_t *session_json(const struct session *session, const struct auth_identity *identity)
{
    return json_pack("{ss ss so so so ss sb}", "id", session->id, "operator", session->operator,
                     "created_at", time_json(session->created_us), "seen_at",
                     time_json(session->seen_us), "expires_at", time_json(session->expires_us),
                     "address", session->address, "current",
                     !*identity->token_id && strcmp(identity->session.id, session->id) == 0);
}

/* The ids of all operators; they live as long as the list. */
static const char **ids_of(const struct operator_list *list)
{
    const char **ids = mem_alloc(operator_list_count(list) * sizeof *ids);
    for (size_t i = 0; i < operator_list_count(list); i++)
        ids[i] = operator_list_at(list, i)->id;
    return ids;
}

static void reply_sessions(struct http_request *request, const char *const *operators, size_t count)
{
    CLEANUP(mem_free) struct session *sessions = NULL;
    size_t found = 0;
    struct why why = {0};
    if (session_list(auth_redis(), auth_session_limits(), operators, count, clock_now_us(),
                     &sessions, &found, &why) != VERDICT_OK) {
        auth_reply_unavailable(request, "sessions cannot be read at the moment");
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < found; i++)
        json_array_append_new(list, session_json(&sessions[i], auth_identity(request)));
    http_reply_json(request, 200, json_pack("{so}", "sessions", list));
}

/* One's own; those of another operator, or with "*" of all, where the route's table allows it. */
static void get_sessions(struct http_request *request)
{
    const char *own = auth_identity(request)->id, *asked = http_query(request, "operator");
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    CLEANUP(mem_free) const char **all = ids_of(list);
    if (!asked || strcmp(asked, own) == 0)
        reply_sessions(request, &own, 1);
    else if (!auth_may_for_others(request))
        http_reply_problem(request, 403, "forbidden", "your roles do not include this", NULL);
    else if (strcmp(asked, "*") == 0)
        reply_sessions(request, all, operator_list_count(list));
    else
        reply_sessions(request, &asked, operator_list_find(list, asked) != NULL);
}

static void tell_ended(struct http_request *request, const char *id, const char *owner)
{
    const struct auth_identity *identity = auth_identity(request);
    const char *what = strcmp(id, identity->session.id) == 0 ? "session.ended" : "session.revoked";
    json_auto_t *detail = json_pack("{ss}", "operator", owner);
    log_event(LOG_INFO, what, "operator=%s session=%s by=%s", owner, id, identity->id);
    auth_tell(&(struct auth_act){.what = what,
                                 .session = id,
                                 .who = identity->id,
                                 .role = identity->role,
                                 .detail = detail});
}

static void delete_session(struct http_request *request)
{
    const struct auth_identity *identity = auth_identity(request);
    const char *id = http_path_value(request, "id"), *own = identity->id;
    char owner[SESSION_OPERATOR_SIZE] = "";
    struct why why = {0};
    bool others = auth_may_for_others(request);
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    CLEANUP(mem_free) const char **all = ids_of(list);
    if (strcmp(id, "current") == 0)
        id = identity->session.id;
    if (*id && session_end(auth_redis(), others ? all : &own,
                           others ? operator_list_count(list) : 1, id, owner, &why) != VERDICT_OK) {
        auth_reply_unavailable(request, "sessions cannot be ended at the moment");
        return;
    }
    if (!*owner) {
        http_reply_problem(request, 404, "not_found", "there is no such session of yours", NULL);
        return;
    }
    if (strcmp(id, identity->session.id) == 0)
        auth_reply_cookie(request, "");
    tell_ended(request, id, owner);
    http_reply(request, 204, NULL, (struct bytes){0});
}

/* Sessions of an operator come one after the other. */
static json_t *people_of(const struct operator_list *list, const struct session *sessions,
                         size_t count)
{
    json_t *people = json_array();
    for (size_t i = 0, next; i < count; i = next) {
        int64_t since_us = sessions[i].created_us, seen_us = sessions[i].seen_us;
        for (next = i + 1;
             next < count && strcmp(sessions[next].operator, sessions[i].operator) == 0; next++) {
            since_us = sessions[next].created_us < since_us ? sessions[next].created_us : since_us;
            seen_us = sessions[next].seen_us > seen_us ? sessions[next].seen_us : seen_us;
        }
        const struct operator* operator= operator_list_find(list, sessions[i].operator);
        json_array_append_new(
            people, json_pack("{ss ss so so}", "id", operator->id, "name", operator->name, "since",
                              time_json(since_us), "seen_at", time_json(seen_us)));
    }
    return people;
}

json_t *people_on(void)
{
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    CLEANUP(mem_free) const char **all = ids_of(list);
    CLEANUP(mem_free) struct session *sessions = NULL;
    size_t count = 0;
    struct why why = {0};
    if (session_list(auth_redis(), auth_session_limits(), all, operator_list_count(list),
                     clock_now_us(), &sessions, &count, &why) != VERDICT_OK)
        return json_null();
    return people_of(list, sessions, count);
}

/* --- who am I ----------------------------------------------------------------------------------------------------- */

static json_t *roles_json(unsigned roles)
{
    json_t *list = json_array();
    for (unsigned role = 1; role < AUTH_ROLES; role <<= 1)
        if (roles & role)
            json_array_append_new(list, json_string(operator_role_name(role)));
    return list;
}

static void get_me(struct http_request *request)
{
    const struct auth_identity *identity = auth_identity(request);
    json_t *me = json_pack("{ss ss so}", "id", identity->id, "name", identity->name, "roles",
                           roles_json(identity->roles));
    if (*identity->token_id) {
        json_object_set_new(me, "token", json_pack("{ss}", "id", identity->token_id));
    } else {
        char expires[CLOCK_TEXT_SIZE];
        clock_format_us(identity->session.expires_us, expires);
        json_object_set_new(me, "session",
                            json_pack("{ss ss ss}", "id", identity->session.id, "csrf",
                                      identity->csrf, "expires_at", expires));
    }
    http_reply_json(request, 200, me);
}

static json_t *token_json(const struct operator* operator, const struct operator_token * token,
                          int64_t used_us)
{
    return json_pack("{ss ss so so}", "id", token->id, "operator", operator->id, "roles",
                     roles_json(operator->roles), "used_at",
                     used_us ? time_json(used_us) : json_null());
}

/* One's own, or everybody's where the route's table allows it. Ids only: nobody can show a token again. */
static void get_tokens(struct http_request *request)
{
    CLEANUP(auth_release_operators) struct operator_list *operators = auth_hold_operators();
    CLEANUP(mem_free) int64_t *used_us = NULL;
    struct why why = {0};
    if (token_uses_find(auth_redis(), operators, &used_us, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "token_uses.unreadable", "why=%s", why.text);
    json_t *list = json_array();
    const int64_t *used = used_us;
    for (size_t i = 0; i < operator_list_count(operators); i++) {
        const struct operator* operator= operator_list_at(operators, i);
        bool shown =
            auth_may_for_others(request) || strcmp(operator->id, auth_identity(request)->id) == 0;
        for (size_t k = 0; k < operator->token_count; k++, used++)
            if (shown)
                json_array_append_new(list, token_json(operator, & operator->tokens[k], *used));
    }
    http_reply_json(request, 200, json_pack("{so}", "tokens", list));
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

static void unavailable(struct http_request *request, const struct why *why)
{
    log_event(LOG_WARNING, "draft.unavailable", "why=%s", why->text);
    auth_reply_unavailable(request,
                           "drafts cannot be reached at the moment; keep what you have typed");
}

bool people_draft_id_is_sound(const char *id)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return *id && strlen(id) <= 64 && strspn(id, allowed) == strlen(id);
}

static bool check_draft_id(struct http_request *request)
{
    if (people_draft_id_is_sound(http_path_value(request, "id")))
        return true;
    http_reply_problem(request, 404, "not_found", "a draft's id is 1 to 64 of A-Z a-z 0-9 - _",
                       NULL);
    return false;
}

/* The version out of If-Match or If-None-Match, in the words of drafts.h; false where it cannot be one of ours. */
static bool read_expected(struct http_request *request, char ret_expected[24])
{
    const char *match = http_header(request, "If-Match"),
               *none = http_header(request, "If-None-Match");
    snprintf(ret_expected, 24, "%s", none ? DRAFT_NONE : match ? DRAFT_SOME : DRAFT_ANY);
    if (none)
        return strcmp(none, "*") == 0 && !match;
    if (!match || strcmp(match, "*") == 0)
        return true;
    size_t digits = strspn(match + (*match == '"'), "0123456789");
    if (*match != '"' || digits == 0 || digits > 18 || strcmp(match + 1 + digits, "\"") != 0)
        return false;
    snprintf(ret_expected, 24, "%.*s", (int)digits, match + 1);
    return true;
}

static void reply_version(struct http_request *request, int64_t version)
{
    char etag[32];
    snprintf(etag, sizeof etag, "\"%" PRId64 "\"", version);
    http_reply_header(request, "ETag", etag);
}

static json_t *draft_json(const struct draft *draft)
{
    json_t *shown = json_pack(
        "{ss ss so so so ss* ss*}", "id", draft->id, "owner", draft->owner, "created_at",
        time_json(draft->created_us), "updated_at", time_json(draft->version), "expires_at",
        time_json(draft->version + DRAFT_KEPT_MS * 1000), "company",
        *draft->company ? draft->company : NULL, "case", *draft->case_id ? draft->case_id : NULL);
    if (draft->taken_us)
        json_object_set_new(
            shown, "taken_over",
            json_pack("{ss so}", "from", draft->taken_from, "at", time_json(draft->taken_us)));
    return shown;
}

static void reply_stored(struct http_request *request, const struct draft *draft, bool is_named)
{
    bool is_new = !is_named && draft->created_us == draft->version;
    if (draft->taken_us == draft->version)
        log_event(LOG_INFO, "draft.taken_over", "draft=%s from=%s by=%s", draft->id,
                  draft->taken_from, draft->owner);
    if (is_new) {
        CLEANUP(mem_free) char *location = mem_printf("/v1/drafts/%s", draft->id);
        http_reply_header(request, "Location", location);
    }
    reply_version(request, draft->version);
    http_reply_json(request, is_new ? 201 : 200, draft_json(draft));
}

static struct bytes company_of(const json_t *body)
{
    const json_t *contact = json_object_get(json_object_get(body, "hearing"), "contact");
    const char *company = json_string_value(json_object_get(contact, "company"));
    return utf8_cut(bytes_of(company ? company : ""), sizeof((struct draft *)0)->company - 1);
}

static void store_draft(struct http_request *request, const char *id, bool is_named,
                        const json_t *body, struct bytes text, const char *expected)
{
    enum draft_outcome outcome;
    struct draft draft = {0};
    struct why why = {0};
    if (draft_put(auth_redis(), auth_identity(request)->id, id, text, company_of(body), expected,
                  clock_now_us(), &outcome, &draft, &why) != VERDICT_OK) {
        unavailable(request, &why);
        return;
    }
    switch (outcome) {
    case DRAFT_STORED:
        reply_stored(request, &draft, is_named);
        break;
    case DRAFT_CHANGED:
        http_reply_problem(request, 412, "changed",
                           "the draft is not what If-Match or If-None-Match says", NULL);
        break;
    case DRAFT_THEIRS:
        http_reply_problem(request, 428, "theirs",
                           "the draft is a colleague's: read it, and take it over with If-Match",
                           NULL);
        break;
    case DRAFT_TOO_MANY:
        http_reply_problem(request, 409, "too_many",
                           "an operator keeps at most 50 drafts, the desk 500", NULL);
        break;
    }
}

static void put_draft_as(struct http_request *request, const char *id, bool is_named)
{
    static const struct member members[] = {{"hearing", JSON_OBJECT, false},
                                            {"memo", JSON_STRING, false}};
    char expected[24];
    json_auto_t *body = NULL;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, DRAFT_BYTES_MAX);
    if (!read_body(request, &body) || !check_members(request, body, members, COUNT_OF(members)))
        return;
    event_dump_json(body, &text);
    if (text.overflowed) /* 1e15 is shorter than what it stands for */
        http_reply_problem(request, 413, "too_large", "the draft is longer than a draft may be",
                           NULL);
    else if (!read_expected(request, expected))
        http_reply_problem(request, 412, "changed", "the draft never had such an ETag", NULL);
    else
        store_draft(request, id, is_named, body,
                    (struct bytes){.data = text.data, .length = text.length}, expected);
}

static void put_draft(struct http_request *request)
{
    if (check_draft_id(request))
        put_draft_as(request, http_path_value(request, "id"), true);
}

/* Without an id: one is made, of the key where there is one, so that a repetition finds its draft. */
static void put_new_draft(struct http_request *request)
{
    const char *operator= auth_identity(request)->id,
               *key = http_header(request, "Idempotency-Key");
    char id[IDS_UUID_SIZE];
    if (key) {
        size_t quoted = *key == '"', length = strlen(key) - quoted;
        length -= quoted && length > 0 && key[length] == '"';
        struct bytes parts[] = {
            bytes_of("draft"), bytes_of(operator), {.data = key + quoted, .length = length}};
        ids_uuid8(parts, COUNT_OF(parts), id);
    } else {
        ids_uuid7(clock_now_us(), id);
    }
    put_draft_as(request, id, false);
}

static void get_draft(struct http_request *request)
{
    CLEANUP(buf_free) struct buf body;
    struct draft draft = {0};
    struct why why = {0};
    buf_init(&body, DRAFT_BYTES_MAX);
    if (!check_draft_id(request))
        return;
    if (draft_get(auth_redis(), http_path_value(request, "id"), &body, &draft, &why) !=
        VERDICT_OK) {
        unavailable(request, &why);
    } else if (!draft.version) {
        http_reply_problem(request, 404, "not_found", "there is no such draft", NULL);
    } else {
        reply_version(request, draft.version);
        http_reply_buf(request, 200, "application/json", &body);
    }
}

static void delete_draft(struct http_request *request)
{
    enum draft_outcome outcome;
    struct why why = {0};
    if (!check_draft_id(request))
        return;
    if (draft_delete(auth_redis(), auth_identity(request)->id, http_path_value(request, "id"),
                     &outcome, &why) != VERDICT_OK)
        unavailable(request, &why);
    else if (outcome == DRAFT_THEIRS)
        http_reply_problem(request, 409, "theirs",
                           "the draft is a colleague's: take it over before you throw it away",
                           NULL);
    else if (outcome == DRAFT_CHANGED)
        http_reply_problem(request, 404, "not_found", "there is no such draft", NULL);
    else
        http_reply(request, 204, NULL, (struct bytes){0});
}

static void get_drafts(struct http_request *request)
{
    CLEANUP(mem_free) struct draft *drafts = NULL;
    size_t count = 0;
    struct why why = {0};
    if (draft_list(auth_redis(), clock_now_us(), &drafts, &count, &why) != VERDICT_OK) {
        unavailable(request, &why);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, draft_json(&drafts[i]));
    http_reply_json(request, 200, json_pack("{so}", "drafts", list));
}

void people_claim_draft(const char *draft, char case_id[IDS_UUID_SIZE])
{
    char claimed[IDS_UUID_SIZE] = "";
    struct why why = {0};
    if (draft_claim(auth_redis(), draft, case_id, claimed, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "draft.unavailable", "why=%s", why.text);
    if (ids_is_uuid(claimed))
        memcpy(case_id, claimed, IDS_UUID_SIZE);
}

void people_drop_draft(const char *draft, const char *case_id)
{
    struct why why = {0};
    if (draft_drop(auth_redis(), draft, case_id, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "draft.unavailable", "why=%s", why.text);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

const struct http_route people_routes[] = {
    {.method = "POST",
     .path = "/v1/sessions",
     .handler = post_session,
     .flags = AUTH_NOBODY,
     .body_max = SIGN_IN_BYTES_MAX,
     .content_types = "application/json"},
    {.method = "GET",
     .path = "/v1/sessions",
     .handler = get_sessions,
     .flags = AUTH_READERS | AUTH_OTHERS(AUTH_SUPERVISOR | AUTH_AUDITOR | AUTH_ADMIN)},
    {.method = "DELETE",
     .path = "/v1/sessions/{id}",
     .handler = delete_session,
     .flags = AUTH_READERS | AUTH_OTHERS(AUTH_SUPERVISOR | AUTH_ADMIN)},
    {.method = "GET", .path = "/v1/me", .handler = get_me},
    {.method = "GET",
     .path = "/v1/tokens",
     .handler = get_tokens,
     .flags = AUTH_READERS | AUTH_OTHERS(AUTH_SUPERVISOR | AUTH_AUDITOR | AUTH_ADMIN)},
    {.method = "GET", .path = "/v1/drafts", .handler = get_drafts, .flags = AUTH_WRITERS},
    {.method = "PUT",
     .path = "/v1/drafts",
     .handler = put_new_draft,
     .body_max = DRAFT_BYTES_MAX,
     .content_types = "application/json"},
    {.method = "GET", .path = "/v1/drafts/{id}", .handler = get_draft, .flags = AUTH_WRITERS},
    {.method = "PUT",
     .path = "/v1/drafts/{id}",
     .handler = put_draft,
     .body_max = DRAFT_BYTES_MAX,
     .content_types = "application/json"},
    {.method = "DELETE", .path = "/v1/drafts/{id}", .handler = delete_draft},
};
const size_t people_route_count = COUNT_OF(people_routes);
