# SPDX-License-Identifier: Apache-2.0
"""A partner that is slow, silent, or floods its topic slows only itself: searches, holds, offers and mails of other cases go on."""
import contextlib
import itertools
import statistics
import threading
import time
import uuid

import pytest
from confluent_kafka import Consumer, Producer

from desk import in_full_only, READY, SEED, until
from hostile import Flood, Hostile
from partner import Partner

JOURNEYS = 9
TIMES_THE_QUIET = 3


def journey(desk):
    """One case from its opening to its offer and the mail about it: how long each of them took, in seconds."""
    address = f"{uuid.uuid4().hex}@slow.example"
    took, begun = {}, time.monotonic()

    def lap(what, reached):
        nonlocal begun
        until(what, reached, 60, 0.002)
        took[what], begun = time.monotonic() - begun, time.monotonic()

    hearing = {**READY, "contact": {**READY["contact"], "email": address}}
    case_id = desk.open_case("他の案件", customer="SLOW-1", hearing=hearing)
    lap("search", lambda: desk.case(case_id)["triage"]["status"] in ("found", "none"))
    desk.ok("POST", f"/v1/cases/{case_id}/actions",
            {"kind": "address_confirmed", "by": "operator", "address_confirmed": {"address": address}})
    desk.request_handover(case_id)
    lap("hold", lambda: desk.state(case_id) == "held")
    desk.consent(case_id)
    desk.intention(case_id)
    lap("offer", lambda: desk.state(case_id) == "offered")
    lap("mail", lambda: any("にご紹介しました" in mail.get_body(("plain",)).get_content() for mail in desk.mails_to(address)))
    return took


def journeys(desk):
    all_ = [journey(desk) for _ in range(JOURNEYS)]
    return {what: statistics.median(took[what] for took in all_) for what in all_[0]}


@contextlib.contextmanager
def transaction_that_never_ends(desk):
    """The provider cannot open one (test_permissions); a desk that gave it the right to, or another writer, can. Every reader of
    `provider-replies` stands still behind it."""
    producer = Producer(desk.kafka(**{"transactional.id": "test-" + uuid.uuid4().hex, "transaction.timeout.ms": 300_000}))
    producer.init_transactions(30)
    producer.begin_transaction()
    partitions = desk.ends("provider-replies")
    for partition in partitions:
        producer.produce("kakekomi.provider-replies", b"never committed", partition=partition)
    producer.flush(30)
    yield
    producer.abort_transaction(30)


@contextlib.contextmanager
def reader_that_never_reads(desk):
    consumer = Consumer(desk.kafka("provider", **{"group.id": "provider-" + uuid.uuid4().hex}))
    consumer.subscribe(["kakekomi.escalations"])
    consumer.poll(5)
    yield
    consumer.close()


@contextlib.contextmanager
def reader_at_its_quota(desk):
    """Everything again and again."""
    going = True

    def read():
        while going:
            desk.read("escalations", principal="provider")
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield
    going = False
    thread.join(60)


@contextlib.contextmanager
def writer_at_its_quota(desk):
    nobody = {"case": str(uuid.uuid4()), "handover": str(uuid.uuid4()), "head": "0" * 64}
    provider = Partner(desk).provider
    hostile = Hostile(SEED, provider, {"offered": nobody, "answered": nobody, "word": provider.reply_word("escalation.accepted", nobody),
                                       "part": b"eyJ" + b"A" * 700 + b"." * 4})
    going = True
    flood = Flood(desk, itertools.takewhile(lambda _: going, itertools.cycle(list(hostile.records(3000)))))
    flood.start()
    time.sleep(5)  # what may be written at once is written
    yield
    assert flood.is_alive(), "it had ended by itself"
    going = False
    flood.join(120)
    assert len(flood.places) > 3000


@pytest.mark.parametrize("disturbance", [
    transaction_that_never_ends, pytest.param(reader_that_never_reads, marks=in_full_only), pytest.param(reader_at_its_quota, marks=in_full_only),
    writer_at_its_quota])
def test_it_slows_only_itself(desk, disturbance):
    desk.wait_idle(seconds=300)
    before = journeys(desk)
    with disturbance(desk):
        during = journeys(desk)
    after = journeys(desk)
    print("\n" + disturbance.__name__, {what: "%.0f, %.0f, %.0f ms" % tuple(s[what] * 1000 for s in (before, during, after)) for what in before})
    desk.wait_idle(seconds=300)
    for what in before:  # the machine has other things to do too: the slower of the two quiet times counts
        assert during[what] <= TIMES_THE_QUIET * max(before[what], after[what]), (what, before, during, after)
