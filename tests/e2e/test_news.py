# SPDX-License-Identifier: Apache-2.0
"""While a case is open a new detection shows within seconds; what was asked for answers for itself; a former customer's extract is gone."""
import time
import uuid

from confluent_kafka import Producer

from desk import until

DETECTION = ('logver=7 logid="0211" type=utm subtype=virus eventtype=infected srcip=192.168.1.33 dstip=203.0.113.9 '
             'action=blocked virus="Sample-{}"')


def shipper(desk):
    pki = desk.var / "pki" / "shipper"
    return Producer({"bootstrap.servers": desk.env["KAKEKOMI_KAFKA_BROKERS"], "security.protocol": "ssl",
                     "ssl.ca.location": str(pki / "ca.pem"), "ssl.certificate.location": str(pki / "cert.pem"),
                     "ssl.key.location": str(pki / "key.pem")})


def own_search(desk, case_id):
    triage = desk.case(case_id)["triage"]
    return next(search for search in triage["searches"] if search["id"] == triage["search"])


def test_news_questions_and_a_change_of_customer(desk):
    customer = f"NEWS-{uuid.uuid4().hex[:8].upper()}"
    case_id = desk.open_case("新しい検知", customer=customer)
    assert desk.extraction_done(case_id)["status"] == "none"
    producer = shipper(desk)

    def ship(number):
        producer.produce("kakekomi.security-logs", key=customer, value=DETECTION.format(number))
        assert producer.flush(10) == 0

    ship(0)
    until("the first detection", lambda: own_search(desk, case_id).get("detections") == 1, 20)
    for number in range(1, 30):  # steadily, for longer than it takes to look again
        ship(number)
        time.sleep(0.2)
    until("all detections", lambda: own_search(desk, case_id)["detections"] == 30, 20)

    own = own_search(desk, case_id)["id"]
    for text in ("absent.example", "Sample-29"):
        desk.ok("POST", f"/v1/cases/{case_id}/extractions", {"text": text})
    asked = until("what was asked for", lambda: all(
        search["status"] in ("found", "none") for search in desk.case(case_id)["triage"]["searches"]) and
        desk.case(case_id)["triage"]["searches"][-2:], 20)
    assert [(search["status"], search["hits"]) for search in asked] == [("none", 0), ("found", 1)]
    triage = desk.case(case_id)["triage"]
    assert (triage["search"], triage["status"]) == (own, "found")
    assert desk.call("GET", f"/v1/cases/{case_id}/extract?extraction={own}").status_code == 200

    desk.ok("POST", f"/v1/cases/{case_id}/customer", {"customer_id": f"{customer}-2"})
    until("the new customer's answer", lambda: desk.case(case_id)["triage"]["status"] == "none", 20)
    assert [search["status"] for search in desk.case(case_id)["triage"]["searches"]] == ["dropped"] * 3 + ["none"]
    assert desk.call("GET", f"/v1/cases/{case_id}/extract?extraction={own}").status_code == 404
