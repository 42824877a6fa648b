/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: gather what came by the three doors, run it in one transaction, rest until there is more. */
#include "common/processor_internal.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/service.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REST_MS 500
#define CLOSE_WITHIN_MS 5000 /* of a stop: the last commit, leaving the group */
#define ASK_LAG_EVERY_US 1000000

struct metric processor_metrics[PROCESSOR_METRICS] = {
    [PROCESSOR_COMMITS] = {.name = "processor_transactions_total",
                           .help = "Transactions committed",
                           .kind = METRIC_COUNTER},
    [PROCESSOR_ABORTS] = {.name = "processor_aborts_total",
                          .help = "Transactions aborted",
                          .kind = METRIC_COUNTER},
    [PROCESSOR_INPUTS + (int) PROCESSOR_RECORD] = {.name =
                                                       "processor_inputs_total{door=\"record\"}",
                                                   .help = "Inputs taken",
                                                   .kind = METRIC_COUNTER},
    [PROCESSOR_INPUTS + (int) PROCESSOR_TICK] = {.name = "processor_inputs_total{door=\"tick\"}",
                                                 .help = "Inputs taken",
                                                 .kind = METRIC_COUNTER},
    [PROCESSOR_INPUTS + (int) PROCESSOR_RESULT] = {.name =
                                                       "processor_inputs_total{door=\"result\"}",
                                                   .help = "Inputs taken",
                                                   .kind = METRIC_COUNTER},
    [PROCESSOR_OUTPUTS] = {.name = "processor_outputs_total",
                           .help = "Records produced",
                           .kind = METRIC_COUNTER},
    [PROCESSOR_DEAD_LETTERS] = {.name = "processor_dead_letters_total",
                                .help = "Inputs refused",
                                .kind = METRIC_COUNTER},
    [PROCESSOR_SECONDS] = {.name = "processor_transaction_seconds",
                           .help = "From begin to commit",
                           .kind = METRIC_HISTOGRAM},
    [PROCESSOR_ASSIGNED] = {.name = "processor_partitions_assigned",
                            .help = "Partitions of each input that this instance has",
                            .kind = METRIC_GAUGE},
    [PROCESSOR_LAG] = {.name = "processor_lag_records",
                       .help = "Records of the assigned partitions that were not taken yet",
                       .kind = METRIC_GAUGE},
    [PROCESSOR_WORKS] = {.name = "processor_works_open",
                         .help = "Works outside Kafka, waiting, running or done and not used",
                         .kind = METRIC_GAUGE},
};

void processor_break_down(struct processor *processor, const char *event, const char *why)
{
    processor->broken = true;
    atomic_store(&processor->stopping, true);
    service_fail(event, why);
}

int processor_input_index(const struct processor_definition *definition, const char *topic)
{
    for (int i = 0; definition->inputs[i]; i++)
        if (strcmp(definition->inputs[i], topic) == 0)
            return i;
    return -1;
}

void processor_ask_facts(struct processor *processor)
{
    const struct processor_definition *definition = processor->definition;
    processor->facts = definition->facts ? definition->facts(definition->service_context) : NULL;
}

/* --- the loop --------------------------------------------------------------------------------------------------------- */

static int64_t lag_of(struct processor *processor, int input, int32_t partition)
{
    int64_t first, next;
    const char *topic = topics_full_name(processor->definition->inputs[input]);
    int64_t at = processor->positions[input][partition];
    if (at < processor->ends[input][partition])
        at = processor->ends[input][partition];
    if (rd_kafka_get_watermark_offsets(processor->consumer, topic, partition, &first, &next) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return next > at ? next - at : 0;
}

static void measure(struct processor *processor)
{
    int64_t now_us = clock_monotonic_us(), lag = 0;
    if (now_us - processor->lag_asked_us < ASK_LAG_EVERY_US)
        return;
    processor->lag_asked_us = now_us;
    for (int i = 0; processor->definition->inputs[i]; i++)
        for (int32_t p = 0; p < processor->partitions; p++)
            lag += processor_has(processor, p) ? lag_of(processor, i, p) : 0;
    atomic_store(&processor->lag, lag);
    metric_set(&processor_metrics[PROCESSOR_LAG], lag);
    metric_set(&processor_metrics[PROCESSOR_WORKS], (int64_t)work_pool_running(processor->pool));
}

static int rest_ms(struct processor *processor)
{
    int64_t now_us = clock_now_us(), soonest_us = now_us + REST_MS * 1000;
    for (int32_t p = 0; p < processor->partitions; p++) {
        CLEANUP(mem_free) char *case_id = NULL;
        int64_t due_us;
        if (processor_has(processor, p) &&
            state_next_due(&processor->store, p, &due_us, &case_id) && due_us < soonest_us)
            soonest_us = due_us;
    }
    if (processor->batch_count) { /* of what comes from outside */
        int64_t from_us = now_us + processor->share.from_us - clock_monotonic_us();
        soonest_us = from_us < soonest_us ? from_us : soonest_us;
    }
    return soonest_us <= now_us ? 0 : (int)((soonest_us - now_us + 999) / 1000);
}

/* Records, results and wakes all write to the one descriptor. */
static void rest(struct processor *processor, int at_most_ms)
{
    uint64_t count;
    struct pollfd wake = {.fd = processor->wake_descriptor, .events = POLLIN};
    if (poll(&wake, 1, at_most_ms) > 0) {
        ssize_t got = read(processor->wake_descriptor, &count, sizeof count);
        (void)got;
    }
    rd_kafka_poll(processor->producer, 0);
}

/* What has come of works is taken in last transactions; those that cannot be taken back are waited for. */
static void finish(struct processor *processor)
{
    work_pool_close(processor->pool);
    processor_keep_results(processor);
    while (!processor->broken && clock_monotonic_ms() < atomic_load(&processor->finish_by_ms)) {
        processor_gather_results(processor);
        if (processor->batch_count)
            processor_run_batch(processor, processor->batch_count);
        else if (work_pool_running(processor->pool))
            rest(processor, REST_MS); /* nothing is due any more */
        else
            return;
    }
}

static void *run(void *context)
{
    struct processor *processor = context;
    while (!atomic_load(&processor->stopping)) {
        processor_gather(processor);
        if (processor->broken)
            break;
        size_t planned = processor_planned(processor);
        if (planned)
            processor_run_batch(processor, planned);
        else
            rest(processor, rest_ms(processor));
        measure(processor);
    }
    finish(processor);
    processor_drop_first(processor, processor->batch_count);
    return NULL;
}

/* --- start and stop --------------------------------------------------------------------------------------------------- */

static void register_metrics(void)
{
    metrics_register(processor_metrics, COUNT_OF(processor_metrics));
}

static struct processor *make(const struct processor_definition *definition,
                              const struct processor_config *config)
{
    struct processor *processor = mem_alloc(sizeof *processor);
    processor->definition = definition;
    processor->config = *config;
    processor->transactional_id = mem_printf("%s-%s", definition->service, config->instance);
    processor->source = mem_printf("/kakekomi/%s", definition->service);
    processor->wakes = json_object();
    processor->wake_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&processor->lock, NULL);
    memset(processor->positions, 0xff, sizeof processor->positions);
    memset(processor->ends, 0xff, sizeof processor->ends);
    return processor;
}

enum verdict processor_start(const struct processor_definition *definition,
                             const struct processor_config *config,
                             struct processor **ret_processor, struct why *why)
{
    static pthread_once_t registered = PTHREAD_ONCE_INIT;
    pthread_once(&registered, register_metrics);
    struct processor *processor = make(definition, config); /* a failed start ends the process */
    if (processor_open(processor, why) != VERDICT_OK)
        return VERDICT_FATAL;
    processor->pool = work_pool_start(definition, processor->wake_descriptor);
    if (processor_subscribe(processor, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (pthread_create(&processor->thread, NULL, run, processor) != 0)
        return fatal(why, "no thread for the processor");
    pthread_setname_np(processor->thread, "processor");
    *ret_processor = processor;
    return VERDICT_OK;
}

bool processor_is_ready(struct processor *processor, struct buf *ret_detail)
{
    bool recovering = !atomic_load(&processor->joined) || atomic_load(&processor->recovering);
    buf_printf(ret_detail,
               "{\"partitions\":%d,\"assignments\":%u,\"lag\":%" PRId64
               ",\"rebuilding\":%s,\"work\":%zu}",
               atomic_load(&processor->assigned), atomic_load(&processor->assignments),
               atomic_load(&processor->lag), recovering ? "true" : "false",
               work_pool_running(processor->pool));
    return !recovering && !atomic_load(&processor->stopping);
}

void processor_wake(struct processor *processor, const char *case_id)
{
    uint64_t one = 1;
    if (case_id)
        processor_tick_again(processor, case_id);
    else
        atomic_store(&processor->wake_all, true);
    ssize_t written = write(processor->wake_descriptor, &one, sizeof one);
    (void)written;
}

json_t *processor_cases(struct processor *processor)
{
    json_t *all = json_array();
    for (int32_t p = 0; p < processor->partitions; p++) {
        json_auto_t *cases = state_cases(&processor->store, p, false);
        json_array_extend(all, cases);
    }
    return all;
}

enum verdict processor_read_state(struct processor *processor, const char *case_id,
                                  json_t **ret_state, struct why *why)
{
    json_auto_t *none = json_object();
    struct state_store committed = processor->store;
    committed.dirty = none;
    json_t *state = NULL;
    if (state_get(&committed, case_id, &state, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (json_object_size(state) == 0)
        json_decref(TAKE(state));
    *ret_state = state;
    return VERDICT_OK;
}

void processor_stop(struct processor *processor, int64_t deadline_ms)
{
    if (!processor)
        return;
    atomic_store(&processor->finish_by_ms, deadline_ms - CLOSE_WITHIN_MS);
    atomic_store(&processor->stopping, true);
    processor_wake(processor, NULL);
    pthread_join(processor->thread, NULL);
    work_pool_stop(processor->pool);
    processor_close(processor);
    work_pool_free(processor->pool);
    close(processor->wake_descriptor);
    json_decref(processor->wakes);
    pthread_mutex_destroy(&processor->lock);
    free(processor->transaction.kept);
    free(processor->transactional_id);
    free(processor->source);
    free(processor);
}
