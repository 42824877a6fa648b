/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

size_t logstore_slot(const char *owner, int32_t partition)
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
    packer_open(&store->packer);
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
    packer_close(&store->packer);
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
    struct block **place = &store->open[logstore_slot(owner, partition)];
    while (*place && (strcmp((*place)->owner, owner) != 0 || (*place)->span.partition != partition))
        place = &(*place)->next;
    return place;
}

/* A line of another owner than the one before it meets a block that no cache holds: what a put needs of it is fetched at
 * once instead of one piece after the other. */
static void fetch(const struct block *block)
{
    __builtin_prefetch(block->headers);
    __builtin_prefetch(block->raw.at, 1);
}

/* Compresses outside the lock: meanwhile the block stays where readers find it, and only this thread changes it. */
static void seal(struct logstore *store, struct block **place)
{
    struct block *block = *place;
    block_pack(block, &store->packer);
    pthread_mutex_lock(&store->lock);
    *place = block->next;
    block->next = store->sealed;
    store->sealed = block;
    store->held_bytes -= block_held(block) - block->packed_length; /* which was not counted yet */
    pieces_free(&block->raw);
    store->held_bytes += block_held(block);
    pthread_mutex_unlock(&store->lock);
}

void logstore_put(struct logstore *store, const char *owner, const struct logstore_record *record,
                  int64_t append_us)
{
    int32_t bucket = logstore_bucket(append_us);
    struct block **place = place_of(store, owner, record->partition);
    if (*place &&
        ((*place)->bucket != bucket || (*place)->raw.length + record->line.length > BLOCK_BYTES)) {
        seal(store, place);
        place = place_of(store, owner, record->partition);
    }
    if (*place)
        fetch(*place);
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

/* What is going to be joined with a block on disk is needed as it came. */
static void pack_open(struct logstore *store, bool keep_raw, struct block_list *blocks)
{
    for (size_t i = 0; i < HASH_SLOTS; i++)
        while (!keep_raw && store->open[i])
            seal(store, &store->open[i]);
    for (size_t i = 0; i < HASH_SLOTS; i++)
        for (struct block *block = store->open[i]; block; block = block->next) {
            block_pack(block, &store->packer);
            list_add(blocks, block);
        }
}

enum verdict logstore_checkpoint(struct logstore *store, bool merge, struct why *why)
{
    struct block_list blocks = {0};
    pack_open(store, merge, &blocks);
    for (struct block *block = store->sealed; block; block = block->next)
        list_add(&blocks, block);
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

/* --- waiting ---------------------------------------------------------------------------------------------- */

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
