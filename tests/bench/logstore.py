# SPDX-License-Identifier: Apache-2.0
"""Rounds of ingest and extraction over the same generated lines, the stores one after the other in each, and the medians of
the ratios of a round. CPU and ratios are what counts: absolute figures change from minute to minute on a shared machine."""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = ROOT / "var/build-bench/tests/logstore_bench"
RIPGREP = ROOT / "var/bench/ripgrep/usr/bin/rg"
DUCKDB = pathlib.Path(__file__).with_name("duckdb_peer.py")
LINES_PER_CUSTOMER = 3200
DAYS, DAY_US = 90, 86400 * 10**6
FROM_US = 20700 * DAY_US


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/logstore", description=__doc__)
    parser.add_argument("--lines", type=int, default=3_200_000, help="of the comparison (1.7 GB)")
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=1000, help="warm; a fifth of them cold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "var/bench/logstore")
    parser.add_argument("--grow", type=int, nargs="+", metavar="LINES", help="ours alone, at each of these sizes; no comparison: "
                        "--grow 1000000 10000000 100000000. A question is about as long a time as has the same answer at each size")
    parser.add_argument("--by", choices=("lines", "customers"), default="lines", help="what grows: the lines of each of --customers, "
                        f"or the number of customers, with {LINES_PER_CUSTOMER} lines each")
    return parser.parse_args()


class Bench:
    def __init__(self, given, lines, customers):
        self.given, self.folder = given, given.folder
        self.shape = [str(given.seed), str(lines), str(customers)]
        self.days, self.window = self.folder / "days", []
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, *words):
        return json.loads(subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE).stdout)

    def ingest(self, store):
        shutil.rmtree(self.folder / store, ignore_errors=True)
        return self.run(DRIVER, "ingest", store, self.folder / store, *self.shape)

    def query(self, store, count, how):
        return self.run(DRIVER, "query", store, self.folder / store, *self.shape, count, how, *self.window)

    def questions(self, count):
        told = subprocess.run([DRIVER, "questions", *self.shape, str(count)], check=True, stdout=subprocess.PIPE).stdout
        return [(owner, int(begin), int(end)) for owner, begin, end in (line.split() for line in told.decode().splitlines())]

    # --- peers that read files ----------------------------------------------------------------------
    def write_days(self):
        shutil.rmtree(self.days, ignore_errors=True)
        return self.run(DRIVER, "days", self.days, *self.shape)

    def duckdb(self, what, *words):
        return self.run(sys.executable, DUCKDB, what, self.days, self.folder / "sorted.parquet", *words)

    def ask_duckdb(self, count):
        path = self.folder / "questions.json"
        path.write_text(json.dumps(self.questions(count)))
        return self.duckdb("query", path)

    def ask_ripgrep(self, count):
        """All of the customer's lines in exactly the files of the window's days: the times would still have to be compared."""
        times = []
        for owner, begin, end in self.questions(count):
            files = [self.days / f"day-{day:03}.tsv" for day in range((begin - FROM_US) // DAY_US, (end - FROM_US) // DAY_US + 1)]
            words = [RIPGREP, "--no-config", "-N", "-I", f"^{owner}\t", *files]
            begun = time.perf_counter()
            subprocess.run(words, check=False, stdout=subprocess.PIPE)
            times.append((time.perf_counter() - begun) * 1000)
        times.sort()
        return {"p50_ms": times[count // 2], "p99_ms": times[count * 99 // 100]}


def same_answers(answers):
    told = {name: (answer["records"], answer["bytes"]) for name, answer in answers.items() if "records" in answer}
    assert len(set(told.values())) == 1, f"the stores do not agree: {told}"


def one_round(bench, given):
    cold = max(50, given.queries // 5)
    ingest, warm, chilled = {}, {}, {}
    for store in ("ours", "lmdb", "sqlite"):
        ingest[store] = bench.ingest(store)
    ingest["duckdb"] = bench.duckdb("ingest")
    for store in ("ours", "lmdb", "sqlite"):
        warm[store] = bench.query(store, given.queries, "warm")
        chilled[store] = bench.query(store, cold, "cold")
    warm["duckdb"] = bench.ask_duckdb(given.queries)
    same_answers(warm)
    same_answers(chilled)
    warm["ripgrep"] = bench.ask_ripgrep(min(given.queries, 300))
    return {"ingest": ingest, "warm": warm, "cold": chilled}


def rate(cost):
    return cost["bytes"] / 1e6 / cost["cpu_s"]


GOALS = (  # goal, what, must, better is, its value of a round
    ("10", "warm p99 ÷ ripgrep's on the right files", 1 / 30, "≤",
     lambda r: r["warm"]["ours"]["p99_ms"] / r["warm"]["ripgrep"]["p99_ms"]),
    ("10", "warm p99 ÷ DuckDB's on sorted Parquet", 1 / 60, "≤",
     lambda r: r["warm"]["ours"]["p99_ms"] / r["warm"]["duckdb"]["p99_ms"]),
    ("11", "cold p99 ÷ SQLite's", 1, "≤", lambda r: r["cold"]["ours"]["p99_ms"] / r["cold"]["sqlite"]["p99_ms"]),
    ("11", "cold p99 ÷ LMDB's, a record a key", 1, "≤", lambda r: r["cold"]["ours"]["p99_ms"] / r["cold"]["lmdb"]["p99_ms"]),
    ("12", "ingest MB per CPU-s ÷ DuckDB's", 1.8, "≥", lambda r: rate(r["ingest"]["ours"]) / rate(r["ingest"]["duckdb"])),
    ("12", "the same ÷ LMDB's, a record a key", 1.1, "≥", lambda r: rate(r["ingest"]["ours"]) / rate(r["ingest"]["lmdb"])),
    ("12", "disk ÷ raw", 0.2, "≤", lambda r: r["ingest"]["ours"]["disk"] / r["ingest"]["ours"]["bytes"]),
)


def line(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def judge(goal, what, must, better, value):
    passed = value >= must if better == "≥" else value <= must
    line(goal, what, f"{value:.4g}", f"{better} {must:.3g}", "pass" if passed else "FAIL")
    return passed


def middle(rounds, ask):
    return statistics.median(ask(r) for r in rounds)


def show_absolute(rounds):
    line("store", "ingest MB per CPU-s", "disk ÷ raw", "warm p50 / p99 ms", "cold p50 / p99 ms", "RssAnon MiB")
    line(*["---"] * 6)
    for store in ("ours", "lmdb", "sqlite", "duckdb", "ripgrep"):
        def cell(group, ask, form="{:.3g}"):
            return form.format(middle(rounds, lambda r: ask(r[group][store]))) if store in rounds[0][group] else "–"
        times = [" / ".join((cell(how, lambda a: a["p50_ms"]), cell(how, lambda a: a["p99_ms"]))) for how in ("warm", "cold")]
        line(store, cell("ingest", rate), cell("ingest", lambda a: a["disk"] / a["bytes"]), *times,
             cell("ingest", lambda a: a["rss_anon_mib"]))


def compare(given):
    bench, rounds = Bench(given, given.lines, given.customers), []
    raw = bench.write_days()["bytes"]
    for number in range(given.rounds):
        rounds.append(one_round(bench, given))
        print(f"round {number + 1} of {given.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print(f"{given.lines} lines, {raw / 1e9:.2f} GB, {given.customers} customers, {DAYS} days; medians of {given.rounds} "
          f"interleaved rounds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; seed {given.seed}\n")
    show_absolute(rounds)
    print()
    line("goal", "ratio", "measured", "must", "")
    line(*["---"] * 5)
    passed = [judge(goal, what, must, better, middle(rounds, ask)) for goal, what, must, better, ask in GOALS]
    shutil.rmtree(bench.folder)
    return all(passed)


def grow(given):
    rows = []
    line("lines", "customers", "ingest MB per CPU-s", "disk ÷ raw", "RssAnon MiB", "warm p50 / p99 ms", "cold p50 / p99 ms")
    line(*["---"] * 7)
    for lines in given.grow:
        customers = given.customers if given.by == "lines" else max(4, lines // LINES_PER_CUSTOMER // 4 * 4)
        bench = Bench(given, lines, customers)
        bench.window = [72 * 3600 * LINES_PER_CUSTOMER * customers // lines]
        cost, warm = bench.ingest("ours"), bench.query("ours", given.queries, "warm")
        cold = bench.query("ours", max(50, given.queries // 5), "cold")
        line(lines, customers, f"{rate(cost):.0f}", f"{cost['disk'] / cost['bytes']:.3f}", cost["rss_anon_mib"],
             *(f"{a['p50_ms']:.3f} / {a['p99_ms']:.3f}" for a in (warm, cold)))
        rows.append(warm)
        shutil.rmtree(bench.folder)
    print()
    line("goal", "ratio", "measured", "must", "")
    line(*["---"] * 5)
    what = f"extraction at {given.grow[-1]} records ÷ at {given.grow[0]}, more {given.by}"
    passed = [judge("13", f"{what}, {part}", 1.5, "≤", rows[-1][part + "_ms"] / rows[0][part + "_ms"])
              for part in ("p50", "p99")]
    return all(passed)


if __name__ == "__main__":
    given = options()
    good = grow(given) if given.grow else compare(given)
    print("\nagain: tests/bench/logstore " + " ".join(sys.argv[1:]))
    sys.exit(0 if good else 1)
