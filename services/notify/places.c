/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/places.h"

#include "common/clock.h"
#include "common/ids.h"

#include <pthread.h>
#include <string.h>

#define PLACES_MAX 4096
#define NEIGHBOURS 16
/* For a share to become free: a place that answers at once is only ever busy for moments. */
#define PATIENCE_MS 200
#define BUSY_MS 5000

struct place {
    uint64_t who;
    int64_t held_until_ms, left_ms;
    bool was_left; /* at left_ms */
    int troubles;  /* in a row */
    int inside;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t left;
    struct place table[PLACES_MAX];
} places = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void make_condition(void)
{
    clock_condition_init(&places.left);
}

static bool is_idle(const struct place *place, int64_t now_ms)
{
    return place->inside == 0 && place->held_until_ms <= now_ms;
}

uint64_t places_hash(const char *name)
{
    uint8_t hash[IDS_SHA256_SIZE];
    uint64_t number;
    CLEANUP(mem_free) char *lower = mem_strdup(name);
    for (char *c = lower; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    ids_sha256(lower, strlen(lower), hash);
    memcpy(&number, hash, sizeof number);
    return number;
}

/* The one that is known, else a place that nobody needs, else that of whoever is free first. */
static struct place *find(const char *name, int64_t now_ms)
{
    uint64_t who = places_hash(name);
    struct place *free_one = NULL;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        struct place *place = &places.table[(who + i) % PLACES_MAX];
        if (place->who == who)
            return place;
        if (!free_one || (is_idle(place, now_ms) && !is_idle(free_one, now_ms)) ||
            (place->inside == 0 && free_one->inside > 0))
            free_one = place;
    }
    *free_one = (struct place){.who = who};
    return free_one;
}

/* Under the lock, which is given up meanwhile. NULL: the share of the workers is in use, or it is in trouble. */
static struct place *await(const char *name, int at_once_max)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (bool goes_on = true; goes_on;) {
        struct place *place = find(name, clock_monotonic_ms());
        bool held = place->held_until_ms > clock_monotonic_ms();
        if (held || place->inside < at_once_max)
            return held ? NULL : place;
        goes_on = clock_wait(&places.left, &places.lock, deadline_ms);
    }
    return NULL;
}

bool places_enter(const char *name, int at_once_max, int64_t *ret_wait_ms)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_condition);
    pthread_mutex_lock(&places.lock);
    struct place *place = await(name, at_once_max);
    int64_t now_ms = clock_monotonic_ms(), held_until_ms = find(name, now_ms)->held_until_ms;
    if (place)
        place->inside++;
    else
        *ret_wait_ms = held_until_ms > now_ms ? held_until_ms - now_ms : BUSY_MS;
    pthread_mutex_unlock(&places.lock);
    return place;
}

/* After so many troubles in a row. */
static int64_t hold_ms(int troubles)
{
    int64_t hold_ms = troubles ? PLACES_HOLD_MS_MIN : 0;
    for (int i = 1; i < troubles && hold_ms < PLACES_HOLD_MS_MAX; i++)
        hold_ms *= 2;
    return hold_ms < PLACES_HOLD_MS_MAX ? hold_ms : PLACES_HOLD_MS_MAX;
}

static void note(struct place *place, int troubles, int64_t at_ms)
{
    place->troubles = troubles;
    place->held_until_ms = at_ms + hold_ms(troubles);
    place->left_ms = at_ms;
    place->was_left = true;
}

int places_leave(const char *name, bool troubled)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&places.lock);
    struct place *place = find(name, now_ms);
    place->inside -= place->inside > 0;
    note(place, troubled ? place->troubles + 1 : 0, now_ms);
    int troubles = place->troubles;
    pthread_cond_broadcast(&places.left);
    pthread_mutex_unlock(&places.lock);
    return troubles;
}

void places_recall(const char *name, int troubles, int64_t ago_ms)
{
    int64_t now_ms = clock_monotonic_ms(), at_ms = now_ms - ago_ms;
    pthread_mutex_lock(&places.lock);
    struct place *place = find(name, now_ms);
    if (!place->was_left || place->left_ms < at_ms ||
        (place->left_ms == at_ms && place->troubles < troubles))
        note(place, troubles, at_ms);
    pthread_mutex_unlock(&places.lock);
}
