# SPDX-License-Identifier: Apache-2.0
"""No key after a withdrawal: cases withdrawn at random moments around request, offer and acceptance, every third of them while triage
and escalation are stopped. What is true is worked out here from the topics alone."""
import contextlib
import pathlib
import random
import signal
import threading
import time

import requests

from desk import READY, SEED, chains, scaled, until
from partner import Partner

WORKERS = 8
STOPPED = ("triage", "escalation")
MOMENTS = ((), ("preparing", "offered", "accepted", "released"), ("offered", "accepted", "released"), ("accepted", "released"),
           ("released",))
STOPPED_AT = ("request", "withdrawal", "both")
ENDED = ("cancelled", "recalled", "deleted")


def accept_after_a_moment(dice):
    """Accepts whatever is offered, after a moment that is different each time; answers a recall as it must."""
    def take(partner, kind, word):
        if kind == "offered":
            threading.Timer(dice.uniform(0, 0.3), partner.provider.reply, ("escalation.accepted", word)).start()
        elif kind == "recalled" and partner.offer(word["handover"]):
            partner.provider.reply("escalation.deleted", partner.offer(word["handover"]))
    return take


def wait_for(desk, case_id, states, session):
    """Until the hand-over is about there; not for ever, somebody may be stopped just now."""
    end = time.monotonic() + 5
    while states and time.monotonic() < end:
        if desk.ok("GET", f"/v1/cases/{case_id}", session=session)["escalation"]["state"] in states:
            return
        time.sleep(0.01)


class Stops:
    """Triage and escalation stopped for the moment that a case lives in; one case at a time, so that both run again in between."""

    def __init__(self, desk):
        self.desk, self.lock, self.cases = desk, threading.Lock(), set()

    def is_stopped(self, service):
        return pathlib.Path(f"/proc/{self.desk.pid(service)}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    @contextlib.contextmanager
    def around(self, case_id, dice):
        with self.lock:
            try:
                for service in STOPPED:
                    self.desk.kill(service, signal.SIGSTOP)
                for service in STOPPED:
                    until(f"{service} stopped", lambda s=service: self.is_stopped(s), 5, 0.001)
                yield
                time.sleep(dice.uniform(0, 0.3))  # so much passes before they see it
                assert all(self.is_stopped(service) for service in STOPPED)
                self.cases.add(case_id)
            finally:
                for service in STOPPED:
                    self.desk.kill(service, signal.SIGCONT)


def live_through(desk, session, dice, number, stops):
    """One case from opening to withdrawal; what the desk said of its effect."""
    case_id = desk.open_case(f"撤回 {number}", customer=f"W-{SEED % 1000000}-{number % 7}", hearing=READY, session=session)
    time.sleep(dice.choice((0, 0, 0.05)))
    desk.consent(case_id)
    desk.intention(case_id)
    stopped_at = dice.choice(STOPPED_AT) if number % 3 == 0 else None

    def moment(name):
        return stops.around(case_id, dice) if name == stopped_at else contextlib.nullcontext()
    with moment("both"):
        with moment("request"):
            desk.request_handover(case_id)
        if stopped_at != "both":
            wait_for(desk, case_id, dice.choice(MOMENTS), session)
            time.sleep(dice.choice((0, dice.uniform(0, 0.02), dice.uniform(0, 0.4))))
        with moment("withdrawal"):
            answer = desk.withdraw(case_id, dice.choice(("consents", "intention")))
    assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text[:300]}"
    return case_id, answer.json()


def run_all(desk, total):
    """case → the desk's answer to its withdrawal."""
    dice, answers, failures, stops = random.Random(SEED), {}, [], Stops(desk)
    numbers = iter(range(total))  # shared: each number goes to one worker

    def work(own):
        session = requests.Session()
        for number in numbers:
            try:
                case_id, answer = live_through(desk, session, own, number, stops)
                answers[case_id] = answer
            except Exception as error:  # noqa: BLE001  (told below)
                failures.append(f"{type(error).__name__}: {error}")
                return

    workers = [threading.Thread(target=work, args=(random.Random(dice.random()),)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures[:3]
    assert len(answers) == total
    assert len(stops.cases) == len(range(0, total, 3)), "a third did not live through a stop"
    return answers


def judged(chain):
    """(hand-over, its acceptance stands before the first withdrawal after the request) from one chain's accepted events."""
    handover, accepted_first, withdrawn = None, False, False
    for event in chain["events"]:
        if event.type == "handover.requested":
            handover = event.id
        elif event.type in ("consent.withdrawn", "intention.withdrawn"):
            withdrawn = True
        elif event.type == "provider.accepted" and not withdrawn:
            accepted_first = True
    return handover, accepted_first


def told(desk, case_id, answer):
    """What the desk said of the withdrawal, at once or on the case later."""
    if "effect" in answer:
        return answer
    case = desk.case(case_id)
    return next(f["withdrawn"] for f in (*case["consents"], case["intention"]) if f and f.get("withdrawn"))


def left(desk, answers):
    """type → hand-overs of which such a word left; of keys also what was aborted."""
    found = {"key": set(), "offered": set(), "recalled": set()}
    for isolation, kinds in (("read_uncommitted", ("key",)), ("read_committed", ("offered", "recalled"))):
        for record in desk.read("escalations", isolation):
            kind = record.type.removeprefix("escalation.")
            if record.key in answers and kind in kinds:
                found[kind].add(record.data_of_jws()["handover"])
    return found


def test_no_key_after_a_withdrawal(desk):
    with Partner(desk, accept_after_a_moment(random.Random(SEED + 1))):
        answers = run_all(desk, scaled(1000))
        for case_id in answers:
            until(f"{case_id} has ended", lambda c=case_id: desk.state(c) in ENDED, 60)
        desk.wait_idle()

    taken, words = chains(desk.read("cases")), left(desk, answers)
    counts = {"stopped": 0, "recalled": 0, "keys": 0, "offered": 0, "answered 202": sum("effect" not in a for a in answers.values())}
    for case_id, answer in answers.items():
        handover, accepted_first = judged(taken[case_id])
        said, state = told(desk, case_id, answer), desk.state(case_id)
        assert said["effect"] == ("recalled" if accepted_first else "stopped"), f"{case_id}: {answer}"
        if accepted_first:
            assert said["accepted_at"], f"{case_id}: {answer}"
            assert handover in words["recalled"] and state in ("recalled", "deleted"), f"{case_id}: accepted and not recalled"
        else:
            assert handover not in words["key"], f"{case_id}: a key after the withdrawal"
        assert (handover in words["recalled"]) == (handover in words["offered"]), f"{case_id}: what was offered must be recalled"
        counts[said["effect"]] += 1
        counts["keys"] += handover in words["key"]
        counts["offered"] += handover in words["offered"]
    print(f"seed {SEED}: {len(answers)} cases, {len(range(0, len(answers), 3))} of them stopped, {counts}")
    assert min(counts["stopped"], counts["recalled"]) >= len(answers) / 10, counts
    assert counts["keys"] > 0, counts
