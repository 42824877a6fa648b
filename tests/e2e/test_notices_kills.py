# SPDX-License-Identifier: Apache-2.0
"""notify is killed every five seconds on average, under load: no notice is lost; one comes twice only where it was killed between the relay's
answer and the commit of what became of it, and under the same Message-ID."""
import collections
import datetime
import random
import threading
import time
import uuid

from desk import SCALE, SEED, until
from outside import Relay

MINUTES = 5
ORDER = ["received", "policy_decided", "breach_dates"]


class Slow(Relay):
    """Takes its time to answer, so that a kill meets mails at every stage."""

    def data(self, session):
        time.sleep(random.uniform(0, 0.1))
        return super().data(session)


class Callers(threading.Thread):
    """Cases, one after the other, three notices each."""

    def __init__(self, desk, run):
        super().__init__(daemon=True)
        self.desk, self.run_id, self.cases, self.ended, self.broken = desk, run, {}, False, None

    def run(self):
        try:
            while not self.ended:
                self.one(f"x@k{len(self.cases)}.{self.run_id}.example")
        except Exception as broken:  # told by the test
            self.broken = broken

    def one(self, address):
        known = datetime.datetime.now(datetime.timezone.utc).isoformat()
        case_id = self.desk.open_case("落ちても届く", hearing={"contact": {"email": address}})
        act = {"kind": "address_confirmed", "address_confirmed": {"address": address}}
        self.desk.ok("POST", f"/v1/cases/{case_id}/actions", act)
        self.desk.ok("POST", f"/v1/cases/{case_id}/policy", {"text": "隔離する", "playbook": "other"})
        self.desk.ok("PATCH", f"/v1/cases/{case_id}", {"incident": {"information_leak": "yes", "known_at": known}})
        self.cases[address] = case_id


def kill_now_and_then(desk, seconds, dice):
    """When each was; two may follow within milliseconds, and the second shall not hit what is dying already."""
    kills, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(dice.expovariate(1 / 5))
        now = time.monotonic()
        try:
            desk.kill_and_wait("notify")
            kills.append(now)
        except ProcessLookupError:  # not up again yet: nothing was killed
            continue
    return kills


def customer_notices(desk, case_id):
    return [notice for notice in desk.case(case_id)["notifications"] if notice["to"] == "customer"]


def test_nothing_is_lost_by_kills(desk):
    dice, run = random.Random(SEED), uuid.uuid4().hex[:8]
    with Slow() as relay:
        desk.restart_with("notify", KAKEKOMI_SMTP_URL=f"smtp+plain://127.0.0.1:{relay.port}")
        try:
            desk.wait_ready("notify")
            callers = Callers(desk, run)
            callers.start()
            kills = kill_now_and_then(desk, max(30, MINUTES * 60 * SCALE), dice)
            callers.ended = True
            callers.join(60)
            assert not callers.broken, callers.broken
            desk.wait_ready("notify")
            repeats = 0
            for address, case_id in callers.cases.items():
                told = until(f"all of {case_id}", lambda c=case_id: len(n := customer_notices(desk, c)) == 3
                             and all(notice["status"] == "sent" for notice in n) and n, 180)
                assert [notice["rule"] for notice in told] == ORDER
                taken = collections.defaultdict(list)
                for mail in relay.of(address):
                    taken[mail.message["Message-ID"]].append(mail.at)
                assert set(taken) == {f"<{notice['id']}@desk.example>" for notice in told}
                first = sorted(taken, key=lambda message_id: taken[message_id][0])
                assert first == [f"<{notice['id']}@desk.example>" for notice in told]
                for times in taken.values():
                    repeats += len(times) - 1
                    for before, after in zip(times, times[1:]):
                        assert any(before - 1 < kill < min(after, before + 10) for kill in kills), "repeated without a kill soon after"
            print(f"{len(callers.cases)} cases, {3 * len(callers.cases)} notices, {len(kills)} kills, {repeats} mails repeated, seed {SEED}")
        finally:
            desk.restart_with("notify")
            desk.wait_ready("notify")
