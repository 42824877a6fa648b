/* SPDX-License-Identifier: Apache-2.0 */
/* The view's tables and how one record goes into them. Rows and offsets are written in one SQLite transaction. */
#include "services/intake/contract.h"
#include "services/intake/view_internal.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/folder_lock.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/service.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 15 /* also another one when words or grams are made in another way */

const char *const view_topics[VIEW_TOPICS] = {
    "cases",         "contracts", "extractions", "escalation-status",
    "notifications", "audit",     "dead-letters"};

static const char schema[] = "CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, state TEXT, "
                             "extraction TEXT, "
                             "escalation TEXT, notifications TEXT, seq INTEGER, steps INTEGER, "
                             "untouched INTEGER);" /* with rowid: wide rows stay in one page */
                             "CREATE TABLE IF NOT EXISTS events (part INTEGER, off INTEGER, "
                             "case_id TEXT, id TEXT, type "
                             "TEXT, time TEXT,"
                             " value BLOB, extends TEXT, head TEXT, revision INTEGER, refusal "
                             "INTEGER, pointer TEXT, why "
                             "TEXT,"
                             " PRIMARY KEY (part, off)) WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS events_of_case ON events (case_id, off);"
                             "CREATE TABLE IF NOT EXISTS audit (part INTEGER, off INTEGER, case_id "
                             "TEXT, value TEXT, "
                             "PRIMARY KEY (part, off))"
                             " WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS audit_of_case ON audit (case_id, off);"
                             "CREATE TABLE IF NOT EXISTS offsets (topic TEXT, part INTEGER, next "
                             "INTEGER, PRIMARY KEY "
                             "(topic, part)) WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS identity (text TEXT);";

bool view_sql(sqlite3 *db, const char *sql, struct why *why)
{
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) == SQLITE_OK)
        return true;
    (void)fatal(why, "view: %s", text ? text : sqlite3_errmsg(db));
    sqlite3_free(text);
    return false;
}

sqlite3_stmt *view_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int error = sqlite3_prepare_v3(db, sql, -1, 0, &statement, NULL);
    assert(error != SQLITE_ERROR && "a statement of ours"); /* the schema is ours, so is the text */
    return statement;
}

sqlite3_stmt *view_write(struct view *view, const char *sql)
{
    struct view_statement *at = view->statements;
    while (at->sql && at->sql != sql)
        at++;
    assert(at < view->statements + VIEW_STATEMENTS_MAX);
    if (!at->sql)
        *at = (struct view_statement){.sql = sql, .statement = view_prepare(view->writer, sql)};
    return at->statement;
}

void view_done(sqlite3_stmt **statement)
{
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
}

/* What a failed call means for the file. */
static void forget_if_damaged(struct view *view, sqlite3 *db)
{
    int code = sqlite3_errcode(db) & 0xff;
    if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)
        return;
    view_store_forget(view);
    service_fail("view.damaged", sqlite3_errmsg(db));
}

enum verdict view_step(struct view *view, sqlite3 *db, sqlite3_stmt *statement, bool *ret_row,
                       struct why *why)
{
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    *ret_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return VERDICT_OK;
    forget_if_damaged(view, db);
    return retry(why, "view: %s", sqlite3_errmsg(db));
}

void view_finalize(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

/* --- opening ------------------------------------------------------------------------------------------------------------ */

static bool open_file(const char *path, bool writes, sqlite3 **ret_db, struct why *why)
{
    int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, ret_db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        (void)fatal(why, "view: %s", sqlite3_errmsg(*ret_db));
        sqlite3_close(*ret_db);
        *ret_db = NULL;
        return false;
    }
    sqlite3_busy_timeout(*ret_db, 5000);
    return true;
}

static bool identity_is(sqlite3 *db, const char *identity)
{
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(db, "SELECT text FROM identity");
    return sqlite3_step(statement) == SQLITE_ROW &&
           strcmp((const char *)sqlite3_column_text(statement, 0), identity) == 0;
}

static bool write_identity(sqlite3 *db, const char *identity)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(db, "INSERT INTO identity VALUES (?1)");
    sqlite3_bind_text(statement, 1, identity, -1, SQLITE_STATIC);
    return sqlite3_step(statement) == SQLITE_DONE;
}

static void remove_file(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        CLEANUP(mem_free) char *name = mem_printf("%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static bool prepare_file(sqlite3 *db, struct why *why)
{
    /* Kafka is the truth: a lost tail is folded again, so no commit has to wait for the disk. */
    return view_sql(db,
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;",
                    why) &&
           view_sql(db, schema, why) && view_sql(db, view_index_schema, why) &&
           view_sql(db, view_day_schema, why) && view_sql(db, view_letters_schema, why);
}

void view_store_forget(struct view *view)
{
    remove_file(view->path);
}

enum verdict view_store_open(struct view *view, const char *state_dir, const char *cluster_id,
                             struct why *why)
{
    char *path = view->path = mem_printf("%s/view.sqlite", state_dir);
    if (folder_lock(state_dir, "view", &view->folder, why) != VERDICT_OK)
        return VERDICT_FATAL;
    CLEANUP(mem_free) char *identity = mem_printf("%s %d %d", cluster_id, view->partitions, FORMAT);
    for (int attempt = 0; attempt < 2; attempt++) {
        bool usable = open_file(path, true, &view->writer, why) && prepare_file(view->writer, why);
        if (usable && (identity_is(view->writer, identity) ||
                       (attempt && write_identity(view->writer, identity))))
            break;
        /* lost, foreign, damaged or new: from zero */
        if (attempt)
            return VERDICT_FATAL;
        sqlite3_close(view->writer);
        remove_file(path);
        view->begun_anew = true;
        log_event(LOG_INFO, "view.begun_anew", "identity=%s", identity);
    }
    for (int i = 0; i < VIEW_READERS; i++)
        if (!open_file(path, false, &view->readers[i], why))
            return VERDICT_FATAL;
    return VERDICT_OK;
}

/* --- small columns ------------------------------------------------------------------------------------------------------- */

json_t *view_column_json(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? json_loads(text, 0, NULL) : NULL;
}

void view_bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

static void bind_json(sqlite3_stmt *statement, int place, const json_t *value)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, LIMIT_CASE_STATE_BYTES);
    event_dump_json(value, &text);
    assert(!text.overflowed);
    sqlite3_bind_text(statement, place, text.data, (int)text.length, SQLITE_TRANSIENT);
}

bool view_run(sqlite3_stmt *statement)
{
    return sqlite3_step(statement) == SQLITE_DONE;
}

static enum verdict write_failed(struct view *view, struct why *why)
{
    forget_if_damaged(view, view->writer);
    return fatal(why, "view: %s", sqlite3_errmsg(view->writer));
}

/* --- cases ---------------------------------------------------------------------------------------------------------------- */

/* An empty state for a case not yet seen. */
static enum verdict load_case(struct view *view, const char *case_id, struct stored_case *ret_case,
                              struct why *why)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement =
        view_write(view, "SELECT state, extraction, escalation, seq, steps, untouched FROM cases"
                         " WHERE id = ?1");
    bool row;
    *ret_case = (struct stored_case){.id = case_id};
    view_bind_text(statement, 1, case_id);
    enum verdict verdict = view_step(view, view->writer, statement, &row, why);
    if (row) {
        ret_case->state = view_column_json(statement, 0);
        ret_case->extraction = view_column_json(statement, 1);
        ret_case->escalation = view_column_json(statement, 2);
        ret_case->seq = sqlite3_column_int64(statement, 3);
        ret_case->steps = sqlite3_column_int(statement, 4);
        ret_case->untouched = sqlite3_column_int(statement, 5);
    }
    if (!ret_case->state)
        ret_case->state = json_object();
    return verdict;
}

static void clear_case(struct stored_case *stored)
{
    json_decref(stored->state);
    json_decref(stored->extraction);
    json_decref(stored->escalation);
}

static bool store_state(struct view *view, const struct stored_case *stored)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement =
        view_write(view, "INSERT INTO cases (id, state, seq, untouched) VALUES (?1,?2,?3,?4)"
                         " ON CONFLICT (id) DO UPDATE SET state=?2, seq=?3, untouched=?4");
    view_bind_text(statement, 1, stored->id);
    bind_json(statement, 2, stored->state);
    sqlite3_bind_int64(statement, 3, stored->seq);
    sqlite3_bind_int(statement, 4, stored->untouched);
    return view_run(statement);
}

static bool store_event(struct view *view, const struct kafka_record *record,
                        const struct event *event, const json_t *state,
                        const struct case_verdict *verdict)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(
        view, "INSERT OR IGNORE INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
    bool accepted = verdict->refusal == CASE_ACCEPTED;
    sqlite3_bind_int(statement, 1, record->at.partition);
    sqlite3_bind_int64(statement, 2, record->at.offset);
    view_bind_text(statement, 3, event->key);
    view_bind_text(statement, 4, event->id);
    view_bind_text(statement, 5, event->type);
    view_bind_text(statement, 6, event->time);
    sqlite3_bind_blob(statement, 7, event->value, (int)event->value_length, SQLITE_TRANSIENT);
    view_bind_text(statement, 8, json_string_value(json_object_get(event->data, "extends")));
    view_bind_text(statement, 9,
                   accepted ? json_string_value(json_object_get(state, "head")) : NULL);
    sqlite3_bind_int64(statement, 10,
                       accepted ? json_integer_value(json_object_get(state, "revision")) : 0);
    sqlite3_bind_int(statement, 11, (int)verdict->refusal);
    view_bind_text(statement, 12, verdict->pointer);
    view_bind_text(statement, 13, verdict->why.text);
    return view_run(statement);
}

static void tell_follower(struct view *view, int topic, const struct event *event,
                          const json_t *before, const json_t *after)
{
    struct view_change change = {.topic = topic,
                                 .case_id = event->key,
                                 .what = event->type,
                                 .before = before,
                                 .after = after};
    if (!view->begun_anew || atomic_load(&view->ready))
        view->follower->changed(&change);
}

static enum verdict store_case_event(struct view *view, const struct kafka_record *record,
                                     const struct event *event, struct why *why)
{
    CLEANUP(clear_case) struct stored_case stored;
    if (load_case(view, event->key, &stored, why) != VERDICT_OK)
        return VERDICT_FATAL;
    struct case_verdict verdict = case_apply(stored.state, event);
    bool done = store_event(view, record, event, stored.state, &verdict);
    if (done && verdict.refusal == CASE_ACCEPTED) {
        stored.untouched = view_is_untouched(stored.untouched, event);
        done = view_index_case(view, &stored) && store_state(view, &stored);
    }
    if (done && verdict.refusal == CASE_ACCEPTED)
        tell_follower(view, VIEW_CASES, event, NULL, stored.state);
    return done ? VERDICT_OK : write_failed(view, why);
}

/* --- the other topics -------------------------------------------------------------------------------------------------------- */

static bool store_column(struct view *view, const char *sql, const struct event *event)
{
    CLEANUP(view_done) sqlite3_stmt *statement = view_write(view, sql);
    view_bind_text(statement, 1, event->key);
    bind_json(statement, 2, event->data);
    return view_run(statement);
}

/* What of a case is searched for stands in three topics. */
static bool index_again(struct view *view, const char *case_id, struct why *why)
{
    CLEANUP(clear_case) struct stored_case stored;
    return load_case(view, case_id, &stored, why) == VERDICT_OK &&
           (!stored.seq || view_index_case(view, &stored));
}

/* Of notices a line shows nothing but this: a record that changes something else costs nothing more. */
static bool note_steps(struct view *view, const char *case_id, const json_t *before,
                       const json_t *after)
{
    json_auto_t *were = view_open_steps(before), *are = view_open_steps(after);
    bool steps = json_array_size(are) > 0;
    struct why why = {0};
    if (steps == (json_array_size(were) > 0))
        return true;
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "UPDATE cases SET steps = ?2 WHERE id = ?1");
    view_bind_text(statement, 1, case_id);
    sqlite3_bind_int(statement, 2, steps);
    return view_run(statement) && index_again(view, case_id, &why);
}

static bool count_notices(struct view *view, const char *case_id, const json_t *before,
                          const json_t *after)
{
    return view_day_notices(view, case_id, before, after) &&
           note_steps(view, case_id, before, after);
}

/* Per topic: how the last record of a case is kept, where only the last one counts. */
#define LATEST(column)                                                                             \
    .store = "INSERT INTO cases (id, " column                                                      \
             ") VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET " column " = ?2",                   \
    .forget = "UPDATE cases SET " column " = NULL WHERE id = ?1"
#define LOAD(column) .load = "SELECT " column " FROM cases WHERE id = ?1"
static const struct latest {
    const char *store, *forget;
    const char *
        load; /* what was there before is told to the follower; NULL: it is large, and what is new stands at its end */
    bool is_indexed;
    bool (*count)(struct view *view, const char *case_id, const json_t *before,
                  const json_t *after); /* for what is kept beside it */
} latest_of[VIEW_TOPICS] = {
    [VIEW_EXTRACTIONS] = {LATEST("extraction"), .is_indexed = true},
    [VIEW_ESCALATION] = {LATEST("escalation"), LOAD("escalation"), .is_indexed = true,
                         .count = view_day_handovers},
    [VIEW_NOTICES] = {LATEST("notifications"), LOAD("notifications"), .count = count_notices},
};

/* What is kept of the topic so far; NULL where there is nothing. */
static enum verdict load_latest(struct view *view, const char *sql, const char *case_id,
                                json_t **ret_value, struct why *why)
{
    CLEANUP(view_done) sqlite3_stmt *statement = view_write(view, sql);
    bool row;
    view_bind_text(statement, 1, case_id);
    enum verdict verdict = view_step(view, view->writer, statement, &row, why);
    *ret_value = row ? view_column_json(statement, 0) : NULL;
    return verdict;
}

static enum verdict store_latest(struct view *view, int topic, const struct latest *latest,
                                 const struct event *event, struct why *why)
{
    json_auto_t *before = NULL;
    if (latest->load && load_latest(view, latest->load, event->key, &before, why) != VERDICT_OK)
        return VERDICT_FATAL;
    bool done = store_column(view, latest->store, event) &&
                (!latest->is_indexed || index_again(view, event->key, why)) &&
                (!latest->count || latest->count(view, event->key, before, event->data));
    if (!done)
        return write_failed(view, why);
    tell_follower(view, topic, event, before, event->data);
    return VERDICT_OK;
}

static enum verdict store_contract(struct view *view, const struct event *event, struct why *why)
{
    return view_index_contract(view, event) ? VERDICT_OK : write_failed(view, why);
}

static enum verdict store_audit(struct view *view, const struct kafka_record *record,
                                const struct event *event, struct why *why)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "INSERT OR REPLACE INTO audit VALUES (?1,?2,?3,?4)");
    sqlite3_bind_int(statement, 1, record->at.partition);
    sqlite3_bind_int64(statement, 2, record->at.offset);
    view_bind_text(statement, 3, event->key);
    bind_json(statement, 4, event->data);
    return view_run(statement) && view_close_letter(view, event) ? VERDICT_OK
                                                                 : write_failed(view, why);
}

/* A tombstone. */
static enum verdict forget_latest(struct view *view, const struct latest *latest, struct bytes key,
                                  struct why *why)
{
    CLEANUP(mem_free) char *id = mem_dup(key.data, key.length);
    json_auto_t *before = NULL;
    bool done;
    if (latest->load && load_latest(view, latest->load, id, &before, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (latest->forget) {
        CLEANUP(view_done) sqlite3_stmt *statement = view_write(view, latest->forget);
        view_bind_text(statement, 1, id);
        done = view_run(statement) && (!latest->is_indexed || index_again(view, id, why)) &&
               (!latest->count || latest->count(view, id, before, NULL));
    } else {
        done = view_forget_contract(view, id);
    }
    return done ? VERDICT_OK : write_failed(view, why);
}

/* Whether the record is one that its only writer makes. */
static enum verdict check_shape(int topic, const struct event *event, struct why *refusal)
{
    struct bytes key = bytes_of(event->key);
    const char *type = topics_find(view_topics[topic])->type;
    if (type && strcmp(type, event->type) != 0)
        return reject(refusal, "header ce_type: expected %s", type);
    if (topic == VIEW_AUDIT && strcmp(event->type, "audit.read") != 0 &&
        strcmp(event->type, "audit.done") != 0)
        return reject(refusal, "header ce_type: expected audit.read or audit.done");
    if (!json_is_object(event->data))
        return reject(refusal, "expected an object");
    if (topic == VIEW_CONTRACTS ? !hearing_customer_id_is_valid(key) : !ids_is_uuid(event->key))
        return reject(refusal, "key: expected %s",
                      topic == VIEW_CONTRACTS ? "a customer id" : "a UUID");
    struct case_verdict verdict = {0};
    if (topic == VIEW_CONTRACTS &&
        !case_check_members(event->data, contract_members, contract_member_count, false, &verdict))
        return reject(refusal, "%s", verdict.why.text);
    return VERDICT_OK;
}

static enum verdict store_event_of(struct view *view, int topic, const struct kafka_record *record,
                                   const struct event *event, struct why *why, struct why *refusal)
{
    if (check_shape(topic, event, refusal) != VERDICT_OK)
        return VERDICT_REJECT;
    if (latest_of[topic].store)
        return store_latest(view, topic, &latest_of[topic], event, why);
    switch (topic) {
    case VIEW_CASES:
        return store_case_event(view, record, event, why);
    case VIEW_CONTRACTS:
        return store_contract(view, event, why);
    default:
        return store_audit(view, record, event, why);
    }
}

static enum verdict store_offset(struct view *view, int topic, struct kafka_position at,
                                 struct why *why)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "INSERT OR REPLACE INTO offsets VALUES (?1,?2,?3)");
    view_bind_text(statement, 1, view_topics[topic]);
    sqlite3_bind_int(statement, 2, at.partition);
    sqlite3_bind_int64(statement, 3, at.offset + 1);
    return view_run(statement) ? VERDICT_OK : write_failed(view, why);
}

/* After a loss of the file everything is read again: what was there before is in dead-letters already. */
static enum verdict refuse_record(struct view *view, int topic, const struct kafka_record *record,
                                  const char *reason, struct why *why)
{
    if (view->begun_anew && record->at.offset < view->goal[topic][record->at.partition])
        return VERDICT_OK;
    return view->bury(record, reason, why) == VERDICT_OK ? VERDICT_OK : VERDICT_FATAL;
}

static enum verdict store_letter(struct view *view, const struct kafka_record *record,
                                 struct why *why)
{
    struct why refusal = {0};
    switch (view_store_letter(view, record, &refusal)) {
    case VERDICT_OK:
        return VERDICT_OK;
    case VERDICT_REJECT:
        log_event(LOG_WARNING, "dead_letter.unreadable", "partition=%d offset=%lld why=%s",
                  record->at.partition, (long long)record->at.offset, refusal.text);
        return VERDICT_OK;
    case VERDICT_RETRY:
    case VERDICT_FATAL:
        break;
    }
    return write_failed(view, why);
}

enum verdict view_store_record(struct view *view, int topic, const struct kafka_record *record,
                               struct why *why)
{
    struct event event;
    struct why refusal = {0};
    enum verdict verdict;
    bool compacted = topics_find(view_topics[topic])->compacted;
    if (topic == VIEW_LETTERS)
        verdict = store_letter(view, record, why);
    else if (!record->value.data && compacted && record->key.data)
        verdict = forget_latest(view, &latest_of[topic], record->key, why);
    else if (event_parse(record, &event, &refusal) != VERDICT_OK)
        verdict = VERDICT_REJECT;
    else {
        verdict = store_event_of(view, topic, record, &event, why, &refusal);
        event_clear(&event);
    }
    if (verdict == VERDICT_REJECT)
        verdict = refuse_record(view, topic, record, refusal.text, why);
    return verdict == VERDICT_OK ? store_offset(view, topic, record->at, why) : verdict;
}
