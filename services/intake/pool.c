/* SPDX-License-Identifier: Apache-2.0 */
/* The pool, and the small answers that every handler gives. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "common/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define QUEUE_MAX 256
#define ANSWER_WITHIN_MS 30000
#define CATCH_UP_WITHIN_MS 2000

struct job {
    struct job *next;
    struct http_request *request;
    void (*work)(struct http_request *request);
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
        job->work(job->request);
        http_release(job->request);
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

void intake_run(struct http_request *request, void (*work)(struct http_request *request))
{
    http_suspend(request, clock_monotonic_ms() + ANSWER_WITHIN_MS, answer_late, NULL);
    pthread_mutex_lock(&pool.lock);
    bool taken = pool.count < QUEUE_MAX && !pool.stopping;
    if (taken) {
        struct job *job = mem_alloc(sizeof *job);
        *job = (struct job){.request = request, .work = work};
        *pool.last = job;
        pool.last = &job->next;
        pool.count++;
        pthread_cond_signal(&pool.changed);
    }
    pthread_mutex_unlock(&pool.lock);
    if (taken)
        return;
    intake_unavailable(request, "busy", "Too many requests are waiting; try again.");
    http_release(request);
}

/* --- answers ------------------------------------------------------------------------------------------------------------------ */

void intake_unavailable(struct http_request *request, const char *code, const char *detail)
{
    http_reply_header(request, "Retry-After", INTAKE_RETRY_AFTER_S);
    http_reply_problem(request, 503, code, detail, NULL);
}

void intake_refuse_field(struct http_request *request, unsigned status, const char *pointer,
                         const char *code, const char *message)
{
    json_t *errors = json_array();
    http_error_add(errors, pointer, code, message);
    http_reply_problem(request, status, code, message, errors);
}

static enum verdict load_or_wait(const char *case_id, struct view_case *ret_case, struct why *why)
{
    enum verdict verdict = view_case(intake.view, case_id, ret_case, why);
    if (verdict != VERDICT_OK || ret_case->state)
        return verdict;
    verdict = view_catch_up(intake.view, case_id, clock_monotonic_ms() + CATCH_UP_WITHIN_MS, why);
    return verdict == VERDICT_OK ? view_case(intake.view, case_id, ret_case, why) : verdict;
}

bool intake_load_case(struct http_request *request, struct view_case *ret_case)
{
    struct why why = {0};
    const char *case_id = http_path_value(request, "id");
    *ret_case = (struct view_case){0};
    if (!ids_is_uuid(case_id)) {
        http_reply_problem(request, 404, "not_found", "There is no case with this id.", NULL);
        return false;
    }
    if (load_or_wait(case_id, ret_case, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return false;
    }
    if (!ret_case->state)
        http_reply_problem(request, 404, "not_found", "There is no case with this id.", NULL);
    return ret_case->state;
}

bool intake_body_object(struct http_request *request, json_t **ret_body)
{
    struct why why = {0};
    struct bytes body = http_body(request);
    json_t *json = NULL;
    if (event_parse_json(body.data, body.length, &json, &why) != VERDICT_OK) {
        http_reply_problem(request, 400, "unreadable", why.text, NULL);
        return false;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        intake_refuse_field(request, 422, "", "type", "expected an object");
        return false;
    }
    *ret_body = json;
    return true;
}

bool intake_idempotency_key(struct http_request *request, char ret_key[256], bool *ret_present)
{
    const char *given = http_header(request, "Idempotency-Key");
    size_t length = given ? strlen(given) : 0;
    *ret_present = given != NULL;
    if (!given)
        return true;
    bool quoted = length >= 2 && given[0] == '"' && given[length - 1] == '"';
    if (quoted) {
        given++;
        length -= 2;
    }
    bool usable = length >= 1 && length <= 200;
    for (size_t i = 0; i < length && usable; i++)
        usable = given[i] >= 0x21 && given[i] <= 0x7e && given[i] != '"';
    if (!usable) {
        http_reply_problem(request, 400, "idempotency_key",
                           "Expected 1 to 200 visible ASCII characters.", NULL);
        return false;
    }
    memcpy(ret_key, given, length);
    ret_key[length] = '\0';
    return true;
}

/* --- audit -------------------------------------------------------------------------------------------------------------------- */

static void note_delivery(void *context, const struct kafka_delivery *delivery)
{
    (void)context;
    if (delivery->verdict != VERDICT_OK)
        log_event(LOG_WARNING, "audit.not_written", "why=%s", delivery->why);
}

void intake_audit(struct http_request *request, const char *case_id, const char *what)
{
    const struct auth_identity *who = auth_identity(request);
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE], type_text[96];
    int64_t now_us = clock_now_us();
    struct event_headers headers;
    struct why why = {0};
    ids_uuid7(now_us, id);
    clock_format_us(now_us, time);
    json_auto_t *value = json_pack("{s:s, s:s, s:s, s:s}", "who", who->id, "role", who->role,
                                   "what", what, "at", time);
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, KAFKA_RECORD_BYTES_MAX);
    event_dump_json(value, &text);
    event_headers_make("audit.read", id, INTAKE_SOURCE, time, case_id, NULL, type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name("audit"),
                                  .partition = -1,
                                  .key = bytes_of(case_id),
                                  .value = {.data = text.data, .length = text.length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    if (kafka_produce(intake.producer, &output, note_delivery, NULL, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "audit.not_written", "case=%s why=%s", case_id, why.text);
}
