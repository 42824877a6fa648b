/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the stores that the bench compares, behind one set of calls: ours, LMDB with a record a key, SQLite.
 * Ownership: a handle belongs to its store. Threads: one. Errors: end the process, with the reason.
 * Limits: records come in order of time; owners are short.
 */
#include "services/triage/logstore.h"

#define BENCH_PARTITIONS 4
#define BENCH_COMMIT_BYTES LOGSTORE_HELD_BYTES_MAX /* the same for all: what a crash reads again */

struct bench_found {
    int64_t records, bytes, sum; /* every line is looked at */
};
static inline void bench_find(struct bench_found *found, const void *line, size_t length)
{
    const unsigned char *at = line;
    found->records++;
    found->bytes += (int64_t)length;
    for (size_t i = 0; i < length; i += 64)
        found->sum += at[i];
}

struct bench_store {
    const char *name;
    void *(*open)(const char *folder);
    void (*put)(void *handle, const char *owner, const struct logstore_record *record);
    void (*finish)(void *handle); /* all of it is on disk */
    void (*read)(void *handle, const char *owner, int64_t from_us, int64_t to_us,
                 struct bench_found *found);
    void (*close)(void *handle);
};
extern const struct bench_store bench_ours, bench_lmdb, bench_sqlite;

_Noreturn void bench_give_up(const char *what);
