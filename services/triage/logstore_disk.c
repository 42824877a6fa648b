/* SPDX-License-Identifier: Apache-2.0 */
/* The LMDB side of the log store. Key of a block: owner, NUL, first and last time, partition, first offset, all big-endian,
 * so that the blocks of an owner stand together in the order of time and a window is cut on keys alone. Value: count,
 * raw length, last offset, then zstd. Key of an upload's note: 0x01, owner. */
#include "services/triage/logstore_internal.h"

#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAP_BYTES_FIRST (UINT64_C(16) << 30)
#define SPAN_KEY_BYTES 28
#define VALUE_HEAD_BYTES 16

static enum verdict failed(struct why *why, const char *what, int error)
{
    return fatal(why, "log store: %s: %s", what, mdb_strerror(error));
}

/* --- keys and values ---------------------------------------------------------------------------------------------- */

static void put_be64(uint8_t *to, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        to[i] = (uint8_t)number;
}

static uint64_t get_be64(const uint8_t *from)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | from[i];
    return number;
}

static size_t make_key(uint8_t key[KEY_MAX], const char *owner, const struct block_span *span)
{
    size_t length = strlen(owner) + 1;
    memcpy(key, owner, length);
    put_be64(key + length, (uint64_t)span->first_us);
    put_be64(key + length + 8, (uint64_t)span->last_us);
    for (int i = 0; i < 4; i++)
        key[length + 16 + (size_t)i] = (uint8_t)((uint32_t)span->partition >> (24 - 8 * i));
    put_be64(key + length + 20, (uint64_t)span->first_offset);
    return length + SPAN_KEY_BYTES;
}

static bool read_key(const MDB_val *key, const char *owner, struct block_span *ret_span)
{
    size_t length = strlen(owner) + 1;
    const uint8_t *at = key->mv_data;
    if (key->mv_size != length + SPAN_KEY_BYTES || memcmp(at, owner, length) != 0)
        return false;
    at += length;
    ret_span->first_us = (int64_t)get_be64(at);
    ret_span->last_us = (int64_t)get_be64(at + 8);
    ret_span->partition =
        (int32_t)((uint32_t)at[16] << 24 | (uint32_t)at[17] << 16 | (uint32_t)at[18] << 8 | at[19]);
    ret_span->first_offset = (int64_t)get_be64(at + 20);
    return true;
}

struct value_head {
    uint32_t count, raw_length;
    int64_t last_offset;
};

static bool read_value(const MDB_val *value, struct value_head *ret_head, struct bytes *ret_packed)
{
    if (value->mv_size < VALUE_HEAD_BYTES)
        return false;
    memcpy(ret_head, value->mv_data, VALUE_HEAD_BYTES);
    *ret_packed = (struct bytes){.data = (const char *)value->mv_data + VALUE_HEAD_BYTES,
                                 .length = value->mv_size - VALUE_HEAD_BYTES};
    return true;
}

/* --- buckets ------------------------------------------------------------------------------------------------------- */

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

static size_t copy_buckets(struct disk *disk, struct disk_bucket ret_buckets[BUCKETS_MAX])
{
    pthread_mutex_lock(&disk->lock);
    size_t count = disk->bucket_count;
    memcpy(ret_buckets, disk->buckets, count * sizeof ret_buckets[0]);
    pthread_mutex_unlock(&disk->lock);
    return count;
}

static bool find_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    size_t count = copy_buckets(disk, buckets);
    for (size_t i = 0; i < count; i++)
        if (buckets[i].number == number) {
            *ret_dbi = buckets[i].dbi;
            return true;
        }
    return false;
}

/* --- write transactions ---------------------------------------------------------------------------------------------- */

typedef int write_fn(struct disk *disk, MDB_txn *txn, void *context);

static int write_once(struct disk *disk, write_fn *write, void *context)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(disk->env, NULL, 0, &txn);
    if (error)
        return error;
    error = write(disk, txn, context);
    if (!error)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

static enum verdict grow(struct disk *disk, struct why *why)
{
    pthread_rwlock_wrlock(&disk->use);
    int error = mdb_env_set_mapsize(disk->env, disk->map_size * 2);
    if (!error)
        disk->map_size *= 2;
    pthread_rwlock_unlock(&disk->use);
    return error ? failed(why, "grow the map", error) : VERDICT_OK;
}

/* All that is written goes through here: in one transaction, which is done again when the map had to grow for it.
 * `committed` (may be NULL) is told while nobody else reads or writes. */
static enum verdict write_all(struct disk *disk, write_fn *write,
                              void (*committed)(struct disk *disk, void *context), void *context,
                              const char *what, struct why *why)
{
    for (;;) {
        if (committed)
            pthread_rwlock_wrlock(&disk->use);
        else
            pthread_rwlock_rdlock(&disk->use);
        int error = write_once(disk, write, context);
        if (!error && committed)
            committed(disk, context);
        pthread_rwlock_unlock(&disk->use);
        if (error != MDB_MAP_FULL)
            return error ? failed(why, what, error) : VERDICT_OK;
        if (grow(disk, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
}

/* --- new buckets ------------------------------------------------------------------------------------------------------ */

#define BUCKET_NAME_SIZE 16

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

/* In a transaction of its own, committed before anything is written into it or read from it: a handle made in a
 * transaction that is aborted later would be gone for everyone. */
static enum verdict need_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi,
                                struct why *why)
{
    struct new_bucket bucket = {.number = number};
    if (find_bucket(disk, number, ret_dbi))
        return VERDICT_OK;
    if (write_all(disk, open_bucket, NULL, &bucket, "open a bucket", why) != VERDICT_OK)
        return VERDICT_FATAL;
    remember_bucket(disk, number, bucket.dbi);
    *ret_dbi = bucket.dbi;
    return VERDICT_OK;
}

static enum verdict need_buckets(struct disk *disk, struct block *const *blocks, size_t count,
                                 struct why *why)
{
    MDB_dbi dbi;
    for (size_t i = 0; i < count; i++)
        if (need_bucket(disk, blocks[i]->bucket, &dbi, why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static int put_packed(MDB_txn *txn, MDB_dbi dbi, const struct block *block)
{
    uint8_t key[KEY_MAX];
    struct value_head head = {block->span.count, block->raw_length, block->span.last_offset};
    MDB_val key_val = {.mv_size = make_key(key, block->owner, &block->span), .mv_data = key};
    MDB_val value = {.mv_size = VALUE_HEAD_BYTES + block->packed_length};
    int error = mdb_put(txn, dbi, &key_val, &value, MDB_RESERVE);
    if (error)
        return error;
    memcpy(value.mv_data, &head, VALUE_HEAD_BYTES);
    memcpy((char *)value.mv_data + VALUE_HEAD_BYTES, block->packed, block->packed_length);
    return 0;
}

/* Stands the cursor on the owner's last block, if there is one. */
static bool find_last(MDB_cursor *cursor, const char *owner, MDB_val *ret_key, MDB_val *ret_value,
                      struct block_span *ret_span)
{
    uint8_t key[KEY_MAX];
    struct block_span highest = {
        .first_us = -1, .last_us = -1, .partition = -1, .first_offset = -1};
    *ret_key = (MDB_val){.mv_size = make_key(key, owner, &highest), .mv_data = key};
    int error = mdb_cursor_get(cursor, ret_key, ret_value, MDB_SET_RANGE);
    error = mdb_cursor_get(cursor, ret_key, ret_value, error ? MDB_LAST : MDB_PREV);
    return !error && read_key(ret_key, owner, ret_span);
}

static struct block *joined(const struct block *old_shape, const struct block_span *old,
                            struct bytes old_raw)
{
    struct block *both = block_new(old_shape->owner, old_shape->span.partition, old_shape->bucket);
    const struct block_span *new = &old_shape->span;
    buf_add(&both->raw, old_raw.data, old_raw.length);
    buf_add(&both->raw, old_shape->raw.data, old_shape->raw.length);
    both->span = (struct block_span){
        .first_us = old->first_us < new->first_us ? old->first_us : new->first_us,
        .last_us = old->last_us > new->last_us ? old->last_us : new->last_us,
        .partition = new->partition,
        .first_offset = old->first_offset,
        .last_offset = new->last_offset,
        .count = old->count + new->count,
    };
    return both;
}

/* The block that is to be written in place of `block`, having removed the one it absorbed; NULL: none fits. A full map shows
 * here first: once a call has failed for it, the transaction answers to nothing else. */
static int absorb_last(MDB_txn *txn, MDB_dbi dbi, const struct block *block,
                       struct block **ret_both)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    struct block_span span = {0};
    struct value_head head;
    struct bytes packed;
    char *raw = NULL;
    *ret_both = NULL;
    if (!block->raw.length)
        return 0;
    int error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    bool fits = find_last(cursor, block->owner, &key, &value, &span) &&
                span.partition == block->span.partition && read_value(&value, &head, &packed) &&
                head.raw_length + block->raw.length <= BLOCK_BYTES &&
                block_unpack(packed, head.raw_length, &raw);
    if (fits) {
        span.count = head.count;
        *ret_both = joined(block, &span, (struct bytes){raw, head.raw_length});
        error = mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    free(raw);
    return error;
}

static int put_block(struct disk *disk, MDB_txn *txn, const struct block *block, bool merge,
                     ZSTD_CCtx *packer)
{
    MDB_dbi dbi = 0;
    struct block *both = NULL;
    if (!find_bucket(disk, block->bucket, &dbi))
        return MDB_BAD_DBI;
    int error = merge ? absorb_last(txn, dbi, block, &both) : 0;
    if (!error && both)
        block_pack(both, packer);
    if (!error)
        error = put_packed(txn, dbi, both ? both : block);
    block_free(both);
    return error;
}

static int put_offsets(struct disk *disk, MDB_txn *txn, const int64_t *next)
{
    static char name[] = "next";
    MDB_val key = {.mv_size = sizeof name, .mv_data = name};
    MDB_val value = {.mv_size = (size_t)disk->partition_count * sizeof *next};
    int error = mdb_put(txn, disk->meta, &key, &value, MDB_RESERVE);
    if (!error)
        memcpy(value.mv_data, next, value.mv_size);
    return error;
}

struct writing {
    struct block *const *blocks;
    size_t count;
    const int64_t *next;
    bool merge;
    ZSTD_CCtx *packer;
};

static int put_all(struct disk *disk, MDB_txn *txn, void *context)
{
    const struct writing *writing = context;
    int error = 0;
    for (size_t i = 0; i < writing->count && !error; i++)
        error = put_block(disk, txn, writing->blocks[i], writing->merge, writing->packer);
    return !error && writing->next ? put_offsets(disk, txn, writing->next) : error;
}

enum verdict disk_write(struct disk *disk, struct block *const *blocks, size_t count,
                        const int64_t *next, bool merge, struct why *why)
{
    if (need_buckets(disk, blocks, count, why) != VERDICT_OK)
        return VERDICT_FATAL;
    struct writing writing = {blocks, count, next, merge, ZSTD_createCCtx()};
    enum verdict verdict = write_all(disk, put_all, NULL, &writing, "write", why);
    ZSTD_freeCCtx(writing.packer);
    return verdict;
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static int read_offsets(struct disk *disk, MDB_txn *txn, int64_t *ret_next)
{
    static char name[] = "next";
    MDB_val key = {.mv_size = sizeof name, .mv_data = name}, value;
    size_t size = (size_t)disk->partition_count * sizeof *ret_next;
    memset(ret_next, 0, size);
    int error = mdb_get(txn, disk->meta, &key, &value);
    if (error == MDB_NOTFOUND)
        return 0;
    if (!error && value.mv_size == size)
        memcpy(ret_next, value.mv_data, size);
    return error;
}

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
    if (!read_value(value, &head, &packed)) {
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
    MDB_val key = {.mv_size = make_key(first, reading->query->owner, &span), .mv_data = first},
            value;
    int error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && !reading->stopped && read_key(&key, reading->query->owner, &span) &&
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

enum verdict disk_read(struct disk *disk, const struct logstore_query *query,
                       bool (*each)(void *context, const struct logstore_record *record),
                       void *context, int64_t *ret_next, bool *ret_stopped, struct why *why)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    struct disk_reading reading = {.disk = disk, .query = query, .each = each, .context = context};
    MDB_txn *txn;
    pthread_rwlock_rdlock(&disk->use);
    size_t count = copy_buckets(disk, buckets); /* before the snapshot: each of them is in it */
    int error = mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &txn);
    if (!error) {
        error = read_offsets(disk, txn, ret_next);
        for (size_t i = 0; i < count && !error && !reading.stopped; i++)
            if (bucket_may_hold(&buckets[i], query))
                error = read_bucket(&reading, txn, buckets[i].dbi);
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&disk->use);
    *ret_stopped = reading.stopped;
    return error ? failed(why, "read", error) : VERDICT_OK;
}

/* --- notes of uploads ---------------------------------------------------------------------------------------------------- */

static size_t make_note_key(char key[KEY_MAX], const char *owner)
{
    return (size_t)snprintf(key, KEY_MAX, "\x01%s", owner);
}

enum verdict disk_note_find(struct disk *disk, const char *owner, char **ret_note, struct why *why)
{
    struct disk_bucket buckets[BUCKETS_MAX];
    char name[KEY_MAX];
    MDB_val key = {.mv_size = make_note_key(name, owner), .mv_data = name}, value;
    MDB_txn *txn;
    *ret_note = NULL;
    pthread_rwlock_rdlock(&disk->use);
    size_t count = copy_buckets(disk, buckets);
    int error = mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &txn);
    if (!error) {
        for (size_t i = 0; i < count && !*ret_note; i++)
            if (mdb_get(txn, buckets[i].dbi, &key, &value) == 0)
                *ret_note = mem_dup(value.mv_data, value.mv_size);
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&disk->use);
    return error ? failed(why, "read", error) : VERDICT_OK;
}

struct note {
    MDB_dbi dbi;
    MDB_val key, value;
};

static int put_note(struct disk *disk, MDB_txn *txn, void *context)
{
    struct note *note = context;
    (void)disk;
    return mdb_put(txn, note->dbi, &note->key, &note->value, 0);
}

enum verdict disk_note_put(struct disk *disk, int32_t bucket, const char *owner, const char *text,
                           struct why *why)
{
    char name[KEY_MAX];
    CLEANUP(mem_free) char *copy = mem_strdup(text);
    struct note note = {.key = {.mv_size = make_note_key(name, owner), .mv_data = name},
                        .value = {.mv_size = strlen(copy), .mv_data = copy}};
    if (need_bucket(disk, bucket, &note.dbi, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return write_all(disk, put_note, NULL, &note, "write a note", why);
}

static int forget_in(MDB_txn *txn, MDB_dbi dbi, const char *owner)
{
    MDB_cursor *cursor;
    uint8_t first[KEY_MAX];
    struct block_span span = {0};
    MDB_val key = {.mv_size = make_key(first, owner, &span), .mv_data = first}, value;
    int error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && read_key(&key, owner, &span)) {
        error = mdb_cursor_del(cursor, 0);
        if (!error)
            error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

struct forgetting {
    const char *owner;
    struct disk_bucket buckets[BUCKETS_MAX];
    size_t count;
};

static int forget_everywhere(struct disk *disk, MDB_txn *txn, void *context)
{
    struct forgetting *forgetting = context;
    int error = 0;
    forgetting->count = copy_buckets(disk, forgetting->buckets);
    for (size_t i = 0; i < forgetting->count && !error; i++)
        error = forget_in(txn, forgetting->buckets[i].dbi, forgetting->owner);
    return error;
}

enum verdict disk_forget_owner(struct disk *disk, const char *owner, struct why *why)
{
    struct forgetting forgetting = {.owner = owner};
    return write_all(disk, forget_everywhere, NULL, &forgetting, "forget", why);
}

/* --- retention, opening and closing ---------------------------------------------------------------------------------------- */

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
    return !error && dropping->next ? put_offsets(disk, txn, dropping->next) : error;
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
    size_t count = copy_buckets(disk, buckets);
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
    return write_all(disk, drop_buckets, forget_buckets, &dropping, "drop a bucket", why);
}

/* A crash must not leave records behind whose offsets are read again. */
enum verdict disk_empty(struct disk *disk, struct why *why)
{
    CLEANUP(mem_free)
    int64_t *zero = mem_alloc((size_t)disk->partition_count * sizeof *zero);
    struct dropping dropping = {.below = INT32_MAX, .next = zero};
    return write_all(disk, drop_buckets, forget_buckets, &dropping, "empty", why);
}

static int open_buckets(struct disk *disk, MDB_txn *txn)
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

static int check_identity(struct disk *disk, MDB_txn *txn, const char *identity, bool *ret_foreign)
{
    static char name[] = "identity";
    CLEANUP(mem_free) char *copy = mem_strdup(identity);
    MDB_val key = {.mv_size = sizeof name, .mv_data = name}, value;
    int error = mdb_get(txn, disk->meta, &key, &value);
    if (error == MDB_NOTFOUND) {
        value = (MDB_val){.mv_size = strlen(copy), .mv_data = copy};
        return mdb_put(txn, disk->meta, &key, &value, 0);
    }
    *ret_foreign =
        !error && !bytes_equal_text((struct bytes){value.mv_data, value.mv_size}, identity);
    return error;
}

/* A map that grew in an earlier life is as large again: what is in it is all that tells. */
static int size_map(struct disk *disk)
{
    MDB_envinfo info;
    MDB_stat stat;
    int error = mdb_env_info(disk->env, &info);
    if (error || (error = mdb_env_stat(disk->env, &stat)))
        return error;
    while (disk->map_size / 2 < (info.me_last_pgno + 1) * stat.ms_psize)
        disk->map_size *= 2;
    return mdb_env_set_mapsize(disk->env, disk->map_size);
}

static int open_env(const struct logstore_config *config, struct disk *disk)
{
    int error = mdb_env_create(&disk->env);
    if (error)
        return error;
    disk->map_size = config->map_bytes ? config->map_bytes : MAP_BYTES_FIRST;
    mdb_env_set_mapsize(disk->env, disk->map_size);
    mdb_env_set_maxdbs(disk->env, BUCKETS_MAX + 2);
    mdb_env_set_maxreaders(disk->env, 64);
    error = mdb_env_open(disk->env, config->folder, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    return error ? error : size_map(disk);
}

static int open_once(const struct logstore_config *config, struct disk *disk, int64_t *ret_next,
                     bool *ret_foreign)
{
    MDB_txn *txn;
    *ret_foreign = false;
    disk->bucket_count = 0;
    int error = open_env(config, disk);
    if (error || (error = mdb_txn_begin(disk->env, NULL, 0, &txn)))
        return error;
    error = mdb_dbi_open(txn, "meta", MDB_CREATE, &disk->meta);
    if (!error)
        error = check_identity(disk, txn, config->identity, ret_foreign);
    if (!error && !*ret_foreign)
        error = open_buckets(disk, txn);
    if (!error && !*ret_foreign)
        error = read_offsets(disk, txn, ret_next);
    if (!error && !*ret_foreign)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

static void throw_away(const struct logstore_config *config, struct disk *disk)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    mdb_env_close(TAKE(disk->env));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", config->folder, files[i]);
        unlink(path);
    }
}

enum verdict disk_open(const struct logstore_config *config, struct disk *ret_disk,
                       int64_t *ret_next, struct why *why)
{
    bool foreign;
    ret_disk->partition_count = config->partition_count;
    pthread_mutex_init(&ret_disk->lock, NULL);
    pthread_rwlock_init(&ret_disk->use, NULL);
    int error = open_once(config, ret_disk, ret_next, &foreign);
    if (foreign || error == MDB_INVALID || error == MDB_CORRUPTED ||
        error == MDB_VERSION_MISMATCH || error == MDB_PAGE_NOTFOUND) {
        throw_away(config, ret_disk);
        error = open_once(config, ret_disk, ret_next, &foreign);
    }
    if (error) {
        disk_close(ret_disk);
        return failed(why, "open", error);
    }
    return VERDICT_OK;
}

void disk_close(struct disk *disk)
{
    if (disk->env)
        mdb_env_close(TAKE(disk->env));
    pthread_mutex_destroy(&disk->lock);
    pthread_rwlock_destroy(&disk->use);
}
