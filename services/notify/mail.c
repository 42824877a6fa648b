/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/mail.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/ids.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENTS_MAX 4096
#define HOUR_US (INT64_C(3600) * 1000000)

/* --- composing ------------------------------------------------------------------------------------------------------------ */

static bool is_header_safe(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

#define MAIL_LINE_MAX 76
#define WORD_AROUND 12 /* =?UTF-8?B? and ?= */

/* RFC 2047 encoded words, cut between characters, never inside one; no line, with the header's name or the space that folds
 * it, is longer than 76. */
static void add_encoded(struct buf *out, size_t name_length, const char *text)
{
    for (size_t before = name_length; *text; before = 1) {
        size_t length = 0, room = (MAIL_LINE_MAX - before - WORD_AROUND) / 4 * 3;
        while (text[length]) {
            size_t step = 1;
            while ((text[length + step] & 0xc0) == 0x80)
                step++;
            if (length + step > room)
                break;
            length += step;
        }
        CLEANUP(mem_free) char *word = base64_encode(text, length);
        text += length;
        buf_printf(out, "=?UTF-8?B?%s?=%s", word, *text ? "\r\n " : "");
    }
}

static void add_date(struct buf *out, int64_t now_us)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int year, month, day;
    int64_t seconds = now_us / 1000000, number = seconds / 86400;
    int of_day = (int)(seconds % 86400);
    clock_civil_from_days(number, &year, &month, &day);
    buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[number % 7], day,
               months[month - 1], year, of_day / 3600, of_day / 60 % 60, of_day % 60);
}

static void add_body(struct buf *out, const char *text)
{
    CLEANUP(mem_free) char *encoded = base64_encode(text, strlen(text));
    size_t length = strlen(encoded);
    for (size_t at = 0; at < length; at += 76)
        buf_printf(out, "%.76s\r\n", encoded + at);
}

bool mail_compose(const struct mail *mail, struct buf *out)
{
    const char *domain = strchr(mail->from, '@');
    if (!domain || !is_header_safe(mail->from) || !is_header_safe(mail->to) ||
        !is_header_safe(mail->subject) || strpbrk(mail->to, " ,;<>\"") ||
        strpbrk(mail->from, " ,;<>\""))
        return false;
    add_date(out, mail->now_us);
    buf_printf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: ", mail->from, mail->to);
    add_encoded(out, strlen("Subject: "), mail->subject);
    buf_printf(out, "\r\nMessage-ID: <%s%s>\r\nReferences: <%s%s>\r\n", mail->message_id, domain,
               mail->thread_id, domain);
    buf_add_text(
        out,
        "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    add_body(out, mail->text);
    return !out->overflowed;
}

/* --- the limit per recipient ------------------------------------------------------------------------------------------------ */

static struct {
    pthread_mutex_t lock;
    struct {
        uint64_t who;
        int64_t hour;
        int count;
    } table[RECIPIENTS_MAX];
} recent = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_over_limit(const char *address, int64_t now_us)
{
    uint8_t hash[IDS_SHA256_SIZE];
    uint64_t who;
    ids_sha256(address, strlen(address), hash);
    memcpy(&who, hash, sizeof who);
    size_t place = who % RECIPIENTS_MAX;
    int64_t hour = now_us / HOUR_US;
    pthread_mutex_lock(&recent.lock);
    if (recent.table[place].who != who || recent.table[place].hour != hour) {
        recent.table[place].who = who;
        recent.table[place].hour = hour;
        recent.table[place].count = 0;
    }
    bool over = ++recent.table[place].count > LIMIT_MAILS_PER_RECIPIENT_HOUR;
    pthread_mutex_unlock(&recent.lock);
    return over;
}

/* --- sending ------------------------------------------------------------------------------------------------------------------ */

struct source {
    const struct buf *message;
    size_t at;
};

static size_t give(char *to, size_t size, size_t count, void *context)
{
    struct source *source = context;
    size_t room = size * count, left = source->message->length - source->at;
    size_t length = left < room ? left : room;
    memcpy(to, source->message->data + source->at, length);
    source->at += length;
    return length;
}

static void set_connection(CURL *curl, const struct mail_relay *relay)
{
    curl_easy_setopt(curl, CURLOPT_URL, relay->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (relay->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, relay->ca_file);
    if (relay->user) {
        curl_easy_setopt(curl, CURLOPT_USE_SSL,
                         (long)CURLUSESSL_ALL); /* a password goes over TLS only */
        curl_easy_setopt(curl, CURLOPT_USERNAME, relay->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, relay->password ? relay->password : "");
    }
}

static enum mail_outcome judge(CURL *curl, CURLcode result, char ret_why[121])
{
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (result == CURLE_OK)
        return MAIL_SENT;
    snprintf(ret_why, 121, "%s, relay said %ld", curl_easy_strerror(result), code);
    bool relay_refused = code >= 500 && code < 600 &&
                         (result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR ||
                          result == CURLE_WEIRD_SERVER_REPLY);
    return relay_refused ? MAIL_REFUSED : MAIL_LATER;
}

enum mail_outcome mail_send(const struct mail_relay *relay, const struct mail *mail,
                            char ret_why[121])
{
    CLEANUP(buf_free) struct buf message;
    buf_init(&message, 256 * 1024);
    ret_why[0] = '\0';
    if (!mail_compose(mail, &message)) {
        snprintf(ret_why, 121, "address or subject cannot stand in a header");
        return MAIL_REFUSED;
    }
    if (is_over_limit(mail->to, mail->now_us)) {
        snprintf(ret_why, 121, "more than %d mails to this recipient in an hour",
                 LIMIT_MAILS_PER_RECIPIENT_HOUR);
        return MAIL_LATER;
    }
    struct source source = {.message = &message};
    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, mail->to);
    set_connection(curl, relay);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    enum mail_outcome outcome = judge(curl, curl_easy_perform(curl), ret_why);
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
    return outcome;
}
