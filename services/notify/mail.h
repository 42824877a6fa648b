/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one mail by SMTP. curl.h is included by mail.c only.
 * Ownership: everything is borrowed. Threads: any; each call has a connection of its own. Errors: an outcome, never a verdict:
 * what the relay says is an event. Limits: 20 mails per recipient and hour (this process), 60 s for one mail.
 * SECURITY: CR, LF and other control characters never reach a header; TLS is verified; a relay that offers STARTTLS gets it.
 */
#include "common/util.h"

struct mail_relay {
    const char *url;                       /* smtp:// or smtps:// */
    const char *user, *password, *ca_file; /* NULL: none */
};
struct mail {
    const char *from, *to, *subject, *text;
    const char *message_id; /* without brackets */
    const char *thread_id;  /* of the case */
    int64_t now_us;
};
enum mail_outcome { MAIL_SENT, MAIL_LATER, MAIL_REFUSED };

/* ret_why: the relay's code or curl's error, at most 120 bytes, without addresses. */
enum mail_outcome mail_send(const struct mail_relay *relay, const struct mail *mail,
                            char ret_why[121]);
/* The message as it goes over the wire (for tests and preview). False when a header would be unsafe. */
bool mail_compose(const struct mail *mail, struct buf *out);
