/* SPDX-License-Identifier: Apache-2.0 */
/* Key: owner, NUL, time, partition and offset, big-endian. Value: the line. Opened as ours is. */
#include "tests/bench/store.h"

#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_BYTES (UINT64_C(256) << 30)
#define KEY_BYTES 64

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *txn; /* being written */
    size_t waiting;
};

static void must(int error)
{
    if (error)
        bench_give_up(mdb_strerror(error));
}

static void *open_lmdb(const char *folder)
{
    struct lmdb *lmdb = mem_alloc(sizeof *lmdb);
    (void)mkdir(folder, 0700);
    must(mdb_env_create(&lmdb->env));
    must(mdb_env_set_mapsize(lmdb->env, MAP_BYTES));
    must(mdb_env_open(lmdb->env, folder, MDB_NOTLS | MDB_NORDAHEAD, 0600));
    MDB_txn *txn;
    must(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, NULL, 0, &lmdb->dbi));
    must(mdb_txn_commit(txn));
    return lmdb;
}

static void put_be64(unsigned char *to, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        to[i] = (unsigned char)number;
}

static MDB_val make_key(unsigned char key[KEY_BYTES], const char *owner, int64_t time_us,
                        int64_t place)
{
    size_t length = strlen(owner) + 1;
    memcpy(key, owner, length);
    put_be64(key + length, (uint64_t)time_us);
    put_be64(key + length + 8, (uint64_t)place);
    return (MDB_val){.mv_size = length + 16, .mv_data = key};
}

static void finish(void *handle)
{
    struct lmdb *lmdb = handle;
    if (lmdb->txn)
        must(mdb_txn_commit(TAKE(lmdb->txn)));
    lmdb->waiting = 0;
}

static void put(void *handle, const char *owner, const struct logstore_record *record)
{
    struct lmdb *lmdb = handle;
    unsigned char name[KEY_BYTES];
    MDB_val key = make_key(name, owner, record->time_us,
                           record->offset * BENCH_PARTITIONS + record->partition);
    MDB_val value = {.mv_size = record->line.length};
    if (!lmdb->txn)
        must(mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->txn));
    must(mdb_put(lmdb->txn, lmdb->dbi, &key, &value, MDB_RESERVE));
    memcpy(value.mv_data, record->line.data, record->line.length);
    lmdb->waiting += record->line.length;
    if (lmdb->waiting >= BENCH_COMMIT_BYTES)
        finish(lmdb);
}

static void read_lmdb(void *handle, const char *owner, int64_t from_us, int64_t to_us,
                      struct bench_found *found)
{
    struct lmdb *lmdb = handle;
    unsigned char first[KEY_BYTES], last[KEY_BYTES];
    MDB_val key = make_key(first, owner, from_us, 0), value;
    MDB_val end = make_key(last, owner, to_us, INT64_MAX);
    MDB_txn *txn;
    MDB_cursor *cursor;
    must(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn));
    must(mdb_cursor_open(txn, lmdb->dbi, &cursor));
    int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && mdb_cmp(txn, lmdb->dbi, &key, &end) <= 0) {
        bench_find(found, value.mv_data, value.mv_size);
        error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
}

static void close_lmdb(void *handle)
{
    struct lmdb *lmdb = handle;
    mdb_env_close(lmdb->env);
    mem_free(&lmdb);
}

const struct bench_store bench_lmdb = {"lmdb", open_lmdb, put, finish, read_lmdb, close_lmdb};
