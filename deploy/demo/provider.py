#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sample forensic provider: reads the escalation topic, accepts what is offered, opens what the key was released for.

Uses nothing of the desk but its protocol (services/escalation/PROVIDER.md): confluent-kafka and jwcrypto only.
  deploy/demo/provider.py VAR [--case ID] [--decline] [--silent] [--late] [--out FOLDER] [--seconds N]
--silent answers no offer, --late accepts what was taken back already. Prints one JSON line per thing that happened; ends once the case is opened, recalled or the seconds are over."""
import argparse
import hashlib
import json
import os
import pathlib
import time
import uuid
from datetime import datetime, timezone

from confluent_kafka import Consumer, Producer, TopicPartition
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import base64url_encode

TOPIC, REPLIES = "kakekomi.escalations", "kakekomi.provider-replies"


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Provider:
    def __init__(self, var, group):
        pki = pathlib.Path(var) / "pki" / "provider"
        jose = pki / "jose"
        self.sign = jwk.JWK.from_json((jose / "sign.jwk").read_text())
        self.decrypt = jwk.JWK.from_json((jose / "decrypt.jwk").read_text())
        desk = json.loads((jose / "desk-jwks.json").read_text())["keys"]
        self.desk = {k["kid"]: jwk.JWK(**k) for k in desk if k["use"] == "sig"}
        self.config = {"bootstrap.servers": os.environ["KAKEKOMI_PROVIDER_BROKERS"]}
        if (pki / "cert.pem").exists():
            self.config |= {"security.protocol": "ssl", "ssl.certificate.location": str(pki / "cert.pem"),
                            "ssl.key.location": str(pki / "key.pem"), "ssl.ca.location": str(pki / "ca.pem")}
        self.group = group
        self.producer = Producer({**self.config, "enable.idempotence": True, "linger.ms": 0})
        self.seen = set()

    # --- reading ----------------------------------------------------------------------------------
    def records(self, seconds, going=lambda: True):
        """Every record once (by ce_id), read committed, from where the group stands."""
        consumer = Consumer({**self.config, "group.id": self.group, "auto.offset.reset": "earliest",
                             "isolation.level": "read_committed", "enable.auto.commit": False})
        consumer.subscribe([TOPIC])
        end = time.monotonic() + seconds
        try:
            while going() and time.monotonic() < end:
                message = consumer.poll(0.2)
                if message is None or message.error():
                    continue
                headers = {k: (v or b"").decode() for k, v in message.headers() or []}
                if headers["ce_id"] not in self.seen:
                    self.seen.add(headers["ce_id"])
                    yield headers, message.value()
                consumer.commit(message, asynchronous=False)
        finally:
            consumer.close()

    def verified(self, value):
        """The desk's word: ES256 by a key of the desk, nothing else."""
        word = jws.JWS()
        word.allowed_algs = ["ES256"]
        word.deserialize(value.decode())
        word.verify(self.desk[word.jose_header["kid"]])
        return json.loads(word.payload)

    def fetch(self, places):
        """Records at exactly these positions, in order."""
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
                value = message.value()
                if message.offset() != place["offset"] or hashlib.sha256(value).hexdigest() != place["sha256"]:
                    raise ValueError(f"part {place['part']} is not what was offered")
                yield place["part"], value.decode()
        finally:
            consumer.close()

    # --- answering --------------------------------------------------------------------------------
    def reply(self, kind, offer, **more):
        payload = {"type": kind, "case": offer["case"], "handover": offer["handover"], "head": offer["head"], "at": now(),
                   **more}
        word = jws.JWS(json.dumps(payload).encode())
        word.add_signature(self.sign, None, json.dumps({"alg": "ES256", "kid": self.sign["kid"]}))
        headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": "kakekomi." + kind,
                   "ce_source": "/provider", "ce_time": payload["at"], "ce_subject": offer["case"],
                   "content-type": "application/jose"}
        self.producer.produce(REPLIES, key=offer["case"], value=word.serialize(compact=True),
                              headers=list(headers.items()))
        if self.producer.flush(20):
            raise TimeoutError("the reply was not acknowledged")

    def open(self, offer, word):
        """The released key opens the parts: {"manifest", "items": {name: bytes}}, every hash checked."""
        sealed = jwe.JWE()
        sealed.allowed_algs = ["ECDH-ES+A256KW", "A256GCM"]
        sealed.deserialize(word["key"], key=self.decrypt)
        key = jwk.JWK(kty="oct", k=base64url_encode(sealed.payload))
        clear = {}
        for number, text in self.fetch(offer["parts"]):
            part = jwe.JWE()
            part.allowed_algs = ["dir", "A256GCM"]
            part.deserialize(text, key=key)
            header = part.jose_header
            if (header["handover"], header["part"], header["of"]) != (offer["handover"], number, len(offer["parts"])):
                raise ValueError(f"part {number} says it is another one")
            clear[number] = part.payload
        manifest = json.loads(clear[0])
        items = {}
        for item in manifest["items"]:
            data = b"".join(clear[n] for n in range(item["first_part"], item["first_part"] + item["parts"]))
            if len(data) != item["length"] or hashlib.sha256(data).hexdigest() != item["sha256"]:
                raise ValueError(f"{item['name']} is not what the manifest says")
            items[item["name"]] = data
        return {"manifest": manifest, "items": items}


def say(what, **more):
    print(json.dumps({"provider": what, **more}, ensure_ascii=False), flush=True)


def keep(folder, handover, content):
    folder = pathlib.Path(folder) / handover
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(content["manifest"], ensure_ascii=False, indent=2))
    for number, (name, data) in enumerate(content["items"].items()):
        (folder / f"{number}-{pathlib.Path(name).name}").write_bytes(data)


def opened(offer, content):
    company = json.loads(content["items"]["hearing.json"])["contact"]["company"]
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content["items"].items()}
    say("opened", handover=offer["handover"], company=company, sha256=hashes)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("var")
    words.add_argument("--case")
    words.add_argument("--decline", action="store_true")
    words.add_argument("--silent", action="store_true")
    words.add_argument("--late", action="store_true")
    words.add_argument("--out")
    words.add_argument("--seconds", type=float, default=60)
    words.add_argument("--group", default="provider-sample-" + uuid.uuid4().hex)
    args = words.parse_args()
    provider = Provider(args.var, args.group)
    offers, tried = {}, set()
    for headers, value in provider.records(args.seconds):
        kind = headers["ce_type"].removeprefix("kakekomi.")
        if kind == "escalation.part" or (args.case and headers["ce_subject"] != args.case):
            continue
        word = provider.verified(value)
        if kind in ("escalation.offered", "escalation.supplemented"):
            offers[word["handover"]] = word
            say("offered", handover=word["handover"], parts=len(word["parts"]), tlp=word["tlp"], reply_by=word["reply_by"])
            if kind == "escalation.offered" and not args.silent and not args.late:
                answer = "declined" if args.decline else "accepted"
                provider.reply("escalation." + answer, word, **({"reason": "no capacity"} if args.decline else {}))
                say(answer, handover=word["handover"])
        elif kind == "escalation.key":
            content = provider.open(offers[word["handover"]], word)
            opened(offers[word["handover"]], content)
            if args.out:
                keep(args.out, word["handover"], content)
            if args.case:
                return
        elif kind == "escalation.recalled":
            say("recalled", handover=word["handover"], reason=word["reason"])
            if args.late and word["handover"] in offers and word["handover"] not in tried:
                tried.add(word["handover"])
                provider.reply("escalation.accepted", offers[word["handover"]])
                say("accepted", handover=word["handover"], late=True)
                continue
            if word["handover"] in offers:
                provider.reply("escalation.deleted", offers[word["handover"]])
                say("deleted", handover=word["handover"])
            if args.case:
                return


if __name__ == "__main__":
    main()
