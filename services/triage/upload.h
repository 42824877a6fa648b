/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: brings an uploaded log into the store: reads `uploads` at the positions the chain names, checks that it is the
 * file the chain names (size, SHA-256), unpacks it into lines under (case, upload). Done once; the note stays with it.
 * Ownership: new reference. Threads: workers. Errors: what is wrong with the file is said in the note; RETRY when Kafka
 * does not answer, another search brings the same file, or the work was cancelled; FATAL from the store.
 * Limits: unpack.h; a file that does not match counts as failed and leaves no lines, one whose end is not in Kafka's log for
 * 30 s as well.
 */
#include <jansson.h>
#include "common/kafka.h"
#include "services/triage/logstore.h"

struct upload_request {
    const struct kafka_config *kafka;
    struct logstore *store;
    const char *case_id;
    const json_t *
        upload; /* as in the chain: upload, partition, first, last, size, sha256, at, kind?, format? */
    int64_t now_us;
    bool (*cancelled)(void *context);
    void *context;
};
/* {"status":"stored"|"failed","records","unparsed","why"?,"charset"?,"cut"?,"replaced"?}: cut lines were longer than 1 MiB,
 * replaced bytes were none of the charset. */
enum verdict upload_bring(const struct upload_request *request, json_t **ret_note, struct why *why);

/* Whether a log from offset `begin` up to before `end` has the whole file. REJECT: its beginning is gone; RETRY: its end is not
 * there, yet or any more. */
enum verdict upload_judge_bounds(const json_t *upload, int64_t begin, int64_t end);
