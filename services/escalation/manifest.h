/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the content manifest of a hand-over (part 0) and the clear bytes of every part. Deterministic: the same entry
 * gives the same parts, so that a restart goes on behind those that are in the topic already.
 * Ownership: a content owns its copies. Threads: one. Errors: RETRY while Kafka does not answer, REJECT when bytes are not
 * what their hash says. Limits: a part has at most 512 KiB of clear bytes.
 */
#include <jansson.h>
#include "common/verdict.h"

struct content;

/* `parameters` of the work: entry, hearing, uploads, customer_id. */
enum verdict content_open(const json_t *parameters, struct content **ret_content, struct why *why);
void content_close(struct content *content); /* NULL is fine */
size_t content_parts(const struct content *content);
const char *content_manifest_sha256(const struct content *content);
/* [{"name" or, of a ticked file, "upload","length","sha256"}] in the manifest's order; lent. */
json_t *content_items(const struct content *content);
/* The clear bytes of part k; parts of one file must be asked for in order. */
enum verdict content_part(struct content *content, size_t part, struct buf *ret_bytes,
                          struct why *why);
