/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { STEPS, leafletSteps, proposalActs, proposalsOf } from "../../services/intake/console/pure/case_steps.js";
import { formerValues, hearingCounts, hearingRows, leaves, writerOf } from "../../services/intake/console/pure/hearing.js";
import { fromField } from "../../services/intake/console/pure/jst.js";
import { momentSays, newestFirst } from "../../services/intake/console/pure/moments.js";
import { cases } from "../../services/intake/console/pure/words/case.js";

const BY = { id: "operator-1", role: "operator" };
const opened = (hearing) => ({ kind: "event", at: "1", what: "case.opened", id: "a", data: { actor: BY, hearing } });
const amended = (at, patch) => ({ kind: "event", at, what: "hearing.amended", id: at, data: { actor: BY, patch } });

test("what stood there before is kept with who changed it and when, the latest first", () => {
    const former = formerValues([
        opened({ incident: { summary: "a" } }),
        amended("2", { incident: { summary: "b" } }),
        amended("3", { incident: { summary: "c" } }),
    ]);
    assert.deepEqual(former, {
        "/incident/summary": [
            { value: "b", at: "3", by: BY },
            { value: "a", at: "2", by: BY },
        ],
    });
});

test("an item that is taken away or replaced with its list has a former value, a new one has none", () => {
    const former = formerValues([
        opened({ contact: { person: "x" }, device: [{ name: "pc" }] }),
        amended("2", { contact: { person: null, email: "e" }, device: [{ name: "pc2" }, { name: "pc3" }] }),
    ]);
    assert.deepEqual(Object.keys(former).sort(), ["/contact/person", "/device/0/name"]);
});

test("what is the same again is no change", () => {
    assert.deepEqual(
        formerValues([
            opened({ network: { entry_points: ["vpn"] } }),
            amended("2", { network: { entry_points: ["vpn"] } }),
        ]),
        {},
    );
});

test("who wrote what stands there: the last who changed it, as long as it is still that", () => {
    const SATO = { id: "operator-2", role: "operator" };
    const bySato = (at, patch) => ({ ...amended(at, patch), data: { actor: SATO, patch } });
    const moments = [
        opened({ incident: { summary: "a" }, device: [{ name: "pc" }] }),
        bySato("2", { incident: { summary: "b" } }),
        { kind: "event", at: "3", what: "note.added", id: "3", data: { actor: BY, text: "…" } },
        amended("4", { incident: { summary: "b", target: "t" } }),
        bySato("5", { device: [{ name: "pc" }, { name: "pc2" }] }),
    ];
    assert.deepEqual(writerOf(moments, "/incident/summary", "b"), SATO);
    assert.deepEqual(writerOf(moments, "/incident/target", "t"), BY);
    assert.deepEqual(writerOf(moments, "/device/0/name", "pc"), BY);
    assert.deepEqual(writerOf(moments, "/device/1/name", "pc2"), SATO);
    assert.equal(writerOf(moments, "/incident/summary", "a"), null);
    assert.equal(writerOf(moments, "/device/0/name", "pc2"), null);
    assert.equal(writerOf(moments, "/contact/person", undefined), null);
    assert.equal(writerOf([], "/incident/summary", "a"), null);
});

test("an item that was emptied has who emptied it", () => {
    const SATO = { id: "operator-2", role: "operator" };
    const moments = [opened({ incident: { summary: "a" } }), { ...amended("2", {}), data: { actor: SATO, patch: { incident: { summary: null } } } }];
    assert.deepEqual(writerOf(moments, "/incident/summary", undefined), SATO);
});

test("leaves are plain values and lists of them", () => {
    assert.deepEqual(leaves({ a: { b: 1 }, c: ["x"], d: [{ e: null }] }), { "/a/b": 1, "/c": ["x"], "/d/0/e": null });
});

const SHEET = {
    sections: [{ pointer: "/contact" }, { pointer: "/device" }],
    fields: [
        { pointer: "/contact/company", type: "text", stage: "A" },
        { pointer: "/device", type: "list", stage: "optional" },
        { pointer: "/device/N/name", type: "text", stage: "optional" },
    ],
};

test("rows are the sheet's fields, each device's own, with source and former value", () => {
    const rows = hearingRows(
        SHEET,
        { contact: { company: "社" }, device: [{ name: "pc" }, {}], sources: { "/contact/company": "contract" } },
        { "/contact/company": [{ value: "旧" }] },
    );
    assert.deepEqual(
        rows.map(({ pointer, index, section }) => [pointer, index, section]),
        [
            ["/contact/company", null, "/contact"],
            ["/device/0/name", 0, "/device"],
            ["/device/1/name", 1, "/device"],
        ],
    );
    assert.equal(rows[0].source, "contract");
    assert.deepEqual(hearingCounts(rows), { all: 3, filled: 2, changes: 1 });
});

test("a list without members is a row itself", () => {
    assert.deepEqual(
        hearingRows(SHEET, {}).map(({ pointer, answered }) => [pointer, answered]),
        [
            ["/contact/company", false],
            ["/device", false],
        ],
    );
});

const CASE = {
    status: "handover",
    opened_at: "1",
    policy: { at: "2" },
    steps_done: { "m/a": { at: "3" }, "m/b": { at: "5" } },
    assessment: { at: "6", needed: "yes" },
    escalation: { state: "released", handover: "h", handovers: [{ id: "h", offered_at: "7" }] },
};

test("each of the seven steps is done, the one now, or ahead, with its date", () => {
    assert.deepEqual(
        leafletSteps(CASE).map(({ step, state, at }) => [step, state, at]),
        [
            ["consultation", "done", "1"],
            ["policy", "done", "2"],
            ["first_response", "done", "5"],
            ["assessment", "done", "6"],
            ["handover", "now", "7"],
            ["report", "ahead", null],
            ["settings", "ahead", null],
        ],
    );
    assert.ok(leafletSteps({ ...CASE, status: "closed" }).every(({ state }) => state === "done"));
    assert.equal(leafletSteps({ status: "consultation", opened_at: "1" })[0].state, "now");
    assert.equal(STEPS.length, 7);
});

test("only what a proposal's state allows may be recorded", () => {
    const list = proposalsOf({
        proposals: {
            "x-10": { proposed: {} },
            "x-2": { decided: { decision: "agreed" } },
            "x-1": { decided: { decision: "agreed" }, applied: { result: "applied" } },
            "x-3": { decided: { decision: "refused" } },
        },
    });
    assert.deepEqual(
        list.map(({ id, state }) => [id, state, proposalActs({ state })]),
        [
            ["x-1", "applied", ["rolled_back"]],
            ["x-2", "agreed", ["applied", "failed"]],
            ["x-3", "refused", []],
            ["x-10", "open", ["agreed", "refused"]],
        ],
    );
});

test("the timeline has the newest first, readings left out or counted, each moment with a key of its own", () => {
    const read = (at) => ({ kind: "read", at, what: "case.read", data: { who: "o" } });
    const moments = [
        opened({}),
        read("2"),
        read("3"),
        { kind: "handover", at: "4", what: "held", data: {} },
        { kind: "handover", at: "4", what: "held", data: {} },
    ];
    assert.deepEqual(
        newestFirst(moments).map(({ kind }) => kind),
        ["handover", "handover", "event"],
    );
    const all = newestFirst(moments, { reads: true });
    assert.equal(all.length, 4);
    assert.equal(all[2].times, 2);
    assert.equal(new Set(all.map(({ key }) => key)).size, 4);
    assert.equal(moments[1].times, undefined);
});

test("every moment that can come has its words", () => {
    const kinds = [
        ["event", "case.opened"],
        ["event", "note.added"],
        ["event", "proposal.decided", { decision: "agreed" }],
        ["event", "proposal.applied", { result: "rolled_back" }],
        ["event", "action.recorded", { kind: "waiver", waiver: { step: "x" } }],
        ["event", "assessment.recorded", { needed: "no" }],
        ["extraction", "found", { detections: 3 }],
        ["handover", "released"],
        ["notice", "received"],
        ["read", "extract.read", { who: "o" }],
        ["duplicate", "K4M"],
        ["duplicate_of", "K4M"],
    ];
    for (const [kind, what, data] of kinds) assert.ok(cases[momentSays({ kind, what, data }).words], `${kind} ${what}`);
    assert.equal(momentSays({ kind: "event", what: "note.added", data: { text: "x", actor: BY } }).note, "x");
});

test("a time field holds the desk's time, whatever the machine's zone is", () => {
    assert.equal(fromField("2026-11-26T16:55"), "2026-11-26T16:55:00+09:00");
    for (const wrong of ["", null, "yesterday", "2026-13-40T99:99"]) assert.equal(fromField(wrong), null);
});

test("each text has both languages and the same names in them", () => {
    const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    for (const [key, pair] of Object.entries(cases)) {
        assert.equal(pair.length, 2, key);
        assert.ok(
            pair.every((text) => text.length > 0),
            key,
        );
        assert.deepEqual(names(pair[0]), names(pair[1]), key);
    }
});
