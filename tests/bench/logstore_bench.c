/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/bench/logstore measures in C, one line of JSON an answer:
 *   logstore_bench days FOLDER SEED LINES CUSTOMERS             the lines as files of a day: owner, time in µs, line
 *   logstore_bench ingest STORE FOLDER SEED LINES CUSTOMERS     fills ours, lmdb or sqlite
 *   logstore_bench query STORE FOLDER SEED LINES CUSTOMERS QUERIES warm|cold [SECONDS]
 *   logstore_bench questions SEED LINES CUSTOMERS QUERIES       what the queries are, for other programs to ask: owner, from, to
 * A query is all records of a random customer in random 72 hours (or SECONDS): the same ones for every store. Warm: each is asked once
 * beforehand and then five times, of which the median counts, so that p99 tells of the store rather than of whoever else
 * wanted the processor. Cold: before each of them
 * the files are dropped from the page cache, and a new process opens the store and asks once; opening does not count.
 * Making the lines does not count either.
 */
#include "tests/bench/store.h"
#include "tests/tools/loglines.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAYS 90
#define DAY_US INT64_C(86400000000)
#define FROM_US (INT64_C(20700) * DAY_US)
#define BATCH 256
#define WARM_ROUNDS 5

static int64_t window_us = 3 * DAY_US; /* of a question */

_Noreturn void bench_give_up(const char *what)
{
    fprintf(stderr, "logstore_bench: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t rss_anon_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static void each_file(const char *folder, void (*each)(const char *path, void *context),
                      void *context)
{
    DIR *dir = opendir(folder);
    if (!dir)
        bench_give_up(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            each(path, context);
    }
    closedir(dir);
}

static void add_size(const char *path, void *context)
{
    struct stat file;
    if (stat(path, &file) == 0)
        *(int64_t *)context += file.st_blocks * INT64_C(512);
}

static void drop_cache(const char *path, void *context)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    (void)context;
    if (file < 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
        bench_give_up(path);
    close(file);
}

static void sync_file(const char *path, void *context)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    (void)context;
    if (file < 0 || fsync(file) != 0)
        bench_give_up(path);
    close(file);
}

/* --- days ------------------------------------------------------------------------------------------------------------- */

static FILE *open_day(const char *folder, int64_t day)
{
    CLEANUP(mem_free) char *path = mem_printf("%s/day-%03d.tsv", folder, (int)day);
    FILE *file = fopen(path, "w");
    if (!file)
        bench_give_up(path);
    return file;
}

static void write_days(const struct loglines *lines, const char *folder)
{
    static struct log_line line;
    FILE *file = NULL;
    int64_t open = -1, bytes = 0;
    (void)mkdir(folder, 0700);
    for (int64_t i = 0; i < lines->count; i++) {
        loglines_make(lines, i, &line);
        int64_t day = (line.time_us - FROM_US) / DAY_US;
        if (day != open && file)
            fclose(file);
        if (day != open)
            file = open_day(folder, day);
        open = day;
        fprintf(file, "%s\t%lld\t", line.owner, (long long)line.time_us);
        fwrite(line.text, 1, line.length, file);
        fputc('\n', file);
        bytes += (int64_t)line.length;
    }
    if (file)
        fclose(file);
    printf("{\"bytes\":%lld}\n", (long long)bytes);
}

/* --- ingest ------------------------------------------------------------------------------------------------------------ */

struct cost {
    double cpu_s, wall_s;
    int64_t bytes, rss_anon_kib_max;
};

static void note_memory(struct cost *cost)
{
    int64_t kib = rss_anon_kib();
    if (kib > cost->rss_anon_kib_max)
        cost->rss_anon_kib_max = kib;
}

static void put_batch(const struct bench_store *store, void *handle, const struct log_line *batch,
                      size_t count, struct cost *cost)
{
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    for (size_t i = 0; i < count; i++) {
        struct logstore_record record = {.partition = batch[i].partition,
                                         .offset = batch[i].offset,
                                         .time_us = batch[i].time_us,
                                         .line = {batch[i].text, batch[i].length}};
        store->put(handle, batch[i].owner, &record);
        cost->bytes += (int64_t)batch[i].length;
    }
    cost->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    cost->wall_s += seconds(CLOCK_MONOTONIC) - wall;
}

static void finish(const struct bench_store *store, void *handle, struct cost *cost)
{
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    store->finish(handle);
    cost->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    cost->wall_s += seconds(CLOCK_MONOTONIC) - wall;
    note_memory(cost);
}

static void ingest(const struct bench_store *store, const char *folder,
                   const struct loglines *lines)
{
    static struct log_line batch[BATCH];
    struct cost cost = {0};
    int64_t disk = 0;
    void *handle = store->open(folder);
    for (int64_t i = 0; i < lines->count;) {
        size_t count = 0;
        while (count < BATCH && i < lines->count)
            loglines_make(lines, i++, &batch[count++]);
        put_batch(store, handle, batch, count, &cost);
        if (i / BATCH % 16 == 0)
            note_memory(&cost);
    }
    finish(store, handle, &cost);
    store->close(handle);
    each_file(folder, add_size, &disk);
    printf("{\"bytes\":%lld,\"cpu_s\":%.3f,\"wall_s\":%.3f,\"disk\":%lld,\"rss_anon_mib\":%.1f}\n",
           (long long)cost.bytes, cost.cpu_s, cost.wall_s, (long long)disk,
           (double)cost.rss_anon_kib_max / 1024);
}

/* --- query ------------------------------------------------------------------------------------------------------------- */

struct question {
    char owner[16];
    int64_t from_us;
};

static struct question question_of(const struct loglines *lines, int64_t number)
{
    struct question question;
    uint64_t dice = (lines->seed + 77) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)number;
    dice = (dice ^ dice >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    dice = (dice ^ dice >> 27) * UINT64_C(0x94d049bb133111eb);
    dice ^= dice >> 31;
    loglines_owner((int32_t)(dice % (uint64_t)lines->customers), question.owner);
    question.from_us =
        FROM_US + (int64_t)((dice >> 33) % (uint64_t)((DAYS * DAY_US - window_us) / 1000000)) *
                      INT64_C(1000000);
    return question;
}

struct answer {
    double ms;
    struct bench_found found;
};

static struct answer ask(const struct bench_store *store, void *handle,
                         const struct loglines *lines, int64_t number)
{
    struct answer answer = {0};
    struct question question = question_of(lines, number);
    double begun = seconds(CLOCK_MONOTONIC);
    store->read(handle, question.owner, question.from_us, question.from_us + window_us - 1,
                &answer.found);
    answer.ms = (seconds(CLOCK_MONOTONIC) - begun) * 1000;
    return answer;
}

static int by_time(const void *a, const void *b)
{
    double x = ((const struct answer *)a)->ms, y = ((const struct answer *)b)->ms;
    return (x > y) - (x < y);
}

static void ask_all(const struct bench_store *store, const char *folder,
                    const struct loglines *lines, struct answer *answers, int64_t count)
{
    CLEANUP(mem_free)
    struct answer(*asked)[WARM_ROUNDS] = mem_alloc((size_t)count * sizeof *asked);
    void *handle = store->open(folder);
    for (int64_t i = 0; i < count; i++)
        (void)ask(store, handle, lines, i);
    for (int round = 0; round < WARM_ROUNDS; round++)
        for (int64_t i = 0; i < count; i++)
            asked[i][round] = ask(store, handle, lines, i);
    for (int64_t i = 0; i < count; i++) {
        qsort(asked[i], WARM_ROUNDS, sizeof asked[i][0], by_time);
        answers[i] = asked[i][WARM_ROUNDS / 2];
    }
    store->close(handle);
}

static void ask_in_a_child(const struct bench_store *store, const char *folder,
                           const struct loglines *lines, int64_t number, int to)
{
    void *handle = store->open(folder);
    struct answer answer = ask(store, handle, lines, number);
    if (write(to, &answer, sizeof answer) != sizeof answer)
        _exit(1);
    _exit(0);
}

static void ask_cold(const struct bench_store *store, const char *folder,
                     const struct loglines *lines, struct answer *answers, int64_t count)
{
    int ends[2], status;
    each_file(folder, sync_file, NULL);
    for (int64_t i = 0; i < count; i++) {
        each_file(folder, drop_cache, NULL);
        if (pipe(ends) != 0)
            bench_give_up("no pipe");
        pid_t child = fork();
        if (child == 0)
            ask_in_a_child(store, folder, lines, i, ends[1]);
        close(ends[1]);
        if (read(ends[0], &answers[i], sizeof answers[i]) != sizeof answers[i])
            bench_give_up("a child did not answer");
        close(ends[0]);
        waitpid(child, &status, 0);
    }
}

static void query(const struct bench_store *store, const char *folder, const struct loglines *lines,
                  int64_t count, bool cold)
{
    CLEANUP(mem_free) struct answer *answers = mem_alloc((size_t)count * sizeof *answers);
    struct bench_found all = {0};
    (cold ? ask_cold : ask_all)(store, folder, lines, answers, count);
    for (int64_t i = 0; i < count; i++) {
        all.records += answers[i].found.records;
        all.bytes += answers[i].found.bytes;
        all.sum += answers[i].found.sum;
    }
    qsort(answers, (size_t)count, sizeof *answers, by_time);
    printf("{\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"records\":%lld,\"bytes\":%lld,\"sum\":%lld,"
           "\"rss_anon_mib\":%.1f}\n",
           answers[count / 2].ms, answers[count * 99 / 100].ms, (long long)all.records,
           (long long)all.bytes, (long long)all.sum, (double)rss_anon_kib() / 1024);
}

/* --- main -------------------------------------------------------------------------------------------------------------- */

static const struct bench_store *store_of(const char *name)
{
    static const struct bench_store *const stores[] = {&bench_ours, &bench_lmdb, &bench_sqlite};
    for (size_t i = 0; i < COUNT_OF(stores); i++)
        if (strcmp(stores[i]->name, name) == 0)
            return stores[i];
    bench_give_up("no such store");
}

static struct loglines lines_of(char **args)
{
    return (struct loglines){.seed = strtoull(args[0], NULL, 10),
                             .count = atoll(args[1]),
                             .customers = atoi(args[2]),
                             .partitions = BENCH_PARTITIONS,
                             .from_us = FROM_US,
                             .span_us = DAYS * DAY_US};
}

int main(int count, char **args)
{
    const char *what = count > 1 ? args[1] : "";
    struct loglines lines;
    if (strcmp(what, "days") == 0 && count == 6) {
        lines = lines_of(args + 3);
        write_days(&lines, args[2]);
    } else if (strcmp(what, "ingest") == 0 && count == 7) {
        lines = lines_of(args + 4);
        ingest(store_of(args[2]), args[3], &lines);
    } else if (strcmp(what, "query") == 0 && (count == 9 || count == 10)) {
        lines = lines_of(args + 4);
        window_us = count == 10 ? atoll(args[9]) * 1000000 : window_us;
        query(store_of(args[2]), args[3], &lines, atoll(args[7]), strcmp(args[8], "cold") == 0);
    } else if (strcmp(what, "questions") == 0 && count == 6) {
        lines = lines_of(args + 2);
        for (int64_t i = 0; i < atoll(args[5]); i++) {
            struct question question = question_of(&lines, i);
            printf("%s %lld %lld\n", question.owner, (long long)question.from_us,
                   (long long)(question.from_us + window_us - 1));
        }
    } else {
        bench_give_up("days | ingest | query | questions: see the head of this file");
    }
    return 0;
}
