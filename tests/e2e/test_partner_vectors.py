# SPDX-License-Identifier: Apache-2.0
"""The desk's own code (tests/sealing_words) and the test vectors for partners agree, and the vectors can be made anew."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

from desk import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "demo"))
from provider import Envelope  # noqa: E402

VECTORS = ROOT / "services" / "escalation" / "partner" / "vectors"


def vector(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def asked(build, questions):
    """What the desk's own code answers."""
    desk = VECTORS / "keys" / "desk"
    running = subprocess.run([build / "tests" / "sealing_words", desk / "sign.jwk", desk / "decrypt.jwk", desk / "secret"],
                             input="".join(json.dumps(q) + "\n" for q in questions), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in running.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def test_the_desk_agrees_with_the_vectors(build):
    jwks = json.loads((VECTORS / "keys" / "provider-jwks.json").read_text())
    replies, report, refused = vector("replies"), vector("report"), vector("refused_replies")
    answers = asked(build, [{"do": "verify", "value": reply["value"], "jwks": jwks} for reply in replies])
    assert [answer["payload"] for answer in answers] == [reply["payload"] for reply in replies]
    parts = asked(build, [{"do": "open", "value": value} for value in report["parts"]])
    assert [part["header"]["part"] for part in parts] == list(range(len(parts)))
    clear = [base64.b64decode(part["clear"]) for part in parts]
    for item, known in zip(json.loads(clear[0])["items"], report["items"], strict=True):
        data = b"".join(clear[item["first_part"]:item["first_part"] + item["parts"]])
        assert data == base64.b64decode(known["clear"]) and len(data) == item["length"]
        assert hashlib.sha256(data).hexdigest() == item["sha256"] == known["sha256"]
    bad = asked(build, [{"do": "verify", "value": one["value"], "jwks": jwks} for one in refused["words"]] +
                [{"do": "open", "value": one["value"]} for one in refused["report_parts"]])
    assert [one["why"] for one, answer in zip(refused["words"] + refused["report_parts"], bad, strict=True)
            if "refused" not in answer] == []


def test_the_vectors_can_be_made_again(build, tmp_path):
    """By the maker, from the code as it is: other keys, other IVs, and the sample client opens them."""
    for name in ("make", "README.md"):
        shutil.copy(VECTORS / name, tmp_path / name)
    subprocess.run([sys.executable, tmp_path / "make", build / "tests" / "sealing_words"], check=True, timeout=120,
                   env={**os.environ, "PYTHONPATH": str(ROOT / "deploy" / "demo")})
    good = json.loads((tmp_path / "handover.json").read_text())
    envelope = Envelope(tmp_path / "keys")
    content = envelope.opened(*(envelope.verified(good[name].encode()) for name in ("offer", "key")), [p.encode() for p in good["parts"]])
    assert content["items"] == {item["name"]: base64.b64decode(item["clear"]) for item in good["items"]}
    assert {path.name for path in tmp_path.glob("*.json")} == {path.name for path in VECTORS.glob("*.json")}
