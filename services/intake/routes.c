/* SPDX-License-Identifier: Apache-2.0 */
/* One table of routes out of the parts', and the same as JSON for those who hold openapi.yaml against it. */
#include "services/intake/api_people.h"
#include "services/intake/intake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_route *routes;
static size_t route_count;

static void collect(void)
{
    const struct {
        const struct http_route *list;
        size_t count;
    } parts[] = {
        {case_routes, case_route_count},         {command_routes, command_route_count},
        {handover_routes, handover_route_count}, {extract_routes, extract_route_count},
        {upload_routes, upload_route_count},     {desk_routes, desk_route_count},
        {report_routes, report_route_count},     {people_routes, people_route_count},
        {custody_routes, custody_route_count},   {contract_routes, contract_route_count},
        {live_routes, live_route_count},         {presence_routes, presence_route_count},
        {letter_routes, letter_route_count},     {console_routes, console_route_count},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        routes = mem_resize(routes, route_count + parts[i].count, sizeof *routes);
        memcpy(routes + route_count, parts[i].list, parts[i].count * sizeof *routes);
        route_count += parts[i].count;
    }
}

const struct http_route *intake_routes(size_t *ret_count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, collect);
    *ret_count = route_count;
    return routes;
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

static json_t *members_json(const struct case_member *members, size_t count);

static json_t *member_json(const struct case_member *member)
{
    static const char *const kinds[] = {
        [CASE_TEXT] = "text",       [CASE_TIME] = "time",        [CASE_CHOICE] = "choice",
        [CASE_TEXTS] = "texts",     [CASE_OBJECT] = "object",    [CASE_LIST] = "list",
        [CASE_INTEGER] = "integer", [CASE_BOOLEAN] = "boolean",  [CASE_UUID] = "uuid",
        [CASE_HASH] = "hash",       [CASE_CUSTOMER] = "customer"};
    json_t *shown = json_pack("{s:s, s:b, s:I}", "kind", kinds[member->kind], "required",
                              member->required, "max", (json_int_t)member->max);
    bool nested = member->kind == CASE_OBJECT || member->kind == CASE_LIST;
    size_t count = 0;
    const struct case_member *inner =
        nested && member->choices ? case_members(member->choices, &count) : NULL;
    if (inner)
        json_object_set_new(shown, "members", members_json(inner, count));
    else if (member->choices)
        json_object_set_new(shown, "choices", json_string(member->choices));
    return shown;
}

static json_t *members_json(const struct case_member *members, size_t count)
{
    json_t *all = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(all, members[i].name, member_json(&members[i]));
    return all;
}

/* Bodies that make no event of a case. */
static const struct members_of {
    const char *path;
    const struct case_member *members;
    const size_t *count;
} bodies[] = {
    {"/v1/contracts/{customer_id}", contract_members, &contract_member_count},
    {"/v1/dead-letters/{position}/dismissal", dismissal_members, &dismissal_member_count},
};

static void add_body(json_t *shown, const struct http_route *route)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        if (strcmp(route->path, bodies[i].path) == 0)
            json_object_set_new(shown, "members",
                                members_json(bodies[i].members, *bodies[i].count));
}

static json_t *route_json(const struct http_route *route)
{
    json_t *shown =
        json_pack("{s:s, s:s, s:o, s:I, s:b}", "method", route->method, "path", route->path,
                  "roles", people_roles_json(auth_roles_of(route)), "body_max",
                  (json_int_t)route->body_max, "streamed", route->begin != NULL);
    if (auth_roles_for_others(route))
        json_object_set_new(shown, "roles_for_others",
                            people_roles_json(auth_roles_for_others(route)));
    size_t count = 0;
    const struct case_member *members = NULL;
    const char *event = intake_event_of(route, &members, &count);
    if (route->content_types)
        json_object_set_new(shown, "content_types", json_string(route->content_types));
    if (event) {
        json_object_set_new(shown, "event", json_string(event));
        json_object_set_new(shown, "members", members_json(members, count));
        if (strstr(route->path, "{pid}")) /* which one stands there and not in the body */
            json_object_del(json_object_get(shown, "members"), "proposal");
    }
    add_body(shown, route);
    return shown;
}

int intake_print_routes(int argc, char **argv)
{
    (void)argc, (void)argv;
    size_t count;
    const struct http_route *all = intake_routes(&count);
    json_auto_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, route_json(&all[i]));
    json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    return SERVICE_STOPPED;
}
