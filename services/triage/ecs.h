/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one record of the extract as one line of JSON: flat ECS names, the raw line beside them as `event.original`.
 * Ownership: written into the caller's buffer. Threads: any. Errors: none; bytes that are no text are kept as base64.
 * Limits: the raw line is cut at 64 KiB (`labels.cut`), fields at 4 KiB, between two characters; as UTF-8 it is three times as
 * long at most.
 */
#include <jansson.h>
#include "services/triage/detection.h"
#include "services/triage/logstore.h"

enum ecs_reason {
    ECS_DETECTION,
    ECS_DEVICE,
    ECS_PIVOT
}; /* why a record is in the extract; also its rank */

struct ecs_record {
    const struct logstore_record *record;
    const struct parsed *parsed;
    const struct finding *finding;
    const char *device; /* the case's device it touches, or NULL */
    const char *upload; /* id of the upload it stems from, or NULL */
    enum ecs_reason reason;
};
const char *ecs_reason_name(enum ecs_reason reason);
/* `raw_max`: bytes of the raw line that are kept. No newline at the end. */
void ecs_write(const struct ecs_record *record, size_t raw_max, struct buf *out);
/* The same in place of what `out` had, within its maximum: a line whose fields blow up when escaped (control bytes by the thousand) is
 * written with its raw text alone, and a quarter of that. */
void ecs_write_within(const struct ecs_record *record, size_t raw_max, struct buf *out);
/* Text as UTF-8: as it is, or read as CP932, or with U+FFFD for what is neither. True where it was UTF-8 already. */
bool ecs_text(struct bytes bytes, struct buf *out);
/* The same as a JSON string. */
json_t *ecs_text_json(struct bytes bytes);
