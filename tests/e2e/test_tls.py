# SPDX-License-Identifier: Apache-2.0
"""The REST API over TLS of its own: a whole call through it, what is refused, and a certificate renewed under open connections."""
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import urllib.parse

import pytest
import requests

from desk import until
from test_certificates import EXPIRED, Authority

CASE = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": "暗号化された通信で受けた相談"}}


def trusting(authority):
    client = requests.Session()
    client.verify, client.trust_env = str(authority), False  # the environment's own authorities would go before ours
    return client


class Secure:
    """The same intake, started again with a certificate of the desk's authority."""

    def __init__(self, desk, folder):
        self.desk, self.folder, self.authority = desk, folder, Authority(desk.var / "pki" / "ca")
        self.authority.issue(folder, "intake", names=("127.0.0.1", "localhost"))
        self.url = desk.url.replace("http://", "https://")
        self.address = (urllib.parse.urlsplit(self.url).hostname, urllib.parse.urlsplit(self.url).port)
        self.client = trusting(folder / "ca.pem")

    def start(self):
        self.desk.restart_with("intake", KAKEKOMI_HTTP_CERT_FILE=self.folder / "cert.pem", KAKEKOMI_HTTP_KEY_FILE=self.folder / "key.pem")
        until("intake ready over TLS", self.is_ready, 90)

    def is_ready(self):
        try:
            return self.client.get(self.url + "/readyz", timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def call(self, method, path, **more):
        headers = {"Authorization": "Bearer " + self.desk.env["KAKEKOMI_TOKEN"], **more.pop("headers", {})}
        return self.client.request(method, self.url + path, headers=headers, timeout=60, **more)

    def context(self, **more):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        for name, value in more.items():
            setattr(context, name, value)
        return context

    def connect(self, **more):
        return self.context(**more).wrap_socket(socket.create_connection(self.address, timeout=30), server_hostname=self.address[0])

    def serial(self):
        """The number of the certificate that a new connection is shown."""
        with self.connect() as connection:
            return connection.getpeercert()["serialNumber"]

    def reload(self):
        os.kill(self.desk.pid("intake"), signal.SIGHUP)

    def said(self, event):
        log = (self.desk.var / "log" / "intake.log").read_text(errors="replace")
        return [json.loads(line) for line in log.splitlines() if f'"event":"{event}"' in line]


@pytest.fixture(scope="module")
def secure(desk, tmp_path_factory):
    own = Secure(desk, tmp_path_factory.mktemp("tls"))
    try:
        own.start()
        yield own
    finally:
        desk.restart_with("intake")
        desk.wait_ready("intake")


@pytest.fixture(autouse=True)
def everything_still_runs(secure):
    """Of conftest.py, for a desk that speaks TLS."""
    before = secure.desk.exits("intake")
    yield
    assert secure.desk.exits("intake") == before


def test_a_call_from_sign_in_to_live_events(secure, desk):
    browser = trusting(secure.folder / "ca.pem")
    answer = browser.post(secure.url + "/v1/sessions", timeout=30, json={
        "operator": "operator-1", "password": desk.env["KAKEKOMI_OPERATOR_PASSWORD"]})
    assert answer.status_code == 201
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-kakekomi=") and "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
    events = browser.get(secure.url + "/v1/events", stream=True, timeout=60)
    lines = events.iter_lines()
    opened = browser.post(secure.url + "/v1/cases", json=CASE, timeout=30)
    assert opened.status_code == 201
    case = opened.json()["id"]
    assert any(case.encode() in line for line in lines), "the event came while the stream rested in between"
    events.close()
    assert browser.get(f"{secure.url}/v1/cases/{case}", timeout=30).json()["hearing"]["incident"] == CASE["incident"]
    assert browser.delete(secure.url + "/v1/sessions/current", timeout=30).status_code == 204


def test_an_upload_and_a_large_answer_come_whole(secure):
    case = secure.call("POST", "/v1/cases", json={**CASE, "customer_id": "TLS-1"}).json()["id"]
    body = os.urandom(24 * 1024 * 1024)
    for pieces in (body, (body[at:at + 100_000] for at in range(0, len(body), 100_000))):  # with a length, and in chunks
        answer = secure.call("PUT", f"/v1/cases/{case}/files?filename=copy.bin", data=pieces)
        assert answer.status_code == 201 and answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
    sheet = secure.call("GET", "/v1/playbooks", headers={"Accept-Encoding": "identity"})
    assert len(sheet.content) > 32 * 1024 and sheet.json()  # more than a connection's pool


def test_a_body_that_is_too_large_is_told_so_before_the_connection_ends(secure):
    with secure.connect() as connection:
        connection.sendall(b"POST /v1/cases HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n" % secure.desk.env["KAKEKOMI_TOKEN"].encode())
        try:
            for _ in range(400):
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except OSError:
            pass  # cut while it was still talking
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413 and json.loads(answer.read())["code"] == "too_large"


def test_many_at_once_each_get_their_own_answer(secure):
    connections = [secure.connect() for _ in range(60)]
    for number, connection in enumerate(connections):
        connection.sendall(b"GET /v1/cases/%d HTTP/1.1\r\nHost: desk\r\n\r\n" % number)
    for connection in connections:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 401 and answer.read()
        connection.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_whoever_does_not_speak_tls_or_only_an_old_one_gets_nothing(secure):
    with socket.create_connection(secure.address, timeout=30) as plain:
        plain.sendall(b"GET /readyz HTTP/1.1\r\nHost: desk\r\n\r\n")
        heard = plain.recv(1000)
        assert b"HTTP/" not in heard  # at most an alert of TLS
    with pytest.raises(ssl.SSLError):
        secure.connect(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with secure.connect(minimum_version=version, maximum_version=version) as connection:
            name, _, bits = connection.cipher()
            assert bits >= 128 and ("ECDHE" in name or "DHE" in name or name.startswith("TLS_")), name


def test_a_handshake_that_is_never_finished_is_ended_and_holds_nobody(secure):
    silent = [socket.create_connection(secure.address, timeout=60) for _ in range(20)]
    for connection in silent:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
    assert secure.call("GET", "/v1/me").status_code == 200
    for connection in silent:
        assert connection.recv(100) == b""  # ended by intake, within the time for a request
        connection.close()


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_wrong_one_is_not_taken(secure, tmp_path):
    first, renewed = secure.serial(), len(secure.said("certificate.renewed"))
    held = secure.connect()  # from before the renewal
    secure.authority.issue(secure.folder, "intake", names=("127.0.0.1",))
    secure.reload()
    until("the new one is shown", lambda: secure.serial() != first, 10)
    assert len(secure.said("certificate.renewed")) == renewed + 1
    held.sendall(b"GET /livez HTTP/1.1\r\nHost: desk\r\n\r\n")
    assert held.recv(1000).startswith(b"HTTP/1.1 200")
    held.close()
    second, good = secure.serial(), (secure.folder / "key.pem").read_bytes()
    other = secure.authority.issue(tmp_path / "other", "intake")
    (secure.folder / "key.pem").write_bytes((other / "key.pem").read_bytes())
    secure.reload()
    until("it was refused", lambda: secure.said("certificate.refused"), 10)
    assert "is not that of the certificate" in secure.said("certificate.refused")[-1]["why"]
    (secure.folder / "key.pem").write_bytes(good)
    assert secure.serial() == second


@pytest.mark.parametrize("what", ["no key", "no certificate", "another's key", "expired", "no key at all", "chain out of order"])
def test_a_start_with_files_that_do_not_fit_says_which(secure, build, tmp_path, what):
    good = secure.authority.issue(tmp_path / "good", "intake")
    files = {"CERT": good / "cert.pem", "KEY": good / "key.pem"}
    says = {"no key": "KAKEKOMI_HTTP_KEY_FILE: must be set", "no certificate": "KAKEKOMI_HTTP_CERT_FILE: must be set",
            "another's key": "this key is not that of the certificate", "expired": "KAKEKOMI_HTTP_CERT_FILE: ",
            "no key at all": "expected a private key", "chain out of order": "each by the next"}[what]
    if what in ("no key", "no certificate"):
        del files["KEY" if what == "no key" else "CERT"]
    elif what == "another's key":
        files["KEY"] = secure.authority.issue(tmp_path / "other", "intake") / "key.pem"
    elif what == "expired":
        files["CERT"] = secure.authority.issue(tmp_path / "old", "intake", **EXPIRED) / "cert.pem"
    elif what == "no key at all":
        files["KEY"] = good / "cert.pem"
    else:
        stranger = Authority().issue(tmp_path / "stranger", "intake")
        files["CERT"].write_bytes(files["CERT"].read_bytes() + (stranger / "cert.pem").read_bytes())
    environ = pathlib.Path(f"/proc/{secure.desk.pid('intake')}/environ").read_bytes().decode().split("\0")
    env = {**dict(entry.split("=", 1) for entry in environ if "=" in entry and "KAKEKOMI_HTTP_" not in entry),
           **{f"KAKEKOMI_HTTP_{name}_FILE": str(path) for name, path in files.items()}}
    done = subprocess.run([build / "services/intake/intake", "--check"], env=env, text=True, capture_output=True, timeout=60)
    assert done.returncode == 100 and says in done.stdout + done.stderr
