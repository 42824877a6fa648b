# SPDX-License-Identifier: Apache-2.0
"""The provider has a quota at the broker: what it writes faster waits; nobody else's does."""
import os
import subprocess
import sys

from confluent_kafka import Producer

from desk import ROOT, until

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
        assert done.stdout == "quota of User:provider: consumer_byte_rate 8388608, producer_byte_rate 2097152\n"
    foreign = {**env, "KAKEKOMI_KAFKA_CERT_FILE": pki.parent / "intake/cert.pem", "KAKEKOMI_KAFKA_KEY_FILE": pki.parent / "intake/key.pem"}
    refused = subprocess.run([sys.executable, ROOT / "deploy/kafka/provider-quota"], env=foreign, text=True, capture_output=True)
    assert refused.returncode != 0 and "authorization" in refused.stderr


def test_a_flood_of_replies_is_slowed_down_and_a_flood_of_logs_is_not(desk):
    before = len(desk.read("dead-letters"))
    waited = throttled(desk, "provider", "kakekomi.provider-replies")
    print(f"the provider was made to wait {waited:.1f} s")
    assert waited > 0.5
    assert throttled(desk, "shipper", "kakekomi.security-logs") == 0
    until("the flood is refused as what it is", lambda: len(desk.read("dead-letters")) >= before + BURST, 60, 1)
