# SPDX-License-Identifier: Apache-2.0
"""The console as a person at a browser has it: Debian's Chromium, real keys, the real services; what went wrong on a page fails the test."""
import contextlib
import json
import re
import time

from playwright.sync_api import TimeoutError, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desk": (1366, 768), "low": (1366, 640), "narrow": (1024, 768)}
# What a browser says of an answer that is no 2xx: the screens say it themselves, in words.
ANSWERS = re.compile(r"Failed to load resource|net::ERR_|EventSource's response")
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
        for (const { node, previousRect: before, currentRect: after } of entry.sources)
            window.shifts.push(`${node?.className ?? node?.nodeName} ${JSON.stringify(before)} ${JSON.stringify(after)}`);
}).observe({ type: "layout-shift", buffered: true });"""


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """One person's browser. Pages of it share cookies and what the browser keeps, as tabs do."""

    def __init__(self, desk, browser, operator="operator-1", lang="ja", size="desk"):
        self.desk, self.operator, self.wrong = desk, operator, []
        self.requests = []  # (method, path) of everything that is sent, but for who is there
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale="ja-JP", timezone_id="Asia/Tokyo")
        self.context.add_init_script(f"localStorage.setItem('kakekomi.language', {json.dumps(lang)})")
        self.page = self.tab()

    def tab(self):
        page = self.context.new_page()
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.wrong.append(f"{error}"))
        page.on("request", lambda request: self.requests.append((request.method, request.url.removeprefix(self.desk.url))))
        return page

    def heard(self, message):
        if message.type in ("error", "warning") and not ANSWERS.search(message.text):
            self.wrong.append(message.text)

    def sign_in(self, path="/", operator=None):
        self.page.goto(self.desk.url + path)
        self.page.fill("#sign-in-operator", operator or self.operator)
        self.page.fill("#sign-in-password", self.desk.env["KAKEKOMI_OPERATOR_PASSWORD"])
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".frame", timeout=20000)
        return self

    def end_session(self):
        """Elsewhere: the page does not know of it yet."""
        self.page.evaluate("""async () => fetch('/v1/sessions/current', { method: 'DELETE',
            headers: { 'X-CSRF-Token': (await (await fetch('/v1/me')).json()).session.csrf } })""")

    def ask_for_session(self, operator=None):
        """Over what is shown, once the line asks for it."""
        self.says("もう一度ログイン", ".line", seconds=40)
        self.press("Alt+j")
        if operator:
            self.page.fill("dialog #sign-in-operator", operator)
        self.page.fill("dialog #sign-in-password", self.desk.env["KAKEKOMI_OPERATOR_PASSWORD"])
        self.press("Enter")

    def sign_in_again(self, operator=None):
        self.ask_for_session(operator)
        self.page.wait_for_selector("dialog #sign-in-password", state="detached")

    def open(self, path):
        self.page.goto(self.desk.url + path)
        self.page.wait_for_selector(".frame", timeout=20000)

    # --- what is on the screen ------------------------------------------------------------------------------------------
    def line(self):
        return self.page.inner_text(".line-text")

    def says(self, words, where="body", seconds=30):
        """Waits until `words` (a text or a pattern) stand somewhere on the screen."""
        try:
            self.page.locator(where).filter(has_text=words).first.wait_for(state="visible", timeout=seconds * 1000)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {words!r} in {where}; the line: {self.line()!r}; there: "
                                 f"{self.page.locator(where).first.inner_text()[:1500]!r}") from None

    def until(self, what, ask, seconds=60):
        """As until, with the browser's own events taken in meanwhile."""
        end = time.monotonic() + seconds
        while not (answer := ask()):
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            self.page.wait_for_timeout(50)
        return answer

    def may_go_on(self):
        """The case of this call has been read: its main act is to be had."""
        self.page.wait_for_selector(".call-bar .act[aria-disabled=false]")
        self.says("受付済み", ".call-bar")

    def field(self, pointer):
        return self.page.locator("#field" + pointer.replace("/", "-"))

    def value(self, pointer):
        return self.field(pointer).input_value()

    def focused(self):
        return self.page.evaluate("document.activeElement?.id || document.activeElement?.tagName")

    def writes(self, since=0):
        return [(method, path) for method, path in self.requests[since:] if method != "GET" and not path.endswith("/presence")]

    # --- hands ----------------------------------------------------------------------------------------------------------
    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, pointer, text):
        self.field(pointer).focus()
        self.page.keyboard.type(text)

    def close(self):
        """Signed out, as somebody leaves a desk: who is on is a matter of other tests."""
        me = self.context.request.get(self.desk.url + "/v1/me")
        if me.ok:
            self.context.request.delete(self.desk.url + "/v1/sessions/current", headers={"X-CSRF-Token": me.json()["session"]["csrf"]})
        self.context.close()
        assert not self.wrong, f"the page said: {self.wrong[:5]}"
