/* SPDX-License-Identifier: Apache-2.0 */
/* The log store: every record exactly once, whenever it is read and however often it was restarted; nobody else's ever. */
#include "common/clock.h"
#include "services/triage/logstore.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define PARTITIONS 3
#define NOW_US INT64_C(1795500000000000)
#define DAY_US INT64_C(86400000000)

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/kakekomi-logstore-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_files(void)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, files[i]);
        unlink(path);
    }
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static size_t map_bytes; /* 0: as usual */

static struct logstore *open_store(const char *identity)
{
    struct logstore *store = NULL;
    struct why why = {0};
    struct logstore_config config = {.folder = folder,
                                     .identity = identity,
                                     .partition_count = PARTITIONS,
                                     .retention_days = 90,
                                     .checkpoint_every_ms = 1000000,
                                     .held_bytes_max = 1 << 20,
                                     .map_bytes = map_bytes};
    enum verdict verdict = logstore_open(&config, &store, &why);
    if (verdict != VERDICT_OK)
        print_error("%s\n", why.text);
    assert_int_equal(verdict, VERDICT_OK);
    return store;
}

static void put_at(struct logstore *store, const char *owner, int32_t partition, int64_t offset,
                   int64_t time_us, size_t filler, int64_t append_us)
{
    CLEANUP(buf_free) struct buf line;
    buf_init(&line, 1 << 20);
    buf_printf(&line, "%s/%d/%lld ", owner, partition, (long long)offset);
    for (size_t i = 0; i < filler; i++)
        buf_printf(&line, "%zx", (i * 2654435761u + (size_t)offset) & 0xffff);
    struct logstore_record record = {.partition = partition,
                                     .offset = offset,
                                     .time_us = time_us,
                                     .line = {line.data, line.length},
                                     .host = bytes_of("fw-1")};
    logstore_put(store, owner, &record, append_us);
}

static void put(struct logstore *store, const char *owner, int32_t partition, int64_t offset,
                int64_t time_us, size_t filler)
{
    put_at(store, owner, partition, offset, time_us, filler, NOW_US);
}

/* In a thread of its own, where cmocka would end the program without a word. */
static void must_be(const char *what, size_t is, size_t expected)
{
    if (is == expected)
        return;
    fprintf(stderr, "%s: %zu, expected %zu\n", what, is, expected);
    abort();
}

struct seen {
    const char *owner;
    uint8_t *times; /* per partition and offset */
    size_t max, count;
};

static bool note(void *context, const struct logstore_record *record)
{
    struct seen *seen = context;
    char expected[64];
    snprintf(expected, sizeof expected, "%s/%d/%lld ", seen->owner, record->partition,
             (long long)record->offset);
    assert_true(record->line.length >= strlen(expected) &&
                memcmp(record->line.data, expected, strlen(expected)) == 0);
    assert_true(bytes_equal_text(record->host, "fw-1"));
    assert_true((size_t)record->offset < seen->max);
    assert_int_equal(seen->times[(size_t)record->partition * seen->max + (size_t)record->offset]++,
                     0);
    seen->count++;
    return true;
}

static size_t count_of(struct logstore *store, const char *owner, int64_t from_us, int64_t to_us,
                       const int64_t *since, size_t max, int64_t *ret_next)
{
    struct seen seen = {.owner = owner, .times = mem_alloc(PARTITIONS * max), .max = max};
    struct logstore_query query = {
        .owner = owner, .from_us = from_us, .to_us = to_us, .since = since};
    struct why why;
    assert_int_equal(logstore_read(store, &query, note, &seen, ret_next, &why), VERDICT_OK);
    free(seen.times);
    return seen.count;
}

#define EVER 0, INT64_MAX

static void records_are_kept_per_owner(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct why why;
    for (int64_t i = 0; i < 300; i++)
        put(store, i % 3 ? "C-1" : "C-10", 1, i, NOW_US + i * 1000000, 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 200);
        assert_int_equal(count_of(store, "C-10", EVER, NULL, 1000, NULL), 100);
        assert_int_equal(count_of(store, "C-", EVER, NULL, 1000, NULL), 0);
        assert_int_equal(count_of(store, "", EVER, NULL, 1000, NULL), 0);
        assert_int_equal(count_of(store, "C-1", NOW_US + 100 * 1000000, NOW_US + 102 * 1000000,
                                  NULL, 1000, NULL),
                         2);
        int64_t since[PARTITIONS] = {0, 297, 0};
        assert_int_equal(count_of(store, "C-1", EVER, since, 1000, NULL), 2);
        if (round == 0)
            assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
        if (round == 1) {
            logstore_close(store);
            store = open_store("a");
            assert_int_equal(logstore_next(store, 1), 300);
        }
    }
    logstore_close(store);
}

static void what_was_not_checkpointed_is_read_again(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct why why;
    for (int64_t i = 0; i < 100; i++)
        put(store, "C-1", 0, i, NOW_US, 200);
    assert_int_equal(logstore_checkpoint(store, false, &why), VERDICT_OK);
    for (int64_t i = 100; i < 150; i++)
        put(store, "C-1", 0, i, NOW_US, 200);
    logstore_close(store); /* as a crash leaves it */
    store = open_store("a");
    assert_int_equal(logstore_next(store, 0), 100);
    for (int64_t i = logstore_next(store, 0); i < 200; i++)
        put(store, "C-1", 0, i, NOW_US, 200);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 200);
    logstore_close(store);
}

static void small_blocks_are_merged(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct why why;
    for (int64_t i = 0; i < 400; i++) {
        put(store, i % 2 ? "C-1" : "C-2", 2, i, NOW_US + (i * 7 % 400) * 1000, 20);
        if (i % 10 == 9)
            assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
        if (i % 50 == 0)
            assert_int_equal(count_of(store, "C-2", EVER, NULL, 1000, NULL), (size_t)i / 2 + 1);
    }
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 200);
    assert_int_equal(count_of(store, "C-2", EVER, NULL, 1000, NULL), 200);
    logstore_close(store);
}

static void another_identity_empties_the_store(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct why why;
    put(store, "C-1", 0, 5, NOW_US, 0);
    assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
    logstore_close(store);
    store = open_store("b");
    assert_int_equal(logstore_next(store, 0), 0);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 0);
    put(store, "C-1", 0, 7, NOW_US, 0);
    assert_int_equal(logstore_empty(store, &why), VERDICT_OK);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 0);
    put(store, "C-1", 0, 0, NOW_US, 0);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 1);
    logstore_close(store);
}

static void garbage_in_the_file_is_thrown_away(void **state)
{
    (void)state;
    CLEANUP(mem_free) char *path = mem_printf("%s/data.mdb", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 20000; i++)
        fputc(i * 7 & 0xff, file);
    fclose(file);
    struct logstore *store = open_store("a");
    put(store, "C-1", 0, 0, NOW_US, 0);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 1);
    logstore_close(store);
}

static void retention_drops_whole_buckets(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct why why;
    for (int64_t i = 0; i < 30; i++) {
        struct logstore_record record = {.partition = 0,
                                         .offset = i,
                                         .time_us = NOW_US + i * 10 * DAY_US,
                                         .line = bytes_of("x")};
        char line[32];
        snprintf(line, sizeof line, "C-1/0/%lld ", (long long)i);
        record.line = bytes_of(line);
        record.host = bytes_of("fw-1");
        logstore_put(store, "C-1", &record, record.time_us);
    }
    assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 1000, NULL), 30);
    assert_int_equal(logstore_expire(store, NOW_US + 290 * DAY_US, &why), VERDICT_OK);
    size_t left = count_of(store, "C-1", EVER, NULL, 1000, NULL);
    assert_true(left == 10 || left == 11); /* 90 days, and the bucket that the border cuts */
    logstore_close(store);
}

static void uploads_count_once_they_are_whole(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct logstore_upload *upload;
    struct why why;
    for (int attempt = 0; attempt < 2; attempt++) {
        CLEANUP(mem_free) char *note_text = NULL;
        assert_int_equal(logstore_upload_find(store, "case/upload", &note_text, &why), VERDICT_OK);
        assert_null(note_text);
        assert_int_equal(logstore_upload_begin(store, "case/upload", NOW_US, &upload, &why),
                         VERDICT_OK);
        for (int64_t i = 0; i < 20000; i++) {
            char line[1200];
            snprintf(line, sizeof line, "case/upload/-1/%lld %01000d", (long long)i, (int)i);
            struct logstore_record record = {
                .partition = -1, .offset = i, .time_us = NOW_US, .line = bytes_of(line)};
            assert_int_equal(logstore_upload_put(upload, &record, &why), VERDICT_OK);
        }
        if (attempt == 0)
            logstore_upload_drop(upload); /* interrupted after a part of it was on disk */
        else
            assert_int_equal(logstore_upload_end(upload, "{\"ok\":1}", &why), VERDICT_OK);
    }
    CLEANUP(mem_free) char *text = NULL;
    CLEANUP(mem_free) char *none = NULL;
    assert_int_equal(logstore_upload_find(store, "case/upload", &text, &why), VERDICT_OK);
    assert_string_equal(text, "{\"ok\":1}");
    assert_int_equal(logstore_upload_find(store, "case/uploa", &none, &why), VERDICT_OK);
    assert_null(none);
    logstore_close(store);
}

static bool note_length(void *context, const struct logstore_record *record)
{
    *(size_t *)context = record->line.length;
    return true;
}

/* A compressed batch may carry a line of any length: it is kept to the limit and counted, never a reason to end. */
static void longer_lines_are_cut_and_counted(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct logstore_query query = {.owner = "C-1", .from_us = 0, .to_us = INT64_MAX};
    struct logstore_counts counts;
    struct why why;
    size_t size = 3 * LOGSTORE_LINE_BYTES_MAX, length = 0;
    CLEANUP(mem_free) char *line = mem_alloc(size);
    struct logstore_record record = {.partition = 0, .time_us = NOW_US, .line = {line, size}};
    memset(line, 'x', size);
    logstore_put(store, "C-1", &record, NOW_US);
    record.offset++;
    record.line.length = LOGSTORE_LINE_BYTES_MAX;
    logstore_put(store, "C-1", &record, NOW_US);
    logstore_count(store, &counts);
    assert_int_equal(counts.records_in, 2);
    assert_int_equal(counts.lines_cut, 1);
    assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
    assert_int_equal(logstore_read(store, &query, note_length, &length, NULL, &why), VERDICT_OK);
    assert_int_equal(length, LOGSTORE_LINE_BYTES_MAX);
    logstore_close(store);
}

#define MIXED 300

static struct logstore_record mixed(int64_t i, char *line)
{
    static const char *const hosts[] = {"fw-1", "fw-1", "", "fw-12"};
    size_t length = (size_t)(i * i * 7 % 20011);
    for (size_t at = 0; at < length; at++)
        line[at] = (char)('a' + (at * 31 + (size_t)i) % 26);
    return (struct logstore_record){.partition = 1,
                                    .offset = i,
                                    .time_us = NOW_US - i * (i % 3) * 1000003,
                                    .time_source = (enum event_time_source)(i % 4),
                                    .line = {line, length},
                                    .format = bytes_of(i % 50 < 25 ? "cef" : "leef"),
                                    .host = bytes_of(hosts[i % 4])};
}

static bool compare_mixed(void *context, const struct logstore_record *record)
{
    static char line[20011];
    struct logstore_record put = mixed(record->offset, line);
    assert_int_equal(record->time_us, put.time_us);
    assert_int_equal(record->time_source, put.time_source);
    assert_int_equal(record->line.length, put.line.length);
    assert_true(!put.line.length || memcmp(record->line.data, line, put.line.length) == 0);
    assert_true(record->format.length == put.format.length &&
                bytes_equal_text(record->format, put.format.data));
    assert_true(bytes_equal_text(record->host, put.host.data));
    ++*(size_t *)context;
    return true;
}

/* Lines empty and long, headers that change or stay: out of memory, and out of the file, as they came. */
static void what_is_read_is_what_was_put(void **state)
{
    (void)state;
    static char line[20011];
    struct logstore *store = open_store("a");
    struct logstore_query query = {.owner = "C-1", .from_us = 0, .to_us = INT64_MAX};
    struct why why;
    for (int64_t i = 0; i < MIXED; i++) {
        struct logstore_record record = mixed(i, line);
        logstore_put(store, "C-1", &record, NOW_US);
    }
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        assert_int_equal(logstore_read(store, &query, compare_mixed, &count, NULL, &why),
                         VERDICT_OK);
        assert_int_equal(count, MIXED);
        assert_int_equal(logstore_checkpoint(store, round == 0, &why), VERDICT_OK);
    }
    logstore_close(store);
}

/* A thousand owners with one short line each: what is held is what is allocated. */
static void held_bytes_are_those_allocated(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct logstore_counts counts;
    struct why why;
    for (int64_t i = 0; i < 1000; i++) {
        char owner[16];
        snprintf(owner, sizeof owner, "C-%lld", (long long)i);
        put(store, owner, 0, i, NOW_US, 0);
    }
    logstore_count(store, &counts);
    assert_true(counts.held_bytes >= 1000 * 256);
    for (int64_t i = 1000; i < 1200; i++)
        put(store, "C-1", 0, i, NOW_US, 2000); /* some are sealed */
    assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
    logstore_count(store, &counts);
    assert_int_equal(counts.held_bytes, 0);
    logstore_close(store);
}

/* --- the file ----------------------------------------------------------------------------------------------------------- */

static struct logstore_upload *begin(struct logstore *store, const char *owner, int64_t count,
                                     int64_t now_us)
{
    struct logstore_upload *upload;
    struct why why;
    assert_int_equal(logstore_upload_begin(store, owner, now_us, &upload, &why), VERDICT_OK);
    for (int64_t i = 0; i < count; i++) {
        char line[1200];
        snprintf(line, sizeof line, "%s/-1/%lld %lld", owner, (long long)i,
                 (long long)(i * 2654435761));
        struct logstore_record record = {.partition = -1,
                                         .offset = i,
                                         .time_us = NOW_US,
                                         .line = bytes_of(line),
                                         .host = bytes_of("fw-1")};
        assert_int_equal(logstore_upload_put(upload, &record, &why), VERDICT_OK);
    }
    return upload;
}

static void end(struct logstore_upload *upload)
{
    struct why why;
    assert_int_equal(logstore_upload_end(upload, "{}", &why), VERDICT_OK);
}

static void bring(struct logstore *store, const char *owner, int64_t count, int64_t now_us)
{
    end(begin(store, owner, count, now_us));
}

static bool count_one(void *context, const struct logstore_record *record)
{
    (void)record;
    ++*(size_t *)context;
    return true;
}

static size_t lines_of(struct logstore *store, const char *owner, int64_t *damaged)
{
    struct logstore_query query = {
        .owner = owner, .from_us = 0, .to_us = INT64_MAX, .damaged = damaged};
    size_t count = 0;
    struct why why;
    assert_int_equal(logstore_read(store, &query, count_one, &count, NULL, &why), VERDICT_OK);
    return count;
}

/* Every writer meets a map that is full: it grows for each, and is as large again at the next start. */
static void the_map_grows_for_every_writer(void **state)
{
    (void)state;
    struct why why;
    map_bytes = 256 * 1024;
    struct logstore *store = open_store("a");
    for (int64_t round = 0; round < 6; round++) {
        for (int64_t i = 0; i < 200; i++)
            put(store, "C-1", 0, round * 200 + i, NOW_US, 500);
        assert_int_equal(logstore_checkpoint(store, false, &why), VERDICT_OK);
        for (int64_t i = 0; i < 40; i++) {
            char owner[32];
            snprintf(owner, sizeof owner, "case/%lld-%lld", (long long)round, (long long)i);
            logstore_upload_drop(
                begin(store, owner, 20000, NOW_US + (round * 40 + i) % 90 * 10 * DAY_US));
            bring(store, owner, 100, NOW_US + round * 10 * DAY_US); /* forgets what was left */
            assert_int_equal(lines_of(store, owner, NULL), 100);
        }
        logstore_close(store);
        store = open_store("a");
        assert_int_equal(count_of(store, "C-1", EVER, NULL, 2000, NULL), (size_t)(round + 1) * 200);
    }
    assert_int_equal(logstore_expire(store, NOW_US + 1000 * DAY_US, &why), VERDICT_OK);
    assert_int_equal(logstore_empty(store, &why), VERDICT_OK);
    assert_int_equal(count_of(store, "C-1", EVER, NULL, 2000, NULL), 0);
    map_bytes = 0;
    logstore_close(store);
}

/* Where a merge takes the owner's last block away a full map may show first: at some of these sizes it does. */
static void the_map_grows_for_a_merge(void **state)
{
    (void)state;
    struct why why = {0};
    for (map_bytes = 96 * 1024; map_bytes < 352 * 1024; map_bytes += 16384) {
        CLEANUP(mem_free) char *identity = mem_printf("%zu", map_bytes);
        remove_files();
        struct logstore *store = open_store(identity);
        for (int64_t i = 0; i < 1200; i++) {
            char owner[16];
            snprintf(owner, sizeof owner, "C-%lld", (long long)(i % 60));
            put(store, owner, 0, i, NOW_US, 20 + (size_t)i % 700);
            if (i % 12 == 0 && logstore_checkpoint(store, true, &why) != VERDICT_OK)
                fail_msg("%s, map of %zu", why.text, map_bytes);
        }
        assert_int_equal(count_of(store, "C-7", EVER, NULL, 1200, NULL), 20);
        logstore_close(store);
    }
    map_bytes = 0;
}

static struct logstore *shared;
static pthread_barrier_t together;

static void *bring_beside_others(void *context)
{
    const char *name = context;
    for (int64_t bucket = 0; bucket < 60; bucket++) {
        char owner[96];
        snprintf(owner, sizeof owner, "%s/%lld", name, (long long)bucket);
        struct logstore_upload *upload = begin(shared, owner, 10, NOW_US + bucket * 10 * DAY_US);
        pthread_barrier_wait(&together);
        end(upload);
    }
    return NULL;
}

/* Two writers that meet a new bucket at once make it once: else its records are read twice. */
static void a_bucket_is_made_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    static char owners[COUNT_OF(threads)][16];
    shared = open_store("a");
    pthread_barrier_init(&together, NULL, COUNT_OF(threads));
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        snprintf(owners[i], sizeof owners[i], "case/%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, bring_beside_others, owners[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        for (int bucket = 0; bucket < 60; bucket++) {
            char owner[96];
            snprintf(owner, sizeof owner, "%s/%d", owners[i], bucket);
            assert_int_equal(lines_of(shared, owner, NULL), 10);
        }
    pthread_barrier_destroy(&together);
    logstore_close(shared);
}

/* Two searches of one case need the same file: the second neither removes what the first has written nor does it again. */
static void an_upload_is_brought_by_one(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct logstore_upload *second = NULL;
    CLEANUP(mem_free) char *note_text = NULL;
    struct why why;
    struct logstore_upload *first = begin(store, "case/u", 20000, NOW_US); /* a part is on disk */
    assert_int_equal(logstore_upload_begin(store, "case/u", NOW_US, &second, &why), VERDICT_RETRY);
    assert_null(second);
    bring(store, "case/v", 10, NOW_US);
    end(first);
    assert_int_equal(logstore_upload_begin(store, "case/u", NOW_US, &second, &why), VERDICT_RETRY);
    assert_int_equal(logstore_upload_find(store, "case/u", &note_text, &why), VERDICT_OK);
    assert_string_equal(note_text, "{}");
    assert_int_equal(lines_of(store, "case/u", NULL), 20000);
    first = begin(store, "case/w", 20000, NOW_US);
    assert_int_equal(logstore_upload_again(first, &why), VERDICT_OK);
    end(first);
    assert_int_equal(lines_of(store, "case/w", NULL), 0);
    logstore_close(store);
}

/* Writes over the middle of every zstd frame in the file. */
static int damage_blocks(void)
{
    static const char magic[] = {0x28, (char)0xb5, 0x2f, (char)0xfd};
    CLEANUP(mem_free) char *path = mem_printf("%s/data.mdb", folder);
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    int damaged = 0;
    assert_true(file_read(path, 64 << 20, &text, &length));
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (size_t i = 0; i + 64 < length; i++)
        if (memcmp(text + i, magic, sizeof magic) == 0) {
            fseek(file, (long)i + 10, SEEK_SET);
            fputs("damaged damaged damaged", file);
            damaged++;
        }
    fclose(file);
    return damaged;
}

static void damaged_blocks_are_counted(void **state)
{
    (void)state;
    struct logstore *store = open_store("a");
    struct logstore_counts counts;
    struct why why;
    int64_t damaged = 0;
    for (int64_t i = 0; i < 100; i++)
        put(store, "C-1", 0, i, NOW_US, 100);
    assert_int_equal(logstore_checkpoint(store, true, &why), VERDICT_OK);
    assert_int_equal(lines_of(store, "C-1", &damaged), 100);
    assert_int_equal(damaged, 0);
    logstore_close(store);
    assert_int_equal(damage_blocks(), 1);
    store = open_store("a");
    assert_true(lines_of(store, "C-1", &damaged) < 100);
    assert_int_equal(damaged, 1);
    logstore_count(store, &counts);
    assert_int_equal(counts.damaged, 1);
    logstore_close(store);
}

/* --- readers beside the writer ---------------------------------------------------------------------------------------------- */

static _Atomic bool done;
static _Atomic size_t reads;

static void *read_all_the_time(void *context)
{
    (void)context;
    while (!atomic_load(&done)) {
        int64_t before[PARTITIONS], next[PARTITIONS];
        logstore_positions(shared, before);
        size_t count = count_of(shared, "C-1", EVER, NULL, 200000, next);
        size_t expected = 0;
        for (int p = 0; p < PARTITIONS; p++) {
            expected += ((size_t)next[p] + 1) / 2; /* every other record is C-1's */
            must_be("goes back", next[p] < before[p], false);
        }
        must_be("records", count, expected);
        atomic_fetch_add(&reads, 1);
    }
    return NULL;
}

static void reads_are_exact_beside_checkpoints(void **state)
{
    (void)state;
    pthread_t threads[2];
    struct why why;
    shared = open_store("a");
    atomic_store(&done, false);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, NULL), 0);
    int64_t until_ms = clock_monotonic_ms() + 3000;
    for (int64_t i = 0; i < 150000 && clock_monotonic_ms() < until_ms; i++) {
        put(shared, i / PARTITIONS % 2 ? "C-2" : "C-1", (int32_t)(i % PARTITIONS), i / PARTITIONS,
            NOW_US + i, 30);
        if (i % 997 == 0)
            assert_int_equal(logstore_checkpoint(shared, i % 2 == 0, &why), VERDICT_OK);
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&reads) > 10);
    logstore_close(shared);
}

static void *read_one_owner(void *context)
{
    (void)context;
    while (!atomic_load(&done)) {
        int64_t next[PARTITIONS];
        size_t count = count_of(shared, "C-1", EVER, NULL, 1000, next);
        must_be("records", count, (size_t)next[0]);
    }
    return NULL;
}

/* Between the list of buckets and the snapshot one may be made and written into. */
static void a_bucket_that_is_made_beside_a_reader_is_seen(void **state)
{
    (void)state;
    pthread_t threads[8];
    struct why why;
    for (int round = 0; round < 5; round++) {
        shared = open_store(round % 2 ? "a" : "b"); /* empties it */
        atomic_store(&done, false);
        for (size_t i = 0; i < COUNT_OF(threads); i++)
            assert_int_equal(pthread_create(&threads[i], NULL, read_one_owner, NULL), 0);
        for (int64_t i = 0; i < 100; i++) {
            put_at(shared, "C-1", 0, i, NOW_US, 30, NOW_US + i * INT64_C(10) * 86400 * 1000000);
            assert_int_equal(logstore_checkpoint(shared, false, &why), VERDICT_OK);
        }
        atomic_store(&done, true);
        for (size_t i = 0; i < COUNT_OF(threads); i++)
            pthread_join(threads[i], NULL);
        logstore_close(shared);
    }
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        STORE_TEST(records_are_kept_per_owner),
        STORE_TEST(what_was_not_checkpointed_is_read_again),
        STORE_TEST(small_blocks_are_merged),
        STORE_TEST(another_identity_empties_the_store),
        STORE_TEST(garbage_in_the_file_is_thrown_away),
        STORE_TEST(retention_drops_whole_buckets),
        STORE_TEST(uploads_count_once_they_are_whole),
        STORE_TEST(longer_lines_are_cut_and_counted),
        STORE_TEST(what_is_read_is_what_was_put),
        STORE_TEST(held_bytes_are_those_allocated),
        STORE_TEST(the_map_grows_for_every_writer),
        STORE_TEST(the_map_grows_for_a_merge),
        STORE_TEST(a_bucket_is_made_once),
        STORE_TEST(an_upload_is_brought_by_one),
        STORE_TEST(damaged_blocks_are_counted),
        STORE_TEST(reads_are_exact_beside_checkpoints),
        STORE_TEST(a_bucket_that_is_made_beside_a_reader_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
