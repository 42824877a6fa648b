/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/signin.h"

#include "common/clock.h"
#include "common/log.h"
#include "services/intake/auth.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define WAITING_MAX 64
#define ANSWER_MS_MAX 10000

struct attempt {
    struct http_request *request;
    char *operator;
    char *password;
    char address[SESSION_ADDRESS_SIZE];
    char *cookie; /* of the session that is left, or NULL */
    struct attempt *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct attempt *first, **last;
    size_t waiting;
    bool ends;
    pthread_t threads[THREADS];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void reply_busy(struct http_request *request, void *context)
{
    (void)context;
    http_reply_header(request, "Retry-After", "5");
    http_reply_problem(request, 503, "busy", "too many people are signing in; try again", NULL);
}

static void free_attempt(struct attempt *attempt)
{
    http_release(attempt->request);
    explicit_bzero(attempt->password, strlen(attempt->password));
    free(attempt->password);
    free(attempt->operator);
    free(attempt->cookie);
    free(attempt);
}

/* --- one attempt -------------------------------------------------------------------------------------------------- */

static void reply_session(struct http_request *request, const char *token,
                          const struct session *session)
{
    char csrf[IDS_SHA256_TEXT_SIZE], expires[CLOCK_TEXT_SIZE];
    CLEANUP(mem_free) char *location = mem_printf("/v1/sessions/%s", session->id);
    session_csrf(token, csrf);
    clock_format_us(session->expires_us, expires);
    auth_reply_cookie(request, token);
    http_reply_header(request, "Location", location);
    http_reply_json(
        request, 201,
        json_pack("{ss ss ss}", "id", session->id, "csrf", csrf, "expires_at", expires));
}

static void reply_too_many(struct http_request *request, int64_t wait_ms)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%" PRId64, wait_ms / 1000 + 1);
    http_reply_header(request, "Retry-After", seconds);
    http_reply_problem(request, 429, "too_many_attempts", "too many attempts to sign in; wait",
                       NULL);
}

/* What the audit says of a refusal is the same whether there is such an account or not. Sixteen bits of a hash tell whoever
 * looks at an attack whether it aims at one account, and nobody what was typed: it may have been a password. */
static void tell_refused(const struct attempt *attempt, const char *what)
{
    char id[IDS_UUID_SIZE], hash[IDS_SHA256_TEXT_SIZE];
    ids_uuid7(clock_now_us(), id);
    ids_sha256_text(attempt->operator, strlen(attempt->operator), hash);
    json_auto_t *detail =
        json_pack("{s:s, s:s%}", "address", attempt->address, "account", hash, (size_t)4);
    auth_tell(&(struct auth_act){.what = what, .session = id, .detail = detail});
}

static void tell_opened(const struct session *session, const struct operator* operator)
{
    json_auto_t *detail = json_pack("{s:s}", "address", session->address);
    auth_tell(&(struct auth_act){.what = "session.opened",
                                 .session = session->id,
                                 .who = operator->id,
                                 .role = operator->role,
                                 .detail = detail});
}

/* Whoever signs in again from the same browser leaves no session behind. */
static void end_session_before(const struct attempt *attempt, const struct operator* operator)
{
    struct session session;
    bool found = false;
    char owner[SESSION_OPERATOR_SIZE] = "";
    struct why why = {0};
    if (!attempt->cookie ||
        session_find(auth_redis(), auth_session_limits(), attempt->cookie, clock_now_us(), &session,
                     &found, &why) != VERDICT_OK ||
        !found)
        return;
    const char *const owners[] = {session.operator};
    if (session_end(auth_redis(), owners, 1, session.id, owner, &why) != VERDICT_OK || !*owner)
        return;
    json_auto_t *detail = json_pack("{s:s, s:s}", "operator", owner, "why", "signed_in_again");
    auth_tell(&(struct auth_act){.what = "session.ended",
                                 .session = session.id,
                                 .who = operator->id,
                                 .role = operator->role,
                                 .detail = detail});
}

static void open_session(struct attempt *attempt, const struct operator* operator)
{
    char token[SESSION_TOKEN_SIZE];
    struct session session;
    struct why why = {0};
    if (session_attempt_succeeded(auth_redis(), attempt->operator, attempt->address, &why) !=
            VERDICT_OK ||
        session_open(auth_redis(), auth_session_limits(), operator, attempt->address,
                     clock_now_us(), token, &session, &why) != VERDICT_OK) {
        log_event(LOG_WARNING, "session.unwritable", "why=%s", why.text);
        auth_reply_unavailable(attempt->request,
                               "sessions cannot be opened at the moment; API tokens still work");
        return;
    }
    log_event(LOG_INFO, "session.opened", "operator=%s session=%s", operator->id, session.id);
    tell_opened(&session, operator);
    end_session_before(attempt, operator);
    reply_session(attempt->request, token, &session);
}

static void check_password(struct attempt *attempt)
{
    struct operator_list *operators = auth_hold_operators();
    const struct operator* operator=
        operator_list_check_password(operators, attempt->operator, attempt->password);
    if (operator) {
        open_session(attempt, operator);
    } else {
        /* The name is not logged: people type their password into the wrong field. */
        log_event(LOG_WARNING, "session.refused", "known=%s",
                  operator_list_find(operators, attempt->operator) ? "true" : "false");
        tell_refused(attempt, "session.refused");
        http_reply_problem(attempt->request, 401, "wrong_credentials",
                           "operator or password is wrong", NULL);
    }
    operator_list_release(operators);
}

static void work_on(struct attempt *attempt)
{
    struct why why = {0};
    int64_t wait_ms = 0;
    bool locks = false;
    if (session_attempt(auth_redis(), attempt->operator, attempt->address, &wait_ms, &locks,
                        &why) != VERDICT_OK) {
        log_event(LOG_WARNING, "session.unwritable", "why=%s", why.text);
        auth_reply_unavailable(attempt->request,
                               "nobody can sign in at the moment; API tokens still work");
    } else if (wait_ms > 0) {
        if (locks) /* once: what follows until the end of the wait costs nothing and tells nothing new */
            tell_refused(attempt, "session.locked");
        reply_too_many(attempt->request, wait_ms);
    } else {
        check_password(attempt);
    }
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static struct attempt *next_attempt(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.first && !queue.ends)
        pthread_cond_wait(&queue.changed, &queue.lock);
    struct attempt *attempt = queue.ends ? NULL : queue.first;
    if (attempt) {
        queue.first = attempt->next;
        queue.waiting--;
        if (!queue.first)
            queue.last = &queue.first;
    }
    pthread_mutex_unlock(&queue.lock);
    return attempt;
}

static void *work(void *context)
{
    (void)context;
    for (struct attempt *attempt; (attempt = next_attempt());) {
        if (!http_is_answered(attempt->request)) /* who was told "busy" tries again */
            work_on(attempt);
        free_attempt(attempt);
    }
    return NULL;
}

void signin_start(void)
{
    queue.last = &queue.first;
    queue.ends = false;
    for (size_t i = 0; i < THREADS; i++) {
        int failed = pthread_create(&queue.threads[i], NULL, work, NULL);
        assert(!failed);
    }
}

void signin_stop(void)
{
    pthread_mutex_lock(&queue.lock);
    queue.ends = true;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(queue.threads[i], NULL);
    for (struct attempt *attempt = queue.first, *next; attempt; attempt = next) {
        next = attempt->next;
        reply_busy(attempt->request, NULL);
        free_attempt(attempt);
    }
    queue.first = NULL;
    queue.waiting = 0;
}

static bool enqueue(struct attempt *attempt)
{
    pthread_mutex_lock(&queue.lock);
    bool taken = queue.waiting < WAITING_MAX && !queue.ends;
    if (taken) {
        *queue.last = attempt;
        queue.last = &attempt->next;
        queue.waiting++;
        pthread_cond_signal(&queue.changed);
    }
    pthread_mutex_unlock(&queue.lock);
    return taken;
}

void signin_request(struct http_request *request, const char *operator, const char * password)
{
    struct attempt *attempt = mem_alloc(sizeof *attempt);
    attempt->request = request;
    attempt->operator= mem_strdup(operator);
    attempt->password = mem_strdup(password);
    attempt->cookie = mem_strdup(auth_cookie(request));
    snprintf(attempt->address, sizeof attempt->address, "%s", http_client_address(request));
    http_suspend(request, clock_monotonic_ms() + ANSWER_MS_MAX, reply_busy, NULL);
    if (enqueue(attempt))
        return;
    reply_busy(request, NULL);
    free_attempt(attempt);
}
