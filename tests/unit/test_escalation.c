/* SPDX-License-Identifier: Apache-2.0 */
/* What escalation decides that no case file can say: whose key is used. */
#include "services/escalation/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- whose key -------------------------------------------------------------------------------------------------------- */

static json_t *provider(const char *id, const char *sign_kid)
{
    return json_pack("{s:s, s:{s:[{s:s, s:s}, {s:s, s:s}]}}", "id", id, "jwks", "keys", "kid",
                     sign_kid, "use", "sig", "kid", "enc-1", "use", "enc");
}

static void expect_key(json_t *of, json_t *entry, const char *why_not)
{
    struct why why = {0};
    const json_t *key = gate_recipient_key(of, entry, &why);
    if (why_not) {
        assert_null(key);
        assert_string_equal(why.text, why_not);
    } else {
        assert_string_equal(json_string_value(json_object_get(key, "kid")), "enc-1");
    }
    json_decref(of);
    json_decref(entry);
}

static void the_key_is_sealed_to_whom_it_was_offered(void **state)
{
    (void)state;
    expect_key(provider("p-1", "sig-1"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"), NULL);
    expect_key(provider("p-1", "sig-1"), json_pack("{s:s}", "provider", "p-1"), NULL);
}

static void no_key_for_another_provider(void **state)
{
    (void)state;
    expect_key(provider("p-2", "sig-1"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"),
               "the desk's provider is no longer the one that it was offered to");
}

static void no_key_where_the_accepting_key_is_gone(void **state)
{
    (void)state;
    expect_key(provider("p-1", "sig-2"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"),
               "the key that accepted is no longer one of the provider's");
}

static void no_key_without_an_encryption_key(void **state)
{
    (void)state;
    expect_key(json_pack("{s:s, s:{s:[]}}", "id", "p-1", "jwks", "keys"),
               json_pack("{s:s}", "provider", "p-1"), "the provider's key cannot be used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_sealed_to_whom_it_was_offered),
        cmocka_unit_test(no_key_for_another_provider),
        cmocka_unit_test(no_key_where_the_accepting_key_is_gone),
        cmocka_unit_test(no_key_without_an_encryption_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
