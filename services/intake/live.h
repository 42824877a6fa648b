/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: GET /v1/events: what happens at the desk, as it happens (server-sent events). One ring of events for all; a listener
 * is a place in it, so that a slow one holds nothing: whoever falls behind the ring is cut and told `reset` when it comes back.
 * Ownership: one per process. Threads: live_follower is called by the view's fold; two threads of its own look after listeners
 * and ask after the services. Errors: 503 where a listener more is too many.
 * Limits: 32 listeners an operator, 500 in all; RING_EVENTS_MAX events; a comment every 10 s; whether the session still stands is
 * asked every 5 s, and the groups of the services as often.
 */
#include "common/kafka.h"
#include "services/intake/live_ring.h"
#include "services/intake/view.h"

#define LIVE_LISTENERS_MAX 500
#define LIVE_LISTENERS_PER_OPERATOR_MAX 32

extern const struct view_follower live_follower;
/* Before the view is opened; then, once it is. */
void live_prepare(const char *cluster_id, int32_t partitions);
enum verdict live_start(const struct kafka_config *kafka, struct why *why);
void live_stop(void); /* the streams are ended by http_server_stop, before */

/* Tells every listener of this intake something that comes from no record. Takes the data. */
void live_tell(struct ring_event event);
