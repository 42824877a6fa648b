# SPDX-License-Identifier: Apache-2.0
"""Two clients that share no code, the sample provider (Python, jwcrypto) and partner/java (Java, nimbus-jose-jwt): they open the same
hand-over byte for byte, refuse whatever was changed in it, and agree with the desk on the test vectors."""
import base64
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import pytest
from jwcrypto import jwk

from desk import READY, ROOT, SCALE, SEED, until
from partner import Partner, skip_to_end

CLIENTS = ["python", "java"]
JVM = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # short runs
PARTNER = ROOT / "services" / "escalation" / "partner"
VECTORS, JAVA = PARTNER / "vectors", PARTNER / "java"
SMALL = 8192  # a value of which every byte is flipped at full scale
SAMPLE = 60  # else as many of its bytes


class Client:
    """A client that opens saved records, a line each: one process for all of them."""

    def __init__(self, *words):
        self.words = list(map(str, words))

    def answers(self, keys, records):
        running = subprocess.Popen([*self.words, str(keys), "--records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def feed():
            with running.stdin:
                for record in records:
                    running.stdin.write(json.dumps({name: record[name] for name in ("offer", "key", "parts")}) + "\n")
        feeder = threading.Thread(target=feed)
        feeder.start()
        answers = [json.loads(line) for line in running.stdout]
        feeder.join()
        assert running.wait(60) == 0
        assert all(answer.keys() in ({"opened"}, {"refused"}) for answer in answers)
        return answers


@pytest.fixture(scope="session")
def jar():
    jar = JAVA / "target" / "provider.jar"
    sources = [JAVA / "pom.xml", *JAVA.glob("src/main/java/provider/*.java")]
    if not jar.exists() or jar.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        subprocess.run(["mvn", "-q", "-B", "package"], cwd=JAVA, check=True, timeout=600)
    return jar


@pytest.fixture(scope="session")
def clients(jar):
    return {"python": Client(sys.executable, ROOT / "deploy" / "demo" / "provider.py"), "java": Client(*JVM, "-jar", jar)}


# --- hand-overs of the desk -----------------------------------------------------------------------------


def searched(desk, case_id):
    triage = desk.case(case_id)["triage"]
    uploads = triage.get("uploads") or {}
    return uploads and all(u.get("status") == "stored" for u in uploads.values()) and triage["status"] in ("found", "none")


def handed_over(desk, partner, mark, photo=None):
    """A hand-over as it left, and the SHA-256 of the clear bytes as the desk knows them."""
    hearing = {**READY, "device": [{**READY["device"][0], "addresses": ["192.0.2.77"]}]}
    case_id = desk.open_case(f"二つの実装 {mark}", customer="CLIENTS-1", hearing=hearing)
    log = f"{int(time.time())}.000 812 192.0.2.77 TCP_TUNNEL/200 40219 CONNECT {mark}.example:8443 - HIER_DIRECT/198.51.100.24 -\n"
    desk.ok("PUT", f"/v1/cases/{case_id}/logs?filename=proxy.log&kind=proxy", raw=log.encode() * 3)
    files = [desk.ok("PUT", f"/v1/cases/{case_id}/files?filename=screen.png", raw=photo)["upload"]] if photo else []
    until("the log is searched", lambda: searched(desk, case_id))
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id, files=files)
    offer = partner.gets("offered", case_id)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    until("released", lambda: desk.state(case_id) == "released")
    values = {}
    for record in desk.read("escalations", case_id=case_id):
        values.setdefault(record.type, []).append(record.value.decode())
    want = {"extract.ndjson": desk.call("GET", f"/v1/cases/{case_id}/extract").content, **({"screen.png": photo} if photo else {})}
    return {"offer": values["escalation.offered"][0], "key": values["escalation.key"][0], "parts": values["escalation.part"],
            "want": {name: hashlib.sha256(data).hexdigest() for name, data in want.items()}}


@pytest.fixture(scope="module")
def handovers(desk):
    """Two small ones, and one with a file of two parts."""
    with Partner(desk) as partner:
        return [handed_over(desk, partner, "first"), handed_over(desk, partner, "second"),
                handed_over(desk, partner, "third", random.Random(SEED).randbytes(600_000))]


@pytest.fixture(scope="module")
def keys(desk):
    return desk.var / "pki" / "provider" / "jose"


def test_both_open_the_same_byte_for_byte(handovers, keys, clients):
    mine, theirs = (client.answers(keys, handovers) for client in clients.values())
    assert mine == theirs
    for answer, handover in zip(mine, handovers, strict=True):
        assert handover["want"].items() <= answer["opened"].items()
        assert set(answer["opened"]) == {"hearing.json", *handover["want"]}
    assert [len(handover["parts"]) for handover in handovers] == [3, 3, 5]


def flipped(text, at, mask):
    return text[:at] + chr(ord(text[at]) ^ mask) + text[at + 1:]


def flips(dice, text):
    """Every byte at full scale, else a sample; and every bit of what ends a piece, where base64url has bits that say nothing."""
    everything = SCALE >= 1 and len(text) <= SMALL
    for at in range(len(text)) if everything else sorted(dice.sample(range(len(text)), SAMPLE)):
        yield flipped(text, at, dice.randrange(1, 256))
    ends = [at - 1 for at in range(1, len(text)) if text[at] == "." and text[at - 1] != "."] + [len(text) - 1]
    yield from (flipped(text, at, 1 << bit) for at in ends for bit in range(8))


def with_part(handover, number, text):
    return {**handover, "parts": [*handover["parts"][:number], text, *handover["parts"][number + 1:]]}


def with_flips(dice, handover):
    for name in ("offer", "key"):
        yield from ({**handover, name: text} for text in flips(dice, handover[name]))
    for number, part in enumerate(handover["parts"]):
        yield from (with_part(handover, number, text) for text in flips(dice, part))


def with_flips_in_large_parts(dice, handover):
    for number, part in enumerate(handover["parts"]):
        yield from (with_part(handover, number, flipped(part, dice.randrange(len(part)), dice.randrange(1, 256)))
                    for _ in range(3 if len(part) > SMALL else 0))


def with_swaps(one, other):
    """Each part for the other's, parts exchanged, and whole values of the one among those of the other."""
    count = len(one["parts"])
    yield from (with_part(one, number, other["parts"][number]) for number in range(count))
    yield from (with_part(with_part(one, a, one["parts"][b]), b, one["parts"][a]) for a in range(count) for b in range(a))
    yield from ({**one, name: other[name]} for name in ("offer", "key", "parts"))
    yield from ({**other, name: one[name]} for name in ("offer", "key", "parts"))
    yield {**one, "offer": one["key"], "key": one["offer"]}
    yield {**one, "parts": one["parts"][:-1]}
    yield {**one, "parts": one["parts"] + other["parts"]}


def expect_all_refused(client, keys, records):
    records = list(records)
    answers = client.answers(keys, records)
    assert len(answers) == len(records)
    opened = [record for record, answer in zip(records, answers) if "refused" not in answer]
    assert opened == [], f"{len(opened)} of {len(records)} were opened (seed {SEED})"
    return len(records)


@pytest.mark.parametrize("name", CLIENTS)
def test_any_flipped_byte_is_refused(name, handovers, keys, clients):
    dice = random.Random(SEED)
    count = expect_all_refused(clients[name], keys, with_flips(dice, handovers[0]))
    count += expect_all_refused(clients[name], keys, with_flips_in_large_parts(dice, handovers[2]))
    assert count > 5 * SAMPLE
    print(f"{count} flipped, all refused by {name} (seed {SEED})")


@pytest.mark.parametrize("name", CLIENTS)
def test_swapped_parts_are_refused(name, handovers, keys, clients):
    expect_all_refused(clients[name], keys, with_swaps(handovers[0], handovers[1]))
    expect_all_refused(clients[name], keys, with_swaps(handovers[1], handovers[0]))


# --- reports --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIENTS)
def test_a_report_of_either_reaches_the_operator(name, desk, jar, tmp_path):
    """The client as a program, from the offer to the report; the desk gives out byte for byte what it says it took."""
    case_id = desk.open_case(f"報告まで {name}", customer="CLIENTS-1", hearing=READY)
    desk.extraction_done(case_id)
    document = desk.desk_facts()["consent_documents"][0]
    desk.consent(case_id, scopes=sorted({*document["scopes"], "report"} - {"authorities"}))
    desk.intention(case_id)
    group = "provider-clients-" + uuid.uuid4().hex
    skip_to_end(desk, group)
    own = ["--group", group, "--state", tmp_path / "offers", "--out", tmp_path / "opened", "--seconds", 120]
    pki = desk.var / "pki" / "provider"
    words = [sys.executable, ROOT / "deploy/demo/provider.py", desk.var, *own, "--report", ROOT / "LICENSE"] if name == "python" else [
        *JVM, "-jar", jar, pki, *own, "--report"]
    handover = desk.request_handover(case_id)["event"]
    running = subprocess.Popen(list(map(str, words)), env={**os.environ, **desk.env}, stdout=subprocess.DEVNULL)
    try:
        until("the report", lambda: desk.state(case_id) == "reported", 60)
    finally:
        running.kill()
        running.wait()
    report = until("the report is told", lambda: desk.ok("GET", f"/v1/cases/{case_id}/report")["reports"])[0]
    assert report["handover"] == handover
    items = {item["name"]: desk.call("GET", f"/v1/cases/{case_id}/report?report={report['report']}&item={number}").content
             for number, item in enumerate(report["items"])}
    for item in report["items"]:
        assert hashlib.sha256(items[item["name"]]).hexdigest() == item["sha256"] and len(items[item["name"]]) == item["length"]
    assert json.loads(items["report.json"])["findings"] == report["findings"] and report["findings"]
    if name == "python":
        assert items["LICENSE"] == (ROOT / "LICENSE").read_bytes() and items["report.pdf"].startswith(b"%PDF-")


# --- test vectors ---------------------------------------------------------------------------------------


def vector(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", CLIENTS)
def test_the_clients_agree_with_the_vectors(name, clients):
    good = vector("handover")
    assert clients[name].answers(VECTORS / "keys", [good]) == [{"opened": {item["name"]: item["sha256"] for item in good["items"]}}]
    bad = vector("refused")
    answers = clients[name].answers(VECTORS / "keys", [{**good, **one} for one in bad])
    assert [one["why"] for one, answer in zip(bad, answers, strict=True) if "refused" not in answer] == []


@pytest.mark.parametrize("name", CLIENTS)
def test_what_was_sealed_before_a_rotation_is_opened_after_it(name, clients, tmp_path):
    """The provider has a new key of its own, the desk a second one that signs; what is under the old ones stays open."""
    shutil.copytree(VECTORS / "keys", tmp_path / "keys")
    (tmp_path / "keys" / "decrypt.jwk").rename(tmp_path / "keys" / "decrypt-old.jwk")
    for kid, use, file in (("new-decrypt", "enc", "decrypt.jwk"), ("desk-new", "sig", None)):
        made = jwk.JWK.generate(kty="EC", crv="P-256", kid=kid, use=use)
        if file:
            (tmp_path / "keys" / file).write_text(made.export_private())
        else:
            desk = json.loads((tmp_path / "keys" / "desk-jwks.json").read_text())
            desk["keys"].insert(0, json.loads(made.export_public()))
            (tmp_path / "keys" / "desk-jwks.json").write_text(json.dumps(desk))
    assert [answer.keys() for answer in clients[name].answers(tmp_path / "keys", [vector("handover")])] == [{"opened"}]


def test_the_vectors_say_what_is_in_them():
    for item in vector("handover")["items"] + vector("report")["items"]:
        assert hashlib.sha256(base64.b64decode(item["clear"])).hexdigest() == item["sha256"]
    for word in [*vector("words"), *vector("replies")]:
        text = word["value"].split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == word["payload"]


# --- conformance ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A broker as a partner would have one for tests: no desk, no topics yet. The folder and the port."""
    folder = tmp_path_factory.mktemp("broker")
    offset = free_offset()
    for words in (["pki/make", folder], ["pki/jose", folder], ["kafka/start", folder, offset]):
        program = ROOT / "deploy" / words[0]
        subprocess.run([*([sys.executable] if words[0] == "pki/jose" else []), program, *map(str, words[1:])], check=True, timeout=180)
    yield folder, 9092 + offset
    os.kill(int((folder / "run" / "kafka.pid").read_text()), signal.SIGTERM)


def free_offset():
    def free(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0
    # beyond what tests/own-desk takes, below the ports that connections get by themselves
    return next(offset for offset in random.sample(range(20100, 23500, 100), 34) if all(free(9092 + offset + n) for n in range(3)))


def provider_folder(broker, folder):
    """What the client is configured with: a certificate that this broker takes, its keys, and the desk's that the test makes."""
    pki = folder / "pki" / "provider"
    shutil.copytree(broker / "pki" / "provider" / "jose", pki / "jose")
    for name in ("cert", "key", "ca"):
        shutil.copy(broker / "pki" / "admin" / f"{name}.pem", pki)
    return pki


def client_command(name, jar, folder, pki):
    group = "provider-" + uuid.uuid4().hex
    own = ["--group", group, "--state", folder / "offers", "--out", folder / "opened", "--seconds", 900, "--report"]
    if name == "python":
        return [sys.executable, ROOT / "deploy" / "demo" / "provider.py", folder, *own]
    return [*JVM, "-jar", jar, pki, *own]


def conformance(broker, folder, pki, *more):
    place, port = broker
    admin = place / "pki" / "admin"
    (folder / "opened").mkdir(exist_ok=True)
    words = [sys.executable, PARTNER / "conformance", "--brokers", f"127.0.0.1:{port}", "--cert", admin / "cert.pem", "--key",
             admin / "key.pem", "--ca", admin / "ca.pem", "--desk", folder / "desk", "--provider-jwks", pki / "jose" / "provider-jwks.json",
             "--opened", folder / "opened", "--reports", "--seconds", "120", *more]  # on a busy machine a JVM takes a minute to start
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=900,
                          env={**os.environ, "KAKEKOMI_PROVIDER_BROKERS": f"127.0.0.1:{port}"})


@pytest.mark.parametrize("name", CLIENTS)
def test_our_clients_conform(name, broker, jar, tmp_path):
    pki = provider_folder(broker[0], tmp_path)
    first = conformance(broker, tmp_path, pki)
    assert first.returncode == 3 and "desk-jwks.json" in first.stdout, first.stdout + first.stderr
    shutil.copy(tmp_path / "desk" / "desk-jwks.json", pki / "jose")
    done = conformance(broker, tmp_path, pki, "--", *client_command(name, jar, tmp_path, pki))
    print(done.stdout, done.stderr)
    assert done.returncode == 0 and " 0 failed, 0 skipped" in done.stdout, done.stdout + done.stderr
