/* SPDX-License-Identifier: Apache-2.0 */
/* The threads on which whatever may wait runs. */
#include "services/intake/intake.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define QUEUE_MAX 256
#define ANSWER_WITHIN_MS 30000

struct job {
    struct job *next;
    void (*work)(void *context);
    void *context;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[THREADS];
    struct job *first, **last;
    size_t count;
    bool stopping;
} pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &pool.first};

static struct job *take_job(void)
{
    while (!pool.first && !pool.stopping)
        pthread_cond_wait(&pool.changed, &pool.lock);
    struct job *job = pool.first;
    if (!job)
        return NULL;
    pool.first = job->next;
    pool.count--;
    if (!pool.first)
        pool.last = &pool.first;
    return job;
}

static void *serve(void *context)
{
    (void)context;
    for (;;) {
        pthread_mutex_lock(&pool.lock);
        struct job *job = take_job();
        pthread_mutex_unlock(&pool.lock);
        if (!job)
            return NULL;
        job->work(job->context);
        free(job);
    }
}

void intake_pool_start(void)
{
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&pool.threads[i], NULL, serve, NULL) != 0)
            abort();
}

void intake_pool_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stopping = true;
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < THREADS; i++)
        pthread_join(pool.threads[i], NULL);
}

static void answer_late(struct http_request *request, void *context)
{
    (void)context;
    intake_unavailable(request, "late",
                       "The answer did not come in time; repeat with the same Idempotency-Key.");
}

bool intake_defer(void (*work)(void *context), void *context)
{
    pthread_mutex_lock(&pool.lock);
    bool taken = pool.count < QUEUE_MAX && !pool.stopping;
    if (taken) {
        struct job *job = mem_alloc(sizeof *job);
        *job = (struct job){.work = work, .context = context};
        *pool.last = job;
        pool.last = &job->next;
        pool.count++;
        pthread_cond_signal(&pool.changed);
    }
    pthread_mutex_unlock(&pool.lock);
    return taken;
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

void intake_run(struct http_request *request, void (*work)(struct http_request *request))
{
    struct request_job *job = mem_alloc(sizeof *job);
    *job = (struct request_job){.request = request, .work = work};
    http_keep_headers(
        request); /* the work may outlast the answer "late" and still has to heed them */
    http_suspend(request, clock_monotonic_ms() + ANSWER_WITHIN_MS, answer_late, NULL);
    if (intake_defer(run_request, job))
        return;
    free(job);
    intake_unavailable(request, "busy", "Too many requests are waiting; try again.");
    http_release(request);
}
