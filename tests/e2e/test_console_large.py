# SPDX-License-Identifier: Apache-2.0
"""The console with much on it: 10,000 cases, an extract of 200,000 records, and how little is fetched before the first screen stands.
Of numbers only those are asserted that no machine changes; the others are said (pytest -rP)."""
import collections
import concurrent.futures
import random
import time
import uuid

import pytest
import requests

from console import SHIFTS
from desk import SCALE, SEED, scaled, until
from test_console_call import World, text_of

ROWS_MAX = 300
FIRST_BYTES_MAX = 100_000
ROWS = "document.querySelectorAll('main tr, main [role=row]').length"
LONG_TASKS = """window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration))))
    .observe({ type: "longtask" });"""
CUSTOMER, DEVICE = "LARGE-" + uuid.uuid4().hex[:8].upper(), "PC-" + uuid.uuid4().hex[:4]


# --- many cases -----------------------------------------------------------------------------------------------------------

def open_one(desk, number, session):
    """Every twentieth is closed, some have a customer or a note: what a list has in it."""
    body = {"contact": {"company": f"見本{number}商店", "phone": "03-0000-1234"}, "incident": {"summary": f"相談 {number}"}}
    if number % 3 == 0:
        body["incident"]["type"] = "ransomware"
    case = desk.ok("POST", "/v1/cases", body, session=session)["id"]
    if number % 20 == 0:
        desk.ok("POST", f"/v1/cases/{case}/close", {"outcome": "no_incident", "reason": "間違い電話"}, session=session)
    elif number % 7 == 0:
        desk.ok("POST", f"/v1/cases/{case}/notes", {"text": "折り返す"}, session=session)
    return case


def open_many(desk, count, clients=8):
    def run(first):
        with requests.Session() as session:
            return [open_one(desk, number, session) for number in range(first, count, clients)]
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return [case for part in pool.map(run, range(clients)) for case in part]


@pytest.fixture(scope="module")
def many(desk):
    begun = time.monotonic()
    cases = open_many(desk, 10_000 if SCALE >= 1 else 400)  # more than a page holds
    print(f"{len(cases)} cases opened in {time.monotonic() - begun:.0f} s")
    return cases


class Busy(World):
    """Notes at one case, and further cases: what the queue hears of."""

    def run(self):
        with requests.Session() as session:
            while not self.ended.wait(self.pause):
                if self.count % 5 == 4:
                    open_one(self.desk, 1, session)
                else:
                    self.desk.call("POST", f"/v1/cases/{self.case}/notes", {"text": f"その間の出来事 {self.count}"}, session=session)
                self.count += 1


def types_undisturbed(at, selector, text, world, seconds):
    """§9.1 of the guide: exact, the focus where it was, nothing moved."""
    page = at.page
    page.focus(selector)
    page.wait_for_timeout(1000)
    page.evaluate("window.shifts.length = 0; window.tasks.length = 0")
    before, events = page.evaluate("document.activeElement.id"), world.count
    page.keyboard.type(text, delay=max(0, 1000 * seconds / len(text) - 5))
    until("something happened meanwhile", lambda: world.count >= events + 5)
    assert at.focused() == before
    assert page.input_value(selector) == text
    assert page.evaluate("window.shifts") == []
    tasks = page.evaluate("window.tasks")
    print(f"{len(text)} characters in {selector}, {world.count - events} events meanwhile; long tasks: {len(tasks)}, the longest {max(tasks, default=0)} ms")


def begin(consoles, path="/"):
    at = consoles()
    at.context.add_init_script(SHIFTS)
    at.context.add_init_script(LONG_TASKS)
    return at.sign_in(path)


def test_every_page_of_the_queue_has_few_rows(desk, consoles, many):
    at = begin(consoles, "/?tab=all")
    page, more = at.page, at.page.locator("main button", has_text="さらに表示")
    page.wait_for_selector("tr.case-row")
    seen, pages, most = set(), 0, 0
    while True:
        ids = page.evaluate("[...document.querySelectorAll('tr.case-row')].map((row) => row.dataset.id)")
        seen.update(ids)
        pages += 1
        most = max(most, page.evaluate(ROWS))
        assert most <= ROWS_MAX
        if not more.is_visible():
            break
        more.click()
        page.wait_for_function("(last) => [...document.querySelectorAll('tr.case-row')].at(-1).dataset.id !== last || "
                               "![...document.querySelectorAll('main button')].some((one) => one.textContent === 'さらに表示' && one.offsetParent)",
                               arg=ids[-1])
    assert set(many) <= seen, "each case was on a page"
    print(f"{len(seen)} cases on {pages} pages, at most {most} rows in the page")


def test_keys_of_the_queue_with_many_cases(desk, consoles, many):
    at = begin(consoles)
    page = at.page
    page.wait_for_selector("tr.case-row")
    links = page.evaluate("[...document.querySelectorAll('tbody a.number')].map((link) => link.id)")
    at.press("j", "j", "j", "k")
    assert at.focused() == links[1]
    at.press("Enter")
    page.wait_for_url("**/cases/*")
    assert page.url.endswith(links[1].removeprefix("row-"))
    at.says("経過", "main")
    at.press("Escape")
    page.wait_for_selector("tr.case-row")
    desk.open_case("あとから来た", hearing={"contact": {"company": "最後の商店"}})
    at.says("並び順が", ".waiting-row")
    before = len(at.requests)
    at.press("r")
    at.until("sorted anew", lambda: any(path.startswith("/v1/cases?") for _, path in at.requests[before:]))
    page.wait_for_function("() => document.querySelector('.waiting-row .row').classList.contains('unseen')")
    assert page.evaluate(ROWS) <= ROWS_MAX
    at.press("f")
    page.wait_for_selector("dialog[open] #filter-type")
    page.select_option("#filter-type", "ransomware")
    page.locator("dialog .button.main").press("Enter")
    page.wait_for_url("**type=ransomware*")
    page.wait_for_selector("tr.case-row")
    assert set(page.locator("tr.case-row .col-type").all_inner_texts()) == {"ランサムウェア"}
    assert page.evaluate(ROWS) <= ROWS_MAX


def test_typing_at_a_long_queue_while_the_world_goes_on(desk, consoles, many):
    at, dice = begin(consoles), random.Random(SEED)
    page = at.page
    page.wait_for_selector("tr.case-row")
    for _ in range(2):
        page.locator("main button", has_text="さらに表示").click()
        page.wait_for_timeout(500)
    with Busy(desk, many[1]) as world:
        at.press("f")
        page.wait_for_selector("dialog[open] #filter-operator")
        types_undisturbed(at, "#filter-operator", text_of(dice, 60), world, scaled(30))
        at.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        types_undisturbed(at, "#search", text_of(dice, 180), world, scaled(30))


# --- a large extract --------------------------------------------------------------------------------------------------------

FIRST = int(time.time()) - 2 * 3600


def line_of(number):
    """A hundred a second, of an hour or less, within what is searched for."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(FIRST + number // 100 % 3600))}+00:00 {DEVICE} n={number:06d}\n"


@pytest.fixture(scope="module")
def extract(desk):
    """(case, records): a case with an extract as large as one may be."""
    count = scaled(200_000)
    case = desk.open_case("大量のログ", CUSTOMER, {"device": [{"name": DEVICE, "identification": "identified"}]})
    until("a first search", lambda: desk.case(case)["triage"]["status"] not in ("waiting", "searching"), 120)
    lines = "".join(map(line_of, range(count))).encode()
    desk.ok("PUT", f"/v1/cases/{case}/logs?filename=large.log", raw=lines, timeout=600)

    def ended():
        search = (desk.case(case)["triage"].get("searches") or [{}])[-1]
        return search.get("finished_at") and search.get("records", 0) > 0 and search
    search = until("all of it found", ended, 600, 0.5)
    assert search["records"] == count, search
    return case, count


def rows_shown(at):
    return at.page.locator("#records .record[id]").all_inner_texts()


def test_a_large_extract_is_shown_in_few_rows_and_typing_goes_on(desk, consoles, extract):
    (case, count), dice = extract, random.Random(SEED)
    at = begin(consoles, f"/cases/{case}")
    page = at.page
    page.wait_for_selector("#records-open")
    at.press("Alt+m")
    page.wait_for_selector("#form-files-note textarea")
    begun = time.monotonic()
    with World(desk, case) as world:
        page.click("#records-open")
        note = "#" + page.get_attribute("#form-files-note textarea", "id")
        types_undisturbed(at, note, text_of(dice, max(60, scaled(600))), world, scaled(30))
        page.locator(".records-box .message", has_text=f"{count:,}").wait_for(timeout=600_000)
    print(f"{count} records read after {time.monotonic() - begun:.1f} s")
    look_around(at, count)
    filtered(at, count)


def look_around(at, count):
    page = at.page
    for where, number in (("0", 0), ("(grid.scrollHeight - grid.clientHeight) / 2", count // 2), ("grid.scrollHeight", count - 1)):
        page.evaluate(f"() => {{ const grid = document.getElementById('records'); grid.scrollTop = {where}; }}")
        if number == count // 2:
            page.wait_for_function("""([from, to]) => [...document.querySelectorAll("#records .record[id]")]
                .some((row) => Number(row.id.slice(7)) > from && Number(row.id.slice(7)) < to)""", arg=[number - 40, number + 40])
        else:
            page.wait_for_selector(f"#record-{number}")
        for row in page.locator("#records .record[id]").all():
            index = int(row.get_attribute("id").removeprefix("record-"))
            assert f"n={index:06d}" in row.inner_text(), "each row at its place"
        assert page.evaluate(ROWS) <= ROWS_MAX
    assert page.locator("#records").get_attribute("aria-rowcount") == str(count + 1)


def filtered(at, count):
    page, wanted = at.page, count * 3 // 4
    begun = time.monotonic()
    page.focus("#records-filter")
    page.keyboard.type(f"n={wanted:06d}")
    page.wait_for_function("() => document.getElementById('records').getAttribute('aria-rowcount') === '2'")
    page.wait_for_function("() => document.querySelectorAll('#records .record[id]').length === 1")
    assert f"n={wanted:06d}" in rows_shown(at)[0]
    print(f"one of {count} found after {time.monotonic() - begun:.1f} s")


# --- the first screen ---------------------------------------------------------------------------------------------------------

class Wire:
    """What comes over the wire, as Chromium counts it: heads and bodies, packed as they are."""

    def __init__(self, at):
        self.urls, self.bytes, self.base = {}, {}, at.desk.url
        session = at.context.new_cdp_session(at.page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self.answered)
        session.on("Network.loadingFinished", lambda event: self.bytes.__setitem__(event["requestId"], event["encodedDataLength"]))

    def answered(self, event):
        answer = event["response"]
        self.urls[event["requestId"]] = answer["url"].removeprefix(self.base)
        self.bytes[event["requestId"]] = answer["encodedDataLength"]

    def parts(self):
        sizes = collections.Counter()
        for request, url in self.urls.items():
            sizes["API" if url.startswith("/v1/") else url.rsplit(".", 1)[-1] if "." in url else "html"] += self.bytes[request]
        return sizes


def test_the_first_screen_is_small(desk, consoles):
    customer = "FIRST-" + uuid.uuid4().hex[:8].upper()
    for number in range(50):
        desk.open_case(f"相談 {number}", customer, {"contact": {"company": f"見本{number}商店"}})
    at = consoles()
    wire, begun = Wire(at), time.monotonic()
    at.sign_in(f"/?customer={customer}")
    at.page.wait_for_function("() => document.querySelectorAll('tr.case-row').length === 50")
    stood = time.monotonic() - begun
    at.page.wait_for_timeout(500)
    parts = wire.parts()
    print(f"{sum(parts.values())} bytes in {len(wire.urls)} requests, {stood:.1f} s: {dict(parts)}")
    assert not [url for url in wire.urls.values() if "/case/" in url or "playbooks" in url], "what another screen needs comes later"
    assert sum(parts.values()) < FIRST_BYTES_MAX
    # What the other screens need comes by itself, so that they can be opened also when intake is away.
    at.until("the others", lambda: any(url.endswith("screens/call.js") for url in wire.urls.values()))
