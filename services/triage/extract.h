/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one search over the log store: (1) the owner's detections in the window, (2) records touching the case's
 * devices, the asked indicators or text, (3) one pivot: what the detections are known by, looked up again over the same
 * window, so that other affected devices show. Then the summary: counts, groups, samples, coverage.
 * Ownership: the result owns its chunks and JSON. Threads: workers; a search belongs to one. Errors: FATAL from the store;
 * RETRY when it was cancelled.
 * Limits: contract §5: 200,000 records, 64 MiB, chunks of at most 512 KiB of whole lines, 200 samples, summary 256 KiB as
 * published; what does not fit is cut by rank (detections, then devices and what was asked for, then pivots) and
 * `truncated` says so.
 */
#include <jansson.h>
#include "services/triage/logstore.h"

struct extract_request {
    struct logstore *store;
    int32_t partition_count;
    const char *owner; /* customer id; NULL: uploads only */
    const char *case_id;
    const json_t *uploads; /* ids of unpacked uploads */
    int64_t from_us, to_us, now_us;
    const json_t *devices, *indicators;
    const char *text;
    const int64_t *since; /* the owner's detections from these offsets on are new; NULL: all are */
    /* For the coverage: the store has passed what the search has to see, but not yet all that stood in the topic when it was
     * started: it was lost, or stopped for long. */
    bool rebuilding;
    bool (*cancelled)(void *context);
    void *context;
};

struct extract_chunk {
    char *data;
    size_t length;
    size_t records;
};
struct extract_result {
    json_t *
        summary; /* members as in the published search, but for id, caller and window; see decide.c */
    struct extract_chunk *chunks;
    size_t chunk_count;
};
enum verdict extract_run(const struct extract_request *request, struct extract_result *ret_result,
                         struct why *why);
void extract_result_clear(struct extract_result *result); /* for CLEANUP */

/* Owner under which the lines of an upload are stored: "<case>/<upload>". */
void extract_upload_owner(const char *case_id, const char *upload,
                          char ret_owner[LOGSTORE_OWNER_MAX + 1]);
