/* SPDX-License-Identifier: Apache-2.0 */
/* Which playbook is followed, and how its steps stand: what the chain allows, as the desk's own rule has it. */

/** The policy's playbook; before a policy that of the kind of incident; null where neither is known. */
export function playbookOf(playbooks, hearing, value) {
    const name = value?.policy?.playbook ?? hearing?.incident?.type;
    return playbooks?.find(({ playbook }) => playbook === name) ?? null;
}

/** The one that the policy names; null before a policy. */
export const playbookInForce = (playbooks, value) => playbookOf(playbooks, null, value);

const isSettled = (value, name) => Boolean(value?.steps_done?.[name] ?? value?.waivers?.steps?.[name] ?? value?.waivers?.mandatory?.[name]);

/* What destroys traces waits for the policy and for everything mandatory that preserves. */
function isLocked(step, playbook, value) {
    if (step.kind_of_step !== "clean")
        return false;
    const preserved = playbook.steps.filter((one) => one.mandatory && one.kind_of_step === "preserve")
        .every((one) => isSettled(value, `${playbook.playbook}/${one.step}`));
    return value?.policy?.playbook !== playbook.playbook || !preserved;
}

/**
 * [{…step, key, state: done|waived|locked|open, at, who, done, waived}] in the playbook's order; done and waived are what was
 * recorded, or null.
 */
export function stepsOf(playbook, value) {
    return playbook.steps.map((step) => {
        const key = `${playbook.playbook}/${step.step}`;
        const done = value?.steps_done?.[key] ?? null;
        const waived = value?.waivers?.steps?.[key] ?? value?.waivers?.mandatory?.[key] ?? null;
        const state = done ? "done" : waived ? "waived" : isLocked(step, playbook, value) ? "locked" : "open";
        return { ...step, key, state, at: done?.at ?? waived?.at ?? null, who: done?.who ?? done?.by ?? (waived ? "waived" : null), done, waived };
    });
}

/** What else was done: of another playbook, or of none. */
export function otherSteps(playbook, value) {
    const own = new Set((playbook?.steps ?? []).map(({ step }) => `${playbook.playbook}/${step}`));
    return Object.entries(value?.steps_done ?? {}).filter(([key]) => !own.has(key))
        .map(([key, done]) => ({ key, step: key.replace(/^\//, ""), state: "done", done, waived: null }));
}

const FIRST = [(step) => step.mandatory && step.kind_of_step === "contain", (step) => step.mandatory, () => true];

/**
 * The step that is to be said now: what is mandatory and contains first, then what else is mandatory, then the rest; what was put off
 * (["playbook/step"]) comes last. null where nothing is open.
 */
export function currentStep(playbook, value, putOff = []) {
    const open = stepsOf(playbook, value).filter(({ state }) => state === "open");
    const ready = open.filter(({ step }) => !putOff.includes(`${playbook.playbook}/${step}`));
    for (const steps of [ready, open])
        for (const fits of FIRST) {
            const found = steps.find(fits);
            if (found)
                return found;
        }
    return null;
}
