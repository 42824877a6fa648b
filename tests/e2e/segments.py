# SPDX-License-Identifier: Apache-2.0
"""What lies in the broker's log files, seen without any client: also what was aborted, and the markers that no client shows."""
import base64
import binascii
import collections
import re
import struct

TOKEN = re.compile(rb"[A-Za-z0-9_-]{20,}")  # base64url: the pieces of a compact JWS or JWE
HEX = re.compile(rb"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
BASE64 = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}(?![A-Za-z0-9+/_-])")


def files(desk, topic):
    return sorted((desk.var / "kafka" / "data").glob(f"kakekomi.{topic}-*/*.log"))


def batches(data):
    """(attributes, kind of control record, bytes) of each batch of format 2."""
    at = 0
    while at + 70 <= len(data):
        length, attributes, kind = *struct.unpack_from(">I", data, at + 8), *struct.unpack_from(">H", data, at + 21), data[at + 69]
        if not length:
            return  # laid out ahead by the broker
        yield attributes, kind, data[at:at + 12 + length]
        at += 12 + length


def in_base64(needle):
    """How the bytes look inside of base64, at each of the three places they can begin at."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + needle)
        whole = text[(0, 2, 3)[shift]:len(text) - (0, 3, 2)[(shift + len(needle)) % 3]]
        yield whole
        yield whole.replace(b"+", b"-").replace(b"/", b"_")


def layers(data, depth=3):
    """The bytes as they are, and whatever is base64url inside of them."""
    yield data
    for token in TOKEN.findall(data) if depth else ():
        try:
            yield from layers(base64.urlsafe_b64decode(token[:len(token) // 4 * 4 + (len(token) % 4 > 1) * 4] + b"=" * (-len(token) % 4)),
                              depth - 1)
        except (binascii.Error, ValueError):
            continue


class Search:
    """Texts, and SHA-256 digests (as bytes) in hex and in base64, in every segment file of a topic."""

    def __init__(self, needles, digests):
        self.needles = [form for needle in needles for form in (needle, *in_base64(needle))]
        self.hex = {digest.hex().encode() for digest in digests}
        self.base64 = {base64.b64encode(digest)[:43].replace(b"+", b"-").replace(b"/", b"_") for digest in digests}

    def hits(self, data):
        found = collections.Counter()
        for layer in layers(data):
            for needle in self.needles:
                if needle in layer:
                    found["text " + needle.decode("utf-8", "replace")] += 1
            for token in HEX.findall(layer):
                if token.lower() in self.hex:
                    found["hex " + token.decode()] += 1
            for token in BASE64.findall(layer):
                if token.replace(b"+", b"-").replace(b"/", b"_") in self.base64:
                    found["base64 " + token.decode()] += 1
        return found

    def topic(self, desk, topic):
        """(what was found, bytes searched); records that were compressed would hide something."""
        found, size = collections.Counter(), 0
        for path in files(desk, topic):
            for attributes, _, data in batches(path.read_bytes()):
                assert attributes & 7 == 0, f"{path.name}: a compressed batch"
                found += self.hits(data)
                size += len(data)
        return found, size
