/* SPDX-License-Identifier: Apache-2.0 */
/* What a search has looked at, gaps first: a search that found nothing says nothing without it. */

import { isAsked } from "./detections.js";

const GAPS_SHOWN = 4;
const own = (triage) => (triage?.searches ?? []).filter((search) => !isAsked(search));

/** The search that counts: the one that triage names, else the last that ended, else the last. */
export function searchInForce(triage) {
    const searches = own(triage);
    const named = searches.find((search) => search.id === triage?.search);
    return named ?? searches.findLast((search) => search.finished_at) ?? searches.at(-1) ?? null;
}

/** The last search that ended: while another goes on its result is what is shown. */
export function searchWithResult(triage) {
    const inForce = searchInForce(triage);
    return inForce?.finished_at ? inForce : (own(triage).findLast((search) => search.finished_at) ?? null);
}

const gapsOf = ({ source, gaps }) => (gaps ?? []).map((gap) => ({ source, ...gap }));
const lengthOf = ({ from, to }) => Date.parse(to) - Date.parse(from);

/**
 * Lines {key, values}, the longest gaps first; values from and to are times. Words: case.coverage.<key>.
 */
export function coverageLines(coverage) {
    if (!coverage)
        return [{ key: "none", values: {} }];
    const gaps = (coverage.sources ?? []).flatMap(gapsOf).sort((a, b) => lengthOf(b) - lengthOf(a));
    const lines = gaps
        .slice(0, GAPS_SHOWN)
        .map(({ source, from, to }) => ({ key: "gap", values: { source, from, to } }));
    if (gaps.length > GAPS_SHOWN)
        lines.push({ key: "gaps_more", values: { count: gaps.length - GAPS_SHOWN } });
    if (coverage.scanned === 0)
        lines.push({ key: "nothing_arrived", values: {} });
    for (const name of ["damaged", "unparsed"])
        if (coverage[name] > 0)
            lines.push({ key: name, values: { count: coverage[name] } });
    if (coverage.rebuilding)
        lines.push({ key: "rebuilding", values: {} });
    lines.push({
        key: "range",
        values: { from: coverage.window?.from, to: coverage.window?.to, count: coverage.scanned ?? 0 },
    });
    if (gaps.length === 0 && coverage.scanned > 0)
        lines.push({ key: "no_gaps", values: {} });
    return lines;
}
