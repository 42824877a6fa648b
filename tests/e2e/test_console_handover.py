# SPDX-License-Identifier: Apache-2.0
"""The hand-over check: while the gate holds there is no button to press, only what is missing, by clause, and what cures it; once it
passes, what stands on the screen is what would leave, a colleague's change takes back the tick of what it changed, and nothing is sent
on a head that is not the one that was seen."""
import re
import uuid

import pytest

from desk import READY, until

NOTE = "社内だけの覚え書き"


@pytest.fixture
def held(desk):
    """A call of which little was asked yet."""
    case = desk.open_case("調べています", f"HND-{uuid.uuid4().hex[:8].upper()}")
    desk.extraction_done(case)
    return case


@pytest.fixture
def ready(desk):
    case = desk.open_case("調べています", f"HND-{uuid.uuid4().hex[:8].upper()}", hearing=READY)
    desk.extraction_done(case)
    desk.consent(case)
    desk.intention(case)
    desk.ok("POST", f"/v1/cases/{case}/notes", {"text": NOTE})
    until("the gate passes", lambda: not desk.case(case)["escalation"]["reasons"])
    return case


def buttons(at):
    return at.page.evaluate("[...document.querySelectorAll('main button, main a')].map((one) => one.textContent)")


def reasons(desk, case):
    return desk.case(case)["escalation"]["reasons"]


def test_while_the_gate_holds_it_says_why_and_there_is_nothing_to_press(desk, consoles, held):
    at = consoles().sign_in(f"/cases/{held}/handover")
    at.page.wait_for_selector(".held-card")
    assert set(at.page.eval_on_selector_all(".held-card", "(all) => all.map((one) => one.dataset.code)")) == \
        {reason["code"] for reason in reasons(desk, held)}
    text = at.page.inner_text("main")
    for reason in reasons(desk, held):
        assert reason["ja"].rstrip("。") in text
        assert re.search(reason["clause"].replace("-", "-.?"), text) or reason["clause"].split("-")[0] + "-" in text
    assert "何も送られていません" in text
    assert at.page.locator("#check-act").count() == 0
    assert not [words for words in buttons(at) if "に引き継ぐ" in words]
    at.open(f"/cases/{held}/handover")  # the address alone opens nothing either
    at.page.wait_for_selector(".held-card")
    assert at.page.locator("#check-act").count() == 0
    assert desk.state(held) == "none" and not desk.case(held)["handovers"]


def test_what_cures_it_is_one_key_away_and_the_check_does_not_open_by_itself(desk, consoles, ready):
    desk.withdraw(ready, "intention")
    until("the gate holds", lambda: reasons(desk, ready))
    at = consoles().sign_in(f"/cases/{ready}/handover")
    at.page.wait_for_selector(".held-card")
    desk.intention(ready)
    until("the gate passes", lambda: not reasons(desk, ready))
    at.says("引き継ぎ確認に進めます", ".line")
    at.page.wait_for_timeout(700)
    assert at.page.locator("#check-act").count() == 0, "it is offered and not opened"
    at.press("Alt+j")
    at.page.wait_for_selector("#check-act")


def tick(at, *boxes):
    for box in boxes:
        at.page.focus(f"#check-{box}")
        at.press("Space")


def ticked(at):
    return {box for box in ("what", "where", "basis") if at.page.is_checked(f"#check-{box}")}


def test_a_colleagues_change_takes_back_the_tick_of_what_it_changed(desk, consoles, ready):
    seen = desk.call("GET", f"/v1/cases/{ready}/handover")
    at = consoles().sign_in(f"/cases/{ready}/handover")
    at.page.wait_for_selector("#check-act")
    assert NOTE not in at.page.inner_text("main")
    shown = at.page.eval_on_selector_all("[data-pointer][data-value]", "(all) => all.map((one) => one.dataset.pointer)")
    assert sorted(shown) == sorted(item["pointer"] for item in seen.json()["items"])
    provider = seen.json()["provider"]
    assert provider["kid"] in at.page.inner_text(".check-card.where") and provider["phone"] in at.page.inner_text(".check-card.where")
    tick(at, "what", "where", "basis")
    assert ticked(at) == {"what", "where", "basis"}
    desk.ok("PATCH", f"/v1/cases/{ready}", {"incident": {"purpose": "別の担当者の変更"}})
    at.until("its tick is taken back", lambda: ticked(at) == {"where", "basis"})
    at.says("別の担当者の変更", "main")
    assert at.page.get_attribute("#check-act", "aria-disabled") == "true"
    before = len(at.requests)
    at.press("Control+Enter")
    at.page.wait_for_timeout(500)
    assert not [one for one in at.writes(before) if one[1].endswith("/handover")]
    old = desk.call("POST", f"/v1/cases/{ready}/handover", {"provider": seen.json()["provider"]["id"], "confirmed_head": seen.json()["head"]},
                    headers={"If-Match": seen.headers["ETag"]})
    assert old.status_code == 412
    assert not desk.case(ready)["handovers"]


def test_what_was_ticked_stays_in_the_other_language_and_clears_as_it_does_in_the_first(desk, consoles, ready):
    upload = desk.call("PUT", f"/v1/cases/{ready}/files?filename=note.txt", raw=b"ransom").json()["upload"]
    until("the gate passes", lambda: not reasons(desk, ready))
    at = consoles().sign_in(f"/cases/{ready}/handover")
    at.page.wait_for_selector("#check-act")
    box = f"#file-{upload}"
    at.page.wait_for_selector(box)
    at.page.focus(box)
    at.press("Space")
    tick(at, "what", "where")
    at.page.get_by_role("button", name="English", exact=True).click()
    at.says("Hand over", "#check-act")
    at.page.wait_for_selector(box)
    assert at.page.is_checked(box) and ticked(at) == {"what", "where"}
    desk.ok("PATCH", f"/v1/cases/{ready}", {"incident": {"purpose": "別の担当者の変更"}})
    at.until("its tick is taken back", lambda: ticked(at) == {"where"})
    assert at.page.is_checked(box)
    tick(at, "what", "basis")
    at.press("Control+Enter")
    until("it is requested", lambda: desk.case(ready)["handovers"])
    assert [one["upload"] if isinstance(one, dict) else one for one in desk.case(ready)["handovers"][0]["files"]] == [upload]
    at.open(f"/cases/{ready}")
    at.open(f"/cases/{ready}/handover")  # another visit is another check
    assert not at.page.locator("#check-what:checked").count()


def test_a_click_of_impatience_sends_it_once(desk, consoles, ready):
    at = consoles().sign_in(f"/cases/{ready}/handover")
    at.page.wait_for_selector("#check-act")
    tick(at, "what", "where", "basis")
    at.page.evaluate("for (let i = 0; i < 5; i++) document.getElementById('check-act').click()")
    at.says("回答を待っています", "main", seconds=60)
    assert len(desk.case(ready)["handovers"]) == 1
    assert len([one for one in at.writes() if one[1].endswith("/handover")]) == 1


def test_somebody_who_may_only_look_is_offered_nothing(desk, consoles, ready):
    at = consoles(operator="admin-1").sign_in(f"/cases/{ready}/handover")
    at.page.wait_for_timeout(1500)
    assert at.page.locator("#check-act").count() == 0
    assert not [words for words in buttons(at) if "に引き継ぐ" in words]
