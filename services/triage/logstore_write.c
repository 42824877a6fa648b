/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_disk.h"

#include <stdlib.h>
#include <string.h>

static int put_packed(MDB_txn *txn, MDB_dbi dbi, const struct block *block)
{
    uint8_t key[KEY_MAX];
    struct value_head head = {block->span.count, block->raw_length, block->span.last_offset};
    MDB_val key_val = {.mv_size = key_make(key, block->owner, &block->span), .mv_data = key};
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
    *ret_key = (MDB_val){.mv_size = key_make(key, owner, &highest), .mv_data = key};
    int error = mdb_cursor_get(cursor, ret_key, ret_value, MDB_SET_RANGE);
    error = mdb_cursor_get(cursor, ret_key, ret_value, error ? MDB_LAST : MDB_PREV);
    return !error && key_read(ret_key, owner, ret_span);
}

static struct block *joined(const struct block *later, const struct block_span *old,
                            struct bytes old_raw)
{
    const struct block_span *new = &later->span;
    struct block *both = block_new(later->owner, new->partition, later->bucket);
    CLEANUP(mem_free) char *new_raw = mem_resize(NULL, later->raw.length, 1);
    pieces_copy(&later->raw, new_raw);
    pieces_add(&both->raw, old_raw.data, old_raw.length);
    pieces_add(&both->raw, new_raw, later->raw.length);
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
                span.partition == block->span.partition && value_read(&value, &head, &packed) &&
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
                     struct packer *packer)
{
    MDB_dbi dbi = 0;
    struct block *both = NULL;
    if (!disk_find_bucket(disk, block->bucket, &dbi))
        return MDB_BAD_DBI;
    int error = merge ? absorb_last(txn, dbi, block, &both) : 0;
    if (!error && both)
        block_pack(both, packer);
    if (!error)
        error = put_packed(txn, dbi, both ? both : block);
    block_free(both);
    return error;
}

static enum verdict need_buckets(struct disk *disk, struct block *const *blocks, size_t count,
                                 struct why *why)
{
    MDB_dbi dbi;
    for (size_t i = 0; i < count; i++)
        if (disk_need_bucket(disk, blocks[i]->bucket, &dbi, why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

struct writing {
    struct block *const *blocks;
    size_t count;
    const int64_t *next;
    bool merge;
    struct packer *packer;
};

static int put_all(struct disk *disk, MDB_txn *txn, void *context)
{
    const struct writing *writing = context;
    int error = 0;
    for (size_t i = 0; i < writing->count && !error; i++)
        error = put_block(disk, txn, writing->blocks[i], writing->merge, writing->packer);
    return !error && writing->next ? disk_put_offsets(disk, txn, writing->next) : error;
}

enum verdict disk_write(struct disk *disk, struct block *const *blocks, size_t count,
                        const int64_t *next, bool merge, struct why *why)
{
    if (need_buckets(disk, blocks, count, why) != VERDICT_OK)
        return VERDICT_FATAL;
    CLEANUP(packer_close) struct packer packer;
    packer_open(&packer);
    struct writing writing = {blocks, count, next, merge, &packer};
    return disk_change(disk, put_all, NULL, &writing, "write", why);
}
