# SPDX-License-Identifier: Apache-2.0
"""The sample incident is real: change one line of its logs, and what is extracted, and its hash, change by that line."""
import collections
import hashlib
import json
import sys
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from confluent_kafka import Producer

from desk import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "demo"))
import lines  # noqa: E402

# The same call and the same dice for every owner here: only what a test changes differs.
CALL = datetime.now(timezone.utc).replace(microsecond=0)
SHIPPED = [row for row in lines.shipped(CALL, seed=1, count=300) if row[0] == "A"]


def new_owner():
    return "LINES-" + uuid.uuid4().hex[:8].upper()


def ship(desk, rows, **owners):
    """Rows of the sample incident, to the customer that stands for A or B."""
    refused = []
    producer = Producer({**desk.kafka("shipper"), "enable.idempotence": True})
    for customer, _, product, kind, host, line in rows:
        producer.produce("kakekomi.security-logs", key=owners[customer], value=line.encode(),
                         headers={"product": product, "kind": kind, "host": host},
                         on_delivery=lambda error, _: error and refused.append(error))
    assert producer.flush(30) == 0 and not refused


def search(desk, owner):
    """The extract of a new case of this customer, byte for byte."""
    case_id = desk.open_case("見本の事案", customer=owner, hearing={
        "incident": {"discovered_at": (CALL - timedelta(hours=1)).isoformat()},
        "device": [{"identification": "identified", "name": "FS-01", "addresses": ["192.168.10.5"]}]})
    triage = desk.extraction_done(case_id)
    content = desk.call("GET", f"/v1/cases/{case_id}/extract").content
    assert triage["status"] == "found"
    assert triage["searches"][-1]["sha256"] == hashlib.sha256(content).hexdigest()
    return content


def without_place(content):
    """The records without where they stand on the topic, which is another place each time they are shipped."""
    records = [json.loads(line) for line in content.splitlines()]
    assert all(record.pop("labels.partition") >= 0 and record.pop("labels.offset") >= 0 for record in records)
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def extract_of(desk, rows):
    """SHA-256 of the extract, positions left out, and its raw lines, for a customer of its own whose logs are these rows."""
    owner = new_owner()
    ship(desk, rows, A=owner)
    text = without_place(search(desk, owner))
    return (hashlib.sha256(text.encode()).hexdigest(),
            collections.Counter(json.loads(line)["event.original"] for line in text.splitlines()))


def with_change(old, new):
    rows = [(*row[:5], row[5].replace(old, new)) for row in SHIPPED]
    changed = [(before[5], after[5]) for before, after in zip(SHIPPED, rows) if before != after]
    assert len(changed) == 1
    return rows, *changed[0]


@pytest.fixture(scope="module")
def usual(desk):
    return extract_of(desk, SHIPPED)


def test_a_second_search_finds_the_same_byte_for_byte(desk):
    owner = new_owner()
    ship(desk, SHIPPED, A=owner)
    assert search(desk, owner) == search(desk, owner)


def test_the_same_lines_give_the_same_extract(desk, usual):
    assert extract_of(desk, SHIPPED) == usual
    assert 8 <= usual[1].total() < len(SHIPPED)


@pytest.mark.parametrize("old,new", [("README_RESTORE.txt", "README_RECOVER.txt"),
                                     ("seikyu_2026.zip", "seikyu_2027.zip"),
                                     ("sentbyte=18234 rcvdbyte=901223", "sentbyte=18234 rcvdbyte=901224")],
                         ids=["detection of the device", "detection elsewhere", "found by a pivot only"])
def test_one_line_changed_changes_the_hash_and_nothing_but_that_line(desk, usual, old, new):
    rows, before, after = with_change(old, new)
    digest, found = extract_of(desk, rows)
    assert digest != usual[0]
    assert usual[1] - found == collections.Counter([before])
    assert found - usual[1] == collections.Counter([after])


def test_a_line_that_nothing_asks_for_changes_nothing(desk, usual):
    unasked = next(row[5] for row in SHIPPED if row[5] not in usual[1])
    assert extract_of(desk, [row for row in SHIPPED if row[5] != unasked]) == usual


def test_another_customers_lines_are_never_there(desk, usual):
    """Although both have the same addresses and their lines came through each other."""
    owners = {"A": new_owner(), "B": new_owner()}
    ship(desk, lines.shipped(CALL, seed=1, count=300), **owners)
    found = {name: {json.loads(line)["event.original"] for line in search(desk, owner).splitlines()}
             for name, owner in owners.items()}
    shipped = {name: {row[5] for row in lines.shipped(CALL, seed=1, count=300) if row[0] == name} for name in owners}
    assert found["A"] and found["A"] <= shipped["A"] - shipped["B"]
    assert found["B"] and found["B"] <= shipped["B"] - shipped["A"]
