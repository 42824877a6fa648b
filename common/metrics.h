/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: counters, gauges and histograms, written as Prometheus text. A metric is one static table entry of its module.
 * Ownership: metrics are static; the text belongs to the caller's buffer. Threads: updates are atomic, from anywhere.
 * Errors: none. Limits: at most 256 registered metrics, 12 buckets each; labels are part of the constant name
 * (`http_requests_total{status="2xx"}`), so nothing from outside can add a series.
 */
#include <stdatomic.h>
#include "common/util.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
    const char
        *name; /* without the prefix `kakekomi_`; units last: `_total`, `_seconds`, `_bytes` */
    const char *help;
    enum metric_kind kind;
    _Atomic int64_t value; /* counter and gauge; for a histogram the sum in microseconds */
    _Atomic int64_t
        buckets[13]; /* histogram: counts per bound of metrics_bounds_us, the last is +Inf */
};

void metrics_register(struct metric *metrics, size_t count);
void metric_add(struct metric *metric, int64_t amount);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t duration_us);
void metrics_write(struct buf *out);
