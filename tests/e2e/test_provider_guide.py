# SPDX-License-Identifier: Apache-2.0
"""What the partner's engineers are given is true: the program in PROVIDER.md works as it stands there, and every word on the topics
is what schemas/ and asyncapi.yaml say."""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import uuid

import jsonschema
import pytest
import yaml
from jwcrypto import jwe, jwk

from desk import READY, ROOT, until
from partner import Partner, skip_to_end
import report  # noqa: E402  (deploy/demo, by partner's path)

GUIDE = ROOT / "services" / "escalation"


def schema(name):
    loaded = json.loads((GUIDE / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded, format_checker=jsonschema.FormatChecker())


def ready_case(desk):
    case_id = desk.open_case("案内どおりに", customer="GUIDE-1", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id, scopes=["desk", "provision", "report"])
    desk.intention(case_id)
    return case_id


def test_the_program_of_the_guide_works(desk, tmp_path):
    code = re.search(r"```python\n(.*?)```", (GUIDE / "PROVIDER.md").read_text(), re.S).group(1)
    program, group = tmp_path / "example.py", "provider-guide-" + uuid.uuid4().hex
    program.write_text(code)
    skip_to_end(desk, group)
    case_id = ready_case(desk)
    handover = desk.request_handover(case_id)["event"]
    pki = desk.var / "pki" / "provider"
    env = {**os.environ, **desk.env, "PKI": str(pki.resolve()), "GROUP": group}
    with open(tmp_path / "out", "w+") as out:
        running = subprocess.Popen([sys.executable, "-u", program], env=env, stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path)
        try:
            until("the program opened it", lambda: f"{handover} extract.ndjson" in (tmp_path / "out").read_text(), 40)
            until("the program's report", lambda: desk.state(case_id) == "reported", 40)
        finally:
            running.kill()
            running.wait()
    extract = hashlib.sha256(desk.call("GET", f"/v1/cases/{case_id}/extract").content).hexdigest()
    assert extract in (tmp_path / "out").read_text()
    told = until("the report is told", lambda: desk.ok("GET", f"/v1/cases/{case_id}/report")["reports"])
    assert [report_["findings"] for report_ in told] == [["確認しました / looked at"]]


def shell_of(heading):
    """The shell lines below a heading of the guide, a block each."""
    section = (GUIDE / "PROVIDER.md").read_text().split(heading, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


def test_the_first_fifteen_minutes_are_as_the_guide_has_them(desk, tmp_path):
    """Every shell line of it, in order: request, keys, connection, client. Only the virtual environment is the one of the tests."""
    request, keys, connection, client = shell_of("## From certificate to first opened case")
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "venv/bin/python").chmod(0o755)
    for name in ("provider.py", "report.py"):  # alone, as a partner has them
        shutil.copy(ROOT / "deploy/demo" / name, tmp_path)
    env = {**os.environ, **desk.env, "BROKER": desk.env["KAKEKOMI_PROVIDER_BROKERS"]}

    def run(block):
        return subprocess.run(["bash", "-euc", block], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=True).stdout
    run(request)
    assert "CN=provider" in run("openssl req -in provider.csr -noout -subject -verify").replace(" ", "")
    environment, _, making = keys.partition("\n")
    assert environment == "python3 -m venv venv && venv/bin/pip install confluent-kafka jwcrypto"
    run(making)
    public = json.loads((tmp_path / "jose/provider-jwks.json").read_text())["keys"]
    assert [key["use"] for key in public] == ["sig", "enc"] and not any("d" in key for key in public)
    # What the desk would send back, and the keys that it knows.
    pki = desk.var / "pki" / "provider"
    for name in ("cert.pem", "key.pem", "ca.pem"):
        shutil.copy(pki / name, tmp_path)
    shutil.copytree(pki / "jose", tmp_path / "jose", dirs_exist_ok=True)
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    until("offered", lambda: desk.state(case_id) == "offered")
    seen = run(connection)
    assert 'topic "kakekomi.escalations" with 12 partitions' in seen and 'topic "kakekomi.provider-replies"' in seen
    assert f"{case_id} ce_specversion=1.0" in seen and "ce_type=kakekomi.escalation.offered" in seen
    offer = next(record for record in desk.read("escalations", case_id=case_id) if record.type == "escalation.offered")
    look, = shell_of("## 1. The offer")
    assert json.loads(run(f"PARTITION={offer.partition} OFFSET={offer.offset}\n{look}")) == offer.data_of_jws()
    group = "provider-first-" + uuid.uuid4().hex
    skip_to_end(desk, group)
    running = subprocess.Popen(["bash", "-euc", client.replace("provider-first", group).replace("KAKEKOMI_PROVIDER_BROKERS=$BROKER ", "")
                                .replace("venv/bin/python", "exec venv/bin/python")], cwd=tmp_path, env=env)
    try:
        case_id = ready_case(desk)
        handover = desk.request_handover(case_id)["event"]
        until("opened and reported", lambda: desk.state(case_id) == "reported", 60)
    finally:
        running.kill()
        running.wait()
    assert (tmp_path / "opened" / handover / "manifest.json").exists()


def messages():
    """name of a message → (schema of its headers or None, schema of its payload), as asyncapi.yaml has it."""
    document = yaml.safe_load((GUIDE / "asyncapi.yaml").read_text())
    traits = document["components"]["messageTraits"]

    def headers(message):
        found = [traits[trait["$ref"].rsplit("/", 1)[1]] for trait in message.get("traits", [])]
        return next((jsonschema.Draft202012Validator(trait["headers"]) for trait in found if "headers" in trait), None)

    def payload(message):
        reference = message["payload"].get("$ref")
        return schema(pathlib.PurePath(reference).stem) if reference else jsonschema.Draft202012Validator(message["payload"])
    return {message["name"]: (headers(message), payload(message)) for message in document["components"]["messages"].values()}


def expect_as_described(record, known):
    headers, payload = known[record.headers["ce_type"]]
    if headers:
        headers.validate(record.headers)
    payload.validate(record.data_of_jws() if record.value.count(b".") == 2 else record.value.decode())


def opened_report(desk, delivered, parts):
    """What the desk finds in a report: the clear parts, by its own private key."""
    key, clear = jwk.JWK.from_json((desk.var / "pki/escalation/decrypt.jwk").read_text()), []
    for number, part in enumerate(delivered["parts"]):
        value = parts[part["partition"], part["offset"]]
        assert (part["part"], part["size"], part["sha256"]) == (number, len(value), hashlib.sha256(value).hexdigest())
        sealed = jwe.JWE()
        sealed.allowed_algs = ["ECDH-ES+A256KW", "A256GCM"]
        sealed.deserialize(value.decode(), key=key)
        own = {name: sealed.jose_header[name] for name in ("alg", "enc", "kid", "handover", "part", "of")}
        assert own == {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key["kid"], "handover": delivered["handover"], "part": number,
                       "of": len(delivered["parts"])}
        clear.append(sealed.payload)
    return clear


def test_every_word_is_what_the_schemas_say(desk):
    """A run with everything in it: offer, acceptance, key, report, supplement, recall, deletion; a decline and a deletion of its own accord."""
    attachment = random.Random(1).randbytes(600_000)
    with Partner(desk) as partner:
        case_id, other_id = ready_case(desk), ready_case(desk)
        desk.request_handover(other_id)
        partner.provider.reply("escalation.declined", partner.gets("offered", other_id), reason="対応できる者がいません")
        desk.request_handover(case_id)
        offer = partner.gets("offered", case_id)
        partner.provider.reply("escalation.accepted", offer)
        content = partner.provider.open(offer, partner.gets("key", case_id))
        until("released", lambda: desk.state(case_id) == "released")
        document, files = report.write(offer, content)
        partner.provider.report(offer, document, {**files, "disk.img": ("application/octet-stream", attachment), "empty.txt": ("text/plain", b"")})
        desk.request_handover(case_id)
        partner.gets("supplemented", case_id)
        partner.gets("key", case_id, 2)
        desk.withdraw(case_id)
        partner.gets("recalled", case_id)
        partner.provider.reply("escalation.deleted", offer)
    known, seen = messages(), set()
    replies = [record for id_ in (case_id, other_id) for record in desk.read("provider-replies", case_id=id_)]
    for record in [record for id_ in (case_id, other_id) for record in desk.read("escalations", case_id=id_)] + replies:
        expect_as_described(record, known)
        seen.add(record.headers["ce_type"])
    assert seen == set(known)
    schema("manifest").validate(content["manifest"])
    delivered = next(r.data_of_jws() for r in replies if r.type == "report.delivered")
    clear = opened_report(desk, delivered, {(r.partition, r.offset): r.value for r in replies if r.type == "report.part"})
    manifest = json.loads(clear[0])
    schema("report-manifest").validate(manifest)
    items = {item["name"]: b"".join(clear[item["first_part"]:item["first_part"] + item["parts"]]) for item in manifest["items"]}
    schema("report").validate(json.loads(items["report.json"]))
    assert json.loads(items["report.json"]) == document and items["disk.img"] == attachment
    assert items["report.pdf"].startswith(b"%PDF-1.4") and [item["parts"] for item in manifest["items"]] == [1, 1, 2, 0]
    for item in manifest["items"]:
        assert hashlib.sha256(items[item["name"]]).hexdigest() == item["sha256"]
    shown = subprocess.run(["pdftotext", "-", "-"], input=items["report.pdf"], capture_output=True, check=True)
    assert "見本製作所" in shown.stdout.decode() and not shown.stderr


def test_asyncapi_names_every_kind_of_record(desk):
    seen = {record.headers["ce_type"] for record in desk.read("escalations") if record.is_event() or b"." in (record.value or b"")
            if "ce_type" in record.headers}
    assert seen <= set(messages()), seen


def test_the_schemas_refuse_what_is_wrong():
    item = {"name": "report.json", "media_type": "application/json", "length": 2, "sha256": "0" * 64, "first_part": 1, "parts": 1}
    good = {"format": "kakekomi report 1", "handover": str(uuid.uuid4()), "items": [item, {**item, "name": "report.pdf"}]}
    schema("report-manifest").validate(good)
    for bad in ({**good, "items": []}, {**good, "items": [{**item, "name": "report.pdf"}]}, {**good, "items": [item, {"name": "x"}]},
                {**good, "format": "kakekomi report 2"}, {**good, "items": [item] * 51}, {**good, "items": [{**item, "length": 262145}]}, {**good, "items": [item, {**item, "name": "a/b"}]},
                {**good, "items": [{**item, "parts": 0}]}, {**good, "items": [item, {**item, "media_type": "text/html; charset=x"}]}):
        assert not schema("report-manifest").is_valid(bad), bad
    report_ = {"findings": ["text", {"title": "t", "text": "t"}], "recommendations": [{"kind": "other", "target": "t", "reason": "r"}],
               "indicators": [{"type": "ipv4", "value": "203.0.113.77"}]}
    schema("report").validate(report_)
    for name, value in (("findings", [1]), ("findings", ["x" * 4001]), ("findings", ["x"] * 201), ("recommendations", [{"kind": "other"}]),
                        ("indicators", [{"type": "ipv4"}]), ("indicators", {})):
        assert not schema("report").is_valid({**report_, name: value}), name


@pytest.mark.parametrize("name", sorted(path.stem for path in (GUIDE / "schemas").glob("*.json")))
def test_schemas_are_schemas(name):
    schema(name)
