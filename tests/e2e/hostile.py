# SPDX-License-Identifier: Apache-2.0
"""What a provider that means ill, or whoever has got hold of its certificate, may write to `provider-replies`: one record at a time,
drawn from kinds, each with the verdict that is due to it. The same seed gives the same records, signatures apart."""
import base64
import hmac
import json
import random
import threading
import time

from confluent_kafka import Producer
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from jwcrypto import jwe, jwk

CANARY = "canary-of-a-hostile-word"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# What becomes of a record: refused by escalation as it stands; passed over, because it is sealed and nobody names it; verified, and
# refused by the chain of the case that it is about.
REFUSED, PASSED_OVER, REFUSED_BY_THE_CHAIN = "refused", "passed over", "refused by the chain"


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=")


def unb64(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def raw(der):
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Hostile:
    """`honest`: {"word": a JWS that was taken already, "part": a sealed part that was named already, "offered", "answered": offers}.
    No acceptance of an offer that is still open is ever signed here: that would be an honest one."""

    def __init__(self, seed, provider, honest):
        self.random, self.provider, self.honest = random.Random(seed), provider, honest
        self.kid = provider.sign["kid"]
        self.key = provider.sign.get_op_key("sign")
        self.other = {name: ec.generate_private_key(curve()) for name, curve in
                      (("P-256", ec.SECP256R1), ("P-384", ec.SECP384R1), ("P-256K", ec.SECP256K1))}
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.public = provider.sign.export_to_pem()
        self.sealed = self.seal_all()

    # --- bricks -----------------------------------------------------------------------------------------------------
    def word(self, **change):
        """The payload of an acceptance of the offer that is still open, as far as that is the only thing wrong with the record."""
        offer = self.honest["offered"]
        return {"type": "escalation.accepted", "case": offer["case"], "handover": offer["handover"], "head": offer["head"],
                "at": "2026-11-24T05:12:00Z", "reason": CANARY, **change}

    def compact(self, header, payload, sign):
        text = b64(header) + b"." + b64(payload)
        return text + b"." + b64(sign(text))

    def es256(self, key=None, digest=hashes.SHA256):
        return lambda text: raw((key or self.key).sign(text, ec.ECDSA(digest())))

    def signed(self, payload, **header):
        """Signed by the provider's key, as it should be."""
        return self.compact({"alg": "ES256", "kid": self.kid, **header}, payload, self.es256())

    def pick(self, *choices):
        return self.random.choice(choices)

    def noise(self, length):
        return self.random.randbytes(length)

    # --- kinds: each answers (value, verdict) or (value, verdict, headers) -----------------------------------------------
    def flipped_word(self):
        """One bit of an acceptance that counted."""
        value = bytearray(self.honest["word"])
        value[self.random.randrange(len(value))] ^= 1 << self.random.randrange(8)
        return bytes(value), REFUSED

    def flipped_part(self):
        """One bit of a sealed part: it is not looked at until somebody names it; what is no part any more is no word either."""
        value = bytearray(self.honest["part"])
        value[self.random.randrange(len(value))] ^= 1 << self.random.randrange(8)
        text = bytes(value)
        letters = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
        sealed = text[:3] == b"eyJ" and text.count(b".") == 4 and set(text) <= letters
        return text, PASSED_OVER if sealed else REFUSED

    def replayed(self):
        return self.honest["word"], REFUSED_BY_THE_CHAIN

    def malleated(self):
        """The other signature that the same key could have made (s → n − s): another text with the same meaning."""
        head, payload, signature = self.honest["word"].split(b".")
        r, s = unb64(signature)[:32], int.from_bytes(unb64(signature)[32:], "big")
        return b".".join((head, payload, b64(r + (P256_ORDER - s).to_bytes(32, "big")))), REFUSED_BY_THE_CHAIN

    def foreign(self):
        """Signed as it should be, about what is not so."""
        answered = self.honest["answered"]
        nobody = "00000000-0000-7000-8000-%012x" % self.random.randrange(2**48)
        change = self.pick(
            {"case": nobody}, {"handover": nobody}, {"case": answered["case"]},  # of another case
            {"handover": answered["handover"]},
            {"case": answered["case"], "handover": answered["handover"], "head": answered["head"]},  # answered long ago
            {"case": answered["case"], "handover": answered["handover"], "type": "escalation.declined"},
            {"type": "escalation.deleted"})  # nothing to delete: it was not accepted
        return self.signed(self.word(**change)), REFUSED_BY_THE_CHAIN

    def other_key(self):
        """A key that is not the provider's, under its name or under another."""
        kid = self.pick(self.kid, next(iter(self.provider.decrypt)), next(iter(self.provider.desk)), "another", "", 5, None, [self.kid],
                        {"kid": self.kid}, self.kid + " ", self.kid.lower(), "../" + self.kid)
        return self.compact({"alg": "ES256", "kid": kid}, self.word(), self.es256(self.other["P-256"])), REFUSED

    def right_key_wrong_name(self):
        kid = self.pick(next(iter(self.provider.decrypt)), next(iter(self.provider.desk)), "another", "", None, [self.kid])
        return self.compact({"alg": "ES256", "kid": kid}, self.word(), self.es256()), REFUSED

    def no_algorithm(self):
        name = self.pick("none", "None", "NONE", "", None, "ES256 ", "es256", ["ES256"], 0)
        return self.compact({"alg": name, "kid": self.kid}, self.word(), lambda text: b""), REFUSED

    def public_key_as_secret(self):
        secret = self.pick(self.public, self.public.strip(), unb64(self.provider.sign["x"].encode()),
                           self.provider.sign.export_public().encode())
        name, digest = self.pick(("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), ("ES256", "sha256"))
        return self.compact({"alg": name, "kid": self.kid}, self.word(), lambda text: hmac.digest(secret, text, digest)), REFUSED

    def rsa_signed(self):
        scheme = self.pick(("RS256", padding.PKCS1v15()), ("PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32)))
        return self.compact({"alg": scheme[0], "kid": self.kid}, self.word(), lambda text: self.rsa.sign(text, scheme[1], hashes.SHA256())), REFUSED

    def other_curve(self):
        name, key = self.pick(("ES256K", self.other["P-256K"]), ("ES256", self.other["P-256K"]))
        return self.compact({"alg": name, "kid": self.kid}, self.word(), self.es256(key)), REFUSED

    def right_key_other_algorithm(self):
        return self.compact({"alg": self.pick("ES384", "ES512", "ES256K", "EdDSA", "PS256"), "kid": self.kid}, self.word(), self.es256()), REFUSED

    def key_in_the_header(self):
        own = json.loads(jwk.JWK.from_pyca(self.other["P-256"].public_key()).export_public())
        der = self.other["P-256"].public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        more = self.pick({"jwk": own}, {"jwk": {**own, "kid": self.kid}}, {"x5c": [base64.b64encode(der).decode()]},
                         {"jku": "https://hostile.example/jwks.json"}, {"x5u": "https://hostile.example/cert.pem"})
        kid = self.pick({"kid": self.kid}, {})
        return self.compact({"alg": "ES256", **kid, **more}, self.word(), self.es256(self.other["P-256"])), REFUSED

    def critical(self):
        """Extensions: RFC 7515 says that who does not know one must refuse the whole."""
        payload, more = self.pick((self.word(), {"crit": ["exp"], "exp": 1}), (self.word(), {"crit": []}), (self.word(), {"zip": "DEF"}),
                                  (self.word(), {"crit": ["b64"], "b64": False}))
        return self.signed(payload, **more), REFUSED

    def unencoded(self):
        """RFC 7797 without its crit: what was signed is not what stands there."""
        head, payload = b64({"alg": "ES256", "kid": self.kid, "b64": False}), json.dumps(self.word()).encode()
        return head + b"." + b64(payload) + b"." + b64(self.es256()(head + b"." + payload)), REFUSED

    def bad_signature(self):
        head = b64({"alg": "ES256", "kid": self.kid}) + b"." + b64(self.word())
        right = self.es256()(head)
        return head + b"." + b64(self.pick(bytes(64), b"\xff" * 64, right[:63], right + b"\0", right[32:] + right[:32], bytes(32) + right[32:],
                                           encode_dss_signature(*(int.from_bytes(right[i:i + 32], "big") for i in (0, 32))),
                                           self.noise(64), P256_ORDER.to_bytes(32, "big") * 2)), REFUSED

    def other_text(self):
        """The same bytes in a text that is not the one of them."""
        word = self.signed(self.word())
        head, payload, signature = word.split(b".")
        return self.pick(word + b"\n", b" " + word, word + b"=", word + b".", b"." + word, head + b"." + payload,
                         head + b".." + signature, b".".join((head, payload, signature, signature)), word.replace(b".", b"\0"), word + b"\0",
                         json.dumps({"protected": head.decode(), "payload": payload.decode(), "signature": signature.decode()}).encode(),
                         json.dumps({"payload": payload.decode(), "signatures": [{"protected": head.decode(),
                                                                                 "signature": signature.decode()}]}).encode(),
                         b64(b'{"alg":"none","alg":"ES256","kid":"' + self.kid.encode() + b'"}') + word[len(head):]), REFUSED

    def hostile_json(self):
        """Inside of a signature that verifies."""
        good = json.dumps(self.word())[1:-1]
        body = self.pick(
            "[" * 20000 + "]" * 20000, '{"a":' * 5000 + "1" + "}" * 5000, "{" + good + ',"x":' + "[" * 16 + "]" * 16 + "}",
            "{" + good + "," + good + "}", "{" + good + ',"type":"escalation.declined"}', "{" + ",".join(['"a":1'] * 5000) + "}",
            "{" + good + ',"x":1e999999}', "{" + good + ',"x":' + "9" * 40000 + "}", "{" + good + ',"x":"\\u0000"}',
            "{" + good + ',"x":"\\ud800"}', "{" + good + ',"\\u0000":1}', "{" + good + "}{" + good + "}", "{" + good, "[" + "{" + good + "}]",
            '"' + CANARY + '"', "null", " ", "{" + good + ',"x":NaN}', "\ufeff{" + good + "}")
        data = self.pick(body.encode(), body.encode(), body.encode("utf-16"), b'{"reason":"\xff\xfe",' + good.encode() + b"}")
        return self.signed(data), REFUSED

    def wrong_word(self):
        """Verified, and not as the schema has it."""
        change = self.pick({"type": "escalation.key"}, {"type": "escalation.offered"}, {"type": None}, {"type": ["escalation.accepted"]},
                           {"case": 5}, {"case": "../../etc/passwd"}, {"case": self.word()["case"].upper() + "0"}, {"case": None},
                           {"handover": {}}, {"handover": ""}, {"head": "0" * 63}, {"head": "G" * 64}, {"head": None}, {"at": "yesterday"},
                           {"at": 1764000000}, {"at": None}, {"reason": CANARY * 200}, {"reason": ["x"]}, {"reason": ""})
        return self.signed(self.word(**change)), REFUSED

    def place(self, part, change=()):
        return {"part": part, "partition": 0, "offset": part, "size": 1000, "sha256": "0" * 64, **dict(change)}

    def wrong_report(self):
        """A report.delivered that says impossible places; about a hand-over that was released."""
        offer = self.honest["answered"]
        bad = self.pick({"offset": -1}, {"offset": -2**63}, {"offset": 2**63}, {"offset": 1e300}, {"offset": "0"}, {"offset": True}, {"offset": None},
                        {"partition": -1}, {"partition": 2**31}, {"partition": 2**32}, {"partition": None}, {"size": 0}, {"size": -1},
                        {"size": 2**40}, {"sha256": "0" * 63}, {"sha256": "X" * 64}, {"sha256": None}, {"part": 7}, {"part": -1}, {"part": "0"},
                        {"part": 2**64})
        where = self.random.randrange(3)
        parts = self.pick([self.place(n, bad) if n == where else self.place(n) for n in range(3)], [], [self.place(0)], None, {}, "all",
                          [self.place(n) for n in range(201)], [None, None], [[[]], []], [self.place(0), self.place(0)])
        return self.signed({"type": "report.delivered", "case": offer["case"], "handover": offer["handover"], "head": offer["head"],
                            "at": "2026-11-24T05:12:00Z", "note": CANARY, "parts": parts}), REFUSED

    def oversized(self):
        """Longer than a word may be; signed as it should be."""
        size = self.pick(*[64 * 1024 + 1] * 12, 1024 * 1024)
        word = self.signed(self.word(reason=CANARY, x="x" * 48300))
        return (word + b"A" * size)[:size], REFUSED

    def unreadable(self):
        value, *headers = self.pick((b"",), (None,), (self.noise(300),), (b"\0" * 50,), (b"." * 1000,), (b"eyJ" * 100,), (b"{}",), (CANARY.encode(),),
                                    (b"eyJ.eyJ.eyJ",), (b"..",),
                                    (CANARY.encode(), [("ce_type", b"kakekomi.escalation.accepted"), ("ce_id", b"\xff" * 4000)]),
                                    (self.signed(self.word()), [(f"h{n}", b"x") for n in range(200)]))
        return (value, REFUSED, *headers)

    # --- sealed ------------------------------------------------------------------------------------------------------
    def seal_all(self):
        """What is sealed to the desk in ways that were not agreed on. Nothing of it costs anything: nobody names it."""
        desk, found = self.provider.desk_encrypt, []
        secret = jwk.JWK(kty="oct", k=b64(bytes(32)).decode())
        for algorithm, encryption, key in (("ECDH-ES+A256KW", "A256GCM", desk), ("ECDH-ES", "A256GCM", desk), ("ECDH-ES+A128KW", "A128GCM", desk),
                                           ("ECDH-ES+A256KW", "A128CBC-HS256", desk), ("dir", "A256GCM", secret), ("A256KW", "A256GCM", secret)):
            for more in ({}, {"zip": "DEF"}):
                sealed = jwe.JWE(CANARY.encode() * 50, json.dumps({"alg": algorithm, "enc": encryption, "kid": desk["kid"], **more}))
                sealed.allowed_algs = [algorithm, encryption]
                sealed.add_recipient(key)
                found.append(sealed.serialize(compact=True).encode())
        for count in (2**31, 2**31 - 1, 2**63, 10**9, 1e300, -1):
            for name in ("PBES2-HS256+A128KW", "PBES2-HS512+A256KW"):
                head = {"alg": name, "enc": "A256GCM", "p2c": count, "p2s": "AAAAAAAAAAAAAAAA", "kid": desk["kid"]}
                found.append(b".".join(map(b64, (head, bytes(40), bytes(12), CANARY.encode(), bytes(16)))))
        return found

    def sealed_otherwise(self):
        return self.random.choice(self.sealed), PASSED_OVER

    KINDS = {flipped_word: 8, flipped_part: 2, replayed: 6, malleated: 2, foreign: 8, other_key: 5, right_key_wrong_name: 3, no_algorithm: 4,
             public_key_as_secret: 4, rsa_signed: 1, other_curve: 2, right_key_other_algorithm: 3, key_in_the_header: 4, critical: 4,
             unencoded: 2, bad_signature: 5, other_text: 5, hostile_json: 3, wrong_word: 6, wrong_report: 5, unreadable: 4,
             sealed_otherwise: 6, oversized: 0.5}

    def records(self, count):
        """(kind, value, verdict, headers) each."""
        kinds = list(self.KINDS)
        for kind in self.random.choices(kinds, [self.KINDS[kind] for kind in kinds], k=count):
            value, verdict, *headers = kind(self)
            yield kind.__name__, value, verdict, headers[0] if headers else []


class Flood(threading.Thread):
    """Writes the records as fast as the broker lets this principal; where each came to stand, by its number."""

    def __init__(self, desk, records):
        super().__init__(daemon=True)
        self.producer = Producer(desk.kafka("provider", **{"message.max.bytes": 1_100_000, "queue.buffering.max.messages": 100,
                                                           "linger.ms": 5, "message.timeout.ms": 600_000}))
        self.records, self.places, self.failures, self.ended = records, {}, [], None

    def run(self):
        for number, (_, value, _, headers) in enumerate(self.records):
            self.write(number, value, headers)
        self.producer.flush(600)
        self.ended = time.monotonic()

    def write(self, number, value, headers):
        def written(error, message):
            if error:
                self.failures.append(error)
            else:
                self.places[number] = message.partition(), message.offset()
        while True:
            try:
                self.producer.produce("kakekomi.provider-replies", value, headers=headers, on_delivery=written)
                self.producer.poll(0)
                return
            except BufferError:
                self.producer.poll(0.05)
