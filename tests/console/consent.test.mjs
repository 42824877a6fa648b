/* SPDX-License-Identifier: Apache-2.0 */
/* Consents: which scopes a channel suffices for, what stands, what is still missing. node --test tests/console */
import assert from "node:assert/strict";
import { test } from "node:test";
import { consentBody, coverage, formFor, currentDocument, documentOf, inForce, intentionInForce, leftOf, leftOfIntention, scopesInForce }
    from "../../services/intake/console/pure/consent.js";

const ALL = ["phone_read", "paper", "web"];
const DOCUMENT = { id: "desk-consent", version: "2026-04", sha256: "b".repeat(64), provider: "p",
    scopes: ["desk", "provision", "report", "authorities"], required: ["desk", "provision", "report"],
    channels: { desk: ALL, provision: ALL, report: ALL, authorities: ["paper", "web"] } };
const OLDER = { ...DOCUMENT, version: "2025-10", sha256: "7".repeat(64), scopes: DOCUMENT.required,
    channels: { desk: ALL, provision: ["paper", "web"], report: ["paper", "web"] } };
const DESK = { consent_documents: [DOCUMENT, OLDER] };
const FORM = { read: ["1-①", "1-②"], compared: false, answer: "agreed", channel: "phone_read", name: "見本 花子",
    capacity: "",
    time: "2026-11-26T10:00:00+09:00", scopes: DOCUMENT.required };
const consent = (id, more = {}) => ({ id, document: DOCUMENT.id, version: DOCUMENT.version, sha256: DOCUMENT.sha256,
    scopes: DOCUMENT.required, ...more });

test("the first document is the current one; a consent's own is found by id and version", () => {
    assert.equal(currentDocument(DESK), DOCUMENT);
    assert.equal(currentDocument(null), null);
    assert.equal(documentOf(DESK, { document: "desk-consent", version: "2025-10" }), OLDER);
    assert.equal(documentOf(DESK, { document: "desk-consent", version: "1999" }), null);
    assert.equal(documentOf(DESK, undefined), null);
});

test("only scopes that the channel suffices for are counted, and which need another is said", () => {
    const wanted = [...DOCUMENT.required, "authorities"];
    assert.deepEqual(coverage(DOCUMENT, wanted, "phone_read"),
        { covered: DOCUMENT.required, lacking: ["authorities"] });
    assert.deepEqual(coverage(DOCUMENT, wanted, "paper"), { covered: wanted, lacking: [] });
    assert.deepEqual(coverage(OLDER, OLDER.required, "phone_read"),
        { covered: ["desk"], lacking: ["provision", "report"] });
    assert.deepEqual(coverage(OLDER, ["authorities"], "paper"), { covered: [], lacking: [] });
});

test("consents in force are the last ones to one text; a withdrawal takes everything back", () => {
    const first = consent("1");
    const second = consent("2", { scopes: ["authorities"] });
    assert.deepEqual(inForce([first, second]), [first, second]);
    assert.deepEqual(Object.entries(scopesInForce([first, second])).map(([scope, { id }]) => [scope, id]),
        [["desk", "1"], ["provision", "1"], ["report", "1"], ["authorities", "2"]]);
    assert.deepEqual(inForce([consent("0", { version: "2025-10" }), first]), [first]);
    assert.deepEqual(inForce([consent("0", { withdrawn: {} }), first]), [first]);
    assert.deepEqual(inForce([first, consent("2", { withdrawn: {} })]), []);
    assert.deepEqual(inForce([]), []);
    assert.deepEqual(inForce(undefined), []);
    assert.equal(intentionInForce({ withdrawn: {} }), null);
    assert.equal(intentionInForce(null), null);
});

test("of a scope given twice the last counts", () => {
    assert.equal(scopesInForce([consent("1"), consent("2", { scopes: ["report"] })]).report.id, "2");
});

test("what is left stands in the order of the screen", () => {
    const passages = ["1-①", "1-②"];
    assert.deepEqual(leftOf(FORM, DOCUMENT, passages), []);
    assert.deepEqual(leftOf({ ...FORM, read: ["1-②"] }, DOCUMENT, passages), ["read"]);
    assert.deepEqual(leftOf({ ...FORM, read: [], answer: null, channel: null, name: " 　", time: null }, DOCUMENT,
        passages),
        ["read", "answer", "channel", "name", "time"]);
    assert.deepEqual(leftOf({ ...FORM, scopes: ["authorities"] }, DOCUMENT, passages), ["scopes"]);
});

test("what came on paper is compared, not read out", () => {
    assert.deepEqual(leftOf({ ...FORM, read: [], channel: "paper" }, DOCUMENT, ["1-①"]), ["read"]);
    assert.deepEqual(leftOf({ ...FORM, read: [], channel: "paper", compared: true }, DOCUMENT, ["1-①"]), []);
});

test("passages that another scope adds have to be read too", () => {
    assert.deepEqual(leftOf(FORM, DOCUMENT, ["1-①", "1-②", "1-⑧"]), ["read"]);
});

test("an intention asks for its own answers", () => {
    assert.deepEqual(leftOfIntention({ answer: null, channel: null, name: "", time: null }),
        ["answer", "channel", "name", "time"]);
    assert.deepEqual(leftOfIntention({ answer: "agreed", channel: "web", name: "a", time: "x" }), []);
});

test("the body names the text, the person and the covered scopes only", () => {
    assert.deepEqual(consentBody({ ...FORM, name: " 見本 花子 ", scopes: DOCUMENT.scopes }, DOCUMENT),
        { document: "desk-consent", version: "2026-04", sha256: DOCUMENT.sha256, given_by: "見本 花子",
            channel: "phone_read",
            given_at: FORM.time, scopes: DOCUMENT.required });
    assert.equal(consentBody({ ...FORM, capacity: "事務長" }, DOCUMENT).capacity, "事務長");
});

test("a newer document asks again for what was read, and for nothing that was said", () => {
    const form = { sha256: "old", read: ["1-1"], compared: true, answer: "agreed", channel: "phone_read", name: "見本 花子",
        capacity: "社長", time: "10分前", at: "2026-11-24T10:00:00Z", scopes: ["provision", "statistics", "gone"] };
    const newer = { sha256: "new", scopes: ["registration", "provision", "statistics", "sharing"],
        required: ["registration", "provision"] };
    assert.deepEqual(formFor(form, newer), { ...form, sha256: "new", read: [], compared: false, at: null,
        scopes: ["registration", "provision", "statistics"] });
});
