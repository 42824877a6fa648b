/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the LMDB file under KAKEKOMI_STATE_DIR in which a processor keeps its fold together with the offsets it
 * stands for. It is only ever a cache: a lost, foreign or damaged file is thrown away and the fold begins at zero.
 * Ownership: values read are copies. Threads: one writer; reads from any thread. lmdb.h is included by cache.c and
 * triage's log store only.
 * Errors: FATAL when the disk fails or is full; a file of another cluster, partition count or format is emptied at open.
 * Limits: keys at most 500 bytes; the map grows by itself.
 */
#include "common/verdict.h"

struct cache;
struct cache_transaction;

/* `identity`: whatever must be the same for the contents to be worth anything (cluster id, partitions, format version). */
enum verdict cache_open(const char *folder, const char *name, const char *identity,
                        bool *ret_emptied, struct cache **ret_cache, struct why *why);
void cache_close(struct cache *cache);

/* Tables are small numbers: each table is a sub-database. */
enum verdict cache_get(struct cache *cache, unsigned table, struct bytes key, struct buf *ret_value,
                       bool *ret_found, struct why *why);
/* Calls `each` in key order from `first` on until it answers false. */
enum verdict cache_scan(struct cache *cache, unsigned table, struct bytes first,
                        bool (*each)(void *context, struct bytes key, struct bytes value),
                        void *context, struct why *why);
enum verdict cache_begin(struct cache *cache, struct cache_transaction **ret_transaction,
                         struct why *why);
enum verdict cache_put(struct cache_transaction *transaction, unsigned table, struct bytes key,
                       struct bytes value, struct why *why);
enum verdict cache_delete(struct cache_transaction *transaction, unsigned table, struct bytes key,
                          struct why *why);
/* A full map is grown inside: put and commit repeat themselves. */
enum verdict cache_commit(struct cache_transaction *transaction, struct why *why);
