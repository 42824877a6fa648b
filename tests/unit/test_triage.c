/* SPDX-License-Identifier: Apache-2.0 */
/* triage's decisions, rehearsed without a broker: when a search begins, what its result does, what is remembered. */
#include "common/clock.h"
#include "common/desk/case.h"
#include "common/desk/limits.h"
#include "common/ids.h"
#include "services/triage/decide.h"
#include "services/triage/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CASE "0190b3a0-0000-7000-8000-000000000001"
#define NOW_US INT64_C(1795500000000000)

struct desk {
    json_t *state, *facts, *last; /* last: what the rehearsal answered */
    int events;
    int64_t now_us;
};

static struct desk desk_new(void)
{
    return (struct desk){.state = json_object(),
                         .now_us = NOW_US,
                         .facts = json_pack("{s:{s:i, s:i}}", "ends", "0", 10, "1", 20)};
}

static void desk_free(struct desk *desk)
{
    json_decref(desk->state);
    json_decref(desk->facts);
    json_decref(desk->last);
}

static void rehearse(struct desk *desk, struct processor_input *input)
{
    char seed[40];
    snprintf(seed, sizeof seed, "test/%d", desk->events);
    input->case_id = CASE;
    input->seed = seed;
    input->now_us = desk->now_us;
    json_decref(desk->last);
    desk->last = processor_rehearse(&triage_definition, desk->state, input, desk->facts);
}

/* An event that extends the chain as it stands; answers its id. */
static const char *happens(struct desk *desk, const char *type, json_t *members)
{
    static char id[IDS_UUID_SIZE];
    char time[CLOCK_TEXT_SIZE];
    const json_t *head = json_object_get(json_object_get(desk->state, "cases"), "head");
    snprintf(id, sizeof id, "0190b3a0-0000-7000-9000-%012d", ++desk->events);
    clock_format_us(desk->now_us, time);
    json_object_set_new(members, "extends",
                        head ? json_incref((json_t *)(uintptr_t)head) : json_null());
    json_object_set_new(members, "actor",
                        json_pack("{s:s, s:s}", "id", "op-1", "role", "operator"));
    json_object_set_new(members, "rules", json_integer(1));
    CLEANUP(mem_free) char *value = json_dumps(members, JSON_COMPACT);
    CLEANUP(mem_free) char *type_copy = mem_strdup(type);
    char key[] = CASE;
    struct event event = {.id = id,
                          .type = type_copy,
                          .time = time,
                          .time_us = desk->now_us,
                          .subject = key,
                          .key = key,
                          .value = value,
                          .value_length = strlen(value),
                          .data = members};
    struct processor_input input = {.door = PROCESSOR_RECORD, .topic = "cases", .event = &event};
    rehearse(desk, &input);
    const char *rejected = json_string_value(json_object_get(desk->last, "rejected"));
    if (rejected)
        print_error("%s: %s\n", type, rejected);
    assert_null(rejected);
    json_decref(members);
    return id;
}

static const char *opens(struct desk *desk, const char *customer)
{
    json_t *data = json_pack("{s:{s:{s:s, s:s}, s:{s:s}, s:[{s:s, s:[s]}]}, s:b, s:{s:n, s:s}}",
                             "hearing", "contact", "company", "A", "phone", "03-0000-0000",
                             "incident", "summary", "x", "device", "name", "PC-07", "addresses",
                             "192.168.1.33", "out_of_hours", 0, "request", "key", "sha256",
                             "0000000000000000000000000000000000000000000000000000000000000000");
    if (customer)
        json_object_set_new(data, "customer_id", json_string(customer));
    return happens(desk, "case.opened", data);
}

static void result(struct desk *desk, json_t *value, size_t records)
{
    struct processor_input input = {
        .door = PROCESSOR_RESULT, .work_id = "w", .result = value, .result_record_count = records};
    desk->events++;
    rehearse(desk, &input);
    json_decref(value);
}

static json_t *found(const char *search, int detections, int records)
{
    return json_pack("{s:s, s:b, s:i, s:i, s:i, s:i, s:[{s:i, s:s, s:i}], s:{s:i, s:i}, s:[{s:s}], "
                     "s:[{s:s}], s:{}}",
                     "search", search, "again", 0, "records", records, "detections", detections,
                     "blocked", 0, "fresh", detections, "chunks", "size", 5, "sha256", "ab",
                     "records", records, "ends", "0", 12, "1", 20, "groups", "what", "X", "samples",
                     "event.original", "raw", "uploads");
}

static const json_t *own(const struct desk *desk)
{
    return json_object_get(desk->state, "own");
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static const json_t *search_at(const struct desk *desk, size_t from_end)
{
    const json_t *searches = json_object_get(own(desk), "searches");
    return json_array_get(searches, json_array_size(searches) - 1 - from_end);
}

static size_t outputs_of(const struct desk *desk)
{
    return json_array_size(json_object_get(desk->last, "outputs"));
}

static size_t works_of(const struct desk *desk)
{
    return json_array_size(json_object_get(desk->last, "work"));
}

/* --- rules ------------------------------------------------------------------------------------------------------------- */

static void a_case_with_a_customer_is_searched_at_once(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *id = mem_strdup(opens(&desk, "C-1"));
    const json_t *search = search_at(&desk, 0),
                 *work = json_array_get(json_object_get(desk.last, "work"), 0);
    assert_string_equal(text(own(&desk), "status"), "searching");
    assert_string_equal(text(own(&desk), "search"), id);
    assert_string_equal(text(search, "owner"), "C-1");
    assert_string_equal(text(json_object_get(search, "window"), "from"),
                        "2026-11-21T06:00:00.000000Z");
    assert_string_equal(text(json_object_get(search, "window"), "to"),
                        "2026-11-25T06:00:00.000000Z");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(search, "ends"), "1")), 20);
    assert_string_equal(text(json_object_get(search, "called_by"), "type"), "case.opened");
    assert_string_equal(text(work, "id"), id);
    assert_string_equal(text(json_object_get(work, "parameters"), "owner"), "C-1");
    assert_int_equal(outputs_of(&desk), 1);
}

static void a_case_without_a_customer_waits(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    opens(&desk, NULL);
    assert_string_equal(text(own(&desk), "status"), "waiting");
    assert_int_equal(works_of(&desk), 0);
    happens(&desk, "note.added", json_pack("{s:s}", "text", "x"));
    assert_int_equal(outputs_of(&desk), 0);
    happens(&desk, "customer.identified", json_pack("{s:s}", "customer_id", "C-2"));
    assert_string_equal(text(own(&desk), "status"), "searching");
    assert_string_equal(text(search_at(&desk, 0), "owner"), "C-2");
    assert_int_equal(json_array_size(json_object_get(own(&desk), "searches")), 1);
}

static void a_result_names_its_chunks_by_position(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *id = mem_strdup(opens(&desk, "C-1"));
    result(&desk, found(id, 3, 7), 1);
    const json_t *chunk = json_array_get(json_object_get(search_at(&desk, 0), "chunks"), 0);
    const json_t *outputs = json_object_get(desk.last, "outputs");
    assert_int_equal(json_array_size(outputs), 2);
    assert_string_equal(text(json_array_get(outputs, 1), "topic"), "extractions");
    assert_non_null(json_object_get(chunk, "partition"));
    assert_int_equal(json_integer_value(json_object_get(chunk, "size")), 5);
    assert_null(json_object_get(chunk, "$position"));
    assert_string_equal(text(own(&desk), "status"), "found");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(search_at(&desk, 0), "ends"), "0")), 12);
    assert_int_equal(works_of(&desk), 0);
    result(&desk, found(id, 3, 7), 1); /* a second time: it is answered */
    assert_int_equal(outputs_of(&desk), 0);
}

static void no_detection_means_none(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *id = mem_strdup(opens(&desk, "C-1"));
    result(&desk, found(id, 0, 7), 1);
    assert_string_equal(text(own(&desk), "status"), "none");
    id = (free(id), mem_strdup(happens(&desk, "extraction.requested",
                                       json_pack("{s:s, s:s}", "text", "evil.example", "from",
                                                 "2026-11-01T00:00:00Z"))));
    assert_string_equal(text(json_object_get(search_at(&desk, 0), "window"), "from"),
                        "2026-11-01T00:00:00Z");
    assert_string_equal(text(search_at(&desk, 0), "text"), "evil.example");
    assert_string_equal(text(own(&desk), "status"), "none"); /* the case's own, not this one's */
    json_t *there = found(id, 0, 7);
    json_object_set_new(there, "hits", json_integer(7));
    result(&desk, there, 1);
    assert_string_equal(text(search_at(&desk, 0), "status"),
                        "found"); /* what was asked for is there */
    assert_string_equal(text(own(&desk), "status"), "none");
}

static void a_result_for_another_customer_is_dropped(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *first = mem_strdup(opens(&desk, "C-1"));
    CLEANUP(mem_free)
    char *second =
        mem_strdup(happens(&desk, "customer.identified", json_pack("{s:s}", "customer_id", "C-2")));
    assert_string_equal(text(search_at(&desk, 1), "status"), "failed");
    assert_int_equal(works_of(&desk), 1);
    result(&desk, found(first, 3, 7), 1);
    assert_int_equal(outputs_of(&desk), 0);
    result(&desk, found(second, 1, 1), 1);
    assert_string_equal(text(search_at(&desk, 0), "owner"), "C-2");
    happens(&desk, "customer.identified", json_pack("{s:s}", "customer_id", "C-3"));
    assert_null(json_object_get(search_at(&desk, 1), "samples"));
    assert_null(json_object_get(search_at(&desk, 1), "groups"));
}

static void news_are_published_only_with_a_new_detection(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *id = mem_strdup(opens(&desk, "C-1"));
    result(&desk, found(id, 1, 1), 1);
    json_object_set_new(desk.facts, "news", json_pack("{s:i}", CASE, 4));
    struct processor_input tick = {.door = PROCESSOR_TICK};
    rehearse(&desk, &tick);
    assert_int_equal(outputs_of(&desk), 0);
    assert_int_equal(works_of(&desk), 1);
    json_t *nothing = json_pack("{s:s, s:b, s:i}", "search", id, "again", 1, "fresh", 0);
    result(&desk, nothing, 0);
    assert_int_equal(outputs_of(&desk), 0);
    json_t *more = found(id, 2, 2);
    json_object_set_new(more, "again", json_true());
    result(&desk, more, 1);
    assert_int_equal(outputs_of(&desk), 2);
    assert_string_equal(text(own(&desk), "status"), "found");
    assert_int_equal(json_integer_value(json_object_get(search_at(&desk, 0), "detections")), 2);
    json_object_set_new(desk.facts, "news", json_object());
    rehearse(&desk, &tick);
    assert_int_equal(works_of(&desk), 0);
}

static void failures_are_said(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    CLEANUP(mem_free) char *id = mem_strdup(opens(&desk, "C-1"));
    result(&desk,
           json_pack("{s:s, s:b, s:{s:s, s:s}}", "search", id, "again", 0, "failed", "code",
                     "store", "why", "x"),
           0);
    assert_string_equal(text(own(&desk), "status"), "failed");
    assert_string_equal(text(json_object_get(search_at(&desk, 0), "failure"), "code"), "store");
}

static void calls_that_were_missed_are_answered_by_one_search(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    opens(&desk, "C-1");
    json_object_del(desk.state, "own"); /* as if it had never been published */
    struct processor_input tick = {.door = PROCESSOR_TICK};
    rehearse(&desk, &tick);
    assert_int_equal(json_array_size(json_object_get(own(&desk), "searches")), 1);
}

static json_t *upload(int number)
{
    char id[IDS_UUID_SIZE], hash[65];
    snprintf(id, sizeof id, "0190b3a0-0000-7000-a000-%012d", number);
    memset(hash, 'a', 64);
    hash[64] = '\0';
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:s}", "upload", id, "name", "proxy.log",
                     "partition", 0, "first", 0, "last", 9, "chunks", 2, "size", 100, "sha256",
                     hash);
}

static void uploads_are_searched_without_a_customer(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    opens(&desk, NULL);
    happens(&desk, "logs.submitted", upload(1));
    const json_t *work = json_array_get(json_object_get(desk.last, "work"), 0);
    assert_string_equal(text(own(&desk), "status"), "searching");
    assert_true(json_is_null(json_object_get(search_at(&desk, 0), "owner")));
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(work, "parameters"), "uploads")), 1);
}

/* --- everything at its limit still fits into a record ----------------------------------------------------------------------- */

/* Text of `length` bytes as JSON, of what takes most of them: control characters, or characters of four bytes. */
static json_t *filler(size_t length, bool control)
{
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, length + 8);
    while (out.length * (control ? 6 : 1) + (control ? 6 : 4) <= length)
        buf_add_text(&out, control ? "\x01" : "\xf0\x9f\x90\x88");
    return json_stringn(out.data ? out.data : "", out.length);
}

static size_t size_of(const json_t *json)
{
    return json_dumpb(json, NULL, 0, JSON_COMPACT);
}

/* A summary that fills its 256 KiB to the last sample, as extract.c makes it: with 255 chunks, which is as many as there
 * can be, and ends of 256 partitions. */
static json_t *full_result(bool control)
{
    json_t *value = found("", 200000, 200000), *chunks = json_array(), *groups = json_array(),
           *samples = json_array(), *pivots = json_array(), *ends = json_object();
    for (int i = 0; i < 255; i++)
        json_array_append_new(chunks, json_pack("{s:i, s:o, s:i}", "size", 524288, "sha256",
                                                filler(64, false), "records", 2000));
    for (int i = 0; i < 256; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        json_object_set_new(ends, name, json_integer(INT64_MAX));
    }
    while (size_of(groups) < 62 * 1024)
        json_array_append_new(groups, json_pack("{s:o, s:i, s:s, s:o, s:i}", "what",
                                                filler(160 * 6, control), "severity", 90, "action",
                                                "quarantined", "device", filler(199 * 6, control),
                                                "count", 100000));
    while (size_of(pivots) < 23 * 1024)
        json_array_append_new(pivots, filler(253 * 6, control));
    json_object_set_new(value, "chunks", chunks);
    json_object_set_new(value, "groups", groups);
    json_object_set_new(value, "pivots", pivots);
    json_object_set_new(value, "ends", ends);
    json_object_set_new(value, "coverage",
                        json_pack("{s:o}", "sources", filler(64 * 1024, control)));
    json_t *all = json_array(), *severe = json_array();
    for (int i = 0; i < HISTOGRAM_STEPS_MAX; i++) {
        json_array_append_new(all, json_integer(INT64_MAX));
        json_array_append_new(severe, json_integer(INT64_MAX));
    }
    json_object_set_new(value, "histogram",
                        json_pack("{s:s, s:i, s:o, s:o}", "from", "2026-11-21T00:00:00Z", "step_s",
                                  900, "all", all, "severe", severe));
    json_object_set_new(value, "samples", samples);
    while (size_of(value) < LIMIT_SUMMARY_BYTES - 16 * 1024)
        json_array_append_new(samples,
                              json_pack("{s:o}", "event.original", filler(12000, control)));
    return value;
}

static json_t *result_of(const char *search, const json_t *full)
{
    json_t *value = json_deep_copy(full);
    json_object_set_new(value, "search", json_string(search));
    return value;
}

static json_t *long_texts(size_t count, size_t length, bool control)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, filler(length, control));
    return list;
}

/* As the processor writes it: what is resolved later is longer by its positions. */
static void assert_it_fits(const struct desk *desk, const char *when)
{
    size_t bytes = size_of(own(desk));
    print_message("extractions %s: %zu bytes, %zu searches\n", when, bytes,
                  json_array_size(json_object_get(own(desk), "searches")));
    assert_true(bytes <= 1000 * 1024);
    assert_true(json_array_size(json_object_get(own(desk), "searches")) <= LIMIT_SEARCHES_KEPT);
}

static void ask_much(struct desk *desk)
{
    json_t *devices = long_texts(100, 800, false); /* 200 characters each, and no control ones */
    happens(desk, "extraction.requested",
            json_pack("{s:o, s:o, s:o}", "devices", devices, "indicators",
                      long_texts(100, 2000, false), "text", filler(2000, false)));
}

static void everything_at_its_limit_fits(void **state)
{
    (void)state;
    for (int control = 0; control < 2; control++) {
        CLEANUP(desk_free) struct desk desk = desk_new();
        json_auto_t *answer = full_result(control);
        opens(&desk, "C-1");
        result(&desk, result_of(text(own(&desk), "search"), answer), 255);
        assert_it_fits(&desk, "with one answer");
        for (int i = 0; i < LIMIT_SEARCHES_KEPT; i++)
            ask_much(&desk);
        assert_it_fits(&desk, "with nothing but questions");
        assert_int_equal(json_array_size(json_object_get(own(&desk), "searches")),
                         LIMIT_SEARCHES_KEPT);
        for (int i = 0; i < LIMIT_SEARCHES_KEPT; i++) {
            CLEANUP(mem_free) char *id = mem_strdup(text(search_at(&desk, 0), "id"));
            result(&desk, result_of(id, answer), 255);
            ask_much(&desk);
        }
        assert_it_fits(&desk, "with both");
        CLEANUP(mem_free) char *last = mem_strdup(happens(&desk, "logs.submitted", upload(1)));
        json_t *value = result_of(last, answer), *notes = json_object_get(value, "uploads");
        for (int i = 0; i < LIMIT_UPLOADS_PER_CASE; i++) {
            char id[IDS_UUID_SIZE];
            snprintf(id, sizeof id, "0190b3a0-0000-7000-a000-%012d", i);
            json_object_set_new(notes, id,
                                json_pack("{s:s, s:I, s:I, s:o}", "status", "failed", "records",
                                          (json_int_t)INT64_MAX, "unparsed", (json_int_t)INT64_MAX,
                                          "why", filler(1500, control)));
        }
        result(&desk, value, 255);
        assert_it_fits(&desk, "with all uploads");
        ask_much(&desk);
        result(&desk, result_of(text(search_at(&desk, 0), "id"), answer), 255);
        assert_it_fits(&desk, "with two answers in full");
        assert_string_equal(text(own(&desk), "search"), last);
        assert_string_equal(text(own(&desk), "status"), "found");
        assert_non_null(json_object_get(search_at(&desk, 0), "samples"));
    }
}

/* What does not fit into the published search is searched for all the same: the chain has it. */
static void a_long_question_is_asked_in_full(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    opens(&desk, "C-1");
    ask_much(&desk);
    const json_t *work = json_array_get(json_object_get(desk.last, "work"), 1),
                 *parameters = json_object_get(work, "parameters");
    assert_true(json_is_true(json_object_get(search_at(&desk, 0), "cut")));
    assert_true(json_array_size(json_object_get(search_at(&desk, 0), "devices")) < 100);
    assert_int_equal(json_array_size(json_object_get(parameters, "devices")), 100);
    assert_int_equal(json_array_size(json_object_get(parameters, "indicators")), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_with_a_customer_is_searched_at_once),
        cmocka_unit_test(a_case_without_a_customer_waits),
        cmocka_unit_test(a_result_names_its_chunks_by_position),
        cmocka_unit_test(no_detection_means_none),
        cmocka_unit_test(a_result_for_another_customer_is_dropped),
        cmocka_unit_test(news_are_published_only_with_a_new_detection),
        cmocka_unit_test(failures_are_said),
        cmocka_unit_test(calls_that_were_missed_are_answered_by_one_search),
        cmocka_unit_test(uploads_are_searched_without_a_customer),
        cmocka_unit_test(everything_at_its_limit_fits),
        cmocka_unit_test(a_long_question_is_asked_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
