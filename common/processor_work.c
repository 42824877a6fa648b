/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work pool. A job is in the table from its start until its result was used; the table says what runs, so that a plan
 * asked a hundred times starts each work once. A cancelled job leaves the table at once; its thread finds out by
 * `cancelled` or at its end, and its result is thrown away.
 */
#include "common/failpoint.h"
#include "common/processor_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 16
#define DONE_MAX 16 /* results wait in memory: no more works are begun until they are used */

enum job_stage { JOB_QUEUED, JOB_RUNNING, JOB_DONE };

struct job {
    struct work work; /* first: `cancelled` finds the job by it */
    struct job *next;
    char *case_id, *work_id, *kind;
    json_t *parameters;
    unsigned epoch;
    enum job_stage stage;
    _Atomic bool cancelled;
    bool seen; /* named by the plan that is being set */
};

struct work_pool {
    const struct processor_definition *definition;
    int wake_descriptor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[THREADS_MAX];
    size_t thread_count;
    bool closed; /* nothing is begun any more */
    bool stopping;
    struct job *queue, **queue_end;
    bool alone_is_served; /* a thread has a work of the kind that goes alone */
    struct work_done *done;
    size_t done_count, done_capacity;
    struct job **running; /* the table: waiting, running, or done and not yet used */
    size_t running_count;
};

static bool is_cancelled(const struct work *work)
{
    const struct job *job = (const struct job *)(const void *)work;
    return atomic_load(&job->cancelled);
}

static void job_free(struct job *job)
{
    free(job->case_id);
    free(job->work_id);
    free(job->kind);
    json_decref(job->parameters);
    free(job);
}

/* --- the table: under the lock -------------------------------------------------------------------------------------------- */

static struct job *table_find(struct work_pool *pool, const char *case_id, const char *work_id)
{
    for (size_t i = 0; i < pool->running_count; i++)
        if (strcmp(pool->running[i]->case_id, case_id) == 0 &&
            strcmp(pool->running[i]->work_id, work_id) == 0)
            return pool->running[i];
    return NULL;
}

static void table_add(struct work_pool *pool, struct job *job)
{
    pool->running = mem_resize(pool->running, pool->running_count + 1, sizeof(struct job *));
    pool->running[pool->running_count++] = job;
}

static void table_remove(struct work_pool *pool, struct job *job)
{
    for (size_t i = 0; i < pool->running_count; i++)
        if (pool->running[i] == job) {
            pool->running[i] = pool->running[--pool->running_count];
            return;
        }
}

/* Out of the table. A job that a thread has, or that is queued, is freed by the thread that meets it next. */
static void cancel(struct work_pool *pool, struct job *job)
{
    table_remove(pool, job);
    atomic_store(&job->cancelled, true);
    if (job->stage == JOB_DONE)
        job_free(job);
}

/* --- threads -------------------------------------------------------------------------------------------------------------- */

static void wake(struct work_pool *pool)
{
    uint64_t one = 1;
    ssize_t written = write(pool->wake_descriptor, &one, sizeof one);
    (void)written;
}

static void deliver(struct work_pool *pool, struct job *job, struct processor_result *result)
{
    if (pool->done_count == pool->done_capacity) {
        pool->done_capacity = pool->done_capacity ? 2 * pool->done_capacity : 16;
        pool->done = mem_resize(pool->done, pool->done_capacity, sizeof pool->done[0]);
    }
    pool->done[pool->done_count++] = (struct work_done){.case_id = mem_strdup(job->case_id),
                                                        .work_id = mem_strdup(job->work_id),
                                                        .partition = job->work.partition,
                                                        .epoch = job->epoch,
                                                        .result = result};
}

static bool goes_alone(const struct work_pool *pool, const struct job *job)
{
    return pool->definition->kind_alone && strcmp(job->kind, pool->definition->kind_alone) == 0;
}

/* Where the first job stands that may be begun now; NULL: none. */
static struct job **next_place(struct work_pool *pool)
{
    for (struct job **place = &pool->queue; *place; place = &(*place)->next)
        if (!pool->alone_is_served || !goes_alone(pool, *place))
            return place;
    return NULL;
}

static struct job *next_job(struct work_pool *pool)
{
    struct job **place;
    while ((!(place = next_place(pool)) || pool->done_count >= DONE_MAX) && !pool->stopping)
        pthread_cond_wait(&pool->changed, &pool->lock);
    if (pool->stopping)
        return NULL;
    struct job *job = *place;
    *place = job->next;
    if (!*place)
        pool->queue_end = place;
    return job;
}

/* Under the lock, which the work itself is done without. */
static void serve_job(struct work_pool *pool, struct job *job)
{
    struct processor_result *result = NULL;
    bool alone = goes_alone(pool, job);
    if (!atomic_load(&job->cancelled)) {
        job->stage = JOB_RUNNING;
        pool->alone_is_served |= alone;
        pthread_mutex_unlock(&pool->lock);
        result = pool->definition->work(&job->work);
        failpoint(job->kind);
        pthread_mutex_lock(&pool->lock);
        pool->alone_is_served &= !alone;
    }
    if (atomic_load(&job->cancelled)) {
        processor_result_free(result);
        job_free(job);
        return;
    }
    assert(result);
    job->stage = JOB_DONE;
    deliver(pool, job, result); /* the job stays in the table until work_pool_end */
    wake(pool);
}

static void *serve(void *context)
{
    struct work_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    for (struct job *job; (job = next_job(pool));)
        serve_job(pool, job);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct work_pool *work_pool_start(const struct processor_definition *definition,
                                  int wake_descriptor)
{
    struct work_pool *pool = mem_alloc(sizeof *pool);
    pool->definition = definition;
    pool->wake_descriptor = wake_descriptor;
    pool->queue_end = &pool->queue;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    while (pool->thread_count < definition->worker_count && pool->thread_count < THREADS_MAX &&
           pthread_create(&pool->threads[pool->thread_count], NULL, serve, pool) == 0)
        pool->thread_count++;
    return pool;
}

/* --- the processor's side ----------------------------------------------------------------------------------------------- */

static void start_job(struct work_pool *pool, const char *case_id, int32_t partition,
                      unsigned epoch, const struct planned_work *planned)
{
    struct job *job = mem_alloc(sizeof *job);
    job->case_id = mem_strdup(case_id);
    job->work_id = mem_strdup(planned->id);
    job->kind = mem_strdup(planned->kind);
    /* A copy of its own: jansson's reference counts are shared between threads only where they are atomic. */
    job->parameters = json_deep_copy(planned->parameters);
    job->epoch = epoch;
    job->seen = true;
    job->work = (struct work){.case_id = job->case_id,
                              .work_id = job->work_id,
                              .kind = job->kind,
                              .parameters = job->parameters,
                              .partition = partition,
                              .service = pool->definition->service_context,
                              .cancelled = is_cancelled};
    table_add(pool, job);
    *pool->queue_end = job;
    pool->queue_end = &job->next;
    pthread_cond_signal(&pool->changed);
}

/* While it waits the world may have changed, an address say. */
static void plan_again(struct job *job, const struct planned_work *planned)
{
    job->seen = true;
    if (job->stage != JOB_QUEUED)
        return;
    json_decref(job->parameters);
    job->parameters = json_deep_copy(planned->parameters);
    job->work.parameters = job->parameters;
}

/* What is done is known: decide takes it or not. */
static bool can_drop(const struct work_pool *pool, const struct job *job)
{
    return job->stage == JOB_QUEUED ||
           (job->stage == JOB_RUNNING && !pool->definition->has_effects);
}

void work_pool_set(struct work_pool *pool, const char *case_id, int32_t partition, unsigned epoch,
                   const struct plan *plan)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->running_count; i++)
        pool->running[i]->seen = strcmp(pool->running[i]->case_id, case_id) != 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct job *job = table_find(pool, case_id, plan->works[i].id);
        if (job)
            plan_again(job, &plan->works[i]);
        else if (!pool->closed)
            start_job(pool, case_id, partition, epoch, &plan->works[i]);
    }
    for (size_t i = pool->running_count; i > 0; i--)
        if (!pool->running[i - 1]->seen && can_drop(pool, pool->running[i - 1]))
            cancel(pool, pool->running[i - 1]);
    pthread_mutex_unlock(&pool->lock);
}

void work_pool_close(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    for (size_t i = pool->running_count; i > 0; i--)
        if (can_drop(pool, pool->running[i - 1]))
            cancel(pool, pool->running[i - 1]);
    pthread_mutex_unlock(&pool->lock);
}

void work_pool_revoke(struct work_pool *pool, int32_t partition)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = pool->done_count; i > 0; i--)
        if (pool->done[i - 1].partition == partition) {
            work_done_clear(&pool->done[i - 1]);
            pool->done[i - 1] = pool->done[--pool->done_count];
        }
    for (size_t i = pool->running_count; i > 0; i--)
        if (pool->running[i - 1]->work.partition == partition)
            cancel(pool, pool->running[i - 1]);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

bool work_pool_take(struct work_pool *pool, struct work_done *ret_done)
{
    pthread_mutex_lock(&pool->lock);
    bool any = pool->done_count > 0;
    if (any) {
        *ret_done = pool->done[0];
        memmove(pool->done, pool->done + 1, --pool->done_count * sizeof pool->done[0]);
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return any;
}

bool work_pool_has_done(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool any = pool->done_count > 0;
    pthread_mutex_unlock(&pool->lock);
    return any;
}

void work_pool_end(struct work_pool *pool, const char *case_id, const char *work_id)
{
    pthread_mutex_lock(&pool->lock);
    struct job *job = table_find(pool, case_id, work_id);
    if (job) {
        table_remove(pool, job);
        job_free(job);
    }
    pthread_mutex_unlock(&pool->lock);
}

void work_done_clear(struct work_done *done)
{
    free(done->case_id);
    free(done->work_id);
    processor_result_free(done->result);
    *done = (struct work_done){0};
}

size_t work_pool_running(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t count = pool->running_count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}

void work_pool_stop(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    while (pool->running_count)
        cancel(pool, pool->running[pool->running_count - 1]);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

void work_pool_free(struct work_pool *pool)
{
    if (!pool)
        return;
    for (struct job *job = pool->queue, *next; job; job = next) {
        next = job->next;
        job_free(job);
    }
    while (pool->done_count)
        work_done_clear(&pool->done[--pool->done_count]);
    free(pool->running);
    free(pool->done);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->changed);
    free(pool);
}
