/* SPDX-License-Identifier: Apache-2.0 */
/* The routes as a tree of path segments, built once: a request costs one comparison per sibling, no expression. */
#include "common/http_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct method {
    const struct http_route *route;
    const char
        *names[HTTP_SEGMENTS_MAX]; /* of the values, in the order of the path; they end at '}' */
    size_t name_count;
    struct method *next;
};

struct node {
    const char *text; /* a literal segment; not terminated; NULL for {…} */
    size_t length;
    struct node *children, *next;
    struct method *methods;
};

struct http_routes {
    struct node root;
};

static struct node *child_for(struct node *parent, const char *segment, size_t length)
{
    const char *text = *segment == '{' ? NULL : segment;
    struct node **at = &parent->children;
    for (; *at; at = &(*at)->next)
        if (text ? (*at)->text && (*at)->length == length && memcmp((*at)->text, text, length) == 0
                 : !(*at)->text)
            return *at;
    *at = mem_alloc(sizeof **at);
    **at = (struct node){.text = text, .length = length};
    return *at;
}

static void add_route(struct http_routes *routes, const struct http_route *route)
{
    struct node *node = &routes->root;
    struct method *method = mem_alloc(sizeof *method);
    method->route = route;
    for (const char *at = route->path; *at == '/';) {
        const char *segment = at + 1;
        size_t length = strcspn(segment, "/");
        node = child_for(node, segment, length);
        if (*segment == '{') {
            assert(method->name_count < HTTP_SEGMENTS_MAX);
            method->names[method->name_count++] = segment + 1;
        }
        at = segment + length;
    }
    struct method **last = &node->methods;
    for (; *last; last = &(*last)->next)
        assert(strcmp((*last)->route->method, route->method) != 0); /* the same route twice */
    *last = method;
}

struct http_routes *http_routes_new(const struct http_route *routes, size_t count)
{
    struct http_routes *tree = mem_alloc(sizeof *tree);
    for (size_t i = 0; i < count; i++)
        add_route(tree, &routes[i]);
    return tree;
}

static void free_node(struct node *node)
{
    for (struct method *method = node->methods, *next; method; method = next) {
        next = method->next;
        free(method);
    }
    for (struct node *child = node->children, *next; child; child = next) {
        next = child->next;
        free_node(child);
        free(child);
    }
}

void http_routes_free(struct http_routes *routes)
{
    if (!routes)
        return;
    free_node(&routes->root);
    free(routes);
}

static bool fits_value(const char *segment)
{
    return *segment && strnlen(segment, HTTP_SEGMENT_BYTES_MAX + 1) <= HTTP_SEGMENT_BYTES_MAX;
}

/* Literal segments win over {…}; where they lead nowhere, {…} is tried. */
static const struct node *find(const struct node *node, const char *const *segments, size_t count,
                               const char **values)
{
    if (count == 0)
        return node->methods ? node : NULL;
    const struct node *any = NULL, *found = NULL;
    size_t length = strlen(*segments);
    for (const struct node *child = node->children; child && !found; child = child->next) {
        if (!child->text)
            any = child;
        else if (child->length == length && memcmp(child->text, *segments, length) == 0)
            found = find(child, segments + 1, count - 1, values);
    }
    if (found || !any || !fits_value(*segments))
        return found;
    values[0] = *segments;
    return find(any, segments + 1, count - 1, values + 1);
}

static const struct method *find_method(const struct node *node, const char *name)
{
    for (const struct method *method = node->methods; method; method = method->next)
        if (strcmp(method->route->method, name) == 0)
            return method;
    return strcmp(name, "HEAD") == 0 ? find_method(node, "GET") : NULL;
}

static char *list_methods(const struct node *node)
{
    CLEANUP(buf_free) struct buf list;
    buf_init(&list, 256);
    for (const struct method *method = node->methods; method; method = method->next)
        buf_printf(&list, "%s%s%s", list.length ? ", " : "", method->route->method,
                   strcmp(method->route->method, "GET") == 0 ? ", HEAD" : "");
    return mem_strdup(list.data);
}

void http_routes_match(const struct http_routes *routes, const char *method,
                       const char *const *segments, size_t count, struct http_match *ret_match)
{
    const struct node *node = find(&routes->root, segments, count, ret_match->values);
    if (!node)
        return;
    const struct method *found = find_method(node, method);
    if (!found) {
        ret_match->allow = list_methods(node);
        return;
    }
    ret_match->route = found->route;
    ret_match->names = found;
}

const char *http_match_value(const struct http_match *match, const char *name)
{
    const struct method *method = match->names;
    size_t length = strlen(name);
    for (size_t i = 0; method && i < method->name_count; i++)
        if (strncmp(method->names[i], name, length) == 0 && method->names[i][length] == '}')
            return match->values[i];
    return NULL;
}
