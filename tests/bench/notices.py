# SPDX-License-Identifier: Apache-2.0
"""One mail for each case, to a sink that takes everything. Steady: cases as they are opened; CPU seconds of notify for all of them, and from
the event's time to the sink's acceptance. At once: the same number while notify was stopped. The peer, a Go program of a
hundred lines, reads the records of the same topic, all at once: its CPU seconds, without a state, a plan, an outcome or a transaction."""
import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "var/bench/notices-peer"


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/notices", description=__doc__)
    parser.add_argument("--rate", type=float, default=20, help="cases a second")
    parser.add_argument("--cases", type=int, default=1000)
    return parser.parse_args()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sink(folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "sink.log"
    process = subprocess.Popen([PEER, "sink", f"127.0.0.1:{port}", file])
    return process, port, file


def accepted(file):
    return {address: int(at) for address, at in (line.split() for line in file.read_text().splitlines() if line.count(" ") == 1)}


def open_cases(desk, count, rate, name):
    opened, begun = {}, time.perf_counter()
    for number in range(count):
        time.sleep(max(0, begun + number / rate - time.perf_counter()))
        address = f"x@{name}{number}.{os.getpid()}.peer.example"
        opened[address] = desk.open_case("計測", hearing={"contact": {"email": address, "person": "見本 花子"}})
    return opened


def event_times(desk, addresses):
    import datetime
    times = {}
    for record in desk.read("cases"):
        if record.type == "case.opened" and b".peer.example" in record.value:
            address = record.data["hearing"]["contact"].get("email")
            times[address] = datetime.datetime.fromisoformat(record.headers["ce_time"]).timestamp() * 1e6
    return {address: times[address] for address in addresses}


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def steady(desk, given, relay, file):
    from desk import until
    desk.restart_with("notify", KAKEKOMI_SMTP_URL=relay)
    desk.wait_ready("notify")
    pid = desk.pid("notify")
    before = cpu_seconds(pid)
    opened = open_cases(desk, given.cases, given.rate, "s")
    until("every mail", lambda: set(opened) <= set(accepted(file)), 600, 0.5)
    desk.wait_idle("notify")
    ours = cpu_seconds(pid) - before
    ends, begins = accepted(file), event_times(desk, opened)
    return ours, [(ends[address] - begins[address]) / 1000 for address in opened]


def at_once(desk, given, relay, file):
    """Stopped while the cases are opened; whether it goes on or is started again, all of it counts."""
    from desk import until
    desk.restart_with("notify", KAKEKOMI_SMTP_URL=relay)
    desk.wait_ready("notify")
    desk.wait_idle("notify")
    pid = desk.pid("notify")
    before = cpu_seconds(pid)
    os.kill(pid, signal.SIGSTOP)
    opened = open_cases(desk, given.cases, 1000, "o")
    desk.wait_idle("triage", "escalation")
    os.kill(pid, signal.SIGCONT)
    until("every mail", lambda: set(opened) <= set(accepted(file)), 600, 0.5)
    desk.wait_idle("notify")
    last = desk.pid("notify")
    return cpu_seconds(last) - (before if last == pid else 0)


def main():
    given = options()
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from desk import Desk
    desk = Desk(pathlib.Path(os.environ["TEST_DESK"]))
    process, port, file = sink(desk.var)
    relay = f"smtp+plain://127.0.0.1:{port}"
    try:
        desk.wait_ready()
        ours, waits = steady(desk, given, relay, file)
        burst = at_once(desk, given, relay, file)
        peer = json.loads(subprocess.run([PEER, "send", desk.var / "pki/admin", desk.brokers, f"127.0.0.1:{port}", str(given.cases)],
                                         check=True, capture_output=True, text=True, timeout=600).stdout)
    finally:
        process.kill()
    theirs = given.cases / peer["cpu_seconds"]
    print("| | mails per CPU-s | ÷ the Go sender's | change → acceptance p50 / p99 ms |\n| --- | --- | --- | --- |")
    print(f"| notify, {given.rate:.0f} cases a second | {given.cases / ours:.0f} | {given.cases / ours / theirs:.2f} | "
          f"{quantile(waits, 0.5):.1f} / {quantile(waits, 0.99):.1f} |")
    print(f"| notify, {given.cases} at once | {given.cases / burst:.0f} | {given.cases / burst / theirs:.2f} | – |")
    print(f"| Go sender, at once | {theirs:.0f} | 1 | – |")
    print(f"mean wait {statistics.mean(waits):.1f} ms, load {os.getloadavg()[0]:.0f}")


main()
