/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the one table of who is told what: change × condition → recipient × channel × template × urgency. A row is one recipient of
 * one rule; the channel is worked out where the row is used, from what is known of the recipient then (recipient_of).
 * Ownership: static data; a view is borrowed. Threads: any, pure. Errors: none. Limits: none.
 */
#include "services/notify/view.h"

enum notify_to {
    NOTIFY_CUSTOMER,    /* the contact on the hearing sheet */
    NOTIFY_RESPONSIBLE, /* the person responsible, where an address of theirs was read back */
    NOTIFY_OPERATOR,
    NOTIFY_SUPERVISOR,
    NOTIFY_PROVIDER,
};
enum notify_urgency {
    NOTIFY_URGENT, /* at once, and marked so */
    NOTIFY_SOON,   /* at once */
    NOTIFY_DESK,   /* while the desk is open */
};

struct notify_rule {
    const char *name;
    /* Writes the n-th thing that the rule speaks of, from 0; false where there is none. */
    bool (*change)(const struct view *view, size_t n, char *ret_change);
    /* What was planned would not be true any more if it were sent now; NULL: it stays true. */
    bool (*is_outdated)(const struct view *view, const char *change);
    enum notify_to to;
    const char *template;
    enum notify_urgency urgency;
    bool
        number_only; /* says nothing of the case to an address that was not read back; the others are not sent there at all */
    bool published;  /* webhook subscribers may hear that it happened */
    const char *clock; /* that calls for it */
};
extern const struct notify_rule notify_rules[];
extern const size_t notify_rule_count;

const char *notify_to_name(enum notify_to to);
bool notify_is_of_desk(const char *to); /* a name of the desk's own people; false for NULL */
#define NOTIFY_SUBSCRIBER "subscriber:"
/* The id of a subscriber to whom a notice is; NULL: it is to nobody of them. */
const char *notify_subscriber_of(const char *to);
const char *notify_urgency_name(enum notify_urgency urgency);

/* Who that is now and by what they are told. `channel` NULL: there is no way to tell them yet. */
struct recipient {
    const char *channel; /* "mail", "telephone" (the desk calls), "desk" (it stands on the case) */
    const char *address; /* of a mail */
    bool confirmed;
};
struct recipient recipient_of(const struct view *view, const struct notify_rule *rule);
