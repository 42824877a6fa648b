/* SPDX-License-Identifier: Apache-2.0 */
/* What the newest search of a case says. */

/* The severities that triage gives are of this scale; from the first on it counts a detection among the severe. */
const SEVERITIES = [["critical", 90], ["high", 70], ["medium", 40], ["low", 0]];

/** critical · high · medium · low; null where the record is no detection. */
export const severityOf = (number) => typeof number === "number"
    ? SEVERITIES.find(([, least]) => number >= least)?.[0] ?? "low" : null;

export const isSevere = ({ severity }) => severityOf(severity) === "critical";

/* Asked for with a period or devices of its own: it says nothing of all the rest. */
export const isAsked = ({ called_by: by }) => by?.type === "extraction.requested";

/** The case's own search that ended last, else the newest one; null without any. */
export function latestSearch(value) {
    const searches = (value?.triage?.searches ?? []).filter((search) => !isAsked(search));
    const ended = searches.filter(({ status }) => status === "found" || status === "none");
    return ended.at(-1) ?? searches.at(-1) ?? null;
}

export const severeGroups = (search) => (search?.groups ?? []).filter(isSevere);

export const severityWord = (severity) => `severity.${severityOf(severity) ?? "low"}`;
