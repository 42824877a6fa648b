/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one mail: its composing (RFC 5322, 2045, 2047) and what the relay's answer means.
 * Ownership: everything is borrowed. Threads: any. Errors: an outcome, never a verdict: what the relay says is an event.
 * Limits: mails per recipient and hour (hourly.h), MAIL_AT_ONCE to one domain at a time.
 * SECURITY: CR, LF and other control characters never reach a header.
 */
#include "services/notify/outcome.h"
#include "services/notify/transfer.h"

#define MAIL_AT_ONCE 4

struct mail {
    const char *from, *from_name, *to, *subject, *text, *html;
    const char *message_id; /* without brackets */
    const char *thread_id;  /* of the case */
    bool urgent;
    int hour_max; /* mails to this recipient within an hour */
    int64_t now_us;
};

void mail_send(const struct transfer_relay *relay, const struct mail *mail,
               struct outcome *ret_outcome);
/* What the relay's reply means. */
void mail_judge(const struct transfer_reply *reply, struct outcome *ret_outcome);
/* The message as it goes over the wire. False when a header would be unsafe. */
bool mail_compose(const struct mail *mail, struct buf *out);
