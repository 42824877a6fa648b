/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as it is read and written, and lists of contracts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, decoded, readContracts, wrongContract } from "../../services/intake/console/pure/contracts.js";
import { parseCsv, writeCsv } from "../../services/intake/console/pure/csv.js";

const cellsOf = (text) => parseCsv(text).rows.map(({ cells }) => cells);
const FORMULAS = ["=1+1", "+81 3", "-2", "@SUM(A1)", "  =1", "\t=1", "＝1", "＋1", "－1", "＠x", "\r=1", "　=1"];

test("cells, quotes and line ends", () => {
    assert.deepEqual(cellsOf('a,b\r\n"c,""d""\ne",\n\nf'), [["a", "b"], ['c,"d"\ne', ""], [""], ["f"]]);
    assert.deepEqual(cellsOf(""), []);
    assert.deepEqual(cellsOf("a,"), [["a", ""]]);
    assert.deepEqual(cellsOf('a"b,c'), [['a"b', "c"]]);
});

test("a row's line is where it begins, whatever its cells hold", () => {
    assert.deepEqual(parseCsv('a\n"b\nc\r\nd"\ne').rows.map(({ line }) => line), [1, 2, 5]);
});

test("quotes that do not match are told with their line", () => {
    assert.deepEqual(parseCsv('a\n"b').problem, { key: "import.quotes", line: 2 });
    assert.deepEqual(parseCsv('"a"b').problem, { key: "import.quotes", line: 1 });
});

test("what was written is read again, and no cell is a formula", () => {
    const rows = [["x", 'a"b', "c\nd"], FORMULAS, [-5, "-5"]];
    const read = cellsOf(writeCsv(rows).slice(1));
    assert.deepEqual(read[0], rows[0]);
    assert.deepEqual(read[1], FORMULAS.map((text) => `'${text}`));
    assert.deepEqual(read[2], ["-5", "'-5"]);
});

test("both languages name the columns, in any order", () => {
    const { rows } = readContracts("会社名,customer_id,サービス,notes\n見本製作所 , A-1,utm; edr；,\n,,,\n", "csv");
    assert.deepEqual(rows, [{ line: 2, row: { company: "見本製作所", customer_id: "A-1", services: ["utm", "edr"] },
        problem: null }]);
    assert.deepEqual(bodyOf(rows[0].row), { company: "見本製作所", services: ["utm", "edr"] });
});

test("a first line that does not fit is refused as a whole", () => {
    for (const titles of ["", "company", "customer_id,company,company", "customer_id,会社名,company",
        "customer_id,company,x"])
        assert.equal(readContracts(`${titles}\nA,b\n`, "csv").problem?.key, "import.columns", titles);
    assert.equal(readContracts("{}", "json").problem.key, "import.list");
    assert.equal(readContracts("[", "json").problem.key, "import.json");
});

test("each row's first mistake", () => {
    const text = `customer_id,company,phone\nA,b,1\nA,c,1\na,b,1\n,b,1\nB,,1\nC,d,${"0".repeat(61)}\nD,e,1,9\n`;
    assert.deepEqual(readContracts(text, "csv").rows.map(({ problem }) => problem?.key ?? null),
        [null, "import.twice", "import.customer_id", "import.customer_id", "import.company", "import.long",
            "import.cells"]);
});

test("contracts of a JSON list that are none", () => {
    const sound = { customer_id: "A", company: "b" };
    const wrong = [null, [], "x", { ...sound, x: "y" }, { ...sound, services: "utm" }, { ...sound, services: [""] },
        { ...sound, phone: 3 },
        { ...sound, company: "" }, { company: "b" }, { customer_id: "A" }, { ...sound, services: Array(101).fill("x") },
            { ...sound, constructor: "x" }];
    assert.equal(wrongContract(sound), null);
    wrong.forEach((row) => assert.ok(wrongContract(row), JSON.stringify(row)));
    assert.equal(wrongContract({ ...sound, company: "𠮷".repeat(200) }), null);
});

test("UTF-8 with and without its mark, CP932, and neither", () => {
    assert.equal(decoded(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), "A");
    assert.equal(decoded(Uint8Array.of(0x89, 0xef, 0x8e, 0xd0)), "会社");
    assert.equal(decoded(Uint8Array.of(0xff, 0xff, 0x00)), null);
});
