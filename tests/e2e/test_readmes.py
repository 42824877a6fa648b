# SPDX-License-Identifier: Apache-2.0
"""What the READMEs say is so: the tour runs as it stands there; topics and variables are those of the tables; links lead somewhere."""
import json
import os
import re
import subprocess

import pytest

from desk import ROOT, SERVICES

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("services/*/*.md")), ROOT / "deploy" / "desk" / "README.md"]


def section(text, title):
    """The part under a heading, up to the next one."""
    return re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)


# --- the tour -----------------------------------------------------------------------------------------------------
def documents(text):
    """The JSON texts that stand at the beginning, and what is left behind the last one."""
    decoder, found = json.JSONDecoder(), []
    while (text := text.lstrip()).startswith("{"):
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found, text


@pytest.fixture(scope="module")
def tour(desk):
    block = re.search(r"```sh\n(.*?)```", section(README, "A tour with curl"), re.S).group(1)
    assert block.startswith(". var/desk.env\n")
    script = block.replace(". var/desk.env", f". {desk.var.resolve()}/desk.env", 1)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAKEKOMI_")}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True, timeout=60, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    return documents(done.stdout)


def test_the_tour_shows_what_it_says(tour):
    (opened, case, amended, noted, timeline, found, uploaded), table = tour
    assert re.fullmatch(r"\w{3}-\w{3}-\w{3}-\w", opened["number"]) and opened["status"] == "consultation"
    assert case["id"] == opened["id"] and case["hearing"]["contact"]["company"] == "見本製作所"
    assert (amended["revision"], noted["revision"]) == (2, 3)
    events = [entry for entry in timeline["timeline"] if entry["kind"] == "event"]
    assert [event["what"] for event in events] == ["case.opened", "hearing.amended", "note.added"]
    assert events[2]["data"]["text"] == "折り返し 14:00"
    assert opened["id"] in [line["id"] for line in found["cases"]]
    assert uploaded["size"] > 100 and re.fullmatch("[0-9a-f]{64}", uploaded["sha256"])
    header, row = table.splitlines()
    assert header.endswith('"event.original"') and "192.0.2.77" in row and "CONNECT cdn-sync.example:8443" in row


def test_the_tour_leaves_what_it_says(tour, desk):
    opened = tour[0][0]
    case = desk.case(opened["id"])
    assert case["hearing"]["contact"]["person"] == "見本 花子"
    assert [upload["name"] for upload in case["uploads"]] == ["proxy.log"]
    assert {reason["code"] for reason in case["escalation"]["reasons"]} >= {"consent_missing", "intention_missing"}, \
        "why a hand-over would be held"


# --- services/*/README.md -------------------------------------------------------------------------------------------
def page(service):
    return (ROOT / "services" / service / "README.md").read_text()


def row(text, name):
    return re.search(rf"^\| {name} \|(.*)\|$", text, re.M).group(1)


@pytest.fixture(scope="module")
def topics(tool):
    lines = subprocess.run([tool, "topics"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: (writers.split(","), readers.split(",")) for name, writers, readers in (line.split() for line in lines)}


@pytest.mark.parametrize("service", SERVICES)
def test_topics_are_those_of_the_table(service, topics):
    named = {side: {word for word in re.findall(r"`([a-z-]+)`", row(page(service), side)) if word in topics} for side in ("in", "out")}
    writes = {name for name, (writers, _) in topics.items() if service in writers}
    reads = {name for name, (_, readers) in topics.items() if service in readers}
    assert named["out"] == writes
    assert named["in"] - writes == reads - writes, "what it reads of others"
    assert named["in"] <= reads


def names_in(text):
    """Variables named in a text, KAKEKOMI_KAFKA_{CERT,KEY}_FILE being two."""
    found = set()
    for name in re.findall(r"KAKEKOMI_[A-Z_]+(?:\{[A-Z,]+\}[A-Z_]*)?", text):
        before, _, rest = name.partition("{")
        choices, _, after = rest.partition("}")
        found |= {before + choice + after for choice in choices.split(",")}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_variables_are_those_of_help(service, build):
    program, words = build / "services" / service / service, {"intake": [["provision", "--help"]]}.get(service, [])
    printed = "".join(subprocess.run([program, *line], check=True, capture_output=True, text=True).stdout for line in (["--help"], *words))
    known = set(re.findall(r"^  (KAKEKOMI_[A-Z_]+) ", printed, re.M))
    assert len(known) > 8
    assert names_in(section(page(service), "Configuration")) == known
    assert names_in(page(service)) <= known


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_for_another_service_is_no_mistake(service, build):
    """One environment may be shared by all of them, by Compose and by the tools; a misspelt name in it is found all the same."""
    helps = [subprocess.run([build / "services" / name / name, *words, "--help"], text=True, capture_output=True, check=True).stdout
             for name, *words in (*((name,) for name in SERVICES), ("intake", "provision"))]
    texts = [*helps, (ROOT / "docker-compose.yml").read_text()]
    names = {name for text in texts for name in re.findall(r"KAKEKOMI_[A-Z_]*[A-Z]", text)}
    assert len(names) > 40

    def said(env):
        return subprocess.run([build / "services" / service / service, "--check"], env=env, text=True, capture_output=True).stderr
    assert "no service knows" not in said(dict.fromkeys(names, "x"))
    assert "no service knows" in said({**dict.fromkeys(names, "x"), "KAKEKOMI_HTTP_ADRESS": "x"})


@pytest.mark.parametrize("service", SERVICES)
def test_a_page_says_what_fails_and_what_happens(service):
    rows = re.findall(r"^\| (.+) \| (.+) \|$", section(page(service), "What fails, and what happens"), re.M)
    assert len(rows) > 5


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_named_is_there(path):
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), target
    for file in re.findall(r"^\| `([^|]+)` \|", text, re.M):
        for name in re.findall(r"[\w./-]+\.(?:c|h|md|yaml)\b", file):
            assert (path.parent / name).exists(), name
    for command in re.findall(r"^((?:deploy|tests)/[\w./-]+)", text, re.M):
        assert os.access(ROOT / command, os.X_OK), command
