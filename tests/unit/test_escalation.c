/* SPDX-License-Identifier: Apache-2.0 */
/* What escalation decides that no case file can say: whose key is used, and that a status at every limit fits. */
#include "common/desk/limits.h"
#include "services/escalation/decide.h"
#include "services/escalation/gate.h"
#include "tests/tools/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- whose key -------------------------------------------------------------------------------------------------------- */

static json_t *provider(const char *id, const char *sign_kid)
{
    return json_pack("{s:s, s:{s:[{s:s, s:s}, {s:s, s:s}]}}", "id", id, "jwks", "keys", "kid",
                     sign_kid, "use", "sig", "kid", "enc-1", "use", "enc");
}

static void expect_key(json_t *of, json_t *entry, const char *why_not)
{
    struct why why = {0};
    const json_t *key = gate_recipient_key(of, entry, &why);
    if (why_not) {
        assert_null(key);
        assert_string_equal(why.text, why_not);
    } else {
        assert_string_equal(json_string_value(json_object_get(key, "kid")), "enc-1");
    }
    json_decref(of);
    json_decref(entry);
}

static void the_key_is_sealed_to_whom_it_was_offered(void **state)
{
    (void)state;
    expect_key(provider("p-1", "sig-1"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"), NULL);
    expect_key(provider("p-1", "sig-1"), json_pack("{s:s}", "provider", "p-1"), NULL);
}

static void no_key_for_another_provider(void **state)
{
    (void)state;
    expect_key(provider("p-2", "sig-1"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"),
               "the desk's provider is no longer the one that it was offered to");
}

static void no_key_where_the_accepting_key_is_gone(void **state)
{
    (void)state;
    expect_key(provider("p-1", "sig-2"),
               json_pack("{s:s, s:s}", "provider", "p-1", "accepted_kid", "sig-1"),
               "the key that accepted is no longer one of the provider's");
}

static void no_key_without_an_encryption_key(void **state)
{
    (void)state;
    expect_key(json_pack("{s:s, s:{s:[]}}", "id", "p-1", "jwks", "keys"),
               json_pack("{s:s}", "provider", "p-1"), "the provider's key cannot be used");
}

/* --- everything at its limit ---------------------------------------------------------------------------------------------- */

#define EXTRACT_CHUNKS 140 /* of 64 MiB, the last of a search's batches not full */
#define PARTS                                                                                      \
    (2 + EXTRACT_CHUNKS + LIMIT_HANDOVER_FILES_BYTES / LIMIT_CHUNK_BYTES + LIMIT_UPLOADS_PER_CASE)
#define PARTS_AT_ONCE 300 /* five in truth: as many are enough here */
#define RECORD_BYTES (1000 * 1024)

struct desk {
    struct story story;
    json_t *state, *facts;
    size_t largest; /* of what was published */
    int inputs;
};

static void rehearse(struct desk *desk, struct processor_input input)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%d", ++desk->inputs);
    input.case_id = STORY_CASE;
    input.now_us = desk->story.now_us;
    input.seed = seed;
    input.work_id = "work";
    json_auto_t *answer =
        processor_rehearse(&escalation_definition, desk->state, &input, desk->facts);
    assert_null(json_object_get(answer, "rejected"));
    if (input.door == PROCESSOR_TICK)
        return;
    size_t bytes = json_dumpb(json_object_get(desk->state, "own"), NULL, 0, JSON_COMPACT);
    desk->largest = bytes > desk->largest ? bytes : desk->largest;
}

/* A step of tests/tools/story.h that is an event. */
static void happens(struct desk *desk, json_t *short_step)
{
    struct event event;
    json_auto_t *step = story_step(&desk->story, short_step);
    story_event(&desk->story, step, json_object_get(desk->state, "cases"), &event);
    rehearse(desk,
             (struct processor_input){.door = PROCESSOR_RECORD, .topic = "cases", .event = &event});
    story_keep(&desk->story, step, &event, json_object_get(desk->state, "cases"));
    event_clear(&event);
    json_decref(short_step);
}

static json_t *entry_of(const struct desk *desk)
{
    const json_t *entries = json_object_get(json_object_get(desk->state, "own"), "handovers");
    return json_array_get(entries, json_array_size(entries) - 1);
}

static void expect_state(const struct desk *desk, const char *state)
{
    assert_string_equal(json_string_value(json_object_get(entry_of(desk), "state")), state);
}

static void result(struct desk *desk, const char *kind, json_t *value, size_t records)
{
    json_auto_t *whole = value;
    json_object_set_new(whole, "kind", json_string(kind));
    json_object_set(whole, "handover", json_object_get(entry_of(desk), "id"));
    json_object_set(whole, "round", json_object_get(entry_of(desk), "round"));
    rehearse(desk, (struct processor_input){
                       .door = PROCESSOR_RESULT, .result = whole, .result_record_count = records});
}

static void ticks(struct desk *desk)
{
    rehearse(desk, (struct processor_input){.door = PROCESSOR_TICK});
}

static json_t *filler(size_t length)
{
    CLEANUP(mem_free) char *text = mem_alloc(length + 1);
    memset(text, 'x', length);
    return json_string(text);
}

static const char hash[] = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

static json_t *full_search(const char *id)
{
    json_t *chunks = json_array();
    for (int i = 0; i < EXTRACT_CHUNKS; i++)
        json_array_append_new(chunks,
                              json_pack("{s:i, s:I, s:i, s:s, s:i}", "partition", 11, "offset",
                                        INT64_C(9000000000) + i, "size", LIMIT_CHUNK_BYTES,
                                        "sha256", hash, "records", 5000));
    return json_pack("{s:s, s:s, s:[{s:s, s:s, s:s, s:i, s:s, s:o}]}", "customer_id", "C-1",
                     "status", "found", "searches", "id", id, "status", "found", "owner", "C-1",
                     "records", LIMIT_EXTRACT_RECORDS, "sha256", hash, "chunks", chunks);
}

static struct desk desk_new(void)
{
    json_error_t error;
    struct desk desk = {.story = story_begin(SOURCE_ROOT "/tests/cases/steps.json"),
                        .state = json_object()};
    json_auto_t *facts = json_load_file(SOURCE_ROOT "/tests/cases/facts.json", 0, &error);
    desk.facts = json_deep_copy(json_object_get(facts, "escalation"));
    json_t *documents = json_object_get(desk.facts, "consent_documents"), *purposes = json_array();
    while (json_array_size(documents) < 20) {
        json_t *more = json_deep_copy(json_array_get(documents, 0));
        json_object_set_new(more, "version", filler(100));
        json_array_append_new(documents, more);
    }
    while (json_array_size(purposes) < 20)
        json_array_append_new(purposes, filler(100));
    json_object_set_new(json_object_get(desk.facts, "provider"), "purposes", purposes);
    return desk;
}

static void desk_free(struct desk *desk)
{
    story_end(&desk->story);
    json_decref(desk->state);
    json_decref(desk->facts);
}

static void opens_and_consents(struct desk *desk)
{
    happens(desk, json_string("opened"));
    json_t *data = full_search(json_string_value(json_object_get(desk->story.words, "id:opened")));
    struct event event = {.type = (char *)(uintptr_t)"updated", .data = data};
    rehearse(desk, (struct processor_input){
                       .door = PROCESSOR_RECORD, .topic = "extractions", .event = &event});
    json_decref(data);
    happens(desk, json_string("consent"));
    happens(desk, json_string("intention"));
}

/* Held and prepared again more often than the entry remembers. */
static void goes_back_and_forth(struct desk *desk)
{
    for (int i = 0; i < 21; i++) {
        json_object_set_new(desk->facts, "approvals", json_integer(2));
        ticks(desk);
        json_object_set_new(desk->facts, "approvals", json_integer(1));
        ticks(desk);
    }
    expect_state(desk, "preparing");
}

/* Hearing, extract and as many files as a request may tick. */
static json_t *full_items(void)
{
    json_t *items = json_array();
    for (int i = 0; i < 102; i++)
        json_array_append_new(items,
                              json_pack("{s:s, s:I, s:s}", i < 2 ? "name" : "upload",
                                        "0190b3a0-0000-7000-a000-000000000002", "length",
                                        (json_int_t)LIMIT_FILE_UPLOAD_BYTES, "sha256", hash));
    return items;
}

static void is_sealed(struct desk *desk)
{
    for (size_t first = 0; first < PARTS; first += PARTS_AT_ONCE) {
        size_t count = first + PARTS_AT_ONCE > PARTS ? PARTS - first : PARTS_AT_ONCE;
        json_t *parts = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(parts,
                                  json_pack("{s:I, s:i, s:s}", "part", (json_int_t)(first + i),
                                            "size", 699200, "sha256", hash));
        result(desk, "seal",
               json_pack("{s:I, s:o, s:I, s:s, s:s, s:o}", "first", (json_int_t)first, "parts",
                         parts, "parts_total", (json_int_t)PARTS, "manifest_sha256", hash, "secret",
                         "0123456789abcdef", "items", full_items()),
               count);
    }
    assert_int_equal(json_array_size(json_object_get(entry_of(desk), "parts")), PARTS);
}

static json_t *reply(const char *name, int number)
{
    CLEANUP(mem_free) char *id = mem_printf("%064x", number);
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:o}}", "use", name, "with", "reply", id,
                     "handover", "@id:requested", "provider", "p-1", "head", "@head:requested",
                     "kid", filler(200));
}

static void is_signed(struct desk *desk, const char *kind)
{
    result(desk, kind,
           json_pack("{s:s, s:s, s:s}", "jws", "jws", "sha256", hash, "reply_by",
                     "2026-06-01T06:00:00.000000Z"),
           0);
}

/* --- a report at its limits --- */

static json_t *report_id(int number)
{
    CLEANUP(mem_free) char *id = mem_printf("%064x", 1000 + number);
    return json_string(id);
}

static void report_result(struct desk *desk, int number, json_t *value, size_t records)
{
    json_auto_t *whole = value;
    json_object_set_new(whole, "kind", json_string("report"));
    json_object_set_new(whole, "report", report_id(number));
    rehearse(desk, (struct processor_input){
                       .door = PROCESSOR_RESULT, .result = whole, .result_record_count = records});
}

static json_t *places(int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:i, s:I, s:i, s:s}", "partition", 11, "offset",
                                        INT64_C(9000000000) + i, "size", 699200, "sha256", hash));
    return list;
}

static json_t *full_report_items(void)
{
    json_t *items = json_array();
    for (int i = 0; i < LIMIT_REPORT_ITEMS; i++)
        json_array_append_new(items,
                              json_pack("{s:o, s:o, s:i, s:s, s:i, s:i}", "name", filler(255),
                                        "media_type", filler(100), "length", 67108864, "sha256",
                                        hash, "first_part", 1 + i, "parts", 1));
    return items;
}

/* Only the one that is being opened is large: the last. */
static void is_reported(struct desk *desk, int number)
{
    int parts = number == LIMIT_HANDOVERS_PER_CASE - 1 ? LIMIT_REPORT_PARTS : 2;
    happens(desk, json_pack("{s:s, s:{s:o, s:O, s:o}}", "use", "delivered", "with", "reply",
                            report_id(number), "handover", json_object_get(entry_of(desk), "id"),
                            "parts", places(parts)));
    report_result(desk, number,
                  json_pack("{s:o, s:i}", "items", full_report_items(), "chunks_total", parts - 1),
                  0);
    report_result(desk, number, json_pack("{s:i, s:o}", "first", 0, "chunks", places(parts - 1)),
                  (size_t)parts - 1);
    const json_t *reports = json_object_get(json_object_get(desk->state, "own"), "reports");
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(reports, (size_t)number - 1), "chunks")),
        (size_t)parts - 1);
    report_result(desk, number, json_pack("{s:{}}", "document"), 0);
}

/* As the first did, whose steps these are. */
static void has_gone_back_and_forth(struct desk *desk)
{
    const json_t *entries = json_object_get(json_object_get(desk->state, "own"), "handovers");
    json_object_set_new(entry_of(desk), "steps",
                        json_deep_copy(json_object_get(json_array_get(entries, 0), "steps")));
}

static void goes_through_everything(struct desk *desk, int number)
{
    happens(desk, json_string("requested"));
    if (number == 1)
        goes_back_and_forth(desk);
    else
        has_gone_back_and_forth(desk);
    is_sealed(desk);
    is_signed(desk, "offer");
    expect_state(desk, "offered");
    happens(desk, reply("accepted", 2 * number));
    result(desk, "key", json_pack("{s:o}", "failure", filler(255)), 0);
    ticks(desk);
    is_signed(desk, "key");
    expect_state(desk, "released");
    is_reported(desk, number);
    happens(desk, json_string("cancelled"));
    result(desk, "recall", json_pack("{s:o}", "failure", filler(255)), 0);
    ticks(desk);
    is_signed(desk, "recall");
    happens(desk, reply("deleted", 2 * number + 1));
    expect_state(desk, "deleted");
}

static void everything_at_its_limit_fits(void **state)
{
    (void)state;
    CLEANUP(desk_free) struct desk desk = desk_new();
    opens_and_consents(&desk);
    for (int i = 1; i < LIMIT_HANDOVERS_PER_CASE; i++)
        goes_through_everything(&desk, i);
    happens(&desk, json_string("requested"));
    has_gone_back_and_forth(&desk);
    is_sealed(&desk);
    json_t *devices = json_array();
    for (int i = 0; i < LIMIT_DEVICES; i++)
        json_array_append_new(devices, json_pack("{s:s}", "name", "PC"));
    happens(&desk, json_pack("{s:s, s:{s:{s:o, s:n}}}", "use", "amended", "with", "patch", "device",
                             devices, "network"));
    expect_state(&desk, "held");
    print_message("escalation-status at its limit: %zu bytes\n", desk.largest);
    assert_true(desk.largest < RECORD_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_sealed_to_whom_it_was_offered),
        cmocka_unit_test(no_key_for_another_provider),
        cmocka_unit_test(no_key_where_the_accepting_key_is_gone),
        cmocka_unit_test(no_key_without_an_encryption_key),
        cmocka_unit_test(everything_at_its_limit_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
