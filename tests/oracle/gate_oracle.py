# SPDX-License-Identifier: Apache-2.0
"""The rules of a hand-over said a second time, from the consent form and the design alone: which rows are not met?

Clauses are those of the consent form. Nothing here is read from, or shared with, the services. A story is a list of steps:
{"type","data","as"} for what was recorded on the case, in order, {"topic":"extractions","data"} for what triage last said.
A row about something that is not there (the document of no consent) does not count besides the row that misses it.
"""
from datetime import datetime

ASKED_BEFORE_A_HANDOVER = ("/contact/responsible_person", "/network/configuration")  # and each device's encryption, and logs


class Case:
    """What the story has come to: only what the rules speak of."""

    def __init__(self, steps):
        self.customer = self.intention = self.waiver = self.request = self.approval = None
        self.consents = []             # in force, all to one text
        self.ended = False
        self.last_call = None          # the last event that called for a search
        self.subject = 0               # revision of the last change of customer
        self.left_changed = 0          # revision of the last change of what would leave
        self.hearing, self.files, self.names, self.extraction = {}, {}, {}, None
        self.closed, self.logs, self.revision = False, False, 0
        for step in steps:
            if step.get("topic") == "extractions":
                self.extraction = step["data"]
                continue
            self.revision += 1
            self.names[step.get("as", step["type"])] = self.revision
            getattr(self, step["type"].replace(".", "_"))(step.get("as", step["type"]), step["data"], step)

    # --- what was recorded ------------------------------------------------------------------------
    def case_opened(self, name, data, _):
        self.hearing, self.left_changed = data["hearing"], self.revision
        if "customer_id" in data:
            self.customer, self.subject, self.last_call = data["customer_id"], self.revision, name

    def hearing_amended(self, name, data, _):
        before = self.hearing
        self.hearing = merged(before, data["patch"])
        if without_what_stays(before) != without_what_stays(self.hearing):
            self.left_changed = self.revision
        if looked_for(before) != looked_for(self.hearing):
            self.call(name)

    def customer_identified(self, name, data, _):
        self.customer, self.subject, self.last_call = data["customer_id"], self.revision, name
        self.waiver = None             # a reason not to look at somebody else's logs
        self.end()

    def file_attached(self, _, data, __):
        self.files[data["upload"]] = self.revision

    def logs_submitted(self, name, data, _):
        self.files[data["upload"]] = self.revision
        self.logs = True
        self.call(name)

    def extraction_requested(self, name, _, __):
        self.last_call = name

    def call(self, name):
        """Without a customer and without logs that were brought there is nothing to look through."""
        if self.customer or self.logs:
            self.last_call = name

    def consent_recorded(self, _, data, __):
        """Scopes stand apart and add up, as long as it is the same text that is agreed to."""
        kept = [c for c in self.consents if text_agreed_to(c) == text_agreed_to(data)]
        self.consents = [*kept, {**data, "revision": self.revision}]

    def consent_withdrawn(self, *_):
        self.consents = []
        self.end()

    def intention_expressed(self, _, data, __):
        self.intention = {**data, "revision": self.revision}

    def intention_withdrawn(self, *_):
        self.intention = None
        self.end()

    def action_recorded(self, _, data, __):
        if data["kind"] == "waiver" and data["waiver"]["of"] == "search":
            self.waiver = data["waiver"]["reason"]

    def handover_requested(self, name, data, _):
        if name == "requested":
            confirmed = data.get("confirmed_head", f"@head:{self.revision - 1}")
            self.request = {**data, "confirmed": self.revision_of(confirmed)}
        else:
            self.end()                 # while held a new request replaces it

    def handover_approved(self, *_):
        self.approval = True

    def handover_cancelled(self, *_):
        self.end()

    def case_closed(self, *_):
        self.closed = True
        self.end()

    def case_reopened(self, name, *_):
        self.closed = False
        self.call(name)

    def note_added(self, *_):
        pass

    def end(self):
        self.ended = self.ended or self.request is not None

    def revision_of(self, head):
        name = head.removeprefix("@head:")
        if name == head:
            return None                # a head that never was
        return int(name) if name.isdigit() else self.names[name]


def text_agreed_to(consent):
    return consent["document"], consent["version"], consent["sha256"]


def merged(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def without_what_stays(hearing):
    """The other way to reach the customer and the insurance are the desk's own business."""
    rest = {key: value for key, value in hearing.items() if key != "insurance"}
    rest["contact"] = {key: value for key, value in hearing.get("contact", {}).items() if key not in ("alternative", "channel", "language", "responsible_email")}
    return rest


def looked_for(hearing):
    incident = hearing.get("incident", {})
    return hearing.get("device"), incident.get("discovered_at"), incident.get("occurred_from"), incident.get("occurred_to")


# --- the rows -------------------------------------------------------------------------------------
def document_of(case, profile):
    for document in profile["consent_documents"]:
        if case.consents and (document["id"], document["version"]) == text_agreed_to(case.consents[-1])[:2]:
            return document
    return None


def agreed(case, scopes):
    """Scope: the consent that gives it, the last one where there are several."""
    return {scope: consent for consent in case.consents for scope in consent.get("scopes", ()) if scope in scopes}


def is_valid_then(document, consent):
    given = datetime.fromisoformat(consent["given_at"])
    return datetime.fromisoformat(document.get("valid_from", "1970-01-01T00:00:00+00:00")) <= given \
        < datetime.fromisoformat(document.get("valid_until", "9999-12-31T00:00:00+00:00"))


def suffices(document, scope, channel):
    """1-⑧: whatever goes to anybody else needs writing, always; for the rest the document says."""
    return channel in document.get("channels", {}).get(scope, ("phone_read", "paper", "web")) \
        and not (scope == "authorities" and channel == "phone_read")


def about_scopes(case, document, scopes, prefix):
    """1-⑧ and 1-⑥: each of these scopes was given, by somebody, in a way that suffices, by the customer of today."""
    given, unmet = agreed(case, scopes), set()
    if set(scopes) - set(given):
        unmet.add("scope")
    if document and not all(suffices(document, scope, consent["channel"]) for scope, consent in given.items()):
        unmet.add("channel")
    if not all(consent["given_by"].strip() for consent in given.values()):
        unmet.add("person")
    if not all(consent["revision"] > case.subject for consent in given.values()):
        unmet.add("before_subject")
    return {f"{prefix}_{word}" for word in unmet}


def about_consent(case, profile):
    """1-②: the agreed document. 1-⑧: in writing, so by somebody, to a text that can be shown."""
    if not case.consents:
        return {"consent_missing"}
    document = document_of(case, profile)
    scopes = {"provision", *(document["required"] if document else ())}
    unmet = about_scopes(case, document, scopes, "consent")
    if not document or not document.get("accepted", True) \
            or not all(is_valid_then(document, consent) for consent in agreed(case, scopes).values()):
        unmet.add("consent_document")
    if document and document["sha256"] != case.consents[-1]["sha256"]:
        unmet.add("consent_text")
    return unmet


def about_report(case, profile):
    """3: the report is shared with the desk where the customer agreed to that, and still does."""
    ended = {"report_ended"} if case.ended else set()
    if not case.consents:
        return ended | {"report_consent"}
    document = document_of(case, profile)
    unmet = ended | about_scopes(case, document, {"report"}, "report")
    if not document:
        unmet.add("report_document")
    elif document["sha256"] != case.consents[-1]["sha256"]:
        unmet.add("report_text")
    return unmet


def purposes(case, profile):
    """1-⑦: what the provider does with it, as far as the customer agreed to it."""
    document = document_of(case, profile)
    return [p for p in profile["provider"].get("purposes", ()) if document and p in document["purposes"]]


def about_intention(case, recipient):
    """1-②: expressed, and for this provider."""
    if not case.intention:
        return {"intention_missing"}
    unmet = set()
    if case.intention["provider"] != recipient:
        unmet.add("intention_provider")
    if case.intention["revision"] <= case.subject:
        unmet.add("intention_before_subject")
    return unmet


def about_recipient(case, profile, recipient):
    """1-⑧: nobody but the provider that the document names, who is also the only one the desk has keys of."""
    document = document_of(case, profile)
    named = {recipient, profile["provider"]["id"], document["provider"] if document else recipient}
    return {"recipient"} if len(named) > 1 else set()


def about_hearing(case):
    """4-⑫ and 1-②: every item that must be asked before a hand-over was asked; unknown and declined are answers."""
    missing = set()
    for pointer in ASKED_BEFORE_A_HANDOVER:
        group, member = pointer[1:].split("/")
        if not case.hearing.get(group, {}).get(member):
            missing.add(pointer)
    devices = case.hearing.get("device")
    if not devices:
        missing.add("/device")
    elif isinstance(devices, list):
        missing |= {f"/device/{i}/disk_encrypted" for i, device in enumerate(devices) if not device.get("disk_encrypted")}
    if not case.hearing.get("logs"):
        missing.add("/logs")
    return {("hearing_missing", pointer) for pointer in missing}


def searches(case):
    return (case.extraction or {}).get("searches", [])


def is_answered(case, name):
    return any(s["id"] == f"@id:{name}" and s["status"] in ("found", "none") for s in searches(case))


def about_search(case, request):
    unmet = set()
    named = (request or {}).get("extraction")
    answered = case.last_call is not None and is_answered(case, case.last_call)
    if named:
        answered = answered and is_answered(case, named.removeprefix("@id:"))
    if not answered and not case.waiver:
        unmet.add("search_pending")
    own = [s for s in searches(case) if s.get("called_by", {}).get("type") != "extraction.requested"]
    leaving = [s for s in (searches(case) if named else own) if s["status"] in ("found", "none") and named in (None, s["id"])]
    if leaving and leaving[-1].get("owner") not in (None, case.customer):
        unmet.add("extract_foreign")
    return unmet


def unmet(case, profile, moment, sealed=None):
    """moment: before (no request yet), offer, acceptance, report; sealed: the purposes that the content names, once there is one.
    Rows as (code, pointer or None)."""
    if moment == "report":
        return {(code, None) for code in about_report(case, profile)}
    request = case.request if moment != "before" else None
    recipient = request["provider"] if request else profile["provider"]["id"]
    codes = about_consent(case, profile) | about_intention(case, recipient) | about_recipient(case, profile, recipient)
    if moment != "before":
        if document_of(case, profile) and set(sealed or ()) - set(purposes(case, profile)):
            codes.add("consent_purposes")
        if profile.get("approvals", 1) == 2 and not case.approval:
            codes.add("not_approved")
        if case.ended:
            codes.add("ended")
    if moment == "offer" and not request:
        codes.add("not_requested")
    rows = {(code, None) for code in codes}
    if moment == "acceptance":
        return rows
    rows |= {(code, None) for code in about_search(case, request)} | about_hearing(case)
    if moment == "offer" and request:
        changed = max([case.left_changed] + [case.files[upload] for upload in request.get("files", ())])
        if request["confirmed"] is None or request["confirmed"] < changed:
            rows.add(("changed_since_confirmed", None))
    return rows
