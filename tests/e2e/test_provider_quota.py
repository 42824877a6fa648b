# SPDX-License-Identifier: Apache-2.0
"""The provider has a quota at the broker: what it writes faster waits; nobody else's does."""
import os
import struct
import subprocess
import sys
import threading
import time

from confluent_kafka import Producer

from desk import ROOT, until
from wire import Wire

BURST = 30  # records of 900 kB: more than ten seconds of the quota, over which the broker takes the average


def throttled(desk, principal, topic):
    """How long the broker made this principal wait for a burst, in seconds."""
    waits = []
    producer = Producer({**desk.kafka(principal), "message.max.bytes": 1_000_000, "linger.ms": 0,
                         "throttle_cb": lambda event: waits.append(event.throttle_time)})
    for _ in range(BURST):
        producer.produce(topic, b"\0" * 900_000, key="flood")
    assert producer.flush(60) == 0
    producer.poll(1)
    return max(waits, default=0)


def test_the_broker_has_the_quota_and_setting_it_again_is_harmless(desk):
    pki = (desk.var / "pki" / "admin").resolve()
    env = {"PATH": os.environ["PATH"], "KAKEKOMI_KAFKA_BROKERS": desk.brokers, "KAKEKOMI_KAFKA_CERT_FILE": pki / "cert.pem",
           "KAKEKOMI_KAFKA_KEY_FILE": pki / "key.pem", "KAKEKOMI_KAFKA_CA_FILE": pki / "ca.pem"}
    for _ in range(2):
        done = subprocess.run([sys.executable, ROOT / "deploy/kafka/provider-quota"], env=env, text=True, capture_output=True, check=True)
        assert done.stdout == \
            ("quota of User:provider: consumer_byte_rate 8388608, controller_mutation_rate 1, producer_byte_rate 2097152, "
             "request_percentage 100\n")
    foreign = {**env, "KAKEKOMI_KAFKA_CERT_FILE": pki.parent / "intake/cert.pem", "KAKEKOMI_KAFKA_KEY_FILE": pki.parent / "intake/key.pem"}
    refused = subprocess.run([sys.executable, ROOT / "deploy/kafka/provider-quota"], env=foreign, text=True, capture_output=True)
    assert refused.returncode != 0 and "authorization" in refused.stderr


def test_a_flood_of_replies_is_slowed_down_and_a_flood_of_logs_is_not(desk):
    before = desk.ends("dead-letters")
    waited = throttled(desk, "provider", "kakekomi.provider-replies")
    print(f"the provider was made to wait {waited:.1f} s")
    assert waited > 0.5
    assert throttled(desk, "shipper", "kakekomi.security-logs") == 0
    until("the flood is refused as what it is", lambda: len(desk.read("dead-letters", since=before)) >= BURST, 60, 0.2)


def asked_in_vain(desk, principal, seconds):
    """Nothing but questions, on several connections: how long the broker made this principal wait, in seconds."""
    waits, end = [], time.monotonic() + seconds

    def ask():
        wire = Wire(desk, principal)
        while time.monotonic() < end:
            answer = wire.ask(3, 3, struct.pack(">i", -1))  # Metadata of every topic; its answer begins with the time to wait
            waits.append(struct.unpack_from(">i", answer)[0] / 1000)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(waits)


def test_requests_that_write_nothing_are_counted_too(desk):
    """Its bytes would be free: what it may keep busy of the broker's threads is limited as well."""
    assert asked_in_vain(desk, "triage", 3) == 0
    waited = asked_in_vain(desk, "provider", 6)
    print(f"the provider was made to wait {waited:.2f} s")
    assert waited > 0
