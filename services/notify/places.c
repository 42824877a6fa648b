/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/places.h"

#include "common/clock.h"
#include "common/ids.h"

#include <pthread.h>
#include <string.h>

#define PLACES_MAX 4096
#define NEIGHBOURS 16
#define HOUR_MS (INT64_C(3600) * 1000)
/* For a share to become free: a place that answers at once is only ever busy for moments. */
#define PATIENCE_MS 200
#define BUSY_MS 5000

struct place {
    uint64_t who;
    int64_t held_until_ms, hour_ends_ms;
    int troubles; /* in a row */
    int inside, count;
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
    return place->inside == 0 && place->held_until_ms <= now_ms && place->hour_ends_ms <= now_ms;
}

/* The one that is known, else a place that nobody needs, else that of whoever is free first. */
static struct place *find(const char *name, int64_t now_ms)
{
    uint8_t hash[IDS_SHA256_SIZE];
    uint64_t who;
    struct place *free_one = NULL;
    ids_sha256(name, strlen(name), hash);
    memcpy(&who, hash, sizeof who);
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

void places_leave(const char *name, bool troubled)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&places.lock);
    struct place *place = find(name, now_ms);
    place->inside -= place->inside > 0;
    int64_t hold_ms = PLACES_HOLD_MS_MIN;
    for (int i = 0; i < place->troubles && hold_ms < PLACES_HOLD_MS_MAX; i++)
        hold_ms *= 2;
    place->troubles = troubled ? place->troubles + 1 : 0;
    place->held_until_ms =
        !troubled ? 0 : now_ms + (hold_ms < PLACES_HOLD_MS_MAX ? hold_ms : PLACES_HOLD_MS_MAX);
    pthread_cond_broadcast(&places.left);
    pthread_mutex_unlock(&places.lock);
}

bool places_count(const char *recipient, int hour_max, int64_t *ret_wait_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&places.lock);
    struct place *place = find(recipient, now_ms);
    if (place->hour_ends_ms <= now_ms) {
        place->hour_ends_ms = now_ms + HOUR_MS;
        place->count = 0;
    }
    bool well = place->count < hour_max;
    place->count += well;
    *ret_wait_ms = place->hour_ends_ms - now_ms;
    pthread_mutex_unlock(&places.lock);
    return well;
}
