# SPDX-License-Identifier: Apache-2.0
"""No key after a withdrawal: cases withdrawn at random moments around request, offer and acceptance, with triage stopped and
escalation paused in a third of them. What is true is worked out here from the topics alone."""
import random
import signal
import threading
import time

import requests

from desk import READY, SEED, chains, scaled, until
from partner import Partner

WORKERS = 8
MOMENTS = ((), ("preparing", "offered", "accepted", "released"), ("offered", "accepted", "released"), ("accepted", "released"))
ENDED = ("cancelled", "recalled", "deleted", "none")


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


def live_through(desk, session, dice, number):
    """One case from opening to withdrawal; what the desk said of its effect."""
    case_id = desk.open_case(f"撤回 {number}", customer=f"W-{SEED % 1000000}-{number % 7}", hearing=READY, session=session)
    time.sleep(dice.choice((0, 0, 0.05)))
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    wait_for(desk, case_id, dice.choice(MOMENTS), session)
    time.sleep(dice.choice((0, dice.uniform(0, 0.02), dice.uniform(0, 0.4))))
    answer = desk.withdraw(case_id, dice.choice(("consents", "intention")))
    assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text[:300]}"
    return case_id, answer.json()


def disturb(desk, dice, going):
    """Triage stopped and escalation paused, again and again, for a third of the time."""
    while going():
        time.sleep(dice.uniform(0.5, 1.5))
        stopped = [s for s in ("triage", "escalation") if dice.random() < 0.7]
        for service in stopped:
            desk.kill(service, signal.SIGSTOP)
        time.sleep(dice.uniform(0.2, 0.8))
        for service in stopped:
            desk.kill(service, signal.SIGCONT)


def run_all(desk, total):
    dice, answers, failures, lock = random.Random(SEED), {}, [], threading.Lock()
    numbers = iter(range(total))

    def work(own):
        session = requests.Session()
        while (number := next_number()) is not None and not failures:
            try:
                case_id, answer = live_through(desk, session, own, number)
                answers[case_id] = answer
            except Exception as error:  # noqa: BLE001
                failures.append(f"{type(error).__name__}: {error}")

    def next_number():
        with lock:
            return next(numbers, None)

    workers = [threading.Thread(target=work, args=(random.Random(dice.random()),)) for _ in range(WORKERS)]
    troubles = threading.Thread(target=disturb, args=(desk, random.Random(dice.random()),
                                                      lambda: any(w.is_alive() for w in workers)))
    for thread in [*workers, troubles]:
        thread.start()
    for thread in [*workers, troubles]:
        thread.join()
    assert not failures, failures[:3]
    assert len(answers) == total
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


def effect_told(desk, case_id, answer):
    if "effect" in answer:
        return answer["effect"]
    case = desk.case(case_id)
    for fact in (*case["consents"], case["intention"]):
        if fact and fact.get("withdrawn"):
            return fact["withdrawn"]["effect"]
    return None


def test_no_key_after_a_withdrawal(desk):
    with Partner(desk, accept_after_a_moment(random.Random(SEED + 1))):
        answers = run_all(desk, scaled(1000))
        desk.wait_ready()
        for case_id in answers:
            until(f"{case_id} has ended", lambda c=case_id: desk.state(c) in ENDED, 60)

    taken = chains(desk.read("cases"))
    keys = {record.data_of_jws()["handover"] for record in desk.read("escalations", "read_uncommitted")
            if record.type == "escalation.key"}
    counts = {"stopped": 0, "recalled": 0, "keys": 0}
    for case_id, answer in answers.items():
        handover, accepted_first = judged(taken[case_id])
        told = effect_told(desk, case_id, answer)
        assert told == ("recalled" if accepted_first else "stopped"), f"{case_id}: {answer}"
        assert accepted_first or handover not in keys, f"{case_id}: a key after the withdrawal"
        counts[told] += 1
        counts["keys"] += handover in keys
    print("seed", SEED, counts)
    assert counts["stopped"] and counts["recalled"], counts
