/* SPDX-License-Identifier: Apache-2.0 */
/* The view's tables: no question of any kind walks over cases that its filters leave out, and none is sorted; what is kept
 * while folding is what the records say, in whatever order the topics come. */
#include "services/intake/view_internal.h"
#include "services/intake/view_words.h"

#include "common/clock.h"
#include "common/dead_letter.h"
#include "common/desk/topics.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/kakekomi-view-XXXXXX";
static struct view view;

static int open_view(void **state)
{
    (void)state;
    struct why why = {0};
    assert_non_null(mkdtemp(folder));
    view.partitions = 12;
    if (view_store_open(&view, folder, "test", &why) != VERDICT_OK)
        return -1;
    view.begun_anew = false; /* whatever is refused is to be told */
    return 0;
}

static int close_view(void **state)
{
    (void)state;
    for (int i = 0; i < VIEW_READERS; i++)
        sqlite3_close(view.readers[i]);
    for (int i = 0; i < VIEW_STATEMENTS_MAX; i++)
        sqlite3_finalize(view.statements[i].statement);
    sqlite3_close(view.writer);
    view_store_forget(&view);
    free(view.path);
    return rmdir(folder);
}

static void records_that_come_in_numbers_are_collected_while_nobody_waits_for_them(void **state)
{
    (void)state;
    static const struct {
        struct view_window window;
        bool somebody_waited, collects;
    } rows[] = {
        {{.records = 0}, false, false},
        {{.records = 199}, false, false},
        {{.records = 200}, false, true},
        {{.records = 200}, true, false},
        {{.records = 5000, .collecting = true}, false, true},
        {{.records = 5000, .collecting = true}, true, false},
        {{.records = 50, .collecting = true}, false, true},
        {{.records = 49, .collecting = true}, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(view_collects_next(&rows[i].window, rows[i].somebody_waited),
                         rows[i].collects);
}

static void the_fold_stands_back_for_many_while_nobody_waits_and_never_far_behind(void **state)
{
    (void)state;
    static const struct {
        struct view_standing now;
        bool stands_back;
    } rows[] = {
        {{.others_first = true}, true},
        {{.others_first = true, .stood_ms = VIEW_STANDING_MS_MAX - 1}, true},
        {{.others_first = true, .stood_ms = VIEW_STANDING_MS_MAX}, false},
        {{.others_first = true, .somebody_waits = true}, false},
        {{.others_first = false}, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(view_stands_back(&rows[i].now), rows[i].stands_back);
}

static struct view_query query_of(unsigned mask)
{
    return (struct view_query){.status = mask & 1 ? "closed" : NULL,
                               .operator= mask & 2 ? "operator-1" : NULL,
                               .type = mask & 4 ? "ddos" : NULL,
                               .customer = mask & 8 ? "SAMPLE-A" : NULL,
                               .held = mask & 16,
                               .overdue = mask & 32,
                               .open = mask & 64,
                               .attention = mask & 128,
                               .closed = mask & 256};
}

/* How a plan says what SQLite does with each table. */
static char *plan_of(const char *sql)
{
    struct buf plan;
    CLEANUP(mem_free) char *text = mem_printf("EXPLAIN QUERY PLAN %s", sql);
    CLEANUP(view_finalize) sqlite3_stmt *statement = view_prepare(view.writer, text);
    assert_non_null(statement);
    buf_init(&plan, 4000);
    while (sqlite3_step(statement) == SQLITE_ROW)
        buf_printf(&plan, "%s\n", (const char *)sqlite3_column_text(statement, 3));
    return plan.data;
}

static const char *expected_index(unsigned mask)
{
    static const char *const by_mask[] = {
        NULL,          "lines_status ",      "lines_operator ",      "lines_status_operator ",
        "lines_type ", "lines_status_type ", "lines_operator_type ", "lines_status_operator_type "};
    static const char *const of_open[] = {"lines_open ", "lines_open_operator ", "lines_open_type ",
                                          "lines_open_operator_type "};
    return mask & 32                  ? "lines_overdue "
           : mask & 16                ? "lines_held "
           : mask & 128               ? "lines_attention "
           : mask & 8                 ? "lines_customer "
           : mask & 64 && !(mask & 1) ? of_open[mask >> 1 & 3]
                                      : by_mask[mask & 7];
}

static void every_combination_of_filters_walks_its_own_index(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 256; mask++) {
        struct view_query query = query_of(mask);
        CLEANUP(buf_free) struct buf sql;
        buf_init(&sql, 4000);
        view_find_sql(&query, false, &sql);
        CLEANUP(mem_free) char *plan = plan_of(sql.data);
        const char *index = expected_index(mask);
        assert_non_null(strstr(
            plan, index ? index : "SEARCH l USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"));
        assert_int_equal(strncmp(plan, "SEARCH l USING", 14), 0);
        /* The period and the page are a range of the index; what the filters fix stands before it. */
        assert_non_null(strstr(plan, "rowid"));
        assert_null(strstr(plan, "SCAN"));
        assert_null(strstr(plan, "TEMP B-TREE"));
        assert_ptr_equal(strchr(plan, '\n'), plan + strlen(plan) - 1);
    }
}

/* Of a day of closing alone, in the order of the list. */
static void a_period_of_closing_is_found_by_its_days_unless_another_index_is_narrower(void **state)
{
    (void)state;
    for (unsigned mask = 256; mask < 512; mask++) {
        struct view_query query = query_of(mask);
        CLEANUP(buf_free) struct buf sql;
        buf_init(&sql, 4000);
        view_find_sql(&query, false, &sql);
        CLEANUP(mem_free) char *plan = plan_of(sql.data);
        if (mask & (8 | 16 | 32 | 128)) {
            assert_non_null(strstr(plan, expected_index(mask & 255)));
        } else {
            assert_int_equal(strncmp(plan, "SEARCH l USING ", 15), 0);
            assert_non_null(
                strstr(plan, " lines_closed_day (closed_day=? AND rowid>? AND rowid<?)\n"));
            assert_ptr_equal(strchr(plan, '\n'), plan + strlen(plan) - 1);
        }
        assert_null(strstr(plan, "SCAN"));
        assert_null(strstr(plan, "TEMP B-TREE"));
    }
}

static void words_are_asked_of_the_grams_in_the_order_of_the_list(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 512; mask++) {
        struct view_query query = query_of(mask);
        CLEANUP(buf_free) struct buf sql;
        buf_init(&sql, 4000);
        view_find_sql(&query, true, &sql);
        CLEANUP(mem_free) char *plan = plan_of(sql.data);
        assert_int_equal(strncmp(plan, "SCAN g VIRTUAL TABLE INDEX", 26),
                         0); /* FTS5 calls a lookup so */
        assert_non_null(strstr(plan, "\nSEARCH l USING INTEGER PRIMARY KEY (rowid=?)\n"));
        assert_null(strstr(plan, "TEMP B-TREE"));
    }
}

/* --- whom to help now ---------------------------------------------------------------------------------------------------- */

#define CASE_Q "01900000-0000-7000-8000-0000000000aa"
#define CASE_P "01900000-0000-7000-8000-0000000000ab"

static void fold(int topic, const char *key, const char *type, json_t *value);

/* An event of the chain, from whoever has this role. */
static void act(const char *case_id, const char *type, const char *role, const char *members)
{
    struct why why = {0};
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view.writer, "SELECT json_extract(state, '$.head') FROM cases WHERE id = ?1");
    bool row;
    view_bind_text(statement, 1, case_id);
    assert_int_equal(view_step(&view, view.writer, statement, &row, &why), VERDICT_OK);
    json_t *data = json_pack("{s:s?, s:{s:s, s:s}, s:i}", "extends",
                             row ? (const char *)sqlite3_column_text(statement, 0) : NULL, "actor",
                             "id", role, "role", role, "rules", CASE_RULES_VERSION);
    json_object_update_new(data, json_loads(members, 0, NULL));
    fold(VIEW_CASES, case_id, type, data);
}

#define HEARING(summary)                                                                           \
    "\"hearing\":{\"contact\":{\"company\":\"見本\",\"person\":\"見本 "                            \
    "花子\",\"phone\":\"0300001234\"},"                                                            \
    "\"incident\":{\"summary\":\"" summary "\"}}"

static json_t *page_of(const struct view_query *asked)
{
    struct why why = {0};
    struct view_query query = *asked;
    json_t *page = NULL;
    query.to_us = INT64_MAX;
    query.limit = 200;
    assert_int_equal(view_list(&view, &query, &page, &why), VERDICT_OK);
    json_t *cases = json_incref(json_object_get(page, "cases"));
    json_decref(page);
    return cases;
}

/* Why this case is in the list of those that need somebody; "-": it is not. */
static char *attention_of(const char *case_id)
{
    json_auto_t *cases = page_of(&(struct view_query){.attention = true});
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *line = json_array_get(cases, i);
        if (strcmp(json_string_value(json_object_get(line, "id")), case_id) == 0)
            return json_dumps(json_object_get(line, "attention"), JSON_COMPACT);
    }
    return mem_strdup("-");
}

#define ASSERT_ATTENTION(case_id, expected)                                                        \
    do {                                                                                           \
        CLEANUP(mem_free) char *text_ = attention_of(case_id);                                     \
        assert_string_equal(text_, expected);                                                      \
    } while (0)

static void escalation_stands(const char *case_id, const char *status)
{
    fold(VIEW_ESCALATION, case_id, "escalation.status", json_loads(status, 0, NULL));
}

static void notices_stand(const char *case_id, const char *status)
{
    fold(VIEW_NOTICES, case_id, "notices.updated", json_loads(status, 0, NULL));
}

static void who_needs_somebody_is_listed_until_somebody_comes(void **state)
{
    (void)state;
    act(CASE_Q, "case.opened", "operator", "{\"out_of_hours\":true," HEARING("x") "}");
    act(CASE_P, "case.opened", "operator", "{" HEARING("x") "}");
    ASSERT_ATTENTION(CASE_P, "-");
    ASSERT_ATTENTION(CASE_Q, "[\"untouched\"]");
    act(CASE_Q, "note.added", "machine", "{\"text\":\"from a program\"}");
    ASSERT_ATTENTION(CASE_Q, "[\"untouched\"]");
    act(CASE_Q, "note.added", "supervisor", "{\"text\":\"called back\"}");
    ASSERT_ATTENTION(CASE_Q, "-");
    act(CASE_Q, "note.added", "machine", "{\"text\":\"and again\"}");
    ASSERT_ATTENTION(CASE_Q, "-");

    escalation_stands(CASE_Q, "{\"state\":\"held\"}");
    ASSERT_ATTENTION(CASE_Q, "[\"held\"]");
    notices_stand(CASE_Q, "{\"next_steps\":[{\"step\":\"make_sure\"}]}");
    ASSERT_ATTENTION(CASE_Q, "[\"held\",\"next_steps\"]");
    notices_stand(CASE_Q, "{\"next_steps\":[{\"step\":\"make_sure\",\"done\":true}]}");
    escalation_stands(CASE_Q, "{\"state\":\"overdue\"}");
    ASSERT_ATTENTION(CASE_Q, "[\"overdue\"]");
    act(CASE_Q, "case.closed", "operator", "{\"outcome\":\"no_incident\",\"reason\":\"x\"}");
    ASSERT_ATTENTION(CASE_Q, "-");
    json_auto_t *open = page_of(&(struct view_query){.open = true});
    assert_int_equal(json_array_size(open), 1);
    json_auto_t *closed = page_of(&(struct view_query){.status = "closed"});
    assert_int_equal(json_array_size(closed), 1);
    json_auto_t *none = page_of(&(struct view_query){.status = "closed", .open = true});
    assert_int_equal(json_array_size(none), 0);
    act(CASE_Q, "case.reopened", "operator", "{\"reason\":\"x\"}");
    ASSERT_ATTENTION(CASE_Q, "[\"overdue\"]");
}

#define ASSERT_MEMBER(line, name, expected)                                                        \
    do {                                                                                           \
        CLEANUP(mem_free)                                                                          \
        char *text_ = json_dumps(json_object_get(line, name), JSON_ENCODE_ANY | JSON_COMPACT);     \
        assert_non_null(text_);                                                                    \
        assert_string_equal(text_, expected);                                                      \
    } while (0)

/* Ids of what was closed in the period, in the order of the list. */
static char *closed_within(int64_t from_us, int64_t to_us)
{
    json_auto_t *cases = page_of(
        &(struct view_query){.closed = true, .closed_from_us = from_us, .closed_to_us = to_us});
    struct buf ids;
    buf_init(&ids, 4000);
    buf_add_text(&ids, "");
    for (size_t i = 0; i < json_array_size(cases); i++)
        buf_printf(&ids, "%s ", json_string_value(json_object_get(json_array_get(cases, i), "id")));
    return ids.data ? ids.data : mem_strdup("");
}

#define ASSERT_CLOSED(from_us, to_us, expected)                                                    \
    do {                                                                                           \
        CLEANUP(mem_free) char *ids_ = closed_within(from_us, to_us);                              \
        assert_string_equal(ids_, expected);                                                       \
    } while (0)

static int64_t closed_at(const char *case_id)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view.writer, "SELECT closed_us FROM lines WHERE id = ?1");
    view_bind_text(statement, 1, case_id);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    return sqlite3_column_int64(statement, 0);
}

static void close_case(const char *case_id)
{
    act(case_id, "case.closed", "operator", "{\"outcome\":\"no_incident\",\"reason\":\"x\"}");
}

static void what_was_closed_is_found_by_when_in_the_order_of_the_opening(void **state)
{
    (void)state;
    int64_t before = clock_now_us();
    act(CASE_P, "case.opened", "operator", "{" HEARING("x") "}");
    act(CASE_Q, "case.opened", "operator", "{" HEARING("x") "}");
    ASSERT_CLOSED(0, INT64_MAX, "");
    close_case(CASE_Q);
    close_case(CASE_P);
    int64_t first = closed_at(CASE_Q), second = closed_at(CASE_P);
    assert_true(before <= first && first < second);
    ASSERT_CLOSED(before, second + 1, CASE_Q " " CASE_P " ");
    ASSERT_CLOSED(first, second, CASE_Q " ");
    ASSERT_CLOSED(first + 1, second + 1, CASE_P " ");
    ASSERT_CLOSED(second + 1, second, "");
    ASSERT_CLOSED(second + 1, INT64_MAX, "");
    json_auto_t *theirs = page_of(&(struct view_query){
        .closed = true, .closed_to_us = INT64_MAX, .operator= "operator", .status = "closed"});
    assert_int_equal(json_array_size(theirs), 2);
    json_auto_t *open =
        page_of(&(struct view_query){.closed = true, .closed_to_us = INT64_MAX, .open = true});
    assert_int_equal(json_array_size(open), 0);
    struct why why = {0};
    json_t *counted = NULL;
    assert_int_equal(view_day(&view, first, second, clock_now_us(), &counted, &why), VERDICT_OK);
    ASSERT_MEMBER(counted, "closed", "1");
    json_decref(counted);
    act(CASE_Q, "case.reopened", "operator", "{\"reason\":\"x\"}");
    ASSERT_CLOSED(before, INT64_MAX, CASE_P " ");
    close_case(CASE_Q);
    ASSERT_CLOSED(second + 1, INT64_MAX, CASE_Q " ");
}

/* What other services say may be read before the case, as after a rebuild. */
static void the_order_of_the_topics_does_not_matter(void **state)
{
    (void)state;
    static const char id[] = "01900000-0000-7000-8000-0000000000ac";
    notices_stand(id, "{\"next_steps\":[{\"step\":\"confirm_address\"}]}");
    escalation_stands(id, "{\"state\":\"held\"}");
    ASSERT_ATTENTION(id, "-");
    act(id, "case.opened", "machine", "{" HEARING("x") "}");
    ASSERT_ATTENTION(id, "[\"held\",\"next_steps\",\"untouched\"]");
    notices_stand(id, "{\"next_steps\":[]}");
    escalation_stands(id, "{\"state\":\"none\"}");
    ASSERT_ATTENTION(id, "[\"untouched\"]");
    act(id, "hearing.amended", "operator", "{\"patch\":{\"contact\":{\"department\":\"総務\"}}}");
    ASSERT_ATTENTION(id, "-");
}

static json_t *line_of(const char *case_id)
{
    json_auto_t *cases = page_of(&(struct view_query){0});
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *line = json_array_get(cases, i);
        if (strcmp(json_string_value(json_object_get(line, "id")), case_id) == 0)
            return json_incref(line);
    }
    fail_msg("no line");
    return NULL;
}

static void a_line_says_what_a_queue_shows(void **state)
{
    (void)state;
    static const char id[] = "01900000-0000-7000-8000-0000000000ad";
#define TEN "一二三四五六七八九😀"
#define FIFTY TEN TEN TEN TEN TEN
    act(id, "case.opened", "operator", "{" HEARING(FIFTY FIFTY FIFTY) "}");
    json_auto_t *bare = line_of(id);
    ASSERT_MEMBER(bare, "summary", "\"" FIFTY FIFTY TEN TEN "\"");
    ASSERT_MEMBER(bare, "person", "\"見本 花子\"");
    ASSERT_MEMBER(bare, "opened_by", "\"operator\"");
    ASSERT_MEMBER(bare, "detections", "0");
    ASSERT_MEMBER(bare, "blocked", "0");
    ASSERT_MEMBER(bare, "reasons", "[]");
    ASSERT_MEMBER(bare, "reply_by", "null");
    ASSERT_MEMBER(bare, "due", "null");
    ASSERT_MEMBER(bare, "next_steps", "[]");
    ASSERT_MEMBER(bare, "attention", "[]");
    assert_true(json_is_string(json_object_get(bare, "changed_at")));

    fold(VIEW_EXTRACTIONS, id, "extraction.updated",
         json_loads("{\"status\":\"found\",\"searches\":["
                    "{\"id\":\"a\",\"status\":\"found\",\"detections\":3,\"blocked\":1},"
                    "{\"id\":\"b\",\"status\":\"found\",\"detections\":7,\"blocked\":2},"
                    "{\"id\":\"c\",\"status\":\"searching\"}]}",
                    0, NULL));
    escalation_stands(
        id, "{\"state\":\"held\",\"handover\":\"h2\",\"reasons\":[{\"code\":\"hearing\","
            "\"pointer\":\"/a\"},"
            "{\"code\":\"hearing\",\"pointer\":\"/b\"},{\"code\":\"consent\"}],\"handovers\":["
            "{\"id\":\"h1\",\"state\":\"declined\",\"reply_by\":\"2026-11-26T01:00:00Z\"}]}");
    notices_stand(
        id,
        "{\"clocks\":[{\"clock\":\"inactive\",\"due_at\":\"2026-11-26T05:00:00Z\",\"ja\":\"ア\","
        "\"en\":\"A\"},"
        "{\"clock\":\"callback\",\"due_at\":\"2026-11-26T03:00:00Z\",\"ja\":\"イ\",\"en\":\"B\","
        "\"change\":\"7\"},"
        "{\"clock\":\"reply_by\",\"due_at\":\"2026-11-26T01:00:00Z\",\"ja\":\"ウ\",\"en\":\"C\","
        "\"fired_at\":\"2026-11-26T01:00:00Z\"}],\"next_steps\":["
        "{\"step\":\"make_sure\",\"since\":\"s\",\"ja\":\"ジ\",\"en\":\"E\",\"notice\":\"n\"},"
        "{\"step\":\"call_customer\",\"since\":\"s\",\"ja\":\"ジ\",\"en\":\"E\",\"done\":true}]}");
    json_auto_t *held = line_of(id);
    ASSERT_MEMBER(held, "detections", "7");
    ASSERT_MEMBER(held, "blocked", "2");
    ASSERT_MEMBER(held, "reasons", "[\"hearing\",\"consent\"]");
    ASSERT_MEMBER(held, "reply_by", "null");
    ASSERT_MEMBER(held, "due",
                  "{\"clock\":\"callback\",\"due_at\":\"2026-11-26T03:00:00Z\",\"ja\":\"イ\","
                  "\"en\":\"B\"}");
    ASSERT_MEMBER(held, "next_steps",
                  "[{\"step\":\"make_sure\",\"since\":\"s\",\"ja\":\"ジ\",\"en\":\"E\"}]");
    ASSERT_MEMBER(held, "attention", "[\"held\",\"next_steps\"]");
    escalation_stands(
        id,
        "{\"state\":\"offered\",\"handover\":\"h2\",\"reasons\":[{\"code\":\"x\"}],\"handovers\":["
        "{\"id\":\"h2\",\"state\":\"offered\",\"reply_by\":\"2026-11-27T01:00:00Z\"}]}");
    json_auto_t *offered = line_of(id);
    ASSERT_MEMBER(offered, "reasons", "[]");
    ASSERT_MEMBER(offered, "reply_by", "\"2026-11-27T01:00:00Z\"");
}

static int forget_cases(void **state)
{
    (void)state;
    return view_sql(view.writer,
                    "DELETE FROM lines; DELETE FROM statuses; DELETE FROM cases;"
                    "INSERT INTO grams (grams) VALUES ('delete-all'); DELETE FROM events; DELETE "
                    "FROM handovers;",
                    &(struct why){0})
               ? 0
               : -1;
}

/* --- many that were closed ---------------------------------------------------------------------------------------- */

#define CLOSED_CASES 1500
#define CLOSED_DAYS 6

static struct {
    int64_t closed_us;
    bool mine, named;
} closed_cases[CLOSED_CASES]; /* the number of the line is the place and one */

static unsigned dice(unsigned sides)
{
    static uint64_t state = 20261127;
    state = state * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(state >> 33) % sides;
}

static void store_closed(int64_t at, json_t *whole)
{
    CLEANUP(buf_free) struct buf words, grams;
    buf_init(&words, 10000);
    buf_init(&grams, 10000);
    words_of_case(whole, NULL, &words);
    words_grams(words.data, &grams);
    CLEANUP(mem_free) char *text = json_dumps(whole, JSON_COMPACT);
    CLEANUP(mem_free)
    char *sql = mem_printf("INSERT INTO cases (id, state, seq) VALUES ('%1$" PRId64 "', '%2$s', "
                           "%1$" PRId64 ");"
                           "INSERT INTO lines (seq, id, status, operator, closed_us, open, words)"
                           " VALUES (%1$" PRId64 ", '%1$" PRId64 "', 'closed', '%3$s', %4$" PRId64
                           ", 0, '%5$s');"
                           "INSERT INTO grams (rowid, text) VALUES (%1$" PRId64 ", '%6$s');",
                           at + 1, text, closed_cases[at].mine ? "me" : "other",
                           closed_cases[at].closed_us, words.data, grams.data);
    struct why why = {0};
    if (!view_sql(view.writer, sql, &why))
        fail_msg("%s", why.text);
}

/* Some at the first and the last microsecond of a day, which belongs to it. */
static void close_many(void)
{
    assert_true(view_sql(view.writer, "BEGIN", &(struct why){0}));
    for (int64_t at = 0; at < CLOSED_CASES; at++) {
        int64_t day = 20000 + dice(CLOSED_DAYS), within = dice(10) ? dice(86400) * 1000000LL : 0;
        closed_cases[at].closed_us = day * VIEW_DAY_US + (dice(20) ? within : VIEW_DAY_US - 1);
        closed_cases[at].mine = dice(20) == 0;
        closed_cases[at].named = dice(3) == 0;
        json_auto_t *whole =
            json_pack("{s:o, s:{s:{s:s}}}", "id", json_sprintf("%" PRId64, at + 1), "hearing",
                      "contact", "company", closed_cases[at].named ? "雫花商会" : "別の店");
        store_closed(at, whole);
    }
    assert_true(view_sql(view.writer, "COMMIT", &(struct why){0}));
}

static bool is_wanted(int64_t at, const struct view_query *query)
{
    return closed_cases[at].closed_us >= query->closed_from_us &&
           closed_cases[at].closed_us < query->closed_to_us &&
           (!query->operator|| closed_cases[at].mine) &&
           (!query->question || closed_cases[at].named);
}

/* Page by page; each line in its order and none but those. */
static int assert_pages(struct view_query *query)
{
    int64_t at = CLOSED_CASES;
    char cursor[24] = "";
    int pages = 0;
    do {
        struct why why = {0};
        json_auto_t *page = NULL;
        query->cursor = *cursor ? cursor : NULL;
        assert_int_equal(view_list(&view, query, &page, &why), VERDICT_OK);
        const json_t *cases = json_object_get(page, "cases");
        for (size_t i = 0; i < json_array_size(cases); i++) {
            for (at--; at >= 0 && !is_wanted(at, query); at--)
                ;
            const char *id = json_string_value(json_object_get(json_array_get(cases, i), "id"));
            assert_int_equal(strtoll(id, NULL, 10), at + 1);
        }
        const char *next = json_string_value(json_object_get(page, "next_cursor"));
        snprintf(cursor, sizeof cursor, "%s", next ? next : "");
        pages++;
    } while (*cursor);
    for (at--; at >= 0; at--)
        assert_false(is_wanted(at, query));
    return pages;
}

static void of_many_that_were_closed_each_page_has_the_next_of_the_list(void **state)
{
    (void)state;
    static const int limits[] = {1, 7, 50, 200};
    CLEANUP(words_clear) struct words_question named;
    assert_int_equal(words_read("雫花", &named, &(struct why){0}), VERDICT_OK);
    close_many();
    int pages = 0;
    for (int turn = 0; turn < 80; turn++) {
        int64_t first = 19999 * VIEW_DAY_US + dice(8 * 24) * 3600000000LL;
        struct view_query query = {.closed = true,
                                   .closed_from_us = first,
                                   .closed_to_us = first + dice(8 * 24) * 3600000000LL,
                                   .to_us = INT64_MAX,
                                   .operator= turn & 1 ? "me" : NULL,
                                   .question = turn & 2 ? &named : NULL,
                                   .limit = limits[dice(COUNT_OF(limits))]};
        pages += assert_pages(&query);
    }
    assert_true(pages > 500);
}

/* --- the numbers of a day --------------------------------------------------------------------------------------------- */

static void no_number_of_a_day_walks_over_other_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < view_number_count; i++) {
        CLEANUP(mem_free) char *plan = plan_of(view_numbers[i].sql);
        if (strcmp(plan, "SCAN statuses\n") == 0)
            continue; /* as many rows as there are statuses */
        assert_non_null(strstr(plan, "SEARCH "));
        assert_null(strstr(plan, "SCAN "));
    }
}

static void fold(int topic, const char *key, const char *type, json_t *value)
{
    static int64_t offset;
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE], type_text[96];
    struct event_headers headers;
    struct why why = {0};
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 100000);
    event_dump_json(value, &text);
    json_decref(value);
    ids_uuid7(clock_now_us(), id);
    clock_format_us(clock_now_us(), time);
    event_headers_make(type, id, "/kakekomi/test", time, key, NULL, type_text, &headers);
    struct kafka_record record = {.topic = topics_full_name(view_topics[topic]),
                                  .at = {.partition = 3, .offset = offset++},
                                  .key = bytes_of(key),
                                  .value = {.data = text.data, .length = text.length},
                                  .header_count = headers.count};
    memcpy(record.headers, headers.list, headers.count * sizeof *headers.list);
    if (view_store_record(&view, topic, &record, &why) != VERDICT_OK)
        fail_msg("%s", why.text);
}

static json_t *numbers(const char *day)
{
    struct why why = {0};
    json_t *found = NULL;
    int64_t from_us;
    assert_true(clock_parse(day, strlen(day), &from_us));
    int64_t to_us = from_us + 24LL * 3600 * 1000000;
    assert_int_equal(view_day(&view, from_us, to_us, clock_now_us(), &found, &why), VERDICT_OK);
    return found;
}

/* Without its lists, which are looked at below. */
static json_t *plain_numbers(const char *day)
{
    json_t *found = numbers(day);
    assert_int_equal(json_array_size(json_object_get(found, "opened_by_hour")), 24);
    json_object_del(found, "opened_by_hour");
    assert_true(json_is_array(json_object_get(json_object_get(found, "left"), "list")));
    json_object_del(json_object_get(found, "left"), "list");
    return found;
}

#define ASSERT_NUMBERS(day, expected)                                                              \
    do {                                                                                           \
        json_auto_t *found_ = plain_numbers(day);                                                  \
        json_auto_t *wanted_ = json_loads(expected, 0, NULL);                                      \
        assert_non_null(wanted_);                                                                  \
        CLEANUP(mem_free) char *text_ = json_dumps(found_, JSON_SORT_KEYS);                        \
        if (!json_equal(found_, wanted_))                                                          \
            fail_msg("%s", text_);                                                                 \
    } while (0)

#define QUIET(held, overdue)                                                                       \
    "{\"opened\":0,\"out_of_hours\":0,\"in_time\":0,\"held\":" held ",\"overdue\":" overdue        \
    ",\"closed\":0,\"handed_over\":0,\"left\":{\"cases\":0,\"handovers\":0,\"items\":0,\"bytes\":" \
    "0},"                                                                                          \
    "\"notices_failed\":0,\"dead_letters\":0,\"cases\":"

#define DAY "2026-11-26T00:00:00+09:00"
#define DAY_BEFORE "2026-11-25T00:00:00+09:00"

static void index_case(const char *id, const char *opened_at, const char *answered_at, bool closed)
{
    struct stored_case stored = {.id = id};
    stored.state = json_pack("{s:s, s:s, s:{s:s}, s:b}", "id", id, "opened_at", opened_at,
                             "opened_by", "id", "operator-1", "out_of_hours", closed);
    if (closed)
        json_object_set_new(stored.state, "closed", json_object());
    stored.extraction =
        json_pack("{s:[{s:s, s:s}, {s:s, s:s*}]}", "searches", "status", "failed", "finished_at",
                  opened_at, "status", "none", "finished_at", answered_at);
    assert_true(view_index_case(&view, &stored));
    int64_t seq = stored.seq;
    json_object_set_new(stored.state, "closed", json_object()); /* and once more, changed */
    assert_true(view_index_case(&view, &stored));
    assert_true(view_index_case(&view, &stored));
    assert_int_equal(stored.seq, seq);
    json_decref(stored.state);
    json_decref(stored.extraction);
}

static void cases_are_counted_on_the_day_of_the_desk(void **state)
{
    (void)state;
    ASSERT_NUMBERS(DAY, QUIET("0", "0") "{}}");
    index_case("01900000-0000-7000-8000-000000000001", "2026-11-25T14:59:59.999999Z",
               "2026-11-25T15:29:59.999999Z", false); /* to the microsecond a call's length */
    index_case("01900000-0000-7000-8000-000000000002", "2026-11-25T15:00:00Z",
               "2026-11-25T15:30:00.000001Z", true);
    index_case("01900000-0000-7000-8000-000000000003", "2026-11-26T14:59:59.999999Z", NULL, false);
    ASSERT_NUMBERS(
        DAY_BEFORE,
        "{\"opened\":1,\"out_of_hours\":0,\"in_time\":1,\"held\":0,\"overdue\":0,"
        "\"closed\":0,\"handed_over\":0,\"left\":{\"cases\":0,\"handovers\":0,\"items\":0,"
        "\"bytes\":0},\"notices_failed\":0,\"dead_letters\":0,\"cases\":{\"closed\":3}}");
    ASSERT_NUMBERS(
        DAY, "{\"opened\":2,\"out_of_hours\":1,\"in_time\":0,\"held\":0,\"overdue\":0,"
             "\"closed\":0,\"handed_over\":0,\"left\":{\"cases\":0,\"handovers\":0,\"items\":0,"
             "\"bytes\":0},\"notices_failed\":0,\"dead_letters\":0,\"cases\":{\"closed\":3}}");
    json_auto_t *found = numbers(DAY);
    const json_t *hours = json_object_get(found, "opened_by_hour");
    for (size_t i = 0; i < 24;
         i++) /* the second case at midnight, the third at the end of the day */
        assert_int_equal(json_integer_value(json_array_get(hours, i)), i == 0 || i == 23);
    assert_true(
        view_sql(view.writer, "DELETE FROM lines; DELETE FROM statuses;", &(struct why){0}));
}

#define CASE_A "01900000-0000-7000-8000-00000000000a"
#define CASE_B "01900000-0000-7000-8000-00000000000b"

static json_t *handover(const char *id, const char *offered_at, const char *released_at)
{
    return json_pack("{s:s, s:s, s:s*, s:s*, s:[{s:i}, {s:i}]}", "id", id, "state", "released",
                     "offered_at", offered_at, "released_at", released_at, "items", "length", 100,
                     "length", 23);
}

static void what_left_is_counted_once_for_each_hand_over(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) /* the same words again change nothing */
        fold(VIEW_ESCALATION, CASE_A, "escalation.status",
             json_pack("{s:s, s:[o, o, o]}", "state", "released", "handovers",
                       handover("h1", "2026-11-25T09:00:00+09:00", "2026-11-26T00:00:00+09:00"),
                       handover("h2", "2026-11-26T09:00:00+09:00", "2026-11-26T09:10:00+09:00"),
                       handover("h3", NULL, NULL)));
    fold(VIEW_ESCALATION, CASE_B, "escalation.status",
         json_pack("{s:s, s:[o]}", "state", "offered", "handovers",
                   handover("h4", "2026-11-26T10:00:00+09:00", NULL)));
    ASSERT_NUMBERS(
        DAY, "{\"opened\":0,\"out_of_hours\":0,\"in_time\":0,\"held\":0,\"overdue\":0,"
             "\"closed\":0,\"handed_over\":2,\"left\":{\"cases\":1,\"handovers\":2,\"items\":4,"
             "\"bytes\":246},\"notices_failed\":0,\"dead_letters\":0,\"cases\":{}}");
    for (int i = 0; i < 2; i++)
        fold(VIEW_ESCALATION, i ? CASE_B : CASE_A, "escalation.status",
             json_pack("{s:s, s:[]}", "state", "none", "handovers"));
    ASSERT_NUMBERS(DAY, QUIET("0", "0") "{}}");
}

static const char left_state[] =
    "{\"id\":\"" CASE_A
    "\",\"number\":\"AAA-AAA-AAA-A\",\"hearing\":{\"contact\":{\"company\":\"見本\"}},"
    "\"consents\":["
    "{\"revision\":2,\"document\":\"d\",\"version\":\"1\",\"sha256\":\"a\",\"channel\":\"web\","
    "\"given_at\":\"t2\","
    "\"scopes\":[\"desk\",\"provision\"],\"withdrawn\":{\"revision\":4}},"
    "{\"revision\":5,\"document\":\"d\",\"version\":\"1\",\"sha256\":\"a\",\"channel\":\"paper\","
    "\"given_at\":\"t5\",\"scopes\":[\"provision\"],\"withdrawn\":{\"revision\":12}},"
    "{\"revision\":6,\"document\":\"d\",\"version\":\"1\",\"sha256\":\"a\",\"channel\":\"web\","
    "\"given_at\":\"t6\","
    "\"scopes\":[\"report\"],\"withdrawn\":{\"revision\":12}},"
    "{\"revision\":15,\"document\":\"d\",\"version\":\"2\",\"sha256\":\"b\",\"channel\":\"web\","
    "\"given_at\":\"t15\",\"scopes\":[\"provision\"]}],"
    "\"handovers\":[{\"id\":\"h1\",\"provider\":\"p\",\"requested_by\":{\"id\":\"operator-1\","
    "\"role\":\"operator\"}},"
    "{\"id\":\"h2\",\"provider\":\"p\",\"requested_by\":{\"id\":\"operator-2\",\"role\":"
    "\"operator\"},"
    "\"supplement_of\":\"h1\"}]}";

/* The consent as it stood when the gate passed, whatever came afterwards. */
static void what_left_is_listed_with_the_consent_that_it_went_on(void **state)
{
    (void)state;
    json_auto_t *chain = json_loads(left_state, 0, NULL);
    assert_non_null(chain);
    static const struct {
        const char *handover;
        int64_t passed;
        const char *kind, *by, *given_at;
    } lines[] = {
        {"h1", 3, "handover", "operator-1", "t2"},    {"h1", 4, "handover", "operator-1", NULL},
        {"h1", 5, "handover", "operator-1", "t5"},    {"h2", 11, "supplement", "operator-2", "t5"},
        {"h2", 12, "supplement", "operator-2", NULL}, {"h2", 20, "supplement", "operator-2", "t15"},
        {"h9", 20, "handover", NULL, "t15"}};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct view_left left = {.handover = lines[i].handover,
                                 .released_us = 1795622400000000,
                                 .items = 3,
                                 .bytes = 77,
                                 .passed_revision = lines[i].passed};
        json_auto_t *row = view_left_row(&left, chain);
        json_auto_t *wanted = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s?, s:i, s:i, s:s, s:s?}", "id", CASE_A, "number",
            "AAA-AAA-AAA-A", "company", "見本", "handover", lines[i].handover, "kind",
            lines[i].kind, "provider", lines[i].by ? "p" : NULL, "items", 3, "bytes", 77,
            "released_at", "2026-11-25T16:00:00.000000Z", "requested_by", lines[i].by);
        const json_t *consent = json_object_get(row, "consent");
        if (lines[i].given_at)
            assert_string_equal(json_string_value(json_object_get(consent, "given_at")),
                                lines[i].given_at);
        else
            assert_true(json_is_null(consent));
        json_object_del(row, "consent");
        CLEANUP(mem_free) char *text = json_dumps(row, 0);
        if (!json_equal(row, wanted))
            fail_msg("%s", text);
    }
}

static void the_newest_hundred_of_a_day_are_listed(void **state)
{
    (void)state;
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view.writer, "INSERT OR REPLACE INTO cases (id, state) VALUES (?1, ?2)");
    view_bind_text(statement, 1, CASE_A);
    view_bind_text(statement, 2, left_state);
    assert_true(view_run(statement));
    json_t *all = json_array();
    for (int i = 0; i < 120; i++) {
        char id[8], released[40];
        snprintf(id, sizeof id, "h%d", i);
        snprintf(released, sizeof released, "2026-11-26T%02d:%02d:00+09:00", i / 60, i % 60);
        json_array_append_new(all, handover(id, "2026-11-25T09:00:00+09:00", released));
    }
    json_array_append_new(
        all, handover("before", "2026-11-25T09:00:00+09:00", "2026-11-25T23:59:59+09:00"));
    fold(VIEW_ESCALATION, CASE_A, "escalation.status",
         json_pack("{s:s, s:o}", "state", "released", "handovers", all));
    json_auto_t *found = numbers(DAY);
    const json_t *list = json_object_get(json_object_get(found, "left"), "list");
    assert_int_equal(json_array_size(list), 100);
    for (size_t i = 0; i < 100; i++) {
        char id[8];
        snprintf(id, sizeof id, "h%d", 119 - (int)i);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "handover")),
                            id);
    }
}

static json_t *notices(const char *status, const char *failed_at)
{
    return json_pack("{s:[{s:s, s:s, s:s, s:s*}]}", "notices", "id", "n1", "status", status,
                     "planned_at", "2026-11-25T09:00:00+09:00", "failed_at", failed_at);
}

static json_int_t failed_on(const char *day)
{
    json_auto_t *found = numbers(day);
    return json_integer_value(json_object_get(found, "notices_failed"));
}

static void a_notice_has_failed_until_it_is_sent(void **state)
{
    (void)state;
    fold(VIEW_NOTICES, CASE_A, "notices.updated", notices("planned", NULL));
    assert_int_equal(failed_on(DAY_BEFORE) + failed_on(DAY), 0);
    fold(VIEW_NOTICES, CASE_A, "notices.updated", notices("failed", NULL));
    assert_int_equal(failed_on(DAY_BEFORE), 1);
    fold(VIEW_NOTICES, CASE_A, "notices.updated", notices("failed", "2026-11-26T12:00:00+09:00"));
    assert_int_equal(failed_on(DAY_BEFORE), 0);
    assert_int_equal(failed_on(DAY), 1);
    fold(VIEW_NOTICES, CASE_A, "notices.updated", notices("sent", NULL));
    assert_int_equal(failed_on(DAY_BEFORE) + failed_on(DAY), 0);
}

/* --- dead letters ------------------------------------------------------------------------------------------------------- */

static void every_question_for_letters_walks_an_index(void **state)
{
    (void)state;
    static const char *const states[] = {NULL, "open", "dismissed", "redriven"};
    for (unsigned i = 0; i < 16; i++) {
        struct view_letter_query query = {.state = states[i & 3],
                                          .topic = i & 4 ? "provider-replies" : NULL,
                                          .reason = i & 8 ? "signature" : NULL};
        CLEANUP(buf_free) struct buf sql;
        buf_init(&sql, 4000);
        view_letters_sql(&query, &sql);
        CLEANUP(mem_free) char *plan = plan_of(sql.data);
        assert_int_equal(strncmp(plan, "SEARCH l USING INDEX letters_", 29), 0);
        assert_null(strstr(plan, "SCAN"));
        assert_null(strstr(plan, "TEMP B-TREE"));
    }
}

/* The same refused record as another instance would have buried it, at another place of the topic. */
static void fold_letter(int64_t source_offset, const char *reason, int32_t partition,
                        int64_t offset, int64_t at_us, char ret_id[IDS_UUID_SIZE])
{
    struct kafka_record refused = {.topic = topics_full_name("provider-replies"),
                                   .at = {.partition = 1, .offset = source_offset}};
    struct why why = {0};
    CLEANUP(dead_letter_clear) struct dead_letter letter;
    dead_letter_make("escalation", &refused, reason, at_us, &letter);
    struct kafka_record record = {.topic = topics_full_name("dead-letters"),
                                  .at = {.partition = partition, .offset = offset},
                                  .key = letter.output.key,
                                  .value = letter.output.value,
                                  .header_count = letter.output.header_count};
    memcpy(record.headers, letter.output.headers,
           letter.output.header_count * sizeof *letter.output.headers);
    memcpy(ret_id, letter.id, IDS_UUID_SIZE);
    assert_int_equal(view_store_record(&view, VIEW_LETTERS, &record, &why), VERDICT_OK);
}

static void fold_act(const char *letter, const char *what, const char *who, const char *reason)
{
    fold(VIEW_AUDIT, letter, "audit.done",
         json_pack("{s:s, s:s, s:s, s:s, s:{s:s*}}", "who", who, "role", "admin", "what", what,
                   "at", "2026-11-26T12:00:00Z", "detail", "reason", reason));
}

/* "3-4 open, 1-2 dismissed": as the list says them. */
static char *listed(const struct view_letter_query *asked)
{
    struct why why = {0};
    json_auto_t *page = NULL;
    struct buf text;
    struct view_letter_query query = *asked;
    query.now_us = clock_now_us();
    query.limit = query.limit ? query.limit : 200;
    assert_int_equal(view_letters(&view, &query, &page, &why), VERDICT_OK);
    const json_t *letters = json_object_get(page, "dead_letters");
    buf_init(&text, 4000);
    for (size_t i = 0; i < json_array_size(letters); i++) {
        const json_t *letter = json_array_get(letters, i);
        buf_printf(&text, "%s%s %s", i ? ", " : "",
                   json_string_value(json_object_get(letter, "position")),
                   json_string_value(json_object_get(letter, "state")));
    }
    if (json_is_string(json_object_get(page, "next_cursor")))
        buf_printf(&text, " > %s", json_string_value(json_object_get(page, "next_cursor")));
    return text.data ? text.data : mem_strdup("");
}

#define ASSERT_LISTED(expected, ...)                                                               \
    do {                                                                                           \
        CLEANUP(mem_free) char *text_ = listed(&(struct view_letter_query){__VA_ARGS__});          \
        assert_string_equal(text_, expected);                                                      \
    } while (0)

static void cursors_are_those_of_earlier_pages(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "a",      "1",      "1-2",    "1-2-",
        "1-2-3-", "1-2-3x", "-1-2-3", "1--2-3", "1234567890123456789-0-0"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct view_letter_query query = {.cursor = wrong[i], .limit = 1};
        struct why why = {0};
        json_t *page = NULL;
        assert_int_equal(view_letters(&view, &query, &page, &why), VERDICT_REJECT);
        assert_null(page);
    }
}

static json_int_t open_letters(void)
{
    json_auto_t *found = numbers(DAY);
    return json_integer_value(json_object_get(found, "dead_letters"));
}

static void letters_are_known_by_their_record_and_closed_by_the_audit(void **state)
{
    (void)state;
    char first[IDS_UUID_SIZE], second[IDS_UUID_SIZE], third[IDS_UUID_SIZE], old[IDS_UUID_SIZE];
    int64_t now_us = clock_now_us();
    fold_letter(4, "not readable as JSON", 0, 1, now_us - VIEW_LETTERS_KEPT_US - 1000000, old);
    ASSERT_LISTED("", .limit = 0); /* the topic keeps it no longer */
    fold_letter(5, "/case: expected a case id", 7, 0, now_us - 3000, first);
    fold_letter(5, "/case: expected a case id", 2, 9, now_us - 2000, first);
    fold_letter(5, "/case: expected a case id", 4, 1, now_us - 1000, first);
    fold_letter(6, "malformed: /a~1b/0: expected a text", 2, 10, now_us - 1500, second);
    ids_uuid7(now_us, third);
    ASSERT_LISTED("2-10 open, 2-9 open", .limit = 0);
    char cursor[80];
    snprintf(cursor, sizeof cursor, "2-10 open > %lld-2-10", (long long)now_us - 1500);
    ASSERT_LISTED(cursor, .limit = 1);
    ASSERT_LISTED("2-9 open", .cursor = cursor + strlen("2-10 open > "));
    ASSERT_LISTED("2-9 open", .reason = "case id");
    ASSERT_LISTED("", .topic = "cases");
    assert_int_equal(open_letters(), 2);

    fold_act(first, "dead_letter.dismissed", "admin-1", "known client");
    fold_act(first, "dead_letter.dismissed", "admin-2", "too late");
    ASSERT_LISTED("2-10 open, 2-9 dismissed", .topic = "provider-replies");
    fold_act(second, "dead_letter.redriven", "admin", NULL);
    fold_act(second, "dead_letter.dismissed", "admin-1", "after that");
    ASSERT_LISTED("2-10 redriven", .state = "redriven");
    ASSERT_LISTED("2-9 dismissed", .state = "dismissed");
    ASSERT_LISTED("", .state = "open");
    assert_int_equal(open_letters(), 0);
    struct why why = {0};
    json_auto_t *letter = NULL;
    assert_int_equal(view_letter(&view, (struct kafka_position){2, 9}, &letter, &why), VERDICT_OK);
    const json_t *dismissed = json_object_get(letter, "dismissed");
    assert_string_equal(json_string_value(json_object_get(dismissed, "by")), "admin-1");
    assert_string_equal(json_string_value(json_object_get(letter, "pointer")), "/case");
    json_auto_t *other = NULL;
    assert_int_equal(view_letter(&view, (struct kafka_position){2, 10}, &other, &why), VERDICT_OK);
    assert_string_equal(json_string_value(json_object_get(other, "pointer")), "/a~1b/0");
    assert_null(json_object_get(other, "dismissed"));
    json_auto_t *none = NULL; /* where the second instance buried it */
    assert_int_equal(view_letter(&view, (struct kafka_position){7, 0}, &none, &why), VERDICT_OK);
    assert_null(none);
}

/* The audit may be read before the letters after a rebuild. */
static void what_was_done_to_a_letter_waits_for_it(void **state)
{
    (void)state;
    char id[IDS_UUID_SIZE];
    struct bytes place[] = {bytes_of("escalation"), bytes_of(topics_full_name("provider-replies")),
                            bytes_of("1/77")};
    ids_uuid8(place, COUNT_OF(place), id);
    fold_act(id, "dead_letter.dismissed", "admin-1", "before it came");
    char made[IDS_UUID_SIZE];
    fold_letter(77, "no value", 5, 5, clock_now_us(), made);
    assert_string_equal(made, id);
    ASSERT_LISTED("5-5 dismissed", .limit = 1, .reason = "no value");
    assert_int_equal(open_letters(), 0);
}

static enum verdict bury_nothing(const struct kafka_record *record, const char *reason,
                                 struct why *why)
{
    (void)record, (void)why;
    fail_msg("buried: %s", reason);
    return VERDICT_OK;
}

/* A letter about a letter would be the first of many. */
static void what_is_no_letter_is_passed_over(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "{",
                                         "[]",
                                         "{}",
                                         "{\"topic\":\"x\"}",
                                         "{\"topic\":1,\"reason\":\"\",\"service\":\"x\"}"};
    struct why why = {0};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct kafka_record record = {
            .topic = topics_full_name("dead-letters"),
            .at = {.partition = 9, .offset = (int64_t)i},
            .value = {.data = *values[i] ? values[i] : NULL, .length = strlen(values[i])},
            .headers = {{"ce_id", bytes_of("01900000-0000-7000-8000-00000000000a")}},
            .header_count = 1};
        assert_int_equal(view_store_record(&view, VIEW_LETTERS, &record, &why), VERDICT_OK);
    }
    ASSERT_LISTED("5-5 dismissed", .limit = 1, .reason = "no value");
}

static void follow(const struct view_change *change)
{
    (void)change;
}

int main(void)
{
    static const struct view_follower follower = {.changed = follow};
    view.follower = &follower;
    view.bury = bury_nothing;
    view.ready = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_that_come_in_numbers_are_collected_while_nobody_waits_for_them),
        cmocka_unit_test(the_fold_stands_back_for_many_while_nobody_waits_and_never_far_behind),
        cmocka_unit_test(every_combination_of_filters_walks_its_own_index),
        cmocka_unit_test(a_period_of_closing_is_found_by_its_days_unless_another_index_is_narrower),
        cmocka_unit_test(words_are_asked_of_the_grams_in_the_order_of_the_list),
        cmocka_unit_test_teardown(who_needs_somebody_is_listed_until_somebody_comes, forget_cases),
        cmocka_unit_test_teardown(what_was_closed_is_found_by_when_in_the_order_of_the_opening,
                                  forget_cases),
        cmocka_unit_test_teardown(of_many_that_were_closed_each_page_has_the_next_of_the_list,
                                  forget_cases),
        cmocka_unit_test_teardown(the_order_of_the_topics_does_not_matter, forget_cases),
        cmocka_unit_test_teardown(a_line_says_what_a_queue_shows, forget_cases),
        cmocka_unit_test(no_number_of_a_day_walks_over_other_days),
        cmocka_unit_test(cases_are_counted_on_the_day_of_the_desk),
        cmocka_unit_test(what_left_is_counted_once_for_each_hand_over),
        cmocka_unit_test(what_left_is_listed_with_the_consent_that_it_went_on),
        cmocka_unit_test_teardown(the_newest_hundred_of_a_day_are_listed, forget_cases),
        cmocka_unit_test(a_notice_has_failed_until_it_is_sent),
        cmocka_unit_test(every_question_for_letters_walks_an_index),
        cmocka_unit_test(letters_are_known_by_their_record_and_closed_by_the_audit),
        cmocka_unit_test(what_was_done_to_a_letter_waits_for_it),
        cmocka_unit_test(what_is_no_letter_is_passed_over),
        cmocka_unit_test(cursors_are_those_of_earlier_pages),
    };
    return cmocka_run_group_tests(tests, open_view, close_view);
}
