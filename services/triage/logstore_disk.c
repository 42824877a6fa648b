/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP_BYTES_FIRST (UINT64_C(16) << 30)

enum verdict disk_failed(struct why *why, const char *what, int error)
{
    return fatal(why, "log store: %s: %s", what, mdb_strerror(error));
}

/* --- transactions ---------------------------------------------------------------------------------------------------- */

static int change_once(struct disk *disk, disk_change_fn *change, void *context)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(disk->env, NULL, 0, &txn);
    if (error)
        return error;
    error = change(disk, txn, context);
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
    return error ? disk_failed(why, "grow the map", error) : VERDICT_OK;
}

enum verdict disk_change(struct disk *disk, disk_change_fn *change,
                         void (*committed)(struct disk *disk, void *context), void *context,
                         const char *what, struct why *why)
{
    for (;;) {
        if (committed)
            pthread_rwlock_wrlock(&disk->use);
        else
            pthread_rwlock_rdlock(&disk->use);
        int error = change_once(disk, change, context);
        if (!error && committed)
            committed(disk, context);
        pthread_rwlock_unlock(&disk->use);
        if (error != MDB_MAP_FULL)
            return error ? disk_failed(why, what, error) : VERDICT_OK;
        if (grow(disk, why) != VERDICT_OK)
            return VERDICT_FATAL;
    }
}

/* --- offsets --------------------------------------------------------------------------------------------------------- */

int disk_put_offsets(struct disk *disk, MDB_txn *txn, const int64_t *next)
{
    static char name[] = "next";
    MDB_val key = {.mv_size = sizeof name, .mv_data = name};
    MDB_val value = {.mv_size = (size_t)disk->partition_count * sizeof *next};
    int error = mdb_put(txn, disk->meta, &key, &value, MDB_RESERVE);
    if (!error)
        memcpy(value.mv_data, next, value.mv_size);
    return error;
}

int disk_read_offsets(struct disk *disk, MDB_txn *txn, int64_t *ret_next)
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

/* --- opening and closing --------------------------------------------------------------------------------------------- */

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
        error = disk_open_buckets(disk, txn);
    if (!error && !*ret_foreign)
        error = disk_read_offsets(disk, txn, ret_next);
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
        return disk_failed(why, "open", error);
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
