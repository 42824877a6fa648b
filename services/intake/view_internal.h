/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what view.c (folding), view_store.c (tables, statements), view_index.c (what lists are made from), view_query.c and
 * view_find.c (reading) share.
 * Ownership, threads, errors, limits: as view.h.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include "common/event.h"
#include "common/kafka.h"
#include "services/intake/view.h"

#define VIEW_READERS 4
#define VIEW_STATEMENTS_MAX 60

struct view_waiter {
    struct view_waiter *next;
    struct kafka_position at;
    view_passed_fn *passed;
    void *context;
};

/* How many records came in the last half second, from which follows how the next are fetched. */
struct view_window {
    int64_t ends_ms;
    int records;
    bool collecting;
};
bool view_collects_next(const struct view_window *window, bool somebody_waited);
/* Whether the fold begins to stand back, or goes on with it: for so long at most after it was level. It is level where the last
 * record of each partition that was folded is no older than VIEW_LEVEL_MS_MAX, or the last there is. */
#define VIEW_LEVEL_MS_MAX 500
#define VIEW_STANDING_MS_MAX 3000
struct view_standing {
    bool others_first, somebody_waits;
    int64_t stood_ms; /* since it began, being level; 0 where it would begin now */
};
bool view_stands_back(const struct view_standing *now);

/* The folding thread's, prepared once: by the address of its text. */
struct view_statement {
    const char *sql;
    sqlite3_stmt *statement;
};

struct view {
    struct kafka_config kafka;
    view_bury_fn *bury;
    const struct view_follower *follower;
    bool begun_anew; /* the file was lost or foreign */
    struct kafka_reader *reader;
    int32_t partitions;
    char *path;
    int folder; /* held: one process at a time */
    sqlite3 *writer;
    struct view_statement statements[VIEW_STATEMENTS_MAX];
    sqlite3 *readers[VIEW_READERS];
    bool reader_busy[VIEW_READERS];
    int lasting; /* readers with those who read much: never all of them */
    pthread_mutex_t readers_lock;
    pthread_cond_t reader_free;
    pthread_t thread;
    pthread_mutex_t lock;         /* positions, waiters */
    pthread_cond_t moved, wanted; /* somebody waits for a record that was not folded yet */
    int64_t *next[VIEW_TOPICS];   /* committed to the file */
    int64_t *goal[VIEW_TOPICS];   /* ends as they stood at the start */
    struct view_waiter *waiters;
    bool ended;                /* lock; nothing is folded any more */
    _Atomic int waiting;       /* so many do at this moment for a record that was not folded yet */
    _Atomic int64_t waited_ms; /* when the last one began or ended to */
    bool *level[VIEW_TOPICS]; /* the folding thread's: partitions of which it stands near the end */
    int64_t stands_since_ms;  /* the same: when it began to stand back, being level */
    _Atomic bool ready, stopping;
};
extern const char *const view_topics[VIEW_TOPICS]; /* without prefix; cases is the first */

bool view_sql(sqlite3 *db, const char *sql, struct why *why);
/* NULL where the file cannot be read; view_step says so then. */
sqlite3_stmt *view_prepare(sqlite3 *db, const char *sql);
/* The same for the folding thread; it is kept. `sql` is a literal. Given back by view_done. */
sqlite3_stmt *view_write(struct view *view, const char *sql);
void view_done(sqlite3_stmt **statement); /* for CLEANUP */
bool view_run(sqlite3_stmt *statement);   /* one that has no rows */
void view_bind_text(sqlite3_stmt *statement, int place, const char *text);
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
/* --- view_index.c: what lists and questions are answered from ------------------------------------------------------ */
#define VIEW_DAY_US 86400000000            /* of UTC; the schema counts in it too */
#define VIEW_SLOTS 8                       /* cases opened in the same microsecond */
#define VIEW_BEGINNING_US 1577836800000000 /* 2020: keeps the numbers short */
/* The first line of what was opened from this moment on. */
static inline int64_t view_seq_at(int64_t at_us)
{
    return (at_us - VIEW_BEGINNING_US) * VIEW_SLOTS;
}
extern const char view_index_schema[];
struct stored_case {
    const char *id;
    json_t *state, *extraction, *escalation;
    int64_t seq;    /* where it stands among all, by the time of its opening; 0: nowhere yet */
    bool steps;     /* notify left the operator something to do */
    bool untouched; /* view_is_untouched */
};
bool view_index_case(struct view *view, struct stored_case *stored); /* sets seq */
bool view_index_contract(struct view *view, const struct event *event);
bool view_forget_contract(struct view *view, const char *customer_id);

/* --- view_line.c: a case in the list ------------------------------------------------------------------------------- */
json_t *view_render_row(const struct view_case *row, bool untouched);
/* Whether it was opened out of hours or by a program and no person has recorded anything since: `before` this event, after it. */
bool view_is_untouched(bool before, const struct event *event);
/* Why somebody must look at an open case: of overdue, held, next_steps, untouched. */
json_t *view_attention(const json_t *state, const json_t *escalation, bool steps, bool untouched);
/* What of notify's next steps is not done yet. */
json_t *view_open_steps(const json_t *notifications);

/* --- view_day.c: the numbers of a day --------------------------------------------------------------------------------- */
extern const char view_day_schema[];
/* What the last record of a case, of escalation-status or of notifications, puts in place of the one before. */
bool view_day_handovers(struct view *view, const char *case_id, const json_t *before,
                        const json_t *after);
bool view_day_notices(struct view *view, const char *case_id, const json_t *before,
                      const json_t *after);
/* --- view_left.c: a line of what left on a day --- */
struct view_left {
    const char *handover;
    int64_t released_us, items, bytes;
    int64_t passed_revision; /* of the chain, as the gate saw it */
};
json_t *view_left_row(const struct view_left *left, const json_t *state);
/* How each number is asked of SQLite, and under which member it stands; NULL: among the others. */
struct view_number {
    const char *sql, *name;
    bool (*take)(sqlite3_stmt *statement, void *target);
};
extern const struct view_number view_numbers[];
extern const size_t view_number_count;

/* --- view_letters.c ----------------------------------------------------------------------------------------------------- */
#define VIEW_LETTERS_KEPT_US (90LL * 24 * 3600 * 1000000) /* as the topic keeps them */
extern const char view_letters_schema[];
/* REJECT: it is none, and nothing is done about it: a letter about a letter would be one without end. */
enum verdict view_store_letter(struct view *view, const struct kafka_record *record,
                               struct why *why);
/* What the audit says was done to a letter: dismissed, redriven; any other event is none of its business. */
bool view_close_letter(struct view *view, const struct event *event);
void view_letters_sql(const struct view_letter_query *query, struct buf *sql);

json_t *view_column_json(sqlite3_stmt *statement, int column); /* NULL for SQL NULL */

/* Reading, in a pool of connections. */
struct borrowed {
    struct view *view;
    bool lasting;
    sqlite3 *db;
};
/* `lasting`: all that a case was ever told. That is read on threads of its own (intake_run_slow), and leaves one reader to everybody
 * else: acknowledgements wait for what is looked up by its key. */
struct borrowed view_borrow(struct view *view, bool lasting);
void view_give_back(struct borrowed *borrowed);
#define BORROW(name, view_) CLEANUP(view_give_back) struct borrowed name = view_borrow(view_, false)
#define BORROW_FOR_LONG(name, view_)                                                               \
    CLEANUP(view_give_back) struct borrowed name = view_borrow(view_, true)
enum verdict view_not_ready(struct view *view, struct why *why);
/* Every row through `take`, which answers false to stop; the list is whole or there is none. */
enum verdict view_list_rows(const struct borrowed *reader, sqlite3_stmt *statement,
                            bool (*take)(sqlite3_stmt *statement, void *context), void *context,
                            struct why *why);
enum verdict view_list_or_none(enum verdict verdict, json_t **list);
/* view_find.c: what is asked of SQLite; by the index of the filters or by the grams. */
void view_find_sql(const struct view_query *query, bool by_grams, struct buf *sql);
/* view_links.c: NULL, or {"duplicate_of"?, "original"?, "duplicates"?}. */
enum verdict view_links(const struct borrowed *reader, const char *case_id, const json_t *state,
                        json_t **ret_links, struct why *why);
