/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log store of generated lines, and searches over it, for an oracle to compare:
 *   extract_cases STORE FACTS SEED CUSTOMERS LINES FROM_US DAYS
 * fills the store in the folder STORE as triage does, writes what it knows of each line into FACTS/<owner>.tsv (partition,
 * offset, time, detection, two addresses, host, user, MAC, three signs, shape, line), says {"lines":…}, and then answers
 * each line {"owner","from_us","to_us","devices"} with {"records":[[partition,offset]…],"detections","truncated"}.
 * What was read last is still in memory: searches see both sides of the store.
 */
#include "common/clock.h"
#include "services/triage/extract.h"
#include "tests/tools/loglines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS 4
#define FACTS_HELD_MAX (64 * 1024)

struct world {
    struct loglines lines;
    struct logstore *store;
    const char *folder; /* of facts */
    struct buf *facts;  /* of each customer, until they are many */
};

static void give_up(const char *what)
{
    fprintf(stderr, "extract_cases: %s\n", what);
    exit(1);
}

/* --- facts ------------------------------------------------------------------------------------------------------------ */

static void write_facts(struct world *world, int32_t customer)
{
    char owner[16];
    struct buf *facts = &world->facts[customer];
    loglines_owner(customer, owner);
    CLEANUP(mem_free) char *path = mem_printf("%s/%s.tsv", world->folder, owner);
    FILE *file = fopen(path, "a");
    if (!file || fwrite(facts->data, 1, facts->length, file) != facts->length || fclose(file) != 0)
        give_up(path);
    buf_clear(facts);
}

static void note_facts(struct world *world, const struct log_line *line)
{
    int32_t customer = atoi(line->owner + 2);
    struct buf *facts = &world->facts[customer];
    buf_printf(facts, "%d\t%lld\t%lld\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", line->partition,
               (long long)line->offset, (long long)line->time_us, line->detection,
               line->addresses[0], line->addresses[1], line->host, line->user, line->mac,
               line->signs[0], line->signs[1], line->signs[2], line->shape);
    buf_add(facts, line->text, line->length);
    buf_add_text(facts, "\n");
    if (facts->length > FACTS_HELD_MAX)
        write_facts(world, customer);
}

/* --- the store --------------------------------------------------------------------------------------------------------- */

static void keep(struct world *world, const struct log_line *line)
{
    struct why why;
    int64_t append_us = line->time_us + 1000000;
    struct logstore_record record = {
        .partition = line->partition, .offset = line->offset, .line = {line->text, line->length}};
    record.time_us = event_time_of((struct bytes){0}, record.line, append_us, &record.time_source);
    if (record.time_us / 1000000 != line->time_us / 1000000)
        give_up(line->text); /* the store would be of another time than the facts */
    logstore_put(world->store, line->owner, &record, append_us);
    if (logstore_checkpoint_if_due(world->store, clock_monotonic_ms(), &why) != VERDICT_OK)
        give_up(why.text);
}

static void fill(struct world *world)
{
    static struct log_line line;
    for (int64_t i = 0; i < world->lines.count; i++) {
        loglines_make(&world->lines, i, &line);
        keep(world, &line);
        note_facts(world, &line);
    }
    for (int32_t i = 0; i < world->lines.customers; i++)
        write_facts(world, i);
}

static void open_store(struct world *world, const char *folder)
{
    struct why why;
    struct logstore_config config = {.folder = folder,
                                     .identity = "cases",
                                     .partition_count = PARTITIONS,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = LOGSTORE_CHECKPOINT_EVERY_MS,
                                     .held_bytes_max = LOGSTORE_HELD_BYTES_MAX};
    if (logstore_open(&config, &world->store, &why) != VERDICT_OK)
        give_up(why.text);
}

/* --- searches ------------------------------------------------------------------------------------------------------------ */

static void list_record(json_t *records, const char *line, size_t length)
{
    json_auto_t *record = json_loadb(line, length, 0, NULL);
    json_t *partition = json_object_get(record, "labels.partition");
    if (!partition)
        give_up("a record without its place");
    json_array_append_new(records,
                          json_pack("[O, O]", partition, json_object_get(record, "labels.offset")));
}

static json_t *list_records(const struct extract_result *result)
{
    json_t *records = json_array();
    for (size_t i = 0; i < result->chunk_count; i++) {
        const char *at = result->chunks[i].data, *end = at + result->chunks[i].length;
        while (at < end) {
            const char *stop = memchr(at, '\n', (size_t)(end - at));
            list_record(records, at, (size_t)(stop - at));
            at = stop + 1;
        }
    }
    return records;
}

static int64_t number(const json_t *asked, const char *name)
{
    return json_integer_value(json_object_get(asked, name));
}

static json_t *answer(struct world *world, const json_t *asked)
{
    CLEANUP(extract_result_clear) struct extract_result result = {0};
    struct why why;
    struct extract_request request = {
        .store = world->store,
        .partition_count = PARTITIONS,
        .owner = json_string_value(json_object_get(asked, "owner")),
        .case_id = "case",
        .from_us = number(asked, "from_us"),
        .to_us = number(asked, "to_us"),
        .now_us = world->lines.from_us + world->lines.span_us,
        .devices = json_object_get(asked, "devices"),
    };
    if (extract_run(&request, &result, &why) != VERDICT_OK)
        give_up(why.text);
    return json_pack("{s:o, s:O, s:O}", "records", list_records(&result), "detections",
                     json_object_get(result.summary, "detections"), "truncated",
                     json_object_get(result.summary, "truncated"));
}

static void answer_all(struct world *world)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        json_auto_t *asked = json_loadb(line, (size_t)length, 0, NULL);
        if (!asked)
            give_up("a case that is no JSON");
        json_auto_t *told = answer(world, asked);
        json_dumpf(told, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
    }
    free(line);
}

int main(int count, char **args)
{
    struct world world = {0};
    if (count != 8)
        give_up("STORE FACTS SEED CUSTOMERS LINES FROM_US DAYS");
    world.folder = args[2];
    world.lines = (struct loglines){.seed = strtoull(args[3], NULL, 10),
                                    .customers = atoi(args[4]),
                                    .partitions = PARTITIONS,
                                    .count = atoll(args[5]),
                                    .from_us = atoll(args[6]),
                                    .span_us = atoll(args[7]) * INT64_C(86400000000)};
    world.facts = mem_alloc((size_t)world.lines.customers * sizeof *world.facts);
    for (int32_t i = 0; i < world.lines.customers; i++)
        buf_init(&world.facts[i], 2 * FACTS_HELD_MAX);
    open_store(&world, args[1]);
    fill(&world);
    printf("{\"lines\":%lld}\n", (long long)world.lines.count);
    fflush(stdout);
    answer_all(&world);
    for (int32_t i = 0; i < world.lines.customers; i++)
        buf_free(&world.facts[i]);
    free(world.facts);
    logstore_close(world.store);
    return 0;
}
