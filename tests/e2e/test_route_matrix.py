# SPDX-License-Identifier: Apache-2.0
"""Who may do what at the REST interface: every route × every role, by token and by session, × everything that is no sign-in.

Who may is stated here a second time, by route, and what the request below is answered with where it may: a role that changes in
intake, or a route that is new there, has to change here as well. A refused request is the same one that is taken elsewhere, and
leaves no trace."""
import hashlib
import json
import signal
import subprocess
import time
import uuid
from typing import NamedTuple

import pytest
import redis
import requests

from desk import until
from people import Person, Session, staff_of
from test_live import start_redis
from test_openapi import OPERATIONS

ROLES = ("operator", "supervisor", "auditor", "admin", "machine")
ALL, WRITERS, ANYBODY = frozenset(ROLES), frozenset({"operator", "supervisor"}), None
SAFE = ("GET", "HEAD")
PROVIDER, CONSENT = object(), object()  # bodies that the desk's profile says
SAID = {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00"}
NOTE = {"contact": {"company": "見本", "phone": "0300001234"}, "incident": {"summary": "誰が何をしてよいか"}}
NOBODY = "00000000-0000-7000-8000-000000000000"


class Row(NamedTuple):
    roles: frozenset | None
    status: int
    body: object = None


CASE = "/v1/cases/{id}"
TABLE = {
    ("GET", "/"): Row(ANYBODY, 200),
    ("GET", "/calls/{id}"): Row(ANYBODY, 200),
    ("GET", "/cases/{id}"): Row(ANYBODY, 200),
    ("GET", "/cases/{id}/{screen}"): Row(ANYBODY, 200),
    ("GET", "/today"): Row(ANYBODY, 200),
    ("GET", "/admin"): Row(ANYBODY, 200),
    ("GET", "/console/{file}"): Row(ANYBODY, 404),  # nobody's; those that there are: test_console_files.py
    ("GET", "/console/{folder}/{file}"): Row(ANYBODY, 404),
    ("GET", "/console/{folder}/{folder2}/{file}"): Row(ANYBODY, 404),
    ("GET", "/console/{folder}/{folder2}/{folder3}/{file}"): Row(ANYBODY, 404),
    ("GET", "/livez"): Row(ANYBODY, 200),
    ("GET", "/readyz"): Row(ANYBODY, 200),
    ("POST", "/v1/sessions"): Row(ANYBODY, 422, {"operator": "x"}),
    ("GET", "/v1/sessions"): Row(ALL, 200),
    ("DELETE", "/v1/sessions/{id}"): Row(ALL, 404),  # nobody's; one's own and a colleague's are below
    ("GET", "/v1/me"): Row(ALL, 200),
    ("GET", "/v1/tokens"): Row(ALL, 200),
    ("GET", "/v1/desk"): Row(ALL, 200),
    ("GET", "/v1/hearing-sheet"): Row(ALL, 200),
    ("GET", "/v1/playbooks"): Row(ALL, 200),
    ("GET", "/v1/overview"): Row(ALL, 200),
    ("GET", "/v1/events"): Row(ALL, 200),
    ("GET", "/v1/drafts"): Row(WRITERS, 200),
    ("PUT", "/v1/drafts"): Row(WRITERS, 201, {"memo": "x"}),
    ("GET", "/v1/drafts/{id}"): Row(WRITERS, 200),
    ("PUT", "/v1/drafts/{id}"): Row(WRITERS, 200, {"memo": "x"}),
    ("DELETE", "/v1/drafts/{id}"): Row(WRITERS, 204),
    ("GET", "/v1/dead-letters"): Row({"admin", "auditor"}, 200),
    ("POST", "/v1/dead-letters/{position}/dismissal"): Row({"admin"}, 404, {"reason": "x"}),
    ("GET", "/v1/contracts"): Row(ALL, 200),
    ("PUT", "/v1/contracts/{customer_id}"): Row({"supervisor", "admin", "machine"}, 200, {"company": "見本", "phone": "0300001234"}),
    ("GET", "/v1/cases"): Row(ALL, 200),
    ("POST", "/v1/cases"): Row({"operator", "supervisor", "machine"}, 201, NOTE),
    ("GET", CASE): Row(ALL, 200),
    ("PATCH", CASE): Row(WRITERS, 200, {"contact": {"person": "見本 花子"}}),
    ("GET", CASE + "/chain"): Row(ALL, 200),
    ("GET", CASE + "/timeline"): Row(ALL, 200),
    ("GET", CASE + "/custody"): Row(ALL, 404),
    ("GET", CASE + "/report"): Row(ALL, 200),
    ("GET", CASE + "/extract"): Row(ALL, 404),
    ("GET", CASE + "/handover"): Row(ALL, 200),
    ("GET", CASE + "/presence"): Row(ALL, 200),
    ("PUT", CASE + "/presence"): Row(WRITERS, 200, {"doing": "viewing"}),
    ("DELETE", CASE + "/presence"): Row(WRITERS, 204),
    ("PUT", CASE + "/logs"): Row({"operator", "supervisor", "machine"}, 201, b"1 2 3\n"),
    ("PUT", CASE + "/files"): Row({"operator", "supervisor", "machine"}, 201, b"x"),
    ("POST", CASE + "/customer"): Row(WRITERS, 200, {"customer_id": "MATRIX-1"}),
    ("POST", CASE + "/policy"): Row(WRITERS, 200, {"text": "手順どおりに", "playbook": "ransomware"}),
    ("POST", CASE + "/actions"): Row(WRITERS, 200, {"kind": "mute", "by": "operator", "mute": {"reason": "電話で足りる"}}),
    ("POST", CASE + "/assessment"): Row(WRITERS, 200, {"needed": "yes", "reason": "痕跡がある"}),
    ("POST", CASE + "/consents"): Row(WRITERS, 200, CONSENT),
    ("POST", CASE + "/consents/withdrawal"): Row(WRITERS, 409, {**SAID, "reason": "社内で検討"}),
    ("POST", CASE + "/intention"): Row(WRITERS, 200, PROVIDER),
    ("POST", CASE + "/intention/withdrawal"): Row(WRITERS, 409, {**SAID, "reason": "社内で検討"}),
    ("POST", CASE + "/handover"): Row(WRITERS, 200, PROVIDER),
    ("POST", CASE + "/handover/approval"): Row(WRITERS, 409, {"handover": NOBODY}),
    ("POST", CASE + "/handover/cancellation"): Row(WRITERS, 409, {"reason": "取りやめ"}),
    ("POST", CASE + "/extractions"): Row(WRITERS, 200, {}),
    ("POST", CASE + "/notes"): Row(WRITERS, 200, {"text": "折り返し 14:00"}),
    ("POST", CASE + "/proposals/{pid}/decision"): Row(WRITERS, 404, {"decision": "agreed", **SAID}),
    ("POST", CASE + "/proposals/{pid}/applied"): Row(WRITERS, 404, {"result": "applied"}),
    ("POST", CASE + "/close"): Row(WRITERS, 200, {"outcome": "no_incident", "reason": "誤報"}),
    ("POST", CASE + "/reopen"): Row(WRITERS, 409, {"reason": "続きがある"}),
}
# Who may do to others what the row lets everybody do to himself.
FOR_OTHERS = {
    ("GET", "/v1/sessions"): {"supervisor", "auditor", "admin"},
    ("DELETE", "/v1/sessions/{id}"): {"supervisor", "admin"},
    ("GET", "/v1/tokens"): {"supervisor", "auditor", "admin"},
}


def test_every_route_has_its_row_and_its_roles(build):
    printed = json.loads(subprocess.run([build / "services/intake/intake", "routes"], check=True, capture_output=True).stdout)
    routes = {(route["method"], route["path"]): frozenset(route["roles"]) for route in printed}
    assert {key: frozenset(row.roles or ()) for key, row in TABLE.items()} == routes
    assert {(route["method"], route["path"]): set(route["roles_for_others"]) for route in printed if "roles_for_others" in route} == FOR_OTHERS


# --- asking ---------------------------------------------------------------------------------------------------------
class Rest:
    """The running desk, a case and a draft at which nothing may arrive, and what is left of whatever did."""

    def __init__(self, desk, staff):
        self.desk, self.staff, self.http = desk, staff, requests.Session()
        self.http.cookies.set_policy(NoCookies())
        self.store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
        facts = desk.desk_facts()
        document = facts["consent_documents"][0]
        self.bodies = {
            PROVIDER: {"provider": facts["provider"]["id"], **SAID},
            CONSENT: {"document": document["id"], "version": document["version"], "sha256": document["sha256"],
                      "capacity": "代表取締役", **SAID}}
        self.case = desk.open_case("何も届かない案件")

    def body_of(self, path, row):
        body = self.bodies.get(row.body, row.body) if row.body in (PROVIDER, CONSENT) else row.body
        return {"provider": body["provider"]} if path.endswith("/handover") and row.body is PROVIDER else body

    def ask(self, key, headers, case=None, draft="matrix", method=None):
        """The request of the row; only what it was answered with, for the stream of events has no end."""
        path, row = key[1], TABLE[key]
        target = path.replace(CASE, f"/v1/cases/{case or self.case}").replace("/drafts/{id}", f"/drafts/{draft}")
        target = target.replace("{id}", NOBODY).replace("{pid}", "p1").replace("{customer_id}", "MATRIX-2")
        target = target.replace("{position}", "0-999999999")
        body, more = self.body_of(path, row), {}
        if path.endswith(("/logs", "/files")):
            target += "?filename=x.log"
        if body is not None:
            more = {"Content-Type": "application/merge-patch+json" if key[0] == "PATCH" else "application/json"}
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        with self.http.request(method or key[0], self.desk.url + target, data=raw, headers={**more, **headers}, timeout=30,
                               stream=True) as answer:
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                answer.content  # noqa: B018  (read, so that the connection can be used again)
            return answer

    def trace(self):
        """All that a request could leave: records, drafts, sessions, who is present at the case where nothing may arrive."""
        self.desk.ok("PUT", f"/v1/cases/{self.case}/presence", {"doing": "editing"})  # anybody's ends by itself after 30 s
        here = b"kakekomi:presence:" + self.case.encode()
        keys = [key for key in self.store.keys("kakekomi:*")  # when a token was used is noted whatever comes of it
                if key == here or not key.startswith((b"kakekomi:attempts:", b"kakekomi:presen", b"kakekomi:token:"))]
        topics = {topic: self.desk.ends(topic) for topic in ("cases", "contracts", "uploads", "audit")}
        return topics, {key: self.store.dump(key) for key in keys if key != here}, self.store.zrange(here, 0, -1)


class NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):
    """Who is signed in stands in the headers of each request and nowhere else."""
    def set_ok(self, cookie, request):
        return False


def told(answer):
    """(status, code of the problem)"""
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if is_problem and answer.request.method != "HEAD" else None


def all_answered(rest, keys, wanted, ask):
    """Every one of the requests is answered like this, and none has left a trace."""
    before = rest.trace()
    found = {key: told(ask(key)) for key in keys}
    assert {key: answer for key, answer in found.items() if answer != wanted} == {}
    assert rest.trace() == before
    assert all(str(wanted[0]) in OPERATIONS[key]["responses"] for key in keys)


GUARDED = [key for key, row in TABLE.items() if row.roles is not ANYBODY]
UNSAFE = [key for key in GUARDED if key[0] not in SAFE]
PEOPLE = [Person("matrix-" + role, [role]) for role in ROLES] + [Person("matrix-two-roles", ["auditor", "machine"])]
BY_ROLE = {person.name.removeprefix("matrix-"): person for person in PEOPLE}


@pytest.fixture(scope="module")
def staff(desk):
    with staff_of(desk, *PEOPLE) as listed:
        yield listed


@pytest.fixture(scope="module")
def rest(desk, staff):
    running = Rest(desk, staff)
    desk.wait_idle()
    assert desk.call("PUT", "/v1/drafts/matrix", {"memo": "何も届かない"}).ok
    yield running
    desk.call("DELETE", "/v1/drafts/matrix")


# --- roles ----------------------------------------------------------------------------------------------------------
def draft_of(rest, headers):
    """A draft of one's own, so that it can be written and thrown away."""
    answer = rest.http.put(rest.desk.url + "/v1/drafts", data=b'{"memo":"x"}', timeout=30,
                           headers={"Content-Type": "application/json", **headers})
    return answer.json()["id"] if answer.ok else "none"


def allowed_is_done(rest, keys, headers):
    wrong = {}
    for key in keys:
        case = rest.desk.open_case("誰が何をしてよいか") if "/cases/{id}" in key[1] and key[0] not in SAFE else None
        draft = draft_of(rest, headers) if key[1].endswith("/drafts/{id}") else "matrix"
        answer = rest.ask(key, headers, case, draft)
        if answer.status_code != TABLE[key].status:
            wrong[key] = told(answer)
        elif key[0] == "GET":
            head = rest.ask(key, headers, case, draft, method="HEAD")
            assert head.status_code == answer.status_code and not head.content, key
    assert wrong == {}


def throw_drafts_away(rest, name):
    for draft in rest.desk.ok("GET", "/v1/drafts")["drafts"]:
        if draft["owner"] == name:
            rest.http.delete(f"{rest.desk.url}/v1/drafts/{draft['id']}", headers=BY_ROLE[name.removeprefix("matrix-")].bearer, timeout=30)


@pytest.mark.parametrize("way", ["token", "session"])
@pytest.mark.parametrize("who", BY_ROLE)
def test_each_role_may_do_what_its_rows_say_and_nothing_else(desk, rest, who, way):
    person = BY_ROLE[who]
    headers = person.bearer if way == "token" else Session(desk, person.name).headers
    may = [key for key, row in TABLE.items() if row.roles is ANYBODY or person.roles & row.roles]
    may_not = [key for key in TABLE if key not in may]
    all_answered(rest, may_not, (403, "forbidden"), lambda key: rest.ask(key, headers))
    all_answered(rest, [key for key in may_not if key[0] == "GET"], (403, None), lambda key: rest.ask(key, headers, method="HEAD"))
    allowed_is_done(rest, may, headers)
    throw_drafts_away(rest, person.name)


def test_a_role_taken_away_is_gone_at_once(desk, rest, staff):
    person = Person("matrix-demoted", ["operator"])
    staff.add(person)
    staff.tell((person.bearer, 200))
    session = Session(desk, person.name)
    notes = ("POST", CASE + "/notes")
    allowed_is_done(rest, [notes], person.bearer)
    allowed_is_done(rest, [notes], session.headers)
    person.roles = frozenset({"auditor"})
    staff.add(person)
    staff.tell()
    until("the file is read", lambda: requests.get(desk.url + "/v1/me", headers=person.bearer, timeout=5).json()["roles"] == ["auditor"])
    forbidden = [key for key, row in TABLE.items() if row.roles and "auditor" not in row.roles]
    for headers in (person.bearer, session.headers):
        all_answered(rest, forbidden, (403, "forbidden"), lambda key, h=headers: rest.ask(key, h))


# --- no sign-in -----------------------------------------------------------------------------------------------------
def session_key(rest, session):
    return "kakekomi:session:" + hashlib.sha256(session.token.encode()).hexdigest()


def idled_out(rest, staff, person):
    session = Session(rest.desk, person.name)
    rest.store.pexpire(session_key(rest, session), 1)
    time.sleep(0.05)
    return session.headers


def past_its_absolute_end(rest, staff, person):
    """In use all the time, and opened longer ago than a session may last."""
    session = Session(rest.desk, person.name)
    key = session_key(rest, session)
    kept = json.loads(rest.store.get(key))
    kept["created_us"] -= 366 * 24 * 3600 * 1_000_000
    rest.store.set(key, json.dumps(kept), keepttl=True)
    return session.headers


def signed_out(rest, staff, person):
    session = Session(rest.desk, person.name)
    assert rest.http.delete(rest.desk.url + "/v1/sessions/current", headers=session.headers, timeout=30).status_code == 204
    return session.headers


def ended_from_elsewhere(rest, staff, person):
    session = Session(rest.desk, person.name)
    answer = rest.http.delete(f"{rest.desk.url}/v1/sessions/{session.id}", headers=person.bearer, timeout=30)
    assert answer.status_code == 204, answer.text
    return session.headers


def pushed_out_by_newer_ones(rest, staff, person):
    oldest = Session(rest.desk, person.name)
    newer = [Session(rest.desk, person.name) for _ in range(20)]
    listed = rest.http.get(rest.desk.url + "/v1/sessions", headers=newer[-1].headers, timeout=30).json()["sessions"]
    assert len(listed) == 20
    return oldest.headers


def with_the_password_of_before(rest, staff, person):
    session = Session(rest.desk, person.name)
    other = subprocess.run([staff.intake, "hash-password"], input="another password\n", text=True, check=True,
                           capture_output=True).stdout.strip()
    staff.listed[person.name]["password"] = other
    staff.tell((session.headers, 401))
    return session.headers


def of_who_has_left(rest, staff, person):
    session = Session(rest.desk, person.name)
    del staff.listed[person.name]
    staff.tell((person.bearer, 401))
    return session.headers


def token_of_who_has_left(rest, staff, person):
    del staff.listed[person.name]
    staff.tell((person.bearer, 401))
    return person.bearer


def token_taken_away(rest, staff, person):
    staff.listed[person.name]["tokens"] = []
    staff.tell((person.bearer, 401))
    return person.bearer


def wrong_token_beside_a_good_session(rest, staff, person):
    return {**Session(rest.desk, person.name).headers, "Authorization": "Bearer " + "A" * 43}


NO_SIGN_IN = {
    "nothing": lambda *_: {},
    "an unknown token": lambda *_: {"Authorization": "Bearer " + "A" * 43},
    "an unknown session": lambda *_: {"Cookie": "kakekomi=" + "A" * 43, "X-CSRF-Token": "0" * 64},
    "an empty token": lambda *_: {"Authorization": "Bearer "},
    "an endless token": lambda *_: {"Authorization": "Bearer " + "A" * 4000},
    "a token and more": lambda rest, staff, person: {"Authorization": f"Bearer {person.secret} x"},
    "half a token": lambda rest, staff, person: {"Authorization": "Bearer " + person.secret[:21]},
    "the hash of a token": lambda rest, staff, person: {
        "Authorization": "Bearer " + staff.listed[person.name]["tokens"][0]["sha256"]},
    "a token as Basic": lambda rest, staff, person: {"Authorization": "Basic " + person.secret},
    "a token as a cookie": lambda rest, staff, person: {"Cookie": "kakekomi=" + person.secret},
    "a session's token as Bearer": lambda rest, staff, person: {"Authorization": "Bearer " + Session(rest.desk, person.name).token},
    "a session's id as its token": lambda rest, staff, person: {"Cookie": "kakekomi=" + Session(rest.desk, person.name).id},
    "a CSRF token without its session": lambda rest, staff, person: {"X-CSRF-Token": Session(rest.desk, person.name).csrf},
    "wrong token, good session": wrong_token_beside_a_good_session,
    "idle for too long": idled_out,
    "past its absolute end": past_its_absolute_end,
    "signed out": signed_out,
    "ended from elsewhere": ended_from_elsewhere,
    "the twenty-first oldest": pushed_out_by_newer_ones,
    "the password of before": with_the_password_of_before,
    "a session of who has left": of_who_has_left,
    "a token of who has left": token_of_who_has_left,
    "a token taken away": token_taken_away,
}


@pytest.mark.parametrize("kind", NO_SIGN_IN)
def test_who_is_nobody_gets_401_everywhere(rest, staff, build, kind):
    staff.intake = build / "services/intake/intake"
    person = Person("matrix-" + uuid.uuid4().hex[:8], ROLES)  # it is not for the lack of a role
    staff.add(person)
    staff.tell((person.bearer, 200))
    headers = NO_SIGN_IN[kind](rest, staff, person)
    challenges = set()

    def ask(key):
        answer = rest.ask(key, headers)
        challenges.add(answer.headers.get("WWW-Authenticate"))
        return answer
    all_answered(rest, GUARDED, (401, "unauthenticated"), ask)
    assert challenges == {'Bearer realm="kakekomi"'}
    allowed_is_done(rest, [key for key, row in TABLE.items() if row.roles is ANYBODY], headers)
    staff.listed.pop(person.name, None)


# --- another's session, and a page of another site --------------------------------------------------------------------
CSRF = {
    "none": lambda own, *_: {},
    "empty": lambda own, *_: {"X-CSRF-Token": ""},
    "of another session of the same operator": lambda own, other, colleague: {"X-CSRF-Token": other.csrf},
    "of a colleague": lambda own, other, colleague: {"X-CSRF-Token": colleague.csrf},
    "one character changed": lambda own, *_: {"X-CSRF-Token": own.csrf[:-1] + ("0" if own.csrf[-1] != "0" else "1")},
    "too short": lambda own, *_: {"X-CSRF-Token": own.csrf[:-1]},
    "too long": lambda own, *_: {"X-CSRF-Token": own.csrf + "0"},
    "in capitals": lambda own, *_: {"X-CSRF-Token": own.csrf.upper()},
    "the session's own token": lambda own, *_: {"X-CSRF-Token": own.token},
}


@pytest.fixture(scope="module")
def three_sessions(desk, staff):
    """Of somebody with every role, another of the same, and a colleague's."""
    everybody, colleague = Person("matrix-every-role", ROLES), Person("matrix-colleague", ROLES)
    staff.add(everybody, colleague)
    staff.tell((everybody.bearer, 200), (colleague.bearer, 200))
    return Session(desk, everybody.name), Session(desk, everybody.name), Session(desk, colleague.name)


@pytest.mark.parametrize("kind", CSRF)
def test_a_write_of_a_session_needs_its_own_csrf_token(rest, three_sessions, kind):
    headers = {**three_sessions[0].cookie, **CSRF[kind](*three_sessions)}
    all_answered(rest, UNSAFE, (403, "csrf"), lambda key: rest.ask(key, headers))
    allowed_is_done(rest, [key for key in GUARDED if key[0] in SAFE and "drafts" not in key[1]], headers)


@pytest.mark.parametrize("foreign", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                                     {"Sec-Fetch-Site": "same-site"}], ids=str)
def test_no_page_of_another_site_writes_with_a_session(rest, three_sessions, foreign):
    signs_in = ("POST", "/v1/sessions")
    all_answered(rest, [*UNSAFE, signs_in], (403, "origin"), lambda key: rest.ask(key, {**three_sessions[0].headers, **foreign}))


@pytest.mark.parametrize("role", ROLES)
def test_anothers_session_is_seen_and_ended_by_whom_the_table_names(desk, rest, three_sessions, role):
    asker, other = BY_ROLE[role], Person("matrix-watched", ["operator"])
    rest.staff.add(other)
    rest.staff.tell((other.bearer, 200))
    session = Session(desk, other.name)
    listed = rest.http.get(desk.url + "/v1/sessions?operator=*", headers=asker.bearer, timeout=30)
    if role in FOR_OTHERS["GET", "/v1/sessions"]:
        assert session.id in {one["id"] for one in listed.json()["sessions"]}
    else:
        assert told(listed) == (403, "forbidden")
    owners = {token["operator"] for token in rest.http.get(desk.url + "/v1/tokens", headers=asker.bearer, timeout=30).json()["tokens"]}
    assert owners == {asker.name} or (role in FOR_OTHERS["GET", "/v1/tokens"] and {asker.name, other.name} < owners)
    may = role in FOR_OTHERS["DELETE", "/v1/sessions/{id}"]
    ended = rest.http.delete(f"{desk.url}/v1/sessions/{session.id}", headers=asker.bearer, timeout=30)
    assert told(ended) == ((204, None) if may else (404, "not_found"))
    assert rest.http.get(desk.url + "/v1/me", headers=session.headers, timeout=30).status_code == (401 if may else 200)


def test_anothers_session_is_neither_seen_nor_ended_without_asking_for_it(desk, rest, staff):
    people = Person("matrix-own", ["operator", "auditor", "machine"]), Person("matrix-colleague-2", ["operator"])
    staff.add(*people)
    staff.tell(*[(person.bearer, 200) for person in people])
    own, other, colleague = Session(desk, people[0].name), Session(desk, people[0].name), Session(desk, people[1].name)
    listed = rest.http.get(rest.desk.url + "/v1/sessions", headers=own.headers, timeout=30).json()["sessions"]
    assert {own.id, other.id} <= {session["id"] for session in listed} and colleague.id not in {session["id"] for session in listed}
    answer = rest.http.delete(f"{rest.desk.url}/v1/sessions/{colleague.id}", headers=own.headers, timeout=30)
    assert told(answer) == (404, "not_found")
    assert rest.http.get(rest.desk.url + "/v1/me", headers=colleague.headers, timeout=30).status_code == 200


# --- nobody can know ----------------------------------------------------------------------------------------------------
def test_without_redis_no_session_is_told_that_it_is_unknown(desk, rest, three_sessions):
    desk.kill("redis", signal.SIGTERM)
    try:
        until("Redis has gone", lambda: told(rest.ask(("GET", "/v1/me"), three_sessions[0].headers))[0] == 503)
        ends = {topic: desk.ends(topic) for topic in ("cases", "contracts", "uploads", "audit")}
        found = {key: told(rest.ask(key, three_sessions[0].headers)) for key in GUARDED}
        assert {key: answer for key, answer in found.items() if answer != (503, "redis_unavailable")} == {}
        assert {topic: desk.ends(topic) for topic in ends} == ends
        of_redis = [key for key in GUARDED if any(word in key[1] for word in ("/sessions", "/drafts", "/presence"))]
        may = [key for key in GUARDED if key not in of_redis and "supervisor" in TABLE[key].roles]
        allowed_is_done(rest, may, BY_ROLE["supervisor"].bearer)
    finally:
        start_redis(desk)
    until("Redis is back", lambda: told(rest.ask(("GET", "/v1/me"), three_sessions[0].headers)) == (401, "unauthenticated"), 15)
