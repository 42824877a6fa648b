/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/live_ring.h"

#include "common/ids.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t before, after; /* what a listener has that knows all before it, and all up to it */
    char *text;
};

struct ring {
    char *seed;
    int32_t partitions;
    int topics;
    int64_t *next;              /* per topic and partition */
    uint64_t folded, committed; /* ids */
    uint64_t first, end,
        added; /* places: what can be read is [first, end), what is there [first, added) */
    struct entry entries[RING_EVENTS_MAX];
};

/* --- ids ------------------------------------------------------------------------------------------------------------ */

/* Where nothing was folded yet counts like everything else: the sum is the same whoever begins where. */
static uint64_t hash_of(const struct ring *ring, int topic, int32_t partition, int64_t next)
{
    char text[160];
    uint8_t hash[IDS_SHA256_SIZE];
    uint64_t number;
    int length = snprintf(text, sizeof text, "%.64s %d %" PRId32 " %" PRId64, ring->seed, topic,
                          partition, next);
    ids_sha256(text, (size_t)length, hash);
    memcpy(&number, hash, sizeof number);
    return number;
}

static int64_t *place_of(const struct ring *ring, int topic, int32_t partition)
{
    assert(topic < ring->topics && partition < ring->partitions);
    return &ring->next[topic * ring->partitions + partition];
}

struct ring *ring_new(const char *seed, int topics, int32_t partitions)
{
    struct ring *ring = mem_alloc(sizeof *ring);
    ring->seed = mem_strdup(seed);
    ring->topics = topics;
    ring->partitions = partitions;
    ring->next = mem_alloc((size_t)topics * (size_t)partitions * sizeof *ring->next);
    for (int t = 0; t < topics; t++)
        for (int32_t p = 0; p < partitions; p++)
            ring->folded += hash_of(ring, t, p, 0);
    ring->committed = ring->folded;
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    for (uint64_t place = ring->first; place < ring->added; place++)
        free(ring->entries[place % RING_EVENTS_MAX].text);
    free(ring->seed);
    free(ring->next);
    free(ring);
}

int64_t ring_position(const struct ring *ring, int topic, int32_t partition)
{
    return *place_of(ring, topic, partition);
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void append(struct ring *ring, uint64_t before, uint64_t after,
                   const struct ring_event *event)
{
    struct entry *entry = &ring->entries[ring->added % RING_EVENTS_MAX];
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, RING_EVENT_BYTES_MAX);
    if (before != after)
        buf_printf(&text, "id: %016" PRIx64 "\n", after);
    buf_printf(&text, "event: %s\ndata: %s\n\n", event->name, event->data);
    assert(!text.overflowed);
    if (ring->added - ring->first == RING_EVENTS_MAX)
        ring->first++;
    free(entry->text);
    *entry = (struct entry){.before = before, .after = after, .text = TAKE(text.data)};
    ring->added++;
}

void ring_take(struct ring *ring, int topic, int32_t partition, int64_t next,
               const struct ring_event *events, size_t count)
{
    int64_t *place = place_of(ring, topic, partition);
    uint64_t before = ring->folded;
    ring->folded -= hash_of(ring, topic, partition, *place);
    ring->folded += hash_of(ring, topic, partition, next);
    *place = next;
    for (size_t i = 0; i < count; i++)
        append(ring, before, i + 1 < count ? before : ring->folded, &events[i]);
}

void ring_commit(struct ring *ring)
{
    ring->end = ring->added;
    ring->committed = ring->folded;
}

/* Behind events that are not committed yet it waits for them. */
void ring_add(struct ring *ring, const struct ring_event *event)
{
    bool all_can_be_read = ring->end == ring->added;
    append(ring, ring->folded, ring->folded, event);
    if (all_can_be_read)
        ring->end = ring->added;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

uint64_t ring_first(const struct ring *ring)
{
    return ring->first;
}

uint64_t ring_end(const struct ring *ring)
{
    return ring->end;
}

uint64_t ring_id(const struct ring *ring)
{
    return ring->committed;
}

const char *ring_text(const struct ring *ring, uint64_t place)
{
    assert(place >= ring->first && place < ring->end);
    return ring->entries[place % RING_EVENTS_MAX].text;
}

/* The first place that fits: what came without an id after it is told again rather than left out. */
bool ring_find(const struct ring *ring, uint64_t id, uint64_t *ret_place)
{
    for (uint64_t place = ring->first; place < ring->end; place++) {
        const struct entry *entry = &ring->entries[place % RING_EVENTS_MAX];
        if (entry->before == id || entry->after == id) {
            *ret_place = entry->before == id ? place : place + 1;
            return true;
        }
    }
    *ret_place = ring->end;
    return id == ring->committed;
}
