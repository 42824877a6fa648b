/* SPDX-License-Identifier: Apache-2.0 */
/* The hearing sheet rule by rule: one row, one rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/desk/hearing_internal.h"
#include "tests/unit/hearing_compare.h"
#include "tests/unit/hearing_sample.h"

#define CONTACT "\"contact\":{\"company\":\"a\",\"phone\":\"0300001234\"}"
#define SUMMARY "\"incident\":{\"summary\":\"x\"}"

static json_t *parsed(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

struct row {
    const char *members; /* put behind or instead of the least body's */
    const char *errors;  /* "pointer code", comma-separated, in order; "" where it is valid */
};

static void expect_errors(const char *body, size_t length, const char *expected)
{
    struct hearing_errors errors;
    struct hearing_opening opening;
    CLEANUP(buf_free) struct buf found;
    buf_init(&found, 10000);
    hearing_compare(body, length);
    hearing_check_opening(body, length, &opening, NULL, &errors);
    for (size_t i = 0; i < errors.count; i++)
        buf_printf(&found, "%s%s %s", i ? "," : "", errors.list[i].pointer, errors.list[i].code);
    assert_string_equal(found.length ? found.data : "", expected);
}

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_free) char *body = mem_printf("{%s}", rows[i].members);
        expect_errors(body, strlen(body), rows[i].errors);
    }
}

static void a_case_needs_a_caller_and_a_sentence(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CONTACT "," SUMMARY, ""},
        {"", "/contact/company required,/contact/phone required,/incident/summary required"},
        {CONTACT, "/incident/summary required"},
        {"\"incident\":{},\"contact\":{\"phone\":\"0300001234\"}",
         "/incident/summary required,/contact/company required"},
        {"\"contact\":{\"company\":\"\",\"phone\":\"0300001234\"}," SUMMARY,
         "/contact/company empty"},
        {"\"contact\":{\"company\":\"\\u3000 \\n\",\"phone\":\"0300001234\"}," SUMMARY,
         "/contact/company empty"},
        {"\"contact\":null," SUMMARY, "/contact type"},
        {"\"contact\":{\"company\":\"unknown\",\"phone\":\"unknown\"}," SUMMARY,
         "/contact/phone format"},
    };
    expect_rows(rows, COUNT_OF(rows));
}

static void unknown_fields_are_named(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CONTACT "," SUMMARY ",\"no_such\":{\"a\":[{}]}", "/no_such unknown_field"},
        {CONTACT "," SUMMARY ",\"a/b~c\":1", "/a~1b~0c unknown_field"},
        {CONTACT "," SUMMARY ",\"device\":[{},{\"cpu\":1}]", "/device/1/cpu unknown_field"},
        {CONTACT "," SUMMARY ",\"contact_precision\":\"day\"", "/contact_precision unknown_field"},
        {CONTACT "," SUMMARY ",\"N\":1,\"\":2", "/N unknown_field,/ unknown_field"},
    };
    expect_rows(rows, COUNT_OF(rows));
}

static void fields_that_are_not_of_stage_a_may_be_unknown_or_declined(void **state)
{
    (void)state;
    for (size_t i = 0; i < hearing_field_count; i++) {
        const struct hearing_field *field = &hearing_fields[i];
        const struct hearing_node *node =
            hearing_node_resolve(field->pointer, strlen(field->pointer));
        if (strstr(field->pointer, "/N/"))
            continue;
        assert_ptr_equal(node->field, field);
        assert_int_equal(node->answers, field->stage != HEARING_STAGE_A);
        char name[64], section[64] = "";
        if (sscanf(field->pointer, "/%63[^/]/%63s", section, name) != 2 ||
            field->stage == HEARING_STAGE_A)
            continue;
        for (int declined = 0; declined < 2; declined++) {
            json_auto_t *body = parsed(sample_least);
            if (!json_object_get(body, section))
                json_object_set_new(body, section, json_object());
            json_object_set_new(json_object_get(body, section), name,
                                json_string(declined ? "declined" : "unknown"));
            CLEANUP(mem_free) char *text = json_dumps(body, 0);
            assert_true(hearing_compare(text, strlen(text)));
        }
    }
}

static void formats_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *pointer, *good[8], *bad[14], *code;
    } rows[] = {
        {"/contact/phone",
         {"03-0000-1234", "０３（００００）１２３４", "+81 3 0000 1234", "0300001234 内線 5",
          "３００００１２３４"},
         {"12345678", "abc", "", "03-0000-1\\u0001234"},
         NULL},
        {"/contact/email",
         {"taro@example.jp", "a.b+c@sub.example.co.jp", "a..b@example.jp",
          "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "unknown"},
         {"a@b", "a@b.c\\r\\nBcc: c@d.e", "@example.jp", "a@example.jp.", "a b@example.jp",
          "a@-x.jp", "<a@example.jp>", "a@@example.jp", "\\\"a\\\"@example.jp", "a@exa_mple.jp",
          "a,b@example.jp", "あ@example.jp", "a@例え.jp"},
         "format"},
        {"/incident/discovered_at",
         {"2026-11-24T15:00:00+09:00", "2024-02-29T00:00:00Z", "2026-11-24T15:00:00.123-05:00",
          "declined"},
         {"2026-11-24T15:00:00", "2026-11-24", "2026-02-29T00:00:00Z", "昨日",
          "2026-11-24T25:00:00Z"},
         "format"},
        {"/incident/discovered_at_precision",
         {"minute", "hour", "day"},
         {"unknown", "second", ""},
         "choice"},
        {"/incident/type",
         {"ransomware", "ddos", "other", "unknown"},
         {"earthquake", "Ransomware", "ransom", "|", ""},
         "choice"},
        {"/incident/information_leak", {"yes", "no", "unknown", "declined"}, {"maybe"}, "choice"},
        {"/tlp",
         {"TLP:RED", "TLP:AMBER+STRICT", "TLP:CLEAR"},
         {"TLP:WHITE", "red", "TLP:AMBER+"},
         "choice"},
        {"/contact/department",
         {"総務部", "a\\tb", "\\ud83d\\ude00"},
         {"a\\u0007b", "a\\bb"},
         "control"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char section[64], name[64] = "";
        int parts = sscanf(rows[i].pointer, "/%63[^/]/%63s", section, name);
        for (size_t j = 0; j < COUNT_OF(rows[i].good) + COUNT_OF(rows[i].bad); j++) {
            bool good = j < COUNT_OF(rows[i].good);
            const char *value = good ? rows[i].good[j] : rows[i].bad[j - COUNT_OF(rows[i].good)];
            if (!value)
                continue;
            json_auto_t *body = parsed(sample_least);
            CLEANUP(mem_free) char *quoted = mem_printf("[\"%s\"]", value);
            json_auto_t *list = parsed(quoted);
            json_t *parent = parts == 2 ? json_object_get(body, section) : body;
            json_object_set(parent, parts == 2 ? name : section, json_array_get(list, 0));
            CLEANUP(mem_free) char *text = json_dumps(body, j % 2 ? JSON_ENSURE_ASCII : 0);
            CLEANUP(mem_free) char *expected = mem_printf("%s %s", rows[i].pointer, rows[i].code);
            if (good || rows[i].code)
                expect_errors(text, strlen(text), good ? "" : expected);
            else
                assert_false(hearing_compare(text, strlen(text)));
        }
    }
}

static void lists_have_limits(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"device\":[{\"addresses\":[\"192.0.2.1\",\"2001:db8::1\"],\"mac\":\"001122aabbcc\"}]",
         ""},
        {"\"device\":[{\"addresses\":[\"192.0.2.256\"],\"mac\":\"00:11\"}]",
         "/device/0/addresses/0 format,/device/0/mac format"},
        {"\"device\":[{\"clock_error_s\":90.5,\"ntp\":true}]",
         "/device/0/clock_error_s type,/device/0/ntp type"},
        {"\"device\":[{\"clock_error_s\":-3155760001}]", "/device/0/clock_error_s range"},
        {"\"device\":[\"unknown\",null,[]]", "/device/0 type,/device/1 type,/device/2 type"},
        {"\"device\":{}", "/device type"},
        {"\"logs\":[{\"kind\":\"utm\",\"available\":\"maybe\",\"retention_days\":-1}]",
         "/logs/0/available choice,/logs/0/retention_days range"},
        {"\"network\":{\"entry_points\":[\"VPN\",5,\"\"]}",
         "/network/entry_points/1 type,/network/entry_points/2 empty"},
        {"\"network\":\"unknown\"", "/network type"},
        {"\"sources\":{\"/device/0/os\":\"log\",\"/tlp\":\"caller\"}", ""},
        {"\"sources\":{\"/device/x/os\":\"log\",\"/contact\":\"x\",\"/device/01/"
         "os\":\"x\",\"\":\"x\"}",
         "/sources/~1device~1x~1os unknown_field,/sources/~1contact "
         "unknown_field,/sources/~1device~101~1os "
         "unknown_field,/sources/ unknown_field"},
        {"\"sources\":{\"/tlp\":1}", "/sources/~1tlp type"},
        {"\"customer_id\":\"lower\"", "/customer_id format"},
        {"\"customer_id\":\"ABCDEFGHIJ-0123456789\"", "/customer_id format"},
        {"\"customer_id\":5", "/customer_id type"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(mem_free) char *body = mem_printf("{" CONTACT "," SUMMARY ",%s}", rows[i].members);
        expect_errors(body, strlen(body), rows[i].errors);
    }
    const char *priorities = "{" CONTACT ",\"incident\":{\"summary\":\"x\",\"priorities\":["
                             "\"other\",\"root_cause\",\"other\",\"x\"]}}";
    expect_errors(priorities, strlen(priorities),
                  "/incident/priorities/2 duplicate,/incident/priorities/3 "
                  "choice,/incident/priorities too_many");
}

static void lengths_are_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "あ", "é", "😀", "\\u3042", "\\ud83d\\ude00"};
    for (size_t i = 0; i < COUNT_OF(characters); i++)
        for (size_t length = 199; length <= 201; length++) {
            CLEANUP(buf_free) struct buf body;
            buf_init(&body, 100000);
            buf_add_text(&body,
                         "{" SUMMARY ",\"contact\":{\"phone\":\"0300001234\",\"company\":\"");
            for (size_t j = 0; j < length; j++)
                buf_add_text(&body, characters[i]);
            buf_add_text(&body, "\"}}");
            expect_errors(body.data, body.length, length > 200 ? "/contact/company too_long" : "");
        }
}

static void add_repeated(struct buf *body, const char *first, const char *again, size_t times,
                         const char *last)
{
    buf_add_text(body, "{" CONTACT "," SUMMARY ",");
    buf_add_text(body, first);
    for (size_t i = 0; i < times; i++) {
        buf_add_text(body, i ? "," : "");
        buf_add_text(body, again);
    }
    buf_add_text(body, last);
}

static void devices_and_the_whole_have_limits(void **state)
{
    (void)state;
    for (size_t devices = 100; devices <= 101; devices++) {
        CLEANUP(buf_free) struct buf body;
        buf_init(&body, 100000);
        add_repeated(&body, "\"device\":[", "{}", devices, "]}");
        expect_errors(body.data, body.length, devices > 100 ? "/device too_many" : "");
    }
    CLEANUP(buf_free) struct buf body;
    CLEANUP(mem_free) char *action = mem_printf("{\"what\":\"%01000d\"}", 0);
    buf_init(&body, 1000000);
    add_repeated(&body, "\"actions_taken\":[", action, 50, "],\"device\":[");
    for (size_t i = 0; i < 100; i++)
        buf_printf(
            &body,
            "%s{\"os\":\"%0200d\",\"antivirus\":\"%0200d\",\"name\":\"%0200d\",\"addresses\":[]}",
            i ? "," : "", 0, 0, 0);
    buf_add_text(&body, "]");
    while (body.length < LIMIT_HEARING_BYTES)
        buf_add_text(&body, " ");
    body.data[body.length - 1] = '}';
    expect_errors(body.data, body.length, "");
    body.data[body.length - 1] = ' ';
    buf_add_text(&body, "}");
    expect_errors(body.data, body.length, " too_long");
}

static void what_is_not_json_is_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"", "not_json"},
        {" ", "not_json"},
        {"5 ", "not_json"},
        {"\"a\"", "not_json"},
        {"{", "not_json"},
        {"{\"a\"", "not_json"},
        {"{\"a\":1", "not_json"},
        {"{\"a\":1,}", "not_json"},
        {"{,}", "not_json"},
        {"{a:1}", "not_json"},
        {"[]x", "not_json"},
        {"{}{}", "not_json"},
        {"{} x", "not_json"},
        {"{\"a\":01}", "not_json"},
        {"{\"a\":1.}", "not_json"},
        {"{\"a\":-}", "not_json"},
        {"{\"a\":+1}", "not_json"},
        {"{\"a\":.5}", "not_json"},
        {"{\"a\":1e}", "not_json"},
        {"{\"a\":tru}", "not_json"},
        {"{\"a\":\"\t\"}", "not_json"},
        {"{\"a\":\"\\x\"}", "not_json"},
        {"{\"a\":\"\\u12g4\"}", "not_json"},
        {"{\"a\":'b'}", "not_json"},
        {"\xef\xbb\xbf{}", "not_json"},
        {"{\"a\":NaN}", "not_json"},
        {"[1,]", "not_json"},
        {"{\"a\" 1}", "not_json"},
        {"{\"a\":\"\xff\"}", "utf8"},
        {"{\"a\":\"\xc0\xaf\"}", "utf8"},
        {"{\"a\":\"\xe0\x80\xaf\"}", "utf8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "utf8"},
        {"{\"a\":\"\xf4\x90\x80\x80\"}", "utf8"},
        {"{\"a\":\"\xe3\x81\"}", "utf8"},
        {"{\"a\":\"\\ud800\"}", "utf8"},
        {"{\"a\":\"\\udc00\"}", "utf8"},
        {"{\"a\":\"\\ud800\\u0041\"}", "utf8"},
        {"{\"a\":\"\\u0000\"}", "null_character"},
        {"{\"a\\u0000\":1}", "null_character"},
        {"{\"a\":1,\"a\":2}", "duplicate_key"},
        {"{\"a\":{\"b\":1,\"c\":2,\"\\u0062\":3}}", "duplicate_key"},
        {"{\"contact\":{},\"cont\\u0061ct\":{}}", "duplicate_key"},
        {"{\"sources\":{\"/tlp\":\"a\",\"\\/tlp\":\"b\"}}", "duplicate_key"},
        {"{\"device\":[{\"os\":\"a\",\"os\":\"b\"}]}", "duplicate_key"},
        {"{\"a\":9223372036854775808}", "number"},
        {"{\"a\":1e309}", "number"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "too_deep"},
        {"{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}", "too_deep"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hearing_errors errors;
        struct hearing_opening opening;
        assert_false(hearing_compare(rows[i].body, strlen(rows[i].body)));
        hearing_check_opening(rows[i].body, strlen(rows[i].body), &opening, NULL, &errors);
        assert_true(errors.unreadable);
        assert_string_equal(errors.list[0].code, rows[i].code);
        assert_int_equal(errors.count, 1);
    }
    assert_false(hearing_compare("{\"\":1\0}", 7)); /* NUL between two tokens */
    expect_errors("[]", 2, " type");
}

static void many_strange_keys_are_compared_quickly(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        CLEANUP(buf_free) struct buf body;
        struct hearing_errors errors;
        struct hearing_opening opening;
        buf_init(&body, LIMIT_BODY_BYTES);
        buf_add_text(&body, "{\"k7\":0");
        for (int i = 100; i < 50000; i++)
            buf_printf(&body, ",\"k%d\":{\"k7\":1}", i);
        buf_add_text(&body, twice ? ",\"\\u006b7\":2}" : "}");
        assert_false(hearing_check_opening(body.data, body.length, &opening, NULL, &errors));
        assert_int_equal(errors.unreadable, twice);
        assert_true(twice || (errors.count == HEARING_ERRORS_MAX && errors.found > 49000));
    }
}

/* Every address that the sheet has, as one types it whose keyboard writes full width. */
#define WIDE_CONTACT                                                                               \
    "\"contact\":{\"responsible_email\":\"ｃ＠ｄ．ｊｐ\",\"company\":\"\\u3042\","                 \
    "\"email\":\"ａ＠ｂ．ｊｐ\",\"phone\":\"0300001234\"}"
#define NARROW_CONTACT                                                                             \
    "\"contact\":{\"responsible_email\":\"c@d.jp\",\"company\":\"\\u3042\","                       \
    "\"email\":\"a@b.jp\",\"phone\":\"0300001234\"}"

static void the_hearing_is_written_as_it_came(void **state)
{
    (void)state;
    static const struct {
        const char *body, *hearing, *customer;
    } rows[] = {
        {" {" CONTACT ", " SUMMARY "} ", "{" CONTACT ", " SUMMARY "}", NULL},
        {"{\"customer_id\" : \"A-1\" , " CONTACT "," SUMMARY "}", "{ " CONTACT "," SUMMARY "}",
         "A-1"},
        {"{" CONTACT " , \"customer_id\":\"\\u0041-1\" ," SUMMARY "}",
         "{" CONTACT "  ," SUMMARY "}", "A-1"},
        {"{" CONTACT "," SUMMARY ",\"customer_id\":\"A-1\"\n}", "{" CONTACT "," SUMMARY "\n}",
         "A-1"},
        {"{" SUMMARY ",\"customer_id\":\"A\",\"contact\":{\"email\":\"ａ＠ｂ．ｊｐ\",\"company\":"
         "\"\\u3042\",\"phone\":\"0300001234\"}}",
         "{" SUMMARY
         ",\"contact\":{\"email\":\"a@b.jp\",\"company\":\"\\u3042\",\"phone\":\"0300001234\"}}",
         "A"},
        {"{\"customer_id\":\"A\"," SUMMARY "," WIDE_CONTACT "}", "{" SUMMARY "," NARROW_CONTACT "}",
         "A"},
        {"{" WIDE_CONTACT ",\"customer_id\":\"A\"," SUMMARY "}", "{" NARROW_CONTACT "," SUMMARY "}",
         "A"},
        {"{" SUMMARY "," WIDE_CONTACT ",\"customer_id\":\"A\"}", "{" SUMMARY "," NARROW_CONTACT "}",
         "A"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hearing_errors errors;
        struct hearing_opening opening;
        CLEANUP(buf_free) struct buf out;
        buf_init(&out, 1000);
        assert_true(hearing_compare(rows[i].body, strlen(rows[i].body)));
        assert_true(
            hearing_check_opening(rows[i].body, strlen(rows[i].body), &opening, &out, &errors));
        assert_string_equal(out.data, rows[i].hearing);
        assert_true(bytes_equal_text(opening.customer_id, rows[i].customer));
        assert_int_equal(opening.customer_id.data == NULL, rows[i].customer == NULL);
    }
}

/* --- patches ------------------------------------------------------------------------------------------------------ */

static void expect_patch(const char *patch_text, const char *expected)
{
    json_auto_t *hearing = parsed(sample_least), *patch = parsed(patch_text), *merged = NULL;
    struct hearing_errors errors;
    CLEANUP(buf_free) struct buf found;
    buf_init(&found, 10000);
    buf_add_text(&found, "");
    hearing_check_patch(hearing, patch, &errors, &merged);
    for (size_t i = 0; i < errors.count; i++)
        buf_printf(&found, "%s%s %s", i ? "," : "", errors.list[i].pointer, errors.list[i].code);
    assert_string_equal(found.length ? found.data : "", expected);
    assert_int_equal(merged == NULL, errors.found > 0);
}

/* As long as an address may be: each character takes three bytes until it is narrow. */
static void the_longest_address_is_narrowed(void **state)
{
    (void)state;
    char wide[3 * 254 + 1] = "", narrow[255] = "";
    for (size_t i = 0; i < 254; i++) {
        bool dot = i > 64 && (i - 64) % 60 == 0;
        strcat(wide, i == 64 ? "＠" : dot ? "．" : "ａ");
        strcat(narrow, i == 64 ? "@" : dot ? "." : "a");
    }
    CLEANUP(mem_free)
    char *body = mem_printf("{\"contact\":{\"company\":\"x\",\"phone\":\"0300001234\",\"email\":"
                            "\"%s\"}," SUMMARY "}",
                            wide);
    struct hearing_errors errors;
    struct hearing_opening opening;
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 2000);
    assert_true(hearing_check_opening(body, strlen(body), &opening, &out, &errors));
    assert_non_null(strstr(out.data, narrow));
}

static void every_address_of_a_patch_is_narrowed(void **state)
{
    (void)state;
    json_auto_t *hearing = parsed(sample_least), *patch = parsed("{" WIDE_CONTACT "}");
    json_auto_t *merged = NULL, *expected = parsed("{" NARROW_CONTACT "}");
    struct hearing_errors errors;
    assert_true(hearing_check_patch(hearing, patch, &errors, &merged));
    assert_true(json_equal(patch, expected));
}

static void patches_are_checked_alone_and_merged(void **state)
{
    (void)state;
    expect_patch("{\"contact\":{\"email\":\"a@example.jp\"}}", "");
    expect_patch("{\"contact\":{\"email\":null}}", "");
    expect_patch("{\"contact\":{\"company\":null}}", "/contact/company required");
    expect_patch("{\"contact\":null}", "/contact/company required,/contact/phone required");
    expect_patch("{\"contact\":{\"email\":\"nobody\"},\"nope\":null}",
                 "/contact/email format,/nope unknown_field");
    expect_patch("{\"customer_id\":\"A\"}", "/customer_id unknown_field");
    expect_patch("{\"device\":[null]}", "/device/0 type");
    expect_patch("[]", " type");
    expect_patch("{\"device\":[{\"os\":\"x\"}],\"logs\":\"unknown\"}", "");
}

/* The examples of RFC 7396, appendix A. */
static void merging_is_rfc_7396(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_auto_t *target = parsed(rows[i][0]), *patch = parsed(rows[i][1]),
                    *expected = parsed(rows[i][2]);
        json_auto_t *merged = hearing_merge(target, patch);
        assert_true(json_equal(merged, expected));
    }
}

static void a_patch_of_an_array_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        bool names;
    } rows[] = {
        {"{\"contact\":{\"person\":\"a\"}}", false},
        {"{\"device\":[]}", true},
        {"{\"device\":null}", true},
        {"{\"logs\":\"unknown\"}", true},
        {"{\"incident\":{\"priorities\":[]}}", true},
        {"{\"incident\":{\"priorities\":null}}", true},
        {"{\"network\":{\"entry_points\":\"unknown\"}}", true},
        {"{\"legal\":{\"data_kinds\":\"declined\"}}", true},
        {"{\"network\":null}", true}, /* takes the list in it along */
        {"{\"insurance\":null}", false},
        {"{\"network\":{\"configuration\":\"unknown\"}}", false},
        {"{}", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_auto_t *patch = parsed(rows[i].patch);
        assert_int_equal(hearing_patch_names_array(patch), rows[i].names);
    }
}

/* --- what is missing, what leaves --------------------------------------------------------------------------------- */

static void expect_missing(const char *hearing_text, enum hearing_stage stage, const char *expected)
{
    json_auto_t *hearing = parsed(hearing_text), *missing = hearing_missing(hearing, stage);
    CLEANUP(buf_free) struct buf found;
    size_t index;
    json_t *row;
    buf_init(&found, 10000);
    buf_add_text(&found, "");
    json_array_foreach(missing, index, row) buf_printf(
        &found, "%s%s", index ? " " : "", json_string_value(json_object_get(row, "pointer")));
    assert_string_equal(found.length ? found.data : "", expected);
}

static void what_was_not_asked_is_missing(void **state)
{
    (void)state;
    expect_missing(sample_least, HEARING_STAGE_A, "");
    expect_missing(sample_least, HEARING_STAGE_H,
                   "/contact/responsible_person /device /network/configuration /logs");
    expect_missing(sample_full, HEARING_STAGE_H, "/device/1/disk_encrypted");
    expect_missing(sample_answers, HEARING_STAGE_H,
                   "/contact/responsible_person /network/configuration");
    expect_missing("{\"device\":[],\"logs\":[],\"contact\":{\"responsible_person\":\"declined\"},"
                   "\"network\":{\"configuration\":\"unknown\"}}",
                   HEARING_STAGE_H, "/device /logs");
    expect_missing(sample_full, HEARING_STAGE_B,
                   "/device/1/identification /device/1/usage /device/1/os /device/1/antivirus "
                   "/device/1/external_connection");
    expect_missing("{\"contact\":{\"department\":\"a\",\"person\":\"a\",\"email\":\"unknown\"},"
                   "\"incident\":{\"information_leak\":\"yes\"},"
                   "\"actions_taken\":[],\"device\":\"unknown\"}",
                   HEARING_STAGE_B,
                   "/incident/type /incident/purpose /incident/priorities /incident/discovered_at "
                   "/incident/known_at "
                   "/incident/discovery_trigger /incident/occurred_from /incident/occurred_to "
                   "/incident/target "
                   "/incident/operations_at_time /legal/persons_estimated /legal/data_kinds "
                   "/legal/entrusted_by");
}

static void only_what_the_table_marks_leaves(void **state)
{
    (void)state;
    json_auto_t *hearing = parsed(sample_full), *exported = hearing_export(hearing);
    json_auto_t *expected = parsed(sample_full);
    static const char *const stays[] = {"alternative", "channel", "language", "responsible_email"};
    for (size_t i = 0; i < COUNT_OF(stays); i++)
        json_object_del(json_object_get(expected, "contact"), stays[i]);
    json_object_del(expected, "insurance");
    json_object_del(expected, "customer_id");
    json_object_del(json_object_get(expected, "sources"), "/insurance/has");
    assert_true(json_equal(exported, expected));
    json_object_set_new(hearing, "stray", json_string("x"));
    json_auto_t *again = hearing_export(hearing);
    assert_true(json_equal(again, expected));

    json_auto_t *items = hearing_export_items(hearing);
    CLEANUP(mem_free) char *text = json_dumps(items, JSON_COMPACT);
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 0), "label")),
                        "貴社名");
    assert_non_null(strstr(text, "\"/device/0/os\""));
    assert_non_null(strstr(text, "\"/incident/occurred_to\"")); /* "unknown" leaves too */
    assert_null(strstr(text, "insurance"));
    assert_null(strstr(text, "alternative"));
    assert_null(strstr(text, "/device/1/"));
    json_auto_t *answers = parsed(sample_answers), *answered = hearing_export_items(answers);
    CLEANUP(mem_free) char *answers_text = json_dumps(answered, JSON_COMPACT);
    assert_non_null(strstr(answers_text, "\"/device\""));
}

static void phones_are_found_by_their_digits(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"03-0000-1234", "0300001234"},
        {"０３（００００）１２３４", "0300001234"},
        {"+81 3-0000-1234", "0300001234"},
        {"＋８１（０）３ 0000 1234", "0300001234"},
        {"+1 212 555 0100", "12125550100"},
        {"内線", ""},
        {"81-3", "813"},
    };
    char digits[32], cut[5];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hearing_phone_digits(rows[i][0], digits, sizeof digits);
        assert_string_equal(digits, rows[i][1]);
    }
    hearing_phone_digits("0300001234", cut, sizeof cut);
    assert_string_equal(cut, "0300");
}

static void the_table_is_published(void **state)
{
    (void)state;
    json_auto_t *sheet = hearing_sheet(), *schema = hearing_schema();
    assert_int_equal(json_array_size(json_object_get(sheet, "fields")), hearing_field_count);
    json_t *properties = json_object_get(schema, "properties");
    json_t *contact = json_object_get(properties, "contact");
    assert_int_equal(json_array_size(json_object_get(contact, "required")), 2);
    assert_non_null(json_object_get(properties, "customer_id"));
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_needs_a_caller_and_a_sentence),
        cmocka_unit_test(unknown_fields_are_named),
        cmocka_unit_test(fields_that_are_not_of_stage_a_may_be_unknown_or_declined),
        cmocka_unit_test(formats_are_checked),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(lengths_are_characters),
        cmocka_unit_test(devices_and_the_whole_have_limits),
        cmocka_unit_test(what_is_not_json_is_unreadable),
        cmocka_unit_test(many_strange_keys_are_compared_quickly),
        cmocka_unit_test(the_hearing_is_written_as_it_came),
        cmocka_unit_test(the_longest_address_is_narrowed),
        cmocka_unit_test(every_address_of_a_patch_is_narrowed),
        cmocka_unit_test(patches_are_checked_alone_and_merged),
        cmocka_unit_test(merging_is_rfc_7396),
        cmocka_unit_test(a_patch_of_an_array_is_seen),
        cmocka_unit_test(what_was_not_asked_is_missing),
        cmocka_unit_test(only_what_the_table_marks_leaves),
        cmocka_unit_test(phones_are_found_by_their_digits),
        cmocka_unit_test(the_table_is_published),
    };
    return cmocka_run_group_tests(tests, hearing_samples_read, hearing_samples_free);
}
