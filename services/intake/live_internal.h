/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what live.c (ring and listeners) and live_watch.c (the threads that look after them) share. Ownership, threads,
 * errors, limits: as live.h; every function here takes the lock itself.
 */
#include "services/intake/auth.h"
#include "services/intake/live.h"
#include "services/intake/live_events.h"

#define LIVE_CHECK_MS 5000

enum live_service_place {
    LIVE_TRIAGE,
    LIVE_ESCALATION,
    LIVE_NOTIFY,
    LIVE_KAFKA,
    LIVE_REDIS,
    LIVE_SERVICES
};
#define LIVE_PROCESSORS LIVE_KAFKA

/* Who has gone is let go, who has fallen behind is cut, who has heard nothing for long is sent a comment. */
void live_beat(void);

/* The sessions and tokens that listen, each once; at most LIVE_LISTENERS_MAX, freed by the caller. */
struct auth_identity *live_people(size_t *ret_count);
/* Their streams end, and they are told why. */
void live_end(const struct auth_identity *who, const char *reason);

/* Tells where a service has changed. */
void live_seen(enum live_service_place place, int members, int64_t lag, int64_t committed,
               int64_t now_us);
void live_is(enum live_service_place place, bool up, const char *why, int64_t now_us);
const char *live_service_name(enum live_service_place place);
/* How far `next` is behind what was folded of a topic. */
int64_t live_lag(int topic, const int64_t *next);
int32_t live_partitions(void);

/* live_watch.c */
enum verdict live_watch_start(const struct kafka_config *kafka, struct why *why);
void live_watch_stop(void);
