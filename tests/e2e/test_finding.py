# SPDX-License-Identifier: Apache-2.0
"""Finding: every filter and every kind of question, pages while cases are opened, contracts, cases that are one."""
import concurrent.futures
import json
import random
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from confluent_kafka import Producer

from desk import ROOT, SEED, until

STAMP = f"{random.Random(SEED).randrange(10**6):06d}"  # other tests' cases have nothing of it
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def listed(desk, limit=200, **asked):
    answer = desk.http.get(desk.url + "/v1/cases", params={"limit": limit, **asked}, timeout=30,
                           headers={"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]})
    assert answer.status_code == 200, (asked, answer.text)
    return answer.json()


def ids(desk, **asked):
    return {line["id"] for line in listed(desk, **asked)["cases"]}


def refused(desk, **asked):
    answer = desk.http.get(desk.url + "/v1/cases", params=asked, timeout=30,
                           headers={"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]})
    assert answer.status_code == 422, (asked, answer.status_code)
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


@pytest.fixture(scope="module")
def cases(desk):
    """Names that nobody else has, each written in a way of its own."""
    opened = {}
    for name, company, person, phone, email in (
            ("kana", f"ﾐﾎﾝﾃﾞﾝｷ{STAMP}㈱", "髙橋　花子", "０９９－８７６１－２３４１", f"Hanako@d{STAMP}.example"),
            ("kanji", f"株式会社 渡邊﨑工務店{STAMP}", "齋藤 一郎", f"+81 99-8762-2342", f"ichiro@e{STAMP}.example"),
            ("latin", f"ＡＣＭＥ・Ｓｙｓｔｅｍｓ{STAMP}", "Jane O'Neil", "099(8763)2343", f"jane@f{STAMP}.example"),
            ("short", f"綴鵬", "鷁艪", "0998764234", f"x@g{STAMP}.example"),
            ("long vowel", f"サーバーセンター{STAMP}", "見本", "099.8765.2345", f"y@h{STAMP}.example")):
        opened[name] = desk.open_case(hearing={
            "contact": {"company": company, "person": person, "phone": phone, "email": email},
            "device": [{"name": f"受付PC{STAMP}", "addresses": ["192.0.2.201", "2001:DB8:0:0::7"]}] if name == "kana" else []})
    for case_id in opened.values():
        desk.case(case_id)
    return opened


@pytest.mark.parametrize("found, q", [
    ("kana", "ミホンデンキ{s}"), ("kana", "みほんでんき{s}"), ("kana", "ﾎﾝﾃﾞﾝｷ{s}"), ("kana", "株式会社 でんき{s}"), ("kana", "ﾐﾎﾝ 高橋 {s}"),
    ("kana", "高橋花子 {s}"), ("kana", "+81 (0)99 8761 2341"), ("kana", "099-8761"), ("kana", "８７６１２３４１"), ("kana", "+81 99 8761 2341"),
    ("kana", "hanako@d{s}.example"), ("kana", "D{s}.EXAMPLE"), ("kana", "受付pc{s}"), ("kana", "2001:db8::7 {s}"),
    ("kanji", "渡辺崎工務店{s}"), ("kanji", "㈱渡邉"), ("kanji", "渡邊 斉藤 {s}"), ("kanji", "斎藤一郎 {s}"), ("kanji", "0998762"),
    ("latin", "acmesystems{s}"), ("latin", "ACME systems{s}"), ("latin", "oneil {s}"), ("latin", "8763-2343"),
    ("short", "綴鵬"), ("short", "綴"), ("short", "鷁艪"), ("short", "綴鵬 鷁"),
    ("long vowel", "サ－バ－センタ－{s}"), ("long vowel", "さーばーせんたー{s}"), ("long vowel", "センター{s}"), ("long vowel", "099 8765 2345"),
])
def test_a_case_is_found_however_it_is_asked_for(desk, cases, found, q):
    q = q.format(s=STAMP)
    assert ids(desk, q=q) == {cases[found]}, q


@pytest.mark.parametrize("q", ["ミホンデンカ{s}", "鵬綴", "鵬", "099-8769", "0998761 齋藤{s}", "192.0.2.20 {s}", "工務{s}店"])
def test_and_what_is_not_there_is_not_found(desk, cases, q):
    assert not ids(desk, q=q.format(s=STAMP)) & set(cases.values())


def test_a_number_is_found_as_it_is_heard(desk, cases):
    number = desk.case(cases["kana"])["number"]
    plain = number.replace("-", "")
    heard = plain.replace("0", "O").replace("1", "l")
    for q in (number, number.lower(), plain, heard, " ".join(number.split("-")), plain[2:8], f"{number} ミホン"):
        assert cases["kana"] in ids(desk, q=q), q
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    answer = listed(desk, q=wrong)
    assert answer["cases"] == [] and answer["hint"]["code"] == "check_character" and answer["hint"]["message"]
    places = next(i for i in range(8) if plain[i] != plain[i + 1])
    swapped = plain[:places] + plain[places + 1] + plain[places] + plain[places + 2:]
    swapped = "-".join((swapped[:3], swapped[3:6], swapped[6:9], swapped[9:]))  # letters alone may be a name
    assert listed(desk, q=swapped)["hint"]["code"] == "check_character", "two characters that changed places"
    assert "hint" not in listed(desk, q=number) and "hint" not in listed(desk, q="見本製作所")


def test_what_a_search_found_finds_the_case(desk):
    """Addresses of the samples, the indicators learned from them, and a hash by its beginning."""
    customer, address = "FIND-" + uuid.uuid4().hex[:6].upper(), f"203.0.113.{random.Random(SEED).randrange(1, 255)}"
    producer = Producer(desk.kafka("shipper"))
    now = datetime.now(timezone(timedelta(hours=9)))
    producer.produce("kakekomi.security-logs", key=customer, value=(
        f'date={now:%Y-%m-%d} time={now:%H:%M:%S} tz="+0900" devname="FG" logid="0211008192" type="utm" subtype="virus" '
        f'eventtype="infected" level="warning" srcip=192.0.2.77 dstip={address} action="blocked" virus="W32/Sample" '
        f'filehash="{HASH}" msg="File is infected."').encode())
    producer.flush(10)
    case_id = desk.open_case(customer=customer)
    triage = desk.extraction_done(case_id)
    search = triage["searches"][-1]
    histogram = search["histogram"]
    begins = datetime.fromisoformat(histogram["from"].replace("Z", "+00:00"))
    step = int((now - begins).total_seconds() // histogram["step_s"])
    assert triage["status"] == "found" and search["detections"] == sum(histogram["all"]) == histogram["all"][step] == 1
    assert search["severe"] == sum(histogram["severe"]) and len(histogram["severe"]) == len(histogram["all"]) <= 96
    for q in (address, "192.0.2.77", HASH, HASH[:12].upper()):
        until(f"found by {q}", lambda q=q: case_id in ids(desk, q=q), 10)
    assert case_id not in ids(desk, q=HASH[:12] + "0000")


def test_words_that_cannot_be_asked_for_are_refused_with_the_reason(desk):
    assert refused(desk, q="、。") == [("/q", "nothing")]
    assert refused(desk, q="1a 2b 3c 4d 5e 6f 7g 8h 9i") == [("/q", "too_many")]
    assert refused(desk, q="長" * 67) == [("/q", "too_long")]
    assert refused(desk, status="open") == [("/status", "choice")]
    assert refused(desk, type="unheard") == [("/type", "choice")]
    assert refused(desk, opened_from="yesterday") == [("/opened_from", "format")]
    assert refused(desk, opened_to="2026-11-24T09:00:00") == [("/opened_to", "format")]
    assert refused(desk, closed_from="yesterday", closed_to="2026-11-24") == [("/closed_from", "format")]
    assert refused(desk, closed_from="2026-11-24") == [("/closed_to", "required")]
    assert refused(desk, closed_to="2026-11-24") == [("/closed_from", "required")]
    assert refused(desk, closed_from="2026-11-01", closed_to="2026-12-31") == [("/closed_to", "too_long")]
    assert listed(desk, closed_from="2020-10-01", closed_to="2020-10-31")["cases"] == []
    for flag in ("held", "overdue", "open", "attention"):
        assert refused(desk, **{flag: "yes"}) == [("/" + flag, "choice")]
    assert refused(desk, cursor="1.2") == [("/cursor", "format")]
    assert refused(desk, operator="") == [("/operator", "length")]
    for q in ('"', "*", "a\"b OR c", "NEAR(", "-x", "^見本", "%_", "';DROP", "é", "\u200b見本", "👍", "﷽" * 60):
        answer = desk.http.get(desk.url + "/v1/cases", params={"q": q}, timeout=30,
                               headers={"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]})
        assert answer.status_code in (200, 422), (q, answer.text)


# --- filters, against the same question asked of every case -------------------------------------------------------
@pytest.fixture(scope="module")
def many(desk):
    """Sixty cases of one customer, of every kind; all that the filters look at is read from the cases themselves."""
    customer, chance = f"FIND-{STAMP}", random.Random(SEED)
    types = ["ransomware", "malware", "ddos"]
    tokens = ["KAKEKOMI_TOKEN", "KAKEKOMI_SUPERVISOR_TOKEN"]
    opened = []
    for i in range(60):
        token = chance.choice(tokens)
        case_id = desk.open_case(customer=customer, token=token, hearing={
            "contact": {"company": f"{chance.choice(['大阪', '東京'])}繍針{chance.choice(['製作所', '商会'])}"},
            "incident": {"type": chance.choice(types)}})
        fate = chance.random()
        if fate < 0.25:
            desk.request_handover(case_id)  # nothing is agreed to: it is held
        elif fate < 0.5:
            desk.ok("POST", f"/v1/cases/{case_id}/close", {"outcome": "no_incident", "reason": "x"})
        elif fate < 0.75:
            desk.ok("POST", f"/v1/cases/{case_id}/policy", {"text": "x"})
        opened.append(case_id)
    until("hand-overs are held", lambda: all(
        desk.case(case_id)["escalation"]["state"] == "held" for case_id in opened
        if desk.case(case_id)["handovers"] and "closed" not in desk.case(case_id)))
    return customer, [desk.case(case_id) for case_id in opened]


def needs_somebody(case):
    """All that is recorded here a person has recorded."""
    untouched = "out_of_hours" in case["flags"] and case["revision"] == 1
    steps = [step for step in case["next_steps"] if not step.get("done")]
    return "closed" not in case and bool({"held", "overdue"} & set(case["flags"]) or untouched or steps)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def fits(case, asked):
    contact = case["hearing"]["contact"]
    opened = moment(case["opened_at"])
    checks = {
        "status": lambda v: case["status"] == v, "customer": lambda v: case["customer_id"] == v,
        "operator": lambda v: case["opened_by"]["id"] == v, "type": lambda v: case["hearing"]["incident"]["type"] == v,
        "held": lambda v: v == "false" or "held" in case["flags"], "overdue": lambda v: v == "false" or "overdue" in case["flags"],
        "open": lambda v: v == "false" or "closed" not in case, "attention": lambda v: v == "false" or needs_somebody(case),
        "opened_from": lambda v: opened >= datetime.fromisoformat(v), "opened_to": lambda v: opened < datetime.fromisoformat(v),
        "closed_from": lambda v: "closed" in case and moment(case["closed"]["at"]) >= datetime.fromisoformat(v),
        "closed_to": lambda v: "closed" in case and moment(case["closed"]["at"]) < datetime.fromisoformat(v),
        "q": lambda v: all(word in contact["company"] for word in v.split())}
    return all(checks[name](value) for name, value in asked.items())


def test_every_combination_of_filters_lists_what_fits_and_nothing_else(desk, many):
    customer, cases = many
    chance = random.Random(SEED)
    times = sorted(case["opened_at"] for case in cases)
    values = {
        "status": ["consultation", "policy", "handover", "closed"], "operator": sorted({case["opened_by"]["id"] for case in cases}),
        "type": ["ransomware", "malware", "ddos"], "held": ["true", "false"], "overdue": ["true", "false"], "open": ["true", "false"], "attention": ["true", "false"],
        "opened_from": [times[20].replace("Z", "+00:00")], "opened_to": [times[45].replace("Z", "+00:00")],
        "q": ["繍針", "大阪", "繍針製作所", "大阪 商会", "繍針 東京", "大阪繍針商会"]}
    ends = sorted(case["closed"]["at"] for case in cases if "closed" in case)
    closed = {"closed_from": ends[len(ends) // 4].replace("Z", "+00:00"), "closed_to": ends[-1].replace("Z", "+00:00")}
    hits = 0
    for mask in range(1 << len(values)):
        asked = {name: chance.choice(options) for i, (name, options) in enumerate(values.items()) if mask >> i & 1}
        if chance.random() < 0.25:
            asked |= closed
        asked["customer"] = customer
        if chance.random() < 0.5 and asked.get("q", "").find("繍針") >= 0:
            del asked["customer"]  # nobody else has this name
        want = [case["id"] for case in sorted(cases, key=lambda c: c["opened_at"], reverse=True) if fits(case, asked)]
        got = [line["id"] for line in listed(desk, **asked)["cases"]]
        if asked.get("customer") or "q" in asked:
            assert got == want, asked
            hits += len(want)
    assert hits > 500


def test_a_day_is_a_day_at_the_desk(desk, many):
    customer, cases = many
    zone = timezone(timedelta(hours=9))
    days = {datetime.fromisoformat(case["opened_at"].replace("Z", "+00:00")).astimezone(zone).date() for case in cases}
    first, last = min(days), max(days)
    assert ids(desk, customer=customer, opened_from=str(first), opened_to=str(last)) == {case["id"] for case in cases}
    assert not ids(desk, customer=customer, opened_from=str(last + timedelta(days=1)))
    assert not ids(desk, customer=customer, opened_to=str(first - timedelta(days=1)))
    closed = {case["id"] for case in cases if "closed" in case}
    assert closed and ids(desk, customer=customer, closed_from=str(first), closed_to=str(last + timedelta(days=1))) == closed
    assert closed <= ids(desk, limit=200, q="繍針", closed_from=str(first), closed_to=str(last + timedelta(days=1)))
    assert not ids(desk, customer=customer, closed_from=str(first - timedelta(days=9)), closed_to=str(first - timedelta(days=1)))


def test_pages_go_on_where_they_ended_while_cases_are_opened(desk, many):
    """Whatever is opened meanwhile is newer: no line twice, none left out, with and without words; Link says the same."""
    customer, cases = many
    for asked in ({"customer": customer}, {"q": "繍針 製作所"}, {"customer": customer, "q": "大阪"}, {"customer": customer, "type": "malware"}):
        want = [case["id"] for case in sorted(cases, key=lambda c: c["opened_at"], reverse=True) if fits(case, asked)]
        before = listed(desk, **asked)["cases"]
        got, url = [], None
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            busy = [pool.submit(desk.open_case, customer=customer, hearing={
                "contact": {"company": "大阪繍針製作所"}, "incident": {"type": "malware"}}) for _ in range(6)]
            head = {"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]}
            answer = desk.http.get(desk.url + "/v1/cases", params={"limit": 7, **asked}, headers=head, timeout=30)
            while True:
                got += [line["id"] for line in answer.json()["cases"]]
                if not answer.json()["next_cursor"]:
                    assert "Link" not in answer.headers
                    break
                url = answer.headers["Link"].split(">")[0].lstrip("<")
                answer = desk.http.get(desk.url + url, headers=head, timeout=30)
            for job in busy:
                job.result()
        assert len(got) == len(set(got))
        assert [i for i in got if i in want] == want, asked
        assert {line["id"] for line in before} <= set(got)


# --- whom to help now ------------------------------------------------------------------------------------------------
def line_of(desk, case_id, **asked):
    return next((line for line in listed(desk, **asked)["cases"] if line["id"] == case_id), None)


def test_a_line_says_what_the_queue_shows(desk):
    customer = f"LINE-{STAMP}"
    text = "あ" * 119 + "😀" + "い" * 50
    case_id = desk.open_case(customer=customer, hearing={"contact": {"person": "見本 花子"}, "incident": {"summary": text}})
    desk.extraction_done(case_id)
    case, line = desk.case(case_id), line_of(desk, case_id, customer=customer)
    assert line["summary"] == text[:120] and line["person"] == "見本 花子" and line["opened_by"] == case["opened_by"]["id"]
    assert line["changed_at"] == case["changed_at"] and (line["detections"], line["blocked"]) == (0, 0)
    assert line["reasons"] == [] and line["reply_by"] is None and line["next_steps"] == []
    desk.request_handover(case_id)
    until("held", lambda: line_of(desk, case_id, customer=customer)["reasons"])
    line, reasons = line_of(desk, case_id, attention="true"), desk.case(case_id)["escalation"]["reasons"]
    assert line["attention"][0] == "held" and set(line["reasons"]) == {reason["code"] for reason in reasons}
    promised = (datetime.now(timezone.utc) + timedelta(hours=3)).isoformat(timespec="seconds").replace("+00:00", "Z")
    desk.ok("POST", f"/v1/cases/{case_id}/actions", {"kind": "callback", "by": "operator", "callback": {"due_at": promised}})
    due = until("a clock runs", lambda: (line_of(desk, case_id, customer=customer)["due"] or {}).get("clock") == "callback"
                and line_of(desk, case_id, customer=customer)["due"])
    clock = next(clock for clock in desk.case(case_id)["clocks"] if clock["clock"] == "callback")
    assert due == {name: clock[name] for name in ("clock", "due_at", "ja", "en")}
    desk.ok("POST", f"/v1/cases/{case_id}/close", {"outcome": "no_incident", "reason": "x"})
    assert line_of(desk, case_id, customer=customer)["attention"] == []
    assert not line_of(desk, case_id, customer=customer, open="true") and not line_of(desk, case_id, customer=customer, attention="true")
    assert line_of(desk, case_id, customer=customer, open="false")
    assert listed(desk, open="true", status="closed")["cases"] == []


# --- what changes -------------------------------------------------------------------------------------------------
def test_what_is_amended_is_found_anew_and_no_longer_as_before(desk):
    case_id = desk.open_case(hearing={"contact": {"company": f"前名{STAMP}"}})
    until("found", lambda: ids(desk, q=f"前名{STAMP}") == {case_id})
    desk.ok("PATCH", f"/v1/cases/{case_id}", {"contact": {"company": f"後名{STAMP}", "phone": "0998769876"}})
    assert ids(desk, q=f"後名{STAMP}") == {case_id} and ids(desk, q="099-8769-876") == {case_id}
    assert ids(desk, q=f"前名{STAMP}") == set()


# --- duplicates ---------------------------------------------------------------------------------------------------
def close_as_duplicate(desk, case_id, of):
    return desk.call("POST", f"/v1/cases/{case_id}/close", {"outcome": "duplicate", "of": of})


def test_duplicates_name_one_another(desk):
    first, second, third = (desk.open_case() for _ in range(3))
    assert close_as_duplicate(desk, second, str(uuid.uuid4())).json()["errors"][0]["code"] == "unknown_case"
    assert close_as_duplicate(desk, second, second).status_code == 409
    assert close_as_duplicate(desk, third, second).status_code == 200
    assert close_as_duplicate(desk, second, third).json()["errors"][0]["code"] == "circle"
    before = desk.call("GET", f"/v1/cases/{first}").headers["ETag"]
    assert close_as_duplicate(desk, second, first).status_code == 200
    a, b, c = (desk.case(case_id) for case_id in (first, second, third))
    assert desk.call("GET", f"/v1/cases/{first}").headers["ETag"] != before
    assert [(d["id"], d["number"], d["of"]) for d in a["duplicates"]] == [(second, b["number"], first), (third, c["number"], second)]
    assert b["duplicate_of"] == {"id": first, "number": a["number"], "status": "consultation"} == b["original"]
    assert (c["duplicate_of"]["id"], c["original"]["id"]) == (second, first)
    assert "duplicates" not in c and "duplicate_of" not in a
    told = {(m["kind"], m["what"]) for m in desk.ok("GET", f"/v1/cases/{first}/timeline")["timeline"]}
    assert {("duplicate", b["number"]), ("duplicate", c["number"])} <= told
    told = {(m["kind"], m["what"]) for m in desk.ok("GET", f"/v1/cases/{second}/timeline")["timeline"]}
    assert {("duplicate_of", a["number"]), ("duplicate", c["number"]), ("event", "case.closed")} <= told
    desk.ok("POST", f"/v1/cases/{second}/reopen", {"reason": "別の事案"})
    assert "duplicates" not in desk.case(first) and "duplicate_of" not in desk.case(second)
    assert desk.case(third)["original"]["id"] == second


# --- contracts ----------------------------------------------------------------------------------------------------
def put_contract(desk, customer, body, key=None, token="KAKEKOMI_SUPERVISOR_TOKEN"):
    return desk.call("PUT", f"/v1/contracts/{customer}", body, token=token, headers={"Idempotency-Key": key} if key else None)


def contracts(desk, **asked):
    answer = desk.http.get(desk.url + "/v1/contracts", params=asked, timeout=30,
                           headers={"Authorization": "Bearer " + desk.env["KAKEKOMI_TOKEN"]})
    assert answer.status_code == 200, answer.text
    return answer.json()["contracts"]


def test_a_contract_is_found_while_the_number_is_typed(desk):
    customer = f"TYPE-{STAMP}"
    body = {"company": f"髙﨑精器{STAMP}㈱", "phone": f"０８８-{STAMP}8", "person": "見本 花子", "email": "a@b", "notes": "保守"}
    assert put_contract(desk, customer, body).status_code == 200
    digits = f"088{STAMP}8"
    for length in range(4, len(digits) + 1):
        assert customer in [c["customer_id"] for c in contracts(desk, phone=digits[:length])], digits[:length]
    for asked in ({"phone": f"+81 88-{STAMP}"}, {"phone": f"(088){STAMP}"}, {"q": f"高崎精器{STAMP}"}, {"q": f"せいき{STAMP}"} , {"q": customer},
                  {"q": f"精器 株式会社 {STAMP}"}, {"phone": digits, "q": "高崎"}, {"q": f"花子 {STAMP}"}):
        if asked != {"q": f"せいき{STAMP}"}:  # kanji are not read aloud
            assert [c["customer_id"] for c in contracts(desk, **asked)] == [customer], asked
    assert contracts(desk, phone=digits, q="別名") == [] and contracts(desk, phone=STAMP + "8") == []
    found = contracts(desk, q=customer)[0]
    assert found["notes"] == "保守"
    # The address is none that the sheet takes.
    assert found["prefill"] == {"customer_id": customer, "contact": {k: body[k] for k in ("company", "person", "phone")}}
    case = {**found["prefill"], "incident": {"summary": "x"}}
    opened = desk.ok("POST", "/v1/cases", case)
    assert desk.case(opened["id"])["hearing"]["contact"] == found["prefill"]["contact"]
    answer = desk.call("GET", "/v1/contracts?phone=088")
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "too_short"


def test_a_contract_is_replaced_and_a_repetition_is_not(desk):
    customer, key = f"KEY-{STAMP}", uuid.uuid4().hex
    assert put_contract(desk, customer, {"company": f"一番{STAMP}"}, key).status_code == 200
    again = put_contract(desk, customer, {"company": f"一番{STAMP}"}, f'"{key}"')
    assert again.status_code == 200 and again.headers["Idempotency-Replayed"] == "true"
    assert put_contract(desk, customer, {"company": f"二番{STAMP}"}, key).status_code == 422
    assert put_contract(desk, customer, {"company": f"三番{STAMP}"}).status_code == 200
    assert put_contract(desk, customer, {"company": f"一番{STAMP}"}, key).headers["Idempotency-Replayed"] == "true"
    assert [c["company"] for c in contracts(desk, q=customer)] == [f"三番{STAMP}"]
    assert contracts(desk, q=f"一番{STAMP}") == []
    assert put_contract(desk, customer, {"company": "x"}, "has space").status_code == 400
    desk.kill_and_wait("intake")
    desk.wait_ready()
    assert put_contract(desk, customer, {"company": f"一番{STAMP}"}, key).headers["Idempotency-Replayed"] == "true"


def run_import(desk, path, *more):
    env = {"PATH": "/usr/bin:/bin", "KAKEKOMI_URL": desk.url, "KAKEKOMI_TOKEN": desk.env["KAKEKOMI_SUPERVISOR_TOKEN"]}
    return subprocess.run([sys.executable, ROOT / "deploy/import-contracts", path, *more], env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp932"])
def test_contracts_are_imported_from_a_list(desk, tmp_path, charset):
    tag = f"{STAMP}-{charset[-3:].upper()}".replace("_", "")
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join([
        "契約番号,会社名,電話番号,担当者,メールアドレス,サービス,備考",
        f'IM{tag}-1,㈱髙見本{tag},03-0000-7001,見本 花子,a@sample.example,UTM;EDR,"二行の\n備考"',
        f"im{tag}-2,会社{tag},,,,,",
        f"IM{tag}-3,,03-0000-7003,,,,",
        f"IM{tag}-4,会社四{tag},{'9' * 61},,,,",
        f"IM{tag}-5,会社五{tag}"]).encode(charset))
    dry = run_import(desk, path, "--dry-run")
    assert dry.returncode == 1 and contracts(desk, q=f"IM{tag}-1") == []
    done = run_import(desk, path)
    assert done.returncode == 1, done.stderr
    assert [line.split(": ")[0].rsplit("/", 1)[-1] for line in done.stderr.splitlines()[:3]] == [
        "list.csv:4:1 契約番号", "list.csv:5:2 会社名", "list.csv:6:3 電話番号"], done.stderr
    assert "2 recorded" in done.stdout and "3 refused" in done.stdout
    first = contracts(desk, q=f"IM{tag}-1")[0]
    assert (first["company"], first["services"], first["notes"]) == (f"㈱髙見本{tag}", ["UTM", "EDR"], "二行の\n備考")
    assert [c["company"] for c in contracts(desk, q=f"IM{tag}-5")] == [f"会社五{tag}"]
    put_contract(desk, f"IM{tag}-1", {"company": f"手で直した{tag}"})
    assert "2 recorded" in run_import(desk, path).stdout  # the same list once more: nothing is put back
    assert contracts(desk, q=f"IM{tag}-1")[0]["company"] == f"手で直した{tag}"


def test_contracts_are_imported_from_json(desk, tmp_path):
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{"customer_id": f"JS-{STAMP}", "company": f"株式会社ＪＳ{STAMP}", "services": ["utm"]},
                                {"customer_id": "x", "company": "y"}, {"customer_id": f"JT-{STAMP}", "company": "y", "color": "red"}]))
    done = run_import(desk, path)
    assert done.returncode == 1 and "1 recorded" in done.stdout, done.stderr
    assert "list.json:2" in done.stderr and "list.json:3" in done.stderr and "color" in done.stderr
    assert [c["company"] for c in contracts(desk, q=f"JS-{STAMP}")] == [f"株式会社ＪＳ{STAMP}"]
