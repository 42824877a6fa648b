/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the parts of escalation share that reaches outside: keys, profile, Kafka.
 * Ownership: one per process, from start to stop. Threads: set before the processor starts; works run on two threads.
 * Errors, limits: of the parts.
 */
#include "common/desk/profile.h"
#include "common/processor.h"
#include "services/escalation/sealing.h"

struct escalation_config {
    struct kafka_config kafka;
    char *admin_address, *state_dir, *instance, *desk_file;
    char *secret, *signing_key, *decryption_key;
};

struct escalation {
    struct escalation_config config;
    struct sealing_keys keys;
    struct kafka_reader *fetcher; /* chunks of extracts, serialised inside */
    struct kafka_reader
        *replies; /* parts of reports: the provider's topic keeps nothing else waiting */
    struct processor *processor;
    struct profile *facts; /* lent to decide until the next call */
};
extern struct escalation escalation;

/* Works: seal, offer, key, recall, report. A failure is a result with "failure". */
struct processor_result *escalation_work(const struct work *work);
/* provider-replies: size, headers, alg and kid, signature, schema; in this order. */
char *escalation_route(const char *topic, const struct kafka_record *record, void *context,
                       struct event *ret_event, struct why *why);
