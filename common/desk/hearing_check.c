/* SPDX-License-Identifier: Apache-2.0 */
/* What both validators say about a single value, and how they say it. */
#include "common/desk/hearing_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/desk/limits.h"

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* Cuts at a character, so that the pointer stays UTF-8. */
static void append_cut(char *text, size_t size, size_t *length, const char *piece,
                       size_t piece_length)
{
    size_t room = size - 1 - *length;
    size_t taken = utf8_cut((struct bytes){piece, piece_length}, room).length;
    memcpy(text + *length, piece, taken);
    *length += taken;
    text[*length] = '\0';
}

static void append_name(char *text, size_t size, size_t *length, const struct hearing_path *path)
{
    for (size_t i = 0, plain = 0; i <= path->name_length; i++) {
        bool special = i < path->name_length && (path->name[i] == '~' || path->name[i] == '/');
        if (!special && i < path->name_length)
            continue;
        append_cut(text, size, length, path->name + plain, i - plain);
        if (special)
            append_cut(text, size, length, path->name[i] == '~' ? "~0" : "~1", 2);
        plain = i + 1;
    }
}

/* RFC 6901. */
static void append_path(char *text, size_t size, size_t *length, const struct hearing_path *path)
{
    if (!path || !path->up)
        return;
    append_path(text, size, length, path->up);
    append_cut(text, size, length, "/", 1);
    if (path->name) {
        append_name(text, size, length, path);
        return;
    }
    char index[24];
    append_cut(text, size, length, index,
               (size_t)snprintf(index, sizeof index, "%zu", path->index));
}

void hearing_error_add(struct hearing_errors *errors, const struct hearing_path *path,
                       const char *code, const char *format, ...)
{
    errors->found++;
    if (errors->count == HEARING_ERRORS_MAX)
        return;
    struct hearing_error *error = &errors->list[errors->count++];
    size_t length = 0;
    error->pointer[0] = '\0';
    append_path(error->pointer, sizeof error->pointer, &length, path);
    error->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
}

static const char *expected_of(const struct hearing_node *node)
{
    if (node->kind == HEARING_NODE_OBJECT || node->kind == HEARING_NODE_SOURCES)
        return "an object";
    if (node->kind == HEARING_NODE_LIST)
        return "a list";
    return node->kind == HEARING_NODE_LEAF && node->field->type == HEARING_INTEGER
               ? "a whole number"
               : "text";
}

void hearing_error_type(struct hearing_errors *errors, const struct hearing_path *path,
                        const struct hearing_node *node)
{
    hearing_error_add(errors, path, "type", "expected %s%s", expected_of(node),
                      node->answers ? ", \"unknown\" or \"declined\"" : "");
}

void hearing_error_too_many(struct hearing_errors *errors, const struct hearing_path *path,
                            const struct hearing_node *node)
{
    hearing_error_add(errors, path, "too_many", "expected at most %lld entries",
                      (long long)node->field->max);
}

void hearing_error_repeated(struct hearing_errors *errors, const struct hearing_path *path)
{
    hearing_error_add(errors, path, "duplicate", "each choice may stand only once");
}

void hearing_error_unknown(struct hearing_errors *errors, const struct hearing_path *path)
{
    hearing_error_add(errors, path, "unknown_field", "not a field of the hearing sheet");
}

void hearing_error_size(struct hearing_errors *errors)
{
    hearing_error_add(errors, NULL, "too_long", "expected a hearing of at most %d bytes",
                      LIMIT_HEARING_BYTES);
}

void hearing_error_required(struct hearing_errors *errors, const struct hearing_path *path,
                            const struct hearing_node *node, uint64_t seen)
{
    uint64_t missing = node->required & ~seen;
    for (const struct hearing_node *child = node->first; missing && child; child = child->next) {
        if (!(missing >> child->bit & 1))
            continue;
        struct hearing_path here = {
            .up = path, .name = child->name, .name_length = child->name_length};
        if (child->kind == HEARING_NODE_OBJECT)
            hearing_error_required(errors, &here, child, 0);
        else
            hearing_error_add(errors, &here, "required", "needed to open a case: %s",
                              child->field->en);
    }
}

/* --- full and half width ------------------------------------------------------------------------------------------ */

/* The ASCII character that stands at `text`, whatever its width; 0 if it is another one. */
static char narrow_at(const char *text, size_t left, size_t *ret_length)
{
    const unsigned char *c = (const unsigned char *)text;
    *ret_length = 1;
    if (c[0] < 0x80)
        return text[0];
    while (*ret_length < left && (c[*ret_length] & 0xc0) == 0x80)
        (*ret_length)++;
    if (*ret_length != 3)
        return 0;
    unsigned point = (c[0] & 0x0fU) << 12 | (c[1] & 0x3fU) << 6 | (c[2] & 0x3fU);
    return (char)(point >= 0xff01 && point <= 0xff5e ? point - 0xff01 + '!' : 0);
}

bool hearing_fold_width(const char *text, size_t length, char *ret_text, size_t size)
{
    size_t written = 0;
    for (size_t i = 0, step; i < length; i += step) {
        char narrow = narrow_at(text + i, length - i, &step);
        size_t wide = narrow ? 1 : step;
        if (written + wide + 1 > size)
            return false;
        memcpy(ret_text + written, narrow ? &narrow : text + i, wide);
        written += wide;
    }
    ret_text[written] = '\0';
    return written != length;
}

static size_t count_digits(const char *text, size_t length)
{
    size_t digits = 0;
    for (size_t i = 0, step; i < length; i += step) {
        char narrow = narrow_at(text + i, length - i, &step);
        digits += narrow >= '0' && narrow <= '9';
    }
    return digits;
}

void hearing_phone_digits(const char *phone, char *ret_digits, size_t size)
{
    assert(size > 0);
    size_t length = strlen(phone), written = 0;
    bool abroad = false;
    for (size_t i = 0, step; i < length; i += step) {
        char narrow = narrow_at(phone + i, length - i, &step);
        abroad |= narrow == '+' && written == 0;
        if (narrow >= '0' && narrow <= '9' && written + 1 < size)
            ret_digits[written++] = narrow;
    }
    ret_digits[written] = '\0';
    if (abroad && strncmp(ret_digits, "81", 2) == 0) {
        size_t drop = ret_digits[2] == '0' ? 2 : 1; /* +81 (0)3 and +81 3 are both 03 */
        memmove(ret_digits, ret_digits + drop, written - drop + 1);
        ret_digits[0] = '0';
    }
}

/* --- formats ------------------------------------------------------------------------------------------------------ */

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool hearing_customer_id_is_valid(struct bytes text)
{
    const char *c = text.data;
    for (size_t i = 0; i < text.length; i++)
        if (!(c[i] == '-' || (c[i] >= '0' && c[i] <= '9') || (c[i] >= 'A' && c[i] <= 'Z')))
            return false;
    return text.length >= 1 && text.length <= 20;
}

/* The unquoted form of RFC 5321, plus dots anywhere: Japanese carriers gave out addresses with two in a row. */
static bool is_local_part(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_letter_or_digit(text[i]) && (!text[i] || !strchr(".!#$%&'*+-/=?^_`{|}~", text[i])))
            return false;
    return length >= 1 && length <= 64;
}

static bool is_label(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_letter_or_digit(text[i]) && text[i] != '-')
            return false;
    return length >= 1 && length <= 63 && text[0] != '-' && text[length - 1] != '-';
}

static bool is_domain(const char *text, size_t length)
{
    const char *end = text + length;
    size_t labels = 0;
    for (const char *label = text; label <= end; labels++) {
        const char *dot = memchr(label, '.', (size_t)(end - label));
        const char *stop = dot ? dot : end;
        if (!is_label(label, (size_t)(stop - label)))
            return false;
        label = stop + 1;
    }
    return labels >= 2;
}

bool hearing_email_is_valid(struct bytes text)
{
    char folded[HEARING_DECODED_MAX + 1];
    bool changed = hearing_fold_width(text.data, text.length, folded, sizeof folded);
    const char *address = changed ? folded : text.data;
    size_t length = changed ? strlen(folded) : text.length;
    const char *at = memchr(address, '@', length);
    size_t local = at ? (size_t)(at - address) : 0;
    return at && length <= 254 && is_local_part(address, local) &&
           is_domain(at + 1, length - local - 1);
}

static bool is_address(const struct hearing_text *text)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char binary[16];
    if (text->length >= sizeof address || memchr(text->data, '\0', text->length))
        return false;
    memcpy(address, text->data, text->length);
    address[text->length] = '\0';
    return inet_pton(AF_INET, address, binary) == 1 || inet_pton(AF_INET6, address, binary) == 1;
}

/* 00-11-22-AA-BB-CC, with colons, dots or nothing between. */
static bool is_mac(const struct hearing_text *text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text->length; i++) {
        char c = text->data[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!hex && (i == 0 || (c != ':' && c != '-' && c != '.')))
            return false;
        digits += hex;
    }
    return digits == 12;
}

static bool is_time(const struct hearing_text *text)
{
    int64_t time_us;
    return clock_parse_said(text->data, text->length, &time_us);
}

static int choice_of(const char *choices, const struct hearing_text *text)
{
    int index = 0;
    for (const char *choice = choices;; index++) {
        size_t length = strcspn(choice, "|");
        if (length == text->length && memcmp(choice, text->data, length) == 0)
            return index;
        if (!choice[length])
            return -1;
        choice += length + 1;
    }
}

/* --- one value ---------------------------------------------------------------------------------------------------- */

static bool check_length(struct hearing_errors *errors, const struct hearing_path *path,
                         const struct hearing_field *field, const struct hearing_text *text)
{
    if (text->blank)
        hearing_error_add(errors, path, "empty",
                          "expected text; leave the member out if it was not asked");
    else if (text->characters > (size_t)field->max)
        hearing_error_add(errors, path, "too_long", "expected at most %lld characters",
                          (long long)field->max);
    else if (text->control)
        hearing_error_add(errors, path, "control", "expected no control characters");
    else
        return true;
    return false;
}

static bool fail_format(struct hearing_errors *errors, const struct hearing_path *path,
                        const char *expected)
{
    hearing_error_add(errors, path, "format", "expected %s", expected);
    return false;
}

static bool check_choice(struct hearing_errors *errors, const struct hearing_path *path,
                         const struct hearing_node *node, const struct hearing_text *text,
                         int *ret_choice)
{
    *ret_choice = text->data ? choice_of(node->field->choices, text) : -1;
    if (*ret_choice >= 0)
        return true;
    hearing_error_add(errors, path, "choice", "expected one of %s%s", node->field->choices,
                      node->answers ? "|unknown|declined" : "");
    return false;
}

static bool check_format(struct hearing_errors *errors, const struct hearing_path *path,
                         const struct hearing_field *field, const struct hearing_text *text)
{
    bool readable = text->data != NULL; /* else longer than every format */
    switch (field->type) {
    case HEARING_TEXT:
        return check_length(errors, path, field, text);
    case HEARING_PHONE:
        if (!check_length(errors, path, field, text))
            return false;
        return (readable && count_digits(text->data, text->length) >= (size_t)field->min) ||
               fail_format(errors, path, "a telephone number of at least 9 digits");
    case HEARING_EMAIL:
        return (readable && hearing_email_is_valid((struct bytes){text->data, text->length})) ||
               fail_format(errors, path, "an e-mail address, name@example.jp");
    case HEARING_TIME:
        return (readable && is_time(text)) ||
               fail_format(errors, path,
                           "a time with an offset (RFC 3339) of 2000 to 2199, "
                           "2026-11-24T15:00:00+09:00");
    case HEARING_ADDRESSES:
        return (readable && is_address(text)) ||
               fail_format(errors, path, "an IPv4 or IPv6 address");
    case HEARING_MAC:
        return (readable && is_mac(text)) ||
               fail_format(errors, path, "a MAC address, 00:11:22:AA:BB:CC");
    case HEARING_CHOICE:
    case HEARING_CHOICES:
    case HEARING_TEXTS:
    case HEARING_INTEGER:
    case HEARING_LIST:
        break;
    }
    assert(field->type == HEARING_TEXT); /* the others never come here */
    return false;
}

static bool is_answer(const struct hearing_text *text)
{
    return (text->length == 7 && memcmp(text->data, "unknown", 7) == 0) ||
           (text->length == 8 && memcmp(text->data, "declined", 8) == 0);
}

bool hearing_check_text(struct hearing_errors *errors, const struct hearing_path *path,
                        const struct hearing_node *node, const struct hearing_text *text,
                        int *ret_choice)
{
    *ret_choice = -1;
    if (node->kind == HEARING_NODE_CUSTOMER)
        return (text->data &&
                hearing_customer_id_is_valid((struct bytes){text->data, text->length})) ||
               fail_format(errors, path, "1 to 20 characters of A-Z, 0-9 and -");
    if (node->answers && text->data && is_answer(text))
        return true;
    if (node->kind != HEARING_NODE_LEAF || node->field->type == HEARING_INTEGER) {
        hearing_error_type(errors, path, node);
        return false;
    }
    if (node->field->type == HEARING_CHOICE)
        return check_choice(errors, path, node, text, ret_choice);
    return check_format(errors, path, node->field, text);
}

bool hearing_check_integer(struct hearing_errors *errors, const struct hearing_path *path,
                           const struct hearing_node *node, int64_t value)
{
    if (node->kind != HEARING_NODE_LEAF || node->field->type != HEARING_INTEGER) {
        hearing_error_type(errors, path, node);
        return false;
    }
    if (value >= node->field->min && value <= node->field->max)
        return true;
    hearing_error_add(errors, path, "range", "expected a whole number from %lld to %lld",
                      (long long)node->field->min, (long long)node->field->max);
    return false;
}

bool hearing_check_source(struct hearing_errors *errors, const struct hearing_path *path,
                          const char *pointer, size_t length)
{
    const struct hearing_node *node = hearing_node_resolve(pointer, length);
    if (node && node->field && node->kind != HEARING_NODE_SOURCES)
        return true;
    hearing_error_add(errors, path, "unknown_field",
                      "expected the JSON pointer of a field of the hearing sheet");
    return false;
}
