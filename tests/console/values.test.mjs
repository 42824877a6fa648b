/* SPDX-License-Identifier: Apache-2.0 */
/* A value of the sheet reads the same wherever it stands: on the call, the case, the hand-over check and on paper. */
import assert from "node:assert/strict";
import test from "node:test";
import { choiceText, valueText } from "../../services/intake/console/core/values.js";
import { language } from "../../services/intake/console/core/language.js";

const labels = [{ value: "ransomware", ja: "ランサムウェア", en: "Ransomware" }, { value: "unknown", ja: "分からない", en: "Not known" }];
const kind = { type: "choice", choices: ["ransomware"], labels };
const wishes = { type: "choices", choices: ["a", "b"], labels: [{ value: "a", ja: "甲", en: "A" }, { value: "b", ja: "乙", en: "B" }] };
const time = { type: "time" };
const AT = "2026-11-24T15:00:00+09:00";

test("choices by their names, else as they were written", () => {
    assert.equal(choiceText(kind, "ransomware"), "ランサムウェア");
    assert.equal(choiceText(kind, "unknown"), "分からない", "the sheet's own name for it");
    assert.equal(choiceText(wishes, "declined"), "回答なし");
    assert.equal(choiceText(wishes, "<b>c"), "<b>c");
    assert.equal(choiceText(null, "x"), "x");
});

test("several choices keep the order in which they were named", () => {
    assert.equal(valueText(wishes, ["b", "a"]), "1 乙　2 甲");
    assert.equal(valueText({ type: "list" }, ["192.0.2.1", "192.0.2.2"]), "192.0.2.1、192.0.2.2");
    assert.equal(valueText(wishes, []), "なし");
    assert.equal(valueText({ type: "list" }, [{ name: "pc" }]), '[{"name":"pc"}]'.slice(1, -1));
});

test("a time says how exact it is", () => {
    assert.equal(valueText(time, AT), "2026/11/24（火）15:00 JST");
    assert.equal(valueText(time, AT, "hour"), "2026/11/24（火）15:00 JST（時まで）");
    assert.equal(valueText(time, AT, "day"), "2026/11/24（火）（日まで）");
    assert.equal(valueText(time, "unknown", "minute"), "不明");
});

test("what was not asked, answers without a value, and plain values", () => {
    assert.equal(valueText(time, undefined), "—");
    assert.equal(valueText({ type: "text" }, null), "—");
    assert.equal(valueText({ type: "text" }, "declined"), "回答なし");
    assert.equal(valueText({ type: "integer" }, 0), "0");
    assert.equal(valueText({ type: "boolean" }, false), "false");
    assert.equal(valueText(null, { a: 1 }), '{"a":1}');
});

test("in English too", () => {
    language.set("en");
    assert.equal(valueText(kind, "ransomware"), "Ransomware");
    assert.equal(valueText({ type: "list" }, ["a", "b"]), "a, b");
    assert.equal(valueText(time, AT, "day"), "2026/11/24 (Tue) (to the day)");
    language.set("ja");
});
