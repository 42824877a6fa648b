/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_disk.h"

#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"

struct disk_reading {
    struct disk *disk;
    const struct logstore_query *query;
    bool (*each)(void *context, const struct logstore_record *record);
    void *context;
    bool stopped;
};

static bool may_hold(const struct logstore_query *query, const struct block_span *span)
{
    if (span->partition < 0)
        return true;
    return (!query->since || span->last_offset >= query->since[span->partition]) &&
           (!query->until || span->first_offset < query->until[span->partition]);
}

static void note_damage(struct disk_reading *reading)
{
    if (atomic_fetch_add(&reading->disk->damaged, 1) == 0)
        log_event(LOG_ERROR, "logs.block_damaged", "owner=%s", reading->query->owner);
    if (reading->query->damaged)
        (*reading->query->damaged)++;
}

/* The kernel is told not to read ahead (the map is met at random), so a cold block would come page by page. */
static void bring(struct bytes packed)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)packed.data & ~(page - 1);
    (void)madvise((void *)from, (uintptr_t)packed.data + packed.length - from, MADV_WILLNEED);
}

static void read_block(struct disk_reading *reading, const MDB_val *value, struct block_span *span)
{
    struct value_head head;
    struct bytes packed;
    CLEANUP(mem_free) char *raw = NULL;
    if (!value_read(value, &head, &packed)) {
        note_damage(reading);
        return;
    }
    span->last_offset = head.last_offset;
    if (!may_hold(reading->query, span))
        return;
    bring(packed);
    enum block_end end = BLOCK_DAMAGED;
    if (block_unpack(packed, head.raw_length, &raw))
        end = block_each((struct bytes){raw, head.raw_length}, span->partition, reading->query,
                         reading->each, reading->context);
    reading->stopped = end == BLOCK_STOPPED;
    if (end == BLOCK_DAMAGED)
        note_damage(reading);
}

static int read_bucket(struct disk_reading *reading, MDB_txn *txn, MDB_dbi dbi)
{
    MDB_cursor *cursor;
    uint8_t first[KEY_MAX];
    struct block_span span = {0};
    MDB_val key = {.mv_size = key_make(first, reading->query->owner, &span), .mv_data = first},
            value;
    int error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && !reading->stopped && key_read(&key, reading->query->owner, &span) &&
           span.first_us <= reading->query->to_us) {
        if (span.last_us >= reading->query->from_us) /* known from the key: no page of the value */
            read_block(reading, &value, &span);
        error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

/* An event may be one day later than its append, never more: older buckets hold nothing of the window. */
static bool bucket_may_hold(const struct disk_bucket *bucket, const struct logstore_query *query)
{
    return ((int64_t)bucket->number + 1) * BUCKET_US + INT64_C(86400) * 1000000 >= query->from_us;
}

/* Each bucket of the list is in the snapshot, because the list is taken before it; and each that the snapshot has anything in is in
 * the list, because none was made meanwhile: a bucket is remembered before it is written into. */
static int begin_reading(struct disk *disk, struct disk_bucket ret_buckets[BUCKETS_MAX],
                         size_t *ret_count, MDB_txn **ret_txn)
{
    struct disk_bucket later[BUCKETS_MAX];
    for (;;) {
        *ret_count = disk_copy_buckets(disk, ret_buckets);
        int error = mdb_txn_begin(disk->env, NULL, MDB_RDONLY, ret_txn);
        if (error || disk_copy_buckets(disk, later) == *ret_count)
            return error;
        mdb_txn_abort(*ret_txn);
    }
}

enum verdict disk_read(struct disk *disk, const struct logstore_query *query,
                       bool (*each)(void *context, const struct logstore_record *record),
                       void *context, int64_t *ret_next, bool *ret_stopped, struct why *why)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    struct disk_reading reading = {.disk = disk, .query = query, .each = each, .context = context};
    MDB_txn *txn;
    size_t count;
    pthread_rwlock_rdlock(&disk->use);
    int error = begin_reading(disk, buckets, &count, &txn);
    if (!error) {
        error = disk_read_offsets(disk, txn, ret_next);
        for (size_t i = 0; i < count && !error && !reading.stopped; i++)
            if (bucket_may_hold(&buckets[i], query))
                error = read_bucket(&reading, txn, buckets[i].dbi);
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&disk->use);
    *ret_stopped = reading.stopped;
    return error ? disk_failed(why, "read", error) : VERDICT_OK;
}
