# SPDX-License-Identifier: Apache-2.0
"""Bad input one by one: a clear answer, nothing lost, nobody down."""
import json
import re
import socket
import subprocess
import time
import urllib.parse
import uuid

import pytest
import requests
from confluent_kafka import KafkaError, Producer

from desk import READY, SERVICES, until
from partner import Partner

GOOD = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": "確認"}}


def post(desk, raw, **headers):
    return desk.call("POST", "/v1/cases", raw=raw, headers={"Content-Type": "application/json", **headers})


def problem(answer, status):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json()


def deep(levels):
    return ('{"contact":' + "[" * (levels - 1) + "]" * (levels - 1) + "}").encode()


unreadable = pytest.mark.parametrize("raw", [
    b'{"contact":{"company":"a","company":"b","phone":"0300001234"},"incident":{"summary":"x"}}',
    deep(17),
    b'{"contact":{"company":"\xff","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact":{"company":"a\\u0000","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact":{"company":"a\\ud800","phone":"0300001234"},"incident":{"summary":"x"}}',
    b'{"contact"', b"", b"[]x", json.dumps(GOOD).encode() + b"{}",
], ids=["duplicate key", "depth 17", "invalid UTF-8", "U+0000", "lone surrogate", "cut off", "empty", "rest", "two"])


@unreadable
def test_unreadable_is_400(desk, raw):
    problem(post(desk, raw), 400)


@pytest.fixture(scope="module")
def bodies(build):
    """Every route that takes a JSON body, as the table has it."""
    printed = subprocess.run([build / "services/intake/intake", "routes"], check=True, capture_output=True).stdout
    found = [route for route in json.loads(printed) if "content_types" in route and not route["streamed"]]
    assert len(found) >= 20
    return found


@pytest.fixture(scope="module")
def spared(desk):
    """A case at which nothing may ever arrive."""
    case_id = desk.open_case("読めない本文を受けた案件")
    desk.wait_idle()
    return case_id


@unreadable
def test_unreadable_is_400_wherever_a_body_is_taken(desk, bodies, spared, raw):
    """Nothing of it reaches the case, the drafts or the contracts, whatever the route would have made of it."""
    before = desk.call("GET", f"/v1/cases/{spared}")
    for route in bodies:
        path = route["path"].replace("/cases/{id}", f"/cases/{spared}").replace("{id}", "unreadable")
        path = path.replace("{customer_id}", "UNREADABLE").replace("{position}", "0-0")
        token = "KAKEKOMI_ADMIN_TOKEN" if route["roles"] == ["admin"] else "KAKEKOMI_SUPERVISOR_TOKEN"
        answer = desk.call(route["method"], path, raw=raw, token=token,
                           headers={"Content-Type": route["content_types"].split(",")[0]})
        assert problem(answer, 400)["detail"], path
    after = desk.call("GET", f"/v1/cases/{spared}")
    assert (after.headers["ETag"], after.content) == (before.headers["ETag"], before.content)
    problem(desk.call("GET", "/v1/drafts/unreadable", token="KAKEKOMI_SUPERVISOR_TOKEN"), 404)
    assert not [c for c in desk.ok("GET", "/v1/contracts")["contracts"] if c["customer_id"] == "UNREADABLE"]


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


# --- topics ---------------------------------------------------------------------------------------
RECORD_BYTES = 1024 * 1024
GARBAGE = [b"", b"\x00\xff\xfe", b"{", b"[]", b"{}", b'{"extends":null}', b'{"a":1,"a":2}', b"x" * 100_000, b"[" * 5000]
LONGEST = [b"x" * RECORD_BYTES, b'{"x":"' + b"x" * (RECORD_BYTES - 8) + b'"}']
# Who reads every record of a topic, and so has to say of each that it was refused. The others are read at positions only that an
# event names (uploads, extracts, reports), or by a store that keeps every line whatever it is (security-logs).
READERS = {"cases": set(SERVICES), "contracts": {"intake"}, "extractions": {"intake", "escalation", "notify"},
           "escalation-status": {"intake", "notify"}, "notifications": {"intake"}, "audit": {"intake"},
           "provider-replies": {"escalation"}, "provider-events": {"intake"},
           "uploads": set(), "extracts": set(), "reports": set(), "security-logs": set()}
COMPACTED = ("contracts", "extractions", "escalation-status", "notifications")
OF_NO_CASE = ("contracts", "security-logs")


def headers_of_an_event(key):
    return [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"kakekomi.case.opened"), ("ce_source", b"/x"),
            ("ce_time", b"2026-11-24T00:00:00Z"), ("ce_subject", key.encode())]


class Garbage:
    """What was written where, and who has to refuse it: (service, topic, partition, offset)."""

    def __init__(self, desk, living=None):
        # The partition of a key as the services see it: what lies elsewhere would be refused for that alone.
        self.producer = Producer(desk.kafka(**{"message.max.bytes": 2 * RECORD_BYTES, "partitioner": "murmur2_random"}))
        self.living, self.wanted, self.refused = living, set(), []

    def write(self, topic, key, value, headers=()):
        """An event without sense is refused on the chain, which shows it; a record without value forgets, where topics are compacted."""
        refusing = set(READERS[topic])
        if topic == "cases" and len(headers) == 6 and is_object(value):
            refusing -= {"intake"}
        if topic in COMPACTED and value is None and key:
            refusing -= {"intake"}

        def written(error, message):
            if error:
                self.refused.append(error)
                return
            self.wanted |= {(service, topic, message.partition(), message.offset()) for service in refusing}
        self.producer.produce("kakekomi." + topic, value=value, key=key, headers=list(headers), on_delivery=written)
        self.producer.poll(0)

    def write_all(self, topic, key):
        for value in GARBAGE:
            self.write(topic, key, value)
            self.write(topic, key, value, [("ce_specversion", b"1.0"), ("ce_id", b"x" * 5000), ("ce_type", b"\xff")])
            self.write(topic, key, value, headers_of_an_event(key))

    def flush(self):
        assert self.producer.flush(60) == 0


def is_object(value):
    try:
        return isinstance(json.loads(value, object_pairs_hook=without_twins), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def without_twins(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def write_everywhere(desk, living, customer):
    """On every topic that is read: under a key that nobody knows, and under that of a case that lives; also the longest records there
    may be."""
    garbage, stranger = Garbage(desk, living), str(uuid.uuid4())
    for topic in READERS:
        garbage.write_all(topic, stranger)
        garbage.write(topic, stranger, None)
        for value in LONGEST:
            garbage.write(topic, stranger, value, headers_of_an_event(stranger))
        if topic not in OF_NO_CASE:
            garbage.write_all(topic, living)
    for value in GARBAGE + LONGEST:
        garbage.write("security-logs", customer, value)
    garbage.flush()
    assert not garbage.refused, garbage.refused[:3]
    for topic in READERS:
        garbage.write(topic, None, b"{}")
    garbage.flush()
    assert [error.code() for error in garbage.refused] == [KafkaError.INVALID_RECORD] * len(COMPACTED), "no key, and compacted"
    return garbage


def living_case(desk, customer):
    """Ready for its hand-over, with an address."""
    address = f"{customer.lower()}@garbage.example"
    hearing = {**READY, "contact": {**READY["contact"], "email": address}}
    case_id = desk.open_case("生きている案件", customer=customer, hearing=hearing)
    desk.ok("POST", f"/v1/cases/{case_id}/actions",
            {"kind": "address_confirmed", "by": "operator", "address_confirmed": {"address": address}})
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    until("its mails", lambda: len(desk.mails_to(address)) >= 2)
    desk.wait_idle()
    return case_id, address


def letters_since(desk, ends):
    return desk.read("dead-letters", since=ends)


def place_of(letter):
    said = letter.data
    return said["service"], said["topic"].removeprefix("kakekomi."), said["partition"], said["offset"]


def each_is_refused_by_each_reader(desk, garbage, ends):
    until("as many letters as refusals", lambda: len(letters_since(desk, ends)) >= len(garbage.wanted), 60, 1)
    letters = letters_since(desk, ends)
    found = [place_of(letter) for letter in letters]
    assert set(found) == garbage.wanted, (sorted(set(found) - garbage.wanted)[:5], sorted(garbage.wanted - set(found))[:5])
    assert len(found) == len(set(found)), "refused twice"
    for letter in letters:
        assert letter.data["reason"] and letter.data["at"] and len(letter.value) < 1000
        assert "x" * 100 not in letter.value.decode(), "what was refused is repeated"


def refused_logs(desk):
    text = requests.get(desk.env["TEST_TRIAGE_ADMIN"] + "/metrics", timeout=5).text
    return int(re.search(r"^kakekomi_triage_log_refused_total (\d+)", text, re.M).group(1))


def assert_unchanged(desk, case_id, before):
    now = desk.call("GET", f"/v1/cases/{case_id}")
    assert (now.headers["ETag"], now.json()) == (before.headers["ETag"], before.json())
    chain = desk.ok("GET", f"/v1/cases/{case_id}/chain")["events"]
    refused = [event for event in chain if not event["accepted"]]
    assert len(chain) - len(refused) == now.json()["revision"]
    assert [event["code"] for event in refused] == ["not_opened"] * sum(is_object(value) for value in GARBAGE)


def test_garbage_on_every_topic_that_is_read(desk):
    """Every reader refuses each record by its place and goes on; a case that lives under the same key is not touched by it, neither
    now nor when everything is read again, and goes its way to the end."""
    customer = f"G-{uuid.uuid4().hex[:12].upper()}"
    case_id, address = living_case(desk, customer)
    before, ends = desk.call("GET", f"/v1/cases/{case_id}"), desk.ends("dead-letters")
    pids, logs = {service: desk.pid(service) for service in SERVICES}, refused_logs(desk)

    garbage = write_everywhere(desk, case_id, customer)
    each_is_refused_by_each_reader(desk, garbage, ends)
    desk.wait_idle()
    assert {service: desk.pid(service) for service in SERVICES} == pids, "somebody went down"
    under_no_customer = len(GARBAGE) * 3 + 1 + 1 + len(LONGEST)
    until("every line is looked at", lambda: refused_logs(desk) == logs + under_no_customer)
    assert_unchanged(desk, case_id, before)

    desk.lose_state()
    desk.wait_ready()
    desk.wait_idle()
    assert_unchanged(desk, case_id, before)
    it_goes_its_way(desk, case_id, address)
    the_lines_are_kept(desk, customer)
    assert {place_of(letter) for letter in letters_since(desk, ends)} == garbage.wanted, "something good was refused"


def it_goes_its_way(desk, case_id, address):
    mails = len(desk.mails_to(address))
    with Partner(desk) as partner:
        desk.request_handover(case_id)
        offer = partner.gets("offered", case_id)
        partner.provider.reply("escalation.accepted", offer)
        content = partner.provider.open(offer, partner.gets("key", case_id))
    assert json.loads(content["items"]["hearing.json"])["contact"]["email"] == address
    until("released", lambda: desk.state(case_id) == "released")
    until("the mails of offer and release", lambda: len(desk.mails_to(address)) == mails + 2)


def the_lines_are_kept(desk, customer):
    """No line is lost, be it what it may: the next search of this customer counts them."""
    case_id = desk.open_case("次の案件", customer=customer)
    desk.extraction_done(case_id)
    coverage = desk.case(case_id)["triage"]["searches"][-1]["coverage"]
    assert (coverage["scanned"], coverage["unparsed"]) == (len(GARBAGE + LONGEST),) * 2


def test_a_record_over_the_limit_is_refused_by_the_broker(desk):
    garbage = Garbage(desk)
    for topic in READERS:
        garbage.write(topic, "OVER", b"x" * (RECORD_BYTES + 2048))
    garbage.flush()
    assert [error.code() for error in garbage.refused] == [KafkaError.MSG_SIZE_TOO_LARGE] * len(READERS)


def test_one_address_does_not_take_all_connections(desk):
    """Half of them are left to everybody else."""
    address, held = urllib.parse.urlsplit(desk.url), []
    request = f"GET /livez HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()

    def answered(source):
        connection = socket.create_connection((address.hostname, address.port), timeout=10, source_address=(source, 0))
        held.append(connection)
        try:
            connection.sendall(request)
            return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False
    try:
        count = next(n for n in range(600) if not answered("127.0.0.3"))
        assert count == 500
        assert answered("127.0.0.4") and desk.ready("intake")
        [connection.close() for connection in held]
        until("there is room again", lambda: answered("127.0.0.3"))
    finally:
        [connection.close() for connection in held]
