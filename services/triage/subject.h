/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what a search looks for besides detections: the case's devices (addresses, networks, MAC, names, users),
 * indicators (addresses, domains, hashes) and a text; and whether a parsed line touches any of it.
 * Ownership: a subject owns copies. Threads: built by one, asked by any. Errors: what is no address is a name.
 * Limits: 4,000 marks, 200 indicators, given and learned.
 */
#include <jansson.h>
#include "services/triage/formats/format.h"

#define SUBJECT_MARKS_MAX 4000
#define SUBJECT_INDICATORS_MAX 200
#define SUBJECT_INDICATORS_BYTES_MAX (24 * 1024)

struct subject;
/* `devices`: objects as in the hearing ({"name","addresses","mac"}) or plain texts. */
struct subject *subject_new(const json_t *devices, const json_t *indicators, const char *text);
void subject_free(struct subject *subject);     /* NULL is fine */
void subject_free_at(struct subject **subject); /* for CLEANUP */

bool subject_is_empty(const struct subject *subject);
/* The device's name or address as the case knows it, or NULL. Fields where the line is of a known format, else its text. */
const char *subject_touches(const struct subject *subject, const struct parsed *parsed);
/* The same in a text of no known format: names as words, addresses and MACs in any of their writings. */
const char *subject_touches_text(const struct subject *subject, struct bytes text);
/* The text or an indicator that was given at the beginning stands in the line. */
bool subject_is_asked(const struct subject *subject, struct bytes line);
/* The same, or what was learned from a detection. */
/* The first of the indicators that stands in the line, or NULL. */
const char *subject_mentioned(const struct subject *subject, struct bytes line);
bool subject_mentions(const struct subject *subject, struct bytes line);

/* What a detection is known by: addresses outside the customer's own networks, domains, hashes. Each once. */
void subject_learn(struct subject *subject, const struct parsed *parsed);
/* All of them, the given ones first, as many as their bytes of JSON allow. New reference. */
json_t *subject_indicators(const struct subject *subject);
