# SPDX-License-Identifier: Apache-2.0
"""Reports that the provider itself signs, and whose parts are not what was agreed on: every algorithm that is not ours, compressed ones,
bombs, a key that would take a day to derive, one record named two hundred times, manifests and documents that lie. Each is refused with
a reason, costs little, opens nothing, and leaves the way free for the honest one behind it."""
import collections
import hashlib
import json
import os
import time

import pytest
from jwcrypto import jwe

from desk import SEED, SERVICES, anonymous_kib, until
from hostile import CANARY, Hostile, b64, unb64
from partner import Partner, released

DOCUMENT = {"findings": [CANARY], "recommendations": [], "indicators": []}
LIES_A_CASE = 8  # a hand-over takes ten reports, and the last one is honest
SEEN_FROM_OUTSIDE = 2  # noise, and a word that was taken already: refused as they come, before anybody names them
GROWTH_KIB = 64 * 1024


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        yield partner


class Lies:
    """Each: name, and what makes (sealed values, places' change) of an offer."""

    def __init__(self, provider):
        self.provider = provider
        self.desk = provider.desk_encrypt

    def seal(self, clear, offer, number, count, **change):
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": self.desk["kid"], "handover": offer["handover"], "part": number, "of": count}
        header = {name: value for name, value in {**header, **change}.items() if value is not ...}
        sealed = jwe.JWE(clear, json.dumps(header))
        sealed.allowed_algs = [header["alg"], header["enc"]]
        sealed.add_recipient(self.desk)
        return sealed.serialize(compact=True).encode()

    def honest(self, offer):
        return list(self.provider.report_parts(offer, DOCUMENT, {}))

    def with_header(self, **change):
        """All as it should be, but for the header of the part that holds the document."""
        def make(offer):
            parts = self.honest(offer)
            return [parts[0], self.seal(json.dumps(DOCUMENT).encode(), offer, 1, 2, **change)], None
        return make

    def with_manifest(self, change, of=2):
        def make(offer):
            data = json.dumps(DOCUMENT).encode()
            item = {"name": "report.json", "media_type": "application/json", "length": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                    "first_part": 1, "parts": 1}
            manifest = {"format": "kakekomi report 1", "handover": offer["handover"], "items": [item]}
            clear = change(manifest)
            clear = clear if isinstance(clear, bytes) else json.dumps(manifest).encode()
            return [self.seal(clear, offer, 0, of), self.seal(data, offer, 1, of)], None
        return make

    def with_document(self, data):
        def make(offer):
            item = {"name": "report.json", "media_type": "application/json", "length": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                    "first_part": 1, "parts": 1}
            manifest = {"format": "kakekomi report 1", "handover": offer["handover"], "items": [item]}
            return [self.seal(json.dumps(manifest).encode(), offer, 0, 2), self.seal(data, offer, 1, 2)], None
        return make

    def sealed_as(self, value):
        return lambda offer: ([self.honest(offer)[0], value], None)

    def one_record_for_all(self, offer):
        """Two hundred parts, all of them the same record."""
        parts = self.honest(offer)
        return parts, lambda places: [{**places[0], "part": n} for n in range(200)]

    def last_for_all(self, offer):
        data = json.dumps(DOCUMENT).encode()
        item = {"name": "report.json", "media_type": "application/json", "length": len(data) * 199,
                "sha256": hashlib.sha256(data * 199).hexdigest(), "first_part": 1, "parts": 199}
        manifest = {"format": "kakekomi report 1", "handover": offer["handover"], "items": [item]}
        return ([self.seal(json.dumps(manifest).encode(), offer, 0, 200), self.seal(data, offer, 1, 200)],
                lambda places: [places[0], *({**places[1], "part": n} for n in range(1, 200))])

    def nothing_but_noise(self, offer):
        return [self.honest(offer)[0], b".".join(b64(os.urandom(n)) for n in (200, 40, 12, 400_000, 16))], None

    def a_word_as_a_part(self, offer):
        return [self.honest(offer)[0], self.provider.reply_word("escalation.accepted", offer)], None

    def huge_header(self, offer):
        head = b64({"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": self.desk["kid"], "x": "y" * 400_000})
        return [self.honest(offer)[0], b".".join((head, *(b64(os.urandom(n)) for n in (40, 12, 100, 16))))], None

    def deep_header(self, offer):
        head = b64(b'{"alg":"ECDH-ES+A256KW","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        return [self.honest(offer)[0], b".".join((head, *(b64(os.urandom(n)) for n in (40, 12, 100, 16))))], None

    def all(self):
        bomb = b"\0" * 200_000_000
        offer = {"case": "0", "handover": "0"}
        yield "a bomb of 200 MB", lambda o: ([self.honest(o)[0], self.seal(bomb, o, 1, 2, zip="DEF")], None)
        for number, value in enumerate(Hostile(SEED, self.provider, {"offered": offer, "answered": offer, "word": b"", "part": b""}).sealed):
            header = json.loads(unb64(value.split(b".")[0]))
            yield f"{number}: {header['alg']} {header['enc']} {header.get('zip', '')} {header.get('p2c', '')}", self.sealed_as(value)
        for name, change in {"another part": {"part": 2}, "no part": {"part": ...}, "part as text": {"part": "1"}, "of another count": {"of": 3},
                             "another hand-over": {"handover": "00000000-0000-8000-8000-000000000001"}, "another key's name": {"kid": "another"},
                             "compressed": {"zip": "DEF"}}.items():
            yield name, self.with_header(**change)
        for name, change in {
                "another format": lambda m: m.update(format="kakekomi report 2"), "no items": lambda m: m.update(items=[]),
                "60 items": lambda m: m.update(items=m["items"] * 60), "first is no report": lambda m: m["items"][0].update(name="other.json"),
                "longer than said": lambda m: m["items"][0].update(length=1), "another hash": lambda m: m["items"][0].update(sha256="0" * 64),
                "a gap": lambda m: m["items"][0].update(first_part=2), "too many parts": lambda m: m["items"][0].update(parts=2**40),
                "negative": lambda m: m["items"][0].update(length=-1, parts=-1), "a path": lambda m: m["items"][0].update(name="../report.json"),
                "no JSON": lambda m: b"\x80" * 100, "too long": lambda m: json.dumps({**m, "x": "y" * 300_000}).encode(),
                "deep": lambda m: b"[" * 20_000 + b"]" * 20_000}.items():
            yield f"manifest: {name}", self.with_manifest(change)
        for name, data in {"no JSON": b"%PDF", "a list": b"[]", "no findings": b"{}", "too long": b'{"findings":["' + b"x" * 300_000 + b'"]}',
                           "5000 indicators": json.dumps({**DOCUMENT, "indicators": [{"type": "ipv4", "value": "192.0.2.1"}] * 5000}).encode(),
                           "null in a text": b'{"findings":["\\u0000"],"recommendations":[],"indicators":[]}'}.items():
            yield f"document: {name}", self.with_document(data)
        for lie in (self.one_record_for_all, self.last_for_all, self.nothing_but_noise, self.a_word_as_a_part, self.huge_header, self.deep_header):
            yield lie.__name__, lie


def deliver(partner, offer, values, change):
    places = partner.provider.send("report.part", offer["case"], values)
    parts = [{"part": n, **place, "size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
             for n, (place, value) in enumerate(zip(places, values))]
    partner.provider.reply("report.delivered", offer, parts=change(parts) if change else parts)


def test_every_kind_of_lying_report_is_refused_and_the_honest_one_behind_it_is_opened(desk, partner):
    lies = list(Lies(partner.provider).all())
    offers, told = [], collections.Counter()
    size = {service: anonymous_kib(desk.pid(service)) for service in SERVICES}
    pids = {service: desk.pid(service) for service in SERVICES}
    ends, opened = desk.ends("dead-letters"), desk.ends("reports")
    begun = time.monotonic()
    for at in range(0, len(lies), LIES_A_CASE):
        offer = released(desk, partner, "偽りの報告", "LYING-1")
        offers.append((offer, lies[at:at + LIES_A_CASE]))
        for name, lie in lies[at:at + LIES_A_CASE]:
            values, change = lie(offer)
            deliver(partner, offer, values, change)
    for offer, own in offers:
        def ended(case=offer["case"], count=len(own)):
            found = desk.ok("GET", f"/v1/cases/{case}/report")["reports"]
            return found if len(found) == count and all(report["state"] in ("refused", "opened") for report in found) else None
        found = until(f"all reports of {offer['case']} judged", ended, 120)
        for (name, _), report in zip(own, sorted(found, key=lambda r: r["at"])):
            assert report["state"] == "refused" and report["failure"], (name, report)
        told.update(report["failure"].split(":")[0] for report in found)
    print(f"\n{len(lies)} lies judged in {time.monotonic() - begun:.1f} s; reasons: {dict(told)}")
    assert desk.ends("reports") == opened, "something was opened"
    letters = [letter.data for letter in desk.read("dead-letters", since=ends)]
    assert len(letters) == len(lies) + SEEN_FROM_OUTSIDE and all(CANARY not in json.dumps(letter) for letter in letters)
    grown = {service: anonymous_kib(desk.pid(service)) - size[service] for service in SERVICES}
    print({service: f"{size[service] >> 10} + {grown[service] >> 10} MiB" for service in SERVICES})
    assert {service: desk.pid(service) for service in SERVICES} == pids and max(grown.values()) < GROWTH_KIB
    for offer, own in offers:
        partner.provider.report(offer, DOCUMENT, {})
        until("the honest one is opened", lambda c=offer["case"]: any(
            report["state"] == "opened" for report in desk.ok("GET", f"/v1/cases/{c}/report")["reports"]), 60)
