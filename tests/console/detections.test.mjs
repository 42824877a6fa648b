/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { isSevere, latestSearch, severeGroups, severityOf, severityWord } from "../../services/intake/console/pure/detections.js";
import { words } from "../../services/intake/console/pure/words.js";

test("what is severe begins where triage has it", () => {
    const header = readFileSync(new URL("../../services/triage/detection.h", import.meta.url), "utf8");
    const least = Number(header.match(/#define DETECTION_SEVERE (\d+)/)[1]);
    assert.ok(isSevere({ severity: least }));
    assert.ok(!isSevere({ severity: least - 1 }));
    assert.ok(!isSevere({}));
});

test("a count, a word and a row of severe detections go by the one table", () => {
    const groups = [100, 90, 89, 80, 70, 60, 30].map((severity) => ({ severity }));
    assert.deepEqual(
        severeGroups({ groups }).map(({ severity }) => severity),
        [100, 90],
    );
    for (const { severity } of groups) {
        const word = severityWord(severity);
        assert.equal(word, `severity.${severityOf(severity)}`);
        assert.ok(words[word], word);
        assert.equal(isSevere({ severity }), word === "severity.critical");
    }
    assert.deepEqual(severeGroups(null), []);
    assert.equal(severityWord(undefined), "severity.low");
});

test("the search that ended last is the newest, else the one that goes on", () => {
    const search = (id, status) => ({ id, status });
    const of = (...searches) => latestSearch({ triage: { searches } })?.id;
    assert.equal(of(search("a", "found"), search("b", "searching")), "a");
    assert.equal(of(search("a", "searching")), "a");
    assert.equal(of(search("a", "found"), search("b", "none")), "b");
    assert.equal(latestSearch(null), null);
    const asked = { ...search("c", "none"), called_by: { type: "extraction.requested" } };
    assert.equal(of(search("a", "found"), asked), "a", "a narrow question says nothing of all the rest");
    assert.equal(of(asked), undefined);
});
