/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which of the searches in a case's value on `extractions` is meant: what leaves for the provider, what an operator
 * downloads and what the gate judges must be the same one.
 * Ownership: answers point into the value. Threads: any, pure. Errors: NULL. Limits: none of its own.
 */
#include <jansson.h>
#include <stdbool.h>

/* It came to its end, with or without something found. */
bool searches_is_answered(const json_t *search);
/* The one with this id, whatever its status; NULL as id: the newest of the case's own that is answered. What somebody asked
 * for beside (extraction.requested) answers for itself only. */
const json_t *searches_find(const json_t *extraction, const char *id);
