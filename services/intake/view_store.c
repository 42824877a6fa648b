/* SPDX-License-Identifier: Apache-2.0 */
/* The view's tables and how one record goes into them. Rows and offsets are written in one SQLite transaction. */
#include "services/intake/intake.h"
#include "services/intake/view_internal.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/status.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/service.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 6

const char *const view_topics[VIEW_TOPICS] = {
    "cases", "contracts", "extractions", "escalation-status", "notifications", "audit"};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, state TEXT, extraction TEXT, "
    "escalation TEXT,"
    " notifications TEXT, status TEXT, customer TEXT, opened_us INTEGER, words TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS cases_newest ON cases (opened_us DESC, id DESC) WHERE state IS NOT "
    "NULL;"
    "CREATE TABLE IF NOT EXISTS events (part INTEGER, off INTEGER, case_id TEXT, id TEXT, type "
    "TEXT, time TEXT,"
    " value BLOB, extends TEXT, head TEXT, revision INTEGER, refusal INTEGER, pointer TEXT, why "
    "TEXT,"
    " PRIMARY KEY (part, off)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS events_of_case ON events (case_id, off);"
    "CREATE TABLE IF NOT EXISTS contracts (customer TEXT PRIMARY KEY, value TEXT, digits TEXT, "
    "words TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS audit (part INTEGER, off INTEGER, case_id TEXT, value TEXT, "
    "PRIMARY KEY (part, off))"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS audit_of_case ON audit (case_id, off);"
    "CREATE TABLE IF NOT EXISTS offsets (topic TEXT, part INTEGER, next INTEGER, PRIMARY KEY "
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
           view_sql(db, schema, why);
}

void view_store_forget(struct view *view)
{
    remove_file(view->path);
}

enum verdict view_store_open(struct view *view, const char *state_dir, const char *cluster_id,
                             struct why *why)
{
    char *path = view->path = mem_printf("%s/view.sqlite", state_dir);
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

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
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

static bool run(sqlite3_stmt *statement)
{
    return sqlite3_step(statement) == SQLITE_DONE;
}

static enum verdict write_failed(struct view *view, struct why *why)
{
    forget_if_damaged(view, view->writer);
    return fatal(why, "view: %s", sqlite3_errmsg(view->writer));
}

/* --- cases ---------------------------------------------------------------------------------------------------------------- */

static void add_words(struct buf *words, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text)
        return;
    for (; *text; text++) {
        char c = (char)tolower((unsigned char)*text);
        buf_add(words, &c, 1);
    }
    buf_add(words, "\n", 1);
}

/* As the question is read: half width, without a country code. */
static void add_digits(struct buf *words, const json_t *object)
{
    char digits[64] = "";
    const char *phone = json_string_value(json_object_get(object, "phone"));
    if (phone)
        hearing_phone_digits(phone, digits, sizeof digits);
    buf_add_text(words, digits);
}

/* What `q` looks in: number with and without its hyphens, company, person, telephone as said and as digits, address. */
static void words_of(const json_t *state, struct buf *words)
{
    const json_t *contact = json_object_get(json_object_get(state, "hearing"), "contact");
    const char *number = json_string_value(json_object_get(state, "number"));
    add_words(words, state, "number");
    for (const char *at = number; at && *at; at++)
        if (*at != '-')
            buf_printf(words, "%c", tolower((unsigned char)*at));
    buf_add(words, "\n", 1);
    add_words(words, contact, "company");
    add_words(words, contact, "department");
    add_words(words, contact, "person");
    add_words(words, contact, "phone");
    add_words(words, contact, "email");
    add_digits(words, contact);
}

/* An empty object for a case not yet seen. */
static enum verdict load_state(struct view *view, const char *case_id, json_t **ret_state,
                               struct why *why)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(view->writer, "SELECT state FROM cases WHERE id = ?1");
    bool row;
    bind_text(statement, 1, case_id);
    enum verdict verdict = view_step(view, view->writer, statement, &row, why);
    *ret_state = row ? view_column_json(statement, 0) : NULL;
    if (!*ret_state)
        *ret_state = json_object();
    return verdict;
}

static bool store_state(struct view *view, const char *case_id, const json_t *state)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        view->writer,
        "INSERT INTO cases (id, state, status, customer, opened_us, words) VALUES "
        "(?1,?2,?3,?4,?5,?6)"
        " ON CONFLICT (id) DO UPDATE SET state=?2, status=?3, customer=?4, opened_us=?5, words=?6");
    CLEANUP(buf_free) struct buf words;
    int64_t opened_us = 0;
    const char *opened = json_string_value(json_object_get(state, "opened_at"));
    if (opened)
        clock_parse(opened, strlen(opened), &opened_us);
    buf_init(&words, LIMIT_HEARING_BYTES);
    words_of(state, &words);
    bind_text(statement, 1, case_id);
    bind_json(statement, 2, state);
    bind_text(statement, 3, status_of(state, NULL, NULL));
    bind_text(statement, 4, json_string_value(json_object_get(state, "customer_id")));
    sqlite3_bind_int64(statement, 5, opened_us);
    bind_text(statement, 6, words.data);
    return run(statement);
}

static bool store_event(struct view *view, const struct kafka_record *record,
                        const struct event *event, const json_t *state,
                        const struct case_verdict *verdict)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        view->writer,
        "INSERT OR REPLACE INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
    bool accepted = verdict->refusal == CASE_ACCEPTED;
    sqlite3_bind_int(statement, 1, record->at.partition);
    sqlite3_bind_int64(statement, 2, record->at.offset);
    bind_text(statement, 3, event->key);
    bind_text(statement, 4, event->id);
    bind_text(statement, 5, event->type);
    bind_text(statement, 6, event->time);
    sqlite3_bind_blob(statement, 7, event->value, (int)event->value_length, SQLITE_TRANSIENT);
    bind_text(statement, 8, json_string_value(json_object_get(event->data, "extends")));
    bind_text(statement, 9, accepted ? json_string_value(json_object_get(state, "head")) : NULL);
    sqlite3_bind_int64(statement, 10,
                       accepted ? json_integer_value(json_object_get(state, "revision")) : 0);
    sqlite3_bind_int(statement, 11, (int)verdict->refusal);
    bind_text(statement, 12, verdict->pointer);
    bind_text(statement, 13, verdict->why.text);
    return run(statement);
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
    json_auto_t *state = NULL;
    if (load_state(view, event->key, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    struct case_verdict verdict = case_apply(state, event);
    bool stored = store_event(view, record, event, state, &verdict);
    if (stored && verdict.refusal == CASE_ACCEPTED)
        stored = store_state(view, event->key, state);
    if (stored && verdict.refusal == CASE_ACCEPTED)
        tell_follower(view, VIEW_CASES, event, NULL, state);
    return stored ? VERDICT_OK : write_failed(view, why);
}

/* --- the other topics -------------------------------------------------------------------------------------------------------- */

/* What the column holds so far; NULL where there is nothing. */
static enum verdict load_latest(struct view *view, const char *column, const char *case_id,
                                json_t **ret_value, struct why *why)
{
    CLEANUP(mem_free) char *sql = mem_printf("SELECT %s FROM cases WHERE id = ?1", column);
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(view->writer, sql);
    bool row;
    bind_text(statement, 1, case_id);
    enum verdict verdict = view_step(view, view->writer, statement, &row, why);
    *ret_value = row ? view_column_json(statement, 0) : NULL;
    return verdict;
}

static enum verdict store_latest(struct view *view, int topic, const char *column,
                                 const struct event *event, struct why *why)
{
    json_auto_t *before = NULL;
    if (topic != VIEW_EXTRACTIONS && /* large, and what is new in it stands at its end */
        load_latest(view, column, event->key, &before, why) != VERDICT_OK)
        return VERDICT_FATAL;
    CLEANUP(mem_free)
    char *sql = mem_printf(
        "INSERT INTO cases (id, %s) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET %s = ?2", column,
        column);
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(view->writer, sql);
    bind_text(statement, 1, event->key);
    bind_json(statement, 2, event->data);
    if (!run(statement))
        return write_failed(view, why);
    tell_follower(view, topic, event, before, event->data);
    return VERDICT_OK;
}

static enum verdict store_contract(struct view *view, const struct event *event, struct why *why)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view->writer, "INSERT OR REPLACE INTO contracts VALUES (?1,?2,?3,?4)");
    CLEANUP(buf_free) struct buf digits, words;
    buf_init(&digits, 1000);
    buf_init(&words, 10000);
    add_digits(&digits, event->data);
    add_words(&words, event->data, "company");
    bind_text(statement, 1, event->key);
    bind_json(statement, 2, event->data);
    bind_text(statement, 3, digits.data);
    bind_text(statement, 4, words.data);
    return run(statement) ? VERDICT_OK : write_failed(view, why);
}

static enum verdict store_audit(struct view *view, const struct kafka_record *record,
                                const struct event *event, struct why *why)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view->writer, "INSERT OR REPLACE INTO audit VALUES (?1,?2,?3,?4)");
    sqlite3_bind_int(statement, 1, record->at.partition);
    sqlite3_bind_int64(statement, 2, record->at.offset);
    bind_text(statement, 3, event->key);
    bind_json(statement, 4, event->data);
    return run(statement) ? VERDICT_OK : write_failed(view, why);
}

static enum verdict forget_latest(struct view *view, const char *column, struct bytes key,
                                  struct why *why)
{
    CLEANUP(mem_free)
    char *sql = column ? mem_printf("UPDATE cases SET %s = NULL WHERE id = ?1", column)
                       : mem_strdup("DELETE FROM contracts WHERE customer = ?1");
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(view->writer, sql);
    sqlite3_bind_text(statement, 1, key.data, (int)key.length, SQLITE_TRANSIENT);
    return run(statement) ? VERDICT_OK : write_failed(view, why);
}

/* Per topic: the column that keeps the last record of a case. */
static const char *const columns[VIEW_TOPICS] = {
    NULL, NULL, "extraction", "escalation", "notifications", NULL};

/* Whether the record is one that its only writer makes. */
static enum verdict check_shape(int topic, const struct event *event, struct why *refusal)
{
    struct bytes key = bytes_of(event->key);
    const char *type = topics_find(view_topics[topic])->type;
    if (type && strcmp(type, event->type) != 0)
        return reject(refusal, "header ce_type: expected %s", type);
    if (!json_is_object(event->data))
        return reject(refusal, "expected an object");
    if (topic == VIEW_CONTRACTS ? !hearing_customer_id_is_valid(key) : !ids_is_uuid(event->key))
        return reject(refusal, "key: expected a %s id",
                      topic == VIEW_CONTRACTS ? "customer" : "case");
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
    if (columns[topic])
        return store_latest(view, topic, columns[topic], event, why);
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
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view->writer, "INSERT OR REPLACE INTO offsets VALUES (?1,?2,?3)");
    bind_text(statement, 1, view_topics[topic]);
    sqlite3_bind_int(statement, 2, at.partition);
    sqlite3_bind_int64(statement, 3, at.offset + 1);
    return run(statement) ? VERDICT_OK : write_failed(view, why);
}

/* After a loss of the file everything is read again: what was there before is in dead-letters already. */
static enum verdict refuse_record(struct view *view, int topic, const struct kafka_record *record,
                                  const char *reason, struct why *why)
{
    if (view->begun_anew && record->at.offset < view->goal[topic][record->at.partition])
        return VERDICT_OK;
    return view->bury(record, reason, why) == VERDICT_OK ? VERDICT_OK : VERDICT_FATAL;
}

enum verdict view_store_record(struct view *view, int topic, const struct kafka_record *record,
                               struct why *why)
{
    struct event event;
    struct why refusal = {0};
    enum verdict verdict;
    bool compacted = topics_find(view_topics[topic])->compacted;
    if (!record->value.data && compacted && record->key.data)
        verdict = forget_latest(view, columns[topic], record->key, why);
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
