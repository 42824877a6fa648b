# SPDX-License-Identifier: Apache-2.0
"""The provider, as the tests use it: reads the escalation topic in a thread of its own and answers what it is told to. The words of
the protocol are the sample provider's (deploy/demo/provider.py)."""
import os
import sys
import threading
import uuid

from confluent_kafka import Consumer, TopicPartition

from desk import READY, ROOT, until

sys.path.insert(0, str(ROOT / "deploy" / "demo"))
from provider import Envelope, Provider  # noqa: E402, F401


def skip_to_end(desk, group):
    """What other tests offered is no business of this one."""
    member = Consumer(desk.kafka("provider", **{"group.id": group}))
    topic = "kakekomi.escalations"
    partitions = member.list_topics(topic, timeout=20).topics[topic].partitions
    member.commit(offsets=[TopicPartition(topic, p, member.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1])
                           for p in partitions], asynchronous=False)
    member.close()


class Partner(threading.Thread):
    def __init__(self, desk, on_record=lambda partner, kind, word: None):
        super().__init__(daemon=True)
        os.environ["KAKEKOMI_PROVIDER_BROKERS"] = desk.env["KAKEKOMI_PROVIDER_BROKERS"]
        self.provider = Provider(desk.var, "provider-test-" + uuid.uuid4().hex)
        self.on_record, self.going, self.failure = on_record, True, None
        self.seen = []  # (kind, word) in the order of the topic, parts left out
        skip_to_end(desk, self.provider.group)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.join(30)
        assert self.failure is None, repr(self.failure)

    def run(self):
        try:
            for headers, value in self.provider.records(3600, lambda: self.going):
                kind = headers["ce_type"].removeprefix("kakekomi.escalation.")
                if kind != "part":
                    word = self.provider.verified(value)
                    self.seen.append((kind, word))
                    self.on_record(self, kind, word)
        except Exception as error:  # noqa: BLE001  (said when the test leaves)
            self.failure = error

    def words(self, kind, case_id):
        return [word for k, word in list(self.seen) if k == kind and word["case"] == case_id]

    def gets(self, kind, case_id, count=1, seconds=30):
        """The count-th word of this kind about the case, waited for."""
        return until(f"{kind} of {case_id}", lambda: len(w := self.words(kind, case_id)) >= count and w, seconds)[count - 1]

    def offer(self, handover):
        return next((word for k, word in list(self.seen) if k == "offered" and word["handover"] == handover), None)


# --- cases that went so far -----------------------------------------------------------------------------
def offered(desk, partner, summary, customer, **consent):
    """Consent, intention, request: the offer."""
    case_id = desk.open_case(summary, customer=customer, hearing=READY)
    desk.extraction_done(case_id)
    desk.consent(case_id, **consent)
    desk.intention(case_id)
    desk.request_handover(case_id)
    return partner.gets("offered", case_id, seconds=60)


def released(desk, partner, summary, customer, **consent):
    """The provider has its key too: the offer."""
    offer = offered(desk, partner, summary, customer, **consent)
    partner.provider.reply("escalation.accepted", offer)
    partner.gets("key", offer["case"], seconds=60)
    until("released", lambda: desk.state(offer["case"]) == "released")
    return offer
