# SPDX-License-Identifier: Apache-2.0
"""What the partner's engineers are given is true: the program in PROVIDER.md works as it stands there, and every word on the topics
is what schemas/ and asyncapi.yaml say."""
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

import jsonschema
import pytest
import yaml

from desk import READY, ROOT, until
from partner import Partner, skip_to_end

GUIDE = ROOT / "services" / "escalation"


def schema(name):
    loaded = json.loads((GUIDE / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded, format_checker=jsonschema.FormatChecker())


def ready_case(desk):
    case_id = desk.open_case("案内どおりに", customer="GUIDE-1", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id)
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
        finally:
            running.kill()
            running.wait()
    extract = hashlib.sha256(desk.call("GET", f"/v1/cases/{case_id}/extract").content).hexdigest()
    assert extract in (tmp_path / "out").read_text()


def test_every_word_is_what_the_schemas_say(desk):
    with Partner(desk) as partner:
        case_id = ready_case(desk)
        desk.request_handover(case_id)
        offer = partner.gets("offered", case_id)
        partner.provider.reply("escalation.accepted", offer)
        key = partner.gets("key", case_id)
        content = partner.provider.open(offer, key)
        until("released", lambda: desk.state(case_id) == "released")
        desk.request_handover(case_id)
        supplement = partner.gets("supplemented", case_id)
        desk.withdraw(case_id)
        recall = partner.gets("recalled", case_id)
    schema("offered").validate(offer)
    schema("offered").validate(supplement)
    schema("key").validate(key)
    schema("recalled").validate(recall)
    schema("manifest").validate(content["manifest"])
    replies = [record.data_of_jws() for record in desk.read("provider-replies", case_id=case_id)]
    assert replies
    for reply in replies:
        schema("reply").validate(reply)


def test_asyncapi_names_every_kind_of_record(desk):
    document = yaml.safe_load((GUIDE / "asyncapi.yaml").read_text())
    named = {message["name"] for message in document["components"]["messages"].values()}
    seen = {record.headers["ce_type"] for record in desk.read("escalations") if record.is_event() or b"." in (record.value or b"")
            if "ce_type" in record.headers}
    assert seen <= named, seen - named
    for message in document["components"]["messages"].values():
        reference = message["payload"].get("$ref")
        assert not reference or (GUIDE / reference).is_file(), reference


@pytest.mark.parametrize("name", ["offered", "key", "recalled", "reply", "manifest"])
def test_schemas_are_schemas(name):
    schema(name)
