/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters as they are listed, and what the audit says was done to them. A letter is known by its id, which derives
 * from the refused record: two instances that refuse the same record make one line, at the first of both positions. Either
 * topic may be folded before the other.
 */
#include "services/intake/view_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES_MAX 2000
#define TEXT_BYTES_MAX 1000

const char view_letters_schema[] =
    "CREATE TABLE IF NOT EXISTS letters (id TEXT PRIMARY KEY, at_us INTEGER, part INTEGER, off "
    "INTEGER, service TEXT, topic TEXT, source_part INTEGER, source_off INTEGER, reason TEXT, "
    "closed INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS letters_at ON letters (at_us, part, off);"
    "CREATE INDEX IF NOT EXISTS letters_topic ON letters (topic, at_us, part, off);"
    "CREATE INDEX IF NOT EXISTS letters_open ON letters (at_us, part, off) WHERE closed = 0;"
    "CREATE INDEX IF NOT EXISTS letters_position ON letters (part, off);"
    "CREATE TABLE IF NOT EXISTS closures (letter TEXT PRIMARY KEY, at_us INTEGER, dismissed TEXT,"
    " redriven TEXT, times INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS closures_at ON closures (at_us);";

/* --- folding ------------------------------------------------------------------------------------------------------ */

struct letter {
    char id[IDS_UUID_SIZE];
    const char *topic, *reason, *service;
    const json_t *partition, *offset; /* null where the record stood in no one place */
    int64_t at_us;
};

static bool is_text(const char *text)
{
    return text && *text && strlen(text) <= TEXT_BYTES_MAX;
}

static bool is_place(const json_t *value)
{
    return !value || json_is_null(value) ||
           (json_is_integer(value) && json_integer_value(value) >= 0);
}

static enum verdict read_letter(const struct kafka_record *record, const json_t *value,
                                struct letter *ret_letter, struct why *why)
{
    struct bytes id = kafka_record_header(record, "ce_id");
    const char *at = json_string_value(json_object_get(value, "at"));
    struct letter letter = {.topic = json_string_value(json_object_get(value, "topic")),
                            .reason = json_string_value(json_object_get(value, "reason")),
                            .service = json_string_value(json_object_get(value, "service")),
                            .partition = json_object_get(value, "partition"),
                            .offset = json_object_get(value, "offset")};
    snprintf(letter.id, sizeof letter.id, "%.*s", (int)id.length,
             id.data ? (const char *)id.data : "");
    if (id.length != IDS_UUID_SIZE - 1 || !ids_is_uuid(letter.id))
        return reject(why, "header ce_id: expected a UUID");
    if (!is_text(letter.topic) || !is_text(letter.reason) || !is_text(letter.service))
        return reject(why, "expected topic, reason and service");
    if (!is_place(letter.partition) || !is_place(letter.offset))
        return reject(why, "expected partition and offset");
    if (!at || !clock_parse(at, strlen(at), &letter.at_us))
        return reject(why, "/at: expected an RFC 3339 time");
    *ret_letter = letter;
    return VERDICT_OK;
}

static void bind_place(sqlite3_stmt *statement, int at, const json_t *value)
{
    if (json_is_integer(value))
        sqlite3_bind_int64(statement, at, json_integer_value(value));
}

static bool write_letter(struct view *view, struct kafka_position at, const struct letter *letter)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(
        view,
        "INSERT INTO letters VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,"
        " EXISTS (SELECT 1 FROM closures WHERE letter = ?1))"
        " ON CONFLICT (id) DO UPDATE SET at_us = ?2, part = ?3, off = ?4, service = ?5, topic = ?6,"
        " source_part = ?7, source_off = ?8, reason = ?9 WHERE (?3, ?4) < (part, off)");
    const char *topic = topics_short_name(letter->topic);
    view_bind_text(statement, 1, letter->id);
    sqlite3_bind_int64(statement, 2, letter->at_us);
    sqlite3_bind_int(statement, 3, at.partition);
    sqlite3_bind_int64(statement, 4, at.offset);
    view_bind_text(statement, 5, letter->service);
    view_bind_text(statement, 6, topic ? topic : letter->topic);
    bind_place(statement, 7, letter->partition);
    bind_place(statement, 8, letter->offset);
    view_bind_text(statement, 9, letter->reason);
    return view_run(statement);
}

/* Kafka has not kept them either. What was done to a letter is younger than the letter. */
static bool forget_before(sqlite3_stmt *statement, int64_t before_us)
{
    sqlite3_bind_int64(statement, 1, before_us);
    bool done = view_run(statement);
    view_done(&statement);
    return done;
}

enum verdict view_store_letter(struct view *view, const struct kafka_record *record,
                               struct why *why)
{
    struct letter letter = {0};
    json_auto_t *value = NULL;
    if (!record->value.data)
        return reject(why, "no value");
    if (event_parse_json(record->value.data, record->value.length, &value, why) != VERDICT_OK ||
        read_letter(record, value, &letter, why) != VERDICT_OK)
        return VERDICT_REJECT;
    int64_t before_us = letter.at_us - VIEW_LETTERS_KEPT_US;
    bool done =
        write_letter(view, record->at, &letter) &&
        forget_before(view_write(view, "DELETE FROM letters WHERE at_us < ?1"), before_us) &&
        forget_before(view_write(view, "DELETE FROM closures WHERE at_us < ?1"), before_us);
    return done ? VERDICT_OK : VERDICT_FATAL;
}

/* --- what was done to them ------------------------------------------------------------------------------------------ */

static const char *const closing[][2] = {
    /* the first dismissal stands, and none after the record was taken up again */
    {"dead_letter.dismissed",
     "INSERT INTO closures VALUES (?1, ?2, ?3, NULL, 0) ON CONFLICT (letter) DO UPDATE"
     " SET dismissed = COALESCE(dismissed, CASE WHEN redriven IS NULL THEN ?3 END)"},
    {"dead_letter.redriven", "INSERT INTO closures VALUES (?1, ?2, NULL, ?3, 1) ON CONFLICT"
                             " (letter) DO UPDATE SET redriven = ?3, times = times + 1"},
};

static json_t *closure_json(const struct event *event)
{
    const json_t *detail = json_object_get(event->data, "detail");
    return json_pack("{s:s, s:O?, s:s, s:O*, s:O*, s:O*}", "event", event->id, "by",
                     json_object_get(event->data, "who"), "at", event->time, "reason",
                     json_object_get(detail, "reason"), "to", json_object_get(detail, "to"),
                     "sha256", json_object_get(detail, "sha256"));
}

static bool mark_closed(struct view *view, const char *id)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "UPDATE letters SET closed = 1 WHERE id = ?1");
    view_bind_text(statement, 1, id);
    return view_run(statement);
}

static bool write_closure(struct view *view, const char *sql, const struct event *event)
{
    CLEANUP(view_done) sqlite3_stmt *statement = view_write(view, sql);
    json_auto_t *closure = closure_json(event);
    CLEANUP(mem_free) char *text = json_dumps(closure, JSON_COMPACT);
    view_bind_text(statement, 1, event->key);
    sqlite3_bind_int64(statement, 2, event->time_us);
    view_bind_text(statement, 3, text);
    return view_run(statement);
}

bool view_close_letter(struct view *view, const struct event *event)
{
    const char *what = json_string_value(json_object_get(event->data, "what"));
    if (!what || strcmp(event->type, "audit.done") != 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(closing); i++)
        if (strcmp(what, closing[i][0]) == 0)
            return write_closure(view, closing[i][1], event) && mark_closed(view, event->key);
    return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

#define COLUMNS                                                                                    \
    "SELECT l.id, l.at_us, l.part, l.off, l.service, l.topic, l.source_part, l.source_off, "       \
    "l.reason, c.dismissed, c.redriven, c.times FROM letters AS l "
#define CLOSURES " LEFT JOIN closures AS c ON c.letter = l.id"

/* Reasons begin with the place of the mistake, or name it behind a code: "malformed: /devices/0: expected a text". */
static json_t *pointer_of(const char *reason)
{
    const char *at = reason;
    if (*at != '/') {
        at = strstr(reason, ": /");
        if (!at || memchr(reason, ' ', (size_t)(at - reason)))
            return json_null();
        at += 2;
    }
    return json_stringn(at, strcspn(at, ": "));
}

static json_t *place_json(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? json_null()
               : json_integer(sqlite3_column_int64(statement, column));
}

static bool may_be_redriven(const char *topic)
{
    const struct topic *found = topics_find(topic);
    return found && found->redriven;
}

static json_t *letter_json(sqlite3_stmt *statement)
{
    char at[CLOCK_TEXT_SIZE];
    const char *topic = (const char *)sqlite3_column_text(statement, 5),
               *reason = (const char *)sqlite3_column_text(statement, 8);
    int partition = sqlite3_column_int(statement, 2);
    json_int_t offset = sqlite3_column_int64(statement, 3);
    json_t *dismissed = view_column_json(statement, 9), *redriven = view_column_json(statement, 10);
    clock_format_us(sqlite3_column_int64(statement, 1), at);
    if (redriven)
        json_object_set_new(redriven, "times", json_integer(sqlite3_column_int64(statement, 11)));
    return json_pack(
        "{s:o, s:s, s:i, s:I, s:s, s:s, s:s, s:{s:s, s:o, s:o}, s:s, s:o, s:b, s:o*, s:o*}",
        "position", json_sprintf("%d-%" JSON_INTEGER_FORMAT, partition, offset), "id",
        (const char *)sqlite3_column_text(statement, 0), "partition", partition, "offset", offset,
        "at", at, "service", (const char *)sqlite3_column_text(statement, 4), "state",
        redriven    ? "redriven"
        : dismissed ? "dismissed"
                    : "open",
        "source", "topic", topic, "partition", place_json(statement, 6), "offset",
        place_json(statement, 7), "reason", reason, "pointer", pointer_of(reason), "redrivable",
        may_be_redriven(topic), "dismissed", dismissed, "redriven", redriven);
}

enum verdict view_letter(struct view *view, struct kafka_position at, json_t **ret_letter,
                         struct why *why)
{
    bool row;
    *ret_letter = NULL;
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(reader.db, COLUMNS "INDEXED BY letters_position" CLOSURES
                                                              " WHERE l.part = ?1 AND l.off = ?2");
    sqlite3_bind_int(statement, 1, at.partition);
    sqlite3_bind_int64(statement, 2, at.offset);
    enum verdict verdict = view_step(view, reader.db, statement, &row, why);
    if (row)
        *ret_letter = letter_json(statement);
    return verdict;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

struct cursor {
    int64_t at_us, partition, offset;
};

static bool read_number(const char **text, char end, int64_t *ret_number)
{
    size_t digits = strspn(*text, "0123456789");
    *ret_number = strtoll(*text, NULL, 10);
    bool read = digits >= 1 && digits <= 18 && (*text)[digits] == end;
    *text += read ? digits + (end != '\0') : 0;
    return read;
}

static bool read_cursor(const char *text, struct cursor *ret_cursor)
{
    *ret_cursor = (struct cursor){.at_us = INT64_MAX};
    return !text || (read_number(&text, '-', &ret_cursor->at_us) &&
                     read_number(&text, '-', &ret_cursor->partition) &&
                     read_number(&text, '\0', &ret_cursor->offset));
}

void view_letters_sql(const struct view_letter_query *query, struct buf *sql)
{
    bool open = query->state && strcmp(query->state, "open") == 0;
    buf_printf(sql,
               COLUMNS "INDEXED BY %s" CLOSURES " WHERE l.at_us >= ?1 AND"
                       " (l.at_us, l.part, l.off) < (?2, ?3, ?4)",
               query->topic ? "letters_topic"
               : open       ? "letters_open"
                            : "letters_at");
    if (query->topic)
        buf_add_text(sql, " AND l.topic = ?5");
    if (open)
        buf_add_text(sql, " AND l.closed = 0");
    else if (query->state)
        buf_printf(sql, " AND l.closed = 1 AND c.redriven IS %s NULL",
                   strcmp(query->state, "redriven") == 0 ? "NOT" : "");
    if (query->reason)
        buf_add_text(sql, " AND instr(l.reason, ?6)");
    buf_add_text(sql, " ORDER BY l.at_us DESC, l.part DESC, l.off DESC");
}

struct page {
    json_t *letters;
    struct cursor last;
    size_t limit;
    bool more;
};

static bool take_letter(sqlite3_stmt *statement, void *context)
{
    struct page *page = context;
    page->more = json_array_size(page->letters) == page->limit;
    if (page->more)
        return false;
    page->last = (struct cursor){.at_us = sqlite3_column_int64(statement, 1),
                                 .partition = sqlite3_column_int64(statement, 2),
                                 .offset = sqlite3_column_int64(statement, 3)};
    return json_array_append_new(page->letters, letter_json(statement)) == 0;
}

static void bind_query(sqlite3_stmt *statement, const struct view_letter_query *query,
                       const struct cursor *from)
{
    sqlite3_bind_int64(statement, 1, query->now_us - VIEW_LETTERS_KEPT_US);
    sqlite3_bind_int64(statement, 2, from->at_us);
    sqlite3_bind_int64(statement, 3, from->partition);
    sqlite3_bind_int64(statement, 4, from->offset);
    if (query->topic)
        view_bind_text(statement, 5, query->topic);
    if (query->reason)
        view_bind_text(statement, 6, query->reason);
}

enum verdict view_letters(struct view *view, const struct view_letter_query *query,
                          json_t **ret_page, struct why *why)
{
    struct cursor from;
    char next[80];
    CLEANUP(buf_free) struct buf sql;
    buf_init(&sql, SQL_BYTES_MAX);
    if (!read_cursor(query->cursor, &from))
        return reject(why, "/cursor");
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    view_letters_sql(query, &sql);
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(reader.db, sql.data);
    struct page page = {.letters = json_array(), .limit = (size_t)query->limit};
    bind_query(statement, query, &from);
    enum verdict verdict = view_list_rows(&reader, statement, take_letter, &page, why);
    snprintf(next, sizeof next, "%" PRId64 "-%" PRId64 "-%" PRId64, page.last.at_us,
             page.last.partition, page.last.offset);
    *ret_page = json_pack("{s:o, s:s?}", "dead_letters", page.letters, "next_cursor",
                          page.more ? next : NULL);
    return view_list_or_none(verdict, ret_page);
}
