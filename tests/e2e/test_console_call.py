# SPDX-License-Identifier: Apache-2.0
"""The call on the console, typed by hand: nothing moves and nothing takes the focus while the world goes on, no keystroke is lost,
keys of a conversion do nothing, and two people at one case lose nothing of each other's."""
import random
import signal
import threading
import time
import uuid

import pytest

from console import SHIFTS
from desk import READY, SEED, scaled, until
from test_live import start_redis

KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノ、。ー"


def text_of(dice, length):
    return "".join(dice.choice(KANA) for _ in range(length))


@pytest.fixture
def case(desk):
    customer = f"CON-{uuid.uuid4().hex[:8].upper()}"
    return desk.open_case("調べています", customer, {"contact": {"person": "見本 花子"}})


class World:
    """Five things a second happen at this case while somebody types."""

    def __init__(self, desk, case, per_second=5):
        self.desk, self.case, self.pause, self.ended, self.count = desk, case, 1 / per_second, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(self.pause):
            body = {"text": f"その間の出来事 {self.count}"}
            self.desk.call("POST", f"/v1/cases/{self.case}/notes", body)
            self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def test_nothing_moves_and_nothing_takes_the_focus_while_somebody_types(desk, consoles, case):
    dice, at = random.Random(SEED), consoles()
    text = text_of(dice, max(60, scaled(600)))
    at.context.add_init_script(SHIFTS)
    at.sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    page, summary = at.page, at.field("/incident/operations_at_time")
    summary.scroll_into_view_if_needed()
    summary.focus()
    page.wait_for_timeout(1000)
    page.evaluate("window.shifts.length = 0")
    with World(desk, case) as world:
        pause = max(0, 1000 * scaled(30) / len(text) - 5)
        page.keyboard.type(text, delay=pause)
        until("something happened meanwhile", lambda: world.count >= 5)
        assert at.focused() == "field-incident-operations_at_time"
    assert at.value("/incident/operations_at_time") == text
    assert page.evaluate("window.shifts") == []
    until("all of it is kept", lambda: desk.case(case)["hearing"]["incident"].get("operations_at_time") == text)


def test_keys_of_a_conversion_do_nothing(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    page = at.page
    page.wait_for_timeout(500)
    before, address = len(at.requests), page.url
    pressed = page.evaluate("""() => {
        const fields = [...document.querySelectorAll("input, textarea, select")].filter((one) => one.offsetParent);
        const press = (field, more) => {
            const event = new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true, cancelable: true, ...more });
            if (more.keyCode)
                Object.defineProperty(event, "keyCode", { get: () => more.keyCode });
            field.dispatchEvent(event);
        };
        for (const field of fields) {
            field.focus();
            press(field, { isComposing: true });
            press(field, { keyCode: 229 });
            press(field, { isComposing: true, ctrlKey: true });
            press(field, { key: "u", code: "KeyU", altKey: true, isComposing: true });
            press(field, { key: "j", code: "KeyJ", altKey: true, keyCode: 229 });
        }
        return fields.length;
    }""")
    assert pressed > 30
    page.wait_for_timeout(800)
    assert at.writes(before) == [] and page.url == address
    assert page.locator("dialog[open]").count() == 0


def test_a_conversion_of_the_input_method_goes_into_the_field_as_it_ends(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    at.field("/contact/department").focus()
    keyboard = at.context.new_cdp_session(at.page)
    for text in ("そ", "そう", "そうむ", "総務"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229})
    keyboard.send("Input.insertText", {"text": "総務部"})
    assert at.value("/contact/department") == "総務部"
    until("it is kept", lambda: desk.case(case)["hearing"]["contact"].get("department") == "総務部")


def test_unknown_and_declined_by_key_and_back_again(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    kept = lambda: desk.case(case)["hearing"]["incident"].get("target")  # noqa: E731
    at.write("/incident/target", "会計サーバー")
    until("typed", lambda: kept() == "会計サーバー")
    at.press("Alt+u")
    assert at.value("/incident/target") == "不明"
    until("unknown", lambda: kept() == "unknown")
    at.press("Alt+u")
    assert at.value("/incident/target") == "会計サーバー"
    at.press("Alt+x")
    until("declined", lambda: kept() == "declined")
    at.press("Alt+x")
    until("back", lambda: kept() == "会計サーバー")
    assert at.focused() == "field-incident-target"


def begin_call(at, phone="03-0000-0142"):
    at.sign_in("/")
    at.page.keyboard.press("n")
    at.page.wait_for_url("**/calls/*")
    at.page.wait_for_function("() => document.activeElement.id === 'field-contact-phone'")
    at.page.keyboard.type(phone)


def test_what_is_typed_outlives_a_crash_in_the_middle_of_a_word(desk, consoles):
    at = consoles()
    begin_call(at)
    at.write("/contact/company", "架空医")
    at.write("/incident/summary", "診療予約の画面が開か")
    desk.kill_and_wait("intake")
    at.page.keyboard.type("な", delay=100)
    at.page.keyboard.type("い")
    address = at.page.url
    at.page.close()  # as the browser's end would: nothing is asked, nothing is sent, and the last event may be gone
    at.page = at.tab()
    desk.wait_ready("intake")
    at.page.goto(address)
    at.page.wait_for_selector(".call-grid")
    at.until("it is back", lambda: at.value("/incident/summary") in ("診療予約の画面が開かない", "診療予約の画面が開かな"))
    there = at.value("/incident/summary")
    assert (at.value("/contact/company"), at.value("/contact/phone")) == ("架空医", "03-0000-0142")
    draft = address.rsplit("/", 1)[1]
    until("the desk has it too", lambda: desk.call("GET", f"/v1/drafts/{draft}").json().get("hearing", {}).get("incident", {}).get("summary") == there)


def test_without_redis_it_stays_here_and_is_kept_on_recovery(desk, consoles):
    at = consoles()
    begin_call(at)
    at.write("/contact/company", "架空商店")
    until("kept", lambda: "保存済み" in at.page.inner_text(".save"))
    desk.kill("redis", signal.SIGTERM)
    try:
        at.page.keyboard.type("本店")
        at.says("この端末に保存", ".save")
        at.says("この端末に残っています", ".line")
        assert at.page.locator("dialog[open]").count() == 0
    finally:
        start_redis(desk)
        desk.wait_ready()
    # Redis has lost who is signed in: it is said, and asked for only when somebody wants to.
    at.says("もう一度ログイン", ".line", seconds=40)
    assert at.focused() == "field-contact-company"
    at.sign_in_again()
    at.says("保存済み", ".save", seconds=40)
    assert at.value("/contact/company") == "架空商店本店"


def test_kafka_away_while_opening_one_case_comes_of_it_also_after_a_reload(desk, consoles):
    at, company = consoles(), f"架空病院{uuid.uuid4().hex[:6]}"
    begin_call(at)
    at.write("/contact/company", company)
    at.write("/incident/summary", "端末が開かない")
    desk.kafka_was_away = True
    desk.kill("kafka", signal.SIGSTOP)
    try:
        at.press("Control+Enter")
        at.says("自動で1回だけ", ".line", seconds=40)
        at.page.keyboard.type("。受付だけ")
        at.until("tried again", lambda: len([one for one in at.writes() if one[1].startswith("/v1/cases")]) >= 2)
        at.page.reload()
        at.page.wait_for_selector(".call-grid")
        at.until("it is back", lambda: at.value("/incident/summary") == "端末が開かない。受付だけ")
    finally:
        desk.kill("kafka", signal.SIGCONT)
    at.page.wait_for_url("**/cases/*/call", timeout=60000)
    case = at.page.url.split("/")[-2]
    until("what was typed meanwhile is there too", lambda: desk.case(case)["hearing"]["incident"]["summary"] == "端末が開かない。受付だけ")
    found = desk.ok("GET", f"/v1/cases?q={company}")["cases"]
    assert [one["id"] for one in found] == [case]
    assert at.page.locator("dialog[open]").count() == 0
    desk.wait_ready()


def test_a_call_that_waits_to_be_opened_is_opened_from_the_queue_after_a_reload(desk, consoles):
    """Nobody has to come back to its screen: the same key, one case, and a call that was never sent stays what it is."""
    at, company = consoles(), f"架空旅館{uuid.uuid4().hex[:6]}"
    begin_call(at)
    at.write("/contact/company", f"{company}別館")
    until("kept", lambda: "保存済み" in at.page.inner_text(".save"))
    at.open("/")
    at.page.keyboard.press("n")
    at.page.wait_for_function("() => document.activeElement.id === 'field-contact-phone'")
    at.page.keyboard.type("03-0000-0143")
    at.write("/contact/company", company)
    at.write("/incident/summary", "予約台帳が開かない")
    keys = set()
    at.page.on("request", lambda request: keys.add(request.headers.get("idempotency-key"))
               if request.method == "POST" and request.url.startswith(desk.url + "/v1/cases?") else None)
    desk.kafka_was_away = True
    desk.kill("kafka", signal.SIGSTOP)
    try:
        at.press("Control+Enter")
        at.says("自動で1回だけ", ".line", seconds=40)
        at.page.goto(desk.url + "/")
        at.says(company, ".calls")
        at.until("tried again", lambda: len([one for one in at.writes() if one[1].startswith("/v1/cases?")]) >= 2)
    finally:
        desk.kill("kafka", signal.SIGCONT)
    found = at.until("it is open", lambda: [one for one in desk.ok("GET", f"/v1/cases?q={company}")["cases"]], seconds=60)
    at.until("its card goes", lambda: "予約台帳" not in at.page.inner_text(".calls") and at.page.locator(".call-card").count() >= 1
             and not [text for text in at.page.locator(".call-card b").all_inner_texts() if text == company])
    assert len(desk.ok("GET", f"/v1/cases?q={company}")["cases"]) == len(found) == 1 and len(keys) == 1
    assert f"{company}別館" in at.page.inner_text(".calls")
    assert at.page.url == desk.url + "/"
    desk.wait_ready()


def test_the_next_step_is_taken_while_the_answer_to_the_last_is_awaited(desk, consoles, case):
    """The stream shows that a step is done before its answer is here; the key pressed then is for the step that stands there now."""
    at = consoles()
    at.sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    at.field("/incident/type").select_option("ransomware")
    at.says("0/", ".of-playbook h2")
    waiting = []

    def hold(route):
        if route.request.method == "POST":
            waiting.append((route, route.fetch()))
        else:
            route.continue_()
    at.page.route("**/actions", hold)
    for done in (1, 2, 3):
        at.press("Alt+s", "Alt+s")  # pressed twice is done once
        at.says(f"{done}/", ".of-playbook h2")
    for route, answer in waiting:
        route.fulfill(response=answer)
    timeline = desk.ok("GET", f"/v1/cases/{case}/timeline")["timeline"]
    done = [event["data"]["step"]["step"] for event in timeline if "step" in event.get("data", {})]
    assert len(waiting) == len(done) == len(set(done)) == 3
    at.says("3/", ".of-playbook h2")


def test_while_the_logs_are_searched_the_key_leads_nobody_away_from_the_call(desk, consoles):
    """A search begins and ends by itself: who pressed for the question that stood there a moment ago stays at the call, and what is
    typed then presses nothing."""
    at = consoles()
    at.sign_in("/")
    desk.kill("triage", signal.SIGSTOP)
    try:
        case = desk.open_case("調べています", f"CON-{uuid.uuid4().hex[:8].upper()}")
        at.open(f"/cases/{case}/call")
        at.says("検知を確認しています", ".line")
        at.press("Alt+j", "Space", "Enter")
        at.page.wait_for_function("() => document.activeElement.matches('.of-detections')")
        assert at.page.url.endswith(f"/cases/{case}/call")
    finally:
        desk.kill("triage", signal.SIGCONT)
    at.says("お聞きください", ".line")
    at.press("Alt+j")
    at.page.wait_for_function("() => document.activeElement.closest('[data-field]')")


def test_two_people_at_one_item_both_values_stay_and_nobody_is_interrupted(desk, consoles, case):
    first, second = consoles().sign_in(f"/cases/{case}/call"), consoles(operator="supervisor-1").sign_in(f"/cases/{case}/call")
    for at in (first, second):
        at.says("受付済み", ".call-bar")
    # Different items: both are saved, nothing is asked.
    first.write("/incident/purpose", "漏えいの有無を知りたい")
    second.write("/incident/target", "受付の端末2台")
    hearing = lambda: desk.case(case)["hearing"]["incident"]  # noqa: E731
    until("both", lambda: (hearing().get("purpose"), hearing().get("target")) == ("漏えいの有無を知りたい", "受付の端末2台"))
    until("each sees the other's", lambda: first.value("/incident/target") == "受付の端末2台" and second.value("/incident/purpose") == "漏えいの有無を知りたい")
    # The same item at the same moment.
    for at in (first, second):
        at.field("/incident/discovery_trigger").focus()
    first.page.keyboard.type("脅迫文が出た", delay=0)
    second.page.keyboard.type("社員が気づいた", delay=0)
    marked = lambda: [at for at in (first, second) if "入力と違います" in at.page.inner_text("[data-field='/incident/discovery_trigger'] .message")]  # noqa: E731
    until("one of them is told", lambda: marked())
    told = marked()[0]
    assert all(at.page.locator("dialog[open]").count() == 0 for at in (first, second))
    assert all(at.focused() == "field-incident-discovery_trigger" for at in (first, second))
    values = lambda: [event["data"]["patch"]["incident"]["discovery_trigger"] for event in desk.ok("GET", f"/v1/cases/{case}/timeline")["timeline"]  # noqa: E731
                      if event["what"] == "hearing.amended" and "discovery_trigger" in event["data"]["patch"].get("incident", {})]
    until("both are in the history", lambda: {"脅迫文が出た", "社員が気づいた"} <= set(values()))
    # The other is named, as the desk names its people; the name may come a moment after the mark.
    people = {person["id"]: person["name"] for person in desk.ok("GET", "/v1/desk")["people"]}
    other = people["supervisor-1" if told is first else "operator-1"]
    told.says(f"{other}さんと", ".line")
    told.says(f"{other}さんの入力と違います", "[data-field='/incident/discovery_trigger'] .message")
    told.press("Alt+j")
    told.page.wait_for_selector("dialog[open]")
    assert f"{other}さんの入力" in told.page.inner_text("dialog[open] thead")
    told.press("1")
    told.page.wait_for_selector("dialog", state="detached")
    time.sleep(0.2)
    assert "入力と違います" not in told.page.inner_text("[data-field='/incident/discovery_trigger'] .message")


@pytest.mark.parametrize("column", ["consent", "intention"])
def test_the_contact_asked_for_before_the_case_is_read_comes_with_it(desk, consoles, case, column):
    """Unless somebody typed a name meanwhile; and nothing is said of a contact as long as the case is not known."""
    at, held = consoles().sign_in("/"), []
    at.page.route(f"**/v1/cases/{case}", lambda route: held.append(route))
    for typed in ("", "別の者"):
        at.open(f"/cases/{case}/{column}")
        at.until("the case is asked for", lambda: held)
        name = at.page.locator(f"#{column}-name")
        name.focus()
        assert at.page.inner_text(f"#{column}-name-message") == ""
        at.press("Alt+y")
        at.page.keyboard.type(typed)
        assert name.input_value() == typed
        while held:
            held.pop().continue_()
        at.says("見本 花子", f"#{column}-name-message")
        assert name.input_value() == (typed or "見本 花子")
        name.fill("")
    at.page.unroute_all(behavior="ignoreErrors")


def test_the_second_tab_of_a_call_is_for_reading(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    other = at.tab()
    other.goto(f"{desk.url}/cases/{case}/call")
    other.locator(".line-text").filter(has_text="別のタブ").wait_for(timeout=20000)
    assert other.evaluate("document.querySelector('.middle').inert")
    other.close()


def test_another_person_signing_in_sees_and_sends_nothing_of_it(desk, consoles):
    at = consoles()
    begin_call(at)
    at.write("/incident/summary", "ほかの人には見えない")
    until("kept", lambda: "保存済み" in at.page.inner_text(".save"))
    address = at.page.url
    at.end_session()
    at.page.keyboard.type("まだ")
    at.says("もう一度ログイン", ".line", seconds=40)  # the desk has refused it
    before = len(at.requests)
    at.sign_in_again("supervisor-1")
    at.until("signed in anew", lambda: any(path == "/v1/me" for _, path in at.requests[before:]))
    at.page.wait_for_timeout(1500)
    draft = address.rsplit("/", 1)[1]
    assert not [path for _, path in at.writes(before) if draft in path]
    assert desk.ok("GET", f"/v1/drafts/{draft}")["hearing"]["incident"]["summary"] == "ほかの人には見えない"
    assert at.page.url != address or "まだ" not in at.value("/incident/summary")


def test_ready_is_what_the_form_can_make(desk, consoles, case):
    """Everything that a hand-over waits for can be said with the keyboard, without an answer too."""
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    at.field("/contact/responsible_person").focus()
    at.press("Alt+u")
    at.field("/network/configuration").focus()
    at.press("Alt+u")
    at.page.select_option("#field-device-0-identification", "partly")
    at.page.select_option("#field-device-0-disk_encrypted", "unknown")
    at.page.locator("#group-5 .list-controls .link").first.focus()
    at.press("Enter")
    want = {"contact": READY["contact"], "network": READY["network"], "logs": "unknown", "device": READY["device"]}

    def there():
        hearing = desk.case(case)["hearing"]
        return hearing.get("logs") == "unknown" and hearing.get("device") == want["device"] and \
            hearing["contact"].get("responsible_person") == "unknown" and hearing.get("network") == want["network"]

    until("the hearing is ready", there)


def test_what_could_not_be_sent_goes_when_its_operator_signs_in_again(desk, consoles):
    """An opening: nothing is typed afterwards, and nobody presses it once more."""
    at = consoles()
    begin_call(at)
    at.write("/contact/company", f"架空医院{uuid.uuid4().hex[:6]}")
    at.write("/incident/summary", "画面が開かない")
    until("kept", lambda: "保存済み" in at.page.inner_text(".save"))
    at.end_session()
    at.press("Control+Enter")
    at.says("もう一度ログイン", ".line", seconds=40)
    before = len(at.requests)
    at.page.wait_for_timeout(2500)  # longer than it would try again by itself
    assert not at.writes(before)
    at.sign_in_again()
    at.says("受付済み", ".call-bar", seconds=40)


def policy_as_the_session_ends(consoles, case, text):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.may_go_on()
    at.press("Control+Enter")
    at.page.wait_for_selector("dialog #policy-text")
    at.page.fill("#policy-text", text)
    at.end_session()
    at.press("Control+Enter")
    return at


def test_what_was_typed_into_a_dialog_outlives_the_session(desk, consoles, case):
    at = policy_as_the_session_ends(consoles, case, "隔離して調べる")
    at.sign_in_again()
    assert at.page.input_value("#policy-text") == "隔離して調べる"
    at.press("Control+Enter")
    until("it is recorded", lambda: desk.case(case).get("policy", {}).get("text") == "隔離して調べる")


def test_another_contract_stays_another(desk, consoles):
    customer, phone = f"SHARED-{uuid.uuid4().hex[:8].upper()}", f"0{random.randrange(10 ** 8, 10 ** 9)}"
    desk.ok("PUT", f"/v1/contracts/{customer}", {"company": "親会社", "phone": phone}, token="KAKEKOMI_SUPERVISOR_TOKEN")
    at = consoles()
    begin_call(at, phone)
    other = at.page.get_by_role("button", name="ほかの契約")
    other.wait_for(timeout=20000)
    before = len(at.requests)
    other.click()
    at.until("it was asked for once more", lambda: any(path.startswith("/v1/contracts?") for _, path in at.requests[before:]))
    at.write("/contact/company", "子会社")
    at.write("/incident/summary", "同じ電話番号")
    at.press("Control+Enter")
    at.says("受付済み", ".call-bar", seconds=40)
    assert not desk.case(at.page.url.split("/")[-2]).get("customer_id")
    assert desk.case(at.page.url.split("/")[-2])["hearing"]["contact"]["company"] == "子会社"


def test_one_entry_more_leaves_the_others_as_they_were_typed(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    at.write("/device/0/mac", "00:11:22")
    at.page.locator("#add-device").focus()
    at.press("Enter")
    at.page.wait_for_selector("#field-device-1-name")
    assert at.value("/device/0/mac") == "00:11:22"
    at.page.locator("#group-3 .entry .remove").nth(1).click()
    assert at.value("/device/0/mac") == "00:11:22"
    device = lambda: desk.case(case)["hearing"].get("device")  # noqa: E731
    at.write("/device/0/name", "PC-1")
    until("it is there", lambda: device() == [{"name": "PC-1"}])
    unknown = at.page.locator("#group-3 .list-controls .link").first
    unknown.click()
    until("unknown", lambda: device() == "unknown")
    unknown.click()
    until("its entries are back", lambda: device() == [{"name": "PC-1"}])


def test_another_person_who_signs_in_over_a_dialog_finds_it_closed(desk, consoles, case):
    """What one has typed is not recorded in the name of the next."""
    at = policy_as_the_session_ends(consoles, case, "前の人の方針")
    at.sign_in_again("supervisor-1")
    at.until("no dialog is left", lambda: at.page.locator("dialog").count() == 0)
    at.press("Enter")
    at.page.wait_for_timeout(500)
    assert not desk.case(case).get("policy")


def test_a_time_that_another_program_wrote_stands_as_somebody_would_have_typed_it(desk, consoles):
    times = {"occurred_from": "2026-11-24T06:04:00Z", "occurred_from_precision": "hour", "discovered_at": "2026-11-24T16:30:00+09:00"}
    case = desk.open_case("調べています", f"CON-{uuid.uuid4().hex[:8].upper()}", {"incident": times})
    at = consoles().sign_in(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    assert at.value("/incident/occurred_from") == "2026/11/24 15:04頃"
    assert at.value("/incident/discovered_at") == "2026/11/24 16:30"
    at.field("/incident/discovered_at").focus()
    at.press("End", "Backspace", "5")
    discovered = lambda: desk.case(case)["hearing"]["incident"]["discovered_at"]  # noqa: E731
    until("the corrected time is there", lambda: discovered() == "2026-11-24T16:35:00+09:00")
    assert desk.case(case)["hearing"]["incident"]["occurred_from"] == times["occurred_from"], "to show it changes nothing"


def test_a_slip_on_esc_loses_nothing_of_a_dialog(desk, consoles, case):
    at = consoles().sign_in(f"/cases/{case}/call")
    at.may_go_on()
    at.press("Control+Enter")
    at.page.wait_for_selector("dialog #policy-text")
    at.press("Escape")
    at.page.wait_for_selector("dialog", state="detached")
    at.press("Control+Enter")
    at.page.locator("dialog #policy-text").focus()
    at.page.keyboard.type("隔離して調べる")
    at.press("Escape")
    at.says("もう一度 Esc を押すと閉じます", "dialog")
    assert at.page.input_value("#policy-text") == "隔離して調べる"
    for _ in range(3):  # a browser lets a page hold it back only so often
        at.page.keyboard.type("。")
        assert at.page.locator("dialog .message.warn").count() == 0
        at.press("Escape")
        at.says("もう一度 Esc を押すと閉じます", "dialog")
    at.press("Escape")
    at.page.wait_for_selector("dialog", state="detached")
    assert not desk.case(case).get("policy")


def test_what_needs_the_case_is_offered_once_it_was_read(desk, consoles, case):
    at, held = consoles().sign_in("/"), []
    at.page.route(f"**/v1/cases/{case}", lambda route: held.append(route))
    at.open(f"/cases/{case}/call")
    at.says("受付済み", ".call-bar")
    assert at.page.get_attribute(".call-bar .act", "aria-disabled") == "true"
    at.until("the case is asked for", lambda: held)
    held.pop().continue_()
    at.may_go_on()
    at.page.unroute_all(behavior="ignoreErrors")
    at.press("Control+Enter")
    at.page.wait_for_selector("dialog #policy-text")
