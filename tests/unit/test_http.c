/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server against raw sockets: what a friendly client library would never send. */
#include "common/clock.h"
#include "common/gzip.h"
#include "common/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#define MEBIBYTE (1024 * 1024)

static struct http_server *server;
static atomic_int handled, begun, pieces, destroyed, late_calls;
static atomic_size_t streamed;
static struct http_request *forgotten;

/* --- a small application ------------------------------------------------------------------------------------------ */

static void echo(struct http_request *request)
{
    atomic_fetch_add(&handled, 1);
    http_reply(request, 200, "application/octet-stream", http_body(request));
}

static void tell(struct http_request *request)
{
    const char *id = http_path_value(request, "id"), *query = http_query(request, "q");
    const char *agent = http_header(request, "X-Agent"), *cookie = http_cookie(request, "session");
    atomic_fetch_add(&handled, 1);
    http_reply_header(request, "ETag", "\"7\"");
    http_reply_json(request, 200,
                    json_pack("{ss* ss* ss* ss* ss ss}", "id", id, "q", query, "agent", agent,
                              "cookie", cookie, "address", http_client_address(request), "method",
                              http_method(request)));
}

static void tell_me(struct http_request *request)
{
    http_reply_json(request, 200, json_pack("{ss}", "id", "me, literally"));
}

static void *answer_later(void *context)
{
    struct http_request *request = context;
    usleep(20000);
    http_reply_header(request, "X-By", "worker");
    http_reply(request, 201, "text/plain", bytes_of("later"));
    http_release(request);
    return NULL;
}

static void answer_late(struct http_request *request, void *context)
{
    (void)context;
    atomic_fetch_add(&late_calls, 1);
    http_reply_header(request, "Retry-After", "1");
    http_reply_problem(request, 503, "late", "too late", NULL);
}

static void suspend(struct http_request *request)
{
    pthread_t thread;
    http_reply_header(request, "X-Before", "yes");
    http_suspend(request, clock_monotonic_ms() + 5000, answer_late, NULL);
    assert_int_equal(pthread_create(&thread, NULL, answer_later, request), 0);
    pthread_detach(thread);
}

static void suspend_for_long(struct http_request *request)
{
    http_suspend(request, clock_monotonic_ms() + 200, answer_late, NULL);
    forgotten = request;
}

static struct http_request *_Atomic gathered[2]; /* suspended, for the test itself to answer */

static void suspend_for_test(struct http_request *request)
{
    http_suspend(request, clock_monotonic_ms() + 60000, answer_late, NULL);
    atomic_store(&gathered[atoi(http_query(request, "n"))], request);
}

static void suspend_until_stop(struct http_request *request)
{
    http_suspend(request, clock_monotonic_ms() + 60000, answer_late, NULL);
    http_release(request);
}

static void forget(struct http_request *request)
{
    (void)request;
}

/* Two pieces that fit into the request and one that does not, each full of what the last request must not find. */
static void allocate(struct http_request *request)
{
    static const size_t sizes[] = {600, 300, 5000};
    char *taken[COUNT_OF(sizes)];
    struct buf *answer = http_scratch(request, 6000);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        taken[i] = http_alloc(request, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(taken[i][k], 0);
        memset(taken[i], 'x', sizes[i]);
    }
    buf_add(answer, taken[0], sizes[0]);
    buf_add(answer, taken[2], sizes[2]);
    http_reply_scratch(request, 200, "text/plain");
    http_reply(request, 500, "text/plain", bytes_of("second"));
}

static void reply_twice(struct http_request *request)
{
    http_reply(request, 200, "text/plain", bytes_of("first"));
    http_reply(request, 500, "text/plain", bytes_of("second"));
}

static void count_destroyed(void *data)
{
    atomic_fetch_add(&destroyed, 1);
    free(data);
}

static bool begin_stream(struct http_request *request)
{
    atomic_fetch_add(&begun, 1);
    http_set_data(request, mem_strdup("state"), count_destroyed);
    if (!http_query(request, "refuse"))
        return true;
    http_reply_problem(request, 409, "refused", "not now", NULL);
    return false;
}

static void *continue_later(void *context)
{
    usleep(50000);
    http_continue(context);
    return NULL;
}

static void pause_for(struct http_request *request, const char *how)
{
    pthread_t thread;
    bool for_ever = strcmp(how, "for_ever") == 0;
    if (!http_pause(request, clock_monotonic_ms() + (for_ever ? 200 : 5000), answer_late, NULL))
        return; /* a piece of a chunked body that had been read before the pause */
    if (for_ever) {
        forgotten = request; /* whoever was to continue comes after the end of the exchange */
        return;
    }
    assert_int_equal(pthread_create(&thread, NULL, continue_later, request), 0);
    pthread_detach(thread);
}

static bool take_piece(struct http_request *request, const void *bytes, size_t length)
{
    (void)bytes;
    atomic_fetch_add(&pieces, 1);
    atomic_fetch_add(&streamed, length);
    if (http_query(request, "pause"))
        pause_for(request, http_query(request, "pause"));
    if (!http_query(request, "fail"))
        return true;
    http_reply_problem(request, 503, "broken", "the store is away", NULL);
    return false;
}

/* --- a body without an end: every listener gets what was said since it came ---------------------------------------- */

static struct {
    pthread_mutex_t lock;
    struct ear {
        struct ear *next;
        struct http_request *request;
        size_t heard;
    } *ears;
    char text[2 * MEBIBYTE];
    size_t length;
    bool over;
} speech = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t listen_on(struct http_request *request, char *to, size_t max)
{
    struct ear *ear = http_data(request);
    pthread_mutex_lock(&speech.lock);
    size_t left = speech.length - ear->heard, taken = left < max ? left : max;
    memcpy(to, speech.text + ear->heard, taken);
    ear->heard += taken;
    bool over = speech.over;
    pthread_mutex_unlock(&speech.lock);
    return taken > 0 ? (int64_t)taken : over ? HTTP_STREAM_END : 0;
}

static void drop_ear(void *data)
{
    pthread_mutex_lock(&speech.lock);
    for (struct ear **at = &speech.ears; *at; at = &(*at)->next)
        if (*at == data) {
            *at = (*at)->next;
            break;
        }
    pthread_mutex_unlock(&speech.lock);
    atomic_fetch_add(&destroyed, 1);
    free(data);
}

static void begin_listening(struct http_request *request)
{
    struct ear *ear = mem_alloc(sizeof *ear);
    ear->request = request;
    pthread_mutex_lock(&speech.lock);
    ear->heard = speech.length;
    ear->next = speech.ears;
    speech.ears = ear;
    pthread_mutex_unlock(&speech.lock);
    http_set_data(request, ear, drop_ear);
    http_reply_stream(request, 200, "text/event-stream", listen_on);
}

static void speak(const char *text)
{
    pthread_mutex_lock(&speech.lock);
    size_t length = strlen(text);
    assert_true(speech.length + length <= sizeof speech.text);
    memcpy(speech.text + speech.length, text, length);
    speech.length += length;
    for (struct ear *ear = speech.ears; ear; ear = ear->next)
        http_stream_wake(ear->request);
    pthread_mutex_unlock(&speech.lock);
}

static int count_ears(void)
{
    int count = 0;
    pthread_mutex_lock(&speech.lock);
    for (struct ear *ear = speech.ears; ear; ear = ear->next)
        count++;
    pthread_mutex_unlock(&speech.lock);
    return count;
}

static void end_stream(struct http_request *request)
{
    assert_string_equal(http_data(request), "state");
    http_reply_json(request, 201, json_pack("{sI}", "size", (json_int_t)atomic_load(&streamed)));
}

static bool before(struct http_request *request)
{
    if (!http_header(request, "X-Stranger"))
        return true;
    http_reply_problem(request, 401, "unknown", "who are you", NULL);
    return false;
}

static void reply_table(struct http_request *request)
{
    http_reply_resource(request, &(struct http_resource){.content_type = "text/plain",
                                                         .tag = "t1",
                                                         .plain = bytes_of("plain"),
                                                         .gzip = bytes_of("packed")});
}

static void reply_plain_table(struct http_request *request)
{
    http_reply_resource(request, &(struct http_resource){.content_type = "text/plain",
                                                         .tag = "t2",
                                                         .plain = bytes_of("plain"),
                                                         .is_private = true});
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/v1/table", .handler = reply_table},
    {.method = "GET", .path = "/v1/table/plain", .handler = reply_plain_table},
    {.method = "POST",
     .path = "/v1/echo",
     .handler = echo,
     .body_max = MEBIBYTE,
     .content_types = "application/json, text/plain"},
    {.method = "GET", .path = "/v1/things/{id}", .handler = tell},
    {.method = "DELETE", .path = "/v1/things/{id}", .handler = tell},
    {.method = "GET", .path = "/v1/things/me", .handler = tell_me},
    {.method = "GET", .path = "/v1/things/{id}/parts/{part}", .handler = tell},
    {.method = "POST", .path = "/v1/suspend", .handler = suspend, .body_max = 1000},
    {.method = "GET", .path = "/v1/late", .handler = suspend_for_long},
    {.method = "GET", .path = "/v1/never", .handler = suspend_until_stop},
    {.method = "GET", .path = "/v1/gather", .handler = suspend_for_test},
    {.method = "GET", .path = "/v1/forget", .handler = forget},
    {.method = "GET", .path = "/v1/twice", .handler = reply_twice},
    {.method = "GET", .path = "/v1/allocate", .handler = allocate},
    {.method = "GET", .path = "/v1/listen", .handler = begin_listening},
    {.method = "PUT",
     .path = "/v1/stream",
     .handler = end_stream,
     .body_max = 64 * MEBIBYTE,
     .begin = begin_stream,
     .data = take_piece},
};

static int start(void **state)
{
    struct why why = {0};
    struct http_server_definition definition = {.address = "127.0.0.1:0",
                                                .routes = routes,
                                                .route_count = COUNT_OF(routes),
                                                .threads = 2,
                                                .connections_max = 300,
                                                .before = before,
                                                .request_ms_max = 1000,
                                                .stream_step_ms_max = 700,
                                                .idle_ms_max = 1500};
    (void)state;
    handled = begun = pieces = destroyed = late_calls = 0;
    streamed = 0;
    forgotten = NULL;
    speech.length = 0;
    speech.over = false;
    return http_server_start(&definition, &server, &why) == VERDICT_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    if (forgotten)
        http_continue(forgotten); /* nothing but a release by now */
    http_server_stop(server, clock_monotonic_ms() + 500);
    server = NULL;
    return 0;
}

/* --- a rude client ------------------------------------------------------------------------------------------------ */

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof address), 0);
    return peer;
}

static bool say_bytes(int peer, const void *data, size_t length)
{
    for (const char *at = data; length > 0;) {
        ssize_t sent = send(peer, at, length, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool say(int peer, const char *text)
{
    return say_bytes(peer, text, strlen(text));
}

/* Reads until the peer closes or nothing comes for `patience_ms`. */
static char *hear(int peer, int patience_ms)
{
    static char heard[4 * MEBIBYTE];
    size_t length = 0;
    struct pollfd poller = {.fd = peer, .events = POLLIN};
    while (length < sizeof heard - 1 && poll(&poller, 1, patience_ms) > 0) {
        ssize_t got = recv(peer, heard + length, sizeof heard - 1 - length, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    heard[length] = '\0';
    return heard;
}

static bool is_closed(int peer, int patience_ms)
{
    struct pollfd poller = {.fd = peer, .events = POLLIN};
    char byte;
    return poll(&poller, 1, patience_ms) > 0 && recv(peer, &byte, 1, 0) <= 0;
}

/* One request on a connection of its own; answers what came back until the server closed or fell silent. */
static char *ask(const char *text)
{
    int peer = dial();
    say(peer, text);
    char *answer = hear(peer, 150);
    close(peer);
    return answer;
}

static void assert_status(const char *answer, int status)
{
    char expected[16];
    snprintf(expected, sizeof expected, "HTTP/1.1 %d", status);
    if (strncmp(answer, expected, strlen(expected)) != 0)
        fail_msg("expected %s, got: %.200s", expected, answer);
}

static void assert_problem(const char *answer, int status, const char *code)
{
    char expected[64];
    assert_status(answer, status);
    assert_non_null(strstr(answer, "Content-Type: application/problem+json"));
    snprintf(expected, sizeof expected, "\"code\":\"%s\"", code);
    if (!strstr(answer, expected))
        fail_msg("expected %s in: %s", expected, answer);
}

static size_t count_answers(const char *text)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++)
        count++;
    return count;
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST_ECHO "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"

/* --- plain use ---------------------------------------------------------------------------------------------------- */

static void body_comes_back(void **state)
{
    (void)state;
    char *answer = ask(POST_ECHO "Content-Length: 5\r\n\r\nhello");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff"));
    answer = ask(POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    assert_int_equal(handled, 2);
}

static void request_is_told_apart(void **state)
{
    (void)state;
    char *answer = ask("GET /v1/things/a%2Fb%20%E8%AA%9E?q=x%2By+z&r HTTP/1.1\r\nHost: "
                       "x\r\nX-Agent: me\r\nCookie: a=1; session=abc\r\n\r\n");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "\"id\":\"a/b \\u8a9e\"")
                        ?: strstr(answer, "\"id\":\"a/b 語\""));
    assert_non_null(strstr(answer, "\"q\":\"x+y z\""));
    assert_non_null(strstr(answer, "\"agent\":\"me\""));
    assert_non_null(strstr(answer, "\"cookie\":\"abc\""));
    assert_non_null(strstr(answer, "\"address\":\"127.0.0.1\""));
    assert_non_null(strstr(answer, "ETag: \"7\""));
    assert_non_null(strstr(ask(GET("/v1/things/me")), "me, literally"));
    assert_non_null(strstr(ask(GET("/v1/things/me/parts/7")), "\"id\":\"me\""));
}

/* --- what does not change ----------------------------------------------------------------------------------------- */

static char *ask_table(const char *path, const char *header, const char *value)
{
    CLEANUP(mem_free)
    char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\n%s: %s\r\n\r\n", path, header, value);
    return ask(request);
}

static void resource_is_packed_for_whom_takes_that(void **state)
{
    static const struct {
        const char *accepted;
        bool packed;
    } asked[] = {
        {"gzip", true},
        {"GZIP", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"br;q=1.0,gzip;q=0.001", true},
        {"*", true},
        {" gzip ", true},
        {"", false},
        {"identity", false},
        {"gzip;q=0", false},
        {"gzip; q=0.000, *", false},
        {"*;q=0", false},
        {"gzipped", false},
        {"x-gzip", false},
        {"gzip;level=9", false}, /* not understood */
        {";;,,;q=,gzi", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        char *answer = ask_table("/v1/table", "Accept-Encoding", asked[i].accepted);
        assert_status(answer, 200);
        assert_non_null(strstr(answer, asked[i].packed ? "\r\n\r\npacked" : "\r\n\r\nplain"));
        assert_true(asked[i].packed == (strstr(answer, "Content-Encoding: gzip\r\n") != NULL));
        assert_non_null(strstr(answer, asked[i].packed ? "ETag: \"t1-gzip\"" : "ETag: \"t1\""));
        assert_non_null(strstr(answer, "Vary: Accept-Encoding\r\n"));
        assert_non_null(strstr(answer, "Cache-Control: no-cache\r\n"));
    }
    char *answer = ask_table("/v1/table/plain", "Accept-Encoding", "gzip");
    assert_non_null(strstr(answer, "\r\n\r\nplain"));
    assert_null(strstr(answer, "Content-Encoding"));
    assert_non_null(strstr(answer, "Cache-Control: private, no-cache\r\n"));
}

static void resource_that_is_known_is_not_sent_again(void **state)
{
    static const struct {
        const char *known;
        int status;
    } asked[] = {{"\"t1\"", 304},
                 {"W/\"t1\"", 304},
                 {"\"x\", \"t1\"", 304},
                 {"*", 304},
                 {"\"t1-gzip\"", 200},
                 {"\"t\"", 200},
                 {"t1", 200},
                 {"", 200}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        char *answer = ask_table("/v1/table", "If-None-Match", asked[i].known);
        assert_status(answer, asked[i].status);
        assert_non_null(strstr(answer, "ETag: \"t1\"\r\n"));
        assert_true((asked[i].status == 200) == (strstr(answer, "plain") != NULL));
    }
    char *answer = ask("GET /v1/table HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
                       "If-None-Match: \"t1-gzip\"\r\n\r\n");
    assert_status(answer, 304);
    assert_null(strstr(answer, "Content-Encoding"));
}

static void packed_bytes_are_the_same_ones(void **state)
{
    (void)state;
    static char bytes[300000], back[sizeof bytes + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i >> 7);
    const size_t lengths[] = {0, 1, 100, sizeof bytes};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        CLEANUP(buf_free) struct buf once, again;
        gzip_pack((struct bytes){bytes, lengths[i]}, &once);
        gzip_pack((struct bytes){bytes, lengths[i]}, &again);
        assert_int_equal(once.length, again.length);
        assert_memory_equal(once.data, again.data, once.length);
        z_stream stream = {.next_in = (Bytef *)once.data,
                           .avail_in = (uInt)once.length,
                           .next_out = (Bytef *)back,
                           .avail_out = sizeof back};
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, lengths[i]);
        assert_memory_equal(back, bytes, lengths[i]);
        inflateEnd(&stream);
    }
}

static void unknown_path_and_method(void **state)
{
    (void)state;
    assert_problem(ask(GET("/v1/nothing")), 404, "not_found");
    assert_problem(ask(GET("/v1/things")), 404, "not_found");
    assert_problem(ask(GET("/v1/things/")), 404, "not_found");
    assert_problem(ask(GET("/v1/things/a/parts/b/c")), 404, "not_found");
    char *answer = ask("PUT /v1/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_problem(answer, 405, "method_not_allowed");
    assert_non_null(strstr(answer, "Allow: GET, HEAD, DELETE\r\n"));
    assert_problem(ask("BREW /v1/things/a HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "method_not_allowed");
}

static void head_has_no_body(void **state)
{
    (void)state;
    char *answer = ask("HEAD /v1/things/a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_status(answer, 200);
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    assert_null(strstr(answer, "Content-Length: 0"));
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    char *answer = ask(POST_ECHO "Content-Length: 3\r\n\r\none" POST_ECHO
                                 "Content-Length: 3\r\n\r\ntwo" GET("/v1/nothing") POST_ECHO
                       "Content-Length: 5\r\n\r\nthree");
    assert_int_equal(count_answers(answer), 4);
    char *one = strstr(answer, "\r\n\r\none"), *two = strstr(answer, "\r\n\r\ntwo"),
         *three = strstr(answer, "\r\n\r\nthree");
    assert_true(one && two && three && one < two && two < three);
}

static void first_answer_wins(void **state)
{
    (void)state;
    char *answer = ask(GET("/v1/twice"));
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "first"));
    assert_problem(ask(GET("/v1/forget")), 500, "internal");
}

static void memory_of_a_request_is_empty_and_its_own(void **state)
{
    (void)state;
    int peer = dial();
    for (int i = 0; i < 3; i++) { /* the second serves again with the memory of the first */
        say(peer, "GET /v1/allocate HTTP/1.1\r\nHost: a\r\n\r\n");
        char *answer = hear(peer, 150);
        assert_status(answer, 200);
        assert_non_null(strstr(answer, "Content-Length: 5600\r\n"));
        assert_int_equal(strspn(strstr(answer, "\r\n\r\n") + 4, "x"), 5600);
    }
    close(peer);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void body_limit_is_exact(void **state)
{
    (void)state;
    char *body = mem_alloc(MEBIBYTE + 1);
    memset(body, 'x', MEBIBYTE + 1);
    for (int over = 0; over <= 1; over++) {
        int peer = dial();
        char head[200];
        snprintf(head, sizeof head, POST_ECHO "Content-Length: %d\r\n\r\n", MEBIBYTE + over);
        assert_true(say(peer, head) && say_bytes(peer, body, MEBIBYTE + (size_t)over));
        char *answer = hear(peer, 300);
        if (over)
            assert_problem(answer, 413, "too_large");
        else
            assert_status(answer, 200);
        say(peer, GET("/v1/twice")); /* the connection is still good */
        assert_status(hear(peer, 300), 200);
        close(peer);
    }
    int peer = dial();
    assert_true(say(peer, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n100001\r\n") &&
                say_bytes(peer, body, MEBIBYTE + 1) && say(peer, "\r\n0\r\n\r\n"));
    assert_problem(hear(peer, 300), 413, "too_large");
    close(peer);
    assert_int_equal(handled, 1);
    free(body);
}

static void endless_chunks_are_cut(void **state)
{
    (void)state;
    int peer = dial();
    char piece[16384 + 8] = "4000\r\n";
    memset(piece + 6, 'y', 16384);
    memcpy(piece + 6 + 16384, "\r\n", 2);
    say(peer, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n");
    size_t sent = 0;
    while (sent < 64 * MEBIBYTE && say_bytes(peer, piece, sizeof piece))
        sent += sizeof piece;
    assert_true(sent < 16 * MEBIBYTE);
    assert_int_equal(handled, 0);
    close(peer);
}

static void body_where_none_belongs(void **state)
{
    (void)state;
    assert_problem(ask("DELETE /v1/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
                   413, "too_large");
    assert_problem(ask("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Type: "
                       "text/html\r\n\r\nabc"),
                   415, "content_type");
    assert_problem(ask("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), 415,
                   "content_type");
    assert_problem(ask("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain; "
                       "charset=shift_jis\r\nContent-Length: 3\r\n\r\nabc"),
                   415, "content_type");
    assert_status(ask("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: Application/JSON; "
                      "charset=\"UTF-8\"\r\nContent-Length: 2\r\n\r\n{}"),
                  200);
    assert_int_equal(handled, 1);
}

static void header_flood_is_refused(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, MEBIBYTE);
    buf_add_text(&text, "GET /v1/things/a HTTP/1.1\r\nHost: x\r\n");
    while (text.length < 17000)
        buf_printf(&text, "X-Flood-%zu: 0123456789012345678901234567890123456789\r\n", text.length);
    buf_add_text(&text, "\r\n");
    char *answer = ask(text.data);
    assert_status(answer, 431);
    text.length -= 2;
    while (text.length < 200000)
        buf_printf(&text, "X-Flood-%zu: 0123456789012345678901234567890123456789\r\n", text.length);
    answer = ask(text.data);
    assert_true(*answer == '\0' || strstr(answer, "431"));
    buf_clear(&text);
    buf_printf(&text, "GET /v1/things/%09000d HTTP/1.1\r\nHost: x\r\n\r\n", 1);
    assert_status(ask(text.data), 414);
    buf_clear(&text);
    buf_printf(&text, "GET /v1/things/%0201d HTTP/1.1\r\nHost: x\r\n\r\n", 1);
    assert_problem(ask(text.data), 404, "not_found");
    assert_int_equal(handled, 0);
}

/* --- smuggling and other lies ------------------------------------------------------------------------------------- */

static void assert_refused_and_closed(const char *text)
{
    int peer = dial();
    say(peer, text);
    char *answer = hear(peer, 1000);
    if (*answer) {
        assert_status(answer, 400);
        assert_non_null(strstr(answer, "Connection: close") ?: strstr(answer, "Connection: Close"));
        assert_null(strstr(answer, "HTTP/1.1 2"));
    }
    assert_true(is_closed(peer, 1000));
    close(peer);
    assert_int_equal(handled, 0);
}

static void smuggled_requests_are_not_run(void **state)
{
    (void)state;
    static const char *const lies[] = {
        POST_ECHO "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" POST_ECHO
                  "Content-Length: 1\r\n\r\nx",
        POST_ECHO "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" POST_ECHO
                  "Content-Length: 1\r\n\r\nx",
        POST_ECHO "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" POST_ECHO
                  "Content-Length: 1\r\n\r\nx",
        POST_ECHO "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        POST_ECHO "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: identity\r\n\r\n" POST_ECHO "Content-Length: 1\r\n\r\nx",
        POST_ECHO "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        POST_ECHO "Content-Length: +4\r\n\r\nabcd",
        POST_ECHO "Content-Length: 4,4\r\n\r\nabcd",
        POST_ECHO "Content-Length: -1\r\n\r\nabcd",
        POST_ECHO "Content-Length: 0x4\r\n\r\nabcd",
        POST_ECHO "Host: y\r\nContent-Length: 1\r\n\r\na",
        "GET /v1/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" GET("/v1/things/b"),
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++)
        assert_refused_and_closed(lies[i]);
}

static void bad_targets_are_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {
        GET("/v1/things/a%00b"),     GET("/v1/things/a%0"),         GET("/v1/things/a%zz"),
        GET("/v1/things/%0d%0aX:1"), GET("/v1/things/%ff"),         GET("/v1/things/%ed%a0%80"),
        GET("/v1/things/%c0%af"),    GET("/v1/things/a?q=%00"),     GET("/v1/things/\x01"),
        GET("/v1/things/a?q=%0a"),   GET("/1/2/3/4/5/6/7/8/9/a/b"), GET("http-things"),
    };
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        assert_refused_and_closed(targets[i]);
}

/* --- slow and dying clients --------------------------------------------------------------------------------------- */

/* One byte now and then never makes the library's own time-out; ours is one second here. */
static void assert_trickle_ends(const char *first, const char *rest, bool told)
{
    int peer = dial();
    int64_t began_ms = clock_monotonic_ms();
    struct pollfd poller = {.fd = peer, .events = POLLIN};
    say(peer, first);
    for (const char *at = rest; poll(&poller, 1, 150) == 0; at = at[1] ? at + 1 : rest) {
        say_bytes(peer, at, 1);
        assert_true(clock_monotonic_ms() - began_ms < 3000);
    }
    char *answer = hear(peer, 300);
    if (told)
        assert_problem(answer, 408, "too_slow");
    assert_true(clock_monotonic_ms() - began_ms >= 900);
    close(peer);
}

static void trickling_clients_are_ended(void **state)
{
    (void)state;
    assert_trickle_ends("", "GET /v1/things/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
    assert_trickle_ends("GET /v1/things/a HTTP/1.1\r\nHost: x\r\nX-Long: ", "abc", true);
    assert_trickle_ends(POST_ECHO "Content-Length: 1000\r\n\r\n", "abc", true);
    assert_int_equal(handled, 0);
}

static void silent_clients_are_ended(void **state)
{
    (void)state;
    int fresh = dial(), used = dial();
    say(used, GET("/v1/twice"));
    assert_status(hear(used, 200), 200);
    assert_true(is_closed(fresh, 1500));
    assert_true(is_closed(used, 2500));
    close(fresh);
    close(used);
}

static void slow_stream_is_ended_but_a_steady_one_is_not(void **state)
{
    (void)state;
    int slow = dial(), steady = dial(), refused = dial();
    static char piece[40000];
    say(refused, "PUT /v1/stream?refuse=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n");
    say(slow, "PUT /v1/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n");
    say(steady, "PUT /v1/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        say(slow, "x");
        assert_true(say_bytes(steady, piece, sizeof piece));
        assert_true(say_bytes(refused, piece, sizeof piece));
        usleep(150000); /* 1.5 s in all: more than the deadline of a plain request, and two steps */
    }
    assert_status(hear(steady, 500), 201);
    assert_problem(hear(refused, 500), 409,
                   "refused"); /* the reason, however long it took to send */
    assert_problem(hear(slow, 500), 408, "too_slow");
    close(slow);
    close(steady);
    close(refused);
    usleep(100000);
    assert_int_equal(destroyed, 3);
}

static void clients_killed_while_suspended(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        int peers[100];
        for (size_t i = 0; i < COUNT_OF(peers); i++) {
            peers[i] = dial();
            say(peers[i], "POST /v1/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        }
        struct linger at_once = {.l_onoff = 1};
        for (size_t i = 0; i < COUNT_OF(peers); i++) {
            if (i % 2)
                setsockopt(peers[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            close(peers[i]);
        }
    }
    usleep(100000);
    char *answer = ask("POST /v1/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_status(answer, 201);
    assert_non_null(strstr(answer, "later"));
}

/* --- suspended ---------------------------------------------------------------------------------------------------- */

static void suspended_request_is_answered_from_elsewhere(void **state)
{
    (void)state;
    char *answer = ask(
        "POST /v1/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        "POST /v1/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" GET("/v1/twice"));
    assert_status(answer, 201);
    assert_int_equal(count_answers(answer), 3);
    assert_non_null(strstr(answer, "X-Before: yes"));
    assert_non_null(strstr(answer, "X-By: worker"));
}

static struct http_request *take_gathered(size_t n)
{
    struct http_request *request;
    int64_t end_ms = clock_monotonic_ms() + 10000;
    while (!(request = atomic_exchange(&gathered[n], NULL)))
        assert_true(clock_monotonic_ms() < end_ms);
    return request;
}

static void answer_gathered(size_t n)
{
    struct http_request *request = take_gathered(n);
    http_reply(request, 201, "text/plain", bytes_of("together"));
    http_reply(request, 500, "text/plain", bytes_of("too late"));
    http_release(request);
}

/* Two of one server, a third whose client is gone by then; after it each goes at once again. */
static void answers_of_one_thread_go_together_when_it_says_so(void **state)
{
    (void)state;
    int peers[] = {dial(), dial()};
    say(peers[0], GET("/v1/gather?n=0"));
    say(peers[1], GET("/v1/gather?n=1"));
    http_gather_answers();
    answer_gathered(0);
    answer_gathered(1);
    int gone = dial();
    say(gone, GET("/v1/gather?n=0"));
    answer_gathered(0);
    close(gone);
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        assert_string_equal(hear(peers[i], 50), "");
    http_send_answers();
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        char *answer = hear(peers[i], 150);
        assert_status(answer, 201);
        assert_non_null(strstr(answer, "together"));
        assert_int_equal(count_answers(answer), 1);
    }
    say(peers[0], GET("/v1/gather?n=1"));
    answer_gathered(1);
    assert_status(hear(peers[0], 150), 201);
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        close(peers[i]);
}

static void late_answer_is_given_by_the_timer(void **state)
{
    (void)state;
    int peer = dial();
    say(peer, GET("/v1/late"));
    char *answer = hear(peer, 600);
    close(peer);
    assert_problem(answer, 503, "late");
    assert_non_null(strstr(answer, "Retry-After: 1"));
    assert_int_equal(late_calls, 1);
    http_reply_header(forgotten, "X-Dropped", "yes");
    http_reply(forgotten, 200, "text/plain", bytes_of("dropped"));
}

static void *stop_soon(void *context)
{
    (void)context;
    usleep(100000);
    http_server_stop(server, clock_monotonic_ms() + 200);
    return NULL;
}

static void stop_answers_what_is_suspended(void **state)
{
    (void)state;
    pthread_t stopper;
    int waiting = dial(), half = dial();
    say(waiting, GET("/v1/never"));
    say(half, POST_ECHO "Content-Length: 10\r\n\r\nabc");
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
    char *answer = hear(waiting, 2000);
    assert_problem(answer, 503, "stopping");
    assert_non_null(strstr(answer, "Retry-After"));
    pthread_join(stopper, NULL);
    server = NULL;
    assert_true(is_closed(half, 1000));
    close(waiting);
    close(half);
    start(NULL);
}

/* --- streamed ----------------------------------------------------------------------------------------------------- */

static void stream_waits_for_continue(void **state)
{
    (void)state;
    int peer = dial();
    say(peer,
        "PUT /v1/stream HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_status(hear(peer, 200), 100);
    assert_int_equal(begun, 1);
    say(peer, "hello");
    char *answer = hear(peer, 300);
    assert_status(answer, 201);
    assert_non_null(strstr(answer, "{\"size\":5}"));
    close(peer);
    answer = ask("PUT /v1/stream?refuse HTTP/1.1\r\nHost: x\r\nExpect: "
                 "100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_problem(answer, 409, "refused");
    answer = ask("PUT /v1/stream HTTP/1.1\r\nHost: x\r\nX-Stranger: 1\r\nExpect: "
                 "100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_problem(answer, 401, "unknown");
    assert_int_equal(begun, 2);
}

static void stream_can_fail_midway(void **state)
{
    (void)state;
    int peer = dial();
    static char piece[MEBIBYTE];
    say(peer, "PUT /v1/stream?fail HTTP/1.1\r\nHost: x\r\nContent-Length: 2097152\r\n\r\n");
    say_bytes(peer, piece, sizeof piece);
    say_bytes(peer, piece, sizeof piece);
    assert_problem(hear(peer, 300), 503, "broken");
    close(peer);
    assert_int_equal(pieces, 1);
    assert_problem(ask("PUT /v1/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"),
                   413, "too_large");
}

/* Every piece waits for somebody else: neither a deadline of the client's nor another connection suffers from it. */
static void stream_waits_for_the_store(void **state)
{
    (void)state;
    int peer = dial();
    static char piece[MEBIBYTE];
    say(peer,
        "PUT /v1/stream?pause=shortly HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
    assert_true(say_bytes(peer, piece, sizeof piece));
    for (int i = 0; i < 20; i++)
        assert_status(ask(GET("/v1/things/7")), 200);
    char *answer = hear(peer, 10000);
    assert_status(answer, 201);
    assert_non_null(strstr(answer, "{\"size\":1048576}"));
    assert_true(pieces > 1);
    close(peer);
}

static void chunks_that_were_read_before_a_pause_are_taken(void **state)
{
    (void)state;
    int peer = dial();
    CLEANUP(buf_free) struct buf body;
    buf_init(&body, 100000);
    for (int i = 0; i < 500; i++)
        buf_add_text(&body, "5\r\nhello\r\n");
    buf_add_text(&body, "0\r\n\r\n");
    say(peer,
        "PUT /v1/stream?pause=shortly HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(say_bytes(peer, body.data, body.length));
    char *answer = hear(peer, 10000);
    assert_status(answer, 201);
    assert_non_null(strstr(answer, "{\"size\":2500}"));
    close(peer);
}

static void stream_is_ended_when_the_store_does_not_come_back(void **state)
{
    (void)state;
    int peer = dial();
    say(peer,
        "PUT /v1/stream?pause=for_ever HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
    say(peer, "again");
    assert_problem(hear(peer, 2000), 503, "late");
    assert_int_equal(late_calls, 1);
    assert_int_equal(pieces, 1);
    close(peer);
}

static void stranger_is_refused_before_the_body(void **state)
{
    (void)state;
    int peer = dial();
    say(peer, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nX-Stranger: 1\r\nContent-Type: "
              "text/plain\r\nContent-Length: 3\r\n\r\nabc");
    assert_problem(hear(peer, 200), 401, "unknown");
    say(peer, POST_ECHO "Content-Length: 3\r\n\r\nabc");
    assert_status(hear(peer, 200), 200);
    close(peer);
    assert_int_equal(handled, 1);
}

/* --- bodies without an end ---------------------------------------------------------------------------------------- */

static int listener(void)
{
    int before = count_ears(), peer = dial();
    say(peer, GET("/v1/listen"));
    char *head = hear(peer, 150);
    assert_status(head, 200);
    assert_non_null(strstr(head, "Transfer-Encoding: chunked"));
    assert_int_equal(count_ears(), before + 1);
    return peer;
}

static void endless_body_is_sent_as_it_comes(void **state)
{
    (void)state;
    int one = listener(), two = listener();
    for (int i = 0; i < 3; i++) {
        char text[16], chunk[32];
        snprintf(text, sizeof text, "word %d;", i);
        speak(text);
        snprintf(chunk, sizeof chunk, "%s\r\n", text);
        assert_non_null(strstr(hear(one, 100), chunk));
        assert_non_null(strstr(hear(two, 100), chunk));
    }
    usleep(1800000); /* longer than any time that this server gives a request */
    speech.over = true;
    speak("last;");
    char *rest = hear(one, 300);
    assert_non_null(strstr(rest, "last;\r\n"));
    assert_non_null(strstr(rest, "\r\n0\r\n\r\n"));
    say(one, GET("/v1/things/me")); /* the connection is still good */
    assert_non_null(strstr(hear(one, 300), "me, literally"));
    close(one);
    close(two);
}

static void listener_that_went_away_is_noticed(void **state)
{
    (void)state;
    int one = listener(), two = listener();
    close(one);
    usleep(50000);
    pthread_mutex_lock(&speech.lock);
    int gone = 0;
    for (struct ear *ear = speech.ears; ear; ear = ear->next)
        if (http_stream_is_gone(ear->request)) {
            http_stream_cut(ear->request);
            gone++;
        }
    pthread_mutex_unlock(&speech.lock);
    assert_int_equal(gone, 1);
    usleep(200000);
    assert_int_equal(count_ears(), 1);
    assert_int_equal(destroyed, 1);
    speak("still here");
    assert_non_null(strstr(hear(two, 100), "still here"));
    close(two);
}

/* It reads nothing, so its socket fills; it holds nobody else, and ends when it is cut. */
static void listener_that_reads_nothing_holds_nobody(void **state)
{
    (void)state;
    static char large[256 * 1024 + 1];
    int deaf = listener(), other = listener(), small = 4096;
    setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    memset(large, 'x', sizeof large - 1);
    for (int i = 0; i < 7; i++) {
        speak(large);
        hear(other, 50);
    }
    speak("behind the flood");
    assert_non_null(strstr(hear(other, 300), "behind the flood"));
    assert_int_equal(count_ears(), 2);
    pthread_mutex_lock(&speech.lock);
    for (struct ear *ear = speech.ears; ear; ear = ear->next)
        http_stream_cut(ear->request);
    pthread_mutex_unlock(&speech.lock);
    usleep(300000);
    assert_int_equal(count_ears(), 0);
    close(deaf);
    close(other);
}

static void stop_ends_bodies_without_an_end(void **state)
{
    (void)state;
    int peers[20];
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        peers[i] = listener();
    int64_t began_ms = clock_monotonic_ms();
    http_server_stop(server, clock_monotonic_ms() + 5000);
    assert_true(clock_monotonic_ms() - began_ms < 2000);
    server = NULL;
    assert_int_equal(destroyed, COUNT_OF(peers));
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        assert_string_equal(hear(peers[i], 300), "0\r\n\r\n");
        close(peers[i]);
    }
}

static void *keep_speaking(void *context)
{
    while (!atomic_load((atomic_bool *)context)) {
        speak("tick;");
        usleep(200);
    }
    return NULL;
}

static void listeners_come_and_are_killed_while_somebody_speaks(void **state)
{
    (void)state;
    atomic_bool enough = false;
    pthread_t speaker;
    pthread_create(&speaker, NULL, keep_speaking, &enough);
    for (int round = 0; round < 10; round++) {
        int peers[40];
        for (size_t i = 0; i < COUNT_OF(peers); i++) {
            peers[i] = dial();
            say(peers[i], GET("/v1/listen"));
        }
        char first[64] = "";
        struct pollfd poller = {.fd = peers[0], .events = POLLIN};
        assert_int_equal(poll(&poller, 1, 5000), 1);
        assert_true(recv(peers[0], first, sizeof first - 1, 0) > 0);
        assert_status(first, 200);
        for (size_t i = 0; i < COUNT_OF(peers); i++)
            close(peers[i]);
    }
    atomic_store(&enough, true);
    pthread_join(speaker, NULL);
    for (int i = 0; i < 100 && count_ears() > 0; i++) {
        speak(".");
        usleep(20000);
    }
    assert_int_equal(count_ears(), 0);
    assert_int_equal(destroyed, 400);
}

static bool is_ready(void *context, json_t *detail)
{
    json_object_set_new(detail, "lag", json_integer(3));
    return *(bool *)context;
}

static void admin_address_tells(void **state)
{
    (void)state;
    static bool ready;
    struct why why = {0};
    struct http_server *usual = server, *admin_server;
    struct http_admin admin = {.address = "localhost:0", .ready = is_ready, .context = &ready};
    assert_int_equal(http_admin_start(&admin, &admin_server, &why), VERDICT_OK);
    server = admin_server;
    assert_status(ask(GET("/livez")), 200);
    assert_status(ask(GET("/readyz")), 503);
    ready = true;
    char *answer = ask(GET("/readyz"));
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "\"lag\":3"));
    assert_non_null(strstr(ask(GET("/metrics")), "kakekomi_http_requests_total{status=\"5xx\"} "));
    server = usual;
    http_server_stop(admin_server, clock_monotonic_ms() + 100);
    admin.address = "not an address";
    assert_int_equal(http_admin_start(&admin, &admin_server, &why), VERDICT_FATAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(body_comes_back),
        TEST(request_is_told_apart),
        TEST(resource_is_packed_for_whom_takes_that),
        TEST(resource_that_is_known_is_not_sent_again),
        TEST(packed_bytes_are_the_same_ones),
        TEST(unknown_path_and_method),
        TEST(head_has_no_body),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(first_answer_wins),
        TEST(memory_of_a_request_is_empty_and_its_own),
        TEST(body_limit_is_exact),
        TEST(endless_chunks_are_cut),
        TEST(body_where_none_belongs),
        TEST(header_flood_is_refused),
        TEST(smuggled_requests_are_not_run),
        TEST(bad_targets_are_refused),
        TEST(trickling_clients_are_ended),
        TEST(silent_clients_are_ended),
        TEST(slow_stream_is_ended_but_a_steady_one_is_not),
        TEST(clients_killed_while_suspended),
        TEST(suspended_request_is_answered_from_elsewhere),
        TEST(answers_of_one_thread_go_together_when_it_says_so),
        TEST(late_answer_is_given_by_the_timer),
        TEST(stop_answers_what_is_suspended),
        TEST(stream_waits_for_continue),
        TEST(stream_can_fail_midway),
        TEST(stream_waits_for_the_store),
        TEST(chunks_that_were_read_before_a_pause_are_taken),
        TEST(stream_is_ended_when_the_store_does_not_come_back),
        TEST(stranger_is_refused_before_the_body),
        TEST(endless_body_is_sent_as_it_comes),
        TEST(listener_that_went_away_is_noticed),
        TEST(listener_that_reads_nothing_holds_nobody),
        TEST(stop_ends_bodies_without_an_end),
        TEST(listeners_come_and_are_killed_while_somebody_speaks),
        TEST(admin_address_tells),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
