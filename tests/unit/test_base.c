/* SPDX-License-Identifier: Apache-2.0 */
/* The base modules: util, clock, ids, configuration, metrics, topics and the strict JSON reader. */
#include "common/clock.h"
#include "common/config.h"
#include "common/desk/topics.h"
#include "common/event.h"
#include "common/ids.h"
#include "common/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf buf;
    buf_init(&buf, 10);
    buf_add_text(&buf, "12345");
    buf_printf(&buf, "%d", 67890);
    assert_false(buf.overflowed);
    assert_string_equal(buf.data, "1234567890");
    buf_add_text(&buf, "x");
    assert_true(buf.overflowed);
    assert_int_equal(buf.length, 10);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf buf;
    buf_init(&buf, 100);
    buf_add_json_string(&buf, "a\"b\\c\n語", strlen("a\"b\\c\n語"));
    assert_string_equal(buf.data, "\"a\\\"b\\\\c\\u000a語\"");
}

static void base64_reads_what_it_wrote(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        uint8_t data[40];
        ids_random(data, length);
        CLEANUP(mem_free) char *plain = base64_encode(data, length);
        CLEANUP(mem_free) char *url = base64url_encode(data, length);
        const char *const both[] = {plain, url};
        for (int i = 0; i < 2; i++) {
            CLEANUP(mem_free) void *back = NULL;
            size_t back_length;
            assert_true(base64_decode(both[i], strlen(both[i]), &back, &back_length));
            assert_int_equal(back_length, length);
            assert_memory_equal(back, data, length);
        }
    }
    void *none = NULL;
    size_t none_length;
    assert_false(base64_decode("a", 1, &none, &none_length));
    assert_false(base64_decode("a===", 4, &none, &none_length));
}

static void days_and_dates_agree(void **state)
{
    (void)state;
    assert_int_equal(clock_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(clock_days_from_civil(2000, 3, 1), 11017);
    for (int64_t day = -1000; day < 100000; day++) {
        int y, m, d;
        clock_civil_from_days(day, &y, &m, &d);
        assert_int_equal(clock_days_from_civil(y, m, d), day);
    }
}

static void times_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T15:00:00+09:00", 1795500000},
        {"2026-11-24T06:00:00.999999999Z", 1795500000},
        {"2026-11-24t06:00:00z", 1795500000},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2023-02-29T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-11-24T24:00:00Z", -1},
        {"2026-11-24T06:00:00", -1},
        {"2026-11-24T06:00:00+9:00", -1},
        {"2026-11-24T06:00:00Zx", -1},
        {"2026-11-24T06:00:00.Z", -1},
        {"1970-01-01T00:00:00+01:00", -1},
        {"", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t time_us = -1;
        bool taken = clock_parse(rows[i].text, strlen(rows[i].text), &time_us);
        assert_int_equal(taken, rows[i].seconds >= 0);
        assert_int_equal(taken ? time_us / 1000000 : -1, rows[i].seconds);
    }
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(1795500000123456, text);
    assert_string_equal(text, "2026-11-24T06:00:00.123456Z");
    clock_format_us(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    clock_format_us(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
    static const struct {
        const char *text;
        bool said;
    } edges[] = {
        {"1999-12-31T23:59:59Z", false},      {"2000-01-01T00:00:00Z", true},
        {"2000-01-01T08:59:59+09:00", false}, {"2199-12-31T23:59:59.999999Z", true},
        {"2200-01-01T00:00:00Z", false},      {"2199-12-31T23:59:59-00:01", false},
        {"9999-12-31T00:00:00Z", false},      {"2026-11-24", false},
    };
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        int64_t time_us;
        assert_int_equal(clock_parse_said(edges[i].text, strlen(edges[i].text), &time_us),
                         edges[i].said);
    }
}

static void uuids_have_their_form(void **state)
{
    (void)state;
    char a[IDS_UUID_SIZE], b[IDS_UUID_SIZE];
    ids_uuid7(1795500000123456, a);
    assert_true(ids_is_uuid(a));
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    struct bytes ab_c[] = {bytes_of("ab"), bytes_of("c")}, a_bc[] = {bytes_of("a"), bytes_of("bc")};
    ids_uuid8(ab_c, 2, a);
    ids_uuid8(a_bc, 2, b);
    assert_int_equal(a[14], '8');
    assert_string_not_equal(a, b);
    ids_uuid8(ab_c, 2, b);
    assert_string_equal(a, b);
    assert_false(ids_is_uuid("0190b3a0-0000-7000-8000-00000000000G"));
}

static void hashes_agree_in_one_piece_and_in_many(void **state)
{
    (void)state;
    char whole[IDS_SHA256_TEXT_SIZE], pieces[IDS_SHA256_TEXT_SIZE];
    ids_sha256_text("abc", 3, whole);
    assert_string_equal(whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct ids_sha256_state *hash = ids_sha256_begin();
    ids_sha256_add(hash, "a", 1);
    ids_sha256_add(hash, "bc", 2);
    ids_sha256_end(hash, pieces);
    assert_string_equal(whole, pieces);
}

static void case_numbers_can_be_read_aloud(void **state)
{
    (void)state;
    char number[IDS_CASE_NUMBER_SIZE];
    ids_case_number("0190b3a0-0000-7000-8000-000000000000", number);
    assert_int_equal(strlen(number), 13);
    for (int i = 0; i < 13; i++)
        assert_non_null(strchr(
            i == 3 || i == 7 || i == 11 ? "-" : "0123456789ABCDEFGHJKMNPQRSTVWXYZ", number[i]));
}

static void json_from_outside_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum verdict verdict;
    } rows[] = {
        {"{\"a\":[1,\"\\u3042\"]}", VERDICT_OK},
        {"{\"a\":1,\"a\":2}", VERDICT_REJECT},
        {"{\"a\":\"\\u0000\"}", VERDICT_REJECT},
        {"{\"a\":\"\\ud800\"}", VERDICT_REJECT},
        {"{\"a\":\"\xff\"}", VERDICT_REJECT},
        {"{} x", VERDICT_REJECT},
        {"", VERDICT_REJECT},
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", VERDICT_OK},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", VERDICT_REJECT},
        {"[\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]", VERDICT_OK},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_auto_t *json = NULL;
        struct why why;
        assert_int_equal(event_parse_json(rows[i].text, strlen(rows[i].text), &json, &why),
                         rows[i].verdict);
    }
}

/* Expected values are those of Apache Kafka's UtilsTest, which every client's partitioner is held against. */
static void partitions_are_those_of_other_clients(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } rows[] = {{"21", -973932308},
                {"foobar", -790332482},
                {"a-little-bit-long-string", -985981536},
                {"abc", 479470107}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(kafka_partition_of(bytes_of(rows[i].key), 1000003),
                         ((uint32_t)rows[i].hash & 0x7fffffff) % 1000003);
}

/* A key has a digit changed or three, and is then where it was wanted. */
static void a_key_is_counted_on_to_its_partition(void **state)
{
    (void)state;
    for (int32_t wanted = 0; wanted < 97; wanted++) {
        char key[IDS_UUID_SIZE], before[IDS_UUID_SIZE];
        ids_uuid7(clock_now_us(), before);
        memcpy(key, before, sizeof key);
        kafka_count_to_partition(key, 97, wanted);
        assert_int_equal(kafka_partition_of(bytes_of(key), 97), wanted);
        assert_true(ids_is_uuid(key));
        assert_memory_equal(key, before, IDS_UUID_SIZE - 4);
        memcpy(before, key, sizeof key);
        kafka_count_to_partition(key, 97, wanted);
        assert_string_equal(key, before);
    }
    char key[] = "abcdefg0"; /* of one partition all are */
    kafka_count_to_partition(key, 1, 1);
    assert_memory_equal(key, "abcde", 5);
}

static struct kafka_record record_with(const struct event_headers *headers, const char *key,
                                       const char *value)
{
    struct kafka_record record = {
        .topic = TOPICS_PREFIX "cases", .key = bytes_of(key), .value = bytes_of(value)};
    record.header_count = headers->count;
    memcpy(record.headers, headers->list, headers->count * sizeof headers->list[0]);
    return record;
}

static void envelopes_are_read_as_they_were_made(void **state)
{
    (void)state;
    char type_text[96];
    struct event_headers headers;
    event_headers_make("case.opened", "id-1", "/kakekomi/intake", "2026-11-24T06:00:00Z", "case-1",
                       NULL, type_text, &headers);
    struct kafka_record record = record_with(&headers, "case-1", "{\"extends\":null}");
    struct event event;
    struct why why;
    assert_int_equal(event_parse(&record, &event, &why), VERDICT_OK);
    assert_string_equal(event.type, "case.opened");
    assert_string_equal(event.id, "id-1");
    assert_string_equal(event.key, "case-1");
    assert_int_equal(event.time_us, INT64_C(1795500000000000));
    assert_true(json_is_null(json_object_get(event.data, "extends")));
    event_clear(&event);

    record.headers[0].value = bytes_of("0.3");
    assert_int_equal(event_parse(&record, &event, &why), VERDICT_REJECT);
    assert_non_null(strstr(why.text, "ce_specversion"));
}

struct test_config {
    char *text;
    int64_t number;
    bool flag;
};
static const struct config_variable test_variables[] = {
    {"KAKEKOMI_LOG_LEVEL", CONFIG_TEXT, "info", "a text", offsetof(struct test_config, text), 0, 0},
    {"KAKEKOMI_TEST_NUMBER", CONFIG_INTEGER, "5", "a number", offsetof(struct test_config, number),
     1, 9},
    {"KAKEKOMI_TEST_FLAG", CONFIG_BOOLEAN, "true", "a flag", offsetof(struct test_config, flag), 0,
     0},
};

static void expect_refusal(const char *part)
{
    struct test_config config = {0};
    struct why why;
    assert_int_equal(config_load(test_variables, 3, &config, &why), VERDICT_FATAL);
    assert_non_null(strstr(why.text, part));
    free(config.text);
}

static void configuration_names_what_is_wrong(void **state)
{
    (void)state;
    struct test_config config = {0};
    struct why why;
    assert_int_equal(config_load(test_variables, 3, &config, &why), VERDICT_OK);
    assert_string_equal(config.text, "info");
    assert_int_equal(config.number, 5);
    assert_true(config.flag);
    free(config.text);
    setenv("KAKEKOMI_TEST_NUMBER", "10", 1);
    expect_refusal("KAKEKOMI_TEST_NUMBER: expected a whole number from 1 to 9");
    setenv("KAKEKOMI_TEST_NUMBER", "3", 1);
    setenv("KAKEKOMI_NO_SUCH", "1", 1);
    expect_refusal("KAKEKOMI_NO_SUCH");
    unsetenv("KAKEKOMI_NO_SUCH");
    unsetenv("KAKEKOMI_TEST_NUMBER");
}

/* A service that would not obey it must not let somebody believe it does. */
static void only_a_test_build_knows_failpoints(void **state)
{
    (void)state;
    setenv("KAKEKOMI_FAILPOINT", "after_produce:3", 1);
#ifdef KAKEKOMI_FAILPOINTS
    struct test_config config = {0};
    struct why why;
    assert_int_equal(config_load(test_variables, 3, &config, &why), VERDICT_OK);
    free(config.text);
#else
    expect_refusal("KAKEKOMI_FAILPOINT");
#endif
    unsetenv("KAKEKOMI_FAILPOINT");
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    static struct metric metrics[] = {
        {.name = "things_total", .help = "Things seen", .kind = METRIC_COUNTER},
        {.name = "wait_seconds", .help = "Waiting", .kind = METRIC_HISTOGRAM}};
    metrics_register(metrics, 2);
    metric_add(&metrics[0], 3);
    metric_observe_us(&metrics[1], 1500);
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 10000);
    metrics_write(&out);
    assert_non_null(
        strstr(out.data, "# TYPE kakekomi_things_total counter\nkakekomi_things_total 3\n"));
    assert_non_null(strstr(out.data, "kakekomi_wait_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(out.data, "kakekomi_wait_seconds_bucket{le=\"0.0025\"} 1\n"));
    assert_non_null(strstr(out.data, "kakekomi_wait_seconds_sum 0.001500\n"));
}

static void topics_have_one_writer(void **state)
{
    (void)state;
    for (size_t i = 0; i < topics_count; i++) {
        const struct topic *topic = &topics_table[i];
        assert_string_equal(topics_short_name(topics_full_name(topic->name)), topic->name);
        if (strcmp(topic->name, "dead-letters") != 0)
            assert_null(strchr(topic->writers, ','));
    }
    const char *names[20];
    assert_int_equal(topics_of("provider", false, names, 20), 1);
    assert_string_equal(names[0], TOPICS_PREFIX "escalations");
    assert_int_equal(topics_of("provider", true, names, 20), 1);
    assert_string_equal(names[0], TOPICS_PREFIX "provider-replies");
}

static void what_is_cut_stays_text(void **state)
{
    (void)state;
    struct why why;
    char filler[254];
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    (void)reject(&why, "%s事故", filler);
    assert_string_equal(why.text, filler);
    (void)reject(&why, "/%.4s: no", "事故");
    assert_string_equal(why.text, "/事: no");
    char text[] = "a\xc0\xaf"
                  "b\xed\xa0\x80\xe4\xba"
                  "c\xf0\x9f\x98\x80\xff";
    utf8_repair(text);
    assert_string_equal(text, "abc\xf0\x9f\x98\x80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_stops_at_its_maximum),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(base64_reads_what_it_wrote),
        cmocka_unit_test(what_is_cut_stays_text),
        cmocka_unit_test(days_and_dates_agree),
        cmocka_unit_test(times_are_read_strictly),
        cmocka_unit_test(uuids_have_their_form),
        cmocka_unit_test(hashes_agree_in_one_piece_and_in_many),
        cmocka_unit_test(case_numbers_can_be_read_aloud),
        cmocka_unit_test(json_from_outside_is_read_strictly),
        cmocka_unit_test(partitions_are_those_of_other_clients),
        cmocka_unit_test(a_key_is_counted_on_to_its_partition),
        cmocka_unit_test(envelopes_are_read_as_they_were_made),
        cmocka_unit_test(configuration_names_what_is_wrong),
        cmocka_unit_test(only_a_test_build_knows_failpoints),
        cmocka_unit_test(metrics_are_prometheus_text),
        cmocka_unit_test(topics_have_one_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
