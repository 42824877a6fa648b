# SPDX-License-Identifier: Apache-2.0
"""Two views, of few and of many cases, filled by the view's own writing code and kept in var/bench/finding-N; every kind of
question is asked of both by turns, as the route asks it (question read, page made, JSON written). A question has the same
answer at both sizes: a full page, or what is there twenty times. Times are of the processor: others may be at work."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "var/build-gcc/tests/finding_bench"
RATIO_MAX = 2
FLOOR_MS = 1  # below it, the ratio is one of the clock and the caches


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/finding", description=__doc__)
    parser.add_argument("--cases", type=int, nargs=2, default=[10_000, 1_000_000], metavar=("FEW", "MANY"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=200, help="of each kind in a round")
    parser.add_argument("--rebuild", type=int, metavar="CASES", help="instead: so many cases through Kafka, and the view folded anew")
    return parser.parse_args()


def tool(*arguments, **more):
    return json.loads(subprocess.run([TOOL, *map(str, arguments)], check=True, stdout=subprocess.PIPE, **more).stdout)


def folder_of(cases):
    folder = ROOT / f"var/bench/finding-{cases}"
    if not (folder / "filled.json").exists():
        subprocess.run(["rm", "-rf", folder], check=True)
        filled = tool("fill", folder, cases)
        (folder / "filled.json").write_text(json.dumps(filled))
    return folder


def median(values):
    return sorted(values)[len(values) // 2]


def compare(few, many, rounds, questions):
    answers = {cases: [] for cases in (few, many)}
    for _ in range(rounds):
        for cases in (few, many):
            answers[cases].append(tool("ask", folder_of(cases), questions))
    missed = 0
    print(f"| question | found | p50 / p99 ms at {few:,} | at {many:,} | p99 ÷ p99 | |\n| --- | --- | --- | --- | --- | --- |")
    for name in answers[few][0]:
        def at(cases, what):
            return median([answer[name]["cpu"][what] for answer in answers[cases]])
        ratio = at(many, "p99_ms") / at(few, "p99_ms")
        good = ratio <= RATIO_MAX or at(many, "p99_ms") <= FLOOR_MS
        missed += not good
        shown = [f"{at(cases, 'p50_ms'):.2f} / {at(cases, 'p99_ms'):.2f}" for cases in (few, many)]
        found = sorted({answers[cases][0][name]["found"] for cases in (few, many)})
        print(f"| {name} | {', '.join(map(str, found))} | {shown[0]} | {shown[1]} | {ratio:.2f} | {'' if good else 'missed'} |")
    for cases in (few, many):
        filled = json.loads((folder_of(cases) / "filled.json").read_text())
        print(f"{cases:,} cases: {filled['bytes_per_case']:.0f} bytes of the view per case")
    folded = tool("fold", ROOT / f"var/bench/finding-fold-{os.getpid()}", few)
    subprocess.run(["rm", "-rf", ROOT / f"var/bench/finding-fold-{os.getpid()}"], check=True)
    print(f"folded: {folded['cases_per_cpu_s']:.0f} cases ({folded['records']} records of {few:,}) per second of the processor, "
          f"{folded['bytes_per_case']:.0f} bytes per case with its events")
    return missed


def rebuild(cases):
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from desk import PROCESSORS, Desk
    desk = Desk(ROOT / "var/bench-desk")
    desk.wait_ready()
    certificates = ROOT / "var/bench-desk/pki/admin"
    environment = {**os.environ, "KAKEKOMI_KAFKA_BROKERS": desk.brokers,
                   **{f"KAKEKOMI_KAFKA_{name.upper()}_FILE": str(certificates / f"{name}.pem") for name in ("cert", "key", "ca")}}
    for service in PROCESSORS:  # they would take the processor from what is measured
        os.kill(desk.pid(service), signal.SIGSTOP)
    subprocess.run([TOOL, "produce", str(cases)], check=True, env=environment)
    desk.kill("intake")
    begun, state = time.monotonic(), ROOT / "var/bench-desk/state/intake"
    state.rename(state.with_suffix(".gone"))  # at once, within the second before it is started again
    time.sleep(0.5)
    desk.wait_ready("intake", seconds=3600)
    took = time.monotonic() - begun
    for service in PROCESSORS:
        os.kill(desk.pid(service), signal.SIGCONT)
    size = (ROOT / "var/bench-desk/state/intake/view.sqlite").stat().st_size
    print(f"{cases:,} cases folded anew from their topics in {took:.1f} s: {cases / took:.0f} cases per second, {size / cases:.0f} bytes per case; "
          f"load {os.getloadavg()[0]:.0f}")


def main():
    asked = options()
    if asked.rebuild:
        rebuild(asked.rebuild)
        return 0
    return 1 if compare(*asked.cases, asked.rounds, asked.questions) else 0


if __name__ == "__main__":
    sys.exit(main())
