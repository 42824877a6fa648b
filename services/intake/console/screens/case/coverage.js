/* SPDX-License-Identifier: Apache-2.0 */
/* What a search found and how far it looked, in words. */
import { h, icon } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { partsOf } from "../../core/times.js";
import { coverageLines } from "../../pure/coverage.js";
import { histogramOf, rowOf } from "../../pure/records.js";

const CRITICAL = 90;
const FINE = ["range", "no_gaps"];

export const number = (count) => (count ?? 0).toLocaleString("en-US");

/** 11/24 15:04, also of today: a period has two of them. */
export function dayTime(time) {
    const at = partsOf(time);
    return at ? `${Number(at.month)}/${Number(at.day)} ${at.hour}:${at.minute}` : t("none");
}

/* A time among the values of a sentence is shown as one. */
const shown = ([name, value]) => [
    name,
    name === "from" || name === "to" ? dayTime(value) : typeof value === "number" ? number(value) : value,
];

/** Gaps first. */
export const coverageList = (search) =>
    h("ul", { class: "coverage" },
        coverageLines(search?.coverage).map(({ key, values }) =>
            h("li", { class: FINE.includes(key) ? "" : "warn" },
                icon(FINE.includes(key) ? "ok" : "warning"),
                h("span", { class: "outside" },
                    t(`case.coverage.${key}`, Object.fromEntries(Object.entries(values).map(shown))),
                ),
            ),
        ),
    );

const sumOf = (groups) => groups.reduce((sum, { count }) => sum + count, 0);

/** How many of the detections are critical, in words; of the summary's groups only the severest are kept. */
export function severeText(search) {
    const groups = search.groups ?? [];
    const count = search.severe ?? sumOf(groups.filter(({ severity }) => severity >= CRITICAL));
    const least = search.severe === undefined && sumOf(groups) < search.detections;
    const word = least ? "case.detections.severe_least" : "case.detections.severe";
    return count > 0 ? t(word, { count: number(count) }) : null;
}

const pointsOf = (samples) =>
    samples
        .map(rowOf)
        .filter(({ severity }) => severity)
        .map(({ time, severity }) => ({ time: Date.parse(time), severe: severity === "critical" }));

/** The histogram that the summary has, else one of its sample. */
export const histogramKnown = (search) => search.histogram ?? histogramOf(pointsOf(search.samples ?? []));
