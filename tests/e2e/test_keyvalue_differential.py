# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of name=value against syslog-ng's kv-parser: every real line of FortiGate and SonicWall, and mutations of them.

Compared is what both define. Left out, or made alike, is what they define differently:
- of a name that comes twice syslog-ng keeps the last, ours gives each: the last is compared;
- ' begins a quoted text in syslog-ng, but neither product writes it so (a name like o'hara does come): replaced by `;
- in quotes syslog-ng makes a control character of \\n, \\t and the like (C's escapes), ours leaves them (C:\\new\\tools):
  of escapes there are only \\" and \\\\ and a backslash before other characters, which both leave;
- a text in quotes that does not end, or that goes on behind the closing quote, is none for syslog-ng, which then gives the raw
  text; ours reads what a cut line still has of it: only whole ones are compared;
- syslog-ng takes "name = value" as a pair, ours does not; a tab separates pairs in ours only: neither is compared;
- names are of letters, digits, "_", "." and "-" and no longer than 120 bytes, behind ":" and ">" at most: what other characters
  before "=" mean no vendor says, and syslog-ng drops names beyond 255 bytes.
"""
import json
import os
import random
import re
import subprocess
import sys

import pytest

from desk import ROOT, SEED, scaled

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import log_fields  # noqa: E402

UNPACKED = ROOT / "var" / "syslog-ng" / "usr"  # by deploy/install
SAMPLES = ROOT.parent / "shared" / "samples"
CONFIGURATION = """@version: current
options { stats-freq(0); log-msg-size(1048576); };
source lines { stdin(flags(no-parse)); };
parser pairs { kv-parser(prefix("kv.") pair-separator(" ")); };
destination json { file("/dev/stdout" template("$(format-json --scope none --key kv.*)\\n")); };
log { source(lines); parser(pairs); destination(json); };
"""
# What both define (see above): spaces, words without "=", and pairs.
DEFINED = re.compile(r"""(?x) \ * (?: (?:
      (?: (?: [^\s"'=]* [>:] )? [A-Za-z0-9_.\-]{1,120} =
          (?: "(?: [^"\\\n] | \\["\\] | \\[^"\\abfnrtvx0-9'\n] )*" | (?: [^\s"'] [^\s']* )? ) )
    | [^\s"'=][^\s'="]* ) (?: \ + | $ ) )*""")
NAME = re.compile("[A-Za-z0-9_.-]{1,120}")
PIECES = ["", " ", "  ", "=", "a=b", "==", ",", ";", "\\\\", '\\"', '\\"x\\"', "C:\\dir\\Zyz", "日本", "漏洩 検知", "é", "\U0001f512", "x",
          "0", "-", "[", "]", "{", "}", "%20", "?q=1&r=2", "/", ":", "|", "^", "(", ")", "<", ">", "`", "\t", "\u3000", "~"]
NAMES = ["a", "b-c", "d_e", "srcip", "user", "msg", "x" * 40, "9", "Z9-_"]


def syslog_ng(lines, folder):
    """One process: the lines by its standard input, a JSON object a line by its output, in the order of the lines."""
    program = UNPACKED / "sbin" / "syslog-ng"
    assert program.exists(), f"{program} is not here: deploy/install --tests"
    (folder / "syslog-ng.conf").write_text(CONFIGURATION)
    files = [f"--{name}={folder / name}" for name in ("persist-file", "control", "pidfile")]
    libraries = {path.parent for path in UNPACKED.rglob("libsyslog-ng*.so*")}
    modules = {path.parent for path in UNPACKED.rglob("libkvformat.so")}
    ran = subprocess.run([program, "--foreground", "--no-caps", f"--cfgfile={folder / 'syslog-ng.conf'}", *files,
                          "--module-path=" + joined(modules)], env={**os.environ, "LD_LIBRARY_PATH": joined(libraries)},
                         input="".join(line + "\n" for line in lines).encode(), capture_output=True, timeout=600)
    told = ran.stdout.decode("utf-8").split("\n")[:-1]
    assert len(told) == len(lines), f"{len(told)} of {len(lines)}: {ran.stderr[-2000:]}"
    return [flat(json.loads(line).get("kv", {})) for line in told]


def joined(folders):
    return ":".join(map(str, sorted(folders)))


def flat(tree, before=""):
    """A name with a dot comes as an object in an object."""
    found = {}
    for name, value in tree.items():
        found.update(flat(value, before + name + ".") if isinstance(value, dict) else {before + name: value})
    return found


def ours(lines, build):
    told = subprocess.run([build / "tests" / "keyvalue_pairs"], input="".join(json.dumps(line) + "\n" for line in lines).encode(),
                          check=True, capture_output=True, timeout=600).stdout.decode("utf-8").split("\n")[:-1]
    assert len(told) == len(lines)
    return [dict(json.loads(line)) for line in told]  # the last of a name stays


@pytest.fixture(scope="module")
def real():
    if not SAMPLES.is_dir():
        print(f"{SAMPLES}: not here, nothing to compare")
        pytest.skip(f"{SAMPLES}: not here, nothing to compare")
    lines = [line.replace("'", "`") for product, _, line in log_fields.lines_of(SAMPLES)
             if re.search("fortigate|fortinet|sonicwall", product)]
    assert len(lines) >= 20
    return lines


def value(chance):
    text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(6)))
    return f'"{text}"' if chance.random() < 0.6 else text


def mutation(chance, line):
    """One to four changes: another value, a new pair, one left out or twice, more spaces, or a character anywhere."""
    words = re.findall(r'[^\s="]+="(?:[^"\\]|\\.)*"|\S+', line)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(words))
        change = chance.randrange(6)
        if change == 0:
            words[place] = words[place].split("=")[0] + "=" + value(chance)
        elif change == 1:
            words.insert(place, chance.choice(NAMES) + "=" + value(chance))
        elif change == 2 and len(words) > 1:
            del words[place]
        elif change == 3:
            words.insert(place, words[chance.randrange(len(words))])
        elif change == 4:
            words[place] = " " * chance.randint(1, 3) + words[place]
        else:
            at = chance.randint(0, len(words[place]))
            words[place] = words[place][:at] + chance.choice(PIECES) + words[place][at + chance.randint(0, 1):]
    return " ".join(words)


def mutations(real, count):
    """Only those that both define; most are."""
    chance = random.Random(SEED)
    found = []
    while len(found) < count:
        line = mutation(chance, chance.choice(real))
        if DEFINED.fullmatch(line) and "\n" not in line:
            found.append(line)
    return found


def differences(lines, build, folder):
    for line, their, our in zip(lines, syslog_ng(lines, folder), ours(lines, build)):
        found = {name: (their.get(name), our.get(name)) for name in their.keys() | our.keys()
                 if their.get(name) != our.get(name) and NAME.fullmatch(name)}
        if found:
            yield {"line": line, "syslog-ng, ours": found}


def check(lines, build, folder):
    found = list(differences(lines, build, folder))
    print(f"seed {SEED}: {len(lines)} lines, {len(found)} differences")
    assert not found, f"{len(found)} of {len(lines)}: " + json.dumps(found[:8], ensure_ascii=False, indent=1)


def test_real_lines(real, build, tmp_path):
    check(real, build, tmp_path)


def test_mutations(real, build, tmp_path):
    check(mutations(real, scaled(100_000)), build, tmp_path)
