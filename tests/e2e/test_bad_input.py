# SPDX-License-Identifier: Apache-2.0
"""Bad input one by one: a clear answer, nothing lost, nobody down."""
import json
import socket
import time
import urllib.parse
import uuid

import pytest
from confluent_kafka import Producer

from desk import SERVICES, until

GOOD = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": "確認"}}


def post(desk, raw, **headers):
    return desk.call("POST", "/v1/cases", raw=raw, headers={"Content-Type": "application/json", **headers})


def problem(answer, status):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json()


def deep(levels):
    return ('{"contact":' + "[" * (levels - 1) + "]" * (levels - 1) + "}").encode()


@pytest.mark.parametrize("raw", [
    b'{"contact":{"company":"a","company":"b","phone":"0300001234"},"incident":{"summary":"x"}}',
    deep(17),
    b'{"contact":{"company":"\xff","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact":{"company":"a\\u0000","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact":{"company":"a\\ud800","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact"', b"", b"[]x", json.dumps(GOOD).encode() + b"{}",
], ids=["duplicate key", "depth 17", "invalid UTF-8", "U+0000", "lone surrogate", "cut off", "empty", "rest", "two"])
def test_unreadable_is_400(desk, raw):
    problem(post(desk, raw), 400)


@pytest.mark.parametrize("change,pointer", [
    ({"contact": {"company": 5, "phone": "0300001234"}}, "/contact/company"),
    ({"contact": {"phone": "0300001234"}}, "/contact/company"),
    ({"contact": {"company": "a", "phone": "abc"}}, "/contact/phone"),
    ({"contact": {"company": "あ" * 201, "phone": "0300001234"}}, "/contact/company"),
    ({"incident": {"summary": "x", "type": "earthquake"}}, "/incident/type"),
    ({"incident": {"summary": "x", "no_such_field": 1}}, "/incident/no_such_field"),
    ({"no_such_section": {}}, "/no_such_section"),
    ({"contact": {"company": "a", "phone": "0300001234", "email": "a@b\r\nBcc: c@d"}}, "/contact/email"),
    ({"incident": {"summary": "x", "discovered_at": "2026-11-24T10:00:00"}}, "/incident/discovered_at"),
    ({"device": [{"os": 1}]}, "/device/0/os"),
    ({"device": [{}] * 101}, "/device"),
    ({"customer_id": "lower-case"}, "/customer_id"),
])
def test_wrong_is_422_with_the_pointer(desk, change, pointer):
    body = problem(post(desk, json.dumps({**GOOD, **change}).encode()), 422)
    assert pointer in [error["pointer"] for error in body["errors"]], body
    assert all(error["code"] and error["message"] for error in body["errors"])


def test_too_long_is_413(desk):
    raw = json.dumps({**GOOD, "other_info": "x" * (1024 * 1024)}).encode()
    problem(post(desk, raw), 413)


def test_foreign_id_and_token(desk):
    problem(desk.call("GET", f"/v1/cases/{uuid.uuid4()}"), 404)
    problem(desk.call("GET", "/v1/cases/not-an-id"), 404)
    problem(desk.call("GET", "/v1/cases", token=None), 401)
    problem(desk.call("GET", "/v1/cases", token=None, headers={"Authorization": "Bearer " + "A" * 43}), 401)
    problem(desk.call("DELETE", "/v1/cases"), 405)
    problem(desk.call("GET", "/v1/no-such-thing"), 404)


def wire(desk, raw, seconds=15):
    """Bytes as they are onto a connection of its own; what came back before it was closed."""
    url = urllib.parse.urlparse(desk.url)
    with socket.create_connection((url.hostname, url.port), timeout=seconds) as peer:
        peer.sendall(raw)
        answer = b""
        try:
            while piece := peer.recv(65536):
                answer += piece
        except TimeoutError:
            pass
        return answer


def smuggled(desk, framing):
    body = json.dumps(GOOD).encode()
    head = (f"POST /v1/cases HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {desk.env['KAKEKOMI_TOKEN']}\r\n"
            f"Content-Type: application/json\r\n{framing.format(n=len(body))}\r\n").encode()
    return wire(desk, head + body + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: desk\r\n\r\n")


@pytest.mark.parametrize("framing", [
    "Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: {n}\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: {n}\r\n",
    "Transfer-Encoding: gzip\r\n",
])
def test_smuggling_is_refused_and_the_connection_closed(desk, framing):
    before = sum(desk.ends("cases").values())
    answer = smuggled(desk, framing)
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert sum(desk.ends("cases").values()) == before


def test_a_byte_every_two_seconds_is_ended(desk):
    url = urllib.parse.urlparse(desk.url)
    with socket.create_connection((url.hostname, url.port), timeout=1) as peer:
        peer.sendall(b"POST /v1/cases HTTP/1.1\r\nHost: desk\r\nX: ")
        begun = time.monotonic()
        while time.monotonic() - begun < 40:
            try:
                peer.sendall(b"a")
                if peer.recv(4096) is not None:
                    break
            except TimeoutError:
                time.sleep(1)
            except OSError:
                break
        assert time.monotonic() - begun < 35


GARBAGE = [b"", b"\x00\xff\xfe", b"{", b"[]", b"{}", b'{"extends":null}', b"x" * 900_000, b"[" * 5000]


def test_garbage_on_every_topic_that_is_read(desk):
    """Every reader goes on, the valid records behind the garbage are answered, and nothing personal is repeated."""
    pids = {service: desk.pid(service) for service in SERVICES}
    producer = Producer(desk.kafka(**{"message.max.bytes": 1_000_000}))
    key = str(uuid.uuid4())
    for topic in ("cases", "contracts", "security-logs", "uploads", "extractions", "extracts", "provider-replies",
                  "provider-events", "escalation-status", "notifications", "audit", "reports"):
        for value in GARBAGE:
            for headers in ([], [("ce_specversion", b"1.0"), ("ce_id", b"x" * 5000), ("ce_type", b"\xff")],
                            [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"kakekomi.case.opened"),
                             ("ce_source", b"/x"), ("ce_time", b"2026-11-24T00:00:00Z"), ("ce_subject", key.encode())]):
                producer.produce("kakekomi." + topic, value=value, key=key, headers=headers)
        producer.produce("kakekomi." + topic, value=None, key=key)
        producer.produce("kakekomi." + topic, value=b"{}", key=None)
    assert producer.flush(60) == 0

    case_id = desk.open_case("後に続く案件", customer="SAMPLE-A")
    desk.extraction_done(case_id)
    until("the mail record", lambda: desk.case(case_id)["notifications"] is not None)
    assert {service: desk.pid(service) for service in SERVICES} == pids, "somebody went down"
    letters = until("dead letters", lambda: [r for r in desk.read("dead-letters")])
    for letter in letters:
        assert letter.data["reason"] and "offset" in letter.data
        assert "x" * 100 not in letter.value.decode()
