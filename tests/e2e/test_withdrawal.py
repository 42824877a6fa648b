# SPDX-License-Identifier: Apache-2.0
"""No key after a withdrawal, and nothing clear on its way: cases withdrawn at random moments around request, offer, acceptance, key and
report, a third of them while triage is stopped, escalation paused or its partitions on the move. What is true is worked out here from
the topics alone: a second statement says from a case's chain what must have become of it (tests/oracle/handover_states.py), and the
broker's own files are searched for texts of the hearing, of logs and files, and for hashes of them."""
import collections
import contextlib
import hashlib
import heapq
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

from confluent_kafka import Consumer, Producer, TopicPartition

from desk import READY, ROOT, SCALE, SEED, Desk, chains, until
from partner import Partner
from second import Second
from segments import Search

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
from handover_states import Explained  # noqa: E402
import lines  # noqa: E402  (of deploy/demo, which partner put on the path)

CASES = round(10_000 * SCALE ** 2)  # a hundred in tests/run
MINUTES = float(os.environ.get("TEST_MINUTES", "inf"))  # no further case is begun after so many
WORKERS = 10
CUSTOMERS = 7
CANARY = f"kanari{SEED}"  # in every text that is to be found nowhere
PHONE, ADDRESS = "03-0000-1234", "192.168.10.20"
# What a case waits for before the withdrawal; some do not even wait for their request.
MOMENTS = ("before", "beside", (), ("preparing", "offered", "accepted", "released"), ("offered", "accepted", "released"),
           ("offered", "accepted", "released"), ("accepted", "released"), ("accepted", "released"), ("released",),
           ("released", "reported"), ("reported",))
STOPS = ("triage stopped", "escalation paused", "both stopped")
MODES = (*STOPS, "escalation moved", *STOPS * 7)
HELD_BY = {"triage stopped": ("triage",), "escalation paused": ("escalation",), "both stopped": ("triage", "escalation")}
STOPPED_AT = ("request", "withdrawal", "both")


def canary(number, pointer):
    return f"{CANARY}-{number}{pointer.replace('/', '-')}"


# --- the provider -----------------------------------------------------------------------------------
class Racing(Partner):
    """Answers every hand-over in a way of its own, a moment later. Reads without a group: at this pace commits are too slow."""

    WAYS = ("accepts", "accepts", "accepts", "accepts", "accepts and reports", "accepts and reports", "accepts twice", "declines",
            "stays silent", "accepts too late")

    def __init__(self, desk):
        super().__init__(desk)
        self.begins, self.desk = desk.ends("escalations"), desk
        self.offers, self.keys, self.recalls, self.due = {}, {}, collections.Counter(), []
        self.lock, self.counts = threading.Lock(), collections.Counter()

    def run(self):
        try:
            self.read()
        except Exception as error:  # noqa: BLE001  (said when the test leaves)
            self.failure = error

    def read(self):
        consumer = Consumer(self.desk.kafka("provider", **{"group.id": self.provider.group, "enable.auto.commit": False,
                                                           "isolation.level": "read_committed", "fetch.wait.max.ms": 50}))
        consumer.assign([TopicPartition("kakekomi.escalations", p, end) for p, end in self.begins.items()])
        while self.going:
            message = consumer.poll(0.01)
            if message and not message.error() and not message.value().startswith(b"eyJhbGciOiJkaXIi"):
                self.take(self.provider.verified(message.value()))
            while self.due and self.due[0][0] < time.monotonic():
                _, _, kind, offer = heapq.heappop(self.due)
                self.say(kind, offer)
        consumer.close()

    def later(self, seconds, kind, offer):
        heapq.heappush(self.due, (time.monotonic() + seconds, len(self.due) + random.random(), kind, offer))

    def say(self, kind, offer):
        self.counts[kind] += 1
        if kind == "report":
            self.provider.report(offer, report_about(offer), {})
        else:
            self.provider.reply(kind, offer)

    def take(self, word):
        handover = word["handover"]
        dice = random.Random(f"{SEED} {handover}")  # what it does is the hand-over's, whenever it is read
        way = dice.choice(self.WAYS)
        if word["type"] == "escalation.offered":
            self.offers[handover] = word
            if way.startswith("accepts") and way != "accepts too late":
                self.later(dice.uniform(0, 0.3), "escalation.accepted", word)
            if way == "accepts twice":
                self.later(dice.uniform(0, 0.6), "escalation.accepted", word)
            if way == "declines":
                self.later(dice.uniform(0, 0.3), "escalation.declined", word)
        elif word["type"] == "escalation.supplemented":
            self.offers[handover] = word
        elif word["type"] == "escalation.key":
            self.keys[handover] = word
            if way == "accepts and reports" and "supplement_of" not in self.offers[handover]:
                self.later(dice.uniform(0, 0.2), "report", self.offers[handover])
        elif word["type"] == "escalation.recalled" and handover in self.offers:
            self.recalls[handover] += 1
            late = way == "accepts too late" and self.recalls[handover] == 1
            self.later(dice.uniform(0, 0.1), "escalation.accepted" if late else "escalation.deleted", self.offers[handover])
            if late:
                self.later(0.2, "escalation.deleted", self.offers[handover])


def report_about(offer):
    return {"findings": [f"{CANARY}-report-{offer['handover']}"],
            "recommendations": [{"kind": "block_domain", "target": f"{CANARY}.example", "reason": f"{CANARY}-reason"}], "indicators": []}


# --- what is in the way -----------------------------------------------------------------------------
class Windows(threading.Thread):
    """Services stopped for the moment that some cases live in, or escalation's partitions moved to another instance and back."""

    def __init__(self, desk, build):
        super().__init__(daemon=True)
        self.desk, self.build, self.dice = desk, build, random.Random(SEED + 2)
        self.changed, self.mode, self.inside, self.waiting = threading.Condition(), None, 0, 0
        self.lived, self.windows = collections.Counter(), collections.Counter()
        self.going, self.failure = True, None

    @contextlib.contextmanager
    def around(self):
        """Waits for a window that is open, and keeps it from closing."""
        with self.changed:
            self.waiting += 1
            assert self.changed.wait_for(lambda: self.mode or self.failure, 120), "no window opens"
            assert not self.failure, repr(self.failure)
            self.waiting, self.inside, mode = self.waiting - 1, self.inside + 1, self.mode
        try:
            yield
        finally:
            with self.changed:
                self.inside -= 1
                self.lived[mode] += 1
                self.changed.notify_all()

    def admit(self, mode, seconds):
        with self.changed:
            self.mode = mode
            self.windows[mode] += 1
            self.changed.notify_all()
        time.sleep(seconds)

    def close(self):
        with self.changed:
            self.mode = None
            assert self.changed.wait_for(lambda: self.inside == 0, 60), "somebody stays in the window"

    def is_stopped(self, service):
        return pathlib.Path(f"/proc/{self.desk.pid(service)}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def stop(self, mode, services):
        try:
            for service in services:
                self.desk.kill(service, signal.SIGSTOP)
            for service in services:
                until(f"{service} stopped", lambda s=service: self.is_stopped(s), 5, 0.001)
            self.admit(mode, self.dice.uniform(0.05, 0.5))
            self.close()
            time.sleep(self.dice.uniform(0, 0.3))  # so much passes before they see it
            assert all(self.is_stopped(service) for service in services)
        finally:
            for service in services:
                self.desk.kill(service, signal.SIGCONT)

    def move(self, mode):
        """Some of the second instances are killed in between, and come again by the same name."""
        second = Second(self.desk, self.build)
        try:
            second.start()
            self.admit(mode, 0)
            second.wait_moved()
            time.sleep(self.dice.uniform(0, 2))
            if self.dice.random() < 0.5:
                second.end(signal.SIGKILL)
                second.start()
                second.wait_moved()
                self.windows["killed and started again"] += 1
            assert second.end() == 0, "the second instance did not stop in order"
            second.wait_moved_back()
            self.close()
        finally:
            second.end(signal.SIGKILL)

    def run(self):
        turns = 0
        try:
            while self.going:
                until("somebody waits", lambda: self.waiting or not self.going, 600, 0.02)
                mode = MODES[turns % len(MODES)]
                self.move(mode) if mode == "escalation moved" else self.stop(mode, HELD_BY[mode])
                turns += 1
                time.sleep(self.dice.uniform(0.02, 0.2))
        except Exception as error:  # noqa: BLE001  (told to whoever waits)
            self.failure = error
            with self.changed:
                self.mode = None
                self.changed.notify_all()


# --- one case ---------------------------------------------------------------------------------------
class Life:
    """One case from opening to the last withdrawal, as the dice fall."""

    def __init__(self, race, desk, dice, number):
        self.race, self.desk, self.dice, self.number = race, desk, dice, number
        self.stopped_at = dice.choice(STOPPED_AT) if number % 3 == 0 else None
        self.files, self.case_id = [], None

    def window(self, name):
        return self.race.windows.around() if name == self.stopped_at else contextlib.nullcontext()

    def wait_for(self, states):
        """Until the hand-over is about there; not for ever, somebody may be stopped just now."""
        end = time.monotonic() + 8
        while states and time.monotonic() < end:
            if self.desk.state(self.case_id) in states:
                return
            time.sleep(self.dice.uniform(0.02, 0.1))

    def open(self):
        self.case_id = self.desk.open_case(canary(self.number, "/incident/summary"), customer=self.race.customer(self.number),
                                           hearing=self.race.hearing(self.number))
        self.race.numbers[self.case_id] = self.number
        if self.number % 4 == 0:
            raw = canary(self.number, "/ticked/file").encode() * 3
            self.race.digests.add(hashlib.sha256(raw).digest())
            self.files = [self.desk.ok("PUT", f"/v1/cases/{self.case_id}/files?filename={CANARY}.txt", raw=raw)["upload"]]
        time.sleep(self.dice.choice((0, 0, 0.05)))

    def request(self, statuses=(200, 201, 202)):
        body = {"provider": self.race.facts["provider"]["id"], **({"files": self.files} if self.files else {})}
        answer = self.desk.call("POST", f"/v1/cases/{self.case_id}/handover", body)
        assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"

    def request_another(self):
        """A supplement where it was accepted, one in its place where it is held; else there is one already."""
        self.request((200, 201, 202, 409))

    def withdraw(self):
        answer = self.desk.withdraw(self.case_id, self.dice.choice(("consents", "intention")))
        assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text[:300]}"
        self.race.answers[self.case_id].append(answer.json())

    def beside(self):
        """Request and withdrawal at once, by two people."""
        other = Life(self.race, self.race.new_desk(), self.dice, self.number)
        other.case_id, other.files = self.case_id, self.files
        failures = []

        def ask():
            try:
                other.request()
            except Exception as error:  # noqa: BLE001  (told below)
                failures.append(error)
        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(self.dice.uniform(0, 0.01))
        self.withdraw()
        asking.join()
        assert not failures, failures

    def once(self):
        """Request and withdrawal, in one of the orders and at one of the moments that there are."""
        moment = self.dice.choice(MOMENTS)
        with self.window("both"):
            if moment in ("before", "beside"):
                with self.window("withdrawal"):
                    self.withdraw() if moment == "before" else self.beside()
                with self.window("request"):
                    return self.request() if moment == "before" else None
            with self.window("request"):
                self.request()
            if self.stopped_at != "both":
                self.wait_for(moment)
                if self.dice.random() < 0.1:
                    self.request_another()
                time.sleep(self.dice.choice((0, self.dice.uniform(0, 0.02), self.dice.uniform(0, 0.4))))
            with self.window("withdrawal"):
                return self.withdraw()

    def again(self):
        """The customer has changed its mind: consent and intention anew, and a hand-over that stands."""
        self.stopped_at = None
        self.desk.consent(self.case_id)
        self.desk.intention(self.case_id)
        self.request_another()

    def live(self):
        self.open()
        self.desk.consent(self.case_id)
        self.desk.intention(self.case_id)
        self.once()
        if self.dice.random() < 0.1:
            self.again()


class Race:
    def __init__(self, desk, build):
        self.desk, self.windows = desk, Windows(desk, build)
        self.facts, self.sheet = desk.desk_facts(), desk.ok("GET", "/v1/hearing-sheet")["fields"]
        self.answers, self.numbers, self.failures = collections.defaultdict(list), {}, []
        self.end = time.monotonic() + 60 * MINUTES
        self.digests = set()  # of everything clear that has a hash which somebody may be tempted to give out

    @staticmethod
    def customer(number):
        return f"W-{SEED}-{number % CUSTOMERS}"

    def new_desk(self):
        """For one thread: sessions are not shared."""
        own = Desk(self.desk.var)
        own.desk_facts = lambda: self.facts
        return own

    def hearing(self, number):
        """A text of its own in every field that is a text, and in where each answer came from."""
        hearing = {**json.loads(json.dumps(READY)), "logs": [{"kind": "utm", "available": "yes"}], "sources": {}}
        for field in self.sheet:
            pointer = field["pointer"].replace("/N/", "/0/")
            if field["type"] != "text":
                continue
            at, steps = hearing, pointer.split("/")[1:]
            for step, after in zip(steps, steps[1:]):
                at = at[int(step)] if isinstance(at, list) else at.setdefault(step, [{}] if after == "0" else {})
            at[steps[-1]] = canary(number, pointer)
            hearing["sources"][pointer] = canary(number, pointer + "/source")
            self.digests |= {hashlib.sha256(text.encode()).digest() for text in (at[steps[-1]], hearing["sources"][pointer])}
        hearing["device"][0]["addresses"] = [ADDRESS]
        return hearing

    def work(self, numbers, dice):
        desk = self.new_desk()
        for number in numbers:
            if self.failures or time.monotonic() > self.end:
                return
            if number % 500 == 0:
                print(f"case {number} begins at {datetime.now():%H:%M:%S}", flush=True)
            try:
                Life(self, desk, dice, number).live()
            except Exception as error:  # noqa: BLE001  (told below)
                self.failures.append(f"{type(error).__name__}: {error}")

    def run(self, total):
        dice, numbers = random.Random(SEED), iter(range(total))  # shared: each number goes to one worker
        workers = [threading.Thread(target=self.work, args=(numbers, random.Random(dice.random()))) for _ in range(WORKERS)]
        self.windows.start()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.windows.going = False
        self.windows.join(120)
        assert not self.failures, self.failures[:3]
        assert not self.windows.failure, repr(self.windows.failure)
        assert len(self.answers) == total or time.monotonic() > self.end


def ship_canaries(race):
    """A few lines of each customer, each of which has the text in it."""
    producer, now = Producer(race.desk.kafka("shipper")), datetime.now(timezone.utc)
    for number in range(CUSTOMERS):
        for minutes in range(1, 6):
            at = now - timedelta(minutes=30 * minutes)
            line = lines.proxy_line(ADDRESS, canary(number, f"/log/{minutes}") + ".example", at,
                                    random.Random(minutes))
            race.digests.add(hashlib.sha256(line.encode()).digest())
            producer.produce("kakekomi.security-logs", key=race.customer(number), value=line.encode(),
                             headers={"product": "squid", "kind": "proxy", "host": "proxy-1"})
    assert producer.flush(30) == 0
    race.desk.wait_idle("triage")


# --- what came of it ---------------------------------------------------------------------------------
class Seen:
    """What the topics say of these cases, as it stands when nothing moves any more."""

    def __init__(self, desk, cases, since):
        of_these = lambda records: [r for r in records if r.key in cases]  # noqa: E731
        self.chains = chains(of_these(desk.read("cases", since=since["cases"])))
        self.status = {r.key: r.data for r in of_these(desk.read("escalation-status", since=since["escalation-status"]))}
        self.hashes = {text for r in of_these(desk.read("escalation-status", "read_uncommitted", since=since["escalation-status"]))
                       for entry in r.data["handovers"] for text in
                       [entry.get("manifest_sha256"), *(item["sha256"] for item in entry.get("items", []))] if text}
        committed = of_these(desk.read("escalations", since=since["escalations"]))
        everything = of_these(desk.read("escalations", "read_uncommitted", since=since["escalations"]))
        self.aborted = len(everything) - len(committed)
        self.parts = sum(r.type == "escalation.part" for r in committed)
        self.words = self.sorted_words(committed)
        self.keys_ever = self.sorted_words(everything)["key"]  # also in what was aborted

    @staticmethod
    def sorted_words(records):
        found = collections.defaultdict(collections.Counter)
        for record in records:
            if record.type != "escalation.part":
                found[record.type.removeprefix("escalation.")][record.data_of_jws()["handover"]] += 1
        return found


def entry_explained(entry, states, may, must, words, explained):
    """Whether what became of one hand-over is what its chain explains; else what differs."""
    id_, offered = entry["id"], words["offered"][entry["id"]] + words["supplemented"][entry["id"]]
    handover = explained.handovers[id_]
    if entry["state"] not in states:
        return f"is {entry['state']}, the chain explains {sorted(states)}"
    if words["key"][id_] > may or (must and not words["key"][id_]):
        return f"{words['key'][id_]} keys, may have {may}, must have {must}"
    if offered != (entry["state"] not in ("held", "cancelled")):
        return f"{offered} offers of what is {entry['state']}"
    # An acceptance that comes after the end is recalled once more, if it did not come before the first recall went out.
    owed = handover.is_over if offered and entry["state"] != "declined" else 0
    if not owed <= words["recalled"][id_] <= owed + (owed and handover.accepted_too_late):
        return f"{words['recalled'][id_]} recalls, {owed} or, after a late acceptance, one more expected"
    return None


def explain(seen, cases):
    """Every case against its chain: (differences, state → hand-overs, explanations)."""
    wrong, states, all_explained = [], collections.Counter(), {}
    for case_id in cases:
        explained = Explained([(e.type, e.id, e.data) for e in seen.chains[case_id]["events"]])
        entries = {entry["id"]: entry for entry in seen.status[case_id]["handovers"]}
        all_explained[case_id] = explained
        if list(entries) != list(explained.handovers):
            wrong.append(f"{case_id}: hand-overs {list(entries)}, the chain has {list(explained.handovers)}")
            continue
        for id_, (wanted, may, must) in explained.rests().items():
            states[entries[id_]["state"]] += 1
            difference = entry_explained(entries[id_], wanted, may, must, seen.words, explained)
            if difference:
                wrong.append(f"{case_id} {id_}: {difference}")
    return wrong, states, all_explained


def no_key_after_a_withdrawal(seen, explained):
    """Word for word from the chain, also in what was aborted; and no key that left rests on a chain with the withdrawal in it. What a
    supplement rests on is the acceptance of the first one; the provider's word about itself comes to nothing."""
    after = 0
    for case_id, chain in seen.chains.items():
        events = chain["events"]
        entries = {entry["id"]: entry for entry in seen.status[case_id]["handovers"]}
        for at, event in enumerate(events):
            if event.type != "handover.requested":
                continue
            withdrawn = next((i for i, e in enumerate(events) if i > at and e.type in ("consent.withdrawn", "intention.withdrawn")), None)
            rests_on = explained[case_id].handovers[event.id].root or event.id
            accepted = next((i for i, e in enumerate(events) if e.type == "provider.accepted" and e.data["handover"] == rests_on), None)
            keys = seen.keys_ever[event.id]
            if withdrawn is not None and accepted is not None and accepted > withdrawn:
                after += 1
                assert not keys, f"{case_id} {event.id}: a key although the acceptance came after the withdrawal"
            if accepted is None:
                assert not keys, f"{case_id} {event.id}: a key without an acceptance"
            released = next((step for step in entries[event.id]["steps"] if step["step"] == "released"), None)
            if released and withdrawn is not None:
                assert released["revision"] <= withdrawn, f"{case_id}: released on a chain that had the withdrawal"
    return after


def effects_were_told(desk, race, seen, explained):
    """Each answer, or the case where the answer came too late, says what the chain says."""
    counts = collections.Counter()
    for case_id, answers in race.answers.items():
        withdrawals = [e for e in seen.chains[case_id]["events"] if e.id in explained[case_id].effects]
        assert len(withdrawals) == len(answers), case_id
        for event, answer in zip(withdrawals, answers):
            if "effect" not in answer:
                counts["answered 202"] += 1
                case = desk.case(case_id)
                answer = next((f["withdrawn"] for f in (*case["consents"], case["intention"])
                               if f and (f.get("withdrawn") or {}).get("id") == event.id), None)
                if answer is None:  # of an intention that was expressed anew since
                    counts["not on the case any more"] += 1
                    continue
            wanted = explained[case_id].effects[event.id]
            assert answer["effect"] == wanted, f"{case_id} {event.id}: told {answer}, the chain says {wanted}"
            assert ("accepted_at" in answer) == (wanted == "recalled"), f"{case_id}: {answer}"
            counts[wanted] += 1
    return counts


def some_open(race, partner, seen):
    """What has its key opens to the canaries: else looking for them would prove nothing. Their items' hashes are looked for too."""
    opened, extracts, files = 0, 0, 0
    for handover in random.Random(SEED).sample(sorted(partner.keys), min(len(partner.keys), 40)):
        offer = partner.offers[handover]
        content, number = partner.provider.open(offer, partner.keys[handover]), race.numbers[offer["case"]]
        hearing = content["items"]["hearing.json"].decode()
        for field in race.sheet:
            if field["type"] == "text" and field["to_provider"]:
                assert f'"{canary(number, field["pointer"].replace("/N/", "/0/"))}"' in hearing, field["pointer"]
        hashes = {hashlib.sha256(data).hexdigest() for data in content["items"].values()}
        assert hashes == {item["sha256"] for item in content["manifest"]["items"]} and hashes <= seen.hashes
        opened += 1
        extracts += CANARY.encode() in content["items"].get("extract.ndjson", b"")
        files += f"{CANARY}.txt" in content["items"]
    return opened, extracts, files


def nothing_clear_left(race, seen):
    """In the segments as they are, in what is base64url in them, aborted records too."""
    values = {hashlib.sha256(e.value).digest() for chain in seen.chains.values() for e in chain["events"]}
    digests = race.digests | values | {bytes.fromhex(text) for text in seen.hashes}
    search = Search([text.encode() for text in (CANARY, PHONE, PHONE.replace("-", ""), ADDRESS)], digests)
    found, size = search.topic(race.desk, "escalations")
    assert not found, f"clear in the escalations: {found.most_common(5)}"
    elsewhere, _ = search.topic(race.desk, "escalation-status")  # where the hashes do stand
    assert sum(count for what, count in elsewhere.items() if what.startswith("hex ")) > 0, "the search finds no hash that is there"
    chain = search.hits(b"".join(e.value for c in list(seen.chains.values())[:20] for e in c["events"]))
    assert chain["text " + CANARY] > 0, "the search finds no text that is there"
    return size, len(digests)


def all_at_rest(desk, partner):
    end = time.monotonic() + 600
    while time.monotonic() < end:
        desk.wait_idle(seconds=300)
        if not partner.due and desk.is_idle("escalation"):
            before = partner.counts.total()
            time.sleep(2)
            if partner.counts.total() == before and not partner.due:
                return
    raise AssertionError("it does not come to rest")


def test_no_key_after_a_withdrawal(desk, build):
    race, since = Race(desk, build), {topic: desk.ends(topic) for topic in ("cases", "escalation-status", "escalations")}
    begun = time.monotonic()
    ship_canaries(race)
    with Racing(desk) as partner:
        race.run(CASES)
        all_at_rest(desk, partner)
    seconds = time.monotonic() - begun
    seen = Seen(desk, race.answers, since)
    wrong, states, explained = explain(seen, race.answers)
    print(f"\nseed {SEED}: {len(race.answers)} cases in {seconds:.0f} s, of which {dict(race.windows.lived)} lived in "
          f"{dict(race.windows.windows)} windows; hand-overs {dict(states)}; the provider said {dict(partner.counts)}")
    assert not wrong, f"{len(wrong)} not explained: {wrong[:5]}"
    after = no_key_after_a_withdrawal(seen, explained)
    effects = effects_were_told(desk, race, seen, explained)
    opened = some_open(race, partner, seen)
    size, digests = nothing_clear_left(race, seen)
    print(f"explained: all; effects {dict(effects)}; keys {sum(seen.words['key'].values())}, acceptances after the withdrawal {after}, of "
          f"these with a key 0; opened {opened[0]} (with log lines {opened[1]}, with a ticked file {opened[2]}); "
          f"{seen.parts} parts, {seen.aborted} records aborted; {size} bytes of segments searched for the texts and {digests} hashes: 0")
    total = len(race.answers)
    assert sum(race.windows.lived.values()) >= total // 3, race.windows.lived
    assert all(race.windows.lived[mode] for mode in set(MODES)), race.windows.lived
    assert min(effects["stopped"], effects["recalled"]) >= total / 20 and after > 0, effects
    assert opened[1] > 0 and opened[2] > 0 and sum(seen.words["key"].values()) > 0
