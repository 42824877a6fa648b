# SPDX-License-Identifier: Apache-2.0
"""What a case's chain explains, said a second time: the state that each hand-over comes to rest in once everybody has done what is
owed (the desk has searched, offered, released, recalled; the provider has answered each recall), and what each withdrawal did.

Nothing here is read from, or shared with, the services. Input: (type, id, data) of the events that extend the chain, in order."""

GIVEN = {"consent.recorded": ("consent", True), "consent.withdrawn": ("consent", False),
         "intention.expressed": ("intention", True), "intention.withdrawn": ("intention", False)}
ENDS = ("consent.withdrawn", "intention.withdrawn", "handover.cancelled", "case.closed", "customer.identified")


class Handover:
    def __init__(self, id_, root):
        self.id, self.root = id_, root  # root: the hand-over that it supplements
        self.ended = self.replaced = self.accepted = self.accepted_too_late = self.declined = self.deleted = self.reported = False
        self.superseded = False         # a supplement that still waited when another one was asked for

    @property
    def is_open(self):
        return not (self.ended or self.replaced or self.declined or self.deleted)

    @property
    def is_over(self):
        return self.ended or self.replaced

    def rest(self, given):
        """(states it may rest in, whether its key may have left, whether it must have)"""
        entitled = self.accepted or self.root is not None  # a supplement needs no acceptance of its own
        if self.deleted:
            return {"deleted"}, entitled, False
        if self.declined:
            return {"declined"}, False, False
        if self.is_over:
            return {"cancelled"}, False, False  # what had been offered would be recalled, and deleted
        if self.superseded:
            return {"cancelled", "released"}, True, False
        if entitled:
            return {"reported" if self.reported else "released"}, True, True
        return {"offered" if given else "held"}, False, False


class Explained:
    def __init__(self, events):
        self.handovers, self.effects = {}, {}  # by id, in order; withdrawal → effect
        self.given = {"consent": False, "intention": False}
        for type_, id_, data in events:
            if type_ in GIVEN:
                what, is_given = GIVEN[type_]
                self.given[what] = is_given
            if type_ in ("consent.withdrawn", "intention.withdrawn"):
                held = any(h.accepted and not h.is_over for h in self.handovers.values())
                self.effects[id_] = "recalled" if held else "stopped"
            if type_ in ENDS:
                self.end()
            elif type_ == "handover.requested":
                self.request(id_)
            elif type_.startswith("provider."):
                self.answer(self.handovers[data["handover"]], type_.removeprefix("provider."))

    def end(self):
        for handover in self.handovers.values():
            if not handover.is_over and not (handover.declined and handover.root is None):
                handover.ended = True

    def request(self, id_):
        before = next((h for h in reversed(self.handovers.values()) if h.is_open), None)
        root = before and (before.root or (before.id if before.accepted else None))
        if before and not root:
            before.replaced = True
        for other in self.handovers.values():
            other.superseded = other.superseded or (root is not None and other.root == root)
        self.handovers[id_] = Handover(id_, root)

    @staticmethod
    def answer(handover, word):
        if word == "accepted" and handover.is_over:
            handover.accepted_too_late = True
        elif word in ("accepted", "declined", "deleted", "reported"):
            setattr(handover, word, True)

    def rests(self):
        """hand-over → (states, may have its key, must have its key)"""
        return {id_: handover.rest(all(self.given.values())) for id_, handover in self.handovers.items()}
