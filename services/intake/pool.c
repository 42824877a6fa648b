/* SPDX-License-Identifier: Apache-2.0 */
/* The threads on which whatever may wait runs. What waits for long, or carries much, has few of its own, and keeps nobody else. */
#include "services/intake/intake.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define QUICK_THREADS 8
#define SLOW_THREADS 4
#define QUEUE_MAX 256
#define ANSWER_WITHIN_MS 30000

struct job {
    struct job *next;
    void (*work)(void *context);
    void *context;
};

struct lane {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[QUICK_THREADS];
    int thread_count;
    struct job *first, **last;
    size_t count;
    bool stopping;
};
#define LANE(lane, threads_)                                                                       \
    {.lock = PTHREAD_MUTEX_INITIALIZER,                                                            \
     .changed = PTHREAD_COND_INITIALIZER,                                                          \
     .thread_count = (threads_),                                                                   \
     .last = &(lane).first}

static struct lane quick = LANE(quick, QUICK_THREADS), slow = LANE(slow, SLOW_THREADS);
static struct lane *const lanes[] = {&quick, &slow};

static struct job *take_job(struct lane *lane)
{
    while (!lane->first && !lane->stopping)
        pthread_cond_wait(&lane->changed, &lane->lock);
    struct job *job = lane->first;
    if (!job)
        return NULL;
    lane->first = job->next;
    lane->count--;
    if (!lane->first)
        lane->last = &lane->first;
    return job;
}

static void *serve(void *context)
{
    struct lane *lane = context;
    for (;;) {
        pthread_mutex_lock(&lane->lock);
        struct job *job = take_job(lane);
        pthread_mutex_unlock(&lane->lock);
        if (!job)
            return NULL;
        job->work(job->context);
        free(job);
    }
}

void intake_pool_start(void)
{
    for (size_t k = 0; k < COUNT_OF(lanes); k++)
        for (int i = 0; i < lanes[k]->thread_count; i++)
            if (pthread_create(&lanes[k]->threads[i], NULL, serve, lanes[k]) != 0)
                abort();
}

static void stop_lane(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->stopping = true;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    for (int i = 0; i < lane->thread_count; i++)
        pthread_join(lane->threads[i], NULL);
}

void intake_pool_stop(void)
{
    for (size_t k = 0; k < COUNT_OF(lanes); k++)
        stop_lane(lanes[k]);
}

static bool enqueue(struct lane *lane, void (*work)(void *context), void *context)
{
    pthread_mutex_lock(&lane->lock);
    bool taken = lane->count < QUEUE_MAX && !lane->stopping;
    if (taken) {
        struct job *job = mem_alloc(sizeof *job);
        *job = (struct job){.work = work, .context = context};
        *lane->last = job;
        lane->last = &job->next;
        lane->count++;
        pthread_cond_signal(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    return taken;
}

bool intake_defer(void (*work)(void *context), void *context)
{
    return enqueue(&slow, work, context);
}

static void answer_late(struct http_request *request, void *context)
{
    (void)context;
    intake_unavailable(request, "late",
                       "The answer did not come in time; repeat with the same Idempotency-Key.");
}

struct request_job {
    struct http_request *request;
    void (*work)(struct http_request *request);
};

/* Who was told "late" while the job still waited repeats the request: nothing must happen for the first one. */
static void run_request(void *context)
{
    CLEANUP(mem_free) struct request_job *job = context;
    if (!http_is_answered(job->request))
        job->work(job->request);
    http_release(job->request);
}

static void run_in(struct lane *lane, struct http_request *request,
                   void (*work)(struct http_request *request))
{
    struct request_job *job = mem_alloc(sizeof *job);
    *job = (struct request_job){.request = request, .work = work};
    http_keep_headers(
        request); /* the work may outlast the answer "late" and still has to heed them */
    http_suspend(request, clock_monotonic_ms() + ANSWER_WITHIN_MS, answer_late, NULL);
    if (enqueue(lane, run_request, job))
        return;
    free(job);
    intake_unavailable(request, "busy", "Too many requests are waiting; try again.");
    http_release(request);
}

void intake_run(struct http_request *request, void (*work)(struct http_request *request))
{
    run_in(&quick, request, work);
}

void intake_run_slow(struct http_request *request, void (*work)(struct http_request *request))
{
    run_in(&slow, request, work);
}
