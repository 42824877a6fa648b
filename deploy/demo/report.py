# SPDX-License-Identifier: Apache-2.0
"""What the sample provider reports: findings, recommendations and indicators from the detections it was given, and the same as a PDF."""
import ipaddress
import json

# ECS name in the extract → indicator type, kind of recommendation
SOURCES = {"destination.ip": ("ipv4", "block_address"), "url.domain": ("domain", "block_domain"),
           "dns.question.name": ("domain", "block_domain"), "url.original": ("url", "block_url"),
           "file.hash.sha256": ("sha256", "block_hash")}
INSIDE = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
                                                        "fc00::/7", "fe80::/10", "::1/128")]


def detections(content):
    lines = content["items"].get("extract.ndjson", b"").splitlines()
    return [record for record in map(json.loads, lines) if "detection" in record.get("labels.matched", "")]


def is_inside(address):
    return any(ipaddress.ip_address(address) in network for network in INSIDE)


def indicators_of(record):
    """(type, value, kind) of what an administrator can block; what is inside the customer's own network is none."""
    for name in SOURCES.keys() & record.keys():
        (type_, kind), value = SOURCES[name], record[name]
        if name == "destination.ip":
            if is_inside(value):
                continue
            type_ = f"ipv{ipaddress.ip_address(value).version}"
        if type_ != "url" or "://" in value:
            yield type_, value, kind


def recommendations_of(record):
    """Beyond what can be blocked: what was let through although a rule knew it, and who did it."""
    if record.get("event.action") == "allowed" and "rule.id" in record:
        yield "enable_ips", record["rule.name"], "検知のみで遮断されていません / detected and not blocked"
    if record.get("event.severity", 0) >= 90 and "source.ip" in record and is_inside(record["source.ip"]):
        yield "isolate_device", record["source.ip"], "重大な検知の発信元です / source of a severe detection"


def write(offer, content):
    """The document of the report and its files, for Provider.report."""
    company = json.loads(content["items"]["hearing.json"])["contact"]["company"]
    found = detections(content)
    indicators = sorted({known for record in found for known in indicators_of(record)})
    recommended = {(kind, value, "検知された通信先または検体です / seen in a detection") for _, value, kind in indicators}
    recommended |= {more for record in found for more in recommendations_of(record)}
    findings = [{"title": "調査の範囲 / What was looked at", "text": f"{company}: 検知 {len(found)} 件 / {len(found)} detections"}]
    findings += [f"{record['@timestamp']} {record.get('rule.name') or record.get('message') or record['event.original']}"[:4000]
                 for record in found[:100]]
    document = {"findings": findings,
                "recommendations": [{"kind": kind, "target": target, "reason": reason}
                                    for kind, target, reason in sorted(recommended)][:100],
                "indicators": [{"type": type_, "value": value} for type_, value, _ in indicators][:1000]}
    return document, {"report.pdf": ("application/pdf", pdf(page_of(offer, document)))}


def page_of(offer, document):
    lines = ["調査報告書 / Report", f"提供 / hand-over {offer['handover']}", ""]
    for finding in document["findings"]:
        lines.append(finding if isinstance(finding, str) else f"{finding['title']}: {finding['text']}")
    lines += ["", "推奨 / Recommendations"] + [f"{r['kind']}  {r['target']}" for r in document["recommendations"]]
    return [line[:90] for line in lines][:52]


def pdf(lines):
    """One A4 page of text, Japanese too: the font is one that every reader has its own of (ISO 32000-1, 9.7.5.2). A blank is a step to
    the right: not every reader's substitute has one of this width."""
    def words(line):
        return b" -500 ".join(b"<%s>" % word.encode("utf-16-be", "replace").hex().encode() for word in line.split(" "))
    shown = b"BT /F 10 Tf 14 TL 50 790 Td " + b" ".join(b"[%s] TJ T*" % words(line) for line in lines) + b" ET"
    font = b"/BaseFont /HeiseiKakuGo-W5 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
               b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5 /Encoding /UniJIS-UCS2-HW-H /DescendantFonts [6 0 R] >>",
               b"<< /Type /Font /Subtype /CIDFontType0 %s /FontDescriptor 7 0 R /DW 1000 /W [231 632 500] >>" % font,
               b"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922] /ItalicAngle 0 "
               b"/Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))
