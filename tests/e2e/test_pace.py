# SPDX-License-Identifier: Apache-2.0
"""Records that come in numbers are fetched together while nobody waits for them: nothing is missed, and nobody waits long, when the one
becomes the other."""
import re
import threading
import time

import requests

from desk import SEED, until

CLIENTS, MORE = 8, 300
BODY = {"contact": {"company": "件数確認", "phone": "0300001234"}, "incident": {"summary": f"数多く {SEED}"}}


def collecting(desk):
    text = requests.get(desk.env["TEST_INTAKE_ADMIN"] + "/metrics", timeout=5).text
    return int(re.search(r"^kakekomi_intake_view_collecting (\d)$", text, re.M)[1])


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
