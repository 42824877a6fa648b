/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler may ask of its request, and how long the request lives. */
#include "common/http_internal.h"

#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_BYTES_MAX (256 * 1024 * 1024)

static void read_target(struct http_request *request, char *path, char *segments)
{
    char *query = strchr(path, '?');
    request->path = path;
    if (query) {
        *query = '\0';
        request->query = query + 1;
    }
    memcpy(segments, path, strlen(path) + 1);
    request->target_readable =
        http_split_path(segments, request->segments, &request->segment_count) &&
        (!query || http_split_query(request->query, request->pairs, &request->pair_count));
}

/* --- requests that serve again ------------------------------------------------------------------------------------------- */

#define SPARES_MAX 64
#define SPARE_TARGET_BYTES 128 /* of a target up to this length, two copies of it included */
#define SPARE_BODY_BYTES 4096  /* what was larger than that is given back */

static struct {
    pthread_mutex_t lock;
    struct http_request *first;
    size_t count;
} spares = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct http_request *take_spare(void)
{
    pthread_mutex_lock(&spares.lock);
    struct http_request *request = spares.first;
    if (request) {
        spares.first = request->next_spare;
        spares.count--;
    }
    pthread_mutex_unlock(&spares.lock);
    return request;
}

/* Nothing of what it held: a password may have been among it. */
static void wipe(struct buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->length);
    buf_clear(buf);
}

static void keep_memory(struct buf *buf)
{
    wipe(buf);
    if (buf->capacity > SPARE_BODY_BYTES)
        buf_free(buf);
}

/* A sanitizer finds who uses a request that has ended only where it was freed. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static bool give_spare(struct http_request *request)
{
    if (!request->is_spare || IS_SANITIZED)
        return false;
    keep_memory(&request->body);
    keep_memory(&request->scratch);
    explicit_bzero(request->room, request->room_bytes);
    explicit_bzero(request->texts, request->text_bytes);
    explicit_bzero(request + 1, 2 * SPARE_TARGET_BYTES);
    pthread_mutex_lock(&spares.lock);
    bool kept = spares.count < SPARES_MAX;
    if (kept) {
        request->next_spare = spares.first;
        spares.first = request;
        spares.count++;
    }
    pthread_mutex_unlock(&spares.lock);
    return kept;
}

/* Empty but for what is kept of an earlier one. */
static struct http_request *request_with_room(size_t target_bytes)
{
    bool is_spare = target_bytes <= SPARE_TARGET_BYTES;
    struct http_request *request = is_spare ? take_spare() : NULL;
    if (!request) {
        size_t room = 2 * (is_spare ? SPARE_TARGET_BYTES : target_bytes);
        request = mem_alloc(sizeof *request + room);
    } else {
        struct buf body = request->body, scratch = request->scratch;
        memset(request, 0, offsetof(struct http_request, room));
        request->body = body;
        request->body.max = 0;
        request->scratch = scratch;
    }
    request->is_spare = is_spare;
    return request;
}

/* One allocation holds the request and two copies of its target: as sent, and cut into decoded segments. */
struct http_request *http_request_new(struct http_connection *connection, const char *target)
{
    size_t length = strnlen(target, HTTP_TARGET_BYTES_MAX + 1);
    bool too_long = length > HTTP_TARGET_BYTES_MAX;
    struct http_request *request = request_with_room(too_long ? 1 : length + 1);
    char *texts = (char *)(request + 1);
    request->references = 1;
    request->connection = connection;
    request->context = connection->server->definition.context;
    request->began_us = clock_now_us();
    request->target_too_long = too_long;
    request->path = texts;
    pthread_mutex_init(&request->lock, NULL);
    buf_init(&request->reply, REPLY_BYTES_MAX);
    *texts = '\0';
    if (too_long)
        return request;
    memcpy(texts, target, length + 1);
    read_target(request, texts, texts + length + 1);
    return request;
}

void *http_context(struct http_request *request)
{
    return request->context;
}

const struct http_route *http_route_of(struct http_request *request)
{
    return request->match.route;
}

const char *http_method(struct http_request *request)
{
    return request->method;
}

const char *http_path(struct http_request *request)
{
    return request->path;
}

const char *http_path_value(struct http_request *request, const char *name)
{
    return http_match_value(&request->match, name);
}

const char *http_query(struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->pair_count; i++)
        if (strcmp(request->pairs[i].name, name) == 0)
            return request->pairs[i].value;
    return NULL;
}

struct bytes http_body(struct http_request *request)
{
    return (struct bytes){.data = request->body.data ? request->body.data : "",
                          .length = request->body.length};
}

struct buf *http_scratch(struct http_request *request, size_t max)
{
    wipe(&request->scratch);
    request->scratch.max = max;
    return &request->scratch;
}

struct http_block {
    struct http_block *next;
    alignas(max_align_t) char bytes[];
};

static void *alloc_block(struct http_request *request, size_t size)
{
    struct http_block *block = mem_alloc(sizeof *block + size);
    block->next = request->blocks;
    request->blocks = block;
    return block->bytes;
}

static void free_blocks(struct http_request *request)
{
    while (request->blocks) {
        struct http_block *block = request->blocks;
        request->blocks = block->next;
        free(block);
    }
}

/* The room is empty where it was not taken yet. A sanitizer looks after blocks of their own. */
void *http_alloc(struct http_request *request, size_t size)
{
    assert(!request->was_suspended);
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (IS_SANITIZED || size > sizeof request->room - request->room_bytes)
        return alloc_block(request, size);
    void *taken = request->room + request->room_bytes;
    request->room_bytes += size;
    return taken;
}

static void destroy_data(struct http_request *request)
{
    if (request->destroy_data)
        request->destroy_data(request->data);
}

void http_set_data(struct http_request *request, void *data, void (*destroy)(void *data))
{
    destroy_data(request);
    request->data = data;
    request->destroy_data = destroy;
}

void *http_data(struct http_request *request)
{
    return request->data;
}

void http_set_caller(struct http_request *request, void *caller)
{
    request->caller = caller;
}

void *http_caller(struct http_request *request)
{
    return request->caller;
}

void http_hold(struct http_request *request)
{
    atomic_fetch_add_explicit(&request->references, 1, memory_order_relaxed);
}

void http_release(struct http_request *request)
{
    if (atomic_fetch_sub_explicit(&request->references, 1, memory_order_acq_rel) != 1)
        return;
    destroy_data(request);
    free_blocks(request);
    http_free_fields(request);
    buf_free(&request->kept);
    buf_free(&request->reply);
    free(request->match.allow);
    pthread_mutex_destroy(&request->lock);
    if (give_spare(request))
        return;
    buf_free(&request->body);
    buf_free(&request->scratch);
    free(request);
}
