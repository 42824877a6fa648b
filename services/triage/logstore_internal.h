/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the files of the log store share: blocks in memory (logstore.c, logstore_query.c, logstore_upload.c,
 * logstore_block.c, logstore_unpack.c) and the LMDB environment that they go into (logstore_disk.c, see logstore_disk.h).
 * Ownership, threads, errors and limits: logstore.h.
 */
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <zstd.h>

#include "services/triage/logstore.h"
#include "services/triage/logstore_pieces.h"

#define BLOCK_BYTES (128 * 1024)
#define BUCKET_US (INT64_C(10) * 86400 * 1000000)
#define BUCKETS_MAX 120
#define HASH_SLOTS 16384

int32_t logstore_bucket(int64_t append_us);
size_t logstore_slot(const char *owner, int32_t partition); /* below HASH_SLOTS */

/* --- blocks (logstore_block.c writes them, logstore_unpack.c reads them) --- */
/* Before each line in a block stand a byte of flags; as varints how far its time and offset lie from those of the line before
 * it, and its length; and, unless they are those of the line before it, the lengths of its four headers and the headers.
 * Twenty-five bytes of plain numbers would be a sixth of what a line takes once it is compressed. Blocks are joined by putting
 * one behind the other: the first line of each counts from zero. */
#define BLOCK_FLAG_SOURCE 3
#define BLOCK_FLAG_FIRST 4
#define BLOCK_FLAG_SAME_HEADERS 8
#define BLOCK_HEADERS 4

struct block_span {
    int64_t first_us, last_us;
    int32_t partition;
    int64_t first_offset, last_offset;
    uint32_t count;
};
struct block { /* open: raw grows. sealed: packed is set, raw is empty */
    struct block *next;
    char owner[LOGSTORE_OWNER_MAX + 1];
    int32_t bucket;
    uint32_t raw_length; /* of what is packed */
    struct block_span span;
    int64_t previous_us;
    struct pieces raw;
    char *headers; /* of the last line, beside their place in raw, which may be far from its end */
    size_t headers_length;
    void *packed;
    size_t packed_length;
};
struct block *block_new(const char *owner, int32_t partition, int32_t bucket);
void block_free(struct block *block);
void block_add(struct block *block,
               const struct logstore_record *record); /* cuts the line at its limit */
size_t block_held(const struct block *block);         /* bytes of memory, as allocated */

struct packer { /* one of a thread: room for a block on both sides of zstd */
    ZSTD_CCtx *context;
    char *raw, *packed;
    size_t room; /* of raw */
};
void packer_open(struct packer *ret_packer);
void packer_close(struct packer *packer);                    /* for CLEANUP */
void block_pack(struct block *block, struct packer *packer); /* raw → packed; raw stays */
/* The bytes of a block; the caller frees. False: damaged. */
bool block_unpack(struct bytes packed, size_t raw_length, char **ret_raw);
enum block_end { BLOCK_WHOLE, BLOCK_STOPPED /* by `each` */, BLOCK_DAMAGED };
/* Reads through raw bytes. */
enum block_end block_each(struct bytes raw, int32_t partition, const struct logstore_query *query,
                          bool (*each)(void *context, const struct logstore_record *record),
                          void *context);

/* --- on disk --- */
#define KEY_MAX (LOGSTORE_OWNER_MAX + 1 + 28)
struct disk_bucket {
    int32_t number;
    MDB_dbi dbi;
};
struct disk {
    MDB_env *env;
    MDB_dbi meta;
    size_t map_size;
    int32_t partition_count;
    pthread_rwlock_t use; /* read: a transaction is open; write: the map grows or a bucket goes */
    pthread_mutex_t lock; /* buckets */
    struct disk_bucket buckets[BUCKETS_MAX];
    size_t bucket_count;
    _Atomic int64_t damaged; /* blocks met that could not be read */
};
enum verdict disk_open(const struct logstore_config *config, struct disk *ret_disk,
                       int64_t *ret_next, struct why *why);
void disk_close(struct disk *disk);
/* Writes blocks (a list) and, where `next` is given, the offsets, in one transaction. `merge`: small ones join the
 * owner's last block of their bucket and partition. */
enum verdict disk_write(struct disk *disk, struct block *const *blocks, size_t count,
                        const int64_t *next, bool merge, struct why *why);
enum verdict disk_expire(struct disk *disk, int32_t below_bucket, struct why *why);
enum verdict disk_empty(struct disk *disk, struct why *why); /* in one transaction */
enum verdict disk_read(struct disk *disk, const struct logstore_query *query,
                       bool (*each)(void *context, const struct logstore_record *record),
                       void *context, int64_t *ret_next, bool *ret_stopped, struct why *why);
enum verdict disk_note_find(struct disk *disk, const char *owner, char **ret_note, struct why *why);
enum verdict disk_note_put(struct disk *disk, int32_t bucket, const char *owner, const char *note,
                           struct why *why);
enum verdict disk_forget_owner(struct disk *disk, const char *owner, struct why *why);

/* --- the store --- */
struct logstore {
    struct logstore_config config;
    struct disk disk;
    pthread_mutex_t
        lock; /* all below; held for moves and copies only, never for compression or disk */
    pthread_cond_t advanced;
    struct block *open[HASH_SLOTS];
    struct block *sealed; /* compressed, waiting for the checkpoint */
    int64_t *next;
    size_t held_bytes;
    int64_t records_in, lines_cut, checkpoints;
    struct logstore_upload *uploads; /* under way: at most one of an owner */
    struct packer packer;            /* the ingest thread's */
    int64_t checkpoint_at_ms;
};
