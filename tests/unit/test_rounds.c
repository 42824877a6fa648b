/* SPDX-License-Identifier: Apache-2.0 */
/* Records in rounds, against the Kafka client's own mock of a broker: each is reported once, whatever becomes of it. */
#include "common/kafka_rounds.h"

#include "common/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SENDERS 4
#define EACH 2000
#define TOPIC "rounds"

static rd_kafka_t *handle;
static struct kafka_rounds *rounds;
static _Atomic int told[SENDERS * EACH], delivered, given_up;

static void note(void *opaque, bool good)
{
    atomic_fetch_add((_Atomic int *)opaque, 1);
    atomic_fetch_add(good ? &delivered : &given_up, 1);
}

static void take_report(rd_kafka_t *from, const rd_kafka_message_t *message, void *opaque)
{
    (void)from, (void)opaque;
    note(message->_private, !message->err);
    kafka_rounds_answered(rounds);
}

static void give_up(void *opaque, const char *error)
{
    assert_non_null(error);
    note(opaque, false);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[200];
    assert_int_equal(rd_kafka_conf_set(conf, name, value, text, sizeof text), RD_KAFKA_CONF_OK);
}

static void open_rounds(bool with_broker)
{
    char text[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "max.in.flight.requests.per.connection", "1");
    set(conf, "linger.ms", "0");
    set(conf, "log_level", "0");
    set(conf, "message.max.bytes", "1048576"); /* as kafka_producer.c has it */
    if (with_broker)
        set(conf, "test.mock.num.brokers", "1");
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(handle);
    rounds = kafka_rounds_new(handle, give_up);
    for (size_t i = 0; i < COUNT_OF(told); i++)
        atomic_store(&told[i], 0);
    atomic_store(&delivered, 0);
    atomic_store(&given_up, 0);
}

static void close_rounds(void)
{
    rd_kafka_destroy(handle);
    kafka_rounds_free(rounds);
}

static rd_kafka_resp_err_t send_one(int number)
{
    char key[16], value[64];
    snprintf(key, sizeof key, "%d", number);
    snprintf(value, sizeof value, "value of %d", number);
    struct kafka_header headers[] = {{.name = "ce_id", .value = bytes_of(key)}};
    struct kafka_output output = {.topic = TOPIC,
                                  .partition = 0,
                                  .key = bytes_of(key),
                                  .value = bytes_of(value),
                                  .headers = headers,
                                  .header_count = COUNT_OF(headers)};
    return kafka_rounds_send(rounds, &output, (void *)(uintptr_t)&told[number]);
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

static void poll_until_over(void)
{
    int64_t end_ms = clock_monotonic_ms() + 60000;
    while (!kafka_rounds_are_over(rounds)) {
        assert_true(clock_monotonic_ms() < end_ms);
        rd_kafka_poll(handle, 10);
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
    poll_until_over();
    each_told_once();
    assert_int_equal(atomic_load(&delivered), SENDERS * EACH);
    assert_in_range(kafka_rounds_next(rounds), 2, SENDERS * EACH / 2);
    close_rounds();
}

static void one_alone_goes_at_once_and_is_a_round(void **state)
{
    (void)state;
    open_rounds(true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kafka_rounds_next(rounds), i);
        assert_int_equal(send_one(i), RD_KAFKA_RESP_ERR_NO_ERROR);
        assert_false(kafka_rounds_are_over(rounds));
        poll_until_over();
    }
    assert_int_equal(atomic_load(&delivered), 3);
    close_rounds();
}

static void at_the_end_whatever_waits_is_given_up_once(void **state)
{
    (void)state;
    open_rounds(false); /* nobody answers */
    send_from_all();
    kafka_rounds_end(rounds);
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    poll_until_over();
    each_told_once();
    assert_int_equal(atomic_load(&given_up), SENDERS * EACH);
    assert_int_equal(send_one(0), RD_KAFKA_RESP_ERR__QUEUE_FULL);
    close_rounds();
}

static void a_round_that_is_not_answered_holds_back_nobody_for_long(void **state)
{
    (void)state;
    open_rounds(false);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_one(i), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_outq_len(handle), 1);
    int64_t end_ms = clock_monotonic_ms() + 60000;
    while (rd_kafka_outq_len(handle) < 3) {
        assert_true(clock_monotonic_ms() < end_ms);
        rd_kafka_poll(handle, 10);
        kafka_rounds_look(rounds);
    }
    assert_int_equal(send_one(3), RD_KAFKA_RESP_ERR_NO_ERROR); /* it is late already: at once */
    assert_int_equal(rd_kafka_outq_len(handle), 4);
    kafka_rounds_end(rounds);
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    poll_until_over();
    assert_int_equal(atomic_load(&given_up), 4);
    close_rounds();
}

static void what_waits_is_bounded_and_a_record_too_long_is_refused(void **state)
{
    (void)state;
    static char large[KAFKA_RECORD_BYTES_MAX + 1];
    struct kafka_output output = {
        .topic = TOPIC, .partition = 0, .value = {.data = large, .length = sizeof large}};
    open_rounds(false);
    assert_int_equal(kafka_rounds_send(rounds, &output, NULL),
                     RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_true(kafka_rounds_are_over(rounds));
    output.value.length = KAFKA_RECORD_BYTES_MAX - 128;
    for (int i = 0; i < 65; i++) /* one on its way, 64 MiB that wait */
        assert_int_equal(kafka_rounds_send(rounds, &output, (void *)(uintptr_t)&told[i]),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(kafka_rounds_send(rounds, &output, NULL), RD_KAFKA_RESP_ERR__QUEUE_FULL);
    kafka_rounds_end(rounds);
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    poll_until_over();
    assert_int_equal(atomic_load(&given_up), 65);
    close_rounds();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_delivered_once_in_fewer_rounds_than_records),
        cmocka_unit_test(one_alone_goes_at_once_and_is_a_round),
        cmocka_unit_test(at_the_end_whatever_waits_is_given_up_once),
        cmocka_unit_test(a_round_that_is_not_answered_holds_back_nobody_for_long),
        cmocka_unit_test(what_waits_is_bounded_and_a_record_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
