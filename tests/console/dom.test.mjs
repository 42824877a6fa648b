/* SPDX-License-Identifier: Apache-2.0 */
/* What would hide or turn a text is shown as a sign, in what is read aloud and shown on pointing too. */
import assert from "node:assert/strict";
import test from "node:test";
import { h, visible } from "../../services/intake/console/core/dom.js";

test("control characters have their own signs", () => {
    assert.equal(visible("a\u0000b\u001bc\u007f"), "a␀b␛c␡");
    assert.equal(visible("a\tb\nc"), "a\tb\nc");
});

test("what is not seen or turns the text is a sign", () => {
    const unseen = [0x85, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, 0x200b, 0x200f, 0x202e, 0x2066, 0x3164, 0xfeff, 0xffa0,
        0xfff9, 0xe0001, 0xe0041, 0xe007f];
    for (const code of unseen)
        assert.equal(visible(`a${String.fromCodePoint(code)}b`), "a\ufffdb", code.toString(16));
});

test("names stay as they are written", () => {
    for (const name of ["葛\u{e0100}城", "髙橋 ㈱", "が\u3099", "한국", "ｱｲｳ", "é", "👩"])
        assert.equal(visible(name), name);
    assert.equal(visible(null), "");
});

test("title, label and placeholder are read too; an address or a value is not changed", () => {
    const given = {};
    globalThis.document = { createElement: () => ({ setAttribute: (name, value) => { given[name] = value; }, append: () => {} }) };
    const text = "a\u202egpj.exe";
    h("a", { title: text, "aria-label": text, placeholder: text, href: text, hidden: true });
    delete globalThis.document;
    const shown = "a\ufffdgpj.exe";
    assert.deepEqual(given, { title: shown, "aria-label": shown, placeholder: shown, href: text, hidden: "" });
});
