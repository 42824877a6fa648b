/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what a contract holds, and what of it a hearing sheet can begin with.
 * Ownership: new references. Threads: any, pure. Errors: none. Limits: in the table.
 */
#include "common/desk/case.h"

extern const struct case_member contract_members[];
extern const size_t contract_member_count;
/* {"customer_id","contact":{…}}: part of a body that opens a case; only what the sheet would take. */
json_t *contract_prefill(const char *customer_id, const json_t *contract);
