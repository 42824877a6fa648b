# SPDX-License-Identifier: Apache-2.0
"""The console as intake serves it: every file of its folder as it lies there, each page, and nothing else; by raw requests, because a
client library would tidy up what is asked for."""
import gzip
import re
import subprocess

import pytest

from desk import ROOT
from test_bad_input import wire

FOLDER = ROOT / "services/intake/console"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file() and path.name not in ("meson.build", "package.json"))
NOBODY = "00000000-0000-7000-8000-000000000000"
PAGES = ["/", "/calls/abc", f"/cases/{NOBODY}", f"/cases/{NOBODY}/handover", f"/cases/{NOBODY}/sheet", "/today", "/admin"]
TARGETS = PAGES + ["/console/" + name for name in FILES]
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
         "svg": "image/svg+xml", "json": "application/json"}


def file_of(target):
    return FOLDER / ("index.html" if target in PAGES else target.removeprefix("/console/"))


def ask(desk, target, headers="", method="GET"):
    """(status, {header: value}, body) of a request without any sign-in."""
    raw = f"{method} {target} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n{headers}\r\n".encode("latin-1")
    head, _, body = wire(desk, raw, 10).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, body


def says_what_a_page_may(headers, target):
    is_page = not target.startswith("/console/") or target.endswith(".html")
    has_policy = is_page or target.endswith("_worker.js")  # everything else is under the policy of whoever fetches it
    policy = dict(part.strip().partition(" ")[::2] for part in headers.get("content-security-policy", "default-src 'self'").split(";"))
    of_a_page = {"base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'", "object-src": "'none'"}
    assert ("content-security-policy" in headers) == has_policy
    assert policy.pop("default-src") == "'self'" and policy == (of_a_page if is_page else {})
    assert headers.get("cross-origin-opener-policy") == ("same-origin" if is_page else None)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.get("referrer-policy") == ("no-referrer" if is_page else None)
    assert headers.get("cross-origin-resource-policy") == ("same-origin" if is_page else None)
    assert headers["cache-control"] == "no-cache"
    assert headers["vary"] == "Accept-Encoding" and "set-cookie" not in headers


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_the_file_that_lies_there(desk, target):
    path, content = file_of(target), file_of(target).read_bytes()
    status, headers, body = ask(desk, target)
    assert status == 200 and body == content and "content-encoding" not in headers
    assert headers["content-type"] == TYPES.get(path.suffix[1:], "text/plain; charset=utf-8")
    assert int(headers["content-length"]) == len(content)
    says_what_a_page_may(headers, target)
    head_status, head, nothing = ask(desk, target, method="HEAD")
    assert head_status == 200 and nothing == b""
    assert {name: value for name, value in head.items() if name != "date"} == {
        name: value for name, value in headers.items() if name != "date"}


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_packed_for_whom_takes_that_and_sent_once(desk, target):
    plain, packed = ask(desk, target), ask(desk, target, "Accept-Encoding: br;q=1, gzip;q=0.8\r\n")
    for status, headers, body in (plain, packed):
        assert status == 200 and re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', headers["etag"])
        accepted = f"Accept-Encoding: {headers.get('content-encoding', 'identity')}\r\n"
        again, told, nothing = ask(desk, target, accepted + f'If-None-Match: "x", {headers["etag"]}\r\n')
        assert again == 304 and nothing == b"" and told["etag"] == headers["etag"]
        says_what_a_page_may(told, target)
        assert ask(desk, target, accepted + 'If-None-Match: "x"\r\n')[2] == body
    if packed[1].get("content-encoding") == "gzip":
        assert gzip.decompress(packed[2]) == plain[2] and len(packed[2]) < len(plain[2])
        assert packed[1]["etag"] != plain[1]["etag"]
    else:  # nothing would be won
        assert packed[2] == plain[2] and len(gzip.compress(plain[2], 9)) >= len(plain[2])


def test_the_page_itself_is_worth_packing(desk):
    assert ask(desk, "/", "Accept-Encoding: gzip\r\n")[1]["content-encoding"] == "gzip"


@pytest.mark.parametrize("target", [
    "/console", "/console/", "/console/no.js", "/console/style", "/console/style/", "/console/meson.build", "/console//index.html",
    "/console/index.html/", "/console/INDEX.HTML", "/console/index.htm", "/console/../index.html", "/console/../meson.build",
    "/console/style/../index.html", "/console/./index.html", "/console/%2e%2e/openapi.yaml", "/console/..%2f..%2fetc%2fpasswd",
    "/console/style%2fbase.css", "/console/%69ndex.html", "/console/index.html%00", "/console/%00", "/console/..%5c..%5cetc%5cpasswd",
    "/console/....//....//etc/passwd", "/console//etc/passwd", "/console/%2e%2e/%2e%2e/%2e%2e/proc/self/environ",
    "/console/a/b/c/d/e.js", "/console/index.html;x", "/index.html", "/main.js", "/calls", "/calls/", "/cases", "/cases/",
    f"/cases/{NOBODY}/", f"/cases/{NOBODY}/a/b", "/today/", "/today/x", "/admin/x", "/favicon.ico", "//", "/../", "/%2e%2e/"])
def test_anything_else_is_not_there(desk, target):
    status, headers, body = ask(desk, target)
    assert status == (400 if "%00" in target else 404), (status, body[:100])
    assert headers["content-type"] == "application/problem+json" and headers["cache-control"] == "no-store"


def test_a_query_changes_nothing_and_other_methods_are_refused(desk):
    assert ask(desk, "/?lang=en&x=1")[2] == ask(desk, "/console/index.html?v=2")[2] == file_of("/").read_bytes()
    for target in ("/", "/today", "/console/index.html", f"/cases/{NOBODY}"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            status, headers, _ = ask(desk, target, "Content-Length: 0\r\n", method)
            assert status == 405 and headers["allow"] == "GET, HEAD", (method, target)


@pytest.mark.parametrize("path", ["/v1/desk", "/v1/hearing-sheet", "/v1/playbooks"])
def test_the_tables_that_it_begins_with_are_packed_and_sent_once(desk, path):
    bearer = f"Authorization: Bearer {desk.env['KAKEKOMI_TOKEN']}\r\n"
    status, plain, body = ask(desk, path, bearer)
    assert status == 200 and "content-encoding" not in plain and plain["vary"] == "Accept-Encoding"
    status, headers, packed = ask(desk, path, bearer + "Accept-Encoding: gzip\r\n")
    assert status == 200 and headers["content-encoding"] == "gzip" and headers["cache-control"] == "private, no-cache"
    assert gzip.decompress(packed) == body and len(packed) < len(body) and headers["etag"] != plain["etag"]
    status, told, nothing = ask(desk, path, bearer + f"Accept-Encoding: gzip\r\nIf-None-Match: {headers['etag']}\r\n")
    assert status == 304 and nothing == b"" and told["etag"] == headers["etag"]
    assert ask(desk, path, f"If-None-Match: {headers['etag']}\r\n")[0] == 401  # who is nobody is not told that nothing changed


# --- how they come into the program -----------------------------------------------------------------------------------
def embed(folder, to, *names):
    return subprocess.run([ROOT / "services/intake/embed", folder, to / "out.c", to / "out.d", *names], capture_output=True, text=True)


def test_the_same_files_give_the_same_program(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    for to in (first, second):
        to.mkdir()
        assert embed(FOLDER, to, *FILES).returncode == 0
    assert (first / "out.c").read_bytes() == (second / "out.c").read_bytes()
    assert str(FOLDER) in (first / "out.d").read_text()


def test_a_file_that_is_not_named_or_cannot_be_served_stops_the_build(tmp_path):
    folder = tmp_path / "console"
    (folder / "a/b/c/d").mkdir(parents=True)
    (folder / "index.html").write_text("x")
    assert embed(folder, tmp_path, "index.html").returncode == 0
    for name in ("forgotten.js", "a/forgotten.js", "picture.bmp", "a/b/c/d/deep.js"):
        (folder / name).write_text("x")
        unnamed, named = embed(folder, tmp_path, "index.html"), embed(folder, tmp_path, "index.html", name)
        assert unnamed.returncode != 0 and name in unnamed.stderr
        assert (named.returncode == 0) == name.endswith("forgotten.js"), named.stderr
        (folder / name).unlink()
    (folder / "empty.js").touch()
    assert "empty" in embed(folder, tmp_path, "index.html", "empty.js").stderr
    gone = embed(folder, tmp_path, "index.html", "gone.js")
    assert gone.returncode != 0 and "gone.js" in gone.stderr
