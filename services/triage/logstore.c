/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static size_t slot_of(const char *owner, int32_t partition)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint32_t)partition;
    for (; *owner; owner++)
        hash = (hash ^ (unsigned char)*owner) * UINT64_C(1099511628211);
    return (size_t)(hash % HASH_SLOTS);
}

int32_t logstore_bucket(int64_t append_us)
{
    return (int32_t)(append_us / BUCKET_US);
}

enum verdict logstore_open(const struct logstore_config *config, struct logstore **ret_store,
                           struct why *why)
{
    CLEANUP(mem_free) struct logstore *store = mem_alloc(sizeof *store);
    if (mkdir(config->folder, 0700) != 0 && errno != EEXIST)
        return fatal(why, "log store: cannot make its folder: %s", strerror(errno));
    store->config = *config;
    store->next = mem_alloc((size_t)config->partition_count * sizeof *store->next);
    if (disk_open(config, &store->disk, store->next, why) != VERDICT_OK) {
        free(store->next);
        return VERDICT_FATAL;
    }
    clock_condition_init(&store->advanced);
    pthread_mutex_init(&store->lock, NULL);
    store->packer = ZSTD_createCCtx();
    store->checkpoint_at_ms = clock_monotonic_ms() + config->checkpoint_every_ms;
    *ret_store = TAKE(store);
    return VERDICT_OK;
}

static void free_list(struct block *list)
{
    while (list) {
        struct block *next = list->next;
        block_free(list);
        list = next;
    }
}

static void forget_memory(struct logstore *store)
{
    for (size_t i = 0; i < HASH_SLOTS; i++)
        free_list(TAKE(store->open[i]));
    free_list(TAKE(store->sealed));
    store->held_bytes = 0;
}

void logstore_close(struct logstore *store)
{
    if (!store)
        return;
    forget_memory(store);
    disk_close(&store->disk);
    ZSTD_freeCCtx(store->packer);
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->advanced);
    free(store->next);
    free(store);
}

/* --- ingest --------------------------------------------------------------------------------------------------------- */

int64_t logstore_next(struct logstore *store, int32_t partition)
{
    pthread_mutex_lock(&store->lock);
    int64_t next = store->next[partition];
    pthread_mutex_unlock(&store->lock);
    return next;
}

static struct block **place_of(struct logstore *store, const char *owner, int32_t partition)
{
    struct block **place = &store->open[slot_of(owner, partition)];
    while (*place && ((*place)->span.partition != partition || strcmp((*place)->owner, owner) != 0))
        place = &(*place)->next;
    return place;
}

/* Compresses outside the lock: meanwhile the block stays where readers find it, and only this thread changes it. */
static void seal(struct logstore *store, struct block **place)
{
    struct block *block = *place;
    block_pack(block, store->packer);
    pthread_mutex_lock(&store->lock);
    *place = block->next;
    block->next = store->sealed;
    store->sealed = block;
    store->held_bytes -= block_held(block) - block->packed_length; /* which was not counted yet */
    buf_free(&block->raw);
    buf_init(&block->raw, 0);
    store->held_bytes += block_held(block);
    pthread_mutex_unlock(&store->lock);
}

void logstore_put(struct logstore *store, const char *owner, const struct logstore_record *record,
                  int64_t append_us)
{
    int32_t bucket = logstore_bucket(append_us);
    assert(strlen(owner) <= LOGSTORE_OWNER_MAX);
    struct block **place = place_of(store, owner, record->partition);
    if (*place &&
        ((*place)->bucket != bucket || (*place)->raw.length + record->line.length > BLOCK_BYTES)) {
        seal(store, place);
        place = place_of(store, owner, record->partition);
    }
    pthread_mutex_lock(&store->lock);
    size_t before = *place ? block_held(*place) : 0;
    if (!*place)
        *place = block_new(owner, record->partition, bucket);
    block_add(*place, record);
    store->held_bytes += block_held(*place) - before;
    store->records_in++;
    store->lines_cut += record->line.length > LOGSTORE_LINE_BYTES_MAX;
    if (store->next[record->partition] <= record->offset)
        store->next[record->partition] = record->offset + 1;
    pthread_cond_broadcast(&store->advanced); /* costs nothing while nobody waits */
    pthread_mutex_unlock(&store->lock);
}

void logstore_advance(struct logstore *store, int32_t partition, int64_t next)
{
    pthread_mutex_lock(&store->lock);
    if (store->next[partition] < next)
        store->next[partition] = next;
    pthread_cond_broadcast(&store->advanced);
    pthread_mutex_unlock(&store->lock);
}

struct block_list {
    struct block **list;
    size_t count, room;
};

static void list_add(struct block_list *blocks, struct block *block)
{
    if (blocks->count == blocks->room) {
        blocks->room = blocks->room ? 2 * blocks->room : 256;
        blocks->list = mem_resize(blocks->list, blocks->room, sizeof *blocks->list);
    }
    blocks->list[blocks->count++] = block;
}

static void list_all(struct logstore *store, struct block_list *blocks)
{
    for (struct block *block = store->sealed; block; block = block->next)
        list_add(blocks, block);
    for (size_t i = 0; i < HASH_SLOTS; i++)
        for (struct block *block = store->open[i]; block; block = block->next) {
            block_pack(block, store->packer);
            list_add(blocks, block);
        }
}

enum verdict logstore_checkpoint(struct logstore *store, bool merge, struct why *why)
{
    struct block_list blocks = {0};
    list_all(store, &blocks);
    enum verdict verdict =
        disk_write(&store->disk, blocks.list, blocks.count, store->next, merge, why);
    free(blocks.list);
    if (verdict != VERDICT_OK)
        return verdict;
    pthread_mutex_lock(&store->lock);
    forget_memory(store);
    store->checkpoints++;
    pthread_mutex_unlock(&store->lock);
    return VERDICT_OK;
}

enum verdict logstore_checkpoint_if_due(struct logstore *store, int64_t now_ms, struct why *why)
{
    bool late = now_ms >= store->checkpoint_at_ms;
    if (!late && store->held_bytes < store->config.held_bytes_max)
        return VERDICT_OK;
    store->checkpoint_at_ms = now_ms + store->config.checkpoint_every_ms;
    return logstore_checkpoint(store, late, why);
}

enum verdict logstore_expire(struct logstore *store, int64_t now_us, struct why *why)
{
    int64_t oldest_us = now_us - store->config.retention_days * INT64_C(86400) * 1000000;
    return oldest_us > 0 ? disk_expire(&store->disk, logstore_bucket(oldest_us), why) : VERDICT_OK;
}

enum verdict logstore_empty(struct logstore *store, struct why *why)
{
    pthread_mutex_lock(&store->lock);
    forget_memory(store);
    memset(store->next, 0, (size_t)store->config.partition_count * sizeof *store->next);
    pthread_mutex_unlock(&store->lock);
    return disk_empty(&store->disk, why);
}

/* --- waiting and reading ---------------------------------------------------------------------------------------------- */

static bool has_passed(const struct logstore *store, const int64_t *ends)
{
    for (int32_t i = 0; i < store->config.partition_count; i++)
        if (store->next[i] < ends[i])
            return false;
    return true;
}

bool logstore_wait(struct logstore *store, const int64_t *ends, int64_t deadline_ms)
{
    pthread_mutex_lock(&store->lock);
    while (!has_passed(store, ends) && clock_wait(&store->advanced, &store->lock, deadline_ms))
        continue;
    bool passed = has_passed(store, ends);
    pthread_mutex_unlock(&store->lock);
    return passed;
}

bool logstore_has_passed(struct logstore *store, const int64_t *ends)
{
    pthread_mutex_lock(&store->lock);
    bool passed = has_passed(store, ends);
    pthread_mutex_unlock(&store->lock);
    return passed;
}

void logstore_positions(struct logstore *store, int64_t *ret_next)
{
    pthread_mutex_lock(&store->lock);
    memcpy(ret_next, store->next, (size_t)store->config.partition_count * sizeof *ret_next);
    pthread_mutex_unlock(&store->lock);
}

static struct block *copy_block(const struct block *block)
{
    struct block *copy = block_new(block->owner, block->span.partition, block->bucket);
    copy->span = block->span;
    if (block->packed && !block->raw.length) {
        copy->packed = mem_dup(block->packed, block->packed_length);
        copy->packed_length = block->packed_length;
        copy->raw_length = block->raw_length;
    } else {
        buf_add(&copy->raw, block->raw.data, block->raw.length);
    }
    return copy;
}

static void copy_if_wanted(const struct logstore_query *query, const struct block *block,
                           struct block **list)
{
    bool outside = block->span.first_us > query->to_us || block->span.last_us < query->from_us;
    if (outside || strcmp(block->owner, query->owner) != 0)
        return;
    struct block *copy = copy_block(block);
    copy->next = *list;
    *list = copy;
}

static struct block *copy_memory(struct logstore *store, const struct logstore_query *query,
                                 int64_t *ret_next)
{
    struct block *list = NULL;
    pthread_mutex_lock(&store->lock);
    for (const struct block *block = store->sealed; block; block = block->next)
        copy_if_wanted(query, block, &list);
    for (int32_t p = 0; p < store->config.partition_count; p++)
        for (const struct block *block = store->open[slot_of(query->owner, p)]; block;
             block = block->next)
            if (block->span.partition == p)
                copy_if_wanted(query, block, &list);
    memcpy(ret_next, store->next, (size_t)store->config.partition_count * sizeof *ret_next);
    pthread_mutex_unlock(&store->lock);
    return list;
}

/* Of the copies, what the snapshot does not have: from its own offsets on. */
static void read_copies(const struct block *list, const struct logstore_query *query,
                        bool (*each)(void *context, const struct logstore_record *record),
                        void *context)
{
    for (const struct block *block = list; block; block = block->next) {
        CLEANUP(mem_free) char *unpacked = NULL;
        struct bytes raw = {.data = block->raw.data, .length = block->raw.length};
        if (block->packed) {
            if (!block_unpack((struct bytes){block->packed, block->packed_length},
                              block->raw_length, &unpacked))
                continue;
            raw = (struct bytes){.data = unpacked, .length = block->raw_length};
        }
        if (block_each(raw, block->span.partition, query, each, context) == BLOCK_STOPPED)
            return;
    }
}

static void bound_below(int64_t *ret_since, const int64_t *stored, const int64_t *asked,
                        int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        ret_since[i] = asked && asked[i] > stored[i] ? asked[i] : stored[i];
}

enum verdict logstore_read(struct logstore *store, const struct logstore_query *query,
                           bool (*each)(void *context, const struct logstore_record *record),
                           void *context, int64_t *ret_next, struct why *why)
{
    size_t partitions = (size_t)store->config.partition_count;
    CLEANUP(mem_free) int64_t *next = mem_alloc(partitions * sizeof *next);
    CLEANUP(mem_free) int64_t *stored = mem_alloc(partitions * sizeof *stored);
    bool stopped = false;
    struct logstore_query bounded = *query;
    struct block *copies = copy_memory(store, query, next);
    /* The snapshot may already hold more than memory did: the answer ends where memory ended. */
    if (!bounded.until)
        bounded.until = next;
    enum verdict verdict = disk_read(&store->disk, &bounded, each, context, stored, &stopped, why);
    if (verdict == VERDICT_OK && !stopped) {
        bound_below(stored, stored, query->since, store->config.partition_count);
        bounded.since = stored;
        read_copies(copies, &bounded, each, context);
    }
    free_list(copies);
    if (ret_next)
        memcpy(ret_next, next, partitions * sizeof *next);
    return verdict;
}

void logstore_count(struct logstore *store, struct logstore_counts *ret_counts)
{
    CLEANUP(mem_free) char *path = mem_printf("%s/data.mdb", store->config.folder);
    struct stat file = {0};
    (void)stat(path, &file);
    pthread_mutex_lock(&store->lock);
    *ret_counts = (struct logstore_counts){.records_in = store->records_in,
                                           .lines_cut = store->lines_cut,
                                           .damaged = atomic_load(&store->disk.damaged),
                                           .held_bytes = (int64_t)store->held_bytes,
                                           .file_bytes = file.st_blocks * INT64_C(512),
                                           .checkpoints = store->checkpoints};
    pthread_mutex_unlock(&store->lock);
}
