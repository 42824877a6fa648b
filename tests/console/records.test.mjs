/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { axisEnd, histogramOf, matches, rowOf, severityOf } from "../../services/intake/console/pure/records.js";

test("a severity is one of four words, and none where the record is no detection", () => {
    const rows = [
        [100, "critical"],
        [90, "critical"],
        [89, "high"],
        [70, "high"],
        [69, "medium"],
        [40, "medium"],
        [39, "low"],
        [0, "low"],
        [undefined, null],
        ["90", null],
    ];
    for (const [number, word] of rows) assert.equal(severityOf(number), word, String(number));
});

test("a row says the name, device, peer and product that the record has", () => {
    const row = rowOf({
        "@timestamp": "2026-11-25T04:25:21Z",
        "event.severity": 80,
        "rule.name": "R",
        "threat.indicator.name": "T",
        "source.ip": "192.0.2.1",
        "destination.ip": "203.0.113.7",
        "event.action": "blocked",
        "observer.product": "P",
    });
    assert.deepEqual(row, {
        time: "2026-11-25T04:25:21Z",
        severity: "high",
        what: "T",
        device: "192.0.2.1",
        peer: "203.0.113.7",
        action: "blocked",
        product: "P",
    });
});

test("a record of nothing is a row of nothing", () => {
    assert.deepEqual(rowOf({}), {
        time: null,
        severity: null,
        what: null,
        device: null,
        peer: null,
        action: null,
        product: null,
    });
});

test("a line matches where every word of the filter stands in it", () => {
    assert.ok(matches("SRC=192.0.2.1 Virus", "virus 192.0.2.1"));
    assert.ok(!matches("SRC=192.0.2.1 Virus", "virus 192.0.2.2"));
    assert.ok(matches("anything", "   "));
});

test("a histogram counts every point once and has at most 72 bars", () => {
    const from = Date.parse("2026-11-23T00:30:00Z");
    const points = Array.from({ length: 1000 }, (_, i) => ({ time: from + i * 240000, severe: i % 4 === 0 }));
    const { all, severe, step_s: step, from: begin } = histogramOf(points);
    assert.equal(step, 3600);
    assert.ok(all.length <= 72);
    assert.equal(
        all.reduce((a, b) => a + b),
        1000,
    );
    assert.equal(
        severe.reduce((a, b) => a + b),
        250,
    );
    assert.equal(begin, "2026-11-23T00:00:00.000Z");
    assert.ok(all.every((count, i) => severe[i] <= count));
});

test("a histogram of 200,000 points is made, of none and of unreadable times none is", () => {
    assert.equal(
        histogramOf(Array.from({ length: 200000 }, (_, i) => ({ time: i * 1000, severe: false }))).all.reduce(
            (a, b) => a + b,
        ),
        200000,
    );
    assert.equal(histogramOf([]), null);
    assert.equal(histogramOf([{ time: NaN, severe: true }]), null);
});

test("an axis ends at 1, 2 or 5 times a power of ten", () => {
    for (const [max, end] of [
        [0, 1],
        [1, 1],
        [3, 5],
        [5, 5],
        [6, 10],
        [14, 20],
        [201, 500],
        [60000, 100000],
    ])
        assert.equal(axisEnd(max), end);
});
