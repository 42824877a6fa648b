/* SPDX-License-Identifier: Apache-2.0 */
/* A question: what memory holds of the owner is copied first, what the disk holds is read, then the copies of what it lacks. */
#include "services/triage/logstore_internal.h"

#include <stdlib.h>
#include <string.h>

struct copy { /* of a block, for a reader */
    struct copy *next;
    int32_t partition;
    size_t raw_length;
    struct bytes packed; /* NULL data: as raw bytes */
    char *bytes;
};

static struct copy *copy_block(const struct block *block)
{
    struct copy *copy = mem_alloc(sizeof *copy);
    copy->partition = block->span.partition;
    if (block->raw.length) {
        copy->raw_length = block->raw.length;
        copy->bytes = mem_resize(NULL, block->raw.length, 1);
        pieces_copy(&block->raw, copy->bytes);
    } else {
        copy->raw_length = block->raw_length;
        copy->bytes = mem_dup(block->packed, block->packed_length);
        copy->packed = (struct bytes){copy->bytes, block->packed_length};
    }
    return copy;
}

static void free_copies(struct copy *list)
{
    while (list) {
        struct copy *next = list->next;
        free(list->bytes);
        free(list);
        list = next;
    }
}

static void copy_if_wanted(const struct logstore_query *query, const struct block *block,
                           struct copy **list)
{
    bool outside = block->span.first_us > query->to_us || block->span.last_us < query->from_us;
    if (outside || strcmp(block->owner, query->owner) != 0)
        return;
    struct copy *copy = copy_block(block);
    copy->next = *list;
    *list = copy;
}

static struct copy *copy_memory(struct logstore *store, const struct logstore_query *query,
                                int64_t *ret_next)
{
    struct copy *list = NULL;
    pthread_mutex_lock(&store->lock);
    for (const struct block *block = store->sealed; block; block = block->next)
        copy_if_wanted(query, block, &list);
    for (int32_t p = 0; p < store->config.partition_count; p++)
        for (const struct block *block = store->open[logstore_slot(query->owner, p)]; block;
             block = block->next)
            if (block->span.partition == p)
                copy_if_wanted(query, block, &list);
    memcpy(ret_next, store->next, (size_t)store->config.partition_count * sizeof *ret_next);
    pthread_mutex_unlock(&store->lock);
    return list;
}

/* Of the copies, what the snapshot does not have: from its own offsets on. */
static void read_copies(const struct copy *list, const struct logstore_query *query,
                        bool (*each)(void *context, const struct logstore_record *record),
                        void *context)
{
    for (const struct copy *copy = list; copy; copy = copy->next) {
        CLEANUP(mem_free) char *unpacked = NULL;
        if (copy->packed.data && !block_unpack(copy->packed, copy->raw_length, &unpacked))
            continue;
        struct bytes raw = {unpacked ? unpacked : copy->bytes, copy->raw_length};
        if (block_each(raw, copy->partition, query, each, context) == BLOCK_STOPPED)
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
    struct copy *copies = copy_memory(store, query, next);
    /* The snapshot may already hold more than memory did: the answer ends where memory ended. */
    if (!bounded.until)
        bounded.until = next;
    enum verdict verdict = disk_read(&store->disk, &bounded, each, context, stored, &stopped, why);
    if (verdict == VERDICT_OK && !stopped) {
        bound_below(stored, stored, query->since, store->config.partition_count);
        bounded.since = stored;
        read_copies(copies, &bounded, each, context);
    }
    free_copies(copies);
    if (ret_next)
        memcpy(ret_next, next, partitions * sizeof *next);
    return verdict;
}
