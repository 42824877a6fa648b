/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/watch.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096
#define SETTLE_MS 2000 /* detections come in bursts: one look for all of a burst */
#define AGAIN_MS 4000
#define REST_PER_LOOK 10
#define LOST_MS 60000 /* a look that was called for and never ended is called for again */

struct watched {
    struct watched *next_of_owner, *next_of_case;
    char *case_id, *owner;
    int64_t from_us, to_us;
    int64_t *since; /* per partition */
    int64_t mark;   /* 0: none; else the number of the newest */
    int64_t marked_ms, shown, woken_ms, rest_until_ms;
    bool unseen; /* watched by other ends than those that were looked from */
};

struct watch {
    pthread_mutex_t lock;
    int32_t partition_count;
    struct watched *by_owner[SLOTS], *by_case[SLOTS];
    int64_t marks;
    size_t unseen; /* entries */
};

static size_t slot_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(hash % SLOTS);
}

struct watch *watch_new(int32_t partition_count)
{
    struct watch *watch = mem_alloc(sizeof *watch);
    pthread_mutex_init(&watch->lock, NULL);
    watch->partition_count = partition_count;
    return watch;
}

static void watched_free(struct watched *entry)
{
    free(entry->case_id);
    free(entry->owner);
    free(entry->since);
    free(entry);
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        for (struct watched *entry = watch->by_case[i], *next; entry; entry = next) {
            next = entry->next_of_case;
            watched_free(entry);
        }
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

static struct watched **place_of_case(struct watch *watch, const char *case_id)
{
    struct watched **place = &watch->by_case[slot_of(case_id)];
    while (*place && strcmp((*place)->case_id, case_id) != 0)
        place = &(*place)->next_of_case;
    return place;
}

static void take_out(struct watch *watch, const char *case_id)
{
    struct watched **place = place_of_case(watch, case_id), *entry = *place;
    if (!entry)
        return;
    *place = entry->next_of_case;
    struct watched **other = &watch->by_owner[slot_of(entry->owner)];
    while (*other != entry)
        other = &(*other)->next_of_owner;
    *other = entry->next_of_owner;
    watch->unseen -= entry->unseen;
    watched_free(entry);
}

static struct watched *put_in(struct watch *watch, const char *case_id, const char *owner)
{
    struct watched *entry = mem_alloc(sizeof *entry);
    entry->case_id = mem_strdup(case_id);
    entry->owner = mem_strdup(owner);
    entry->since = mem_alloc((size_t)watch->partition_count * sizeof *entry->since);
    struct watched **by_case = &watch->by_case[slot_of(case_id)],
                   **by_owner = &watch->by_owner[slot_of(owner)];
    entry->next_of_case = *by_case;
    entry->next_of_owner = *by_owner;
    *by_case = *by_owner = entry;
    return entry;
}

static int64_t time_of(const json_t *window, const char *name)
{
    int64_t time_us = 0;
    const char *text = json_string_value(json_object_get(window, name));
    if (text)
        (void)clock_parse(text, strlen(text), &time_us);
    return time_us;
}

static bool renew(int64_t *number, int64_t value)
{
    bool changed = *number != value;
    *number = value;
    return changed;
}

/* What was marked so far is in the answer, or will be found by the look from its ends on. */
static void begin_anew(struct watch *watch, struct watched *entry)
{
    entry->mark = entry->shown = 0;
    watch->unseen += !entry->unseen;
    entry->unseen = true;
}

static void set_locked(struct watch *watch, const char *case_id, const json_t *search)
{
    const char *owner = json_string_value(json_object_get(search, "owner"));
    struct watched *entry = *place_of_case(watch, case_id);
    if (entry && (!owner || strcmp(entry->owner, owner) != 0)) {
        take_out(watch, case_id);
        entry = NULL;
    }
    if (!owner)
        return;
    bool changed = !entry;
    if (!entry)
        entry = put_in(watch, case_id, owner);
    const json_t *window = json_object_get(search, "window"),
                 *ends = json_object_get(search, "ends");
    changed |= renew(&entry->from_us, time_of(window, "from"));
    changed |= renew(&entry->to_us, time_of(window, "to"));
    for (int32_t i = 0; i < watch->partition_count; i++) {
        char name[12];
        snprintf(name, sizeof name, "%d", i);
        changed |= renew(&entry->since[i], json_integer_value(json_object_get(ends, name)));
    }
    if (changed)
        begin_anew(watch, entry);
}

void watch_set(struct watch *watch, const char *case_id, const json_t *search)
{
    pthread_mutex_lock(&watch->lock);
    set_locked(watch, case_id, search);
    pthread_mutex_unlock(&watch->lock);
}

bool watch_add(struct watch *watch, const char *case_id, const json_t *search)
{
    pthread_mutex_lock(&watch->lock);
    bool absent = !*place_of_case(watch, case_id);
    if (absent)
        set_locked(watch, case_id, search);
    pthread_mutex_unlock(&watch->lock);
    return absent;
}

static void mark(struct watch *watch, struct watched *entry)
{
    if (!entry->mark || entry->mark == entry->shown)
        entry->marked_ms = clock_monotonic_ms();
    entry->mark = ++watch->marks;
}

void watch_mark_case(struct watch *watch, const char *case_id)
{
    pthread_mutex_lock(&watch->lock);
    struct watched *entry = *place_of_case(watch, case_id);
    if (entry)
        mark(watch, entry);
    pthread_mutex_unlock(&watch->lock);
}

bool watch_has_owner(struct watch *watch, const char *owner)
{
    pthread_mutex_lock(&watch->lock);
    const struct watched *entry = watch->by_owner[slot_of(owner)];
    while (entry && strcmp(entry->owner, owner) != 0)
        entry = entry->next_of_owner;
    pthread_mutex_unlock(&watch->lock);
    return entry != NULL;
}

void watch_mark(struct watch *watch, const char *owner, const struct logstore_record *record)
{
    pthread_mutex_lock(&watch->lock);
    for (struct watched *entry = watch->by_owner[slot_of(owner)]; entry;
         entry = entry->next_of_owner) {
        bool concerns = strcmp(entry->owner, owner) == 0 &&
                        record->offset >= entry->since[record->partition] &&
                        record->time_us >= entry->from_us && record->time_us <= entry->to_us;
        if (concerns)
            mark(watch, entry);
    }
    pthread_mutex_unlock(&watch->lock);
}

static bool is_due(const struct watched *entry, int64_t now_ms)
{
    if (entry->shown)
        return now_ms - entry->woken_ms >= LOST_MS && now_ms >= entry->rest_until_ms;
    return entry->mark && now_ms - entry->marked_ms >= SETTLE_MS &&
           now_ms - entry->woken_ms >= AGAIN_MS && now_ms >= entry->rest_until_ms;
}

json_t *watch_due(struct watch *watch, int64_t now_ms)
{
    json_t *cases = json_array();
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < SLOTS; i++)
        for (struct watched *entry = watch->by_case[i]; entry; entry = entry->next_of_case)
            if (is_due(entry, now_ms)) {
                entry->shown = entry->mark;
                entry->woken_ms = now_ms;
                json_array_append_new(cases, json_string(entry->case_id));
            }
    pthread_mutex_unlock(&watch->lock);
    return cases;
}

int64_t watch_shown(struct watch *watch, const char *case_id)
{
    pthread_mutex_lock(&watch->lock);
    const struct watched *entry = *place_of_case(watch, case_id);
    int64_t shown = entry ? entry->shown : 0;
    pthread_mutex_unlock(&watch->lock);
    return shown;
}

void watch_done(struct watch *watch, const char *case_id, int64_t mark, bool settled,
                int64_t took_ms)
{
    pthread_mutex_lock(&watch->lock);
    struct watched *entry = *place_of_case(watch, case_id);
    if (entry)
        entry->rest_until_ms = clock_monotonic_ms() + REST_PER_LOOK * took_ms;
    if (entry && settled) {
        entry->shown = 0;
        if (entry->mark <= mark)
            entry->mark = 0;
    }
    pthread_mutex_unlock(&watch->lock);
}

/* --- looks ------------------------------------------------------------------------------------------------------------ */

static struct watched *find_unseen(struct watch *watch)
{
    for (size_t i = 0; i < SLOTS && watch->unseen; i++)
        for (struct watched *entry = watch->by_case[i]; entry; entry = entry->next_of_case)
            if (entry->unseen)
                return entry;
    return NULL;
}

bool watch_next_look(struct watch *watch, struct watch_look *ret_look)
{
    size_t size = (size_t)watch->partition_count * sizeof *ret_look->since;
    pthread_mutex_lock(&watch->lock);
    struct watched *entry = find_unseen(watch);
    if (entry) {
        *ret_look = (struct watch_look){.case_id = mem_strdup(entry->case_id),
                                        .owner = mem_strdup(entry->owner),
                                        .from_us = entry->from_us,
                                        .to_us = entry->to_us,
                                        .since = mem_dup(entry->since, size)};
        entry->unseen = false;
        watch->unseen--;
    }
    pthread_mutex_unlock(&watch->lock);
    return entry;
}

void watch_look_clear(struct watch_look *look)
{
    free(look->case_id);
    free(look->owner);
    free(look->since);
    *look = (struct watch_look){0};
}
