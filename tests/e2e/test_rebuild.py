# SPDX-License-Identifier: Apache-2.0
"""Kafka is the only truth: without Redis' contents and without any local file every answer comes back as it was."""
import shutil

import requests

from desk import SERVICES, until


def comparable(answer):
    return answer.status_code, answer.headers.get("ETag"), answer.content


def test_every_get_answers_as_before(desk):
    cases = [desk.open_case(f"再構築 {n}", customer="SAMPLE-A" if n % 2 else None) for n in range(6)]
    for case_id in cases:
        desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "電話で確認"})
        if desk.case(case_id)["customer_id"]:
            desk.extraction_done(case_id)
    desk.consent(cases[0])
    desk.withdraw(cases[0])

    paths = [f"/v1/cases/{c}{p}" for c in cases for p in ("", "/chain")] + [f"/v1/cases?limit=5&q={cases[0][:0]}"]
    until("nothing moves any more", lambda: [comparable(desk.call("GET", p)) for p in paths] ==
          [comparable(desk.call("GET", p)) for p in paths], 60, 1.0)
    before = {path: comparable(desk.call("GET", path)) for path in paths}
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
            assert answer.status_code == 503 or comparable(answer) == before[path], path
            return answer.status_code == 200
        until(f"{path} is answered", settled, 120, 0.2)
    desk.wait_ready()
    for path in paths:
        assert comparable(desk.call("GET", path)) == before[path], path


def redis_flush(desk):
    import redis
    redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"]).flushall()
