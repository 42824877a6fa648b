# SPDX-License-Identifier: Apache-2.0
"""What a customer's log file may be: any charset, packed, large, and nothing of the kind at all. Each gets a clear answer."""
import gzip
import hashlib
import random
import time
import urllib.parse
import uuid

import pytest

from desk import SEED, anonymous_kib, scaled, until

LINE = "{time} fs-01 ウイルスを検知しました: 請求書.exe 端末 経理ＰＣ"
DEVICE = {"identification": "identified", "name": "経理ＰＣ"}


def now_text():
    return time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600 - 600))


def open_case(desk, **more):
    return desk.open_case("ファイルの中身", customer="CONTENT-" + uuid.uuid4().hex[:8].upper(), hearing={"device": [DEVICE]}, **more)


def put(desk, case_id, raw, name="brought.log"):
    answer = desk.call("PUT", f"/v1/cases/{case_id}/logs?filename={urllib.parse.quote(name)}", raw=raw, timeout=600)
    assert answer.status_code == 201, answer.text
    return answer.json()


def searched(desk, case_id, upload, seconds=60):
    def ended():
        triage = desk.case(case_id)["triage"]
        note = triage.get("uploads", {}).get(upload)
        return note and triage["status"] != "searching" and (note, triage["searches"][-1])
    return until("the upload is searched", ended, seconds)


@pytest.mark.parametrize("charset,named", [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp932", "CP932"), ("euc_jp", "EUC-JP"),
                                           ("iso2022_jp", "ISO-2022-JP"), ("utf-16", "UTF-16LE"), ("utf-16-be", "UTF-16BE")])
@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress], ids=["plain", "gzip"])
def test_any_charset_is_read(desk, charset, named, pack):
    case_id = open_case(desk)
    text = "".join(f"{now_text()} fs-01 service started number {n}\r\n" for n in range(50)) + LINE.format(time=now_text()) + "\r\n"
    note, search = searched(desk, case_id, put(desk, case_id, pack(text.encode(charset)))["upload"])
    assert (note["status"], note["charset"], note["records"], note["replaced"]) == ("stored", named, 51, 0)
    assert search["records"] == 1, "the device's name, found in Japanese"
    assert "端末 経理ＰＣ" in desk.call("GET", f"/v1/cases/{case_id}/extract").json()["event.original"]


@pytest.mark.parametrize("raw,why", [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 50, "no text"),
    (gzip.compress(b"one line\n" * 1000)[:-9], "ends too early"),
    (gzip.compress(random.Random(1).randbytes(5000))[:2000] + b"\xff" * 9000, "damaged"),
    (gzip.compress(b"0" * 200_000_000), "times its size"),
    (gzip.compress(b"a\n" * 15_000_000), "times its size"),
], ids=["binary", "cut", "damaged", "bomb of one line", "bomb of lines"])
def test_what_is_no_log_is_said(desk, raw, why):
    case_id = open_case(desk)
    note, search = searched(desk, case_id, put(desk, case_id, raw)["upload"], 120)
    assert note["status"] == "failed" and why in note["why"], note
    assert search["status"] in ("none", "found") and search["records"] == 0


def test_a_line_of_ten_megabytes_is_cut_and_counted(desk):
    case_id = open_case(desk)
    raw = b"x" * 10_000_000 + b"\n" + LINE.format(time=now_text()).encode() + b"\n"
    note, search = searched(desk, case_id, put(desk, case_id, raw)["upload"])
    assert (note["records"], note["cut"], search["records"]) == (2, 1, 1)


class ProxyLog:
    """Lines of a proxy as long as they are wanted, the same for the same seed; hashed while they are read."""
    def __init__(self, bytes_wanted):
        dice = random.Random(SEED)
        self.block = b"".join(
            b"%.3f    %3d 192.168.%d.%d TCP_TUNNEL/200 %d CONNECT www%d.example:443 - HIER_DIRECT/203.0.113.%d -\n" %
            (time.time() - dice.random() * 80000, dice.randrange(900), dice.randrange(20), dice.randrange(250),
             dice.randrange(90000), dice.randrange(5000), dice.randrange(250)) for _ in range(10000))
        self.blocks = max(1, bytes_wanted // len(self.block))
        self.hash = hashlib.sha256()
        self.highest = 0

    def pieces(self, pid):
        for number in range(self.blocks):
            self.hash.update(self.block)
            if number % 20 == 0:
                self.highest = max(self.highest, anonymous_kib(pid))
            yield self.block


def test_a_large_proxy_log_goes_through_in_little_memory(desk):
    """2 GB in the full run, a tenth in tests/run."""
    case_id = open_case(desk)
    log = ProxyLog(scaled(2_000_000_000))
    answer = desk.call("PUT", f"/v1/cases/{case_id}/logs?filename=proxy.log&kind=proxy", raw=log.pieces(desk.pid("intake")),
                       timeout=1200)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["sha256"] == log.hash.hexdigest() and told["size"] == log.blocks * len(log.block)
    note, _ = searched(desk, case_id, told["upload"], 900)
    print(f"seed {SEED}: {told['size'] / 1e6:.0f} MB, intake at most {log.highest / 1024:.1f} MiB, {note['records']} lines")
    assert note["status"] == "stored" and note["records"] == log.blocks * 10000
    assert log.highest < 48 * 1024
