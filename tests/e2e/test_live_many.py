# SPDX-License-Identifier: Apache-2.0
"""200 listeners while cases are opened and amended at 20 writes a second: nobody misses a change; figures are printed, not judged."""
import asyncio
import collections
import json
import os
import threading
import time
import urllib.parse

import pytest
import requests

from desk import SEED, anonymous_kib, chains, scaled
from people import Person, staff_of

LISTENERS, OPERATORS, RATE = 200, 10, 20
WRITES = scaled(3000)


@pytest.fixture
def tokens(desk):
    people = [Person(f"listener-{number}", ["operator"]) for number in range(OPERATORS)]
    with staff_of(desk, *people):
        yield [person.secret for person in people]


def rss_anon_mib(desk):
    return anonymous_kib(desk.pid("intake")) / 1024


def cpu_seconds(desk):
    fields = open(f"/proc/{desk.pid('intake')}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def listen(url, token, heard, begun):
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    try:
        while line := await reader.readline():
            if line.startswith(b"retry:"):
                begun.append(token)
            if line.startswith((b"event: reset", b"event: end")):
                heard.append((line, None, None))
            if line.startswith(b'data: {"id":') and b'"revision":' in line:
                event = json.loads(line[6:])
                heard.append((event["id"], event["revision"], time.monotonic()))
    except asyncio.CancelledError:
        writer.close()


def write(desk, answered, failures):
    """One write after the other, at the rate: a case, then four notes in it."""
    session, case_id, began = requests.Session(), None, time.monotonic()
    for number in range(WRITES):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        sent = time.monotonic()
        if number % 5 == 0:
            answer = desk.call("POST", "/v1/cases", session=session, body={
                "contact": {"company": f"会社{number}", "phone": "0300001234"}, "incident": {"summary": f"{SEED}"}})
        else:
            answer = desk.call("POST", f"/v1/cases/{case_id}/notes", {"text": str(number)}, session=session)
        if answer.status_code not in (200, 201):
            failures.append(f"{answer.status_code} {answer.text[:200]}")
            return
        case_id = answer.json()["id"]
        answered[case_id, answer.json()["revision"]] = (sent, time.monotonic())


async def run(desk, tokens, figures):
    url, heard, begun = urllib.parse.urlsplit(desk.url), [[] for _ in range(LISTENERS)], []
    figures["RssAnon MiB, nobody listening"] = rss_anon_mib(desk)
    listeners = [asyncio.create_task(listen(url, tokens[n % OPERATORS], heard[n], begun)) for n in range(LISTENERS)]
    while len(begun) < LISTENERS:
        await asyncio.sleep(0.05)
    figures["RssAnon MiB, 200 listening"] = rss_anon_mib(desk)
    answered, failures, cpu, began = {}, [], cpu_seconds(desk), time.monotonic()
    writer = threading.Thread(target=write, args=(desk, answered, failures))
    writer.start()
    while writer.is_alive():
        await asyncio.sleep(0.2)
    figures["writes a second"] = len(answered) / (time.monotonic() - began)
    wanted, patience = set(answered), time.monotonic() + 60
    while not failures and any(len(wanted - {(c, r) for c, r, _ in h}) for h in heard) and time.monotonic() < patience:
        await asyncio.sleep(0.2)
    figures["CPU of intake, share of a core"] = (cpu_seconds(desk) - cpu) / (time.monotonic() - began)
    figures["RssAnon MiB, at the end"] = rss_anon_mib(desk)
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    assert not failures, failures
    return heard, answered


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_nobody_of_200_misses_a_change(desk, tokens):
    figures = {}
    heard, answered = asyncio.run(run(desk, tokens, figures))
    ours = {case_id for case_id, _ in answered}
    chain = {case_id: len(told["events"]) for case_id, told in chains(desk.read("cases")).items() if case_id in ours}
    assert sum(chain.values()) == len(answered) == WRITES
    since_sent, since_answered = [], []
    for one in heard:
        assert not [event for event in one if event[1] is None], "somebody was told to read anew"
        told = collections.defaultdict(list)
        for case_id, revision, at in one:
            if case_id in ours:
                told[case_id].append(revision)
                since_sent.append(at - answered[case_id, revision][0])
                since_answered.append(at - answered[case_id, revision][1])
        assert told == {case_id: list(range(1, length + 1)) for case_id, length in chain.items()}
    for name, values in (("event after the request was sent, ms", since_sent), ("event after its answer, ms", since_answered)):
        figures[name + ", p50"], figures[name + ", p99"] = (1000 * percentile(values, share) for share in (0.5, 0.99))
    print(f"\n{LISTENERS} listeners, {WRITES} writes, load {os.getloadavg()[0]:.0f}")
    for name, value in figures.items():
        print(f"  {name}: {value:.1f}")
