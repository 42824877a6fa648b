# SPDX-License-Identifier: Apache-2.0
"""What a search must find, said a second time: a grep over the same lines that knows what each says from its making
(tests/tools/loglines.h), and parses nothing."""
import bisect
import ipaddress
import re
from collections import namedtuple

Line = namedtuple("Line", "place time detection addresses host user mac signs shape text")
DOMAIN = "corp.example"


def read(path):
    """The lines of one owner, in order of time."""
    lines = []
    for row in path.read_bytes().splitlines():
        field = row.decode().split("\t", 13)
        lines.append(Line((int(field[0]), int(field[1])), int(field[2]), field[3] == "1", [a for a in field[4:6] if a],
                          field[6], field[7], field[8], [s for s in field[9:12] if s], field[12], field[13]))
    return lines


def says_what_it_should(line):
    """The facts stand in the line itself."""
    text = line.text.lower()
    return all(word.lower() in text for word in (*line.addresses, line.host, line.user, line.mac, *line.signs))


def grep(words):
    """Each as a word of its own."""
    if not words:
        return None
    return re.compile(r"(?<![\w-])(?:%s)(?![\w-])" % "|".join(map(re.escape, sorted(words))), re.ASCII | re.IGNORECASE)


def touches(line, device):
    # A name with its domain is looked for as it is where no field says that it is a host's.
    whole = line.host if line.shape == "text" and DOMAIN not in line.text.lower() else line.host and f"{line.host}.{DOMAIN}"
    names = {name.lower() for name in (line.host, whole, line.user) if name}
    if {str(device.get(name, "")).lower() for name in ("name", "user")} & names:
        return True
    if line.mac and re.sub("[^0-9a-f]", "", device.get("mac", "").lower()) == line.mac.replace(":", ""):
        return True
    networks = [ipaddress.ip_network(text, strict=False) for text in device.get("addresses", [])]
    return any(ipaddress.ip_address(address) in network for address in line.addresses for network in networks)


def expected(lines, case):
    """(places a search must find, how many of them are detections)"""
    first = bisect.bisect_left(lines, case["from_us"], key=lambda line: line.time)
    last = bisect.bisect_right(lines, case["to_us"], key=lambda line: line.time)
    window = lines[first:last]
    detections = [line for line in window if line.detection]
    pivot = grep({sign for line in detections for sign in line.signs})
    found = {line.place for line in window
             if line.detection or any(touches(line, device) for device in case["devices"])
             or (pivot and pivot.search(line.text))}
    return found, len(detections)
