/* SPDX-License-Identifier: Apache-2.0 */
/* Records of an extract (ECS names, one a line) as a table and a histogram show them. */
import { severityOf } from "./detections.js";

export { severityOf };

const STEPS_S = [60, 300, 900, 3600, 10800, 21600, 43200, 86400, 604800];
const BARS_MAX = 72;
const NAMES = [
    "threat.indicator.name",
    "rule.name",
    "labels.event",
    "rule.category",
    "labels.subtype",
    "message",
    "event.action",
];

const first = (record, names) =>
    names.map((name) => record[name]).find((value) => value !== undefined && value !== "") ?? null;

/** {time, severity, what, device, peer, action, product}: what one row of the table says. */
export function rowOf(record) {
    return {
        time: record["@timestamp"] ?? null,
        severity: severityOf(record["event.severity"]),
        what: first(record, NAMES),
        device: first(record, ["labels.device", "host.name", "source.domain", "source.ip"]),
        peer: first(record, ["destination.ip", "destination.domain", "url.domain"]),
        action: record["event.action"] ?? null,
        product: first(record, ["observer.name", "observer.product", "event.module"]),
    };
}

/** Every word of `wanted` stands somewhere in the line. */
export function matches(line, wanted) {
    const text = line.toLowerCase();
    return wanted
        .toLowerCase()
        .split(/\s+/)
        .filter(Boolean)
        .every((word) => text.includes(word));
}

function stepFor(spanMs) {
    return STEPS_S.find((step) => spanMs / (step * 1000) <= BARS_MAX) ?? STEPS_S.at(-1);
}

/** {from, step_s, all: [counts], severe: [counts]} of points [{time: ms, severe}]; null where there are none. */
export function histogramOf(points) {
    const times = points.map((point) => point.time).filter(Number.isFinite);
    if (times.length === 0)
        return null;
    const min = times.reduce((a, b) => Math.min(a, b));
    const max = times.reduce((a, b) => Math.max(a, b));
    const step_s = stepFor(max - min);
    const stepMs = step_s * 1000;
    const from = Math.floor(min / stepMs) * stepMs;
    const count = Math.floor((max - from) / stepMs) + 1;
    const all = new Array(count).fill(0);
    const severe = new Array(count).fill(0);
    for (const point of points.filter(({ time }) => Number.isFinite(time))) {
        const at = Math.floor((point.time - from) / stepMs);
        all[at]++;
        severe[at] += point.severe ? 1 : 0;
    }
    return { from: new Date(from).toISOString(), step_s, all, severe };
}

/** A number at or above `max` that an axis can end at: 1, 2 or 5 times a power of ten. */
export function axisEnd(max) {
    const power = 10 ** Math.floor(Math.log10(Math.max(max, 1)));
    return [1, 2, 5, 10].map((times) => times * power).find((end) => end >= max);
}
