/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS 10000L
#define MAIL_MS 60000L
#define POST_MS 30000L
#define IDLE_S 60L
#define ANSWER_BYTES_MAX (64 * 1024)
#define PLAIN "smtp+plain://"

/* --- connections that are kept, a set for each thread -------------------------------------------------------------------- */

/* A connection into the desk's own network is never there for somebody who may not go there: it was made without the question. */
enum use { USE_MAIL, USE_POST, USE_POST_PRIVATE, USES };
struct handles {
    CURL *of[USES];
};
static pthread_key_t key;

static void handles_free(void *context)
{
    struct handles *handles = context;
    for (size_t i = 0; i < USES; i++)
        curl_easy_cleanup(handles->of[i]);
    free(handles);
}

void transfer_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_key_create(&key, handles_free);
}

/* As new, but with the connections of before. */
static CURL *handle_for(enum use use)
{
    struct handles *handles = pthread_getspecific(key);
    if (!handles) {
        handles = mem_alloc(sizeof *handles);
        pthread_setspecific(key, handles);
    }
    if (!handles->of[use])
        handles->of[use] = curl_easy_init();
    curl_easy_reset(handles->of[use]);
    return handles->of[use];
}

/* --- URLs ---------------------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool has_host(const char *url)
{
    char *host = NULL;
    CURLU *parts = curl_url();
    bool well = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host;
    curl_free(host);
    curl_url_cleanup(parts);
    return well;
}

/* As curl knows it; `ret_plain`: without TLS. */
static char *usual_url(const char *url, bool *ret_plain)
{
    *ret_plain = begins(url, PLAIN);
    return *ret_plain ? mem_printf("smtp://%s", url + strlen(PLAIN)) : mem_strdup(url);
}

bool transfer_url_is_relay(const char *url, bool with_password)
{
    bool plain;
    CLEANUP(mem_free) char *usual = usual_url(url, &plain);
    return (begins(usual, "smtp://") || begins(usual, "smtps://")) && has_host(usual) &&
           !(plain && with_password);
}

bool transfer_url_is_https(const char *url)
{
    return begins(url, "https://") && !strpbrk(url, " \r\n\t@") && has_host(url);
}

/* --- what is public ------------------------------------------------------------------------------------------------------ */

/* The IANA registries of special-purpose addresses, as far as something could listen there. */
static bool is_public_v4(uint32_t address)
{
    static const struct {
        uint32_t net;
        int bits;
    } others[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
        {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (((address ^ others[i].net) >> (32 - others[i].bits)) == 0)
            return false;
    return true;
}

static uint32_t tail_v4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* 2000::/3 alone is given out; within it 6to4 and Teredo carry an IPv4 address, and documentation is nobody's. */
static bool is_public_v6(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, translated, 12) == 0)
        return is_public_v4(tail_v4(bytes + 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02)
        return is_public_v4(tail_v4(bytes + 2));
    bool special = bytes[0] == 0x20 && bytes[1] == 0x01 &&
                   ((bytes[2] < 0x02) || (bytes[2] == 0x0d && bytes[3] == 0xb8));
    return (bytes[0] & 0xe0) == 0x20 && !special;
}

bool transfer_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return is_public_v6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

/* --- one transfer -------------------------------------------------------------------------------------------------------- */

struct exchange {
    struct bytes body;
    size_t at;
    size_t answered;
    bool refuse_private;
    struct transfer_reply *reply;
};

static size_t give(char *to, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t room = size * count, left = exchange->body.length - exchange->at;
    size_t length = left < room ? left : room;
    memcpy(to, (const char *)exchange->body.data + exchange->at, length);
    exchange->at += length;
    exchange->reply->stage = length ? TRANSFER_CONTENT : TRANSFER_WHOLE;
    return length;
}

/* Nothing of an answer's body is looked at; that it is long is no reason to read it. */
static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    (void)data;
    exchange->answered += size * count;
    return exchange->answered > ANSWER_BYTES_MAX ? 0 : size * count;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = context;
    (void)purpose;
    if (exchange->refuse_private && !transfer_is_public(&address->addr)) {
        exchange->reply->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* How far the conversation came is told by the commands that were sent. */
static int watch(CURL *curl, curl_infotype type, char *data, size_t size, void *context)
{
    static const struct {
        const char *command;
        enum transfer_stage stage;
    } stages[] = {
        {"MAIL", TRANSFER_SENDER}, {"RCPT", TRANSFER_RECIPIENT}, {"DATA", TRANSFER_CONTENT}};
    struct exchange *exchange = context;
    (void)curl;
    for (size_t i = 0; type == CURLINFO_HEADER_OUT && size >= 4 && i < COUNT_OF(stages); i++)
        if (memcmp(data, stages[i].command, 4) == 0)
            exchange->reply->stage = stages[i].stage;
    return 0;
}

static void set_common(CURL *curl, struct exchange *exchange, const char *ca_file, long timeout_ms)
{
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_S);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    if (ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
}

static CURLcode perform(CURL *curl, struct exchange *exchange)
{
    *exchange->reply = (struct transfer_reply){0};
    exchange->at = exchange->answered = 0;
    CURLcode result = curl_easy_perform(curl);
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    exchange->reply->code = (int)code;
    return result;
}

/* --- mail ---------------------------------------------------------------------------------------------------------------- */

static void set_relay(CURL *curl, const struct transfer_relay *relay, const char *from)
{
    bool plain;
    const char *domain = strchr(from, '@');
    CLEANUP(mem_free) char *usual = usual_url(relay->url, &plain);
    /* What curl says in EHLO is the path: the sender's domain, not this machine's name. */
    bool has_path = strchr(strstr(usual, "://") + 3, '/');
    CLEANUP(mem_free)
    char *url =
        mem_printf("%s%s%s", usual, has_path ? "" : "/", has_path || !domain ? "" : domain + 1);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (relay->user && !plain) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, relay->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, relay->password ? relay->password : "");
    }
}

/* A connection that was kept and has died meanwhile says nothing about the relay: once more, on a new one. */
static bool was_stale(CURL *curl, const struct transfer_reply *reply)
{
    long connected = 1;
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connected);
    return connected == 0 && reply->code == 0 && reply->stage <= TRANSFER_SENDER;
}

void transfer_mail(const struct transfer_relay *relay, const struct transfer_mail *mail,
                   struct transfer_reply *ret_reply)
{
    struct exchange exchange = {.body = mail->message, .reply = ret_reply};
    CURL *curl = handle_for(USE_MAIL);
    struct curl_slist *recipients = curl_slist_append(NULL, mail->to);
    set_common(curl, &exchange, relay->ca_file, MAIL_MS);
    set_relay(curl, relay, mail->from);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    CURLcode result = perform(curl, &exchange);
    if (result != CURLE_OK && was_stale(curl, ret_reply)) {
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
        result = perform(curl, &exchange);
    }
    ret_reply->well = result == CURLE_OK;
    if (!ret_reply->well)
        snprintf(ret_reply->why, sizeof ret_reply->why, "%s, relay said %d",
                 curl_easy_strerror(result), ret_reply->code);
    curl_slist_free_all(recipients);
}

/* --- POST ---------------------------------------------------------------------------------------------------------------- */

void transfer_post(const struct transfer_post *post, struct transfer_reply *ret_reply)
{
    struct exchange exchange = {.refuse_private = !post->may_be_private, .reply = ret_reply};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURL *curl = handle_for(post->may_be_private ? USE_POST_PRIVATE : USE_POST);
    for (const char *const *header = post->headers; *header; header++)
        headers = curl_slist_append(headers, *header);
    set_common(curl, &exchange, post->ca_file, POST_MS);
    curl_easy_setopt(curl, CURLOPT_URL, post->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)post->body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)post->body.length);
    CURLcode result = perform(curl, &exchange);
    ret_reply->well =
        ret_reply->code > 0; /* a status line is an answer, whatever becomes of its body */
    if (!ret_reply->well)
        snprintf(ret_reply->why, sizeof ret_reply->why, "%s",
                 ret_reply->forbidden ? "the address is not public" : curl_easy_strerror(result));
    curl_slist_free_all(headers);
}
