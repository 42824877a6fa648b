/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the work behind a search: bring the uploads, wait until the store has passed the ends, extract, and answer with
 * the chunks as records and the summary as value (see decide.c for its members).
 * Ownership: the result belongs to the processor. Threads: workers.
 * Errors: a broken disk ends the process, and the search begins again with the next one: nothing is answered. A work that
 * was cancelled answers {"failed"}, which nobody takes.
 * Limits: waits as long as it takes, asking now and then whether it was cancelled.
 */
#include "common/processor.h"
#include "services/triage/ingest.h"

struct search_context {
    const struct kafka_config *kafka;
    struct logstore *store;
    struct watch *watch;
    struct ingest *ingest;
    int32_t partition_count;
};
/* work->service is a struct search_context. */
struct processor_result *search_run(const struct work *work);
/* Is there a detection that the watched search did not see? False also where the store cannot tell. */
bool search_finds_news(struct logstore *store, const struct watch_look *look);
