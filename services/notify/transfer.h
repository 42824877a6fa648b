/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what leaves over the network: one mail to the relay, one POST to a subscriber. curl.h is included by transfer.c only.
 * Ownership: everything is borrowed. Threads: any; each keeps its connections for the next one (pooled, a minute at most).
 * transfer_start once, before any other thread. Errors: the reply says how far it came; what that means is for others to judge.
 * Limits: 10 s to connect, 60 s for a mail, 30 s for a POST, 64 KiB of an answer.
 * SECURITY: certificates are verified. smtp:// means STARTTLS or nothing, smtps:// TLS from the start; only smtp+plain:// (a relay on the
 * same machine) goes without, and never with a password. A POST goes to https only, follows nobody elsewhere, uses no proxy; unless the
 * subscriber is allowed to be in the desk's own network, addresses that are not public are refused where the connection is made, after
 * DNS, so that no answer of DNS can change its mind in between.
 */
#include "common/util.h"

enum transfer_stage {
    TRANSFER_NOTHING,   /* not reached, not trusted, or nobody there to take it */
    TRANSFER_SENDER,    /* SMTP: the sender was named */
    TRANSFER_RECIPIENT, /* SMTP: the recipient was named */
    TRANSFER_CONTENT,   /* the content was on its way */
    TRANSFER_WHOLE,     /* all of it had gone; the answer is the other side's */
};

struct transfer_reply {
    bool well;
    enum transfer_stage stage;
    int code;       /* the last one of the other side; 0: none */
    bool forbidden; /* its address is not public */
    char why[121];  /* without addresses */
};

struct transfer_relay {
    const char *url, *user, *password, *ca_file; /* the last three may be NULL */
};
struct transfer_mail {
    const char *from, *to;
    struct bytes message;
};
struct transfer_post {
    const char *url;
    struct bytes body;
    const char *const *headers; /* ends with NULL */
    const char *ca_file;        /* NULL: those of the system */
    bool may_be_private;
};

void transfer_start(void);
bool transfer_url_is_relay(const char *url, bool with_password);
bool transfer_url_is_https(const char *url);
void transfer_mail(const struct transfer_relay *relay, const struct transfer_mail *mail,
                   struct transfer_reply *ret_reply);
void transfer_post(const struct transfer_post *post, struct transfer_reply *ret_reply);

/* For tests: whether an address, as the system has it, is one of everybody's. */
struct sockaddr;
bool transfer_is_public(const struct sockaddr *address);
