/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a log store with a stream that is the same every time, as triage's reader does, to be killed at it:
 *   logstore_feed feed FOLDER SEED END DICE   goes on where the store is, up to offset END of each partition
 *   logstore_feed next FOLDER                 the offsets it would go on at
 *   logstore_feed dump FOLDER                 every record of every owner: owner, partition, offset, time and its source, a
 *                                             hash of the line
 *   logstore_feed stream SEED END             the same of the stream itself
 * DICE decides what is not the same every time: how the partitions interleave, how often there is a checkpoint.
 */
#include "common/clock.h"
#include "services/triage/logstore.h"
#include "tests/tools/loglines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS 4
#define CUSTOMERS 40
#define MARKER_EVERY 50 /* offsets at which the topic has nothing for a reader */

static void give_up(const char *what)
{
    fprintf(stderr, "logstore_feed: %s\n", what);
    exit(1);
}

static const struct loglines *stream_of(const char *seed)
{
    static struct loglines lines = {.customers = CUSTOMERS,
                                    .partitions = PARTITIONS,
                                    .from_us = INT64_C(1790000000000000),
                                    .span_us = INT64_C(86400000000) * 30,
                                    .count = 2000000};
    lines.seed = strtoull(seed, NULL, 10);
    return &lines;
}

static struct logstore *open_store(const char *folder, unsigned dice)
{
    struct logstore *store;
    struct why why;
    struct logstore_config config = {.folder = folder,
                                     .identity = "feed",
                                     .partition_count = PARTITIONS,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = 1 + dice % 20,
                                     .held_bytes_max = (dice % 3 ? 1024 : 128) * 1024};
    if (logstore_open(&config, &store, &why) != VERDICT_OK)
        give_up(why.text);
    return store;
}

static bool is_marker(int64_t offset)
{
    return offset % MARKER_EVERY == MARKER_EVERY - 1;
}

static struct logstore_record record_of(const struct log_line *line)
{
    struct logstore_record record = {.partition = line->partition,
                                     .offset = line->offset,
                                     .line = {line->text, line->length},
                                     .host = bytes_of(line->shape)};
    record.time_us =
        event_time_of((struct bytes){0}, record.line, line->time_us + 500, &record.time_source);
    return record;
}

/* --- feed ------------------------------------------------------------------------------------------------------------- */

static void take(struct logstore *store, const struct loglines *lines, int32_t partition,
                 int64_t offset)
{
    static struct log_line line;
    struct why why;
    if (is_marker(offset)) {
        logstore_advance(store, partition, offset + 1);
    } else {
        loglines_make(lines, offset * PARTITIONS + partition, &line);
        struct logstore_record record = record_of(&line);
        logstore_put(store, line.owner, &record, line.time_us + 500);
    }
    if (logstore_checkpoint_if_due(store, clock_monotonic_ms(), &why) != VERDICT_OK)
        give_up(why.text);
}

/* Some lines of one partition, then some of another, as a fetch brings them. */
static void feed(struct logstore *store, const struct loglines *lines, int64_t end, unsigned dice)
{
    struct why why;
    for (int32_t open = PARTITIONS; open > 0;) {
        dice = dice * 1664525 + 1013904223;
        int32_t partition = (int32_t)(dice >> 16) % PARTITIONS;
        int64_t from = logstore_next(store, partition), to = from + (dice >> 24) % 64;
        for (; from < to && from < end; from++)
            take(store, lines, partition, from);
        open = 0;
        for (int32_t i = 0; i < PARTITIONS; i++)
            open += logstore_next(store, i) < end;
    }
    if (logstore_checkpoint(store, true, &why) != VERDICT_OK)
        give_up(why.text);
}

/* --- dump ------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(struct bytes bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.length; i++)
        hash = (hash ^ ((const unsigned char *)bytes.data)[i]) * UINT64_C(1099511628211);
    return hash;
}

static bool print_record(void *context, const struct logstore_record *record)
{
    printf("%s %d %lld %lld %d %.*s %016llx\n", (const char *)context, record->partition,
           (long long)record->offset, (long long)record->time_us, record->time_source,
           (int)record->host.length, (const char *)record->host.data,
           (unsigned long long)hash_of(record->line));
    return true;
}

static void dump(struct logstore *store)
{
    for (int32_t customer = 0; customer < CUSTOMERS; customer++) {
        char owner[16];
        struct why why;
        int64_t damaged = 0;
        struct logstore_query query = {
            .owner = owner, .from_us = 0, .to_us = INT64_MAX, .damaged = &damaged};
        loglines_owner(customer, owner);
        if (logstore_read(store, &query, print_record, owner, NULL, &why) != VERDICT_OK)
            give_up(why.text);
        if (damaged)
            give_up("a block is damaged");
    }
}

static void print_stream(const struct loglines *lines, int64_t end)
{
    static struct log_line line;
    for (int64_t i = 0; i < end * PARTITIONS; i++) {
        if (is_marker(i / PARTITIONS))
            continue;
        loglines_make(lines, i, &line);
        struct logstore_record record = record_of(&line);
        print_record(line.owner, &record);
    }
}

int main(int count, char **args)
{
    const char *what = count > 2 ? args[1] : "";
    struct logstore *store = NULL;
    if (strcmp(what, "stream") == 0 && count == 4) {
        print_stream(stream_of(args[2]), atoll(args[3]));
    } else if (strcmp(what, "feed") == 0 && count == 6) {
        unsigned dice = (unsigned)strtoul(args[5], NULL, 10);
        store = open_store(args[2], dice);
        feed(store, stream_of(args[3]), atoll(args[4]), dice);
    } else if (strcmp(what, "next") == 0) {
        store = open_store(args[2], 0);
        for (int32_t i = 0; i < PARTITIONS; i++)
            printf("%lld\n", (long long)logstore_next(store, i));
    } else if (strcmp(what, "dump") == 0) {
        store = open_store(args[2], 0);
        dump(store);
    } else {
        give_up("feed FOLDER SEED END DICE | next FOLDER | dump FOLDER | stream SEED END");
    }
    logstore_close(store);
    return 0;
}
