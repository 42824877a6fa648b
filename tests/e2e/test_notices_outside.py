# SPDX-License-Identifier: Apache-2.0
"""Notices and the outside world: every answer of a relay and of a subscriber, a thousand notices in a faulty world, a real Postfix."""
import base64
import collections
import datetime
import hashlib
import hmac
import json
import random
import re
import shutil
import uuid

import pytest

from desk import ROOT, SEED, scaled, until
from outside import Postfix, Relay, Subscribers, certificate, context

OWN = [f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2)]


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def open_with(desk, address, **contact):
    return desk.open_case("知らせる先", hearing={"contact": {"email": address, **contact}})


def notices(desk, case_id, to="customer"):
    return [notice for notice in desk.case(case_id)["notifications"] if notice["to"] == to]


def notice_when(desk, case_id, *statuses, to="customer", seconds=30, index=0):
    def ask():
        found = notices(desk, case_id, to)
        return len(found) > index and found[index]["status"] in statuses and found[index]
    return until(f"{to}: {statuses}", ask, seconds)


@pytest.fixture
def restarted(desk):
    """Starts notify again with variables of a test, and afterwards as it was."""
    def restart(**variables):
        desk.restart_with("notify", **variables)
        desk.wait_ready("notify")
    yield restart
    restart()


# --- a relay, row by row ------------------------------------------------------------------------------------------
ROWS = {  # what it meets first, then ok → status after the first attempt, status in the end, mails taken, next step
    "ok": ("sent", "sent", 1, None),
    "421": ("waiting", "sent", 1, None),
    "450": ("waiting", "sent", 1, None),
    "550": ("failed", "failed", 0, "confirm_address"),
    "drop_in_data": ("waiting", "sent", 1, None),
    "451_after_dot": ("waiting", "sent", 1, None),
    "554_after_dot": ("failed", "failed", 0, None),
    "drop_after_dot": ("waiting", "sent", 2, None),
}


def test_every_answer_of_a_relay(desk, restarted):
    run = uuid.uuid4().hex[:8]
    address = lambda row: f"x@{row.replace('_', '-')}.{run}.example"  # noqa: E731
    rows = {address(row): row for row in ROWS}

    def behave(recipient, n):
        if recipient.startswith("never@"):
            return "never"
        row = rows.get(recipient, "ok")  # the desk's own people are written to as well
        return row if n == 0 or row.startswith("55") else "ok"
    with Relay(behave) as relay:
        restarted(KAKEKOMI_SMTP_URL=f"smtp+plain://127.0.0.1:{relay.port}")
        stuck = [open_with(desk, f"never@slow.{run}.example") for _ in range(12)]  # more than there are workers
        until("the slow ones are under way", lambda: relay.tries[f"never@slow.{run}.example"] >= 1)
        cases = {row: open_with(desk, address(row)) for row in ROWS}
        for row, (first, last, taken, step) in ROWS.items():
            before = notice_when(desk, cases[row], first, "sent" if first == "waiting" else first, seconds=20)
            assert before["attempts"] >= 1 or before["status"] == "waiting", row
        for row, (first, last, taken, step) in ROWS.items():
            notice = notice_when(desk, cases[row], last, seconds=60)
            assert notice["attempts"] == (1 if first == last else 2), (row, notice)
            assert notice.get("in_doubt") == (1 if row.startswith("drop_") else None), (row, notice)  # a short mail has gone whole before anybody sees
            mails = relay.of(address(row))
            assert len(mails) == taken, row
            assert len({mail.message["Message-ID"] for mail in mails}) <= 1, row
            assert [s["step"] for s in desk.case(cases[row])["next_steps"]] == ([step] if step else []), row
        waits = notice_when(desk, stuck[0], "waiting", seconds=90)  # a minute is all that one mail gets
        assert "imeout" in waits["why"] or "left alone" in waits["why"]


def test_a_password_and_a_mail_go_over_tls_or_not_at_all(desk, restarted, tmp_path):
    cert, key = certificate(tmp_path)
    with Relay() as stripped, Relay(tls=context(cert, key)) as safe:
        restarted(KAKEKOMI_SMTP_URL=f"smtp://127.0.0.1:{stripped.port}")
        case_id = open_with(desk, f"x@stripped.{uuid.uuid4().hex[:8]}.example")
        assert "SSL" in notice_when(desk, case_id, "waiting")["why"]
        assert stripped.senders == 0 and not stripped.taken
        restarted(KAKEKOMI_SMTP_URL=f"smtp://localhost:{safe.port}")
        other = open_with(desk, f"x@untrusted.{uuid.uuid4().hex[:8]}.example")
        assert re.search("certificate|peer", notice_when(desk, other, "waiting")["why"])
        assert safe.senders == 0
        restarted(KAKEKOMI_SMTP_URL=f"smtp://localhost:{safe.port}", KAKEKOMI_SMTP_CA_FILE=cert)
        notice_when(desk, case_id, "sent", seconds=90)
        notice_when(desk, other, "sent", seconds=90)
        third = open_with(desk, f"x@kept.{uuid.uuid4().hex[:8]}.example")
        notice_when(desk, third, "sent")
        assert safe.senders == len(safe.taken) and safe.connections < 20


@pytest.mark.parametrize("at_once", [False, True], ids=["STARTTLS", "TLS"])
def test_a_password_is_said_once_for_a_connection(desk, restarted, tmp_path, at_once):
    """Wrong: nothing goes, nothing is lost, the relay is left alone; right: all of it, and over TLS only."""
    cert, key = certificate(tmp_path)
    with Relay(tls=context(cert, key), password="desk:窓口 word", at_once=at_once) as relay:
        url = f"{'smtps' if at_once else 'smtp'}://localhost:{relay.port}"
        wrong, right = ({"KAKEKOMI_SMTP_URL": url, "KAKEKOMI_SMTP_CA_FILE": cert, "KAKEKOMI_SMTP_USER": "desk", name: word}
                        for name, word in (("KAKEKOMI_SMTP_PASSWORD", "no"), ("KAKEKOMI_SMTP_PASSWORD_FILE", tmp_path / "word")))
        (tmp_path / "word").write_text("窓口 word\n")
        restarted(**wrong)
        first = open_with(desk, f"x@first.{uuid.uuid4().hex[:8]}.example")
        notice = notice_when(desk, first, "waiting")
        assert "535" in notice["why"] or "denied" in notice["why"], notice
        assert relay.senders == 0 and set(relay.said) == {("desk:no", True)}
        relay.said.clear()
        restarted(**right)
        others = [open_with(desk, f"x@n{number}.{uuid.uuid4().hex[:8]}.example") for number in range(5)]
        for case_id in [first, *others]:
            notice_when(desk, case_id, "sent", seconds=60)
        assert set(relay.said) == {("desk:窓口 word", True)}
        assert len(relay.said) <= relay.connections and relay.senders == len(relay.taken)


# --- subscribers --------------------------------------------------------------------------------------------------
def signed(post, secret):
    text = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def test_every_answer_of_a_subscriber(desk, restarted, tmp_path):
    cert, key = certificate(tmp_path)

    def answers(path, n):
        return {"/ok": (204, {}, b""), "/failing": (500 if n == 0 else 200, {}, b"no" if n == 0 else b"yes"),
                "/busy": (429 if n == 0 else 200, {}, b""), "/gone": (410, {}, b""),
                "/redirect": (307, {"Location": "/elsewhere"}, b""), "/huge": (200, {}, None)}.get(path, (404, {}, b""))
    with Subscribers(context(cert, key), answers) as server:
        one = lambda name, path=None, **more: {  # noqa: E731
            "id": name, "url": f"https://localhost:{server.port}{path or '/' + name}", "secrets": OWN[:1], "events": ["received"],
            "private": True, "ca_file": str(cert), **more}
        listed = [one("ok", secrets=OWN), one("failing"), one("busy"), one("gone"), one("redirect"), one("huge"),
                  one("loopback", "/never", private=False), one("untrusted", "/never", ca_file="/etc/ssl/certs/ca-certificates.crt"),
                  one("other", "/never", events=["case_closed"])]
        file = tmp_path / "webhooks.json"
        file.write_text(json.dumps({"subscribers": listed}))
        restarted(KAKEKOMI_WEBHOOKS_FILE=file)
        case_id = desk.open_case("知らせる先")
        wanted = {"ok": ("sent", 1), "failing": ("sent", 2), "busy": ("sent", 2), "gone": ("failed", 1), "redirect": ("failed", 1),
                  "huge": ("sent", 1), "loopback": ("failed", 1), "untrusted": ("waiting", 1)}
        for name, (status, attempts) in wanted.items():
            notice = notice_when(desk, case_id, status, to=f"subscriber:{name}", seconds=60)
            assert notice["attempts"] >= attempts, (name, notice)
        assert notices(desk, case_id, "subscriber:other") == []
        assert "not public" in notices(desk, case_id, "subscriber:loopback")[0]["why"]
        for other in [desk.open_case("知らせる先") for _ in range(12)]:  # every worker has a connection to this server now
            assert "not public" in notice_when(desk, other, "failed", to="subscriber:loopback")["why"]
        assert not server.of("/never") and not server.of("/elsewhere")
        notice = notices(desk, case_id, "subscriber:ok")[0]
        post, = server.of("/ok", notice["id"])
        assert post.headers["webhook-signature"].split() == [signed(post, secret) for secret in OWN]
        body = json.loads(post.body)
        assert body == {"type": "case.received", "timestamp": notice["planned_at"],
                        "data": {"case": case_id, "number": desk.case(case_id)["number"], "notice": notice["id"]}}
        assert len(server.of("/failing", notices(desk, case_id, "subscriber:failing")[0]["id"])) == 2


# --- limits that a restart does not lift --------------------------------------------------------------------------
def lose_state(desk):
    """Killed, and its files gone before it is back."""
    state = desk.var / "state" / "notify"
    desk.kill_and_wait("notify")
    state.rename(state.with_suffix(".gone"))
    desk.wait_ready("notify")
    shutil.rmtree(state.with_suffix(".gone"))


def test_what_a_recipient_got_within_the_hour_counts_after_a_kill(desk, restarted):
    """Twenty mails to one address, each of a case of its own; then a kill, and then no file left either."""
    address = f"hour@{uuid.uuid4().hex[:8]}.example"
    with Relay() as relay:
        restarted(KAKEKOMI_SMTP_URL=f"smtp+plain://127.0.0.1:{relay.port}")
        for case_id in [open_with(desk, address) for _ in range(20)]:
            notice_when(desk, case_id, "sent")
        for again in (None, desk.kill_and_wait, lambda _: lose_state(desk)):
            if again:
                again("notify")
                desk.wait_ready("notify")
            late = open_with(desk, address.upper() if again else address)
            notice = notice_when(desk, late, "waiting")
            assert "recipient in an hour" in notice["why"] and notice["attempts"] == 0, (again, notice)
            wait = datetime.datetime.fromisoformat(notice["next_at"]) - datetime.datetime.now(datetime.timezone.utc)
            assert datetime.timedelta(minutes=50) < wait < datetime.timedelta(minutes=61), wait
        other = open_with(desk, "other" + address)
        notice_when(desk, other, "sent")
        assert len(relay.of(address)) == 20 and not relay.of(address.upper())


def test_a_domain_in_trouble_is_left_alone_after_a_kill(desk, restarted):
    """It was in trouble oftener than any one mail was: that much longer nobody is sent there, also by the next process."""
    domain = f"{uuid.uuid4().hex[:8]}.example"
    with Relay(lambda recipient, n: "421" if recipient.endswith(domain) else "ok") as relay:
        restarted(KAKEKOMI_SMTP_URL=f"smtp+plain://127.0.0.1:{relay.port}")
        cases = [open_with(desk, f"x{number}@{domain}") for number in range(12)]

        def troubles():
            return max((notice.get("troubles", 0) for case_id in cases for notice in notices(desk, case_id)), default=0)
        until("four times in a row", lambda: troubles() >= 4, 120)  # 40 s from then on
        lose_state(desk)
        notice = notice_when(desk, open_with(desk, f"new@{domain}"), "waiting")
        assert "left alone" in notice["why"] and notice["attempts"] == 0, notice
        assert not relay.tries[f"new@{domain}"]
        notice_when(desk, open_with(desk, f"x@other-{domain}.example"), "sent")


# --- many notices, many faults ------------------------------------------------------------------------------------
def test_a_thousand_notices_in_a_faulty_world(desk, restarted):
    """Three mails of each case, to a domain of its own; 30 % of all attempts meet a fault, no recipient more than two of them."""
    dice, run, faults = random.Random(SEED), uuid.uuid4().hex[:8], collections.Counter()

    def behave(recipient, n):
        met = faults[recipient]
        if met >= 2 or dice.random() >= 0.3:
            return "ok"
        faults[recipient] += 1
        return dice.choice(["421", "450", "drop_in_data", "drop_after_dot", "451_after_dot"])
    with Relay(behave) as relay:
        restarted(KAKEKOMI_SMTP_URL=f"smtp+plain://127.0.0.1:{relay.port}")
        addresses = {}
        for number in range(scaled(334)):
            address = f"x@n{number}.{run}.example"
            case_id = addresses[address] = open_with(desk, address)
            addresses[address] = case_id
            desk.ok("POST", f"/v1/cases/{case_id}/actions", {"kind": "address_confirmed", "address_confirmed": {"address": address}})
            desk.ok("POST", f"/v1/cases/{case_id}/policy", {"text": "隔離する", "playbook": "other"})
            desk.ok("PATCH", f"/v1/cases/{case_id}", {"incident": {"information_leak": "yes", "known_at": now()}})
        order = ["received", "policy_decided", "breach_dates"]
        doubts = repeats = 0
        for address, case_id in addresses.items():
            told = [notice_when(desk, case_id, "sent", seconds=600, index=index) for index in range(3)]
            assert [notice["rule"] for notice in told] == order
            ids = {f"<{notice['id']}@desk.example>": notice for notice in told}
            taken = relay.of(address)
            count = collections.Counter(mail.message["Message-ID"] for mail in taken)
            assert set(count) == set(ids), "one is lost, or is not ours"
            for message_id, notice in ids.items():  # twice only where the end was in doubt, and no oftener than that
                assert count[message_id] <= 1 + notice.get("in_doubt", 0)
                doubts += notice.get("in_doubt", 0)
                repeats += count[message_id] - 1
            first = list(dict.fromkeys(mail.message["Message-ID"] for mail in taken))
            assert [ids[message_id]["rule"] for message_id in first] == order
        print(f"{3 * len(addresses)} notices, {sum(faults.values())} faults, {doubts} in doubt, {repeats} repeated, seed {SEED}")


# --- a real relay -------------------------------------------------------------------------------------------------
NAMES = [("株式会社髙橋製作所", "髙﨑 﨑子"), ("ｶﾌﾞｼｷｶﾞｲｼｬ ﾐﾎﾝ", "ﾐﾎﾝ ﾊﾅｺ"), ("見本" * 100, "花子"), ("<script>alert(1)</script>", "\"'&<b>"),
         ("- 一行目\u3000株式会社", "> 引用"), ("{{phone}}", "{{greeting}}"), ("Émile & Søn GmbH", "Ænne"), ("㈱見本①", "ⅳ世"),
         ("有限会社𠮷野家", "𠮷田 葛\U000e0100城"), ("=?UTF-8?B?4pi6?=", "x\u202ey")]


def sent_of(case, mails):
    """The case, once what became of these is folded: a mail may be read before its sender has heard that it was taken."""
    sent = {f"<{notice['id']}@desk.example>" for notice in case["notifications"] if notice["status"] == "sent"}
    return all(mail["Message-ID"] in sent for mail in mails) and case


@pytest.mark.skipif(not (ROOT / "var/postfix/usr/lib/postfix/sbin/master").exists(), reason="no Postfix under var/postfix: deploy/install --tests")
def test_real_mail_through_a_real_relay(desk, restarted):
    run = uuid.uuid4().hex[:8]
    addresses = [f"c{number}@{run}.example" for number in range(2 * len(NAMES))]
    with Postfix(addresses) as postfix:
        restarted(KAKEKOMI_SMTP_URL=f"smtp://localhost:{postfix.port}", KAKEKOMI_SMTP_CA_FILE=postfix.certificate)
        cases = {}
        for number, address in enumerate(addresses):
            company, person = NAMES[number % len(NAMES)]
            wish = {} if number < len(NAMES) else {"language": "en" if number % 2 else "ja"}
            case_id = cases[address] = desk.open_case("本物の郵便", hearing={"contact": {"email": address, "company": company, "person": person, **wish}})
            desk.ok("POST", f"/v1/cases/{case_id}/actions", {"kind": "address_confirmed", "address_confirmed": {"address": address}})
            desk.ok("POST", f"/v1/cases/{case_id}/policy", {"text": "一行目\n<img src=x onerror=alert(1)>\n髙﨑", "playbook": "other"})
        for number, address in enumerate(addresses):
            company, person = NAMES[number % len(NAMES)]
            mails = until(f"two mails to {address}", lambda a=address: len(found := postfix.mails(a)) == 2 and found)
            case = until("both are known to be sent", lambda c=cases[address]: sent_of(desk.case(c), mails))
            told = {f"<{notice['id']}@desk.example>": notice for notice in case["notifications"]}
            english = number >= len(NAMES) and number % 2
            for mail in mails:
                assert not mail.defects and not any(part.defects for part in mail.walk())
                assert mail["Subject"].startswith(f"[{case['number']}] " if english else f"【{case['number']}】")
                assert not any(word in mail["Subject"] for word in (company, person))
                assert mail["Auto-Submitted"] == "auto-generated" and mail["In-Reply-To"] == mail["References"] == f"<{case['id']}@desk.example>"
                assert mail["From"].addresses[0].display_name == "サイバー駆け込み窓口（見本）"
                assert mail.get_content_type() == "multipart/alternative"
                text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
                assert "<script" not in page and "<img" not in page and "{{" not in page.replace(company, "").replace(person, "")
                assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())
            policy = next(mail for mail in mails if told[mail["Message-ID"]]["rule"] == "policy_decided")
            text = policy.get_body(("plain",)).get_content()
            assert "> 髙﨑\n" in text
            seen = re.sub("[\u202a-\u202e]", " ", company)
            assert seen in text.splitlines()[0], text.splitlines()[0]
        bounced = open_with(desk, f"nobody@{run}.example")
        assert "550" in notice_when(desk, bounced, "failed")["why"]
        assert [step["step"] for step in desk.case(bounced)["next_steps"]] == ["confirm_address"]


# --- clocks -------------------------------------------------------------------------------------------------------
def test_a_promised_call_falls_due_once_through_kills(desk):
    due = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=15)).isoformat()
    cases = [desk.open_case("折り返し") for _ in range(5)]
    for case_id in cases:
        desk.ok("POST", f"/v1/cases/{case_id}/actions", {"kind": "callback", "callback": {"due_at": due}})
    kept = desk.open_case("折り返し済み")
    desk.ok("POST", f"/v1/cases/{kept}/actions", {"kind": "callback", "callback": {"due_at": due}})
    clock = until("the clock", lambda: next((c for c in desk.case(kept)["clocks"] if c["clock"] == "callback"), None))
    assert "約束" in clock["ja"] and "promised" in clock["en"] and "fired_at" not in clock
    desk.ok("POST", f"/v1/cases/{kept}/actions", {"kind": "callback", "callback": {"made": True}})
    for _ in range(4):
        desk.kill_and_wait("notify")
        desk.wait_ready("notify")
    for case_id in cases:
        notice_when(desk, case_id, "sent", "planned", "shown", to="operator", seconds=60)
    desk.kill_and_wait("notify")
    desk.wait_ready("notify")
    desk.wait_idle("notify")
    for case_id in cases:
        told = [notice["rule"] for notice in notices(desk, case_id, "operator")]
        assert told == ["callback_due"]
        assert "fired_at" in next(c for c in desk.case(case_id)["clocks"] if c["clock"] == "callback")
    assert notices(desk, kept, "operator") == []
    assert not any(c["clock"].startswith("callback") for c in desk.case(kept)["clocks"])


def test_after_a_day_away_a_promised_call_is_told_once_and_late(desk, restarted):
    """The process is killed before the call is due, and the next one begins a day later; killed again, and with the clock put back."""
    with Relay() as relay:
        relay_of_test = {"KAKEKOMI_SMTP_URL": f"smtp+plain://127.0.0.1:{relay.port}"}
        restarted(**relay_of_test)
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
        cases = [desk.open_case("折り返し") for _ in range(5)]
        for case_id in cases:
            desk.ok("POST", f"/v1/cases/{case_id}/actions", {"kind": "callback", "callback": {"due_at": due.isoformat()}})
        for case_id in cases:
            until("the clock", lambda c=case_id: any(clock["clock"] == "callback" for clock in desk.case(c)["clocks"]))
        restarted(KAKEKOMI_FAILPOINT_CLOCK_S=25 * 3600, **relay_of_test)
        for case_id in cases:
            notice = notice_when(desk, case_id, "sent", to="operator")
            assert notice["late"] and datetime.datetime.fromisoformat(notice["due_at"]) >= due.replace(microsecond=0)
        for again in (lambda: desk.kill_and_wait("notify"), lambda: restarted(**relay_of_test), lambda: lose_state(desk)):
            again()
            desk.wait_ready("notify")
            desk.wait_idle("notify")
        for case_id in cases:
            case = desk.case(case_id)
            assert [notice["status"] for notice in notices(desk, case_id, "operator")] == ["sent"]
            fired = [clock for clock in case["clocks"] if clock.get("fired_at")]
            assert fired and all(clock["late"] for clock in fired)
            mails = [mail for mail in relay.of("operators@desk.example") if case["number"] in mail.message["Subject"]]
            assert len(mails) == 1
            text = mails[0].message.get_body(("plain",)).get_content()
            assert "お知らせが遅れました" in text and "This notice is late" in text
