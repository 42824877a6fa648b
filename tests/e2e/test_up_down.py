# SPDX-License-Identifier: Apache-2.0
"""deploy/up and deploy/down on a folder and ports of their own: up twice is once, what dies comes back, down leaves nothing."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import pytest

from desk import ROOT, SEED, SERVICES, Desk, until

PORTS = (2525, 6390, 8080, 8081, 8082, 8083, 8090, 9092, 9093, 9094)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_offset():
    return next(offset for offset in random.sample(range(10000, 20000, 100), 100)
                if not any(is_open(port + offset) for port in PORTS))


def run(program, *words):
    begun = time.monotonic()
    done = subprocess.run([ROOT / "deploy" / program, *map(str, words)], text=True, capture_output=True, timeout=300, umask=0o022)
    return done, time.monotonic() - begun


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def processes():
    """(pid, words of the command line, variables) of everybody who lets us look."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            yield (int(process.name), (process / "cmdline").read_bytes().decode(errors="replace").split("\0"),
                   (process / "environ").read_bytes().decode(errors="replace").split("\0"))
        except OSError:
            continue


def with_folder(folder):
    """Whoever has the folder on its command line or in a variable of ours."""
    return [pid for pid, words, variables in processes()
            if any(str(folder) in word for word in [*words, *(v for v in variables if v.startswith("KAKEKOMI_"))])]


class Place:
    def __init__(self, folder, build):
        self.folder, self.offset = folder, free_offset()
        self.words = ["--no-demo", "--var", folder, "--offset", self.offset, "--build", build]

    def up(self):
        done, took = run("up", *self.words)
        assert done.returncode == 0, done.stdout + done.stderr
        return took

    def pids(self):
        return {path.stem: int(path.read_text()) for path in (self.folder / "run").glob("*.pid")}


@pytest.fixture(scope="module")
def place(tmp_path_factory, build):
    made = Place(tmp_path_factory.mktemp("desk"), build.resolve())
    try:
        made.first_took = made.up()
        yield made
    finally:
        run("down", "--var", made.folder)


def test_up_is_a_desk_that_is_ready(place):
    names = {"kafka", "redis", "mail", *SERVICES, *(f"supervise-{service}" for service in SERVICES)}
    assert set(place.pids()) == names
    assert all(is_open(port + place.offset) for port in PORTS)
    desk = Desk(place.folder)
    assert all(desk.ready(service) for service in SERVICES)
    desk.open_case("立ち上がった")


def test_a_second_up_changes_nothing_and_is_quick(place):
    before = place.pids()
    took = place.up()
    print(f"first {place.first_took:.1f} s, second {took:.1f} s")
    assert place.pids() == before and all(map(lives, before.values()))
    assert took < place.first_took / 2


def test_what_a_desk_holds_is_nobody_elses(place):
    open_to_others = []
    for name in ("run", "log", "state", "desk", "mail", "kafka", "pki"):
        assert (place.folder / name).stat().st_mode & 0o77 == 0, name
    for path in (place.folder / "desk.env", place.folder / "kafka/broker.pem", *place.folder.glob("pki/**/*"), *place.folder.glob("kafka/**/*")):
        if path.stat().st_mode & 0o77:
            open_to_others.append(str(path.relative_to(place.folder)))
    assert not open_to_others


def test_a_provider_in_the_samples_place_stays(place):
    keys, sample = place.folder / "desk/provider-jwks.json", place.folder / "pki/provider/jose/provider-jwks.json"
    first = keys.read_text()
    assert first == sample.read_text()
    try:
        keys.write_text('{"keys":[]}')
        place.up()
        assert keys.read_text() == '{"keys":[]}'
    finally:
        keys.write_text(first)
    for path in (keys, keys.with_name(keys.name + ".sample")):  # those of before deploy/pki/jose changed them
        path.write_text(first + "\n")
    place.up()
    assert keys.read_text() == first


def test_a_principal_that_was_half_made_is_made_anew(place):
    folder = place.folder / "pki/shipper"
    (folder / "cert.pem").rename(folder / "cert.new")
    (folder / "ca.pem").unlink()
    place.up()
    assert all((folder / name).stat().st_size for name in ("key.pem", "cert.pem", "ca.pem"))


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_killed_comes_back(place, service):
    desk, before = Desk(place.folder), place.pids()
    os.kill(before[service], signal.SIGKILL)
    after = until("a new process", lambda: (pid := place.pids().get(service)) not in (None, before[service]) and pid, 20)
    until("it is ready", lambda: desk.ready(service), 60)
    assert place.pids() == {**before, service: after}


def test_down_says_when_something_survives_it(place):
    """A service whose supervisor is gone and whose pid nobody has written down: down cannot know it, but sees it."""
    before = place.pids()
    os.kill(before["supervise-notify"], signal.SIGKILL)
    (place.folder / "run" / "notify.pid").unlink()
    try:
        done, _ = run("down", "--var", place.folder)
        assert done.returncode == 1 and str(before["notify"]) in done.stderr, done.stdout + done.stderr
        assert lives(before["notify"])
    finally:
        os.kill(before["notify"], signal.SIGKILL)
    until("it is gone", lambda: not lives(before["notify"]))
    place.up()


def test_down_leaves_nothing(place):
    noted = place.pids()
    done, _ = run("down", "--var", place.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not {name: pid for name, pid in noted.items() if lives(pid)}
    assert not [port for port in PORTS if is_open(port + place.offset)]
    assert not with_folder(place.folder)
    assert not place.pids()


def test_down_without_anything_to_stop_is_harmless(place):
    done, took = run("down", "--var", place.folder)
    assert done.returncode == 0 and took < 10


def test_a_supervisor_that_is_stopped_at_any_moment_leaves_nobody(tmp_path):
    dice = random.Random(SEED)
    for name in ("run", "log", "desk"):
        (tmp_path / name).mkdir()
    for number in range(40):
        supervisor = subprocess.Popen([ROOT / "deploy" / "supervise", tmp_path, "sleeper", "sleep", f"8{number:04d}"])
        time.sleep(dice.uniform(0, 0.03))
        supervisor.terminate()
        supervisor.wait(20)
    sleepers = {f"8{number:04d}" for number in range(40)}
    left = [pid for pid, words, _ in processes() if words[0] == "sleep" and words[1] in sleepers]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
