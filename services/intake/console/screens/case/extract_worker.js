/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a whole extract off the page's thread, so that typing never waits for it. Asked {type: "load", address},
 * {type: "filter", text}, {type: "rows", from, to, ask}, {type: "record", index}; says progress, rows, record and
 * filtered.
 */
import { histogramOf, matches, rowOf, severityOf } from "../../pure/records.js";

const TELL_MS = 200;
const AT_ONCE = 20000;

let lines = [];
let order = null; /* indices of the lines that the filter leaves; null where all are shown */
let filtering = 0;

const say = (type, more) => postMessage({ type, ...more });

/* A line that is no record is shown as it is. */
function recordOf(line) {
    try {
        return JSON.parse(line);
    } catch {
        return { message: line };
    }
}

const shown = () => order?.length ?? lines.length;
const lineAt = (index) => (order ? order[index] : index);

async function read(address) {
    const response = await fetch(address, { cache: "no-store", credentials: "same-origin" });
    if (!response.ok)
        return say("failed", { status: response.status });
    const points = [];
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let told = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const pieces = (rest + part.value).split("\n");
        rest = pieces.pop();
        take(pieces, points);
        if (performance.now() - told > TELL_MS) {
            told = performance.now();
            say("progress", { count: lines.length, done: false });
        }
    }
    take([rest], points);
    say("progress", {
        count: lines.length,
        done: true,
        histogram: histogramOf(points),
        severe: points.filter(({ severe }) => severe).length,
    });
}

function take(pieces, points) {
    for (const line of pieces) {
        if (!line)
            continue;
        lines.push(line);
        const record = recordOf(line);
        const severity = severityOf(record["event.severity"]);
        if (severity)
            points.push({ time: Date.parse(record["@timestamp"]), severe: severity === "critical" });
    }
}

/* A newer filter ends the one before. */
async function filter(text) {
    const mine = ++filtering;
    if (!text.trim()) {
        order = null;
        return say("filtered", { text, count: lines.length, done: true });
    }
    const found = [];
    for (let from = 0; from < lines.length; from += AT_ONCE) {
        const to = Math.min(lines.length, from + AT_ONCE);
        for (let index = from; index < to; index++)
            if (matches(lines[index], text)) found.push(index);
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== filtering)
            return;
    }
    order = found;
    say("filtered", { text, count: found.length, done: true });
}

function rows(from, to, ask) {
    const list = [];
    for (let index = from; index < Math.min(to, shown()); index++)
        list.push({ index, ...rowOf(recordOf(lines[lineAt(index)])) });
    say("rows", { rows: list, ask });
}

const ACTS = {
    load: ({ address }) => read(address).catch(() => say("failed", { status: 0 })),
    filter: ({ text }) => filter(text),
    rows: ({ from, to, ask }) => rows(from, to, ask),
    record: ({ index }) => say("record", { index, record: recordOf(lines[lineAt(index)] ?? "{}") }),
};

addEventListener("message", ({ data }) => ACTS[data.type]?.(data));
