/* SPDX-License-Identifier: Apache-2.0 */
/* The line 次の一手 of a case, and what its button does here. */
import { connection, me, tables } from "../../core/app.js";
import { now } from "../../core/api.js";
import { pick } from "../../core/language.js";
import { go } from "../../core/router.js";
import { nextStep } from "../../pure/next.js";

const textOf = (value) => (value !== null && typeof value === "object" ? pick(value) : value);

/* The values of a sentence in the language that is shown. */
const spoken = (step) => ({
    ...step,
    values: Object.fromEntries(Object.entries(step.values).map(([name, value]) => [name, textOf(value)])),
});

const chainOf = ({ kind, event }) => (kind === "broken" ? { ok: false, time: event?.time ?? null } : { ok: true });

/** What is next; while there is no case yet, why. */
export function stepOf(ctx) {
    const step = nextStep({
        screen: "case",
        me: me.get(),
        connection: connection.get(),
        draft: null,
        case: ctx.value(),
        sheet: tables.sheet,
        playbooks: tables.playbooks,
        desk: tables.desk,
        now: now(),
        chain: chainOf(ctx.chain.get()),
    });
    if (ctx.value() || step.trouble)
        return spoken(step);
    return { key: ctx.watch.state.get().kind === "missing" ? "missing.text" : "loading", values: {}, act: null };
}

/** What an address names after its #: the act that is next, where it is of that kind, with what it is about. */
export const actNamed = (kind, next) => (next?.kind === kind ? next : { kind });

/** performer(ctx, goTo, section) → perform(act): goTo(id) shows a section, section(id) is it. */
export function performer(ctx, goTo, section) {
    const acts = {
        chain: () => goTo("timeline"),
        customer: () => go(`/cases/${ctx.id}/call`),
        detections: () => (goTo("detections"), section("detections").openAll()),
        step: ({ playbook, step }) => (goTo("actions"), section("actions").begin("step", `${playbook}/${step}`)),
        policy: () => section("actions").begin("policy", ""),
        assessment: () => section("actions").begin("assessment", ""),
        callback: () =>
            (goTo("actions"),
            document.getElementById("act-called") ?? document.getElementById("act-callback"))?.focus(),
        approve: () => go(`/cases/${ctx.id}/handover`),
        note: () => ctx.note(),
        proposal: ({ id }) => section("report").open(id),
        close: () => section("closing").begin(),
    };
    return (act) => (Object.hasOwn(acts, act.kind) ? acts[act.kind](act) : undefined);
}
