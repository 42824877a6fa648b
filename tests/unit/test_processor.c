/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work pool: what waits is kept up to date, what cannot be taken back is waited for and comes in any case. And how much of
 * the time has what comes from outside.
 */
#include "common/processor_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#define CASE "0190b3a0-0000-7000-8000-000000000001"

/* A work of kind "wait" is over when the gate is opened; each answers with the "address" of its parameters. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int begun;

static struct processor_result *do_work(const struct work *work)
{
    pthread_mutex_lock(&lock);
    begun++;
    pthread_cond_broadcast(&changed);
    while (strcmp(work->kind, "wait") == 0 && !gate_open)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return processor_result_new(
        json_pack("{s:O}", "address", json_object_get(work->parameters, "address")));
}

struct bench {
    struct processor_definition definition;
    struct work_pool *pool;
    int wake;
};

static void bench_open(struct bench *bench, struct processor_definition definition)
{
    gate_open = false;
    begun = 0;
    bench->definition = definition;
    bench->definition.work = do_work;
    bench->wake = eventfd(0, EFD_NONBLOCK);
    bench->pool = work_pool_start(&bench->definition, bench->wake);
}

static void bench_begin(struct bench *bench, bool has_effects)
{
    bench_open(bench, (struct processor_definition){.worker_count = 1, .has_effects = has_effects});
}

static void bench_end(struct bench *bench)
{
    work_pool_stop(bench->pool);
    work_pool_free(bench->pool);
    close(bench->wake);
}

static void await_begun(int count)
{
    pthread_mutex_lock(&lock);
    while (begun < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&lock);
    gate_open = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* What the plan of the case names from now on: a work that waits, and one behind it with this address. NULL: not named. */
static void plan_both(struct bench *bench, const char *first, const char *second)
{
    CLEANUP(plan_clear) struct plan plan = {0};
    if (first)
        plan_work(&plan, "first", "wait", json_pack("{s:s}", "address", first));
    if (second)
        plan_work(&plan, "second", "quick", json_pack("{s:s}", "address", second));
    work_pool_set(bench->pool, CASE, 0, 1, &plan);
}

static void expect_result(struct bench *bench, const char *id, const char *address)
{
    struct work_done done;
    for (int i = 0; !work_pool_take(bench->pool, &done); i++) {
        assert_true(i < 10000);
        usleep(1000);
    }
    assert_string_equal(done.work_id, id);
    assert_string_equal(
        json_string_value(json_object_get(processor_result_value(done.result), "address")),
        address);
    work_pool_end(bench->pool, done.case_id, done.work_id);
    work_done_clear(&done);
}

static void what_waits_gets_the_latest_parameters(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, false);
    plan_both(&bench, "a", "old@x.example");
    await_begun(1);
    plan_both(&bench, "b", "new@x.example");
    open_gate();
    expect_result(&bench, "first", "a"); /* it was begun before */
    expect_result(&bench, "second", "new@x.example");
    assert_int_equal(work_pool_running(bench.pool), 0);
    bench_end(&bench);
}

static void a_work_that_is_not_planned_any_more_is_dropped(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, false);
    plan_both(&bench, "a", NULL);
    await_begun(1);
    plan_both(&bench, NULL, NULL);
    assert_int_equal(work_pool_running(bench.pool), 0);
    open_gate();
    bench_end(&bench);
}

static void what_has_effects_comes_in_any_case(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, true);
    plan_both(&bench, "a", "b");
    await_begun(1);
    plan_both(&bench, NULL, NULL);
    assert_int_equal(work_pool_running(bench.pool), 1);
    open_gate();
    expect_result(&bench, "first", "a");
    bench_end(&bench);
}

static void once_closed_nothing_is_begun_and_effects_are_waited_for(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, true);
    plan_both(&bench, "a", "b");
    await_begun(1);
    work_pool_close(bench.pool);
    plan_both(&bench, "a", "b");
    assert_int_equal(work_pool_running(bench.pool), 1);
    open_gate();
    expect_result(&bench, "first", "a");
    assert_int_equal(work_pool_running(bench.pool), 0);
    assert_int_equal(begun, 1);
    bench_end(&bench);
}

static void once_closed_what_can_be_done_again_is_dropped(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench, false);
    plan_both(&bench, "a", "b");
    await_begun(1);
    work_pool_close(bench.pool);
    assert_int_equal(work_pool_running(bench.pool), 0);
    open_gate();
    bench_end(&bench);
}

static void works_that_go_alone_leave_a_thread_to_the_others(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, (struct processor_definition){.worker_count = 2, .kind_alone = "wait"});
    CLEANUP(plan_clear) struct plan plan = {0};
    plan_work(&plan, "first", "wait", json_pack("{s:s}", "address", "a"));
    plan_work(&plan, "second", "wait", json_pack("{s:s}", "address", "b"));
    plan_work(&plan, "third", "quick", json_pack("{s:s}", "address", "c"));
    work_pool_set(bench.pool, CASE, 0, 1, &plan);
    expect_result(&bench, "third", "c"); /* although it stands behind both */
    assert_int_equal(begun, 2);
    open_gate();
    expect_result(&bench, "first", "a");
    expect_result(&bench, "second", "b");
    assert_int_equal(work_pool_running(bench.pool), 0);
    bench_end(&bench);
}

/* --- what comes from outside -------------------------------------------------------------------------------------- */

#define MS 1000
#define NOW_US (INT64_C(1795000000) * 1000000)

static void our_own_goes_alone_but_not_twice_in_a_row(void **state)
{
    (void)state;
    struct share share = {0};
    assert_int_equal(share_planned(&share, 3, 10, NOW_US), 3);
    share.waits = true; /* seven stayed */
    assert_int_equal(share_planned(&share, 2, 9, NOW_US), 9);
    share.waits = false;
    assert_int_equal(share_planned(&share, 2, 2, NOW_US), 2);
    assert_int_equal(share_planned(&share, 0, 7, NOW_US), 7);
    assert_int_equal(share_planned(&share, 0, 0, NOW_US), 0);
}

static void a_share_is_as_long_as_the_rest_within_bounds(void **state)
{
    (void)state;
    struct share share = {0};
    share_took(&share, 0, 2 * MS, NOW_US);
    assert_int_equal(share.us_max, 10 * MS);
    share_took(&share, 12 * MS, 18 * MS, NOW_US);
    assert_int_equal(share.us_max, 18 * MS);
    assert_int_equal(share.from_us, NOW_US); /* a quick machine: no pause */
    share_took(&share, 18 * MS, 250 * MS, NOW_US);
    assert_int_equal(share.us_max, 50 * MS); /* a slow one: the share does not grow with its rest */
}

static void where_transactions_take_long_a_pause_follows_them(void **state)
{
    (void)state;
    struct share share = {0};
    share_took(&share, 40 * MS, 60 * MS, NOW_US);
    assert_int_equal(share.from_us, NOW_US + 80 * MS);
    assert_int_equal(share_planned(&share, 0, 7, share.from_us - 1), 0);
    assert_int_equal(share_planned(&share, 1, 8, share.from_us - 1), 1);
    share_took(&share, 0, 30 * MS, NOW_US + 30 * MS); /* our own does not end it */
    share.waits = true;
    assert_int_equal(share_planned(&share, 1, 8, NOW_US + 80 * MS - 1), 1);
    assert_int_equal(share_planned(&share, 1, 8, NOW_US + 80 * MS), 8);
    share_took(&share, 10 * MS, 45 * MS, NOW_US);
    assert_int_equal(share.from_us, NOW_US + 50 * MS);
    share_took(&share, 50 * MS, 100 * MS, NOW_US);
    assert_int_equal(share.from_us, NOW_US + 150 * MS); /* as long as the whole at most */
    share_took(&share, 50 * MS, 40000 * MS, NOW_US);
    assert_int_equal(share.from_us, NOW_US + 500 * MS); /* Kafka had been away */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_gets_the_latest_parameters),
        cmocka_unit_test(a_work_that_is_not_planned_any_more_is_dropped),
        cmocka_unit_test(what_has_effects_comes_in_any_case),
        cmocka_unit_test(once_closed_nothing_is_begun_and_effects_are_waited_for),
        cmocka_unit_test(once_closed_what_can_be_done_again_is_dropped),
        cmocka_unit_test(works_that_go_alone_leave_a_thread_to_the_others),
        cmocka_unit_test(our_own_goes_alone_but_not_twice_in_a_row),
        cmocka_unit_test(a_share_is_as_long_as_the_rest_within_bounds),
        cmocka_unit_test(where_transactions_take_long_a_pause_follows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
