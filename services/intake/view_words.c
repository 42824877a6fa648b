/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Japanese has no spaces between words, and a company is asked for by any part of its name: so the index keeps every two
 * and three characters in a row (of digits four, of which there are more kinds), and a question is the
 * few of them that cover it. What the index finds is held against the words themselves afterwards, so that it need not
 * know where a gram stands (FTS5 detail=none: half the size).
 */
#include "services/intake/view_words.h"

#include "common/desk/hearing.h"
#include "common/ids.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <utf8proc.h>

#define DIGITS_MIN 4
#define NUMBER_MIN 3
#define NUMBER_LENGTH 10
#define DIGITS_WHOLE 10
#define DIGITS_PART 6
#define DENSE_MAX 12
#define KEY_MIN 4
#define KEY_BYTES_MAX 100
#define HASH_BEGINNING 8

/* The kinds of lines. */
enum { NAME = '\x01', EMAIL = '\x02', DIGITS = '\x03', NUMBER = '\x04', KEY = '\x05' };

/* --- folding ------------------------------------------------------------------------------------------------------ */

/* Unicode knows these as characters of their own; in names they are one and the same to whoever types them. */
static const char32_t variants[][2] = {
    {U'髙', U'高'}, {U'﨑', U'崎'}, {U'嵜', U'崎'}, {U'𠮷', U'吉'}, {U'濵', U'浜'}, {U'濱', U'浜'},
    {U'邊', U'辺'}, {U'邉', U'辺'}, {U'齋', U'斉'}, {U'齊', U'斉'}, {U'斎', U'斉'}, {U'櫻', U'桜'},
    {U'澤', U'沢'}, {U'廣', U'広'}, {U'嶋', U'島'}, {U'嶌', U'島'}, {U'德', U'徳'}, {U'惠', U'恵'},
    {U'國', U'国'}, {U'學', U'学'}, {U'會', U'会'}, {U'眞', U'真'}, {U'實', U'実'}, {U'壽', U'寿'},
    {U'榮', U'栄'}, {U'與', U'与'}, {U'豐', U'豊'}, {U'龍', U'竜'}, {U'瀧', U'滝'}, {U'條', U'条'},
    {U'舘', U'館'}, {U'桒', U'桑'}, {U'冨', U'富'}, {U'峯', U'峰'}, {U'槇', U'槙'}, {U'曾', U'曽'},
    {U'將', U'将'}, {U'來', U'来'}, {U'團', U'団'}, {U'圓', U'円'}, {U'藏', U'蔵'}, {U'鐵', U'鉄'},
    {U'鑛', U'鉱'}, {U'戶', U'戸'}, {U'靜', U'静'}, {U'關', U'関'}, {U'發', U'発'}, {U'證', U'証'},
    {U'醫', U'医'}, {U'藝', U'芸'}, {U'寶', U'宝'}, {U'總', U'総'}, {U'縣', U'県'}, {U'當', U'当'},
    {U'萬', U'万'}, {U'淺', U'浅'}, {U'黑', U'黒'}, {U'綠', U'緑'}, {U'槗', U'橋'}, {U'渕', U'淵'},
    {U'渊', U'淵'}, {U'栁', U'柳'}, {U'莊', U'荘'}, {U'柗', U'松'}, {U'枩', U'松'}, {U'靑', U'青'},
    {U'淸', U'清'}, {U'增', U'増'}, {U'寬', U'寛'}, {U'彌', U'弥'}, {U'禮', U'礼'}, {U'檜', U'桧'},
    {U'藪', U'薮'}, {U'籐', U'藤'}, {U'儀', U'儀'}, {U'圀', U'国'}, {U'氣', U'気'}, {U'應', U'応'},
    {U'鹽', U'塩'}, {U'鷗', U'鴎'}, {U'驛', U'駅'}, {U'灣', U'湾'}, {U'嶽', U'岳'}, {U'巖', U'巌'},
};

static bool is_dash(utf8proc_int32_t point)
{
    return utf8proc_category(point) == UTF8PROC_CATEGORY_PD || point == 0x30fc || /* ー */
           point == 0x2212 || point == 0x2500;
}

/* Katakana become hiragana, and small ones large: キヤノン is written so and spoken キャノン. */
static utf8proc_int32_t fold_kana(utf8proc_int32_t point)
{
    static const char32_t small[][2] = {{U'ぁ', U'あ'}, {U'ぃ', U'い'}, {U'ぅ', U'う'},
                                        {U'ぇ', U'え'}, {U'ぉ', U'お'}, {U'っ', U'つ'},
                                        {U'ゃ', U'や'}, {U'ゅ', U'ゆ'}, {U'ょ', U'よ'},
                                        {U'ゎ', U'わ'}, {U'ゕ', U'か'}, {U'ゖ', U'け'}};
    if (point >= 0x30a1 && point <= 0x30f6)
        point -= 0x60;
    for (size_t i = 0; i < COUNT_OF(small); i++)
        if ((char32_t)point == small[i][0])
            return (utf8proc_int32_t)small[i][1];
    return point;
}

static utf8proc_int32_t fold_kanji(utf8proc_int32_t point)
{
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if ((char32_t)point == variants[i][0])
            return (utf8proc_int32_t)variants[i][1];
    return point;
}

/* 0: not searched for. */
static utf8proc_int32_t fold_point(utf8proc_int32_t point)
{
    if (point < 0x80)
        return isalnum(point) || (point > ' ' && strchr("-.@&_+/:", point)) ? tolower(point) : 0;
    if (is_dash(point))
        return '-';
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_SO:
        return fold_kanji(fold_kana(point));
    default:
        return 0;
    }
}

/* NFKC and case folding; NULL where it is no UTF-8. */
static char *compatible(struct bytes text)
{
    utf8proc_uint8_t *folded = NULL;
    int sum =
        UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_option_t options = (utf8proc_option_t)sum; /* NOLINT: the library wants a sum so */
    utf8proc_ssize_t length =
        utf8proc_map(text.data, (utf8proc_ssize_t)text.length, &folded, options);
    return length < 0 ? NULL : (char *)folded; /* malloc's */
}

static void add_point(struct buf *out, utf8proc_int32_t point)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t length = utf8proc_encode_char(point, bytes);
    buf_add(out, bytes, (size_t)length);
}

static const char *const forms[][2] = {
    {"(株)", "株式会社"}, {"(有)", "有限会社"}, {"(同)", "合同会社"}};

static const char *form_at(const char *text, size_t *ret_length)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        *ret_length = strlen(forms[i][0]);
        if (strncmp(text, forms[i][0], *ret_length) == 0)
            return forms[i][1];
    }
    return NULL;
}

void words_fold(struct bytes text, struct buf *out)
{
    CLEANUP(mem_free) char *plain = text.length ? compatible(text) : NULL;
    for (const char *at = plain; at && *at;) {
        utf8proc_int32_t point;
        size_t step;
        const char *form = form_at(at, &step);
        if (form) {
            buf_add_text(out, form);
            at += step;
            continue;
        }
        at += utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point);
        point = fold_point(point);
        if (point)
            add_point(out, point);
    }
}

/* --- the words of a case ------------------------------------------------------------------------------------------ */

static void add_folded(struct buf *words, char kind, const json_t *text)
{
    const char *value = json_string_value(text);
    if (!value || !*value)
        return;
    buf_add(words, &kind, 1);
    words_fold(bytes_of(value), words);
    buf_add(words, "\n", 1);
}

static void add_digits(struct buf *words, const json_t *phone)
{
    char digits[64] = "";
    if (json_is_string(phone))
        hearing_phone_digits(json_string_value(phone), digits, sizeof digits);
    if (*digits)
        buf_printf(words, "%c%s\n", DIGITS, digits);
}

/* As it is read over the telephone, without its dashes. */
static void add_number(struct buf *words, const char *number)
{
    buf_printf(words, "%c", NUMBER);
    for (; *number; number++)
        if (*number != '-')
            buf_printf(words, "%c", tolower((unsigned char)*number));
    buf_add(words, "\n", 1);
}

static bool is_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

/* An address in its one short form. */
static bool read_address(const char *text, char ret_text[INET6_ADDRSTRLEN])
{
    unsigned char bytes[16];
    for (int i = 0; i < 2; i++) {
        int family = i ? AF_INET6 : AF_INET;
        if (inet_pton(family, text, bytes) == 1)
            return inet_ntop(family, bytes, ret_text, INET6_ADDRSTRLEN) != NULL;
    }
    return false;
}

static bool is_hash(const char *text)
{
    size_t length = strlen(text);
    return (length == 32 || length == 40 || length == 64) && is_hex(text);
}

static bool is_of_key(char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\'';
}

static void put_key(json_t *keys, const char *text, bool whatever)
{
    char address[INET6_ADDRSTRLEN], key[KEY_BYTES_MAX + 1];
    size_t length = strlen(text);
    if (length < KEY_MIN || length > KEY_BYTES_MAX || json_object_size(keys) >= WORDS_KEYS_MAX)
        return;
    if (read_address(text, address)) {
        json_object_set_new(keys, address, json_true());
        return;
    }
    for (size_t i = 0; i <= length; i++) {
        if (text[i] && !is_of_key(text[i]))
            return; /* a sentence, or nothing that could be asked for */
        key[i] = (char)tolower((unsigned char)text[i]);
    }
    if (whatever || is_hash(key) || strchr(key, '@'))
        json_object_set_new(keys, key, json_true());
}

/* `whatever`: every text is one, and not only what is plainly an address or a hash. */
static void put_keys(json_t *keys, const json_t *value, bool whatever)
{
    const char *name;
    json_t *member;
    if (json_is_string(value))
        put_key(keys, json_string_value(value), whatever);
    for (size_t i = 0; i < json_array_size(value); i++)
        put_keys(keys, json_array_get(value, i), whatever);
    json_object_foreach((json_t *)(uintptr_t)value, name, member) put_keys(keys, member, whatever);
}

static void put_keys_of_devices(json_t *keys, const json_t *devices)
{
    static const char *const names[] = {"addresses", "mac"};
    for (size_t i = 0; i < json_array_size(devices); i++)
        for (size_t k = 0; k < COUNT_OF(names); k++)
            put_keys(keys, json_object_get(json_array_get(devices, i), names[k]), true);
}

static void add_names_of_devices(struct buf *words, const json_t *devices)
{
    for (size_t i = 0; i < json_array_size(devices); i++)
        add_folded(words, NAME, json_object_get(json_array_get(devices, i), "name"));
}

/* The newest search first: where there are too many keys, the oldest are left out. */
static void put_keys_of_searches(json_t *keys, const json_t *searches)
{
    static const char *const lists[] = {"pivots", "indicators", "touched", "samples"};
    for (size_t i = json_array_size(searches); i > 0; i--)
        for (size_t k = 0; k < COUNT_OF(lists); k++)
            put_keys(keys, json_object_get(json_array_get(searches, i - 1), lists[k]), k < 2);
}

/* One character may stand for eighteen: what there is no room for is left out, the last lines first. */
static void end_at_a_line(struct buf *words)
{
    while (words->overflowed && words->length && words->data[words->length - 1] != '\n')
        words->data[--words->length] = '\0';
}

void words_of_case(const json_t *state, const json_t *extraction, struct buf *out)
{
    static const char *const names[] = {"company", "department", "person", "responsible_person",
                                        "alternative"};
    const json_t *hearing = json_object_get(state, "hearing"),
                 *contact = json_object_get(hearing, "contact");
    const char *number = json_string_value(json_object_get(state, "number")), *key;
    json_auto_t *keys = json_object();
    json_t *any;
    if (number)
        add_number(out, number);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        add_folded(out, NAME, json_object_get(contact, names[i]));
    add_folded(out, NAME, json_object_get(state, "customer_id"));
    add_folded(out, EMAIL, json_object_get(contact, "email"));
    add_digits(out, json_object_get(contact, "phone"));
    put_keys_of_devices(keys, json_object_get(hearing, "device"));
    put_keys_of_searches(keys, json_object_get(extraction, "searches"));
    json_object_foreach(keys, key, any) buf_printf(out, "%c%s\n", KEY, key);
    add_names_of_devices(out, json_object_get(hearing, "device"));
    end_at_a_line(out);
}

void words_of_contract(const char *customer_id, const json_t *contract, struct buf *out)
{
    json_auto_t *id = json_string(customer_id);
    add_folded(out, NAME, json_object_get(contract, "company"));
    add_folded(out, NAME, json_object_get(contract, "person"));
    add_folded(out, NAME, id);
    add_folded(out, EMAIL, json_object_get(contract, "email"));
    add_digits(out, json_object_get(contract, "phone"));
    end_at_a_line(out);
}

/* --- grams -------------------------------------------------------------------------------------------------------- */

static size_t step_at(const char *text)
{
    size_t step = 1;
    while ((text[step] & 0xc0) == 0x80)
        step++;
    return step;
}

/* The end of `count` characters from `text`; NULL where there are fewer before `end`. */
static const char *characters(const char *text, const char *end, int count)
{
    for (; count > 0 && text < end; count--)
        text += step_at(text);
    return count == 0 ? text : NULL;
}

/* What has been said in full is one step, however many begin alike. */
static void add_whole(struct buf *out, const char *mark, const char *text, const char *end)
{
    buf_add_text(out, mark);
    buf_add(out, text, (size_t)(end - text));
    buf_add(out, "\n", 1);
}

static void add_grams(struct buf *out, const char *mark, const char *text, const char *end,
                      int size)
{
    const char *stop;
    for (; (stop = characters(text, end, size)); text += step_at(text))
        add_whole(out, mark, text, stop);
}

/* Where a name begins once more: behind the legal form that stands before it. */
static const char *after_form(const char *name, const char *end)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        size_t length = strlen(forms[i][1]);
        if ((size_t)(end - name) > length && strncmp(name, forms[i][1], length) == 0)
            return name + length;
    }
    return NULL;
}

static void add_beginnings(struct buf *out, const char *name, const char *end)
{
    const char *second = after_form(name, end);
    if (name < end)
        buf_printf(out, "^%.*s\n", (int)step_at(name), name);
    if (second)
        buf_printf(out, "^%.*s\n", (int)step_at(second), second);
}

static void add_key_grams(struct buf *out, const char *key, const char *end)
{
    CLEANUP(mem_free) char *text = mem_dup(key, (size_t)(end - key));
    buf_printf(out, "=%s\n", text);
    if (is_hash(text))
        buf_printf(out, "~%.*s\n", HASH_BEGINNING, text);
}

/* The digits in a name or an address: of three in a row there are only a thousand kinds. */
static void add_digit_grams(struct buf *out, const char *text, const char *end)
{
    while (text < end) {
        size_t digits = strspn(text, "0123456789");
        add_grams(out, "", text, text + digits, DIGITS_MIN);
        text += digits ? digits : 1;
    }
}

static void add_line_grams(struct buf *out, char kind, const char *text, const char *end)
{
    switch (kind) {
    case NAME:
        add_beginnings(out, text, end);
        add_grams(out, "", text, end, 2);
        add_grams(out, "", text, end, 3);
        add_digit_grams(out, text, end);
        return;
    case EMAIL:
        add_grams(out, "", text, end, 3);
        add_digit_grams(out, text, end);
        add_whole(out, "@", text, end);
        return;
    case DIGITS:
        add_grams(out, "#", text, end, DIGITS_MIN);
        for (; end - text >= DIGITS_PART;
             text++) /* of so many digits every part is the beginning of one */
            add_whole(out, "#", text, end);
        return;
    case NUMBER:
        add_grams(out, "%", text, end, NUMBER_MIN);
        add_whole(out, "%", text, end);
        return;
    default:
        add_key_grams(out, text, end);
    }
}

void words_grams(const char *words, struct buf *out)
{
    for (const char *line = words, *end; (end = strchr(line, '\n')); line = end + 1) {
        add_line_grams(out, *line, line + 1, end);
    }
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static bool only_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

/* As it may be heard: no I, L, O, U in the alphabet (Crockford). */
static char heard(char c)
{
    switch (c) {
    case 'i':
    case 'l':
        return '1';
    case 'o':
        return '0';
    default:
        return c;
    }
}

static void read_number(const char *text, char ret_number[12])
{
    size_t length = 0;
    for (; *text; text++) {
        if (*text == '-')
            continue;
        if (!isalnum((unsigned char)*text) || length == NUMBER_LENGTH) {
            length = 0;
            break;
        }
        ret_number[length++] = heard(*text);
    }
    ret_number[length >= NUMBER_MIN ? length : 0] = '\0';
}

/* Written in groups as it is printed, or with letters and digits as a name hardly is. */
static bool has_the_form(const char *text)
{
    bool letters = text[strcspn(text, "abcdefghjkmnpqrstvwxyz")],
         digits = text[strcspn(text, "0123456789")];
    return letters && (digits || strchr(text, '-'));
}

static bool is_of_keys(const char *text)
{
    while (*text && is_of_key(*text))
        text++;
    return *text == '\0';
}

static void read_digits(const char *text, char ret_digits[24])
{
    ret_digits[0] = '\0';
    if (only_of(text, "0123456789-.+/"))
        hearing_phone_digits(text, ret_digits, 24);
    if (strlen(ret_digits) < DIGITS_MIN)
        ret_digits[0] = '\0';
}

static void read_key(const char *plain, struct words_term *term)
{
    char address[INET6_ADDRSTRLEN];
    size_t length = strlen(plain);
    if (read_address(plain, address))
        term->key = mem_strdup(address);
    else if (length >= KEY_MIN && length <= KEY_BYTES_MAX && is_of_keys(plain))
        term->key = mem_strdup(plain);
}

static void drop_others(struct words_term *term, bool digits, bool number, bool key)
{
    term->text[0] = '\0';
    if (!digits)
        term->digits[0] = '\0';
    if (!number)
        term->number[0] = '\0';
    if (!key)
        mem_free(&term->key);
    if (!key)
        term->key = NULL;
}

/* `plain` is compatible already. */
static void read_term(const char *plain, struct words_term *ret_term)
{
    struct buf text;
    char address[INET6_ADDRSTRLEN];
    buf_init(&text, 8192);
    words_fold(bytes_of(plain), &text);
    buf_add(&text, "", 1); /* there is a text, if only an empty one */
    assert(text.data);
    ret_term->text = text.data;
    read_number(ret_term->text, ret_term->number);
    read_digits(ret_term->text, ret_term->digits);
    read_key(plain, ret_term);
    const char *at = strchr(ret_term->text, '@');
    ret_term->is_email = at && at > ret_term->text;
    bool sound = ids_case_number_is_sound(ret_term->number);
    if (read_address(plain, address) || is_hash(plain))
        drop_others(ret_term, false, false, true);
    else if (sound && has_the_form(ret_term->text))
        drop_others(ret_term, false, true, false);
    else if (strlen(ret_term->digits) >= DIGITS_WHOLE)
        drop_others(ret_term, true, sound, false);
    else if (strlen(ret_term->digits) >= DIGITS_PART && !sound)
        ret_term->number[0] = '\0'; /* six digits in a row are in one number of a thousand */
}

/* K4M 9QT 8ZR E */
static bool is_number_in_groups(const char *plain)
{
    static const size_t groups[] = {3, 3, 3, 1};
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t k = 0; k < groups[i]; k++, plain++)
            if (!isalnum((unsigned char)*plain))
                return false;
        if (*plain != (i + 1 < COUNT_OF(groups) ? ' ' : '\0'))
            return false;
        plain++;
    }
    return true;
}

/* A number that is said in groups is one word. Names have no spaces here, so one that looks so is found all the same. */
static bool is_one_number(const char *plain)
{
    return only_of(plain, "0123456789()+- ") || is_number_in_groups(plain);
}

static void drop_spaces(char *text)
{
    char *end = text;
    for (; *text; text++)
        if (*text != ' ')
            *end++ = *text;
    *end = '\0';
}

static bool is_miswritten(const struct words_term *term)
{
    return term->text && strlen(term->number) == NUMBER_LENGTH && has_the_form(term->text) &&
           !ids_case_number_is_sound(term->number);
}

enum verdict words_read(const char *q, struct words_question *ret_question, struct why *why)
{
    *ret_question = (struct words_question){0};
    CLEANUP(mem_free) char *plain = compatible(bytes_of(q));
    char *rest = NULL;
    if (!plain)
        return reject(why, "nothing");
    if (is_one_number(plain))
        drop_spaces(plain);
    for (char *word = strtok_r(plain, " \t\r\n", &rest); word;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (ret_question->count == WORDS_TERMS_MAX) {
            words_clear(ret_question);
            return reject(why, "too_many");
        }
        struct words_term *term = &ret_question->terms[ret_question->count++];
        read_term(word, term);
        if (!*term->text && !*term->digits && !*term->number &&
            !term->key) { /* a dot between two words, a bracket */
            mem_free(&term->text);
            *term = (struct words_term){0};
            ret_question->count--;
        }
    }
    ret_question->check_is_wrong =
        ret_question->count == 1 && is_miswritten(&ret_question->terms[0]);
    return ret_question->count ? VERDICT_OK : reject(why, "nothing");
}

void words_clear(struct words_question *question)
{
    for (size_t i = 0; i < question->count; i++) {
        mem_free(&question->terms[i].text);
        mem_free(&question->terms[i].key);
    }
    *question = (struct words_question){0};
}

static void match_gram(struct buf *out, const char *mark, const char *gram, const char *end)
{
    char before = out->data[out->length - 1];
    buf_printf(out, before == '(' ? "\"%s%.*s\"" : " AND \"%s%.*s\"", mark, (int)(end - gram),
               gram);
}

/* The grams that cover a text up to `end`: one after another, and the last one. */
static void match_grams_to(struct buf *out, const char *mark, const char *text, const char *end,
                           int size)
{
    const char *last = text, *stop;
    while (characters(last + step_at(last), end, size))
        last += step_at(last);
    buf_add_text(out, "(");
    for (const char *at = text; (stop = characters(at, end, size)); at = stop)
        match_gram(out, mark, at, stop);
    match_gram(out, mark, last, end);
    buf_add_text(out, ")");
}

static void match_grams(struct buf *out, const char *mark, const char *text, int size)
{
    match_grams_to(out, mark, text, text + strlen(text), size);
}

static int count_characters(const char *text)
{
    int count = 0;
    for (; *text; text += step_at(text))
        count++;
    return count;
}

/* Of letters and digits there are few different grams, and the rarest of a short text decides. */
static void match_every_gram(struct buf *out, const char *text, const char *end)
{
    buf_add_text(out, "(");
    for (; end - text >= 3; text++)
        match_gram(out, "", text, text + 3);
    buf_add_text(out, ")");
}

static bool is_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

/* Legal forms and top-level domains are in most names and addresses: only the rest is asked of the index. */
static void match_long_text(struct buf *out, const char *text)
{
    const char *end = text + strlen(text), *name = after_form(text, end), *dot = strrchr(text, '.');
    if (name && characters(name, end, 3))
        text = name;
    if (dot && dot >= text && characters(text, dot, 3))
        end = dot;
    if (end - text > DENSE_MAX || !is_ascii(text))
        match_grams_to(out, "", text, end, 3);
    else
        match_every_gram(out, text, end);
}

static void match_text(struct buf *out, const char *text)
{
    int count = count_characters(text);
    if (count == 1)
        buf_printf(out, "\"^%s\"", text);
    else if (count == 2)
        buf_printf(out, "\"%s\"", text);
    else if (count >= DIGITS_MIN && only_of(text, "0123456789"))
        match_grams(out, "", text, DIGITS_MIN);
    else
        match_long_text(out, text);
}

static void match_digits(struct buf *out, const char *digits)
{
    if (strlen(digits) >= DIGITS_PART)
        buf_printf(out, "\"#%s\" *", digits);
    else
        match_grams(out, "#", digits, DIGITS_MIN);
}

static void match_number(struct buf *out, const char *number)
{
    if (strlen(number) == NUMBER_LENGTH)
        buf_printf(out, "\"%%%s\"", number);
    else
        match_grams(out, "%", number, NUMBER_MIN);
}

static void match_key(struct buf *out, const char *key)
{
    buf_printf(out, "\"=%s\"", key);
    if (strlen(key) >= HASH_BEGINNING && is_hex(key) && !is_hash(key))
        buf_printf(out, " OR \"~%.*s\"", HASH_BEGINNING, key);
}

static void match_term(struct buf *out, const struct words_term *term)
{
    const char *or = "";
    if (*term->text && term->is_email)
        buf_printf(out, "\"@%s\" *", term->text);
    else if (*term->text)
        match_text(out, term->text);
    if (*term->text)
        or = " OR ";
    if (*term->digits) {
        buf_add_text(out, or);
        match_digits(out, term->digits);
        or = " OR ";
    }
    if (*term->number) {
        buf_add_text(out, or);
        match_number(out, term->number);
        or = " OR ";
    }
    if (term->key) {
        buf_add_text(out, or);
        match_key(out, term->key);
    }
}

static bool is_form(const struct words_term *term)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (strcmp(term->text, forms[i][1]) == 0)
            return true;
    return false;
}

void words_match(const struct words_question *question, struct buf *out)
{
    for (size_t i = 0, asked = 0; i < question->count; i++) {
        if (is_form(&question->terms[i]) && (asked || i + 1 < question->count))
            continue; /* another word finds fewer */
        buf_add_text(out, asked++ ? " AND (" : "(");
        match_term(out, &question->terms[i]);
        buf_add_text(out, ")");
    }
}

static bool has(struct bytes line, const char *part)
{
    return *part && memmem(line.data, line.length, part, strlen(part));
}

static bool begins(const char *text, const char *end, const char *part)
{
    size_t length = strlen(part);
    return text && (size_t)(end - text) >= length && memcmp(text, part, length) == 0;
}

static bool is_key(struct bytes line, const char *key)
{
    if (!key)
        return false;
    if (bytes_equal_text(line, key))
        return true;
    CLEANUP(mem_free) char *text = mem_dup(line.data, line.length);
    return strlen(key) >= HASH_BEGINNING && is_hex(key) && is_hash(text) &&
           strncmp(text, key, strlen(key)) == 0;
}

static bool is_in_line(const struct words_term *term, char kind, const char *text, const char *end)
{
    struct bytes line = {.data = text, .length = (size_t)(end - text)};
    switch (kind) {
    case NAME:
        if (term->is_email || !*term->text)
            return false;
        if (term->text[step_at(term->text)] == '\0')
            return begins(text, end, term->text) || begins(after_form(text, end), end, term->text);
        return has(line, term->text);
    case EMAIL:
        return term->is_email ? begins(text, end, term->text)
                              : count_characters(term->text) > 2 && has(line, term->text);
    case DIGITS:
        return has(line, term->digits);
    case NUMBER:
        return has(line, term->number);
    default:
        return is_key(line, term->key);
    }
}

static bool term_holds(const struct words_term *term, const char *words)
{
    for (const char *line = words, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        if (is_in_line(term, *line, line + 1, end))
            return true;
    }
    return false;
}

bool words_hold(const struct words_question *question, const char *words)
{
    for (size_t i = 0; i < question->count; i++)
        if (!term_holds(&question->terms[i], words))
            return false;
    return true;
}
