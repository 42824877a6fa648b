# SPDX-License-Identifier: Apache-2.0
"""Ways of a hand-over, one after the other, with a partner of another language on its own listener."""
import hashlib
import json

import pytest

from desk import READY, until
from partner import Partner


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        yield partner


def ready_case(desk, **more):
    case_id = desk.open_case("提供の流れ", customer="HANDOVER-1", hearing=READY, **more)
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    return case_id


def reaches(desk, case_id, *states):
    return until(f"{case_id} {states}", lambda: desk.state(case_id) in states and desk.case(case_id)["escalation"], 30)


def codes(desk, case_id):
    return sorted({reason["code"] for reason in desk.case(case_id)["escalation"]["reasons"]})


def released(desk, partner, case_id):
    offer = partner.gets("offered", case_id)
    partner.provider.reply("escalation.accepted", offer)
    word = partner.gets("key", case_id)
    reaches(desk, case_id, "released")
    return offer, partner.provider.open(offer, word)


def test_what_leaves_is_exactly_what_was_shown(desk, partner):
    case_id = ready_case(desk)
    photo = b"\x89PNG" + bytes(range(256)) * 5000
    upload = desk.ok("PUT", f"/v1/cases/{case_id}/files?filename=screen.png", raw=photo)["upload"]
    desk.ok("POST", f"/v1/cases/{case_id}/notes", {"text": "社内メモは出さない"})
    shown = desk.ok("GET", f"/v1/cases/{case_id}/handover")
    desk.request_handover(case_id, confirmed_head=shown["head"], extraction=shown["extraction"], files=[upload])
    _, content = released(desk, partner, case_id)
    assert shown["provider"] == desk.ok("GET", "/v1/desk")["provider"]
    assert shown["provider"]["kid"] in partner.provider.decrypt and shown["provider"]["phone"]

    hearing = json.loads(content["items"]["hearing.json"])
    for item in shown["items"]:
        at = hearing
        for step in item["pointer"].split("/")[1:]:
            at = at[int(step)] if isinstance(at, list) else at[step]
    assert "社内メモ" not in json.dumps([content["manifest"], hearing], ensure_ascii=False)
    extract = desk.call("GET", f"/v1/cases/{case_id}/extract?extraction={shown['extraction']}").content
    assert content["items"]["extract.ndjson"] == extract
    assert hashlib.sha256(extract).hexdigest() == shown["extract"]["sha256"]
    assert content["items"]["screen.png"] == photo


def canary(pointer):
    return "canary" + pointer.replace("/", "-") + "-end"


def hearing_of_canaries(fields):
    """A canary in every text that the table of the sheet has, and where each answer came from."""
    hearing = json.loads(json.dumps(READY))
    hearing["logs"] = [{"kind": "utm", "available": "yes"}]
    for field in fields:
        at, steps = hearing, field["pointer"].replace("/N/", "/0/").split("/")[1:]
        for step, after in zip(steps, steps[1:]):
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, [{}] if after == "0" else {})
        at[steps[-1]] = canary(field["pointer"])
    return {**hearing, "sources": {f["pointer"].replace("/N/", "/0/"): canary(f["pointer"] + "/source") for f in fields}}


def test_nothing_leaves_but_what_is_marked_so_and_ticked(desk, partner):
    """1-6 and 1-8: a company's data like a person's, exactly the fields that the table marks; notes and what was not ticked never."""
    fields = [field for field in desk.ok("GET", "/v1/hearing-sheet")["fields"] if field["type"] == "text"]
    stays = [field["pointer"] for field in fields if not field["to_provider"]]
    assert set(stays) == {"/contact/alternative", "/insurance/insurer"} and len(fields) > 20
    case_id = desk.open_case(canary("/incident/summary"), customer="HANDOVER-1", hearing=hearing_of_canaries(fields))
    put = lambda kind, name: desk.ok("PUT", f"/v1/cases/{case_id}/{kind}?filename={name}",  # noqa: E731
                                     raw=f"{name} inside\n".encode())["upload"]
    ticked, _, _ = put("files", "canary-ticked"), put("files", "canary-unticked"), put("logs", "canary-brought")
    for path, body in (("notes", {"text": "canary-note"}), ("policy", {"text": "canary-policy"}),
                       ("assessment", {"needed": "yes", "reason": "canary-assessment"}),
                       ("actions", {"kind": "mute", "mute": {"reason": "canary-mute"}})):
        desk.ok("POST", f"/v1/cases/{case_id}/{path}", body)
    desk.ok("PUT", "/v1/contracts/HANDOVER-1", {"company": "canary-contract"}, token="KAKEKOMI_SUPERVISOR_TOKEN")
    desk.extraction_done(case_id)
    desk.consent(case_id, capacity="canary-capacity")
    desk.intention(case_id, given_by="canary-intention")
    shown = desk.ok("GET", f"/v1/cases/{case_id}/handover")
    desk.request_handover(case_id, confirmed_head=shown["head"], files=[ticked])
    _, content = released(desk, partner, case_id)

    assert set(content["items"]) - {"extract.ndjson"} == {"hearing.json", "canary-ticked"}
    assert [item["name"] for item in content["manifest"]["items"]] == list(content["items"])
    assert content["items"]["canary-ticked"] == b"canary-ticked inside\n"
    left = json.dumps(content["manifest"]).encode() + b"".join(content["items"].values())
    for field in fields:
        for pointer in (field["pointer"], field["pointer"] + "/source"):
            assert (canary(pointer).encode() in left) == field["to_provider"], pointer
    for word in ("unticked", "note", "policy", "assessment", "mute", "contract", "capacity", "intention"):
        assert f"canary-{word}".encode() not in left, word


def test_the_purposes_that_travel_are_those_agreed_to(desk, partner):
    case_id = desk.open_case("旧版への同意", customer="HANDOVER-1", hearing=READY)
    desk.extraction_done(case_id)
    current, older = desk.desk_facts()["consent_documents"]
    assert desk.ok("GET", f"/v1/cases/{case_id}/handover")["purposes"] == current["purposes"]
    desk.consent(case_id, version=older["version"], sha256=older["sha256"], channel="paper")
    desk.intention(case_id)
    assert desk.ok("GET", f"/v1/cases/{case_id}/handover")["purposes"] == older["purposes"]
    desk.request_handover(case_id)
    offer, content = released(desk, partner, case_id)
    assert offer["purposes"] == content["manifest"]["purposes"] == older["purposes"]
    assert "marketing" not in offer["purposes"]


def test_what_may_be_insufficient_is_on_the_case_in_the_mail_and_in_the_manifest_and_stops_nothing(desk, partner):
    """4-12, all four."""
    address = "readiness@handover.example"
    hearing = {**READY, "contact": {**READY["contact"], "email": address},
               "device": [{"identification": "partly", "disk_encrypted": "yes"}], "logs": [{"kind": "utm", "available": "no"}]}
    case_id = desk.open_case("十分でない", customer="HANDOVER-NO-LOGS", hearing=hearing)
    act = lambda **action: desk.ok("POST", f"/v1/cases/{case_id}/actions", {"by": "customer", **action})  # noqa: E731
    act(kind="address_confirmed", address_confirmed={"address": address})
    desk.ok("POST", f"/v1/cases/{case_id}/policy", {"text": "もう初期化されている", "playbook": "other"})
    for step in desk.case(case_id)["policy"]["mandatory_steps"]:
        if step["kind_of_step"] == "preserve":
            act(kind="waiver", waiver={"of": "step", "step": step["step"], "reason": "端末が既に初期化されている"})
    act(kind="step", step={"step": "wipe", "kind_of_step": "clean"})
    desk.extraction_done(case_id)
    desk.request_handover(case_id)
    warnings = reaches(desk, case_id, "held")["warnings"]
    assert [(w["code"], w["clause"]) for w in warnings] == \
        [(code, "4-12") for code in ("traces_changed", "disk_encrypted", "logs_missing", "hearing_incomplete")]
    assert desk.ok("GET", f"/v1/cases/{case_id}/handover")["warnings"] == warnings
    mailed = lambda words: next((body for mail in desk.mails_to(address)  # noqa: E731
                                 if words in (body := mail.get_body(("plain",)).get_content())), None)
    held = until("the mail of the hold", lambda: mailed("提供会社への情報提供は、まだ行っていません"), 30)
    desk.consent(case_id)
    desk.intention(case_id)
    _, content = released(desk, partner, case_id)
    assert content["manifest"]["warnings"] == warnings
    offered = until("the mail of the offer", lambda: mailed("にご紹介しました"), 30)
    for warning in warnings:
        assert all(f"- {warning[language]}\n" in mail for language in ("ja", "en") for mail in (held, offered))


def test_without_consent_it_is_held_and_says_why(desk):
    case_id = desk.open_case("同意前", hearing={})
    desk.request_handover(case_id)
    reaches(desk, case_id, "held")
    assert {"consent_missing", "intention_missing", "hearing_missing", "search_pending"} <= set(codes(desk, case_id))


def test_it_goes_by_itself_when_the_last_reason_falls_away(desk, partner):
    case_id = desk.open_case("最後の一つ", customer="HANDOVER-1", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.request_handover(case_id)
    reaches(desk, case_id, "held")
    assert codes(desk, case_id) == ["intention_missing"]
    desk.intention(case_id)
    partner.gets("offered", case_id)


def test_a_decline_ends_it_and_a_new_request_is_a_new_one(desk, partner):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    first = partner.gets("offered", case_id)
    partner.provider.reply("escalation.declined", first, reason="no capacity")
    reaches(desk, case_id, "declined")
    desk.request_handover(case_id)
    second = partner.gets("offered", case_id, 2)
    assert second["handover"] != first["handover"]
    partner.provider.reply("escalation.accepted", second)
    partner.gets("key", case_id)
    assert not any(word["handover"] == first["handover"] for word in partner.words("key", case_id))


def test_a_cancellation_before_the_offer_leaves_nothing(desk, partner):
    case_id = ready_case(desk)
    desk.ok("POST", f"/v1/cases/{case_id}/intention/withdrawal",
            {"given_by": "見本 花子", "channel": "phone_read", "given_at": "2026-11-24T11:00:00+09:00", "reason": "検討"})
    desk.request_handover(case_id)
    reaches(desk, case_id, "held")
    desk.ok("POST", f"/v1/cases/{case_id}/handover/cancellation", {"reason": "取りやめ"})
    reaches(desk, case_id, "cancelled")
    desk.intention(case_id)
    until("folded", lambda: desk.state(case_id) == "cancelled")
    assert not [r for r in desk.read("escalations", case_id=case_id)], "something left although it was cancelled while held"


@pytest.mark.parametrize("end", ["consent", "intention", "cancellation", "customer", "close"])
def test_after_the_release_everything_that_ends_it_is_told(desk, partner, end):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    offer, _ = released(desk, partner, case_id)
    if end in ("consent", "intention"):
        answer = desk.withdraw(case_id, "consents" if end == "consent" else "intention").json()
        assert answer["effect"] == "recalled" and answer["accepted_at"]
    elif end == "cancellation":
        desk.ok("POST", f"/v1/cases/{case_id}/handover/cancellation", {"reason": "取りやめ"})
    elif end == "customer":
        desk.ok("POST", f"/v1/cases/{case_id}/customer", {"customer_id": "HANDOVER-2"})
    else:
        desk.ok("POST", f"/v1/cases/{case_id}/close", {"outcome": "withdrawn", "reason": "申し出による"})
    recall = partner.gets("recalled", case_id)
    assert recall["handover"] == offer["handover"]
    partner.provider.reply("escalation.deleted", offer)
    reaches(desk, case_id, "deleted")


def test_a_request_after_the_release_is_a_supplement_with_a_key_of_its_own(desk, partner):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    offer, _ = released(desk, partner, case_id)
    upload = desk.ok("PUT", f"/v1/cases/{case_id}/files?filename=later.txt", raw=b"found later")["upload"]
    desk.request_handover(case_id, files=[upload])
    supplement = partner.gets("supplemented", case_id)
    assert supplement["supplement_of"] == offer["handover"]
    key = partner.gets("key", case_id, 2)
    content = partner.provider.open(supplement, key)
    assert content["items"]["later.txt"] == b"found later"


def test_forged_and_foreign_replies_release_nothing_and_are_kept_as_dead_letters(desk, partner):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    offer = partner.gets("offered", case_id)
    before = desk.ends("dead-letters")
    forger = Partner(desk).provider
    forger.sign = type(forger.sign).generate(kty="EC", crv="P-256", kid=forger.sign["kid"])
    forger.reply("escalation.accepted", offer)
    partner.provider.reply("escalation.accepted", {**offer, "handover": "00000000-0000-8000-8000-000000000000"})
    partner.provider.reply("escalation.accepted", {**offer, "case": "00000000-0000-7000-8000-000000000000"})
    until("the dead letters", lambda: len(desk.read("dead-letters", since=before)) >= 2, 30)
    assert desk.state(case_id) == "offered"
    assert not partner.words("key", case_id)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)


def test_an_acceptance_said_twice_gives_one_key(desk, partner):
    case_id = ready_case(desk)
    desk.request_handover(case_id)
    offer = partner.gets("offered", case_id)
    for _ in range(3):
        partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    reaches(desk, case_id, "released")
    desk.wait_ready()
    assert len([r for r in desk.read("escalations", case_id=case_id) if r.type == "escalation.key"]) == 1


def test_the_provider_may_read_and_write_nothing_else(desk):
    from confluent_kafka import Consumer, Producer
    allowed = Consumer(desk.kafka("provider", **{"group.id": "provider-look"})).list_topics(timeout=20).topics
    assert {name for name, topic in allowed.items() if topic.partitions} == {"kakekomi.escalations", "kakekomi.provider-replies"}
    refused = []
    producer = Producer(desk.kafka("provider", **{"message.timeout.ms": 5000}))
    producer.produce("kakekomi.escalations", b"x", on_delivery=lambda error, _: refused.append(error))
    producer.flush(10)
    assert refused and refused[0], "the provider wrote to the desk's topic"
    foreign = Consumer(desk.kafka("provider", **{"group.id": "escalation", "auto.offset.reset": "earliest"}))
    foreign.subscribe(["kakekomi.escalations"])
    message = until("an answer", lambda: foreign.poll(1), 20)
    assert message.error() and message.error().name() in ("GROUP_AUTHORIZATION_FAILED", "_AUTHENTICATION")
    foreign.close()
