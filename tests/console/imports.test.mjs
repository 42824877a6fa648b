/* SPDX-License-Identifier: Apache-2.0 */
/* A browser finds out only when the page is opened: every name that is imported is exported there, and nothing is imported in vain. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parts, words } from "./parts.mjs";

const ROOT = fileURLToPath(new URL("../../services/intake/console/", import.meta.url));
const EXPORTED = /export (?:async )?(?:function\*?|const|let|class) (\w+)|export \{([^}]*)\}/g;
const IMPORTED = /import \{([^}]*)\} from "([^"]+)"/g;

function filesIn(folder) {
    return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => entry.isDirectory()
        ? filesIn(join(folder, entry.name)) : entry.name.endsWith(".js") ? [normalize(join(folder, entry.name))] : []);
}

const names = (list) => list.split(",").map((name) => name.trim()).filter(Boolean);
const sources = new Map(filesIn(".").map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const exportsOf = (source) => new Set([...source.matchAll(EXPORTED)].flatMap(([, one, list]) => one ? [one]
    : names(list).map((name) => name.split(" as ").at(-1))));
const importsOf = (file) => [...sources.get(file).matchAll(IMPORTED)].flatMap(([, list, from]) => names(list)
    .map((name) => ({ name: name.split(" as ")[0], here: name.split(" as ").at(-1), from: normalize(join(dirname(file), from)) })));

test("every name that is imported is exported there", () => {
    const wrong = [...sources.keys()].flatMap((file) => importsOf(file)
        .filter(({ name, from }) => !sources.has(from) || !exportsOf(sources.get(from)).has(name)).map(({ name, from }) => `${file}: ${name} of ${from}`));
    assert.deepEqual(wrong, []);
});

test("nothing is imported in vain", () => {
    const idle = [...sources.keys()].flatMap((file) => importsOf(file)
        .filter(({ here }) => sources.get(file).split(new RegExp(`\\b${here}\\b`)).length < 3).map(({ here }) => `${file}: ${here}`));
    assert.deepEqual(idle, []);
});

/* Where nothing is said at all, and where English counts without a word. */
const MAY_BE_EMPTY = ["nothing", "today.unit"];

test("every text is there in both languages, with the same names to fill in", async () => {
    const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    const seen = new Map();
    for (const [part, table] of Object.entries(parts))
        for (const [key, pair] of Object.entries(table)) {
            assert.equal(pair.length, 2, key);
            assert.ok(pair.every((text) => typeof text === "string"), key);
            assert.ok(MAY_BE_EMPTY.includes(key) || pair.every((text) => text.trim() !== ""), `${key} is empty`);
            assert.deepEqual(new Set(holes(pair[0])), new Set(holes(pair[1])), key);
            assert.ok(!seen.has(key), `${key} stands in ${seen.get(key)} and in ${part}`);
            seen.set(key, part);
        }
});

test("no sentence is longer than a glance takes", async () => {
    const { words } = await import(join(ROOT, "pure/words.js"));
    const long = Object.entries(words).filter(([, [ja]]) => ja.split("。").some((sentence) => [...sentence].length >= 40)).map(([key]) => key);
    assert.deepEqual(long, []);
});

/* Keys that are put together at run time begin with one of these. */
test("every word that is asked for by name is in the table", async () => {
    const missing = [...sources].flatMap(([file, source]) => [...source.matchAll(/\bt\("([\w.]+)"/g)].filter(([, key]) => !words[key]).map(([, key]) => `${file}: ${key}`));
    assert.deepEqual(missing, []);
});
