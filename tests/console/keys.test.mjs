/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { KEYS, badgeOf, keysOf, matchKey } from "../../services/intake/console/pure/keys.js";
import { keys as words } from "../../services/intake/console/pure/words/keys.js";

const press = (code, more = {}) => ({ code, key: more.key ?? code.replace(/^(Key|Digit|Numpad)/, "").toLowerCase(), keyCode: 0, ...more });
const on = (screen, inField = false, sequence = null) => ({ screen, inField, sequence });
const idOf = (event, where) => matchKey(event, where).id;
const ALT = { altKey: true };

test("each row of the table is matched by its own presses, and by no other row's", () => {
    for (const row of KEYS)
        for (const { code, alt, ctrl, shift, after } of row.presses)
            for (const screen of row.where) {
                const event = press(code, { altKey: alt, ctrlKey: ctrl, shiftKey: shift, key: "x" });
                assert.equal(idOf(event, on(screen, false, after ? { code: after } : null)), row.id, `${row.id} on ${screen}`);
            }
});

test("what nobody may take", () => {
    const free = ["KeyD", "KeyE", "KeyF"].map((code) => press(code, ALT))
        .concat([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => press(`Digit${n}`, { ctrlKey: true })))
        .concat([6, 7, 8, 9, 10].map((n) => press(`F${n}`)), [press("Backquote", ALT), press("KeyN", { ctrlKey: true }), press("KeyR", { ctrlKey: true })]);
    for (const screen of ["queue", "call", "case", "handover", "today", "admin"])
        for (const event of free)
            for (const inField of [false, true])
                assert.equal(idOf(event, on(screen, inField)), null, `${event.code} on ${screen}`);
});

test("nothing while the input method composes", () => {
    for (const row of KEYS)
        for (const { code, alt, ctrl, shift } of row.presses)
            for (const composing of [{ isComposing: true }, { keyCode: 229 }]) {
                const event = press(code, { altKey: alt, ctrlKey: ctrl, shiftKey: shift, ...composing });
                assert.deepEqual(matchKey(event, on(row.where[0], true, { code: "KeyG" })), { id: null, sequence: null });
            }
});

test("AltGr, Meta and Ctrl+Alt are never a key of ours", () => {
    assert.equal(idOf(press("KeyU", { altKey: true, ctrlKey: true }), on("call", true)), null);
    assert.equal(idOf(press("KeyU", { ...ALT, metaKey: true }), on("call")), null);
    assert.equal(idOf(press("KeyU", { ...ALT, getModifierState: (name) => name === "AltGraph" }), on("call")), null);
    assert.equal(idOf(press("Enter", { metaKey: true }), on("queue")), null);
});

test("plain keys only outside fields; Alt and Ctrl+Enter in fields too", () => {
    for (const code of ["KeyJ", "KeyK", "KeyN", "KeyR", "KeyF", "Enter", "Slash", "Escape", "Digit0"])
        assert.equal(idOf(press(code), on("queue", true)), null, code);
    assert.equal(idOf(press("KeyU", ALT), on("call", true)), "unknown");
    assert.equal(idOf(press("Enter", { ctrlKey: true }), on("call", true)), "main");
    assert.equal(idOf(press("KeyN"), on("queue")), "take_call");
    assert.equal(idOf(press("KeyN", { shiftKey: true }), on("queue")), null);
    assert.equal(idOf(press("KeyN"), on("call")), null);
    assert.equal(idOf(press("KeyS", { ...ALT, shiftKey: true }), on("call", true)), "step_remote");
    assert.equal(idOf(press("KeyS", ALT), on("call", true)), "step_customer");
    assert.equal(idOf(press("Slash", { shiftKey: true, key: "?" }), on("call")), "keys");
    assert.equal(idOf(press("Slash", { key: "/" }), on("call")), "search");
});

test("a digit outside a field begins the search, Alt and a digit is a section", () => {
    for (let n = 0; n <= 9; n++)
        for (const code of [`Digit${n}`, `Numpad${n}`])
            assert.equal(idOf(press(code, { key: String(n) }), on("admin")), "search");
    assert.equal(idOf(press("Digit3", { ...ALT, key: "3" }), on("call", true)), "section_3");
    assert.equal(idOf(press("Digit7", { ...ALT, key: "7" }), on("call")), null);
    assert.equal(idOf(press("Digit3", { ...ALT, key: "3" }), on("queue")), null);
    assert.equal(idOf(press("Numpad4", { key: "ArrowLeft" }), on("queue")), null);
});

test("G and another letter", () => {
    const begun = matchKey(press("KeyG", { timeStamp: 1000 }), on("call"));
    assert.deepEqual(begun, { id: null, sequence: { code: "KeyG", at: 1000 } });
    assert.equal(idOf(press("KeyQ", { timeStamp: 2000 }), on("call", false, begun.sequence)), "go_queue");
    assert.equal(idOf(press("KeyT", { timeStamp: 2000 }), on("queue", false, begun.sequence)), "go_today");
    assert.equal(idOf(press("KeyA", { timeStamp: 2000 }), on("queue", false, begun.sequence)), "go_admin");
    assert.equal(idOf(press("KeyQ", { timeStamp: 9000 }), on("call", false, begun.sequence)), null);
    assert.deepEqual(matchKey(press("KeyJ"), on("queue", false, begun.sequence)), { id: null, sequence: null });
    assert.deepEqual(matchKey(press("ShiftLeft", { key: "Shift" }), on("queue", false, begun.sequence)).sequence, begun.sequence);
    assert.deepEqual(matchKey(press("KeyG"), on("call", true)), { id: null, sequence: null });
    assert.equal(idOf(press("KeyQ"), on("call")), null);
});

test("a key held down moves in the list and does nothing else twice", () => {
    assert.equal(idOf(press("KeyJ", { repeat: true }), on("queue")), "down");
    assert.equal(idOf(press("Enter", { repeat: true, ctrlKey: true }), on("handover")), null);
    assert.equal(idOf(press("KeyU", { ...ALT, repeat: true }), on("call", true)), null);
    assert.equal(idOf(press("Digit1", { repeat: true, key: "1" }), on("queue")), null);
});

test("the list, the badges and the words", () => {
    assert.deepEqual(keysOf("queue").map(({ badge }) => badge),
        ["Alt+J", "Ctrl+Enter", "J", "K", "Enter", "N", "R", "F", "/", "G Q", "G T", "G A", "? / Alt+K", "Esc"]);
    assert.equal(keysOf("call").filter(({ words: key }) => key === "key.section").length, 1);
    assert.equal(badgeOf("section_4", "call"), "Alt+4");
    assert.equal(badgeOf("down", "call"), null);
    assert.deepEqual([...new Set(KEYS.map((row) => row.words))].sort(), Object.keys(words).sort());
    for (const [key, pair] of Object.entries(words))
        assert.ok(pair.length === 2 && pair.every((text) => text && [...text].length <= 40), key);
});
