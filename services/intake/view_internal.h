/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what view.c (folding), view_store.c (tables, statements) and view_query.c (reading) share.
 * Ownership, threads, errors, limits: as view.h.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include "common/kafka.h"
#include "services/intake/view.h"

#define VIEW_READERS 4

struct view_waiter {
    struct view_waiter *next;
    struct kafka_position at;
    view_passed_fn *passed;
    void *context;
};

struct view {
    struct kafka_config kafka;
    view_bury_fn *bury;
    const struct view_follower *follower;
    bool begun_anew; /* the file was lost or foreign */
    struct kafka_reader *reader;
    int32_t partitions;
    char *path;
    sqlite3 *writer;
    sqlite3 *readers[VIEW_READERS];
    bool reader_busy[VIEW_READERS];
    pthread_mutex_t readers_lock;
    pthread_cond_t reader_free;
    pthread_t thread;
    pthread_mutex_t lock; /* positions, waiters */
    pthread_cond_t moved;
    int64_t *next[VIEW_TOPICS]; /* committed to the file */
    int64_t *goal[VIEW_TOPICS]; /* ends as they stood at the start */
    struct view_waiter *waiters;
    bool ended; /* lock; nothing is folded any more */
    _Atomic bool ready, stopping;
};
extern const char *const view_topics[VIEW_TOPICS]; /* without prefix; cases is the first */

bool view_sql(sqlite3 *db, const char *sql, struct why *why);
/* NULL where the file cannot be read; view_step says so then. */
sqlite3_stmt *view_prepare(sqlite3 *db, const char *sql);
/* *ret_row: there is a row; else the end. RETRY: neither, the file could not be asked. A damaged file is forgotten, and the
 * process ends, so that the next one builds it anew. */
enum verdict view_step(struct view *view, sqlite3 *db, sqlite3_stmt *statement, bool *ret_row,
                       struct why *why);
void view_finalize(sqlite3_stmt **statement); /* for CLEANUP */
enum verdict view_store_open(struct view *view, const char *state_dir, const char *cluster_id,
                             struct why *why);
void view_store_forget(struct view *view);
enum verdict view_store_record(struct view *view, int topic, const struct kafka_record *record,
                               struct why *why);
sqlite3 *view_reader_take(struct view *view);
void view_reader_give(struct view *view, sqlite3 *db);
json_t *view_render_row(const struct view_case *row);          /* a line of the list */
json_t *view_column_json(sqlite3_stmt *statement, int column); /* NULL for SQL NULL */
