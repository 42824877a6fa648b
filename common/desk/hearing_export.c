/* SPDX-License-Identifier: Apache-2.0 */
/* What is still to be asked, and what leaves for the provider: every item of Annex 1 §2 (clause 1-②), and what the table
 * adds to it and marks so. */
#include "common/desk/hearing_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls `visit` for every place in `hearing` that a row of the table names: once, or for each entry of its list. `value` is
 * NULL where nothing stands. */
typedef void visit_function(void *context, const struct hearing_field *field, const char *pointer,
                            const json_t *parent, const char *name, const json_t *value);

static const json_t *step_into(const json_t *parent, const char *name, size_t length)
{
    char key[64];
    if (length >= sizeof key)
        return NULL;
    memcpy(key, name, length);
    key[length] = '\0';
    return json_object_get(parent, key);
}

static void visit_in(const json_t *parent, const struct hearing_field *field, const char *prefix,
                     const char *pointer, visit_function *visit, void *context)
{
    const char *name = strrchr(pointer, '/') + 1;
    char whole[160];
    for (const char *step = pointer + 1; step < name && parent;) {
        size_t length = strcspn(step, "/");
        parent = step_into(parent, step, length);
        step += length + 1;
    }
    snprintf(whole, sizeof whole, "%s%s", prefix, pointer);
    visit(context, field, whole, parent, name, json_object_get(parent, name));
}

static void visit_field(const json_t *hearing, const struct hearing_field *field,
                        visit_function *visit, void *context)
{
    const char *entry = strstr(field->pointer, "/N/");
    if (!entry) {
        visit_in(hearing, field, "", field->pointer, visit, context);
        return;
    }
    char prefix[64];
    size_t index;
    const json_t *item;
    const json_t *list =
        step_into(hearing, field->pointer + 1, (size_t)(entry - field->pointer - 1));
    json_array_foreach(list, index, item)
    {
        snprintf(prefix, sizeof prefix, "%.*s/%zu", (int)(entry - field->pointer), field->pointer,
                 index);
        visit_in(item, field, prefix, entry + 2, visit, context);
    }
}

/* --- what is missing ---------------------------------------------------------------------------------------------- */

static bool was_asked(const struct hearing_field *field, const json_t *value)
{
    return json_is_array(value) ? json_array_size(value) >= (size_t)field->min
                                : value && !json_is_null(value);
}

static void add_missing(json_t *list, const struct hearing_field *field, const char *pointer)
{
    json_array_append_new(
        list, json_pack("{s:s,s:s,s:s}", "pointer", pointer, "ja", field->ja, "en", field->en));
}

static void visit_missing(void *context, const struct hearing_field *field, const char *pointer,
                          const json_t *parent, const char *name, const json_t *value)
{
    (void)parent;
    (void)name;
    if (!was_asked(field, value))
        add_missing(context, field, pointer);
}

bool hearing_leak_is_possible(const json_t *hearing)
{
    const char *leak = json_string_value(
        json_object_get(json_object_get(hearing, "incident"), "information_leak"));
    return leak && (strcmp(leak, "yes") == 0 || strcmp(leak, "unknown") == 0);
}

/* An empty list hides the fields of its entries: the list itself is then what is missing (the devices). */
static bool hides_stage(const struct hearing_field *list, enum hearing_stage stage)
{
    size_t length = strlen(list->pointer);
    for (size_t i = 0; i < hearing_field_count; i++)
        if (hearing_fields[i].stage == stage &&
            strncmp(hearing_fields[i].pointer, list->pointer, length) == 0 &&
            strncmp(hearing_fields[i].pointer + length, "/N/", 3) == 0)
            return true;
    return false;
}

json_t *hearing_missing(const json_t *hearing, enum hearing_stage stage)
{
    json_t *list = json_array();
    bool leak = stage == HEARING_STAGE_B && hearing_leak_is_possible(hearing);
    for (size_t i = 0; i < hearing_field_count; i++) {
        const struct hearing_field *field = &hearing_fields[i];
        bool due = field->stage == stage || (leak && field->stage == HEARING_STAGE_B_IF_LEAK);
        if (due || (field->type == HEARING_LIST && hides_stage(field, stage)))
            visit_field(hearing, field, visit_missing, list);
    }
    return list;
}

/* --- what leaves -------------------------------------------------------------------------------------------------- */

static void visit_items(void *context, const struct hearing_field *field, const char *pointer,
                        const json_t *parent, const char *name, const json_t *value)
{
    (void)parent;
    (void)name;
    bool entries =
        field->type == HEARING_LIST && json_is_array(value) && json_array_size(value) > 0;
    if (value && !entries) /* of a list, its entries' fields are the items */
        json_array_append_new(context, json_pack("{s:s,s:s,s:s}", "pointer", pointer, "label",
                                                 field->ja, "en", field->en));
}

json_t *hearing_export_items(const json_t *hearing)
{
    json_t *items = json_array();
    for (size_t i = 0; i < hearing_field_count; i++)
        if (hearing_fields[i].to_provider)
            visit_field(hearing, &hearing_fields[i], visit_items, items);
    return items;
}

static json_t *export_node(const struct hearing_node *node, const json_t *value);

static json_t *export_object(const struct hearing_node *node, const json_t *object)
{
    json_t *kept = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(hearing_iterable(object), key, value)
    {
        const struct hearing_node *child = hearing_node_find(node, NULL, key, strlen(key));
        json_t *leaves = child ? export_node(child, value) : NULL;
        if (leaves)
            json_object_set_new(kept, key, leaves);
    }
    return kept;
}

static json_t *export_list(const struct hearing_node *node, const json_t *list)
{
    json_t *kept = json_array();
    size_t index;
    const json_t *entry;
    json_array_foreach(list, index, entry)
        json_array_append_new(kept, export_object(node->first, entry));
    return kept;
}

/* NULL: it stays. An object of which nothing leaves stays as well. */
static json_t *export_node(const struct hearing_node *node, const json_t *value)
{
    switch (node->kind) {
    case HEARING_NODE_OBJECT: {
        json_t *kept = export_object(node, value);
        if (json_object_size(kept) > 0)
            return kept;
        json_decref(kept);
        return NULL;
    }
    case HEARING_NODE_LIST:
        if (!node->field->to_provider)
            return NULL;
        return node->field->type == HEARING_LIST && json_is_array(value) ? export_list(node, value)
                                                                         : json_deep_copy(value);
    case HEARING_NODE_LEAF:
        return node->precision || node->field->to_provider ? json_deep_copy(value) : NULL;
    case HEARING_NODE_CUSTOMER:
    case HEARING_NODE_SOURCES:
        return NULL;
    }
    return NULL;
}

static bool leaves_at(const json_t *exported, const char *pointer)
{
    const json_t *value = exported;
    for (const char *step = pointer; *step == '/' && value;) {
        size_t length = strcspn(step + 1, "/");
        value = json_is_array(value) ? json_array_get(value, strtoul(step + 1, NULL, 10))
                                     : step_into(value, step + 1, length);
        step += length + 1;
    }
    return value != NULL;
}

static json_t *export_sources(const json_t *sources, const json_t *exported)
{
    json_t *kept = json_object();
    const char *pointer;
    json_t *source;
    json_object_foreach(hearing_iterable(sources), pointer,
                        source) if (leaves_at(exported, pointer))
        json_object_set_new(kept, pointer, json_deep_copy(source));
    return kept;
}

json_t *hearing_export(const json_t *hearing)
{
    json_t *exported = export_object(hearing_shape(), hearing);
    json_auto_t *sources = export_sources(json_object_get(hearing, "sources"), exported);
    if (json_object_size(sources) > 0)
        json_object_set(exported, "sources", sources);
    return exported;
}
