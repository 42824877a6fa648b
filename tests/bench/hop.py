# SPDX-License-Identifier: Apache-2.0
"""Cases opened at a low, steady rate; two readers of committed records note when each case's records arrive.
One hop: from the case on `cases` to `searching` on `extractions`. All: from the POST to the summary, two hops and the search."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CUSTOMER = f"BENCH-{os.getpid()}"


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/hop", description=__doc__)
    parser.add_argument("--rate", type=float, default=40, help="cases a second")
    parser.add_argument("--cases", type=int, default=1200, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


class Reader(threading.Thread):
    """Notes when each committed record arrives; what it says is read afterwards."""

    def __init__(self, desk, topic):
        super().__init__(daemon=True)
        from confluent_kafka import Consumer, TopicPartition
        self.consumer = Consumer(desk.kafka(**{"group.id": f"bench-{topic}-{os.getpid()}", "enable.auto.commit": False,
                                               "isolation.level": "read_committed", "fetch.wait.max.ms": 100}))
        self.consumer.assign([TopicPartition("kakekomi." + topic, p, end) for p, end in desk.ends(topic).items()])
        self.arrived, self.ended = [], False
        self.start()

    def run(self):
        while not self.ended:
            message = self.consumer.poll(0.2)
            if message and not message.error():
                self.arrived.append((time.perf_counter(), message))
        self.consumer.close()

    def stop(self):
        self.ended = True
        self.join()
        return self.arrived


def ship(desk, folder):
    """What a search has to look through: three months of one customer."""
    from confluent_kafka import Producer
    driver = ROOT / "var/build-gcc/tests/logstore_bench"
    subprocess.run([driver, "days", folder, "1", "12800", "4"], check=True, stdout=subprocess.DEVNULL)
    producer = Producer(desk.kafka("shipper"))
    refused = []
    for path in sorted(folder.iterdir()):
        for line in path.read_text().splitlines():
            owner, at_us, text = line.split("\t", 2)
            if owner == "C-000000" and int(at_us) / 1e6 < time.time():
                producer.produce("kakekomi.security-logs", key=CUSTOMER, value=text.encode(),
                                 on_delivery=lambda error, _: error and refused.append(error))
                producer.poll(0)
    producer.flush(30)
    assert not refused, refused[0]


def open_cases(desk, given):
    """At fixed times, whether the one before was answered or not."""
    import requests
    local, begun, opened = threading.local(), time.perf_counter() + 0.1, {}

    def one(number):
        local.session = getattr(local, "session", None) or requests.Session()
        time.sleep(max(0, begun + number / given.rate - time.perf_counter()))
        sent = time.perf_counter()
        body = {"contact": {"company": "計測", "phone": "03-0000-1234"}, "incident": {"summary": "計測"}, "customer_id": CUSTOMER,
                "device": [{"identification": "identified", "addresses": ["192.168.10.1"]}]}
        answer = desk.call("POST", "/v1/cases", body, session=local.session)
        assert answer.status_code == 201, answer.text
        opened[answer.json()["id"]] = sent
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(given.cases)))
    return opened


def first(arrived, wanted):
    """case → when its first such record arrived"""
    times = {}
    for at, message in arrived:
        if wanted(message):
            times.setdefault(message.key().decode(), at)
    return times


def status(message):
    return json.loads(message.value()).get("status") if message.value() else None


def quantiles(times):
    times = sorted(times)
    return times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000


def one_round(desk, given):
    cases, extractions = Reader(desk, "cases"), Reader(desk, "extractions")
    time.sleep(1)
    opened = open_cases(desk, given)
    end = time.monotonic() + 60
    while time.monotonic() < end and not desk.is_idle("triage"):
        time.sleep(0.2)
    time.sleep(1)
    found = extractions.stop()
    taken = first(cases.stop(), lambda message: True)
    searching = first(found, lambda message: status(message) == "searching")
    told = first(found, lambda message: status(message) in ("found", "none"))
    missing = [case for case in opened if case not in told]
    assert not missing, f"{len(missing)} of {len(opened)} without an answer"
    return (quantiles([searching[case] - taken[case] for case in opened]),
            quantiles([searching[case] - opened[case] for case in opened]),
            quantiles([told[case] - opened[case] for case in opened]))


def main(given):
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from desk import Desk, until
    desk = Desk(ROOT / os.environ["TEST_DESK"])
    desk.wait_ready()
    ship(desk, desk.var / "bench-days")
    until("triage is idle", lambda: desk.is_idle("triage"))
    good = True
    print("| one hop p50 / p99 ms | POST → searching | POST → summary | ÷ one hop (goal 9: ≤ 3) | load |")
    print("| --- | --- | --- | --- | --- |")
    for _ in range(given.rounds):
        hop, begun, whole = one_round(desk, given)
        ratios = [whole[i] / hop[i] for i in range(2)]
        good = good and max(ratios) <= 3
        print("| " + " | ".join(f"{a:.1f} / {b:.1f}" for a, b in (hop, begun, whole, ratios)) + f" | {os.getloadavg()[0]:.1f} |")
    print("\nagain: tests/bench/hop " + " ".join(sys.argv[1:]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(options()))
