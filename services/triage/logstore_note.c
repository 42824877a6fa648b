/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of an upload beside its lines: a note that says that all of them are there. Its key: 0x01, owner. */
#include "services/triage/logstore_disk.h"

#include <stdio.h>
#include <string.h>

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
    size_t count = disk_copy_buckets(disk, buckets);
    int error = mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &txn);
    if (!error) {
        for (size_t i = 0; i < count && !*ret_note; i++)
            if (mdb_get(txn, buckets[i].dbi, &key, &value) == 0)
                *ret_note = mem_dup(value.mv_data, value.mv_size);
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&disk->use);
    return error ? disk_failed(why, "read", error) : VERDICT_OK;
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
    if (disk_need_bucket(disk, bucket, &note.dbi, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return disk_change(disk, put_note, NULL, &note, "write a note", why);
}

static int forget_in(MDB_txn *txn, MDB_dbi dbi, const char *owner)
{
    MDB_cursor *cursor;
    uint8_t first[KEY_MAX];
    struct block_span span = {0};
    MDB_val key = {.mv_size = key_make(first, owner, &span), .mv_data = first}, value;
    int error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && key_read(&key, owner, &span)) {
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
    forgetting->count = disk_copy_buckets(disk, forgetting->buckets);
    for (size_t i = 0; i < forgetting->count && !error; i++)
        error = forget_in(txn, forgetting->buckets[i].dbi, forgetting->owner);
    return error;
}

enum verdict disk_forget_owner(struct disk *disk, const char *owner, struct why *why)
{
    struct forgetting forgetting = {.owner = owner};
    return disk_change(disk, forget_everywhere, NULL, &forgetting, "forget", why);
}
