# SPDX-License-Identifier: Apache-2.0
"""One desk for all tests: the one that TEST_DESK names (a folder with desk.env), else the one under var/."""
import collections
import os
import pathlib

import pytest

import console
from desk import ROOT, SCALE, SEED, SERVICES, Desk


def pytest_report_header():
    return f"seed {SEED}, scale {SCALE} (TEST_SEED, TEST_SCALE)"


@pytest.fixture(scope="session")
def desk():
    running = Desk(pathlib.Path(os.environ.get("TEST_DESK", ROOT / "var")))
    running.wait_ready()
    return running


@pytest.fixture(scope="session")
def build():
    """The folder with the built services: TEST_BUILD, else the newest."""
    named = os.environ.get("TEST_BUILD")
    found = [ROOT / named] if named else [path.parent for path in ROOT.glob("build*/build.ninja")]
    assert found, "nothing is built"
    return max(found, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def tool(build):
    return build / "tests" / "desk_tables"


@pytest.fixture(scope="session")
def browser():
    with console.chromium() as running:
        yield running


@pytest.fixture
def consoles(desk, browser):
    """consoles(operator=…, lang=…, size=…): browsers of people; closed afterwards, and nothing may have gone wrong on their pages."""
    opened = []

    def new(**more):
        opened.append(console.Console(desk, browser, **more))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


@pytest.fixture(autouse=True)
def everything_still_runs(request):
    """A test that leaves a service down, or in which one ended that it did not kill, has found something, whatever it asserts."""
    if "desk" not in request.fixturenames:
        yield
        return
    running = request.getfixturevalue("desk")
    running.killed.clear()
    running.stopped.clear()
    running.may_kill_itself.clear()
    running.kafka_was_away = False
    before = {service: running.exits(service) for service in SERVICES}
    yield
    running.wait_ready()
    for service in SERVICES:
        ended = running.exits(service) - before[service]
        wanted = running.killed[service] if service not in running.may_kill_itself else ended["137"]
        wanted = +collections.Counter({"137": wanted, "0": running.stopped[service], "111": running.kafka_was_away * ended["111"]})
        assert ended == wanted, f"{service} ended with {dict(ended)}, and not with {dict(wanted)}"
