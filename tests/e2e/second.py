# SPDX-License-Identifier: Apache-2.0
"""A second instance of escalation beside the desk's own: partitions move to it when it comes, and back when it has gone."""
import itertools
import os
import signal
import socket
import subprocess

import requests

from desk import until

NUMBERS = itertools.count(2)
PARTITIONS = 12


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Second:
    def __init__(self, desk, build):
        self.desk, self.program, self.process = desk, build / "services" / "escalation" / "escalation", None
        self.name = f"second-{os.getpid()}-{next(NUMBERS)}"
        self.port = free_port()

    def start(self):
        pki, desk = self.desk.var / "pki" / "escalation", self.desk
        env = {name: value for name, value in os.environ.items() if not name.startswith("KAKEKOMI_")} | {
            "KAKEKOMI_KAFKA_BROKERS": desk.brokers, "KAKEKOMI_KAFKA_CERT_FILE": str(pki / "cert.pem"),
            "KAKEKOMI_KAFKA_KEY_FILE": str(pki / "key.pem"), "KAKEKOMI_KAFKA_CA_FILE": str(pki / "ca.pem"),
            "KAKEKOMI_ADMIN_ADDRESS": f"127.0.0.1:{self.port}", "KAKEKOMI_INSTANCE": self.name,
            "KAKEKOMI_STATE_DIR": str(desk.var / "state" / "escalation-second"),
            "KAKEKOMI_DESK_FILE": str(desk.var / "desk" / "profile.json"),
            "KAKEKOMI_ESCALATION_SECRET_FILE": str(pki / "secret"), "KAKEKOMI_SIGNING_KEY_FILE": str(pki / "sign.jwk"),
            "KAKEKOMI_DECRYPTION_KEY_FILE": str(pki / "decrypt.jwk")}
        with open(desk.var / "log" / "escalation-second.log", "ab") as log:
            self.process = subprocess.Popen([self.program], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def partitions(self):
        """How many are this one's by now, folded to their ends."""
        try:
            said = requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=3)
            return said.json().get("processor", {}).get("partitions", 0) if said.status_code == 200 else 0
        except requests.RequestException:
            return 0

    def wait_moved(self):
        until("partitions have moved to the second instance", lambda: self.partitions() > 0, 60)

    def end(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(60)
        return self.process and self.process.returncode

    def wait_moved_back(self):
        """A member that was told apart by its name keeps its place for ten seconds."""
        until("partitions have moved back", lambda: self.has_all(), 60)

    def has_all(self):
        try:
            return self.desk.readiness("escalation").get("processor", {}).get("partitions") == PARTITIONS
        except requests.RequestException:
            return False
