# SPDX-License-Identifier: Apache-2.0
"""Every line of the real samples: what triage makes of it against what oracle/log_fields.py says that the line states.

The samples are those of ../shared/samples, or of the folder that TEST_SAMPLES names (lines that were held back), each product
in a folder of its name. Needs no desk. What differs is listed in var/log/log-fields.txt.
"""
import collections
import datetime
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import log_fields  # noqa: E402

SAMPLES = pathlib.Path(os.environ.get("TEST_SAMPLES", ROOT.parent / "shared" / "samples"))
APPEND = datetime.datetime(2026, 11, 24, 6, 30, tzinfo=datetime.timezone.utc)  # of what states no year, or no time at all
VERDICTS = ("right", "wrong", "missing", "extra")
LEAST = 0.99


def appended(product, line):
    """When the line comes in: the midnight after the last moment that it states. Years later triage would not believe it."""
    say = log_fields.stated(product, line, APPEND)
    if "time" not in say.must:
        return APPEND
    last = datetime.datetime.fromtimestamp(max(int(moment) for moment in say.must["time"][0]), datetime.timezone.utc)
    return last.replace(hour=0, minute=0, second=0) + datetime.timedelta(days=1)


def answers_of(build, lines):
    """{index: answer}; one process for all lines that come in at the same time."""
    groups = collections.defaultdict(list)
    for index, (product, _, line) in enumerate(lines):
        groups[appended(product, line)].append(index)
    answers = {}
    for append, indices in groups.items():
        asked = "".join(json.dumps(lines[index][2]) + "\n" for index in indices)
        told = subprocess.run([build / "tests" / "parse_lines", append.strftime("%Y-%m-%dT%H:%M:%SZ")], input=asked.encode(),
                              check=True, capture_output=True).stdout.decode("utf-8").split("\n")[:-1]
        assert len(told) == len(indices)
        answers.update({index: (append, json.loads(answer)) for index, answer in zip(indices, told)})
    return answers


@pytest.fixture(scope="module")
def found(build):
    """[(product, number, what, verdict, stated, got)]"""
    if not SAMPLES.is_dir():
        print(f"{SAMPLES}: not here, nothing to compare")
        pytest.skip(f"{SAMPLES}: not here, nothing to compare")
    lines = list(log_fields.lines_of(SAMPLES))
    unknown = {product for product, _, _ in lines if not log_fields.reader_of(product)}
    assert not unknown, f"nobody has said what the lines of these state: {sorted(unknown)}"
    verdicts = []
    answers = answers_of(build, lines)
    for index, (product, number, line) in enumerate(lines):
        append, answer = answers[index]
        say = log_fields.stated(product, line, append)
        verdicts += [(product, number, *verdict) for verdict in log_fields.judge(say, answer)]
    report(verdicts)
    return verdicts


def table(verdicts, column):
    counts = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        counts[verdict[column]][verdict[3]] += 1
        counts["all"][verdict[3]] += 1
    yield f"{'':38}{'stated':>8}" + "".join(f"{verdict:>8}" for verdict in VERDICTS) + "   right of stated"
    for name, count in sorted(counts.items(), key=lambda entry: (entry[0] == "all", entry[0])):
        asked = count["right"] + count["wrong"] + count["missing"]
        yield (f"{name:38}{asked:8}" + "".join(f"{count[verdict]:8}" for verdict in VERDICTS)
               + (f"   {100 * count['right'] / asked:6.2f} %" if asked else ""))


def report(verdicts):
    """The tables on the screen (pytest -s, or where a test fails); every difference in a file, for those who mend."""
    text = "\n".join([*table(verdicts, 0), "", *table(verdicts, 2)])
    print("\n" + text)
    path = ROOT / "var" / "log" / "log-fields.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    differences = ["\t".join((verdict[3], verdict[0], str(verdict[1]), verdict[2], json.dumps(shown(verdict[2], verdict[4]),
                   ensure_ascii=False), json.dumps({name: shown(verdict[2], [value])[0] for name, value in verdict[5].items()},
                   ensure_ascii=False))) for verdict in verdicts if verdict[3] != "right"]
    path.write_text(text + "\n\nverdict\tproduct\tline\tfield\tstated (one of)\tgot\n" + "\n".join(differences) + "\n")


def shown(what, values):
    """Times as times."""
    if what != "time":
        return values
    return [value and datetime.datetime.fromtimestamp(int(value), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            for value in values]


def share(verdicts):
    count = collections.Counter(verdict[3] for verdict in verdicts)
    return count["right"] / max(1, count["right"] + count["wrong"] + count["missing"])


def test_no_address_is_wrong(found):
    """Neither another than the line's nor one where the line states none: an operator would isolate the wrong computer."""
    wrong = [verdict for verdict in found if verdict[3] in ("wrong", "extra") and verdict[2] in log_fields.ADDRESSES]
    assert not wrong, f"{len(wrong)}: {wrong[:20]}"


def test_what_the_lines_state_is_there_and_right(found):
    assert share(found) >= LEAST, "see var/log/log-fields.txt"


def test_so_it_is_without_the_one_product_that_has_most_lines(found):
    """Suricata's 1,010 lines of one machine must not outvote the other products."""
    others = [verdict for verdict in found if not verdict[0].startswith("suricata_real")]
    assert share(others) >= LEAST, "see var/log/log-fields.txt"
