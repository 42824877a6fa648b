/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of live events, what a change of the view makes of them, and when a service is down. */
#include "services/intake/live_events.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CASE_ID "00000000-0000-7000-8000-000000000001"
#define SECOND INT64_C(1000000)

/* --- the ring ------------------------------------------------------------------------------------------------------- */

static struct ring *fresh(void)
{
    return ring_new("cluster", VIEW_TOPICS, 3);
}

/* A record that makes `count` events. */
static void take(struct ring *ring, int topic, int32_t partition, int64_t next, size_t count)
{
    char data[RING_EVENTS_PER_RECORD_MAX][32];
    struct ring_event events[RING_EVENTS_PER_RECORD_MAX];
    for (size_t i = 0; i < count; i++) {
        snprintf(data[i], sizeof data[i], "%d/%d/%lld.%zu", topic, partition, (long long)next, i);
        events[i] = (struct ring_event){.name = "case", .data = data[i]};
    }
    ring_take(ring, topic, partition, next, events, count);
}

static uint64_t id_after(struct ring *ring, int topic, int32_t partition, int64_t next,
                         size_t count)
{
    take(ring, topic, partition, next, count);
    ring_commit(ring);
    return ring_id(ring);
}

static void assert_goes_on(const struct ring *ring, uint64_t id, const char *data)
{
    uint64_t place;
    assert_true(ring_find(ring, id, &place));
    if (!data) {
        assert_int_equal(place, ring_end(ring));
        return;
    }
    assert_true(place < ring_end(ring));
    if (!strstr(ring_text(ring, place), data))
        fail_msg("expected %s, got %s", data, ring_text(ring, place));
}

static void id_is_that_of_the_records_and_not_of_their_order(void **state)
{
    (void)state;
    struct ring *one = fresh(), *two = fresh();
    assert_true(ring_id(one) == ring_id(two));
    uint64_t a = id_after(one, 0, 0, 1, 1), ab = id_after(one, 0, 1, 1, 1);
    uint64_t b = id_after(two, 0, 1, 1, 1), ba = id_after(two, 0, 0, 1, 1);
    assert_true(a != b && ab == ba && a != ab);
    assert_goes_on(two, ab, NULL);
    assert_goes_on(two, b, "0/0/1.0");
    uint64_t place;
    assert_false(
        ring_find(two, a, &place)); /* here that was never so: what is missing cannot be told */
    ring_free(one);
    ring_free(two);
}

static void id_survives_a_restart(void **state)
{
    (void)state;
    struct ring *before = fresh(), *after = fresh();
    uint64_t behind = id_after(before, 0, 2, 7, 1), last = id_after(before, 2, 1, 9, 2), place;
    take(after, 0, 2, 7, 0); /* where the stored fold stands, in any order */
    take(after, 2, 1, 9, 0);
    ring_commit(after);
    assert_goes_on(after, last, NULL);
    assert_false(ring_find(after, behind, &place));
    id_after(after, 0, 0, 1, 1);
    assert_goes_on(after, last, "0/0/1.0");
    struct ring *foreign = ring_new("another cluster", VIEW_TOPICS, 3);
    take(foreign, 0, 2, 7, 0);
    assert_true(id_after(foreign, 2, 1, 9, 0) != last);
    ring_free(before);
    ring_free(after);
    ring_free(foreign);
}

static void records_without_events_move_the_id(void **state)
{
    (void)state;
    struct ring *ring = fresh();
    uint64_t first = id_after(ring, 0, 0, 1, 1), refused = id_after(ring, 0, 0, 2, 0);
    assert_true(first != refused);
    id_after(ring, 0, 0, 3, 1);
    assert_goes_on(ring, first, "0/0/3.0");
    assert_goes_on(ring, refused, "0/0/3.0");
    ring_free(ring);
}

static void only_the_last_event_of_a_record_has_its_id(void **state)
{
    (void)state;
    struct ring *ring = fresh();
    uint64_t before = ring_id(ring);
    id_after(ring, 3, 0, 1, 2);
    assert_true(strncmp(ring_text(ring, 0), "event: case\ndata: 3/0/1.0\n\n", 28) == 0);
    assert_true(strncmp(ring_text(ring, 1), "id: ", 4) == 0);
    assert_goes_on(ring, before, "3/0/1.0"); /* whoever got the first only gets both again */
    ring_free(ring);
}

static void passing_events_are_told_again_rather_than_left_out(void **state)
{
    (void)state;
    struct ring *ring = fresh();
    struct ring_event passing = {.name = "service", .data = (char *)(uintptr_t)"down"};
    uint64_t first = id_after(ring, 0, 0, 1, 1);
    ring_add(ring, &passing);
    assert_null(strstr(ring_text(ring, 1), "id:"));
    assert_goes_on(ring, first, "down");
    take(ring, 0, 0, 2, 1);
    ring_add(ring, &passing); /* behind what is not committed */
    assert_int_equal(ring_end(ring), 2);
    ring_commit(ring);
    assert_int_equal(ring_end(ring), 4);
    assert_goes_on(ring, ring_id(ring), "down");
    ring_free(ring);
}

static void ring_is_bounded(void **state)
{
    (void)state;
    struct ring *ring = fresh();
    uint64_t oldest = 0, kept = 0, place;
    for (int64_t next = 1; next <= RING_EVENTS_MAX + 10; next++) {
        uint64_t id = id_after(ring, 0, 0, next, 1);
        oldest = next == 9 ? id : oldest;
        kept = next == 10 ? id : kept;
    }
    assert_int_equal(ring_end(ring) - ring_first(ring), RING_EVENTS_MAX);
    assert_false(ring_find(ring, oldest, &place));
    assert_goes_on(ring, kept, "0/0/11.0");
    ring_free(ring);
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void assert_events(int topic, const char *before, const char *after,
                          const char *const (*expected)[2], size_t count)
{
    struct ring_event events[RING_EVENTS_PER_RECORD_MAX];
    json_auto_t *was = before ? json_loads(before, 0, NULL) : NULL;
    json_auto_t *is = json_loads(after, 0, NULL);
    assert_non_null(is);
    struct view_change change = {
        .topic = topic, .case_id = CASE_ID, .what = "note.added", .before = was, .after = is};
    assert_int_equal(live_events_of(&change, events), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(events[i].name, expected[i][0]);
        assert_string_equal(events[i].data, expected[i][1]);
        assert_true(strlen(events[i].data) < RING_EVENT_BYTES_MAX - 100);
        free(events[i].data);
    }
}

static void case_says_number_revision_status_and_no_more(void **state)
{
    (void)state;
    assert_events(
        VIEW_CASES, NULL,
        "{\"number\":\"K4M-9QT-8ZR-T\",\"revision\":7,\"policy\":{},\"hearing\":{\"contact\":"
        "{\"company\":\"架空商事\",\"person\":\"架空\"}}}",
        (const char *const[][2]){{"case", "{\"id\":\"" CASE_ID
                                          "\",\"number\":\"K4M-9QT-8ZR-T\",\"revision\":7,"
                                          "\"status\":\"policy\",\"what\":\"note.added\"}"}},
        1);
}

static void extraction_and_handover_say_where_they_stand(void **state)
{
    (void)state;
    assert_events(
        VIEW_EXTRACTIONS, NULL,
        "{\"status\":\"found\",\"search\":\"s1\",\"searches\":[{\"samples\":[\"log\"]}]}",
        (const char *const[][2]){
            {"extraction", "{\"id\":\"" CASE_ID "\",\"status\":\"found\",\"search\":\"s1\"}"}},
        1);
    assert_events(
        VIEW_ESCALATION, NULL, "{\"state\":\"held\",\"handover\":null}",
        (const char *const[][2]){{"handover", "{\"id\":\"" CASE_ID "\",\"state\":\"held\"}"}}, 1);
}

static void overdue_is_told_when_it_begins(void **state)
{
    (void)state;
    static const char now[] = "{\"state\":\"overdue\",\"handover\":\"h\"}";
    const char *const both[][2] = {
        {"handover", "{\"id\":\"" CASE_ID "\",\"state\":\"overdue\",\"handover\":\"h\"}"},
        {"overdue", "{\"id\":\"" CASE_ID "\",\"state\":\"overdue\",\"handover\":\"h\"}"}};
    assert_events(VIEW_ESCALATION, "{\"state\":\"offered\"}", now, both, 2);
    assert_events(VIEW_ESCALATION, NULL, now, both, 2);
    assert_events(VIEW_ESCALATION, now, now, both, 1);
}

static void notice_is_told_when_it_has_failed(void **state)
{
    (void)state;
    static const char
        waiting[] =
            "{\"notices\":[{\"id\":\"a\",\"status\":\"failed\",\"template\":\"received\"},"
            "{\"id\":\"b\",\"status\":\"waiting\",\"template\":\"found\",\"to\":\"customer\"}]}",
        failed[] =
            "{\"notices\":[{\"id\":\"a\",\"status\":\"failed\",\"template\":\"received\"},"
            "{\"id\":\"b\",\"status\":\"failed\",\"template\":\"found\",\"to\":\"customer\"}]}";
    assert_events(VIEW_NOTICES, waiting, failed,
                  (const char *const[][2]){{"notice", "{\"id\":\"" CASE_ID
                                                      "\",\"notice\":\"b\",\"template\":\"found\","
                                                      "\"status\":\"failed\",\"count\":1}"}},
                  1);
    assert_events(
        VIEW_NOTICES, NULL, waiting,
        (const char *const[][2]){{"notice", "{\"id\":\"" CASE_ID
                                            "\",\"notice\":\"a\",\"template\":\"received\","
                                            "\"status\":\"failed\",\"count\":1}"}},
        1);
    assert_events(VIEW_NOTICES, failed, failed, NULL, 0);
    assert_events(VIEW_NOTICES, NULL, "{\"notices\":[]}", NULL, 0);
}

/* No record of another service, whatever stands in it, is too much for the ring. */
static void long_and_odd_texts_are_cut(void **state)
{
    (void)state;
    char text[2000], odd[2000];
    struct ring *ring = fresh();
    struct ring_event events[RING_EVENTS_PER_RECORD_MAX];
    memset(odd, 1, sizeof odd - 1);
    odd[sizeof odd - 1] = '\0';
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "語", 4);
    for (int topic = VIEW_EXTRACTIONS; topic <= VIEW_NOTICES; topic++) {
        json_auto_t *after = json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s}]}", "status", odd,
                                       "search", text, "state", odd, "handover", text, "notices",
                                       "id", odd, "template", text, "status", "failed");
        struct view_change change = {.topic = topic, .case_id = CASE_ID, .after = after};
        size_t count = live_events_of(&change, events);
        assert_int_equal(count, 1);
        ring_take(ring, topic, 0, 1, events, count);
        free(events[0].data);
    }
    ring_free(ring);
}

/* --- services ------------------------------------------------------------------------------------------------------- */

static void service_is_down_without_members(void **state)
{
    (void)state;
    struct live_service triage = {.name = "triage", .patience_us = 4 * SECOND};
    assert_false(live_service_seen(&triage, 1, 0, 10, 1 * SECOND));
    assert_false(live_service_seen(&triage, 0, 0, 10, 6 * SECOND)); /* a restart */
    assert_false(live_service_seen(&triage, 1, 0, 10, 11 * SECOND));
    assert_false(live_service_seen(&triage, 0, 0, 10, 16 * SECOND));
    assert_true(live_service_seen(&triage, 0, 3, 10, 21 * SECOND));
    assert_false(live_service_seen(&triage, 0, 3, 10, 26 * SECOND));
    assert_true(triage.down && triage.since_us == 16 * SECOND);
    struct ring_event event = live_service_event(&triage);
    assert_string_equal(event.data, "{\"service\":\"triage\",\"state\":\"down\",\"since\":"
                                    "\"1970-01-01T00:00:16.000000Z\",\"why\":\"no_members\"}");
    free(event.data);
    assert_true(live_service_seen(&triage, 1, 0, 13, 31 * SECOND));
    assert_false(triage.down);
    event = live_service_event(&triage);
    assert_string_equal(event.data, "{\"service\":\"triage\",\"state\":\"up\",\"since\":"
                                    "\"1970-01-01T00:00:31.000000Z\"}");
    free(event.data);
}

static void service_is_down_when_its_lag_does_not_move(void **state)
{
    (void)state;
    struct live_service notify = {.name = "notify", .patience_us = 4 * SECOND};
    assert_false(live_service_seen(&notify, 1, 5, 10, 1 * SECOND));
    assert_false(live_service_seen(&notify, 1, 5, 11, 26 * SECOND)); /* slow, but moving */
    assert_false(live_service_seen(&notify, 1, 9, 11, 55 * SECOND));
    assert_true(live_service_seen(&notify, 1, 9, 11, 56 * SECOND));
    assert_true(notify.down && notify.since_us == 26 * SECOND);
    assert_string_equal(notify.why, "not_moving");
    assert_true(live_service_seen(&notify, 1, 8, 12, 61 * SECOND));
    assert_false(notify.down);
    /* Nothing to do for a long time is no standing still. */
    assert_false(live_service_seen(&notify, 1, 0, 20, 70 * SECOND));
    assert_false(live_service_seen(&notify, 1, 0, 20, 7000 * SECOND));
    assert_false(live_service_seen(&notify, 1, 1, 20, 7005 * SECOND));
    assert_false(live_service_seen(&notify, 1, 1, 20, 7029 * SECOND));
    assert_true(live_service_seen(&notify, 1, 1, 20, 7030 * SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_is_that_of_the_records_and_not_of_their_order),
        cmocka_unit_test(id_survives_a_restart),
        cmocka_unit_test(records_without_events_move_the_id),
        cmocka_unit_test(only_the_last_event_of_a_record_has_its_id),
        cmocka_unit_test(passing_events_are_told_again_rather_than_left_out),
        cmocka_unit_test(ring_is_bounded),
        cmocka_unit_test(case_says_number_revision_status_and_no_more),
        cmocka_unit_test(extraction_and_handover_say_where_they_stand),
        cmocka_unit_test(overdue_is_told_when_it_begins),
        cmocka_unit_test(notice_is_told_when_it_has_failed),
        cmocka_unit_test(long_and_odd_texts_are_cut),
        cmocka_unit_test(service_is_down_without_members),
        cmocka_unit_test(service_is_down_when_its_lag_does_not_move),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
