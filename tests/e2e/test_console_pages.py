# SPDX-License-Identifier: Apache-2.0
"""Every screen of the console in every state that a case can be brought into, in both languages and three sizes: axe-core and the Nu
Html Checker find nothing, all text can be read whole, and what comes from outside is text and nothing else, on paper too. TEST_PICTURES=FOLDER keeps a
picture of each, to be looked at."""
import json
import os
import pathlib
import time
import types
import urllib.parse
import uuid

import pytest
from confluent_kafka import Producer

from console import SIZES, Console
from desk import READY, ROOT, SCALE, SEED, in_full_only, until
from pages import checker, look, violations, wrong_on
from partner import Partner, released

NOBODY = "00000000-0000-7000-8000-000000000000"
ELEMENT = "<img src=x onerror=alert(1)>"
LINE = ('date={} time={} tz="+0000" devname="{}" devid="FGT" logid="0419016384" type="utm" subtype="ips" level="alert" srcip=192.168.10.23 '
        'srcname="{}" dstip=198.51.100.24 hostname="{}" action="detected" attack="{}" severity="critical" msg="{}"')
OF_KIND = {"text": lambda say, field: say(field["max"]), "texts": lambda say, _: [say(200)], "choice": lambda _, field: field["choices"][0],
           "choices": lambda _, field: field["choices"], "time": lambda *_: "2026-11-24T15:00:00+09:00", "integer": lambda *_: 0,
           "addresses": lambda *_: ["192.168.10.23"]}
LISTS = {"actions_taken", "device", "logs"}


def plain(limit):
    return "受付の端末で診療予約の画面が開かない"[:limit]


def hostile(limit, more=""):
    """An element, a direction that turns about, and no place to break at; as long as the field takes."""
    begin = ELEMENT + "\u202egpj.exe\u2066" + more
    return begin + "W" * (limit - len(begin))


def wild(limit):
    """The same with a terminal's escape: the desk's own API refuses it; a log and the provider's words are as they come."""
    return hostile(limit, "\u001b[31m")


def in_bytes(text, limit):
    return text.encode()[:limit].decode(errors="ignore")


def hearing_of(desk, say):
    """Every item of the sheet that can be filled with such a text, and the others as they may be."""
    hearing = {"contact": {"phone": "03-0000-1234", "email": "hanako@sample.example"}}
    for field in desk.ok("GET", "/v1/hearing-sheet")["fields"]:
        if field["type"] not in OF_KIND or field["pointer"].endswith("/identification"):
            continue
        *way, name = [part for part in field["pointer"].split("/")[1:] if part != "N"]
        place = hearing
        for part in way:
            place = place.setdefault(part, [{}] if part in LISTS else {})
            place = place[0] if isinstance(place, list) else place
        place[name] = OF_KIND[field["type"]](say, field)
    hearing["device"][0]["identification"] = "identified"
    return hearing


def ship(desk, customer, say):
    at, text = time.time() - 1800, say(3000)
    producer = Producer(desk.kafka("shipper"))
    for number in range(9):
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + number * 60)).split()
        line = LINE.format(*stamp, say(100), say(100), say(200), text, text)
        producer.produce("kakekomi.security-logs", key=customer, value=line.encode(), headers={"host": say(100), "product": "utm"})
    assert producer.flush(20) == 0


def cases_of(desk, partner, say, wild=None):
    """A case in each of the states that a hand-over has, all of whose texts are such ones."""
    customer, by = f"PAGE-{uuid.uuid4().hex[:8].upper()}", {"given_by": say(200)}
    desk.ok("PUT", f"/v1/contracts/{customer}", {"company": say(200), "person": say(200), "services": [say(200)], "notes": say(4000),
                                                 "phone": f"03-9{uuid.uuid4().int % 1000:03}-0142"}, token="KAKEKOMI_SUPERVISOR_TOKEN")
    ship(desk, customer, wild or say)
    hearing = hearing_of(desk, say)
    summary = hearing["incident"]["summary"]
    full, held, ready, sent = (desk.open_case(summary, customer, hearing) for _ in range(4))
    for case in (full, held, ready, sent):
        desk.extraction_done(case)
    for case in (full, ready, sent):
        desk.consent(case, capacity=say(200), **by)
        desk.intention(case, **by)
    desk.ok("POST", f"/v1/cases/{full}/policy", {"text": say(4000), "playbook": "ransomware"})
    step = next(one for book in desk.ok("GET", "/v1/playbooks")["playbooks"] if book["playbook"] == "ransomware" for one in book["steps"])
    desk.ok("POST", f"/v1/cases/{full}/actions", {"kind": "waiver", "waiver": {"of": "mandatory" if step["mandatory"] else "step",
                                                                               "step": step["step"], "reason": say(4000)}})
    desk.ok("POST", f"/v1/cases/{full}/assessment", {"needed": "yes", "introduced": True, "reason": say(4000)})
    for case in (full, held):
        desk.ok("POST", f"/v1/cases/{case}/notes", {"text": say(4000)})
    name = urllib.parse.quote(in_bytes(say(255), 240))
    for what in ("files", "logs"):
        answer = desk.call("PUT", f"/v1/cases/{full}/{what}?filename={name}", raw=b"x\n", headers={"Content-Type": "application/octet-stream"})
        assert answer.status_code in (201, 202), answer.text
    desk.consent(held, capacity=say(200), **by)
    withdrawn = desk.withdraw(held, given_by=say(200), reason=say(4000))
    assert withdrawn.status_code in (200, 202), withdrawn.text
    desk.extraction_done(full)
    for case in (full, sent):
        desk.request_handover(case)
    offer = partner.gets("offered", full, seconds=60)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", full, seconds=60)
    report(desk, partner, offer, say, wild or say)
    return types.SimpleNamespace(customer=customer, full=full, held=held, ready=ready, sent=sent, say=say)


def report(desk, partner, offer, say, wild):
    case, text = offer["case"], wild(4000)
    partner.provider.report(offer, {
        "findings": [text, {"title": text, "text": text}], "indicators": [{"type": wild(80), "value": text}],
        "recommendations": [{"kind": "enable_ips", "target": wild(200), "reason": text}, {"kind": "block_address", "target": "198.51.100.24", "reason": text}],
    }, {in_bytes(say(100), 100) + ".pdf": ("application/pdf", b"%PDF-1.4\n")})
    until("the report is open", lambda: any(one["state"] == "opened" for one in desk.ok("GET", f"/v1/cases/{case}/report")["reports"]))
    for name in list(desk.case(case)["proposals"])[:1]:
        path = f"/v1/cases/{case}/proposals/{name}"
        desk.ok("POST", path + "/decision", {"decision": "agreed", "after": say(4000), "given_by": say(200), "channel": "phone_read",
                                             "given_at": "2026-11-25T10:00:00+09:00"})
        desk.ok("POST", path + "/applied", {"result": "failed", "note": say(4000)})


@pytest.fixture(scope="module")
def partner(desk):
    with Partner(desk) as partner:
        refused(desk, b"no word", b"none")
        yield partner


def refused(desk, value, kind):
    """What the desk cannot take from the provider: a dead letter, to be looked at."""
    producer = Producer(desk.kafka("provider"))
    producer.produce("kakekomi.provider-replies", value, headers=[("ce_type", kind)])
    assert producer.flush(20) == 0
    until("a dead letter", lambda: desk.ok("GET", "/v1/dead-letters", token="KAKEKOMI_ADMIN_TOKEN")["dead_letters"])


@pytest.fixture(scope="module")
def calm(desk, partner):
    return cases_of(desk, partner, plain)


@pytest.fixture(scope="module")
def evil(desk, partner):
    refused(desk, wild(3000).encode(), wild(200).encode())
    return cases_of(desk, partner, hostile, wild)


# --- the way to every state -------------------------------------------------------------------------------------------
def press(*keys):
    return lambda at, cases: at.press(*keys)


def search(at, cases):
    at.press("/")
    at.page.keyboard.type(cases.customer)
    at.page.wait_for_selector("#found [aria-selected]")


def contracts(at, cases):
    at.page.fill("#contracts-search", cases.customer)
    at.page.wait_for_selector(".contracts-table tbody tr")


def import_preview(at, cases):
    text = json.dumps([{"customer_id": cases.customer, "company": cases.say(200), "notes": cases.say(400)}, {"customer_id": cases.say(60)}])
    at.page.set_input_files("#import-file", {"name": in_bytes(cases.say(100), 100) + ".json", "mimeType": "application/json", "buffer": text.encode()})
    at.page.wait_for_timeout(500)


def not_sent(at, cases):
    at.page.route("**/v1/cases/*/files?*", lambda route: route.abort())
    at.page.set_input_files("#any-file", {"name": in_bytes(cases.say(100), 100) + ".txt", "mimeType": "text/plain", "buffer": b"kept by the customer"})
    at.page.wait_for_selector(".unsent")


def typed(at, cases):
    at.page.wait_for_selector("#field-contact-company")
    at.write("/contact/company", "見本")
    at.field("/incident/summary").fill(cases.say(4000))


# name → (who, address, what is shown there, what else is done)
STATES = {
    "queue": ("operator-1", "/", ".cases tbody tr", None),
    "queue of nobody": ("operator-1", "/?tab=all&customer=NOBODY-0", ".empty", None),
    "keys of the queue": ("operator-1", "/", ".cases tbody tr", press("?")),
    "filter of the queue": ("operator-1", "/", ".cases tbody tr", press("f")),
    "search": ("operator-1", "/", ".cases tbody tr", search),
    "draft": ("operator-1", "/calls/new", "#field-contact-phone", typed),
    "call": ("operator-1", "/cases/{full}/call", ".of-detections .bars", None),
    "call without a policy": ("operator-1", "/cases/{held}/call", ".of-detections .bars", None),
    "policy": ("operator-1", "/cases/{held}/call", ".of-detections .bars", press("Control+Enter")),
    "consent": ("operator-1", "/cases/{held}/consent", "#passage-0", None),
    "consent given": ("operator-1", "/cases/{full}/consent", "#passage-0", None),
    "intention": ("operator-1", "/cases/{held}/intention", "#intention-name", None),
    "intention given": ("operator-1", "/cases/{full}/intention", "#intention-name", None),
    "held": ("operator-1", "/cases/{held}/handover", ".held-card", None),
    "check": ("operator-1", "/cases/{ready}/handover", "#check-act", None),
    "after the request": ("operator-1", "/cases/{sent}/handover", ".sent-steps", None),
    "cancel": ("operator-1", "/cases/{sent}/handover", ".sent-steps", lambda at, _: at.page.click(".sent-view .button.bad")),
    "key released": ("operator-1", "/cases/{full}/handover", ".sent-steps", None),
    "more after the release": ("operator-1", "/cases/{full}/handover?more=1", "#check-act", None),
    "case": ("operator-1", "/cases/{full}", ".findings", None),
    "case that is held": ("operator-1", "/cases/{held}", "#section-handover", None),
    "detections in full": ("operator-1", "/cases/{full}", ".findings", lambda at, _: (at.press("Alt+l"), at.page.click(".record[id]"))),
    "file not sent": ("operator-1", "/cases/{full}", "#any-file", not_sent),
    "note": ("operator-1", "/cases/{full}", ".findings", press("Alt+m")),
    "no such case": ("operator-1", f"/cases/{NOBODY}", ".case-loading h2", None),
    "sheet on paper": ("operator-1", "/cases/{full}/sheet", ".paper-foot", None),
    "summary on paper": ("operator-1", "/cases/{full}/summary", ".paper-foot", None),
    "administration of an operator": ("operator-1", "/admin", ".sessions-table tbody tr", None),
    "today": ("supervisor-1", "/today", ".number-card", None),
    "administration": ("admin-1", "/admin", ".letters-table tbody tr", contracts),
    "import": ("admin-1", "/admin", ".sessions-table tbody tr", import_preview),
}
PAPER = ("sheet on paper", "summary on paper")
# Where a text of the case must be seen, and seen as what it is.
SHOWN = set(STATES) - {"queue of nobody", "keys of the queue", "filter of the queue", "draft", "no such case", "administration of an operator",
                       "policy", "cancel", "held"}
STILL = """() => {
    const text = document.body.innerText;
    const same = window.wasThere === text && !/読み込んでいます|Loading\\./.test(text);
    window.wasThere = text;
    return same;
}"""


class Visitor:
    """Somebody for each role, signed in once, who goes from screen to screen as a link would take them."""

    def __init__(self, desk, browser, lang):
        self.desk, self.browser, self.lang, self.consoles, self.dialogs = desk, browser, lang, {}, []

    def at(self, who):
        if who not in self.consoles:
            at = Console(self.desk, self.browser, operator=who, lang=self.lang)
            at.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
            self.consoles[who] = at.sign_in()
        return self.consoles[who]

    def still(self, at):
        at.page.wait_for_function(STILL, polling=250, timeout=15000)

    def bring(self, name, cases):
        who, address, shown, more = STATES[name]
        at = self.at(who)
        at.page.set_viewport_size(dict(zip(("width", "height"), SIZES["desk"])))
        at.press("Escape", "Escape")  # a dialog in which something was typed asks once
        at.page.evaluate("(to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); document.querySelector('main').focus(); }",
                         address.format(**{name: value for name, value in vars(cases).items() if isinstance(value, str)}))
        at.page.wait_for_selector(shown, timeout=15000, state="attached")
        self.still(at)
        if more:
            more(at, cases)
            self.still(at)
        return at

    def close(self):
        for at in self.consoles.values():
            at.close()
        assert not self.dialogs


@pytest.fixture
def visitors(desk, browser):
    made = []
    yield lambda lang: made.append(Visitor(desk, browser, lang)) or made[-1]
    for one in made:
        one.close()


def sized(at, size):
    at.page.set_viewport_size(dict(zip(("width", "height"), SIZES[size])))
    at.page.wait_for_timeout(100)


def axe_sizes(number):
    """axe-core takes the longest: every screen at every size in tests/faults/run, else at one of them in turn."""
    return list(SIZES) if SCALE >= 1 else [list(SIZES)[number % len(SIZES)]]


def keep(folder, name, page):
    (folder / f"{name.replace(' ', '-')}.html").write_text(page.content())


def picture(page, lang, name, size):
    if folder := os.environ.get("TEST_PICTURES"):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{lang}-{size}-{name.replace(' ', '-')}.png")


def sign_in_page(desk, browser, lang, folder):
    at, found = Console(desk, browser, lang=lang), []
    at.page.goto(desk.url)
    at.page.wait_for_selector("#sign-in-operator")
    keep(folder, "sign-in", at.page)
    for size in SIZES:
        sized(at, size)
        picture(at.page, lang, "sign-in", size)
        found += [f"sign-in, {size}: {one}" for one in [*wrong_on(at.page), *violations(at.page)]]
    at.close()
    return found


# In tests/run one language at a time, by the seed.
LANGUAGES = ["ja", "en"] if SCALE >= 1 else [["ja", "en"][SEED % 2]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_screen_can_be_read_by_everybody(desk, browser, visitors, calm, tmp_path, lang):
    visitor = visitors(lang)
    found = sign_in_page(desk, browser, lang, tmp_path)
    for number, name in enumerate(STATES):
        at = visitor.bring(name, calm)
        keep(tmp_path, name, at.page)
        for size in SIZES:
            sized(at, size)
            picture(at.page, lang, name, size)
            found += [f"{name}, {size}: {one}" for one in [*wrong_on(at.page), *(violations(at.page) if size in axe_sizes(number) else [])]]
    found += checker("--html", tmp_path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=in_full_only)])
def test_what_comes_from_outside_is_text_on_every_screen(visitors, evil, lang):
    visitor, found = visitors(lang), []
    for name in STATES:
        at = visitor.bring(name, evil)
        for size in ("desk", "narrow"):
            sized(at, size)
            picture(at.page, lang, f"{name}-hostile", size)
            seen = look(at.page)
            found += [f"{name}, {size}: {one}" for one in wrong_on(at.page, seen)]
        if name in SHOWN and ELEMENT[:20] not in seen["text"] + "".join(seen["attributes"]):
            found.append(f"{name}: the text is not shown")
        if name in PAPER:
            at.page.emulate_media(media="print")
            at.page.set_viewport_size({"width": 718, "height": 1000})  # A4 within its margins
            found += [f"{name}, printed: {one}" for one in wrong_on(at.page)]
            at.page.emulate_media(media="screen")
    assert not found, "\n".join(found)


def test_the_files_themselves_are_as_the_standards_have_them():
    folder = ROOT / "services/intake/console"
    found = checker("--also-check-css", "--also-check-svg", folder / "index.html", folder / "icon.svg", *sorted(folder.rglob("*.css")))
    assert not found, "\n".join(found)
