/* SPDX-License-Identifier: Apache-2.0 */
/* What would hide or turn a text is shown as a sign, in what is read aloud and shown on pointing too; what stays in a list is not moved. */
import assert from "node:assert/strict";
import test from "node:test";
import { h, reconcile, visible } from "../../services/intake/console/core/dom.js";

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

/* As much of a parent as a list needs; it counts what is put in, as that takes the focus. */
function parentOf(...ids) {
    const children = [];
    const child = (id) => ({ dataset: { id }, remove() { children.splice(children.indexOf(this), 1); } });
    const parent = { children, put: [], child, insertBefore(element, next) {
        if (children.includes(element))
            element.remove();
        children.splice(next ? children.indexOf(next) : children.length, 0, element);
        parent.put.push(element.dataset.id);
    } };
    children.push(...ids.map(child));
    return parent;
}

test("what stays in a list is not moved when what stood before it goes, or something comes", () => {
    for (const [before, after, put] of [["abc", "bc", ""], ["abc", "ac", ""], ["abc", "ab", ""], ["abc", "", ""], ["ac", "abc", "b"], ["bc", "xbc", "x"],
        ["abcd", "xcd", "x"]]) {
        const parent = parentOf(...before);
        reconcile(parent, [...after], (id) => id, (id) => parent.child(id));
        assert.deepEqual([parent.children.map(({ dataset }) => dataset.id).join(""), parent.put.join("")], [after, put], `${before} to ${after}`);
    }
});
