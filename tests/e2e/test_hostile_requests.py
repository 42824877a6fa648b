# SPDX-License-Identifier: Apache-2.0
"""The same hostile requests on every route: framing, targets, headers, bodies, each with a valid token. Each is answered with a problem
that the route's documentation knows, once, and leaves nothing behind."""
import json
import re
import subprocess
import urllib.parse

import pytest

from test_bad_input import wire
from test_openapi import OPERATIONS
from test_route_matrix import NOBODY, TABLE, rest, staff  # noqa: F401  (fixtures)

SUPERVISOR, ADMIN = "KAKEKOMI_SUPERVISOR_TOKEN", "KAKEKOMI_ADMIN_TOKEN"
ON_EVERY_PATH = {"404", "405", "408", "413", "414", "431", "503"}  # as openapi.yaml says at its top
EVERYWHERE = list(TABLE)
PAGES = [key for key in TABLE if OPERATIONS[key]["tags"] == ["console"] and not key[1].startswith("/console/")]
VALUES = {"{id}": None, "{pid}": "p1", "{customer_id}": "HOSTILE-1", "{position}": "0-999999999"}


def target_of(rest, path):
    """Of the case at which nothing may arrive; of a draft that there is not."""
    for name, value in VALUES.items():
        path = path.replace("/cases/{id}", f"/cases/{rest.case}").replace(name, value or ("hostile" if "drafts" in path else NOBODY))
    return path + ("?filename=x.log" if path.endswith(("/logs", "/files")) else "")


def token_for(target):
    """Of who may, so that it is not for the lack of a role that anything is refused."""
    return ADMIN if "/dead-letters" in target else SUPERVISOR


def send(rest, method, target, headers=b"", body=b"", close=True):
    """Bytes as they are, with a token; what came back until the connection was closed."""
    token = rest.desk.env[token_for(target if isinstance(target, str) else target.decode("latin-1"))]
    end = b"Connection: close\r\n" if close else b""
    raw = (f"{method} ".encode() + (target if isinstance(target, bytes) else target.encode()) + b" HTTP/1.1\r\nHost: desk\r\n" +
           f"Authorization: Bearer {token}\r\n".encode() + end + headers + b"\r\n" + body)
    return wire(rest.desk, raw, 10)


def answers_in(text):
    """Every answer as (status, headers, body)."""
    found = []
    while text:
        head, _, rest_of_it = text.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        assert status, text[:200]
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        length = int(length[1]) if length else len(rest_of_it)
        found.append((int(status[1]), head.decode("latin-1").lower(), rest_of_it[:length]))
        text = rest_of_it[length:]
    return found


def ask(rest, key, headers=b"", body=b"", target=None, method=None):
    """The answers to one request of this route, whose body is announced where there is one."""
    length = f"Content-Length: {len(body)}\r\n".encode() if body else b""
    return answers_in(send(rest, method or key[0], target_of(rest, key[1]) if target is None else target, headers + length, body))


def is_refused(key, answers, *wanted):
    """Once, with one of these statuses, as a problem that is documented."""
    assert len(answers) == 1, (key, answers)
    status, head, body = answers[0]
    assert status in wanted, (key, status, body[:300])
    assert "content-type: application/problem+json" in head and json.loads(body)["code"], (key, head)
    assert str(status) in ON_EVERY_PATH | set(OPERATIONS[key]["responses"]), f"{key}: {status} is not documented"


@pytest.fixture
def untouched(rest):  # noqa: F811
    before = rest.trace()
    yield rest
    assert rest.trace() == before


def valid(rest, key):
    """The request of the matrix that is taken: (headers, body)."""
    body = rest.body_of(key[1], TABLE[key])
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    kind = b"application/merge-patch+json" if key[0] == "PATCH" else b"application/json"
    return b"Content-Type: " + kind + b"\r\n" if raw else b"", raw


NEXT = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: desk\r\n\r\n"  # 404, wherever it is taken for a request


# --- framing --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("framing", [
    "Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: {n}\r\n",
    "Content-Length: {n}\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: {n}\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
], ids=repr)
def test_a_framing_that_two_may_read_differently_ends_the_connection(untouched, framing):
    """Some of them libmicrohttpd 1.0 refuses itself, with a page of its own; before it, we did."""
    for key in EVERYWHERE:
        headers, body = valid(untouched, key)
        line = framing.format(n=len(body)).encode()
        answers = answers_in(send(untouched, key[0], target_of(untouched, key[1]), headers + line, body + NEXT, close=False))
        if answers[0][2].startswith(b"<html>"):
            assert [(status, "connection: close" in head) for status, head, _ in answers] == [(400, True)], (key, answers)
        else:
            is_refused(key, answers, 400)


@pytest.mark.parametrize("length", ["{n}, {n}", "+{n}", "-1", "0x10", "99999999999999999999", "{n} {n}", "１０"])
def test_a_length_that_is_no_number_ends_the_connection(untouched, length):
    """libmicrohttpd refuses these itself, before anybody is asked; with a page of its own, whose head it sends twice."""
    for key in EVERYWHERE:
        headers, body = valid(untouched, key)
        line = f"Content-Length: {length.format(n=len(body))}\r\n".encode()
        answer = send(untouched, key[0], target_of(untouched, key[1]), headers + line, body + NEXT, close=False)
        assert re.match(rb"HTTP/1\.1 (400|413) ", answer) and b"404" not in answer, (key, answer)


def test_a_body_where_none_is_taken_is_413_and_never_the_next_request(untouched):
    for key in EVERYWHERE:
        if not OPERATIONS[key].get("requestBody"):
            is_refused(key, ask(untouched, key, body=b"POST /v1/cases HTTP/1.1\r\nHost: desk\r\n\r\n"), 413)


def test_a_body_that_is_announced_too_long_is_not_waited_for(untouched, build):
    printed = subprocess.run([build / "services/intake/intake", "routes"], check=True, capture_output=True).stdout
    longest = {(route["method"], route["path"]): route["body_max"] for route in json.loads(printed)}
    for key in EVERYWHERE:
        if longest[key]:
            headers = valid(untouched, key)[0] + f"Content-Length: {longest[key] + 1}\r\nExpect: 100-continue\r\n".encode()
            is_refused(key, ask(untouched, key, headers), 413)


def test_a_body_that_grows_too_long_in_chunks_is_413(untouched):
    chunk = b"40000\r\n" + b" " * 0x40000 + b"\r\n"  # 256 KiB of what JSON does not mind
    for key in EVERYWHERE:
        if OPERATIONS[key].get("requestBody") and not key[1].endswith(("/logs", "/files")):
            headers = valid(untouched, key)[0] + b"Transfer-Encoding: chunked\r\n"
            answer = send(untouched, key[0], target_of(untouched, key[1]), headers, chunk * 5 + b"0\r\n\r\n")
            is_refused(key, answers_in(answer), 413)


# --- targets and headers ----------------------------------------------------------------------------------------------
ODD = [b"%2e%2e", b"..", b".", b"%2F", b"a%2Fb", b"%00", b"a%00b", b"%0d%0aX:%20y", b"%ff", b"%c0%af", b"%ed%a0%80", b"%", b"%zz",
       b"%u0041", b"a" * 201, b"'%20OR%20'1'='1", b"%24%7Bjndi%3Aldap%3A%2F%2Fx%7D", b"\xe2\x80\xae", b"*", b"%F0%9F%92%A9", b"",
       b"00000000-0000-7000-8000-00000000000%30x", b"00000000-0000-0000-0000-000000000000", b"%7B%7D", b"{id}"]


def test_an_odd_value_in_the_path_is_nobody(untouched):
    """None of these is the name of anything; 405 where what is left over of the path has other methods. The console's pages look at no
    value of their path: they are below."""
    for key in EVERYWHERE:
        for name in re.findall(r"{\w+}", key[1]):
            for value in ODD:
                before, _, after = key[1].partition(name)
                target = target_of(untouched, before).encode() + value + target_of(untouched, after).encode()
                if key not in PAGES and ("/drafts/" not in key[1] or not re.fullmatch("[A-Za-z0-9_-]+", urllib.parse.unquote(value))):  # a draft's name may be so
                    is_refused(key, ask(untouched, key, *valid(untouched, key), target), 400, 404, 405, 422)


def test_a_page_is_the_same_whatever_its_address_says(rest):  # noqa: F811
    page = rest.desk.call("GET", "/", token=None).content
    for key in PAGES:
        for name in re.findall(r"{\w+}", key[1]):
            for value in ODD:
                before, _, after = key[1].partition(name)
                answers = ask(rest, key, target=target_of(rest, before).encode() + value + target_of(rest, after).encode())
                assert len(answers) == 1 and (answers[0][2] == page) == (answers[0][0] == 200), (key, value)
                assert answers[0][0] in (200, 400, 404), (key, value, answers)


QUERIES = [b"limit=-1", b"limit=0", b"limit=99999999999999999999", b"limit=1e3", b"limit=%31%30%30%30", b"cursor=x", b"cursor=" + b"A" * 4000,
           b"cursor=AAAA%00", b"q=%ff", b"q=%00", b"q=" + b"%E3%81%82" * 400, b"q=%22%22%22", b"q=*", b"q=a%20NEAR%20b%20OR%20c%3A",
           b"q='%3B--", b"status=open", b"status=", b"customer=lower", b"opened_from=yesterday", b"closed_from=2026-11-01&closed_to=9999-12-31", b"closed_to=2026-11-01", b"opened_to=2026-13-45",
           b"type=earthquake", b"overdue=maybe", b"phone=x", b"format=exe", b"extraction=../../x", b"handover=x", b"draft=%2e%2e",
           b"filename=", b"filename=..%2F..%2Fetc%2Fpasswd&kind=x", b"kind=ghost", b"unknown=1", b"=", b"&&&", b"a&a&a",
           b"&".join(b"a%d=1" % n for n in range(33)), b"limit=1&limit=2", b"%zz=1", b"q=%ed%a0%80", b"lang=xx"]


def test_an_odd_query_is_refused_or_not_looked_at(rest):  # noqa: F811
    """Reading routes answer as they are documented to, whatever the query; nothing of it is an error of the server's, or more than a
    reading that is audited."""
    before = rest.trace()
    for key in EVERYWHERE:
        for query in QUERIES:
            if key[0] != "GET" or key[1] == "/v1/events":
                continue
            status, _, body = ask(rest, key, target=target_of(rest, key[1]).encode() + b"?" + query)[0]
            assert status < 500 and str(status) in ON_EVERY_PATH | set(OPERATIONS[key]["responses"]), (key, query, status)
            assert status < 400 or json.loads(body)["code"], (key, query)
    after = rest.trace()
    assert (after[0] | {"audit": None}, *after[1:]) == (before[0] | {"audit": None}, *before[1:])


@pytest.mark.parametrize("headers,status", [
    (b"X: " + b"a" * 17000 + b"\r\n", 431),
    (b"".join(b"X-%d: %s\r\n" % (n, b"a" * 100) for n in range(160)), 431),
    (b"Host: other\r\n", 400),
    (b"Authorization: Bearer x\r\n", 400),
], ids=["an endless one", "many", "two hosts", "two tokens"])
def test_odd_headers_are_refused(untouched, headers, status):
    for key in EVERYWHERE:
        is_refused(key, ask(untouched, key, headers), status)


def test_an_endless_target_is_414(untouched):
    for key in EVERYWHERE:
        target = target_of(untouched, key[1])
        is_refused(key, ask(untouched, key, target=target + ("&" if "?" in target else "?") + "x=" + "a" * 8300), 414)


@pytest.mark.parametrize("method", ["get", "TRACE", "CONNECT", "PROPFIND", "X" * 300, "GET\tX", "PRI"])
def test_an_odd_method_is_refused(untouched, method):
    for path in sorted({path for _, path in EVERYWHERE}):
        answers = answers_in(send(untouched, method, target_of(untouched, path)))
        assert not answers or (len(answers) == 1 and answers[0][0] in (400, 405, 501)), (path, answers)


# --- bodies ---------------------------------------------------------------------------------------------------------
TYPES = [b"text/plain", b"application/xml", b"application/jsonx", b"application/json, text/plain", b"application/x-www-form-urlencoded",
         b"multipart/form-data; boundary=x", b"json", b""]
WRONG = [b"null", b"5", b"true", b'"x"', b"[]", b"[{}]", b'{"__proto__":{"role":"admin"}}', b'{"\\u0000":1}', b'{"":""}',
         b'{"' + b"k" * 100_000 + b'":1}', b"1e999", b"-0", b"[" * 100_000, b'{"a":' * 20 + b"1" + b"}" * 20, b"\xef\xbb\xbf{}",
         b"{}\0", b"{'a':1}", b"{\"a\":NaN}", b"\xff\xfe{\0}\0", b"{/**/}", b"{\"a\":1,}", b'{"actor":{"id":"x","role":"admin"},"extends":null}']


def bodies():
    return [key for key in EVERYWHERE if OPERATIONS[key].get("requestBody") and not key[1].endswith(("/logs", "/files"))]


def test_another_content_type_is_415(untouched):
    for key in bodies():
        raw = valid(untouched, key)[1]
        for kind in TYPES:
            is_refused(key, ask(untouched, key, b"Content-Type: " + kind + b"\r\n" if kind else b"", raw), 415)


def test_a_body_that_is_no_such_thing_is_400_or_422(untouched):
    for key in bodies():
        kind = valid(untouched, key)[0]
        for raw in WRONG:
            is_refused(key, ask(untouched, key, kind, raw), 400, 422, 413)


def each_member_wrong(body):
    """The valid body with one member of another kind, without it, and with one more."""
    for name in body:
        for value in (None, 5, "", [], {}, True, "x" * 70_000, "\u202e\u0007", -1, 1.5):
            if value != body[name]:
                yield {**body, name: value}, f"{name}: {str(value)[:10]}"
    yield {**body, "more": 1}, "more"


def test_a_valid_body_with_one_member_changed_never_breaks_anything(rest):  # noqa: F811
    """Taken or refused as documented: a text may be another text. On a case of its own, for some of it arrives."""
    for key in bodies():
        case = rest.desk.open_case("一つだけ違う")
        good = rest.body_of(key[1], TABLE[key])
        for body, what in each_member_wrong(good):
            path = target_of(rest, key[1]).replace(rest.case, case)
            answer = rest.desk.call(key[0], path, body, token=token_for(path))
            assert answer.status_code < 500 and str(answer.status_code) in OPERATIONS[key]["responses"], (key, what, answer.text[:300])
            if "more" in body:
                assert answer.status_code == 422, (key, answer.text[:300])
                assert "/more" in [error["pointer"] for error in answer.json()["errors"]], (key, answer.text)
    rest.desk.call("DELETE", "/v1/drafts/hostile", token=SUPERVISOR)


def test_odd_conditions_and_keys_never_break_anything(rest):  # noqa: F811
    for key in EVERYWHERE:
        if key[0] in ("GET", "DELETE") or TABLE[key].roles is None:
            continue
        case = rest.desk.open_case("前提が変")
        headers, body = valid(rest, key)
        for odd in (b'If-Match: "', b"If-Match: ,,,,", b"If-Match: W/", b"If-Match: " + b'"x",' * 2000, b"If-None-Match: *, *",
                    b"Idempotency-Key: ", b"Idempotency-Key: \xff\xfe", b"Idempotency-Key: " + b"k" * 5000, b'Idempotency-Key: "a"b"',
                    b"traceparent: 00-" + b"0" * 32 + b"-x", b"traceparent: " + b"f" * 3000, b"X-CSRF-Token: \x80", b"Accept: " + b"*/*," * 900,
                    b"Cookie: kakekomi=\xff; kakekomi=x; ;;=", b"Range: bytes=0-", b"Content-Encoding: gzip"):
            answers = ask(rest, key, headers + odd + b"\r\n", body, target_of(rest, key[1]).replace(rest.case, case))
            assert len(answers) == 1, (key, odd, answers)
            status, _, text = answers[0]
            assert status < 500 and str(status) in ON_EVERY_PATH | set(OPERATIONS[key]["responses"]), (key, odd, status, text[:200])
    for draft in rest.desk.ok("GET", "/v1/drafts")["drafts"]:
        if draft["owner"] == "supervisor-1":
            rest.desk.call("DELETE", f"/v1/drafts/{draft['id']}", token=SUPERVISOR)
