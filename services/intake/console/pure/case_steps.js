/* SPDX-License-Identifier: Apache-2.0 */
/* The seven steps of the leaflet, with what is known of each; and the proposals with what may be recorded of them. */

export const STEPS = ["consultation", "policy", "first_response", "assessment", "handover", "report", "settings"];

const stepsDone = (value) => Object.values(value.steps_done ?? {});
const latest = (times) => times.filter(Boolean).sort().at(-1) ?? null;

const handoverOf = (value) =>
    (value.escalation?.handovers ?? []).find(({ id }) => id === value.escalation?.handover) ?? null;

/* {at, words, values} of one step where something was recorded for it. */
const SAYS = {
    consultation: (value) => ({ at: value.opened_at }),
    policy: (value) => value.policy && { at: value.policy.at },
    first_response(value) {
        const done = stepsDone(value);
        return (
            done.length > 0 && {
                at: latest(done.map(({ at }) => at)),
                words: "case.steps.done",
                values: { count: done.length },
            }
        );
    },
    assessment: (value) =>
        value.assessment && { at: value.assessment.at, words: `case.steps.needed.${value.assessment.needed}` },
    handover(value) {
        const state = value.escalation?.state ?? "none";
        const handover = handoverOf(value);
        return (
            state !== "none" && { at: handover?.offered_at ?? handover?.requested_at ?? null, words: `state.${state}` }
        );
    },
    report: (value) => handoverOf(value)?.reported_at && { at: handoverOf(value).reported_at },
    settings(value) {
        const proposals = Object.values(value.proposals ?? {});
        return proposals.length > 0 && { at: null, words: "case.steps.proposals", values: { count: proposals.length } };
    },
};

/** [{step, state: done|now|ahead, at, words, values}] */
export function leafletSteps(value) {
    const now = value.status === "closed" ? STEPS.length : STEPS.indexOf(value.status);
    return STEPS.map((step, index) => {
        const said = SAYS[step](value) || {};
        const done = index < now || (index !== now && Object.keys(said).length > 0);
        return {
            step,
            state: index === now ? "now" : done ? "done" : "ahead",
            at: said.at ?? null,
            words: said.words ?? null,
            values: said.values ?? {},
        };
    });
}

/** Proposals in the order in which they were made, each with its state. */
export function proposalsOf(value) {
    return Object.entries(value.proposals ?? {})
        .map(([id, proposal]) => ({
            id,
            ...proposal,
            state: proposal.applied ? proposal.applied.result : proposal.decided ? proposal.decided.decision : "open",
        }))
        .sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
}

/** What may be recorded of a proposal now. */
export function proposalActs({ state }) {
    return (
        { open: ["agreed", "refused"], agreed: ["applied", "failed"], failed: ["applied"], applied: ["rolled_back"] }[
            state
        ] ?? []
    );
}
