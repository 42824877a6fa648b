/* SPDX-License-Identifier: Apache-2.0 */
/* Operators, sessions, drafts and sign-in, over HTTP and against a real redis-server of this test's own. */
#include "common/clock.h"
#include "services/intake/api_people.h"
#include "services/intake/drafts.h"
#include "services/intake/presence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define PASSWORD "correct horse battery"
#define TOKEN "operator-token-0123456789abcdefghijklmnop"
#define COLLEAGUE_TOKEN "colleague-token-0123456789abcdefghijklmn"
#define AUDITOR_TOKEN "auditor-token-0123456789abcdefghijklmnop"

static char folder[] = "/tmp/kakekomi-people-XXXXXX";
static char operators_path[64], redis_url[64];
static unsigned redis_port;
static pid_t redis_pid;
static struct http_server *server;

/* --- redis -------------------------------------------------------------------------------------------------------- */

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(peer, (struct sockaddr *)&address, sizeof address) == 0)
        return peer;
    close(peer);
    return -1;
}

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(peer, (struct sockaddr *)&address, &size);
    close(peer);
    return ntohs(address.sin_port);
}

static void start_redis(void)
{
    char port[8];
    snprintf(port, sizeof port, "%u", redis_port);
    redis_pid = fork();
    if (redis_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--requirepass", "pass:word", "--dir", folder, "--logfile",
               "redis.log", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        int peer = connect_to(redis_port);
        if (peer >= 0) {
            close(peer);
            return;
        }
        usleep(20000);
    }
    fail_msg("redis-server does not start; is it installed?");
}

static void stop_redis(void)
{
    if (redis_pid > 0) {
        kill(redis_pid, SIGKILL);
        waitpid(redis_pid, NULL, 0);
    }
    redis_pid = 0;
}

/* --- the service -------------------------------------------------------------------------------------------------- */

static const struct session_limits limits = {.idle_ms_max = 1500, .absolute_ms_max = 4000};

static void write_operators(const char *text)
{
    FILE *file = fopen(operators_path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static char *operators_text(const char *password)
{
    char text[crypto_pwhash_STRBYTES], token[IDS_SHA256_TEXT_SIZE], auditor[IDS_SHA256_TEXT_SIZE],
        colleague[IDS_SHA256_TEXT_SIZE];
    assert_int_equal(crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN,
                                       crypto_pwhash_MEMLIMIT_MIN),
                     0);
    ids_sha256_text(TOKEN, strlen(TOKEN), token);
    ids_sha256_text(AUDITOR_TOKEN, strlen(AUDITOR_TOKEN), auditor);
    ids_sha256_text(COLLEAGUE_TOKEN, strlen(COLLEAGUE_TOKEN), colleague);
    return mem_printf(
        "{\"operators\":[{\"id\":\"sato\",\"name\":\"佐藤\",\"roles\":[\"operator\","
        "\"supervisor\"],\"password\":\"%s\","
        "\"tokens\":[{\"id\":\"console\",\"sha256\":\"%s\"}]},"
        "{\"id\":\"suzuki\",\"name\":\"鈴木\",\"roles\":[\"operator\"],\"password\":\"%s\","
        "\"tokens\":[{\"id\":\"console\",\"sha256\":\"%s\"}]},"
        "{\"id\":\"kanri\",\"name\":\"監査\",\"roles\":[\"auditor\"],\"tokens\":[{"
        "\"id\":\"report\",\"sha256\":\"%s\"}]}]}",
        text, token, text, colleague, auditor);
}

/* What the audit is told, a line each: "session.opened sato/supervisor {…}". */
static pthread_mutex_t acts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct buf acts;

static void note_act(const struct auth_act *act)
{
    CLEANUP(mem_free) char *detail = json_dumps(act->detail, JSON_COMPACT);
    assert_true(ids_is_uuid(act->session));
    pthread_mutex_lock(&acts_lock);
    buf_printf(&acts, "%s %s/%s %s\n", act->what, act->who ? act->who : "-",
               act->role ? act->role : "-", detail);
    pthread_mutex_unlock(&acts_lock);
}

/* Waits for the last line: the answer may be there before it. */
static void assert_acts(const char *expected)
{
    for (int i = 0; i < 200 && acts.length < strlen(expected); i++)
        usleep(10000);
    pthread_mutex_lock(&acts_lock);
    assert_string_equal(acts.data ? acts.data : "", expected);
    buf_clear(&acts);
    pthread_mutex_unlock(&acts_lock);
}

static void empty_redis(void)
{
    struct why why = {0};
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    assert_int_equal(redis_ask(auth_redis(), &reply, &why, "FLUSHALL"), VERDICT_OK);
}

static int start_server(void **state)
{
    struct why why = {0};
    struct http_server_definition definition = {.address = "127.0.0.1:0",
                                                .routes = people_routes,
                                                .route_count = people_route_count,
                                                .threads = 2,
                                                .connections_max = 64,
                                                .before = auth_before};
    struct auth_config config = {.operators_file = operators_path,
                                 .redis_url = redis_url,
                                 .sessions = limits,
                                 .acted = note_act};
    (void)state;
    buf_free(&acts);
    buf_init(&acts, 100000);
    CLEANUP(mem_free) char *text = operators_text(PASSWORD);
    write_operators(text);
    if (!redis_pid)
        start_redis();
    if (people_start(&config, &why) != VERDICT_OK ||
        http_server_start(&definition, &server, &why) != VERDICT_OK)
        fail_msg("%s", why.text);
    empty_redis();
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    http_server_stop(server, clock_monotonic_ms() + 1000);
    people_stop_signing_in();
    people_stop();
    return 0;
}

static int start_all(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    assert_non_null(mkdtemp(folder));
    snprintf(operators_path, sizeof operators_path, "%s/operators.json", folder);
    redis_port = free_port();
    snprintf(redis_url, sizeof redis_url, "redis://:pass%%3Aword@127.0.0.1:%u/1", redis_port);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    stop_redis();
    CLEANUP(mem_free) char *log = mem_printf("%s/redis.log", folder);
    unlink(log);
    unlink(operators_path);
    return rmdir(folder);
}

/* --- a client ----------------------------------------------------------------------------------------------------- */

struct answer {
    int status;
    char head[4096];
    json_t *body;
};

static void clear_answer(struct answer *answer)
{
    json_decref(answer->body);
}
#define ANSWER CLEANUP(clear_answer) struct answer

/* `headers` end each with \r\n. */
static struct answer ask(const char *method, const char *path, const char *headers,
                         const char *body)
{
    static const char type[] = "Content-Type: application/json\r\n";
    struct answer answer = {0};
    CLEANUP(buf_free) struct buf text, heard;
    buf_init(&text, 1 << 20);
    buf_init(&heard, 1 << 20);
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: desk.example:8080\r\nConnection: close\r\n%s",
               method, path, headers);
    if (body)
        buf_printf(&text, "%sContent-Length: %zu\r\n", type, strlen(body));
    buf_printf(&text, "\r\n%s", body ? body : "");
    int peer = connect_to(http_server_port(server));
    assert_true(peer >= 0 &&
                send(peer, text.data, text.length, MSG_NOSIGNAL) == (ssize_t)text.length);
    char piece[4096];
    for (ssize_t got; (got = recv(peer, piece, sizeof piece, 0)) > 0;)
        buf_add(&heard, piece, (size_t)got);
    close(peer);
    assert_true(heard.length > 12);
    answer.status = atoi(heard.data + 9);
    char *end = strstr(heard.data, "\r\n\r\n");
    snprintf(answer.head, sizeof answer.head, "%.*s", (int)(end + 2 - heard.data), heard.data);
    answer.body = json_loads(end + 4, 0, NULL);
    return answer;
}

static const char *text_of(const struct answer *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer->body, name));
    return text ? text : "";
}

static void copy_header(const struct answer *answer, const char *name, const char *ends,
                        char *ret_value, size_t size)
{
    const char *at = strstr(answer->head, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(ret_value, size, "%.*s", (int)strcspn(at, ends), at);
}

#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define SIGN_IN "{\"operator\":\"sato\",\"password\":\"" PASSWORD "\"}"

struct signed_in {
    char id[64], cookie[200], both[400]; /* header lines */
};

static struct signed_in sign_in_as(const char *operator, const char * headers)
{
    struct signed_in session;
    char value[100];
    CLEANUP(mem_free)
    char *body = mem_printf("{\"operator\":\"%s\",\"password\":\"" PASSWORD "\"}", operator);
    ANSWER answer = ask("POST", "/v1/sessions", headers, body);
    assert_int_equal(answer.status, 201);
    copy_header(&answer, "Set-Cookie: ", ";", value, sizeof value);
    snprintf(session.id, sizeof session.id, "%s", text_of(&answer, "id"));
    snprintf(session.cookie, sizeof session.cookie, "Cookie: %s\r\n", value);
    snprintf(session.both, sizeof session.both, "%sX-CSRF-Token: %s\r\n", session.cookie,
             text_of(&answer, "csrf"));
    return session;
}

static struct signed_in sign_in(void)
{
    return sign_in_as("sato", "");
}

static int status_of(const char *method, const char *path, const char *headers, const char *body)
{
    ANSWER answer = ask(method, path, headers, body);
    return answer.status;
}

static void assert_code(const struct answer *answer, int status, const char *code)
{
    assert_int_equal(answer->status, status);
    assert_string_equal(text_of(answer, "code"), code);
}

/* --- operators file ----------------------------------------------------------------------------------------------- */

static void assert_file_refused(const char *text, const char *expected)
{
    struct operator_list *list = NULL;
    struct why why = {0};
    write_operators(text);
    assert_int_equal(operator_list_read(operators_path, &list, &why), VERDICT_REJECT);
    if (!strstr(why.text, expected))
        fail_msg("expected %s in: %s", expected, why.text);
}

static void wrong_operators_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"operators\":[]}", "/operators"},
        {"[]", "expected an object"},
        {"{\"operators\":[{}],\"extra\":1}", "/extra"},
        {"{\"operators\":[{\"id\":\"A\",\"name\":\"n\",\"roles\":[\"operator\"]}]}",
         "/operators/0/id"},
        {"{\"operators\":[{\"id\":\"a\",\"roles\":[\"operator\"]}]}", "/operators/0/name"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[]}]}", "/operators/0/roles"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[\"king\"]}]}",
         "/operators/0/roles/0"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[\"operator\"],\"password\":"
         "\"plain\"}]}",
         "/operators/0/password"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[\"operator\"],\"tokens\":[{"
         "\"id\":\"t\",\"sha256\":\"AA\"}]}]}",
         "/operators/0/tokens/0/sha256"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[\"operator\"]},{\"id\":\"a\","
         "\"name\":\"n\",\"roles\":[\"operator\"]}]}",
         "a second a"},
        {"{\"operators\":[{\"id\":\"a\",\"name\":\"n\",\"roles\":[\"operator\"],\"pass\":\"x\"}]}",
         "/operators/0/pass"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_file_refused(cases[i][0], cases[i][1]);
}

static void reload_takes_a_good_file_and_refuses_a_bad_one(void **state)
{
    (void)state;
    struct why why = {0};
    struct signed_in session = sign_in();
    write_operators("{\"operators\":[{\"id\":\"x\"}]}");
    assert_int_equal(auth_reload(&why), VERDICT_REJECT);
    assert_int_equal(status_of("GET", "/v1/me", BEARER, NULL), 200);
    assert_int_equal(status_of("GET", "/v1/me", session.cookie, NULL), 200);
    CLEANUP(mem_free) char *text = operators_text("another password altogether");
    write_operators(text);
    assert_int_equal(auth_reload(&why), VERDICT_OK);
    assert_int_equal(status_of("GET", "/v1/me", session.cookie, NULL),
                     401); /* made with the old password */
    assert_int_equal(status_of("POST", "/v1/sessions", "", SIGN_IN), 401);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static void token_names_its_owner(void **state)
{
    (void)state;
    ANSWER me = ask("GET", "/v1/me", BEARER, NULL);
    assert_int_equal(me.status, 200);
    assert_string_equal(text_of(&me, "id"), "sato");
    assert_string_equal(text_of(&me, "name"), "佐藤");
    assert_int_equal(json_array_size(json_object_get(me.body, "roles")), 2);
    ANSWER tokens = ask("GET", "/v1/tokens", BEARER, NULL);
    assert_int_equal(json_array_size(json_object_get(tokens.body, "tokens")),
                     3); /* a supervisor sees everybody's */
}

static json_t *token_shown(const char *operator)
{
    ANSWER answer = ask("GET", "/v1/tokens", BEARER, NULL);
    json_t *tokens = json_object_get(answer.body, "tokens"), *token;
    size_t index;
    assert_int_equal(answer.status, 200);
    json_array_foreach(tokens, index, token)
    {
        assert_int_equal(json_object_size(token), 4);
        if (strcmp(json_string_value(json_object_get(token, "operator")), operator) == 0)
            return json_incref(token);
    }
    fail_msg("no token of %s", operator);
    return NULL;
}

static void tokens_say_when_they_were_used(void **state)
{
    (void)state;
    struct why why = {0};
    char used_at[CLOCK_TEXT_SIZE] = "";
    json_auto_t *unused = token_shown("suzuki");
    assert_true(json_is_null(json_object_get(unused, "used_at")));
    assert_string_equal(json_string_value(json_object_get(unused, "id")), "console");
    assert_string_equal(json_string_value(json_array_get(json_object_get(unused, "roles"), 0)),
                        "operator");
    assert_int_equal(
        status_of("GET", "/v1/me", "Authorization: Bearer " COLLEAGUE_TOKEN "\r\n", NULL), 200);
    json_auto_t *used = token_shown("suzuki");
    snprintf(used_at, sizeof used_at, "%s", json_string_value(json_object_get(used, "used_at")));
    assert_int_equal(auth_reload(&why), VERDICT_OK); /* another list of the same tokens */
    json_auto_t *after = token_shown("suzuki");
    assert_string_equal(json_string_value(json_object_get(after, "used_at")), used_at);
    auth_keep_uses();
    stop_redis(); /* what was kept is gone, and what is known here is not */
    start_redis();
    people_stop_signing_in();
    people_stop();
    struct auth_config config = {
        .operators_file = operators_path, .redis_url = redis_url, .sessions = limits};
    assert_int_equal(people_start(&config, &why), VERDICT_OK);
    json_auto_t *lost = token_shown("suzuki");
    assert_true(json_is_null(json_object_get(lost, "used_at")));
    ANSWER own = ask("GET", "/v1/tokens", "Authorization: Bearer " COLLEAGUE_TOKEN "\r\n", NULL);
    assert_int_equal(json_array_size(json_object_get(own.body, "tokens")), 1);
    json_auto_t *again = token_shown("suzuki");
    snprintf(used_at, sizeof used_at, "%s", json_string_value(json_object_get(again, "used_at")));
    auth_keep_uses();
    people_stop_signing_in();
    people_stop(); /* another process finds it */
    assert_int_equal(people_start(&config, &why), VERDICT_OK);
    json_auto_t *kept = token_shown("suzuki");
    assert_string_equal(json_string_value(json_object_get(kept, "used_at")), used_at);
}

static void nobody_gets_in_without(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "Authorization: Bearer wrong-token-0123456789abcdefghijklmnop\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic c2F0bzp4\r\n",
        "Authorization: Bearer " TOKEN "x\r\n",
        "Cookie: kakekomi=wrong-token-0123456789abcdefghijklmnop\r\n",
        "Cookie: kakekomi=\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ANSWER answer = ask("GET", "/v1/me", wrong[i], NULL);
        assert_code(&answer, 401, "unauthenticated");
        assert_non_null(strstr(answer.head, "WWW-Authenticate: Bearer"));
    }
    struct signed_in session = sign_in();
    CLEANUP(mem_free)
    char *both =
        mem_printf("Authorization: Bearer wrong-token-0123456789abcdef\r\n%s", session.cookie);
    assert_int_equal(status_of("GET", "/v1/me", both, NULL), 401);
}

static void auditor_reads_and_does_not_write(void **state)
{
    (void)state;
    static const char auditor[] = "Authorization: Bearer " AUDITOR_TOKEN "\r\n";
    assert_int_equal(status_of("GET", "/v1/me", auditor, NULL), 200);
    ANSWER answer = ask("PUT", "/v1/drafts/a", auditor, "{}");
    assert_code(&answer, 403, "forbidden");
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void session_from_sign_in_to_sign_out(void **state)
{
    (void)state;
    struct signed_in session = sign_in();
    ANSWER me = ask("GET", "/v1/me", session.cookie, NULL);
    assert_int_equal(me.status, 200);
    json_t *own = json_object_get(me.body, "session");
    assert_string_equal(json_string_value(json_object_get(own, "id")), session.id);
    assert_non_null(strstr(session.both, json_string_value(json_object_get(own, "csrf"))));
    assert_int_equal(status_of("DELETE", "/v1/sessions/current", session.both, NULL), 204);
    assert_int_equal(status_of("GET", "/v1/me", session.cookie, NULL), 401);
}

static void cookie_is_out_of_reach(void **state)
{
    (void)state;
    ANSWER answer = ask("POST", "/v1/sessions", "", SIGN_IN);
    assert_int_equal(answer.status, 201);
    assert_non_null(strstr(answer.head, "; Path=/; HttpOnly; SameSite=Strict\r\n"));
    assert_int_equal(strlen(text_of(&answer, "csrf")), 64);
    assert_true(strlen(text_of(&answer, "expires_at")) > 20);
}

static void redis_never_learns_the_token(void **state)
{
    (void)state;
    struct why why = {0};
    struct signed_in session = sign_in();
    const char *token = strchr(session.cookie, '=') + 1;
    CLEANUP(redis_reply_free) struct redis_reply *keys = NULL;
    assert_int_equal(redis_ask(auth_redis(), &keys, &why, "KEYS", "*"), VERDICT_OK);
    assert_true(redis_reply_count(keys) >= 2);
    for (size_t i = 0; i < redis_reply_count(keys); i++) {
        struct bytes key = redis_reply_text(redis_reply_item(keys, i));
        assert_null(memmem(key.data, key.length, token, 43));
        CLEANUP(redis_reply_free) struct redis_reply *value = NULL;
        struct bytes dump[] = {bytes_of("DUMP"), key};
        assert_int_equal(redis_call(auth_redis(), dump, 2, &value, &why), VERDICT_OK);
        struct bytes text = redis_reply_text(value);
        assert_null(memmem(text.data, text.length, token, 43));
    }
}

static void csrf_and_origin_guard_unsafe_methods(void **state)
{
    (void)state;
    struct signed_in session = sign_in(), other = sign_in();
    ANSWER bare = ask("PUT", "/v1/drafts/a", session.cookie, "{}");
    assert_code(&bare, 403, "csrf");
    CLEANUP(mem_free)
    char *crossed = mem_printf("%s%s", session.cookie, strstr(other.both, "X-CSRF"));
    ANSWER foreign_token = ask("PUT", "/v1/drafts/a", crossed, "{}");
    assert_code(&foreign_token, 403, "csrf");
    CLEANUP(mem_free)
    char *foreign = mem_printf("%sOrigin: https://evil.example\r\n", session.both);
    ANSWER elsewhere = ask("PUT", "/v1/drafts/a", foreign, "{}");
    assert_code(&elsewhere, 403, "origin");
    CLEANUP(mem_free)
    char *own = mem_printf("%sOrigin: https://desk.example:8080\r\n", session.both);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", own, "{}"), 200);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", session.both, "{}"), 200);
    assert_int_equal(status_of("POST", "/v1/sessions", "Origin: https://evil.example\r\n", SIGN_IN),
                     403);
    assert_int_equal(status_of("POST", "/v1/sessions", "Sec-Fetch-Site: cross-site\r\n", SIGN_IN),
                     403);
}

static void sessions_expire_idle_and_absolutely(void **state)
{
    (void)state;
    struct signed_in idle = sign_in(), busy = sign_in();
    int64_t began_ms = clock_monotonic_ms();
    while (clock_monotonic_ms() - began_ms < 2000) {
        assert_int_equal(status_of("GET", "/v1/me", busy.cookie, NULL), 200);
        usleep(200000);
    }
    assert_int_equal(status_of("GET", "/v1/me", idle.cookie, NULL), 401);
    while (clock_monotonic_ms() - began_ms < 4100) {
        status_of("GET", "/v1/me", busy.cookie, NULL);
        usleep(200000);
    }
    assert_int_equal(status_of("GET", "/v1/me", busy.cookie, NULL), 401);
}

static void sessions_are_listed_and_ended_one_by_one(void **state)
{
    (void)state;
    struct signed_in first = sign_in(), second = sign_in();
    ANSWER list = ask("GET", "/v1/sessions", first.cookie, NULL);
    json_t *sessions = json_object_get(list.body, "sessions"), *session;
    size_t index, current = 0;
    assert_int_equal(json_array_size(sessions), 2);
    json_array_foreach(sessions, index, session)
    {
        bool own = strcmp(json_string_value(json_object_get(session, "id")), first.id) == 0;
        assert_int_equal(json_is_true(json_object_get(session, "current")), own);
        current += own;
    }
    assert_int_equal(current, 1);
    CLEANUP(mem_free) char *path = mem_printf("/v1/sessions/%s", second.id);
    assert_int_equal(status_of("DELETE", path, first.both, NULL), 204);
    assert_int_equal(status_of("DELETE", path, first.both, NULL), 404);
    assert_int_equal(status_of("GET", "/v1/me", second.cookie, NULL), 401);
    assert_int_equal(status_of("GET", "/v1/me", first.cookie, NULL), 200);
    assert_int_equal(status_of("DELETE", "/v1/sessions/current", BEARER, NULL),
                     404); /* a token has no session */
}

static void oldest_session_makes_room(void **state)
{
    (void)state;
    struct signed_in first = sign_in();
    for (int i = 0; i < SESSIONS_PER_OPERATOR_MAX - 1; i++)
        sign_in();
    assert_int_equal(status_of("GET", "/v1/me", first.cookie, NULL), 200);
    sign_in();
    assert_int_equal(status_of("GET", "/v1/me", first.cookie, NULL), 401);
}

static char *session_path(const struct signed_in *session)
{
    return mem_printf("/v1/sessions/%s", session->id);
}

static size_t sessions_shown(const char *path, const char *headers)
{
    ANSWER list = ask("GET", path, headers, NULL);
    assert_int_equal(list.status, 200);
    return json_array_size(json_object_get(list.body, "sessions"));
}

static void sessions_of_others_are_a_supervisors_business(void **state)
{
    (void)state;
    struct signed_in supervisor = sign_in(), colleague = sign_in_as("suzuki", "");
    CLEANUP(mem_free) char *theirs = session_path(&colleague);
    CLEANUP(mem_free) char *mine = session_path(&supervisor);
    assert_int_equal(sessions_shown("/v1/sessions", supervisor.cookie), 1);
    assert_int_equal(sessions_shown("/v1/sessions?operator=suzuki", supervisor.cookie), 1);
    assert_int_equal(sessions_shown("/v1/sessions?operator=*", supervisor.cookie), 2);
    assert_int_equal(sessions_shown("/v1/sessions?operator=nobody", supervisor.cookie), 0);
    assert_int_equal(sessions_shown("/v1/sessions?operator=suzuki", colleague.cookie), 1);
    ANSWER refused = ask("GET", "/v1/sessions?operator=*", colleague.cookie, NULL);
    assert_code(&refused, 403, "forbidden");
    assert_int_equal(status_of("GET", "/v1/sessions?operator=sato", colleague.cookie, NULL), 403);
    assert_int_equal(status_of("DELETE", mine, colleague.both, NULL), 404);
    assert_int_equal(status_of("GET", "/v1/me", supervisor.cookie, NULL), 200);
    assert_int_equal(status_of("DELETE", theirs, supervisor.both, NULL), 204);
    assert_int_equal(status_of("GET", "/v1/me", colleague.cookie, NULL), 401);
    assert_int_equal(status_of("DELETE", "/v1/sessions/current", supervisor.both, NULL), 204);
    assert_acts("session.opened sato/supervisor {\"address\":\"127.0.0.1\"}\n"
                "session.opened suzuki/operator {\"address\":\"127.0.0.1\"}\n"
                "session.revoked sato/supervisor {\"operator\":\"suzuki\"}\n"
                "session.ended sato/supervisor {\"operator\":\"sato\"}\n");
}

static void signing_in_again_leaves_no_session_behind(void **state)
{
    (void)state;
    struct signed_in first = sign_in(), second = sign_in_as("suzuki", first.cookie);
    assert_string_not_equal(first.cookie, second.cookie);
    assert_int_equal(status_of("GET", "/v1/me", first.cookie, NULL), 401);
    assert_int_equal(status_of("GET", "/v1/me", second.cookie, NULL), 200);
    assert_acts("session.opened sato/supervisor {\"address\":\"127.0.0.1\"}\n"
                "session.opened suzuki/operator {\"address\":\"127.0.0.1\"}\n"
                "session.ended suzuki/operator {\"operator\":\"sato\",\"why\":"
                "\"signed_in_again\"}\n");
    struct signed_in chosen = sign_in_as("suzuki", "Cookie: kakekomi=chosen-by-somebody-else\r\n");
    assert_null(strstr(chosen.cookie, "chosen"));
}

/* --- signing in --------------------------------------------------------------------------------------------------- */

/* Every look at a password goes through here: how many there were, and how many at once at most. */
int __real_crypto_pwhash_str_verify(const char *hash, const char *password,
                                    unsigned long long length);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password,
                                    unsigned long long length);
static atomic_int looks, looking, most_at_once;
static pthread_barrier_t *_Atomic together; /* NULL: nobody waits for others */

int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password,
                                    unsigned long long length)
{
    int now = atomic_fetch_add(&looking, 1) + 1, most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        ;
    atomic_fetch_add(&looks, 1);
    if (atomic_load(&together))
        pthread_barrier_wait(atomic_load(&together));
    int differs = __real_crypto_pwhash_str_verify(hash, password, length);
    atomic_fetch_sub(&looking, 1);
    return differs;
}

/* Two answers may stand on both sides of a second. */
static void drop_date(char *head)
{
    char *date = strstr(head, "Date: "), *rest = date ? strchr(date, '\n') : NULL;
    assert_non_null(rest);
    memmove(date, rest + 1, strlen(rest + 1) + 1);
}

static void wrong_sign_ins_look_alike(void **state)
{
    (void)state;
    looks = 0;
    ANSWER wrong =
        ask("POST", "/v1/sessions", "", "{\"operator\":\"sato\",\"password\":\"wrong\"}");
    assert_int_equal(looks, 1);
    ANSWER unknown =
        ask("POST", "/v1/sessions", "", "{\"operator\":\"nobody\",\"password\":\"wrong\"}");
    assert_int_equal(looks, 2);
    ANSWER without = ask("POST", "/v1/sessions", "", "{\"operator\":\"kanri\",\"password\":\"\"}");
    assert_int_equal(looks, 3); /* as long for an account that has no password */
    assert_code(&wrong, 401, "wrong_credentials");
    assert_true(json_equal(wrong.body, unknown.body) && json_equal(wrong.body, without.body));
    drop_date(wrong.head);
    drop_date(unknown.head);
    assert_string_equal(wrong.head, unknown.head);
}

static void bad_sign_in_bodies(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST", "/v1/sessions", "", "{\"operator\":"), 400);
    assert_int_equal(status_of("POST", "/v1/sessions", "",
                               "{\"operator\":\"a\",\"operator\":\"a\",\"password\":\"b\"}"),
                     400);
    assert_int_equal(
        status_of("POST", "/v1/sessions", "", "{\"operator\":\"a\\u0000\",\"password\":\"b\"}"),
        400);
    assert_int_equal(status_of("POST", "/v1/sessions", "", NULL), 400);
    ANSWER answer = ask("POST", "/v1/sessions", "", "{\"operator\":5,\"pass\":\"b\"}");
    assert_code(&answer, 422, "invalid");
    assert_int_equal(json_array_size(json_object_get(answer.body, "errors")), 3);
    assert_int_equal(status_of("POST", "/v1/sessions", "", "[]"), 422);
}

static void account_is_locked_after_too_many_attempts(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(
            status_of("POST", "/v1/sessions", "", "{\"operator\":\"sato\",\"password\":\"wrong\"}"),
            401);
    ANSWER locked = ask("POST", "/v1/sessions", "", SIGN_IN);
    assert_code(&locked, 429, "too_many_attempts");
    assert_non_null(strstr(locked.head, "Retry-After: "));
    assert_int_equal(
        status_of("POST", "/v1/sessions", "", "{\"operator\":\"kanri\",\"password\":\"wrong\"}"),
        401);
    assert_int_equal(status_of("GET", "/v1/me", BEARER, NULL), 200);
}

/* One address with many names; the account that it comes to last was never tried. */
static void an_address_is_locked_after_too_many_attempts(void **state)
{
    (void)state;
    struct why why = {0};
    int64_t wait_ms = 0;
    bool locks = false;
    for (int i = 0; i < 300; i++) {
        CLEANUP(mem_free) char *name = mem_printf("name-%d", i);
        assert_int_equal(session_attempt(auth_redis(), name, "127.0.0.1", &wait_ms, &locks, &why),
                         VERDICT_OK);
        assert_int_equal(wait_ms, 0);
    }
    assert_int_equal(session_attempt(auth_redis(), "another", "192.0.2.1", &wait_ms, &locks, &why),
                     VERDICT_OK);
    assert_int_equal(wait_ms, 0);
    looks = 0;
    ANSWER locked = ask("POST", "/v1/sessions", "", SIGN_IN);
    assert_code(&locked, 429, "too_many_attempts");
    assert_non_null(strstr(locked.head, "Retry-After: "));
    assert_int_equal(looks, 0);
}

/* Known or not, with a password or without: after as many attempts the same bytes, whatever is sent then. */
static void locking_tells_nothing_of_accounts(void **state)
{
    (void)state;
    static const char *const names[] = {"sato", "nobody", "kanri"};
    char heads[3][4096];
    json_auto_t *first = NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(mem_free)
        char *body = mem_printf("{\"operator\":\"%s\",\"password\":\"wrong\"}", names[i]);
        for (int k = 0; k < 20; k++)
            assert_int_equal(status_of("POST", "/v1/sessions", "", body), 401);
        ANSWER locked = ask("POST", "/v1/sessions", "", body);
        assert_code(&locked, 429, "too_many_attempts");
        drop_date(locked.head);
        *strstr(locked.head, "Retry-After: ") = '\0';
        memcpy(heads[i], locked.head, sizeof heads[i]);
        if (!first)
            first = json_incref(locked.body);
        assert_true(json_equal(first, locked.body));
        assert_string_equal(heads[0], heads[i]);
        assert_int_equal(status_of("POST", "/v1/sessions", "", body), 429);
    }
}

static void the_audit_hears_of_refusals_and_not_of_accounts(void **state)
{
    (void)state;
    static const char wrong[] = "{\"operator\":\"sato\",\"password\":\"wrong\"}",
                      unknown[] = "{\"operator\":\"my secret\",\"password\":\"wrong\"}";
    assert_int_equal(status_of("POST", "/v1/sessions", "", wrong), 401);
    assert_acts("session.refused -/- {\"address\":\"127.0.0.1\",\"account\":\"60fa\"}\n");
    for (int i = 0; i < 20; i++)
        assert_int_equal(status_of("POST", "/v1/sessions", "", unknown), 401);
    pthread_mutex_lock(&acts_lock);
    assert_null(strstr(acts.data, "secret"));
    buf_clear(&acts);
    pthread_mutex_unlock(&acts_lock);
    for (int i = 0; i < 5; i++)
        assert_int_equal(status_of("POST", "/v1/sessions", "", unknown), 429);
    assert_acts("session.locked -/- {\"address\":\"127.0.0.1\",\"account\":\"b9d1\"}\n");
}

static void *sign_in_once(void *context)
{
    atomic_fetch_add((atomic_int *)context, status_of("POST", "/v1/sessions", "", SIGN_IN) == 201);
    return NULL;
}

static void many_people_sign_in_at_once(void **state)
{
    (void)state;
    pthread_t threads[12];
    atomic_int good = 0;
    pthread_barrier_t four;
    looks = most_at_once = 0;
    pthread_barrier_init(&four, NULL, 4);
    together =
        &four; /* with fewer than four at a time nobody would go on; a fifth would be there meanwhile */
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, sign_in_once, &good);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(good, COUNT_OF(threads));
    assert_int_equal(looks, COUNT_OF(threads));
    assert_int_equal(most_at_once, 4);
    together = NULL;
    pthread_barrier_destroy(&four);
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

static void draft_is_kept_with_its_version(void **state)
{
    (void)state;
    char etag[64];
    static const char body[] =
        "{\"hearing\":{\"contact\":{\"company\":\"架空商事\"}},\"memo\":\"急ぎ\"}";
    ANSWER stored = ask("PUT", "/v1/drafts/call-1", BEARER, body);
    assert_int_equal(stored.status, 200);
    copy_header(&stored, "ETag: ", "\r", etag, sizeof etag);
    ANSWER read = ask("GET", "/v1/drafts/call-1", BEARER, NULL);
    json_auto_t *expected = json_loads(body, 0, NULL);
    assert_true(json_equal(read.body, expected));
    assert_non_null(strstr(read.head, etag));
    CLEANUP(mem_free) char *match = mem_printf(BEARER "If-Match: %s\r\n", etag);
    assert_int_equal(status_of("PUT", "/v1/drafts/call-1", match, "{\"memo\":\"2\"}"), 200);
    ANSWER stale = ask("PUT", "/v1/drafts/call-1", match, "{\"memo\":\"3\"}");
    assert_code(&stale, 412, "changed");
    assert_int_equal(status_of("PUT", "/v1/drafts/call-1", BEARER "If-None-Match: *\r\n", "{}"),
                     412);
    assert_int_equal(status_of("PUT", "/v1/drafts/call-2", BEARER "If-Match: *\r\n", "{}"), 412);
    assert_int_equal(status_of("PUT", "/v1/drafts/call-2", BEARER "If-None-Match: *\r\n", "{}"),
                     200);
    assert_int_equal(status_of("PUT", "/v1/drafts/call-2", BEARER "If-Match: 7\r\n", "{}"), 412);
    ANSWER list = ask("GET", "/v1/drafts", BEARER, NULL);
    json_t *drafts = json_object_get(list.body, "drafts");
    assert_int_equal(json_array_size(drafts), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(drafts, 0), "id")),
                        "call-2");
}

#define CASE_ONE "00000000-0000-7000-8000-000000000001"
#define CASE_TWO "00000000-0000-7000-8000-000000000002"
#define COLLEAGUE "Authorization: Bearer " COLLEAGUE_TOKEN "\r\n"

static void draft_without_an_id_is_made_once(void **state)
{
    (void)state;
    char location[100];
    ANSWER first = ask("PUT", "/v1/drafts", BEARER "Idempotency-Key: \"k\"\r\n", "{}");
    assert_int_equal(first.status, 201);
    copy_header(&first, "Location: ", "\r", location, sizeof location);
    assert_string_equal(location + strlen("/v1/drafts/"), text_of(&first, "id"));
    assert_int_equal(status_of("GET", location, BEARER, NULL), 200);
    ANSWER again = ask("PUT", "/v1/drafts", BEARER "Idempotency-Key: k\r\n", "{\"memo\":\"2\"}");
    assert_int_equal(again.status, 200);
    assert_string_equal(text_of(&again, "id"), text_of(&first, "id"));
    ANSWER theirs = ask("PUT", "/v1/drafts", COLLEAGUE "Idempotency-Key: k\r\n", "{}");
    assert_int_equal(theirs.status, 201);
    ANSWER other = ask("PUT", "/v1/drafts", BEARER, "{}");
    assert_int_equal(other.status, 201);
    ANSWER list = ask("GET", "/v1/drafts", BEARER, NULL);
    assert_int_equal(json_array_size(json_object_get(list.body, "drafts")), 3);
}

static void draft_is_taken_over_by_naming_what_was_seen(void **state)
{
    (void)state;
    char etag[64], taken[64];
    ANSWER made = ask("PUT", "/v1/drafts/call", BEARER,
                      "{\"hearing\":{\"contact\":{\"company\":\"架空商事\"}}}");
    copy_header(&made, "ETag: ", "\r", etag, sizeof etag);
    assert_string_equal(text_of(&made, "owner"), "sato");
    assert_string_equal(text_of(&made, "company"), "架空商事");
    ANSWER blind = ask("PUT", "/v1/drafts/call", COLLEAGUE, "{}");
    assert_code(&blind, 428, "theirs");
    ANSWER some = ask("PUT", "/v1/drafts/call", COLLEAGUE "If-Match: *\r\n", "{}");
    assert_code(&some, 428, "theirs");
    ANSWER thrown = ask("DELETE", "/v1/drafts/call", COLLEAGUE, NULL);
    assert_code(&thrown, 409, "theirs");
    CLEANUP(mem_free) char *match = mem_printf(COLLEAGUE "If-Match: %s\r\n", etag);
    ANSWER over = ask("PUT", "/v1/drafts/call", match, "{\"memo\":\"taken\"}");
    assert_int_equal(over.status, 200);
    copy_header(&over, "ETag: ", "\r", taken, sizeof taken);
    assert_string_equal(text_of(&over, "owner"), "suzuki");
    const json_t *from = json_object_get(over.body, "taken_over");
    assert_string_equal(json_string_value(json_object_get(from, "from")), "sato");
    ANSWER back = ask("PUT", "/v1/drafts/call", BEARER, "{}"); /* the first one still types */
    assert_code(&back, 428, "theirs");
    CLEANUP(mem_free) char *stale = mem_printf(BEARER "If-Match: %s\r\n", etag);
    ANSWER late = ask("PUT", "/v1/drafts/call", stale, "{}");
    assert_code(&late, 412, "changed");
    ANSWER list = ask("GET", "/v1/drafts", BEARER, NULL);
    const json_t *entry = json_array_get(json_object_get(list.body, "drafts"), 0);
    assert_string_equal(json_string_value(json_object_get(entry, "owner")), "suzuki");
    assert_int_equal(status_of("DELETE", "/v1/drafts/call", COLLEAGUE, NULL), 204);
}

static void draft_becomes_one_case_only(void **state)
{
    (void)state;
    char mine[IDS_UUID_SIZE] = CASE_ONE, other[IDS_UUID_SIZE] = CASE_TWO;
    people_claim_draft("sato", "call", mine); /* there is no such draft */
    assert_string_equal(mine, CASE_ONE);
    assert_int_equal(status_of("PUT", "/v1/drafts/call", BEARER, "{}"), 200);
    people_claim_draft("sato", "call", mine);
    assert_string_equal(mine, CASE_ONE);
    people_claim_draft("sato", "call", other);
    assert_string_equal(other, CASE_ONE);
    people_drop_draft("sato", "call", CASE_TWO); /* of another case: nothing of ours */
    ANSWER list = ask("GET", "/v1/drafts", BEARER, NULL);
    const json_t *entry = json_array_get(json_object_get(list.body, "drafts"), 0);
    assert_string_equal(json_string_value(json_object_get(entry, "case")), CASE_ONE);
    people_drop_draft("suzuki", "call", CASE_ONE); /* nobody has written to it since */
    assert_int_equal(status_of("GET", "/v1/drafts/call", BEARER, NULL), 404);
    memcpy(other, CASE_TWO, sizeof other);
    people_claim_draft("sato", "call", other); /* a repetition, after the draft has gone */
    assert_string_equal(other, CASE_ONE);
}

/* Writes to the draft, having read it. */
static void write_draft(const char *token)
{
    char etag[64] = "";
    ANSWER read = ask("GET", "/v1/drafts/call", token, NULL);
    if (read.status == 200)
        copy_header(&read, "ETag: ", "\r", etag, sizeof etag);
    CLEANUP(mem_free)
    char *seen = *etag ? mem_printf("%sIf-Match: %s\r\n", token, etag) : mem_printf("%s", token);
    assert_int_equal(status_of("PUT", "/v1/drafts/call", seen, "{}"), 200);
}

/* Of what is written after a first try nobody knows whether it is in the case, unless who tried wrote it himself. */
static void draft_stays_when_others_wrote_since_the_try(void **state)
{
    (void)state;
    static const struct {
        const char *then; /* s: sato writes, u: suzuki writes, S, U: each tries */
        const char *opened_by;
        int status; /* of reading the draft afterwards */
    } stories[] = {
        {"sS", "sato", 404},    {"sSs", "sato", 404},     {"sSu", "sato", 200},
        {"sSus", "sato", 200},  {"sSuU", "suzuki", 404},  {"sSuU", "sato", 200},
        {"sSuUs", "sato", 200}, {"sSuUs", "suzuki", 200}, {"usS", "sato", 404},
        {"uSu", "sato", 200},   {"uS", "sato", 404},      {"sSusS", "sato", 200},
    };
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        char case_id[IDS_UUID_SIZE] = CASE_ONE;
        for (const char *at = stories[i].then; *at; at++)
            if (*at == 's' || *at == 'u')
                write_draft(*at == 's' ? BEARER : COLLEAGUE);
            else
                people_claim_draft(*at == 'S' ? "sato" : "suzuki", "call", case_id);
        people_drop_draft(stories[i].opened_by, "call", CASE_ONE);
        int status = status_of("GET", "/v1/drafts/call", BEARER, NULL);
        if (status != stories[i].status)
            fail_msg("%s, opened by %s: %d", stories[i].then, stories[i].opened_by, status);
        empty_redis();
    }
}

static void draft_goes_when_dropped(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET", "/v1/drafts/a", BEARER, NULL), 404);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, "{}"), 200);
    assert_int_equal(
        status_of("GET", "/v1/drafts/a", "Authorization: Bearer " AUDITOR_TOKEN "\r\n", NULL), 403);
    people_drop_draft("sato", "a", CASE_ONE);
    assert_int_equal(status_of("GET", "/v1/drafts/a", BEARER, NULL), 404);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, "{}"), 200);
    assert_int_equal(status_of("DELETE", "/v1/drafts/a", BEARER, NULL), 204);
    assert_int_equal(status_of("DELETE", "/v1/drafts/a", BEARER, NULL), 404);
}

static void drafts_have_limits(void **state)
{
    (void)state;
    ANSWER wrong = ask("PUT", "/v1/drafts/a", BEARER, "{\"hearing\":[],\"note\":1}");
    assert_code(&wrong, 422, "invalid");
    assert_int_equal(status_of("PUT", "/v1/drafts/a%20b", BEARER, "{}"), 404);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, "{"), 400);
    CLEANUP(buf_free) struct buf large;
    buf_init(&large, 1 << 20);
    buf_printf(&large, "{\"memo\":\"%0*d\"}", DRAFT_BYTES_MAX, 1);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, large.data), 413);
    for (int i = 0; i < DRAFTS_PER_OPERATOR_MAX; i++) {
        CLEANUP(mem_free) char *path = mem_printf("/v1/drafts/d%d", i);
        assert_int_equal(status_of("PUT", path, BEARER, "{}"), 200);
    }
    ANSWER many = ask("PUT", "/v1/drafts/one-more", BEARER, "{}");
    assert_code(&many, 409, "too_many");
    assert_int_equal(status_of("PUT", "/v1/drafts/d7", BEARER, "{}"), 200);
    assert_int_equal(status_of("PUT", "/v1/drafts/theirs", COLLEAGUE, "{}"), 200);
}

/* --- presence ------------------------------------------------------------------------------------------------------- */

static size_t present_at(const char *operator, const char * doing, bool *ret_taken,
                         struct present present[PRESENT_MAX])
{
    size_t count = 0;
    struct why why = {0};
    assert_int_equal(presence_say(auth_redis(), CASE_ONE, operator, doing, clock_now_us(),
                                  ret_taken, present, &count, &why),
                     VERDICT_OK);
    return count;
}

static void presence_is_told_once_for_each_change(void **state)
{
    (void)state;
    bool taken;
    char place[48] = "";
    size_t count;
    struct why why = {0};
    struct present present[PRESENT_MAX];
    struct presence_change changes[PRESENCE_CHANGES_MAX];
    assert_int_equal(presence_changes(auth_redis(), place, changes, &count, &why), VERDICT_OK);
    assert_int_equal(present_at("sato", "viewing", &taken, present), 1);
    assert_int_equal(present_at("sato", "viewing", &taken, present), 1);
    assert_int_equal(present_at("suzuki", "editing", &taken, present), 2);
    assert_int_equal(present_at("sato", "editing", &taken, present), 2);
    assert_string_equal(present[0].doing, "editing");
    assert_int_equal(present_at("sato", NULL, &taken, present), 1);
    assert_string_equal(present[0].operator, "suzuki");
    assert_int_equal(presence_changes(auth_redis(), place, changes, &count, &why), VERDICT_OK);
    static const char *const expected[][2] = {
        {"sato", "viewing"}, {"suzuki", "editing"}, {"sato", "editing"}, {"sato", "left"}};
    assert_int_equal(count, COUNT_OF(expected));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(changes[i].case_id, CASE_ONE);
        assert_string_equal(changes[i].operator, expected[i][0]);
        assert_string_equal(changes[i].doing, expected[i][1]);
    }
    assert_int_equal(presence_changes(auth_redis(), place, changes, &count, &why), VERDICT_OK);
    assert_int_equal(count, 0);
}

static void presence_has_limits_and_an_end(void **state)
{
    (void)state;
    bool taken;
    char name[16];
    size_t count;
    struct why why = {0};
    struct present present[PRESENT_MAX];
    for (int i = 0; i < PRESENT_MAX; i++) {
        snprintf(name, sizeof name, "op-%d", i);
        present_at(name, "viewing", &taken, present);
        assert_true(taken);
    }
    present_at("one-more", "viewing", &taken, present);
    assert_false(taken);
    assert_int_equal(present_at("op-7", "editing", &taken, present), PRESENT_MAX);
    assert_true(taken);
    int64_t later_us = clock_now_us() + (PRESENCE_KEPT_MS + 1000) * INT64_C(1000);
    assert_int_equal(presence_ask(auth_redis(), CASE_ONE, later_us, present, &count, &why),
                     VERDICT_OK);
    assert_int_equal(count, 0);
}

/* --- Redis away --------------------------------------------------------------------------------------------------- */

static void tokens_work_without_redis_and_sessions_say_why_not(void **state)
{
    (void)state;
    struct signed_in session = sign_in();
    stop_redis();
    assert_int_equal(status_of("GET", "/v1/me", BEARER, NULL), 200);
    ANSWER cookie = ask("GET", "/v1/me", session.cookie, NULL);
    assert_code(&cookie, 503, "redis_unavailable");
    assert_non_null(strstr(cookie.head, "Retry-After: "));
    assert_int_equal(status_of("POST", "/v1/sessions", "", SIGN_IN), 503);
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, "{}"), 503);
    assert_int_equal(status_of("GET", "/v1/drafts", BEARER, NULL), 503);
    assert_int_equal(status_of("GET", "/v1/me", "", NULL), 401); /* nobody claimed anything */
    start_redis();
    int status;
    for (int i = 0; i < 100 && (status = status_of("GET", "/v1/me", session.cookie, NULL)) == 503;
         i++)
        usleep(100000);
    assert_int_equal(status, 401); /* this Redis kept nothing */
    sign_in();
}

static void *ask_with_cookie(void *context)
{
    for (int i = 0; i < 5; i++)
        assert_int_equal(status_of("GET", "/v1/me", context, NULL), 503);
    return NULL;
}

/* A Redis that hangs must not hold the server's threads, or those who do not need it wait too. */
static void hanging_redis_stalls_nobody_else(void **state)
{
    (void)state;
    pthread_t threads[8];
    struct signed_in session = sign_in();
    kill(redis_pid, SIGSTOP);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, ask_with_cookie, session.cookie);
    usleep(700000); /* the first ones have waited for their time-out */
    int64_t began_ms = clock_monotonic_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(status_of("GET", "/v1/me", BEARER, NULL), 200);
    assert_true(clock_monotonic_ms() - began_ms < 1500);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    kill(redis_pid, SIGCONT);
    for (int i = 0; i < 30 && status_of("GET", "/v1/drafts", BEARER, NULL) != 200; i++)
        usleep(100000);
    assert_int_equal(status_of("GET", "/v1/drafts", BEARER, NULL), 200);
}

static int64_t time_of_a_call(enum verdict *ret_verdict)
{
    struct why why = {0};
    struct redis_reply *reply = NULL;
    int64_t began_ms = clock_monotonic_ms();
    *ret_verdict = redis_ask(auth_redis(), &reply, &why, "PING");
    redis_reply_free(&reply);
    return clock_monotonic_ms() - began_ms;
}

/* Also not when it is tried again, which is longer after the failure than a second and takes as long as the first call took. */
static void redis_that_hangs_is_waited_for_once(void **state)
{
    (void)state;
    enum verdict verdict;
    sign_in();
    kill(redis_pid, SIGSTOP);
    int64_t first_ms = time_of_a_call(&verdict), longest_ms = 0;
    assert_int_equal(verdict, VERDICT_RETRY);
    for (int64_t until_ms = clock_monotonic_ms() + 3 * first_ms + 1000;
         clock_monotonic_ms() < until_ms; usleep(10000)) {
        int64_t took_ms = time_of_a_call(&verdict);
        assert_int_equal(verdict, VERDICT_RETRY);
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
    }
    assert_true(longest_ms < first_ms / 2);
    kill(redis_pid, SIGCONT);
    for (int i = 0; i < 100 && verdict != VERDICT_OK; i++) {
        usleep(100000);
        time_of_a_call(&verdict);
    }
    assert_int_equal(verdict, VERDICT_OK);
}

/* An answer that takes its time, and is right. */
static enum verdict ask_slowly(struct why *why)
{
    static const char *const script =
        "local from = redis.call('TIME') "
        "repeat local now = redis.call('TIME') "
        "until (now[1] - from[1]) * 1000000 + now[2] - from[2] > 220000 return 1";
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    return redis_ask(auth_redis(), &reply, why, "EVAL", script, "0");
}

static enum verdict ask_quickly(struct why *why)
{
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    return redis_ask(auth_redis(), &reply, why, "PING");
}

static void redis_that_is_slow_again_and_again_counts_as_away(void **state)
{
    (void)state;
    struct why why = {0};
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_slowly(&why), VERDICT_OK);
    assert_int_equal(ask_quickly(&why), VERDICT_OK); /* begins the count anew */
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask_slowly(&why), VERDICT_OK);
    assert_int_equal(ask_quickly(&why), VERDICT_RETRY);
    assert_non_null(strstr(why.text, "too slowly"));
    assert_int_equal(status_of("GET", "/v1/me", BEARER, NULL), 200);
    enum verdict verdict = VERDICT_RETRY;
    for (int i = 0; i < 1000 && verdict != VERDICT_OK; i++, usleep(10000))
        verdict = ask_quickly(&why);
    assert_int_equal(verdict, VERDICT_OK);
}

static void *ask_slowly_for_a_while(void *context)
{
    (void)context;
    struct why why = {0};
    for (int i = 0; i < 3; i++)
        (void)ask_slowly(&why);
    return NULL;
}

/* What was on its way already and comes as slowly is no proof that it is quick again. */
static void redis_that_is_slow_is_not_believed_for_a_late_answer(void **state)
{
    (void)state;
    struct why why = {0};
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_slowly_for_a_while, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ask_quickly(&why), VERDICT_RETRY);
}

static void redis_restart_between_two_requests_is_not_seen(void **state)
{
    (void)state;
    sign_in();
    stop_redis();
    start_redis();
    assert_int_equal(status_of("PUT", "/v1/drafts/a", BEARER, "{}"), 200);
    sign_in();
}

static void assert_url_refused(const char *url)
{
    struct redis *redis = NULL;
    struct why why = {0};
    assert_int_equal(redis_open(url, NULL, &redis, &why), VERDICT_FATAL);
    assert_null(strstr(why.text, "secret"));
}

static void wrong_redis_addresses_are_refused(void **state)
{
    (void)state;
    assert_url_refused("http://127.0.0.1");
    assert_url_refused("redis://");
    assert_url_refused("redis://:secret@127.0.0.1:x");
    assert_url_refused("redis://:secret@127.0.0.1:70000");
    assert_url_refused("redis://:secret%zz@127.0.0.1");
    assert_url_refused("redis://127.0.0.1/x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_operators_files_are_refused),
        cmocka_unit_test(wrong_redis_addresses_are_refused),
        TEST(reload_takes_a_good_file_and_refuses_a_bad_one),
        TEST(token_names_its_owner),
        TEST(nobody_gets_in_without),
        TEST(auditor_reads_and_does_not_write),
        TEST(session_from_sign_in_to_sign_out),
        TEST(cookie_is_out_of_reach),
        TEST(redis_never_learns_the_token),
        TEST(csrf_and_origin_guard_unsafe_methods),
        TEST(sessions_expire_idle_and_absolutely),
        TEST(sessions_are_listed_and_ended_one_by_one),
        TEST(sessions_of_others_are_a_supervisors_business),
        TEST(signing_in_again_leaves_no_session_behind),
        TEST(locking_tells_nothing_of_accounts),
        TEST(the_audit_hears_of_refusals_and_not_of_accounts),
        TEST(tokens_say_when_they_were_used),
        TEST(oldest_session_makes_room),
        TEST(wrong_sign_ins_look_alike),
        TEST(bad_sign_in_bodies),
        TEST(account_is_locked_after_too_many_attempts),
        TEST(an_address_is_locked_after_too_many_attempts),
        TEST(many_people_sign_in_at_once),
        TEST(draft_is_kept_with_its_version),
        TEST(draft_without_an_id_is_made_once),
        TEST(draft_is_taken_over_by_naming_what_was_seen),
        TEST(draft_becomes_one_case_only),
        TEST(draft_stays_when_others_wrote_since_the_try),
        TEST(presence_is_told_once_for_each_change),
        TEST(presence_has_limits_and_an_end),
        TEST(draft_goes_when_dropped),
        TEST(drafts_have_limits),
        TEST(tokens_work_without_redis_and_sessions_say_why_not),
        TEST(hanging_redis_stalls_nobody_else),
        TEST(redis_that_hangs_is_waited_for_once),
        TEST(redis_that_is_slow_again_and_again_counts_as_away),
        TEST(redis_that_is_slow_is_not_believed_for_a_late_answer),
        TEST(redis_restart_between_two_requests_is_not_seen),
    };
    return cmocka_run_group_tests_name("people", tests, start_all, stop_all);
}
