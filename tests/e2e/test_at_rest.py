# SPDX-License-Identifier: Apache-2.0
"""What a service needs when nothing happens, and how soon it is there. Memory is judged by RssAnon: VmRSS counts pages of files."""
import os
import pathlib
import time

import pytest

from desk import SERVICES, anonymous_kib, until

MIB_MAX = 24


def age_seconds(pid):
    """Since the process was started, to a hundredth of a second."""
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def wait_for_rest(desk):
    for service in ("triage", "escalation", "notify"):
        until(f"{service} at rest", lambda s=service: desk.is_idle(s), 60)


def test_memory_at_rest(desk):
    desk.extraction_done(desk.open_case("静かな一日", customer="REST-1"))
    wait_for_rest(desk)
    used = {service: anonymous_kib(desk.pid(service)) / 1024 for service in SERVICES}
    print("RssAnon, MiB:", ", ".join(f"{service} {mib:.1f}" for service, mib in used.items()))
    assert all(mib < MIB_MAX for mib in used.values()), used


@pytest.mark.parametrize("service", SERVICES)
def test_a_start_ends_in_ready_and_says_how_long_it_took(desk, service):
    """The time is printed for whoever wants it, and depends on the machine and on what there is to read."""
    before = desk.pid(service)
    desk.kill(service)
    pid = until("the next process", lambda: os.path.exists(desk.var / "run" / f"{service}.pid") and
                (now := desk.pid(service)) != before and now, 40, 0.01)
    until("it is ready", lambda: desk.ready(service), 60, 0.01)
    print(f"{service}: ready {age_seconds(pid) * 1000:.0f} ms after its start")
