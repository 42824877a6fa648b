/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/contract.h"

#include "common/desk/hearing.h"

const struct case_member contract_members[] = {
    {"company", CASE_TEXT, true, 200, NULL},    {"phone", CASE_TEXT, false, 60, NULL},
    {"person", CASE_TEXT, false, 200, NULL},    {"email", CASE_TEXT, false, 254, NULL},
    {"services", CASE_TEXTS, false, 200, NULL}, {"notes", CASE_TEXT, false, 4000, NULL},
};
const size_t contract_member_count = COUNT_OF(contract_members);

/* A contract takes any text as a telephone number or an address; the sheet does not. */
static bool sheet_takes(const char *name, const json_t *value)
{
    CLEANUP(mem_free) struct hearing_errors *errors = mem_alloc(sizeof *errors);
    json_auto_t *sheet = json_pack("{s:{s:O}}", "contact", name, value);
    return hearing_check_tree(sheet, false, errors);
}

json_t *contract_prefill(const char *customer_id, const json_t *contract)
{
    static const char *const names[] = {"company", "person", "phone", "email"};
    json_t *contact = json_object();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_t *value = json_object_get(contract, names[i]);
        if (value && sheet_takes(names[i], value))
            json_object_set(contact, names[i], value);
    }
    return json_pack("{s:s, s:o}", "customer_id", customer_id, "contact", contact);
}
