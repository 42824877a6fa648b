#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sample forensic provider: reads the escalation topic, accepts what is offered, opens what the key was released for, reports.

Uses nothing of the desk but its protocol (services/escalation/PROVIDER.md): confluent-kafka and jwcrypto only.
  deploy/demo/provider.py VAR [--case ID] [--decline] [--silent] [--late] [--report [FILE…]] [--out FOLDER] [--state FILE]
                              [--group NAME] [--seconds N]
  deploy/demo/provider.py VAR --records <LINES   opens saved records instead; VAR/pki/provider/jose or VAR has the keys
--silent answers no offer, --late accepts what was taken back already, --report answers with a report and the files named, --state
remembers the offers for the next start. Prints one JSON line per thing that happened; ends once the case is opened (reported),
recalled or the seconds are over."""
import argparse
import hashlib
import json
import mimetypes
import os
import pathlib
import shutil
import sys
import time
import uuid
from datetime import datetime, timezone

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import JWException, base64url_decode, base64url_encode

TOPIC, REPLIES = "kakekomi.escalations", "kakekomi.provider-replies"
CHUNK = 512 * 1024
# What a value that is not the desk's own can raise, whichever check finds it.
REFUSALS = (ValueError, KeyError, TypeError, AttributeError, JWException)


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def expect(fact, otherwise):
    if not fact:
        raise ValueError(otherwise)


def compact(value, pieces):
    """A compact serialisation as text and its header. One text for each meaning: base64url must be the only one of its bytes."""
    text = value.decode("ascii")
    found = text.split(".")
    expect(len(found) == pieces, f"expected {pieces} pieces")
    expect(all(base64url_encode(base64url_decode(piece)) == piece for piece in found), "base64url that is not canonical")
    header = json.loads(base64url_decode(found[0]))
    expect(not {"zip", "crit", "b64"} & header.keys(), "zip, crit or b64 in the header")
    return text, header


class Envelope:
    """Words and parts by the keys of both sides; no broker is needed."""

    def __init__(self, jose):
        jose = pathlib.Path(jose)
        self.sign = jwk.JWK.from_json((jose / "sign.jwk").read_text())
        mine = [jwk.JWK.from_json(path.read_text()) for path in jose.glob("decrypt*.jwk")]  # those before it too, after a rotation
        self.decrypt = {key["kid"]: key for key in mine}
        desk = json.loads((jose / "desk-jwks.json").read_text())["keys"]
        self.desk = {k["kid"]: jwk.JWK(**k) for k in desk if k["use"] == "sig"}
        self.desk_encrypt = next((jwk.JWK(**k) for k in reversed(desk) if k["use"] == "enc"), None)  # the newest

    def verified(self, value):
        """The desk's word: ES256 by a key of the desk, nothing else."""
        text, header = compact(value, 3)
        expect(header.get("alg") == "ES256" and header.get("kid") in self.desk, "not ES256 by a key of the desk")
        word = jws.JWS()
        word.allowed_algs = ["ES256"]
        word.deserialize(text)
        word.verify(self.desk[header["kid"]])
        return json.loads(word.payload)

    def content_key(self, offer, word):
        """The key that was released for this offer."""
        expect(offer["type"] in ("escalation.offered", "escalation.supplemented"), "not an offer")
        expect(word["type"] == "escalation.key" and all(word[m] == offer[m] for m in ("case", "handover", "head")),
               "not the key for this offer")
        text, header = compact(word["key"].encode(), 5)
        expect((header["alg"], header["enc"]) == ("ECDH-ES+A256KW", "A256GCM") and header["kid"] in self.decrypt,
               "not sealed to us as agreed")
        sealed = jwe.JWE()
        sealed.allowed_algs = ["ECDH-ES+A256KW", "A256GCM"]
        sealed.deserialize(text, key=self.decrypt[header["kid"]])
        expect(len(sealed.payload) == 32, "not a content key")
        return jwk.JWK(kty="oct", k=base64url_encode(sealed.payload))

    def opened(self, offer, word, values):
        """The key opens the parts (their values in order): {"manifest", "items": {name: bytes}}, every hash checked."""
        key, places, clear = self.content_key(offer, word), offer["parts"], []
        expect(len(values) == len(places), "not all parts, or more")
        for number, (place, value) in enumerate(zip(places, values)):
            expect(place["part"] == number and sha256(value) == place["sha256"], f"part {number} is not what was offered")
            text, header = compact(value, 5)
            expect(header == {"alg": "dir", "enc": "A256GCM", "handover": offer["handover"], "part": number, "of": len(places)},
                   f"part {number} says it is another one")
            part = jwe.JWE()
            part.allowed_algs = ["dir", "A256GCM"]
            part.deserialize(text, key=key)
            clear.append(part.payload)
        manifest = json.loads(clear[0])
        expect(manifest["handover"] == offer["handover"], "the manifest is of another hand-over")
        return {"manifest": manifest, "items": {item["name"]: self.item(item, clear) for item in manifest["items"]}}

    @staticmethod
    def item(item, clear):
        data = b"".join(clear[item["first_part"]:item["first_part"] + item["parts"]])
        expect(len(data) == item["length"] and sha256(data) == item["sha256"], f"{item['name']} is not what the manifest says")
        return data

    def signed(self, payload):
        word = jws.JWS(json.dumps(payload).encode())
        word.add_signature(self.sign, None, json.dumps({"alg": "ES256", "kid": self.sign["kid"]}))
        return word.serialize(compact=True).encode()

    def reply_word(self, kind, offer, **more):
        return self.signed({"type": kind, **{m: offer[m] for m in ("case", "handover", "head")}, "at": now(), **more})

    def report_parts(self, offer, document, files):
        """A report, sealed to the desk: part 0 says what it is, `report.json` comes first, then the files."""
        items, chunks = [], []
        report = ("application/json", json.dumps(document, ensure_ascii=False).encode())
        for name, (media_type, data) in {"report.json": report, **files}.items():
            own = [data[at:at + CHUNK] for at in range(0, len(data), CHUNK)]
            items.append({"name": name, "media_type": media_type, "length": len(data), "sha256": sha256(data),
                          "first_part": len(chunks) + 1, "parts": len(own)})
            chunks += own
        manifest = {"format": "kakekomi report 1", "handover": offer["handover"], "items": items}
        chunks.insert(0, json.dumps(manifest, ensure_ascii=False).encode())
        for number, chunk in enumerate(chunks):
            header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": self.desk_encrypt["kid"], "handover": offer["handover"],
                      "part": number, "of": len(chunks)}
            part = jwe.JWE(chunk, json.dumps(header))
            part.add_recipient(self.desk_encrypt)
            yield part.serialize(compact=True).encode()


# The broker was away for longer than the group waits, or the group changes: the record comes again, and is known by its ce_id.
COMES_AGAIN = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS, KafkaError._TIMED_OUT,
               KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR)


def commit(consumer, message):
    try:
        consumer.commit(message, asynchronous=False)
    except KafkaException as failure:
        if failure.args[0].code() not in COMES_AGAIN:
            raise


class Provider(Envelope):
    """The same with a broker."""

    def __init__(self, var, group):
        pki = pathlib.Path(var) / "pki" / "provider"
        super().__init__(pki / "jose")
        self.config = {"bootstrap.servers": os.environ["KAKEKOMI_PROVIDER_BROKERS"]}
        if (pki / "cert.pem").exists():
            self.config |= {"security.protocol": "ssl", "ssl.certificate.location": str(pki / "cert.pem"),
                            "ssl.key.location": str(pki / "key.pem"), "ssl.ca.location": str(pki / "ca.pem")}
        self.group = group
        self.producer = Producer({**self.config, "enable.idempotence": True, "linger.ms": 0})
        self.seen = set()

    # --- reading ----------------------------------------------------------------------------------
    def records(self, seconds, going=lambda: True):
        """Every record once (by ce_id), read committed, from where the group stands; its offset is committed when it was dealt with."""
        consumer = Consumer({**self.config, "group.id": self.group, "auto.offset.reset": "earliest",
                             "isolation.level": "read_committed", "enable.auto.commit": False,
                             "session.timeout.ms": 6000})  # killed and started again, it goes on after as long
        consumer.subscribe([TOPIC])
        end = time.monotonic() + seconds
        try:
            while going() and time.monotonic() < end:
                message = consumer.poll(0.2)
                if message is None or message.error():
                    continue
                headers = {"ce_type": "", "ce_id": f"{message.partition()}/{message.offset()}"}
                headers |= {k: (v or b"").decode() for k, v in message.headers() or []}
                if headers["ce_id"] not in self.seen:
                    self.seen.add(headers["ce_id"])
                    yield headers, message.value()
                commit(consumer, message)
        finally:
            consumer.close()

    def fetch(self, places):
        """The values at exactly these positions, in order."""
        consumer = Consumer({**self.config, "group.id": self.group + "-parts", "enable.auto.commit": False,
                             "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
        try:
            for place in places:
                consumer.assign([TopicPartition(TOPIC, place["partition"], place["offset"])])
                end = time.monotonic() + 20
                message = None
                while message is None or message.error():
                    message = consumer.poll(1)
                    if time.monotonic() > end:
                        raise TimeoutError(f"part {place['part']} does not come")
                expect(message.offset() == place["offset"], f"part {place['part']} is not where it was offered")
                yield message.value()
        finally:
            consumer.close()

    def open(self, offer, word):
        return self.opened(offer, word, list(self.fetch(offer["parts"])))

    # --- answering --------------------------------------------------------------------------------
    def send(self, kind, case, values):
        """Writes the values in order: where each of them stands, as the broker acknowledged it."""
        places = [None] * len(values)

        def acknowledged(number, error, message):
            places[number] = None if error else {"partition": message.partition(), "offset": message.offset()}
        for number, value in enumerate(values):
            headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": "kakekomi." + kind, "ce_source": "/provider",
                       "ce_time": now(), "ce_subject": case, "content-type": "application/jose"}
            self.producer.produce(REPLIES, key=case, value=value, headers=list(headers.items()),
                                  on_delivery=lambda error, message, n=number: acknowledged(n, error, message))
        if self.producer.flush(120) or None in places:
            raise TimeoutError(f"{kind} was not acknowledged")
        return places

    def reply(self, kind, offer, **more):
        self.send(kind, offer["case"], [self.reply_word(kind, offer, **more)])

    def report(self, offer, document, files):
        """A report about what was opened: document {"findings", "recommendations", "indicators"}, files {name: (media type, bytes)}."""
        values = list(self.report_parts(offer, document, files))
        places = self.send("report.part", offer["case"], values)
        self.reply("report.delivered", offer, parts=[{"part": number, **place, "size": len(value), "sha256": sha256(value)}
                                                     for number, (place, value) in enumerate(zip(places, values))])
        return len(values)


# --- the program --------------------------------------------------------------------------------------
def say(what, **more):
    print(json.dumps({"provider": what, **more}, ensure_ascii=False), flush=True)


def keep(folder, handover, content):
    folder = pathlib.Path(folder) / handover
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(content["manifest"], ensure_ascii=False, indent=2))
    for number, (name, data) in enumerate(content["items"].items()):
        (folder / f"{number}-{pathlib.Path(name).name}").write_bytes(data)


class Program:
    def __init__(self, args):
        self.args, self.provider = args, Provider(args.var, args.group)
        self.offers, self.tried, self.done = {}, set(), False
        if args.state and os.path.exists(args.state):
            for line in open(args.state, "rb"):  # believed as little as on the day it came
                word = self.provider.verified(line.strip())
                self.offers[word["handover"]] = word

    def offered(self, word, value):
        self.offers[word["handover"]] = word
        if self.args.state:  # before the offset is committed: the key may come after a restart
            with open(self.args.state, "ab") as state:
                state.write(value + b"\n")
        say("offered", handover=word["handover"], parts=len(word["parts"]), tlp=word["tlp"], reply_by=word["reply_by"])
        if word["type"] == "escalation.offered" and not self.args.silent and not self.args.late:
            answer = "declined" if self.args.decline else "accepted"
            self.provider.reply("escalation." + answer, word, **({"reason": "no capacity"} if self.args.decline else {}))
            say(answer, handover=word["handover"])

    def released(self, word):
        offer = self.offers[word["handover"]]
        content = self.provider.open(offer, word)
        company = json.loads(content["items"]["hearing.json"])["contact"]["company"]
        say("opened", handover=offer["handover"], company=company,
            sha256={name: sha256(data) for name, data in content["items"].items()})
        if self.args.out:
            keep(self.args.out, word["handover"], content)
        if self.args.report is not None:
            import report
            document, files = report.write(offer, content)
            for path in map(pathlib.Path, self.args.report):
                files[path.name] = (mimetypes.guess_type(path)[0] or "application/octet-stream", path.read_bytes())
            parts = self.provider.report(offer, document, files)
            say("reported", handover=offer["handover"], parts=parts, **{name: len(list_) for name, list_ in document.items()})
        self.done = bool(self.args.case)

    def recalled(self, word):
        say("recalled", handover=word["handover"], reason=word["reason"])
        offer = self.offers[word["handover"]]
        if self.args.late and word["handover"] not in self.tried:
            self.tried.add(word["handover"])
            self.provider.reply("escalation.accepted", offer)
            say("accepted", handover=word["handover"], late=True)
            return
        if self.args.out:
            shutil.rmtree(pathlib.Path(self.args.out) / word["handover"], ignore_errors=True)
        self.provider.reply("escalation.deleted", offer)
        say("deleted", handover=word["handover"])
        self.done = bool(self.args.case)

    def take(self, value):
        word = self.provider.verified(value or b"")
        if self.args.case and word["case"] != self.args.case:
            return
        if word["type"] in ("escalation.offered", "escalation.supplemented"):
            self.offered(word, value)
        elif word["type"] == "escalation.key":
            self.released(word)
        elif word["type"] == "escalation.recalled" and word["handover"] in self.offers:
            self.recalled(word)

    def run(self):
        for headers, value in self.provider.records(self.args.seconds, lambda: not self.done):
            if headers["ce_type"] == "kakekomi.escalation.part":
                continue
            try:
                self.take(value)
            except REFUSALS as error:  # not the desk's, or not what the desk offered: nothing is done with it
                say("refused", record=headers["ce_id"], why=f"{type(error).__name__}: {error}")


def open_saved(jose, lines):
    """Saved records: {"offer", "key", "parts": […]} a line, values as Latin-1 text. A line each: {"opened": {name: sha256}} or {"refused"}."""
    envelope = Envelope(jose)
    for line in lines:
        saved = json.loads(line)
        offer, key, *parts = (value.encode("latin-1") for value in (saved["offer"], saved["key"], *saved["parts"]))
        try:
            content = envelope.opened(envelope.verified(offer), envelope.verified(key), parts)
            answer = {"opened": {name: sha256(data) for name, data in content["items"].items()}}
        except REFUSALS as error:
            answer = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("var")
    words.add_argument("--case")
    words.add_argument("--decline", action="store_true")
    words.add_argument("--silent", action="store_true")
    words.add_argument("--late", action="store_true")
    words.add_argument("--report", nargs="*", metavar="FILE")
    words.add_argument("--records", action="store_true")
    words.add_argument("--out")
    words.add_argument("--state")
    words.add_argument("--seconds", type=float, default=60)
    words.add_argument("--group", default="provider-sample-" + uuid.uuid4().hex)
    args = words.parse_args()
    if args.records:
        jose = pathlib.Path(args.var) / "pki" / "provider" / "jose"
        open_saved(jose if jose.exists() else args.var, sys.stdin)
    else:
        Program(args).run()


if __name__ == "__main__":
    main()
