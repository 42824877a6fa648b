# SPDX-License-Identifier: Apache-2.0
"""First response: nothing destroys traces before they are preserved or waived with a reason, by no path; the close waits as well."""
import base64
import importlib.machinery
import importlib.util
import json
import types
import uuid

import pytest
from confluent_kafka import Producer

from desk import ROOT, until

TYPES = ("ransomware", "account_takeover", "defacement", "malware", "information_leak", "support_scam", "ddos", "other")
KINDS = ("preserve", "contain", "clean", "report")
WHO = ("customer", "operator", "provider")
REASON = "機器が既に手元にない"


@pytest.fixture(scope="module")
def books(desk):
    return {book["playbook"]: book for book in desk.ok("GET", "/v1/playbooks")["playbooks"]}


def refused(answer, status, pointer):
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text


def of_kind(book, kind, mandatory=None):
    return [step for step in book["steps"] if step["kind_of_step"] == kind and mandatory in (None, step["mandatory"])]


class Call:
    """A case under a playbook (None: no policy is decided yet)."""
    def __init__(self, desk, book, decided=True):
        self.desk, self.book = desk, book
        self.id = desk.open_case("一次対応 " + book["playbook"])
        if decided:
            desk.ok("POST", f"/v1/cases/{self.id}/policy", {"text": "手順どおりに進める", "playbook": book["playbook"]})

    def ask(self, what, body):
        return self.desk.call("POST", f"/v1/cases/{self.id}/{what}", body)

    def act(self, **body):
        return self.ask("actions", body)

    def tick(self, step, by="customer", **more):
        named = {"playbook": self.book["playbook"], "step": step["step"], **more}
        return self.act(kind="step", by=by, step={name: value for name, value in named.items() if value is not None})

    def waive(self, step, of="step", reason=REASON):
        return self.act(kind="waiver", waiver={"of": of, "step": step["step"], "reason": reason})

    def state(self):
        return self.desk.case(self.id)

    def chain(self):
        return self.desk.ok("GET", f"/v1/cases/{self.id}/chain")["events"]


class Forger:
    """Writes to `cases` past the API, as whoever has stolen intake's certificate would."""
    def __init__(self, desk):
        self.producer = Producer(desk.kafka("intake", partitioner="murmur2_random"))
        self.desk, self.written = desk, {}

    def write(self, call, data, extends=None, event=None, kind="action.recorded"):
        """An event that is right in all but what it says; nothing that it could be refused for but that."""
        event = event or str(uuid.uuid4())
        value = {"extends": extends or call.state()["head"], "actor": {"id": "operator-1", "role": "operator"}, "rules": 1, **data}
        self.put(call, json.dumps(value).encode(), event, kind, "2026-11-24T03:00:00.000000Z")

    def put(self, call, value, event, kind, time):
        headers = {"ce_specversion": "1.0", "ce_id": event, "ce_type": "kakekomi." + kind, "ce_source": "/kakekomi/intake",
                   "ce_time": time, "ce_subject": call.id, "content-type": "application/json"}
        self.producer.produce("kakekomi.cases", key=call.id, value=value, headers=[(k, v.encode()) for k, v in headers.items()])
        self.written[event] = call

    def outcomes(self):
        """Event id → why the chain has refused it; None: it was taken. Each is waited for."""
        assert self.producer.flush(30) == 0
        written, self.written = self.written, {}
        found = {}
        for call in set(written.values()):
            wanted = {event for event, of in written.items() if of is call}

            def all_there(call=call, wanted=wanted):
                listed = {e["id"]: e.get("code") for e in call.chain() if e["id"] in wanted}
                return listed if set(listed) == wanted else None
            found.update(until("what was forged is in the view", all_there, 30))
        return found

    def all_refused(self, *codes):
        """Each for one of these reasons, all of which there are."""
        assert set(self.outcomes().values()) == set(codes or ["impossible"])


def forged_step(call, step, **more):
    named = {"playbook": call.book["playbook"], "version": call.book["version"], "step": step["step"], "kind_of_step": "clean", **more}
    return {"kind": "step", "by": "operator", "step": {name: value for name, value in named.items() if value is not None}}


def try_to_destroy(call, forger, step, pointer="/step"):
    """By every way there is; each is refused, and nothing is ticked."""
    before = call.state()
    for by in WHO:
        refused(call.tick(step, by), 409, pointer)
    refused(call.tick(step, kind_of_step="clean", version=call.book["version"]), 409, pointer)
    for kind in KINDS:
        if kind != "clean":
            refused(call.tick(step, kind_of_step=kind), 422, "/step/kind_of_step")
        refused(call.tick(step, playbook=None, kind_of_step=kind), 422, "/step/playbook")
    refused(call.act(kind="step", by="customer", step={"step": "初期化", "kind_of_step": "clean"}), 409, "/step")
    refused(call.act(kind="step", by="customer", step={"step": "初期化"}), 422, "/step/kind_of_step")
    refused(call.tick({"step": "初期化"}, kind_of_step="clean"), 422, "/step/step")
    for other in TYPES:  # under another playbook: it has no such step, or the policy is not for it
        if other != call.book["playbook"]:
            assert call.tick(step, playbook=other).status_code in (409, 422)

    for playbook in (call.book["playbook"], None, *(t for t in TYPES if t != call.book["playbook"])):
        version = call.book["version"] if playbook else None
        forger.write(call, forged_step(call, step, playbook=playbook, version=version), before["head"])
    forger.write(call, {"kind": "waiver", "waiver": {"of": "step", "step": "?", "reason": " 　"}}, before["head"])
    assert len(forger.written) == len(TYPES) + 2
    forger.all_refused("impossible", "malformed")
    lie_about(call, forger, step)

    after = call.state()
    assert (after["head"], after.get("steps_done"), after.get("waivers")) == \
        (before["head"], before.get("steps_done"), before.get("waivers"))


def lie_about(call, forger, step):
    """Called something that does not destroy: by its playbook, by none, by one that nobody knows, and by the policy itself."""
    head, kinds = call.state()["head"], [kind for kind in KINDS if kind != "clean"]
    for kind in kinds:
        for playbook in (call.book["playbook"], None, "nothing"):
            version = call.book["version"] if playbook else None
            forger.write(call, forged_step(call, step, playbook=playbook, version=version, kind_of_step=kind), head)
        asked = forged_step(call, step, kind_of_step=kind)["step"]
        policy = {"text": "方針", "playbook": call.book["playbook"], "version": call.book["version"], "mandatory_steps": [asked]}
        forger.write(call, policy, head, kind="policy.decided")
    assert len(forger.written) == 4 * len(kinds)
    forger.all_refused("impossible")


def said_by_the_customer(call):
    """What was done before the call goes into the hearing, and is no tick."""
    seen = call.desk.call("GET", f"/v1/cases/{call.id}").headers["ETag"]
    done = [{"what": step["step"], "who": "customer", "at": "2026-11-24T09:00:00+09:00"} for step in call.book["steps"]]
    before = call.state().get("steps_done")
    answer = call.desk.call("PATCH", f"/v1/cases/{call.id}", {"actions_taken": done}, headers={"If-Match": seen})
    assert answer.status_code == 200, answer.text
    for attempt in ({"steps_done": {}}, {"policy": {"mandatory_steps": []}}, {"waivers": {"steps": {}}}):
        refused(call.desk.call("PATCH", f"/v1/cases/{call.id}", attempt, headers={"If-Match": "*"}), 422, "/" + next(iter(attempt)))
    assert call.state().get("steps_done") == before


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_is_destroyed_before_it_is_preserved_or_waived(desk, books, kind):
    book, forger = books[kind], Forger(desk)
    destroying, preserving = of_kind(book, "clean"), of_kind(book, "preserve", mandatory=True)
    assert destroying and preserving

    undecided = Call(desk, book, decided=False)
    for step in preserving:  # even when all of it is preserved: nobody has said yet that this is all
        assert undecided.tick(step).status_code == 200
    for step in destroying:
        refused(undecided.tick(step), 409, "/step")
        forger.write(undecided, forged_step(undecided, step))
        forger.all_refused()
        lie_about(undecided, forger, step)

    done, waived = Call(desk, book), Call(desk, book)
    assert done.state()["policy"]["mandatory_steps"] == \
        [{"playbook": kind, "version": book["version"], "step": s["step"], "kind_of_step": s["kind_of_step"]}
         for s in book["steps"] if s["mandatory"]]
    for call in (done, waived):
        said_by_the_customer(call)
    for step in destroying:
        try_to_destroy(done, forger, step)
    for step in of_kind(book, "preserve", mandatory=False) + of_kind(book, "contain") + preserving[:-1]:
        assert done.tick(step).status_code == 200
        assert step["mandatory"] or waived.tick(step).status_code == 200
    for step in preserving[:-1]:
        assert waived.waive(step, of="mandatory").status_code == 200
    refused(waived.waive(preserving[-1], reason=" 　\n"), 422, "/waiver/reason")
    for call in (done, waived):
        refused(call.tick(destroying[0]), 409, "/step")
        forger.write(call, forged_step(call, destroying[0]))
    forger.all_refused()

    assert done.tick(preserving[-1], by="provider").status_code == 200
    assert waived.waive(preserving[-1]).status_code == 200
    for call in (done, waived):
        for by, step in zip(WHO, destroying):
            assert call.tick(step, by=by).status_code == 200
            ticked = call.state()["steps_done"][f"{kind}/{step['step']}"]
            assert (ticked["kind_of_step"], ticked["who"]) == ("clean", by)
        replay(call, forger, destroying[0])
        closes(call)


def replay(call, forger, step):
    """What was taken once is not taken again: not as it was, nor under another case's key; nor is a right one of another head."""
    original = next(e for e in call.chain() if e["type"] == "action.recorded" and e["accepted"] and
                    json.loads(base64.b64decode(e["value"])).get("step", {}).get("step") == step["step"])
    value, head = base64.b64decode(original["value"]), call.state()["head"]
    before = len(call.chain())
    other = Call(call.desk, call.book)
    forger.put(other, value, original["id"], "action.recorded", original["time"])
    forger.all_refused("stale")
    assert step["step"] not in str(other.state().get("steps_done"))
    forger.write(other, {name: v for name, v in json.loads(value).items() if name in ("kind", "by", "step")})
    forger.all_refused()
    forger.write(call, forged_step(call, step), extends=original["extends"])
    forger.all_refused("stale")
    forger.put(call, value, original["id"], "action.recorded", original["time"])
    forger.outcomes()
    until("the replay is in the view", lambda: len(call.chain()) == before + 2, 30)
    assert [e["accepted"] for e in call.chain()[-2:]] == [False, False] and call.state()["head"] == head


def closes(call):
    """Each mandatory step that is open holds the close, by the API and in the chain; the last one is waived."""
    done, book = call.state()["steps_done"], call.book["playbook"]
    waivers = call.state().get("waivers", {})
    settled = set(done) | set(waivers.get("steps", {})) | set(waivers.get("mandatory", {}))
    left = [s for s in call.book["steps"] if s["mandatory"] and f"{book}/{s['step']}" not in settled]
    forger = Forger(call.desk)
    for number, step in enumerate(left):
        refused(call.ask("close", {"outcome": "resolved"}), 409, "/outcome")
        forger.write(call, {"outcome": "resolved"}, kind="case.closed")
        forger.all_refused()
        refused(call.waive({"step": "nothing"}, of="mandatory"), 422, "/waiver/step")
        last = number == len(left) - 1
        answer = call.waive(step, of="mandatory") if last else call.tick(step, by="operator")
        assert answer.status_code == 200, answer.text
    assert left and call.ask("close", {"outcome": "resolved"}).status_code == 200
    assert call.state()["status"] == "closed"
    is_told_alike(call.chain())


def is_told_alike(chain):
    """deploy/verify-custody, which has the rules a second time, takes and refuses the same closes."""
    loader = importlib.machinery.SourceFileLoader("verify_custody", str(ROOT / "deploy/verify-custody"))
    verify = importlib.util.module_from_spec(importlib.util.spec_from_loader("verify_custody", loader))
    loader.exec_module(verify)
    case, closes_refused = verify.Case(), 0
    for event in chain:
        record = types.SimpleNamespace(type=event["type"], id=event["id"], head_after=lambda _, event=event: event["head"])
        data = json.loads(base64.b64decode(event["value"]))
        if event["accepted"]:
            assert case.why_not(record, data) is None, event
            case.take(record, data)
        elif event["type"] == "case.closed":
            assert case.why_not(record, data) == event["code"] == "impossible"
            closes_refused += 1
    assert case.closed and closes_refused


def test_another_policy_opens_no_way_past_the_first(desk, books):
    """Decided anew, the steps done stay on record and count under their own playbook; what destroys is of the one in force."""
    call = Call(desk, books["ransomware"])
    wipe, ddos = of_kind(call.book, "clean")[0], books["ddos"]
    assert call.ask("policy", {"text": "DDoS として扱う", "playbook": "ddos"}).status_code == 200
    for step in of_kind(ddos, "preserve"):
        assert call.tick(step, playbook="ddos").status_code == 200
    refused(call.tick(wipe), 409, "/step/playbook")
    forger = Forger(desk)
    forger.write(call, forged_step(call, wipe))
    forger.all_refused()
    assert call.tick(of_kind(ddos, "clean")[0], playbook="ddos").status_code == 200
    assert call.ask("policy", {"text": "やはりランサムウェア", "playbook": "ransomware"}).status_code == 200
    refused(call.tick(wipe), 409, "/step")
    assert {name.split("/")[0] for name in call.state()["steps_done"]} == {"ddos"}


# --- what the table knows is not the client's to say --------------------------------------------------------------
def test_a_policy_is_text_and_playbook(desk, books):
    call = Call(desk, books["other"], decided=False)
    for more in ({"version": "1"}, {"mandatory_steps": []}):
        refused(call.ask("policy", {"text": "方針", "playbook": "malware", **more}), 422, "/" + next(iter(more)))
    for unknown in ("nothing", "Malware", "malware/isolate"):
        refused(call.ask("policy", {"text": "方針", "playbook": unknown}), 422, "/playbook")
    assert "policy" not in call.state()
    assert call.ask("policy", {"text": "方針"}).status_code == 200
    assert call.state()["policy"]["playbook"] == "other"  # as long as nothing is known
    for said, followed in (("malware", "malware"), ("unknown", "other"), ("ddos", "ddos")):
        desk.ok("PATCH", f"/v1/cases/{call.id}", {"incident": {"type": said}})
        assert call.ask("policy", {"text": "方針"}).status_code == 200
        policy = call.state()["policy"]
        assert (policy["playbook"], policy["version"]) == (followed, books[followed]["version"])
        assert {step["playbook"] for step in policy["mandatory_steps"]} == {followed}
    desk.ok("PATCH", f"/v1/cases/{call.id}", {"incident": {"type": "ransomware"}})
    assert call.state()["policy"]["playbook"] == "ddos"  # decided is decided


def test_a_step_is_completed_from_the_table(desk, books):
    call = Call(desk, books["malware"])
    assert call.tick({"step": "isolate"}, by="customer").status_code == 200
    recorded = json.loads(base64.b64decode(call.chain()[-1]["value"]))
    assert recorded["step"] == {"playbook": "malware", "version": books["malware"]["version"], "step": "isolate", "kind_of_step": "contain"}
    refused(call.tick({"step": "isolate"}, version="0"), 422, "/step/version")
    refused(call.tick({"step": "isolate"}, playbook="nothing"), 422, "/step/playbook")
    refused(call.tick({"step": "nothing"}), 422, "/step/step")
    refused(call.act(kind="step", step={"playbook": "malware", "step": "isolate"}), 422, "/by")
    ad_hoc = {"step": "複合機の電源を切った", "kind_of_step": "contain"}
    refused(call.act(kind="step", by="operator", step={**ad_hoc, "version": "1"}), 422, "/step/version")
    assert call.act(kind="step", by="operator", step=ad_hoc).status_code == 200
    assert set(call.state()["steps_done"]) == {"malware/isolate", "/複合機の電源を切った"}
    assert call.state()["status"] == "first_response"


def test_a_waiver_is_of_what_the_policy_asks_for(desk, books):
    call = Call(desk, books["malware"], decided=False)
    refused(call.waive({"step": "copy_devices"}), 409, "/waiver/step")
    assert call.ask("policy", {"text": "方針", "playbook": "malware"}).status_code == 200
    for of in ("step", "mandatory"):
        refused(call.waive({"step": "nothing"}, of=of), 422, "/waiver/step")
    refused(call.waive({"step": "warn_contacts"}, of="mandatory"), 409, "/waiver/step")
    assert call.waive({"step": "warn_contacts"}).status_code == 200
    assert call.state()["waivers"]["steps"]["malware/warn_contacts"]["reason"] == REASON


# --- reading the tables -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/v1/playbooks", "/v1/playbooks?type=ransomware", "/v1/hearing-sheet"])
def test_a_table_is_read_once(desk, path):
    first = desk.call("GET", path)
    assert first.status_code == 200 and first.headers["ETag"] == desk.call("GET", path).headers["ETag"]
    for tag in (first.headers["ETag"], "W/" + first.headers["ETag"], '"x", ' + first.headers["ETag"], "*"):
        again = desk.call("GET", path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert desk.call("GET", path, headers={"If-None-Match": '"x"'}).status_code == 200
    head = desk.call("HEAD", path)
    assert head.headers["ETag"] == first.headers["ETag"] and head.headers["Content-Length"] == first.headers["Content-Length"]
    assert desk.call("GET", path, token=None).status_code == 401
    assert desk.call("GET", path, token="KAKEKOMI_SUPERVISOR_TOKEN").content == first.content


def test_playbooks_are_complete_in_both_languages(desk, books):
    assert tuple(books) == TYPES
    sheet = desk.ok("GET", "/v1/hearing-sheet")["fields"]
    assert tuple(next(field for field in sheet if field["pointer"] == "/incident/type")["choices"]) == TYPES

    def texts(node):
        if isinstance(node, dict):
            if node.keys() & {"ja", "en"}:
                assert node.keys() == {"ja", "en"} and all(node.values()), node
                yield node
            else:
                yield from (text for value in node.values() for text in texts(value))
        elif isinstance(node, list):
            yield from (text for value in node for text in texts(value))
    for kind, book in books.items():
        assert desk.ok("GET", f"/v1/playbooks?type={kind}")["playbooks"] == [book]
        assert len(list(texts(book))) == 2 + 3 * len(book["steps"]) + len(book["do_not"]) + 2 * len(book["contacts"])
        kinds = [step["kind_of_step"] for step in book["steps"]]
        assert set(kinds) == set(KINDS) and "preserve" not in kinds[kinds.index("clean"):]
    refused(desk.call("GET", "/v1/playbooks?type=nothing"), 422, "/type")
