/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: triage's parts put together: log store, ingest, watch, processor; and the work that a search is.
 * Ownership: the config outlives it. Threads: start, stop, ready from main. Errors, limits: common/service.h.
 */
#include <jansson.h>
#include "common/kafka.h"

struct triage_config {
    struct kafka_config kafka;
    const char *admin_address;
    const char *state_dir;
    char *instance;
    const char *desk_file;
    int64_t log_retention_days;
};
extern struct triage_config triage_config;

enum verdict triage_check(struct why *why);
enum verdict triage_start(struct why *why);
void triage_stop(int64_t deadline_ms);
bool triage_ready(json_t *detail);
