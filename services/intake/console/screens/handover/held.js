/* SPDX-License-Identifier: Apache-2.0 */
/* Why nothing can be handed over yet, and what cures it. There is no button here that would send anything. */
import { roles } from "../../core/app.js";
import { h, icon, replace, setText } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { go } from "../../core/router.js";
import { clockTime, shortTime } from "../../core/times.js";
import { clausesOf, find, idOf } from "../../pure/clauses.js";
import { currentDocument, documentOf, inForce } from "../../pure/consent.js";
import { cureOf, fieldOf, lastHandover, metRows, unmetCards } from "../../pure/handover.js";
import { badgeOf } from "../../pure/keys.js";

const SAID = ["consent_missing", "intention_missing", "hearing_missing"];

/* What is asked of the customer in these words; of several items the first. */
function sayWords(card, context) {
    if (!SAID.includes(card.code))
        return null;
    const item = card.pointers.length ? itemName(card.pointers[0], context.sheet) : "";
    return h("p", { class: "say say-words" },
        t(`held.say.${card.code}`, { provider: pick(context.desk.provider.name), item }));
}

function itemName(pointer, sheet) {
    const field = fieldOf(sheet, pointer);
    const entry = pointer.match(/\/(\d+)\//);
    return field ? pick(field) + (entry ? ` ${Number(entry[1]) + 1}` : "") : pointer;
}

function cureButton(card, context, first) {
    const cure = cureOf(card);
    if (!cure)
        return null;
    const badge = badgeOf(cure.key, "handover");
    return h("a", { class: first ? "button main" : "button", href: `/cases/${context.id}${cure.path}` }, t(cure.words),
        badge ? h("kbd", {}, badge) : null);
}

function clauseQuote(card, context) {
    const clause = find(context.clauses, card.clause);
    return h("p", { class: "quote" }, h("b", {}, t("held.clause", { clause: idOf(card.clause) })), "　",
        clause ? h("span", { class: "outside", lang: "ja" }, `「${clause.text}」`) : null);
}

function itemList(card, context) {
    if (card.pointers.length === 0)
        return null;
    return h("ul", { class: "held-items", "aria-label": t("held.items") }, card.pointers.map((pointer) =>
        h("li", {}, h("a", { href: `/cases/${context.id}/call#${pointer}` }, itemName(pointer, context.sheet)))));
}

const unmetCard = (card, context, index) => h("section", { class: "card held-card", "data-code": card.code },
    h("div", { class: "held-mark bad" }, icon("stop")),
    h("div", { class: "held-text" },
        h("div", { class: "held-head" }, h("div", {}, h("h2", {}, pick(card)), h("p", {}, pick(card.cure))),
            cureButton(card, context, index === 0)),
        sayWords(card, context), itemList(card, context), clauseQuote(card, context)));

const allMetCard = (open) => h("section", { class: "card held-card" },
    h("div", { class: "held-mark good" }, icon("ok")),
    h("div", { class: "held-text" }, h("p", {}, t("handover.step.open")),
        h("div", {}, h("button", { type: "button", class: "button main", on: { click: open } },
            t("handover.go.open")))));

const metCard = (reasons) => h("section", { class: "card" },
    h("h2", {}, t("held.met", { count: metRows(reasons).length })),
    h("ul", { class: "held-met" }, metRows(reasons).map(({ code, clause }) =>
        h("li", {}, h("span", { class: "good" }, icon("ok")), h("span", {}, t(`held.row.${code}`)),
            h("span", { class: "secondary" }, idOf(clause))))));

const warningCard = (warnings) => h("section", { class: "card" }, h("h2", {}, t("held.warnings")),
    warnings.length ? h("ul", { class: "gate-warnings" },
        warnings.map((warning) => h("li", {}, icon("warning"), " ",
        t("held.warning", { words: pick(warning), clause: idOf(warning.clause) }))))
        : h("p", { class: "secondary" }, t("handover.warnings_none")));

/* What was asked for before, if anything; that nothing has left is said only where it is so. */
function requestWords(value) {
    const request = lastHandover(value);
    const { state } = value.escalation;
    if (!request)
        return [t("held.request_none"), t("held.request_next")];
    if (state === "held")
        return [t("held.request_made", { time: shortTime(request.requested_at) }), t("held.request_goes")];
    return [t("sent.before", { state: t(`state.${state}`) }), t("held.request_next")];
}

function requestCard(value, cancel) {
    const [words, more] = requestWords(value);
    return h("section", { class: "card" }, h("h2", {}, t("held.request")), h("p", {}, words),
        h("p", { class: "secondary" }, more), value.escalation.state === "held" && roles("operator", "supervisor")
            ? h("button", { type: "button", class: "button small", on: { click: cancel } }, t("sent.cancel")) : null);
}

/** open(): to the check, once all is met; cancel(): of a request that is held */
export function heldView({ id, sheet, desk, open, cancel, changed }) {
    const title = h("p", { class: "check-title" });
    const checked = h("p", { class: "secondary" });
    const unmet = h("div", { class: "stack" });
    const side = h("div", { class: "stack" });
    const element = h("div", { class: "held-view" }, h("div", { class: "check-head" }, title, checked),
        h("div", { class: "held-columns" }, unmet, side));
    let cards = [];
    let shown = null;

    function show({ value, at }) {
        const { reasons, warnings } = value.escalation;
        setText(checked, t("held.checked", { time: clockTime(at) }));
        const said = JSON.stringify([reasons, warnings, value.escalation.state, value.hearing.contact]);
        if (said !== shown)
            build(value);
        shown = said;
        changed();
    }

    function build(value) {
        const { reasons, warnings } = value.escalation;
        const document = documentOf(desk(), inForce(value.consents).at(-1)) ?? currentDocument(desk());
        const context = { id, sheet, desk: desk(), clauses: clausesOf(document.text) };
        cards = unmetCards(reasons.filter(({ code }) => code !== "not_requested"));
        replace(title, cards.length ? [h("span", { class: "chip bad" }, icon("stop"), t("flag.held")), " ",
            t("held.title", { count: cards.length })]
            : [h("span", { class: "good" }, icon("ok")), " ", t("held.all")]);
        replace(unmet, cards.length ? cards.map((card, index) => unmetCard(card, context, index)) : allMetCard(open));
        const request = requestCard(value, cancel);
        replace(side, lastHandover(value) ? request : null, metCard(reasons), warningCard(warnings),
            lastHandover(value) ? null : request);
    }

    function step() {
        if (cards.length === 0)
            return { key: "handover.step.open", act: { kind: "handover_open", words: "handover.go.open" } };
        const cure = cureOf(cards[0]);
        return { key: "held.step", values: { cure: pick(cards[0].cure) },
            act: cure ? { kind: "go", address: `/cases/${id}${cure.path}`, words: cure.words } : null };
    }

    function main() {
        const cure = cards.length ? cureOf(cards[0]) : null;
        return cure ? go(`/cases/${id}${cure.path}`) : undefined;
    }

    return { element, show, step, main, focus: () => element.querySelector(".held-card a, .held-card button")?.focus() };
}
