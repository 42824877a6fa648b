# SPDX-License-Identifier: Apache-2.0
"""The administrator's day: what could not be taken, put back or done with; the numbers of the day; who is signed in, with what; and
that all of it stands in the audit."""
import collections
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid

import pytest
import requests
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType

from desk import READY, ROOT, until
from partner import Partner, offered
from test_people import Browser, problem

ADMIN = {"token": "KAKEKOMI_ADMIN_TOKEN"}
CANARY = "カナリア 090-0000-9999"


@pytest.fixture
def partner(desk):
    with Partner(desk) as partner:
        yield partner


def write(desk, topic, value, key=None, principal="admin", headers=()):
    """Where the broker has put it."""
    placed = []
    producer = Producer(desk.kafka(principal, partitioner="murmur2_random"))
    producer.produce("kakekomi." + topic, value, key, headers=list(headers), on_delivery=lambda error, message: placed.append((error, message)))
    assert producer.flush(30) == 0 and placed[0][0] is None, placed
    return placed[0][1].partition(), placed[0][1].offset()


def letters(desk, **query):
    """All of them, page by page."""
    found, query = [], {"limit": 200, **query}
    while True:
        page = desk.ok("GET", "/v1/dead-letters?" + "&".join(f"{k}={requests.utils.quote(str(v))}" for k, v in query.items()), **ADMIN)
        found += page["dead_letters"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def about(desk, topic, place):
    source = {"topic": topic, "partition": place[0], "offset": place[1]}
    return next((letter for letter in letters(desk, topic=topic) if letter["source"] == source), None)


def refused_reply(desk, value=CANARY.encode()):
    """A reply that is none, and the letter about it."""
    place = write(desk, "provider-replies", value, b"any", "provider")
    return place, until("the letter", lambda: about(desk, "provider-replies", place), 30)


def letter_by_hand(desk, topic, place, reason="written by a test"):
    """As a service would write it; the place of the letter itself."""
    said = {"topic": "kakekomi." + topic, "partition": place[0], "offset": place[1], "reason": reason, "service": "triage",
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": "kakekomi.dead_letter.recorded",
               "ce_source": "/kakekomi/triage", "ce_time": said["at"], "ce_subject": "test", "content-type": "application/json"}
    at = write(desk, "dead-letters", json.dumps(said).encode(), None, headers=[(k, v.encode()) for k, v in headers.items()])
    return until("the letter", lambda: about(desk, topic, place), 30), "{}-{}".format(*at)


def tool(desk, *words, code=0, var=None):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAKEKOMI_")}
    where = ["--var", str(desk.var)] if var is None else var
    done = subprocess.run([sys.executable, ROOT / "deploy/dead-letters", *words, *where], text=True, capture_output=True, timeout=120, env=clean)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def dismiss(desk, letter, reason="既知の試験", key=None, token="KAKEKOMI_ADMIN_TOKEN", **body):
    return desk.call("POST", f"/v1/dead-letters/{letter['position']}/dismissal", {"reason": reason, **body}, token=token,
                     headers={"Idempotency-Key": key} if key else {})


def audited(desk, what, since):
    return [record for record in desk.read("audit", since=since) if record.is_event() and record.data["what"] == what]


# --- letters --------------------------------------------------------------------------------------
def test_a_letter_says_where_and_why_and_nothing_of_what(desk):
    place, letter = refused_reply(desk)
    assert set(letter) == {"position", "id", "partition", "offset", "at", "service", "state", "source", "reason", "pointer", "redrivable"}
    assert letter["position"] == f"{letter['partition']}-{letter['offset']}"
    assert (letter["service"], letter["state"], letter["redrivable"]) == ("escalation", "open", True)
    assert letter["reason"] and letter["pointer"] is None
    assert CANARY not in json.dumps(letter, ensure_ascii=False) and "any" not in letter.values()
    stored = [r for r in desk.read("dead-letters") if (r.partition, r.offset) == (letter["partition"], letter["offset"])]
    assert (stored[0].data["partition"], stored[0].data["offset"]) == place and stored[0].id == letter["id"]


def test_letters_are_found_by_topic_reason_and_state_and_paged(desk):
    _, first = refused_reply(desk)
    reason = "odd " + uuid.uuid4().hex
    odd, _ = letter_by_hand(desk, "cases", (0, 10**9 + int(time.time())), f"malformed: /contact/phone: {reason}")
    assert odd["pointer"] == "/contact/phone" and not odd["redrivable"]
    assert [letter["id"] for letter in letters(desk, reason=reason)] == [odd["id"]]
    assert {letter["source"]["topic"] for letter in letters(desk, topic="provider-replies")} == {"provider-replies"}
    everything = letters(desk)
    assert [letter["at"] for letter in everything] == sorted((letter["at"] for letter in everything), reverse=True)
    assert letters(desk, limit=1) == everything and len(everything) >= 2
    first_page = desk.call("GET", "/v1/dead-letters?limit=1&state=open", **ADMIN)
    link = re.fullmatch(r'<(/v1/dead-letters\?.*state=open.*)>; rel="next"', first_page.headers["Link"]).group(1)
    assert desk.ok("GET", link, **ADMIN)["dead_letters"] == letters(desk, state="open")[1:2]
    assert len({letter["id"] for letter in everything}) == len(everything)
    assert dismiss(desk, odd).status_code == 200
    assert odd["id"] in [letter["id"] for letter in letters(desk, state="dismissed")]
    assert odd["id"] not in [letter["id"] for letter in letters(desk, state="open")]
    assert first["id"] in [letter["id"] for letter in letters(desk, state="open", topic="provider-replies")]
    for wrong, pointer in (("topic=nowhere", "/topic"), ("state=shut", "/state"), ("limit=0", "/limit"), ("cursor=1-2", "/cursor"),
                           ("cursor=a", "/cursor"), ("reason=", "/reason"), ("reason=" + "x" * 101, "/reason")):
        answer = desk.call("GET", "/v1/dead-letters?" + wrong, **ADMIN)
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == pointer, (wrong, answer.text)


def test_letters_are_the_administrators_business(desk):
    _, letter = refused_reply(desk)
    for token in ("KAKEKOMI_TOKEN", "KAKEKOMI_SUPERVISOR_TOKEN"):
        problem(desk.call("GET", "/v1/dead-letters", token=token), 403, "forbidden")
        problem(dismiss(desk, letter, token=token), 403, "forbidden")
    assert about(desk, "provider-replies", (letter["source"]["partition"], letter["source"]["offset"]))["state"] == "open"


def test_a_letter_is_dismissed_once_with_a_reason_and_by_name(desk):
    place, letter = refused_reply(desk)
    ends, key = desk.ends("audit"), uuid.uuid4().hex
    answer = dismiss(desk, letter, key=key)
    assert answer.status_code == 200 and "Idempotency-Replayed" not in answer.headers, answer.text
    closed = answer.json()
    assert closed["state"] == "dismissed" and closed == about(desk, "provider-replies", place)
    assert closed["dismissed"].keys() == {"by", "at", "reason"}
    assert (closed["dismissed"]["by"], closed["dismissed"]["reason"]) == ("admin-1", "既知の試験")
    again = dismiss(desk, letter, key=key)
    assert again.status_code == 200 and again.json() == closed and again.headers["Idempotency-Replayed"] == "true"
    problem(dismiss(desk, letter, "another", key=key), 422, "idempotency_key")
    problem(dismiss(desk, letter), 409, "dismissed")
    problem(dismiss(desk, letter, key=uuid.uuid4().hex), 409, "dismissed")
    entry, = audited(desk, "dead_letter.dismissed", ends)
    assert entry.key == letter["id"] and entry.data["who"] == "admin-1" and entry.data["detail"]["reason"] == "既知の試験"


def test_what_cannot_be_dismissed(desk):
    _, letter = refused_reply(desk)
    for place in ("0-999999999", "99-0", "x", "1", "1-", "-1-2", "1-2-3", "1-2x", "9999999999-1", str(uuid.uuid4())):
        problem(desk.call("POST", f"/v1/dead-letters/{place}/dismissal", {"reason": "x"}, **ADMIN), 404, "not_found")
    path = f"/v1/dead-letters/{letter['position']}/dismissal"
    for body, pointer in (({}, "/reason"), ({"reason": ""}, "/reason"), ({"reason": 1}, "/reason"), ({"reason": "x" * 1001}, "/reason"),
                          ({"reason": "x", "by": "me"}, "/by"), ([], "")):
        answer = desk.call("POST", path, body, **ADMIN)
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == pointer, answer.text
    assert desk.call("POST", path, raw=b"{", headers={"Content-Type": "application/json"}, **ADMIN).status_code == 400
    assert dismiss(desk, letter).status_code == 200


def test_dismissals_are_there_after_the_view_is_lost(desk):
    _, dismissed = refused_reply(desk)
    _, redriven = refused_reply(desk)
    assert dismiss(desk, dismissed).status_code == 200
    tool(desk, "redrive", redriven["position"])
    until("it is redriven", lambda: letters(desk, state="redriven"))
    desk.wait_idle("escalation")
    before, counted = letters(desk), overview(desk)["dead_letters"]
    process = desk.pid("intake")
    desk.kill("intake")
    until("intake is gone", lambda: not os.path.exists(f"/proc/{process}"), 5, 0.001)
    shutil.rmtree(desk.var / "state" / "intake")
    desk.wait_ready("intake")
    assert letters(desk) == before and overview(desk)["dead_letters"] == counted


# --- redriving ------------------------------------------------------------------------------------
def raw_at(desk, topic, place):
    """As it is stored: key, value, every header in its order."""
    from confluent_kafka import Consumer
    consumer = Consumer(desk.kafka(**{"group.id": "test-raw", "isolation.level": "read_committed", "enable.auto.commit": False}))
    try:
        consumer.assign([TopicPartition("kakekomi." + topic, *place)])
        message = until("the record", lambda: consumer.poll(1), 20)
        assert not message.error() and message.offset() == place[1]
        return message.key(), message.value(), message.headers()
    finally:
        consumer.close()


def place_of(text):
    topic, partition, offset = text.split("/")
    return topic, (int(partition), int(offset))


@pytest.mark.parametrize("key,value,headers", [
    (b"any", CANARY.encode(), [("x", b"1"), ("x", b""), ("y", None), ("ce_type", b"kakekomi.escalation.accepted")]),
    (b"\xff\x00", bytes(range(256)) * 400, []),
    (None, b"no key", [("x", b"\xff\xfe")]),
    (b"", b"an empty key", []),
], ids=["headers twice and without a value", "bytes", "no key", "empty key"])
def test_a_record_goes_back_byte_for_byte_and_says_where_it_came_from(desk, key, value, headers):
    place = write(desk, "provider-replies", value, key, "provider", headers)
    letter = until("the letter", lambda: about(desk, "provider-replies", place), 30)
    ends = desk.ends("audit")
    said = tool(desk, "redrive", letter["position"], "--by", "kanri", "--reason", "鍵を登録した")
    source, _, target = said.strip().partition(": ")[2].partition(" → ")
    topic, to = place_of(target)
    assert (topic, source) == ("provider-replies", "provider-replies/{}/{}".format(*place)) and to[0] == place[0] and to[1] > place[1]
    before, after = raw_at(desk, topic, place), raw_at(desk, topic, to)
    assert after == (before[0], before[1], [*(before[2] or []), ("redriven_from", source.encode())])
    assert before[:2] == (key, value)
    shown = until("it is shown", lambda: (a := about(desk, topic, place))["state"] == "redriven" and a)
    assert shown["redriven"].keys() == {"by", "at", "to", "reason", "times"}
    assert shown["redriven"]["to"] == {"topic": topic, "partition": to[0], "offset": to[1]}
    assert (shown["redriven"]["by"], shown["redriven"]["reason"], shown["redriven"]["times"]) == ("kanri", "鍵を登録した", 1)
    problem(dismiss(desk, letter), 409, "redriven")
    entry, = audited(desk, "dead_letter.redriven", ends)
    assert (entry.key, entry.data["who"], entry.data["role"]) == (letter["id"], "kanri", "admin")
    until("it is judged anew", lambda: about(desk, topic, to), 30)


def test_a_second_redrive_needs_to_be_meant(desk):
    place, letter = refused_reply(desk)
    tool(desk, "redrive", letter["position"])
    end = desk.ends("provider-replies")[place[0]]
    assert "was redriven by" in tool(desk, "redrive", letter["position"], code=1)
    assert desk.ends("provider-replies")[place[0]] == end, "it was redriven all the same"
    tool(desk, "redrive", letter["position"], "--again")
    until("both count", lambda: about(desk, "provider-replies", place)["redriven"]["times"] == 2)
    _, other = refused_reply(desk)
    assert dismiss(desk, other, "not needed").status_code == 200
    refusal = tool(desk, "redrive", other["position"], code=1)
    assert "was dismissed by admin-1" in refusal and "not needed" in refusal
    tool(desk, "redrive", other["position"], "--again")
    until("it is redriven", lambda: other["id"] in [letter["id"] for letter in letters(desk, state="redriven")])


def test_two_administrators_redrive_a_record_once(desk):
    place, letter = refused_reply(desk)
    command = [sys.executable, ROOT / "deploy/dead-letters", "redrive", letter["position"], "--var", str(desk.var)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    told = [(p.communicate(timeout=120), p.returncode) for p in both]
    assert {code for _, code in told} <= {0, 1, 111} and [code for _, code in told].count(0) <= 1, told
    if not any(code == 0 for _, code in told):
        tool(desk, "redrive", letter["position"])
    desk.wait_idle("escalation")
    source = "provider-replies/{}/{}".format(*place)
    copies = [r for r in desk.read("provider-replies") if r.headers.get("redriven_from") == source]
    assert len(copies) == 1
    assert about(desk, "provider-replies", place)["redriven"]["times"] == 1


def test_only_what_is_written_from_outside_is_redriven(desk):
    ends = {topic: desk.ends(topic) for topic in ("cases", "provider-events", "audit")}
    for topic in ("cases", "provider-events"):
        letter, position = letter_by_hand(desk, topic, (0, int(time.time())))
        assert not letter["redrivable"] and letter["position"] == position
        assert "only of security-logs and provider-replies" in tool(desk, "redrive", position, code=1)
    assert {topic: desk.ends(topic) for topic in ends} == ends
    for position in ("0-999999999", "77-0"):
        assert "no dead letter" in tool(desk, "redrive", position, code=1)


def test_a_log_line_is_redriven_to_its_customer(desk):
    customer = "REDRIVE-" + uuid.uuid4().hex[:8].upper()
    place = write(desk, "security-logs", "行 \x01".encode(), customer.encode(), "shipper", [("product", b"x")])
    letter, position = letter_by_hand(desk, "security-logs", place)
    assert letter["redrivable"]
    topic, to = place_of(tool(desk, "redrive", position).strip().rpartition(" → ")[2])
    assert topic == "security-logs" and raw_at(desk, topic, to)[:2] == (customer.encode(), "行 \x01".encode())


def test_what_is_not_kept_any_more_is_said_to_be_gone(desk):
    place, letter = refused_reply(desk)
    desk.wait_idle("escalation")
    admin = AdminClient(desk.kafka())
    for done in admin.delete_records([TopicPartition("kakekomi.provider-replies", place[0], place[1] + 1)]).values():
        done.result(20)
    assert "does not keep this record any more" in tool(desk, "redrive", letter["position"], code=1)
    assert "does not keep this record any more" in tool(desk, "show", letter["position"], code=1)
    assert about(desk, "provider-replies", place)["state"] == "open"
    never, position = letter_by_hand(desk, "provider-replies", (0, 10**10 + int(time.time())))
    assert "there is no such record" in tool(desk, "redrive", position, code=1) and never["redrivable"]


def test_what_is_no_letter_and_no_entry_stops_nobody(desk):
    """What somebody else wrote with the administrator's certificate, on either topic."""
    before = letters(desk)
    for value in (None, b"", b"{", b"[" * 100_000, b"[]", b'{"topic":[]}', b'{"what":"dead_letter.redriven","who":1,"detail":[]}',
                  b'{"topic":"kakekomi.x","reason":1,"service":"x","at":"2026-11-26T00:00:00Z","partition":0,"offset":0}'):
        for topic in ("dead-letters", "audit"):
            write(desk, topic, value, str(uuid.uuid4()).encode())
    _, letter = refused_reply(desk)
    assert json.loads(tool(desk, "list", "--json").splitlines()[0])["position"] == letter["position"]
    tool(desk, "redrive", letter["position"])
    desk.wait_ready("intake")
    known = {one["id"] for one in before} | {letter["id"]}
    assert {one["source"]["topic"] for one in letters(desk) if one["id"] not in known} <= {"audit", "provider-replies"}


def test_the_tool_lists_what_the_desk_lists(desk):
    _, letter = refused_reply(desk)
    listed = [json.loads(line) for line in tool(desk, "list", "--json").splitlines()]
    assert [(one["position"], one["state"], one["reason"]) for one in listed] == \
        [(one["position"], one["state"], one["reason"]) for one in letters(desk)]
    assert [json.loads(line)["position"] for line in tool(desk, "list", "--json", "--open", "--topic", "provider-replies").splitlines()] == \
        [one["position"] for one in letters(desk, state="open", topic="provider-replies")]
    shown = tool(desk, "show", letter["position"])
    assert f"value {len(CANARY.encode())} bytes" in shown and CANARY not in shown and letter["reason"] in shown
    assert tool(desk, "list", code=100, var=[]) and tool(desk, "redrive", "x", code=100)
    unknown = ["--brokers", "127.0.0.1:1"]
    assert "name the desk" in tool(desk, "list", code=100, var=unknown)


def test_other_certificates_cannot_redrive(desk, tmp_path):
    _, letter = refused_reply(desk)
    end = sum(desk.ends("provider-replies").values())
    for principal in ("intake", "provider", "shipper"):
        folder = tmp_path / principal
        (folder / "pki").mkdir(parents=True)
        shutil.copytree(desk.var / "pki" / principal, folder / "pki" / "admin")
        shutil.copy(desk.var / "desk.env", folder / "desk.env")
        tool(desk, "redrive", letter["position"], code=111, var=["--var", str(folder)])
    assert sum(desk.ends("provider-replies").values()) == end
    assert letter["id"] in [one["id"] for one in letters(desk, state="open")]


def test_an_acceptance_that_came_before_its_key_is_redriven_and_taken(desk, partner):
    """The provider changed its key and told the desk too late: what was refused is taken once the desk knows the key."""
    offer = offered(desk, partner, "鍵が遅れた", "REDRIVE-KEY")
    case_id = offer["case"]
    key = type(partner.provider.sign).generate(kty="EC", crv="P-256", kid="new-key", use="sig", alg="ES256")
    partner.provider.sign = key
    place, = partner.provider.send("escalation.accepted", case_id, [partner.provider.reply_word("escalation.accepted", offer)])
    letter = until("the letter", lambda: about(desk, "provider-replies", (place["partition"], place["offset"])), 30)
    path = desk.var / "desk" / "provider-jwks.json"
    before = path.read_text()
    try:
        known = json.loads(before)
        known["keys"].append(json.loads(key.export_public()))
        path.write_text(json.dumps(known))
        reloaded(desk, "escalation", "config.reloaded")
        assert desk.state(case_id) == "offered"
        tool(desk, "redrive", letter["position"], "--reason", "鍵を登録した")
        partner.gets("key", case_id)
        until("released", lambda: desk.state(case_id) == "released")
    finally:
        path.write_text(before)
        reloaded(desk, "escalation", "config.reloaded")


# --- the numbers of the day ---------------------------------------------------------------------------
def overview(desk, **more):
    return desk.ok("GET", "/v1/overview", **more)


def test_the_numbers_of_the_day_follow_what_happens(desk, partner):
    before = overview(desk)
    shown = until("the day begins with what is there", lambda: overview(desk))
    assert shown["date"] == time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3600)) and shown["time_zone"] == "Asia/Tokyo"
    case_id = desk.open_case("今日の数", customer="DAY-1", hearing=READY)
    unknown = desk.open_case("契約の分からない人")
    desk.extraction_done(case_id)
    grew = lambda name: overview(desk)[name] - before[name]  # noqa: E731
    until("both are counted", lambda: grew("opened") == 2)
    numbers = overview(desk)
    hours, opened_at = numbers["opened_by_hour"], desk.case(case_id)["opened_at"]
    assert len(hours) == 24 and sum(hours) == numbers["opened"] and hours[(int(opened_at[11:13]) + 9) % 24] >= 1
    until("the search is in time", lambda: grew("in_time") == 1)
    desk.request_handover(case_id)
    until("held", lambda: grew("held") == 1)
    desk.consent(case_id)
    desk.intention(case_id)
    offer = partner.gets("offered", case_id)
    until("handed over", lambda: (grew("handed_over"), grew("held")) == (1, 0))
    assert overview(desk)["left"] == before["left"], "sealed, and not yet to be opened"
    partner.provider.reply("escalation.accepted", offer)
    content = partner.provider.open(offer, partner.gets("key", case_id))["items"]
    left = until("it has left", lambda: (l := overview(desk)["left"]) != before["left"] and l)
    change = {name: left[name] - before["left"][name] for name in left if name != "list"}
    assert change == {"cases": 1, "handovers": 1, "items": len(content), "bytes": sum(map(len, content.values()))}
    line, case = left["list"][0], desk.case(case_id)
    consent, handover = case["consents"][-1], case["handovers"][-1]
    assert line == {
        "id": case_id, "number": case["number"], "company": case["hearing"]["contact"]["company"], "handover": handover["id"],
        "kind": "handover", "provider": handover["provider"], "items": change["items"], "bytes": change["bytes"],
        "released_at": next(e["released_at"] for e in case["escalation"]["handovers"] if e["id"] == handover["id"]),
        "requested_by": handover["requested_by"]["id"],
        "consent": {name: consent[name] for name in ("document", "version", "channel", "given_at")}}
    assert desk.withdraw(case_id).status_code == 200  # it has left on that consent all the same
    assert overview(desk)["left"]["list"][0] == line
    desk.ok("POST", f"/v1/cases/{unknown}/close", {"outcome": "no_incident", "reason": "間違い電話"})
    until("closed", lambda: overview(desk)["cases"].get("closed", 0) == before["cases"].get("closed", 0) + 1)
    assert sum(overview(desk)["cases"].values()) == sum(before["cases"].values()) + 2
    today = f"closed_from={numbers['date']}&closed_to={numbers['date']}"
    assert grew("closed") == 1 and unknown in [case["id"] for case in desk.ok("GET", f"/v1/cases?{today}")["cases"]]
    refused_reply(desk)
    assert grew("dead_letters") == 1
    assert before.keys() == overview(desk).keys()


def test_the_statuses_counted_are_those_of_the_cases(desk):
    counted, cursor, found = overview(desk)["cases"], "", collections.Counter()
    while cursor is not None:
        page = desk.ok("GET", f"/v1/cases?limit=200&{cursor and 'cursor=' + cursor}")
        found.update(case["status"] for case in page["cases"])
        cursor = page["next_cursor"]
    assert counted == dict(found)


def test_who_is_on_is_who_is_signed_in(desk):
    browser = Browser(desk)
    on = {person["id"]: person for person in overview(desk)["on"]}
    assert on["operator-1"].keys() == {"id", "name", "since", "seen_at"} and on["operator-1"]["name"] == "窓口担当 1"
    assert on["operator-1"]["since"] <= on["operator-1"]["seen_at"]
    supervisor = Browser(desk, "supervisor-1")
    assert "supervisor-1" in [person["id"] for person in overview(desk)["on"]]
    assert supervisor.call("DELETE", "/v1/sessions/current").status_code == 204
    assert "supervisor-1" not in [person["id"] for person in overview(desk)["on"]]
    desk.kill("redis", signal.SIGSTOP)
    try:
        assert overview(desk)["on"] is None
    finally:
        desk.kill("redis", signal.SIGCONT)
    until("Redis is asked again", lambda: overview(desk)["on"] is not None)
    assert browser.call("DELETE", "/v1/sessions/current").status_code == 204


# --- sessions and tokens ------------------------------------------------------------------------------
def test_a_supervisor_sees_and_ends_the_sessions_of_others(desk):
    ends = desk.ends("audit")
    operator, supervisor, admin = Browser(desk), Browser(desk, "supervisor-1"), Browser(desk, "admin-1")
    for boss in (supervisor, admin):
        listed = boss.call("GET", "/v1/sessions?operator=*").json()["sessions"]
        assert {operator.id, supervisor.id, admin.id} <= {session["id"] for session in listed}
        assert [s["id"] for s in listed if s["current"]] == [boss.id]
        assert boss.call("GET", "/v1/sessions").json()["sessions"][0]["operator"] in ("supervisor-1", "admin-1")
    problem(operator.call("GET", "/v1/sessions?operator=*"), 403, "forbidden")
    problem(operator.call("DELETE", f"/v1/sessions/{admin.id}"), 404, "not_found")
    assert supervisor.call("DELETE", f"/v1/sessions/{operator.id}").status_code == 204
    problem(operator.call("GET", "/v1/me"), 401, "unauthenticated")
    assert admin.call("DELETE", f"/v1/sessions/{supervisor.id}").status_code == 204
    assert admin.call("DELETE", "/v1/sessions/current").status_code == 204
    wanted = {("session.opened", operator.id, "operator-1"), ("session.opened", admin.id, "admin-1"),
              ("session.revoked", operator.id, "supervisor-1"), ("session.revoked", supervisor.id, "admin-1"),
              ("session.ended", admin.id, "admin-1")}
    until("all of it is in the audit", lambda: wanted <= {(r.data["what"], r.key, r.data["who"]) for r in desk.read("audit", since=ends)})
    revoked = [r.data["detail"]["operator"] for r in audited(desk, "session.revoked", ends)]
    assert revoked == ["operator-1", "supervisor-1"] or sorted(revoked) == ["operator-1", "supervisor-1"]


def test_refused_sign_ins_are_audited_alike(desk):
    ends = desk.ends("audit")
    for name in ("operator-1", "nobody-" + uuid.uuid4().hex[:8]):
        said = {"operator": name, "password": "wrong " + CANARY}
        problem(requests.post(desk.url + "/v1/sessions", json=said, timeout=30), 401, "wrong_credentials")
    entries = until("both are there", lambda: len(found := audited(desk, "session.refused", ends)) == 2 and found)
    for entry in entries:
        assert entry.data["who"] is None and entry.data["role"] is None
        assert entry.data["detail"].keys() == {"address", "account"} and re.fullmatch("[0-9a-f]{4}", entry.data["detail"]["account"])
        assert CANARY not in entry.value.decode() and "nobody" not in entry.value.decode() and "operator-1" not in entry.value.decode()


def test_tokens_say_whose_they_are_and_when_they_were_used_and_no_more(desk):
    tokens = desk.ok("GET", "/v1/tokens", **ADMIN)["tokens"]
    assert {token["operator"] for token in tokens} >= {"operator-1", "supervisor-1", "admin-1"}
    for token in tokens:
        assert token.keys() == {"id", "operator", "roles", "used_at"}
    hashes = [token["sha256"] for operator in json.loads((desk.var / "desk/operators.json").read_text())["operators"]
              for token in operator["tokens"]]
    text = json.dumps(tokens)
    assert hashes and not [value for value in hashes if value[:16] in text]
    assert next(t for t in tokens if t["operator"] == "admin-1")["used_at"] is not None
    assert {token["operator"] for token in desk.ok("GET", "/v1/tokens")["tokens"]} == {"operator-1"}


# --- the audit ------------------------------------------------------------------------------------------
def test_whoever_reads_is_written_down_and_goes_on_when_that_cannot_be(desk):
    case_id, ends = desk.open_case("誰が読んだか"), desk.ends("audit")
    desk.case(case_id)
    for part in ("timeline", "chain", "handover"):
        desk.ok("GET", f"/v1/cases/{case_id}/{part}", token="KAKEKOMI_SUPERVISOR_TOKEN")
    wanted = {("case.read", "operator-1"), ("timeline.read", "supervisor-1"), ("chain.read", "supervisor-1"),
              ("handover.read", "supervisor-1")}
    until("all are there", lambda: {(r.data["what"], r.data["who"]) for r in desk.read("audit", since=ends) if r.key == case_id} >= wanted)
    with no_audit(desk):
        answer = until("a reading that is not written", lambda: said_so(desk, "audit.not_written",
                                                                         lambda: desk.call("GET", f"/v1/cases/{case_id}/timeline")))
        assert answer.status_code == 200 and answer.json()["timeline"]
        problem(dismiss(desk, refused_reply(desk)[1]), 503, "kafka")  # which stands nowhere else
    ends = desk.ends("audit")
    until("it is written again", lambda: desk.case(case_id) and audited(desk, "case.read", ends))


@contextlib.contextmanager
def no_audit(desk):
    """The broker lets intake write to every topic but this."""
    admin = AdminClient(desk.kafka())
    permission = ResourceType.TOPIC, "kakekomi.audit", ResourcePatternType.LITERAL, "User:intake"
    for done in admin.delete_acls([AclBindingFilter(*permission, "*", AclOperation.WRITE, AclPermissionType.ALLOW)]).values():
        assert done.result(20), "intake had no such permission"
    try:
        yield
    finally:
        for done in admin.create_acls([AclBinding(*permission, "*", AclOperation.WRITE, AclPermissionType.ALLOW)]).values():
            done.result(20)


def said_so(desk, event, act):
    """What came of it, if the log says this within a second."""
    log, end = desk.var / "log" / "intake.log", time.monotonic() + 1
    before = log.read_text(errors="replace").count(f'"event":"{event}"')
    outcome = act()
    while time.monotonic() < end:
        if log.read_text(errors="replace").count(f'"event":"{event}"') > before:
            return outcome
        time.sleep(0.05)
    return None


# --- SIGHUP ----------------------------------------------------------------------------------------------
def reloaded(desk, service, event):
    log = desk.var / "log" / f"{service}.log"
    before = log.read_text(errors="replace").count(f'"event":"{event}"')
    os.kill(desk.pid(service), signal.SIGHUP)
    until(event, lambda: log.read_text(errors="replace").count(f'"event":"{event}"') > before)


@contextlib.contextmanager
def other_files(desk, **texts):
    """The desk's files, until the test is over."""
    paths = {name: desk.var / "desk" / f"{name}.json" for name in ("profile", "operators")}
    before = {name: path.read_text() for name, path in paths.items()}
    try:
        yield paths, before
    finally:
        for name, path in paths.items():
            path.write_text(before[name])
        reloaded(desk, "intake", "config.reloaded")


def test_an_upload_ends_with_the_right_to_make_it(desk):
    """It may take hours: whoever has no token any more when its last byte comes has written nothing."""
    case_id = desk.open_case("途中で外された人")

    def body():
        yield b"x" * 1000
        operators = json.loads(before["operators"])
        person = next(o for o in operators["operators"] if o["id"] == "operator-1")
        person["tokens"] = []
        paths["operators"].write_text(json.dumps(operators))
        reloaded(desk, "intake", "config.reloaded")
        yield b"y" * 1000
    with other_files(desk) as (paths, before):
        answer = desk.call("PUT", f"/v1/cases/{case_id}/files?filename=late.log", raw=body())
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), answer.text
    assert not desk.case(case_id)["uploads"]


def test_profile_and_operators_are_read_again_together_or_not_at_all(desk):
    with other_files(desk) as (paths, before):
        profile, operators = json.loads(before["profile"]), json.loads(before["operators"])
        profile["phone"] = "03-0000-7777"
        operators["operators"][0]["name"] = "改名 太郎"
        paths["profile"].write_text(json.dumps(profile))
        paths["operators"].write_text(before["operators"].replace("$argon2id$", "$plain$", 1))
        reloaded(desk, "intake", "operators.refused")
        assert desk.desk_facts()["phone"] == json.loads(before["profile"])["phone"]
        paths["operators"].write_text(json.dumps(operators))
        paths["profile"].write_text(json.dumps({**profile, "hours": {"mon": ["17:00", "09:00"]}}))
        reloaded(desk, "intake", "profile.refused")
        assert desk.ok("GET", "/v1/me")["name"] == "窓口担当 1"
        assert desk.desk_facts()["phone"] == json.loads(before["profile"])["phone"]
        paths["profile"].write_text(json.dumps(profile))
        reloaded(desk, "intake", "config.reloaded")
        assert desk.desk_facts()["phone"] == "03-0000-7777" and desk.ok("GET", "/v1/me")["name"] == "改名 太郎"
    assert desk.ok("GET", "/v1/me")["name"] == "窓口担当 1"
