#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays one incident through a running desk, as an operator, a log shipper and the provider would: deploy/demo/demo.py VAR

Everything goes the way of the real thing: logs through Kafka, the case by REST, the hand-over through the provider's listener.
Ends with 0 only when every stage did what it says. A fresh customer number each time: it may be played again and again."""
import email
import email.policy
import hashlib
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import textwrap
import time
import zlib
from datetime import datetime, timedelta, timezone

import requests
from confluent_kafka import Producer

import lines

HERE = pathlib.Path(__file__).parent


class Stage:
    """One line for what happened and how long it took; details indented below."""
    def __init__(self, title):
        self.title = title

    def __enter__(self):
        self.begun = time.monotonic()
        self.notes = []
        return self.notes.append

    def __exit__(self, kind, *_):
        took = (time.monotonic() - self.begun) * 1000
        print(f"{'FAILED  ' if kind else ''}{self.title:<58} {took:8.0f} ms")
        for note in self.notes:
            print(f"    {note}")
        sys.stdout.flush()


def until(what, ask, seconds=60):
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return answer


def expect(fact, otherwise):
    if not fact:
        raise SystemExit(otherwise)


class Desk:
    def __init__(self, var):
        self.var = pathlib.Path(var)
        self.env = dict(line.split("=", 1) for line in (self.var / "desk.env").read_text().split())
        self.http = requests.Session()
        self.http.headers["Authorization"] = "Bearer " + self.env["KAKEKOMI_TOKEN"]

    def call(self, method, path, body=None, **more):
        if body is not None:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            more |= {"data": json.dumps(body).encode(), "headers": {"Content-Type": kind, **more.get("headers", {})}}
        answer = self.http.request(method, self.env["KAKEKOMI_URL"] + path, timeout=60, **more)
        if answer.status_code >= 300:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def get(self, path):
        return self.call("GET", path).json()

    def post(self, path, body):
        return self.call("POST", path, body).json()

    def escalation(self, case):
        return self.get(f"/v1/cases/{case}")["escalation"]

    def reaches(self, case, state):
        return until(f"hand-over {state}", lambda: (e := self.escalation(case))["state"] == state and e)

    def shipper(self):
        pki = self.var / "pki" / "shipper"
        return Producer({"bootstrap.servers": self.env["KAKEKOMI_KAFKA_BROKERS"], "security.protocol": "ssl",
                         "ssl.certificate.location": str(pki / "cert.pem"), "ssl.key.location": str(pki / "key.pem"),
                         "ssl.ca.location": str(pki / "ca.pem"), "enable.idempotence": True})

    def mails(self, number, saying=""):
        found = []
        for path in sorted((self.var / "mail" / "new").glob("*"), key=lambda p: p.stat().st_mtime):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            text = message.get_body(("plain",)).get_content()
            if (number in message["Subject"] or number in text) and saying in text:
                found.append(message)
        return found


def photograph():
    """A picture of the screen as a PNG of a megabyte or so: a grey frame with film grain."""
    dice = random.Random(3)
    width, height = 1280, 720
    rows = b"".join(b"\0" + bytes(value & 0x7f for value in dice.randbytes(width)) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


def ship_logs(desk, owners, call):
    with Stage("log lines of two customers shipped through Kafka") as say:
        shipper, refused, counts = desk.shipper(), [], {}

        def acknowledged(error, _):
            if error:
                refused.append(str(error))
        for customer, _, product, kind, host, line in lines.shipped(call):
            shipper.produce("kakekomi.security-logs", key=owners[customer], value=line.encode(),
                            headers={"product": product, "kind": kind, "host": host}, on_delivery=acknowledged)
            shipper.poll(0)
            counts[product] = counts.get(product, 0) + 1
        shipper.flush(30)
        if refused:
            raise SystemExit(f"{len(refused)} lines were not taken: {refused[0]}")
        say(", ".join(f"{count} {product}" for product, count in sorted(counts.items())))


def open_case(desk, owner, call):
    with Stage("case opened by the operator: POST /v1/cases") as say:
        case = desk.post("/v1/cases", {
            "customer_id": owner,
            "contact": {"company": "見本精機株式会社", "person": "見本 花子", "phone": "０３－００００－１２３４",
                        "email": desk.customer},
            "incident": {"type": "ransomware", "summary": "ファイルサーバーの拡張子が変わり、脅迫文が表示されている",
                         "discovered_at": (call - timedelta(hours=1)).isoformat(timespec="seconds")},
            "device": [{"identification": "identified", "name": "FS-01", "addresses": ["192.168.10.5"]}]})
        say(f"{case['id']}  number {case['number']}")
    return case["id"], case["number"]


def amend(desk, case):
    with Stage("hearing amended while the customer talks: PATCH") as say:
        etag = desk.call("GET", f"/v1/cases/{case}").headers["ETag"]
        desk.call("PATCH", f"/v1/cases/{case}", {
            "contact": {"responsible_person": "見本 太郎"},
            "device": [{"identification": "identified", "name": "FS-01", "addresses": ["192.168.10.5"], "usage": "shared",
                        "os": "Windows Server 2022", "antivirus": "unknown", "external_connection": "isolated",
                        "disk_encrypted": "no"}],
            "network": {"configuration": "本社と支店を VPN で接続。ファイルサーバーは本社。"},
            "logs": [{"kind": "firewall", "available": "yes"}, {"kind": "proxy", "available": "yes"}]},
            headers={"If-Match": etag})
        desk.post(f"/v1/cases/{case}/actions", {"kind": "address_confirmed", "by": "operator",
                                                "address_confirmed": {"address": desk.customer}})
        say("e-mail address read back and confirmed")


def upload(desk, case, call):
    with Stage("proxy log of the branch and a photograph uploaded") as say:
        log = desk.call("PUT", f"/v1/cases/{case}/logs?filename=branch-proxy.log&kind=proxy", data=lines.proxy_log(call)).json()
        photo = desk.call("PUT", f"/v1/cases/{case}/files?filename=screen.png", data=photograph()).json()
        say(f"log {log['size']} bytes, photograph {photo['size']} bytes, sha256 {photo['sha256'][:16]}…")
    return log["upload"], photo


def extraction(desk, case, log):
    with Stage("detections on the operator's screen") as say:
        def done():
            triage = desk.get(f"/v1/cases/{case}")["triage"]
            searched = triage.get("uploads", {}).get(log, {}).get("status") == "stored"
            return searched and triage["status"] in ("found", "none") and triage
        triage = until("the extraction", done)
        newest = triage["searches"][-1]
        say(f"{triage['status']}: {newest['detections']} detections, {newest['blocked']} blocked; {newest['records']} records "
            f"of {newest['coverage']['scanned']} scanned")
        for group in newest["groups"][:6]:
            say(f"{group['severity']:>3} {group['action']:<9} {group['count']:>3} × {group['what']}  ({group.get('device') or '-'})")
    expect(triage["status"] == "found", "the detections of the sample incident were not found")
    return newest["id"]


def held(desk, case, number, provider, photo):
    with Stage("hand-over requested without consent: held") as say:
        desk.post(f"/v1/cases/{case}/handover", {"provider": provider, "files": [photo["upload"]]})
        reasons = desk.reaches(case, "held")["reasons"]
        for reason in reasons:
            say(f"{reason['clause']}: {reason['en']}")
        expect({reason["code"] for reason in reasons} == {"consent_missing", "intention_missing"}, "held for other reasons")
        # A customer who consents before it is written gets no such mail: it would not be true any more.
        mail = until("the mail that says why", lambda: desk.mails(number, "まだ行っていません"))[0]
        say(f"{mail['To']}: {mail['Subject']}")


def consent_and_intention(desk, case, provider):
    document = desk.get("/v1/desk")["consent_documents"][0]
    said = {"given_by": "見本 太郎", "channel": "phone_read", "given_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    desk.post(f"/v1/cases/{case}/consents", {"document": document["id"], "version": document["version"],
                                             "sha256": document["sha256"], "capacity": "代表取締役", **said})
    desk.post(f"/v1/cases/{case}/intention", {"provider": provider, **said})


def provider_opens(desk, case, number):
    """The sample provider, a program of its own that knows the protocol and nothing else."""
    with Stage("the provider accepts, gets the key, opens what it got, reports") as say:
        done = subprocess.run([sys.executable, HERE / "provider.py", desk.var, "--case", case, "--report", "--out",
                               desk.var / "provider" / number, "--seconds", "60"], text=True, capture_output=True,
                              env={**os.environ, **desk.env})
        if done.returncode:
            raise SystemExit(done.stderr)
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        opened = next((step for step in steps if step["provider"] == "opened"), None)
        if not opened:
            raise SystemExit(f"the provider opened nothing: {done.stdout}")
        say(" → ".join(step["provider"] for step in steps) + f", company {opened['company']}")
        for name, digest in opened["sha256"].items():
            say(f"{digest}  {name}")
        return opened["sha256"]


def same_extract(desk, case, search, sealed, photo):
    with Stage("what the provider opened is byte for byte the desk's") as say:
        extract = desk.call("GET", f"/v1/cases/{case}/extract?extraction={search}").content
        mine = hashlib.sha256(extract).hexdigest()
        theirs = next(digest for name, digest in sealed.items() if name.startswith("extract"))
        say(f"{mine}  GET /v1/cases/{case}/extract")
        expect(mine == theirs, f"they differ: the provider has {theirs}")
        say(f"{photo['sha256']}  the photograph as it was uploaded")
        expect(sealed["screen.png"] == photo["sha256"], "the photograph is another one")
    return [json.loads(line)["event.original"] for line in extract.splitlines()]


def only_what_belongs_there(extract, call):
    with Stage("the extract has the branch's proxy log and nobody else's lines") as say:
        branch = set(lines.proxy_log(call).decode().splitlines())
        found = [line for line in extract if line in branch]
        expect(found, "no line of the uploaded proxy log is in the extract")
        say(found[0])
        foreign = {line for customer, *_, line in lines.shipped(call) if customer == "B"}
        expect(not foreign & set(extract), "a line of the other customer is in the extract")
        say(f"{len(extract)} records, none of the other customer's {len(foreign)}")


def report_is_read(desk, case, number):
    with Stage("the provider's report comes back: verified, opened, read") as say:
        def opened():
            reports = desk.get(f"/v1/cases/{case}/report")["reports"]
            return reports and reports[0]["state"] == "opened" and reports[0]
        report = until("the report", opened)
        for item in report["items"]:
            content = desk.call("GET", f"/v1/cases/{case}/report?report={report['report']}&item={item['item']}").content
            expect(hashlib.sha256(content).hexdigest() == item["sha256"], f"{item['name']} is not what the provider sent")
            path = desk.var / "provider" / number / item["name"]
            path.write_bytes(content)
            say(f"{item['sha256']}  {path}")
        for finding in report["findings"][:3]:
            say(finding if isinstance(finding, str) else f"{finding['title']}: {finding['text']}")


def settings_are_changed(desk, case):
    """The desk proposes, the customer decides, the desk carries out what was agreed."""
    said = {"given_by": "見本 太郎", "channel": "phone_read", "given_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    with Stage("settings proposed from it, agreed to, applied") as say:
        proposals = desk.get(f"/v1/cases/{case}")["proposals"]
        expect(proposals, "the report led to no proposal")
        for number, (name, proposal) in enumerate(proposals.items()):
            proposed, path = proposal["proposed"], f"/v1/cases/{case}/proposals/{name}"
            agreed = number < len(proposals) - 1 or number == 0
            desk.post(path + "/decision", {"decision": "agreed" if agreed else "refused", **said})
            if agreed:
                desk.post(path + "/applied", {"result": "applied"})
            if number < 4:
                say(f"{'applied' if agreed else 'refused'}: {proposed['setting']['en']}: {proposed['after']['en']} ({proposed['before']['en']})")
        say(f"{len(proposals)} proposals in all")


def custody_is_verified(desk, case, number):
    with Stage("the custody document holds against the topics") as say:
        folder = desk.var / "provider" / number
        for name, more in (("custody.json", ""), ("custody.html", "?format=html")):
            (folder / name).write_bytes(desk.call("GET", f"/v1/cases/{case}/custody{more}").content)
            say(str(folder / name))
        done = subprocess.run([sys.executable, HERE.parent / "verify-custody", folder / "custody.json", "--var", desk.var],
                              text=True, capture_output=True, env={**os.environ, **desk.env})
        expect(done.returncode == 0, f"{done.stdout}{done.stderr}")
        lines_said = done.stdout.strip().splitlines()
        say(f"{len([line for line in lines_said if line.startswith('✓')])} checks; {lines_said[-1]}")


def ready_for_handover(desk, case):
    """The shortest hearing with which a hand-over may go: everything asked, much of it not known."""
    etag = desk.call("GET", f"/v1/cases/{case}").headers["ETag"]
    desk.call("PATCH", f"/v1/cases/{case}", {
        "contact": {"responsible_person": "unknown"}, "logs": "unknown", "network": {"configuration": "unknown"},
        "device": [{"identification": "partly", "disk_encrypted": "unknown"}]}, headers={"If-Match": etag})
    desk.post(f"/v1/cases/{case}/actions", {"kind": "address_confirmed", "by": "operator",
                                            "address_confirmed": {"address": desk.customer}})


def withdrawn(desk, owner, call, provider):
    case, number = open_case(desk, owner, call)
    with Stage("consent, intention, hand-over offered") as say:
        ready_for_handover(desk, case)
        consent_and_intention(desk, case, provider)
        desk.post(f"/v1/cases/{case}/handover", {"provider": provider})
        desk.reaches(case, "offered")
    with Stage("consent withdrawn before the provider accepts: no key") as say:
        answer = desk.post(f"/v1/cases/{case}/consents/withdrawal",
                           {"given_by": "見本 太郎", "channel": "phone_read", "reason": "社内で検討するため",
                            "given_at": datetime.now(timezone.utc).isoformat(timespec="seconds")})
        say(f"effect: {answer['effect']}")
        desk.reaches(case, "recalled")
        expect(answer["effect"] == "stopped", "the withdrawal was not told that it came in time")
    with Stage("the provider accepts nevertheless: a recall, no key") as say:
        provider_comes_late(desk, case, say)
    return number


def provider_comes_late(desk, case, say):
    done = subprocess.run([sys.executable, HERE / "provider.py", desk.var, "--case", case, "--late", "--seconds", "30"],
                          text=True, capture_output=True, env={**os.environ, **desk.env})
    steps = [json.loads(line)["provider"] for line in done.stdout.splitlines()]
    expect(done.returncode == 0 and steps == ["offered", "recalled", "accepted", "recalled", "deleted"],
           f"the provider saw {steps} {done.stderr}")
    say("the provider sees: " + " → ".join(steps))
    state = desk.reaches(case, "deleted")
    expect(not any(handover.get("released_at") for handover in state["handovers"]), "a key was released after the withdrawal")
    chain = [event["type"] for event in desk.get(f"/v1/cases/{case}/chain")["events"] if event["accepted"]]
    say("the chain: " + " → ".join(chain[chain.index("handover.requested"):]))


def show_mails(desk, numbers):
    with Stage("mails that were sent") as say:
        def enough():
            found = [desk.mails(number) for number in numbers]
            return found if len(found[0]) >= 5 and len(found[1]) >= 4 else None
        for found in until("the mails", enough):
            for message in found:
                say(f"{message['To']}: {message['Subject']}")
    shown = next(message for message in desk.mails(numbers[0]) if "ログ確認" in message["Subject"])
    print(f"\nOne of them, {shown['Subject']}:\n" + textwrap.indent(shown.get_body(("plain",)).get_content(), "    | "))


def main():
    desk = Desk(sys.argv[1])
    call = datetime.now(timezone.utc)
    run = format(int(call.timestamp()), "X")
    desk.customer = f"hanako@c{run.lower()}.example"  # of its own: no recipient gets more than 20 mails in an hour
    owners = {"A": f"SAMPLE-A-{run}", "B": f"SAMPLE-B-{run}"}
    provider = desk.get("/v1/desk")["provider"]["id"]
    print("\nA sample incident:")
    ship_logs(desk, owners, call)
    case, number = open_case(desk, owners["A"], call)
    amend(desk, case)
    log, photo = upload(desk, case, call)
    search = extraction(desk, case, log)
    held(desk, case, number, provider, photo)
    with Stage("consent read out and agreed, intention expressed") as say:
        consent_and_intention(desk, case, provider)
        desk.reaches(case, "offered")
        say("the held hand-over goes by itself: sealed and offered")
    sealed = provider_opens(desk, case, number)
    only_what_belongs_there(same_extract(desk, case, search, sealed, photo), call)
    report_is_read(desk, case, number)
    settings_are_changed(desk, case)
    custody_is_verified(desk, case, number)
    second = withdrawn(desk, owners["B"], call, provider)
    show_mails(desk, [number, second])
    print(f"\nOpened hand-over: {desk.var / 'provider' / number}")


if __name__ == "__main__":
    main()
