/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the provider wrote on `provider-replies`, read: size, headers, alg and kid, signature, schema; in this order.
 * Pure. Ownership: the answer and the event's members are the caller's. Threads: any. Errors: NULL with why. Limits: a word
 * 64 KiB, a part of a report a record.
 */
#include "common/event.h"
#include "common/kafka.h"

/* The id of the case the word is about, with the event for `provider-events` as {"data":{…}}; "" for a part of a report, which
 * counts only once a word names it. `provider`: of the profile, with its jwks. */
char *replies_read(const struct kafka_record *record, const json_t *provider,
                   struct event *ret_event, struct why *why);
