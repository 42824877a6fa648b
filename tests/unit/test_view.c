/* SPDX-License-Identifier: Apache-2.0 */
/* The view's tables: no question of any kind walks over cases that its filters leave out, and none is sorted. */
#include "services/intake/view_internal.h"

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
    return view_store_open(&view, folder, "test", &why) == VERDICT_OK ? 0 : -1;
}

static int close_view(void **state)
{
    (void)state;
    for (int i = 0; i < VIEW_READERS; i++)
        sqlite3_close(view.readers[i]);
    sqlite3_close(view.writer);
    view_store_forget(&view);
    free(view.path);
    return rmdir(folder);
}

static struct view_query query_of(unsigned mask)
{
    return (struct view_query){.status = mask & 1 ? "closed" : NULL,
                               .operator= mask & 2 ? "operator-1" : NULL,
                               .type = mask & 4 ? "ddos" : NULL,
                               .customer = mask & 8 ? "SAMPLE-A" : NULL,
                               .held = mask & 16,
                               .overdue = mask & 32};
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
    return mask & 32   ? "lines_overdue "
           : mask & 16 ? "lines_held "
           : mask & 8  ? "lines_customer "
                       : by_mask[mask & 7];
}

static void every_combination_of_filters_walks_its_own_index(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 64; mask++) {
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

static void words_are_asked_of_the_grams_in_the_order_of_the_list(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 64; mask++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_filters_walks_its_own_index),
        cmocka_unit_test(words_are_asked_of_the_grams_in_the_order_of_the_list),
    };
    return cmocka_run_group_tests(tests, open_view, close_view);
}
