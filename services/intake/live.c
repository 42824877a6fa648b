/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/live_internal.h"

#include "common/clock.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/intake/intake.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MS 10000
#define GROUP_PATIENCE_US 4000000 /* two questions in a row */
#define REDIS_PATIENCE_US 1000000
#define RETRY_MS 2000 /* of a client that was cut */
#define PENDING_BYTES_MAX (RING_EVENT_BYTES_MAX * (LIVE_SERVICES + 2))

struct listener {
    struct listener *next, *previous;
    struct http_request *request; /* it owns the listener */
    struct auth_identity who;
    uint64_t place;     /* in the ring: what comes next */
    struct buf pending; /* what is being sent */
    size_t sent;
    int64_t beat_at_ms;
    const char *reason; /* why it ends; NULL: it goes on */
    bool is_over;
};

static struct {
    pthread_mutex_t lock;
    struct ring *ring; /* lock, as the rest */
    int32_t partitions;
    struct listener *listeners;
    size_t count;
    struct live_service services[LIVE_SERVICES];
} live = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .services = {[LIVE_TRIAGE] = {.name = "triage", .patience_us = GROUP_PATIENCE_US},
                       [LIVE_ESCALATION] = {.name = "escalation", .patience_us = GROUP_PATIENCE_US},
                       [LIVE_NOTIFY] = {.name = "notify", .patience_us = GROUP_PATIENCE_US},
                       [LIVE_KAFKA] = {.name = "kafka", .patience_us = GROUP_PATIENCE_US},
                       [LIVE_REDIS] = {.name = "redis", .patience_us = REDIS_PATIENCE_US}}};

static struct metric metrics[] = {
    {.name = "intake_live_listeners", .help = "Open streams of events", .kind = METRIC_GAUGE},
    {.name = "intake_live_cut_total",
     .help = "Listeners cut because they had fallen behind",
     .kind = METRIC_COUNTER},
    {.name = "intake_live_reset_total",
     .help = "Listeners that came back with an id that is not known any more",
     .kind = METRIC_COUNTER},
};
enum { METRIC_LISTENERS, METRIC_CUT, METRIC_RESET };

static void wake_all(void)
{
    for (struct listener *l = live.listeners; l; l = l->next)
        http_stream_wake(l->request);
}

/* --- following the fold --------------------------------------------------------------------------------------------- */

/* Of the record at hand; the fold's thread only. */
static struct ring_event told[RING_EVENTS_PER_RECORD_MAX];
static size_t told_count;

static void follow_change(const struct view_change *change)
{
    told_count = live_events_of(change, told);
}

static void follow_position(int topic, int32_t partition, int64_t next)
{
    if (topic == VIEW_CONTRACTS || topic == VIEW_AUDIT || topic == VIEW_LETTERS)
        return;
    pthread_mutex_lock(&live.lock);
    ring_take(live.ring, topic, partition, next, told, told_count);
    pthread_mutex_unlock(&live.lock);
    while (told_count > 0)
        free(told[--told_count].data);
}

static void follow_commit(void)
{
    pthread_mutex_lock(&live.lock);
    uint64_t end = ring_end(live.ring);
    ring_commit(live.ring);
    if (ring_end(live.ring) != end)
        wake_all();
    pthread_mutex_unlock(&live.lock);
}

const struct view_follower live_follower = {.changed = follow_change,
                                            .stands = follow_position,
                                            .committed = follow_commit,
                                            .others_first = intake_opens_many};

static void tell(struct ring_event event)
{
    ring_add(live.ring, &event);
    free(event.data);
    wake_all();
}

void live_tell(struct ring_event event)
{
    pthread_mutex_lock(&live.lock);
    tell(event);
    pthread_mutex_unlock(&live.lock);
}

/* --- services ------------------------------------------------------------------------------------------------------- */

static void service_changed(const struct live_service *service)
{
    log_event(service->down ? LOG_WARNING : LOG_INFO, service->down ? "service.down" : "service.up",
              "of=%s why=%s", service->name, service->why ? service->why : "");
    tell(live_service_event(service));
}

void live_seen(enum live_service_place place, int members, int64_t lag, int64_t committed,
               int64_t now_us)
{
    struct live_service *service = &live.services[place];
    pthread_mutex_lock(&live.lock);
    if (live_service_seen(service, members, lag, committed, now_us))
        service_changed(service);
    pthread_mutex_unlock(&live.lock);
}

void live_is(enum live_service_place place, bool up, const char *why, int64_t now_us)
{
    struct live_service *service = &live.services[place];
    pthread_mutex_lock(&live.lock);
    if (live_service_is(service, up, why, now_us))
        service_changed(service);
    pthread_mutex_unlock(&live.lock);
}

const char *live_service_name(enum live_service_place place)
{
    return live.services[place].name;
}

int32_t live_partitions(void)
{
    return live.partitions;
}

int64_t live_lag(int topic, const int64_t *next)
{
    int64_t lag = 0;
    pthread_mutex_lock(&live.lock);
    for (int32_t p = 0; p < live.partitions; p++) {
        int64_t folded = ring_position(live.ring, topic, p), taken = next[p] < 0 ? 0 : next[p];
        lag += folded > taken ? folded - taken : 0;
    }
    pthread_mutex_unlock(&live.lock);
    return lag;
}

/* --- what is sent --------------------------------------------------------------------------------------------------- */

static void add_event(struct buf *out, struct ring_event event)
{
    buf_printf(out, "event: %s\ndata: %s\n\n", event.name, event.data);
    free(event.data);
}

/* Where it stands, or that its id moves on with what it missed; whether it has to read all anew; and what is down now: that is a
 * state, and no place in the ring has it. */
static void write_greeting(struct listener *listener, bool is_known, bool goes_on)
{
    buf_printf(&listener->pending, "retry: %d\n", RETRY_MS);
    if (!goes_on)
        buf_printf(&listener->pending, "id: %016" PRIx64 "\n", ring_id(live.ring));
    buf_add_text(&listener->pending, is_known ? "\n" : "event: reset\ndata: {}\n\n");
    for (int i = 0; i < LIVE_SERVICES; i++)
        if (live.services[i].down)
            add_event(&listener->pending, live_service_event(&live.services[i]));
}

static bool write_end(struct listener *listener)
{
    buf_printf(&listener->pending, "event: end\ndata: {\"reason\":\"%s\"}\n\n", listener->reason);
    listener->is_over = true;
    return true;
}

/* The next piece, when the one before has been sent. False: nothing at the moment, or it is over. */
static bool write_next(struct listener *listener)
{
    buf_clear(&listener->pending);
    listener->sent = 0;
    if (listener->is_over)
        return false;
    if (listener->reason)
        return write_end(listener);
    if (listener->place < ring_first(live.ring)) { /* it is told `reset` when it comes back */
        metric_add(&metrics[METRIC_CUT], 1);
        listener->is_over = true;
        return false;
    }
    if (listener->place < ring_end(live.ring)) {
        buf_add_text(&listener->pending, ring_text(live.ring, listener->place++));
        return true;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < listener->beat_at_ms)
        return false;
    listener->beat_at_ms = now_ms + BEAT_MS;
    buf_printf(&listener->pending, ":\nid: %016" PRIx64 "\n\n", ring_id(live.ring));
    return true;
}

static int64_t fill(struct http_request *request, char *to, size_t max)
{
    struct listener *listener = http_data(request);
    size_t written = 0;
    pthread_mutex_lock(&live.lock);
    while (written < max && (listener->sent < listener->pending.length || write_next(listener))) {
        size_t left = listener->pending.length - listener->sent,
               piece = left < max - written ? left : max - written;
        memcpy(to + written, listener->pending.data + listener->sent, piece);
        listener->sent += piece;
        written += piece;
    }
    bool is_over = listener->is_over;
    pthread_mutex_unlock(&live.lock);
    return written > 0 ? (int64_t)written : is_over ? HTTP_STREAM_END : 0;
}

/* --- listeners ------------------------------------------------------------------------------------------------------ */

static void drop_listener(void *data)
{
    struct listener *listener = data;
    pthread_mutex_lock(&live.lock);
    if (listener->previous)
        listener->previous->next = listener->next;
    else
        live.listeners = listener->next;
    if (listener->next)
        listener->next->previous = listener->previous;
    metric_set(&metrics[METRIC_LISTENERS], (int64_t)--live.count);
    pthread_mutex_unlock(&live.lock);
    buf_free(&listener->pending);
    free(listener);
}

static bool is_one_too_many(const struct auth_identity *who)
{
    size_t own = 0;
    for (const struct listener *l = live.listeners; l; l = l->next)
        own += strcmp(l->who.id, who->id) == 0;
    return own >= LIVE_LISTENERS_PER_OPERATOR_MAX || live.count >= LIVE_LISTENERS_MAX;
}

/* An id that is none of ours is as unknown as one that has been forgotten. */
static bool find_place(const char *last_id, uint64_t *ret_place)
{
    char *end = NULL;
    *ret_place = ring_end(live.ring);
    if (!last_id)
        return true;
    uint64_t id = strtoull(last_id, &end, 16);
    return strlen(last_id) == 16 && strspn(last_id, "0123456789abcdef") == 16 && !*end &&
           ring_find(live.ring, id, ret_place);
}

static struct listener *new_listener(struct http_request *request, const char *last_id)
{
    struct listener *listener = mem_alloc(sizeof *listener);
    listener->request = request;
    listener->who = *auth_identity(request);
    listener->beat_at_ms = clock_monotonic_ms() + BEAT_MS;
    buf_init(&listener->pending, PENDING_BYTES_MAX);
    bool is_known = find_place(last_id, &listener->place);
    bool goes_on = is_known && last_id && listener->place < ring_end(live.ring);
    if (!is_known)
        metric_add(&metrics[METRIC_RESET], 1);
    write_greeting(listener, is_known, goes_on);
    listener->next = live.listeners;
    if (listener->next)
        listener->next->previous = listener;
    live.listeners = listener;
    metric_set(&metrics[METRIC_LISTENERS], (int64_t)++live.count);
    return listener;
}

static void get_events(struct http_request *request)
{
    if (!view_is_ready(intake.view, NULL)) {
        intake_unavailable(request, "view", "the view is being rebuilt");
        return;
    }
    if (strcmp(http_method(request), "HEAD") == 0) {
        http_reply(request, 200, "text/event-stream", (struct bytes){0});
        return;
    }
    pthread_mutex_lock(&live.lock);
    struct listener *listener = is_one_too_many(auth_identity(request))
                                    ? NULL
                                    : new_listener(request, http_header(request, "Last-Event-ID"));
    pthread_mutex_unlock(&live.lock);
    if (!listener) {
        intake_unavailable(request, "too_many_listeners",
                           "32 streams an operator and 500 in all are open at most");
        return;
    }
    auth_keep_job(request, listener, drop_listener);
    http_reply_header(request, "X-Accel-Buffering", "no");
    http_reply_stream(request, 200, "text/event-stream", fill);
}

const struct http_route live_routes[] = {
    {.method = "GET", .path = "/v1/events", .handler = get_events, .flags = AUTH_READERS},
};
const size_t live_route_count = COUNT_OF(live_routes);

/* --- looking after them --------------------------------------------------------------------------------------------- */

void live_beat(void)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&live.lock);
    for (struct listener *l = live.listeners; l; l = l->next) {
        if (l->place < ring_first(live.ring) || http_stream_is_gone(l->request))
            http_stream_cut(l->request);
        else if (now_ms >= l->beat_at_ms)
            http_stream_wake(l->request);
    }
    pthread_mutex_unlock(&live.lock);
}

static bool is_same(const struct auth_identity *a, const struct auth_identity *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->token_id, b->token_id) == 0 &&
           strcmp(a->session.id, b->session.id) == 0;
}

struct auth_identity *live_people(size_t *ret_count)
{
    struct auth_identity *people = NULL;
    size_t count = 0;
    pthread_mutex_lock(&live.lock);
    for (const struct listener *l = live.listeners; l; l = l->next) {
        bool is_there = false;
        for (size_t i = 0; i < count && !is_there; i++)
            is_there = is_same(&people[i], &l->who);
        if (is_there)
            continue;
        people = mem_resize(people, count + 1, sizeof *people);
        people[count++] = l->who;
    }
    pthread_mutex_unlock(&live.lock);
    *ret_count = count;
    return people;
}

void live_end(const struct auth_identity *who, const char *reason)
{
    pthread_mutex_lock(&live.lock);
    for (struct listener *l = live.listeners; l; l = l->next)
        if (is_same(&l->who, who)) {
            l->reason = reason;
            http_stream_wake(l->request);
        }
    pthread_mutex_unlock(&live.lock);
    log_event(LOG_INFO, "stream.ended", "operator=%s reason=%s", who->id, reason);
}

void live_prepare(const char *cluster_id, int32_t partitions)
{
    live.ring = ring_new(cluster_id, VIEW_TOPICS, partitions);
    live.partitions = partitions;
}

enum verdict live_start(const struct kafka_config *kafka, struct why *why)
{
    metrics_register(metrics, COUNT_OF(metrics));
    ring_commit(live.ring);
    return live_watch_start(kafka, why);
}

void live_stop(void)
{
    live_watch_stop();
}
