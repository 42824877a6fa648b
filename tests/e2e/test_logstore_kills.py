# SPDX-License-Identifier: Apache-2.0
"""kill -9 while the log store takes in records, at random moments, and on from where it is: in the end it equals one that
was built in one go, record for record, and both equal what was fed."""
import os
import random
import subprocess
import time

import pytest

from desk import ROOT, SEED, scaled

KILLS = scaled(50)
PARTITIONS = 4


def builds():
    named = os.environ.get("TEST_BUILD")
    found = [ROOT / named] if named else sorted(path.parent for path in ROOT.glob("var/build-gcc/build.ninja"))
    return [path / "tests" / "logstore_feed" for path in [*found, ROOT / "var/build-clang"]
            if (path / "tests" / "logstore_feed").exists()]


class Feed:
    def __init__(self, tool, folder, dice):
        self.tool, self.folder, self.dice = tool, folder, dice

    def start(self, end):
        return subprocess.Popen([self.tool, "feed", self.folder, str(SEED), str(end), str(self.dice.randrange(2**32))])

    def tell(self, *words):
        return subprocess.run([self.tool, *words], check=True, stdout=subprocess.PIPE).stdout

    def next(self):
        return [int(word) for word in self.tell("next", self.folder).split()]

    def records(self):
        return sorted(self.tell("dump", self.folder).splitlines())


def kill_at_random(feed):
    """Kills it at its work; says where it then is. A moment before the first record is one of them."""
    process = feed.start(10**9)
    time.sleep(feed.dice.choice((0.03, 0.1, 0.4)) * feed.dice.random())
    assert process.poll() is None, "ended by itself"
    process.kill()
    process.wait()
    return feed.next()


@pytest.mark.parametrize("tool", builds(), ids=lambda tool: tool.parent.parent.name)
def test_a_killed_store_equals_one_built_in_one_go(tool, tmp_path):
    dice = random.Random(SEED)
    killed, whole = Feed(tool, tmp_path / "killed", dice), Feed(tool, tmp_path / "whole", dice)
    places = [[0] * PARTITIONS]
    for _ in range(KILLS):
        places.append(kill_at_random(killed))
        assert all(now >= before for before, now in zip(places[-2], places[-1])), f"went back: {places[-2:]}"
    end = max(places[-1]) + 500
    assert killed.start(end).wait() == 0
    assert whole.start(end).wait() == 0
    moved = sum(now != before for before, now in zip(places, places[1:]))
    expected = sorted(killed.tell("stream", str(SEED), str(end)).splitlines())
    assert whole.records() == expected
    assert killed.records() == expected
    assert moved > 0, "no kill came after a checkpoint"
    print(f"{KILLS} kills, {moved} of them after a new checkpoint; {len(expected)} records, equal (seed {SEED})")
