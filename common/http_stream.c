/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies without an end. While there is nothing to send the connection is suspended from within the library's own call for
 * more (it allows that since 0.9.71), so that thousands of quiet listeners cost no turn of the loop. Between the question "is
 * there more?" and the suspension somebody may have something: `woken` tells.
 */
#include "common/http_internal.h"

#include "common/clock.h"

#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

#define BLOCK_BYTES 4096
#define UNREAD_BYTES_MAX (64 * 1024)
/* A client that reads gets what was written at the stop; whoever does not is cut. */
#define LAST_WORDS_MS 1000

/* Under request.lock. True: the connection rests now. */
static bool rest(struct http_request *request)
{
    if (request->woken || request->ends)
        return false;
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
    return true;
}

static bool begin_turn(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool goes_on = !request->ends;
    request->woken = false;
    pthread_mutex_unlock(&request->lock);
    return goes_on;
}

static bool end_turn(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool rests = rest(request);
    pthread_mutex_unlock(&request->lock);
    return rests;
}

static ssize_t read_more(void *context, uint64_t at, char *to, size_t max)
{
    struct http_request *request = context;
    (void)at;
    while (begin_turn(request)) {
        int64_t written = request->fill(request, to, max);
        if (written > 0)
            return (ssize_t)written;
        if (written < 0)
            break;
        if (end_turn(request))
            return 0;
    }
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* What a slow client has not read waits in the kernel: by itself that grows to megabytes for each. */
struct MHD_Response *http_stream_response(struct http_request *request)
{
    int bytes = UNREAD_BYTES_MAX;
    (void)setsockopt(request->connection->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_more, request,
                                             NULL);
}

void http_stream_wake(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    request->woken = true;
    if (request->fill)
        http_wake_connection(request);
    pthread_mutex_unlock(&request->lock);
}

void http_stream_end(struct http_request *request, int64_t now_ms)
{
    (void)now_ms;
    pthread_mutex_lock(&request->lock);
    if (request->fill && request->mhd) {
        request->ends = true;
        atomic_store(&request->connection->deadline_ms, clock_monotonic_ms() + LAST_WORDS_MS);
        http_wake_connection(request);
    }
    pthread_mutex_unlock(&request->lock);
}

/* While request.mhd is set its socket is open: request_done comes before the library closes it. */
bool http_stream_is_gone(struct http_request *request)
{
    bool gone = true;
    pthread_mutex_lock(&request->lock);
    if (request->mhd) {
        struct pollfd peer = {.fd = request->connection->socket, .events = POLLRDHUP};
        gone = poll(&peer, 1, 0) > 0;
    }
    pthread_mutex_unlock(&request->lock);
    return gone;
}

void http_stream_cut(struct http_request *request)
{
    pthread_mutex_lock(&request->lock);
    if (request->mhd) {
        http_connection_shut(request->connection);
        request->ends = true;
        http_wake_connection(request);
    }
    pthread_mutex_unlock(&request->lock);
}
