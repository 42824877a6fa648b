# SPDX-License-Identifier: Apache-2.0
"""Acknowledged = kept: intake is killed with -9 while clients post and repeat with the same key and body."""
import json
import random
import threading
import time

import requests

from desk import SEED, chains, until

TOTAL, KILLS, CLIENTS = 2000, 5, 16  # always in full: it takes half a minute
SAMPLE = 50


def post_until_answered(desk, session, key, body):
    """The first 201; until then the same again, as a client does that got no answer, or 503."""
    raw, stop_at = json.dumps(body, ensure_ascii=False).encode(), time.monotonic() + 120
    while time.monotonic() < stop_at:
        try:
            answer = desk.call("POST", "/v1/cases", raw=raw, session=session, timeout=15,
                               headers={"Content-Type": "application/json", "Idempotency-Key": f'"{key}"'})
        except requests.RequestException:
            time.sleep(0.1)
            continue
        if answer.status_code == 201:
            return answer.json()
        assert answer.status_code == 503, f"{answer.status_code} {answer.text[:300]}"
        time.sleep(0.1)
    raise AssertionError(f"never answered: {key}")


def run_client(desk, numbers, acknowledged, failures):
    session = requests.Session()
    for number in numbers:
        body = {"contact": {"company": f"会社{number}", "phone": "0300001234"},
                "incident": {"summary": f"確認 {SEED}-{number}"}}
        try:
            answer = post_until_answered(desk, session, f"ack-{SEED}-{number}", body)
            acknowledged[answer["id"]] = body
        except Exception as error:  # noqa: BLE001  (told by the test)
            failures.append(f"{type(error).__name__}: {error}")
            return


def kill_while_they_post(desk, acknowledged, failures):
    """Five times, each at a moment of its own, and never a service that is not up: only a kill that hits counts."""
    chance = random.Random(SEED)
    for kill in range(KILLS):
        goal = int(TOTAL * (kill + 0.8 * chance.random()) / KILLS)
        until("progress", lambda: len(acknowledged) >= goal or failures, 120, 0.01)
        desk.wait_ready("intake")
        desk.kill_and_wait("intake")
        assert len(acknowledged) < TOTAL, "the kill came after everything was said"


def test_every_201_has_exactly_one_accepted_record(desk):
    acknowledged, failures, before = {}, [], desk.restarts("intake", 137)
    numbers = iter(range(TOTAL))  # shared: each number goes to one client
    clients = [threading.Thread(target=run_client, args=(desk, numbers, acknowledged, failures)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    kill_while_they_post(desk, acknowledged, failures)
    for client in clients:
        client.join()
    assert not failures, failures[:3]
    assert len(acknowledged) == TOTAL
    assert desk.restarts("intake", 137) == before + KILLS
    desk.wait_ready("intake")
    each_is_kept_once(desk, acknowledged)
    what_was_kept_is_answered(desk, acknowledged)


def each_is_kept_once(desk, acknowledged):
    records = [r for r in desk.read("cases") if r.key in acknowledged]
    found = chains(records)
    for case_id, body in acknowledged.items():
        opened = [e for e in found[case_id]["events"] if e.type == "case.opened"]
        assert len(opened) == 1, case_id
        assert opened[0].data["hearing"] == body
    written = sum(r.type == "case.opened" for r in records)
    print(f"seed {SEED}: {len(acknowledged)} acknowledged over {KILLS} kills, "
          f"{written - len(acknowledged)} records refused as duplicates")


def what_was_kept_is_answered(desk, acknowledged):
    for case_id in random.Random(SEED).sample(sorted(acknowledged), SAMPLE):
        case = desk.case(case_id)
        assert (case["id"], case["revision"], case["hearing"]) == (case_id, 1, acknowledged[case_id])
