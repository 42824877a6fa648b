# SPDX-License-Identifier: Apache-2.0
"""The log lines of the sample incident: the story in incident.log, and a few thousand lines of an ordinary office around it."""
import pathlib
import random
from datetime import timedelta, timezone

STORY = pathlib.Path(__file__).with_name("incident.log")
JAPAN = timezone(timedelta(hours=9))
SITES = ("www.example.jp", "mail.example.jp", "portal.example.com", "update.example.net", "news.example.org")


def stamp(line, at):
    """The moment in every product's own notation."""
    local = at.astimezone(JAPAN)
    for name, text in {
        "{fortigate}": local.strftime('date=%Y-%m-%d time=%H:%M:%S tz="+0900"'),
        "{cef}": str(int(at.timestamp() * 1000)),
        "{eve}": local.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
        "{squid}": f"{at.timestamp():.3f}",
    }.items():
        line = line.replace(name, text)
    return line


def age(text):
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def story(call):
    """(customer, moment, product, kind, host, line) of every line of incident.log."""
    for row in STORY.read_text().splitlines():
        if row and not row.startswith("#"):
            before, customer, product, kind, host, line = row.split("\t")
            at = call - age(before)
            yield customer, at, product, kind, host, stamp(line, at)


def ordinary(customer, call, count, dice):
    """What a firewall and a proxy write all day, over the four days before the call."""
    for _ in range(count):
        at = call - timedelta(seconds=dice.uniform(60, 4 * 86400))
        pc, site = f"192.168.10.{dice.randrange(20, 60)}", dice.choice(SITES)
        if dice.random() < 0.5:
            yield customer, at, "fortigate", "firewall", "fw-main", stamp(
                '{fortigate} devname="fw-main" devid="FG100FTK00000001" logid="0000000013" type="traffic" subtype="forward" '
                f'level="notice" vd="root" srcip={pc} srcport={dice.randrange(49152, 65535)} '
                f'dstip=192.0.2.{dice.randrange(1, 250)} dstport=443 proto=6 action="accept" policyid=3 service="HTTPS" '
                f'sentbyte={dice.randrange(400, 90000)} rcvdbyte={dice.randrange(400, 900000)}', at)
        else:
            yield customer, at, "squid", "proxy", "proxy-1", proxy_line(pc, site, at, dice)


def proxy_line(pc, site, at, dice):
    return stamp(f"{{squid}} {dice.randrange(5, 900):6d} {pc} TCP_MISS/200 {dice.randrange(300, 90000)} CONNECT {site}:443 - "
                 f"HIER_DIRECT/192.0.2.{dice.randrange(1, 250)} -", at)


def shipped(call, seed=1, count=1500):
    """Everything that the log shippers of both customers send, in the order of time."""
    dice = random.Random(seed)
    lines = [*story(call), *ordinary("A", call, count, dice), *ordinary("B", call, count, dice)]
    return sorted(lines, key=lambda row: row[1])


def proxy_log(call, seed=2, count=400):
    """A proxy log that the customer sends in by hand: the branch office, where nothing is shipped from."""
    dice = random.Random(seed)
    rows = sorted((call - timedelta(seconds=dice.uniform(600, 2 * 86400)) for _ in range(count)))
    lines = [proxy_line(f"192.168.20.{dice.randrange(20, 40)}", dice.choice(SITES), at, dice) for at in rows]
    seen = call - timedelta(hours=5, minutes=20)
    lines.append(stamp("{squid}    812 192.168.20.31 TCP_TUNNEL/200 40219 CONNECT cdn-sync.example:8443 - "
                       "HIER_DIRECT/198.51.100.24 -", seen))
    return ("\n".join(lines) + "\n").encode()
