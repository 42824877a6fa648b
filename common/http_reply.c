/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: kept in the request by whoever gives them first, handed to libmicrohttpd by the server's own thread only. */
#include "common/http_internal.h"
#include "common/http_tls.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MS_MAX (10 * 60 * 1000)

/* --- giving ------------------------------------------------------------------------------------------------------- */

/* With request.lock held: one with room for `size` bytes. */
static struct http_reply_field field_of(struct http_request *request, size_t size)
{
    bool fits = size <= sizeof request->texts - request->text_bytes;
    struct http_reply_field field = {
        .by = pthread_self(), .always = !request->suspended, .is_own = !fits};
    field.text = fits ? request->texts + request->text_bytes : mem_alloc_raw(size);
    request->text_bytes += fits ? size : 0;
    return field;
}

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    assert(!strpbrk(value, "\r\n"));
    pthread_mutex_lock(&request->lock);
    assert(request->field_count < HTTP_REPLY_FIELDS_MAX || request->answered);
    if (!request->answered) {
        struct http_reply_field *field = &request->fields[request->field_count++];
        *field = field_of(request, name_size + value_size);
        memcpy(field->text, name, name_size);
        memcpy(field->text + name_size, value, value_size);
    }
    pthread_mutex_unlock(&request->lock);
}

static void free_field(struct http_reply_field *field)
{
    if (field->is_own)
        free(field->text);
}

void http_free_fields(struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++)
        free_field(&request->fields[i]);
}

/* What a loser of the race for the answer has added is not for this answer. */
static void keep_own_fields(struct http_request *request)
{
    size_t kept = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        struct http_reply_field *field = &request->fields[i];
        if (field->always || pthread_equal(field->by, pthread_self()))
            request->fields[kept++] = *field;
        else
            free_field(field);
    }
    request->field_count = kept;
}

/* The time of a pause is not the client's. */
static void end_pause(struct http_request *request)
{
    if (!request->paused_at_ms)
        return;
    int64_t paused_ms = clock_monotonic_ms() - request->paused_at_ms;
    request->paused_at_ms = 0;
    request->stream_until_ms += paused_ms;
    atomic_store(&request->connection->deadline_ms, request->paused_deadline_ms + paused_ms);
}

static void resume(struct http_request *request)
{
    if (!request->suspended || !request->mhd)
        return;
    end_pause(request);
    request->suspended = false;
    MHD_resume_connection(request->mhd);
}

/* What the calling thread has answered and not yet let go. */
static _Thread_local struct {
    bool gathers;
    struct http_request *first;
} answers;

void http_wake_connection(struct http_request *request)
{
    if (!answers.gathers) {
        resume(request);
        return;
    }
    if (!request->suspended || request->is_gathered)
        return;
    http_hold(request);
    request->is_gathered = true;
    request->next_answer = answers.first;
    answers.first = request;
}

void http_gather_answers(void)
{
    answers.gathers = true;
}

void http_send_answers(void)
{
    answers.gathers = false;
    while (answers.first) {
        struct http_request *request = answers.first;
        answers.first = request->next_answer;
        pthread_mutex_lock(&request->lock);
        request->is_gathered = false;
        resume(request);
        pthread_mutex_unlock(&request->lock);
        http_release(request);
    }
}

/* With request.lock held; false: somebody has answered before. */
static bool give(struct http_request *request, unsigned status, const char *content_type)
{
    if (request->answered)
        return false;
    keep_own_fields(request);
    request->answered = true;
    request->status = status;
    strncpy(request->content_type, content_type ? content_type : "",
            sizeof request->content_type - 1);
    return true;
}

void http_reply_stream(struct http_request *request, unsigned status, const char *content_type,
                       http_fill_fn *fill)
{
    pthread_mutex_lock(&request->lock);
    if (give(request, status, content_type)) {
        request->fill = fill;
        http_wake_connection(request);
    }
    pthread_mutex_unlock(&request->lock);
}

void http_reply_buf(struct http_request *request, unsigned status, const char *content_type,
                    struct buf *body)
{
    pthread_mutex_lock(&request->lock);
    if (give(request, status, content_type)) {
        request->reply = *body;
        *body = (struct buf){.max = body->max};
        http_wake_connection(request);
    }
    pthread_mutex_unlock(&request->lock);
    buf_free(body);
}

void http_reply_scratch(struct http_request *request, unsigned status, const char *content_type)
{
    pthread_mutex_lock(&request->lock);
    if (give(request, status, content_type)) {
        request->is_in_scratch = true;
        http_wake_connection(request);
    }
    pthread_mutex_unlock(&request->lock);
}

void http_reply(struct http_request *request, unsigned status, const char *content_type,
                struct bytes body)
{
    struct buf copy;
    buf_init(&copy, body.length);
    buf_add(&copy, body.data, body.length);
    http_reply_buf(request, status, content_type, &copy);
}

static void reply_json_as(struct http_request *request, unsigned status, const char *content_type,
                          json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    assert(text);
    size_t length = strlen(text);
    struct buf whole = {.data = text, .length = length, .capacity = length + 1, .max = length};
    json_decref(body);
    http_reply_buf(request, status, content_type, &whole);
}

void http_reply_json(struct http_request *request, unsigned status, json_t *body)
{
    reply_json_as(request, status, "application/json", body);
}

/* A text that a bounded buffer may have cut in the middle of a character: what is whole of it. */
static json_t *whole_text(const char *text)
{
    size_t length = strlen(text);
    json_t *whole = json_stringn(text, length);
    while (!whole && length > 0)
        whole = json_stringn(text, --length);
    return whole;
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code,
                        const char *detail, json_t *errors)
{
    json_t *problem = json_pack("{ss ss si ss so}", "type", "about:blank", "title",
                                MHD_get_reason_phrase_for(status), "status", (int)status, "code",
                                code, "detail", whole_text(detail));
    assert(problem);
    if (errors)
        json_object_set_new(problem, "errors", errors);
    reply_json_as(request, status, "application/problem+json", problem);
}

void http_error_add(json_t *errors, const char *pointer, const char *code, const char *message)
{
    json_array_append_new(errors, json_pack("{so ss so}", "pointer", whole_text(pointer), "code",
                                            code, "message", whole_text(message)));
}

bool http_is_answered(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool given = request->answered;
    pthread_mutex_unlock(&request->lock);
    return given;
}

/* --- later -------------------------------------------------------------------------------------------------------- */

void http_suspend(struct http_request *request, int64_t deadline_ms,
                  void (*late)(struct http_request *request, void *context), void *context)
{
    assert(request->stage == HTTP_STAGE_HANDLED && !request->was_suspended);
    http_hold(request);
    pthread_mutex_lock(&request->lock);
    request->was_suspended = true;
    request->suspended = true;
    request->late_at_ms = deadline_ms;
    request->late = late;
    request->late_context = context;
    MHD_suspend_connection(request->mhd);
    pthread_mutex_unlock(&request->lock);
}

bool http_pause(struct http_request *request, int64_t deadline_ms,
                void (*late)(struct http_request *request, void *context), void *context)
{
    assert(request->stage == HTTP_STAGE_BODY);
    pthread_mutex_lock(&request->lock);
    if (request->suspended) {
        pthread_mutex_unlock(&request->lock);
        return false;
    }
    http_hold(request);
    request->paused_at_ms = clock_monotonic_ms();
    request->paused_deadline_ms = atomic_exchange(&request->connection->deadline_ms, INT64_MAX);
    request->suspended = true;
    request->late_at_ms = deadline_ms;
    request->late = late;
    request->late_context = context;
    MHD_suspend_connection(request->mhd);
    pthread_mutex_unlock(&request->lock);
    return true;
}

void http_continue(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    http_wake_connection(request);
    pthread_mutex_unlock(&request->lock);
    http_release(request);
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

static const char *field_value(const struct http_reply_field *field)
{
    return field->text + strlen(field->text) + 1;
}

static bool has_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].text, name) == 0)
            return true;
    return false;
}

static void add_fields(struct http_request *request, struct MHD_Response *response)
{
    if (*request->content_type)
        MHD_add_response_header(response, "Content-Type", request->content_type);
    for (size_t i = 0; i < request->field_count; i++)
        MHD_add_response_header(response, request->fields[i].text,
                                field_value(&request->fields[i]));
    if (!has_field(request, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
    if (request->status == 503 && !has_field(request, "Retry-After"))
        MHD_add_response_header(response, "Retry-After", "2");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (request->must_close)
        MHD_add_response_header(response, "Connection", "close");
}

/* The library sends from these bytes only until it calls request_done, and the request lives until then at least. */
static struct MHD_Response *response_in_scratch(struct http_request *request)
{
    return MHD_create_response_from_buffer(request->scratch.length, request->scratch.data,
                                           MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *whole_response(struct http_request *request)
{
    if (request->is_in_scratch)
        return response_in_scratch(request);
    /* From here on the bytes are the library's: it frees them with free(). */
    struct buf body = request->reply;
    request->reply = (struct buf){.max = body.max};
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.length, body.length ? body.data : NULL,
        body.length ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (body.length == 0 || !response)
        buf_free(&body);
    return response;
}

bool http_reply_queue(struct http_request *request)
{
    struct MHD_Response *response =
        request->fill ? http_stream_response(request) : whole_response(request);
    if (!response)
        return false;
    add_fields(request, response);
    atomic_store(&request->connection->deadline_ms,
                 request->fill ? INT64_MAX : clock_monotonic_ms() + ANSWER_MS_MAX);
    bool queued = MHD_queue_response(request->mhd, request->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}

/* Everything that fits into the socket at once; the rest is lost with the connection, which ends anyway. */
static void send_text(int socket, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(socket, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0 && errno != EINTR)
            return;
        text += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
    }
}

/* Closing with unread bytes makes the kernel send a reset, which can overtake the answer: read what is there. */
static void drain(int socket)
{
    char scratch[16 * 1024];
    shutdown(socket, SHUT_WR);
    for (int i = 0; i < 64 && recv(socket, scratch, sizeof scratch, MSG_DONTWAIT) > 0; i++)
        ;
}

static void send_raw(struct http_request *request, const char *text, size_t length)
{
    if (http_is_tls(request->connection->server))
        http_tls_send(request->mhd, text, length);
    else
        send_text(request->connection->socket, text, length);
}

void http_reply_raw(struct http_request *request)
{
    const struct buf *body = request->is_in_scratch ? &request->scratch : &request->reply;
    CLEANUP(buf_free) struct buf head;
    buf_init(&head, 64 * 1024);
    buf_printf(&head,
               "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
               request->status, MHD_get_reason_phrase_for(request->status), request->content_type,
               body->length);
    for (size_t i = 0; i < request->field_count; i++)
        buf_printf(&head, "%s: %s\r\n", request->fields[i].text, field_value(&request->fields[i]));
    buf_add_text(&head, "\r\n");
    send_raw(request, head.data, head.length);
    send_raw(request, body->data, body->length);
    drain(request->connection->socket);
}

void http_reply_timeout(struct http_connection *connection)
{
    if (http_is_tls(connection->server))
        return; /* its session belongs to the server's thread */
    static const char body[] =
        "{\"type\":\"about:blank\",\"title\":\"Request Timeout\",\"status\":408,\"code\":"
        "\"too_slow\",\"detail\":\"the request was not complete in time\"}";
    char text[400];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: "
                          "application/problem+json\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          sizeof body - 1, body);
    send_text(connection->socket, text, (size_t)length);
    drain(connection->socket);
}
