/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of a day. Each is a range of an index that holds what happened on that day alone, or is kept while folding:
 * none grows with the cases of other days. What two services say of a case is kept here as rows of its own, replaced as a
 * whole whenever it changes; it is made of the last record only, so a rebuild makes the same.
 */
#include "services/intake/view_internal.h"

#include "common/clock.h"

#include <string.h>

/* As long as a caller stays on the line: what is found within it is told while they talk. */
#define CALL_US (30LL * 60 * 1000000)
#define HOURS 24

const char view_day_schema[] =
    "CREATE TABLE IF NOT EXISTS handovers (id TEXT PRIMARY KEY, case_id TEXT, offered_us INTEGER,"
    " released_us INTEGER, items INTEGER, bytes INTEGER, passed INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS handovers_of_case ON handovers (case_id);"
    "CREATE INDEX IF NOT EXISTS handovers_offered ON handovers (offered_us);"
    "CREATE INDEX IF NOT EXISTS handovers_released ON handovers (released_us)"
    " WHERE released_us IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS failures (id TEXT PRIMARY KEY, case_id TEXT, at_us INTEGER)"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS failures_of_case ON failures (case_id);"
    "CREATE INDEX IF NOT EXISTS failures_at ON failures (at_us);";

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* 0: there is none. */
static int64_t time_of(const json_t *object, const char *name)
{
    const char *text = text_of(object, name);
    int64_t time_us = 0;
    if (text)
        clock_parse(text, strlen(text), &time_us);
    return time_us;
}

static void bind_time(sqlite3_stmt *statement, int place, int64_t time_us)
{
    if (time_us)
        sqlite3_bind_int64(statement, place, time_us);
}

/* --- folding ------------------------------------------------------------------------------------------------------ */

static bool any_in(const json_t *list, bool (*counts)(const json_t *entry))
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (counts(json_array_get(list, i)))
            return true;
    return false;
}

static bool forget(sqlite3_stmt *statement, const char *case_id)
{
    view_bind_text(statement, 1, case_id);
    bool done = view_run(statement);
    view_done(&statement);
    return done;
}

static bool was_offered(const json_t *handover)
{
    return text_of(handover, "id") && time_of(handover, "offered_at");
}

static bool write_handover(struct view *view, const char *case_id, const json_t *handover)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement =
        view_write(view, "INSERT OR REPLACE INTO handovers VALUES (?1,?2,?3,?4,?5,?6,?7)");
    const json_t *items = json_object_get(handover, "items"),
                 *passed = json_object_get(handover, "passed");
    int64_t bytes = 0;
    for (size_t i = 0; i < json_array_size(items); i++)
        bytes += json_integer_value(json_object_get(json_array_get(items, i), "length"));
    view_bind_text(statement, 1, text_of(handover, "id"));
    view_bind_text(statement, 2, case_id);
    bind_time(statement, 3, time_of(handover, "offered_at"));
    bind_time(statement, 4, time_of(handover, "released_at"));
    sqlite3_bind_int64(statement, 5, (int64_t)json_array_size(items));
    sqlite3_bind_int64(statement, 6, bytes);
    sqlite3_bind_int64(statement, 7, json_integer_value(json_object_get(passed, "revision")));
    return view_run(statement);
}

static bool has_failed(const json_t *notice)
{
    const char *status = text_of(notice, "status");
    return status && strcmp(status, "failed") == 0 && text_of(notice, "id");
}

/* The day on which it failed; a record that does not say so has the day on which it was planned. */
static bool write_failure(struct view *view, const char *case_id, const json_t *notice)
{
    CLEANUP(view_done)
    sqlite3_stmt *statement = view_write(view, "INSERT OR REPLACE INTO failures VALUES (?1,?2,?3)");
    int64_t at_us = time_of(notice, "failed_at");
    view_bind_text(statement, 1, text_of(notice, "id"));
    view_bind_text(statement, 2, case_id);
    bind_time(statement, 3, at_us ? at_us : time_of(notice, "planned_at"));
    return view_run(statement);
}

static bool write_each(struct view *view, const char *case_id, const json_t *list,
                       bool (*counts)(const json_t *entry),
                       bool (*write)(struct view *view, const char *case_id, const json_t *entry))
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (counts(entry) && !write(view, case_id, entry))
            return false;
    }
    return true;
}

bool view_day_handovers(struct view *view, const char *case_id, const json_t *before,
                        const json_t *after)
{
    const json_t *was = json_object_get(before, "handovers"),
                 *is = json_object_get(after, "handovers");
    if (json_equal(was, is) || (!any_in(was, was_offered) && !any_in(is, was_offered)))
        return true;
    return forget(view_write(view, "DELETE FROM handovers WHERE case_id = ?1"), case_id) &&
           write_each(view, case_id, is, was_offered, write_handover);
}

bool view_day_notices(struct view *view, const char *case_id, const json_t *before,
                      const json_t *after)
{
    const json_t *was = json_object_get(before, "notices"), *is = json_object_get(after, "notices");
    if (!any_in(was, has_failed) && !any_in(is, has_failed))
        return true;
    return forget(view_write(view, "DELETE FROM failures WHERE case_id = ?1"), case_id) &&
           write_each(view, case_id, is, has_failed, write_failure);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static bool take_status(sqlite3_stmt *statement, void *counts)
{
    return json_object_set_new(counts, (const char *)sqlite3_column_text(statement, 0),
                               json_integer(sqlite3_column_int64(statement, 1))) == 0;
}

/* One row of numbers under their columns' names. */
static bool take_numbers(sqlite3_stmt *statement, void *numbers)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        json_object_set_new(numbers, sqlite3_column_name(statement, i),
                            json_integer(sqlite3_column_int64(statement, i)));
    return false;
}

/* Hours since the day began; the 25th of a day on which clocks go back belongs to the last. */
static bool take_hour(sqlite3_stmt *statement, void *numbers)
{
    json_t *hours = json_object_get(numbers, "opened_by_hour");
    size_t hour = (size_t)sqlite3_column_int64(statement, 0), last = json_array_size(hours) - 1,
           place = hour < last ? hour : last;
    json_int_t before = json_integer_value(json_array_get(hours, place));
    return json_array_set_new(hours, place,
                              json_integer(before + sqlite3_column_int64(statement, 1))) == 0;
}

static bool take_left(sqlite3_stmt *statement, void *left)
{
    struct view_left row = {.handover = (const char *)sqlite3_column_text(statement, 0),
                            .released_us = sqlite3_column_int64(statement, 1),
                            .items = sqlite3_column_int64(statement, 2),
                            .bytes = sqlite3_column_int64(statement, 3),
                            .passed_revision = sqlite3_column_int64(statement, 4)};
    json_auto_t *state = view_column_json(statement, 5);
    return json_array_append_new(json_object_get(left, "list"), view_left_row(&row, state)) == 0;
}

/* ?1 to ?2: the day; of lines ?3 to ?4; ?5: a call; ?6: dead letters are kept since. */
#define DURING(column) " WHERE " column " >= ?1 AND " column " < ?2"
const struct view_number view_numbers[] = {
    {"SELECT COUNT(*) AS opened, SUM(out_of_hours) AS out_of_hours,"
     " SUM(answered_us IS NOT NULL AND answered_us - ?5 <= seq / 8 + 1577836800000000) AS in_time"
     " FROM lines WHERE seq >= ?3 AND seq < ?4",
     NULL, take_numbers},
    {"SELECT (seq - ?3) / 28800000000, COUNT(*) FROM lines WHERE seq >= ?3 AND seq < ?4 GROUP BY 1",
     NULL, take_hour},
    {"SELECT COUNT(*) AS held FROM lines INDEXED BY lines_held WHERE held = 1", NULL, take_numbers},
    {"SELECT COUNT(*) AS overdue FROM lines INDEXED BY lines_overdue WHERE overdue = 1", NULL,
     take_numbers},
    {"SELECT COUNT(*) AS closed FROM lines INDEXED BY lines_closed" DURING("closed_us"), NULL,
     take_numbers},
    {"SELECT COUNT(*) AS handed_over FROM handovers INDEXED BY handovers_offered" DURING(
         "offered_us"),
     NULL, take_numbers},
    {"SELECT COUNT(DISTINCT case_id) AS cases, COUNT(*) AS handovers, SUM(items) AS items,"
     " SUM(bytes) AS bytes FROM handovers INDEXED BY handovers_released" DURING("released_us"),
     "left", take_numbers},
    {"SELECT h.id, h.released_us, h.items, h.bytes, h.passed, c.state FROM handovers AS h"
     " INDEXED BY handovers_released CROSS JOIN cases AS c ON c.id = h.case_id" DURING(
         "h.released_us") " AND c.state IS NOT NULL"
                          " ORDER BY h.released_us DESC, h.id DESC LIMIT 100",
     "left", take_left},
    {"SELECT COUNT(*) AS notices_failed FROM failures INDEXED BY failures_at" DURING("at_us"), NULL,
     take_numbers},
    {"SELECT COUNT(*) AS dead_letters FROM letters INDEXED BY letters_open WHERE closed = 0"
     " AND at_us >= ?6",
     NULL, take_numbers},
    {"SELECT status, cases FROM statuses WHERE cases > 0", "cases", take_status},
};
const size_t view_number_count = COUNT_OF(view_numbers);

_Static_assert(VIEW_SLOTS == 8 && VIEW_BEGINNING_US == 1577836800000000,
               "as in_time and the hours reckon");

static enum verdict read_numbers(const struct borrowed *reader, const struct view_number *number,
                                 const int64_t *bounds, json_t *numbers, struct why *why)
{
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(reader->db, number->sql);
    json_t *target = numbers;
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++)
        sqlite3_bind_int64(statement, i, bounds[i - 1]);
    if (number->name)
        target = json_object_get(numbers, number->name);
    return view_list_rows(reader, statement, number->take, target, why);
}

/* What stands there on a day without anything. */
static json_t *quiet_day(void)
{
    json_t *hours = json_array();
    for (int i = 0; i < HOURS; i++)
        json_array_append_new(hours, json_integer(0));
    return json_pack("{s:o, s:{s:[]}, s:{}}", "opened_by_hour", hours, "left", "list", "cases");
}

enum verdict view_day(struct view *view, int64_t from_us, int64_t to_us, int64_t now_us,
                      json_t **ret_numbers, struct why *why)
{
    const int64_t bounds[] = {from_us,
                              to_us,
                              view_seq_at(from_us),
                              view_seq_at(to_us),
                              CALL_US,
                              now_us - VIEW_LETTERS_KEPT_US};
    *ret_numbers = quiet_day();
    enum verdict verdict = view_not_ready(view, why);
    BORROW(reader, view);
    bool whole = verdict == VERDICT_OK && view_sql(reader.db, "BEGIN", why); /* all of one moment */
    for (size_t i = 0; i < view_number_count && verdict == VERDICT_OK; i++)
        verdict = read_numbers(&reader, &view_numbers[i], bounds, *ret_numbers, why);
    if (whole)
        view_sql(reader.db, "COMMIT", why);
    return view_list_or_none(verdict, ret_numbers);
}
