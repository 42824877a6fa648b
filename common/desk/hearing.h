/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the hearing sheet as one table (hearing-sheet of the consent form, Annex 1 §2): name, Japanese and English
 * label, type, limit, stage, whether it leaves for the provider; and the two validators that are driven by it: one pass
 * over bytes for POST (no tree, no allocation per field), and over a tree for PATCH. Same table, same errors.
 * Ownership: errors go into the caller's list. Threads: any, all pure. Limits: common/desk/limits.h.
 */
#include <jansson.h>
#include "common/verdict.h"

enum hearing_type {
    HEARING_TEXT, HEARING_PHONE, HEARING_EMAIL, HEARING_TIME, HEARING_CHOICE, HEARING_CHOICES, /* ordered, unique */
    HEARING_TEXTS, HEARING_ADDRESSES, HEARING_MAC, HEARING_INTEGER, HEARING_LIST /* of objects */
};
enum hearing_stage { HEARING_STAGE_A, HEARING_STAGE_B, HEARING_STAGE_B_IF_LEAK, HEARING_STAGE_H, HEARING_OPTIONAL };

struct hearing_field {
    const char *pointer; /* "/contact/company", "/device/N/os" */
    const char *ja, *en;
    enum hearing_type type;
    enum hearing_stage stage;
    bool to_provider;
    int64_t max;         /* characters, entries, or the largest integer */
    int64_t min;         /* smallest integer */
    const char *choices; /* separated by '|' */
    bool precision;      /* a sibling <name>_precision minute|hour|day may stand beside it */
};
extern const struct hearing_field hearing_fields[];
extern const size_t hearing_field_count;

#define HEARING_ERRORS_MAX 20
struct hearing_error {
    char pointer[160];
    const char *code;    /* static: "required", "type", "too_long", "format", "choice", "unknown_field", … */
    char message[200];   /* English; names what was expected, never repeats the value */
};
struct hearing_errors {
    struct hearing_error list[HEARING_ERRORS_MAX];
    size_t count;     /* kept */
    size_t found;     /* all, also those beyond the list */
    bool unreadable;  /* not JSON at all: 400 rather than 422; list[0] says why */
};

/* What the one pass found in the body of POST /v1/cases; slices point into the body. */
struct hearing_opening {
    struct bytes hearing_members; /* unused by callers that only produce; see hearing_write_opening */
    struct bytes customer_id;     /* contents of the JSON string, unescaped by nature of its format; NULL data if absent */
};
/* POST /v1/cases: a whole body. True when valid. Writes to `out` the hearing object (body without customer_id), byte for
 * byte as it came apart from that member, so that no tree is needed. */
bool hearing_check_opening(const char *body, size_t length, struct hearing_opening *ret_opening, struct buf *out,
                           struct hearing_errors *errors);
/* The same rules over a tree: the differential test's other half, and what drafts use. */
bool hearing_check_tree(const json_t *body, bool opening, struct hearing_errors *errors);
/* PATCH: a merge patch (RFC 7396) over a hearing; checks the patch's own values and the merged result. */
bool hearing_check_patch(const json_t *hearing, const json_t *patch, struct hearing_errors *errors, json_t **ret_merged);
bool hearing_patch_names_array(const json_t *patch); /* then If-Match is required (428) */
/* RFC 7396; a new reference. */
json_t *hearing_merge(const json_t *target, const json_t *patch);

/* Pointers of fields of this stage or an earlier one that were not asked yet, as a JSON array of {pointer, ja, en}. No
 * device at all: "/device". B_IF_LEAK counts when /incident/information_leak is yes or unknown. */
json_t *hearing_missing(const json_t *hearing, enum hearing_stage stage);
/* Only what the table marks for the provider; drops `sources` of what stays. A new reference. */
json_t *hearing_export(const json_t *hearing);
/* [{"pointer","label"}] of what hearing_export would carry, in the table's order. */
json_t *hearing_export_items(const json_t *hearing);
/* The table for GET /v1/hearing-sheet and for JSON Schema (draft 2020-12). */
json_t *hearing_sheet(void);
json_t *hearing_schema(void);
