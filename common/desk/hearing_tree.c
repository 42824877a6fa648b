/* SPDX-License-Identifier: Apache-2.0 */
/* The validator over a tree, the merge patch, and the one place where a patch is checked before it is merged. */
#include "common/desk/hearing_internal.h"

#include <string.h>

#include "common/desk/limits.h"

struct check {
    struct hearing_errors *errors;
    bool complete; /* what stage A asks for must be there */
    bool customer; /* customer_id may stand beside the hearing */
    bool
        removals; /* null removes a member (RFC 7396); not inside lists, which are replaced as a whole */
};

static void check_value(struct check check, const struct hearing_node *node,
                        const struct hearing_path *path, const json_t *value);

static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            return true;
    return false;
}

static size_t count_characters(const char *text, size_t length)
{
    size_t characters = 0;
    for (size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    return characters;
}

static bool is_blank(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\n\r");
        if (strncmp(text, "\u3000", 3) != 0)
            return *text == '\0';
        text += 3;
    }
}

static int check_string(struct check check, const struct hearing_node *node,
                        const struct hearing_path *path, const json_t *value)
{
    struct hearing_text text = {.data = json_string_value(value),
                                .length = json_string_length(value)};
    text.characters = count_characters(text.data, text.length);
    text.control = has_control(text.data, text.length);
    text.blank = is_blank(text.data);
    if (text.length > HEARING_DECODED_MAX)
        text.data = NULL;
    int choice;
    hearing_check_text(check.errors, path, node, &text, &choice);
    return choice;
}

static void check_list(struct check check, const struct hearing_node *node,
                       const struct hearing_path *path, const json_t *list)
{
    unsigned seen = 0;
    size_t index;
    const json_t *entry;
    check.removals = false;
    json_array_foreach(list, index, entry)
    {
        struct hearing_path here = {.up = path, .index = index};
        if (!json_is_string(entry)) {
            check_value(check, node->first, &here, entry);
            continue;
        }
        int choice = check_string(check, node->first, &here, entry);
        if (choice >= 0 && seen >> choice & 1)
            hearing_error_repeated(check.errors, &here);
        if (choice >= 0)
            seen |= 1U << choice;
    }
    if (json_array_size(list) > (size_t)node->field->max)
        hearing_error_too_many(check.errors, path, node);
}

static void check_sources(struct check check, const struct hearing_node *node,
                          const struct hearing_path *path, const json_t *sources)
{
    const char *key;
    json_t *source;
    json_object_foreach(hearing_iterable(sources), key, source)
    {
        struct hearing_path here = {.up = path, .name = key, .name_length = strlen(key)};
        if (hearing_check_source(check.errors, &here, key, strlen(key)))
            check_value(check, node->first, &here, source);
    }
}

static void check_object(struct check check, const struct hearing_node *node,
                         const struct hearing_path *path, const json_t *object)
{
    const struct hearing_node *child = NULL;
    uint64_t seen = 0;
    const char *key;
    json_t *value;
    json_object_foreach(hearing_iterable(object), key, value)
    {
        struct hearing_path here = {.up = path, .name = key, .name_length = strlen(key)};
        child = hearing_node_find(node, child, key, here.name_length);
        if (!child || (child->kind == HEARING_NODE_CUSTOMER && !check.customer)) {
            hearing_error_unknown(check.errors, &here);
            continue;
        }
        seen |= UINT64_C(1) << child->bit;
        check_value(check, child, &here, value);
    }
    if (check.complete)
        hearing_error_required(check.errors, path, node, seen);
}

static void check_value(struct check check, const struct hearing_node *node,
                        const struct hearing_path *path, const json_t *value)
{
    if (json_is_string(value))
        check_string(check, node, path, value);
    else if (json_is_integer(value))
        hearing_check_integer(check.errors, path, node, json_integer_value(value));
    else if (json_is_object(value) && node->kind == HEARING_NODE_OBJECT)
        check_object(check, node, path, value);
    else if (json_is_object(value) && node->kind == HEARING_NODE_SOURCES)
        check_sources(check, node, path, value);
    else if (json_is_array(value) && node->kind == HEARING_NODE_LIST)
        check_list(check, node, path, value);
    else if (!json_is_null(value) || !check.removals)
        hearing_error_type(check.errors, path, node);
}

static int count_bytes(const char *piece, size_t length, void *total)
{
    (void)piece;
    *(size_t *)total += length;
    return 0;
}

static bool check_whole(struct check check, const json_t *body)
{
    static const struct hearing_path root = {0};
    size_t size = 0;
    check.errors->count = check.errors->found = 0;
    check.errors->unreadable = false;
    check_value(check, hearing_shape(), &root, body);
    json_dump_callback(body, count_bytes, &size, JSON_COMPACT | JSON_ENCODE_ANY);
    if (size > LIMIT_HEARING_BYTES)
        hearing_error_size(check.errors);
    return check.errors->found == 0;
}

bool hearing_check_tree(const json_t *body, bool opening, struct hearing_errors *errors)
{
    return check_whole((struct check){.errors = errors, .complete = opening, .customer = true},
                       body);
}

/* --- merge patch (RFC 7396) --------------------------------------------------------------------------------------- */

json_t *hearing_merge(const json_t *target, const json_t *patch)
{
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *merged = json_is_object(target) ? json_deep_copy(target) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach(hearing_iterable(patch), key, value)
    {
        if (json_is_null(value))
            json_object_del(merged, key);
        else
            json_object_set_new(merged, key, hearing_merge(json_object_get(merged, key), value));
    }
    return merged;
}

static bool holds_list(const struct hearing_node *node)
{
    if (node->kind == HEARING_NODE_LIST)
        return true;
    for (const struct hearing_node *child = node->first; child; child = child->next)
        if (holds_list(child))
            return true;
    return false;
}

/* A list is named by a list, and by whatever is written in its place or in that of the section around it: null, "unknown". */
static bool names_array(const json_t *patch, const struct hearing_node *node)
{
    const char *key;
    json_t *value;
    if (json_is_array(patch))
        return true;
    if (node && (node->kind == HEARING_NODE_LIST || !json_is_object(patch)))
        return holds_list(node);
    json_object_foreach(hearing_iterable(patch), key, value)
    {
        if (names_array(value, node ? hearing_node_find(node, NULL, key, strlen(key)) : NULL))
            return true;
    }
    return false;
}

bool hearing_patch_names_array(const json_t *patch)
{
    return names_array(patch, hearing_shape());
}

/* As the other validator does with a new case: none of them stands in a list. */
static void narrow_emails(const struct hearing_node *node, json_t *value)
{
    char folded[HEARING_DECODED_MAX + 1];
    if (node->kind == HEARING_NODE_LEAF && node->field->type == HEARING_EMAIL &&
        json_is_string(value) &&
        hearing_fold_width(json_string_value(value), json_string_length(value), folded,
                           sizeof folded))
        json_string_set(value, folded);
    if (node->kind != HEARING_NODE_OBJECT)
        return;
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        narrow_emails(hearing_node_find(node, NULL, key, strlen(key)), member);
    }
}

bool hearing_check_patch(const json_t *hearing, json_t *patch, struct hearing_errors *errors,
                         json_t **ret_merged)
{
    if (!check_whole((struct check){.errors = errors, .removals = true}, patch))
        return false;
    narrow_emails(hearing_shape(), patch);
    json_auto_t *merged = hearing_merge(hearing, patch);
    if (!check_whole((struct check){.errors = errors, .complete = true}, merged))
        return false;
    if (ret_merged)
        *ret_merged = TAKE(merged);
    return true;
}
