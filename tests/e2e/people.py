# SPDX-License-Identifier: Apache-2.0
"""More people at a running desk: operators with tokens and passwords, told to intake as an administrator would, and how they sign in."""
import contextlib
import hashlib
import json
import os
import secrets
import signal

import requests

from desk import until


class Person:
    def __init__(self, name, roles):
        self.name, self.roles, self.secret = name, frozenset(roles), secrets.token_urlsafe(32)

    @property
    def bearer(self):
        return {"Authorization": "Bearer " + self.secret}


class Session:
    """Somebody signed in: cookie and CSRF token as headers, so that a test can leave either away."""

    def __init__(self, desk, name):
        answer = requests.post(desk.url + "/v1/sessions", timeout=30, json={
            "operator": name, "password": desk.env["KAKEKOMI_OPERATOR_PASSWORD"]})
        assert answer.status_code == 201, answer.text
        self.id, self.csrf, self.token = answer.json()["id"], answer.json()["csrf"], answer.cookies["kakekomi"]

    @property
    def cookie(self):
        return {"Cookie": "kakekomi=" + self.token}

    @property
    def headers(self):
        return {**self.cookie, "X-CSRF-Token": self.csrf}


class Staff:
    """The operators file of the desk, which it reads again on SIGHUP. Everybody's password is the one of desk.env."""

    def __init__(self, desk):
        self.desk, self.path = desk, desk.var / "desk/operators.json"
        self.before = self.path.read_text()
        self.password = json.loads(self.before)["operators"][0]["password"]
        self.listed = {}

    def add(self, *people):
        for person in people:
            self.listed[person.name] = {"id": person.name, "name": person.name, "roles": sorted(person.roles), "password": self.password,
                                        "tokens": [{"id": "test", "sha256": hashlib.sha256(person.secret.encode()).hexdigest()}]}

    def tell(self, *heard):
        """Returns when intake answers by the new file: each of `heard` is (person's headers, status of GET /v1/me)."""
        file = json.loads(self.before)
        file["operators"] += self.listed.values()
        self.path.write_text(json.dumps(file, ensure_ascii=False))
        self.reload()
        for headers, status in heard:
            until("intake has read its operators", lambda h=headers, s=status: requests.get(
                self.desk.url + "/v1/me", headers=h, timeout=5).status_code == s, 20)

    def reload(self):
        os.kill(self.desk.pid("intake"), signal.SIGHUP)

    def restore(self):
        self.path.write_text(self.before)
        self.reload()


@contextlib.contextmanager
def staff_of(desk, *people):
    """These people besides those of the desk, for as long as it lasts."""
    staff = Staff(desk)
    try:
        staff.add(*people)
        staff.tell(*[(person.bearer, 200) for person in people])
        yield staff
    finally:
        staff.restore()
