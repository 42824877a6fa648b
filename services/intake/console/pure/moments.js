/* SPDX-License-Identifier: Apache-2.0 */
/* Moments of the timeline: which words say each, and which of them are one. */

const actorOf = ({ data }) => data?.actor ?? data?.by ?? (data?.who ? { id: data.who, role: data.role } : null);

const OF_EVENT = {
    "action.recorded": ({ kind, step, waiver }) => ({
        words: `case.moment.action.${kind}`,
        values: { step: step?.step ?? waiver?.step ?? "" },
    }),
    "assessment.recorded": ({ needed }) => ({ words: `case.moment.assessment.${needed}` }),
    "consent.recorded": ({ version }) => ({ words: "case.moment.consent.recorded", values: { version } }),
    "proposal.decided": ({ decision }) => ({ words: `case.moment.proposal.${decision}` }),
    "proposal.applied": ({ result }) => ({ words: `case.moment.proposal.${result}` }),
    "case.closed": ({ outcome }) => ({
        words: "case.moment.case.closed",
        values: { outcome: { word: `case.outcome.${outcome}` } },
    }),
    "logs.submitted": ({ name }) => ({ words: "case.moment.logs.submitted", values: { name } }),
    "file.attached": ({ name }) => ({ words: "case.moment.file.attached", values: { name } }),
};

const OF_KIND = {
    event: ({ what, data }) => OF_EVENT[what]?.(data ?? {}) ?? { words: `case.moment.${what}` },
    extraction: ({ what, data }) => ({
        words: `case.moment.extraction.${what}`,
        values: { count: data?.detections ?? 0 },
    }),
    handover: ({ what }) => ({ words: `case.moment.handover.${what}` }),
    notice: ({ what }) => ({ words: "case.moment.notice", values: { rule: { word: `case.rule.${what}` } } }),
    read: ({ what }) => ({ words: `case.moment.${what}` }),
    duplicate: ({ what }) => ({ words: "case.moment.duplicate", values: { number: what } }),
    duplicate_of: ({ what }) => ({ words: "case.moment.duplicate_of", values: { number: what } }),
};

/** {words, values, actor, note}: a value {word} is itself a word. */
export function momentSays(moment) {
    const said = OF_KIND[moment.kind]?.(moment) ?? { words: "case.moment.other" };
    const note = moment.kind === "event" ? (moment.data?.text ?? moment.data?.reason ?? null) : null;
    return { values: {}, ...said, actor: actorOf(moment), note };
}

const keyOf = (moment) => [moment.kind, moment.at, moment.what, moment.id ?? moment.data?.id ?? ""].join(" ");

/** The newest first, each with a key of its own; several readings by one person in a row are one. */
export function newestFirst(moments, { reads = false } = {}) {
    const list = [];
    const keys = new Map();
    for (const moment of moments) {
        if (moment.kind === "read" && !reads)
            continue;
        const last = list.at(-1);
        if (
            moment.kind === "read" &&
            last?.kind === "read" &&
            last.what === moment.what &&
            last.data.who === moment.data.who
        ) {
            last.times = (last.times ?? 1) + 1;
            continue;
        }
        const seen = keys.get(keyOf(moment)) ?? 0;
        keys.set(keyOf(moment), seen + 1);
        list.push({ ...moment, key: `${keyOf(moment)} ${seen}` });
    }
    return list.reverse();
}
