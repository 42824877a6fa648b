# SPDX-License-Identifier: Apache-2.0
"""What lines of real products state, said a second time and in another way than services/triage says it.

A reader for each product, after the vendor's documentation and the lines themselves; it shares no code with the services.
`stated(product, line, append)` answers a `Line`: what must be found (`must`), and what may be (`may`), because the line
leaves it open or because it is a matter of taste. Placeholders ("-", "N/A", words in {{ }}) state nothing.

Of time: a line without a zone is of Asia/Tokyo, a time without a year is of the year nearest to the append that is not yet to
come. Services in the cloud document that theirs are UTC although they write no zone (Microsoft 365: "in Coordinated
Universal Time"); there both are right, as the desk cannot know. An event's own time goes before that of the syslog header.
"""
import csv
import datetime
import ipaddress
import json
import pathlib
import re

TOKYO = datetime.timezone(datetime.timedelta(hours=9))
UTC = datetime.timezone.utc
ZONES = {"UTC": 0, "GMT": 0, "JST": 9, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

HOST = ("host.name", "source.domain", "observer.name")
MACHINE = ("source.ip", "host.ip")  # the address of the computer that the event is about
RULE = ("rule.name", "threat.indicator.name")
SITE = ("url.domain", "url.original", "dns.question.name", "tls.client.server_name", "destination.domain")
FIELDS = {  # what is asked → where it may stand
    "time": ("time",),
    "source.ip": ("source.ip",),
    "destination.ip": ("destination.ip",),
    "host": HOST,
    "user": ("user.name",),
    "action": ("labels.action",),
    "rule": RULE,
    "url": ("url.original",),
    "md5": ("file.hash.md5",),
    "sha1": ("file.hash.sha1",),
    "sha256": ("file.hash.sha256",),
}
ADDRESSES = ("source.ip", "destination.ip")
HASH_LENGTH = {32: "md5", 40: "sha1", 64: "sha256"}
NOTHING = {"", "-", "_", "--", "n/a", "none", "null", "(null)", "unknown", "unset", "redacted", "undefined", "::", "0.0.0.0"}


# --- values ----------------------------------------------------------------------------------------------------------------

def is_nothing(value):
    """A placeholder: what a product writes where it has nothing, and the words that templates left in the samples."""
    return value is None or str(value).strip().lower() in NOTHING or "{{" in str(value) or "xxx.xxx" in str(value).lower()


def address(value):
    """The address in one spelling; None: it is none."""
    try:
        return str(ipaddress.ip_address(str(value).strip().strip("[]").split("%")[0]))
    except ValueError:
        return None


def digest(value):
    value = str(value).strip().lower()
    return value if re.fullmatch("[0-9a-f]+", value) and set(value) != {"0"} and len(value) in HASH_LENGTH else None


def normal(what, value):
    if what in ADDRESSES:
        return address(value)
    if what in HASH_LENGTH.values():
        return str(value).strip().lower()
    return str(value).strip()


# --- time: all answer seconds since 1970 -----------------------------------------------------------------------------------

def nearest_year(month, day, clock, zone, append):
    hour, minute, second = (int(part) for part in clock.split(":"))
    found = []
    for year in (append.year - 1, append.year, append.year + 1):
        try:
            found.append(datetime.datetime(year, month, day, hour, minute, second, tzinfo=zone))
        except ValueError:
            pass  # 29 February
    past = [moment for moment in found if moment <= append + datetime.timedelta(days=1)]  # no line is of the future
    return int(min(past, key=lambda moment: abs(moment - append)).timestamp())


def zone_of(text, otherwise):
    text = (text or "").strip()
    offset = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d\d):?(\d\d)", text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return datetime.timezone(datetime.timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if re.fullmatch("Z+", text):  # sc4s writes "ZZ" where its template already has a Z
        return UTC
    return datetime.timezone(datetime.timedelta(hours=ZONES[text])) if text in ZONES else otherwise


ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\s*([A-Z]+$|[+-]\d\d:?\d\d|Z+)?")
BSD = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:\.\d+)?(?: ([A-Z]{3,4}|[+-]\d{4}))?")


def iso(text, zone=TOKYO):
    found = ISO.match(str(text).strip())
    if not found:
        return None
    moment = datetime.datetime(*(int(part) for part in found.groups()[:6]), tzinfo=zone_of(found[7], zone))
    return int(moment.timestamp())


def either(text):
    """Of a service in the cloud: without a zone UTC by its documentation, the desk's by its rule."""
    return iso(text), iso(text, UTC)


def bsd(text, append):
    found = BSD.match(str(text).strip())
    if not found or found[1] not in MONTHS:
        return None
    month, zone = MONTHS.index(found[1]) + 1, zone_of(found[5], TOKYO)
    if not found[3]:
        return nearest_year(month, int(found[2]), found[4], zone, append)
    clock = (int(part) for part in found[4].split(":"))
    return int(datetime.datetime(int(found[3]), month, int(found[2]), *clock, tzinfo=zone).timestamp())


def epoch(text):
    """Seconds, milliseconds, microseconds or nanoseconds by the count of digits."""
    digits = re.match(r"\d{10,19}", str(text))
    return int(digits[0][:10]) if digits else None


# --- what a line states ----------------------------------------------------------------------------------------------------

class Line:
    """must[what] = (values, fields, also): one of `values` in one of `fields`; `also` is true, but not what was asked."""

    def __init__(self, append):
        self.append = append
        self.must, self.may = {}, {}

    def state(self, what, *values, fields=None, also=()):
        """Of several values each is right; a later statement takes the place of an earlier one."""
        values = {normal(what, value) for value in values if not is_nothing(value)} - {None, ""}
        if values:
            earlier = self.must[what][2] if what in self.must else set()
            also = {normal(what, value) for value in also if not is_nothing(value)} - {None}
            self.must[what] = (values, fields or FIELDS[what], also | earlier)

    def allow(self, what, *values):
        self.may.setdefault(what, set()).update({normal(what, value) for value in values if not is_nothing(value)} - {None})

    def forget(self, *names):
        for what in names:
            if what in self.must:
                self.allow(what, *self.must.pop(what)[0])

    def host(self, *names, fields=HOST):
        """The affected computer; the reporting device that was stated before is true, but not enough any more."""
        if not all(is_nothing(name) for name in names):
            self.state("host", *names, fields=fields, also=self.must["host"][0] if "host" in self.must else ())

    def user(self, *names):
        """DOMAIN\\user is right with and without the domain."""
        bare = [str(name).replace("\\\\", "\\").rsplit("\\", 1)[-1] for name in names if not is_nothing(name)]
        self.state("user", *names, *bare, *(str(name).replace("\\\\", "\\") for name in names if not is_nothing(name)))

    def hashes(self, *values):
        for value in values:
            if not is_nothing(value) and digest(value):
                self.state(HASH_LENGTH[len(digest(value))], digest(value))

    def url(self, host, path=None):
        """A whole URL, a host and a path (joined or not), or only a host."""
        host, path = [None if is_nothing(part) else str(part).strip() for part in (host, path)]
        if path and not re.match(r"[a-z]+:", path, re.I) and host:
            tails = [host + path, host + ("" if path.startswith("/") else "/") + path]
            self.state("url", path, *tails, *(scheme + tail for tail in tails for scheme in ("http://", "https://")))
        elif path:
            self.state("url", path)
        else:
            self.site(host)

    def site(self, host):
        if not is_nothing(host):
            self.state("url", host, str(host).rstrip("."), fields=SITE)


HEADER = re.compile(r"(?:<\d{1,3}>)?\s*(?:1 )?(?:(?P<iso>\d{4}-\d\d-\d\dT[\d:.]+(?:Z+|[+-]\d\d:\d\d))|"
                    r"(?P<bsd>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d))(?: (?P<host>\{\{.*?\}\}|\S+))?(?: (?P<rest>.*))?$", re.S)


def header(line, say):
    """Time and sender of a syslog header; answers what follows it (all of the line where there is none)."""
    found = HEADER.match(line)
    if not found:
        return re.sub(r"^<\d{1,3}>\s*", "", line)
    say.state("time", iso(found["iso"]) if found["iso"] else bsd(found["bsd"], say.append))
    host = found["host"] or ""
    if "=" in host or "," in host or "|" in host:
        return line[found.start("host"):]
    if address(host):
        say.allow("host", host)  # the address of the sender is no name
    else:
        say.state("host", host)
    return found["rest"] or ""


PAIR = re.compile(r"([A-Za-z0-9_.\-]+)=(\"(?:[^\"\\]|\\.)*(?:\"|$)|'[^']*'|[^\s]*)")


def pairs(text, pattern=PAIR):
    """name=value, the first of a name counts."""
    found = {}
    for name, value in pattern.findall(text):
        if len(value) > 1 and value[0] in "\"'":
            value = value[1:-1] if value[-1] == value[0] else value[1:]
        found.setdefault(name, value)
    return found


def dig(tree, *paths):
    """The first of the dotted paths that has a value."""
    for path in paths:
        node = tree
        for part in path.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is not None and not isinstance(node, (dict, list)) and not is_nothing(node):
            return node
    return None


# --- firewalls of name=value -----------------------------------------------------------------------------------------------

def fortigate(line, say):
    if re.match(r"\S+ \S+ \[\d", line.split(" - - ")[-1]) or ' - - [' in line:
        return access_log(line, say)
    rest = header(line, say)
    if "VERSION:v1:" in rest:
        return load_balancer(rest, say)
    log = pairs(rest)
    if log.get("device_id", "").startswith("FV") or "timezone" in log or log.get("type") in ("attack", "spam"):
        return fortiweb(line, say)
    say.forget("host")  # "fortigate" in the header is the sender's tag; the device says its name itself
    say.state("host", log.get("devname"))
    fortinet_time(log, say)
    say.state("source.ip", log.get("srcip") or log.get("remip"))
    say.state("destination.ip", log.get("dstip"))
    say.user(log.get("user"))
    say.host(log.get("srcname"), log.get("hostname") if log.get("type") == "event" else None)
    say.state("action", log.get("action"), log.get("utmaction"))  # what the policy did, and what its inspection did
    say.allow("action", log.get("appact"), log.get("eventtype"))
    say.state("rule", log.get("virus"), log.get("attack"), log.get("policyname"), log.get("dlprule"))
    say.allow("rule", *(log.get(name) for name in ("app", "catdesc", "logdesc", "profile", "appcat", "msg")))
    if log.get("hostname") or log.get("url"):
        say.url(log.get("hostname"), log.get("url"))
    say.hashes(log.get("analyticscksum"), log.get("filehash"))


def fortinet_time(log, say):
    """eventtime is exact; date= and time= are right too, with tz= (they differ by the second in which the log was written)."""
    wall = f"{log.get('date')} {log.get('time')}{log.get('tz', '')}" if log.get("time") else ""
    say.state("time", *[moment for moment in (epoch(log.get("eventtime", "")), iso(wall)) if moment]
              if "tz" in log else [epoch(log.get("eventtime", "")) or iso(wall)])


def load_balancer(rest, say):
    """An iRule's log of F5 which the collection has among FortiGate's. Which of its two times is meant is not said; the names
    of hosts are of the site asked for, spoiled by Markdown; the user is a template's word."""
    log = pairs(rest.split("VERSION:v1:", 1)[1].replace("',", "' "))
    say.state("time", iso(log["date_time"]), *(say.must["time"][0] if "time" in say.must else ()))
    say.state("source.ip", log["clientip"])
    say.allow("source.ip", log["http_xff"])
    say.state("destination.ip", log["virtualip"], log["nodeip"])
    say.state("url", log["http_path"], log["host"] + log["http_path"])
    say.allow("user", log["http_username"])
    say.allow("host", log["host"], log["virtualname"])


def fortiweb(line, say):
    """FortiWeb, and a line of FortiMail (type=spam). The policy of FortiWeb is a server's, which is as much of a rule as the
    signature's class is."""
    log = pairs(header(line, say))
    say.forget("host")
    say.state("host", log.get("devname"))
    zone = re.match(r"\(GMT([+-]\d{4})\)", log.get("timezone", ""))
    say.state("time", iso(f"{log['date']} {log['time']}" + (zone[1] if zone else "")))
    say.state("source.ip", log.get("src") or log.get("client_ip"))
    say.state("destination.ip", log.get("dst") or log.get("dst_ip"))
    free = re.search(r"from \w+\(([\d.]+)\)", line)
    say.allow("source.ip", free and free[1])
    say.user(log.get("user"))
    say.state("action", log.get("action"))
    say.allow("action", log.get("status"))
    if log.get("type") == "attack":
        main = re.search(r"main class name: ([^\]]*)", log.get("msg", ""))
        say.state("rule", log.get("signature_subclass"), log.get("policy"), main and main[1], log.get("subtype"), log.get("msg"))
    else:
        say.allow("rule", log.get("policy"))
    if log.get("http_url"):
        say.url(log.get("http_host"), log.get("http_url"))
    say.allow("host", log.get("client_name"))


def sonicwall(line, say):
    rest = header(line, say)
    if "id=firewall" not in line:
        # "<134>1 {{ timestamp }} host app …": the placeholder has spaces, the header behind it is no header any more
        return say.allow("host", *re.findall(r"\}\} (\S+)", line))
    log = pairs(rest)
    say.state("host", log.get("fw") if not address(log.get("fw", "")) else None)
    say.allow("host", log.get("fw"))
    say.state("time", iso(log.get("time", "")))
    say.state("source.ip", endpoint(log.get("src")))
    say.state("destination.ip", endpoint(log.get("dst")))
    say.user(log.get("usr"), log.get("user"))
    say.state("action", log.get("fw_action"))
    say.allow("rule", log.get("msg"), log.get("vpnpolicy"), log.get("rule"))
    say.state("rule", log.get("ipscat"), log.get("spycat"), log.get("virus"), log.get("sid") and log.get("msg"))
    say.url(log.get("dstname"), log.get("arg"))


def endpoint(text):
    """address:port:interface:name"""
    return text and (text.split(":")[0] if text.count(".") >= 3 else text)


def sophos(line, say):
    """Sophos UTM's web proxy (h=, u=, t=), and XG with its names spelt out."""
    log = pairs(header(line, say))
    if "device_name" in log:
        return sophos_xg(log, say)
    say.state("time", epoch(log.get("t", "")))
    say.state("source.ip", log.get("h"))
    say.state("destination.ip", log.get("target_ip"))
    say.user(log.get("u"))
    say.state("action", log.get("act"), "allowed" if log.get("act") == "1" else None)  # a documented code, or its meaning
    say.allow("rule", log.get("rule"), log.get("cat"))
    say.state("rule", log.get("threat"))
    request = log.get("req", "").split(" ")
    say.url(log.get("dom"), request[1] if len(request) == 3 else None)


def sophos_xg(log, say):
    say.state("host", log["device_name"])
    say.state("time", iso(f"{log['date']} {log['time']} {log['timezone']}"))
    say.state("source.ip", log.get("src_ip"))
    say.state("destination.ip", log.get("dst_ip"))
    say.user(log.get("user_name"))
    say.state("action", log.get("status"), log.get("log_subtype"))
    say.state("rule", log.get("signature_msg"), log.get("virus"), log.get("threatname"))
    say.allow("rule", log.get("application"), log.get("category"), log.get("fw_rule_name"))
    if log.get("url"):
        say.url(log.get("domain"), log["url"])
    say.hashes(log.get("sha1sum"))


def watchguard(line, say):
    """WatchGuard's Firebox (McAfee's web gateway is also "wg" in the collection)."""
    if "srcip=" in line and "urlp=" in line:
        return mcafee_web_gateway(line, say)
    log = pairs(header(line, say))
    say.user(log.get("src_user"))
    say.state("rule", log.get("virus"), log.get("signature_name"))


def mcafee_web_gateway(line, say):
    """Half of the lines have quotes with a backslash, as the test's source had them; they are read as quotes."""
    log = pairs(header(line, say).replace('\\"', '"'))
    say.state("source.ip", log.get("srcip"))
    say.state("destination.ip", log.get("destip"))
    say.user(log.get("user"))
    say.allow("action", log.get("status"))
    say.state("rule", log.get("mlwr"), log.get("rule"))
    say.url(log.get("dhost"), log.get("url"))


def iptables(line, say):
    log = pairs(header(line, say))
    say.state("source.ip", log.get("SRC"))
    say.state("destination.ip", log.get("DST"))
    prefix = re.search(r"\] ([^=\]]+?):? IN=", line)
    say.allow("action", prefix and prefix[1])
    say.allow("rule", prefix and prefix[1])


def bluecoat(line, say):
    log = pairs(header(line, say))
    if "c-ip" not in log:
        return None
    say.state("source.ip", log["c-ip"])
    # cs-ip is documented as where the client's connection went, s-supplier-ip as the server behind; neither is certain
    say.allow("destination.ip", log.get("cs-ip"), log.get("s-ip"), log.get("s-supplier-ip"))
    say.user(log.get("cs-username"))
    say.state("action", log.get("s-action"), log.get("sc-filter-result"))
    say.allow("rule", log.get("cs-categories"))
    host, path, port = log["cs-host"], log["cs-uri-path"], log["cs-uri-port"]
    joined = [f"{scheme}{host}{colon}{path}" for scheme in ("", log["cs-uri-scheme"] + "://") for colon in ("", ":" + port)]
    say.state("url", log.get("c-url"), path, *joined)
    say.state("host", log.get("x-bluecoat-appliance-name"), *(say.must["host"][0] if "host" in say.must else ()))


# --- Check Point -----------------------------------------------------------------------------------------------------------

def checkpoint(line, say):
    rest = header(line, say)
    if "[sc4s@2620" in rest or re.search(r'CheckPoint \d+ - \[', rest):
        log = pairs(rest.replace("\\]", "]").replace("\\/", "/"))
    else:
        log = {}
        for part in rest.replace("\\=", "\0").split("|"):
            name, equals, value = part.partition("=")
            if equals:
                log.setdefault(name, value.replace("\0", "="))
    checkpoint_fields(log, say)


def checkpoint_fields(log, say):
    say.state("time", epoch(log.get("time", "")))
    common_name = re.match(r"cn=([^,]*)", log.get("originsicname") or log.get("origin_sic_name") or "", re.I)
    devices = [log.get("hostname"), common_name and common_name[1], *(say.must["host"][0] if "host" in say.must else ())]
    # machine= is the administrator's computer, of which it is open whether it is affected
    machine = log.get("machine") if not address(log.get("machine", "")) else None
    say.state("host", *devices, machine)
    say.allow("host", log.get("machine"), log.get("origin"))
    say.host(log.get("src_machine_name"), log.get("endpointname"), (log.get("endpointname") or "").split(".")[0])
    say.state("source.ip", log.get("src") or log.get("client_ip"))
    say.state("destination.ip", log.get("dst"))
    say.user(*[log.get(name) for name in ("src_user_name", "endpointuser", "administrator", "user_name") if log.get(name)][:1])
    say.state("action", log.get("action"))
    say.allow("action", log.get("operation"), log.get("status"), log.get("malware_action"), log.get("verdict"),
              log.get("rule_action"), log.get("update_status"), log.get("audit_status"))
    say.state("rule", log.get("protection_name"), log.get("attack"), log.get("rule_name"))
    say.allow("rule", *(log.get(name) for name in ("protection_type", "policy_name", "policy", "inspection_category", "layer_name",
                                                   "malware_action", "subject", "smartdefense_profile", "attack_info",
                                                   "email_spam_category", "appi_name", "fg-1_client_in_rule_name")))
    say.url(log.get("http_host"), log.get("resource"))
    say.allow("url", log.get("http_host"))
    say.allow("sha256", log.get("app_sig_id"))  # 64 digits, but the signature's


# --- CEF and LEEF ----------------------------------------------------------------------------------------------------------

def cef_of(line, say):
    """Seven fields of the head, and the extension with its labels resolved as "label:…"."""
    rest = header(line, say)
    start = re.search(r"(?:CEF: ?)?\d\|", rest)
    parts = re.split(r"(?<!\\)\|", rest[start.start():], maxsplit=7)
    names = [(found.start(1), found.end(), found[1]) for found in re.finditer(r"(?:^|\s)([A-Za-z0-9_.]+)=", parts[7])]
    log = {}
    for index, (_, end, name) in enumerate(names):
        until = names[index + 1][0] if index + 1 < len(names) else len(parts[7])
        log.setdefault(name, parts[7][end:until].strip().replace("\\=", "="))
    return parts, log


def cef(line, say):
    if "CEF:" not in line and not re.match(r"\d\|", line):
        return None
    parts, log = cef_of(line, say)
    cef_time(log, say)
    say.state("host", log.get("dvchost") or log.get("UNIFIhost"), *(
        say.must["host"][0] if log.get("UNIFIhost") and "host" in say.must else ()))
    say.host(log.get("shost"))
    say.state("source.ip", log.get("src"))
    say.state("destination.ip", log.get("dst"))
    say.user(log.get("suser") or log.get("duser") or log.get("UNIFIadmin"))
    say.allow("user", log.get("duser"), log.get("target"))
    say.state("action", log.get("act"))
    say.allow("action", parts[5], log.get("cs2"), log.get("outcome"))
    say.url(None, log.get("request"))
    say.hashes(*(log.get(name) for name in ("fileHash", "TrendMicroDsFileMD5", "TrendMicroDsFileSHA1", "TrendMicroDsFileSHA256")))
    cef_labelled(log, say)
    say.allow("rule", parts[5])
    {"Trend Micro": trend_micro, "KasperskyLab": kaspersky_cef}.get(parts[1], lambda *_: None)(parts, log, say)
    say.state("rule", *([log.get("UNIFIipsSignature"), log.get("UNIFIpolicyName"), parts[5]]
                        if log.get("UNIFIipsSignature") else []))
    return None


def cef_time(log, say):
    """rt is the event's. A template's zone leaves open whether it has a time at all."""
    for name in ("rt", "UNIFIutcTime"):
        value = log.get(name, "")
        moment = epoch(value) or iso(value) or bsd(value, say.append)
        if moment and "{{" in value:
            say.allow("time", moment)
        elif moment:
            say.state("time", moment)


def cef_labelled(log, say):
    """csN whose label says what it is: a hash, or the name of a signature."""
    for name, label in [(key[:-5], value.lower()) for key, value in log.items() if key.endswith("Label")]:
        if label in ("sha1", "md5", "sha256"):
            say.hashes(log.get(name))
        if label in ("sname", "signature", "rule", "policy name", "virusname"):
            say.state("rule", log.get(name))


def trend_micro(parts, log, say):
    """The name is that of the malware (4000000 and after), of the rule (firewall, integrity, intrusion, log inspection), or of
    the event. A web reputation's is its category, as much or little of a rule as the message."""
    number = int(parts[4])
    if number == 4000000 or number in (20, 30) or 1000000 <= number < 1010000 or 3000000 <= number < 3010000:
        say.state("rule", parts[5], log.get("cs1") if log.get("cs1Label") == "LI Description" else None)
    dvc = log.get("dvc")
    if dvc and not address(dvc):
        say.state("host", dvc)
    if log.get("request") and "/" not in log["request"]:
        say.site(log["request"])
    say.allow("md5", *re.findall(r"FileMD5=(\w{32})", str(log)))  # a sample has its name run into the value before
    if log.get("duser", "").startswith("("):
        say.forget("user")  # "(no user)"


def kaspersky_cef(_, log, say):
    """The security center tells of a computer as destination: it is the one that the event is about."""
    say.host(log.get("dhost"), fields=(*HOST, "destination.domain"))


def kaspersky(line, say):
    if "CEF:" in line:
        return cef(line, say)
    log = pairs(header(line, say))
    say.host(log.get("hdn"))
    say.state("source.ip", log.get("hip"), fields=MACHINE)
    say.user(log.get("p2"))
    result = re.search(r"Result: (\w+)", line)
    say.state("action", result and result[1], log.get("etdn"), log.get("et"))
    say.allow("rule", log.get("tdn"), log.get("etdn"), log.get("et"), *re.findall(r"Rule category: ([^\\]+)", line))
    say.hashes(log.get("p8", "").lstrip(";"), *re.findall(r"SHA256: (\w+)", line))
    return None


LEEF = re.compile(r"LEEF:([\d.]+)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$", re.S)


def leef(line, say):
    header(line, say)
    version, *_, event, rest = LEEF.search(line).groups()
    delimiter = "\t"
    if version == "2.0" and re.match(r"(?:0?x[0-9A-Fa-f]+|[^|=]?)\|", rest):
        named, rest = rest.split("|", 1)
        code = re.fullmatch(r"0?x([0-9A-Fa-f]+)", named)
        delimiter = chr(int(code[1], 16)) if code else named or "\t"
    if delimiter not in rest and rest.count("|") > 5:
        delimiter = "|"  # Palo Alto's custom format
    log = {}
    for part in rest.split(delimiter):
        log.setdefault(*part.partition("=")[::2])
    say.state("time", epoch(log.get("devTime", "")) or iso(log.get("devTime", "")) or bsd(log.get("devTime", ""), say.append))
    say.state("source.ip", log.get("src"))
    say.state("destination.ip", log.get("dst"))
    say.user(log.get("usrName"))
    say.state("action", log.get("action"))
    say.allow("action", event)
    say.state("rule", log.get("RuleName"), log.get("policy"))
    say.allow("rule", event, log.get("cat"))
    say.state("host", log.get("DeviceName"), *(say.must["host"][0] if log.get("DeviceName") and "host" in say.must else ()))
    say.url(None, log.get("url"))


# --- Palo Alto -------------------------------------------------------------------------------------------------------------

def paloalto(line, say):
    """CSV; columns as PAN-OS documents them for each type. The collection cut "receive time" down to a time of day, which
    states no day: then the header's time counts."""
    rest = re.sub(r"^(?:- )+", "", header(line, say))
    start = re.search(r"1,[^,]*,[^,]*,[A-Z]+,", rest)
    if not start:
        return say.forget("time", "host")  # prose out of the collection's own tests
    row = next(csv.reader([rest[start.start():]]))
    row += [""] * 80
    zoned = [iso(cell) for cell in row[7:] if re.match(r"\d{4}-\d\d-\d\dT.*[+-]\d\d:\d\d$", cell)]
    generated = iso(row[6])
    known = [moment for moment in zoned[:1] or [generated] if moment]
    # a generated time beside a header of another year: both are the samples' own making
    say.state("time", *known, *(say.must["time"][0] if known and "time" in say.must else ()))
    PALO_ALTO.get(row[3], lambda *_: None)(row, say)
    return None


def pan_flow(row, say):
    say.state("source.ip", row[7])
    say.state("destination.ip", row[8])
    say.user(row[12])
    say.state("action", row[30])
    say.state("rule", row[11])
    say.allow("rule", row[14])


def pan_traffic(row, say):
    pan_flow(row, say)
    say.state("host", row[52], *(say.must["host"][0] if "host" in say.must else ()))


def pan_threat(row, say):
    pan_flow(row, say)
    name = re.sub(r"\(\d+\)$", "", row[32])
    say.state("rule", row[11], row[32] if name else None, name)
    say.url(None, row[31])
    say.state("host", row[59], *(say.must["host"][0] if "host" in say.must else ()))
    if row[4] == "wildfire":
        say.hashes(row[37])


def pan_config(row, say):
    say.allow("source.ip", row[7])
    say.user(row[10])
    say.allow("action", row[9], row[12])


def pan_hip(row, say):
    """The machine whose name the HIP match is about; a masked name is one as well, but it is not held against anybody."""
    say.user(row[7])
    say.state("source.ip", row[11], fields=MACHINE)
    say.state("host", row[9], *(say.must["host"][0] if "host" in say.must else ()))
    say.allow("rule", row[12])
    say.allow("user", row[7])


def pan_userid(row, say):
    say.state("source.ip", row[8])
    say.user(row[9])
    say.allow("action", row[4])


def pan_decryption(row, say):
    """One of the two has its addresses masked and a column too many: it states none of the columns."""
    if "XXX" in row[7]:
        say.allow("rule", row[12], row[11])
        return say.allow("action", row[31], row[30])
    pan_flow(row, say)
    return say.allow("url", *row[50:75])


def pan_globalprotect(row, say):
    """Public and private address of the client are both its own."""
    say.state("source.ip", row[15], row[17])
    say.allow("user", row[12])
    say.allow("host", row[14], *row)
    say.allow("action", row[8], row[9], row[29])


def pan_system(row, say):
    say.allow("action", row[8])
    say.allow("rule", row[8])
    say.allow("host", row[9])


PALO_ALTO = {"TRAFFIC": pan_traffic, "THREAT": pan_threat, "CONFIG": pan_config, "HIPMATCH": pan_hip, "USERID": pan_userid,
             "DECRYPTION": pan_decryption, "GLOBALPROTECT": pan_globalprotect, "SYSTEM": pan_system}


# --- endpoint products that are no JSON ------------------------------------------------------------------------------------

def symantec_sep(line, say):
    """"Name: value" between commas, and some values by their place. Of an attack that is Inbound the remote host is the source."""
    rest = header(line, say).split("SymantecServer: ", 1)[-1]
    cells = rest.split(",")
    log = {}
    for cell in cells:
        name, colon, value = cell.strip().strip('"').partition(": ")
        if colon:
            log.setdefault(name, value.strip().strip('"').strip())
    sep_place(cells, log, say)
    sep_addresses(cells, log, say)
    say.user(log.get("User") or log.get("User Name") or log.get("User1") or log.get("Admin"))
    say.state("action", log.get("Actual action") or log.get("Action") or ("Blocked" if cells[2:3] == ["Blocked"] else None))
    say.allow("action", log.get("Requested action"), log.get("Detection type"))
    say.state("rule", log.get("Risk name") or log.get("CIDS Signature string") or log.get("Rule"))
    say.allow("rule", log.get("Event Description"))
    say.state("time", *[iso(log[name]) for name in ("Event time", "Begin", "End Time", "End") if log.get(name)][:1],
              *[iso(log[name]) for name in ("End Time",) if log.get(name)])
    say.state("url", log.get("Intrusion URL"), log.get("Intrusion Payload URL"), log.get("Download site"))
    say.allow("url", log.get("Web domain"))
    say.hashes(log.get("SHA-256"), log.get("MD-5"))


def sep_place(cells, log, say):
    """The computer has a name of its own in alerts, stands first in clients' logs, and next to last but one in the server's log
    of clients: "…,event,computer,user,domain"."""
    server = log.get("Server Name") or log.get("Server") or log.get("Site")
    computer = log.get("Computer name") or log.get("Computer")
    if not computer and ":" not in cells[0]:
        computer = cells[0] if "found" not in cells[0] else None
    if len(cells) == 7 and cells[0].startswith("Site:") and not any(":" in cell for cell in cells[3:]):
        computer, user = cells[4], cells[5]
        say.user(user)
    if computer:
        say.host(computer)
        say.state("host", computer, also=(server, log.get("Source computer"), log.get("Remote Host Name")))
    elif "host" not in say.must:
        say.state("host", server)


def sep_addresses(cells, log, say):
    local, remote = log.get("Local Host IP"), log.get("Remote Host IP")
    if "Inbound" in cells:
        local, remote = remote, local
    say.state("source.ip", local)
    say.state("destination.ip", remote)
    computer, source = log.get("IP Address"), log.get("Source IP")
    if source or computer:  # of a found risk, the computer and where it came from: both are asked for by an operator
        say.state("source.ip", source, computer, fields=MACHINE)


CURLY = re.compile(r"([A-Za-z_]+)=\u201d([^\u201d]*)\u201d")


def symantec_dlp(line, say):
    """Its values stand between typographic quotes; of when it occurred and when the line was sent, either is a time."""
    log = pairs(header(line, say), CURLY)
    say.state("source.ip", log.get("Machine_IP"), fields=MACHINE)
    say.allow("source.ip", log.get("Sender"))
    say.state("destination.ip", log.get("Destination_IP"))
    occurred = datetime.datetime.strptime(log["Occured_On"], "%B %d, %Y %I:%M:%S %p").replace(tzinfo=TOKYO)
    say.state("time", int(occurred.timestamp()), *(say.must["time"][0] if "time" in say.must else ()))
    say.user(log.get("Endpoint_Username"))
    say.host(log.get("Endpoint_Machine"))
    say.state("action", log.get("Blocked"), log.get("Status"))
    say.state("rule", log.get("Policy_Name"), log.get("Policy_Rules"))
    say.allow("url", log.get("Incident_Snapshot"), log.get("Recipients"))


def mcafee_epo(line, say):
    """XML of the agent; MachineInfo is the computer. "none" as action and "_" as threat are its ways to say nothing."""
    header(line, say)
    found = {}
    for name, value in re.findall(r"<([A-Za-z0-9]+)>([^<]*)</\1>", line):
        found.setdefault(name, []).append(value)
    log = {name: next((value for value in values if not is_nothing(value)), None) for name, values in found.items()}
    say.state("time", iso(log.get("GMTTime") or log.get("DetectedUTC") or "", UTC))
    say.host(log.get("MachineName"))
    say.state("source.ip", log.get("SourceIPV4") or log.get("IPAddress"), fields=MACHINE if "SourceIPV4" not in log else None)
    say.allow("source.ip", log.get("IPAddress"))
    say.state("destination.ip", log.get("TargetIPV4"))
    say.user(*(log.get(name) for name in ("TargetUserName", "SourceUserName", "UserName")
               if log.get(name) and "%" not in log[name]))
    say.state("action", log.get("ThreatActionTaken"))
    say.allow("action", "none", log.get("Type"))
    say.state("rule", log.get("ThreatName"))
    say.allow("rule", log.get("ThreatCategory"), log.get("ThreatType"), "_")
    say.state("url", log.get("SourceURL") or log.get("URL"))
    say.hashes(log.get("TargetHash"))
    say.allow("md5", log.get("SourceProcessHash"), log.get("SourceParentProcessHash"))


def app_control(line, say):
    """Carbon Black App Control. date= has no zone and is of another year than the header (of the collection): both are right."""
    log = pairs(header(line, say))
    then = datetime.datetime.strptime(log["date"], "%m/%d/%Y %I:%M:%S %p")
    say.state("time", *(int(then.replace(tzinfo=zone).timestamp()) for zone in (TOKYO, UTC)),
              *(say.must["time"][0] if "time" in say.must else ()))
    say.host(log.get("hostname"), log.get("hostname", "").split("\\")[-1])
    say.user(log.get("username"))
    say.state("source.ip", log.get("ip_address"), fields=MACHINE)
    say.state("rule", log.get("rule_name"))
    say.allow("rule", log.get("policy"))
    say.allow("action", log.get("type"), log.get("subtype"))
    say.hashes(log.get("file_hash"))


def cylance(line, say):
    rest = header(line, say)
    log = {name.strip(): value.strip() for name, _, value in (part.partition(":") for part in rest.split(","))}
    say.host(log.get("Device Name"))
    say.user(log.get("User Name"))
    say.allow("action", *log.values(), "ExploitAttempt")
    say.allow("rule", *log.values(), "ExploitAttempt")


def darktrace(line, say):
    """The URL leads to Darktrace's own page about the alert."""
    log = json.loads(line[line.index("{"):])
    header(line, say)
    if "endpoint" in log:
        say.state("source.ip", log["ip"])
        say.user(log["username"])
        say.state("url", log["endpoint"])
        return say.allow("action", log["description"])
    say.state("source.ip", log["ip_address"], fields=MACHINE)
    say.host(log["hostname"])
    say.state("rule", log["alert_name"], log["name"])
    say.allow("time", int(log["last_updated"]))
    say.state("time", int(log["last_updated"]), *(say.must["time"][0] if "time" in say.must else ()))
    return say.allow("url", log["url"])


# --- access logs, routers --------------------------------------------------------------------------------------------------

ACCESS = re.compile(r"(\S+) \S+ (\S+) \[(\d\d)/(\w{3})/(\d{4}):([\d:]{8}) ([+-]\d{4})\] \"(\S+) (\S+)")


def access_log(line, say):
    found = ACCESS.search(line)
    say.state("source.ip", found[1])
    say.user(found[2])
    month = MONTHS.index(found[4]) + 1
    say.state("time", iso(f"{found[5]}-{month:02}-{found[3]} {found[6]}{found[7]}"))
    say.state("url", found[9])
    say.allow("action", found[8])


def mikrotik(line, say):
    rest = header(line, say)
    flow = re.search(r"(\[[^\]]+\]|[\d.]+):\d+->(\[[^\]]+\]|[\d.]+):\d+", rest)
    login = re.search(r"login failure for user (\S+) from (\S+)", rest)
    if flow:
        say.state("source.ip", flow[1])
        say.state("destination.ip", flow[2])
    if login:
        say.user(login[1])
        say.state("source.ip", login[2])
        say.allow("action", "login failure")
    words = rest.split()
    say.allow("action", *words)
    say.allow("rule", *words)


def opnsense(line, say):
    found = re.search(r"(Web GUI authentication error) for '([^']*)' from (\S+)", header(line, say))
    say.user(found[2])
    say.state("source.ip", found[3])
    say.allow("action", found[1])


def pfsense(line, say):
    """The columns of filterlog depend on the version of IP."""
    row = header(line, say).split(" - - ", 1)[1].split(",")
    say.state("action", row[6])
    first = 18 if row[8] == "4" else 15
    say.state("source.ip", row[first])
    say.state("destination.ip", row[first + 1])


def windows(line, say):
    """Who failed to log on is TargetUserName, which ECS calls user.name or user.target.name."""
    if line.startswith("{"):
        return microsoft(line, say)
    data = dict(re.findall(r"<Data Name=\"(\w+)\">([^<]*)</Data>", line))
    say.state("time", iso(re.search(r"SystemTime=\"([^\"]+)\"", line)[1]))
    say.state("host", re.search(r"<Computer>([^<]*)<", line)[1])
    say.state("source.ip", data.get("IpAddress"))
    say.state("user", data.get("TargetUserName") or data.get("SubjectUserName"), fields=("user.name", "user.target.name"))
    say.must["user"][2].add(data.get("SubjectUserName"))
    say.allow("action", data.get("FailureReason"))
    return None


# --- Suricata --------------------------------------------------------------------------------------------------------------

FAST = re.compile(r"(\d\d)/(\d\d)/(\d{4})-(\d\d:\d\d:\d\d)\.\d+ +(?:\[(w?Drop)\] )?"
                  r"\[\*\*\] \[[\d:]+\] (.*?) \[\*\*\].*\{[^}]*\} (\S+) -> (\S+)")


def suricata(line, say):
    brace = line.find("{\"")
    if brace < 0 or FAST.search(line):
        return fast_log(line, say)
    if brace > 0:
        header(line, say)
        # "{{ timestamp_bsd }} fw-host01": a placeholder in the header, what follows is none any more
        say.allow("host", "fw-host01")
    log = json.loads(line[brace:])
    say.state("time", iso(log.get("timestamp", "")))
    say.state("source.ip", log.get("src_ip"))
    say.state("destination.ip", log.get("dest_ip"))
    say.state("action", dig(log, "alert.action"))
    say.allow("action", dig(log, "flow.action"), dig(log, "verdict.action"))
    say.state("rule", dig(log, "alert.signature"))
    say.user(dig(log, "smb.ntlmssp.user"))
    say.allow("host", dig(log, "smb.ntlmssp.host"))
    say.allow("user", *all_named(log, ("user", "cname", "sname", "client", "username")))
    say.allow("rule", dig(log, "anomaly.event"), dig(log, "alert.category"))
    eve_site(log, say)
    for name in ("md5", "sha1", "sha256"):
        say.hashes(dig(log, "fileinfo." + name))
    return None


def eve_site(log, say):
    """Where to: HTTP's URL, else the name asked for in DNS or TLS."""
    queries = log.get("dns", {}).get("queries") or log.get("dns", {}).get("query") or []
    asked = queries[0].get("rrname") if isinstance(queries, list) and queries else dig(log, "dns.rrname")
    host, path = dig(log, "http.hostname"), dig(log, "http.url")
    say.site(asked or dig(log, "tls.sni") or dig(log, "quic.sni"))
    say.url(host, path)


def all_named(tree, names):
    """Every text of one of these names, at any depth."""
    found = []
    for name, value in (tree.items() if isinstance(tree, dict) else enumerate(tree)):
        if isinstance(value, (dict, list)):
            found += all_named(value, names)
        elif name in names:
            found.append(value)
    return found


def fast_log(line, say):
    found = FAST.search(line)
    month, day, year, clock, drop, signature, source, destination = found.groups()
    say.state("time", iso(f"{year}-{month}-{day} {clock}"))
    say.state("source.ip", fast_address(source))
    say.state("destination.ip", fast_address(destination))
    say.state("rule", signature)
    say.state("action", drop, drop and "drop", drop and "blocked")


def fast_address(text):
    """address:port; of IPv6 too, without brackets."""
    return text if address(text) and text.count(":") == 7 else text.rsplit(":", 1)[0]


# --- JSON of services in the cloud (panther's lines; without a zone UTC by their documentation) ----------------------------

def zscaler(line, say):
    """NSS as name=value between tabs, NSS and LSS as JSON. Lines that begin within a JSON text are half of one: no product
    writes them, what they state is not judged."""
    if line.startswith("{"):
        return zscaler_json(json.loads(line), say)
    if line.startswith('",'):
        return half_line(line, say)
    rest = header(line, say)
    log = pairs(rest, re.compile(r"([A-Za-z0-9]+)=(\"[^\"]*\"|[^\t]*)"))
    if "reason" not in log:
        return say.allow("host", *re.findall(r"fw-host01|10\.0\.0\.143", line))
    epoch_time = epoch(log.get("epochtime", ""))
    say.state("time", *([epoch_time] if epoch_time else either(rest)))
    say.state("source.ip", log["ClientIP"])
    say.allow("source.ip", log["clientpublicIP"])
    say.state("destination.ip", log["serverip"])
    say.user(log["user"])
    say.state("action", log["action"])
    say.state("rule", log["threatname"], log.get("rulelabel"))
    say.allow("rule", log["urlcategory"], log["appname"], log.get("bwrulename"))
    say.state("url", log["url"], "http://" + log["url"], "https://" + log["url"])
    say.state("host", log.get("devicename"))
    say.allow("host", log["hostname"])  # of the URL, not of a computer that is affected
    return say.hashes(log["md5"])


def half_line(line, say):
    """Whatever is said of it must at least stand in it."""
    for what in FIELDS:
        say.allow(what, *re.findall(r'"([^"]+)"', line))
    say.allow("time", *(iso(text) for text in re.findall(r'"(\d{4}-[^"]+)"', line)))


def zscaler_json(log, say):
    if "event" in log:
        event = log["event"]
        say.state("time", *either(event["time"]))
        say.state("source.ip", event["clientip"])
        say.user(event["adminid"])
        say.state("action", event["action"])
        return say.allow("rule", event["category"], event["subcategory"])
    say.user(log.get("User"))
    say.state("action", log.get("AuditOperationType"))
    return say.state("host", log.get("Connector"))


def carbonblack(line, say):
    if not line.startswith("{"):
        return app_control(line, say)
    log = json.loads(line)
    if "detection_timestamp" not in log:
        say.state("time", *either(log["eventTime"]))
        say.state("source.ip", log.get("clientIp"))
        say.user(log.get("loginName"))
        return say.state("url", log.get("requestUrl"))
    times = ("detection_timestamp", "backend_timestamp", "first_event_timestamp", "last_event_timestamp")
    say.state("time", *(moment for name in times for moment in either(log[name])))
    say.state("source.ip", log["device_internal_ip"], log["device_external_ip"], fields=MACHINE)
    say.state("host", log["device_name"])
    say.user(log["device_username"], log["process_username"])
    say.state("action", log["sensor_action"])
    say.allow("action", log["policy_applied"], log["run_state"])
    say.allow("rule", log["reason"], log["reason_code"], log["type"], log["threat_id"])
    say.state("sha256", log["process_sha256"], log["blocked_sha256"])
    say.state("md5", log["process_md5"])
    say.allow("sha256", log["childproc_sha256"], log["parent_sha256"])
    return say.allow("url", log["alert_url"])


def umbrella(line, say):
    log = json.loads(line)
    say.state("time", *either(log["timestamp"]))
    say.state("source.ip", log["internalIp"])
    say.state("action", log["action"])
    say.site(log["domain"])


def microsoft(line, say):
    """Audit of Microsoft 365 (names in either case), alerts of Graph and Defender, Windows events as JSON."""
    log = json.loads(line)
    if "properties" in log:
        return defender(log, say)
    if "EventID" in log:
        return windows_json(log, say)
    if "title" in log:
        return graph_alert(log, say)
    log = {name.lower(): value for name, value in log.items()}
    say.state("time", *either(log["creationtime"]))
    say.state("source.ip", re.sub(r"^([0-9.]+):\d+$", r"\1", str(log.get("clientip") or "")))
    say.user(log.get("userid"))
    say.allow("user", log.get("userkey"), log.get("targetuserorgroupname"))
    say.state("action", log.get("operation"))
    say.allow("action", log.get("resultstatus"))
    if re.match("https?:", str(log.get("objectid"))):
        say.state("url", log["objectid"], log.get("siteurl"))
    return say.allow("host", log.get("originatingserver"), log.get("organizationname"))


def graph_alert(log, say):
    say.state("time", *(iso(log[name]) for name in ("createdDateTime", "firstActivityDateTime", "lastActivityDateTime",
                                                    "lastUpdateDateTime") if log.get(name)))
    say.state("rule", log["title"])
    say.allow("action", log.get("status"))
    for evidence in log.get("evidence", []):
        account = evidence.get("userAccount", {})
        if account:
            say.user(account.get("accountName"), account.get("userPrincipalName"))
        say.state("source.ip", evidence.get("ipAddress"))


def defender(log, say):
    properties = log["properties"]
    say.state("time", *either(properties["Timestamp"]), *either(log["time"]))
    say.state("rule", properties["Title"])
    say.state("host", properties.get("DeviceName"))
    say.allow("rule", properties.get("Category"))


def windows_json(log, say):
    data = log.get("ExtraEventData", {})
    say.state("time", iso(log["TimeCreated"]))
    say.state("host", log["Computer"])
    say.user(data.get("TargetUserName") or data.get("SubjectUserName"))
    say.state("source.ip", data.get("IpAddress"))
    say.allow("rule", log.get("MessageTitle"))
    say.allow("action", log.get("MessageTitle"))


def sentinelone(line, say):
    log = json.loads(line)
    data = log.get("data", {})
    say.state("time", *either(log["createdat"]), *(iso(data[name]) for name in ("detectedat", "createdat") if data.get(name)))
    say.state("source.ip", data.get("agentipv4"), fields=MACHINE)
    say.state("destination.ip", data.get("dstip"))
    say.state("host", data.get("computername"))
    say.allow("host", *re.findall(r"detected on (\w+)", log.get("primarydescription", "")))
    say.state("rule", data.get("rulename"))
    say.state("rule", data.get("threatname"), data.get("threatclassification"), data.get("filedisplayname"))
    say.hashes(data.get("filecontenthash"))
    for name in ("sha1", "sha256", "md5"):
        say.allow(name, log.get("secondarydescription"))
    say.allow("action", data.get("status"), log.get("primarydescription"))


def crowdstrike(line, say):
    """FDR and event streams; the agent's public address (aip) is the office's, not the computer's: it may stand as source."""
    log = json.loads(line)
    event = next((log[name] for name in ("event", "unknown_payload") if isinstance(log.get(name), dict)), log)
    crowdstrike_time(log, event, say)
    say.state("host", dig(event, "Hostname", "HostnameField", "ComputerName") or dig(log, "Hostname"))
    say.state("source.ip", dig(event, "LocalAddressIP4", "LocalAddressIP6", "LocalIP", "UserIp"), fields=MACHINE)
    say.allow("source.ip", dig(log, "aip"), dig(event, "aip"), *log.get("p_any_ip_addresses", []))
    say.state("destination.ip", dig(event, "RemoteAddressIP4", "RemoteAddressIP6"))
    say.user(dig(event, "UserName", "UserId"))
    say.state("action", dig(event, "PatternDispositionDescription", "OperationName"))
    say.allow("action", *all_named(event, ("EventType", "ExternalApiType", "event_simpleName", "ServiceName")),
              *all_named(log, ("event_simpleName", "fdr_event_type")), dig(log, "PatternDispositionDescription"))
    detection = "PatternDispositionDescription" in event
    say.state("rule", *((event.get("Name"), event.get("DetectName"), event.get("Description")) if detection else ()))
    say.allow("rule", *all_named(log, ("Name", "name", "Description", "Objective", "Technique")))
    say.hashes(*(dig(event, name) for name in ("SHA256String", "SHA256HashData", "SHA1String", "SHA1HashData", "MD5String",
                                               "MD5HashData")))
    for name, spelled in (("sha256", "SHA256String"), ("md5", "MD5String")):
        say.allow(name, log.get(spelled))
    say.site(dig(event, "DomainName"))
    say.allow("url", dig(event, "FalconHostLink"))
    say.allow("user", *all_named(event, ("ValueString", "UserSid")))


def crowdstrike_time(log, event, say):
    """Sensors write milliseconds since 1970 (`event.timestamp`); beside it the collector's `timestamp` without a zone is the same
    moment in UTC. UTCTimestamp says its zone by its name. All of an event's moments are accepted, creation to context."""
    exact = [epoch(event.get(name, "")) for name in ("timestamp", "UTCTimestamp") if epoch(event.get(name, ""))]
    named = [iso(event["UTCTimestamp"], UTC)] if ISO.match(str(event.get("UTCTimestamp", ""))) else []
    zoned = [iso(tree[name]) for tree in (event, log) for name in ("timestamp", "UTCTimestamp", "ContextTimeStamp", "p_event_time")
             if re.search(r"Z$", str(tree.get(name, ""))) and iso(tree[name])]
    bare = [moment for text in (log.get("timestamp"), dig(log, "metadata.eventCreationTime", "p_event_time"))
            if text and ISO.match(str(text)) for moment in either(text)]
    context = [epoch(event.get("ContextTimeStamp", ""))] if exact else []
    say.state("time", *[moment for moment in exact + named + zoned + context if moment] or bare)


# --- which reader ----------------------------------------------------------------------------------------------------------

READERS = {  # by the folder's (panther: the file's) name, else by the longest of these that it contains
    "bluecoat": bluecoat, "carbonblack": carbonblack, "checkpoint": checkpoint, "crowdstrike": crowdstrike, "cylance": cylance,
    "darktrace": darktrace, "fortigate": fortigate, "fortinet": fortigate, "fortiweb": fortiweb, "iptables": iptables,
    "kaspersky": kaspersky, "leef": leef, "mcafee_epo": mcafee_epo, "mcafee_wg": mcafee_web_gateway, "microsoft": microsoft,
    "defender": microsoft, "mikrotik": mikrotik, "opnsense": opnsense, "palo": paloalto, "pfsense": pfsense,
    "sentinelone": sentinelone, "sonicwall": sonicwall, "sophos": sophos, "suricata": suricata, "symantec_dlp": symantec_dlp,
    "symantec_sep": symantec_sep, "trellix": cef, "trendmicro": cef, "umbrella": umbrella, "unifi": cef, "cef": cef,
    "watchguard": watchguard, "windows": windows, "zscaler": zscaler, "apache": access_log,
}


def reader_of(product):
    """None: nobody has said yet what such lines state."""
    names = [name for name in READERS if name in product.rsplit("/", 1)[-1].lower()] or [
        name for name in READERS if name in product.lower()]
    return READERS[max(names, key=len)] if names else None


def stated(product, line, append):
    say = Line(append)
    reader_of(product)(line, say)
    return say


def lines_of(folder):
    """(product, number, line) of every sample: raw.log by its folder, eve.json and fast.log, panther's .jsonl by its name."""
    folder = pathlib.Path(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name == "raw.log" or path.name in ("eve.json", "fast.log"):
            product = name.removesuffix("/raw.log")
            for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
                if line.strip():
                    yield product, number, line.decode("utf-8", "replace").rstrip("\r")
        elif path.suffix == ".jsonl" and path.name != "samples.jsonl":
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                log = json.loads(line).get("log")
                if isinstance(log, dict):  # without: a rule over several events, none of them here
                    yield name.removesuffix(".jsonl"), number, json.dumps(log, ensure_ascii=False)


# --- the comparison --------------------------------------------------------------------------------------------------------

def judge(say, answer):
    """(what, verdict, stated, got) of every field: right, missing, wrong; extra is more than is stated, for an address wrong."""
    got_fields = dict(answer["fields"])
    if answer["time_from"] in ("header", "line"):
        got_fields["time"] = iso(answer["time"])
    for what, default in FIELDS.items():
        values, fields, also = say.must.get(what, (set(), default, set()))
        got = {field: normal(what, got_fields[field]) for field in fields if not is_nothing(got_fields.get(field))}
        verdict = compare(what, values, also | say.may.get(what, set()), got, got_fields)
        if verdict:
            yield what, verdict, sorted(values), got or {what: got_fields.get(what)}


def compare(what, values, also, got, got_fields):
    at_home = normal(what, got_fields[what]) if what in ADDRESSES and got_fields.get(what) else None
    if at_home and not is_nothing(at_home) and at_home not in values | also:
        return "wrong"
    if values & set(got.values()):
        return "right"
    if not values:
        return "extra" if got and not set(got.values()) <= also else None
    return "missing" if set(got.values()) <= also else "wrong"
