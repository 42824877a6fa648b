# SPDX-License-Identifier: Apache-2.0
"""Kafka is the only truth: without Redis' contents and without any local file every answer comes back as it was; until then there is
none, and never a wrong one."""
import collections
import json
import random
import subprocess
import threading
import time
from datetime import datetime, timezone

import redis
import requests
from confluent_kafka import Producer

from desk import PROCESSORS, READY, SEED, SERVICES, until
from partner import Partner

import lines  # of deploy/demo, which partner put on the path

ASKERS = 4
COMPANY = f"再構築 {SEED}"
TODAY = datetime.now(timezone.utc).date()
# Sessions and drafts are the only answers that Redis holds.
OF_REDIS = {"/v1/sessions", "/v1/drafts", "/v1/drafts/{id}", "/v1/cases/{id}/presence"}
ENDLESS = {"/v1/events"}  # what it tells after a rebuild: test_live.py


# --- cases in every state -------------------------------------------------------------------------
def accept_all(partner, kind, word):
    if kind in ("offered", "recalled"):
        partner.provider.reply("escalation.accepted" if kind == "offered" else "escalation.deleted", partner.offer(word["handover"]))


def ship_incident(desk, customer):
    """The sample incident's lines, as that customer's products send them."""
    producer = Producer(desk.kafka("shipper"))
    for owner, _, product, kind, host, line in lines.shipped(datetime.now(timezone.utc), count=50):
        if owner == "A":
            producer.produce("kakekomi.security-logs", key=customer, value=line.encode(),
                             headers={"product": product, "kind": kind, "host": host})
    assert producer.flush(30) == 0


def case_with(desk, customer=None):
    """An amended case with a note; with what the desk knows of its customer where it has one."""
    hearing = {**READY, "contact": {**READY["contact"], "company": COMPANY}}
    case_id = desk.open_case("再構築", customer=customer, hearing=hearing)
    desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "電話で確認"})
    desk.ok("PATCH", f"/v1/cases/{case_id}", {"other_info": "折り返し希望"})
    if customer:
        desk.extraction_done(case_id)
    return case_id


def handed_over(desk, customer):
    case_id = case_with(desk, customer)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    until(f"{case_id} is released", lambda: desk.state(case_id) == "released")
    return case_id


def reported(desk, partner, case_id):
    """A report has come back, and the first setting proposed from it is agreed to and applied."""
    document = {"findings": ["侵入経路"], "recommendations": [], "indicators": [{"type": "ipv4", "value": "198.51.100.23"}]}
    offer = partner.offer(desk.case(case_id)["escalation"]["handover"])
    partner.provider.report(offer, document, {"report.pdf": ("application/pdf", b"%PDF-1.4")})
    proposal = next(iter(until("a proposal", lambda: desk.case(case_id).get("proposals"))))
    desk.ok("POST", f"/v1/cases/{case_id}/proposals/{proposal}/decision",
            {"decision": "agreed", "given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-25T10:00:00+09:00"})
    desk.ok("POST", f"/v1/cases/{case_id}/proposals/{proposal}/applied", {"result": "applied"})
    return case_id


def with_uploads(desk, customer):
    """Logs and a file that the customer brought, beside detections in what was shipped."""
    case_id = case_with(desk, customer)
    call = datetime.now(timezone.utc)
    logs = desk.call("PUT", f"/v1/cases/{case_id}/logs?filename=proxy.log&kind=proxy", raw=lines.proxy_log(call)).json()
    desk.call("PUT", f"/v1/cases/{case_id}/files?filename=screen.png", raw=random.Random(SEED).randbytes(200_000))
    until("the upload is searched",
          lambda: desk.case(case_id)["triage"].get("uploads", {}).get(logs["upload"], {}).get("status") == "stored")
    assert desk.extraction_done(case_id)["status"] == "found"
    return case_id


def make_cases(desk):
    customer = f"RB-{SEED % 10**9}"
    ship_incident(desk, customer)
    with Partner(desk, accept_all) as partner:
        cases = {name: handed_over(desk, customer) for name in ("released", "recalled", "closed")}
        cases |= {"opened": case_with(desk), "searched": case_with(desk, customer), "uploads": with_uploads(desk, customer),
                  "held": case_with(desk, "RB-NONE")}
        cases["reported"] = reported(desk, partner, handed_over(desk, customer))
        desk.withdraw(cases["recalled"])
        desk.ok("POST", f"/v1/cases/{cases['closed']}/close", {"outcome": "handed_over", "reason": "提供済み"})
        desk.request_handover(cases["held"])
        for name in ("recalled", "closed"):
            until(f"{name} has ended", lambda n=name: desk.state(cases[n]) == "deleted")
        until("held", lambda: desk.state(cases["held"]) == "held")
    return cases


# --- every GET there is -----------------------------------------------------------------------------
def paths_of(desk, cases):
    """Route → paths to ask."""
    number, phone = desk.case(cases["opened"])["number"], "0300001234"
    of_a_case = {"/v1/cases/{id}": "", "/v1/cases/{id}/chain": "/chain", "/v1/cases/{id}/timeline": "/timeline",
                 "/v1/cases/{id}/handover": "/handover", "/v1/cases/{id}/report": "/report"}
    paths = {route: [f"/v1/cases/{case_id}{end}" for case_id in cases.values()] for route, end in of_a_case.items()}
    requested = [c for name, c in cases.items() if name not in ("opened", "searched", "uploads")]
    paths["/v1/cases/{id}/custody"] = [f"/v1/cases/{c}/custody" for c in requested]
    extracts = [c for name, c in cases.items() if name != "opened"]
    paths["/v1/cases/{id}/extract"] = [f"/v1/cases/{c}/extract{form}" for c in extracts for form in ("", "?format=raw", "?format=csv")]
    paths["/v1/cases"] = ["/v1/cases" + query for query in (
        "?limit=3", "?limit=200", f"?q={COMPANY}", f"?q={number}", f"?q={phone}&limit=5", "?status=closed", "?customer=RB-NONE",
        "?held=true", "?overdue=true", "?open=true&limit=200", "?attention=true&limit=200", "?operator=operator-1&type=ransomware", "?opened_from=2026-01-01&limit=20", f"?closed_from={TODAY}&closed_to={TODAY}&limit=200", "?q=%E8%A6%8B%E6%9C%AC%200300",
        f"?cursor={desk.ok('GET', '/v1/cases?limit=3')['next_cursor']}")]
    paths["/v1/contracts"] = ["/v1/contracts", f"/v1/contracts?q={COMPANY}", f"/v1/contracts?phone={phone}"]
    paths["/v1/dead-letters"] = ["/v1/dead-letters" + query for query in ("?limit=200", "?state=open&limit=200", "?topic=provider-replies")]
    alone = ("/v1/desk", "/v1/hearing-sheet", "/v1/playbooks", "/v1/overview", "/v1/me", "/v1/tokens", "/livez", "/readyz",
             "/", "/today", "/admin")
    pages = {"/calls/{id}": "/calls/x", "/cases/{id}": f"/cases/{cases['opened']}", "/cases/{id}/{screen}": f"/cases/{cases['opened']}/call"}
    paths |= {route: [page] for route, page in pages.items()}
    return paths | {path: [path] for path in alone}


def get(desk, path, **more):
    token = "KAKEKOMI_ADMIN_TOKEN" if path.startswith("/v1/dead-letters") else "KAKEKOMI_TOKEN"
    return desk.call("GET", path, token=token, **more)


def is_reading(row):
    return row["kind"] == "read"


def comparable(path, answer):
    """All of it but what the clock, the asking itself or the loss of Redis changes: the reply-by of a hand-over that would be made now,
    when a custody document was made, who read, who is on, when a token was used."""
    content, kind = answer.content, answer.headers.get("Content-Type")
    if answer.status_code == 200 and path.endswith("/handover"):
        content = json.dumps({**answer.json(), "reply_by": None}).encode()
    elif answer.status_code == 200 and path.endswith("/custody"):
        content = json.dumps({**answer.json(), "made_at": None}).encode()
    elif answer.status_code == 200 and path == "/v1/overview":
        content = json.dumps({**answer.json(), "on": None}).encode()
    elif answer.status_code == 200 and path == "/v1/tokens":
        content = json.dumps([{**token, "used_at": None} for token in answer.json()["tokens"]]).encode()
    elif answer.status_code == 200 and path.endswith("/timeline"):
        content = json.dumps([row for row in answer.json()["timeline"] if not is_reading(row)]).encode()
    return answer.status_code, kind, answer.headers.get("ETag"), content


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
    now = comparable(path, answer)
    if now == before:
        return
    try:
        where = list(differences(json.loads(before[3]), json.loads(now[3])))[:5]
    except ValueError:
        where = f"{len(before[3])} bytes, now {len(now[3])}"
    raise AssertionError(f"{path}: {before[:3]}, now {now[:3]}: {where}")


def settled_answers(desk, paths):
    """What all paths answer, once no service has anything to do and nothing has changed for a while."""
    def twice_the_same():
        desk.wait_idle()
        first = {path: comparable(path, get(desk, path)) for path in paths}
        desk.wait_idle()
        return first == {path: comparable(path, get(desk, path)) for path in paths} and first
    return until("nothing moves any more", twice_the_same, 60)


# --- while it is rebuilt ------------------------------------------------------------------------------
class Watch:
    """Asks known paths from several threads until told to stop: no connection, 503 or exactly the old answer; counts which."""

    def __init__(self, desk, before):
        self.desk, self.before, self.going = desk, before, True
        self.outcomes, self.failures, self.admin = collections.Counter(), [], collections.Counter()
        self.threads = [threading.Thread(target=self.ask, args=(random.Random(SEED + n),)) for n in range(ASKERS)]
        self.threads.append(threading.Thread(target=self.ask_admins))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()

    def ask(self, dice):
        session, paths = requests.Session(), sorted(self.before)
        while self.going:
            path = dice.choice(paths)
            try:
                answer = get(self.desk, path, session=session)
                self.outcomes[answer.status_code] += 1
                self.judge(path, answer)
            except requests.ConnectionError:
                self.outcomes["no connection"] += 1
                time.sleep(0.02)
            except Exception as error:  # noqa: BLE001  (told by the test)
                self.failures.append(f"{type(error).__name__}: {error}")
                return

    def judge(self, path, answer):
        if answer.status_code != 503:
            return assert_as_before(path, answer, self.before[path])
        if path != "/readyz":
            assert answer.headers["Retry-After"] and answer.json()["status"] == 503, f"{path}: {answer.text[:200]}"
        return None

    def ask_admins(self):
        """What each service says of itself meanwhile."""
        while self.going:
            for service in SERVICES:
                try:
                    detail = self.desk.readiness(service)
                    parts = [part for part in detail.values() if isinstance(part, dict)]
                    self.admin[service, "rebuilding"] += any(part.get("rebuilding") for part in parts)
                    self.admin[service, detail["status"]] += 1
                except requests.RequestException:
                    self.admin[service, "no connection"] += 1
            time.sleep(0.01)


def begun_anew(desk):
    """How often each service said that it found nothing and began at zero."""
    said = {"intake": "view.begun_anew", **dict.fromkeys(PROCESSORS, "processor.cache_empty")}
    return {service: (desk.var / "log" / f"{service}.log").read_text(errors="replace").count(word) for service, word in said.items()}


def a_rebuild_took_place(desk, watch, anew):
    print(f"seed {SEED}: answers while it was rebuilt {dict(watch.outcomes)}, readiness {dict(watch.admin)}")
    assert not watch.failures, watch.failures[:3]
    assert watch.outcomes["no connection"] + watch.outcomes[503] > 0, "nobody asked while it was away"
    assert watch.outcomes[200] > 0
    assert begun_anew(desk) == {service: count + 1 for service, count in anew.items()}
    for service in SERVICES:
        assert watch.admin[service, "rebuilding"] > 0, f"{service} never said that it is rebuilding"
        assert watch.admin[service, "not_ready"] > 0, service
        assert any((desk.var / "state" / service).iterdir()), f"{service} made no state"


def of_redis(desk):
    """A session and a draft of its own."""
    session = requests.Session()
    said = {"operator": "operator-1", "password": desk.env["KAKEKOMI_OPERATOR_PASSWORD"]}
    assert session.post(desk.url + "/v1/sessions", json=said, timeout=30).status_code == 201
    desk.ok("PUT", "/v1/drafts/rebuild", {"memo": "まだ電話中"})
    assert who_and_what_is_typed(desk, session) == (200, 200, 200)
    return session


def who_and_what_is_typed(desk, session):
    """Status for the session's cookie, for the draft, for the token."""
    return (desk.call("GET", "/v1/me", token=None, session=session).status_code,
            desk.call("GET", "/v1/drafts/rebuild").status_code, desk.call("GET", "/v1/me").status_code)


def readings(desk, case_id):
    return [row for row in desk.ok("GET", f"/v1/cases/{case_id}/timeline")["timeline"] if is_reading(row)]


def routes_to_get(build):
    printed = subprocess.run([build / "services/intake/intake", "routes"], check=True, capture_output=True).stdout
    return {route["path"] for route in json.loads(printed) if route["method"] == "GET" and not route["path"].startswith("/console/")}


def test_every_get_answers_as_before(desk, build):
    cases = make_cases(desk)
    paths = paths_of(desk, cases)
    assert set(paths) | OF_REDIS | ENDLESS == routes_to_get(build), "a route to GET that is not looked at here"
    session = of_redis(desk)
    before = settled_answers(desk, [path for some in paths.values() for path in some])
    assert {status for status, *_ in before.values()} == {200}, [path for path, (status, *_) in before.items() if status != 200]
    read, anew = readings(desk, cases["opened"]), begun_anew(desk)

    with Watch(desk, before) as watch:
        until("every thread has asked", lambda: watch.outcomes[200] > ASKERS)
        redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"]).flushall()
        desk.lose_state()
        desk.wait_ready()
        desk.wait_idle()
    a_rebuild_took_place(desk, watch, anew)
    for path, was in before.items():
        assert_as_before(path, get(desk, path), was)
    assert who_and_what_is_typed(desk, session) == (401, 404, 200)
    kept = readings(desk, cases["opened"])
    assert len(kept) == 500 or kept[:len(read)] == read, "who read the case before is forgotten"
