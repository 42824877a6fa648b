# SPDX-License-Identifier: Apache-2.0
"""Writes to a case as a client sees them: preconditions, repetitions, writers beside each other, what cannot be, late folds."""
import base64
import concurrent.futures
import contextlib
import json
import random
import signal
import sqlite3
import time
import types
import uuid

import pytest
import requests

from desk import READY, chains, head_after, until

NOTE = {"text": "折り返し 14:00"}
OPENING = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": "同じ要求"}}
SAID = {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00"}


def problem(answer, status, code=None):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    body = answer.json()
    assert code is None or body["code"] == code or code in [error["code"] for error in body.get("errors", [])], body
    return body


def etag(desk, case_id):
    return desk.call("GET", f"/v1/cases/{case_id}").headers["ETag"]


def chain(desk, case_id):
    return desk.ok("GET", f"/v1/cases/{case_id}/chain")["events"]


def value(event):
    return json.loads(base64.b64decode(event["value"]))


def notes(desk, case_id):
    return [value(event)["text"] for event in chain(desk, case_id) if event["accepted"] and event["type"] == "note.added"]


# --- preconditions ----------------------------------------------------------------------------------------------
def test_if_match_compares_the_part_before_the_dot(desk):
    case_id = desk.open_case("前提条件")
    first = etag(desk, case_id)
    head = first.strip('"').split(".")[0]
    assert head == desk.case(case_id)["head"][:16]
    for form in ('"{}.ffffffff"', '"0000000000000000.0", "{}.0"', "*"):
        tag = form.format(head)
        answer = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"If-Match": tag})
        assert answer.status_code == 200, (tag, answer.text)
        head = answer.json()["head"][:16]
        assert answer.headers["ETag"].startswith(f'"{head}.')
    for tag in (first, f'W/"{head}.0"', f'"{head[:15]}"', '""', "x"):
        stale = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"If-Match": tag})
        problem(stale, 412, "stale")
        assert stale.headers["ETag"].startswith(f'"{head}.')
    assert len(notes(desk, case_id)) == 3


def test_what_other_services_say_is_no_reason_for_412(desk):
    opened = desk.call("POST", "/v1/cases", {"contact": {"company": "見本", "phone": "0300001234"}, "incident": {"summary": "他の言葉"},
                                             "customer_id": "COMMANDS-1"})
    case_id, before = opened.json()["id"], opened.headers["ETag"]  # as it was before anybody else had a word
    desk.extraction_done(case_id)
    after = until("the view's part changed", lambda: (now := etag(desk, case_id)) != before and now)
    assert after.split(".")[0] == before.split(".")[0]
    assert desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"If-Match": before}).status_code == 200


def test_a_patch_that_names_a_list_needs_if_match(desk):
    case_id = desk.open_case("配列")
    patch = {"device": [{"identification": "partly"}]}
    problem(desk.call("PATCH", f"/v1/cases/{case_id}", patch), 428, "if_match")
    problem(desk.call("PATCH", f"/v1/cases/{case_id}", patch, headers={"If-Match": '"0000000000000000.0"'}), 412, "stale")
    assert "device" not in desk.case(case_id)["hearing"]
    answer = desk.call("PATCH", f"/v1/cases/{case_id}", patch, headers={"If-Match": etag(desk, case_id)})
    assert answer.status_code == 200
    assert desk.call("PATCH", f"/v1/cases/{case_id}", {"contact": {"person": "見本 花子"}}).status_code == 200
    hearing = desk.case(case_id)["hearing"]
    assert hearing["device"] == patch["device"] and hearing["contact"]["person"] == "見本 花子"
    assert desk.call("PATCH", f"/v1/cases/{case_id}", {"contact": {"person": None}}).status_code == 200
    assert "person" not in desk.case(case_id)["hearing"]["contact"]


@pytest.mark.parametrize("raw", [b"{", b'{"text":"a","text":"b"}', b'{"text":"\xff"}', b'{"text":"\\u0000"}', b"",
                                 b'{"text":' + b"[" * 16 + b"]" * 16 + b"}"])
@pytest.mark.parametrize("method,path", [("POST", "/notes"), ("PATCH", "")])
def test_what_cannot_be_read_is_400(desk, method, path, raw):
    case_id = desk.open_case("読めない")
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    problem(desk.call(method, f"/v1/cases/{case_id}{path}", raw=raw, headers={"Content-Type": kind}), 400, "unreadable")
    assert desk.case(case_id)["revision"] == 1


@pytest.mark.parametrize("method,path,body,pointer", [
    ("POST", "/notes", {}, "/text"),
    ("POST", "/notes", {"text": 5}, "/text"),
    ("POST", "/notes", {"text": "a", "more": 1}, "/more"),
    ("POST", "/notes", ["a"], ""),
    ("POST", "/customer", {"customer_id": "lower"}, "/customer_id"),
    ("POST", "/consents", {**SAID, "document": "x", "version": "1", "sha256": "0" * 63, "capacity": "代表"}, "/sha256"),
    ("POST", "/consents", {**SAID, "document": "x", "version": "1", "sha256": "0" * 64, "capacity": "代表"}, "/document"),
    ("POST", "/consents/withdrawal", {**SAID, "given_at": "yesterday", "reason": "x"}, "/given_at"),
    ("POST", "/close", {"outcome": "forgotten", "reason": "x"}, "/outcome"),
    ("POST", "/close", {"outcome": "duplicate", "reason": "x"}, "/of"),
    ("POST", "/assessment", {"needed": True}, "/needed"),
    ("PATCH", "", {"contact": {"phone": "none"}}, "/contact/phone"),
    ("PATCH", "", {"contact": {"company": None}}, "/contact/company"),
    ("PATCH", "", {"nothing": {}}, "/nothing"),
    ("PATCH", "", [], ""),
])
def test_what_is_readable_and_wrong_is_422_with_the_pointer(desk, method, path, body, pointer):
    case_id = desk.open_case("誤り")
    found = problem(desk.call(method, f"/v1/cases/{case_id}{path}", body), 422)
    assert pointer in [error["pointer"] for error in found["errors"]], found
    assert desk.case(case_id)["revision"] == 1


# --- repetitions ------------------------------------------------------------------------------------------------
def test_the_same_key_and_bytes_get_the_first_answer_again(desk):
    case_id, key = desk.open_case("繰り返し"), uuid.uuid4().hex
    first = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"Idempotency-Key": key})
    assert first.status_code == 200 and "Idempotency-Replayed" not in first.headers
    desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "その間に"})
    for written in (key, f'"{key}"'):
        again = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"Idempotency-Key": written})
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    other = desk.call("POST", f"/v1/cases/{case_id}/notes", {"text": "別"}, headers={"Idempotency-Key": f'"{key}"'})
    problem(other, 422, "idempotency_key")
    elsewhere = desk.call("POST", f"/v1/cases/{case_id}/extractions", {}, headers={"Idempotency-Key": key})
    problem(elsewhere, 422, "idempotency_key")
    for unusable in ('""', "a b", "x" * 201, '"'):
        problem(desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers={"Idempotency-Key": unusable}), 400, "idempotency_key")
    assert notes(desk, case_id) == [NOTE["text"], "その間に"]


def test_a_key_belongs_to_an_operator_and_a_case(desk):
    case_id, other, key = desk.open_case("一"), desk.open_case("二"), uuid.uuid4().hex
    events = {desk.ok("POST", f"/v1/cases/{c}/notes", NOTE, token=token, headers={"Idempotency-Key": key})["event"]
              for c in (case_id, other) for token in ("KAKEKOMI_TOKEN", "KAKEKOMI_SUPERVISOR_TOKEN")}
    assert len(events) == 4


def test_a_repetition_with_a_precondition_that_was_true_then_is_no_conflict(desk):
    case_id, key = desk.open_case("前提と鍵"), uuid.uuid4().hex
    headers = {"Idempotency-Key": key, "If-Match": etag(desk, case_id)}
    first = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers=headers)
    again = desk.call("POST", f"/v1/cases/{case_id}/notes", NOTE, headers=headers)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


def test_opening_twice_with_a_key_is_one_case(desk):
    key = uuid.uuid4().hex
    headers = {"Idempotency-Key": key}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.call("POST", "/v1/cases", OPENING, headers=headers, session=requests.Session()),
                                range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert answers[0].headers["Location"] == "/v1/cases/" + answers[0].json()["id"]
    problem(desk.call("POST", "/v1/cases", {**OPENING, "customer_id": "OTHER"}, headers=headers), 422, "idempotency_key")
    assert sum(event["accepted"] for event in chain(desk, answers[0].json()["id"])) == 1


# --- reading one's own writes, and writers beside each other ------------------------------------------------------
def test_a_get_straight_after_the_201_finds_the_case(desk):
    for number in range(50):
        case_id = desk.open_case(f"すぐに {number}")
        found = desk.call("GET", f"/v1/cases/{case_id}")
        assert found.status_code == 200 and found.json()["hearing"]["incident"]["summary"] == f"すぐに {number}"


def in_threads(work, count):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_writers_beside_each_other_are_rebased_and_all_kept(desk):
    case_id, busy = desk.open_case("同時に書く"), []

    def write(writer):
        session = requests.Session()
        for number in range(10):
            body, headers = {"text": f"{writer}-{number}"}, {"Idempotency-Key": f"{writer}-{number}"}
            while (answer := desk.call("POST", f"/v1/cases/{case_id}/notes", body, session=session,
                                       headers=headers)).status_code == 409:
                problem(answer, 409, "busy")  # five times somebody was faster: said so, and tried again by the client
                busy.append(body)
            assert answer.status_code == 200, answer.text

    in_threads(write, 8)
    print(f"busy {len(busy)} times")
    assert sorted(notes(desk, case_id)) == sorted(f"{w}-{n}" for w in range(8) for n in range(10))
    assert desk.case(case_id)["revision"] == 81
    of_topic = chains(desk.read("cases", case_id=case_id))[case_id]
    assert [e.data["text"] for e in of_topic["events"][1:]] == notes(desk, case_id)


def test_of_writers_that_saw_the_same_head_exactly_one_wins(desk):
    case_id = desk.open_case("同じ版を見た")
    for round_ in range(5):
        seen = etag(desk, case_id)
        answers = in_threads(lambda n: desk.call("POST", f"/v1/cases/{case_id}/notes", {"text": f"{round_}-{n}"},
                                                 headers={"If-Match": seen}, session=requests.Session()), 8)
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] + [412] * 7
        won = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
        assert notes(desk, case_id)[-1] == f"{round_}-{won}"
    assert len(notes(desk, case_id)) == 5


# --- a fold that is late ------------------------------------------------------------------------------------------
@contextlib.contextmanager
def fold_held_up(desk, case_id):
    """Somebody else holds the lock of intake's SQLite file: reading goes on, the fold cannot write."""
    path = desk.var / "state" / "intake" / "view.sqlite"
    lock = sqlite3.connect(path, isolation_level=None, timeout=10)
    until("nothing else to fold", lambda: desk.is_idle("triage") and desk.is_idle("notify") and desk.is_idle("escalation"))
    desk.case(case_id)
    time.sleep(0.3)
    lock.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


def test_a_late_fold_is_told_as_202_and_never_guessed(desk):
    case_id, key, pid = desk.open_case("遅れ"), uuid.uuid4().hex, desk.pid("intake")
    write = lambda body=NOTE: desk.call("POST", f"/v1/cases/{case_id}/notes", body, headers={"Idempotency-Key": key})  # noqa: E731
    with fold_held_up(desk, case_id):
        late = write()
    assert late.status_code == 202 and set(late.json()) == {"event"}, late.text
    until("the note is folded", lambda: desk.case(case_id)["revision"] == 2)
    again = write()
    assert again.status_code == 200 and again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["event"] == late.json()["event"]
    problem(write({"text": "別"}), 422, "idempotency_key")
    assert notes(desk, case_id) == [NOTE["text"]] and desk.pid("intake") == pid


def test_what_is_not_folded_yet_is_503_and_never_404(desk):
    before = desk.open_case("前の案件")
    with fold_held_up(desk, before):
        case_id = desk.open_case("まだ見えない")
        answer = desk.call("GET", f"/v1/cases/{case_id}")
    problem(answer, 503, "view")
    assert int(answer.headers["Retry-After"]) > 0
    until("it is folded", lambda: desk.call("GET", f"/v1/cases/{case_id}").status_code == 200)


def test_a_late_withdrawal_tells_its_effect_once_it_is_folded(desk):
    case_id = desk.open_case("遅れた撤回")
    desk.consent(case_id)
    with fold_held_up(desk, case_id):
        late = desk.withdraw(case_id)
    assert late.status_code == 202 and set(late.json()) == {"event"}
    withdrawn = until("the withdrawal is folded", lambda: desk.case(case_id)["consents"][0].get("withdrawn"))
    assert withdrawn["effect"] == "stopped" and withdrawn["id"] == late.json()["event"]


# --- finding a case -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["03-5000-{}", "０３－５０００－{}", "+81 3 5000 {}", "(03)5000{}"])
def test_a_case_is_found_by_its_telephone_number_however_it_was_said(desk, said):
    last = str(random.SystemRandom().randrange(1000, 10000))
    written = last.translate({ord("0") + n: ord("０") + n for n in range(10)}) if "０" in said else last
    case_id = desk.open_case("電話番号", hearing={"contact": {"phone": said.format(written)}})
    assert desk.case(case_id)["hearing"]["contact"]["phone"] == said.format(written), "kept as said"
    found = desk.ok("GET", f"/v1/cases?q=035000{last}")["cases"]
    assert case_id in [case["id"] for case in found]
    customer = f"PHONE-{last}"
    desk.ok("PUT", f"/v1/contracts/{customer}", {"company": "見本", "phone": said.format(written)}, token="KAKEKOMI_SUPERVISOR_TOKEN")
    until("the contract is found", lambda: customer in [c["customer_id"] for c in
                                                        desk.ok("GET", f"/v1/contracts?phone=03-5000-{last}")["contracts"]])


# --- Kafka away ---------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def kafka_paused(desk):
    desk.kill("kafka", signal.SIGSTOP)
    try:
        yield
    finally:
        desk.kill("kafka", signal.SIGCONT)


def test_while_kafka_is_away_writes_are_503_and_what_is_known_can_be_read(desk):
    known, key, session = desk.open_case("既知"), uuid.uuid4().hex, requests.Session()
    opening = lambda: desk.call("POST", "/v1/cases", OPENING, headers={"Idempotency-Key": key})  # noqa: E731
    desk.case(known)
    with kafka_paused(desk), concurrent.futures.ThreadPoolExecutor(12) as pool:
        begun = time.monotonic()
        unknown = [pool.submit(desk.call, "GET", f"/v1/cases/{uuid.uuid4()}", session=requests.Session()) for _ in range(10)]
        late = pool.submit(opening)
        for answer in unknown:  # more of them than there are threads
            problem(answer.result(), 503, "view")
        assert time.monotonic() - begun < 10
        assert desk.call("GET", f"/v1/cases/{known}", session=session).json()["revision"] == 1
        problem(late.result(), 503, "not_acknowledged")
        promised = late.result().headers["Location"].rpartition("/")[2]
    again = until("it is taken", lambda: (a := opening()).status_code == 201 and a, 30)
    assert again.json()["id"] == promised
    assert sum(event["accepted"] for event in chain(desk, promised)) == 1


# --- what cannot be -----------------------------------------------------------------------------------------------
CLOSE, REOPEN = ("/close", {"outcome": "resolved", "reason": "済"}), ("/reopen", {"reason": "再燃"})


@pytest.mark.parametrize("before,path,body", [
    ([CLOSE], *CLOSE),
    ([], *REOPEN),
    ([], "/handover/cancellation", {"reason": "なし"}),
    ([], "/handover/approval", {"handover": str(uuid.uuid4())}),
    ([], "/consents/withdrawal", {**SAID, "reason": "なし"}),
    ([], "/intention/withdrawal", {**SAID, "reason": "なし"}),
    ([], "/actions", {"kind": "unmute", "by": "operator"}),
    ([], "/actions", {"kind": "address_confirmed", "by": "operator", "address_confirmed": {"address": "x@y.example"}}),
    ([("/customer", {"customer_id": "SAME-1"})], "/customer", {"customer_id": "SAME-1"}),
    ([], "/handover", {"provider": "any", "files": [str(uuid.uuid4())]}),
    ([CLOSE], "/handover", {"provider": "any"}),
    ([CLOSE], "/customer", {"customer_id": "LATE-1"}),
    ([CLOSE], "/extractions", {}),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_is_impossible_there_is_409_and_changes_nothing(desk, before, path, body):
    case_id = desk.open_case("不可能")
    for step in before:
        desk.ok("POST", f"/v1/cases/{case_id}{step[0]}", step[1])
    revision = desk.case(case_id)["revision"]
    problem(desk.call("POST", f"/v1/cases/{case_id}{path}", body), 409, "impossible")
    assert desk.case(case_id)["revision"] == revision


def test_a_closed_case_takes_notes_and_can_be_reopened(desk):
    case_id = desk.open_case("終了と再開")
    desk.ok("POST", f"/v1/cases/{case_id}{CLOSE[0]}", CLOSE[1])
    assert desk.case(case_id)["status"] == "closed"
    problem(desk.call("PATCH", f"/v1/cases/{case_id}", {"contact": {"person": "x"}}), 409, "impossible")
    problem(desk.call("PUT", f"/v1/cases/{case_id}/files?filename=a", raw=b"a"), 409, "impossible")
    desk.ok("POST", f"/v1/cases/{case_id}/notes", NOTE)
    desk.ok("POST", f"/v1/cases/{case_id}{REOPEN[0]}", REOPEN[1])
    assert desk.case(case_id)["status"] != "closed"
    desk.ok("POST", f"/v1/cases/{case_id}/customer", {"customer_id": "AGAIN-1"})
    desk.ok("POST", f"/v1/cases/{case_id}{CLOSE[0]}", CLOSE[1])
    assert desk.case(case_id)["status"] == "closed"


# --- consent --------------------------------------------------------------------------------------------------------
def consent_to(desk, case_id, version="2026-04", **more):
    document = next(d for d in desk.desk_facts()["consent_documents"] if d["version"] == version)
    return desk.call("POST", f"/v1/cases/{case_id}/consents", {
        **SAID, "document": document["id"], "version": version, "sha256": document["sha256"], **more})


@pytest.mark.parametrize("more,pointer,code", [
    ({"scopes": ["desk", "authorities"]}, "/scopes/1", "channel"),
    ({"version": "2025-10", "scopes": ["desk", "provision"]}, "/scopes/1", "channel"),
    ({"version": "2025-10"}, "/channel", "channel"),
    ({"scopes": ["desk", "everything"]}, "/scopes/1", "choice"),
    ({"version": "2025-10", "scopes": ["authorities"], "channel": "paper"}, "/scopes/0", "choice"),
    ({"sha256": "0" * 64}, "/sha256", "text"),
    ({"given_at": "2026-03-31T23:59:59+09:00"}, "/given_at", "not_valid_then"),
    ({"version": "2025-10", "channel": "paper", "given_at": "2027-04-01T00:00:00+09:00"}, "/given_at", "not_valid_then"),
    ({"channel": "fax"}, "/channel", "choice"),
])
def test_a_consent_that_would_not_count_is_refused_at_once(desk, more, pointer, code):
    case_id = desk.open_case("数えられない同意")
    found = problem(consent_to(desk, case_id, **more), 422)
    assert [(error["pointer"], error["code"]) for error in found["errors"]] == [(pointer, code)]
    assert desk.case(case_id)["revision"] == 1


def test_scopes_add_up_and_an_older_accepted_version_is_taken(desk):
    case_id = desk.open_case("範囲ごとの同意")
    unmet = lambda: {r["code"] for r in desk.case(case_id)["escalation"].get("reasons", ())} & {  # noqa: E731
        "consent_missing", "consent_scope", "consent_channel", "consent_document"}
    assert consent_to(desk, case_id, scopes=["desk"]).status_code == 200
    until("the scopes are missing", lambda: unmet() == {"consent_scope"})
    assert consent_to(desk, case_id, scopes=["provision", "report"], channel="paper").status_code == 200
    until("they add up", lambda: unmet() == set())
    assert consent_to(desk, case_id, scopes=["authorities"], channel="web").status_code == 200
    assert desk.withdraw(case_id).json()["effect"] == "stopped"
    assert all("withdrawn" in consent for consent in desk.case(case_id)["consents"])
    until("nothing is left", lambda: unmet() == {"consent_missing"})
    assert consent_to(desk, case_id, "2025-10", channel="paper", given_at="2025-12-01T10:00:00+09:00").status_code == 200
    until("the older version counts", lambda: unmet() == set())
    assert desk.case(case_id)["consents"][-1]["scopes"] == ["desk", "provision", "report"]


def test_the_desk_says_how_each_scope_may_be_given(desk):
    current, older = desk.desk_facts()["consent_documents"]
    assert current["channels"]["authorities"] == ["paper", "web"]
    assert set(current["channels"]["provision"]) == {"phone_read", "paper", "web"}
    assert set(older["channels"]["provision"]) == {"paper", "web"} and "authorities" not in older["channels"]
    assert older["accepted"] and older["valid_from"] < older["valid_until"] and "valid_until" not in current
    assert set(older["purposes"]) < set(current["purposes"])


def test_a_withdrawal_says_its_effect_and_new_consent_is_a_new_one(desk):
    case_id = desk.open_case("撤回の効果")
    desk.consent(case_id)
    desk.intention(case_id)
    for what in ("consents", "intention"):
        answer = desk.withdraw(case_id, what)
        assert answer.status_code == 200 and answer.json()["effect"] == "stopped" and "accepted_at" not in answer.json()
        problem(desk.withdraw(case_id, what), 409, "impossible")
    case = desk.case(case_id)
    assert case["consents"][0]["withdrawn"]["effect"] == case["intention"]["withdrawn"]["effect"] == "stopped"
    desk.consent(case_id)
    consents = desk.case(case_id)["consents"]
    assert "withdrawn" in consents[0] and "withdrawn" not in consents[1]


def test_a_withdrawal_while_held_cancels_the_hand_over(desk):
    case_id = desk.open_case("保留中の撤回")
    desk.consent(case_id)
    desk.request_handover(case_id)
    until("held", lambda: desk.state(case_id) == "held")
    assert desk.withdraw(case_id).json()["effect"] == "stopped"
    until("cancelled", lambda: desk.state(case_id) == "cancelled")
    problem(desk.call("POST", f"/v1/cases/{case_id}/handover/cancellation", {"reason": "もう無い"}), 409, "impossible")


# --- chain and timeline -------------------------------------------------------------------------------------------
def record_of(event):
    """An entry of GET …/chain as head_after reads it."""
    return types.SimpleNamespace(headers={"ce_type": "kakekomi." + event["type"], "ce_time": event["time"]},
                                 id=event["id"], key=event["key"], value=base64.b64decode(event["value"]))


def test_the_chain_can_be_worked_out_again_by_anybody(desk):
    case_id = desk.open_case("鎖", customer="CHAIN-1")
    desk.ok("PATCH", f"/v1/cases/{case_id}", {"contact": {"person": "見本 花子"}})
    desk.consent(case_id)
    desk.withdraw(case_id)
    in_threads(lambda n: desk.call("POST", f"/v1/cases/{case_id}/notes", {"text": str(n)}, session=requests.Session()), 4)
    events, head = chain(desk, case_id), None
    for event in events:
        assert event["key"] == case_id and event["extends"] == value(event)["extends"]
        if event["accepted"]:
            assert event["extends"] == head
            head = head_after(head, record_of(event))
            assert event["head"] == head
    assert head == desk.case(case_id)["head"]
    stored = desk.read("cases", case_id=case_id)
    assert [(r.partition, r.offset, r.id, r.value) for r in stored] == \
        [(e["partition"], e["offset"], e["id"], base64.b64decode(e["value"])) for e in events]
    assert chains(stored)[case_id]["head"] == head


def test_the_timeline_has_everything_in_order(desk):
    case_id = desk.open_case("時系列", customer="TIMELINE-1",
                             hearing={**READY, "contact": {**READY["contact"], "email": "t@timeline.example"}})
    desk.extraction_done(case_id)
    desk.ok("POST", f"/v1/cases/{case_id}/notes", NOTE)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    wanted = {("event", "case.opened"), ("event", "note.added"), ("event", "handover.requested"), ("extraction", "none"),
              ("read", "case.read"), ("notice", "received"), ("handover", "offered")}

    def complete():
        entries = desk.ok("GET", f"/v1/cases/{case_id}/timeline")["timeline"]
        return wanted <= {(entry["kind"], entry["what"]) for entry in entries} and entries

    timeline = until("everything is on the timeline", complete, 20)
    moments = [entry["at"] for entry in timeline]
    assert moments == sorted(moments)
    assert [e["id"] for e in timeline if e["kind"] == "event"] == [e["id"] for e in chain(desk, case_id) if e["accepted"]]
    assert next(e for e in timeline if e["what"] == "note.added")["data"]["text"] == NOTE["text"]
