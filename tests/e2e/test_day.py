# SPDX-License-Identifier: Apache-2.0
"""A day at the desk: calls taken by eight operators at once, from the draft to the close, with take-overs, conflicts, playbooks and
hand-overs; calm, and with intake killed, Redis begun anew and Kafka away in between. In the end there is one case of each call, each
write that was promised stands in the chain once, nothing stands there that nobody was told of, and no conflict was silent."""
import collections
import itertools
import random
import signal
import threading
import time
import uuid

from day import Draft, Ledger, Operator, both
from desk import PROCESSORS, READY, SEED, chains, head_after, scaled, until
from partner import Partner
from people import Person, staff_of
from test_live import start_redis

CALLS, OPERATORS = scaled(200), 8
FAULTS = ["intake", "redis", "kafka"] + ["intake", "intake", "redis", "kafka", "intake", "redis"] * (CALLS >= 100)
BOOKS = ("ransomware", "account_takeover", "defacement", "malware", "information_leak", "support_scam", "ddos", "other")
# What becomes of a call's hand-over, by its number; None: it has none.
WAYS = (None, "accepted", None, "declined", "withdrawn")
ENDS = {"accepted": "released", "declined": "declined", "withdrawn": "deleted"}
SAID = {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00"}


class Day:
    def __init__(self, desk, people, calm):
        self.desk, self.ledger = desk, Ledger(calm)
        self.marker = f"day-{SEED}-{uuid.uuid4().hex[:8]}"
        self.operators = [Operator(desk, self.ledger, person, number % 2 == 0) for number, person in enumerate(people)]
        self.books = {book["playbook"]: book for book in desk.ok("GET", "/v1/playbooks")["playbooks"]}
        facts = desk.desk_facts()
        self.provider, document = facts["provider"]["id"], facts["consent_documents"][0]
        self.document = {"document": document["id"], "version": document["version"], "sha256": document["sha256"], "capacity": "代表取締役"}
        self.numbers, self.failures, self.ways, self.cases = itertools.count(), [], {}, {}

    def answer(self, partner, kind, word):
        """The partner's side."""
        way = self.ways.get(word["case"])
        if kind == "offered" and way in ("accepted", "declined"):
            partner.provider.reply("escalation." + way, word)
        elif kind == "recalled":
            partner.provider.reply("escalation.deleted", partner.offer(word["handover"]))

    # --- operators at work --------------------------------------------------------------------------------------------
    def work(self, operator):
        while not self.failures and (number := next(self.numbers)) < CALLS:
            try:
                Call(self, number, operator).take()
            except Exception as error:  # noqa: BLE001  (told by the test)
                self.failures.append(f"call {number}: {type(error).__name__}: {error}")

    def run(self, meanwhile):
        workers = [threading.Thread(target=self.work, args=(operator,)) for operator in self.operators]
        for worker in workers:
            worker.start()
        try:
            meanwhile(self)
        finally:
            for worker in workers:
                worker.join()
        assert not self.failures, self.failures[:3]


class Call:
    """One call, taken by one operator with a colleague beside."""

    def __init__(self, day, number, operator):
        self.day, self.number, self.me = day, number, operator
        self.dice = random.Random(f"{SEED} {number}")
        self.colleague = self.dice.choice([other for other in day.operators if other is not operator])
        self.way = WAYS[number % len(WAYS)]
        self.kind = BOOKS[number % len(BOOKS)]

    def take(self):
        draft = self.hear()
        self.case = self.open(draft)
        self.look()
        self.amend()
        self.respond()
        if self.way:
            self.hand_over()
        self.close()
        self.day.cases[self.number] = self.case

    # --- before it is a case ------------------------------------------------------------------------------------------
    def typed(self, **more):
        hearing = {"contact": {"company": f"会社{self.number}", "phone": "0300001234"},
                   "incident": {"summary": f"{self.day.marker}-{self.number}", "type": self.kind}}
        return {"hearing": hearing, **more}

    def hear(self):
        draft = Draft(self.me, {"hearing": {"contact": {"company": "会社"}}})
        for turn in range(self.dice.randint(3, 6)):
            assert draft.save(self.me, {**draft.typed, "memo": f"{turn}回目"})
        if self.number % 3 == 1:
            self.hand_to_colleague(draft)
        if self.number % 4 == 2:
            self.type_at_once(draft)
        assert draft.save(self.me, self.typed(memo="聞き終えた"))
        return draft

    def hand_to_colleague(self, draft):
        """Not without having read it; and whoever had it before does not write on as if nothing were."""
        mine = draft.etag
        blind = self.colleague.ask("PUT", draft.path, {"memo": "見ずに"})
        if blind.status != 428:  # there is no draft any more: it is typed again
            assert self.day.ledger.forgotten, blind
            draft.etag = blind.etag
        read = self.colleague.ask("GET", draft.path)
        assert draft.save(self.colleague, {**draft.typed, "memo": "引き継ぎ"}, read.etag)
        assert self.me.ask("PUT", draft.path, {"memo": "前の担当"}, If_Match=mine).status == 412, "overwrote a colleague in silence"
        self.day.ledger.count("taken over")
        self.me, self.colleague = self.colleague, self.me

    def type_at_once(self, draft):
        """Both have read the same: one of them writes, the other is told."""
        seen, mine, theirs = draft.etag, {**draft.typed, "memo": "私"}, {**draft.typed, "memo": "同僚"}
        stored = both(lambda: draft.save(self.me, mine, seen), lambda: draft.save(self.colleague, theirs, seen))
        if sorted(stored) != [False, True]:  # Redis began anew between the two
            assert self.day.ledger.forgotten and all(stored), stored
        self.day.ledger.count("drafts typed at once")
        now = self.me.ask("GET", draft.path)
        if now.ok:
            draft.typed, draft.etag = now.json, now.etag

    def open(self, draft):
        """Once by whoever is first, although both press the button, and again."""
        body, key, path = self.typed()["hearing"], uuid.uuid4().hex, f"/v1/cases?draft={draft.id}"
        if self.number % 5 != 4:
            body = {**body, "customer_id": f"DAY-{self.number % 7}"}

        def mine():
            return self.me.ask("POST", path, body, Idempotency_Key=key)
        answers = both(mine, lambda: self.colleague.ask("POST", path, body, Idempotency_Key=uuid.uuid4().hex)) if self.number % 3 == 0 \
            else [mine()]
        answers += [mine() for _ in range(2)]
        opened = [answer for answer in answers if answer.status == 201]
        used = [answer for answer in answers if answer.status == 409]
        assert opened and len(opened) + len(used) == len(answers), answers
        cases = {answer.json["id"] for answer in opened} | {answer.location.rpartition("/")[2] for answer in used}
        assert len(cases) == 1 and {answer.code for answer in used} <= {"draft_used"}, answers
        self.day.ledger.counts["draft_used"] += len(used)
        self.day.ledger.opened[cases.copy().pop()] = (self.number, opened[0].json["head"])
        return cases.pop()

    # --- the case -----------------------------------------------------------------------------------------------------
    def look(self):
        path = f"/v1/cases/{self.case}/presence"
        self.me.ask("PUT", path, {"doing": "editing"})
        assert self.me.person.name in {one["operator"] for one in self.colleague.ask("GET", path).json["present"]} or \
            not self.day.ledger.calm
        note = self.me.done(self.case, "notes", {"text": "受付"})
        assert note.json["event"]

    def amend(self):
        """Two who have read the same: one is taken, the other is told, reads what has changed, and goes on from there."""
        self.me.done(self.case, "", {"contact": {"department": "総務"}}, method="PATCH")
        if self.number % 2:
            return
        seen = self.me.get(f"/v1/cases/{self.case}").etag
        who = {"私": self.me, "同僚": self.colleague}
        found = dict(zip(who, both(*[lambda o=o, n=n: o.write(self.case, "", {"contact": {"person": n}}, seen=seen, method="PATCH")
                                     for n, o in who.items()])))
        taken = [name for name, answer in found.items() if answer.ok]
        assert len(taken) == 1 and sorted(a.status for a in found.values()) in ([200, 412], [200, 409]), found
        loser = next(name for name in who if name not in taken)
        now = who[loser].get(f"/v1/cases/{self.case}")
        assert now.json["hearing"]["contact"]["person"] == taken[0] and now.etag != seen
        who[loser].done(self.case, "", {"other_info": f"{loser}も聞いた"}, method="PATCH", seen=now.etag)
        self.day.ledger.count("conflicts told")

    def step(self, step):
        return {"kind": "step", "by": "customer", "step": {"playbook": self.kind, "step": step["step"]}}

    def respond(self):
        """By the playbook: nothing that destroys traces before they are preserved; no close before what is mandatory."""
        steps = self.day.books[self.kind]["steps"]
        clean = [step for step in steps if step["kind_of_step"] == "clean"]
        mandatory = [step for step in steps if step["mandatory"]]
        preserve = [step for step in mandatory if step["kind_of_step"] == "preserve"]
        self.me.refused(self.case, "actions", self.step(clean[0]), 409)
        self.me.done(self.case, "policy", {"text": "手順どおりに進める", "playbook": self.kind})
        for step in preserve:
            self.me.refused(self.case, "actions", self.step(clean[0]), 409)
            self.me.refused(self.case, "close", {"outcome": "resolved", "reason": "早すぎる"}, 409)
            waiver = {"kind": "waiver", "waiver": {"of": "step", "step": step["step"], "reason": "機器が手元にない"}}
            self.me.done(self.case, "actions", waiver if self.dice.random() < 0.3 else self.step(step))
        for step in [clean[0]] + [step for step in mandatory if step not in preserve and step is not clean[0]]:
            self.me.done(self.case, "actions", self.step(step))

    def hand_over(self):
        me, case = self.me, self.case
        now = me.get(f"/v1/cases/{case}")
        hearing = {**READY, "contact": {"responsible_person": "unknown"}}
        me.done(case, "", hearing, method="PATCH", seen=now.etag)
        if self.number % 5 == 4:
            me.done(case, "customer", {"customer_id": "DAY-LATE"})
        me.done(case, "consents", {**self.day.document, **SAID})
        me.done(case, "intention", {"provider": self.day.provider, **SAID})
        self.day.ways[case] = self.way
        me.done(case, "handover", {"provider": self.day.provider})
        if self.way == "withdrawn":
            self.reaches("offered")
            me.done(case, "consents/withdrawal", {**SAID, "reason": "社内で検討するため"})
        self.reaches(ENDS[self.way])
        self.day.ledger.count("hand-overs " + self.way)

    def reaches(self, state):
        until(f"call {self.number} is {state}", lambda: self.me.case(self.case)["escalation"]["state"] == state, 120, 0.1)

    def close(self):
        earlier = self.day.cases.get(self.number - OPERATORS)
        if self.number % 10 == 0 and earlier:
            body = {"outcome": "duplicate", "reason": "同じ会社から二度目の電話", "of": earlier}
        else:
            body = {"outcome": "handed_over" if self.way == "accepted" else "resolved", "reason": "済"}
        self.me.done(self.case, "close", body)
        self.colleague.refused(self.case, "close", body, 409)


# --- what goes wrong meanwhile -----------------------------------------------------------------------------------------
def nothing(day):
    pass


def kill_intake(day, dice):
    day.desk.wait_ready("intake")
    day.desk.kill_and_wait("intake")


def restart_redis(day, dice):
    """What it held is gone: sessions, drafts, who is there."""
    ended = time.monotonic()
    day.desk.kill("redis", signal.SIGTERM)
    time.sleep(dice.uniform(0.5, 2))
    day.ledger.forgotten.append((ended, time.monotonic()))
    start_redis(day.desk)


def kafka_away(day, dice):
    day.desk.kafka_was_away = True
    day.desk.kill("kafka", signal.SIGSTOP)
    time.sleep(dice.uniform(4, 9))
    day.desk.kill("kafka", signal.SIGCONT)


def faults(day):
    """Each at a moment of its own, while calls are under way."""
    dice, acts = random.Random(SEED), {"intake": kill_intake, "redis": restart_redis, "kafka": kafka_away}
    order = dice.sample(FAULTS, len(FAULTS))
    for turn, what in enumerate(order):
        goal = CALLS * (turn + 0.6 * dice.random()) / (len(order) + 1)
        until("calls go on", lambda: len(day.cases) >= goal or day.failures, 300, 0.01)
        assert day.failures or len(day.cases) < CALLS, "the day is over"
        acts[what](day, dice)
        day.ledger.count(what + " " + ("killed" if what == "intake" else "begun anew" if what == "redis" else "away"))


# --- in the evening ---------------------------------------------------------------------------------------------------
def merged(target, patch):
    """RFC 7396"""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


def one_case_of_each_call(day, told):
    calls = collections.defaultdict(list)
    for case, chain in told.items():
        summary = chain["events"][0].data["hearing"]["incident"]["summary"] if chain["events"] else ""
        if summary.startswith(day.marker):
            calls[int(summary.rpartition("-")[2])].append(case)
    assert {number: cases for number, cases in calls.items() if len(cases) != 1} == {}
    assert {number: cases[0] for number, cases in calls.items()} == day.cases and len(day.cases) == CALLS


def what_was_promised_stands_there_once(day, told):
    """And nothing else: whoever wrote was told, and in the end each write was answered."""
    stands = collections.Counter()
    for case in day.cases.values():
        stands.update((event.id, case) for event in told[case]["events"][1:] if not event.type.startswith("provider."))
        number, head = day.ledger.opened[case]
        assert head_after(None, told[case]["events"][0]) == head, f"call {number}"
    assert set(stands.values()) == {1}
    assert set(stands) == {(event, case) for event, (case, *_) in day.ledger.written.items()}


def no_conflict_was_silent(day, told):
    """A write on a condition extends the head that its operator had seen, and no other."""
    conditional = 0
    for event, (case, what, seen) in day.ledger.written.items():
        if seen:
            record = next(record for record in told[case]["events"] if record.id == event)
            assert record.data["extends"][:16] == seen.strip('"').partition(".")[0], (case, what)
            conditional += 1
    assert conditional
    return conditional


def what_is_shown_is_what_was_written(day, told):
    for case in day.cases.values():
        shown, events = day.desk.case(case), told[case]["events"]
        hearing = {}
        for event in events:
            if event.type in ("case.opened", "hearing.amended"):
                hearing = merged(hearing, event.data.get("patch", event.data.get("hearing")))
        assert shown["hearing"] == hearing, case
        assert (shown["revision"], shown["head"], shown["status"]) == (len(events), told[case]["head"], "closed"), case
        chain = [event["id"] for event in day.desk.ok("GET", f"/v1/cases/{case}/chain")["events"] if event["accepted"]]
        assert chain == [event.id for event in events]
        timeline = day.desk.ok("GET", f"/v1/cases/{case}/timeline")["timeline"]
        assert [entry["id"] for entry in timeline if entry.get("id") in set(chain)] == chain


def keys_went_where_they_should(day):
    records = [record for record in day.desk.read("escalations", principal="provider") if record.key in day.ways]
    keys = collections.Counter(record.key for record in records if record.type == "escalation.key")
    assert keys == collections.Counter(case for case, way in day.ways.items() if way == "accepted")


def nothing_is_left_over(day):
    """No call stays behind as a draft; where intake was killed just then, the draft says which case it became."""
    left = [draft for draft in day.desk.ok("GET", "/v1/drafts")["drafts"] if draft["owner"].startswith("day-")]
    assert all(draft.get("case") in day.cases.values() for draft in left) and (not day.ledger.calm or not left), left
    return len(left)


def live_through(desk, meanwhile):
    people, begun = [Person(f"day-{number}", ["operator"]) for number in range(OPERATORS)], time.monotonic()
    with staff_of(desk, *people):
        day = Day(desk, people, meanwhile is nothing)
        with Partner(desk, day.answer):
            day.run(meanwhile)
        desk.wait_ready()
        desk.wait_idle(seconds=120)
        took = time.monotonic() - begun
        told = chains(record for record in desk.read("cases") if record.key in day.ledger.opened or day.marker.encode() in (record.value or b""))
        one_case_of_each_call(day, told)
        what_was_promised_stands_there_once(day, told)
        conditional = no_conflict_was_silent(day, told)
        what_is_shown_is_what_was_written(day, told)
        keys_went_where_they_should(day)
        left = nothing_is_left_over(day)
    print(f"\nseed {SEED}: {CALLS} calls of {OPERATORS} operators in {took:.0f} s: {len(day.cases)} cases, {len(day.ledger.written)} writes, each in its "
          f"chain once, {conditional} of them on the head that was seen, {left} drafts left")
    for what, count in sorted(day.ledger.counts.items()):
        print(f"  {what}: {count}")
    return day


def test_a_day(desk):
    day = live_through(desk, nothing)
    for what in ("taken over", "drafts typed at once", "conflicts told", "draft_used", "412 stale", "hand-overs accepted", "hand-overs declined",
                 "hand-overs withdrawn"):
        assert day.ledger.counts[what], f"{what}: never happened"


def test_a_day_with_intake_killed_redis_begun_anew_and_kafka_away(desk):
    gave_up = {service: desk.restarts(service, 111) for service in PROCESSORS}
    day = live_through(desk, faults)
    gave_up = {service: count for service, before in gave_up.items() if (count := desk.restarts(service, 111) - before)}
    print(f"  waited for Kafka in vain, and began anew: {gave_up or 'nobody'}")
    assert day.ledger.counts["no answer"] and day.ledger.counts["signed in"] > OPERATORS // 2
