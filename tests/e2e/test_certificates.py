# SPDX-License-Identifier: Apache-2.0
"""Certificates that must not be taken: a clear line in the log, the documented exit code, and nothing sent."""
import concurrent.futures
import datetime
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import threading

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


class Authority:
    """Signs what is asked for, also what must not be; of the desk when it is given its folder."""

    def __init__(self, folder=None):
        if folder:
            self.key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
            self.certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody else's authority")])
            self.certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
                                .serial_number(x509.random_serial_number()).not_valid_before(NOW - 30 * DAY).not_valid_after(NOW + 30 * DAY)
                                .add_extension(x509.BasicConstraints(True, None), True)
                                .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                                .sign(self.key, hashes.SHA256()))

    def issue(self, folder, name, begins=NOW - DAY, ends=NOW + DAY, names=("127.0.0.1",)):
        """A folder as those under var/pki."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        made = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
                .issuer_name(self.certificate.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(begins).not_valid_after(ends)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        if alternatives:
            made = made.add_extension(x509.SubjectAlternativeName(alternatives), False)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cert.pem").write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                           serialization.NoEncryption()))
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return folder


EXPIRED, NOT_YET = {"begins": NOW - 30 * DAY, "ends": NOW - DAY}, {"begins": NOW + DAY, "ends": NOW + 30 * DAY}


@pytest.fixture(scope="module")
def desk_ca(desk):
    return Authority(desk.var / "pki" / "ca")


WRITTEN = ("escalations", "provider-events", "escalation-status", "reports", "dead-letters")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(desk, build, tmp_path, brokers=None, **files):
    """Another escalation, started with these files; until it ends: exit code, and its log lines."""
    own, pki = desk.var / "pki" / "escalation", desk.var / "pki"
    env = {"PATH": os.environ["PATH"], "KAKEKOMI_KAFKA_BROKERS": brokers or desk.brokers, "KAKEKOMI_STATE_DIR": tmp_path / "state",
           "KAKEKOMI_KAFKA_CERT_FILE": own / "cert.pem", "KAKEKOMI_KAFKA_KEY_FILE": own / "key.pem", "KAKEKOMI_KAFKA_CA_FILE": own / "ca.pem",
           "KAKEKOMI_ADMIN_ADDRESS": f"127.0.0.1:{free_port()}", "KAKEKOMI_DESK_FILE": desk.var / "desk" / "profile.json",
           "KAKEKOMI_ESCALATION_SECRET_FILE": pki / "escalation/secret", "KAKEKOMI_SIGNING_KEY_FILE": pki / "escalation/sign.jwk",
           "KAKEKOMI_DECRYPTION_KEY_FILE": pki / "escalation/decrypt.jwk", "KAKEKOMI_INSTANCE": "certificate-test",
           **{f"KAKEKOMI_KAFKA_{name.upper()}_FILE": path for name, path in files.items()}}
    done = subprocess.run([build / "services/escalation/escalation"], env=env, text=True, capture_output=True, timeout=120)
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    assert lines and not any(line["event"] == "service.started" for line in lines)
    return done.returncode, lines


def nothing_was_sent(desk, before):
    for topic, ends in before.items():
        assert desk.ends(topic) == ends, topic


@pytest.fixture
def sent(desk):
    """What stood in the topics that escalation writes, before."""
    desk.wait_idle()
    return {topic: desk.ends(topic) for topic in WRITTEN}


@pytest.mark.parametrize("dates, says", [(EXPIRED, "the certificate expired at"), (NOT_YET, "the certificate is not valid before")],
                         ids=["expired", "not yet valid"])
def test_a_service_with_a_certificate_out_of_its_time_says_so_and_does_not_start(desk, build, desk_ca, sent, tmp_path, dates, says):
    own = desk_ca.issue(tmp_path / "escalation", "escalation", **dates)
    code, lines = started(desk, build, tmp_path, cert=own / "cert.pem", key=own / "key.pem")
    assert code == 100 and [line["event"] for line in lines] == ["config.refused"]
    day = (dates["ends"] if dates is EXPIRED else dates["begins"]).strftime("%Y-%m-%dT")
    assert all(word in lines[0]["why"] for word in ("KAKEKOMI_KAFKA_CERT_FILE", str(own / "cert.pem")[:100], says, day))
    checked = subprocess.run([build / "services/escalation/escalation", "--check"], text=True, capture_output=True, env={
        "KAKEKOMI_KAFKA_BROKERS": desk.brokers, "KAKEKOMI_KAFKA_CERT_FILE": str(own / "cert.pem")})
    assert checked.returncode == 100 and says in checked.stderr
    nothing_was_sent(desk, sent)


def test_an_authority_that_has_expired_is_named(desk, build, desk_ca, tmp_path):
    old = desk_ca.issue(tmp_path / "old", "old", **EXPIRED)
    code, lines = started(desk, build, tmp_path, ca=old / "cert.pem")
    assert code == 100 and "KAKEKOMI_KAFKA_CA_FILE" in lines[0]["why"] and "expired" in lines[0]["why"]


def test_a_file_that_is_no_certificate_is_named(desk, build, tmp_path):
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n")
    code, lines = started(desk, build, tmp_path, cert=tmp_path / "cert.pem")
    assert code == 100 and "KAKEKOMI_KAFKA_CERT_FILE" in lines[0]["why"] and "expected a certificate, PEM" in lines[0]["why"]


def test_the_key_of_another_certificate(desk, build, desk_ca, sent, tmp_path):
    own, other = (desk_ca.issue(tmp_path / name, "escalation") for name in ("own", "other"))
    code, lines = started(desk, build, tmp_path, cert=own / "cert.pem", key=other / "key.pem")
    assert code == 111 and lines[-1]["event"] == "service.start_failed" and "ssl.key.location" in lines[-1]["why"], lines[-1]
    nothing_was_sent(desk, sent)


# --- the broker's side ----------------------------------------------------------------------------------------------------
class Impostor(threading.Thread):
    """Something on a port that shows this certificate and notes whether anybody said a word to it."""

    def __init__(self, pki, ca):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki / "cert.pem", pki / "key.pem")
        self.context.load_verify_locations(ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections, self.heard = 0, b""
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            peer.settimeout(5)
            try:
                with self.context.wrap_socket(peer, server_side=True) as secured:
                    self.heard += secured.recv(1000)
            except OSError:
                pass


BROKERS = {
    "expired": ({"authority": "desk", **EXPIRED}, "expired"), "not yet valid": ({"authority": "desk", **NOT_YET}, "not yet valid"),
    "another authority": ({"authority": "other"}, "issuer certificate"),
    "another name": ({"authority": "desk", "names": ("192.0.2.1", "kafka.example")}, "mismatch"),
    "no name": ({"authority": "desk", "names": ()}, "mismatch")}


@pytest.fixture(scope="module")
def refusals(desk, build, desk_ca, tmp_path_factory):
    """Each way of not being believed, all at once, because a service gives a broker twenty seconds: name → exit code, log, impostor."""
    def with_own(authority, name):
        folder = tmp_path_factory.mktemp("own")
        own = authority.issue(folder / name, name)
        return (*started(desk, build, folder, cert=own / "cert.pem", key=own / "key.pem"), None)

    def with_broker(what):
        folder = tmp_path_factory.mktemp("broker")
        authority = {"desk": desk_ca, "other": Authority()}[what["authority"]]
        shown = authority.issue(folder / "broker", "broker", **{name: value for name, value in what.items() if name != "authority"})
        impostor = Impostor(shown, desk.var / "pki" / "ca" / "cert.pem")
        found = started(desk, build, folder, brokers=impostor.address)
        impostor.listener.close()
        return (*found, impostor)

    desk.wait_idle()
    before = {topic: desk.ends(topic) for topic in WRITTEN}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = {name: pool.submit(with_broker, what) for name, (what, _) in BROKERS.items()}
        running |= {"own of another authority": pool.submit(with_own, Authority(), "escalation"), "own of nobody": pool.submit(with_own, desk_ca, "nobody")}
        outcomes = {name: future.result() for name, future in running.items()}
    nothing_was_sent(desk, before)
    return outcomes


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_that_cannot_be_believed_hears_nothing(refusals, name):
    code, lines, impostor = refusals[name]
    assert code == 111 and lines[-1]["event"] == "service.start_failed"
    assert "KAKEKOMI_KAFKA_{CERT,KEY,CA}_FILE" in lines[-1]["why"] and BROKERS[name][1] in lines[-1]["why"], lines[-1]
    assert impostor.connections > 0 and impostor.heard == b"", "something was said to it"


def test_a_certificate_of_another_authority_is_refused_by_the_broker_and_the_log_says_which_files(refusals):
    code, lines, _ = refusals["own of another authority"]
    assert code == 111 and lines[-1]["event"] == "service.start_failed"
    assert "KAKEKOMI_KAFKA_{CERT,KEY,CA}_FILE" in lines[-1]["why"] and "SSL" in lines[-1]["why"], lines[-1]


def test_a_certificate_of_nobody_may_do_nothing(refusals):
    """Signed by the desk's authority, and in no line of the table."""
    code, lines, _ = refusals["own of nobody"]
    assert code == 111 and "not to be seen by this principal" in lines[-1]["why"], lines[-1]


# --- the provider -----------------------------------------------------------------------------------------------------------
def asks(desk, pki, brokers=None):
    return AdminClient({"bootstrap.servers": brokers or desk.env["KAKEKOMI_PROVIDER_BROKERS"], "security.protocol": "ssl",
                        "ssl.certificate.location": str(pki / "cert.pem"), "ssl.key.location": str(pki / "key.pem"),
                        "ssl.ca.location": str(desk.var / "pki" / "ca" / "cert.pem"), "log_level": 0}).list_topics(timeout=4).topics


@pytest.mark.parametrize("kind", ["expired", "not yet valid", "another authority", "the desk's authority"])
def test_the_providers_listener_takes_its_own_authority_in_its_time_only(desk, desk_ca, tmp_path, kind):
    provider_ca = Authority(desk.var / "pki" / "provider-ca")
    authority, dates = {"expired": (provider_ca, EXPIRED), "not yet valid": (provider_ca, NOT_YET), "another authority": (Authority(), {}),
                        "the desk's authority": (desk_ca, {})}[kind]
    assert asks(desk, provider_ca.issue(tmp_path / "good", "provider"))
    with pytest.raises(KafkaException):
        asks(desk, authority.issue(tmp_path / "bad", "provider", **dates))


@pytest.mark.parametrize("name", ["provider", "admin", "escalation", "broker"])
def test_whatever_its_certificate_calls_it_the_provider_is_the_provider(desk, tmp_path, name):
    own = Authority(desk.var / "pki" / "provider-ca").issue(tmp_path / "own", name)
    assert {topic for topic, found in asks(desk, own).items() if found.partitions} == {"kakekomi.escalations", "kakekomi.provider-replies"}
    with pytest.raises(KafkaException):
        asks(desk, own, desk.brokers)
