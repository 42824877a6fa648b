/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the one table of topics: name, key, type, retention, who writes, who reads (contract §1). From it come names,
 * start-up checks, provisioning and ACLs (`intake provision`), and what a reader takes for a record of the topic at all.
 * Ownership: static. Threads: any. Errors: an unknown name is a programming mistake (assert).
 * Limits and units: retention in days, 0 = for ever.
 */
#include "common/util.h"

#define TOPICS_PREFIX "kakekomi."
#define TOPICS_PARTITIONS_DEFAULT 12

struct topic {
    const char *name; /* without prefix */
    const char *key;
    const char *type; /* of all its records, where they are of one; else NULL */
    int retention_days;
    bool compacted;
    bool log_append_time;
    bool flush_each;     /* flush.messages=1 on a single broker */
    bool redriven;       /* written from outside: a refused record may be put back onto it */
    const char *writers; /* principals, comma-separated */
    const char *readers;
};
extern const struct topic topics_table[];
extern const size_t topics_count;

const struct topic *topics_find(const char *name);    /* NULL if unknown */
const char *topics_full_name(const char *name);       /* "kakekomi.cases", static */
const char *topics_short_name(const char *full_name); /* NULL if not ours */
/* Topics that `principal` reads or writes, full names, NULL-terminated, static storage of the caller's choice. */
size_t topics_of(const char *principal, bool writes, const char **ret_names, size_t max);
