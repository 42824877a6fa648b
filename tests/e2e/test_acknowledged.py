# SPDX-License-Identifier: Apache-2.0
"""Acknowledged = kept: intake is killed with -9 while clients post and repeat with the same key and body."""
import json
import random
import threading
import time

import requests

from desk import SEED, chains, scaled, until

CLIENTS = 16


def post_until_answered(desk, session, key, body, stop_at):
    raw = json.dumps(body, ensure_ascii=False).encode()
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


def test_every_201_has_exactly_one_accepted_record(desk):
    total, kills = scaled(2000), max(2, scaled(5))
    chance = random.Random(SEED)
    print("seed", SEED)
    acknowledged, failures, lock = {}, [], threading.Lock()
    numbers = iter(range(total))
    stop_at = time.monotonic() + 300

    def client(name):
        session = requests.Session()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            body = {"contact": {"company": f"会社{number}", "phone": "0300001234"},
                    "incident": {"summary": f"確認 {SEED}-{number}"}}
            try:
                answer = post_until_answered(desk, session, f"ack-{SEED}-{number}", body, stop_at)
                with lock:
                    acknowledged[answer["id"]] = body
            except AssertionError as error:
                failures.append(str(error))
                return

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for kill in range(kills):
        goal = int(total * (kill + chance.random()) / kills)
        until("progress", lambda: len(acknowledged) >= goal or failures or not any(t.is_alive() for t in threads), 240)
        desk.kill("intake")
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    assert len(acknowledged) == total
    desk.wait_ready("intake")

    found = chains(desk.read("cases"))
    for case_id, body in acknowledged.items():
        opened = [e for e in found[case_id]["events"] if e.type == "case.opened"]
        assert len(opened) == 1, case_id
        assert opened[0].data["hearing"] == body
