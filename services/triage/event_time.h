/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: when did what a log line tells of happen? The record's header `time`, else the line's own format, else its syslog
 * header, else what stands at its beginning, else the append time; and which of them it was. Asked for every record at
 * ingest: it looks for marks and reads no fields.
 * Ownership: none. Threads: any. Errors: none, append time is always there.
 * Limits and units: microseconds since 1970 UTC; a time more than 400 days before or 1 day after the append is not believed.
 */
#include "services/triage/formats/format.h"

enum event_time_source {
    EVENT_TIME_HEADER,
    EVENT_TIME_LINE,
    EVENT_TIME_APPEND,      /* nothing tells */
    EVENT_TIME_DISBELIEVED, /* something tells, but not this: append time */
};
const char *event_time_source_name(enum event_time_source source);

int64_t event_time_of(struct bytes header, struct bytes line, int64_t append_us,
                      enum event_time_source *ret_source);
