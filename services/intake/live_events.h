/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: which live events a change of the view makes, and when a service counts as down. Pure: no clock, I/O or lock.
 * Ownership: the data of an event belongs to the caller. Threads: any. Errors: none.
 * Limits: RING_EVENTS_PER_RECORD_MAX events for a record: of notices that fail at once the last one speaks for all.
 * SECURITY: ids, numbers, statuses and codes only; nothing that somebody said or that names a person.
 */
#include "services/intake/live_ring.h"
#include "services/intake/view.h"

size_t live_events_of(const struct view_change *change,
                      struct ring_event ret_events[RING_EVENTS_PER_RECORD_MAX]);

/* --- services --------------------------------------------------------------------------------------------------- */
#define LIVE_NOT_MOVING_US 30000000

struct live_service {
    const char *name;
    int64_t patience_us; /* a restart, or one question without an answer, is no news */
    bool down;
    const char *why;    /* code, while down */
    int64_t since_us;   /* in this state; 0: up from the start */
    int64_t missing_us; /* since when it is not there, told or not; 0: it is there */
    int64_t committed,
        moved_us; /* sum of its offsets, and when that last changed or nothing was left to do */
};
/* What was seen of a processor's group: members, and how far it is behind what the view has folded. True: it has changed. */
bool live_service_seen(struct live_service *service, int members, int64_t lag, int64_t committed,
                       int64_t now_us);
/* For what is simply there or not (Kafka, Redis). */
bool live_service_is(struct live_service *service, bool up, const char *why, int64_t now_us);
struct ring_event live_service_event(const struct live_service *service);
