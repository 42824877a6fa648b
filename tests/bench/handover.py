# SPDX-License-Identifier: Apache-2.0
"""Hand-overs one after the other, and between them a record through a bare transactional hop (consume, produce, commit after 3 ms, by a
process of its own) and a bare append, all read committed. A bare hop counts from the produce of its input.

Request → offer: append to the chain; transactions of the preparation, of the parts, of the offer.
Acceptance → key: transaction that passes the word on; append to the chain; transactions of the judgement, of the key.
Report → proposals: transaction that passes the word on; append; transactions that begin to open it, that know its items, of its
clear chunks, of what the chain is told; append. 1 MB beside its report.json."""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

from hop import ROOT, Reader, quantiles

# Transactional hops, appends, goal for p50 ÷ the p50 of these. A report's megabyte has no like among the bare records.
WAYS = {"request → offer": (3, 1, 3), "acceptance → key": (3, 1, 3), "report → proposals": (5, 2, None)}
CUSTOMER = f"BENCH-{os.getpid()}"


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/handover", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100, help="of a round")
    parser.add_argument("--reports", type=int, default=20, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--relay", metavar="PID", help=argparse.SUPPRESS)
    return parser.parse_args()


def the_desk():
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from desk import Desk
    return Desk(ROOT / os.environ["TEST_DESK"])


def topics(pid):
    return f"kakekomi.bench-in-{pid}", f"kakekomi.bench-out-{pid}", f"kakekomi.bench-append-{pid}"


# --- the bare hop -------------------------------------------------------------------------------------
def relay(desk, pid):
    """With the settings that the services have; until it is killed."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    source, out, _ = topics(pid)
    consumer = Consumer(desk.kafka(**{"group.id": f"bench-relay-{pid}", "enable.auto.commit": False, "fetch.wait.max.ms": 100,
                                      "isolation.level": "read_committed"}))
    consumer.assign([TopicPartition(source, 0, 0)])
    producer = Producer(desk.kafka(**{"transactional.id": f"bench-relay-{pid}", "linger.ms": 0, "retry.backoff.ms": 1,
                                      "retry.backoff.max.ms": 5}))
    producer.init_transactions(30)
    while True:
        message = consumer.poll(1)
        if message is None or message.error():
            continue
        producer.begin_transaction()
        producer.send_offsets_to_transaction([TopicPartition(source, 0, message.offset() + 1)], consumer.consumer_group_metadata())
        produced = time.perf_counter()
        producer.produce(out, message.value(), key=message.key())
        producer.flush()
        time.sleep(max(0, produced + 0.003 - time.perf_counter()))
        producer.commit_transaction()


def make_topics(desk):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient(desk.kafka())
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in topics(os.getpid())]).values():
        future.result(30)


# --- waiting ------------------------------------------------------------------------------------------
class Arrivals:
    """When the first record that is wanted came, of those that were not looked at yet."""

    def __init__(self, desk, topic):
        self.reader, self.at = Reader(desk, topic), 0

    def wait(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.at < len(self.reader.arrived):
                at, message = self.reader.arrived[self.at]
                self.at += 1
                if wanted(message):
                    return at, message
            time.sleep(0.0005)
        raise SystemExit("what is waited for does not come")


def is_of(case, kind):
    def wanted(message):
        return message.key() == case.encode() and ("ce_type", b"kakekomi." + kind.encode()) in (message.headers() or [])
    return wanted


# --- a round ------------------------------------------------------------------------------------------
class Bench:
    def __init__(self, desk):
        from confluent_kafka import Producer
        from desk import READY
        os.environ["KAKEKOMI_PROVIDER_BROKERS"] = desk.env["KAKEKOMI_PROVIDER_BROKERS"]
        sys.path.insert(0, str(ROOT / "deploy" / "demo"))
        from provider import Provider
        self.desk, self.ready, self.provider = desk, READY, Provider(desk.var, f"bench-{os.getpid()}")
        self.producer = Producer(desk.kafka(**{"linger.ms": 0}))
        self.source, self.out, self.appended = (name.removeprefix("kakekomi.") for name in topics(os.getpid()))
        self.arrivals = {topic: Arrivals(desk, topic) for topic in ("escalations", "cases", self.out, self.appended)}
        self.file = random.Random(1).randbytes(1_000_000)
        self.number = 0

    def bare(self, source, out):
        self.number += 1
        key = str(self.number)
        begun = time.perf_counter()
        self.producer.produce("kakekomi." + source, b"x" * 1500, key=key)
        self.producer.flush(30)
        return self.arrivals[out].wait(lambda message: message.key() == key.encode())[0] - begun

    def hand_over(self):
        """(offer, the times of request → offer and of acceptance → key)"""
        case = self.desk.open_case("計測", customer=CUSTOMER, hearing=self.ready)
        self.desk.extraction_done(case)
        self.desk.consent(case)
        self.desk.intention(case)
        begun = time.perf_counter()
        self.desk.request_handover(case)
        offered, message = self.arrivals["escalations"].wait(is_of(case, "escalation.offered"))
        offer = self.provider.verified(message.value())
        word = self.provider.reply_word("escalation.accepted", offer)
        accepted = time.perf_counter()
        self.provider.send("escalation.accepted", case, [word])
        released, _ = self.arrivals["escalations"].wait(is_of(case, "escalation.key"))
        return offer, offered - begun, released - accepted

    def report(self, offer):
        document = {"findings": ["計測"], "indicators": [{"type": "ipv4", "value": "198.51.100.23"}],
                    "recommendations": [{"kind": "block_domain", "target": "c2.example", "reason": "C2"}]}
        values = list(self.provider.report_parts(offer, document, {"report.pdf": ("application/pdf", self.file)}))
        begun = time.perf_counter()
        places = self.provider.send("report.part", offer["case"], values)
        from provider import sha256
        self.provider.reply("report.delivered", offer, parts=[{"part": n, **place, "size": len(value), "sha256": sha256(value)}
                                                              for n, (place, value) in enumerate(zip(places, values))])
        told, message = self.arrivals["cases"].wait(is_of(offer["case"], "provider.reported"))
        assert len(json.loads(message.value())["proposals"]) == 2
        return told - begun

    def round(self, given):
        times = {name: [] for name in ("hop", "append", *WAYS)}
        for number in range(given.cases):
            times["hop"].append(self.bare(self.source, self.out))
            times["append"].append(self.bare(self.appended, self.appended))
            offer, offered, released = self.hand_over()
            times["request → offer"].append(offered)
            times["acceptance → key"].append(released)
            if number * given.reports // given.cases != (number + 1) * given.reports // given.cases:
                times["report → proposals"].append(self.report(offer))
                time.sleep(1)  # the provider's quota is 2 MiB a second
        return {name: quantiles(some) for name, some in times.items()}


def main(given):
    desk = the_desk()
    if given.relay:
        return relay(desk, given.relay)
    from desk import until
    desk.wait_ready()
    make_topics(desk)
    process = subprocess.Popen([sys.executable, pathlib.Path(__file__), "--relay", str(os.getpid())])
    medians = {name: [] for name in WAYS}
    try:
        bench = Bench(desk)
        until("the relay relays", lambda: bench.bare(bench.source, bench.out) < 5)
        print("| what | hops | p50 / p99 ms | bare hop | bare append | ÷ its hops (goal: p50 ≤ 3) | load |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for _ in range(given.rounds):
            found = bench.round(given)
            for name, (hops, appends, _) in WAYS.items():
                bare = [hops * found["hop"][i] + appends * found["append"][i] for i in range(2)]
                ratios = [found[name][i] / bare[i] for i in range(2)]
                medians[name].append(ratios[0])
                print(f"| {name} | {hops} + {appends} | " + " | ".join(
                    f"{a:.1f} / {b:.1f}" for a, b in (found[name], found["hop"], found["append"], ratios))
                    + f" | {os.getloadavg()[0]:.0f} |", flush=True)
    finally:
        process.kill()
        process.wait()
    print("\nagain: tests/bench/handover " + " ".join(sys.argv[1:]))
    found = {name: sorted(ratios)[len(ratios) // 2] for name, ratios in medians.items()}
    print("median of the rounds: " + ", ".join(f"{name} {ratio:.1f}" for name, ratio in found.items()))
    return 0 if all(goal is None or found[name] <= goal for name, (_, _, goal) in WAYS.items()) else 1


if __name__ == "__main__":
    sys.exit(main(options()))
