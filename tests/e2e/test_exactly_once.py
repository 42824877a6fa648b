# SPDX-License-Identifier: Apache-2.0
"""Every record once, every key behind the gate, every mail at least once, although triage, escalation and notify kill themselves
inside open transactions all the time. Independent of the services: topics and mails are read here."""
import collections
import itertools
import random
import re
import subprocess
import threading

import requests

from desk import READY, ROOT, SEED, chains, scaled, until
from partner import Partner

SERVICES = ("triage", "escalation", "notify")
POINTS = {"after_offsets": 8, "after_produce": 40, "before_commit": 8}  # all between begin and commit; one pass in so many
OUTPUTS = ("extractions", "extracts", "escalations", "provider-events", "escalation-status", "notifications")
WORKERS = 6


def accept_all(partner, kind, word):
    if kind == "offered":
        partner.provider.reply("escalation.accepted", word)


def live_through(desk, session, number):
    hearing = {**READY, "contact": {**READY["contact"], "email": f"case{number}@once-{SEED}.example"}}
    case_id = desk.open_case(f"一度だけ {SEED}-{number}", customer=f"ONCE-{number % 5}", hearing=hearing, session=session)
    desk.ok("POST", f"/v1/cases/{case_id}/actions",
            {"kind": "address_confirmed", "by": "operator", "address_confirmed": {"address": hearing["contact"]["email"]}},
            session=session)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    return case_id, hearing["contact"]["email"]


def kills(desk):
    return sum(desk.restarts(service, 137) for service in SERVICES)


def run_under_kills(desk, total, wanted):
    """At least `total` cases, and more until the services have killed themselves `wanted` times."""
    before, numbers, cases, failures = kills(desk), itertools.count(), {}, []
    enough = lambda number: number >= total and (kills(desk) - before >= wanted or number >= 5 * total)  # noqa: E731

    def work():
        session = requests.Session()
        while not failures and not enough(number := next(numbers)):
            try:
                case_id, address = live_through(desk, session, number)
                cases[case_id] = address
                until(f"{case_id} is released", lambda: desk.state(case_id) == "released", 120)
            except Exception as error:  # noqa: BLE001
                failures.append(f"{type(error).__name__}: {error}")

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures[:3]
    return cases, kills(desk) - before


def abort_markers(desk):
    """By topic, from the segments on disk: no client shows control records."""
    data = desk.var / "kafka" / "data"
    found = collections.Counter()
    names = [f"kakekomi.{topic}" for topic in OUTPUTS] + ["__consumer_offsets"]
    for name in names:
        segments = ",".join(str(p) for p in data.glob(f"{name}-*/*.log") if p.stat().st_size)
        if not segments:
            continue
        text = subprocess.run(["java", "-cp", f"{ROOT}/var/jars/*", "org.apache.kafka.tools.DumpLogSegments",
                               "--deep-iteration", "--files", segments],
                              capture_output=True, text=True, check=True).stdout
        found[name] = len(re.findall(r"endTxnMarker: ABORT", text))
    return found


def test_everything_once_although_killed_inside_transactions(desk):
    dice = random.Random(SEED)
    markers_before = abort_markers(desk)
    try:
        for service, point in zip(SERVICES, dice.sample(sorted(POINTS), 3)):
            desk.restart_with(service, KAKEKOMI_FAILPOINT=f"{point}:1/{POINTS[point]}")
        with Partner(desk, accept_all):
            cases, killed = run_under_kills(desk, scaled(200), scaled(30))
    finally:
        for service in SERVICES:
            desk.restart_with(service)
        desk.wait_ready()
    markers = abort_markers(desk)
    markers.subtract(markers_before)
    print(f"seed {SEED}: {len(cases)} cases, killed {killed} times inside a transaction, abort markers {dict(+markers)}")
    assert killed >= scaled(30)
    assert markers["__consumer_offsets"] >= killed, "fewer transactions aborted than killed"

    each_case_has_its_summary(desk, cases)
    each_record_once(desk, cases)
    no_key_but_through_the_gate(desk, cases)
    each_mail_at_least_once(desk, cases)


def each_case_has_its_summary(desk, cases):
    newest = {r.key: r.data for r in desk.read("extractions") if r.key in cases and r.is_event()}
    for case_id in cases:
        assert newest[case_id]["status"] in ("found", "none"), case_id
        assert desk.case(case_id)["triage"]["status"] == newest[case_id]["status"]


def each_record_once(desk, cases):
    ids, words = collections.Counter(), collections.Counter()
    for record in desk.read("escalations"):
        if record.key in cases:
            ids[record.id] += 1
            if record.type != "escalation.part":
                words[record.key, record.type] += 1
    assert not [i for i, count in ids.items() if count > 1], "an id twice in the provider's view"
    for case_id in cases:
        assert words[case_id, "escalation.offered"] == words[case_id, "escalation.key"] == 1, case_id
    for topic in ("extractions", "escalation-status", "provider-events", "notifications"):
        seen = collections.Counter(r.id for r in desk.read(topic) if r.key in cases)
        assert not [i for i, count in seen.items() if count > 1], f"an id twice on {topic}"


def no_key_but_through_the_gate(desk, cases):
    """Also of what was aborted: the gate needs consent, intention, request and acceptance, and they stand in the chain."""
    taken = chains(desk.read("cases"))
    for record in desk.read("escalations", "read_uncommitted"):
        if record.key in cases and record.type == "escalation.key":
            types = [event.type for event in taken[record.key]["events"]]
            assert {"consent.recorded", "intention.expressed", "handover.requested", "provider.accepted"} <= set(types)
            handover = next(e.id for e in taken[record.key]["events"] if e.type == "handover.requested")
            assert record.data_of_jws()["handover"] == handover


def each_mail_at_least_once(desk, cases):
    notices = {r.key: r.data["notices"] for r in desk.read("notifications") if r.key in cases and r.is_event()}
    wanted = {"received", "detections_none", "handover_offered", "handover_accepted"}
    until("all notices", lambda: all(n["status"] == "sent" for c in cases for n in desk.case(c)["notifications"]), 90)
    addressed = collections.Counter()
    for message in desk.mails():
        addressed[message["To"], message["Message-ID"]] += 1
    for case_id, address in cases.items():
        to_customer = {message_id for (to, message_id) in addressed if to == address}
        assert len(to_customer) >= len([n for n in notices[case_id] if n["status"] == "sent"]), case_id
        assert wanted <= {notice["rule"] for notice in notices[case_id]}, case_id
    twice = sum(count > 1 for count in addressed.values())
    print(f"mails {sum(addressed.values())}, of them repeated {twice}")
