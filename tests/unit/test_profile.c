/* SPDX-License-Identifier: Apache-2.0 */
/* The sample profile is good; each row makes one thing wrong and must be told exactly what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/desk/profile.h"

static char folder[] = "/tmp/profile-XXXXXX";

static const char jwks[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"s1\",\"use\":\"sig\",\"x\":\"AA\","
    "\"y\":\"AA\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\",\"use\":\"enc\",\"x\":\"AA\",\"y\":\"AA\"}]}";

static char *path_of(const char *name)
{
    return mem_printf("%s/%s", folder, name);
}

static void write_file(const char *name, const char *text, size_t length)
{
    CLEANUP(mem_free) char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

static char *sample(const char *name, size_t *ret_length)
{
    char *text;
    CLEANUP(mem_free) char *path = mem_printf("%s/deploy/desk/%s", SOURCE_ROOT, name);
    assert_true(file_read(path, 1024 * 1024, &text, ret_length));
    return text;
}

static const char *const texts[] = {"consent-2026-04.ja.txt", "consent-2025-10.ja.txt"};

static int make_folder(void **state)
{
    (void)state;
    size_t length;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(mem_free) char *consent = sample(texts[i], &length);
        write_file(texts[i], consent, length);
    }
    write_file("other.txt", "\xff", 1);
    write_file("provider-jwks.json", jwks, strlen(jwks));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {
        "consent-2026-04.ja.txt", "consent-2025-10.ja.txt", "other.txt",
        "provider-jwks.json",     "profile.json",           "holidays.csv"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(mem_free) char *path = path_of(names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static enum verdict load(const json_t *json, struct profile **ret_profile, struct why *why)
{
    CLEANUP(mem_free) char *path = path_of("profile.json"), *text = json_dumps(json, 0);
    write_file("profile.json", text, strlen(text));
    return profile_load(path, ret_profile, why);
}

static json_t *sample_profile(void)
{
    size_t length;
    CLEANUP(mem_free) char *text = sample("profile.json", &length);
    json_t *json = json_loadb(text, length, 0, NULL);
    assert_non_null(json);
    return json;
}

static void the_sample_is_good(void **state)
{
    (void)state;
    struct why why = {""};
    json_auto_t *json = sample_profile();
    CLEANUP(profile_release_at) struct profile *profile = NULL;
    assert_int_equal(load(json, &profile, &why), VERDICT_OK);
    assert_string_equal(profile_provider_id(profile), "sample-forensics");
    assert_int_equal(profile_approvals(profile), 1);
    const json_t *document = profile_consent_document(profile, "desk-consent", "2026-04");
    assert_non_null(strstr(json_string_value(json_object_get(document, "text")), "1-②"));
    const json_t *older = profile_consent_document(profile, "desk-consent", "2025-10");
    assert_true(json_is_true(json_object_get(older, "accepted")));
    assert_null(strstr(json_string_value(json_object_get(older, "text")), "2026"));
    assert_null(profile_consent_document(profile, "desk-consent", "2025-04"));
    assert_int_equal(
        json_array_size(json_object_get(
            json_object_get(json_object_get(profile_json(profile), "provider"), "jwks"), "keys")),
        2);
}

static void a_hand_over_is_sealed_to_the_first_key_for_encryption(void **state)
{
    (void)state;
    json_auto_t *provider = json_loads(
        "{\"jwks\":{\"keys\":[{\"kid\":\"s1\",\"use\":\"sig\"},{\"kid\":\"e2\",\"use\":\"enc\"},"
        "{\"kid\":\"e1\",\"use\":\"enc\"}]}}",
        0, NULL);
    assert_string_equal(json_string_value(json_object_get(profile_recipient_key(provider), "kid")),
                        "e2");
    json_object_clear(json_object_get(provider, "jwks"));
    assert_null(profile_recipient_key(provider));
    assert_null(profile_recipient_key(NULL));
}

static void what_may_be_left_out_has_a_default(void **state)
{
    (void)state;
    struct why why = {""};
    json_auto_t *json = sample_profile();
    json_object_del(json, "approvals");
    json_object_del(json, "closures");
    json_object_del(json, "public_holidays");
    static const char *const members[] = {"accepted", "channels", "purposes"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        json_object_del(json_array_get(json_object_get(json, "consent_documents"), 0), members[i]);
    CLEANUP(profile_release_at) struct profile *profile = NULL;
    assert_int_equal(load(json, &profile, &why), VERDICT_OK);
    assert_int_equal(profile_approvals(profile), 1);
    assert_string_equal(
        json_string_value(json_object_get(profile_json(profile), "public_holidays")), "japan");
    const json_t *document = profile_consent_document(profile, "desk-consent", "2026-04");
    assert_true(json_is_true(json_object_get(document, "accepted")));
    assert_true(json_equal(
        json_object_get(document, "purposes"),
        json_object_get(json_object_get(profile_json(profile), "provider"), "purposes")));
    json_auto_t *channels =
        json_pack("{s:[sss], s:[sss], s:[sss], s:[ss]}", "desk", "paper", "web", "phone_read",
                  "provision", "paper", "web", "phone_read", "report", "paper", "web", "phone_read",
                  "authorities", "paper", "web");
    assert_true(json_equal(json_object_get(document, "channels"), channels));
}

/* Clause 1-8 asks for writing where something leaves the desk and its provider, whatever stands in a profile. */
static void a_channel_suffices_for_a_scope(void **state)
{
    (void)state;
    json_auto_t *silent = json_object();
    json_auto_t *strict = json_pack("{s:{s:[s], s:[ss]}}", "channels", "provision", "paper",
                                    "authorities", "phone_read", "web");
    static const struct {
        const char *scope, *channel;
        bool by_default, strictly;
    } rows[] = {
        {"desk", "phone_read", true, true},
        {"desk", "paper", true, true},
        {"provision", "phone_read", true, false},
        {"provision", "web", true, false},
        {"provision", "paper", true, true},
        {"report", "phone_read", true, true},
        {"authorities", "phone_read", false, false},
        {"authorities", "paper", true, false},
        {"authorities", "web", true, true},
        {"desk", "pigeon", false, false},
        {"desk", NULL, false, false},
        {"everything", "paper", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(profile_channel_suffices(silent, rows[i].scope, rows[i].channel),
                         rows[i].by_default);
        assert_int_equal(profile_channel_suffices(strict, rows[i].scope, rows[i].channel),
                         rows[i].strictly);
    }
}

/* Puts `value` (JSON, NULL: takes away) at a pointer whose parents exist. */
static void put(json_t *json, const char *pointer, const char *value)
{
    char name[64];
    for (;;) {
        size_t length = strcspn(pointer + 1, "/");
        memcpy(name, pointer + 1, length);
        name[length] = '\0';
        pointer += length + 1;
        if (!*pointer)
            break;
        json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
        assert_non_null(json);
    }
    if (!value)
        json_object_del(json, name);
    else if (json_is_array(json))
        json_array_set_new(json, strtoul(name, NULL, 10), json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_set_new(json, name, json_loads(value, JSON_DECODE_ANY, NULL));
}

static void a_wrong_file_is_refused_with_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *pointer, *value, *why;
    } rows[] = {
        {"/name", NULL, "/name: missing"},
        {"/name/en", NULL, "/name/en: missing"},
        {"/name/ja", "\"a\\nb\"", "/name/ja: expected a text without control characters"},
        {"/nmae", "1", "/nmae: not a member of the profile"},
        {"/phone", "\"call us\"", "/phone: expected a telephone number"},
        {"/mail_from", "\"a@b\\r\\n.c\"", "/mail_from: expected an e-mail address"},
        {"/url", "\"javascript:1\"", "/url: expected an http"},
        {"/time_zone", "\"Europe/Berlin\"", "/time_zone: expected Asia/Tokyo or UTC"},
        {"/hours", "{}", "/hours: expected at least one day"},
        {"/hours/mon", "[\"17:00\",\"09:00\"]", "/hours/mon: expected"},
        {"/hours/mon", "[\"9:00\",\"17:00\"]", "/hours/mon: expected"},
        {"/hours/monday", "[\"09:00\",\"17:00\"]", "/hours/monday: not a member"},
        {"/closures/0/from", "\"2026-02-29\"", "/closures/0/from: expected a date"},
        {"/closures/0/to", "\"2020-01-01\"", "/closures/0: expected \"to\" on or after"},
        {"/public_holidays", "\"germany\"", "/public_holidays: expected japan or none"},
        {"/holidays_file", "\"nowhere.csv\"", "/holidays_file: nowhere.csv: No such file"},
        {"/notices/operator", "\"nobody\"", "/notices/operator: expected an e-mail address"},
        {"/notices/inactive_desk_days", "0",
         "/notices/inactive_desk_days: expected working days, 1 to 60"},
        {"/approvals", "3", "/approvals: expected 1 or 2"},
        {"/provider/id", "\"\"", "/provider/id: expected 1 to 64"},
        {"/provider/phone", "\"by mail\"", "/provider/phone: expected a telephone number"},
        {"/provider/jwks_file", "\"nowhere.json\"",
         "/provider/jwks_file: nowhere.json: No such file"},
        {"/provider/jwks_file", "\"consent-2026-04.ja.txt\"", "/provider/jwks_file: "},
        {"/provider/desk_hours_to_reply", "0",
         "/provider/desk_hours_to_reply: expected desk hours"},
        {"/provider/purposes", "[]", "/provider/purposes: expected a list of 1 to 20"},
        {"/consent_documents", "[]", "/consent_documents: expected a list of 1 to 20"},
        {"/consent_documents/0/sha256", "\"00\"",
         "/consent_documents/0/sha256: expected a SHA-256"},
        {"/consent_documents/0/sha256",
         "\"0000000000000000000000000000000000000000000000000000000000000000\"",
         "/consent_documents/0/sha256: the text's is "},
        {"/consent_documents/0/scopes/1", "\"everything\"",
         "/consent_documents/0/scopes/1: expected desk, provision"},
        {"/consent_documents/0/scopes", "[\"desk\"]",
         "/consent_documents/0: expected \"required\" to be among"},
        {"/consent_documents/0/valid_from", "\"2026-04-01\"",
         "/consent_documents/0/valid_from: expected a time"},
        {"/consent_documents/0/text_file", "\"../../etc/none\"",
         "/consent_documents/0/text_file: "},
        {"/consent_documents/0/provider", "\"another\"",
         "/consent_documents/0/provider: expected the provider"},
        {"/consent_documents/0/valid_until", "\"2026-04-01T00:00:00+09:00\"",
         "/consent_documents/0/valid_until: expected a time after"},
        {"/consent_documents/0/channels/authorities", "[\"paper\",\"phone_read\"]",
         "/consent_documents/0/channels/authorities/1: expected paper or web"},
        {"/consent_documents/0/channels/authorities", "[\"paper\",\"pigeon\"]",
         "/consent_documents/0/channels/authorities/1: expected paper or web"},
        {"/consent_documents/0/channels/provision", "[\"pigeon\"]",
         "/consent_documents/0/channels/provision/0: expected phone_read, paper or web"},
        {"/consent_documents/0/channels/provision", "[]",
         "/consent_documents/0/channels/provision: expected a list of 1 to 3"},
        {"/consent_documents/0/channels/everything", "[\"paper\"]",
         "/consent_documents/0/channels/everything: not a member"},
        {"/consent_documents/1/channels/authorities", "[\"paper\"]",
         "/consent_documents/1/channels/authorities: not one of the document's scopes"},
        {"/consent_documents/0/purposes", "[]",
         "/consent_documents/0/purposes: expected a list of 1 to 20"},
        {"/consent_documents/0/purposes", "[\"incident_response\"]",
         "/provider/purposes/1: expected one of the purposes of the current consent document"},
        {"/consent_documents/1/purposes", NULL, "/consent_documents/1/purposes: missing"},
        {"/consent_documents/1/text_file", "\"consent-2026-04.ja.txt\"",
         "/consent_documents/1/sha256: the text's is "},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct why why = {""};
        struct profile *profile = NULL;
        json_auto_t *json = sample_profile();
        put(json, rows[i].pointer, rows[i].value);
        assert_int_equal(load(json, &profile, &why), VERDICT_REJECT);
        if (strncmp(why.text, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("\"%s\" is not \"%s\"", why.text, rows[i].why);
    }
}

static void a_document_stands_once_and_its_text_is_utf8(void **state)
{
    (void)state;
    struct why why = {""};
    struct profile *profile = NULL;
    json_auto_t *json = sample_profile();
    json_t *documents = json_object_get(json, "consent_documents");
    json_array_append(documents, json_array_get(documents, 0));
    assert_int_equal(load(json, &profile, &why), VERDICT_REJECT);
    assert_string_equal(why.text, "/consent_documents/2: id and version stand twice");
    json_array_remove(documents, 2);
    put(json, "/consent_documents/0/text_file", "\"other.txt\"");
    put(json, "/consent_documents/0/sha256",
        "\"a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89\"");
    assert_int_equal(load(json, &profile, &why), VERDICT_REJECT);
    assert_string_equal(why.text, "/consent_documents/0/text_file: expected a text in UTF-8");
}

static void private_keys_do_not_belong_there(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\"keys\":[]}",
        "[]",
        "{\"keys\":[{\"kty\":\"EC\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"s1\",\"use\":\"sig\",\"x\":\"AA\","
        "\"y\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"s1\",\"use\":\"sig\",\"x\":\"AA\","
        "\"y\":\"AA\",\"d\":\"AA\"}]}",
        "{\"keys\":[1]}",
        "{",
    };
    json_auto_t *json = sample_profile();
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct why why = {""};
        struct profile *profile = NULL;
        write_file("provider-jwks.json", wrong[i], strlen(wrong[i]));
        assert_int_equal(load(json, &profile, &why), VERDICT_REJECT);
        assert_int_equal(strncmp(why.text, "/provider/jwks_file: ", 21), 0);
    }
    write_file("provider-jwks.json", jwks, strlen(jwks));
}

static void holidays_are_read_from_the_file_that_is_named(void **state)
{
    (void)state;
    static const char good[] = "\x8d\x91\x96\xaf,x\r\n2026/1/1,\x8c\xb3\x93\xfa\r\n2027-11-23,x\n";
    static const char *const wrong[] = {"", "heading\n", "2026/1/1,a\nnever,b\n",
                                        "2026/1/1\n2026/2/30,a\n"};
    struct profile *profile = NULL;
    struct why why = {0};
    json_auto_t *json = sample_profile();
    json_object_set_new(json, "holidays_file", json_string("holidays.csv"));
    write_file("holidays.csv", good, sizeof good - 1);
    assert_int_equal(load(json, &profile, &why), VERDICT_OK);
    const json_t *table = json_object_get(profile_json(profile), "holidays");
    assert_int_equal(json_integer_value(json_object_get(table, "from")), 2026);
    assert_int_equal(json_integer_value(json_object_get(table, "to")), 2027);
    assert_non_null(json_object_get(json_object_get(table, "days"), "2026-01-01"));
    assert_int_equal(json_object_size(json_object_get(table, "days")), 2);
    profile_release(profile);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        write_file("holidays.csv", wrong[i], strlen(wrong[i]));
        assert_int_equal(load(json, &profile, &why), VERDICT_REJECT);
        assert_non_null(strstr(why.text, "/holidays_file"));
    }
}

static void a_reload_keeps_the_old_one_where_the_new_is_wrong(void **state)
{
    (void)state;
    struct why why = {""};
    struct profile *none = NULL;
    json_auto_t *json = sample_profile();
    CLEANUP(mem_free) char *path = path_of("profile.json");
    assert_null(profile_current());
    load(json, &none, &why);
    profile_release(none);
    assert_int_equal(profile_holder_load(path, &why), VERDICT_OK);
    CLEANUP(profile_release_at) struct profile *before = profile_current();
    write_file("profile.json", "{", 1);
    assert_int_equal(profile_holder_load(path, &why), VERDICT_REJECT);
    CLEANUP(profile_release_at) struct profile *still = profile_current();
    assert_ptr_equal(before, still);
    put(json, "/approvals", "2");
    load(json, &none, &why);
    profile_release(none);
    assert_int_equal(profile_holder_load(path, &why), VERDICT_OK);
    CLEANUP(profile_release_at) struct profile *after = profile_current();
    assert_int_equal(profile_approvals(after), 2);
    assert_int_equal(profile_approvals(before), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_good),
        cmocka_unit_test(a_hand_over_is_sealed_to_the_first_key_for_encryption),
        cmocka_unit_test(what_may_be_left_out_has_a_default),
        cmocka_unit_test(a_channel_suffices_for_a_scope),
        cmocka_unit_test(a_wrong_file_is_refused_with_the_place),
        cmocka_unit_test(a_document_stands_once_and_its_text_is_utf8),
        cmocka_unit_test(private_keys_do_not_belong_there),
        cmocka_unit_test(holidays_are_read_from_the_file_that_is_named),
        cmocka_unit_test(a_reload_keeps_the_old_one_where_the_new_is_wrong),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
