# SPDX-License-Identifier: Apache-2.0
"""Requests to the broker that no client library sends, written by hand (https://kafka.apache.org/protocol)."""
import socket
import ssl
import struct
import time


def string(text):
    return struct.pack(">h", -1) if text is None else struct.pack(">h", len(text)) + text.encode()


class Wire:
    """A connection of its own, as this principal."""

    def __init__(self, desk, principal, brokers=None):
        config = desk.kafka(principal)
        host, _, port = (brokers or config["bootstrap.servers"]).rpartition(":")
        context = ssl.create_default_context(cafile=config["ssl.ca.location"])
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(config["ssl.certificate.location"], config["ssl.key.location"])
        self.peer = context.wrap_socket(socket.create_connection((host, int(port)), timeout=20), server_hostname=host)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            piece = self.peer.recv(length - len(data))
            assert piece, "the broker closed the connection"
            data += piece
        return data

    def ask(self, kind, version, body):
        request = struct.pack(">hhi", kind, version, 1) + string("test") + body
        self.peer.sendall(struct.pack(">i", len(request)) + request)
        return self.exactly(struct.unpack(">i", self.exactly(4))[0])[4:]

    def produce(self, topic, batch, transactional_id=None):
        """The broker's error code for one batch on partition 0."""
        body = string(transactional_id) + struct.pack(">hi", -1, 5000) + struct.pack(">i", 1) + string(topic) + \
            struct.pack(">ii", 1, 0) + struct.pack(">i", len(batch)) + batch
        answer = self.ask(0, 3, body)
        at = 4 + 2 + len(topic) + 4 + 4
        return struct.unpack_from(">h", answer, at)[0]

    def fetch(self, topic):
        """The broker's error code for reading partition 0 from its end."""
        body = struct.pack(">iiiibi", -1, 0, 0, 1000, 0, 1) + string(topic) + struct.pack(">iiqi", 1, 0, 0, 1000)
        answer = self.ask(1, 4, body)
        return struct.unpack_from(">h", answer, 4 + 4 + 2 + len(topic) + 4 + 4)[0]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def batch_of(value, attributes=0, producer_id=-1, epoch=-1, sequence=-1, magic=2):
    record = b"\x00\x00\x00\x01" + bytes([len(value) * 2]) + value + b"\x00"  # no key (−1), no headers; lengths as zigzag
    record = bytes([len(record) * 2]) + record
    now = int(time.time() * 1000)
    body = struct.pack(">hiqqqhii", attributes, 0, now, now, producer_id, epoch, sequence, 1) + record
    return struct.pack(">qiibI", 0, 4 + 1 + 4 + len(body), -1, magic, crc32c(body)) + body
