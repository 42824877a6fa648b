/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what profile.c and profile_check.c share; for these two only. Ownership: nothing is kept. Threads: any, pure.
 * Errors: REJECT, the reason begins with the JSON pointer. Limits: profile.h.
 */
#include "common/desk/profile.h"

enum verdict profile_check(const json_t *profile, struct why *why);
enum verdict profile_wrong(struct why *why, const char *at, const char *expected);
bool profile_is_one_of(const json_t *value, const char *const *choices, size_t count);
const json_t *profile_find_document(const json_t *profile, const char *id, const char *version);
/* Sets "channels" to what suffices for each of the document's scopes. */
void profile_set_channels(json_t *document);
