# SPDX-License-Identifier: Apache-2.0
"""Records that come in numbers are fetched together while nobody waits for them, and the fold stands back while many cases are opened at
once: nothing is missed, and nobody waits long, when the one becomes the other."""
import contextlib
import json
import re
import socket
import threading
import time

import requests

from desk import SEED, until

CLIENTS, MORE = 8, 300
BODY = {"contact": {"company": "件数確認", "phone": "0300001234"}, "incident": {"summary": f"数多く {SEED}"}}


def metric(desk, name):
    text = requests.get(desk.env["TEST_INTAKE_ADMIN"] + "/metrics", timeout=5).text
    return int(re.search(rf"^kakekomi_intake_view_{name} (\d+)$", text, re.M)[1])


def collecting(desk):
    return metric(desk, "collecting")


def post_until(desk, over, opened):
    session = requests.Session()
    while not over.is_set():
        opened.append(desk.ok("POST", "/v1/cases", BODY, session=session)["id"])


def test_every_case_is_in_the_view_whatever_the_pace(desk):
    assert collecting(desk) == 0
    opened, over = [], threading.Event()
    clients = [threading.Thread(target=post_until, args=(desk, over, opened)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        until("records are collected", lambda: collecting(desk), 120)
        enough = len(opened) + MORE
        until("more are opened", lambda: len(opened) >= enough, 120)
        begun = time.monotonic()
        desk.ok("POST", f"/v1/cases/{opened[-1]}/notes", {"text": "その間に"})
        print(f"{len(opened)} cases; a note while they are collected took {1000 * (time.monotonic() - begun):.0f} ms")
    finally:
        over.set()
        for client in clients:
            client.join()
    until("records are fetched one by one", lambda: not collecting(desk), 30)
    last = desk.open_case("静かになってから")
    until("the last one is in the view", lambda: desk.call("GET", f"/v1/cases/{last}").status_code == 200, 30)
    session = requests.Session()
    for case_id in opened:
        assert desk.call("GET", f"/v1/cases/{case_id}", session=session).status_code == 200, case_id


class Volleys:
    """Requests over many connections, all sent before the first answer is read."""

    def __init__(self, desk, stack, connections=48):
        host, port = desk.url.removeprefix("http://").split(":")
        body = json.dumps(BODY, ensure_ascii=False).encode()
        self.request = (f"POST /v1/cases HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {desk.env['KAKEKOMI_TOKEN']}\r\n"
                        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        self.sockets = [stack.enter_context(socket.create_connection((host, int(port)), 30)) for _ in range(connections)]
        self.files = [stack.enter_context(one.makefile("rb")) for one in self.sockets]

    def fire(self):
        for one in self.sockets:
            one.sendall(self.request)
        return [self.answer(file) for file in self.files]

    @staticmethod
    def answer(file):
        status, length = file.readline(), 0
        assert b" 201 " in status, status
        while (line := file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(file.read(length))["id"]


def test_the_fold_stands_back_for_many_and_is_there_for_whoever_asks(desk):
    opened, before = [], metric(desk, "stood_back_total")
    with contextlib.ExitStack() as stack:
        volleys = Volleys(desk, stack)

        def stood_back():
            """It does so from the end of the log alone: a fold that was late when they began is given time to get there."""
            for _ in range(40):
                opened.extend(volleys.fire())
                if metric(desk, "stood_back_total") > before:
                    return True
            until("records are fetched one by one", lambda: not collecting(desk), 60)
            return False
        until("the fold has stood back", stood_back, 120, pause=0)
        for _ in range(20):
            opened.extend(volleys.fire())
        begun = time.monotonic()
        assert desk.call("GET", f"/v1/cases/{opened[-1]}").status_code == 200
        print(f"{len(opened)} cases; the last one read {1000 * (time.monotonic() - begun):.0f} ms after its answer")
    session = requests.Session()
    for case_id in opened[::7] + opened[-48:]:
        assert desk.call("GET", f"/v1/cases/{case_id}", session=session).status_code == 200, case_id
    assert len(set(opened)) == len(opened)
