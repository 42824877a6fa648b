/* SPDX-License-Identifier: Apache-2.0 */
/* One table, kept in the order of owner and time (WITHOUT ROWID); WAL. */
#include "tests/bench/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

struct sqlite {
    sqlite3 *db;
    sqlite3_stmt *insert, *select;
    size_t waiting;
};

static void must(struct sqlite *sqlite, int answer)
{
    if (answer != SQLITE_OK && answer != SQLITE_DONE && answer != SQLITE_ROW)
        bench_give_up(sqlite3_errmsg(sqlite->db));
}

static void run(struct sqlite *sqlite, const char *statement)
{
    must(sqlite, sqlite3_exec(sqlite->db, statement, NULL, NULL, NULL));
}

static void *open_sqlite(const char *folder)
{
    struct sqlite *sqlite = mem_alloc(sizeof *sqlite);
    CLEANUP(mem_free) char *path = mem_printf("%s/logs.sqlite", folder);
    (void)mkdir(folder, 0700);
    must(sqlite, sqlite3_open(path, &sqlite->db));
    run(sqlite,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
        "PRAGMA mmap_size = 274877906944");
    run(sqlite,
        "CREATE TABLE IF NOT EXISTS logs(owner TEXT, time INTEGER, place INTEGER, line BLOB,"
        " PRIMARY KEY(owner, time, place)) WITHOUT ROWID");
    must(sqlite, sqlite3_prepare_v2(sqlite->db, "INSERT INTO logs VALUES(?, ?, ?, ?)", -1,
                                    &sqlite->insert, NULL));
    must(sqlite, sqlite3_prepare_v2(
                     sqlite->db, "SELECT line FROM logs WHERE owner = ? AND time BETWEEN ? AND ?",
                     -1, &sqlite->select, NULL));
    return sqlite;
}

static void commit(struct sqlite *sqlite)
{
    if (sqlite->waiting)
        run(sqlite, "COMMIT");
    sqlite->waiting = 0;
}

static void put(void *handle, const char *owner, const struct logstore_record *record)
{
    struct sqlite *sqlite = handle;
    if (!sqlite->waiting)
        run(sqlite, "BEGIN");
    sqlite3_bind_text(sqlite->insert, 1, owner, -1, SQLITE_STATIC);
    sqlite3_bind_int64(sqlite->insert, 2, record->time_us);
    sqlite3_bind_int64(sqlite->insert, 3, record->offset * BENCH_PARTITIONS + record->partition);
    sqlite3_bind_blob(sqlite->insert, 4, record->line.data, (int)record->line.length,
                      SQLITE_STATIC);
    must(sqlite, sqlite3_step(sqlite->insert));
    sqlite3_reset(sqlite->insert);
    sqlite->waiting += record->line.length;
    if (sqlite->waiting >= BENCH_COMMIT_BYTES)
        commit(sqlite);
}

static void finish(void *handle)
{
    commit(handle);
    run(handle, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void read_sqlite(void *handle, const char *owner, int64_t from_us, int64_t to_us,
                        struct bench_found *found)
{
    struct sqlite *sqlite = handle;
    sqlite3_bind_text(sqlite->select, 1, owner, -1, SQLITE_STATIC);
    sqlite3_bind_int64(sqlite->select, 2, from_us);
    sqlite3_bind_int64(sqlite->select, 3, to_us);
    while (sqlite3_step(sqlite->select) == SQLITE_ROW)
        bench_find(found, sqlite3_column_blob(sqlite->select, 0),
                   (size_t)sqlite3_column_bytes(sqlite->select, 0));
    sqlite3_reset(sqlite->select);
}

static void close_sqlite(void *handle)
{
    struct sqlite *sqlite = handle;
    sqlite3_finalize(sqlite->insert);
    sqlite3_finalize(sqlite->select);
    sqlite3_close(sqlite->db);
    free(sqlite);
}

const struct bench_store bench_sqlite = {"sqlite", open_sqlite, put,
                                         finish,   read_sqlite, close_sqlite};
