# SPDX-License-Identifier: Apache-2.0
"""Cases of 1.5 KB posted by wrk over connections that stay open, to intake and to its peers, one after the other, in rounds; each writes keyed
records to twelve partitions over mTLS and answers 201 when all in-sync replicas have them. Every run holds what was answered against the
end offsets of its topic. A server's CPU is that of its process; of intake without the threads that fold the view, which are given apart:
no peer has a view. Other services are stopped meanwhile, and intake has folded everything before the next run begins."""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "var/bench"
TICKS = os.sysconf("SC_CLK_TCK")
INTAKE, ALONE = "intake", "intake without Kafka"
GO = ("Go, linger 0", "Go, linger 0.5 ms", "Go, linger 0.5 ms, looks at no field")
FASTAPI, BENTHOS = "FastAPI", "Benthos"
FOLDS = ("view-fold", "live-listeners", "live-services")


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/post_cases", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="of a run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flush-each", action="store_true", help="with flush.messages=1 on every topic, as on the one broker of a small desk")
    return parser.parse_args()


# --- what is posted -------------------------------------------------------------------------------------
def a_case():
    """As an operator has it after the first minutes, 1.5 KB of it."""
    device = {"identification": "identified", "os": "Windows 11", "addresses": ["192.0.2.77"], "disk_encrypted": "unknown"}
    case = {"customer_id": "BENCH-1", "contact": {"company": "株式会社見本製作所", "department": "総務部", "person": "見本 花子", "phone": "03-0000-1234"},
            "incident": {"type": "ransomware", "summary": "朝出社したところ、共有フォルダのファイルが開けない。" * 6, "discovered_at": "2026-11-24T08:10:00+09:00"},
            "device": [device] * 3, "other_info": "折り返しは午後二時以降。"}
    case["other_info"] += "あ" * ((1500 - len(json.dumps(case, ensure_ascii=False).encode())) // 3)
    return json.dumps(case, ensure_ascii=False)


SCRIPT = """
wrk.method, wrk.body = "POST", [==[%s]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
done = function(summary, latency, requests)
  io.write(string.format('{"answers":%%d,"us":%%d,"bad":%%d,"broken":%%d,"p50":%%d,"p99":%%d}\\n', summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


# --- processes --------------------------------------------------------------------------------------------
def cpu_of(stat):
    fields = pathlib.Path(stat).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def threads_of(pid):
    """(name, CPU seconds) in the order in which they were begun."""
    for task in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            yield (task / "comm").read_text().strip(), cpu_of(task / "stat")


def intake_cpu(pid):
    """(requests and producer, everything else: the fold of the view). The producer's threads are the Kafka client's that were begun
    before `kafka-delivery`; all later ones read, also those that came and went meanwhile."""
    requests, reads = 0.0, False
    for name, seconds in threads_of(pid):
        if name not in FOLDS and not (reads and name.startswith("rdk:")):
            requests += seconds
        reads = reads or name == "kafka-delivery"
    return requests, cpu_of(f"/proc/{pid}/stat") - requests


def rss_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, pid, url, topic=None):
        self.name, self.pid, self.url, self.topic = name, pid, url, topic

    def cpu(self):
        return intake_cpu(self.pid) if self.name in (INTAKE, ALONE) else (cpu_of(f"/proc/{self.pid}/stat"), 0.0)


class Bench:
    def __init__(self, desk, given):
        from confluent_kafka.admin import AdminClient
        self.desk, self.given, self.started, self.admin = desk, given, [], AdminClient(desk.kafka())
        self.token = desk.env["KAKEKOMI_TOKEN"]
        (BENCH / "post.lua").write_text(SCRIPT % (a_case(), self.token))
        self.servers = {INTAKE: Server(INTAKE, desk.pid("intake"), desk.url, "cases")}

    # --- the servers ------------------------------------------------------------------------------------------
    def start(self, name, command, port, topic=None, **env):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("KAKEKOMI_")}
        with open(BENCH / "peers.log", "ab") as log:
            process = subprocess.Popen(command, env={**clean, **env}, stdout=log, stderr=log)
        self.started.append(process)
        end = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None and time.monotonic() < end, f"{name} does not start: var/bench/peers.log"
            time.sleep(0.1)
        self.servers[name] = Server(name, process.pid, f"http://127.0.0.1:{port}", topic)

    def start_peers(self):
        pki, brokers = str(self.desk.var / "pki/admin"), self.desk.brokers
        sha256 = hashlib.sha256(self.token.encode()).hexdigest()
        for number, (name, more) in enumerate(zip(GO, ([], ["-linger=500us"], ["-linger=500us", "-valid-only"]))):
            port, topic = free_port(), self.make_topic(f"go-{number}")
            self.start(name, [BENCH / "post_peer_go", f"-address=127.0.0.1:{port}", f"-brokers={brokers}", f"-topic=kakekomi.{topic}", f"-pki={pki}",
                              f"-token-sha256={sha256}", *more], port, topic)
        port, topic = free_port(), self.make_topic("benthos")
        self.start(BENTHOS, [BENCH / "post_peer_benthos", "run", ROOT / "tests/bench/post_peer_benthos/config.yaml"], port, topic,
                   PEER_ADDRESS=f"127.0.0.1:{port}", PEER_BROKERS=brokers, PEER_TOPIC="kakekomi." + topic, PEER_PKI=pki, PEER_TOKEN_SHA256=sha256)
        port, topic = free_port(), self.make_topic("fastapi")
        self.start(FASTAPI, [BENCH / "venv/bin/uvicorn", "--app-dir", ROOT / "tests/bench", "post_peer_fastapi:app", "--port", str(port), "--no-access-log",
                             "--loop", "uvloop", "--http", "httptools"], port, topic,
                   PEER_BROKERS=brokers, PEER_TOPIC="kakekomi." + topic, PEER_PKI=pki, PEER_TOKEN_SHA256=sha256)

    def start_alone(self):
        """The same intake, of which every record counts as acknowledged at once; with a fold of its own."""
        environ = pathlib.Path(f"/proc/{self.desk.pid('intake')}/environ").read_bytes().decode().split("\0")
        port, admin = free_port(), free_port()
        env = dict(line.split("=", 1) for line in environ if line) | {
            "KAKEKOMI_HTTP_ADDRESS": f"127.0.0.1:{port}", "KAKEKOMI_ADMIN_ADDRESS": f"127.0.0.1:{admin}", "KAKEKOMI_INSTANCE": "alone",
            "KAKEKOMI_STATE_DIR": str(self.desk.var / "state/alone")}
        self.start(ALONE, [ROOT / "var/build-gcc/tests/intake_without_kafka"], port, **env)

    def end(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(30)
        self.started = []

    def end_alone(self):
        self.end()
        del self.servers[ALONE]

    # --- topics -------------------------------------------------------------------------------------------
    def make_topic(self, name):
        from confluent_kafka.admin import NewTopic
        name = f"bench-{os.getpid()}-{name}"
        self.admin.create_topics([NewTopic("kakekomi." + name, 12, 1)])["kakekomi." + name].result(30)
        return name

    def set_flush(self):
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
        each = self.given.flush_each
        for server in self.servers.values():
            if server.topic:
                resource = ConfigResource(ConfigResource.Type.TOPIC, "kakekomi." + server.topic)
                resource.add_incremental_config(ConfigEntry("flush.messages", "1" if each else None, incremental_operation=
                                                            AlterConfigOpType.SET if each else AlterConfigOpType.DELETE))
                self.admin.incremental_alter_configs([resource])[resource].result(30)

    # --- one run ------------------------------------------------------------------------------------------
    def wait_folded(self):
        """Until no fold has anything to do: else it would work on while others are measured."""
        folds = [server for server in self.servers.values() if server.name in (INTAKE, ALONE)]
        while True:
            before = [server.cpu()[1] for server in folds]
            time.sleep(1)
            if all(server.cpu()[1] - was < 0.05 for server, was in zip(folds, before)):
                return

    def post(self, url, connections, seconds):
        answer = subprocess.run([BENCH / "wrk/usr/bin/wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", BENCH / "post.lua",
                                 url + "/v1/cases"], check=True, capture_output=True, text=True,
                                env={**os.environ, "LD_LIBRARY_PATH": str(BENCH / "wrk/usr/lib/x86_64-linux-gnu")}).stdout
        found = json.loads(answer.splitlines()[-1])
        assert found["bad"] == found["broken"] == 0 and found["answers"] > 0, answer
        return found

    def run(self, name, connections):
        server, broker = self.servers[name], f"/proc/{self.desk.pid('kafka')}/stat"
        self.post(server.url, connections, 1)
        self.wait_folded()
        written = sum(self.desk.ends(server.topic).values()) if server.topic else 0
        cpu, fold, kafka = *server.cpu(), cpu_of(broker)
        found = self.post(server.url, connections, self.given.seconds)
        rss = rss_mib(server.pid)
        time.sleep(0.3)
        used, kafka = server.cpu()[0] - cpu, cpu_of(broker) - kafka
        later = rss_mib(server.pid)
        self.wait_folded()
        if server.topic:
            written = sum(self.desk.ends(server.topic).values()) - written
            assert 0 <= written - found["answers"] <= connections, f"{name}: {found['answers']} answered, {written} written"
        return {"rate": found["answers"] / found["us"] * 1e6, "p50": found["p50"] / 1000, "p99": found["p99"] / 1000, "rss": rss, "later": later,
                "per cpu": found["answers"] / used, "per cpu and broker": found["answers"] / (used + kafka),
                "fold us": (server.cpu()[1] - fold) / found["answers"] * 1e6, "load": os.getloadavg()[0]}

    @contextlib.contextmanager
    def resting(self, name):
        """A fold beside would take a core from whoever is measured."""
        if name not in self.servers:
            yield
            return
        os.kill(self.servers[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.servers[name].pid, signal.SIGCONT)

    def take_rounds(self, found):
        for turn in range(self.given.rounds):
            for key, runs in found.items():
                with self.resting(ALONE if key[0] == INTAKE else None):
                    runs.append(self.run(*key))
                print(f"  round {turn + 1}: {key[0]}, {key[1]}: {runs[-1]['rate']:,.0f}/s, {runs[-1]['per cpu']:,.0f} per CPU-s", file=sys.stderr)


def median(runs, what):
    return statistics.median(run[what] for run in runs)


def print_rows(found):
    print("| server | conns | req/s | p50 / p99 ms | req per server CPU-s | req per (server + broker) CPU-s | RSS MiB | load |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (name, connections), runs in found.items():
        print(f"| {name} | {connections} | {median(runs, 'rate'):,.0f} | {median(runs, 'p50'):.2f} / {median(runs, 'p99'):.1f} | "
              f"{median(runs, 'per cpu'):,.0f} | {median(runs, 'per cpu and broker'):,.0f} | {median(runs, 'rss'):.0f} | {median(runs, 'load'):.0f} |")
    print(f"\nTo fold a case into the view costs {median(found[INTAKE, 64], 'fold us'):.0f} µs of CPU beside; while it catches up intake has "
          f"{median(found[INTAKE, 64], 'later'):.0f} MiB.\n")


def ratio(found, what, connections, peers, least=True):
    """Median over the rounds of ours ÷ the best peer's of the same round. Best is the peer with the largest median, or the least where
    less is better: the largest of each round would be a peer that there is none, lucky every time."""
    best = (min if least else max)(peers, key=lambda peer: median(found[peer, connections], what))
    return statistics.median(ours[what] / theirs[what] for ours, theirs in zip(found[INTAKE, connections], found[best, connections]))


def goals(found, alone):
    with_kafka = statistics.median(a["per cpu"] / b["per cpu"] for a, b in zip(alone[INTAKE, 64], alone[ALONE, 64]))
    return [("1", "req per server CPU-s ÷ Go's, 64 connections", ratio(found, "per cpu", 64, GO, False), "≥", 2),
            ("2", "the same ÷ Benthos'", ratio(found, "per cpu", 64, [BENTHOS], False), "≥", 3.5),
            ("2", "the same ÷ FastAPI's", ratio(found, "per cpu", 64, [FASTAPI], False), "≥", 12),
            ("3", "req per (server + broker) CPU-s ÷ Go's", ratio(found, "per cpu and broker", 64, GO, False), "≥", 2),
            ("4", "req per server CPU-s with Kafka ÷ without", with_kafka, "≥", 0.5),
            ("5", "p50 at 1 connection ÷ Go's", ratio(found, "p50", 1, GO), "≤", 1),
            ("5", "p99 at 64 connections ÷ Go's", ratio(found, "p99", 64, GO), "≤", 1),
            ("6", "RSS ÷ Go's", ratio(found, "rss", 64, GO), "≤", 1)]


def print_goals(rows):
    print("| goal | ratio to the best of its kind, median of the rounds | measured | must | |")
    print("| --- | --- | --- | --- | --- |")
    met = [value >= must if sign == "≥" else value <= must for _, _, value, sign, must in rows]
    for (goal, what, value, sign, must), good in zip(rows, met):
        print(f"| {goal} | {what} | {value:.2f} | {sign} {must} | {'pass' if good else 'missed'} |")
    return all(met)


def main(given):
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from desk import PROCESSORS, Desk
    desk = Desk(ROOT / os.environ["TEST_DESK"])
    desk.wait_ready("intake")
    for service in PROCESSORS:
        os.kill(int((desk.var / f"run/supervise-{service}.pid").read_text()), signal.SIGTERM)
    bench = Bench(desk, given)
    try:
        bench.set_flush()
        bench.start_alone()  # first, while there is little that it has to fold
        for name in (INTAKE, ALONE):  # a broker that was just started is slow
            bench.post(bench.servers[name].url, 64, 3)
        alone = {(name, 64): [] for name in (INTAKE, ALONE)}
        bench.take_rounds(alone)
        bench.end_alone()
        bench.start_peers()
        bench.set_flush()
        found = {(name, connections): [] for connections in (64, 1) for name in (INTAKE, *GO, BENTHOS, FASTAPI)}
        for server in bench.servers.values():
            bench.post(server.url, 64, 3)
        bench.take_rounds(found)
    finally:
        bench.end()
    print_rows({**found, (ALONE, 64): alone[ALONE, 64]})
    met = print_goals(goals(found, alone))
    print("\nagain: tests/bench/post_cases " + " ".join(sys.argv[1:]))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(options()))
