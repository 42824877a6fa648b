/* SPDX-License-Identifier: Apache-2.0 */
/* Closing a case with its outcome, opening it again, and the cases that are one with it. */
import * as api from "../../core/api.js";
import { tables } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { h, icon } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { openSteps } from "../../pure/next.js";
import { formSlot } from "./form.js";
import { block, button, card, chip, facts, heading, outside, shortAt, whoOf } from "./parts.js";

const OUTCOMES = ["resolved", "handed_over", "duplicate", "no_incident", "withdrawn"];

const caseLink = ({ id, number, status }) => [
    h("a", { href: `/cases/${id}`, class: "number" }, number),
    " ",
    h("span", { class: "secondary" }, t(`status.${status}`)),
];

const stepTitle = ({ playbook, step }) =>
    pick(tables.playbooks?.find((one) => one.playbook === playbook)?.steps.find((one) => one.step === step)?.title) ||
    step;

const closedFacts = (value) =>
    facts([
        [
            t("case.closed"),
            value.closed
                ? [
                      chip("", "check", t(`case.outcome.${value.closed.outcome}`)),
                      " ",
                      shortAt(value.closed.at),
                      " ",
                      whoOf(value.closed.by),
                  ]
                : null,
        ],
        [t("case.reason"), value.closed?.reason ? outside(value.closed.reason, "closed-why") : null],
        [t("case.duplicate_of"), value.duplicate_of ? caseLink(value.duplicate_of) : null],
        [t("case.original"), value.original ? caseLink(value.original) : null],
        [
            t("case.duplicates"),
            value.duplicates?.length
                ? h("ul", {},
                      value.duplicates.map((one) => h("li", {}, caseLink(one), " ", shortAt(one.closed_at))),
                  )
                : null,
        ],
    ]);

const openOf = (value) =>
    value.closed ? [] : openSteps({ case: value, hearing: value.hearing, playbooks: tables.playbooks });

function stillOpen(value) {
    const open = value.policy ? openOf(value) : [];
    return open.length
        ? h("div", { class: "secondary" },
              h("p", { class: "warn inline" }, icon("warning"), t("case.close.mandatory", { count: open.length })),
              h("ul", { class: "open-steps" },
                  open.map((step) => h("li", {}, stepTitle(step))),
              ),
          )
        : null;
}

/* The other case is named by its number, as it is told on the telephone. */
async function idOf(number, own) {
    const answer = await api.get(`/v1/cases?q=${encodeURIComponent(number)}&limit=2`);
    if (answer.kind !== "ok")
        return { answer };
    const found = answer.body.cases.filter(({ id }) => id !== own);
    return found.length === 1
        ? { id: found[0].id }
        : { answer: { kind: "invalid", problem: { errors: [{ pointer: "/of" }] } } };
}

/* Whoever closes a case after its key was released must know what that asks of the provider. */
const RELEASED = ["accepted", "released", "reported"];
const recalls = ({ escalation }) =>
    RELEASED.includes(escalation?.state)
        ? h("p", { class: "warn inline" }, icon("warning"), t("case.close.recalls"))
        : null;

function closeForm(ctx) {
    const write = writer("POST", `/v1/cases/${ctx.id}/close`);
    const wrongOf = { kind: "invalid", problem: { errors: [{ pointer: "/of" }] } };

    async function close({ of, ...body }) {
        if (body.outcome !== "duplicate")
            return write(body);
        if (!of)
            return wrongOf;
        const other = await idOf(of, ctx.id);
        return other.answer ?? write({ ...body, of: other.id });
    }

    return formSlot(ctx, "closing-close", () => ({
        title: t("case.close"),
        note: [h("p", {}, t("case.close.note")), recalls(ctx.value()), stillOpen(ctx.value())],
        bad: true,
        words: t("case.close.do"),
        write: close,
        fields: [
            {
                name: "outcome",
                label: t("case.outcome"),
                kind: "choice",
                required: true,
                options: OUTCOMES.map((outcome) => [outcome, t(`case.outcome.${outcome}`)]),
            },
            { name: "reason", label: t("case.reason"), kind: "area" },
            { name: "of", label: t("case.close.of"), kind: "text", max: 20 },
        ],
    }));
}

export function closingSection(ctx) {
    const close = closeForm(ctx);
    const reopen = formSlot(ctx, "closing-reopen", () => ({
        title: t("case.reopen"),
        words: t("case.reopen"),
        write: writer("POST", `/v1/cases/${ctx.id}/reopen`),
        fields: [{ name: "reason", label: t("case.reason"), kind: "area", required: true }],
    }));
    const said = block(
        {},
        (value) => [value.closed, value.duplicate_of, value.original, value.duplicates, openOf(value)],
        (value) => [
            closedFacts(value),
            value.closed ? null : h("p", { class: "secondary" }, t("case.open")),
            value.closed ? null : stillOpen(value),
        ],
    );
    const acts = block(
        { class: "row" },
        (value) => [value.status === "closed", ctx.maySay()],
        (value) =>
            !ctx.maySay()
                ? []
                : value.status === "closed"
                  ? button("reopen", t("case.reopen"), () => reopen.begin(""))
                  : button("close", t("case.close"), () => close.begin(""), "button small bad"),
    );
    const element = card(
        "closing",
        heading("closing", null, acts.element),
        said.element,
        close.element,
        reopen.element,
    );
    return {
        id: "closing",
        begin: () => close.begin(""),
        element,
        update: (value) => {
            said.update(value);
            acts.update(value);
        },
        forms: [close, reopen],
    };
}
