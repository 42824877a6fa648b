# SPDX-License-Identifier: Apache-2.0
"""Who is signed in, and what they have not sent yet: sessions and drafts, which are all that Redis holds."""
import signal
import time
import uuid

import pytest
import redis
import requests

from desk import until

NOTE = {"contact": {"company": "見本", "phone": "0300001234"}, "incident": {"summary": "下書きから"}}


def problem(answer, status, code):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    assert answer.json()["code"] == code, answer.text


class Browser:
    """A session with its cookie; sends the CSRF token unless told otherwise."""
    def __init__(self, desk, operator="operator-1"):
        self.desk, self.http = desk, requests.Session()
        answer = self.http.post(desk.url + "/v1/sessions", timeout=30, json={
            "operator": operator, "password": desk.env["KAKEKOMI_OPERATOR_PASSWORD"]})
        assert answer.status_code == 201, answer.text
        self.id, self.csrf = answer.json()["id"], answer.json()["csrf"]

    def call(self, method, path, body=None, csrf=True, **headers):
        if csrf:
            headers = {"X-CSRF-Token": self.csrf, **headers}
        return self.http.request(method, self.desk.url + path, json=body, headers=headers, timeout=30)


@pytest.fixture
def browser(desk):
    opened = Browser(desk)
    yield opened
    opened.call("DELETE", "/v1/sessions/current")


def test_a_write_needs_the_csrf_token_of_its_own_session(desk, browser):
    case_id = browser.call("POST", "/v1/cases", NOTE).json()["id"]
    other = Browser(desk)
    path = f"/v1/cases/{case_id}/notes"
    problem(browser.call("POST", path, {"text": "a"}, csrf=False), 403, "csrf")
    problem(browser.call("POST", path, {"text": "a"}, csrf=False, **{"X-CSRF-Token": other.csrf}), 403, "csrf")
    problem(browser.call("POST", path, {"text": "a"}, csrf=False, **{"X-CSRF-Token": ""}), 403, "csrf")
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        problem(browser.call("POST", path, {"text": "a"}, **foreign), 403, "origin")
    assert browser.call("GET", f"/v1/cases/{case_id}", csrf=False).json()["revision"] == 1
    answer = browser.call("POST", path, {"text": "a"}, Origin=desk.url)
    assert answer.status_code == 200, answer.text
    assert browser.call("GET", f"/v1/cases/{case_id}/timeline").json()["timeline"][0]["data"]["actor"]["id"] == "operator-1"
    assert other.call("DELETE", "/v1/sessions/current").status_code == 204


def test_signing_out_ends_this_session_and_no_other(desk, browser):
    other = Browser(desk)
    listed = {session["id"]: session["current"] for session in browser.call("GET", "/v1/sessions").json()["sessions"]}
    assert listed[browser.id] and not listed[other.id]
    token = other.http.cookies["kakekomi"]
    problem(other.call("DELETE", "/v1/sessions/current", csrf=False), 403, "csrf")
    gone = other.call("DELETE", "/v1/sessions/current")
    assert gone.status_code == 204 and "Max-Age=0" in gone.headers["Set-Cookie"]
    stolen = requests.get(desk.url + "/v1/me", headers={"Cookie": f"kakekomi={token}"}, timeout=30)
    problem(stolen, 401, "unauthenticated")
    assert browser.call("GET", "/v1/me").status_code == 200


def test_a_session_can_be_ended_by_its_owner_from_elsewhere_and_not_by_a_colleague(desk, browser):
    other, supervisor = Browser(desk), Browser(desk, "supervisor-1")
    problem(browser.call("DELETE", f"/v1/sessions/{supervisor.id}"), 404, "not_found")
    assert supervisor.call("GET", "/v1/me").status_code == 200
    assert browser.call("DELETE", f"/v1/sessions/{other.id}").status_code == 204
    problem(other.call("GET", "/v1/me"), 401, "unauthenticated")
    assert supervisor.call("DELETE", "/v1/sessions/current").status_code == 204


def test_an_expired_session_is_none_and_tokens_go_on(desk):
    store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    before = set(store.keys("*"))
    guest = Browser(desk, "supervisor-1")
    made = set(store.keys("*")) - before
    assert made and not [key for key in made if guest.http.cookies["kakekomi"].encode() in key], "the token itself is stored"
    assert all(store.pttl(key) > 0 for key in made), "something never expires"
    for key in made:
        store.pexpire(key, 1)
    time.sleep(0.1)
    problem(guest.call("GET", "/v1/me"), 401, "unauthenticated")
    problem(guest.call("POST", "/v1/cases", NOTE), 401, "unauthenticated")
    assert desk.call("GET", "/v1/me", token="KAKEKOMI_SUPERVISOR_TOKEN").status_code == 200


def test_while_redis_hangs_nobody_is_told_that_they_are_unknown(desk, browser):
    desk.kill("redis", signal.SIGSTOP)
    try:
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/cases")):
            begun = time.monotonic()
            answer = browser.call(method, path, NOTE if method == "POST" else None)
            problem(answer, 503, "redis_unavailable")
            assert int(answer.headers["Retry-After"]) > 0 and time.monotonic() - begun < 2
        assert desk.call("GET", "/v1/me").status_code == 200
        problem(desk.call("PUT", "/v1/drafts/hangs", {"memo": "x"}), 503, "redis_unavailable")
    finally:
        desk.kill("redis", signal.SIGCONT)
    until("the session is there again", lambda: browser.call("GET", "/v1/me").status_code == 200, 10)


def test_unknown_cookies_and_wrong_passwords_are_401(desk):
    for cookie in ("A" * 43, "x", "A" * 300):
        problem(requests.get(desk.url + "/v1/me", headers={"Cookie": f"kakekomi={cookie}"}, timeout=30), 401, "unauthenticated")
    answers = [requests.post(desk.url + "/v1/sessions", json={"operator": name, "password": "wrong-password"}, timeout=30)
               for name in ("operator-1", "nobody-" + uuid.uuid4().hex)]
    for answer in answers:
        problem(answer, 401, "wrong_credentials")
        assert "Set-Cookie" not in answer.headers
    assert answers[0].content == answers[1].content, "the answer says which operators there are"


def test_a_draft_is_kept_guarded_and_used_up(desk):
    name = "draft-" + uuid.uuid4().hex
    path, body = f"/v1/drafts/{name}", {"hearing": {"contact": {"company": "見"}}, "memo": "かけ直し"}
    first = desk.call("PUT", path, body, headers={"If-None-Match": "*"})
    assert first.status_code in (200, 201, 204), first.text
    assert desk.call("PUT", path, body, headers={"If-None-Match": "*"}).status_code == 412
    found = desk.call("GET", path)
    assert found.json() == body and found.headers["ETag"] == first.headers["ETag"]
    changed = desk.call("PUT", path, {**body, "memo": "済"}, headers={"If-Match": first.headers["ETag"]})
    assert changed.ok and changed.headers["ETag"] != first.headers["ETag"]
    assert desk.call("PUT", path, body, headers={"If-Match": first.headers["ETag"]}).status_code == 412
    assert desk.call("GET", path).json()["memo"] == "済"
    assert name in [draft["id"] for draft in desk.ok("GET", "/v1/drafts")["drafts"]]
    for wrong in ({"hearing": []}, {"memo": 1}, {"more": ""}):
        assert desk.call("PUT", path, wrong).status_code == 422
    assert desk.call("POST", f"/v1/cases?draft={name}", NOTE).status_code == 201
    until("the draft is used up", lambda: desk.call("GET", path).status_code == 404)
    assert name not in [draft["id"] for draft in desk.ok("GET", "/v1/drafts")["drafts"]]


def test_a_draft_can_be_thrown_away(desk):
    path = f"/v1/drafts/{uuid.uuid4().hex}"
    assert desk.call("PUT", path, {"memo": "x"}).ok
    assert desk.call("DELETE", path).status_code == 204
    assert desk.call("DELETE", path).status_code == desk.call("GET", path).status_code == 404
    assert desk.call("PUT", path, {"memo": "x"}, headers={"If-Match": '"1"'}).status_code == 412
