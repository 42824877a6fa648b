/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the hearing sheet as one table (hearing-sheet of the consent form, Annex 1 §2): name, Japanese and English
 * label, type, limit, stage, whether it leaves for the provider; and the two validators that are driven by it: one pass
 * over bytes for POST (no tree, no allocation per field), and over a tree for PATCH. Same table, same errors.
 * Ownership: errors go into the caller's list. Threads: any, all pure.
 * Errors: in the order of the document; what is missing is named where its object ends, in the table's order.
 * Limits: common/desk/limits.h; lengths of texts are characters, the hearing's own size is the bytes as they were sent.
 */
#include <jansson.h>
#include "common/verdict.h"

enum hearing_type {
    HEARING_TEXT,
    HEARING_PHONE,
    HEARING_EMAIL,
    HEARING_TIME,
    HEARING_CHOICE,
    HEARING_CHOICES, /* ordered, unique */
    HEARING_TEXTS,
    HEARING_ADDRESSES,
    HEARING_MAC,
    HEARING_INTEGER,
    HEARING_LIST, /* of objects */
};
enum hearing_stage {
    HEARING_STAGE_A,
    HEARING_STAGE_B,
    HEARING_STAGE_B_IF_LEAK,
    HEARING_STAGE_H,
    HEARING_OPTIONAL,
};

/* Every field that is not of stage A may also be "unknown" or "declined": both count as asked. */
struct hearing_field {
    const char *pointer; /* "/contact/company", "/device/N/os" */
    const char *ja, *en;
    enum hearing_type type;
    enum hearing_stage stage;
    bool to_provider;
    int64_t max;         /* characters, entries, or the largest integer */
    int64_t min;         /* smallest integer; of a list: entries it needs to count as asked */
    const char *choices; /* separated by '|' */
    bool precision;      /* a sibling <name>_precision minute|hour|day may stand beside it */
};
extern const struct hearing_field hearing_fields[];
extern const size_t hearing_field_count;

#define HEARING_ERRORS_MAX 20
struct hearing_error {
    char pointer[160];
    const char *
        code; /* static: required, type, empty, too_long, too_many, format, choice, duplicate, range, control,
                          unknown_field; of unreadable bodies: not_json, utf8, duplicate_key, too_deep, number, null_character */
    char message[200]; /* English; names what was expected, never repeats the value */
};
struct hearing_errors {
    struct hearing_error list[HEARING_ERRORS_MAX];
    size_t count;    /* kept */
    size_t found;    /* all, also those beyond the list */
    bool unreadable; /* not JSON at all: 400 rather than 422; list[0] says why */
};

/* What the one pass found in the body of POST /v1/cases. */
struct hearing_opening {
    struct bytes customer_id; /* NULL data if absent; points into this struct */
    char customer_text[24];
};
/* POST /v1/cases: a whole body. True when valid. Appends to `out` (NULL: not wanted) the hearing object, which is the
 * body without customer_id, byte for byte as it came (only a full-width e-mail address becomes half-width), so that no
 * tree is needed. `out` is left as it was on failure. */
bool hearing_check_opening(const char *body, size_t length, struct hearing_opening *ret_opening,
                           struct buf *out, struct hearing_errors *errors);
/* The same rules over a tree: the differential test's other half, and what drafts use. `opening`: what stage A asks for
 * must be there. customer_id may be. */
bool hearing_check_tree(const json_t *body, bool opening, struct hearing_errors *errors);
/* PATCH: a merge patch (RFC 7396) over a hearing; checks the patch's own values and the merged result. A full-width
 * e-mail address in `patch` becomes half-width in place. `ret_merged` (NULL: not wanted) is a new reference, set on true. */
bool hearing_check_patch(const json_t *hearing, json_t *patch, struct hearing_errors *errors,
                         json_t **ret_merged);
bool hearing_patch_names_array(const json_t *patch); /* then If-Match is required (428) */
/* RFC 7396; a new reference. */
json_t *hearing_merge(const json_t *target, const json_t *patch);

/* Of personal data or secrets: said to be so, or not known. */
bool hearing_leak_is_possible(const json_t *hearing);
/* Fields of exactly this stage that were not asked yet, as a JSON array of {pointer, ja, en}. No device at all:
 * "/device". Stage B includes B_IF_LEAK while /incident/information_leak is yes or unknown; H does not include B (B never
 * holds a hand-over). */
json_t *hearing_missing(const json_t *hearing, enum hearing_stage stage);
/* Only what the table marks for the provider, with the sources of just that. A new reference. */
json_t *hearing_export(const json_t *hearing);
/* [{"pointer","label","en"}] of what hearing_export would carry, in the table's order. */
json_t *hearing_export_items(const json_t *hearing);
/* The table for GET /v1/hearing-sheet and for JSON Schema (draft 2020-12). */
json_t *hearing_sheet(void);
json_t *hearing_schema(void);

/* The digits of a telephone number however it was written, half or full width; +81 becomes the 0 it stands for. For
 * search, not for display. Cut to `size`. */
void hearing_phone_digits(const char *phone, char *ret_digits, size_t size);
bool hearing_customer_id_is_valid(struct bytes text); /* [A-Z0-9-]{1,20} */
bool hearing_email_is_valid(
    struct bytes text); /* nothing that could break a mail's head; full width is taken */
