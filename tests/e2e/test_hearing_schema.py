# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schema says of a body what the service says: every type, limit and choice of the table, one by one."""
import json
import subprocess

import pytest

jsonschema = pytest.importorskip("jsonschema")

LEAST = {"contact": {"company": "見本製作所", "phone": "03-0000-1234"}, "incident": {"summary": "x"}}
GOOD = {"text": "見本", "phone": "０３（００００）１２３４", "email": "taro@example.jp", "time": "2026-11-24T15:00:00+09:00",
        "mac": "00:11:22:AA:BB:CC", "texts": ["見本"], "addresses": ["192.0.2.1"]}
WRONG = [None, True, {}, {"a": 1}, 5.5, "", "\u3000", "no such choice", [[]], ["no such choice", {}]]


@pytest.fixture(scope="module")
def schema(tool):
    schema = json.loads(subprocess.run([tool, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def fields(tool):
    return json.loads(subprocess.run([tool, "sheet"], check=True, capture_output=True).stdout)["fields"]


def values_of(field):
    """Good ones, and those around the limits, for the schema and the service to judge."""
    kind = field["type"]
    if kind == "choice":
        return field["choices"] + ["no"]
    if kind == "choices":
        return [field["choices"], field["choices"][:1] * 2, []]
    if kind == "integer":
        return [field["min"], field["max"], field["min"] - 1, field["max"] + 1]
    if kind == "list":
        return [[], [{}] * field["max"], [{}] * (field["max"] + 1), ["unknown"]]
    if kind in ("texts", "addresses"):
        return [GOOD[kind], GOOD[kind] * field["max"], GOOD[kind] * (field["max"] + 1), [5]]
    if kind == "text":
        return ["字" * field["max"], "字" * (field["max"] + 1), GOOD[kind]]
    return [GOOD[kind]]


def body_with(pointer, value):
    body = json.loads(json.dumps(LEAST))
    place, names = body, pointer.split("/")[1:]
    for name, after in zip(names, names[1:]):
        if name == "N":
            place.append({})
            place = place[0]
        else:
            place = place.setdefault(name, [] if after == "N" else {})
    place[names[-1]] = value
    return body


def test_schema_and_service_agree(tool, schema, fields):  # noqa: F811
    bodies = [body_with(field["pointer"], value) for field in fields
              for value in values_of(field) + WRONG + ["unknown", "declined"]]
    bodies += [{}, {"contact": LEAST["contact"]}, {**LEAST, "nope": 1}, {**LEAST, "customer_id": "A-1"},
               {**LEAST, "customer_id": "a"}, {**LEAST, "sources": {"/tlp": "log"}}, {**LEAST, "sources": {"/tlp": 1}}]
    text = "".join(json.dumps(body, ensure_ascii=index % 2 == 0) + "\n" for index, body in enumerate(bodies))
    answers = subprocess.run([tool, "check"], check=True, capture_output=True, input=text.encode()).stdout.decode()
    # Formats are annotations in JSON Schema; the bodies whose only fault is one are the service's to refuse.
    for body, answer in zip(bodies, answers.splitlines(), strict=True):
        codes = {error.split(" ")[0] for error in answer.split(",")}
        if codes != {"format"}:
            assert schema.is_valid(body) == (answer == "ok"), f"{answer}: {json.dumps(body, ensure_ascii=False)[:300]}"
    assert answers.splitlines().count("ok") > 150
