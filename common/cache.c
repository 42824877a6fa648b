/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cache.h"

#include "common/folder_lock.h"
#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES_MAX 8
#define MAP_BYTES_FIRST (256UL * 1024 * 1024)

struct cache {
    MDB_env *env;
    MDB_dbi tables[TABLES_MAX];
    size_t map_bytes;
    pthread_rwlock_t growing; /* LMDB's map may only be resized while nobody reads */
    char *identity;
    char *identity_path;
    int lock; /* held as long as the cache is open: one process at a time */
};

/* What a transaction was asked to do is kept, so that a full map can be grown and everything said again. */
struct change {
    unsigned table;
    char *key, *value; /* value NULL: delete */
    size_t key_length, value_length;
};

struct cache_transaction {
    struct cache *cache;
    struct change *changes;
    size_t count, capacity;
};

static enum verdict failed(struct why *why, const char *what, int error)
{
    return fatal(why, "cache: %s: %s", what, mdb_strerror(error));
}

/* --- opening ------------------------------------------------------------------------------------------------------------ */

static int open_tables(struct cache *cache)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(cache->env, NULL, 0, &txn);
    for (unsigned table = 0; !error && table < TABLES_MAX; table++) {
        char name[16];
        snprintf(name, sizeof name, "t%u", table);
        error = mdb_dbi_open(txn, name, MDB_CREATE, &cache->tables[table]);
    }
    if (error) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

static int open_env(struct cache *cache, const char *path)
{
    int error = mdb_env_create(&cache->env);
    if (!error)
        error = mdb_env_set_maxdbs(cache->env, TABLES_MAX);
    if (!error)
        error = mdb_env_set_mapsize(cache->env, cache->map_bytes);
    /* NOSYNC survives a crash of the process, not one of the machine: that is what the identity file is asked about.
     * With syncs every transaction of the processor would wait for the disk. */
    if (!error)
        error = mdb_env_open(cache->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC, 0600);
    if (!error)
        error = open_tables(cache);
    if (error && cache->env) {
        mdb_env_close(cache->env);
        cache->env = NULL;
    }
    return error;
}

static size_t size_on_disk(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 ? (size_t)file.st_size : 0;
}

static void remove_files(const char *path)
{
    CLEANUP(mem_free) char *lock = mem_printf("%s-lock", path);
    unlink(path);
    unlink(lock);
}

/* The identity stands in a small file beside the data, with the boot during which the data was written, or "closed" once
 * it was synced and closed. Data of another boot that was not closed may be torn: it is thrown away. */
static char *boot_id(void)
{
    char *text = NULL;
    size_t length;
    if (!file_read("/proc/sys/kernel/random/boot_id", 100, &text, &length))
        return mem_strdup("unknown");
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool identity_is(const char *path, const char *identity)
{
    CLEANUP(mem_free) char *text = NULL;
    CLEANUP(mem_free) char *boot = boot_id();
    CLEANUP(mem_free) char *this_boot = mem_printf("%s\n%s\n", identity, boot);
    CLEANUP(mem_free) char *closed = mem_printf("%s\nclosed\n", identity);
    size_t length;
    return file_read(path, 4096, &text, &length) &&
           (strcmp(text, this_boot) == 0 || strcmp(text, closed) == 0);
}

static bool identity_write(const char *path, const char *identity, const char *state)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    bool written = fprintf(file, "%s\n%s\n", identity, state) >= 0 && fflush(file) == 0 &&
                   fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written;
}

/* Opens the file, or a new one in its place where it is damaged. */
static int open_or_replace(struct cache *cache, const char *path, bool *emptied)
{
    cache->map_bytes = MAP_BYTES_FIRST;
    while (cache->map_bytes < 2 * size_on_disk(path))
        cache->map_bytes *= 2;
    int error = open_env(cache, path);
    if (error != MDB_CORRUPTED && error != MDB_INVALID && error != MDB_VERSION_MISMATCH &&
        error != MDB_PANIC)
        return error;
    log_event(LOG_WARNING, "cache.thrown_away", "path=%s why=%s", path, mdb_strerror(error));
    remove_files(path);
    *emptied = true;
    return open_env(cache, path);
}

static enum verdict open_locked(struct cache *cache, const char *path, const char *identity,
                                bool *ret_emptied, struct why *why)
{
    CLEANUP(mem_free) char *boot = boot_id();
    *ret_emptied = !identity_is(cache->identity_path, identity) || size_on_disk(path) == 0;
    if (*ret_emptied)
        remove_files(path);
    int error = open_or_replace(cache, path, ret_emptied);
    if (error)
        return failed(why, "cannot open", error);
    if (identity_write(cache->identity_path, identity, boot))
        return VERDICT_OK;
    mdb_env_close(cache->env);
    return fatal(why, "cache: cannot write %s: %s", cache->identity_path, strerror(errno));
}

static void cache_free(struct cache *cache)
{
    close(cache->lock);
    pthread_rwlock_destroy(&cache->growing);
    free(cache->identity);
    free(cache->identity_path);
    free(cache);
}

enum verdict cache_open(const char *folder, const char *name, const char *identity,
                        bool *ret_emptied, struct cache **ret_cache, struct why *why)
{
    CLEANUP(mem_free) char *path = mem_printf("%s/%s.lmdb", folder, name);
    int lock = -1;
    if (folder_lock(folder, name, &lock, why) != VERDICT_OK)
        return VERDICT_FATAL;
    struct cache *cache = mem_alloc(sizeof *cache);
    cache->lock = lock;
    cache->identity = mem_strdup(identity);
    cache->identity_path = mem_printf("%s/%s.identity", folder, name);
    pthread_rwlock_init(&cache->growing, NULL);
    if (open_locked(cache, path, identity, ret_emptied, why) != VERDICT_OK) {
        cache_free(cache);
        return VERDICT_FATAL;
    }
    *ret_cache = cache;
    return VERDICT_OK;
}

void cache_close(struct cache *cache)
{
    if (!cache)
        return;
    if (mdb_env_sync(cache->env, 1) == 0)
        (void)identity_write(cache->identity_path, cache->identity, "closed");
    mdb_env_close(cache->env);
    cache_free(cache);
}

/* --- reading ------------------------------------------------------------------------------------------------------------ */

static MDB_val value_of(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.length, .mv_data = (void *)(uintptr_t)bytes.data};
}

static void end_reading(MDB_txn **txn)
{
    if (*txn)
        mdb_txn_abort(*txn);
}

static struct cache *lock_reading(struct cache *cache)
{
    pthread_rwlock_rdlock(&cache->growing);
    return cache;
}

static void unlock_reading(struct cache **cache)
{
    pthread_rwlock_unlock(&(*cache)->growing);
}

enum verdict cache_get(struct cache *cache, unsigned table, struct bytes key, struct buf *ret_value,
                       bool *ret_found, struct why *why)
{
    CLEANUP(unlock_reading) struct cache *locked = lock_reading(cache);
    CLEANUP(end_reading) MDB_txn *txn = NULL;
    MDB_val wanted = value_of(key), found;
    int error = mdb_txn_begin(locked->env, NULL, MDB_RDONLY, &txn);
    if (!error)
        error = mdb_get(txn, cache->tables[table], &wanted, &found);
    if (error && error != MDB_NOTFOUND)
        return failed(why, "cannot read", error);
    *ret_found = !error;
    if (!error)
        buf_add(ret_value, found.mv_data, found.mv_size);
    return VERDICT_OK;
}

static void end_cursor(MDB_cursor **cursor)
{
    if (*cursor)
        mdb_cursor_close(*cursor);
}

enum verdict cache_scan(struct cache *cache, unsigned table, struct bytes first,
                        bool (*each)(void *context, struct bytes key, struct bytes value),
                        void *context, struct why *why)
{
    CLEANUP(unlock_reading) struct cache *locked = lock_reading(cache);
    CLEANUP(end_reading) MDB_txn *txn = NULL;
    CLEANUP(end_cursor) MDB_cursor *cursor = NULL;
    MDB_val key = value_of(first), value;
    int error = mdb_txn_begin(locked->env, NULL, MDB_RDONLY, &txn);
    if (!error)
        error = mdb_cursor_open(txn, cache->tables[table], &cursor);
    if (!error)
        error = mdb_cursor_get(cursor, &key, &value, first.length ? MDB_SET_RANGE : MDB_FIRST);
    while (!error && each(context, (struct bytes){.data = key.mv_data, .length = key.mv_size},
                          (struct bytes){.data = value.mv_data, .length = value.mv_size}))
        error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    if (error && error != MDB_NOTFOUND)
        return failed(why, "cannot scan", error);
    return VERDICT_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */

enum verdict cache_begin(struct cache *cache, struct cache_transaction **ret_transaction,
                         struct why *why)
{
    (void)why;
    struct cache_transaction *transaction = mem_alloc(sizeof *transaction);
    transaction->cache = cache;
    *ret_transaction = transaction;
    return VERDICT_OK;
}

static void remember(struct cache_transaction *transaction, unsigned table, struct bytes key,
                     struct bytes value)
{
    assert(table < TABLES_MAX && key.length > 0 && key.length <= 500);
    if (transaction->count == transaction->capacity) {
        transaction->capacity = transaction->capacity ? transaction->capacity * 2 : 64;
        transaction->changes =
            mem_resize(transaction->changes, transaction->capacity, sizeof transaction->changes[0]);
    }
    transaction->changes[transaction->count++] =
        (struct change){.table = table,
                        .key = mem_dup(key.data, key.length),
                        .key_length = key.length,
                        .value = value.data ? mem_dup(value.data, value.length) : NULL,
                        .value_length = value.length};
}

enum verdict cache_put(struct cache_transaction *transaction, unsigned table, struct bytes key,
                       struct bytes value, struct why *why)
{
    (void)why;
    assert(value.data);
    remember(transaction, table, key, value);
    return VERDICT_OK;
}

enum verdict cache_delete(struct cache_transaction *transaction, unsigned table, struct bytes key,
                          struct why *why)
{
    (void)why;
    remember(transaction, table, key, (struct bytes){0});
    return VERDICT_OK;
}

static int write_change(struct cache *cache, MDB_txn *txn, const struct change *change)
{
    MDB_val key = {.mv_size = change->key_length, .mv_data = change->key};
    MDB_val value = {.mv_size = change->value_length, .mv_data = change->value};
    if (change->value)
        return mdb_put(txn, cache->tables[change->table], &key, &value, 0);
    int error = mdb_del(txn, cache->tables[change->table], &key, NULL);
    return error == MDB_NOTFOUND ? 0 : error;
}

static int write_all(struct cache_transaction *transaction)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(transaction->cache->env, NULL, 0, &txn);
    if (error)
        return error;
    for (size_t i = 0; i < transaction->count && !error; i++)
        error = write_change(transaction->cache, txn, &transaction->changes[i]);
    if (error) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

static void forget(struct cache_transaction *transaction)
{
    for (size_t i = 0; i < transaction->count; i++) {
        free(transaction->changes[i].key);
        free(transaction->changes[i].value);
    }
    free(transaction->changes);
    free(transaction);
}

enum verdict cache_commit(struct cache_transaction *transaction, struct why *why)
{
    struct cache *cache = transaction->cache;
    int error = write_all(transaction);
    while (error == MDB_MAP_FULL) {
        cache->map_bytes *= 2;
        pthread_rwlock_wrlock(&cache->growing);
        error = mdb_env_set_mapsize(cache->env, cache->map_bytes);
        pthread_rwlock_unlock(&cache->growing);
        if (!error)
            error = write_all(transaction);
    }
    forget(transaction);
    return error ? failed(why, "cannot write", error) : VERDICT_OK;
}
