/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/hourly.h"

#include "common/clock.h"
#include "services/notify/places.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENTS_MAX 4096
#define NEIGHBOURS 16

struct message {
    uint64_t notice;
    int64_t at_ms;
};
/* The oldest message first. */
struct inbox {
    uint64_t who;
    struct message *messages;
    size_t count;
};

static struct {
    pthread_mutex_t lock;
    struct inbox table[RECIPIENTS_MAX];
} hourly = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- messages of one recipient: under the lock ---------------------------------------------------------------------------- */

static void remove_at(struct inbox *inbox, size_t index)
{
    inbox->count--;
    memmove(inbox->messages + index, inbox->messages + index + 1,
            (inbox->count - index) * sizeof inbox->messages[0]);
}

static void forget_old(struct inbox *inbox, int64_t now_ms)
{
    while (inbox->count && inbox->messages[0].at_ms <= now_ms - HOURLY_MS)
        remove_at(inbox, 0);
}

static void remove_notice(struct inbox *inbox, uint64_t notice)
{
    for (size_t i = inbox->count; i > 0; i--)
        if (inbox->messages[i - 1].notice == notice)
            remove_at(inbox, i - 1);
}

static void add(struct inbox *inbox, struct message message)
{
    remove_notice(inbox, message.notice);
    if (inbox->count == HOURLY_MESSAGES_MAX)
        remove_at(inbox, 0);
    inbox->messages = mem_resize(inbox->messages, inbox->count + 1, sizeof message);
    size_t at = inbox->count++;
    for (; at > 0 && inbox->messages[at - 1].at_ms > message.at_ms; at--)
        inbox->messages[at] = inbox->messages[at - 1];
    inbox->messages[at] = message;
}

/* --- the table ------------------------------------------------------------------------------------------------------------ */

static int64_t last_ms(const struct inbox *inbox)
{
    return inbox->count ? inbox->messages[inbox->count - 1].at_ms : INT64_MIN;
}

/* The one that is known, else in the place of whoever got nothing for the longest time. */
static struct inbox *find(const char *name, int64_t now_ms)
{
    uint64_t who = places_hash(name);
    struct inbox *oldest = NULL;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        struct inbox *inbox = &hourly.table[(who + i) % RECIPIENTS_MAX];
        if (inbox->who == who) {
            forget_old(inbox, now_ms);
            return inbox;
        }
        if (!oldest || last_ms(inbox) < last_ms(oldest))
            oldest = inbox;
    }
    free(oldest->messages);
    *oldest = (struct inbox){.who = who};
    return oldest;
}

bool hourly_take(const char *name, const char *notice, int most, int64_t *ret_wait_ms)
{
    pthread_mutex_lock(&hourly.lock);
    int64_t now_ms = clock_monotonic_ms();
    struct inbox *inbox = find(name, now_ms);
    struct message message = {places_hash(notice), now_ms};
    remove_notice(inbox, message.notice);
    bool well = inbox->count < (size_t)most;
    /* Until half of them are free again: of the many who wait not each comes back for one. */
    if (well)
        add(inbox, message);
    else
        *ret_wait_ms = inbox->messages[inbox->count - (size_t)most + (size_t)most / 2].at_ms +
                       HOURLY_MS - now_ms;
    pthread_mutex_unlock(&hourly.lock);
    return well;
}

void hourly_give_back(const char *name, const char *notice)
{
    pthread_mutex_lock(&hourly.lock);
    remove_notice(find(name, clock_monotonic_ms()), places_hash(notice));
    pthread_mutex_unlock(&hourly.lock);
}

void hourly_recall(const char *name, const char *notice, int64_t ago_ms)
{
    pthread_mutex_lock(&hourly.lock);
    int64_t now_ms = clock_monotonic_ms();
    struct inbox *inbox = find(name, now_ms);
    add(inbox, (struct message){places_hash(notice), now_ms - ago_ms});
    forget_old(inbox, now_ms);
    pthread_mutex_unlock(&hourly.lock);
}
