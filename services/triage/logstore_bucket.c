/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_disk.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_NAME_SIZE 16

static void remember_bucket(struct disk *disk, int32_t number, MDB_dbi dbi)
{
    bool known = false;
    pthread_mutex_lock(&disk->lock);
    for (size_t i = 0; i < disk->bucket_count; i++)
        known |= disk->buckets[i].number == number; /* two writers may have met a new one at once */
    assert(known || disk->bucket_count < BUCKETS_MAX);
    if (!known)
        disk->buckets[disk->bucket_count++] = (struct disk_bucket){number, dbi};
    pthread_mutex_unlock(&disk->lock);
}

size_t disk_copy_buckets(struct disk *disk, struct disk_bucket ret_buckets[BUCKETS_MAX])
{
    pthread_mutex_lock(&disk->lock);
    size_t count = disk->bucket_count;
    memcpy(ret_buckets, disk->buckets, count * sizeof ret_buckets[0]);
    pthread_mutex_unlock(&disk->lock);
    return count;
}

bool disk_find_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    size_t count = disk_copy_buckets(disk, buckets);
    for (size_t i = 0; i < count; i++)
        if (buckets[i].number == number) {
            *ret_dbi = buckets[i].dbi;
            return true;
        }
    return false;
}

/* --- made ------------------------------------------------------------------------------------------------------------ */

static const char *name_bucket(int32_t number, char ret_name[BUCKET_NAME_SIZE])
{
    snprintf(ret_name, BUCKET_NAME_SIZE, "b%06d", number);
    return ret_name;
}

struct new_bucket {
    int32_t number;
    MDB_dbi dbi;
};

static int open_bucket(struct disk *disk, MDB_txn *txn, void *context)
{
    struct new_bucket *bucket = context;
    char name[BUCKET_NAME_SIZE];
    (void)disk;
    return mdb_dbi_open(txn, name_bucket(bucket->number, name), MDB_CREATE, &bucket->dbi);
}

enum verdict disk_need_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi, struct why *why)
{
    struct new_bucket bucket = {.number = number};
    if (disk_find_bucket(disk, number, ret_dbi))
        return VERDICT_OK;
    if (disk_change(disk, open_bucket, NULL, &bucket, "open a bucket", why) != VERDICT_OK)
        return VERDICT_FATAL;
    remember_bucket(disk, number, bucket.dbi);
    *ret_dbi = bucket.dbi;
    return VERDICT_OK;
}

int disk_open_buckets(struct disk *disk, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_dbi root;
    int error = mdb_dbi_open(txn, NULL, 0, &root);
    if (error || (error = mdb_cursor_open(txn, root, &cursor)))
        return error;
    while (!error && !(error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
        char name[16] = "";
        MDB_dbi dbi;
        memcpy(name, key.mv_data, key.mv_size < sizeof name ? key.mv_size : sizeof name - 1);
        if (name[0] == 'b' && !(error = mdb_dbi_open(txn, name, 0, &dbi)))
            remember_bucket(disk, atoi(name + 1), dbi);
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

/* --- dropped --------------------------------------------------------------------------------------------------------- */

struct dropping {
    int32_t below;       /* buckets */
    const int64_t *next; /* NULL: the offsets stay */
};

/* By name: a handle is gone with mdb_drop, also where its transaction is then given up and done again. */
static int drop_buckets(struct disk *disk, MDB_txn *txn, void *context)
{
    const struct dropping *dropping = context;
    int error = 0;
    for (size_t i = 0; i < disk->bucket_count && !error; i++) {
        struct disk_bucket *bucket = &disk->buckets[i];
        char name[BUCKET_NAME_SIZE];
        if (bucket->number >= dropping->below)
            continue;
        error = mdb_dbi_open(txn, name_bucket(bucket->number, name), 0, &bucket->dbi);
        if (!error)
            error = mdb_drop(txn, bucket->dbi, 1);
    }
    return !error && dropping->next ? disk_put_offsets(disk, txn, dropping->next) : error;
}

static void forget_buckets(struct disk *disk, void *context)
{
    const struct dropping *dropping = context;
    pthread_mutex_lock(&disk->lock);
    for (size_t i = disk->bucket_count; i > 0; i--)
        if (disk->buckets[i - 1].number < dropping->below)
            disk->buckets[i - 1] = disk->buckets[--disk->bucket_count];
    pthread_mutex_unlock(&disk->lock);
}

static bool has_bucket_below(struct disk *disk, int32_t below)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    size_t count = disk_copy_buckets(disk, buckets);
    for (size_t i = 0; i < count; i++)
        if (buckets[i].number < below)
            return true;
    return false;
}

enum verdict disk_expire(struct disk *disk, int32_t below_bucket, struct why *why)
{
    struct dropping dropping = {.below = below_bucket};
    if (!has_bucket_below(disk, below_bucket))
        return VERDICT_OK;
    return disk_change(disk, drop_buckets, forget_buckets, &dropping, "drop a bucket", why);
}

/* A crash must not leave records behind whose offsets are read again. */
enum verdict disk_empty(struct disk *disk, struct why *why)
{
    CLEANUP(mem_free)
    int64_t *zero = mem_alloc((size_t)disk->partition_count * sizeof *zero);
    struct dropping dropping = {.below = INT32_MAX, .next = zero};
    return disk_change(disk, drop_buckets, forget_buckets, &dropping, "empty", why);
}
