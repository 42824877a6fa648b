/* SPDX-License-Identifier: Apache-2.0 */
/* After a request: how far it is, what comes next, how to take it back. */
import { roles } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { openDialog } from "../../core/dialog.js";
import { h, icon, replace } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { fullTime, shortTime } from "../../core/times.js";
import { CANCELLABLE, entryOf, lastHandover } from "../../pure/handover.js";
import { LOOKS } from "../../pure/handover_looks.js";
import { answerWords, messageLine, textField } from "../given/fields.js";

const BEFORE_THE_GATE = { received: ["", "down"], approval: ["", "eye"] };
const ASKED_BY_PHONE = ["offered", "overdue"];
const AFTER_ACCEPTANCE = ["accepted", "released", "reported"];

/** askCancel({id, state, done(words)}): why it is cancelled, and what that does. */
export function askCancel({ id, state, done }) {
    const write = writer("POST", `/v1/cases/${id}/handover/cancellation`);
    const said = messageLine();
    let reason = "";
    const field = textField({ id: "cancel-reason", words: t("sent.cancel.reason"), required: true, max: 4000,
        value: () => reason, put: (text) => { reason = text; }, long: true });

    async function cancel() {
        if (!reason.trim()) {
            said.say(t("consent.left", { what: t("given.reason") }), "warn");
            return false;
        }
        const answer = await write({ reason: reason.trim() });
        if (answer.kind === "ok" || answer.kind === "late") {
            done(t(answer.kind === "ok" ? "sent.cancelled" : "write.late"));
            return true;
        }
        said.say(answerWords(answer, { "/reason": t("given.reason") }), "warn");
        return false;
    }

    openDialog({ title: t("sent.cancel"),
        content: [h("p", {}, t(AFTER_ACCEPTANCE.includes(state) ? "sent.cancel.after" : "sent.cancel.before")),
        field.element, said.element],
        actions: [{ words: t("sent.cancel.act"), main: true, act: cancel }, { words: t("cancel") }] });
    field.focus();
}

/** received · approval · or the state of the escalation service */
function stateOf(value, stage) {
    const last = lastHandover(value);
    if (stage === "approval")
        return "approval";
    return last && last.id !== value.escalation.handover ? "received" : value.escalation.state;
}

function stepsOf(value) {
    const last = lastHandover(value);
    const entry = entryOf(value, last?.id);
    const steps = [{ step: "requested", at: last?.requested_at, by: nameOf(last?.requested_by.id) },
        ...(last?.approved ? [{ step: "approved", at: last.approved.at, by: nameOf(last.approved.by?.id) }] : []),
        ...(entry?.steps ?? [])];
    return steps.filter(({ at }) => at);
}

function stepLine({ step, at, by }) {
    const words = t(`sent.step.${step}`);
    return h("li", {}, h("span", { class: "number" }, shortTime(at)),
        h("span", {}, words === `sent.step.${step}` ? t("sent.step.other", { step }) : words),
        by ? h("span", { class: "secondary outside" }, by) : null);
}

export function sentView({ id, desk, changed, refresh, back, stageNow }) {
    const element = h("div", { class: "sent-view" });
    const said = messageLine();
    let state = "received";
    let shown = null;
    let nextValues = {};

    const values = (value) => ({ provider: pick(desk().provider.name), by: nameOf(lastHandover(value)?.requested_by.id) ?? "",
        time: fullTime(entryOf(value, value.escalation.handover)?.reply_by, language.get()) });

    function acts(value) {
        const cancel = roles("operator", "supervisor") && (CANCELLABLE.includes(state) || state === "received" ||
            state === "approval");
        const more = roles("operator", "supervisor") && AFTER_ACCEPTANCE.slice(1).includes(state);
        return h("div", { class: "row" }, more ? h("a", { class: "button", href: `/cases/${id}/handover?more=1` },
            t("sent.more")) : null,
            cancel ? h("button",
                { type: "button", class: "button bad",
                on: { click: () => askCancel({ id, state: value.escalation.state, done: cancelled }) } },
                t("sent.cancel")) : null,
            h("button", { type: "button", class: "link", on: { click: back } }, t("handover.to_case"), " ",
                h("kbd", {}, "Esc")));
    }

    function cancelled(words) {
        said.say(words);
        refresh();
    }

    function show({ value }) {
        state = stateOf(value, stageNow());
        const text = JSON.stringify([state, value.handovers, value.escalation.handovers]);
        if (text === shown)
            return changed();
        shown = text;
        nextValues = values(value);
        const entry = entryOf(value, lastHandover(value)?.id);
        replace(element, h("div", { class: "check-head" },
            h("p", { class: "check-title" }, icon((BEFORE_THE_GATE[state] ?? LOOKS[state])[1]), " ", t(`sent.title.${state}`)),
            h("p", { class: "secondary outside" }, value.hearing.contact.company, " → ", pick(desk().provider.name))),
        h("div", { class: "sent-body card" }, h("p", { class: "sent-next" }, t(`sent.next.${state}`, nextValues)),
            ASKED_BY_PHONE.includes(state) && desk().provider.phone
                ? h("p", {}, t("handover.phone"), " ", h("b", { class: "number outside" }, desk().provider.phone)) : null,
            entry?.failure ? h("p", { class: "bad" }, icon("warning"), " ", t("sent.failure")) : null,
            h("h2", {}, t("sent.steps")), h("ol", { class: "sent-steps" }, stepsOf(value).map(stepLine)), acts(value),
                said.element));
        changed();
    }

    const step = () => ({ key: `sent.next.${state}`, values: nextValues, trouble: state === "overdue",
        act: { kind: "go", address: `/cases/${id}`, words: "handover.to_case" } });
    return { element, show, step, main: () => undefined, focus: () => element.querySelector("a, button")?.focus() };
}
