/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and questions. Which index is walked is decided here and not by the planner, which has no statistics: the one of
 * the filters where it has few lines, else the grams; whatever remains is asked of each line on the way.
 */
#include "services/intake/view_internal.h"
#include "services/intake/view_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW 300 /* lines that are sooner read than asked of the grams */
#define CONTRACTS_MAX 50
#define SQL_BYTES_MAX 2000
#define BY_CLOSING "lines_closed_day"

/* --- pages of cases ----------------------------------------------------------------------------------------------- */

struct page {
    const struct borrowed *reader;
    const struct view_query *query;
    sqlite3_stmt *whole; /* the case of a line */
    json_t *cases;
    int64_t last; /* line on the page */
    int64_t at;   /* line that was looked at last */
    int left;     /* lines to be looked at before the grams are asked; -1: all */
    bool more;
    enum verdict verdict;
    struct why *why;
};

static bool add_case(struct page *page, const char *id)
{
    bool row = false;
    view_bind_text(page->whole, 1, id);
    page->verdict = view_step(page->reader->view, page->reader->db, page->whole, &row, page->why);
    if (row) {
        struct view_case found = {.state = view_column_json(page->whole, 0),
                                  .extraction = view_column_json(page->whole, 1),
                                  .escalation = view_column_json(page->whole, 2),
                                  .notifications = view_column_json(page->whole, 3)};
        json_array_append_new(page->cases,
                              view_render_row(&found, sqlite3_column_int(page->whole, 4)));
        view_case_clear(&found);
    }
    sqlite3_reset(page->whole);
    return page->verdict == VERDICT_OK;
}

static bool take_line(sqlite3_stmt *statement, void *context)
{
    struct page *page = context;
    const struct words_question *question = page->query->question;
    if (page->left == 0)
        return false;
    page->left -= page->left > 0;
    page->at = sqlite3_column_int64(statement, 0);
    if (question && !words_hold(question, (const char *)sqlite3_column_text(statement, 2)))
        return true;
    page->more = json_array_size(page->cases) == (size_t)page->query->limit;
    if (page->more)
        return false;
    page->last = page->at;
    return add_case(page, (const char *)sqlite3_column_text(statement, 1));
}

static bool read_cursor(const char *cursor, int64_t *ret_seq)
{
    char *end;
    *ret_seq = INT64_MAX;
    if (!cursor)
        return true;
    size_t digits = strspn(cursor + (*cursor == '-'), "0123456789");
    *ret_seq = strtoll(cursor, &end, 10);
    return digits >= 1 && digits <= 19 && *end == '\0';
}

/* --- which way ---------------------------------------------------------------------------------------------------- */

/* The one index that has exactly the lines of these filters; of the others each is narrow enough alone. */
static const char *index_for(const struct view_query *query)
{
    static const char *const by_mask[] = {
        NULL,         "lines_status",      "lines_operator",      "lines_status_operator",
        "lines_type", "lines_status_type", "lines_operator_type", "lines_status_operator_type"};
    static const char *const by_mask_of_open[] = {"lines_open", "lines_open_operator",
                                                  "lines_open_type", "lines_open_operator_type"};
    if (query->overdue)
        return "lines_overdue";
    if (query->held)
        return "lines_held";
    if (query->attention)
        return "lines_attention";
    if (query->customer)
        return "lines_customer";
    if (query->closed)
        return BY_CLOSING;
    if (query->open && !query->status) /* which says it already, or the contrary */
        return by_mask_of_open[(query->operator? 1 : 0) | (query->type ? 2 : 0)];
    return by_mask[(query->status ? 1 : 0) | (query->operator? 2 : 0) | (query->type ? 4 : 0)];
}

static bool by_closing(const struct view_query *query)
{
    const char *index = index_for(query);
    return index && strcmp(index, BY_CLOSING) == 0;
}

static void add_filters(struct buf *sql, const struct view_query *query)
{
    buf_add_text(sql, " WHERE l.seq < ?1 AND l.seq >= ?2");
    if (query->status)
        buf_add_text(sql, " AND l.status = ?3");
    if (query->operator)
        buf_add_text(sql, " AND l.operator = ?4");
    if (query->type)
        buf_add_text(sql, " AND l.type = ?5");
    if (query->customer)
        buf_add_text(sql, " AND l.customer = ?6");
    if (query->held)
        buf_add_text(sql, " AND l.held = 1");
    if (query->overdue)
        buf_add_text(sql, " AND l.overdue = 1");
    if (query->attention)
        buf_add_text(sql, " AND l.attention = 1");
    if (query->open)
        buf_add_text(sql, " AND l.open = 1");
    if (query->closed) /* ?10: it holds for all that is asked */
        buf_add_text(sql, " AND (?10 OR (l.closed_us >= ?8 AND l.closed_us < ?9))");
}

static void bind_filters(sqlite3_stmt *statement, const struct view_query *query, int64_t before)
{
    int64_t to = query->to_us == INT64_MAX ? INT64_MAX : view_seq_at(query->to_us);
    sqlite3_bind_int64(statement, 1, before < to ? before : to);
    sqlite3_bind_int64(statement, 2, query->from_us ? view_seq_at(query->from_us) : INT64_MIN);
    const char *const texts[] = {query->status, query->operator, query->type, query->customer};
    for (int i = 0; i < (int)COUNT_OF(texts); i++)
        if (texts[i])
            view_bind_text(statement, 3 + i, texts[i]);
    if (query->closed) {
        sqlite3_bind_int64(statement, 8, query->closed_from_us);
        sqlite3_bind_int64(statement, 9, query->closed_to_us);
        sqlite3_bind_int(statement, 10, false);
    }
}

void view_find_sql(const struct view_query *query, bool by_grams, struct buf *sql)
{
    const char *index = index_for(query);
    buf_add_text(sql, "SELECT l.seq, l.id, l.words FROM ");
    if (by_grams)
        buf_add_text(sql, "grams AS g CROSS JOIN lines AS l ON l.seq = g.rowid");
    else if (index)
        buf_printf(sql, "lines AS l INDEXED BY %s", index);
    else
        buf_add_text(sql, "lines AS l");
    add_filters(sql, query);
    if (by_grams)
        buf_add_text(sql, " AND g.grams MATCH ?7 AND g.rowid < ?1 AND g.rowid >= ?2"
                          " ORDER BY g.rowid DESC");
    else if (by_closing(query))
        buf_add_text(sql, " AND l.closed_day = ?11 ORDER BY l.seq DESC LIMIT ?12");
    else
        buf_add_text(sql, " ORDER BY l.seq DESC");
}

static enum verdict read_lines(struct page *page, bool by_grams, int64_t before)
{
    CLEANUP(buf_free) struct buf sql, match;
    buf_init(&sql, SQL_BYTES_MAX);
    buf_init(&match, WORDS_BYTES_MAX);
    view_find_sql(page->query, by_grams, &sql);
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(page->reader->db, sql.data);
    bind_filters(statement, page->query, before);
    if (by_grams) {
        words_match(page->query->question, &match);
        view_bind_text(statement, 7, match.data);
    }
    enum verdict verdict = view_list_rows(page->reader, statement, take_line, page, page->why);
    return verdict == VERDICT_OK ? page->verdict : verdict;
}

/* --- a period of closing ------------------------------------------------------------------------------------------ */

/*
 * The order in which cases were closed is not that of the list, but within a day of closing their lines lie in it. Of each
 * day as many are taken as are to be looked at: the first of all are among them, however many were closed.
 */
struct closed_lines {
    int64_t *seqs;
    size_t count, room;
};

static bool take_closed(sqlite3_stmt *statement, void *context)
{
    struct closed_lines *found = context;
    if (found->count == found->room) {
        found->room = found->room ? 2 * found->room : FEW;
        found->seqs = mem_resize(found->seqs, found->room, sizeof *found->seqs);
    }
    found->seqs[found->count++] = sqlite3_column_int64(statement, 0);
    return true;
}

/* *ret_day: the first day from then on of which there are any, INT64_MAX if there is none. */
static enum verdict closing_day(struct page *page, sqlite3_stmt *statement, int64_t from,
                                int64_t *ret_day)
{
    bool row = false;
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, from);
    enum verdict verdict =
        view_step(page->reader->view, page->reader->db, statement, &row, page->why);
    *ret_day = row && sqlite3_column_type(statement, 0) != SQLITE_NULL
                   ? sqlite3_column_int64(statement, 0)
                   : INT64_MAX;
    return verdict;
}

static enum verdict closed_on(struct page *page, sqlite3_stmt *statement, int64_t day,
                              struct closed_lines *found)
{
    const struct view_query *query = page->query;
    bool whole =
        day > query->closed_from_us / VIEW_DAY_US && day < query->closed_to_us / VIEW_DAY_US;
    sqlite3_reset(statement);
    sqlite3_bind_int(statement, 10, whole);
    sqlite3_bind_int64(statement, 11, day);
    sqlite3_bind_int(statement, 12, page->left < 0 ? query->limit + 1 : page->left);
    return view_list_rows(page->reader, statement, take_closed, found, page->why);
}

static enum verdict closed_within(struct page *page, int64_t before, struct closed_lines *found)
{
    const struct view_query *query = page->query;
    CLEANUP(buf_free) struct buf sql;
    buf_init(&sql, SQL_BYTES_MAX);
    view_find_sql(query, false, &sql);
    CLEANUP(view_finalize) sqlite3_stmt *lines = view_prepare(page->reader->db, sql.data);
    CLEANUP(view_finalize)
    sqlite3_stmt *days =
        view_prepare(page->reader->db, "SELECT MIN(closed_day) FROM lines"
                                       " INDEXED BY " BY_CLOSING " WHERE closed_day >= ?1");
    int64_t day, last = query->closed_to_us / VIEW_DAY_US;
    bind_filters(lines, query, before);
    enum verdict verdict = closing_day(page, days, query->closed_from_us / VIEW_DAY_US, &day);
    while (verdict == VERDICT_OK && day <= last) {
        verdict = closed_on(page, lines, day, found);
        if (verdict == VERDICT_OK)
            verdict = closing_day(page, days, day + 1, &day);
    }
    return verdict;
}

static int newest_first(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left < right) - (left > right);
}

static enum verdict read_closed(struct page *page, int64_t before)
{
    struct closed_lines found = {0};
    enum verdict verdict = closed_within(page, before, &found);
    CLEANUP(mem_free) int64_t *seqs = found.seqs;
    CLEANUP(view_finalize)
    sqlite3_stmt *line =
        view_prepare(page->reader->db, "SELECT seq, id, words FROM lines WHERE seq = ?1");
    if (found.count)
        qsort(seqs, found.count, sizeof *seqs, newest_first);
    for (size_t i = 0; verdict == VERDICT_OK && i < found.count; i++) {
        bool row = false;
        if (i > 0 && seqs[i] == seqs[i - 1])
            continue; /* closed anew on another day between two looks */
        sqlite3_reset(line);
        sqlite3_bind_int64(line, 1, seqs[i]);
        verdict = view_step(page->reader->view, page->reader->db, line, &row, page->why);
        if (row && !take_line(line, page))
            break;
    }
    return verdict == VERDICT_OK ? page->verdict : verdict;
}

/* --- a page ------------------------------------------------------------------------------------------------------- */

/* With words and filters, the lines of the filters come first: few of them may be all there are, or enough of them hold.
 * Only behind them the grams are asked. */
static enum verdict fill_page(struct page *page, int64_t before)
{
    const char *status = page->query->status;
    if (page->query->open && status && strcmp(status, "closed") == 0)
        return VERDICT_OK; /* no case is both: none needs to be looked at to know */
    bool words = page->query->question, filters = index_for(page->query);
    page->left = words ? FEW : -1;
    page->at = before;
    if (!words || filters) {
        enum verdict verdict =
            by_closing(page->query) ? read_closed(page, before) : read_lines(page, false, before);
        if (verdict != VERDICT_OK || page->more || page->left != 0)
            return verdict;
    }
    page->left = -1;
    return read_lines(page, true, page->at);
}

enum verdict view_list(struct view *view, const struct view_query *query, json_t **ret_page,
                       struct why *why)
{
    int64_t before;
    char cursor[24];
    if (!read_cursor(query->cursor, &before))
        return reject(why, "/cursor");
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *whole =
        view_prepare(reader.db, "SELECT state, extraction, escalation, notifications, untouched"
                                " FROM cases WHERE id = ?1");
    struct page page = {
        .reader = &reader, .query = query, .whole = whole, .cases = json_array(), .why = why};
    enum verdict verdict = fill_page(&page, before);
    snprintf(cursor, sizeof cursor, "%" PRId64, page.last);
    *ret_page =
        json_pack("{s:o, s:s?}", "cases", page.cases, "next_cursor", page.more ? cursor : NULL);
    return view_list_or_none(verdict, ret_page);
}

/* --- contracts ---------------------------------------------------------------------------------------------------- */

enum verdict view_contract(struct view *view, const char *customer_id, json_t **ret_contract,
                           struct why *why)
{
    *ret_contract = NULL;
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(reader.db, "SELECT value FROM contracts WHERE customer = ?1");
    bool row;
    view_bind_text(statement, 1, customer_id);
    enum verdict verdict = view_step(view, reader.db, statement, &row, why);
    if (row)
        *ret_contract = view_column_json(statement, 0);
    return verdict;
}

enum verdict view_contract_request(struct view *view, const char *event_id, char ret_sha256[65],
                                   struct why *why)
{
    ret_sha256[0] = '\0';
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(reader.db, "SELECT sha256 FROM contract_requests WHERE id = ?1");
    bool row;
    view_bind_text(statement, 1, event_id);
    enum verdict verdict = view_step(view, reader.db, statement, &row, why);
    if (row)
        snprintf(ret_sha256, 65, "%s", (const char *)sqlite3_column_text(statement, 0));
    return verdict;
}

struct contracts {
    const struct words_question *question;
    json_t *list;
    bool more;
};

static bool take_contract(sqlite3_stmt *statement, void *context)
{
    struct contracts *found = context;
    if (found->question &&
        !words_hold(found->question, (const char *)sqlite3_column_text(statement, 2)))
        return true;
    found->more = json_array_size(found->list) == CONTRACTS_MAX;
    if (found->more)
        return false;
    json_t *value = view_column_json(statement, 1);
    json_object_set_new(value, "customer_id",
                        json_string((const char *)sqlite3_column_text(statement, 0)));
    return json_array_append_new(found->list, value) == 0;
}

/* Digits are a range of their index; words are the grams' as long as there are no digits. */
static const char *contracts_sql(bool by_digits, bool by_words)
{
    if (by_digits)
        return "SELECT customer, value, words FROM contracts INDEXED BY contracts_digits"
               " WHERE digits >= ?1 AND digits < ?1 || ':' ORDER BY digits";
    if (by_words)
        return "SELECT c.customer, c.value, c.words FROM contract_grams AS g CROSS JOIN contracts"
               " AS c ON c.seq = g.rowid WHERE g.contract_grams MATCH ?1 ORDER BY g.rowid";
    return "SELECT customer, value, words FROM contracts ORDER BY customer";
}

enum verdict view_contracts(struct view *view, const char *digits,
                            const struct words_question *question, json_t **ret_list,
                            bool *ret_more, struct why *why)
{
    struct contracts found = {.question = question, .list = json_array()};
    *ret_list = found.list;
    if (view_not_ready(view, why) != VERDICT_OK)
        return view_list_or_none(VERDICT_RETRY, ret_list);
    BORROW(reader, view);
    CLEANUP(buf_free) struct buf match;
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(reader.db, contracts_sql(digits != NULL, question != NULL));
    buf_init(&match, WORDS_BYTES_MAX);
    if (digits) {
        view_bind_text(statement, 1, digits);
    } else if (question) {
        words_match(question, &match);
        view_bind_text(statement, 1, match.data);
    }
    enum verdict verdict = view_list_rows(&reader, statement, take_contract, &found, why);
    *ret_more = found.more;
    return view_list_or_none(verdict, ret_list);
}
