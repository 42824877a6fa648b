# SPDX-License-Identifier: Apache-2.0
"""The provider's report: delivered, opened while the consent covers it, told to the chain, read by the operator, turned into settings."""
import base64
import copy
import hashlib
import json
import os
import signal

import pytest

from desk import until
from partner import Partner, released

DOCUMENT = {"findings": ["侵入経路は VPN 機器 / through the VPN gateway", {"title": "<img onerror=alert(1)>", "text": "=cmd|' /C calc'!A0"}],
            "recommendations": [{"kind": "block_address", "target": "198.51.100[.]23", "reason": "C2"},
                                {"kind": "enable_ips", "target": "Exploit.SSLVPN", "reason": "検知のみ"},
                                {"kind": "block_address", "target": "192.168.1.10", "reason": "own network: must not be blocked"},
                                {"kind": "block_domain", "target": "co.jp", "reason": "must not be blocked either"},
                                {"kind": "something_new", "target": "x", "reason": "unknown"}],
            "indicators": [{"type": "ipv4", "value": "198.51.100.23"}, {"type": "url", "value": "hxxps://evil.example/a"},
                           {"type": "sha256", "value": "AB" * 32}]}
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 3000  # two parts


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        yield partner


def reporting(desk, partner, **consent):
    offer = released(desk, partner, "報告書", "REPORT-1", **consent)
    return offer["case"], offer


def reports(desk, case_id):
    return desk.ok("GET", f"/v1/cases/{case_id}/report")["reports"]


def in_state(desk, case_id, state, number=0):
    def ask():
        listed = reports(desk, case_id)
        return listed[number] if len(listed) > number and listed[number]["state"] == state else None
    return until(f"a report that is {state}", ask, 30)


def decide(desk, case_id, pid, decision, **more):
    return desk.call("POST", f"/v1/cases/{case_id}/proposals/{pid}/decision",
                     {"decision": decision, "given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-25T10:00:00+09:00", **more})


def apply(desk, case_id, proposal, result, **more):
    return desk.call("POST", f"/v1/cases/{case_id}/proposals/{proposal}/applied", {"result": result, **more})


def test_from_the_report_to_an_applied_setting(desk, partner):
    case_id, offer = reporting(desk, partner)
    partner.provider.report(offer, DOCUMENT, {"報告書 final.pdf": ("application/pdf", PDF), "empty.txt": ("text/plain", b"")})
    report = in_state(desk, case_id, "opened")
    assert report["findings"] == DOCUMENT["findings"] and report["indicators"] == DOCUMENT["indicators"]
    assert [i["name"] for i in report["items"]] == ["report.json", "報告書 final.pdf", "empty.txt"]
    answer = desk.call("GET", f"/v1/cases/{case_id}/report?report={report['report']}&item=1")
    assert answer.content == PDF and answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E5%A0%B1%E5%91%8A%E6%9B%B8%20final.pdf"
    assert hashlib.sha256(PDF).hexdigest() == report["items"][1]["sha256"]
    assert desk.call("GET", f"/v1/cases/{case_id}/report?report={report['report']}&item=2").content == b""
    assert desk.call("GET", f"/v1/cases/{case_id}/report?report={report['report']}&item=9").status_code == 404
    assert desk.call("GET", f"/v1/cases/{case_id}/report?report={'0' * 64}").status_code == 404

    case = desk.case(case_id)
    assert case["status"] == "settings" and case["escalation"]["state"] == "reported"
    proposed = {(p["proposed"]["setting"]["code"], p["proposed"]["target"]): pid for pid, p in case["proposals"].items()}
    assert set(proposed) == {("block_address", "198.51.100.23"), ("enable_ips", "Exploit.SSLVPN"),
                             ("block_url", "https://evil.example/a"), ("block_hash", "ab" * 32)}
    block, ips = proposed["block_address", "198.51.100.23"], proposed["enable_ips", "Exploit.SSLVPN"]
    for text in ("before", "after", "reason", "setting"):
        assert case["proposals"][block]["proposed"][text]["ja"] and case["proposals"][block]["proposed"][text]["en"]

    assert apply(desk, case_id, block, "applied").status_code == 409  # nobody has agreed
    assert decide(desk, case_id, block, "agreed", after="198.51.100.23 を受信・送信とも遮断").status_code == 200
    assert decide(desk, case_id, ips, "refused").status_code == 200
    assert apply(desk, case_id, ips, "applied").status_code == 409
    assert apply(desk, case_id, block, "applied", note="遮断リストに追加").status_code == 200
    assert apply(desk, case_id, block, "rolled_back", note="業務に支障").status_code == 200
    assert decide(desk, case_id, "nobody-1", "agreed").status_code == 404
    twice = decide(desk, case_id, block, "agreed", proposal=ips)
    assert twice.status_code == 422 and twice.json()["errors"][0]["pointer"] == "/proposal"
    done = desk.case(case_id)["proposals"][block]
    assert done["decided"]["after"].startswith("198.51.100.23") and done["applied"]["result"] == "rolled_back"
    assert done["decided"]["given_by"] == "見本 花子"


def test_the_chain_carries_the_providers_words_as_they_came(desk, partner):
    case_id, offer = reporting(desk, partner)
    partner.provider.report(offer, DOCUMENT, {})
    in_state(desk, case_id, "opened")
    events = {e["type"].removeprefix("kakekomi."): json.loads(base64.b64decode(e["value"])) for e in desk.ok("GET", f"/v1/cases/{case_id}/chain")["events"]}
    for kind in ("provider.accepted", "provider.delivered"):
        word = events[kind]
        assert hashlib.sha256(word["jws"].encode()).hexdigest() == word["reply"]
        said = json.loads(base64.urlsafe_b64decode(word["jws"].split(".")[1] + "=="))
        assert said["handover"] == offer["handover"] and said["head"] == offer["head"]
    assert events["provider.reported"]["reply"] == events["provider.delivered"]["reply"]
    in_case = json.dumps(desk.case(case_id))
    assert events["provider.delivered"]["jws"] not in in_case, "the folded case needs no words"


def test_an_interim_report_and_a_final_one(desk, partner):
    case_id, offer = reporting(desk, partner)
    partner.provider.report(offer, DOCUMENT, {})
    in_state(desk, case_id, "opened")
    final = copy.deepcopy(DOCUMENT)
    final["recommendations"].append({"kind": "isolate_device", "target": "PC-07", "reason": "感染"})
    partner.provider.report(offer, final, {"final.pdf": ("application/pdf", PDF)})
    in_state(desk, case_id, "opened", 1)
    codes = [p["proposed"]["setting"]["code"] for p in desk.case(case_id)["proposals"].values()]
    assert codes.count("block_address") == 1 and codes.count("isolate_device") == 1, "what was proposed once is not proposed again"


@pytest.fixture
def sharing_is_optional(desk):
    """A desk whose document lets the customer hand over without sharing the report."""
    path = desk.var / "desk" / "profile.json"
    before = path.read_text()
    profile = json.loads(before)
    profile["consent_documents"][0]["required"] = ["desk", "provision"]
    path.write_text(json.dumps(profile, ensure_ascii=False))
    reload_profile(desk)
    yield
    path.write_text(before)
    reload_profile(desk)


def reload_profile(desk):
    for service in ("intake", "escalation"):
        os.kill(desk.pid(service), signal.SIGHUP)
    until("the profile", lambda: desk.desk_facts()["consent_documents"][0]["id"])


def test_without_consent_to_sharing_it_stays_sealed_until_there_is(desk, partner, sharing_is_optional):
    case_id, offer = reporting(desk, partner, scopes=["desk", "provision"])
    partner.provider.report(offer, DOCUMENT, {})
    held = in_state(desk, case_id, "held")
    assert held["findings"] is None and held["reasons"][0]["clause"] == "3"
    assert not desk.read("reports", case_id=case_id), "bytes of a report that nobody may open"
    desk.consent(case_id, scopes=["report"])
    assert in_state(desk, case_id, "opened")["findings"]


def test_a_report_after_the_withdrawal_is_not_opened(desk, partner):
    case_id, offer = reporting(desk, partner)
    assert desk.withdraw(case_id).json()["effect"] == "recalled"
    partner.provider.report(offer, DOCUMENT, {})
    held = in_state(desk, case_id, "held")
    assert held["findings"] is None and not desk.read("reports", case_id=case_id)


def lying(partner, offer, change):
    """A report of which one thing is not as it says."""
    values = list(partner.provider.report_parts(offer, DOCUMENT, {"a.pdf": ("application/pdf", PDF)}))
    places = partner.provider.send("report.part", offer["case"], values)
    parts = [{"part": n, **place, "size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
             for n, (place, value) in enumerate(zip(places, values))]
    partner.provider.reply("report.delivered", offer, parts=change(parts, values))


@pytest.mark.parametrize("lie", ["hash", "swapped", "another", "missing", "place"])
def test_a_report_that_is_not_as_it_says_is_refused_and_may_come_again(desk, partner, lie):
    case_id, offer = reporting(desk, partner)
    before = desk.ends("dead-letters")

    def change(parts, values):
        if lie == "hash":
            parts[1]["sha256"] = "0" * 64
        elif lie == "swapped":
            parts[1], parts[2] = {**parts[2], "part": 1}, {**parts[1], "part": 2}
        elif lie == "missing":
            parts.pop()
        elif lie == "place":
            parts[2]["offset"] += 100000
        return parts
    if lie == "another":  # sealed for another hand-over
        values = list(partner.provider.report_parts({**offer, "handover": "00000000-0000-8000-8000-000000000001"}, DOCUMENT, {}))
        places = partner.provider.send("report.part", case_id, values)
        partner.provider.reply("report.delivered", offer, parts=[{"part": n, **place, "size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
                                                                 for n, (place, value) in enumerate(zip(places, values))])
    else:
        lying(partner, offer, change)
    refused = in_state(desk, case_id, "refused")
    assert refused["failure"] and refused["findings"] is None
    letters = [letter.data for letter in desk.read("dead-letters", since=before)]
    assert any(letter["topic"] == "kakekomi.provider-replies" and letter["reason"] == refused["failure"] for letter in letters)
    assert not desk.read("reports", case_id=case_id), "bytes of a report that does not hold"
    partner.provider.report(offer, DOCUMENT, {})
    in_state(desk, case_id, "opened", 1)


def test_parts_that_nobody_names_change_nothing(desk, partner):
    case_id, offer = reporting(desk, partner)
    before = desk.ends("dead-letters")
    partner.provider.send("report.part", case_id, list(partner.provider.report_parts(offer, DOCUMENT, {})))
    partner.provider.report(offer, DOCUMENT, {})
    in_state(desk, case_id, "opened")
    assert len(reports(desk, case_id)) == 1 and not desk.read("dead-letters", since=before)
