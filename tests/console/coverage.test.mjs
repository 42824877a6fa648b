/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { coverageLines, searchInForce, searchWithResult } from "../../services/intake/console/pure/coverage.js";
import { cases } from "../../services/intake/console/pure/words/case.js";

const window = { from: "2026-11-23T00:00:00Z", to: "2026-11-26T00:00:00Z" };
const gap = (hours) => ({
    from: "2026-11-24T00:00:00Z",
    to: new Date(Date.parse("2026-11-24T00:00:00Z") + hours * 3600000).toISOString(),
});
const keys = (coverage) => coverageLines(coverage).map(({ key }) => key);

test("the longest gap is the first line", () => {
    const lines = coverageLines({
        window,
        scanned: 5,
        sources: [
            { source: "a", gaps: [gap(1), gap(3)] },
            { source: "b", gaps: [gap(2)] },
        ],
    });
    assert.deepEqual(
        lines.slice(0, 3).map(({ values }) => values.source),
        ["a", "b", "a"],
    );
    assert.deepEqual(
        lines.map(({ key }) => key),
        ["gap", "gap", "gap", "range"],
    );
});

test("more than four gaps are counted", () => {
    const lines = coverageLines({ window, scanned: 5, sources: [{ source: "a", gaps: [1, 2, 3, 4, 5, 6].map(gap) }] });
    assert.deepEqual(lines[4], { key: "gaps_more", values: { count: 2 } });
});

test("that nothing arrived stands before the range, and nothing says that there are no gaps then", () => {
    assert.deepEqual(keys({ window, scanned: 0, sources: [] }), ["nothing_arrived", "range"]);
});

test("what is damaged, of unknown format or being rebuilt is said", () => {
    assert.deepEqual(keys({ window, scanned: 3, sources: [], damaged: 1, unparsed: 2, rebuilding: true }), [
        "damaged",
        "unparsed",
        "rebuilding",
        "range",
        "no_gaps",
    ]);
    assert.deepEqual(keys(null), ["none"]);
});

test("every line has its words", () => {
    for (const key of [
        "none",
        "gap",
        "gaps_more",
        "nothing_arrived",
        "damaged",
        "unparsed",
        "rebuilding",
        "range",
        "no_gaps",
    ])
        assert.ok(cases[`case.coverage.${key}`]);
});

test("while a search goes on, the last that ended is what is shown", () => {
    const triage = { search: "b", searches: [{ id: "a", finished_at: "x" }, { id: "b" }] };
    assert.equal(searchInForce(triage).id, "b");
    assert.equal(searchWithResult(triage).id, "a");
    assert.equal(
        searchWithResult({
            search: "a",
            searches: [
                { id: "a", finished_at: "x" },
                { id: "b", finished_at: "y" },
            ],
        }).id,
        "a",
    );
    assert.equal(searchWithResult({ searches: [{ id: "a" }] }), null);
    assert.equal(searchInForce(undefined), null);
});
