# SPDX-License-Identifier: Apache-2.0
"""The custody document and who holds it against the topics: what is true is verified, now, from copies, and when what was sent is
gone; every lie is found; and no text of a case is more than text on its page."""
import base64
import contextlib
import copy
import hashlib
import html.parser
import importlib.machinery
import importlib.util
import io
import json
import os
import subprocess
import sys

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from desk import READY, ROOT, Record, head_after, until
from partner import Partner

TEXT = ROOT / "deploy/desk/consent-2026-04.ja.txt"
EVIL = "<img src=x onerror=alert(1)>=cmd|' /C calc'!A0\"&<script>alert(2)</script>"


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        yield partner


def ready_case(desk, **consent):
    case_id = desk.open_case("証跡", customer="CUSTODY-1", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id, **consent)
    desk.intention(case_id)
    return case_id


def reaches(desk, case_id, state):
    until(f"{case_id} {state}", lambda: desk.state(case_id) == state, 30)


def release(desk, partner, case_id, files=()):
    desk.request_handover(case_id, files=list(files))
    offer = partner.gets("offered", case_id)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    reaches(desk, case_id, "released")
    return offer


def custody(desk, case_id, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return desk.ok("GET", f"/v1/cases/{case_id}/custody?{words}")


class Released:
    def __init__(self, desk, partner, folder):
        self.desk, self.folder = desk, folder
        self.case = ready_case(desk)
        upload = desk.ok("PUT", f"/v1/cases/{self.case}/files?filename=screen.png", raw=b"\x89PNG" + bytes(700000))["upload"]
        self.offer = release(desk, partner, self.case, [upload])
        self.document = custody(desk, self.case)
        self.copies = folder / "copies"
        self.saved = self.verify(None, "--save", self.copies)
        self.program = loaded()

    def written(self, document):
        path = self.folder / "document.json"
        path.write_text(json.dumps(document if document is not None else self.document))
        return path

    def verify(self, document, *words):
        return run(self.written(document), "--var", self.desk.var, *words)

    def offline(self, document=None, *words):
        return called(self.program, self.written(document), "--copies", self.copies, *words)


def run(*words, **variables):
    """With nothing of the desk in its environment but what is named."""
    clean = {**{name: value for name, value in os.environ.items() if not name.startswith("KAKEKOMI_")}, **variables}
    return subprocess.run([sys.executable, ROOT / "deploy/verify-custody", *map(str, words)], text=True, capture_output=True,
                          timeout=120, env=clean)


def loaded():
    """The program as a module: a hundred documents are looked at faster than as many programs start."""
    loader = importlib.machinery.SourceFileLoader("verify_custody", str(ROOT / "deploy/verify-custody"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def called(module, *words):
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = module.main([str(word) for word in words])
    return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())


def said(done, code):
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def released(desk, partner, tmp_path_factory):
    return Released(desk, partner, tmp_path_factory.mktemp("custody"))


# --- what is true ------------------------------------------------------------------------------------------------------------
def test_a_release_is_verified_against_the_topics(released):
    shown = said(released.verify(None, "--text", TEXT), 0)
    assert "✗" not in shown and "not recorded" not in shown, shown
    for line in ("the text given hashes to what was consented to", "1 of 1 words of the provider are signed",
                 "its acceptance seals every event up to the offer", "every row of the gate was met at the offer",
                 "1 keys and recalls are signed by the desk", "3 items", "検証できました"):
        assert line in shown, line
    checks = json.loads(said(released.verify(None, "--json"), 0))
    assert checks["verified"] and checks["case"] == released.case and len(checks["checks"]) > 10


def test_a_document_says_what_the_chain_says(released, desk):
    document, case = released.document, desk.case(released.case)
    assert document["number"] == case["number"] and document["state"] == "released"
    assert document["request"]["by"]["id"] == "operator-1" and document["request"]["files"] == case["handovers"][0]["files"]
    assert [step["step"] for step in document["steps"]] == ["preparing", "offered", "accepted", "released"]
    assert all(step["rests_on"]["head"] for step in document["steps"])
    assert {row["code"] for row in document["gate"]["offer"]["rows"]} > {row["code"] for row in document["gate"]["acceptance"]["rows"]}
    assert all(row["met"] is True and row["ja"] and row["en"] for moment in document["gate"].values() for row in moment["rows"])
    chain = desk.ok("GET", f"/v1/cases/{released.case}/chain")["events"]
    assert [event["head"] for event in document["chain"]["events"]] == [event["head"] for event in chain]
    assert "画面" not in json.dumps(document["chain"], ensure_ascii=False)


def test_copies_verify_without_a_broker(released):
    said(released.saved, 0)
    shown = said(run(released.written(None), "--copies", released.copies, "--text", TEXT), 0)
    assert "✗" not in shown and shown == said(released.offline(None, "--text", TEXT), 0)


def test_an_auditor_brings_certificates_and_keys_of_their_own(released, desk):
    pki, path = desk.var / "pki/admin", released.folder / "document.json"
    path.write_text(json.dumps(released.document))
    keys = ["--provider-jwks", desk.var / "desk/provider-jwks.json", "--desk-jwks", desk.var / "pki/provider/jose/desk-jwks.json"]
    files = {f"KAKEKOMI_KAFKA_{name.upper()}_FILE": str(pki / f"{name}.pem") for name in ("cert", "key", "ca")}
    said(run(path, "--brokers", desk.brokers, *keys, **files), 0)
    assert "no key of the provider is known" in said(run(path, "--brokers", desk.brokers, **files), 1)
    assert run(path, "--brokers", "127.0.0.1:1", *keys, **files).returncode == 111
    assert run(path, *keys).returncode == 100


def test_a_withdrawal_after_the_key_is_told_with_its_recall(desk, partner, tmp_path):
    case_id = ready_case(desk)
    offer = release(desk, partner, case_id)
    before = custody(desk, case_id)
    assert desk.withdraw(case_id).json()["effect"] == "recalled"
    partner.gets("recalled", case_id)
    partner.provider.reply("escalation.deleted", offer)
    reaches(desk, case_id, "deleted")
    document = custody(desk, case_id)
    (end,) = document["ends"]
    assert (end["type"], end["effect"], end["ends_this"]) == ("consent.withdrawn", "recalled", True)
    assert [word["type"] for word in document["words"]] == ["provider.accepted", "provider.deleted"]
    assert document["consents"] == before["consents"], "what was in force at the offer stays"
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    assert "2 of 2 words" in said(run(path, "--var", desk.var), 0)
    path.write_text(json.dumps(before))
    assert "follows the document's last event" in said(run(path, "--var", desk.var), 1), "an older document must not pass for the present"


def test_an_acceptance_that_came_too_late_has_its_recalls_and_no_key(desk, partner, tmp_path):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    offer = partner.gets("offered", case_id)
    assert desk.withdraw(case_id, "intention").json()["effect"] == "stopped"
    partner.gets("recalled", case_id)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("recalled", case_id, 2)
    until("it is noted", lambda: [s["step"] for s in custody(desk, case_id)["steps"]].count("recalled") == 2)
    document = custody(desk, case_id)
    assert "released" not in [step["step"] for step in document["steps"]] and document["ends"][0]["effect"] == "stopped"
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    assert "no key was released" in said(run(path, "--var", desk.var), 0)


def test_a_refusal_is_in_the_providers_own_words(desk, partner, tmp_path):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    partner.provider.reply("escalation.declined", partner.gets("offered", case_id), reason="no capacity")
    reaches(desk, case_id, "declined")
    document = custody(desk, case_id)
    assert [(word["type"], word["reason"]) for word in document["words"]] == [("provider.declined", "no capacity")]
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    said(run(path, "--var", desk.var), 0)


def test_what_was_never_offered_says_so(desk, tmp_path):
    case_id = desk.open_case("申し出なし", hearing={})
    requested = desk.request_handover(case_id)["event"]
    reaches(desk, case_id, "held")
    desk.ok("POST", f"/v1/cases/{case_id}/handover/cancellation", {"reason": "取りやめ"})
    reaches(desk, case_id, "cancelled")
    document = custody(desk, case_id, handover=requested)
    assert document["offer"] is None and document["consents"] == [] and document["in_force"]["at"] == "present"
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    assert "nothing left" in said(run(path, "--var", desk.var), 0)


def test_a_supplement_rests_on_the_acceptance_of_the_first(desk, partner, tmp_path):
    case_id = ready_case(desk)
    first = release(desk, partner, case_id)["handover"]
    upload = desk.ok("PUT", f"/v1/cases/{case_id}/files?filename=later.txt", raw=b"found later")["upload"]
    desk.request_handover(case_id, files=[upload])
    partner.gets("key", case_id, 2)
    until("both released", lambda: all(e["state"] == "released" for e in desk.case(case_id)["escalation"]["handovers"]))
    path = tmp_path / "document.json"
    for handover in (None, first):
        document = custody(desk, case_id, **({"handover": handover} if handover else {}))
        assert document.get("supplement_of") == (None if handover else first)
        path.write_text(json.dumps(document))
        said(run(path, "--var", desk.var), 0)


def test_a_report_is_verified_down_to_its_bytes(desk, partner, tmp_path):
    case_id = ready_case(desk)
    offer = release(desk, partner, case_id)
    partner.provider.report(offer, {"findings": ["侵入の経路"], "recommendations": [], "indicators": []},
                            {"report.pdf": ("application/pdf", b"%PDF-1.7" + bytes(700000))})
    reaches(desk, case_id, "reported")
    document = custody(desk, case_id)
    assert {word["type"] for word in document["words"]} == {"provider.accepted", "provider.delivered", "provider.reported"}
    assert [item["name"] for item in document["reports"][0]["report"]["items"]] == ["report.json", "report.pdf"]
    path, copies = tmp_path / "document.json", tmp_path / "copies"
    path.write_text(json.dumps(document))
    shown = said(run(path, "--var", desk.var, "--save", copies), 0)
    assert "1 reports, of which 2 items are here" in shown and "3 of 3 words" in shown
    document["reports"][0]["report"]["items"][1]["sha256"] = "0" * 64
    path.write_text(json.dumps(document))
    assert "the chain says otherwise of the reports" in said(run(path, "--copies", copies), 1)
    _, page = page_of(desk, case_id, headers={"Accept": "text/html"})
    assert "report.pdf" in page.text


# --- lies -------------------------------------------------------------------------------------------------------------------
def change(*path):
    """Another value at a place of the document: `change("offer", "tlp", "TLP:CLEAR")`."""
    def lie(document):
        at = document
        for name in path[:-2]:
            at = at[name]
        assert at[path[-2]] != path[-1]
        at[path[-2]] = path[-1]
    return lie


def drop(*path):
    def lie(document):
        at = document
        for name in path[:-1]:
            at = at[name]
        del at[path[-1]]
    return lie


def truncate(document):
    """As if the acceptance, and all that follows from it, had not been."""
    chain = document["chain"]
    chain["events"].pop()
    chain["revision"], chain["head"] = chain["events"][-1]["revision"], chain["events"][-1]["head"]
    document["words"], document["steps"] = [], document["steps"][:2]


def earlier_rest(document):
    document["steps"][-1]["rests_on"] = copy.deepcopy(document["steps"][0]["rests_on"])


def other_signature(document):
    head, payload, signature = document["words"][0]["jws"].split(".")
    document["words"][0]["jws"] = ".".join((head, payload, signature[:-8] + "AAAAAAAA"))


def unmet(document):
    document["gate"]["offer"]["rows"][3]["met"] = False


def invented_row(document):
    document["gate"]["offer"]["rows"].append({"code": "all_good", "clause": "1-2", "met": True})


ZERO = "0" * 64
LIES = {
    "the text consented to": change("consents", 0, "sha256", ZERO),
    "the version consented to": change("consents", 0, "version", "2027-01"),
    "who consented": change("consents", 0, "given_by", "別人"),
    "scopes": change("consents", 0, "scopes", ["desk", "provision", "report", "authorities"]),
    "no consent": drop("consents", 0),
    "when it was in force": change("in_force", "revision", 3),
    "the intention's provider": change("intention", "provider", "another"),
    "no intention": change("intention", None),
    "who requested": change("request", "by", {"id": "operator-2", "role": "operator"}),
    "another head confirmed": change("request", "confirmed_head", ZERO),
    "an older head confirmed": change("request", "confirmed_revision", 1),
    "fewer files": change("request", "files", []),
    "an invented approval": change("approval", {"event": "x", "revision": 5, "at": "2026-11-26T00:00:00Z", "by": {"id": "a", "role": "b"}}),
    "a row not met": unmet,
    "a row left out": drop("gate", "offer", "rows", 3),
    "a row invented": invented_row,
    "the gate of the acceptance left out": change("gate", "acceptance", None),
    "the gate on another head": change("gate", "offer", "head", ZERO),
    "another provider": change("provider", "another"),
    "the head of the offer": change("offer", "head", ZERO),
    "purposes": change("offer", "purposes", ["anything"]),
    "tlp": change("offer", "tlp", "TLP:CLEAR"),
    "the offer's hash": change("offer", "sha256", ZERO),
    "the offer's place": change("offer", "offset", 0),
    "the manifest": change("manifest", "sha256", ZERO),
    "an item's hash": change("manifest", "items", 0, "sha256", ZERO),
    "an item's name": change("manifest", "items", -1, "name", "another.png"),
    "an item left out": drop("manifest", "items", -1),
    "fewer parts": change("manifest", "parts", 2),
    "the key's hash": change("steps", -1, "record", "sha256", ZERO),
    "no key": drop("steps", -1),
    "the key rests on an earlier place": earlier_rest,
    "when a step was": change("steps", 1, "at", "2026-01-01T00:00:00.000000Z"),
    "the state": change("state", "offered"),
    "the provider's signature": other_signature,
    "words left out": change("words", []),
    "other words": change("words", 0, "head", ZERO),
    "an event's hash": change("chain", "events", 2, "sha256", ZERO),
    "an event's head": change("chain", "events", 2, "head", ZERO),
    "an event's time": change("chain", "events", 2, "time", "2026-01-01T00:00:00.000000Z"),
    "an event left out": drop("chain", "events", 2),
    "the head of the chain": change("chain", "head", ZERO),
    "the acceptance left out": truncate,
    "a record named as not taken": change("chain", "not_taken", [
        {"id": "x", "type": "note.added", "time": "2026-01-01T00:00:00Z", "partition": 0, "offset": 1, "sha256": ZERO, "code": "stale"}]),
    "the number": change("number", "000-000-000-0"),
    "the format": change("format", "kakekomi custody 2"),
    "no chain": drop("chain"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_found(released, lie):
    document = copy.deepcopy(released.document)
    lie(document)
    shown = said(released.offline(document), 1)
    assert "✗" in shown and "検証できません" in shown and "\x1b" not in shown


@pytest.mark.parametrize("lie", ["the text consented to", "a row not met", "the acceptance left out", "the key's hash"])
def test_a_lie_is_found_against_the_topics(released, lie):
    document = copy.deepcopy(released.document)
    LIES[lie](document)
    said(released.verify(document), 1)


def test_another_text_and_other_keys_do_not_verify(released, desk, tmp_path):
    other = tmp_path / "text.txt"
    other.write_bytes(TEXT.read_bytes() + b" ")
    assert "not the one consented to" in said(released.verify(None, "--text", other), 1)
    assert "is not a key of the provider" in said(released.verify(None, "--provider-jwks", desk.var / "pki/provider/jose/desk-jwks.json"), 1)
    assert "is not a key of the desk" in said(released.verify(None, "--desk-jwks", desk.var / "desk/provider-jwks.json"), 1)


def test_what_is_no_document_is_called_wrongly(tmp_path):
    path = tmp_path / "document.json"
    for text in ("", "[]", "{}", "{\"case\": \"\x1b[31m\"", "{\"case\": 1, \"case\": 2}"):
        path.write_text(text)
        done = run(path, "--copies", tmp_path)
        assert done.returncode == 100 and "\x1b" not in done.stderr


def test_hostile_texts_reach_no_terminal(released):
    document = copy.deepcopy(released.document)
    document["consents"][0]["given_by"] = document["made_at"] = "\x1b]0;owned\x07\x9b31m\u202e"
    document["chain"]["not_taken"] = [{"\x1b[2J": 1}]
    shown = said(released.offline(document), 1)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown) and "␛" in shown


# --- a dishonest desk, by its copies ------------------------------------------------------------------------------------------
class Forgery:
    """Copies to which a desk that lies has added records of its own, with the document that it shows."""
    def __init__(self, released):
        self.released, self.document = released, copy.deepcopy(released.document)
        self.before = {path.name: path.read_bytes() for path in released.copies.iterdir()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name, data in self.before.items():
            (self.released.copies / name).write_bytes(data)

    def lines(self, topic):
        return [json.loads(line) for line in (self.released.copies / f"{topic}.ndjson").read_text().splitlines()]

    def write(self, topic, lines):
        (self.released.copies / f"{topic}.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def add(self, topic, kind, value, offset=None, timestamp=None):
        """One record more, behind all others."""
        lines = self.lines(topic)
        last = lines[-1]
        value = value if isinstance(value, bytes) else json.dumps(value).encode()
        number = last["offset"] + 1 if offset is None else offset
        headers = {**last["headers"], "ce_type": "kakekomi." + kind, "ce_id": f"00000000-0000-7000-8000-{number:012}"}
        line = {**last, "offset": number, "headers": headers, "value": base64.b64encode(value).decode(),
                "timestamp": timestamp or last["timestamp"]}
        self.write(topic, lines + [line])
        return line

    def event(self, kind, extends, **data):
        actor = {"id": "operator-1", "role": "operator"}
        return self.add("cases", kind, {"extends": extends, "actor": actor, "rules": 1, **data})

    def described(self, line, **more):
        record = Copied(line)
        return {"id": record.id, "type": record.type, "time": record.headers["ce_time"], "partition": line["partition"],
                "offset": line["offset"], "sha256": hashlib.sha256(record.value).hexdigest(), **more}

    def list_as_taken(self, line):
        chain = self.document["chain"]
        chain["head"], chain["revision"] = head_after(chain["head"], Copied(line)), chain["revision"] + 1
        chain["events"].append(self.described(line, revision=chain["revision"], head=chain["head"]))

    def found(self, words):
        assert words in said(self.released.offline(self.document), 1)


class Copied(Record):
    def __init__(self, line):
        self.key, self.headers, self.value = line["key"], line["headers"], base64.b64decode(line["value"])
        self.type, self.id = self.headers["ce_type"].removeprefix("kakekomi."), self.headers["ce_id"]


WITHDRAWN = {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00", "reason": "検討"}


@pytest.mark.parametrize("named", [True, False], ids=["named as not taken", "not named"])
@pytest.mark.parametrize("kind", ["consent.withdrawn", "intention.withdrawn", "handover.cancelled", "case.closed", "customer.identified"])
def test_a_withdrawal_that_was_passed_over_is_found(released, kind, named):
    """It extended the head; the desk went on as if it had not been there."""
    data = {"handover.cancelled": {"reason": "x"}, "case.closed": {"outcome": "withdrawn", "reason": "x"},
            "customer.identified": {"customer_id": "CUSTODY-2"}}.get(kind, WITHDRAWN)
    with Forgery(released) as forgery:
        head = forgery.document["chain"]["head"]
        left_out = forgery.event(kind, head, **data)
        forgery.list_as_taken(forgery.event("note.added", head, text="何もなかった"))
        if named:
            forgery.document["chain"]["not_taken"].append(forgery.described(left_out, code="impossible"))
        forgery.found("extends the head at its place, and the document leaves it out")


def test_a_withdrawal_that_came_too_late_for_its_head_is_named(released):
    with Forgery(released) as forgery:
        stale = forgery.event("consent.withdrawn", forgery.document["chain"]["events"][2]["head"], **WITHDRAWN)
        forgery.list_as_taken(forgery.event("note.added", forgery.document["chain"]["head"], text="続き"))
        forgery.found("named neither as taken nor as not taken")
        forgery.document["chain"]["not_taken"].append(forgery.described(stale, code="stale"))
        assert "not taken: consent.withdrawn" in said(released.offline(forgery.document), 0)


def test_a_withdrawal_behind_the_document_is_found(released):
    with Forgery(released) as forgery:
        forgery.event("consent.withdrawn", forgery.document["chain"]["head"], **WITHDRAWN)
        forgery.found("follows the document's last event")


def test_what_came_after_and_ends_nothing_is_only_said(released):
    with Forgery(released) as forgery:
        forgery.event("note.added", forgery.document["chain"]["head"], text="折り返し")
        assert "after the document's last event: note.added" in said(released.offline(), 0)


def test_a_changed_record_is_found(released):
    for place in range(len(released.document["chain"]["events"])):
        with Forgery(released) as forgery:
            lines = forgery.lines("cases")
            value = json.loads(base64.b64decode(lines[place]["value"]))
            lines[place]["value"] = base64.b64encode(json.dumps({**value, "rules": 1, "x": 1}).encode()).decode()
            forgery.write("cases", lines)
            assert "✗" in said(released.offline(), 1)


def test_a_word_of_the_provider_that_was_passed_over_is_found(released):
    data = {"case": released.case, "handover": released.offer["handover"], "head": released.offer["head"], "reply": "ab" * 32,
            "provider": released.document["provider"], "at": "2026-11-24T11:00:00Z"}
    with Forgery(released) as forgery:
        forgery.add("provider-events", "provider.deleted", data)
        forgery.found("was verified, and is not in the chain")
    with Forgery(released) as forgery:  # an answer was given already: the chain takes no second one
        forgery.add("provider-events", "provider.declined", data)
        assert "not taken into the chain: provider.declined" in said(released.offline(), 0)


def test_a_second_key_is_found(released):
    with Forgery(released) as forgery:
        key = next(line for line in forgery.lines("escalations") if line["headers"]["ce_type"] == "kakekomi.escalation.key")
        for kind in ("escalation.key", "escalation.part"):  # by whatever name
            forgery.add("escalations", kind, base64.b64decode(key["value"]))
            forgery.found("escalation.key at")
            forgery.found("was sent for it, and the document leaves it out")
            forgery.write("escalations", [line for line in forgery.lines("escalations") if line["offset"] <= key["offset"]])


def test_parts_that_were_exchanged_are_found(released):
    with Forgery(released) as forgery:
        lines = forgery.lines("escalations")
        parts = [line for line in lines if line["headers"]["ce_type"] == "kakekomi.escalation.part"]
        parts[0]["value"], parts[1]["value"] = parts[1]["value"], parts[0]["value"]
        forgery.write("escalations", lines)
        forgery.found("does not hash to what is stated")


def test_a_record_that_is_not_in_the_copies_is_not_gone(released):
    """Gone is what lies below the beginning of the topic; a hole above it is none."""
    with Forgery(released) as forgery:
        forgery.write("escalations", forgery.lines("escalations")[1:])
        forgery.found("no record of this case at")


# --- after the 90 days ----------------------------------------------------------------------------------------------------------
def test_when_what_was_sent_is_gone_the_rest_still_holds(desk, partner, tmp_path):
    """Records deleted up to the end of the partition stand for the days that they are kept."""
    case_id = ready_case(desk)
    release(desk, partner, case_id)
    document = custody(desk, case_id)
    path, copies = tmp_path / "document.json", tmp_path / "copies"
    path.write_text(json.dumps(document))
    at = document["offer"]["partition"]
    admin = AdminClient(desk.kafka())
    for future in admin.delete_records([TopicPartition("kakekomi.escalations", at, desk.ends("escalations")[at])]).values():
        future.result(30)
    shown = said(run(path, "--var", desk.var, "--text", TEXT, "--save", copies), 0)
    assert shown.count("gone, kept for 90 days") == 2, shown  # the offer and the key; the offer named the parts
    assert "保存期間を過ぎた記録 2 件を除く" in shown and "1 of 1 words of the provider are signed" in shown
    assert shown == said(run(path, "--copies", copies, "--text", TEXT), 0)
    document["consents"][0]["sha256"] = ZERO
    path.write_text(json.dumps(document))
    said(run(path, "--copies", copies), 1)


# --- the request, and the page ----------------------------------------------------------------------------------------------------
def test_what_is_not_there_is_404(desk, released):
    case_id = desk.open_case("提供なし")
    assert desk.call("GET", f"/v1/cases/{case_id}/custody").status_code == 404
    unknown = desk.call("GET", f"/v1/cases/{released.case}/custody?handover={case_id}")
    assert unknown.status_code == 404 and unknown.headers["Content-Type"] == "application/problem+json"
    assert desk.call("GET", f"/v1/cases/{released.case}/custody?format=pdf").status_code == 422


def test_who_reads_extract_and_report_stands_in_the_audit(desk, released):
    """What the operator sees of it, and what the topic says: who, what, which."""
    case_id, ends = released.case, desk.ends("audit")
    extract = desk.call("GET", f"/v1/cases/{case_id}/extract", token="KAKEKOMI_SUPERVISOR_TOKEN")
    assert extract.status_code == 200 and desk.call("GET", f"/v1/cases/{case_id}/report", token="KAKEKOMI_SUPERVISOR_TOKEN").ok
    reads = until("both are there", lambda: len(found := [r.data for r in desk.read("audit", since=ends) if r.key == case_id
                                                          and r.data["what"] in ("extract.read", "report.read")]) == 2 and found)
    assert {(read["what"], read["who"]) for read in reads} == {("extract.read", "supervisor-1"), ("report.read", "supervisor-1")}
    shown = until("both are shown", lambda: {"extract.read", "report.read"} <= {
        entry["what"] for entry in desk.ok("GET", f"/v1/cases/{case_id}/timeline")["timeline"] if entry["kind"] == "read"})
    assert shown


def test_reading_it_stands_in_the_audit(desk, released):
    custody(desk, released.case)
    reads = until("the reading", lambda: [entry["data"] for entry in desk.ok("GET", f"/v1/cases/{released.case}/timeline")["timeline"]
                                          if entry["kind"] == "read" and entry["what"] == "custody.read"])
    assert released.document["handover"] in json.dumps(reads[0])


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and the text that a reader sees."""
    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def page_of(desk, case_id, **more):
    answer = desk.call("GET", f"/v1/cases/{case_id}/custody", **more)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer, Page(answer.content.decode())


def test_the_page_is_whole_and_brings_no_script(desk, released):
    answer, page = page_of(desk, released.case, headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    style = answer.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    document = custody(desk, released.case)
    for text in (document["number"], document["handover"], document["consents"][0]["given_by"], document["offer"]["sha256"],
                 document["steps"][-1]["record"]["sha256"], document["words"][0]["jws"], document["chain"]["head"],
                 document["gate"]["offer"]["rows"][0]["ja"], document["gate"]["offer"]["rows"][0]["en"], "screen.png",
                 "提供証跡書", "Custody document", "deploy/verify-custody custody.json"):
        assert text in page.text, text
    assert "記録なし" not in page.text


def test_hostile_texts_are_inert_and_visible(desk, partner):
    case_id = ready_case(desk, given_by=EVIL, capacity="</td></table><h1>x\n二行目")
    name = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%E2%80%AEgnp.exe"
    upload = desk.ok("PUT", f"/v1/cases/{case_id}/files?filename={name}", raw=b"x")["upload"]
    release(desk, partner, case_id, [upload])
    desk.withdraw(case_id, given_by=EVIL, reason="=cmd|' /C calc'!A0\n<svg onload=alert(1)>")
    partner.gets("recalled", case_id)
    _, page = page_of(desk, case_id, headers={"Accept": "text/html"})
    known = {"html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "small", "main", "section", "table", "thead",
             "tbody", "tr", "th", "td", "p", "br", "span", "code", "pre", "ol", "li", "div", "footer"}
    assert {tag for tag, _ in page.tags} <= known
    assert {name for _, attributes in page.tags for name in attributes} <= {"lang", "charset", "name", "content", "class", "scope"}
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    for text in (EVIL, "</td></table><h1>xLF二行目", "=cmd|' /C calc'!A0LF<svg onload=alert(1)>"):
        assert text in page.text, text
    assert not {"\u202e", "\x1b"} & set(page.text)
