/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists and questions are answered from: a line for each case and, beside it, the grams of its words.
 *
 * A line's number (seq) is the time of the opening in eighths of a microsecond: the newest first is the order of the rows
 * themselves, a period is a range of them, a page goes on behind a number, and FTS5 gives what it finds in that order
 * without sorting. Every combination of status, operator and type has an index of its own, so that ten cases among a
 * million are ten steps; so has every one of open cases with operator and type. Customer, held, overdue and attention choose
 * few cases alone. Of what was closed the lines of a day lie in order; a period puts some of each of its days in order.
 */
#include "services/intake/view_internal.h"
#include "services/intake/view_words.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/status.h"
#include "common/ids.h"

#include <string.h>

#define GRAMS_BYTES_MAX (8 * WORDS_BYTES_MAX)
#define REQUESTS_KEPT_US (30LL * 24 * 3600 * 1000000)

/* Every sign but the quotes is part of a gram; letters outside ASCII are anyway. */
#define GRAMS_OPTIONS                                                                              \
    "content='', detail=none, columnsize=0,"                                                       \
    " tokenize=\"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\""

#define CLOSED_DAY "closed_us / " TO_TEXT(VIEW_DAY_US)

const char view_index_schema[] =
    "CREATE TABLE IF NOT EXISTS lines (seq INTEGER PRIMARY KEY, id TEXT, status TEXT, customer "
    "TEXT, "
    "operator TEXT, type TEXT, held INTEGER, overdue INTEGER, duplicate_of TEXT, out_of_hours "
    "INTEGER, answered_us INTEGER, open INTEGER, attention INTEGER, closed_us INTEGER, words TEXT,"
    " closed_day INTEGER AS (" CLOSED_DAY ") VIRTUAL);"
    "CREATE INDEX IF NOT EXISTS lines_status ON lines (status);"
    "CREATE INDEX IF NOT EXISTS lines_operator ON lines (operator);"
    "CREATE INDEX IF NOT EXISTS lines_type ON lines (type);"
    "CREATE INDEX IF NOT EXISTS lines_status_operator ON lines (status, operator);"
    "CREATE INDEX IF NOT EXISTS lines_status_type ON lines (status, type);"
    "CREATE INDEX IF NOT EXISTS lines_operator_type ON lines (operator, type);"
    "CREATE INDEX IF NOT EXISTS lines_status_operator_type ON lines (status, operator, type);"
    "CREATE INDEX IF NOT EXISTS lines_customer ON lines (customer) WHERE customer IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS lines_held ON lines (held) WHERE held = 1;"
    "CREATE INDEX IF NOT EXISTS lines_overdue ON lines (overdue) WHERE overdue = 1;"
    "CREATE INDEX IF NOT EXISTS lines_attention ON lines (attention) WHERE attention = 1;"
    "CREATE INDEX IF NOT EXISTS lines_open ON lines (open) WHERE open = 1;"
    "CREATE INDEX IF NOT EXISTS lines_open_operator ON lines (operator) WHERE open = 1;"
    "CREATE INDEX IF NOT EXISTS lines_open_type ON lines (type) WHERE open = 1;"
    "CREATE INDEX IF NOT EXISTS lines_open_operator_type ON lines (operator, type) WHERE open = 1;"
    "CREATE INDEX IF NOT EXISTS lines_closed ON lines (closed_us) WHERE closed_us IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS lines_closed_day ON lines (closed_day) WHERE closed_day IS NOT "
    "NULL;"
    "CREATE INDEX IF NOT EXISTS lines_duplicate_of ON lines (duplicate_of) WHERE duplicate_of IS "
    "NOT "
    "NULL;"
    /* how many lines there are of each status: to count a million of them takes a second */
    "CREATE TABLE IF NOT EXISTS statuses (status TEXT PRIMARY KEY, cases INTEGER) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS lines_opened AFTER INSERT ON lines BEGIN"
    " INSERT INTO statuses VALUES (new.status, 1)"
    " ON CONFLICT (status) DO UPDATE SET cases = cases + 1; END;"
    "CREATE TRIGGER IF NOT EXISTS lines_moved AFTER UPDATE OF status ON lines"
    " WHEN old.status IS NOT new.status BEGIN"
    " UPDATE statuses SET cases = cases - 1 WHERE status = old.status;"
    " INSERT INTO statuses VALUES (new.status, 1)"
    " ON CONFLICT (status) DO UPDATE SET cases = cases + 1; END;"
    "CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5 (text, " GRAMS_OPTIONS ");"
    "CREATE TABLE IF NOT EXISTS contracts (seq INTEGER PRIMARY KEY, customer TEXT UNIQUE, value "
    "TEXT, "
    "digits TEXT, words TEXT);"
    "CREATE INDEX IF NOT EXISTS contracts_digits ON contracts (digits);"
    "CREATE VIRTUAL TABLE IF NOT EXISTS contract_grams USING fts5 (text, " GRAMS_OPTIONS ");"
    /* what was written under which id: for whoever repeats a request with its Idempotency-Key */
    "CREATE TABLE IF NOT EXISTS contract_requests (id TEXT PRIMARY KEY, sha256 TEXT, at_us "
    "INTEGER) "
    "WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS contract_requests_at ON contract_requests (at_us);";

/* --- grams -------------------------------------------------------------------------------------------------------- */

/* FTS5 without content has to be told what it forgets. */
static bool write_grams(sqlite3_stmt *statement, int64_t seq, const char *words)
{
    CLEANUP(buf_free) struct buf grams;
    buf_init(&grams, GRAMS_BYTES_MAX);
    words_grams(words, &grams);
    sqlite3_bind_int64(statement, 1, seq);
    sqlite3_bind_text(statement, 2, grams.data ? grams.data : "", (int)grams.length, SQLITE_STATIC);
    bool done = view_run(statement);
    view_done(&statement);
    return done;
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

struct line {
    const char *status, *customer, *operator, * type, *duplicate_of;
    bool held, overdue, out_of_hours, open, attention;
    int64_t answered_us; /* the first search of its logs; 0: not yet */
    int64_t closed_us;   /* 0: it is open */
};

static const char *text_at(const json_t *state, const char *section, const char *name)
{
    return json_string_value(json_object_get(json_object_get(state, section), name));
}

static bool has_flag(const json_t *flags, const char *flag)
{
    for (size_t i = 0; i < json_array_size(flags); i++)
        if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0)
            return true;
    return false;
}

static int64_t time_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    int64_t at_us = 0;
    return text && clock_parse(text, strlen(text), &at_us) ? at_us : 0;
}

/* Also of a search that was given up later, when the customer turned out to be another: it was on the screen. */
static int64_t first_answer_us(const json_t *extraction)
{
    const json_t *searches = json_object_get(extraction, "searches");
    int64_t first_us = 0;
    for (size_t i = 0; i < json_array_size(searches); i++) {
        const json_t *search = json_array_get(searches, i);
        const char *status = json_string_value(json_object_get(search, "status"));
        int64_t at_us = time_at(search, "finished_at");
        if (status && strcmp(status, "failed") != 0 && at_us && (!first_us || at_us < first_us))
            first_us = at_us;
    }
    return first_us;
}

static struct line line_of(const struct stored_case *stored)
{
    const json_t *state = stored->state,
                 *incident = json_object_get(json_object_get(state, "hearing"), "incident");
    json_auto_t *flags = status_flags(state, stored->extraction, stored->escalation);
    json_auto_t *attention =
        view_attention(state, stored->escalation, stored->steps, stored->untouched);
    return (struct line){.status = status_of(state, stored->extraction, stored->escalation),
                         .customer = json_string_value(json_object_get(state, "customer_id")),
                         .operator= text_at(state, "opened_by", "id"),
                         .type = json_string_value(json_object_get(incident, "type")),
                         .duplicate_of = text_at(state, "closed", "of"),
                         .held = has_flag(flags, "held"),
                         .overdue = has_flag(flags, "overdue"),
                         .out_of_hours = has_flag(flags, "out_of_hours"),
                         .answered_us = first_answer_us(stored->extraction),
                         .closed_us = time_at(json_object_get(state, "closed"), "at"),
                         .open = !json_object_get(state, "closed"),
                         .attention = json_array_size(attention) > 0};
}

static bool is_taken(struct view *view, int64_t seq)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "SELECT 1 FROM lines WHERE seq = ?1");
    sqlite3_bind_int64(statement, 1, seq);
    return sqlite3_step(statement) == SQLITE_ROW;
}

/* The same on every instance and after every rebuild, unless two cases were opened in the same microsecond and share a slot. */
static int64_t choose_seq(struct view *view, const struct stored_case *stored)
{
    uint8_t hash[IDS_SHA256_SIZE];
    ids_sha256(stored->id, strlen(stored->id), hash);
    int64_t seq = view_seq_at(time_at(stored->state, "opened_at")) + hash[0] % VIEW_SLOTS;
    while (seq == 0 || is_taken(view, seq))
        seq++;
    return seq;
}

static void bind_line(sqlite3_stmt *statement, int64_t seq, const struct line *line)
{
    sqlite3_bind_int64(statement, 1, seq);
    view_bind_text(statement, 2, line->status);
    view_bind_text(statement, 3, line->customer);
    view_bind_text(statement, 4, line->operator);
    view_bind_text(statement, 5, line->type);
    sqlite3_bind_int(statement, 6, line->held);
    sqlite3_bind_int(statement, 7, line->overdue);
    view_bind_text(statement, 8, line->duplicate_of);
    sqlite3_bind_int(statement, 9, line->out_of_hours);
    if (line->answered_us)
        sqlite3_bind_int64(statement, 10, line->answered_us);
    sqlite3_bind_int(statement, 11, line->open);
    sqlite3_bind_int(statement, 12, line->attention);
    if (line->closed_us)
        sqlite3_bind_int64(statement, 13, line->closed_us);
}

static bool insert_line(struct view *view, const struct stored_case *stored,
                        const struct line *line, const char *words)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(
        view, "INSERT INTO lines (seq, status, customer, operator, type, held, overdue,"
              " duplicate_of, out_of_hours, answered_us, open, attention, closed_us, id, words)"
              " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)");
    bind_line(statement, stored->seq, line);
    view_bind_text(statement, 14, stored->id);
    view_bind_text(statement, 15, words);
    return view_run(statement) &&
           write_grams(view_write(view, "INSERT INTO grams (rowid, text) VALUES (?1, ?2)"),
                       stored->seq, words);
}

/* Only if something of it is new: every index that a column is in would be written again. */
static bool update_line(struct view *view, int64_t seq, const struct line *line)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(
        view, "UPDATE lines SET status=?2, customer=?3, operator=?4, type=?5, held=?6, overdue=?7,"
              " duplicate_of=?8, out_of_hours=?9, answered_us=?10, open=?11, attention=?12,"
              " closed_us=?13 WHERE seq = ?1 AND NOT (status IS"
              " ?2 AND customer IS ?3 AND operator IS ?4 AND type IS ?5 AND held IS ?6 AND overdue"
              " IS ?7 AND duplicate_of IS ?8 AND out_of_hours IS ?9 AND answered_us IS ?10"
              " AND open IS ?11 AND attention IS ?12 AND closed_us IS ?13)");
    bind_line(statement, seq, line);
    return view_run(statement);
}

static char *stored_words(struct view *view, int64_t seq)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "SELECT words FROM lines WHERE seq = ?1");
    sqlite3_bind_int64(statement, 1, seq);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return NULL;
    return mem_strdup((const char *)sqlite3_column_text(statement, 0));
}

static bool update_words(struct view *view, int64_t seq, const char *words)
{
    CLEANUP(mem_free) char *before = stored_words(view, seq);
    if (before && strcmp(before, words) == 0)
        return true;
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "UPDATE lines SET words = ?2 WHERE seq = ?1");
    sqlite3_bind_int64(statement, 1, seq);
    view_bind_text(statement, 2, words);
    return before &&
           write_grams(
               view_write(view, "INSERT INTO grams (grams, rowid, text) VALUES ('delete', ?1, ?2)"),
               seq, before) &&
           write_grams(view_write(view, "INSERT INTO grams (rowid, text) VALUES (?1, ?2)"), seq,
                       words) &&
           view_run(statement);
}

bool view_index_case(struct view *view, struct stored_case *stored)
{
    struct line line = line_of(stored);
    CLEANUP(buf_free) struct buf words;
    buf_init(&words, WORDS_BYTES_MAX);
    words_of_case(stored->state, stored->extraction, &words);
    const char *text = words.data ? words.data : "";
    if (stored->seq)
        return update_line(view, stored->seq, &line) && update_words(view, stored->seq, text);
    stored->seq = choose_seq(view, stored);
    return insert_line(view, stored, &line, text);
}

/* --- contracts ---------------------------------------------------------------------------------------------------- */

bool view_forget_contract(struct view *view, const char *customer_id)
{
    CLEANUP(view_done)
    sqlite3_stmt *found = view_write(view, "SELECT seq, words FROM contracts WHERE customer = ?1");
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "DELETE FROM contracts WHERE customer = ?1");
    view_bind_text(found, 1, customer_id);
    view_bind_text(statement, 1, customer_id);
    if (sqlite3_step(found) != SQLITE_ROW)
        return true;
    int64_t seq = sqlite3_column_int64(found, 0);
    CLEANUP(mem_free) char *words = mem_strdup((const char *)sqlite3_column_text(found, 1));
    sqlite3_reset(found);
    return write_grams(view_write(view, "INSERT INTO contract_grams (contract_grams, rowid, text)"
                                        " VALUES ('delete', ?1, ?2)"),
                       seq, words) &&
           view_run(statement);
}

static bool has_contract(struct view *view, int64_t seq)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "SELECT 1 FROM contracts WHERE seq = ?1");
    sqlite3_bind_int64(statement, 1, seq);
    return sqlite3_step(statement) == SQLITE_ROW;
}

/* Any order will do, as long as it is the same on every instance. */
static int64_t contract_seq(struct view *view, const char *customer_id)
{
    uint8_t hash[IDS_SHA256_SIZE];
    int64_t seq = 0;
    ids_sha256(customer_id, strlen(customer_id), hash);
    for (int i = 0; i < 6; i++)
        seq = seq << 8 | hash[i];
    while (has_contract(view, seq))
        seq++;
    return seq;
}

static bool insert_contract(struct view *view, const struct event *event)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement =
        view_write(view, "INSERT INTO contracts (customer, value, digits, words, seq)"
                         " VALUES (?1,?2,?3,?4,?5)");
    int64_t seq = contract_seq(view, event->key);
    CLEANUP(buf_free) struct buf words;
    char digits[64] = "";
    const char *phone = json_string_value(json_object_get(event->data, "phone"));
    buf_init(&words, WORDS_BYTES_MAX);
    words_of_contract(event->key, event->data, &words);
    if (phone)
        hearing_phone_digits(phone, digits, sizeof digits);
    view_bind_text(statement, 1, event->key);
    sqlite3_bind_text(statement, 2, event->value, (int)event->value_length, SQLITE_TRANSIENT);
    view_bind_text(statement, 3, digits);
    view_bind_text(statement, 4, words.data);
    sqlite3_bind_int64(statement, 5, seq);
    return view_run(statement) &&
           write_grams(view_write(view, "INSERT INTO contract_grams (rowid, text) VALUES (?1, ?2)"),
                       seq, words.data);
}

/* Kafka keeps every record of the last seven days at least, also of a compacted topic. */
static bool note_request(struct view *view, const struct event *event)
{
    char sha256[IDS_SHA256_TEXT_SIZE];
    CLEANUP(view_done)
    sqlite3_stmt *forget = view_write(view, "DELETE FROM contract_requests WHERE at_us < ?1");
    CLEANUP(view_done)
    sqlite3_stmt *statement =
        view_write(view, "INSERT OR IGNORE INTO contract_requests VALUES (?1,?2,?3)");
    ids_sha256_text(event->value, event->value_length, sha256);
    sqlite3_bind_int64(forget, 1, event->time_us - REQUESTS_KEPT_US);
    view_bind_text(statement, 1, event->id);
    view_bind_text(statement, 2, sha256);
    sqlite3_bind_int64(statement, 3, event->time_us);
    return view_run(forget) && view_run(statement);
}

bool view_index_contract(struct view *view, const struct event *event)
{
    return view_forget_contract(view, event->key) && insert_contract(view, event) &&
           note_request(view, event);
}
