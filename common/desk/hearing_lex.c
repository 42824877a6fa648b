/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/hearing_lex.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- strings: in place ------------------------------------------------------------------------------------------- */

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

static bool scan_unicode_escape(struct lex *lex, struct lex_string *string)
{
    int unit = hex_quad(lex->at, lex->end);
    if (unit < 0)
        return lex_fail(lex, "not_json");
    if (unit == 0)
        return lex_fail(lex, "null_character");
    lex->at += 4;
    string->control |= unit < 0x20 && unit != '\t' && unit != '\n' && unit != '\r';
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || lex->end - lex->at < 6 || lex->at[0] != '\\' || lex->at[1] != 'u')
        return lex_fail(lex, "utf8");
    int low = hex_quad(lex->at + 2, lex->end);
    if (low < 0xdc00 || low > 0xdfff)
        return lex_fail(lex, "utf8");
    lex->at += 6;
    return true;
}

static bool scan_escape(struct lex *lex, struct lex_string *string)
{
    string->escaped = true;
    string->characters++;
    if (++lex->at >= lex->end)
        return lex_fail(lex, "not_json");
    char c = *lex->at++;
    if (c == 'u')
        return scan_unicode_escape(lex, string);
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return lex_fail(lex, "not_json");
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
static bool scan_wide(struct lex *lex, struct lex_string *string)
{
    const char *at = lex->at;
    while (lex->end - at >= 4 && is_common_three(at)) {
        at += 3;
        string->characters++;
    }
    if (at == lex->at) {
        size_t length = sequence_length((const unsigned char *)at, (size_t)(lex->end - at));
        if (length == 0)
            return lex_fail(lex, "utf8");
        at += length;
        string->characters++;
    }
    lex->at = at;
    return true;
}

/* Passes printable ASCII eight bytes at a time, up to the first byte that is a quote, a backslash, a control or not ASCII.
 * (Bit tricks: a byte below n borrows into its top bit; a byte equal to q becomes zero under xor.) */
static inline void scan_plain(struct lex *lex, struct lex_string *string)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    const char *at = lex->at;
    while (lex->end - at >= 8) {
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
    string->characters += (size_t)(at - lex->at);
    lex->at = at;
}

bool lex_string(struct lex *lex, struct lex_string *string)
{
    *string = (struct lex_string){.data = ++lex->at};
    for (;;) {
        scan_plain(lex, string);
        if (lex->at >= lex->end)
            return lex_fail(lex, "not_json");
        unsigned char c = (unsigned char)*lex->at;
        if (c == '"')
            break;
        if (c >= 0x80) {
            if (!scan_wide(lex, string))
                return false;
        } else if (c == '\\') {
            if (!scan_escape(lex, string))
                return false;
        } else if (c < 0x20) {
            return lex_fail(lex, "not_json");
        } else {
            lex->at++;
            string->characters++;
        }
    }
    string->length = (size_t)(lex->at++ - string->data);
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
bool lex_decode(struct bytes raw, char *ret_text, size_t size, size_t *ret_length)
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

bool lex_is_blank(const struct lex_string *string)
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

void lex_keys_add(struct lex_keys *keys, size_t object, struct bytes raw)
{
    if (keys->count == LEX_KEYS_INLINE && !keys->far) {
        keys->capacity = (size_t)4 * LEX_KEYS_INLINE;
        keys->far = mem_resize(NULL, keys->capacity, sizeof keys->far[0]);
        memcpy(keys->far, keys->near, sizeof keys->near);
    }
    if (keys->far && keys->count == keys->capacity)
        keys->far = mem_resize(keys->far, keys->capacity *= 2, sizeof keys->far[0]);
    (keys->far ? keys->far : keys->near)[keys->count++] = (struct lex_key){object, raw};
}

static int compare_keys(const void *left, const void *right)
{
    const struct lex_key *a = left, *b = right;
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

bool lex_keys_are_unique(struct lex_keys *keys)
{
    struct lex_key *list = keys->far ? keys->far : keys->near;
    if (keys->count > 1)
        qsort(list, keys->count, sizeof list[0], compare_keys);
    for (size_t i = 1; i < keys->count; i++)
        if (compare_keys(&list[i - 1], &list[i]) == 0)
            return false;
    return true;
}

void lex_keys_free(struct lex_keys *keys)
{
    free(keys->far);
}

/* --- numbers and words -------------------------------------------------------------------------------------------- */

static size_t scan_digits(struct lex *lex)
{
    const char *first = lex->at;
    while (lex->at < lex->end && *lex->at >= '0' && *lex->at <= '9')
        lex->at++;
    return (size_t)(lex->at - first);
}

static bool scan_fraction(struct lex *lex, bool *ret_real)
{
    if (lex_take(lex, '.')) {
        *ret_real = true;
        if (scan_digits(lex) == 0)
            return lex_fail(lex, "not_json");
    }
    if (lex_take(lex, 'e') || lex_take(lex, 'E')) {
        *ret_real = true;
        if (!lex_take(lex, '+'))
            lex_take(lex, '-');
        if (scan_digits(lex) == 0)
            return lex_fail(lex, "not_json");
    }
    return true;
}

/* A token that ends before the end of the body, so the conversions stop at a byte that is there. */
bool lex_number(struct lex *lex, bool *ret_real, int64_t *ret_value)
{
    const char *first = lex->at;
    *ret_real = false;
    lex_take(lex, '-');
    const char *digits = lex->at;
    size_t count = scan_digits(lex);
    if (count == 0 || (count > 1 && *digits == '0') || !scan_fraction(lex, ret_real) ||
        lex->at >= lex->end)
        return lex_fail(lex, "not_json");
    errno = 0;
    if (*ret_real)
        return !isinf(strtod(first, NULL)) || lex_fail(lex, "number");
    *ret_value = strtoll(first, NULL, 10);
    return errno != ERANGE || lex_fail(lex, "number");
}

bool lex_word(struct lex *lex)
{
    static const char *const words[] = {"null", "true", "false"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(lex->end - lex->at) < length || memcmp(lex->at, words[i], length) != 0)
            continue;
        lex->at += length;
        return true;
    }
    return lex_fail(lex, "not_json");
}
