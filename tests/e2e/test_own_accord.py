# SPDX-License-Identifier: Apache-2.0
"""What the provider does of its own accord, what happens when the profile changes while escalation is down, and a stop of notify."""
import collections
import contextlib
import json
import time

import pytest

from desk import READY, until
from live import Listener
from partner import Partner


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        yield partner


@pytest.fixture
def with_profile(desk):
    """Escalation started again with a profile of its own; afterwards with the desk's."""
    path = desk.var / "desk" / "other-profile.json"

    def restart(change):
        profile = json.loads((desk.var / "desk" / "profile.json").read_text())
        change(profile)
        path.write_text(json.dumps(profile, ensure_ascii=False))
        desk.restart_with("escalation", KAKEKOMI_DESK_FILE=path)
        settle(desk)

    yield restart
    desk.restart_with("escalation")
    settle(desk)
    path.unlink(missing_ok=True)


def settle(desk):
    time.sleep(1)  # the one before may still answer
    desk.wait_ready("escalation")


def reaches(desk, case_id, *states):
    return until(f"{case_id} {states}", lambda: desk.state(case_id) in states and desk.case(case_id)["escalation"], 30)


def offered(desk, partner, case_id=None):
    case_id = case_id or desk.open_case("自らの削除", customer="ACCORD-1", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    return case_id, partner.gets("offered", case_id)


def events(desk, case_id):
    return [event["type"].removeprefix("kakekomi.") for event in desk.ok("GET", f"/v1/cases/{case_id}/chain")["events"]
            if event["accepted"]]


def test_what_the_provider_deleted_of_its_own_accord_is_recalled_by_a_withdrawal(desk, partner):
    case_id, offer = offered(desk, partner)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    partner.provider.reply("escalation.deleted", offer)
    reaches(desk, case_id, "deleted")
    assert desk.withdraw(case_id).json()["effect"] == "recalled"
    assert partner.gets("recalled", case_id)["handover"] == offer["handover"]
    time.sleep(0.01)  # another time, another reply
    partner.provider.reply("escalation.deleted", offer)
    until("the second deletion", lambda: events(desk, case_id).count("provider.deleted") == 2, 30)


def test_no_key_once_the_provider_deleted_before_it(desk, partner):
    case_id, offer = offered(desk, partner)
    partner.provider.reply("escalation.accepted", offer)
    partner.provider.reply("escalation.deleted", offer)
    reaches(desk, case_id, "deleted")
    before = len(partner.words("key", case_id))
    assert desk.withdraw(case_id).json()["effect"] == "recalled"
    partner.gets("recalled", case_id)
    until("escalation is idle", lambda: desk.is_idle("escalation"), 30)
    assert len(partner.words("key", case_id)) == before


def test_a_withdrawal_after_the_close_names_what_was_recalled(desk, partner):
    case_id, offer = offered(desk, partner)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    desk.ok("POST", f"/v1/cases/{case_id}/close", {"outcome": "withdrawn", "reason": "申し出による"})
    assert desk.withdraw(case_id).json()["effect"] == "stopped"
    before = desk.case(case_id)["consents"][-1]["withdrawn"]["recalled_before"]
    assert (before["handover"], before["how"]) == (offer["handover"], "closed")


def test_a_profile_that_changed_meanwhile_is_asked_again(desk, partner, with_profile):
    with_profile(lambda profile: profile.update(approvals=2))
    case_id = desk.open_case("二人の確認", customer="ACCORD-2", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id)
    assert "not_approved" in str(reaches(desk, case_id, "held")["reasons"])
    with_profile(lambda profile: profile.update(approvals=1))
    partner.gets("offered", case_id)


def impatient(profile):
    """Open at any time, and four seconds to answer in."""
    profile.update(hours={day: ["00:00", "24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
                   closures=[], public_holidays="none")
    profile["provider"]["desk_hours_to_reply"] = 4 / 3600


def needs_attention(desk, case_id):
    return {line["id"]: line["attention"] for line in desk.ok("GET", "/v1/cases?attention=true&limit=200")["cases"]}.get(case_id, [])


def test_an_answer_that_does_not_come_is_told_and_a_late_one_still_counts(desk, partner, with_profile):
    with_profile(impatient)
    with contextlib.closing(Listener(desk)) as listener:
        case_id, offer = offered(desk, partner)
        told = listener.wait("overdue", id=case_id)
        assert told.data == {"id": case_id, "state": "overdue", "handover": offer["handover"]}
        listener.wait("handover", id=case_id, state="overdue")
        assert "overdue" in desk.case(case_id)["flags"] and "overdue" in needs_attention(desk, case_id)
        assert case_id in [line["id"] for line in desk.ok("GET", "/v1/cases?overdue=true&limit=200")["cases"]]
        partner.provider.reply("escalation.accepted", offer)
        partner.gets("key", case_id)
        listener.wait("handover", id=case_id, state="released")
        assert "overdue" not in desk.case(case_id)["flags"] and "overdue" not in needs_attention(desk, case_id)
        assert len(listener.of("overdue", id=case_id)) == 1


def test_where_two_persons_are_asked_for_nobody_approves_their_own_request(desk, partner, with_profile):
    with_profile(lambda profile: profile.update(approvals=2))
    case_id = desk.open_case("二人の承認", customer="ACCORD-2", hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    handover = desk.request_handover(case_id)["event"]
    assert [reason["code"] for reason in reaches(desk, case_id, "held")["reasons"]] == ["not_approved"]
    approval = f"/v1/cases/{case_id}/handover/approval", {"handover": handover}
    own = desk.call("POST", *approval)
    assert own.status_code == 409 and [(e["pointer"], e["message"]) for e in own.json()["errors"]] == \
        [("/actor", "who requested cannot approve")]
    until("escalation is idle", lambda: desk.is_idle("escalation"), 30)
    assert desk.state(case_id) == "held" and not partner.words("offered", case_id)
    desk.ok("POST", *approval, token="KAKEKOMI_SUPERVISOR_TOKEN")
    offer = partner.gets("offered", case_id)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", case_id)
    again = desk.call("POST", *approval, token="KAKEKOMI_SUPERVISOR_TOKEN")
    assert again.status_code == 409 and again.json()["errors"][0]["message"] == "approved already"


def test_no_key_for_another_provider(desk, partner, with_profile):
    case_id, offer = offered(desk, partner)

    def replace(profile):
        profile["provider"]["id"] = "another-provider"
        for document in profile["consent_documents"]:
            document["provider"] = "another-provider"

    with_profile(replace)
    partner.provider.reply("escalation.accepted", offer)
    until("an answer", lambda: desk.state(case_id) == "accepted" or len(desk.read("dead-letters", case_id=case_id)), 30)
    until("escalation is idle", lambda: desk.is_idle("escalation"), 30)
    assert not partner.words("key", case_id)


def test_a_stop_of_notify_repeats_no_mail(desk):
    cases = []
    for number in range(40):
        hearing = {**READY, "contact": {**READY["contact"], "email": f"stop{number}@accord.example"}}
        cases.append(desk.open_case("停止", hearing=hearing))
        if number % 8 == 7:
            desk.stop_and_wait("notify")
            desk.wait_ready("notify")
    notices = lambda case_id: desk.case(case_id)["notifications"]  # noqa: E731
    for case_id in cases:
        until("the mail has gone", lambda c=case_id: [n["status"] for n in notices(c)] == ["sent"], 60)
    sent = collections.Counter(mail["Message-ID"] for mail in desk.mails("accord.example"))
    assert len(sent) == len(cases) and set(sent.values()) == {1}, sent.most_common(3)
