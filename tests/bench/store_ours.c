/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/store.h"

#include "common/clock.h"

static void *open_ours(const char *folder)
{
    struct logstore *store;
    struct why why;
    struct logstore_config config = {.folder = folder,
                                     .identity = "bench",
                                     .partition_count = BENCH_PARTITIONS,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = LOGSTORE_CHECKPOINT_EVERY_MS,
                                     .held_bytes_max = BENCH_COMMIT_BYTES};
    if (logstore_open(&config, &store, &why) != VERDICT_OK)
        bench_give_up(why.text);
    return store;
}

/* As triage's reader does: it alone has to find the time in the line, the others are given it. */
static void put(void *handle, const char *owner, const struct logstore_record *given)
{
    struct why why;
    struct logstore_record record = *given;
    int64_t append_us = given->time_us + 1000000;
    record.time_us = event_time_of((struct bytes){0}, record.line, append_us, &record.time_source);
    logstore_put(handle, owner, &record, append_us);
    if (logstore_checkpoint_if_due(handle, clock_monotonic_ms(), &why) != VERDICT_OK)
        bench_give_up(why.text);
}

static void finish(void *handle)
{
    struct why why;
    if (logstore_checkpoint(handle, true, &why) != VERDICT_OK)
        bench_give_up(why.text);
}

static bool find(void *context, const struct logstore_record *record)
{
    bench_find(context, record->line.data, record->line.length);
    return true;
}

static void read_ours(void *handle, const char *owner, int64_t from_us, int64_t to_us,
                      struct bench_found *found)
{
    struct why why;
    struct logstore_query query = {.owner = owner, .from_us = from_us, .to_us = to_us};
    if (logstore_read(handle, &query, find, found, NULL, &why) != VERDICT_OK)
        bench_give_up(why.text);
}

static void close_ours(void *handle)
{
    logstore_close(handle);
}

const struct bench_store bench_ours = {"ours", open_ours, put, finish, read_ours, close_ours};
