# SPDX-License-Identifier: Apache-2.0
"""Log lines reach triage by the ways that README and deploy/shippers offer: files by deploy/ship, syslog by a real rsyslog."""
import gzip
import os
import pathlib
import shutil
import socket
import subprocess
import uuid

from desk import ROOT, until

LINES = ["date=2026-11-24 time=15:00:00 logid=1 type=utm subtype=virus virus=Sample action=blocked srcip=192.168.1.33".encode(),
         "<134>Nov 24 15:00:00 gate-1 ウイルスを検知しました".encode("cp932"),
         b"<14>1 2026-11-24T06:00:00Z gate-1 app - - - tab\there \"quoted\" and \\ back"]


def customer():
    return "SHIP-" + uuid.uuid4().hex[:10].upper()


def shipped(desk, owner):
    return [record.value for record in desk.read("security-logs", case_id=owner)]


def ship(desk, *arguments, **more):
    return subprocess.run([ROOT / "deploy" / "ship", "--var", desk.var, *arguments], capture_output=True, text=True,
                          env={**os.environ, "KAKEKOMI_KAFKA_BROKERS": desk.brokers}, timeout=60, **more)


def test_files_are_sent_as_they_are(desk, tmp_path):
    owner = customer()
    plain, packed = tmp_path / "plain.log", tmp_path / "packed.log.gz"
    plain.write_bytes(b"\r\n".join(LINES[:2]) + b"\n\n")
    packed.write_bytes(gzip.compress(LINES[2]))
    done = ship(desk, plain, packed, "--customer", owner, "--kind", "utm", "--host", "gate-1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"3 lines of {owner} sent\n"
    records = desk.read("security-logs", case_id=owner)
    assert sorted(record.value for record in records) == sorted(LINES)
    assert all(record.headers == {"kind": "utm", "host": "gate-1"} for record in records)


def test_what_cannot_be_sent_is_said(desk, tmp_path):
    (tmp_path / "long.log").write_bytes(b"short\n" + b"x" * 1_100_000 + b"\n")
    owner = customer()
    done = ship(desk, tmp_path / "long.log", "--customer", owner)
    assert done.returncode == 1 and "1 lines longer than" in done.stderr
    assert shipped(desk, owner) == [b"short"]
    assert "expected 1 to 20 of A-Z" in ship(desk, tmp_path / "long.log", "--customer", "lower").stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rsyslog:
    """Debian's rsyslog with our configuration, in the foreground, on loopback."""
    def __init__(self, desk, owner, folder):
        self.port = free_port()
        self.env = {**os.environ, "SHIP_CUSTOMER": owner, "SHIP_BROKERS": desk.brokers, "SHIP_ADDRESS": "127.0.0.1",
                    "SHIP_PKI": str(pathlib.Path(desk.var / "pki" / "shipper").resolve()), "SHIP_PORT": str(self.port),
                    "SHIP_WORK": str(folder)}
        self.pid_file = folder / "rsyslog.pid"

    def __enter__(self):
        self.process = subprocess.Popen([shutil.which("rsyslogd", path="/usr/sbin:/usr/bin"), "-n", "-i", self.pid_file,
                                         "-f", ROOT / "deploy" / "shippers" / "rsyslog.conf"], env=self.env,
                                        stderr=subprocess.PIPE)
        until("rsyslog listens", self.listens, 20)
        return self

    def listens(self):
        assert self.process.poll() is None, self.process.stderr.read().decode()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stderr.close()


def test_syslog_goes_through_rsyslog_as_it_came(desk, tmp_path):
    owner = customer()
    with Rsyslog(desk, owner, tmp_path) as rsyslog:
        with socket.create_connection(("127.0.0.1", rsyslog.port)) as peer:
            peer.sendall(b"\n".join(LINES) + b"\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"<134>Nov 24 15:00:01 gate-2 by datagram", ("127.0.0.1", rsyslog.port))
        until("four lines in the topic", lambda: len(shipped(desk, owner)) >= 4, 30, 0.5)
    assert sorted(shipped(desk, owner)) == sorted([*LINES, b"<134>Nov 24 15:00:01 gate-2 by datagram"])


def test_what_was_shipped_is_found(desk, tmp_path):
    """From the file to the operator's screen."""
    from datetime import datetime, timedelta, timezone
    owner = customer()
    now = datetime.now(timezone(timedelta(hours=9)))
    line = f"date={now:%Y-%m-%d} time={now:%H:%M:%S} logid=1 type=utm subtype=virus virus=Sample action=blocked srcip=192.168.1.33"
    (tmp_path / "utm.log").write_text(line + "\n")
    assert ship(desk, tmp_path / "utm.log", "--customer", owner).returncode == 0
    case_id = desk.open_case("検知の確認", customer=owner)
    assert desk.extraction_done(case_id)["status"] == "found"
    assert line in desk.call("GET", f"/v1/cases/{case_id}/extract").json()["event.original"]
