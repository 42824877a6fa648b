# SPDX-License-Identifier: Apache-2.0
"""kill -9 of escalation at each named point of the protocol and at random moments, while hand-overs, supplements, declines, recalls and
reports flow: the provider's committed view has every record once and in order, every report is opened once, every proposal made once."""
import collections
import contextlib
import hashlib
import itertools
import os
import random
import re
import signal
import threading
import time

from desk import READY, SCALE, SEED, Desk, chains, scaled, until
from partner import Partner
from test_exactly_once import repeated

# The work is done and nobody knows; its record is with the broker and not committed; the acceptance was judged; any transaction.
POINTS = ("seal", "escalation.part", "offer", "escalation.offered", "escalation.supplemented", "provider.accepted", "acceptance_judged",
          "key", "escalation.key", "recall", "escalation.recalled", "provider.declined", "provider.deleted", "provider.delivered",
          "report", "report.chunk", "provider.reported", "after_begin", "before_commit", "before_cache")
WORKERS = 6
MINUTES = float(os.environ.get("TEST_MINUTES", "inf"))  # no further life is begun after so many
# way → what the provider sees of its hand-overs, P being parts: O offer, K key, R recall, S supplement
WAYS = {"released": ["PO K"], "reported": ["PO K"], "supplemented": ["PO K", "PS K"], "declined": ["PO"], "withdrawn": ["PO R"],
        "taken back": ["PO K R"], "all taken back": ["PO K R", "PS K R"]}
ENDS = {"released": "released", "reported": "reported", "supplemented": "released", "declined": "declined", "withdrawn": "deleted",
        "taken back": "deleted", "all taken back": "deleted"}
LETTERS = {"escalation.part": "P", "escalation.offered": "O", "escalation.supplemented": "S", "escalation.key": "K",
           "escalation.recalled": "R"}
FILE = random.Random(SEED).randbytes(700_000)  # two chunks


class Killer(threading.Thread):
    """One life of escalation after the other. Each second one (in tests/run two of three) is told a point at which it kills itself;
    the others, and those that do not come to their point, are killed after a random time, 5 s on average."""

    def __init__(self, desk, kills):
        super().__init__(daemon=True)
        self.desk, self.kills, self.dice = desk, kills, random.Random(SEED + 3)
        self.hits, self.told, self.at_random, self.failure = collections.Counter(), collections.Counter(), 0, None
        self.env, self.started = desk.var / "desk" / "escalation.env", desk.restarts("escalation", 137)
        points = itertools.cycle(self.dice.sample(POINTS, len(POINTS)))
        named = (lambda n: n % 3 != 2) if kills < 2 * len(POINTS) else (lambda n: n % 2 == 0)
        self.plan = [next(points) if named(number) else None for number in range(kills)]

    def prepare(self, point):
        """What the life after this one is told."""
        self.env.write_text(f"KAKEKOMI_FAILPOINT={point}:1/2\n" if point else "")

    def is_dead(self, count):
        return self.desk.restarts("escalation", 137) >= count

    def live(self, count, point, pid, after):
        """Until this life has ended."""
        until("escalation is started again", lambda: self.desk.pid("escalation") != pid, 30, 0.01)
        until("escalation is ready or dead", lambda: self.desk.ready("escalation") or self.is_dead(count), 90, 0.05)
        self.prepare(after)
        end = time.monotonic() + (25 if point else min(20, self.dice.expovariate(1 / 5)) * (1 if SCALE >= 1 else 0.4))
        while time.monotonic() < end and not self.is_dead(count):
            time.sleep(0.02)
        if self.is_dead(count):
            self.hits[point] += 1
            return
        self.at_random += 1
        with contextlib.suppress(*[ProcessLookupError] * bool(point)):
            self.desk.kill("escalation", signal.SIGKILL)
        until("escalation has ended", lambda: self.is_dead(count), pause=0.01)

    def run(self):
        try:
            self.desk.may_kill_itself.add("escalation")
            self.prepare(self.plan[0])
            pid, count = self.desk.pid("escalation"), self.started + 1
            self.desk.kill_and_wait("escalation")
            end = time.monotonic() + 60 * MINUTES
            for point, after in zip(self.plan, [*self.plan[1:], None]):
                if time.monotonic() > end:
                    self.desk.restart_with("escalation")  # this one may have been told a point
                    return
                self.told[point] += point is not None
                count += 1
                before, pid = pid, None
                self.live(count, point, before, after)
                pid = self.desk.pid("escalation")
        except Exception as error:  # noqa: BLE001  (told by the test)
            self.failure = error
        finally:
            self.env.unlink(missing_ok=True)

    @property
    def done(self):
        return not self.is_alive()


class Flow:
    """Cases one after the other on each worker, the ways in turn, until the last kill."""

    def __init__(self, desk):
        self.desk, self.facts = desk, desk.desk_facts()
        self.ways, self.failures, self.numbers = {}, [], itertools.count()

    def answer(self, partner, kind, word):
        way = self.ways.get(word["case"])
        if kind == "offered" and way != "withdrawn":
            partner.provider.reply("escalation.declined" if way == "declined" else "escalation.accepted", word)
        elif kind == "key" and way == "reported":
            document = {"findings": ["経路"], "indicators": [], "recommendations": [
                {"kind": "block_domain", "target": f"{word['handover']}.example", "reason": "C2"},
                {"kind": "isolate_device", "target": "PC-07", "reason": "感染"}]}
            partner.provider.report(partner.offer(word["handover"]), document, {"file.bin": ("application/octet-stream", FILE)})
        elif kind == "recalled":
            offers = [w for k, w in partner.seen if k in ("offered", "supplemented") and w["handover"] == word["handover"]]
            partner.provider.reply("escalation.deleted", offers[0])

    def reaches(self, desk, case_id, state, handovers=1):
        def there():
            case = desk.case(case_id)
            entry = case["escalation"]
            return entry["state"] == state and len(entry["handovers"]) >= handovers
        until(f"{case_id} ({self.ways[case_id]}) is {state}", there, 240, 0.1)

    def live_through(self, desk, number):
        way = list(WAYS)[number % len(WAYS)]
        case_id = desk.open_case(f"途中で {SEED}-{number}", customer=f"KILLS-{number % 5}", hearing=READY)
        self.ways[case_id] = way
        desk.consent(case_id)
        desk.intention(case_id)
        desk.request_handover(case_id)
        if way == "withdrawn":
            self.reaches(desk, case_id, "offered")
        elif way in ("supplemented", "taken back", "all taken back"):
            self.reaches(desk, case_id, "released")
        if way in ("supplemented", "all taken back"):
            desk.request_handover(case_id)
            self.reaches(desk, case_id, "released", 2)
        if way in ("withdrawn", "taken back", "all taken back"):
            assert desk.withdraw(case_id).status_code in (200, 202)
        self.reaches(desk, case_id, ENDS[way], len(WAYS[way]))

    def work(self, killer):
        desk = Desk(self.desk.var)
        desk.desk_facts = lambda: self.facts
        while not self.failures and not killer.done:
            try:
                self.live_through(desk, next(self.numbers))
            except Exception as error:  # noqa: BLE001  (told by the test)
                self.failures.append(f"{type(error).__name__}: {error}")

    def run_beside(self, killer):
        workers = [threading.Thread(target=self.work, args=(killer,)) for _ in range(WORKERS)]
        for thread in (killer, *workers):
            thread.start()
        for worker in workers:
            worker.join()
        killer.join(60)
        assert not self.failures, self.failures[:3]
        assert not killer.failure and killer.done, repr(killer.failure)


def sequences(view):
    """case → what the provider saw of each of its hand-overs, in the order of the topic; the order of hand-overs is theirs too."""
    seen = collections.defaultdict(dict)
    for record in sorted(view, key=lambda r: (r.partition, r.offset)):
        handover = record.headers["handover"] if record.type == "escalation.part" else record.data_of_jws()["handover"]
        seen[record.key][handover] = seen[record.key].get(handover, "") + LETTERS[record.type]
    return seen


def each_record_once_in_order(desk, ways):
    view = [r for r in desk.read("escalations", principal="provider") if r.key in ways]
    assert not repeated(r.id for r in view), "an id twice in the provider's view"
    for case_id, seen in sequences(view).items():
        wanted = [sequence.replace("P", "P+").replace(" ", "") for sequence in WAYS[ways[case_id]]]
        assert len(seen) == len(wanted), f"{case_id} {ways[case_id]}: {seen}"
        for sequence, pattern in zip(seen.values(), wanted):
            assert re.fullmatch(pattern, sequence), f"{case_id} {ways[case_id]}: {seen}"
    parts_are_those_offered(view)
    return view


def parts_are_those_offered(view):
    """Each part of each hand-over once, in order, where its offer says and with the hash that it says."""
    places = collections.defaultdict(list)
    for record in sorted(view, key=lambda r: (r.partition, r.offset)):
        if record.type == "escalation.part":
            places[record.headers["handover"]].append(
                {"part": int(record.headers["part"]), "partition": record.partition, "offset": record.offset,
                 "size": len(record.value), "sha256": hashlib.sha256(record.value).hexdigest()})
        elif record.type in ("escalation.offered", "escalation.supplemented"):
            word = record.data_of_jws()
            assert word["parts"] == places[word["handover"]], word["handover"]


def each_report_once(desk, ways):
    """Opened once: the chain has it once, its chunks lie on `reports` once and are those the chain names, its proposals are two."""
    taken = chains([r for r in desk.read("cases") if r.key in ways])
    chunks = collections.defaultdict(list)
    for record in desk.read("reports"):
        if record.key in ways:
            chunks[record.key].append((record.partition, record.offset, hashlib.sha256(record.value).hexdigest()))
    for case_id, way in ways.items():
        words = collections.Counter(e.type for e in taken[case_id]["events"] if e.type.startswith("provider."))
        assert words["provider.delivered"] == words["provider.reported"] == (way == "reported"), f"{case_id} {way}: {words}"
        handovers = len(WAYS[way])
        assert words["provider.accepted"] == (way not in ("declined", "withdrawn")), f"{case_id} {way}: {words}"
        assert words["provider.deleted"] == (handovers if ENDS[way] == "deleted" else 0), f"{case_id} {way}: {words}"
        reported = [e.data for e in taken[case_id]["events"] if e.type == "provider.reported"]
        named = [(c["partition"], c["offset"], c["sha256"]) for r in reported for i in r["report"]["items"] for c in i["chunks"]]
        assert sorted(chunks[case_id]) == sorted(named) and len(named) == (3 if reported else 0), f"{case_id}: {named}"
        if reported:
            case = desk.case(case_id)
            assert sorted(p["proposed"]["setting"]["code"] for p in case["proposals"].values()) == ["block_domain", "isolate_device"]
            assert set(case["proposals"]) == {p["id"] for p in reported[0]["proposals"]}
    for topic in ("escalation-status", "provider-events", "reports"):
        assert not repeated(r.id for r in desk.read(topic) if r.key in ways), f"an id twice on {topic}"
    assert not repeated((r.type, r.data["reply"]) for r in desk.read("provider-events") if r.key in ways), "a word passed on twice"


def test_killed_at_each_point_of_the_protocol(desk):
    killer, flow = Killer(desk, scaled(200)), Flow(desk)
    begun = time.monotonic()
    with Partner(desk, flow.answer) as partner:
        flow.run_beside(killer)
        until("every recall was answered", lambda: desk.is_idle("escalation") and partner.seen, 120)
        desk.wait_ready()
        desk.wait_idle(seconds=180)
    view = each_record_once_in_order(desk, flow.ways)
    each_report_once(desk, flow.ways)
    everything = [r for r in desk.read("escalations", "read_uncommitted") if r.key in flow.ways]
    kills = killer.hits.total() + killer.at_random
    print(f"\nseed {SEED}: {kills} kills in {time.monotonic() - begun:.0f} s, {killer.at_random} at random, at named points "
          f"{dict(killer.hits)}; {len(flow.ways)} cases {dict(collections.Counter(flow.ways.values()))}; records of the provider's view "
          f"{len(view)}, each once and in order; aborted beside them {len(everything) - len(view)}")
    assert kills == killer.kills or MINUTES < 60
    assert len(killer.hits) >= (len(POINTS) if kills > 5 * len(POINTS) else min(len(POINTS), kills) // 3), killer.hits
    assert len(everything) > len(view), "no transaction was cut off after it had written"
