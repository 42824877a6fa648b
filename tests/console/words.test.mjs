/* SPDX-License-Identifier: Apache-2.0 */
/* Each screen is fetched with its own words: what it says, and what it says through others, is among them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import test from "node:test";
import { words as all } from "./parts.mjs";

const ROOT = new URL("../../services/intake/console/", import.meta.url).pathname;
const SCREENS = ["admin", "call", "case", "handover", "print", "queue", "today"];
/* What looks like a key and is the name of an event, or of what a screen has no use for. */
const NOT_SAID = ["pure/moments.js: consent.recorded", "pure/csv.js: import.quotes"];
const FRAME = ["main.js", "pure/words.js"];

const read = (file) => readFileSync(join(ROOT, file), "utf8");
const importsOf = (file) => [...read(file).matchAll(/^import\s(?:[^;]*?from )?"(\.[^"]+)"/gm)]
    .map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path)));

/* A file and all that comes with it. */
function withImports(files) {
    const found = new Set();
    const take = (file) => {
        if (!found.has(file)) {
            found.add(file);
            importsOf(file).forEach(take);
        }
    };
    files.forEach(take);
    return [...found];
}

const isWords = (file) => file.startsWith("pure/words/");

async function wordsOf(files) {
    const parts = await Promise.all(files.filter(isWords).map((file) => import(join(ROOT, file))));
    return Object.assign({}, ...parts.flatMap((part) => Object.values(part)));
}

/* Keys that stand in a file as they are, and beginnings of those that are put together. */
function keysIn(text) {
    const named = [...text.matchAll(/"([a-z_0-9]+(?:\.[A-Za-z_0-9]+)+)"|\bt\("([^"]+)"/g)].map(([, dotted, said]) => dotted ?? said);
    const begun = [...text.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map(([, begin]) => begin);
    return { named: named.filter((key) => all[key]), begun: begun.filter((begin) => Object.keys(all).some((key) => key.startsWith(begin))) };
}

for (const screen of SCREENS)
    test(`${screen} has its words`, async () => {
        const files = withImports([...FRAME, `screens/${screen}.js`]);
        const words = await wordsOf(files);
        const missing = files.filter((file) => !isWords(file)).flatMap((file) => {
            const { named, begun } = keysIn(read(file));
            return [...named.filter((key) => !words[key]),
                ...begun.filter((begin) => !Object.keys(words).some((key) => key.startsWith(begin)))].map((key) => `${file}: ${key}`);
        });
        assert.deepEqual(missing.filter((key) => !NOT_SAID.includes(key)), []);
    });
