# SPDX-License-Identifier: Apache-2.0
"""An operator at the desk, as a good client is one: repeats with the same key what was not answered, signs in again only when its
session can be gone, overwrites nothing that it has not read. What it was told is written down, to be held against the topics."""
import collections
import concurrent.futures
import json
import threading
import time
import uuid

import requests

from desk import until
from people import Session

PATIENCE_S = 180


def both(*acts):
    """At the same time; what each of them returned."""
    with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
        return [act.result() for act in [pool.submit(act) for act in acts]]


class Ledger:
    """What the desk has promised: openings, writes, and how often it had to be asked again."""

    def __init__(self, calm):
        self.calm, self.counts = calm, collections.Counter()
        self.opened = {}  # case → (call, head)
        self.written = {}  # event → (case, type of write, If-Match or None)
        self.forgotten = []  # [when Redis ended, when another began], monotonic

    def count(self, what):
        self.counts[what] += 1

    def disturbed(self, what):
        assert not self.calm, what
        self.count(what)

    def may_be_forgotten(self, since):
        return any(ended >= since and begun <= time.monotonic() for ended, begun in self.forgotten)


class Answer:
    """200 or 201, or how it was refused; of a write that was answered late, what the chain said in the end."""

    def __init__(self, status, json_=None, etag=None, location=None, code=None, replayed=False):
        self.status, self.json, self.etag, self.location, self.code, self.replayed = status, json_, etag, location, code, replayed

    @property
    def ok(self):
        return self.status in (200, 201, 204)

    def __repr__(self):
        return f"{self.status} {self.code or ''} {json.dumps(self.json, ensure_ascii=False)[:300]}"


class Operator:
    def __init__(self, desk, ledger, person, by_session):
        self.desk, self.ledger, self.person, self.by_session = desk, ledger, person, by_session
        self.lock, self.local = threading.Lock(), threading.local()
        self.session, self.signed_in = None, 0.0

    # --- asking until there is an answer ------------------------------------------------------------------------------
    def credentials(self):
        if not self.by_session:
            return self.person.bearer
        with self.lock:
            return self.session.headers if self.session else {}

    def sign_in(self, refused):
        """Nobody is told that he is unknown while it cannot be known: 401 only when Redis began anew behind the sign-in."""
        with self.lock:
            if self.session and refused != self.session.headers:
                return  # somebody has, meanwhile
            assert not self.session or self.ledger.may_be_forgotten(self.signed_in), f"{self.person.name}: 401, and nothing was lost"
            self.ledger.count("signed in")
            try:
                begun = time.monotonic()
                self.session, self.signed_in = Session(self.desk, self.person.name), begun
            except (requests.RequestException, AssertionError) as error:
                assert not self.ledger.calm and ("503" in str(error) or isinstance(error, requests.RequestException)), error

    def ask(self, method, path, body=None, **headers):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            answer = self.once(method, path, body, headers)
            if answer is not None:
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{method} {path}: no answer for {PATIENCE_S} s")

    def once(self, method, path, body, headers):
        """None: to be asked again."""
        self.local.http = getattr(self.local, "http", None) or requests.Session()
        known = self.credentials()
        try:
            answer = self.desk.call(method, path, body, token=None, session=self.local.http, timeout=20,
                                    headers={**known, **{name.replace("_", "-"): value for name, value in headers.items()}})
        except requests.RequestException:
            self.ledger.disturbed("no answer")
            return None
        if answer.status_code == 401:
            self.sign_in(known)
            return None
        told = Answer(answer.status_code, answer.json() if answer.content else None, answer.headers.get("ETag"),
                      answer.headers.get("Location"), replayed="Idempotency-Replayed" in answer.headers)
        if answer.status_code >= 400:
            told.code = told.json["code"]
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            self.ledger.disturbed("503 " + told.code)
            return None
        assert answer.status_code < 500, told
        self.ledger.counts["replayed"] += told.replayed
        return told

    # --- reading and writing ------------------------------------------------------------------------------------------
    def get(self, path):
        answer = self.ask("GET", path)
        assert answer.ok, (path, answer)
        return answer

    def case(self, case):
        return self.get(f"/v1/cases/{case}").json

    def write(self, case, what, body, seen=None, method="POST"):
        """One write with a key of its own, on the condition that the head is the one that was seen, where one is named."""
        path, key = f"/v1/cases/{case}" + (f"/{what}" if what else ""), uuid.uuid4().hex
        condition = {"If_Match": seen} if seen else {}
        while True:
            answer = self.ask(method, path, body, Idempotency_Key=key, **condition)
            if answer.status == 202:
                answer = self.late(case, answer)
            if answer.code != "busy":
                break
            self.ledger.count("409 busy")
        if answer.ok:
            self.ledger.written[answer.json["event"]] = (case, what or "hearing", seen)
        else:
            self.ledger.count(f"{answer.status} {answer.code}")
        return answer

    def late(self, case, answer):
        """The answer did not wait for the fold; the chain has it, one way or the other."""
        self.ledger.disturbed("202")
        event = answer.json["event"]
        found = until(f"{event} is in the chain", lambda: [
            e for e in self.get(f"/v1/cases/{case}/chain").json["events"] if e["id"] == event], PATIENCE_S, 0.3)
        taken = any(e["accepted"] for e in found)
        return Answer(200, {"event": event}) if taken else Answer(409, code=found[-1]["code"])

    def done(self, case, what, body, **more):
        answer = self.write(case, what, body, **more)
        assert answer.ok, (what, answer)
        return answer

    def refused(self, case, what, body, status, **more):
        answer = self.write(case, what, body, **more)
        assert answer.status == status, (what, answer)
        return answer


class Draft:
    """A call in progress, as the one who writes it down has it on the screen."""

    def __init__(self, operator, typed):
        self.typed, self.key = typed, uuid.uuid4().hex
        answer = operator.ask("PUT", "/v1/drafts", typed, Idempotency_Key=self.key)
        assert answer.ok, answer
        self.id, self.etag = answer.json["id"], answer.etag
        self.path = f"/v1/drafts/{self.id}"

    def save(self, operator, typed, seen=None):
        """True: stored. False: a colleague was faster, and nothing was overwritten."""
        while True:
            answer = operator.ask("PUT", self.path, typed, If_Match=seen or self.etag)
            if answer.ok:
                self.typed, self.etag = typed, answer.etag
                return True
            assert answer.status == 412, answer
            stored = operator.ask("GET", self.path)
            if stored.ok and stored.json == typed and stored.etag != (seen or self.etag):
                operator.ledger.disturbed("draft stored, answer lost")
                self.typed, self.etag = typed, stored.etag
                return True
            if stored.ok:
                return False
            operator.ledger.disturbed("draft lost with Redis, typed again")
            answer = operator.ask("PUT", self.path, typed, If_None_Match="*")
            if answer.ok:
                self.typed, self.etag = typed, answer.etag
                return True
