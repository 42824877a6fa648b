/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/mail.h"

#include "common/clock.h"
#include "services/notify/hourly.h"
#include "services/notify/places.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (1024 * 1024)
#define LINE_MAX_76 76
#define WORD_AROUND 12 /* =?UTF-8?B? and ?= */

/* --- composing ----------------------------------------------------------------------------------------------------------- */

static bool is_header_safe(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool is_address_safe(const char *address)
{
    return is_header_safe(address) && strchr(address, '@') && !strpbrk(address, " ,;<>\"");
}

/* RFC 2047 encoded words, cut between characters, never inside one; no line, with the header's name or the space that folds
 * it, is longer than 76. */
static void add_encoded(struct buf *out, size_t name_length, const char *text)
{
    for (size_t before = name_length; *text; before = 1) {
        size_t length = 0, room = (LINE_MAX_76 - before - WORD_AROUND) / 4 * 3;
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

static void add_part(struct buf *out, const char *boundary, const char *type, const char *text)
{
    CLEANUP(mem_free) char *encoded = base64_encode(text, strlen(text));
    size_t length = strlen(encoded);
    buf_printf(out,
               "--%s\r\nContent-Type: text/%s; charset=UTF-8\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\n",
               boundary, type);
    for (size_t at = 0; at < length; at += LINE_MAX_76)
        buf_printf(out, "%.76s\r\n", encoded + at);
}

/* All mails of a case hang on one root that was never sent: clients show them together. */
static void add_ids(struct buf *out, const struct mail *mail, const char *domain)
{
    buf_printf(out, "\r\nMessage-ID: <%s%s>\r\n", mail->message_id, domain);
    buf_printf(out, "In-Reply-To: <%s%s>\r\nReferences: <%s%s>\r\n", mail->thread_id, domain,
               mail->thread_id, domain);
}

bool mail_compose(const struct mail *mail, struct buf *out)
{
    const char *domain = strchr(mail->from, '@');
    if (!is_address_safe(mail->from) || !is_address_safe(mail->to) ||
        !is_header_safe(mail->subject) || !is_header_safe(mail->from_name))
        return false;
    CLEANUP(mem_free) char *boundary = mem_printf("=_%.60s", mail->message_id);
    add_date(out, mail->now_us);
    buf_add_text(out, "From: ");
    add_encoded(out, strlen("From: "), mail->from_name);
    buf_printf(out, "\r\n <%s>\r\nTo: <%s>\r\nSubject: ", mail->from, mail->to);
    add_encoded(out, strlen("Subject: "), mail->subject);
    add_ids(out, mail, domain);
    buf_printf(
        out,
        "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n%s"
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
        mail->urgent ? "Importance: high\r\n" : "", boundary);
    add_part(out, boundary, "plain", mail->text);
    add_part(out, boundary, "html", mail->html);
    buf_printf(out, "--%s--\r\n", boundary);
    return !out->overflowed;
}

/* --- sending ------------------------------------------------------------------------------------------------------------- */

/* 450 and 452 are of one mailbox; whatever else stands in the way stands in everybody's. */
static bool is_of_mailbox(int code)
{
    return code == 450 || code == 452 || code >= 500;
}

/* What is refused before a sender was named is the relay's matter with us (no TLS, wrong password), not with this mail. */
void mail_judge(const struct transfer_reply *reply, struct outcome *ret_outcome)
{
    *ret_outcome = (struct outcome){.kind = OUTCOME_LATER};
    snprintf(ret_outcome->why, sizeof ret_outcome->why, "%s", reply->why);
    bool said_no = reply->code >= 400;
    if (reply->well)
        ret_outcome->kind = OUTCOME_SENT;
    else if (reply->stage == TRANSFER_WHOLE && !said_no)
        ret_outcome->kind = OUTCOME_IN_DOUBT;
    else if (reply->code >= 500 && reply->stage >= TRANSFER_SENDER)
        ret_outcome->kind = OUTCOME_REFUSED;
    ret_outcome->address_refused =
        ret_outcome->kind == OUTCOME_REFUSED && reply->stage == TRANSFER_RECIPIENT;
    ret_outcome->troubled =
        !reply->well && !(is_of_mailbox(reply->code) && reply->stage >= TRANSFER_SENDER);
}

static void put_off(struct outcome *ret_outcome, int64_t wait_ms, const char *why)
{
    *ret_outcome = (struct outcome){.kind = OUTCOME_PUT_OFF, .wait_ms = wait_ms};
    snprintf(ret_outcome->why, sizeof ret_outcome->why, "%s", why);
}

static void refuse(struct outcome *ret_outcome, const char *why)
{
    *ret_outcome = (struct outcome){.kind = OUTCOME_REFUSED};
    snprintf(ret_outcome->why, sizeof ret_outcome->why, "%s", why);
}

void mail_send(const struct transfer_relay *relay, const struct mail *mail,
               struct outcome *ret_outcome)
{
    CLEANUP(buf_free) struct buf message;
    int64_t wait_ms;
    struct transfer_reply reply;
    buf_init(&message, MESSAGE_BYTES_MAX);
    if (!mail_compose(mail, &message)) {
        refuse(ret_outcome, "address or subject cannot stand in a header");
        return;
    }
    const char *domain = strchr(mail->to, '@') + 1;
    if (!hourly_take(mail->to, mail->message_id, mail->hour_max, &wait_ms)) {
        put_off(ret_outcome, wait_ms, "more mails to this recipient in an hour than the limit");
        return;
    }
    if (!places_enter(domain, MAIL_AT_ONCE, &wait_ms)) {
        hourly_give_back(mail->to, mail->message_id);
        put_off(ret_outcome, wait_ms, "the domain is left alone for a while");
        return;
    }
    transfer_mail(relay,
                  &(struct transfer_mail){.from = mail->from,
                                          .to = mail->to,
                                          .message = {message.data, message.length}},
                  &reply);
    mail_judge(&reply, ret_outcome);
    if (ret_outcome->kind != OUTCOME_SENT && ret_outcome->kind != OUTCOME_IN_DOUBT)
        hourly_give_back(mail->to, mail->message_id);
    ret_outcome->troubles = places_leave(domain, ret_outcome->troubled);
}
