/* SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define METRICS_MAX 256

static const int64_t bounds_us[12] = {500,   1000,   2500,   5000,    10000,   25000,
                                      50000, 100000, 250000, 1000000, 5000000, 30000000};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *registered[METRICS_MAX];
static size_t registered_count;

void metrics_register(struct metric *metrics, size_t count)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        assert(registered_count < METRICS_MAX);
        registered[registered_count++] = &metrics[i];
    }
    pthread_mutex_unlock(&lock);
}

void metric_add(struct metric *metric, int64_t amount)
{
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t duration_us)
{
    size_t bucket = 0;
    while (bucket < COUNT_OF(bounds_us) && duration_us > bounds_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    metric_add(metric, duration_us);
}

static const char *kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static int64_t load(_Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void write_histogram(struct metric *metric, struct buf *out)
{
    int64_t total = 0;
    for (size_t i = 0; i < COUNT_OF(bounds_us); i++) {
        total += load(&metric->buckets[i]);
        buf_printf(out, "kakekomi_%s_bucket{le=\"%g\"} %" PRId64 "\n", metric->name,
                   (double)bounds_us[i] / 1e6, total);
    }
    total += load(&metric->buckets[COUNT_OF(bounds_us)]);
    buf_printf(out, "kakekomi_%s_bucket{le=\"+Inf\"} %" PRId64 "\n", metric->name, total);
    buf_printf(out, "kakekomi_%s_sum %.6f\n", metric->name, (double)load(&metric->value) / 1e6);
    buf_printf(out, "kakekomi_%s_count %" PRId64 "\n", metric->name, total);
}

/* Series of one name (they differ by labels) stand one after another in their table: HELP and TYPE are said once. */
static bool same_family(const struct metric *a, const struct metric *b)
{
    size_t length = strcspn(a->name, "{");
    return strcspn(b->name, "{") == length && memcmp(a->name, b->name, length) == 0;
}

void metrics_write(struct buf *out)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < registered_count; i++) {
        struct metric *metric = registered[i];
        if (i == 0 || !same_family(metric, registered[i - 1])) {
            int length = (int)strcspn(metric->name, "{");
            buf_printf(out, "# HELP kakekomi_%.*s %s\n", length, metric->name, metric->help);
            buf_printf(out, "# TYPE kakekomi_%.*s %s\n", length, metric->name,
                       kind_name(metric->kind));
        }
        if (metric->kind == METRIC_HISTOGRAM)
            write_histogram(metric, out);
        else
            buf_printf(out, "kakekomi_%s %" PRId64 "\n", metric->name, load(&metric->value));
    }
    pthread_mutex_unlock(&lock);
}
