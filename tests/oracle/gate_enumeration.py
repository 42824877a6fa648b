#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gate against its second statement (gate_oracle.py), on every pair of ways in which a hand-over can be right or wrong,
and on a few thousand drawn at random, at each of its moments; the full set of unmet rows and the purposes that may travel must be
the same. Then each row of the gate is dropped in turn, and the comparison must notice.
  gate_enumeration.py GATE_VERDICTS STEPS.json [SEED]"""
import itertools
import json
import random
import subprocess
import sys

from gate_oracle import Case, purposes, unmet

MOMENTS = ("before", "offer", "acceptance", "report")
AT_RANDOM = 3000
A, B = "a" * 64, "b" * 64
PROVIDER = {"actor": {"id": "p-1", "role": "provider"}}
GAVE = {"given_by": "Suzuki Hanako", "channel": "phone_read", "given_at": "2026-06-01T10:00:00+09:00"}
ALL = ["desk", "provision", "report", "authorities"]
CONSENT = {"document": "desk-consent", "version": "2026-04", "sha256": A, "scopes": ["desk", "provision", "report"], **GAVE}
PHOTO, PROXY = "0190b3a0-0000-7000-a000-000000000002", "0190b3a0-0000-7000-a000-000000000001"


def event(kind, data, **more):
    return {"type": kind, "data": data, **more}


def consent(**more):
    return [event("consent.recorded", {**CONSENT, **more})]


def intention(**more):
    return [event("intention.expressed", {"provider": "p-1", **GAVE, **more})]


def withdrawn(what):
    return [event(f"{what}.withdrawn", GAVE)]


def amended(patch, name=None):
    return [event("hearing.amended", {"patch": patch}, **({"as": name} if name else {}))]


def identified(customer, name="identified"):
    return [event("customer.identified", {"customer_id": customer}, **{"as": name})]


def upload(kind, upload_id):
    return [event(kind, {"upload": upload_id, "name": "x", "partition": 0, "first": 1, "last": 1, "chunks": 1, "size": 5,
                         "sha256": B}, **{"as": kind})]


def waived():
    return [event("action.recorded", {"kind": "waiver", "waiver": {"of": "search", "reason": "none kept"}})]


def search(name, status="found", owner="C-1"):
    return {"id": f"@id:{name}", "status": status, "owner": owner, "sha256": B, "chunks": []}


# Every dimension: the first way is right; the others are the ways in which it can be otherwise.
HEARING = {"contact": {"company": "A", "phone": "03-0000-0000", "responsible_person": "S"}, "incident": {"summary": "x"},
           "device": [{"name": "PC-07", "disk_encrypted": "no"}], "network": {"configuration": "LAN"},
           "logs": [{"kind": "utm", "available": "yes"}]}
WAYS = {
    "opened": [{"customer_id": "C-1"}, {}],
    "hearing": [[], [("contact", {"responsible_person": None})], [("network", None)], [("logs", None)], [("logs", [])],
                [("device", None)], [("device", [{"name": "PC-07"}])], [("device", [{"disk_encrypted": "unknown"}, {"name": "B"}])],
                [("logs", "unknown")], [("network", {"configuration": "declined"}), ("contact", {"responsible_person": "unknown"})],
                [("logs", None), ("network", None), ("device", None)]],
    "consent": [consent(), [], consent(version="2025-01"), consent(document="another"), consent(version="2026-01"),
                consent(sha256=B), consent(scopes=["desk", "report"]), consent(scopes=["desk", "provision"]), consent(scopes=[]),
                consent(given_by="  "), consent(given_at="2026-03-31T23:59:59+09:00"),
                consent(given_at="2026-12-31T00:00:00+09:00"), consent(version="2026-05"),
                consent() + withdrawn("consent"), consent() + withdrawn("consent") + consent(), consent() + consent(sha256=B),
                consent(channel="paper"), consent(channel="web"), consent(scopes=ALL), consent(scopes=ALL, channel="paper"),
                consent(scopes=["desk"]) + consent(scopes=["provision", "report"], channel="paper"),
                consent(scopes=["provision", "report"], channel="paper") + consent(scopes=["desk"]),
                consent(channel="paper") + consent(), consent() + consent(channel="paper"), consent() + consent(scopes=["desk"]),
                consent(scopes=["desk", "provision"]) + consent(scopes=["report"], version="2026-01"),
                consent(scopes=["desk", "provision"]) + consent(scopes=["report"], sha256=B),
                consent() + consent(scopes=["report"], given_by=" "), consent() + consent(scopes=["authorities"], given_by=" "),
                consent() + consent(scopes=["report"], given_at="2026-03-01T00:00:00+09:00"),
                consent() + consent(scopes=["authorities"], given_at="2026-03-01T00:00:00+09:00"),
                consent(scopes=["desk", "provision"]) + withdrawn("consent") + consent(scopes=["report"])],
    "intention": [intention(), [], intention(provider="p-2"), intention() + withdrawn("intention"),
                  intention(provider="p-2") + intention()],
    "subject": [[], identified("C-2"), identified("C-2") + identified("C-1", "again")],
    "subject_late": [[], identified("C-3", "late"), identified("C-3", "late") + consent(scopes=["report"], channel="paper")],
    "search": ["found", "none", "searching", "failed", "absent", "older"],
    "owner": ["C-1", "C-9", None, "C-2"],
    "called": [[], amended({"device": [{"name": "PC-9", "disk_encrypted": "no"}]}, "amended"),
               [event("extraction.requested", {"text": "x"}, **{"as": "asked"})], upload("logs.submitted", PROXY)],
    "waiver": [[], waived()],
    "confirmed": [{}, {"confirmed_head": "@head:seen"}, {"confirmed_head": "f" * 64}],
    "between": [[], amended({"incident": {"target": "server"}}), amended({"contact": {"alternative": "080"}}),
                amended({"insurance": {"has": "yes"}}), amended({"tlp": "TLP:RED"}), upload("file.attached", PHOTO)],
    "request": [{"provider": "p-1"}, None, {"provider": "p-2"}, {"provider": "p-1", "extraction": "@id:last_call"},
                {"provider": "p-1", "extraction": "never"}, {"provider": "p-1", "files": [PHOTO]}],
    "approval": [(1, False), (2, False), (2, True)],
    "later": [[], amended({"incident": {"target": "other"}}), amended({"contact": {"alternative": "090"}}), upload("file.attached", PHOTO),
              amended({"incident": {"discovered_at": "2026-06-01T09:00:00+09:00"}}, "amended_late"),
              consent(scopes=["provision"], channel="web"), consent(scopes=["authorities"]), consent(version="2026-01"),
              consent(version="2025-01")],
    "end": [[], [event("handover.cancelled", {"reason": "x"})], withdrawn("consent"), withdrawn("consent") + consent(),
            withdrawn("intention"), withdrawn("intention") + intention(), identified("C-4", "changed"),
            [event("case.closed", {"outcome": "resolved"})],
            [event("case.closed", {"outcome": "resolved"}), event("case.reopened", {"reason": "x"}, **{"as": "reopened"})],
            [event("handover.requested", {"provider": "p-1"}, **{"as": "second"})]],
    "profile": [{}, {"provider": {"id": "p-2"}}, {"accepted": False}, {"document_provider": "p-2"}, {"required": ["desk", "authorities"]}],
    "channels": [None, {"provision": ["paper"]}, {"desk": ["web"], "provision": ["paper", "web"]}, {"report": ["paper"]},
                 {"authorities": ["paper"]}, {"authorities": ["phone_read", "web"]}],
    "purposes": [["forensics", "statistics"], ["statistics"], ["statistics", "forensics", "marketing"], ["marketing"]],
    "sealed": [None, [], ["forensics"], ["statistics"], ["forensics", "statistics"], ["marketing"]],
}


def profile_of(ways):
    change, (approvals, _) = ways["profile"], ways["approval"]
    document = {"id": "desk-consent", "version": "2026-04", "provider": change.get("document_provider", "p-1"), "sha256": A,
                "scopes": ["desk", "provision", "report"], "required": change.get("required", ["desk", "provision", "report"]),
                "accepted": change.get("accepted", True), "valid_from": "2026-04-01T00:00:00+09:00",
                "valid_until": "2026-12-31T00:00:00+09:00", "purposes": ways["purposes"],
                **({"channels": ways["channels"]} if ways["channels"] else {})}
    provider = {**change.get("provider", {"id": "p-1"}), "purposes": ["forensics", "statistics"]}
    return {"approvals": approvals, "provider": provider,
            "consent_documents": [document, {**document, "version": "2026-01", "provider": "p-2", "purposes": ["forensics"]},
                                  {**document, "version": "2026-05", "required": [], "accepted": False}]}


def hearing_of(changes):
    hearing = json.loads(json.dumps(HEARING))
    for group, value in changes:
        if value is None:
            del hearing[group]
        elif isinstance(value, dict):
            hearing[group] = {k: v for k, v in {**hearing[group], **value}.items() if v is not None}
        else:
            hearing[group] = value
    return hearing


def steps_of(ways):
    """The story in order; what the chain would refuse is left out: it has no effect for anybody."""
    steps = [event("case.opened", {**ways["opened"], "hearing": hearing_of(ways["hearing"])}, **{"as": "opened"})]
    steps += ways["subject"] + (upload("file.attached", PHOTO) if PHOTO in json.dumps(ways["request"]) else [])
    steps += ways["called"] + ways["waiver"] + ways["consent"] + ways["intention"] + ways["subject_late"]
    steps += [event("note.added", {"text": "seen"}, **{"as": "seen"})]
    steps += [s for s in ways["between"] if s not in steps]
    if ways["request"]:
        request = json.loads(json.dumps(ways["request"]).replace("last_call", Case(steps).last_call or "opened"))
        steps += [event("handover.requested", {**request, **ways["confirmed"]}, **{"as": "requested"})]
        if ways["approval"][1]:
            steps += [event("handover.approved", {"handover": "@id:requested"}, actor={"id": "op-2", "role": "supervisor"})]
    steps += [s for s in ways["later"] if s not in steps]
    steps += possible(Case(steps), ways["end"])
    return steps + [said_by_triage(steps, ways)]


def possible(case, end):
    kinds = [s["type"] for s in end]
    if ("consent.withdrawn" in kinds and not case.consents) or ("intention.withdrawn" in kinds and not case.intention) \
            or ("handover.cancelled" in kinds and not case.request):
        return []
    return end


def said_by_triage(steps, ways):
    last = Case(steps).last_call or "opened"
    older = [search("opened", "found", ways["owner"])] if last != "opened" or ways["search"] == "older" else []
    newest = [] if ways["search"] in ("absent", "older") else [search(last, ways["search"], ways["owner"])]
    return {"topic": "extractions", "data": {"status": "found", "searches": older + newest}}


# --- comparison -----------------------------------------------------------------------------------
def all_ways():
    right = {name: ways[0] for name, ways in WAYS.items()}
    yield right
    for one, other in itertools.combinations(WAYS, 2):
        for a, b in itertools.product(WAYS[one], WAYS[other]):
            yield {**right, one: a, other: b}
    for _ in range(AT_RANDOM):
        yield {name: ways[0] if random.random() < 0.5 else random.choice(ways) for name, ways in WAYS.items()}


def one_by_one():
    right = {name: ways[0] for name, ways in WAYS.items()}
    return [{**right, name: way} for name, ways in WAYS.items() for way in ways]


def verdicts(command, questions):
    text = "".join(json.dumps(question) + "\n" for question in questions)
    lines = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == len(questions)
    return [json.loads(line) for line in lines]


def differences(command, ways):
    questions = [{"steps": steps_of(w), "profile": profile_of(w), "sealed": w["sealed"]} for w in ways]
    for question, verdict in zip(questions, verdicts(command, questions)):
        steps, profile, sealed = question.values()
        assert not verdict["refused"], (verdict["refused"], steps)
        case = Case(steps)
        if verdict["purposes"] != purposes(case, profile):
            yield "purposes", set(purposes(case, profile)), set(verdict["purposes"]), question
        for moment in MOMENTS:
            wanted = unmet(case, profile, moment, sealed)
            got = {tuple(row) for row in verdict[moment]}
            if len(got) != len(verdict[moment]) or wanted != got:
                yield moment, wanted, got, question


def main():
    binary, steps_path = sys.argv[1:3]
    random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 20260601)
    ways = list(all_ways())
    found = list(differences([binary, steps_path], ways))
    for moment, wanted, got, question in found[:5]:
        print(f"at {moment}:\n  only by the rules: {sorted(wanted - got, key=str)}\n  only by the gate:  {sorted(got - wanted, key=str)}")
        print("  " + "\n  ".join(json.dumps(s) for s in question["steps"]), "\n  profile", json.dumps(question["profile"]),
              "\n  sealed", question["sealed"])
    rows = subprocess.run([binary, "--rows"], capture_output=True, text=True, check=True).stdout.split()
    few = one_by_one()
    blind = [row for row in rows if not any(True for _ in differences([binary, steps_path, "--drop", row], few))]
    print(f"{len(ways)} cases, {len(found)} differences; {len(rows)} rows dropped in turn, {len(blind)} not noticed {blind}")
    return 1 if found or blind or len(rows) < 27 else 0


if __name__ == "__main__":
    sys.exit(main())
