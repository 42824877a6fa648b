# SPDX-License-Identifier: Apache-2.0
"""Sends log files line by line to `security-logs`, with the shipper's certificate: see `deploy/ship --help`.

A line goes as it stands in the file, in whatever charset; only what compresses the file is taken off. It counts as sent when
the broker has acknowledged it, and the exit code is 0 only when all of them have been."""
import argparse
import gzip
import os
import pathlib
import re
import sys

from confluent_kafka import Producer

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ("utm", "firewall", "proxy", "ids", "antivirus", "edr", "other")
LINE_BYTES_MAX = 1_000_000  # a record of the topic holds 1 MiB with its headers


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/ship", description="Sends log files as a shipper would.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a log file, plain or gzip; - is the standard input")
    parser.add_argument("--customer", required=True, metavar="ID", help="whose logs these are: [A-Z0-9-]{1,20}")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--product", help="for the header `product`: FortiGate")
    parser.add_argument("--host", help="for the header `host`: which device wrote them")
    parser.add_argument("--var", type=pathlib.Path, default=ROOT / "var", metavar="FOLDER",
                        help="the desk's folder, for its address and the shipper's certificate")
    given = parser.parse_args()
    if not re.fullmatch(r"[A-Z0-9-]{1,20}", given.customer):
        parser.error("--customer: expected 1 to 20 of A-Z, 0-9 and -")
    return given


def brokers(var):
    """The environment, else what deploy/up wrote down."""
    named = os.environ.get("KAKEKOMI_KAFKA_BROKERS")
    if named:
        return named
    for line in (var / "desk.env").read_text().splitlines():
        if line.startswith("KAKEKOMI_KAFKA_BROKERS="):
            return line.split("=", 1)[1]
    raise SystemExit("KAKEKOMI_KAFKA_BROKERS: expected host:port, in the environment or in desk.env")


def producer(var):
    pki = var / "pki" / "shipper"
    return Producer({"bootstrap.servers": brokers(var), "security.protocol": "ssl",
                     "ssl.certificate.location": str(pki / "cert.pem"), "ssl.key.location": str(pki / "key.pem"),
                     "ssl.ca.location": str(pki / "ca.pem"), "enable.idempotence": True, "compression.type": "zstd",
                     "partitioner": "murmur2_random", "linger.ms": 20})


def lines(name):
    """Every line without its end; empty ones say nothing."""
    with (sys.stdin.buffer if name == "-" else open(name, "rb")) as raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        with gzip.open(raw) if packed else raw as file:
            for line in file:
                line = line.rstrip(b"\r\n")
                if line:
                    yield line


class Shipper:
    def __init__(self, given):
        self.producer = producer(given.var)
        self.customer = given.customer
        self.headers = {name: getattr(given, name) for name in ("kind", "product", "host") if getattr(given, name)}
        self.sent = self.too_long = 0
        self.refused = []

    def acknowledged(self, error, _):
        if error:
            self.refused.append(str(error))
        else:
            self.sent += 1

    def send(self, line):
        if len(line) > LINE_BYTES_MAX:
            self.too_long += 1
            return
        while True:
            try:
                self.producer.produce("kakekomi.security-logs", key=self.customer, value=line, headers=self.headers,
                                      on_delivery=self.acknowledged)
                break
            except BufferError:  # the broker is slower than the disk
                self.producer.poll(0.1)
        self.producer.poll(0)


def main():
    given = arguments()
    shipper = Shipper(given)
    for name in given.files:
        for line in lines(name):
            shipper.send(line)
    left = shipper.producer.flush(60)
    print(f"{shipper.sent} lines of {given.customer} sent")
    if shipper.too_long:
        print(f"{shipper.too_long} lines longer than {LINE_BYTES_MAX} bytes were left out", file=sys.stderr)
    if shipper.refused or left:
        raise SystemExit(f"{len(shipper.refused) + left} lines were not taken: {(shipper.refused or ['no answer'])[0]}")
    raise SystemExit(1 if shipper.too_long else 0)


if __name__ == "__main__":
    main()
