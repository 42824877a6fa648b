/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what a request says to dismiss a dead letter.
 * Ownership: static. Threads: any. Errors: none. Limits: in the table.
 */
#include "common/desk/case.h"

extern const struct case_member dismissal_members[];
extern const size_t dismissal_member_count;
