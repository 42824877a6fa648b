/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { clausesOf, find, idOf, passages } from "../../services/intake/console/pure/clauses.js";

const folder = new URL("../../deploy/desk/", import.meta.url);
const documents = readdirSync(folder).filter((name) => /^consent-.*\.txt$/.test(name))
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]);

/* The document again, from its clauses. */
function rebuilt(clauses) {
    let heading = null;
    return clauses.flatMap((clause) => {
        const begin = clause.heading !== heading && clause.heading !== null ? [clause.heading] : [];
        heading = clause.heading;
        return [...begin, (clause.id === null ? "" : `${clause.id}　`) + clause.text];
    }).join("\n");
}

test(`nothing is lost, added or changed (${documents.map(([name]) => name).join(", ")})`, () => {
    assert.ok(documents.length >= 2);
    for (const [name, text] of documents)
        assert.equal(rebuilt(clausesOf(text)), text.split("\n").filter((line) => line.trim()).join("\n"), name);
});

test("the clauses of the desk's document", () => {
    for (const [name, text] of documents) {
        const clauses = clausesOf(text);
        assert.deepEqual(clauses.filter(({ id }) => id).map(({ id }) => id),
            ["1-①", "1-②", "1-③", "1-④", "1-⑤", "1-⑥", "1-⑦", "1-⑧", "2-①", "2-②", "3", "4-①", "4-②", "4-③", "4-④", "4-⑤", "4-⑥", "4-⑦", "4-⑧",
                "4-⑨", "4-⑩", "4-⑪", "4-⑫"], name);
        assert.equal(find(clauses, "1-2").heading, "第1条　情報の扱い");
        assert.match(find(clauses, "1-2").text, /^お客さまが調査会社のサービスを使いたいという意思を/);
        assert.equal(find(clauses, "4-12").text.split("\n").length, 5);
        assert.match(find(clauses, "4-12").text, /\n　・ハードディスクや SSD が暗号化されている場合\n/);
        assert.equal(find(clauses, "3").heading, "第3条　報告書の共有");
        assert.equal(find(clauses, "1-⑧"), find(clauses, "1-8"));
        assert.equal(find(clauses, "9-1"), null);
        assert.match(clauses.at(-1).heading, /^別紙/);
    }
});

test("what is read out for which scope", () => {
    const clauses = clausesOf(documents[0][1]);
    assert.deepEqual(passages(clauses, ["desk", "provision", "report"]).map(({ id, scopes }) => `${id} ${scopes}`),
        ["1-① desk", "1-② provision", "1-⑤ desk", "1-⑦ provision", "1-⑧ provision", "3 report", "4-⑫ desk"]);
    assert.deepEqual(passages(clauses, ["provision", "authorities"]).find(({ id }) => id === "1-⑧").scopes, ["provision", "authorities"]);
    assert.equal(passages(clauses, []).length, clauses.length);
});

test("a document numbered otherwise is read out whole", () => {
    const clauses = clausesOf("同意書\r\n\r\n前文です。\r\n続きます。\r\n\r\n1　渡します。\r\n2　使います。\r\n");
    assert.deepEqual(clauses, [{ id: null, heading: null, text: "同意書" }, { id: null, heading: null, text: "前文です。\n続きます。" },
        { id: "1", heading: null, text: "渡します。" }, { id: "2", heading: null, text: "使います。" }]);
    assert.deepEqual(passages(clauses, ["provision"]).map(({ text }) => text), clauses.map(({ text }) => text));
});

test("codes as the document writes them", () => {
    assert.deepEqual(["1-1", "4-12", "4-20", "4-21", "4-35", "4-36", "3", "1-②"].map(idOf), ["1-①", "4-⑫", "4-⑳", "4-㉑", "4-㉟", "4-36", "3", "1-②"]);
});
