/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's addresses and rows, calls in progress, and the figures of the supervisor's screen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callsOf, waitingToOpen } from "../../services/intake/console/pure/calls.js";
import { deskDate } from "../../services/intake/console/pure/hours.js";
import { hourBars, leftCsv } from "../../services/intake/console/pure/left.js";
import { addressOf, filterOf, filtersSet, LOOKS, leftOf, lookOf, movedCount, nextOf, patchOf, pathOf, reasonWords,
    TABS } from "../../services/intake/console/pure/queue.js";
import { emptyTyped } from "../../services/intake/console/pure/typed.js";
import { words } from "../../services/intake/console/pure/words.js";

const filter = (query) => filterOf(new URLSearchParams(query));
const row = (more) => ({ status: "consultation", flags: [], escalation: "none", ...more });

test("a filter is its address and back", () => {
    for (const query of ["", "tab=held",
        "tab=all&type=ransomware&operator=op-1&customer=A-1&from=2026-11-01&to=2026-11-26"]) {
        const found = filter(query);
        assert.deepEqual(filter(addressOf(found).slice(2)), found);
    }
    assert.equal(addressOf(filter("")), "/");
});

test("an address that somebody has written says nothing wrong", () => {
    const found = filter(`tab=x&from=yesterday&to=2026-13&operator=${"o".repeat(100)}`);
    assert.deepEqual([found.tab, found.from, found.to, found.operator.length], ["open", "", "", 64]);
    assert.deepEqual(filtersSet(found), ["operator"]);
});

test("what a list asks for", () => {
    assert.equal(pathOf(filter("tab=held&customer=A%261"), { limit: 50 }),
        "/v1/cases?held=true&limit=50&customer=A%261");
    assert.equal(pathOf(filter("tab=closed&from=2026-11-26"), {}), "/v1/cases?status=closed&opened_from=2026-11-26");
    assert.equal(pathOf(filter("tab=closed_today&type=ddos"), { limit: 50 }, "2026-11-26"),
        "/v1/cases?closed_from=2026-11-26&closed_to=2026-11-26&limit=50&type=ddos");
});

test("the day is the desk's", () => {
    const tokyo = { time_zone: "Asia/Tokyo" };
    assert.equal(deskDate(tokyo, Date.parse("2026-11-25T14:59:59Z")), "2026-11-25");
    assert.equal(deskDate(tokyo, Date.parse("2026-11-25T15:00:00Z")), "2026-11-26");
    assert.equal(deskDate({ time_zone: "America/New_York" }, Date.parse("2026-11-26T04:59:59Z")), "2026-11-25");
});

test("numbers of the tabs", () => {
    const day = { cases: { closed: 480, consultation: 2, handover: 1 }, held: 2, overdue: 0, closed: 6 };
    const counts = Object.fromEntries(TABS.map((tab) => [tab.id, tab.count(day)]));
    assert.deepEqual([counts.open, counts.consultation, counts.policy, counts.held, counts.overdue, counts.closed,
        counts.closed_today, counts.all], [3, 2, 0, 2, 0, 480, 6, 483]);
});

test("what an event changes in a row", () => {
    assert.deepEqual(patchOf("case", { status: "policy" }), { row: { status: "policy" } });
    assert.equal(patchOf("extraction", { status: "found" }).found, true);
    assert.equal(patchOf("extraction", { status: "none" }).found, false);
    assert.deepEqual(patchOf("overdue", { state: "overdue" }), { row: { escalation: "overdue" } });
    assert.equal(patchOf("presence", {}), null);
});

test("how many rows would move: the fewest", () => {
    assert.equal(movedCount(["a", "b", "c"], ["a", "b", "c"]), 0);
    assert.equal(movedCount(["a", "b", "c"], ["c", "a", "b"]), 1);
    assert.equal(movedCount(["a", "b"], ["n", "a", "b"]), 1);
    assert.equal(movedCount(["a", "b", "c"], ["a", "c"]), 1);
    assert.equal(movedCount(["a", "b", "c"], ["c", "b", "a"]), 2);
    assert.equal(movedCount([], ["a"]), 1);
});

test("what is next has words for every state", () => {
    const reasons = [[], ...Object.keys(LOOKS).map((reason) => [reason])];
    const escalations = ["none", "held", "preparing", "offered", "overdue", "accepted", "released", "reported",
        "declined", "cancelled", "recalled", "deleted"];
    for (const status of ["consultation", "policy", "first_response", "assessment", "handover", "report", "settings",
        "closed"])
        for (const escalation of escalations)
            for (const why of reasons)
                assert.ok(words[`queue.next.${nextOf(row({ status, escalation }), why)}`],
                    `${status} ${escalation} ${why}`);
    assert.equal(nextOf(row({ escalation: "offered" }), ["overdue"]), "due");
});

test("every reason has an icon of its own and words", () => {
    assert.equal(new Set(Object.values(LOOKS).map(([icon]) => icon)).size, Object.keys(LOOKS).length);
    for (const reason of Object.keys(LOOKS))
        assert.ok(words[reasonWords(reason, row({})) ], reason);
    const late = row({ flags: ["out_of_hours"] });
    assert.equal(reasonWords("out_of_hours", late), "reason.out_of_hours");
    assert.deepEqual(lookOf("out_of_hours", late), LOOKS.out_of_hours);
    assert.ok(!Object.values(LOOKS).some(([icon]) => icon === lookOf("out_of_hours", row({}))[0]), "other words, another icon");
});

test("left and over", () => {
    const now = Date.parse("2026-11-26T05:00:00Z");
    assert.deepEqual(leftOf("2026-11-26T05:30:00Z", now), { late: false, soon: true, ms: 1800000 });
    assert.deepEqual(leftOf("2026-11-26T04:00:00Z", now), { late: true, soon: false, ms: 3600000 });
});

test("one's own calls first; a record of this browser counts once", () => {
    const draft = (id, owner, updated) => ({ id, owner, created_at: "2026-11-26T04:00:00Z", updated_at: updated });
    const drafts = [draft("b", "other", "2026-11-26T05:00:00Z"), draft("a", "me", "2026-11-26T04:30:00Z")];
    const typed = { contact: { company: "X" } };
    const kept = (id, mine, more) => ({ id, kind: "draft", typed: { ...emptyTyped(), mine }, ...more });
    const records = [kept("a", typed, { keptAt: 9 }), kept("c", typed, { keptAt: 8 }), kept("d", {}),
        kept("e", typed, { kind: "case", unsent: true, keptAt: 7 }), kept("f", typed, { kind: "case", unsent: false })];
    const calls = callsOf(drafts, records, "me", () => null);
    assert.deepEqual(calls.map(({ id, where, company }) => [id, where, company]),
        [["a", "desk", ""], ["c", "here", "X"], ["e", "unsent", "X"], ["b", "desk", ""]]);
    assert.deepEqual(calls.map(({ address }) => address), ["/calls/a", "/calls/c", "/cases/e/call", "/calls/b"]);
});

test("what was being opened goes on; what became a case or was never sent does not", () => {
    const opening = { key: "k", body: {}, begunAt: 1 };
    const records = [{ id: "a", kind: "draft", opening }, { id: "b", kind: "draft", opening: null }, { id: "c", kind: "draft" },
        { id: "d", kind: "case", opening }];
    assert.deepEqual(waitingToOpen(records).map(({ id }) => id), ["a"]);
});

test("hours and the file of what left", () => {
    const counts = Array(24).fill(0);
    [counts[7], counts[10]] = [1, 4];
    const bars = hourBars(counts);
    assert.deepEqual([bars[0].hour, bars.at(-1).hour, bars[3].share, bars[0].share], [7, 17, 1, 0.25]);
    assert.equal(leftCsv(["会社"], [["=cmd"]]), '\ufeff"会社"\r\n"\'=cmd"\r\n');
});
