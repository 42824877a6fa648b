/* SPDX-License-Identifier: Apache-2.0 */
/* Records in rounds, against the Kafka client's own mock of a broker: each is reported once, whatever becomes of it. */
#include "common/kafka_rounds.h"

#include "common/clock.h"

#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SENDERS 4
#define EACH 2000
#define TOPIC "rounds"

static rd_kafka_t *handle;
static struct kafka_rounds *rounds;
static _Atomic int told[SENDERS * EACH], delivered, given_up;

/* Reports that come together: how often they did, what had been reported when the last such time was over, and whatever is no such
 * time: one within another, a report outside of all. */
static _Atomic int lots, let_go, astray;
static _Atomic bool in_lot;

static void note(void *context, const struct kafka_delivery *delivery)
{
    assert_int_equal(delivery->why == NULL, delivery->verdict == VERDICT_OK);
    atomic_fetch_add(&astray, !atomic_load(&in_lot));
    atomic_fetch_add((_Atomic int *)context, 1);
    atomic_fetch_add(delivery->verdict == VERDICT_OK ? &delivered : &given_up, 1);
}

static void before_reports(void)
{
    atomic_fetch_add(&astray, atomic_exchange(&in_lot, true));
}

static void after_reports(void)
{
    atomic_fetch_add(&astray, !atomic_exchange(&in_lot, false));
    atomic_fetch_add(&lots, 1);
    atomic_store(&let_go, atomic_load(&delivered) + atomic_load(&given_up));
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[200];
    assert_int_equal(rd_kafka_conf_set(conf, name, value, text, sizeof text), RD_KAFKA_CONF_OK);
}

/* `room`: how many records the client takes. */
static void open_with(bool with_broker, const char *room, const char *timeout_ms)
{
    char text[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "max.in.flight.requests.per.connection", "1");
    set(conf, "linger.ms", KAFKA_ROUNDS_LINGER_MS);
    set(conf, "log_level", "0");
    set(conf, "queue.buffering.max.messages", room);
    set(conf, "message.timeout.ms", timeout_ms);
    set(conf, "message.max.bytes", "1048576"); /* as kafka_producer.c has it */
    if (with_broker)
        set(conf, "test.mock.num.brokers", "1");
    rd_kafka_conf_set_dr_msg_cb(conf, kafka_rounds_report);
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(handle);
    for (size_t i = 0; i < COUNT_OF(told); i++)
        atomic_store(&told[i], 0);
    atomic_store(&delivered, 0);
    atomic_store(&given_up, 0);
    atomic_store(&lots, 0);
    atomic_store(&let_go, 0);
    rounds = kafka_rounds_begin(handle);
    assert_non_null(rounds);
    kafka_rounds_on_reports(rounds, before_reports, after_reports);
}

static void open_rounds(bool with_broker)
{
    open_with(with_broker, "40000", "30000");
}

static void close_rounds(int64_t within_ms)
{
    kafka_rounds_end(rounds, clock_monotonic_ms() + within_ms);
    assert_int_equal(atomic_load(&astray), 0);
    assert_false(atomic_load(&in_lot));
    rd_kafka_destroy(handle);
}

static rd_kafka_resp_err_t send_to(int number, int partition)
{
    char key[16], value[64];
    snprintf(key, sizeof key, "%d", number);
    snprintf(value, sizeof value, "value of %d", number);
    struct kafka_header headers[] = {{.name = "ce_id", .value = bytes_of(key)}};
    struct kafka_output output = {.topic = TOPIC,
                                  .partition = partition,
                                  .key = bytes_of(key),
                                  .value = bytes_of(value),
                                  .headers = headers,
                                  .header_count = COUNT_OF(headers)};
    return kafka_rounds_send(rounds, &output, note, (void *)(uintptr_t)&told[number]);
}

static rd_kafka_resp_err_t send_one(int number)
{
    return send_to(number, 0);
}

static void *send_many(void *context)
{
    int first = *(int *)context;
    for (int i = 0; i < EACH; i++)
        if (send_one(first + i) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return context;
    return NULL;
}

static void send_from_all(void)
{
    pthread_t threads[SENDERS];
    int firsts[SENDERS];
    void *failed;
    for (int i = 0; i < SENDERS; i++) {
        firsts[i] = i * EACH;
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &firsts[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void until(_Atomic int *counter, int wanted)
{
    int64_t end_ms = clock_monotonic_ms() + 60000;
    while (atomic_load(counter) < wanted) {
        assert_true(clock_monotonic_ms() < end_ms);
        usleep(1000);
    }
}

static void each_told_once(void)
{
    for (size_t i = 0; i < COUNT_OF(told); i++)
        assert_int_equal(atomic_load(&told[i]), 1);
}

static void every_record_is_delivered_once_in_fewer_rounds_than_records(void **state)
{
    (void)state;
    open_rounds(true);
    send_from_all();
    until(&delivered, SENDERS * EACH);
    each_told_once();
    assert_in_range(kafka_rounds_next(rounds), 2, SENDERS * EACH / 2);
    until(&let_go, SENDERS * EACH);
    assert_in_range(lots, 1, SENDERS * EACH / 2);
    close_rounds(0);
    assert_int_equal(atomic_load(&given_up), 0);
}

static void one_alone_goes_at_once_and_is_a_round(void **state)
{
    (void)state;
    open_rounds(true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kafka_rounds_next(rounds), i);
        assert_int_equal(send_one(i), RD_KAFKA_RESP_ERR_NO_ERROR);
        until(&delivered, i + 1);
    }
    close_rounds(0);
}

static void what_is_on_its_way_at_the_end_is_waited_for(void **state)
{
    (void)state;
    open_rounds(true);
    send_from_all();
    close_rounds(60000);
    each_told_once();
    assert_int_equal(atomic_load(&delivered), SENDERS * EACH);
}

static void at_the_end_whatever_waits_is_given_up_once(void **state)
{
    (void)state;
    open_rounds(false); /* nobody answers */
    send_from_all();
    close_rounds(50);
    each_told_once();
    assert_int_equal(atomic_load(&given_up), SENDERS * EACH);
}

static void a_round_that_is_not_answered_holds_back_nobody_for_long(void **state)
{
    (void)state;
    open_rounds(false);
    int64_t end_ms = clock_monotonic_ms() + 60000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_one(i), RD_KAFKA_RESP_ERR_NO_ERROR);
        while (rd_kafka_outq_len(handle) < i + 1) {
            assert_true(clock_monotonic_ms() < end_ms);
            usleep(1000);
        }
    }
    assert_int_equal(kafka_rounds_next(rounds), 3);
    close_rounds(0);
    assert_int_equal(atomic_load(&given_up), 3);
}

/* Nobody answers, the client is full, and somebody never stops asking. */
static void a_full_client_tells_of_what_it_had_and_has_room_again(void **state)
{
    (void)state;
    open_with(false, "10", "500");
    int sent = 0;
    while (atomic_load(&told[0]) == 0) {
        assert_in_range(sent, 0, SENDERS * EACH - 1);
        assert_int_equal(send_one(sent++), RD_KAFKA_RESP_ERR_NO_ERROR);
        usleep(1000);
    }
    close_rounds(0);
    assert_int_equal(atomic_load(&given_up), sent);
}

/* One partition has no leader for now. */
static void what_cannot_be_written_holds_no_other_back(void **state)
{
    (void)state;
    open_rounds(true);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(handle);
    rd_kafka_mock_topic_create(cluster, TOPIC, 2, 1);
    rd_kafka_mock_partition_set_leader(cluster, TOPIC, 1, -1);
    assert_int_equal(send_to(0, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int i = 1; i < 200; i++) {
        assert_int_equal(send_one(i), RD_KAFKA_RESP_ERR_NO_ERROR);
        until(&let_go, i);
    }
    assert_int_equal(atomic_load(&told[0]), 0);
    rd_kafka_mock_partition_set_leader(cluster, TOPIC, 1, 1);
    until(&delivered, 200);
    assert_int_equal(atomic_load(&told[0]), 1);
    close_rounds(0);
}

static _Atomic bool stalled;

/* While it is told of one record the thread takes no others. */
static void stall(void *context, const struct kafka_delivery *delivery)
{
    (void)context, (void)delivery;
    atomic_store(&stalled, true);
    while (atomic_load(&stalled))
        usleep(1000);
}

static void what_waits_is_bounded_and_a_record_too_long_is_refused(void **state)
{
    (void)state;
    static char large[KAFKA_RECORD_BYTES_MAX + 1];
    struct kafka_output output = {
        .topic = TOPIC, .partition = 0, .value = {.data = large, .length = sizeof large}};
    struct kafka_output small = {.topic = TOPIC, .partition = 0, .value = bytes_of("small")};
    open_rounds(true);
    assert_int_equal(kafka_rounds_send(rounds, &output, note, NULL),
                     RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    output.value.length = KAFKA_RECORD_BYTES_MAX - 128;
    atomic_store(&stalled, false);
    assert_int_equal(kafka_rounds_send(rounds, &small, stall, NULL), RD_KAFKA_RESP_ERR_NO_ERROR);
    while (!atomic_load(&stalled))
        usleep(1000);
    int taken = 0;
    while (taken < 100 &&
           kafka_rounds_send(rounds, &output, note, (void *)(uintptr_t)&told[taken]) == 0)
        taken++;
    assert_in_range(taken, 63, 64); /* 64 MiB of what records take with all that is kept of them */
    assert_int_equal(atomic_load(&delivered) + atomic_load(&given_up), 0);
    atomic_store(&stalled, false);
    close_rounds(0);
    assert_int_equal(atomic_load(&delivered) + atomic_load(&given_up), taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_delivered_once_in_fewer_rounds_than_records),
        cmocka_unit_test(one_alone_goes_at_once_and_is_a_round),
        cmocka_unit_test(what_is_on_its_way_at_the_end_is_waited_for),
        cmocka_unit_test(what_cannot_be_written_holds_no_other_back),
        cmocka_unit_test(a_full_client_tells_of_what_it_had_and_has_room_again),
        cmocka_unit_test(at_the_end_whatever_waits_is_given_up_once),
        cmocka_unit_test(a_round_that_is_not_answered_holds_back_nobody_for_long),
        cmocka_unit_test(what_waits_is_bounded_and_a_record_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
