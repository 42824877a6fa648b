# SPDX-License-Identifier: Apache-2.0
"""Kafka is the only truth: without Redis' contents and without any local file every answer comes back as it was."""
import json
import shutil
import time

import requests

from desk import SERVICES, until


def comparable(answer):
    return answer.status_code, answer.headers.get("ETag"), answer.content


def differences(was, now, pointer=""):
    """Where two JSON values differ, by pointer, so that a failure can be read."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted(was.keys() | now.keys()):
            yield from differences(was.get(name), now.get(name), f"{pointer}/{name}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, pair in enumerate(zip(was, now)):
            yield from differences(*pair, f"{pointer}/{number}")
    elif was != now:
        yield f"{pointer}: {was!r} is now {now!r}"


def assert_as_before(path, answer, before):
    if comparable(answer) != before:
        raise AssertionError(f"{path}: {list(differences(json.loads(before[2]), answer.json()))[:5]} ETag {before[1]} {answer.headers.get('ETag')}")


def settled_answers(desk, paths):
    """What all paths answer, once no service has anything to do and nothing has changed for a while; else None."""
    first = {path: comparable(desk.call("GET", path)) for path in paths}
    for _ in range(5):
        if not all(desk.is_idle(service) for service in ("triage", "escalation", "notify")):
            return None
        time.sleep(0.2)
    return first if first == {path: comparable(desk.call("GET", path)) for path in paths} else None


def test_every_get_answers_as_before(desk):
    cases = [desk.open_case(f"再構築 {n}", customer="SAMPLE-A" if n % 2 else None) for n in range(6)]
    for case_id in cases:
        desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "電話で確認"})
        if desk.case(case_id)["customer_id"]:
            desk.extraction_done(case_id)
    desk.consent(cases[0])
    desk.withdraw(cases[0])

    paths = [f"/v1/cases/{c}{p}" for c in cases for p in ("", "/chain")] + [f"/v1/cases?limit=5&q={cases[0][:0]}"]
    before = until("nothing moves any more", lambda: settled_answers(desk, paths), 60)
    assert all(status == 200 for status, _, _ in before.values())

    redis_flush(desk)
    for service in SERVICES:
        state = desk.var / "state" / service
        desk.kill(service)
        shutil.rmtree(state, ignore_errors=True)

    seen = set()
    for path in paths:
        def settled(path=path):
            try:
                answer = desk.call("GET", path, timeout=10)
            except requests.RequestException:
                return False
            seen.add(answer.status_code)
            assert answer.status_code in (200, 503), f"{path}: {answer.status_code} {answer.text[:200]}"
            if answer.status_code == 200:
                assert_as_before(path, answer, before[path])
            return answer.status_code == 200
        until(f"{path} is answered", settled, 120, 0.2)
    desk.wait_ready()
    for path in paths:
        assert_as_before(path, desk.call("GET", path), before[path])


def redis_flush(desk):
    import redis
    redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"]).flushall()
