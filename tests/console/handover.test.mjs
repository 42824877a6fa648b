/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-overs: what the screen is about, what the gate asks for, what has changed since it was confirmed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changedLines, cureOf, extractOf, fieldOf, groupsOf, heldByInput, keptBack, metRows, partsOf, requestBody, ROWS,
    stageOf, unmetCards } from "../../services/intake/console/pure/handover.js";
import { LOOKS } from "../../services/intake/console/pure/handover_looks.js";
import { words } from "./parts.mjs";

const reasons = (...codes) => codes.map((code) => ({ code, clause: "1-2" }));
const REQUEST = { id: "h1", requested_by: { id: "operator-1" }, files: [] };
const caseWith = (escalation, handovers = []) => ({ handovers,
    escalation: { state: "none", handover: null, reasons: [], warnings: [], head: "aa", ...escalation } });
const held = (...codes) => caseWith({ state: "held", handover: "h1", reasons: reasons(...codes) }, [REQUEST]);

test("nothing is offered before the gate has spoken", () => {
    assert.equal(stageOf(caseWith({ head: undefined }), "operator-1"), "unjudged");
    assert.equal(stageOf(caseWith({}), "operator-1"), "ready");
});

test("any unmet row but those of the check itself holds", () => {
    assert.equal(stageOf(caseWith({ reasons: reasons("consent_missing") }), "operator-1"), "held");
    assert.equal(stageOf(held("changed_since_confirmed", "intention_missing"), "operator-1"), "held");
    for (const { code } of ROWS)
        assert.equal(stageOf(caseWith({ reasons: reasons(code) }), "operator-1"), "held", code);
    assert.equal(stageOf(held("a_row_of_tomorrow"), "operator-1"), "held");
});

test("where two persons are asked for, the requester waits and another approves", () => {
    assert.equal(stageOf(held("not_approved"), "operator-1"), "approval");
    assert.equal(stageOf(held("not_approved"), "operator-2"), "approve");
    assert.equal(stageOf(held("not_approved", "changed_since_confirmed"), "operator-2"), "ready");
});

test("a request that the gate has not seen yet is waited for, and so is one under way", () => {
    assert.equal(stageOf(caseWith({}, [REQUEST]), "operator-1"), "waiting");
    assert.equal(stageOf(held(), "operator-1"), "waiting");
    for (const state of ["preparing", "offered", "overdue", "accepted"])
        assert.equal(stageOf(caseWith({ state, handover: "h1" }, [REQUEST]), "operator-1"), "waiting", state);
    for (const state of ["released", "reported"])
        assert.equal(stageOf(caseWith({ state, handover: "h1" }, [REQUEST]), "operator-1"), "released", state);
});

test("after an end the gate says whether another may be asked for", () => {
    for (const state of ["cancelled", "declined", "recalled", "deleted"]) {
        assert.equal(stageOf(caseWith({ state, handover: "h1" }, [REQUEST]), "operator-1"), "ready", state);
        assert.equal(stageOf(caseWith({ state, handover: "h1", reasons: reasons("consent_missing") }, [REQUEST]),
            "operator-1"), "held");
    }
});

test("rows that say nothing without the first of their kind are not called met", () => {
    const met = (...codes) => metRows(reasons(...codes)).map(({ code }) => code);
    assert.equal(met().length, ROWS.length);
    assert.ok(!met("consent_missing").some((code) => code.startsWith("consent")));
    assert.ok(!met("intention_missing").some((code) => code.startsWith("intention")));
    assert.ok(!met("search_pending").includes("extract_foreign"));
    assert.ok(met("consent_scope").includes("consent_text"));
});

test("every row has its words and, but for the recipient, what cures it", () => {
    for (const { code } of ROWS) {
        assert.ok(words[`held.row.${code}`], code);
        assert.equal(cureOf({ code }) === null, code === "recipient", code);
    }
});

test("items of one row stand on one card", () => {
    const cards = unmetCards([{ code: "hearing_missing", pointer: "/a" }, { code: "consent_missing" },
        { code: "hearing_missing", pointer: "/b" }]);
    assert.deepEqual(cards.map(({ code, pointers }) => [code, pointers]),
        [["hearing_missing", ["/a", "/b"]], ["consent_missing", []]]);
    assert.equal(cureOf(cards[0]).path, "/call#/a");
});

const SHEET = { sections: [{ pointer: "/contact" }, { pointer: "/logs" }, { pointer: "/other_info" }],
    fields: [{ pointer: "/contact/company", to_provider: true },
        { pointer: "/contact/alternative", to_provider: false },
        { pointer: "/logs/N/kind", to_provider: true }] };
const item = (pointer) => ({ pointer, label: pointer, en: pointer });

test("items stand by section and by entry, in the sheet's order, each once", () => {
    const items = ["/contact/company", "/logs/0/kind", "/logs/1/kind", "/logs/0/available", "/other_info",
        "/new/field"].map(item);
    const groups = groupsOf(items, SHEET).map(({ section, entry, items: own }) => [section?.pointer ?? null, entry,
        own.map(({ pointer }) => pointer)]);
    assert.deepEqual(groups, [["/contact", null, ["/contact/company"]],
        ["/logs", 0, ["/logs/0/kind", "/logs/0/available"]],
        ["/logs", 1, ["/logs/1/kind"]], ["/other_info", null, ["/other_info"]], [null, null, ["/new/field"]]]);
    assert.equal(fieldOf(SHEET, "/logs/12/kind").pointer, "/logs/N/kind");
    assert.equal(fieldOf(SHEET, "/nothing"), null);
});

test("answered items that do not leave are named", () => {
    assert.deepEqual(keptBack({ contact: { company: "a", alternative: "b" } }, SHEET).map(({ pointer }) => pointer),
        ["/contact/alternative"]);
    assert.deepEqual(keptBack({ contact: { company: "a" } }, SHEET), []);
});

const PREVIEW = { head: "f".repeat(64), extraction: "x1", extract: { sha256: "e1" }, items: [item("/contact/company")],
    warnings: [],
    provider: { id: "p" }, tlp: "TLP:AMBER", purposes: ["forensics"],
        files: [{ upload: "u1", sha256: "s1" }, { upload: "u2", sha256: "s2" }] };
const CONSENT = { id: "c1", document: "d", version: "1", sha256: "h", scopes: ["provision"] };
const VALUE = { hearing: { contact: { company: "見本" } }, consents: [CONSENT], intention: { id: "i1" },
    customer_id: "C1" };
const CONTENT = { preview: PREVIEW, value: VALUE, files: ["u1"],
    desk: { consent_documents: [{ id: "d", version: "1", provider: "p" }] } };
const changed = (more) => Object.entries(partsOf({ ...CONTENT, ...more }))
    .flatMap(([part, lines]) => changedLines(partsOf(CONTENT)[part], lines).map(({ id }) => `${part}:${id}`));
const preview = (more) => ({ preview: { ...PREVIEW, ...more } });
const value = (more) => ({ value: { ...VALUE, ...more } });

test("a change clears the part that it belongs to and no other", () => {
    assert.deepEqual(changed({}), []);
    assert.deepEqual(changed(value({ hearing: { contact: { company: "別" } } })), ["what:/contact/company"]);
    assert.deepEqual(changed(value({ hearing: { contact: { company: "見本", company_precision: "day" } } })),
        ["what:/contact/company"]);
    assert.deepEqual(changed(preview({ items: [] })), ["what:/contact/company"]);
    assert.deepEqual(changed(preview({ extract: { sha256: "e2" } })), ["what:extract"]);
    assert.deepEqual(changed({ files: ["u1", "u2"] }), ["what:u2"]);
    assert.deepEqual(changed({ files: [] }), ["what:u1"]);
    assert.deepEqual(changed(preview({ tlp: "TLP:RED" })), ["where:tlp"]);
    assert.deepEqual(changed(preview({ purposes: [] })), ["where:purposes"]);
    assert.deepEqual(changed(preview({ warnings: [{ code: "disk_encrypted" }] })), ["where:warnings"]);
    assert.deepEqual(changed(value({ intention: { id: "i2" } })), ["basis:intention"]);
    assert.deepEqual(changed(value({ consents: [{ ...CONSENT, id: "c2" }] })), ["basis:consent"]);
    assert.deepEqual(changed(value({ customer_id: "C2" })), ["basis:customer"]);
});

test("what changes nothing of what would leave clears nothing", () => {
    assert.deepEqual(changed(preview({ head: "0".repeat(64), reply_by: "later",
        files: [...PREVIEW.files, { upload: "u3", sha256: "s3" }] })), []);
});

test("every state has words and an icon of its own", () => {
    assert.equal(new Set(Object.values(LOOKS).map(([, icon]) => icon)).size, Object.keys(LOOKS).length);
    const states = Object.keys(words).filter((key) => key.startsWith("state.")).map((key) => key.slice("state.".length));
    assert.deepEqual(Object.keys(LOOKS).sort(), states.sort());
});

test("the request names the head, the extraction and the ticked files of the screen", () => {
    assert.deepEqual(requestBody(CONTENT), { provider: "p", confirmed_head: PREVIEW.head, extraction: "x1",
        files: ["u1"] });
    assert.deepEqual(requestBody({ preview: { ...PREVIEW, extraction: null }, files: ["gone"] }),
        { provider: "p", confirmed_head: PREVIEW.head, files: [] });
});

const SEARCH = { id: "x0", records: 5, bytes: 70, window: { from: "a", to: "b" }, sha256: "e0",
    coverage: { sources: [{ source: "utm", records: 9 }] } };

test("the extract is the one that leaves, as the desk describes it", () => {
    const extract = { records: 13, from: "c", to: "d", sha256: "e1" };
    const shown = (more) => extractOf({ preview: { extraction: "x1", extract }, value: { triage: { searches: [SEARCH] } },
        ...more });
    assert.deepEqual(shown({}), { id: "x1", ...extract, bytes: null, sources: [] });
    assert.deepEqual(shown({ extraction: "x0" }), { id: "x0", records: 5, from: "a", to: "b", sha256: "e0", bytes: 70,
        sources: SEARCH.coverage.sources });
    assert.deepEqual(shown({ value: { triage: { searches: [{ ...SEARCH, id: "x1" }] } } }), { id: "x1", ...extract,
        bytes: 70, sources: SEARCH.coverage.sources });
    assert.equal(shown({ preview: { extraction: null, extract: null } }), null);
});

test("an extract that would leave and is described nowhere is not called none", () => {
    assert.deepEqual(extractOf({ preview: { extraction: "x1", extract: null }, value: { triage: {} } }),
        { id: "x1", unknown: true });
    assert.deepEqual(extractOf({ preview: PREVIEW, value: { triage: {} }, extraction: "x9" }),
        { id: "x9", unknown: true });
});

test("input that was not sent and a choice that was not made hold the hand-over", () => {
    assert.equal(heldByInput(null), null);
    assert.equal(heldByInput({ unsent: false, conflicts: [] }), null);
    assert.equal(heldByInput({ unsent: true, conflicts: [] }), "input");
    assert.equal(heldByInput({ unsent: true, conflicts: [{ pointer: "/logs" }] }), "conflict");
});
