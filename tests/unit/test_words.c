/* SPDX-License-Identifier: Apache-2.0 */
/* What the provider says and what is said to it: keys and their rotation, words, sealed parts, reports, targets of proposals. */
#include "common/desk/limits.h"
#include "services/escalation/proposals.h"
#include "services/escalation/replies.h"
#include "services/escalation/report_check.h"
#include "services/escalation/sealing.h"

#include <jose/jose.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECRET_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SECRET_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define CASE_ID "0190b3a0-0000-7000-8000-000000000001"
#define HEAD "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static json_t *sign_jwk, *decrypt_jwk, *old_decrypt_jwk;
static struct sealing_keys keys;

static json_t *new_key(const char *kid, const char *use)
{
    json_t *key =
        json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "kid", kid, "use", use);
    assert_true(jose_jwk_gen(NULL, key));
    return key;
}

static void load(struct sealing_keys *ret_keys, const json_t *decrypt, const char *secrets)
{
    struct why why = {0};
    char *sign = json_dumps(sign_jwk, 0), *text = decrypt ? json_dumps(decrypt, 0) : NULL;
    assert_int_equal(sealing_keys_load(sign, text ? text : "", secrets, ret_keys, &why),
                     VERDICT_OK);
    free(sign);
    free(text);
}

static void keys_free(struct sealing_keys *loaded)
{
    json_decref(loaded->sign);
    json_decref(loaded->decrypt);
}

static int set_up(void **state)
{
    (void)state;
    sign_jwk = new_key("sign-1", "sig");
    decrypt_jwk = new_key("decrypt-2", "enc");
    old_decrypt_jwk = new_key("decrypt-1", "enc");
    json_auto_t *set = json_pack("{s:[O, O]}", "keys", decrypt_jwk, old_decrypt_jwk);
    load(&keys, set, SECRET_B "\n" SECRET_A "\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keys_free(&keys);
    json_decref(sign_jwk);
    json_decref(decrypt_jwk);
    json_decref(old_decrypt_jwk);
    return 0;
}

/* --- secrets and keys ------------------------------------------------------------------------------------------------- */

static void an_earlier_secret_still_derives_its_keys(void **state)
{
    (void)state;
    struct sealing_keys before;
    uint8_t then[SEALING_KEY_BYTES], now[SEALING_KEY_BYTES], other[SEALING_KEY_BYTES];
    load(&before, NULL, SECRET_A);
    const struct sealing_secret *old = sealing_secret_find(&before, NULL),
                                *kept = sealing_secret_find(&keys, old->id);
    assert_non_null(kept);
    sealing_derive(old, CASE_ID, HEAD, then);
    sealing_derive(kept, CASE_ID, HEAD, now);
    sealing_derive(sealing_secret_find(&keys, NULL), CASE_ID, HEAD, other);
    assert_memory_equal(then, now, SEALING_KEY_BYTES);
    assert_memory_not_equal(then, other, SEALING_KEY_BYTES);
    assert_null(sealing_secret_find(&before, sealing_secret_find(&keys, NULL)->id));
    assert_null(strstr(SECRET_A, old->id));
    keys_free(&before);
}

static void refuses(const char *decrypt, const char *secrets, const char *variable)
{
    struct sealing_keys refused = {0};
    struct why why = {0};
    char *sign = json_dumps(sign_jwk, 0);
    assert_int_equal(sealing_keys_load(sign, decrypt, secrets, &refused, &why), VERDICT_FATAL);
    assert_non_null(strstr(why.text, variable));
    assert_null(strstr(why.text, "0011"));
    keys_free(&refused);
    free(sign);
}

static void wrong_keys_are_refused_by_name(void **state)
{
    (void)state;
    refuses("", "", "KAKEKOMI_ESCALATION_SECRET");
    refuses("", SECRET_A "\nshort", "KAKEKOMI_ESCALATION_SECRET");
    refuses("", "0011", "KAKEKOMI_ESCALATION_SECRET");
    refuses("{}", SECRET_A, "KAKEKOMI_DECRYPTION_KEY");
    refuses("{\"keys\":[{\"kty\":\"EC\"}]}", SECRET_A, "KAKEKOMI_DECRYPTION_KEY");
    refuses("no JSON", SECRET_A, "KAKEKOMI_DECRYPTION_KEY");
}

/* --- sealed parts ----------------------------------------------------------------------------------------------------- */

static enum verdict open_text(const char *jwe, struct buf *clear, json_t **header)
{
    struct why why = {0};
    buf_init(clear, LIMIT_CHUNK_BYTES);
    return sealing_open(&keys, bytes_of(jwe), clear, header, &why);
}

static void opens(const json_t *recipient)
{
    uint8_t secret[SEALING_KEY_BYTES] = "what only the desk may read ...";
    CLEANUP(buf_free) struct buf clear;
    json_auto_t *header = NULL;
    CLEANUP(mem_free) char *jwe = sealing_seal_key(secret, recipient, CASE_ID);
    assert_non_null(jwe);
    assert_int_equal(open_text(jwe, &clear, &header), VERDICT_OK);
    assert_int_equal(clear.length, sizeof secret);
    assert_memory_equal(clear.data, secret, sizeof secret);
    assert_string_equal(json_string_value(json_object_get(header, "handover")), CASE_ID);
}

static void parts_to_the_present_and_to_an_earlier_key_open(void **state)
{
    (void)state;
    opens(decrypt_jwk);
    opens(old_decrypt_jwk);
}

static void every_flipped_character_of_a_part_is_refused(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t secret[SEALING_KEY_BYTES] = {1, 2, 3};
    CLEANUP(mem_free) char *jwe = sealing_seal_key(secret, decrypt_jwk, CASE_ID);
    for (size_t i = 0; i < strlen(jwe); i++) {
        char was = jwe[i];
        const char *place = strchr(alphabet, was);
        for (size_t bit = 1; bit < 64; bit <<= 1) {
            CLEANUP(buf_free) struct buf clear;
            json_auto_t *header = NULL;
            jwe[i] = place ? alphabet[((size_t)(place - alphabet)) ^ bit] : '_';
            assert_int_equal(open_text(jwe, &clear, &header), VERDICT_REJECT);
        }
        jwe[i] = was;
    }
}

static void other_ways_of_sealing_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *enc, *name;
    } ways[] = {{"dir", "A256GCM", NULL},
                {"ECDH-ES", "A256GCM", NULL},
                {"PBES2-HS512+A256KW", "A256GCM", NULL},
                {"ECDH-ES+A256KW", "A128CBC-HS256", NULL},
                {"RSA1_5", "A256GCM", NULL},
                {"ECDH-ES+A256KW", "A256GCM", "zip"},
                {"ECDH-ES+A256KW", "A256GCM", "crit"}};
    uint8_t secret[SEALING_KEY_BYTES] = {1};
    CLEANUP(mem_free) char *jwe = sealing_seal_key(secret, decrypt_jwk, CASE_ID);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        json_auto_t *protected = json_pack("{s:s, s:s, s:s}", "alg", ways[i].alg, "enc",
                                           ways[i].enc, "kid", "decrypt-2");
        if (ways[i].name)
            json_object_set_new(protected, ways[i].name, json_string("DEF"));
        char *text = json_dumps(protected, 0);
        json_auto_t *encoded = jose_b64_enc(text, strlen(text));
        CLEANUP(mem_free)
        char *other = mem_printf("%s%s", json_string_value(encoded), strchr(jwe, '.'));
        CLEANUP(buf_free) struct buf clear;
        json_auto_t *header = NULL;
        assert_int_equal(open_text(other, &clear, &header), VERDICT_REJECT);
        free(text);
    }
}

/* --- words ------------------------------------------------------------------------------------------------------------ */

static char *read_word(const char *value, struct event *event, struct why *why)
{
    json_auto_t *provider = json_pack("{s:s, s:{s:[O]}}", "id", "p-1", "jwks", "keys", sign_jwk);
    struct kafka_record record = {
        .topic = "provider-replies", .value = bytes_of(value), .at = {.partition = 3, .offset = 7}};
    return replies_read(&record, provider, event, why);
}

static json_t *word(const char *type)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "case", CASE_ID, "handover",
                     CASE_ID, "head", HEAD, "at", "2026-06-01T02:00:00Z");
}

static json_t *part(int number)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:s}", "part", number, "partition", 1, "offset",
                     40 + number, "size", 900, "sha256", HEAD);
}

static void expect_word(json_t *payload, const char *event_type, const char *why_not)
{
    struct event event = {0};
    struct why why = {0};
    CLEANUP(mem_free) char *jws = sealing_sign(&keys, payload);
    CLEANUP(mem_free) char *case_id = read_word(jws, &event, &why);
    if (why_not) {
        assert_null(case_id);
        assert_non_null(strstr(why.text, why_not));
    } else {
        const json_t *data = json_object_get(event.data, "data");
        assert_string_equal(case_id, CASE_ID);
        assert_string_equal(event.type, event_type);
        assert_string_equal(json_string_value(json_object_get(data, "jws")), jws);
        assert_int_equal(
            json_integer_value(json_object_get(json_object_get(data, "position"), "offset")), 7);
    }
    event_clear(&event);
    json_decref(payload);
}

static void words_are_read(void **state)
{
    (void)state;
    expect_word(word("escalation.accepted"), "provider.accepted", NULL);
    expect_word(word("escalation.declined"), "provider.declined", NULL);
    expect_word(word("escalation.deleted"), "provider.deleted", NULL);
    expect_word(word("escalation.released"), NULL, "/type");
    json_t *delivered = word("report.delivered");
    json_object_set_new(delivered, "parts", json_pack("[o, o]", part(0), part(1)));
    expect_word(delivered, "provider.delivered", NULL);
}

static void a_delivery_names_its_parts_in_order(void **state)
{
    (void)state;
    static const char *const missing[] = {"part", "partition", "offset", "size", "sha256"};
    expect_word(word("report.delivered"), NULL, "/parts");
    json_t *one = word("report.delivered");
    json_object_set_new(one, "parts", json_pack("[o]", part(0)));
    expect_word(one, NULL, "/parts");
    json_t *swapped = word("report.delivered");
    json_object_set_new(swapped, "parts", json_pack("[o, o]", part(1), part(0)));
    expect_word(swapped, NULL, "/parts/0");
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        json_t *without = word("report.delivered"), *second = part(1);
        json_object_del(second, missing[i]);
        json_object_set_new(without, "parts", json_pack("[o, o]", part(0), second));
        expect_word(without, NULL, "/parts/1");
    }
    json_t *many = word("report.delivered"), *parts = json_array();
    for (int i = 0; i <= LIMIT_REPORT_PARTS; i++)
        json_array_append_new(parts, part(i));
    json_object_set_new(many, "parts", parts);
    expect_word(many, NULL, "/parts");
}

static void a_part_is_passed_over_and_garbage_is_not(void **state)
{
    (void)state;
    static const char *const garbage[] = {"eyJ.a.b.c",     "eyJ.a.b.c.d.e", "a.b.c.d.e",
                                          "eyJ.a.b.c d.e", "{\"type\":1}",  "...."};
    struct event event = {0};
    struct why why = {0};
    CLEANUP(mem_free) char *passed = read_word("eyJhbGciOiJ4In0.a.b.c.d", &event, &why);
    assert_string_equal(passed, "");
    for (size_t i = 0; i < COUNT_OF(garbage); i++)
        assert_null(read_word(garbage[i], &event, &why));
}

/* --- reports ---------------------------------------------------------------------------------------------------------- */

static json_t *item(const char *name, int length, int first, int parts)
{
    return json_pack("{s:s, s:s, s:i, s:s, s:i, s:i}", "name", name, "media_type", "text/plain",
                     "length", length, "sha256", HEAD, "first_part", first, "parts", parts);
}

static void expect_manifest(json_t *items, size_t parts, bool right)
{
    json_auto_t *manifest = json_pack("{s:s, s:s, s:o}", "format", "kakekomi report 1", "handover",
                                      "h", "items", items);
    char *text = json_dumps(manifest, 0);
    json_auto_t *found = NULL;
    struct why why = {0};
    assert_int_equal(report_check_manifest(bytes_of(text), "h", parts, &found, &why),
                     right ? VERDICT_OK : VERDICT_REJECT);
    assert_int_equal(report_check_manifest(bytes_of(text), "another", parts, &found, &why),
                     VERDICT_REJECT);
    free(text);
}

static void a_manifest_covers_every_part_once(void **state)
{
    (void)state;
    expect_manifest(json_pack("[o]", item("report.json", 10, 1, 1)), 2, true);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("a.pdf", 9, 2, 2)), 4,
                    true);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("empty", 0, 2, 0)), 2,
                    true);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("a.pdf", 9, 3, 1)), 4,
                    false);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("a.pdf", 9, 1, 1)), 2,
                    false);
    expect_manifest(json_pack("[o]", item("report.json", 10, 1, 1)), 3, false);
    expect_manifest(json_pack("[o]", item("report.json", 10, 1, 2)), 2, false);
    expect_manifest(json_pack("[o]", item("other.json", 10, 1, 1)), 2, false);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("../x", 9, 2, 1)), 3,
                    false);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("a\nb", 9, 2, 1)), 3,
                    false);
    expect_manifest(json_pack("[o]", item("report.json", 300000, 1, 1)), 2, false);
    expect_manifest(json_pack("[o, o]", item("report.json", 10, 1, 1), item("a", 67108864, 2, 1)),
                    3, false);
    expect_manifest(json_array(), 1, false);
}

static void expect_document(const char *text, const char *why_not)
{
    json_auto_t *document = NULL;
    struct why why = {0};
    assert_int_equal(report_check_document(bytes_of(text), &document, &why),
                     why_not ? VERDICT_REJECT : VERDICT_OK);
    if (why_not)
        assert_non_null(strstr(why.text, why_not));
}

static void a_document_has_its_three_lists(void **state)
{
    (void)state;
    expect_document(
        "{\"findings\":[\"a\",{\"title\":\"t\"}],\"recommendations\":[{\"kind\":\"new\"}],"
        "\"indicators\":[{\"type\":\"ipv4\",\"value\":\"1.2.3.4\"}],\"more\":1}",
        NULL);
    expect_document("[]", "expected an object");
    expect_document("{\"findings\":[],\"recommendations\":[]}", "/indicators");
    expect_document("{\"findings\":[1],\"recommendations\":[],\"indicators\":[]}", "/findings/0");
    expect_document("{\"findings\":[],\"recommendations\":[\"x\"],\"indicators\":[]}",
                    "/recommendations/0");
    expect_document("{\"findings\":[],\"recommendations\":[],\"indicators\":[{\"value\":\"x\"}]}",
                    "/indicators/0");
    expect_document("{\"findings\":[],\"findings\":[],\"recommendations\":[],\"indicators\":[]}",
                    "");
}

/* --- targets ---------------------------------------------------------------------------------------------------------- */

static void targets_are_written_as_settings_need_them(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *said, *target; /* NULL: none is set */
    } rows[] = {
        {"ip", "203.0.113.9", "203.0.113.9"},
        {"ip", " 203[.]0[.]113[.]9 ", "203.0.113.9"},
        {"ip", "2001:DB8::0001", "2001:db8::1"},
        {"ip", "10.1.2.3", NULL},
        {"ip", "172.31.255.255", NULL},
        {"ip", "192.168.10.5", NULL},
        {"ip", "127.0.0.1", NULL},
        {"ip", "169.254.1.1", NULL},
        {"ip", "100.64.0.1", NULL},
        {"ip", "224.0.0.1", NULL},
        {"ip", "255.255.255.255", NULL},
        {"ip", "0.0.0.0", NULL},
        {"ip", "fe80::1", NULL},
        {"ip", "fd00::1", NULL},
        {"ip", "::1", NULL},
        {"ip", "203.0.113.0/24", NULL},
        {"ip", "203.0.113.9; reboot", NULL},
        {"domain", "Evil[.]Example", "evil.example"},
        {"domain", "a.b.co.jp", "a.b.co.jp"},
        {"domain", "co.jp", NULL},
        {"domain", "jp", NULL},
        {"domain", "github.io", NULL},
        {"domain", "evil..example", NULL},
        {"domain", "evil.example.", NULL},
        {"domain", "evil.example\"", NULL},
        {"domain", "203.0.113.9", NULL},
        {"url", "hxxps://evil[.]example/a?b=1", "https://evil.example/a?b=1"},
        {"url", "ftp://evil.example/", NULL},
        {"url", "javascript:alert(1)", NULL},
        {"url", "https://evil.example/a b", NULL},
        {"url", "https://evil.example/<img>", NULL},
        {"hash", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"},
        {"hash", "d41d8cd98f00b204e9800998ecf8427", NULL},
        {"hash", "zz1d8cd98f00b204e9800998ecf8427e", NULL},
        {"email", "a@evil[.]example", "a@evil.example"},
        {"email", "a@b@evil.example", NULL},
        {"host", "PC-07", "PC-07"},
        {"host", "192.168.10.5", "192.168.10.5"},
        {"host", "PC; rm -rf", NULL},
        {"text", "Exploit.SSLVPN", "Exploit.SSLVPN"},
        {"text", "a\x1b[31mb", NULL},
        {"text", "", NULL},
        {"unheard_of", "x", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char target[500];
        bool set = proposals_target(rows[i].kind, rows[i].said, target, sizeof target);
        if (set != (rows[i].target != NULL))
            print_error("%s %s\n", rows[i].kind, rows[i].said);
        assert_int_equal(set, rows[i].target != NULL);
        if (set)
            assert_string_equal(target, rows[i].target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_earlier_secret_still_derives_its_keys),
        cmocka_unit_test(wrong_keys_are_refused_by_name),
        cmocka_unit_test(parts_to_the_present_and_to_an_earlier_key_open),
        cmocka_unit_test(every_flipped_character_of_a_part_is_refused),
        cmocka_unit_test(other_ways_of_sealing_are_refused),
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(a_delivery_names_its_parts_in_order),
        cmocka_unit_test(a_part_is_passed_over_and_garbage_is_not),
        cmocka_unit_test(a_manifest_covers_every_part_once),
        cmocka_unit_test(a_document_has_its_three_lists),
        cmocka_unit_test(targets_are_written_as_settings_need_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
