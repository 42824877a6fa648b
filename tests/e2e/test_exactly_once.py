# SPDX-License-Identifier: Apache-2.0
"""Every record once, every key behind the gate, every mail at least once, although triage, escalation and notify kill themselves
inside open transactions all the time. Independent of the services: topics, segments and mails are read here, and the gate is the
second statement of its rules under tests/oracle."""
import collections
import hashlib
import itertools
import json
import random
import struct
import sys
import threading

import requests

from desk import PROCESSORS, READY, ROOT, SEED, chains, scaled, until
from partner import Partner

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
from gate_oracle import Case, unmet  # noqa: E402

# All between begin and commit; a service dies in one pass of so many. Triage writes little more than a record a transaction.
POINTS = {"after_offsets": 8, "after_produce": 40, "before_commit": 8}
POINTS_OF_TRIAGE = {**POINTS, "after_produce": 8}
OUTPUTS = ("extractions", "extracts", "escalations", "provider-events", "escalation-status", "notifications")
WORKERS = 6
# Two thirds go the straight way; the others end in one of three ways without a key.
WAYS = ("released", "released", "withdrawn", "released", "released", "declined", "released", "released", "unconsented")
ENDS = {"released": "released", "withdrawn": "deleted", "declined": "declined", "unconsented": "held"}
NOTICES = {"released": {"received", "detections_none", "handover_offered", "handover_accepted"},
           "withdrawn": {"received", "detections_none", "handover_offered", "handover_recalled"},
           "declined": {"received", "detections_none", "handover_offered"},
           "unconsented": {"received", "detections_none", "handover_held"}}


class Run:
    """What was begun: case → way, case → address; the partner answers by the way."""

    def __init__(self, desk):
        self.desk, self.ways, self.addresses = desk, {}, {}
        self.failures, self.numbers = [], itertools.count()

    def answer(self, partner, kind, word):
        way, recalls = self.ways.get(word["case"]), len(partner.words("recalled", word["case"]))
        if kind == "offered" and way in ("released", "declined"):
            partner.provider.reply("escalation.accepted" if way == "released" else "escalation.declined", word)
        elif kind == "recalled":  # accepted too late, which is answered by one more recall
            partner.provider.reply("escalation.accepted" if recalls == 1 else "escalation.deleted", partner.offer(word["handover"]))

    def live_through(self, session, number):
        desk, way = self.desk, WAYS[number % len(WAYS)]
        address = f"case{number}@once-{SEED}.example"
        hearing = {**READY, "contact": {**READY["contact"], "email": address}}
        case_id = desk.open_case(f"一度だけ {SEED}-{number}", customer=f"ONCE-{number % 5}", hearing=hearing, session=session)
        self.ways[case_id], self.addresses[case_id] = way, address
        desk.ok("POST", f"/v1/cases/{case_id}/actions",
                {"kind": "address_confirmed", "by": "operator", "address_confirmed": {"address": address}}, session=session)
        if way != "unconsented":
            desk.consent(case_id)
        desk.intention(case_id)
        desk.request_handover(case_id)
        if way == "withdrawn":
            until(f"{case_id} is offered", lambda: desk.state(case_id) == "offered", 120)
            assert desk.withdraw(case_id).json().get("effect", "stopped") == "stopped"
        until(f"{case_id} is {ENDS[way]}", lambda: desk.state(case_id) == ENDS[way], 120)

    def work(self, enough):
        session = requests.Session()
        while not self.failures and not enough(number := next(self.numbers)):
            try:
                self.live_through(session, number)
            except Exception as error:  # noqa: BLE001  (told by the test)
                self.failures.append(f"{type(error).__name__}: {error}")

    def cases(self, enough):
        """One after the other on each worker until it is enough."""
        workers = [threading.Thread(target=self.work, args=(enough,)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not self.failures, self.failures[:3]


def kills(desk):
    return {service: desk.restarts(service, 137) for service in PROCESSORS}


def run_under_kills(run, points, total, wanted):
    """At least `total` cases, and more until each service has killed itself at its point `wanted` times. None of these kills is
    one of the restarts: those happen when nothing is left to do, and are counted before."""
    desk = run.desk
    desk.wait_idle()
    for service, point in points.items():
        passes = (POINTS_OF_TRIAGE if service == "triage" else POINTS)[point]
        desk.restart_with(service, KAKEKOMI_FAILPOINT=f"{point}:1/{passes}")
    before, first = kills(desk), next(run.numbers)

    def killed():
        return {service: count - before[service] for service, count in kills(desk).items()}
    run.cases(lambda number: number - first > total and (min(killed().values()) >= wanted or number - first > 8 * total))
    desk.wait_idle(seconds=120)
    return killed()


def every_point_for_every_service(run, dice):
    """Three rounds, in which each service has each of the points once; (service, point) → kills inside a transaction."""
    points, killed = dice.sample(sorted(POINTS), 3), {}
    try:
        for turn in range(3):
            at = {service: points[(place + turn) % 3] for place, service in enumerate(PROCESSORS)}
            counts = run_under_kills(run, at, scaled(200) // 3, max(1, scaled(30) // 9))
            killed |= {(service, point): counts[service] for service, point in at.items()}
    finally:
        for service in PROCESSORS:
            run.desk.restart_with(service)
        run.desk.wait_ready()
    return killed


def abort_markers(desk):
    """By topic, from the segments on disk, for no client shows control records: batches of format 2 whose attributes say control
    (bit 5), and whose one record has the key (version, type), type 0 being an abort."""
    found = collections.Counter()
    for path in (desk.var / "kafka" / "data").glob("*-*/*.log"):
        topic, data, at = path.parent.name.rpartition("-")[0].removeprefix("kakekomi."), path.read_bytes(), 0
        while at + 70 <= len(data):
            length, attributes, kind = *struct.unpack_from(">I", data, at + 8), *struct.unpack_from(">H", data, at + 21), data[at + 69]
            found[topic] += bool(attributes & 0x20) and kind == 0
            at += 12 + length
    return found


def test_everything_once_although_killed_inside_transactions(desk):
    run = Run(desk)
    markers_before = abort_markers(desk)
    with Partner(desk, run.answer):
        killed = every_point_for_every_service(run, random.Random(SEED))
    markers = abort_markers(desk)
    markers.subtract(markers_before)
    outputs = {topic: markers[topic] for topic in OUTPUTS}
    print(f"seed {SEED}: {len(run.ways)} cases {dict(collections.Counter(run.ways.values()))}, "
          f"killed {sum(killed.values())} times inside a transaction {({f'{s} {p}': n for (s, p), n in killed.items()})}, "
          f"abort markers in the offsets {markers['__consumer_offsets']}, in the outputs {outputs}")
    assert len(killed) == 9 and min(killed.values()) >= 1, killed
    assert sum(killed.values()) >= scaled(30)
    assert markers["__consumer_offsets"] >= sum(killed.values()), "fewer transactions aborted than killed"
    assert sum(outputs.values()) > 0, "no transaction was cut off after it had written"

    each_case_has_its_summary(desk, run.ways)
    each_record_once(desk, run.ways)
    no_key_but_through_the_gate(desk, run.ways)
    each_mail_at_least_once(desk, run.ways, run.addresses)


def each_case_has_its_summary(desk, cases):
    newest = {r.key: r.data for r in desk.read("extractions") if r.key in cases and r.is_event()}
    for case_id in cases:
        assert newest[case_id]["status"] in ("found", "none"), case_id
        assert desk.case(case_id)["triage"]["status"] == newest[case_id]["status"]


def each_record_once(desk, ways):
    view = [r for r in desk.read("escalations", principal="provider") if r.key in ways]
    seen_by_admin = [r for r in desk.read("escalations") if r.key in ways]
    assert sorted((r.partition, r.offset) for r in view) == sorted((r.partition, r.offset) for r in seen_by_admin)
    assert not repeated(r.id for r in view), "an id twice in the provider's view"
    words = collections.Counter((r.key, r.type) for r in view if r.type != "escalation.part")
    for case_id, way in ways.items():
        assert words[case_id, "escalation.offered"] == (way != "unconsented"), (way, case_id)
        assert words[case_id, "escalation.key"] == (way == "released"), (way, case_id)
        assert words[case_id, "escalation.recalled"] == (2 if way == "withdrawn" else 0), (way, case_id)
    each_part_once(view, ways)
    for topic in ("extractions", "escalation-status", "provider-events", "notifications"):
        assert not repeated(r.id for r in desk.read(topic) if r.key in ways), f"an id twice on {topic}"


def each_part_once(view, ways):
    """What was offered is all there is of parts: each where the offer says, with the hash that it says."""
    for case_id in ways:
        offered = [p for r in view if r.key == case_id and r.type == "escalation.offered" for p in r.data_of_jws()["parts"]]
        parts = {(r.partition, r.offset): hashlib.sha256(r.value).hexdigest()
                 for r in view if r.key == case_id and r.type == "escalation.part"}
        assert parts == {(p["partition"], p["offset"]): p["sha256"] for p in offered}, case_id
        assert len(parts) == len(offered), case_id


def repeated(ids):
    return [one for one, count in collections.Counter(ids).items() if count > 1]


def no_key_but_through_the_gate(desk, ways):
    """Also of what was aborted: a key belongs to an acceptance that stands in the chain, and on the chain up to there the gate,
    stated a second time, has nothing to say against it."""
    taken = chains(desk.read("cases"))
    profile = json.loads((desk.var / "desk" / "profile.json").read_text())
    everything = [r for r in desk.read("escalations", "read_uncommitted") if r.key in ways]
    keys = [r for r in everything if r.type == "escalation.key"]
    assert not {r.key for r in everything if ways[r.key] == "unconsented"}, "something left without consent"
    assert {r.key for r in keys} == {case_id for case_id, way in ways.items() if way == "released"}
    for record in keys:
        handover = record.data_of_jws()["handover"]
        assert unmet(accepted_story(taken[record.key]["events"], handover), profile, "acceptance") == set(), record.key


def accepted_story(events, handover):
    """The case as it stood when the provider accepted this hand-over, in the words of the oracle."""
    types = [event.type for event in events]
    asked = next(i for i, e in enumerate(events) if e.type == "handover.requested" and e.id == handover)
    accepted = next(i for i, e in enumerate(events) if e.type == "provider.accepted" and e.data["handover"] == handover)
    assert asked < accepted and types.index("consent.recorded") < accepted and types.index("intention.expressed") < accepted
    return Case([{"type": e.type, "data": e.data, "as": "requested" if e.id == handover else e.id}
                 for e in events[:accepted] if not e.type.startswith("provider.")])


def each_mail_at_least_once(desk, ways, addresses):
    def notices_of(case_id):
        return [notice for notice in desk.case(case_id)["notifications"] if notice["to"] == "customer"]
    until("all notices", lambda: all(NOTICES[way] <= {n["rule"] for n in notices_of(c) if n["status"] == "sent"}
                                     for c, way in ways.items()), 90)
    desk.wait_idle("notify")
    caught = collections.Counter((m["To"].strip("<>"), m["Message-ID"].strip("<>").partition("@")[0]) for m in desk.mails())
    sent = {case_id: [n for n in notices_of(case_id) if n["status"] == "sent"] for case_id in ways}
    wanted = {(addresses[case_id], notice["id"]) for case_id in ways for notice in sent[case_id]}
    # A hold that has ended before its mail went is not told any more.
    left = [n for c in ways for n in notices_of(c) if n["status"] != "sent"]
    assert not [n for n in left if (n["status"], n["rule"], n.get("why")) != ("dropped", "handover_held", "outdated")], left
    assert not wanted - set(caught), "a notice that was sent has no mail"
    ours = {mail: count for mail, count in caught.items() if mail[0] in set(addresses.values())}
    # A hold's mail may have gone when the service was killed before its outcome stood, and the hold was over afterwards.
    doubtful = {(addresses[c], n["id"]) for c in ways for n in notices_of(c) if n["status"] == "dropped"}
    assert not set(ours) - wanted - doubtful, "a mail that no notice stands for"
    print(f"mails {sum(ours.values())} of {len(wanted)} notices, {sum(count > 1 for count in ours.values())} sent more than once")
