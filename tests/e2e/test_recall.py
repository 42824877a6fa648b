# SPDX-License-Identifier: Apache-2.0
"""Random cases over a store of generated lines, against a grep that knows what each line says (tests/oracle/recall.py): every
record that a search must find, none that it need not, and never one of another owner."""
import json
import random
import shutil
import subprocess
import sys

from desk import ROOT, SCALE, SEED, scaled

sys.path.insert(0, str(ROOT / "tests/oracle"))
import recall  # noqa: E402

CUSTOMERS, LINES = (1000, 5_000_000) if SCALE >= 1 else (100, 200_000)
CASES = scaled(1000)
FROM_US, DAYS = 1_790_000_000_000_000, 90
HOUR_US = 3600 * 10**6


class Store:
    """The tool that filled a store and searches it."""

    def __init__(self, build, folder):
        self.folder, self.facts = folder / "store", folder / "facts"
        self.facts.mkdir()
        words = [build / "tests/extract_cases", self.folder, self.facts, SEED, CUSTOMERS, LINES, FROM_US, DAYS]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert json.loads(self.process.stdout.readline()) == {"lines": LINES}

    def ask(self, case):
        self.process.stdin.write(json.dumps(case).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        shutil.rmtree(self.facts)  # gigabytes at full scale
        shutil.rmtree(self.folder)


def some_device(dice, lines):
    """By address, network, host name, MAC or user, in one of the ways an operator may write it."""
    line = dice.choice(lines)
    host, user, mac = (next((getattr(l, what) for l in dice.sample(lines, len(lines)) if getattr(l, what)), None)
                       for what in ("host", "user", "mac"))
    return dice.choice((
        {"addresses": [line.addresses[0]]},
        {"addresses": [line.addresses[0] + "/" + dice.choice(("32", "30", "28", "24"))]},
        {"name": dice.choice((host, host.lower(), f"{host}.{recall.DOMAIN}"))},
        {"mac": dice.choice((mac, mac.upper(), mac.replace(":", "-"), mac.replace(":", "")))},
        {"user": dice.choice((user, user.upper()))},
        {"name": host, "addresses": [line.addresses[0]], "mac": mac},
        {"name": "PC-999", "addresses": ["10.9.8.0/24"], "mac": "02:00:5e:ff:ff:ff", "user": "nobody"}))


def some_case(dice, owner, lines):
    begin = FROM_US + dice.randrange(DAYS * 24) * HOUR_US
    hours = dice.choice((1, 24, 96, 96, 96, 24 * DAYS))
    return {"owner": owner, "from_us": begin, "to_us": begin + hours * HOUR_US,
            "devices": [some_device(dice, lines) for _ in range(dice.choice((0, 1, 1, 2)))]}


def check(case, answer, lines):
    want, detections = recall.expected(lines, case)
    got = [tuple(place) for place in answer["records"]]
    own = {line.place: line for line in lines}
    foreign = [place for place in got if place not in own]
    assert not foreign, f"of another owner: {foreign[:5]} for {case}"
    missing = [own[place].text for place in sorted(want - set(got))]
    assert not missing, f"{len(missing)} of {len(want)} not found for {case}, the first: {missing[0]}"
    more = [own[place].text for place in sorted(set(got) - want)]
    assert not more, f"{len(more)} found without a reason for {case}, the first: {more[0]}"
    assert len(got) == len(set(got)) and answer["detections"] == detections and not answer["truncated"]
    return len(got)


def test_every_case_finds_what_a_grep_finds(build, tmp_path):
    dice = random.Random(SEED)
    store = Store(build, tmp_path)
    owners = sorted(path.stem for path in store.facts.iterdir())
    assert len(owners) == CUSTOMERS
    turns = sorted(dice.choices(owners, k=CASES))
    found, owner = 0, None
    for turn in turns:
        if turn != owner:
            owner, lines = turn, recall.read(store.facts / f"{turn}.tsv")
            assert all(map(recall.says_what_it_should, lines))
        case = some_case(dice, owner, lines)
        found += check(case, store.ask(case), lines)
    store.close()
    assert found > CASES
    print(f"{CASES} cases over {LINES} lines of {CUSTOMERS} customers: {found} records, all of them, none else (seed {SEED})")
