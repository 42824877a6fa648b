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
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/desk/limits.h"

#define KEY_DECODED_MAX 256
#define KEYS_INLINE 64

struct key {
    size_t object; /* which object it stands in */
    struct bytes raw;
};
struct keys {
    struct key near[KEYS_INLINE];
    struct key *far; /* all of them, once there are more */
    size_t count, capacity;
};

/* Bytes of the body that do not go into the hearing as they are. */
struct cut {
    const char *from, *to;
    char replacement[256];
};

struct scan {
    const char *at, *end;
    struct hearing_errors *errors;
    struct hearing_opening *opening;
    const char *failure; /* code; NULL while readable */
    struct keys keys;
    size_t objects;
    struct cut cuts[2]; /* customer_id, and a full-width e-mail address */
    size_t cut_count;
    int choice; /* of the text just checked */
};

static bool scan_value(struct scan *scan, const struct hearing_node *node,
                       const struct hearing_path *path, int depth);

static bool fail(struct scan *scan, const char *code)
{
    if (!scan->failure)
        scan->failure = code;
    return false;
}

static inline void skip_space(struct scan *scan)
{
    const char *at = scan->at;
    while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    scan->at = at;
}

static inline bool take(struct scan *scan, char expected)
{
    if (scan->at >= scan->end || *scan->at != expected)
        return false;
    scan->at++;
    return true;
}

static bool expect(struct scan *scan, char expected)
{
    return take(scan, expected) || fail(scan, "not_json");
}

/* --- strings: in place ------------------------------------------------------------------------------------------- */

struct string {
    const char *data; /* between the quotes, as it stands */
    size_t length;
    size_t characters;
    bool escaped, control;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u; -1 if they are none. */
static int hex_quad(const char *at, const char *end)
{
    int value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool scan_unicode_escape(struct scan *scan, struct string *string)
{
    int unit = hex_quad(scan->at, scan->end);
    if (unit < 0)
        return fail(scan, "not_json");
    if (unit == 0)
        return fail(scan, "null_character");
    scan->at += 4;
    string->control |= unit < 0x20 && unit != '\t' && unit != '\n' && unit != '\r';
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return fail(scan, "utf8");
    int low = hex_quad(scan->at + 2, scan->end);
    if (low < 0xdc00 || low > 0xdfff)
        return fail(scan, "utf8");
    scan->at += 6;
    return true;
}

static bool scan_escape(struct scan *scan, struct string *string)
{
    string->escaped = true;
    string->characters++;
    if (++scan->at >= scan->end)
        return fail(scan, "not_json");
    char c = *scan->at++;
    if (c == 'u')
        return scan_unicode_escape(scan, string);
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(scan, "not_json");
    string->control |= c == 'b' || c == 'f';
    return true;
}

static inline bool is_continued(const unsigned char *c, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if ((c[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Length of the UTF-8 sequence of more than one byte at `c`, 0 if it is none (RFC 3629, table 3-7 of Unicode). */
static size_t sequence_length(const unsigned char *c, size_t left)
{
    if (c[0] >= 0xc2 && c[0] <= 0xdf)
        return left >= 2 && is_continued(c, 1) ? 2 : 0;
    if ((c[0] & 0xf0) == 0xe0) {
        bool in_range =
            left >= 3 && (c[0] != 0xe0 || c[1] >= 0xa0) && (c[0] != 0xed || c[1] <= 0x9f);
        return in_range && is_continued(c, 2) ? 3 : 0;
    }
    if (c[0] >= 0xf0 && c[0] <= 0xf4) {
        bool in_range =
            left >= 4 && (c[0] != 0xf0 || c[1] >= 0x90) && (c[0] != 0xf4 || c[1] <= 0x8f);
        return in_range && is_continued(c, 3) ? 4 : 0;
    }
    return 0;
}

/* Kana and most kanji: U+1000 to U+CFFF. Nothing in that range needs the finer checks of sequence_length. */
static inline bool is_common_three(const char *at)
{
    uint32_t word;
    memcpy(&word, at, 4);
    word = le32toh(word);
    return (word & 0x00c0c0f0) == 0x008080e0 && (word & 0xff) != 0xe0 && (word & 0xff) != 0xed;
}

/* A run of characters of more than one byte. */
static bool scan_wide(struct scan *scan, struct string *string)
{
    const char *at = scan->at;
    while (scan->end - at >= 4 && is_common_three(at)) {
        at += 3;
        string->characters++;
    }
    if (at == scan->at) {
        size_t length = sequence_length((const unsigned char *)at, (size_t)(scan->end - at));
        if (length == 0)
            return fail(scan, "utf8");
        at += length;
        string->characters++;
    }
    scan->at = at;
    return true;
}

/* Passes printable ASCII eight bytes at a time, up to the first byte that is a quote, a backslash, a control or not ASCII.
 * (Bit tricks: a byte below n borrows into its top bit; a byte equal to q becomes zero under xor.) */
static inline void scan_plain(struct scan *scan, struct string *string)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    const char *at = scan->at;
    while (scan->end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        word = le64toh(word);
        uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        uint64_t special =
            (((word - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~word) | word;
        special &= tops;
        if (special) {
            at += __builtin_ctzll(special) / 8;
            break;
        }
        at += 8;
    }
    string->characters += (size_t)(at - scan->at);
    scan->at = at;
}

static bool scan_string(struct scan *scan, struct string *string)
{
    *string = (struct string){.data = ++scan->at};
    for (;;) {
        scan_plain(scan, string);
        if (scan->at >= scan->end)
            return fail(scan, "not_json");
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"')
            break;
        if (c >= 0x80) {
            if (!scan_wide(scan, string))
                return false;
        } else if (c == '\\') {
            if (!scan_escape(scan, string))
                return false;
        } else if (c < 0x20) {
            return fail(scan, "not_json");
        } else {
            scan->at++;
            string->characters++;
        }
    }
    string->length = (size_t)(scan->at++ - string->data);
    return true;
}

/* --- strings: decoded, where that is needed ----------------------------------------------------------------------- */

static size_t encode(uint32_t point, char *ret_text)
{
    unsigned char *c = (unsigned char *)ret_text;
    if (point < 0x80) {
        c[0] = (unsigned char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        c[i] = (unsigned char)(0x80 | (point & 0x3f));
    c[0] = (unsigned char)(leads[length] | point);
    return length;
}

static uint32_t escaped_point(const char **at)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = *(*at)++;
    const char *name = strchr(names, c);
    if (c != 'u')
        return name ? (uint32_t)values[name - names] : (uint32_t)c;
    uint32_t unit = (uint32_t)hex_quad(*at, *at + 4);
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    uint32_t low = (uint32_t)hex_quad(*at + 2, *at + 6);
    *at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/* One character of a string that scan_string has passed, decoded; 1 to 4 bytes. */
static size_t next_character(const char **at, const char *end, char ret_text[4])
{
    if (**at == '\\') {
        ++*at;
        return encode(escaped_point(at), ret_text);
    }
    size_t length = 1;
    ret_text[0] = *(*at)++;
    while (*at < end && ((unsigned char)**at & 0xc0) == 0x80)
        ret_text[length++] = *(*at)++;
    return length;
}

/* Decodes as many whole characters as fit; false if not all did. */
static bool decode(struct bytes raw, char *ret_text, size_t size, size_t *ret_length)
{
    const char *at = raw.data, *end = at + raw.length;
    *ret_length = 0;
    while (at < end) {
        char character[4];
        size_t length = next_character(&at, end, character);
        if (*ret_length + length > size)
            return false;
        memcpy(ret_text + *ret_length, character, length);
        *ret_length += length;
    }
    return true;
}

static bool is_blank(const struct string *string)
{
    const char *at = string->data, *end = at + string->length;
    if (at < end && *at > ' ' && *at != '\\')
        return false;
    while (at < end) {
        char character[4];
        size_t length = next_character(&at, end, character);
        bool space = length == 1 && strchr(" \t\n\r", character[0]);
        if (!space && !(length == 3 && memcmp(character, "\u3000", 3) == 0))
            return false;
    }
    return true;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void keys_add(struct keys *keys, size_t object, struct bytes raw)
{
    if (keys->count == KEYS_INLINE && !keys->far) {
        keys->capacity = 4 * KEYS_INLINE;
        keys->far = mem_resize(NULL, keys->capacity, sizeof keys->far[0]);
        memcpy(keys->far, keys->near, sizeof keys->near);
    }
    if (keys->far && keys->count == keys->capacity)
        keys->far = mem_resize(keys->far, keys->capacity *= 2, sizeof keys->far[0]);
    (keys->far ? keys->far : keys->near)[keys->count++] = (struct key){object, raw};
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    const char *a_at = a->raw.data, *a_end = a_at + a->raw.length;
    const char *b_at = b->raw.data, *b_end = b_at + b->raw.length;
    while (a_at < a_end && b_at < b_end) {
        char a_text[4] = {0}, b_text[4] = {0};
        next_character(&a_at, a_end, a_text);
        next_character(&b_at, b_end, b_text);
        int order = memcmp(a_text, b_text, sizeof a_text);
        if (order != 0)
            return order;
    }
    return (a_at < a_end) - (b_at < b_end);
}

static bool keys_are_unique(struct keys *keys)
{
    struct key *list = keys->far ? keys->far : keys->near;
    if (keys->count > 1)
        qsort(list, keys->count, sizeof list[0], compare_keys);
    for (size_t i = 1; i < keys->count; i++)
        if (compare_keys(&list[i - 1], &list[i]) == 0)
            return false;
    return true;
}

/* --- numbers and words -------------------------------------------------------------------------------------------- */

static size_t scan_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - first);
}

static bool scan_fraction(struct scan *scan, bool *ret_real)
{
    if (take(scan, '.')) {
        *ret_real = true;
        if (scan_digits(scan) == 0)
            return fail(scan, "not_json");
    }
    if (take(scan, 'e') || take(scan, 'E')) {
        *ret_real = true;
        if (!take(scan, '+'))
            take(scan, '-');
        if (scan_digits(scan) == 0)
            return fail(scan, "not_json");
    }
    return true;
}

/* A token that ends before the end of the body, so the conversions stop at a byte that is there. */
static bool scan_number(struct scan *scan, const struct hearing_node *node,
                        const struct hearing_path *path)
{
    const char *first = scan->at;
    bool real = false;
    take(scan, '-');
    const char *digits = scan->at;
    size_t count = scan_digits(scan);
    if (count == 0 || (count > 1 && *digits == '0') || !scan_fraction(scan, &real) ||
        scan->at >= scan->end)
        return fail(scan, "not_json");
    errno = 0;
    if (real) {
        double value = strtod(first, NULL);
        if (isinf(value))
            return fail(scan, "number");
        if (node)
            hearing_error_type(scan->errors, path, node);
        return true;
    }
    int64_t value = strtoll(first, NULL, 10);
    if (errno == ERANGE)
        return fail(scan, "number");
    if (node)
        hearing_check_integer(scan->errors, path, node, value);
    return true;
}

static bool scan_word(struct scan *scan, const struct hearing_node *node,
                      const struct hearing_path *path)
{
    static const char *const words[] = {"null", "true", "false"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, words[i], length) != 0)
            continue;
        scan->at += length;
        if (node)
            hearing_error_type(scan->errors, path, node);
        return true;
    }
    return fail(scan, "not_json");
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static void keep_customer(struct scan *scan, const struct hearing_text *text)
{
    assert(text->length < sizeof scan->opening->customer_text);
    memcpy(scan->opening->customer_text, text->data, text->length);
    scan->opening->customer_text[text->length] = '\0';
    scan->opening->customer_id = (struct bytes){scan->opening->customer_text, text->length};
}

static void keep_narrow_email(struct scan *scan, const struct hearing_text *text,
                              const struct string *string)
{
    struct cut *cut = &scan->cuts[scan->cut_count];
    if (!hearing_fold_width(text->data, text->length, cut->replacement, sizeof cut->replacement))
        return;
    cut->from = string->data;
    cut->to = string->data + string->length;
    scan->cut_count++;
}

static void text_of(const struct string *string, char decoded[HEARING_DECODED_MAX],
                    struct hearing_text *ret_text)
{
    ret_text->length = string->length;
    ret_text->characters = string->characters;
    ret_text->control = string->control;
    ret_text->blank = is_blank(string);
    if (string->escaped) {
        struct bytes raw = {string->data, string->length};
        ret_text->data =
            decode(raw, decoded, HEARING_DECODED_MAX, &ret_text->length) ? decoded : NULL;
    } else {
        ret_text->data = string->length <= HEARING_DECODED_MAX ? string->data : NULL;
    }
}

static bool scan_text(struct scan *scan, const struct hearing_node *node,
                      const struct hearing_path *path)
{
    struct string string;
    if (!scan_string(scan, &string))
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
        return fail(scan, "too_deep");
    node = fitting(scan, node, path, HEARING_NODE_LIST);
    struct hearing_path here = {.up = path};
    unsigned seen = 0;
    scan->at++;
    skip_space(scan);
    if (take(scan, ']'))
        return true;
    do {
        skip_space(scan);
        scan->choice = -1;
        if (!scan_value(scan, node ? node->first : NULL, &here, depth))
            return false;
        bool chosen = node && node->first->kind == HEARING_NODE_LEAF && scan->choice >= 0;
        if (chosen && seen >> scan->choice & 1)
            hearing_error_repeated(scan->errors, &here);
        if (chosen)
            seen |= 1U << scan->choice;
        here.index++;
        skip_space(scan);
    } while (take(scan, ','));
    if (node && here.index > (size_t)node->field->max)
        hearing_error_too_many(scan->errors, path, node);
    return expect(scan, ']');
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
            return fail(scan, "duplicate_key");
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
    keys_add(&scan->keys, member->serial, raw);
    return true;
}

static bool scan_member(struct scan *scan, struct member *member, int depth)
{
    struct string key;
    char decoded[KEY_DECODED_MAX];
    if (scan->at >= scan->end || *scan->at != '"')
        return fail(scan, "not_json");
    if (!scan_string(scan, &key))
        return false;
    struct bytes raw = {key.data, key.length};
    struct hearing_path here = {.up = member->path, .name = key.data, .name_length = key.length};
    if (key.escaped) {
        decode(raw, decoded, sizeof decoded, &here.name_length);
        here.name = decoded;
    }
    const struct hearing_node *node;
    if (!place_key(scan, member, &here, raw, &node))
        return false;
    skip_space(scan);
    if (!expect(scan, ':'))
        return false;
    skip_space(scan);
    return scan_value(scan, node, &here, depth);
}

/* Remembers customer_id's bytes with one comma: the one before it, or behind it where it is the first. */
static void cut_customer(struct scan *scan, const char *comma, const char *first)
{
    struct cut *cut = &scan->cuts[scan->cut_count++];
    *cut = (struct cut){.from = comma ? comma : first, .to = scan->at};
    if (comma)
        return;
    const char *at = scan->at;
    skip_space(scan);
    cut->to = take(scan, ',') ? scan->at : at;
    scan->at = at;
}

static bool scan_object(struct scan *scan, const struct hearing_node *node,
                        const struct hearing_path *path, int depth)
{
    if (depth > LIMIT_JSON_DEPTH)
        return fail(scan, "too_deep");
    node = fitting(scan, node, path, HEARING_NODE_OBJECT);
    struct member member = {.object = node, .path = path, .serial = scan->objects++};
    scan->at++;
    skip_space(scan);
    bool empty = take(scan, '}');
    for (const char *comma = NULL; !empty;) {
        skip_space(scan);
        const char *first = scan->at;
        struct bytes customer = scan->opening->customer_id;
        if (!scan_member(scan, &member, depth))
            return false;
        if (!customer.data && scan->opening->customer_id.data && !path->up)
            cut_customer(scan, comma, first);
        skip_space(scan);
        comma = scan->at;
        if (!take(scan, ','))
            break;
    }
    if (!empty && !expect(scan, '}'))
        return false;
    if (node && node->kind == HEARING_NODE_OBJECT)
        hearing_error_required(scan->errors, path, node, member.seen);
    return true;
}

static bool scan_value(struct scan *scan, const struct hearing_node *node,
                       const struct hearing_path *path, int depth)
{
    if (scan->at >= scan->end)
        return fail(scan, "not_json");
    char c = *scan->at;
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
    skip_space(scan);
    *ret_first = scan->at;
    if (scan->at >= scan->end || (*scan->at != '{' && *scan->at != '['))
        return fail(scan, "not_json");
    if (!scan_value(scan, hearing_shape(), &root, 0))
        return false;
    *ret_last = scan->at;
    skip_space(scan);
    if (scan->at != scan->end)
        return fail(scan, "not_json");
    return keys_are_unique(&scan->keys) || fail(scan, "duplicate_key");
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

static void keys_free(struct scan *scan)
{
    free(scan->keys.far);
}

bool hearing_check_opening(const char *body, size_t length, struct hearing_opening *ret_opening,
                           struct buf *out, struct hearing_errors *errors)
{
    CLEANUP(keys_free) struct scan scan;
    scan.at = body;
    scan.end = body + length;
    scan.errors = errors;
    scan.opening = ret_opening;
    scan.failure = NULL;
    scan.keys.far = NULL;
    scan.keys.count = scan.keys.capacity = scan.objects = scan.cut_count = 0;
    const char *first, *last;
    *ret_opening = (struct hearing_opening){0};
    errors->count = errors->found = 0;
    errors->unreadable = false;
    if (!scan_body(&scan, &first, &last)) {
        report_failure(errors, scan.failure);
        return false;
    }
    if (last - first > LIMIT_HEARING_BYTES)
        hearing_error_size(errors);
    if (errors->found == 0 && out)
        write_hearing(&scan, first, last, out);
    return errors->found == 0;
}
