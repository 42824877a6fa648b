/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/api_people.h"

#include "common/clock.h"
#include "common/event.h"
#include "common/log.h"
#include "services/intake/drafts.h"
#include "services/intake/signin.h"

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

void people_stop_signing_in(void)
{
    signin_stop();
}

void people_stop(void)
{
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

json_t *people_time_json(int64_t time_us)
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

/* --- who am I ----------------------------------------------------------------------------------------------------- */

json_t *people_roles_json(unsigned roles)
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
                           people_roles_json(identity->roles));
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
        people_time_json(draft->created_us), "updated_at", people_time_json(draft->version),
        "expires_at", people_time_json(draft->version + DRAFT_KEPT_MS * 1000), "company",
        *draft->company ? draft->company : NULL, "case", *draft->case_id ? draft->case_id : NULL);
    if (draft->taken_us)
        json_object_set_new(shown, "taken_over",
                            json_pack("{ss so}", "from", draft->taken_from, "at",
                                      people_time_json(draft->taken_us)));
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

void people_claim_draft(const char *operator, const char * draft, char case_id[IDS_UUID_SIZE])
{
    char claimed[IDS_UUID_SIZE] = "";
    struct why why = {0};
    if (draft_claim(auth_redis(), operator, draft, case_id, claimed, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "draft.unavailable", "why=%s", why.text);
    if (ids_is_uuid(claimed))
        memcpy(case_id, claimed, IDS_UUID_SIZE);
}

void people_drop_draft(const char *operator, const char * draft, const char *case_id)
{
    struct why why = {0};
    if (draft_drop(auth_redis(), operator, draft, case_id, &why) != VERDICT_OK)
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
     .handler = people_get_sessions,
     .flags = AUTH_READERS | AUTH_OTHERS(AUTH_SUPERVISOR | AUTH_AUDITOR | AUTH_ADMIN)},
    {.method = "DELETE",
     .path = "/v1/sessions/{id}",
     .handler = people_delete_session,
     .flags = AUTH_READERS | AUTH_OTHERS(AUTH_SUPERVISOR | AUTH_ADMIN)},
    {.method = "GET", .path = "/v1/me", .handler = get_me},
    {.method = "GET",
     .path = "/v1/tokens",
     .handler = people_get_tokens,
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
