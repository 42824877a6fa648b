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

/**
 * The contact's name beside a field for a name: said with its key, never filled in by itself. A press before the case is
 * read counts as soon as it is, unless a name was typed meanwhile.
 */
export function contactOffer() {
    let known = null;
    let asked = false;

    function take(field) {
        const contact = contactName(known);
        asked = !known;
        if (contact)
            field.set(contact);
    }

    /* value: the case, or null while it is not known */
    function show(field, value) {
        const contact = contactName(value);
        known = value;
        replace(field.message, contact ? t("given.take", { name: contact }) : value ? t("given.no_contact") : "");
        if (!value || !asked)
            return;
        asked = false;
        if (field.isEmpty())
            take(field);
    }
    return { show, take };
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
