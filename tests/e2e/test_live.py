# SPDX-License-Identifier: Apache-2.0
"""GET /v1/events: what happens is told to everybody, once and in order, or a listener is told that it has to read anew."""
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid

import pytest
import redis
import requests
from confluent_kafka import Producer

from desk import anonymous_kib, until
from live import Listener
from test_people import Browser, problem


@pytest.fixture
def listen(desk):
    opened = []

    def begin(**more):
        opened.append(Listener(desk, **more))
        return opened[-1]
    yield begin
    for listener in opened:
        listener.close()


def note(desk, case_id, text="x"):
    return desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": text})["revision"]


def revisions(listener, case_id):
    return [event.data["revision"] for event in listener.of("case", id=case_id)]


def figure(desk, name):
    text = requests.get(desk.env["TEST_INTAKE_ADMIN"] + "/metrics", timeout=5).text
    return int(re.search(rf"^kakekomi_intake_live_{name} (\d+)", text, re.M)[1])


def test_every_change_is_told_to_everybody_in_order_and_without_names(desk, listen):
    one, two = listen(), listen(token="KAKEKOMI_SUPERVISOR_TOKEN")
    case_id = desk.open_case(customer="SAMPLE-A", hearing={"contact": {"person": "見本 花子"}})
    for text in ("秘密のメモ", "もう一つ"):
        note(desk, case_id, text)
    desk.extraction_done(case_id)
    for listener in (one, two):
        until("all of it", lambda l=listener: len(revisions(l, case_id)) == 3)
        assert revisions(listener, case_id) == [1, 2, 3]
        opened = listener.of("case", id=case_id)[0].data
        assert opened == {"id": case_id, "number": desk.case(case_id)["number"], "revision": 1, "status": "consultation",
                          "what": "case.opened"}
        assert [e.data["what"] for e in listener.of("case", id=case_id)][1:] == ["note.added"] * 2
        listener.wait("extraction", id=case_id, status=desk.case(case_id)["triage"]["status"])
        listener.wait("handover", id=case_id, state="none")
        assert not listener.of("reset")
        said = "".join(json.dumps(event.data, ensure_ascii=False) for event in listener.events)
        assert not re.search("見本|花子|メモ|0000-1234|SAMPLE-A", said), said


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(desk, listen):
    listener = listen()
    case_id = desk.open_case()
    listener.wait("case", id=case_id, revision=1)
    listener.close()
    until("it has gone", lambda: listener.over)
    last = max(note(desk, case_id) for _ in range(5))
    listener.come_back()
    listener.wait("case", id=case_id, revision=last)
    assert revisions(listener, case_id) == list(range(1, last + 1)) and not listener.of("reset")


@pytest.mark.parametrize("last_id", ["0" * 16, "ffffffffffffffff", "nonsense", "12", "", "ABCDEF0123456789"])
def test_an_unknown_id_is_one_reset_and_the_stream_goes_on(desk, listen, last_id):
    listener = listen(last_id=last_id)
    listener.wait("reset", 5)
    assert re.fullmatch("[0-9a-f]{16}", listener.last_id)
    case_id = desk.open_case()
    listener.wait("case", id=case_id)
    assert len(listener.of("reset")) == 1
    again = listen(last_id=listener.last_id)
    desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "x"})
    again.wait("case", id=case_id, revision=2)
    assert not again.of("reset")


def test_ids_survive_a_restart_of_intake(desk, listen):
    listener = listen()
    case_id = desk.open_case()
    note(desk, case_id)
    listener.wait("case", id=case_id, revision=2)
    desk.wait_idle()
    time.sleep(11)  # the last comment brings the id of what made no event
    desk.kill_and_wait("intake")
    until("the stream has ended", lambda: listener.over)
    desk.wait_ready("intake")
    listener.come_back()
    note(desk, case_id)
    listener.wait("case", id=case_id, revision=3)
    assert revisions(listener, case_id) == [1, 2, 3] and not listener.of("reset")


def test_stopping_intake_ends_streams_at_once(desk, listen):
    listeners = [listen() for _ in range(5)]
    begun = time.monotonic()
    desk.stop_and_wait("intake")
    assert time.monotonic() - begun < 8
    until("all have ended", lambda: all(listener.over for listener in listeners), 5)
    desk.wait_ready("intake")


@pytest.fixture
def second(desk, tmp_path):
    """The address of another intake of the same desk, with a fold of its own."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    first = open(f"/proc/{desk.pid('intake')}/environ", "rb").read().decode().split("\0")
    env = dict(line.split("=", 1) for line in first if line) | {
        "KAKEKOMI_HTTP_ADDRESS": f"127.0.0.1:{ports[0]}", "KAKEKOMI_ADMIN_ADDRESS": f"127.0.0.1:{ports[1]}",
        "KAKEKOMI_STATE_DIR": str(tmp_path), "KAKEKOMI_INSTANCE": "second"}
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([os.readlink(f"/proc/{desk.pid('intake')}/exe").removesuffix(" (deleted)")], env=env,
                                   stdout=log, stderr=log)
    url = f"http://127.0.0.1:{ports[0]}"

    def is_ready():
        try:
            return requests.get(url + "/readyz", timeout=3).status_code == 200
        except requests.RequestException:
            return False
    until("the second intake is ready", is_ready, 90)
    yield url
    process.terminate()
    assert process.wait(20) == 0


def test_a_second_intake_in_the_same_folder_is_refused(desk, tmp_path):
    first = open(f"/proc/{desk.pid('intake')}/environ", "rb").read().decode().split("\0")
    env = dict(line.split("=", 1) for line in first if line) | {"KAKEKOMI_HTTP_ADDRESS": "127.0.0.1:0", "KAKEKOMI_ADMIN_ADDRESS": "127.0.0.1:0"}
    with open(tmp_path / "log", "w") as log:
        ended = subprocess.run([os.readlink(f"/proc/{desk.pid('intake')}/exe").removesuffix(" (deleted)")], env=env, stdout=log, stderr=log, timeout=60)
    assert ended.returncode not in (0, -signal.SIGSEGV) and "is in use by another process" in (tmp_path / "log").read_text()
    assert desk.ready("intake")


def test_two_intakes_tell_the_same_and_know_each_others_ids(desk, listen, second):
    here, there = listen(), listen(url=second)
    case_id = desk.open_case()
    note(desk, case_id)
    desk.ok("PUT", f"/v1/cases/{case_id}/presence", {"doing": "editing"})
    for listener in (here, there):
        listener.wait("case", id=case_id, revision=2)
        listener.wait("presence", id=case_id, doing="editing")
        assert revisions(listener, case_id) == [1, 2]
    desk.wait_idle()
    until("both have read all", lambda: here.last_id == there.last_id)
    here.close()
    until("it has gone", lambda: here.over)
    note(desk, case_id)
    there.wait("case", id=case_id, revision=3)
    moved = listen(url=second, last_id=here.last_id)
    moved.wait("case", id=case_id, revision=3)
    assert revisions(moved, case_id) == [3] and not moved.of("reset") and not there.of("reset")


class Deaf:
    """Asks for the stream and reads no byte of it."""
    def __init__(self, desk, last_id=None):
        where = urllib.parse.urlsplit(desk.url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((where.hostname, where.port))
        self.socket.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.env['KAKEKOMI_TOKEN']}\r\n\r\n".encode())

    def rest(self):
        """What comes until the stream is cut."""
        self.socket.settimeout(20)
        text, end = b"", time.monotonic() + 30
        try:
            while piece := self.socket.recv(65536):
                text += piece
                assert time.monotonic() < end, "it was not cut"
        except ConnectionResetError:
            pass
        return text.decode(errors="replace")


def flood(desk, count):
    """Failed notices of a case that there is not: an event each, and no other service has to do anything for it."""
    producer, case_id = Producer(desk.kafka()), str(uuid.uuid4())
    for number in range(count):
        value = {"case": case_id, "notices": [{"id": f"n-{number}", "status": "failed", "template": "received"}], "counts": {}}
        headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": "kakekomi.notices.updated",
                   "ce_source": "/kakekomi/notify", "ce_time": "2026-11-24T06:00:00.000000Z", "ce_subject": case_id,
                   "content-type": "application/json"}
        producer.produce("kakekomi.notifications", json.dumps(value), case_id, headers=list(headers.items()), partition=0)
        if number % 500 == 0:
            producer.flush(20)
    producer.flush(20)
    return case_id


def test_a_listener_that_does_not_keep_up_is_cut_and_told_so(desk, listen):
    quick, deaf = listen(), Deaf(desk)
    time.sleep(0.5)
    before, known = anonymous_kib(desk.pid("intake")), figure(desk, "reset_total")
    case_id = flood(desk, 6000)
    quick.wait("notice", 60, id=case_id, notice="n-5999")
    assert [event.data["notice"] for event in quick.of("notice", id=case_id)] == [f"n-{n}" for n in range(6000)]
    time.sleep(2)
    print(f"RssAnon of intake before the flood {before} KiB, after {anonymous_kib(desk.pid('intake'))} KiB")
    assert anonymous_kib(desk.pid("intake")) - before < 24 * 1024
    heard = deaf.rest()
    assert '"notice":"n-5999"' not in heard, "it was not cut"
    last = re.findall(r"^id: ([0-9a-f]{16})\n(?:event: \w+\ndata: .*\n)?\n", heard.replace("\r\n", "\n"), re.M)[-1]
    back = listen(last_id=last)
    back.wait("reset", 5)
    assert figure(desk, "reset_total") == known + 1
    late = listen(last_id=quick.last_id)
    other = desk.open_case()
    for listener in (back, late):
        listener.wait("case", id=other)
    assert len(back.of("reset")) == 1 and not late.of("reset")


def test_an_operator_has_so_many_streams_and_no_more(desk, listen):
    until("those of earlier tests have gone", lambda: figure(desk, "listeners") == 0, 10, 0.3)
    opened = [listen() for _ in range(32)]
    assert all(listener.status == 200 for listener in opened)
    refused = listen()
    problem(refused.answer, 503, "too_many_listeners")
    assert int(refused.answer.headers["Retry-After"]) > 0
    assert listen(token="KAKEKOMI_SUPERVISOR_TOKEN").status == 200, "another operator's"
    for listener in opened[:8]:
        listener.close()
    until("who went away makes room", lambda: listen().status == 200, 10, 0.3)


def test_a_stream_ends_with_its_session(desk, listen):
    browser, other = Browser(desk), Browser(desk)
    listeners = [listen(cookies=b.http.cookies.get_dict()) for b in (browser, other)]
    assert browser.call("DELETE", "/v1/sessions/current").status_code == 204
    listeners[0].wait("end", 15, reason="session_ended")
    until("the stream is over", lambda: listeners[0].over, 5)
    assert not listeners[1].over
    listeners[0].come_back()
    assert listeners[0].status == 401
    store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    key = "kakekomi:session:" + hashlib.sha256(other.http.cookies["kakekomi"].encode()).hexdigest()
    left = store.pttl(key)
    time.sleep(6)
    assert store.pttl(key) < left - 4000, "to listen keeps a session from idling out"
    store.pexpire(key, 1)
    listeners[1].wait("end", 15, reason="session_ended")


def test_a_service_that_is_down_is_told_and_that_it_is_back(desk, listen):
    """One that stands still, then the others as well: each is told, and nothing of those that run."""
    listener, others = listen(), ("triage", "escalation")
    note(desk, desk.open_case())
    begun, place = time.time(), until("a place", lambda: listener.last_id)
    try:
        desk.kill("notify", signal.SIGSTOP)
        down = {"notify": listener.wait("service", 45, service="notify", state="down")}
        print(f"notify stands still: told after {down['notify'].at - begun:.1f} s")
        assert listener.of("service") == [down["notify"]]
        for service in others:
            desk.kill(service, signal.SIGSTOP)
        for service in others:
            down[service] = listener.wait("service", 45, service=service, state="down")
        assert all(event.data["why"] == "no_members" for event in down.values())
        note(desk, desk.open_case())
        for late in (listen(), listen(last_id=place)):  # also to whoever comes back and is told what was missed
            for service, event in down.items():
                assert late.wait("service", 5, service=service).data == event.data, "what is down is told at the beginning"
        assert late.of("case"), "it goes on where it was"
    finally:
        for service in ("notify", *others):
            desk.kill(service)
    for service, event in down.items():
        assert listener.wait("service", 60, service=service, state="up").data["since"] > event.data["since"]
    assert len(listener.of("service")) == 2 * len(down)
    fresh = listen()
    time.sleep(0.5)
    assert not fresh.of("service")


# --- presence -------------------------------------------------------------------------------------------------------
def test_who_is_there_is_seen_told_and_ends_by_itself(desk, listen):
    case_id, listener = desk.open_case(), listen()
    path = f"/v1/cases/{case_id}/presence"
    assert desk.ok("GET", path) == {"present": []}
    mine = desk.ok("PUT", path, {"doing": "editing"})
    assert [(p["operator"], p["doing"]) for p in mine["present"]] == [("operator-1", "editing")]
    both = desk.ok("PUT", path, {"doing": "viewing"}, token="KAKEKOMI_SUPERVISOR_TOKEN")
    assert {(p["operator"], p["doing"]) for p in both["present"]} == {("operator-1", "editing"), ("supervisor-1", "viewing")}
    listener.wait("presence", 5, id=case_id, operator="supervisor-1", doing="viewing")
    listener.wait("presence", 5, id=case_id, operator="operator-1", doing="editing")
    for _ in range(3):
        desk.ok("PUT", path, {"doing": "editing"})
    assert desk.call("DELETE", path).status_code == 204
    listener.wait("presence", 5, id=case_id, operator="operator-1", doing="left")
    assert len(listener.of("presence", id=case_id, operator="operator-1")) == 2, "only changes are told"
    store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    assert all(0 < store.pttl(key) <= 3600000 for key in store.keys("kakekomi:presen*"))
    problem(desk.call("PUT", path, {"doing": "sleeping"}), 422, "invalid")
    problem(desk.call("PUT", f"/v1/cases/{uuid.uuid4()}/presence", {"doing": "viewing"}), 404, "not_found")
    until("it ends by itself", lambda: desk.ok("GET", path) == {"present": []}, 35, 1)
    assert desk.case(case_id)["revision"] == 1, "who is there is no part of the case"


# --- drafts ---------------------------------------------------------------------------------------------------------
NOTE = {"contact": {"company": "見本", "phone": "0300001234"}, "incident": {"summary": "下書きから"}}
COLLEAGUE = {"token": "KAKEKOMI_SUPERVISOR_TOKEN"}


def begin(desk, **more):
    answer = desk.call("PUT", "/v1/drafts", {"hearing": {"contact": {"company": "見本製作所"}}}, **more)
    assert answer.status_code == 201 and answer.headers["Location"] == f"/v1/drafts/{answer.json()['id']}"
    return answer.json()["id"], answer.headers["ETag"]


def test_a_call_is_seen_by_all_and_taken_over_by_one(desk):
    draft, etag = begin(desk)
    path = f"/v1/drafts/{draft}"
    seen = next(d for d in desk.ok("GET", "/v1/drafts", **COLLEAGUE)["drafts"] if d["id"] == draft)
    assert (seen["owner"], seen["company"]) == ("operator-1", "見本製作所")
    read = desk.call("GET", path, **COLLEAGUE)
    assert read.headers["ETag"] == etag
    problem(desk.call("PUT", path, {"memo": "blind"}, **COLLEAGUE), 428, "theirs")
    taken = desk.call("PUT", path, {**read.json(), "memo": "引き継ぎ"}, headers={"If-Match": etag}, **COLLEAGUE)
    assert taken.status_code == 200 and taken.json()["owner"] == "supervisor-1"
    assert taken.json()["taken_over"]["from"] == "operator-1" and taken.json()["created_at"] == seen["created_at"]
    problem(desk.call("PUT", path, {"memo": "ない"}, headers={"If-Match": etag}), 412, "changed")
    problem(desk.call("PUT", path, {"memo": "ない"}), 428, "theirs")
    problem(desk.call("DELETE", path), 409, "theirs")
    assert desk.call("GET", path).json()["memo"] == "引き継ぎ", "nobody has overwritten it in silence"
    assert desk.call("DELETE", path, **COLLEAGUE).status_code == 204


def test_two_who_write_at_once_do_not_both_win(desk):
    draft, etag = begin(desk)
    answers = []

    def write(number):
        more = COLLEAGUE if number % 2 else {}
        with requests.Session() as session:
            answers.append(desk.call("PUT", f"/v1/drafts/{draft}", {"memo": str(number)}, headers={"If-Match": etag},
                                     session=session, **more))
    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    [w.start() for w in writers], [w.join() for w in writers]
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7
    owner = next(a for a in answers if a.status_code == 200).json()["owner"]
    assert desk.call("DELETE", f"/v1/drafts/{draft}", **(COLLEAGUE if owner == "supervisor-1" else {})).status_code == 204


def test_drafts_expire(desk):
    draft, _ = begin(desk)
    store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    keys = [key for key in store.keys("kakekomi:draft*")]
    assert keys and all(0 < store.pttl(key) <= 7 * 24 * 3600 * 1000 for key in keys), "something never expires"
    store.pexpire(f"kakekomi:draft:{draft}", 1)
    until("it has gone", lambda: desk.call("GET", f"/v1/drafts/{draft}").status_code == 404, 5)
    assert draft not in [d["id"] for d in desk.ok("GET", "/v1/drafts")["drafts"]]


def test_of_one_draft_comes_one_case_whoever_opens_it(desk):
    draft, _ = begin(desk)
    answers = []

    def open_it(number):
        headers = {"Idempotency-Key": f"{draft}-{number}"} if number % 3 else {}
        with requests.Session() as session:
            answers.append(desk.call("POST", f"/v1/cases?draft={draft}", NOTE, headers=headers, session=session,
                                     **(COLLEAGUE if number % 2 else {})))
    openers = [threading.Thread(target=open_it, args=(n,)) for n in range(8)]
    [o.start() for o in openers], [o.join() for o in openers]
    opened = [a for a in answers if a.status_code == 201]
    assert len(opened) == 1, [a.status_code for a in answers]
    for answer in answers:
        if answer.status_code != 201:
            problem(answer, 409, "draft_used")
            assert answer.headers["Location"] == f"/v1/cases/{opened[0].json()['id']}"
    until("the draft is used up", lambda: desk.call("GET", f"/v1/drafts/{draft}").status_code == 404)


@pytest.mark.parametrize("meanwhile", ["Redis has lost everything of it", "what was typed last is stored late"])
def test_of_one_draft_comes_one_case_although_it_is_forgotten(desk, meanwhile):
    draft, _ = begin(desk)
    case_id = desk.ok("POST", f"/v1/cases?draft={draft}", NOTE)["id"]
    path, store = f"/v1/drafts/{draft}", redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    until("the draft is used up", lambda: desk.call("GET", path).status_code == 404)
    store.delete(f"kakekomi:draft-used:{draft}")
    if "late" in meanwhile:
        assert desk.call("PUT", path, {"memo": "遅れて届いた"}).ok
    for more in ({}, COLLEAGUE, {"headers": {"Idempotency-Key": draft}}):
        again = desk.call("POST", f"/v1/cases?draft={draft}", NOTE, **more)
        problem(again, 409, "draft_used")
        assert again.headers["Location"] == f"/v1/cases/{case_id}"
    if "late" in meanwhile:
        assert desk.call("GET", path).json()["memo"] == "遅れて届いた", "it was thrown away, and is in no case"
        assert desk.call("DELETE", path).status_code == 204


@pytest.mark.parametrize("taken_back", [False, True])
def test_what_a_colleague_took_over_meanwhile_is_not_thrown_away_with_the_draft(desk, taken_back):
    """A case could not be opened; a colleague takes the draft over and writes on; then the first try succeeds after all."""
    draft, etag = begin(desk)
    path, head = f"/v1/drafts/{draft}", {"Idempotency-Key": draft}
    desk.kafka_was_away = True
    desk.kill("kafka", signal.SIGSTOP)
    try:
        assert desk.call("POST", f"/v1/cases?draft={draft}", NOTE, headers=head).status_code == 503
        theirs = desk.call("PUT", path, {"memo": "引き継いで書いた"}, headers={"If-Match": etag}, **COLLEAGUE)
        assert theirs.ok
        if taken_back:
            assert desk.call("PUT", path, {"memo": "引き継いで書いた"}, headers={"If-Match": theirs.headers["ETag"]}).ok
    finally:
        desk.kill("kafka", signal.SIGCONT)
    answer = until("it is opened", lambda: (a := desk.call("POST", f"/v1/cases?draft={draft}", NOTE, headers=head)).status_code == 201 and a)
    problem(desk.call("POST", f"/v1/cases?draft={draft}", NOTE, **COLLEAGUE), 409, "draft_used")
    later, _ = begin(desk)
    desk.ok("POST", f"/v1/cases?draft={later}", NOTE)
    until("what is done beside the answers is done", lambda: desk.call("GET", f"/v1/drafts/{later}").status_code == 404)
    assert desk.call("GET", path).json()["memo"] == "引き継いで書いた"
    listed = next(one for one in desk.ok("GET", "/v1/drafts")["drafts"] if one["id"] == draft)
    assert (listed["owner"], listed["case"]) == ("operator-1" if taken_back else "supervisor-1", answer.json()["id"])
    assert desk.call("DELETE", path, **({} if taken_back else COLLEAGUE)).status_code == 204


def test_a_crash_before_the_draft_is_gone_leaves_no_second_case(desk):
    draft, _ = begin(desk)
    store = redis.Redis.from_url(desk.env["KAKEKOMI_REDIS_URL"])
    key, as_it_was = f"kakekomi:draft:{draft}", store.hgetall(f"kakekomi:draft:{draft}")
    head = {"Idempotency-Key": draft}
    case_id = desk.ok("POST", f"/v1/cases?draft={draft}", NOTE, headers=head)["id"]
    until("the draft is used up", lambda: not store.exists(key))
    store.hset(key, mapping={**as_it_was, b"case": case_id.encode()})  # as a kill between the two leaves it
    store.zadd("kakekomi:drafts", {draft: float(as_it_was[b"version"])})
    store.delete(f"kakekomi:draft-used:{draft}")
    store.pexpire(key, 600000)
    desk.kill_and_wait("intake")
    desk.wait_ready("intake")
    listed = next(d for d in desk.ok("GET", "/v1/drafts", **COLLEAGUE)["drafts"] if d["id"] == draft)
    assert listed["case"] == case_id
    again = desk.call("POST", f"/v1/cases?draft={draft}", NOTE, **COLLEAGUE)
    problem(again, 409, "draft_used")
    assert again.headers["Location"] == f"/v1/cases/{case_id}"
    assert store.exists(key), "what a colleague has typed may be more than the case says"
    repeated = desk.call("POST", f"/v1/cases?draft={draft}", NOTE, headers=head)
    assert repeated.status_code == 201 and repeated.json()["id"] == case_id
    assert repeated.headers["Idempotency-Replayed"] == "true"
    until("the draft is used up", lambda: not store.exists(key))


# --- Redis away -----------------------------------------------------------------------------------------------------
def start_redis(desk):
    port = urllib.parse.urlsplit(desk.env["KAKEKOMI_REDIS_URL"]).port
    with open(desk.var / "log/redis.log", "a") as log:
        process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(desk.var / "redis"), "--save", "",
             "--appendonly", "no", "--maxmemory", "128mb", "--maxmemory-policy", "noeviction"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    (desk.var / "run/redis.pid").write_text(f"{process.pid}\n")


def test_without_redis_cases_are_opened_and_nobody_is_told_that_they_are_unknown(desk, listen):
    browser = Browser(desk)
    by_token, by_session = listen(), listen(cookies=browser.http.cookies.get_dict())
    draft, _ = begin(desk)
    desk.kill("redis", signal.SIGTERM)
    try:
        for listener in (by_token, by_session):
            listener.wait("service", 15, service="redis", state="down")
        case_id = desk.ok("POST", f"/v1/cases?draft={draft}", NOTE)["id"]
        for listener in (by_token, by_session):
            listener.wait("case", id=case_id), "the stream goes on"
        for method, path, body in (("GET", "/v1/me", None), ("POST", "/v1/cases", NOTE), ("GET", "/v1/events", None),
                                   ("PUT", "/v1/drafts", {}), ("PUT", f"/v1/cases/{case_id}/presence", {"doing": "viewing"})):
            answer = browser.call(method, path, body)
            problem(answer, 503, "redis_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        for method, path, body in (("PUT", "/v1/drafts", {}), ("GET", "/v1/drafts", None),
                                   ("PUT", f"/v1/cases/{case_id}/presence", {"doing": "viewing"})):
            problem(desk.call(method, path, body), 503, "redis_unavailable")
        time.sleep(6)  # longer than the sessions of streams are asked after
        assert not by_session.over, "nobody can know that the session is over"
    finally:
        start_redis(desk)
    by_token.wait("service", 15, service="redis", state="up")
    by_session.wait("end", 15, reason="session_ended")  # this Redis has kept nothing
    assert desk.case(case_id)["revision"] == 1
    assert begin(desk)
