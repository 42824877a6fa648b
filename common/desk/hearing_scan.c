/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator for the hot path: one pass over the bytes of POST /v1/cases, driven by the table, without a tree. A tree
 * costs 25 µs per case of about 70 µs per request, this pass about 1 µs. It is as strict a JSON reader as event_parse_json
 * (RFC 8259; duplicate keys, depth over 16, invalid UTF-8, lone surrogates, U+0000, numbers out of range and trailing
 * bytes are refused); a differential test holds the two together.
 *
 * Memory: only keys that the table does not know (an error, or `sources`) are remembered, to find those that stand
 * twice; past 64 of them on the heap. Known keys have a bit each.
 */
#include "common/desk/hearing_internal.h"

#include <assert.h>
#include <string.h>

#include "common/desk/hearing_lex.h"
#include "common/desk/limits.h"

#define KEY_DECODED_MAX 256

/* Bytes of the body that do not go into the hearing as they are. */
struct cut {
    const char *from, *to;
    char replacement[256];
};

struct scan {
    struct lex lex;
    struct hearing_errors *errors;
    struct hearing_opening *opening;
    struct lex_keys keys;
    size_t objects;
    struct cut cuts[1 + HEARING_EMAILS_MAX]; /* customer_id, and full-width e-mail addresses */
    size_t cut_count;
    int choice; /* of the text just checked */
};

static bool scan_value(struct scan *scan, const struct hearing_node *node,
                       const struct hearing_path *path, int depth);

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool scan_number(struct scan *scan, const struct hearing_node *node,
                        const struct hearing_path *path)
{
    bool real;
    int64_t value;
    if (!lex_number(&scan->lex, &real, &value))
        return false;
    if (node && real)
        hearing_error_type(scan->errors, path, node);
    else if (node)
        hearing_check_integer(scan->errors, path, node, value);
    return true;
}

static bool scan_word(struct scan *scan, const struct hearing_node *node,
                      const struct hearing_path *path)
{
    if (!lex_word(&scan->lex))
        return false;
    if (node)
        hearing_error_type(scan->errors, path, node);
    return true;
}

static struct cut *next_cut(struct scan *scan)
{
    assert(scan->cut_count < COUNT_OF(scan->cuts));
    return &scan->cuts[scan->cut_count];
}

static void keep_customer(struct scan *scan, const struct hearing_text *text)
{
    assert(text->data && text->length < sizeof scan->opening->customer_text);
    memcpy(scan->opening->customer_text, text->data, text->length);
    scan->opening->customer_text[text->length] = '\0';
    scan->opening->customer_id = (struct bytes){scan->opening->customer_text, text->length};
}

static void keep_narrow_email(struct scan *scan, const struct hearing_text *text,
                              const struct lex_string *string)
{
    struct cut *cut = next_cut(scan);
    if (!hearing_fold_width(text->data, text->length, cut->replacement, sizeof cut->replacement))
        return;
    cut->from = string->data;
    cut->to = string->data + string->length;
    scan->cut_count++;
}

static void text_of(const struct lex_string *string, char decoded[HEARING_DECODED_MAX],
                    struct hearing_text *ret_text)
{
    ret_text->length = string->length;
    ret_text->characters = string->characters;
    ret_text->control = string->control;
    ret_text->blank = lex_is_blank(string);
    if (string->escaped) {
        struct bytes raw = {string->data, string->length};
        ret_text->data =
            lex_decode(raw, decoded, HEARING_DECODED_MAX, &ret_text->length) ? decoded : NULL;
    } else {
        ret_text->data = string->length <= HEARING_DECODED_MAX ? string->data : NULL;
    }
}

static bool scan_text(struct scan *scan, const struct hearing_node *node,
                      const struct hearing_path *path)
{
    struct lex_string string;
    if (!lex_string(&scan->lex, &string))
        return false;
    if (!node)
        return true;
    char decoded[HEARING_DECODED_MAX];
    struct hearing_text text;
    text_of(&string, decoded, &text);
    if (!hearing_check_text(scan->errors, path, node, &text, &scan->choice))
        return true;
    if (node->kind == HEARING_NODE_CUSTOMER)
        keep_customer(scan, &text);
    else if (node->kind == HEARING_NODE_LEAF && node->field->type == HEARING_EMAIL)
        keep_narrow_email(scan, &text, &string);
    return true;
}

static const struct hearing_node *fitting(struct scan *scan, const struct hearing_node *node,
                                          const struct hearing_path *path,
                                          enum hearing_node_kind kind)
{
    bool sources = kind == HEARING_NODE_OBJECT && node && node->kind == HEARING_NODE_SOURCES;
    if (!node || node->kind == kind || sources)
        return node;
    hearing_error_type(scan->errors, path, node);
    return NULL;
}

static bool scan_list(struct scan *scan, const struct hearing_node *node,
                      const struct hearing_path *path, int depth)
{
    if (depth > LIMIT_JSON_DEPTH)
        return lex_fail(&scan->lex, "too_deep");
    node = fitting(scan, node, path, HEARING_NODE_LIST);
    struct hearing_path here = {.up = path};
    unsigned seen = 0;
    scan->lex.at++;
    lex_skip_space(&scan->lex);
    if (lex_take(&scan->lex, ']'))
        return true;
    do {
        lex_skip_space(&scan->lex);
        scan->choice = -1;
        if (!scan_value(scan, node ? node->first : NULL, &here, depth))
            return false;
        bool chosen = node && node->first->kind == HEARING_NODE_LEAF && scan->choice >= 0;
        if (chosen && seen >> scan->choice & 1)
            hearing_error_repeated(scan->errors, &here);
        if (chosen)
            seen |= 1U << scan->choice;
        here.index++;
        lex_skip_space(&scan->lex);
    } while (lex_take(&scan->lex, ','));
    if (node && here.index > (size_t)node->field->max)
        hearing_error_too_many(scan->errors, path, node);
    return lex_expect(&scan->lex, ']');
}

struct member {
    const struct hearing_node *object; /* NULL: of an object that is only read over */
    const struct hearing_path *path;
    const struct hearing_node
        *found; /* the last member of the table that was found, the next one's hint */
    size_t serial;
    uint64_t seen;
};

/* Which node the value of this key belongs to; NULL: to none. False: the key stands twice. */
static bool place_key(struct scan *scan, struct member *member, struct hearing_path *here,
                      struct bytes raw, const struct hearing_node **ret_node)
{
    *ret_node = NULL;
    if (member->object && member->object->kind == HEARING_NODE_OBJECT) {
        const struct hearing_node *found =
            hearing_node_find(member->object, member->found, here->name, here->name_length);
        if (found && member->seen >> found->bit & 1)
            return lex_fail(&scan->lex, "duplicate_key");
        if (found) {
            member->seen |= UINT64_C(1) << found->bit;
            *ret_node = member->found = found;
            return true;
        }
        hearing_error_unknown(scan->errors, here);
    } else if (member->object &&
               hearing_check_source(scan->errors, here, here->name, here->name_length)) {
        *ret_node = member->object->first;
    }
    lex_keys_add(&scan->keys, member->serial, raw);
    return true;
}

static bool scan_member(struct scan *scan, struct member *member, int depth)
{
    struct lex_string key;
    char decoded[KEY_DECODED_MAX];
    if (scan->lex.at >= scan->lex.end || *scan->lex.at != '"')
        return lex_fail(&scan->lex, "not_json");
    if (!lex_string(&scan->lex, &key))
        return false;
    struct bytes raw = {key.data, key.length};
    struct hearing_path here = {.up = member->path, .name = key.data, .name_length = key.length};
    if (key.escaped) {
        lex_decode(raw, decoded, sizeof decoded, &here.name_length);
        here.name = decoded;
    }
    const struct hearing_node *node;
    if (!place_key(scan, member, &here, raw, &node))
        return false;
    lex_skip_space(&scan->lex);
    if (!lex_expect(&scan->lex, ':'))
        return false;
    lex_skip_space(&scan->lex);
    return scan_value(scan, node, &here, depth);
}

/* Remembers customer_id's bytes with one comma: the one before it, or behind it where it is the first. */
static void cut_customer(struct scan *scan, const char *comma, const char *first)
{
    struct cut *cut = next_cut(scan);
    *cut = (struct cut){.from = comma ? comma : first, .to = scan->lex.at};
    scan->cut_count++;
    if (comma)
        return;
    const char *at = scan->lex.at;
    lex_skip_space(&scan->lex);
    cut->to = lex_take(&scan->lex, ',') ? scan->lex.at : at;
    scan->lex.at = at;
}

static bool scan_object(struct scan *scan, const struct hearing_node *node,
                        const struct hearing_path *path, int depth)
{
    if (depth > LIMIT_JSON_DEPTH)
        return lex_fail(&scan->lex, "too_deep");
    node = fitting(scan, node, path, HEARING_NODE_OBJECT);
    struct member member = {.object = node, .path = path, .serial = scan->objects++};
    scan->lex.at++;
    lex_skip_space(&scan->lex);
    bool empty = lex_take(&scan->lex, '}');
    for (const char *comma = NULL; !empty;) {
        lex_skip_space(&scan->lex);
        const char *first = scan->lex.at;
        struct bytes customer = scan->opening->customer_id;
        if (!scan_member(scan, &member, depth))
            return false;
        if (!customer.data && scan->opening->customer_id.data && !path->up)
            cut_customer(scan, comma, first);
        lex_skip_space(&scan->lex);
        comma = scan->lex.at;
        if (!lex_take(&scan->lex, ','))
            break;
    }
    if (!empty && !lex_expect(&scan->lex, '}'))
        return false;
    if (node && node->kind == HEARING_NODE_OBJECT)
        hearing_error_required(scan->errors, path, node, member.seen);
    return true;
}

static bool scan_value(struct scan *scan, const struct hearing_node *node,
                       const struct hearing_path *path, int depth)
{
    if (scan->lex.at >= scan->lex.end)
        return lex_fail(&scan->lex, "not_json");
    char c = *scan->lex.at;
    if (c == '"')
        return scan_text(scan, node, path);
    if (c == '{')
        return scan_object(scan, node, path, depth + 1);
    if (c == '[')
        return scan_list(scan, node, path, depth + 1);
    return c == '-' || (c >= '0' && c <= '9') ? scan_number(scan, node, path)
                                              : scan_word(scan, node, path);
}

/* --- the body ----------------------------------------------------------------------------------------------------- */

static bool scan_body(struct scan *scan, const char **ret_first, const char **ret_last)
{
    static const struct hearing_path root = {0};
    lex_skip_space(&scan->lex);
    *ret_first = scan->lex.at;
    if (scan->lex.at >= scan->lex.end || (*scan->lex.at != '{' && *scan->lex.at != '['))
        return lex_fail(&scan->lex, "not_json");
    if (!scan_value(scan, hearing_shape(), &root, 0))
        return false;
    *ret_last = scan->lex.at;
    lex_skip_space(&scan->lex);
    if (scan->lex.at != scan->lex.end)
        return lex_fail(&scan->lex, "not_json");
    return lex_keys_are_unique(&scan->keys) || lex_fail(&scan->lex, "duplicate_key");
}

static void report_failure(struct hearing_errors *errors, const char *code)
{
    static const struct {
        const char *code, *message;
    } rows[] = {
        {"not_json", "not readable as JSON (RFC 8259)"},
        {"utf8", "not readable: invalid UTF-8 or a lone surrogate"},
        {"duplicate_key", "not readable: a member stands twice in the same object"},
        {"too_deep", "not readable: nested deeper than 16 levels"},
        {"number", "not readable: a number out of range"},
        {"null_character", "not readable: the character U+0000"},
    };
    errors->count = errors->found = 0;
    errors->unreadable = true;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].code, code) == 0)
            hearing_error_add(errors, NULL, rows[i].code, "%s", rows[i].message);
}

static void write_hearing(const struct scan *scan, const char *first, const char *last,
                          struct buf *out)
{
    for (size_t i = 0; i < scan->cut_count; i++) {
        buf_add(out, first, (size_t)(scan->cuts[i].from - first));
        buf_add_text(out, scan->cuts[i].replacement);
        first = scan->cuts[i].to;
    }
    buf_add(out, first, (size_t)(last - first));
}

static void scan_free(struct scan *scan)
{
    lex_keys_free(&scan->keys);
}

bool hearing_check_opening(const char *body, size_t length, struct hearing_opening *ret_opening,
                           struct buf *out, struct hearing_errors *errors)
{
    CLEANUP(scan_free) struct scan scan;
    scan.lex.at = body;
    scan.lex.end = body + length;
    scan.errors = errors;
    scan.opening = ret_opening;
    scan.lex.failure = NULL;
    scan.keys.far = NULL;
    scan.keys.count = scan.keys.capacity = scan.objects = scan.cut_count = 0;
    const char *first, *last;
    *ret_opening = (struct hearing_opening){0};
    errors->count = errors->found = 0;
    errors->unreadable = false;
    if (!scan_body(&scan, &first, &last)) {
        report_failure(errors, scan.lex.failure);
        return false;
    }
    if (last - first > LIMIT_HEARING_BYTES)
        hearing_error_size(errors);
    if (errors->found == 0 && out)
        write_hearing(&scan, first, last, out);
    return errors->found == 0;
}
