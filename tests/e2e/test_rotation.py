# SPDX-License-Identifier: Apache-2.0
"""Keys and secrets that change while hand-overs are open, by the commands that an administrator uses (deploy/pki/jose)."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from desk import in_full_only, READY, ROOT, until
from partner import Envelope, Partner


class Rotating:
    """A copy of the desk's keys, changed by deploy/pki/jose, that escalation is started with; the desk's own stay as they are."""

    def __init__(self, desk, folder):
        self.desk, self.var, self.jwks = desk, folder, desk.var / "desk" / "provider-jwks.json"
        self.before = self.jwks.read_text()
        for part in ("escalation", "provider"):
            shutil.copytree(desk.var / "pki" / part, folder / "pki" / part)

    def jose(self, *words):
        subprocess.run([sys.executable, ROOT / "deploy/pki/jose", self.var, *words], check=True)

    def restart(self):
        own = self.var / "pki" / "escalation"
        self.desk.restart_with("escalation", KAKEKOMI_ESCALATION_SECRET_FILE=own / "secret", KAKEKOMI_SIGNING_KEY_FILE=own / "sign.jwk",
                               KAKEKOMI_DECRYPTION_KEY_FILE=own / "decrypt.jwk")
        settle(self.desk)

    def reload(self, jwks=None):
        """What the provider sent stands beside the profile."""
        self.jwks.write_text(jwks or (self.var / "pki/provider/jose/provider-jwks.json").read_text())
        before = self.count("config.reloaded")
        os.kill(self.desk.pid("escalation"), signal.SIGHUP)
        until("the keys are read", lambda: self.count("config.reloaded") > before)

    def count(self, event):
        return (self.desk.var / "log" / "escalation.log").read_text(errors="replace").count(f'"event":"{event}"')

    def provider_has_it(self, partner):
        """The provider has put its new keys and the desk's new file in place."""
        new = Envelope(self.var / "pki" / "provider" / "jose")
        for name in ("sign", "decrypt", "desk", "desk_encrypt"):
            setattr(partner.provider, name, getattr(new, name))

    def end(self):
        self.jwks.write_text(self.before)
        self.desk.restart_with("escalation")
        settle(self.desk)


def settle(desk):
    time.sleep(1)  # the one before may still answer
    desk.wait_ready("escalation")


@pytest.fixture
def partner(desk):
    with Partner(desk) as partner:
        yield partner


@pytest.fixture
def keys(desk, tmp_path):
    rotating = Rotating(desk, tmp_path)
    yield rotating
    rotating.end()


def requested(desk, files=()):
    case_id = desk.open_case("鍵の交換", customer="ROTATION-1", hearing=READY)
    uploads = [desk.ok("PUT", f"/v1/cases/{case_id}/files?filename={n}.bin", raw=data)["upload"] for n, data in enumerate(files)]
    desk.extraction_done(case_id)
    desk.consent(case_id)
    desk.intention(case_id)
    desk.request_handover(case_id, files=uploads)
    return case_id


def offered(desk, partner):
    return partner.gets("offered", requested(desk))


def opens(desk, partner, offer, answer=True):
    if answer:
        partner.provider.reply("escalation.accepted", offer)
    word = partner.gets("key", offer["case"])
    content = partner.provider.open(offer, word)
    assert json.loads(content["items"]["hearing.json"])["contact"]["company"] == "見本製作所"
    until("released", lambda: desk.state(offer["case"]) in ("released", "reported"))
    return content


def statuses(desk, case_id):
    """Every status of its one hand-over, in order."""
    return [entry for record in desk.read("escalation-status", case_id=case_id) for entry in record.data["handovers"]]


def under(desk, offer):
    return statuses(desk, offer["case"])[-1]["secret"]


def refused_word(desk, place):
    return any((letter.data["partition"], letter.data["offset"]) == (place["partition"], place["offset"])
               for letter in desk.read("dead-letters") if letter.is_event() and letter.data["topic"] == "kakekomi.provider-replies")


# --- the escalation secret --------------------------------------------------------------------------------------------------
def test_what_was_offered_under_an_old_secret_is_released_while_its_line_is_there(desk, partner, keys):
    first, second = offered(desk, partner), offered(desk, partner)
    keys.jose("--rotate", "secret")
    keys.restart()
    third = offered(desk, partner)
    assert under(desk, first) == under(desk, second) != under(desk, third)
    opens(desk, partner, first)
    opens(desk, partner, third)

    both = (keys.var / "pki/escalation/secret").read_text()
    assert len(both.split()) == 2
    keys.jose("--retire", "secret")
    keys.restart()
    partner.provider.reply("escalation.accepted", second)
    failed = until("the failure on the case", lambda: "secret it is sealed under" in json.dumps(desk.case(second["case"])) and
                   desk.case(second["case"]), 30)
    assert failed["escalation"]["state"] == "accepted" and not partner.words("key", second["case"])

    (keys.var / "pki/escalation/secret").write_text(both)
    keys.restart()
    opens(desk, partner, second, answer=False)
    assert "secret it is sealed under" not in json.dumps(desk.case(second["case"])["escalation"])


@in_full_only
def test_what_is_being_prepared_under_a_secret_that_is_gone_is_sealed_anew(desk, partner, keys):
    case_id = requested(desk, [os.urandom(50 * 1024 * 1024)])
    until("it is being prepared", lambda: any(entry.get("parts") for entry in statuses(desk, case_id)), pause=0)
    keys.jose("--rotate", "secret")
    keys.jose("--retire", "secret")
    keys.restart()
    offer = partner.gets("offered", case_id, seconds=120)
    seen = statuses(desk, case_id)
    begun = [entry for entry in seen if entry["state"] == "preparing" and entry.get("parts") and entry["secret"] != seen[-1]["secret"]]
    assert begun, "it was offered before the secret changed"
    assert all(len(entry["parts"]) < entry["parts_total"] for entry in begun)
    opens(desk, partner, offer)


# --- the provider's keys ------------------------------------------------------------------------------------------------------
def header_of(jws):
    head = jws.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))


def test_the_providers_new_keys_stand_first_and_the_old_ones_count_until_they_are_gone(desk, partner, keys):
    by_old, by_new, by_none = (offered(desk, partner) for _ in range(3))
    old = Envelope(keys.var / "pki/provider/jose")
    keys.jose("--rotate", "provider")
    keys.reload()
    new = Envelope(keys.var / "pki/provider/jose")
    (fresh,) = set(new.decrypt) - set(old.decrypt)
    assert old.sign["kid"] != new.sign["kid"]

    partner.provider.reply("escalation.accepted", by_old)  # signed by the old key yet
    word = partner.gets("key", by_old["case"])
    assert header_of(word["key"])["kid"] == fresh, "sealed to the first encryption key of the set"
    keys.provider_has_it(partner)
    opens(desk, partner, by_old, answer=False)
    opens(desk, partner, by_new)

    keys.jose("--retire", "provider")
    keys.reload()
    value = old.reply_word("escalation.accepted", by_none)
    place, = partner.provider.send("escalation.accepted", by_none["case"], [value])
    until("the old key's word is refused", lambda: refused_word(desk, place), 30, 0.5)
    assert desk.state(by_none["case"]) == "offered"
    opens(desk, partner, by_none)


def test_no_key_for_an_acceptance_whose_key_has_gone_meanwhile(desk, partner, keys):
    """A lost or stolen key is taken out of the set: what it accepted and was not released yet is not released any more."""
    offer = offered(desk, partner)
    keys.jose("--rotate", "provider")
    keys.jose("--retire", "provider")
    new = Envelope(keys.var / "pki/provider/jose")
    keys.reload()
    place, = partner.provider.send("escalation.accepted", offer["case"], [partner.provider.reply_word("escalation.accepted", offer)])
    until("refused", lambda: refused_word(desk, place), 30, 0.5)
    assert not partner.words("key", offer["case"])
    partner.provider.sign, partner.provider.decrypt = new.sign, new.decrypt
    opens(desk, partner, offer)


# --- the desk's keys ------------------------------------------------------------------------------------------------------------
def test_the_desk_signs_with_its_new_key_once_the_provider_has_it(desk, partner, keys):
    before = offered(desk, partner)
    old = set(partner.provider.desk)
    keys.jose("--rotate", "signing")  # announced
    keys.provider_has_it(partner)
    assert len(partner.provider.desk) == 2 and old < set(partner.provider.desk)
    keys.restart()
    assert signers(desk, offered(desk, partner)["case"]) == old
    keys.jose("--rotate", "signing")
    keys.restart()
    after = offered(desk, partner)
    assert signers(desk, after["case"]) == set(partner.provider.desk) - old
    opens(desk, partner, before)  # offered under the old one, its key signed by the new one
    opens(desk, partner, after)
    assert signers(desk, before["case"]) == set(partner.provider.desk)
    keys.jose("--retire", "signing")
    assert set(Envelope(keys.var / "pki/provider/jose").desk) == set(partner.provider.desk) - old


def signers(desk, case_id):
    return {header_of(record.value.decode())["kid"] for record in desk.read("escalations", case_id=case_id) if record.type != "escalation.part"}


def test_a_report_that_is_sealed_to_the_desks_old_key_still_opens(desk, partner, keys):
    document = {"findings": ["一つ / one"], "recommendations": [], "indicators": []}
    states = lambda case_id: [report["state"] for report in desk.ok("GET", f"/v1/cases/{case_id}/report")["reports"]]  # noqa: E731
    offer = offered(desk, partner)
    opens(desk, partner, offer)
    keys.jose("--rotate", "decryption")
    keys.restart()
    old = partner.provider.desk_encrypt["kid"]
    partner.provider.report(offer, document, {})
    until("the first report", lambda: states(offer["case"]) == ["opened"], 30)
    keys.provider_has_it(partner)
    assert partner.provider.desk_encrypt["kid"] != old
    partner.provider.report(offer, document, {})
    until("the second report", lambda: states(offer["case"]) == ["opened"] * 2, 30)

    keys.jose("--retire", "decryption")
    keys.restart()
    partner.provider.report(offer, document, {})
    until("the third report", lambda: states(offer["case"]) == ["opened"] * 3, 30)
    partner.provider.desk_encrypt = Envelope(desk.var / "pki/provider/jose").desk_encrypt
    partner.provider.report(offer, document, {})
    until("sealed to a key that is gone", lambda: states(offer["case"]) == ["opened"] * 3 + ["refused"], 30)
