/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided during a call, each in a dialog that somebody asked for: policy, assessment, a step that cannot be done, a conflict. */
import { tables } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { closeDialogs, openDialog } from "../../core/dialog.js";
import { h, icon, setText } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { valueText } from "../../core/values.js";
import { writeText } from "../../core/writes.js";
import { playbookOf } from "../../pure/playbook.js";
import { keepTheirs, theirsHeading } from "./differs.js";

/* A dialog with a form whose one write goes to `path`; bodyOf() → body, or the word of what is missing. */
function ask({ title, path, content, bodyOf, label, focus }) {
    const write = writer("POST", path);
    const message = h("p", { class: "message bad", role: "alert" });
    let busy = false;

    async function record() {
        const body = bodyOf();
        if (typeof body === "string") {
            setText(message, t(body));
            return false;
        }
        if (busy)
            return false;
        busy = true;
        const answer = await write(body);
        busy = false;
        setText(message, writeText(answer));
        return answer.kind === "ok" || answer.kind === "late";
    }

    const dialog = openDialog({ title, content: [content, message], actions: [{ words: label, main: true, act: record }, { words: t("cancel") }] });
    dialog.element.addEventListener("keydown", async (event) => {
        if (event.ctrlKey && event.key === "Enter" && !event.isComposing && event.keyCode !== 229) {
            event.preventDefault();
            if (await record())
                dialog.close();
        }
    });
    focus.focus();
    return true;
}

/** `left`: what should have been asked before; `lead(pointer)` goes to the first of it. */
export function askPolicy(value, left, lead) {
    const first = playbookOf(tables.playbooks, value.hearing, value) ?? tables.playbooks.at(-1);
    const select = h("select", { id: "policy-playbook" }, tables.playbooks.map(({ playbook, title }) => h("option", { value: playbook, selected: playbook === first.playbook }, pick(title))));
    const text = h("textarea", { id: "policy-text", rows: 4, maxlength: 4000, required: true });
    return ask({ title: t("policy.title"), path: `/v1/cases/${value.id}/policy`, label: t("policy.record"), focus: text,
        content: h("div", { class: "stack" }, left.length ? h("p", { class: "row warn" }, icon("warning"), t("policy.left", { count: left.length }),
            h("button", { type: "button", class: "link", on: { click: () => { closeDialogs(); lead(left[0]); } } }, t("policy.go"))) : null,
            h("p", { class: "secondary" }, t("policy.note")),
            h("div", {}, h("label", { for: select.id }, t("policy.playbook")), select), h("div", {}, h("label", { for: text.id }, t("policy.text")), text)),
        bodyOf: () => (text.value.trim() ? { text: text.value.trim(), playbook: select.value } : "policy.text_missing") });
}

const radio = (name, value, words, checked) => h("label", { class: "choice" }, h("input", { type: "radio", name, value, checked }), words);

export function askAssessment(value) {
    const needed = h("div", { class: "row", role: "radiogroup", "aria-label": t("assessment.needed") }, radio("needed", "yes", t("assessment.yes")), radio("needed", "no", t("assessment.no")));
    const introduced = h("input", { type: "checkbox", id: "assessment-introduced" });
    const reason = h("textarea", { id: "assessment-reason", rows: 3, maxlength: 4000 });
    const provider = pick(tables.desk.provider.name);
    return ask({ title: t("assessment.title"), path: `/v1/cases/${value.id}/assessment`, label: t("assessment.record"), focus: needed.querySelector("input"),
        content: h("div", { class: "stack" }, h("p", { class: "label" }, t("assessment.needed")), needed,
            h("div", {}, h("label", { for: reason.id }, t("assessment.reason")), reason),
            h("label", { class: "choice", for: introduced.id }, introduced, t("assessment.introduced", { provider }))),
        bodyOf() {
            const picked = needed.querySelector("input:checked")?.value;
            const why = reason.value.trim();
            return picked ? { needed: picked, introduced: introduced.checked, ...(why ? { reason: why } : {}) } : "assessment.needed_missing";
        } });
}

/** Why a step is not done: recorded as a waiver. */
export function askCannot(value, step) {
    const reason = h("textarea", { id: "waiver-reason", rows: 3, maxlength: 4000, required: true });
    return ask({ title: t("step.cannot_title", { step: pick(step.title) }), path: `/v1/cases/${value.id}/actions`, label: t("step.cannot_record"), focus: reason,
        content: h("div", {}, h("label", { for: reason.id }, t("step.reason")), reason),
        bodyOf: () => (reason.value.trim() ? { kind: "waiver", waiver: { of: step.mandatory ? "mandatory" : "step", step: step.step, reason: reason.value.trim() } } : "step.reason_missing") });
}

/* --- the same item, two values -------------------------------------------------------------------------------------------------------- */

/** Both side by side; 1 keeps mine, 2 theirs, Esc decides later. */
export function askConflict(record, fieldOf) {
    const conflict = record.conflicts()[0];
    if (!conflict)
        return false;
    const { pointer } = conflict;
    const field = fieldOf(pointer);
    const name = field ? (language.get() === "en" ? field.en : field.ja) : pointer;
    const words = (value) => (value === undefined || value === null ? t("differs.empty") : valueText(field, value, record.value(`${pointer}_precision`)));
    const cell = (value) => h("td", {}, h("b", { class: "outside" }, words(value)));
    openDialog({ title: t("differs.title", { name }), content: [h("table", { class: "compare" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("differs.mine")), h("th", { scope: "col" }, theirsHeading(conflict)))),
        h("tbody", {}, h("tr", {}, cell(record.value(pointer)), cell(conflict.theirs)))), h("p", { class: "secondary" }, t("differs.note"))],
        actions: [{ words: t("differs.keep_mine"), key: "1", main: true, act: () => record.choose(pointer, "mine") },
            { words: keepTheirs(conflict), key: "2", act: () => record.choose(pointer, "theirs") }, { words: t("differs.later") }] }).element.querySelector("button").focus();
    return true;
}
