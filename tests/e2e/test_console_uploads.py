# SPDX-License-Identifier: Apache-2.0
"""Files of a case on the console: what could not be sent is told on every screen, waits where it was, and goes in nobody else's name."""
import uuid

import pytest

from desk import until

FILES = "**/v1/cases/*/files?*"


@pytest.fixture
def case(desk):
    return desk.open_case("調べています", f"CON-{uuid.uuid4().hex[:8].upper()}", {"contact": {"person": "見本 花子"}})


@pytest.fixture
def at(consoles, case):
    made = consoles().sign_in(f"/cases/{case}")
    made.page.wait_for_selector("#any-file", state="attached")
    return made


def add(at, *names):
    at.page.set_input_files("#any-file", [{"name": name, "mimeType": "text/plain", "buffer": b"kept by the customer"} for name in names])


def hold(at):
    """Uploads wait here; returns the list of them."""
    held = []
    at.page.route(FILES, lambda route: held.append(route))  # playwright takes no builtin
    return held


def names_of(desk, case):
    return [one["name"] for one in desk.case(case).get("uploads", [])]


def test_what_fails_while_another_screen_is_shown_is_told_there_and_sent_from_where_it_waits(desk, at, case):
    held = hold(at)
    add(at, "memo.txt")
    at.until("it is on its way", lambda: held)
    at.page.click(".nav-link[href='/today']")
    at.page.wait_for_selector(".screen-today")
    assert at.page.locator(".unsent").count() == 0
    held.pop().abort()
    at.says("未送信ファイル 1件", ".head")
    at.page.click(".unsent")
    at.says("memo.txt は送れていません", ".sending")
    at.page.unroute(FILES)
    at.page.click(".sending >> text=もう一度試す")
    until("it is there", lambda: names_of(desk, case) == ["memo.txt"])
    at.until("nothing waits any more", lambda: at.page.locator(".unsent").count() == 0)
    at.page.click(".nav-link[href='/today']")
    at.page.go_back()
    at.page.wait_for_selector(".sending", state="attached")
    assert at.page.locator(".sending li").count() == 0, "it stands in the table"


def test_what_nobody_wants_to_send_any_more_is_put_away(desk, at, case):
    at.page.route(FILES, lambda route: route.abort())
    add(at, "one.txt", "two.txt")
    at.says("未送信ファイル 2件", ".head")
    at.page.locator(".sending >> text=やめる").first.click()
    at.says("未送信ファイル 1件", ".head")
    assert at.page.locator(".sending li").count() == 1
    assert at.focused() == "LI", "to the line beside it"
    at.page.click(".sending >> text=やめる")
    at.until("nothing waits any more", lambda: at.page.locator(".unsent").count() == 0)
    assert at.focused() == "title-files"
    assert names_of(desk, case) == []


def test_what_one_person_added_is_not_sent_by_the_next(desk, at, case):
    held = hold(at)
    add(at, "one.txt", "two.txt")
    at.until("the first is on its way", lambda: held)
    at.end_session()
    at.press("Alt+m")
    at.says("もう一度ログイン", ".line", seconds=40)
    asked = []
    at.page.route("**/v1/me", lambda route: asked.append(route))
    at.ask_for_session("supervisor-1")
    at.until("the session is the next one's", lambda: asked)
    held.pop().abort()
    at.says("two.txt は送れていません", ".sending")  # between the two of them, too
    at.page.unroute("**/v1/me")
    asked.pop().continue_()
    at.page.wait_for_selector("dialog #sign-in-password", state="detached")
    at.page.wait_for_selector(".sending", state="attached")
    at.page.wait_for_timeout(500)
    assert not held and at.page.locator(".sending li").count() == 0 and at.page.locator(".unsent").count() == 0
    assert names_of(desk, case) == []


def test_what_waited_for_a_session_goes_when_its_operator_is_back(desk, at, case):
    at.end_session()
    add(at, "memo.txt")
    at.says("memo.txt は送れていません", ".sending")
    at.sign_in_again()
    until("it is there", lambda: names_of(desk, case) == ["memo.txt"])
    at.until("nothing waits any more", lambda: at.page.locator(".unsent").count() == 0)


def test_who_signs_out_is_told_what_is_not_sent(at):
    held = hold(at)
    add(at, "memo.txt")
    at.until("it is on its way", lambda: held)
    at.page.click(".head .me")
    at.says("まだ送っていないファイル 1件", "dialog")
    at.press("Escape")
    held.pop().abort()
