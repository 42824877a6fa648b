/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-pass validator against the tree validator on bodies that are made by changing good ones: in the tree (other
 * types, other values, other members) and in the bytes. TEST_SEED repeats a run, TEST_BODIES makes it longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/hearing_compare.h"
#include "tests/unit/hearing_sample.h"

static uint64_t random_state;

/* xorshift64*: the same numbers everywhere for the same seed. */
static size_t random_below(size_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % limit;
}

static const char *const values[] = {
    "null",
    "true",
    "[]",
    "{}",
    "0",
    "-1",
    "5.0",
    "1e3",
    "99999999999",
    "-0",
    "\"\"",
    "\" \"",
    "\"\\u3000\\n\"",
    "\"unknown\"",
    "\"declined\"",
    "\"\\u0075nknown\"",
    "\"yes\"",
    "\"a\\u0001b\"",
    "\"a\\tb\"",
    "\"\\ud83d\\ude00\"",
    "\"2026-11-24T15:00:00+09:00\"",
    "\"2026-02-30T15:00:00Z\"",
    "\"a@example.jp\"",
    "\"a@b\\r\\nBcc: c@d\"",
    "\"０３－１２３４－５６７８\"",
    "\"taro＠ｅｘａｍｐｌｅ．ｊｐ\"",
    "\"192.0.2.1\"",
    "\"2001:db8::1\"",
    "\"00-11-22-aa-bb-cc\"",
    "\"SAMPLE-A\"",
    "\"lower\"",
    "\"TLP:RED\"",
    "[\"root_cause\",\"other\",\"root_cause\"]",
    "[\"a\",1,null,[],{}]",
    "[{\"os\":1},{\"os\":\"x\",\"nope\":{\"a\":[1,{\"b\":2}]}},\"unknown\"]",
    "{\"/device/0/os\":\"log\",\"/nope\":\"x\"}",
    "{\"/contact/company\":\"x\",\"/customer_id\":\"x\",\"/tlp\":7,\"\":\"x\"}",
    "{\"a~/b\":1,\"\\u0061~\":2}",
    "[[[[[[[[[[[[1]]]]]]]]]]]]",
    "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
    "9223372036854775807",
    "9223372036854775808",
    "1e308",
    "1e309",
    "-1e999",
    "1e-999",
    "0.0001",
};
static const char *const names[] = {"contact",
                                    "company",
                                    "customer_id",
                                    "sources",
                                    "tlp",
                                    "nope",
                                    "os",
                                    "device",
                                    "a/b~c",
                                    "",
                                    "電話",
                                    "email",
                                    "discovered_at_precision",
                                    "logs",
                                    "priorities"};

static json_t *random_value(void)
{
    if (random_below(12) == 0) {
        char text[5000];
        size_t length = random_below(sizeof text);
        memset(text, 'x', length);
        return json_stringn(text, length);
    }
    json_t *value = NULL;
    while (!value)
        value = json_loads(values[random_below(COUNT_OF(values))], JSON_DECODE_ANY, NULL);
    return value;
}

static json_t *random_child(json_t *parent, const char **ret_key, size_t *ret_index)
{
    *ret_key = NULL;
    if (json_is_array(parent) && json_array_size(parent) > 0) {
        *ret_index = random_below(json_array_size(parent));
        return json_array_get(parent, *ret_index);
    }
    if (!json_is_object(parent) || json_object_size(parent) == 0)
        return NULL;
    void *member = json_object_iter(parent);
    for (size_t steps = random_below(json_object_size(parent)); steps > 0; steps--)
        member = json_object_iter_next(parent, member);
    *ret_key = json_object_iter_key(member);
    return json_object_iter_value(member);
}

static void change_member(json_t *parent, const char *key, size_t index)
{
    size_t kind = random_below(4);
    if (kind == 0 && json_is_object(parent))
        json_object_set_new(parent, names[random_below(COUNT_OF(names))], random_value());
    else if (kind == 0)
        for (size_t copies = random_below(120); copies > 0; copies--)
            json_array_append(parent, json_array_get(parent, index));
    else if (kind == 1 && key)
        json_object_del(parent, key);
    else if (kind == 1)
        json_array_remove(parent, index);
    else if (key)
        json_object_set_new(parent, key, random_value());
    else
        json_array_set_new(parent, index, random_value());
}

static void change_tree(json_t *body)
{
    json_t *parent = body, *child;
    const char *key;
    size_t index = 0;
    while ((child = random_child(parent, &key, &index)) && random_below(3) > 0 &&
           json_is_object(child) + json_is_array(child))
        parent = child;
    if (random_child(parent, &key, &index))
        change_member(parent, key, index);
}

static void insert(struct buf *text, size_t at, const char *piece, size_t length)
{
    CLEANUP(mem_free) char *rest = mem_dup(text->data + at, text->length - at);
    size_t rest_length = text->length - at;
    text->length = at;
    buf_add(text, piece, length);
    buf_add(text, rest, rest_length);
}

static void change_bytes(struct buf *text)
{
    if (text->length < 2)
        return;
    size_t at = random_below(text->length), length = random_below(8);
    const char *value = values[random_below(COUNT_OF(values))];
    switch (random_below(5)) {
    case 0:
        text->data[at] = (char)random_below(256);
        break;
    case 1:
        text->length = random_below(20) == 0 ? at : text->length;
        break;
    case 2:
        insert(text, at, value, strlen(value));
        break;
    case 3:
        length = at + length < text->length ? length : text->length - at;
        memmove(text->data + at, text->data + at + length, text->length - at - length);
        text->length -= length;
        break;
    case 4:
        insert(text, at, &"{}[]\",:\\ \n\xe3\x80\x80"[random_below(13)], 1);
        break;
    }
}

static bool one_body(const char *sample)
{
    static const size_t styles[] = {JSON_COMPACT, JSON_INDENT(2), JSON_ENSURE_ASCII,
                                    JSON_ESCAPE_SLASH | JSON_COMPACT};
    json_auto_t *body = json_loads(sample, 0, NULL);
    for (size_t changes = random_below(5); changes > 0; changes--)
        change_tree(body);
    CLEANUP(mem_free) char *dumped = json_dumps(body, styles[random_below(COUNT_OF(styles))]);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, LIMIT_BODY_BYTES);
    buf_add_text(&text, dumped);
    if (random_below(2) == 0)
        for (size_t changes = random_below(3); changes > 0; changes--)
            change_bytes(&text);
    if (text.overflowed)
        return false; /* longer than a body may be: no validator is asked */
    CLEANUP(mem_free)
    char *exact =
        mem_resize(NULL, text.length, 1); /* no byte behind it: a reader that runs on is found */
    memcpy(exact, text.data, text.length);
    return hearing_compare(exact, text.length);
}

static size_t from_environment(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static void both_validators_agree(void **state)
{
    (void)state;
    const char *const samples[] = {sample_full, sample_least, sample_answers};
    size_t seed = from_environment("TEST_SEED", (size_t)time(NULL)),
           bodies = from_environment("TEST_BODIES", 40000);
    size_t valid = 0;
    printf("TEST_SEED=%zu TEST_BODIES=%zu\n", seed, bodies);
    fflush(stdout);
    random_state = seed * 2654435761U + 1;
    for (size_t i = 0; i < bodies; i++)
        valid += one_body(samples[random_below(COUNT_OF(samples))]);
    printf("%zu of %zu valid\n", valid, bodies);
    assert_true(valid > bodies / 10 && valid < bodies * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_validators_agree)};
    return cmocka_run_group_tests(tests, hearing_samples_read, hearing_samples_free);
}
