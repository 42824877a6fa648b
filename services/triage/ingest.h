/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the thread that reads all of `security-logs` into the store, keeps checkpoints and retention, and tells the
 * watch of new detections.
 * Ownership: borrows store and watch. Threads: one of its own; the rest may be asked from any.
 * Errors: what breaks ends the process through service_fail.
 * Limits: owners as customer ids, `[A-Z0-9-]{1,20}`; other keys are counted and passed over.
 */
#include "common/kafka.h"
#include "services/triage/logstore.h"
#include "services/triage/watch.h"

struct ingest;
struct ingest_definition {
    const struct kafka_config *kafka;
    struct logstore *store;
    struct watch *watch;
    int32_t partition_count;
};
enum verdict ingest_start(const struct ingest_definition *definition, struct ingest **ret_ingest,
                          struct why *why);
/* Once the store has passed the ends as they were at the start. */
bool ingest_has_caught_up(struct ingest *ingest);
/* The ends of all partitions as they are now, open transactions included. Any thread. */
enum verdict ingest_ask_ends(struct ingest *ingest, int64_t *ret_ends, int64_t deadline_ms,
                             struct why *why);
void ingest_halt(
    struct ingest *ingest); /* ends the thread, with a last checkpoint; ends may still be asked */
void ingest_close(struct ingest *ingest); /* NULL is fine, for both */
