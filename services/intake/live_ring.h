/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the last events of the desk, in order, and the ids by which a listener that comes back is put where it was.
 * An id stands for a *set of records*: the sum, over all partitions, of a hash of (topic, partition, next offset). Whoever has
 * folded the same records has the same id, in whatever order they came: another intake, or this one after a restart. An id that
 * the ring does not have is answered with a reset, never with a guess.
 * Ownership: a ring owns its texts; ring_text lends. Threads: none of its own, the caller has a lock.
 * Errors: none; an event that is too long is a programming mistake (assert). Limits: below.
 */
#include "common/util.h"

#define RING_EVENTS_MAX 4096
#define RING_EVENT_BYTES_MAX 2048
#define RING_EVENTS_PER_RECORD_MAX 4

struct ring;
struct ring_event {
    const char *name; /* static */
    char *data;       /* one line */
};

/* `seed`: in what two logs differ (the cluster's id). */
struct ring *ring_new(const char *seed, int topics, int32_t partitions);
void ring_free(struct ring *ring); /* NULL is fine */

/* Everything before `next` has been folded, and the last record of it made these events; the last of them bears the id. They
 * may be read after ring_commit. */
void ring_take(struct ring *ring, int topic, int32_t partition, int64_t next,
               const struct ring_event *events, size_t count);
void ring_commit(struct ring *ring);
/* One that comes from no record, without an id. */
void ring_add(struct ring *ring, const struct ring_event *event);
int64_t ring_position(const struct ring *ring, int topic, int32_t partition);

/* Places only grow: [first, end) can be read. */
uint64_t ring_first(const struct ring *ring);
uint64_t ring_end(const struct ring *ring);
const char *ring_text(const struct ring *ring, uint64_t place); /* as sent */
uint64_t ring_id(const struct ring *ring);                      /* of all that was committed */
/* Where whoever has seen `id` goes on; false: that cannot be told. */
bool ring_find(const struct ring *ring, uint64_t id, uint64_t *ret_place);
