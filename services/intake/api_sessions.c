/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and API tokens as they are listed and ended; what may be done with those of others stands in the table of routes. */
#include "services/intake/api_people.h"

#include "common/clock.h"
#include "common/log.h"
#include "services/intake/token_uses.h"

#include <stdlib.h>
#include <string.h>

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static json_t *session_json(const struct session *session, const struct auth_identity *identity)
{
    return json_pack("{ss ss so so so ss sb}", "id", session->id, "operator", session->operator,
                     "created_at", people_time_json(session->created_us), "seen_at",
                     people_time_json(session->seen_us), "expires_at",
                     people_time_json(session->expires_us), "address", session->address, "current",
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
void people_get_sessions(struct http_request *request)
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

void people_delete_session(struct http_request *request)
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
                              people_time_json(since_us), "seen_at", people_time_json(seen_us)));
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

json_t *people_named(void)
{
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    json_t *people = json_array();
    for (size_t i = 0; i < operator_list_count(list); i++) {
        const struct operator* operator= operator_list_at(list, i);
        json_array_append_new(people,
                              json_pack("{ss ss}", "id", operator->id, "name", operator->name));
    }
    return people;
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static json_t *token_json(const struct operator* operator, const struct operator_token * token,
                          int64_t used_us)
{
    return json_pack("{ss ss so so}", "id", token->id, "operator", operator->id, "roles",
                     people_roles_json(operator->roles), "used_at",
                     used_us ? people_time_json(used_us) : json_null());
}

/* One's own, or everybody's where the route's table allows it. Ids only: nobody can show a token again. */
void people_get_tokens(struct http_request *request)
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
