/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: whether the clear bytes of a report are what PROVIDER.md says: its manifest (part 0) and its document
 * (`report.json`). Pure. Ownership: answers are new references. Threads: any. Errors: REJECT with the JSON pointer.
 */
#include <jansson.h>
#include "common/verdict.h"

#define REPORT_MANIFEST_BYTES_MAX (64 * 1024)

/* The items, which follow one another from part 1 to the last of `parts` without gaps. */
enum verdict report_check_manifest(struct bytes clear, const char *handover, size_t parts,
                                   json_t **ret_items, struct why *why);
enum verdict report_check_document(struct bytes clear, json_t **ret_document, struct why *why);
