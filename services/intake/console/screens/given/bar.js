/* SPDX-License-Identifier: Apache-2.0 */
/* What consent and intention columns share: the bar with the one act, the contact's name on a key, what an answer
 * says. */
import { h, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { answerWords, contactName, messageLine } from "./fields.js";

/** The bar under a column: its one act, greyed until nothing is left; the way back; what is left; what came of it. */
export function actBar({ id, act, back }) {
    const said = messageLine();
    const button = h("button", { type: "button", class: "button main", id: `${id}-record`,
        "aria-describedby": `${id}-left`, on: { click: act } });
    const left = h("span", { class: "secondary", id: `${id}-left`, role: "status" });
    const element = h("div", { class: "given-acts" }, said.element, button,
        h("button", { type: "button", class: "link", on: { click: back } }, t("consent.back"), " ",
            h("kbd", {}, "Esc")), left);

    /* missing: words of what is left; remark: what to know where nothing is */
    function show({ words, missing, busy, remark = "" }) {
        replace(button, words, h("kbd", {}, "Ctrl+Enter"));
        if (missing.length || busy)
            button.setAttribute("aria-disabled", "true");
        else
            button.removeAttribute("aria-disabled");
        setText(left, missing.length ? t("consent.left", { what: missing.join(t("given.and")) }) : remark);
    }
    return { element, show, say: said.say, focus: () => button.focus() };
}

/** Says beside the name's field that a key takes the contact's name; it is never filled in by itself. */
export function showContact(field, value) {
    const contact = contactName(value);
    replace(field.message, contact ? t("given.take", { name: contact }) : t("given.no_contact"));
}

export function takeContact(field, value) {
    const contact = contactName(value);
    if (contact)
        field.set(contact);
}

/** {good, words}: of a write's answer; `labels`: {pointer: word}; `done`: the word where it is acknowledged */
export function outcomeOf(answer, done, labels) {
    if (answer.kind === "ok")
        return { good: true, words: t(done) };
    if (answer.kind === "late")
        return { good: true, words: t("write.late") };
    return { good: false,
        words: answerWords(answer, Object.fromEntries(Object.entries(labels).map(([at, key]) => [at, t(key)]))) };
}
