/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the files behind struct disk share. logstore_disk.c: the environment, its transactions, the offsets;
 * logstore_bucket.c: which sub-databases there are; logstore_key.c: how a block stands in one; logstore_write.c,
 * logstore_read.c, logstore_note.c: what is done with them.
 * Ownership: what is read is lent by the transaction. Threads: any. Errors: LMDB's own numbers inside of a transaction,
 * a verdict outside.
 *
 * Key of a block: owner, NUL, first and last time, partition, first offset, all big-endian, so that the blocks of an owner
 * stand together in the order of time and a window is cut on keys alone. Value: count, raw length, last offset, then zstd.
 */
#include "services/triage/logstore_internal.h"

enum verdict disk_failed(struct why *why, const char *what, int error);

/* --- keys and values --- */
#define VALUE_HEAD_BYTES 16
struct value_head {
    uint32_t count, raw_length;
    int64_t last_offset;
};
size_t key_make(uint8_t key[KEY_MAX], const char *owner, const struct block_span *span);
bool key_read(const MDB_val *key, const char *owner, struct block_span *ret_span);
bool value_read(const MDB_val *value, struct value_head *ret_head, struct bytes *ret_packed);

/* --- transactions --- */
typedef int disk_change_fn(struct disk *disk, MDB_txn *txn, void *context);
/* All that is written goes through here: in one transaction, which is done again when the map had to grow for it.
 * `committed` (may be NULL) is told while nobody else reads or writes. */
enum verdict disk_change(struct disk *disk, disk_change_fn *change,
                         void (*committed)(struct disk *disk, void *context), void *context,
                         const char *what, struct why *why);
int disk_put_offsets(struct disk *disk, MDB_txn *txn, const int64_t *next);
int disk_read_offsets(struct disk *disk, MDB_txn *txn, int64_t *ret_next);

/* --- buckets --- */
size_t disk_copy_buckets(struct disk *disk, struct disk_bucket ret_buckets[BUCKETS_MAX]);
bool disk_find_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi);
/* In a transaction of its own, committed before anything is written into it or read from it: a handle made in a
 * transaction that is aborted later would be gone for everyone. */
enum verdict disk_need_bucket(struct disk *disk, int32_t number, MDB_dbi *ret_dbi, struct why *why);
int disk_open_buckets(struct disk *disk, MDB_txn *txn);
