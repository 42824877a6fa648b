# SPDX-License-Identifier: Apache-2.0
"""A desk that is running, as its tests use it: REST, topics, mail, and the processes to be killed.

Shares no code with the services: what it knows of topics and chains it knows from the contract.
"""
import base64
import collections
import contextlib
import email
import email.policy
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import struct
import time
import uuid

import pytest
import requests
from confluent_kafka import Consumer, TopicPartition

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROCESSORS = ("triage", "escalation", "notify")
SERVICES = ("intake", *PROCESSORS)
SCALE = float(os.environ.get("TEST_SCALE", "0.1"))
SEED = int(os.environ.get("TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
# The shortest hearing with which a hand-over may go: everything asked, nothing known.
READY = {"contact": {"responsible_person": "unknown"}, "network": {"configuration": "unknown"}, "logs": "unknown",
         "device": [{"identification": "partly", "disk_encrypted": "unknown"}]}


# What takes its time and finds little by being asked often.
in_full_only = pytest.mark.skipif(SCALE < 1, reason="in tests/faults/run")


def scaled(count):
    """The whole count in tests/faults/run, a tenth of it in tests/run."""
    return max(1, int(count * SCALE))


def until(what, ask, seconds=60, pause=0.05):
    """Asks until the answer is true; says what was waited for when it never is."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(pause)


def anonymous_kib(pid):
    """Memory of its own, and no mapped file's: VmRSS counts pages of files."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def states_of_threads(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield (task / "stat").read_text().rsplit(")", 1)[1].split()[0]


class Desk:
    def __init__(self, var):
        self.var = pathlib.Path(var)
        self.env = {}
        for line in (self.var / "desk.env").read_text().splitlines():
            word = shlex.split(line.removeprefix("export "))
            if word and "=" in word[0]:
                name, _, value = word[0].partition("=")
                self.env[name] = value
        self.url = self.env["KAKEKOMI_URL"]
        self.brokers = self.env["KAKEKOMI_KAFKA_BROKERS"]
        self.http = requests.Session()
        self.mails_read = {}  # path → message
        self.killed, self.stopped = collections.Counter(), collections.Counter()  # by service, since the test began
        self.may_kill_itself = set()  # services that were given a failpoint since then
        self.kafka_was_away = False  # since then: who waits for it in vain while it reads itself in ends with 111 and begins anew

    # --- REST -----------------------------------------------------------------------------------
    def call(self, method, path, body=None, token="KAKEKOMI_TOKEN", headers=None, raw=None, session=None, timeout=30):
        head = {"Authorization": "Bearer " + self.env[token]} if token else {}
        if body is not None:
            raw = json.dumps(body).encode()
            head["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        head.update(headers or {})
        return (session or self.http).request(method, self.url + path, data=raw, headers=head, timeout=timeout)

    def ok(self, method, path, body=None, **more):
        answer = self.call(method, path, body, **more)
        assert answer.status_code in (200, 201, 202), f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        if answer.status_code == 202:
            return self.folded(path.split("/")[3], answer.json()["event"])
        return answer.json() if answer.content else None

    def folded(self, case_id, event):
        """A write whose fold was late: it stands in the chain, and counts once it has been folded. An upload has its name from there."""
        def found():
            return next((known for known in self.ok("GET", f"/v1/cases/{case_id}/chain")["events"] if known["id"] == event), None)
        data = json.loads(base64.b64decode(until(f"{event} folded", found)["value"]))
        return {"id": case_id, "event": event, **{name: data[name] for name in ("upload", "sha256", "size") if name in data}}

    def open_case(self, summary="画面に身代金の要求が出た", customer=None, hearing=None, **more):
        body = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": summary}}
        for section, values in (hearing or {}).items():
            if isinstance(values, dict):
                body.setdefault(section, {}).update(values)
            else:
                body[section] = values
        if customer:
            body["customer_id"] = customer
        return self.ok("POST", "/v1/cases", body, **more)["id"]

    def case(self, case_id):
        return self.ok("GET", f"/v1/cases/{case_id}")

    def extraction_done(self, case_id, seconds=60):
        return until(f"extraction of {case_id}",
                     lambda: (t := self.case(case_id)["triage"])["status"] in ("found", "none", "failed") and t, seconds)

    def desk_facts(self):
        return self.ok("GET", "/v1/desk")

    def consent(self, case_id, **more):
        document = self.desk_facts()["consent_documents"][0]
        body = {"document": document["id"], "version": document["version"], "sha256": document["sha256"],
                "given_by": "見本 花子", "capacity": "代表取締役", "channel": "phone_read",
                "given_at": "2026-11-24T10:00:00+09:00", **more}
        return self.ok("POST", f"/v1/cases/{case_id}/consents", body)

    def intention(self, case_id, **more):
        body = {"provider": self.desk_facts()["provider"]["id"], "given_by": "見本 花子", "channel": "phone_read",
                "given_at": "2026-11-24T10:05:00+09:00", **more}
        return self.ok("POST", f"/v1/cases/{case_id}/intention", body)

    def request_handover(self, case_id, **more):
        return self.ok("POST", f"/v1/cases/{case_id}/handover", {"provider": self.desk_facts()["provider"]["id"], **more})

    def withdraw(self, case_id, what="consents", **more):
        body = {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00",
                "reason": "社内で検討するため", **more}
        return self.call("POST", f"/v1/cases/{case_id}/{what}/withdrawal", body)

    def state(self, case_id):
        return self.case(case_id)["escalation"]["state"]

    # --- topics -----------------------------------------------------------------------------------
    def kafka(self, principal="admin", **more):
        pki = self.var / "pki" / principal
        brokers = self.env["KAKEKOMI_PROVIDER_BROKERS"] if principal == "provider" else self.brokers
        config = {"bootstrap.servers": brokers, "security.protocol": "ssl",
                  "ssl.certificate.location": str(pki / "cert.pem"), "ssl.key.location": str(pki / "key.pem"),
                  "ssl.ca.location": str(pki / "ca.pem"), "socket.nagle.disable": True}
        if not pki.exists():
            config = {"bootstrap.servers": brokers}
        return {**config, **more}

    def read(self, topic, isolation="read_committed", case_id=None, since=None, principal="admin"):
        """Every record of a topic up to its end as it stands now."""
        topic = topic if topic.startswith("kakekomi.") else "kakekomi." + topic
        consumer = Consumer(self.kafka(principal, **{"group.id": principal + "-test-" + uuid.uuid4().hex,
                                                     "enable.auto.commit": False, "isolation.level": isolation,
                                                     "enable.partition.eof": True, "auto.offset.reset": "earliest"}))
        try:
            partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
            consumer.assign([TopicPartition(topic, p, (since or {}).get(p, 0)) for p in partitions])
            left, found = set(partitions), []
            while left:
                message = consumer.poll(20)
                assert message is not None, f"{topic}: no answer"
                if message.error():
                    assert message.error().code() == -191, message.error()  # end of the partition
                    left.discard(message.partition())
                elif case_id is None or message.key() == case_id.encode():
                    found.append(Record(message))
            return found
        finally:
            consumer.close()

    def ends(self, topic):
        topic = "kakekomi." + topic
        consumer = Consumer(self.kafka(**{"group.id": "test-ends"}))
        try:
            partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1] for p in partitions}
        finally:
            consumer.close()

    # --- processes --------------------------------------------------------------------------------
    def pid(self, service):
        return int((self.var / "run" / f"{service}.pid").read_text())

    def kill(self, service, number=signal.SIGKILL):
        """Only ever by the pid that the desk itself wrote down; a service that is not there fails the test."""
        pid = self.pid(service)
        os.kill(pid, number)
        self.killed[service] += number == signal.SIGKILL
        if number == signal.SIGSTOP:  # until then a thread of it may still answer
            until(f"{service} stands still", lambda: all(state == "T" for state in states_of_threads(pid)), pause=0.001)

    def kill_and_wait(self, service):
        """Until it has ended by this kill: a kill that hit nothing is none."""
        before = self.restarts(service, 137)
        self.kill(service)
        until(f"{service} has ended", lambda: self.restarts(service, 137) > before, pause=0.01)

    def stop_and_wait(self, service):
        """Asked to stop, in order; a second signal to the same process would be another thing: end at once."""
        before = self.restarts(service, 0)
        os.kill(self.pid(service), signal.SIGTERM)
        self.stopped[service] += 1
        until(f"{service} has stopped", lambda: self.restarts(service, 0) > before, pause=0.01)

    def lose_state(self):
        """Every process killed and every local file gone before it is back: all is folded from the topics again."""
        processes = {service: pathlib.Path("/proc", str(self.pid(service))) for service in SERVICES}
        for service in SERVICES:
            self.kill(service)
        for service, process in processes.items():
            until(f"{service} is gone", lambda p=process: not p.exists(), 5, 0.001)
            state = self.var / "state" / service
            state.rename(state.with_suffix(".gone"))  # at once, within the second before it is started again
        for service in SERVICES:
            shutil.rmtree(self.var / "state" / f"{service}.gone")

    def exits(self, service):
        """Exit code → how often the service has ended with it so far."""
        log = self.var / "log" / f"{service}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return collections.Counter(re.findall(r'"event":"service.exited","code":"(\d+)"', text))

    def restarts(self, service, code):
        """How often the service ended with this code so far."""
        return self.exits(service)[str(code)]

    def restart_with(self, service, **variables):
        """Starts the service again with further variables of its own; without any, as it was."""
        path = self.var / "desk" / f"{service}.env"
        if variables:
            path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        else:
            path.unlink(missing_ok=True)
        if "KAKEKOMI_FAILPOINT" in variables:
            self.may_kill_itself.add(service)
        before = self.restarts(service, 137)
        with contextlib.suppress(*[ProcessLookupError] * (service in self.may_kill_itself)):
            self.kill(service)
        until(f"{service} has ended", lambda: self.restarts(service, 137) > before, pause=0.01)

    def ready(self, service=None):
        try:
            if service in (None, "intake"):
                return requests.get(self.url + "/readyz", timeout=3).status_code == 200
            return requests.get(self.env[f"TEST_{service.upper()}_ADMIN"] + "/readyz", timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def is_idle(self, service):
        """Every record of its inputs taken, no work under way."""
        try:
            detail = self.readiness(service).get("processor", {})
        except requests.RequestException:
            return False
        return detail.get("lag") == detail.get("work") == 0

    def readiness(self, service):
        """What the admin address says of it in detail."""
        return requests.get(self.env[f"TEST_{service.upper()}_ADMIN"] + "/readyz", timeout=3).json()

    def wait_idle(self, *services, seconds=60):
        """Until all are idle, and were for longer than the second after which they count anew."""
        since = time.monotonic()

        def rested():
            nonlocal since
            if not all(self.is_idle(service) for service in services or PROCESSORS):
                since = time.monotonic()
            return time.monotonic() - since > 1.5
        until("nothing left to do", rested, seconds, 0.1)

    def wait_ready(self, *services, seconds=90):
        for service in services or SERVICES:
            until(f"{service} ready", lambda s=service: self.ready(s), seconds)

    # --- mail -------------------------------------------------------------------------------------
    def mails(self, needle=None):
        found = []
        for folder in ("new", "cur"):
            for path in sorted((self.var / "mail" / folder).glob("*")):
                message = self.mail_at(path)
                if needle is None or needle in str(message) or needle in (message.get_body(("plain",)).get_content()):
                    found.append(message)
        return found

    def mail_at(self, path):
        """A file of a maildir is never written again under its name."""
        if path not in self.mails_read:
            self.mails_read[path] = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        return self.mails_read[path]

    def mails_to(self, address):
        return [message for message in self.mails() if message["To"].strip("<>") == address]


class Record:
    def __init__(self, message):
        self.topic, self.partition, self.offset = message.topic(), message.partition(), message.offset()
        self.key = (message.key() or b"").decode("utf-8", "replace")
        self.value = message.value()
        self.headers = {name: (value or b"").decode("utf-8", "replace") for name, value in message.headers() or []}
        self.type = self.headers.get("ce_type", "").removeprefix("kakekomi.")
        self.id = self.headers.get("ce_id")

    @property
    def data(self):
        return json.loads(self.value)

    def is_event(self):
        """As far as any reader can go on with it: the headers of an event, and a value that is one JSON object."""
        try:
            return {"ce_type", "ce_id", "ce_time"} <= set(self.headers) and isinstance(self.data, dict)
        except (TypeError, ValueError, RecursionError):
            return False

    def data_of_jws(self):
        """The payload of a compact JWS, signature not looked at."""
        payload = self.value.split(b".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))


def head_after(previous, record):
    """contract §2: SHA-256(prev ‖ L(ce_type) ‖ L(ce_id) ‖ L(ce_time) ‖ L(key) ‖ L(value))."""
    hash_ = hashlib.sha256(bytes.fromhex(previous) if previous else bytes(32))
    for part in (record.headers["ce_type"].encode(), record.id.encode(), record.headers["ce_time"].encode(),
                 record.key.encode(), record.value):
        hash_.update(struct.pack(">I", len(part)) + part)
    return hash_.hexdigest()


def chains(records):
    """case id → the records that extend its head, in order: what every reader of `cases` must arrive at as long as
    nothing impossible was written."""
    taken = {}
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        if not record.is_event():
            continue  # garbage that another test wrote
        chain = taken.setdefault(record.key, {"head": None, "ids": set(), "events": []})
        if record.data.get("extends") == chain["head"] and record.id not in chain["ids"]:
            chain["head"] = head_after(chain["head"], record)
            chain["ids"].add(record.id)
            chain["events"].append(record)
    return taken
