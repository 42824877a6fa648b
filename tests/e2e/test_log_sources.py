# SPDX-License-Identifier: Apache-2.0
"""What a search says of its sources: one that fell silent is named with the time of its silence, and lines under a key that is
not the customer's change nothing for the customer."""
import uuid
from datetime import datetime, timedelta, timezone

from confluent_kafka import Producer

from desk import until

JST = timezone(timedelta(hours=9))


def traffic(at, address="192.168.10.5"):
    return (f'date={at:%Y-%m-%d} time={at:%H:%M:%S} devname="FGT" devid="FGT60F0000000001" tz="+0900" logid="0000000013" '
            f'type="traffic" subtype="forward" level="notice" vd="root" srcip={address} dstip=198.18.0.9 action="accept"')


def virus(at, address="192.168.10.5"):
    return (f'date={at:%Y-%m-%d} time={at:%H:%M:%S} devname="FGT" devid="FGT60F0000000001" tz="+0900" logid="0211008192" '
            f'type="utm" subtype="virus" eventtype="infected" level="warning" vd="root" srcip={address} dstip=198.51.100.7 '
            f'action="blocked" virus="Sample.Test.File"')


class Shipper:
    def __init__(self, desk):
        self.producer, self.refused = Producer(desk.kafka("shipper")), []

    def ship(self, key, line, host):
        self.producer.produce("kakekomi.security-logs", key=key, value=line.encode(), headers={"host": host},
                              on_delivery=lambda error, _: error and self.refused.append(error))
        self.producer.poll(0)

    def done(self):
        self.producer.flush(30)
        assert not self.refused, self.refused[0]


def summary(desk, customer):
    case_id = desk.open_case(customer=customer, hearing={"device": [{"identification": "identified",
                                                                    "addresses": ["192.168.10.5"]}]})
    desk.extraction_done(case_id)

    def told():
        records = [r for r in desk.read("extractions", case_id=case_id) if r.value and r.data["status"] in ("found", "none")]
        return records and records[-1].data["searches"][-1]
    return until(f"the summary of {case_id}", told)


def test_a_silent_source_is_named_and_a_wrong_key_changes_nothing(desk):
    run = uuid.uuid4().hex[:8].upper()
    customer, other = f"SRC-{run}-A", f"SRC-{run}-B"
    now = datetime.now(JST).replace(microsecond=0)
    stopped, resumed = now - timedelta(minutes=150), now - timedelta(minutes=60)
    shipper = Shipper(desk)
    for minutes in range(240, -1, -1):
        at = now - timedelta(minutes=minutes)
        if not stopped < at < resumed:
            shipper.ship(customer, traffic(at), "fw-1")
        shipper.ship(customer, traffic(at, "192.168.10.6"), "fw-2")
        shipper.ship(other, traffic(at, "192.168.77.7"), "fw-9")
    shipper.ship(customer, virus(now), "fw-1")
    shipper.ship(other, virus(now), "fw-1")  # the same device, but not under the customer's key
    for key in ("no such customer!", customer.lower(), None):
        shipper.ship(key, virus(now), "fw-1")
    shipper.done()

    own, foreign = summary(desk, customer), summary(desk, other)
    assert (own["detections"], foreign["detections"]) == (1, 1)
    assert own["coverage"]["scanned"] == 2 * 241 + 1 - 89 and foreign["coverage"]["scanned"] == 241 + 1
    sources = {source["source"]: source for source in own["coverage"]["sources"]}
    assert sources.keys() == {"fw-1", "fw-2"}

    def silences(name):
        return [(datetime.fromisoformat(gap["from"]), datetime.fromisoformat(gap["to"])) for gap in sources[name]["gaps"]]
    millisecond = timedelta(milliseconds=1)
    assert any(abs(begin - stopped) <= millisecond and abs(end - resumed) <= millisecond for begin, end in silences("fw-1"))
    assert all(begin < now - timedelta(hours=4) for begin, _ in silences("fw-2"))  # before it was ever heard of
