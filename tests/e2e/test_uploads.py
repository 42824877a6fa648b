# SPDX-License-Identifier: Apache-2.0
"""Files that a customer sends: streamed, counted only once the chain names them, searched, and given out as they came."""
import csv
import hashlib
import io
import json
import signal
import socket
import threading
import time
import urllib.parse
import uuid

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from desk import until

MIB = 1024 * 1024
DEVICE = {"identification": "identified", "name": "BRANCH-PC", "addresses": ["192.0.2.77"]}


def put(desk, case_id, what, raw, query="filename=branch.log", **headers):
    return desk.call("PUT", f"/v1/cases/{case_id}/{what}?{query}", raw=raw, headers=headers)


def chunks(desk, case_id):
    return [record for record in desk.read("uploads", case_id=case_id)]


def proxy_line(client, site, seconds_ago):
    return f"{time.time() - seconds_ago:.3f}    812 {client} TCP_TUNNEL/200 40219 CONNECT {site}:8443 - HIER_DIRECT/198.51.100.24 -"


def test_what_was_sent_is_what_the_topic_has(desk):
    case_id = desk.open_case("添付")
    raw = bytes(range(256)) * 6000 + b"end"  # 1.5 MB: four chunks, of which the last is shorter
    answer = put(desk, case_id, "files", raw, "filename=%E7%94%BB%E9%9D%A2.png")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["sha256"], told["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))
    upload = desk.case(case_id)["uploads"][0]
    assert (upload["upload"], upload["name"], upload["sha256"]) == (told["upload"], "画面.png", told["sha256"])
    records = [record for record in chunks(desk, case_id) if record.headers["upload"] == told["upload"]]
    records.sort(key=lambda record: int(record.headers["seq"]))
    assert b"".join(record.value for record in records) == raw
    assert max(len(record.value) for record in records) <= 512 * 1024
    event = next(r for r in desk.read("cases", case_id=case_id) if r.type == "file.attached")
    assert (event.data["first"], event.data["last"]) == (records[0].offset, records[-1].offset)
    assert (event.data["chunks"], event.data["partition"]) == (len(records), records[0].partition)


def test_a_log_is_searched_and_given_out_raw_and_as_csv(desk):
    case_id = desk.open_case("支店のログ", customer="UPLOAD-" + uuid.uuid4().hex[:8].upper(), hearing={"device": [DEVICE]})
    wanted = [proxy_line("192.0.2.77", "cdn-sync.example", 5000), "=cmd|' /C calc'!A0 192.0.2.77 \"quoted\" 日本語"]
    other = [proxy_line("192.0.2.78", f"www{n}.example", 4000 + n) for n in range(200)]
    answer = put(desk, case_id, "logs", "\n".join([*other, *wanted]).encode() + b"\n", "filename=branch.log&kind=proxy")
    assert answer.status_code == 201
    upload = answer.json()["upload"]

    def searched():
        triage = desk.case(case_id)["triage"]
        return triage.get("uploads", {}).get(upload, {}).get("status") == "stored" and \
            triage["status"] in ("found", "none") and triage["searches"][-1]["records"] and triage
    triage = until("the upload is searched", searched)
    extract = desk.call("GET", f"/v1/cases/{case_id}/extract")
    records = [json.loads(line) for line in extract.text.splitlines()]
    assert sorted(record["event.original"] for record in records) == sorted(wanted)
    assert hashlib.sha256(extract.content).hexdigest() == triage["searches"][-1]["sha256"]
    raw = desk.call("GET", f"/v1/cases/{case_id}/extract?format=raw").content.decode()
    assert sorted(raw.splitlines()) == sorted(wanted)
    table = desk.call("GET", f"/v1/cases/{case_id}/extract?format=csv").content
    assert table.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    assert sorted(row["event.original"] for row in rows) == sorted([wanted[0], "'" + wanted[1]]), "no cell begins a formula"
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]
    assert desk.call("GET", f"/v1/cases/{case_id}/extract?format=xls").status_code == 422
    assert desk.call("GET", f"/v1/cases/{case_id}/extract?extraction={uuid.uuid4()}").status_code == 404


def test_a_log_whose_bytes_are_not_kept_any_more_holds_no_search(desk):
    case_id = desk.open_case("失われたログ", customer="UPLOAD-" + uuid.uuid4().hex[:8].upper(), hearing={"device": [DEVICE]})
    desk.extraction_done(case_id)
    desk.kill("triage", signal.SIGSTOP)
    try:
        upload = desk.ok("PUT", f"/v1/cases/{case_id}/logs?filename=lost.log", raw=b"192.0.2.77 lost\n")["upload"]
        record = next(r for r in desk.read("uploads", case_id=case_id) if r.headers["upload"] == upload)
        admin = AdminClient(desk.kafka())
        gone = TopicPartition("kakekomi.uploads", record.partition, record.offset + 1)
        admin.delete_records([gone])[gone].result(30)
    finally:
        desk.kill("triage", signal.SIGCONT)
    note = until("it is told", lambda: desk.case(case_id)["triage"].get("uploads", {}).get(upload))
    assert (note["status"], note["why"]) == ("failed", "its bytes are not kept any more")
    until("the rest was searched", lambda: desk.case(case_id)["triage"]["status"] in ("found", "none"))


def begin_upload(desk, case_id, length):
    """The head of a request whose body comes when it comes."""
    url = urllib.parse.urlparse(desk.url)
    peer = socket.create_connection((url.hostname, url.port), timeout=20)
    peer.sendall((f"PUT /v1/cases/{case_id}/logs?filename=cut.log HTTP/1.1\r\nHost: desk\r\nContent-Length: {length}\r\n"
                  f"Authorization: Bearer {desk.env['KAKEKOMI_TOKEN']}\r\n\r\n").encode())
    return peer


def test_bytes_are_passed_on_as_they_come_and_count_only_once_named(desk):
    case_id = desk.open_case("途中")
    with begin_upload(desk, case_id, 3 * MIB) as peer:
        peer.sendall(b"a" * (2 * MIB))
        until("chunks are on the topic before the body has ended", lambda: len(chunks(desk, case_id)) >= 3, 20)
        assert desk.case(case_id)["revision"] == 1 and not desk.case(case_id)["uploads"]
        peer.sendall(b"a" * MIB)
        assert peer.recv(4096).startswith(b"HTTP/1.1 201 ")
    assert desk.case(case_id)["uploads"][0]["sha256"] == hashlib.sha256(b"a" * 3 * MIB).hexdigest()


def test_a_connection_that_is_cut_leaves_nothing(desk):
    case_id = desk.open_case("切断")
    before = desk.case(case_id)
    with begin_upload(desk, case_id, 3 * MIB) as peer:
        peer.sendall(b"b" * (2 * MIB))
        until("some chunks came", lambda: chunks(desk, case_id), 20)
    cut = {record.headers["upload"] for record in chunks(desk, case_id)}
    answer = put(desk, case_id, "logs", b"c" * MIB)
    assert answer.status_code == 201 and answer.json()["upload"] not in cut
    case = desk.case(case_id)
    assert case["revision"] == before["revision"] + 1
    assert [upload["upload"] for upload in case["uploads"]] == [answer.json()["upload"]]
    assert case["uploads"][0]["sha256"] == hashlib.sha256(b"c" * MIB).hexdigest()
    named = [r for r in desk.read("cases", case_id=case_id) if r.type == "logs.submitted"]
    assert [event.data["upload"] for event in named] == [answer.json()["upload"]]


def test_a_repetition_is_told_of_the_first_upload(desk):
    case_id, key = desk.open_case("再送"), uuid.uuid4().hex
    first = put(desk, case_id, "files", b"same bytes", **{"Idempotency-Key": key})
    again = put(desk, case_id, "files", b"same bytes", **{"Idempotency-Key": f'"{key}"'})
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert put(desk, case_id, "files", b"other bytes", **{"Idempotency-Key": key}).status_code == 422
    for query in ("filename=other.log", "filename=branch.log&format=squid"):
        assert put(desk, case_id, "files", b"same bytes", query, **{"Idempotency-Key": key}).status_code == 422
    assert len(desk.case(case_id)["uploads"]) == 1


def test_what_cannot_be_an_upload_is_refused(desk):
    case_id = desk.open_case("拒否")
    for what, query, raw, status in [("logs", "", b"x", 422), ("logs", "filename=..%2Fetc", b"x", 422),
                                     ("logs", "filename=a&kind=camera", b"x", 422), ("files", "filename=a", b"", 422),
                                     ("files", "filename=a%0Ab", b"x", 400)]:
        answer = put(desk, case_id, what, raw, query)
        assert answer.status_code == status, (what, query, answer.text)
    assert put(desk, str(uuid.uuid4()), "files", b"x").status_code == 404
    assert put(desk, case_id, "files", b"x", **{"If-Match": '"0000000000000000.0"'}).status_code == 412
    assert not desk.case(case_id)["uploads"] and desk.case(case_id)["revision"] == 1


def test_who_sends_to_a_case_that_nobody_knows_keeps_nobody_waiting(desk):
    """Kafka is away, so that nobody can say whether another instance has just opened it."""
    case_id, answers, read = desk.open_case("既知"), [], 0
    senders = [threading.Thread(target=lambda: answers.append(put(desk, str(uuid.uuid4()), "logs", b"x" * 1000))) for _ in range(6)]
    assert desk.case(case_id)["id"] == case_id
    desk.kafka_was_away = True
    desk.kill("kafka", signal.SIGSTOP)
    try:
        [sender.start() for sender in senders]
        while not answers:
            assert desk.call("GET", f"/v1/cases/{case_id}").status_code == 200
            read += 1
        [sender.join() for sender in senders]
    finally:
        desk.kill("kafka", signal.SIGCONT)
    print(f"{read} cases read meanwhile")
    assert read > 20 and [answer.status_code for answer in answers] == [503] * len(senders)
    assert all(answer.json()["code"] == "view" for answer in answers)


def test_a_file_of_more_than_64_mib_is_413(desk):
    case_id = desk.open_case("大きすぎる")
    answer = put(desk, case_id, "files", b"\0" * (64 * MIB + 1))
    assert answer.status_code == 413
    assert not desk.case(case_id)["uploads"]
