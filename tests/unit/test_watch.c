/* SPDX-License-Identifier: Apache-2.0 */
/* News: which detections call for a look, until when, and that none is missed between a search and its answer. */
#include "common/clock.h"
#include "services/triage/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW_US INT64_C(1795500000000000)
#define CASE "0190b3a0-0000-7000-8000-000000000001"
#define VIRUS                                                                                      \
    "logver=7 logid=\"0211\" type=utm subtype=virus eventtype=infected srcip=192.168.1.33 "        \
    "action=blocked virus=\"Eicar\""

static json_t *search_seen_to(json_int_t end)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    clock_format_us(NOW_US - INT64_C(3600000000), from);
    clock_format_us(NOW_US + INT64_C(3600000000), to);
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:I}}", "id", "s-1", "owner", "C-1", "window",
                     "from", from, "to", to, "ends", "0", end);
}

static struct watch *watch; /* each test has a new one */

static int make_watch(void **state)
{
    (void)state;
    watch = watch_new(1);
    return 0;
}

static int free_watch(void **state)
{
    (void)state;
    watch_free(watch);
    return 0;
}

static void set(json_int_t end)
{
    json_auto_t *search = search_seen_to(end);
    watch_set(watch, CASE, search);
}

static void marks(int64_t offset)
{
    struct logstore_record record = {.offset = offset, .time_us = NOW_US};
    watch_mark(watch, "C-1", &record);
}

static size_t due(int64_t in_ms)
{
    json_auto_t *cases = watch_due(watch, clock_monotonic_ms() + in_ms);
    return json_array_size(cases);
}

/* A search saw all below 10; what came in at 10 calls for a look. */
static int call_for_a_look(void **state)
{
    make_watch(state);
    set(10);
    marks(10);
    return due(2500) == 1 ? 0 : -1;
}

static void only_what_lies_beyond_is_news(void **state)
{
    (void)state;
    set(10);
    marks(9);
    assert_int_equal(due(10000), 0);
    marks(10);
    assert_int_equal(due(0), 0); /* a burst is waited for */
    assert_int_equal(due(2500), 1);
    assert_int_not_equal(watch_shown(watch, CASE), 0);
}

/* Detections that come in meanwhile neither hide the mark of the look nor call for another one beside it. */
static void a_look_is_called_for_once(void **state)
{
    (void)state;
    int64_t shown = watch_shown(watch, CASE);
    for (int64_t i = 11; i < 20; i++) {
        marks(i);
        assert_int_equal(due(2500 + i * 1000), 0);
        assert_int_equal(watch_shown(watch, CASE), shown);
    }
    watch_done(watch, CASE, shown, true, 10); /* it saw none of them */
    assert_int_equal(watch_shown(watch, CASE), 0);
    assert_int_equal(due(30000), 1);
}

/* The look found something: if its result is lost before it is committed, the mark is still there. */
static void a_finding_keeps_its_mark_until_it_is_committed(void **state)
{
    (void)state;
    int64_t shown = watch_shown(watch, CASE);
    watch_done(watch, CASE, shown, false, 10);
    set(10); /* the plan is asked again, from the old state */
    assert_int_equal(watch_shown(watch, CASE), shown);
    set(11);
    assert_int_equal(watch_shown(watch, CASE), 0);
    assert_int_equal(due(60000), 0);
}

static void a_slow_look_is_rested_from(void **state)
{
    (void)state;
    watch_done(watch, CASE, watch_shown(watch, CASE), true, 3000);
    marks(11);
    assert_int_equal(due(20000), 0);
    assert_int_equal(due(31000), 1);
}

static void other_ends_are_looked_from_once(void **state)
{
    (void)state;
    struct watch_look look = {0};
    set(10);
    set(10);
    assert_true(watch_next_look(watch, &look));
    assert_string_equal(look.case_id, CASE);
    assert_string_equal(look.owner, "C-1");
    assert_int_equal(look.since[0], 10);
    watch_look_clear(&look);
    assert_false(watch_next_look(watch, &look));
    set(10);
    assert_false(watch_next_look(watch, &look));
    set(12);
    watch_set(watch, CASE, NULL);
    assert_false(watch_next_look(watch, &look));
}

/* The search saw records below 2; two more came in before its answer was watched, and nobody marked them. */
static void what_came_in_before_it_was_watched_is_found(void **state)
{
    (void)state;
    char folder[] = "/tmp/kakekomi-watch-XXXXXX";
    CLEANUP(watch_look_clear) struct watch_look look = {0};
    struct logstore *store;
    struct why why;
    struct logstore_config config = {.folder = mkdtemp(folder),
                                     .identity = "a",
                                     .partition_count = 1,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = 1000000,
                                     .held_bytes_max = 1 << 20};
    assert_int_equal(logstore_open(&config, &store, &why), VERDICT_OK);
    for (int64_t i = 0; i < 4; i++) {
        struct logstore_record record = {
            .offset = i, .time_us = NOW_US, .line = bytes_of(i == 2 ? "nothing" : VIRUS)};
        logstore_put(store, "C-1", &record, NOW_US);
    }
    set(4);
    assert_true(watch_next_look(watch, &look));
    assert_false(search_finds_news(store, &look));
    watch_look_clear(&look);
    set(2);
    assert_true(watch_next_look(watch, &look));
    assert_true(search_finds_news(store, &look));
    watch_mark_case(watch, look.case_id);
    assert_int_equal(due(2500), 1);
    logstore_close(store);
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(void)
{
#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, make_watch, free_watch)
#define LOOK_TEST(test) cmocka_unit_test_setup_teardown(test, call_for_a_look, free_watch)
    const struct CMUnitTest tests[] = {
        WATCH_TEST(only_what_lies_beyond_is_news),
        LOOK_TEST(a_look_is_called_for_once),
        LOOK_TEST(a_finding_keeps_its_mark_until_it_is_committed),
        LOOK_TEST(a_slow_look_is_rested_from),
        WATCH_TEST(other_ends_are_looked_from_once),
        WATCH_TEST(what_came_in_before_it_was_watched_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
