/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-overs state by state, the rows of the gate, why one is held; taking one back. The second person approves in
 * the check, with what would leave before their eyes.
 */
import { me, tables } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { h, icon } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { LOOKS } from "../../pure/handover_looks.js";
import { fieldAt } from "../../pure/sheet.js";
import { formSlot } from "./form.js";
import { block, button, card, chip, facts, heading, outside, shortAt, sizeText,
    table, whoOf, wordOr } from "./parts.js";
import { providerName } from "./values.js";

const ROAD = ["requested", "preparing", "offered", "accepted", "released", "reported"];
const OPEN = ["held", "preparing", "offered", "overdue", "accepted"];
const FREE = ["none", "declined", "cancelled", "deleted"];

const chipOf = (state) => chip(...LOOKS[state], t(`state.${state}`));

/* escalation's entries with what the chain says of each; the newest first. */
function entriesOf(value) {
    const told = value.escalation?.handovers ?? [];
    return [...value.handovers]
        .reverse()
        .map((one) => ({ ...one, ...told.find(({ id }) => id === one.id), asked: one }));
}

function roadOf(entry) {
    const steps = Object.fromEntries((entry.steps ?? []).map((step) => [step.step, step]));
    steps.requested = { at: entry.requested_at };
    const others = (entry.steps ?? []).filter(({ step }) => !ROAD.includes(step));
    const item = (step, said, done) =>
        h("li", { class: done ? "done" : "ahead" },
            h("b", {}, icon(done ? "check" : "open"), t(`case.road.${step}`)),
            h("span", {}, said ? shortAt(said.at) : t("case.road.not_yet")),
            h("span", { class: "secondary" },
                step === "requested" ? whoOf(entry.asked.requested_by) : said ? t(`case.road.${step}.how`) : "",
            ),
        );
    return h("ol", { class: "road" },
        ROAD.map((step) => item(step, steps[step], Boolean(steps[step]))),
        others.map((said) => item(said.step, said, true)),
    );
}

const gateTable = (entry) =>
    ["acceptance", "offer"]
        .filter((when) => entry.gate?.[when])
        .slice(0, 1)
        .map((when) => {
            const gate = entry.gate[when];
            const unmet = gate.rows.filter(({ met }) => !met);
            const row = ({ met, clause, ...words }) =>
                h("tr", { class: met ? "" : "unmet" },
                    h("td", {},
                        h("span", { class: met ? "good" : "bad" },
                            icon(met ? "ok" : "stop"),
                            t(met ? "case.gate.met" : "case.gate.unmet"),
                        ),
                    ),
                    h("td", {}, pick(words)),
                    h("td", {}, clause),
                );
            return h("details", { class: "gate", id: `gate-${entry.id}` },
                h("summary", {},
                    t(`case.gate.${when}`),
                    " ",
                    shortAt(gate.at),
                    " ",
                    t(unmet.length ? "case.gate.some" : "case.gate.all", {
                        count: gate.rows.length,
                        unmet: unmet.length,
                    }),
                ),
                table(
                    t(`case.gate.${when}`),
                    [t("case.gate.result"), t("case.gate.row"), t("case.gate.clause")],
                    [...unmet, ...gate.rows.filter(({ met }) => met)].map(row),
                ),
            );
        });

/* Which item of the sheet is meant, where the reason names one. */
const itemOf = (value, pointer) => (pointer ? pick(fieldAt(tables.sheet, value.hearing, pointer)) : "");

const reasonItem = (value, reason) =>
    h("li", {},
        h("span", { class: "inline" },
            icon("stop"),
            h("b", {}, pick(reason) || reason.code),
            itemOf(value, reason.pointer),
            h("span", { class: "secondary" }, t("case.clause", { clause: reason.clause })),
        ),
        reason.cure ? h("span", {}, pick(reason.cure)) : null,
    );

const heldBox = (value) =>
    h("div", { class: "held" },
        h("p", {}, h("b", {}, t("case.held.nothing"))),
        h("ul", { class: "reasons" },
            value.escalation.reasons.map((reason) => reasonItem(value, reason)),
        ),
    );

const warningsOf = (warnings) =>
    warnings?.length
        ? h("ul", { class: "warnings" },
              warnings.map((warning) =>
                  h("li", { class: "warn" },
                      icon("warning"),
                      pick(warning),
                      h("span", { class: "secondary" }, t("case.clause", { clause: warning.clause })),
                  ),
              ),
          )
        : null;

const itemsOf = (entry) =>
    entry.items?.length
        ? h("ul", {},
              entry.items.map(({ name, upload, length, sha256 }) =>
                  h("li", {},
                      h("span", { class: "outside" }, name ?? t("case.file", { upload: upload.slice(0, 8) })),
                      ` ${sizeText(length)} `,
                      h("span", { class: "hash", title: sha256 }, sha256.slice(0, 12), "…"),
                  ),
              ),
          )
        : null;

function entryBox(ctx, value, entry) {
    const held = entry.id === value.escalation?.handover && value.escalation?.state === "held";
    const custody = (format) => `/v1/cases/${ctx.id}/custody?handover=${entry.id}${format}`;
    return h("div", { class: "box" },
        h("div", { class: "case-heading" },
            h("h3", {}, h("span", { class: "outside" }, providerName(entry.provider))),
            chipOf(entry.state ?? "held"),
            entry.supplement_of ? chip("", "file", t("case.supplement")) : null,
            h("div", { class: "case-aside" },
                icon("file"),
                h("a", { href: custody("&format=html"), target: "_blank", rel: "noopener" }, t("case.custody")),
                h("a", { href: custody("&format=json"), target: "_blank", rel: "noopener" }, "JSON"),
            ),
        ),
        roadOf(entry),
        held ? heldBox(value) : null,
        facts([
            [t("case.reply_by"), entry.reply_by ? shortAt(entry.reply_by) : null],
            ["TLP", entry.passed?.tlp],
            [
                t("case.purposes"),
                entry.passed?.purposes?.map((purpose) => wordOr(`purpose.${purpose}`, purpose)).join("、"),
            ],
            [t("case.items"), itemsOf(entry)],
            [
                t("case.approved"),
                entry.asked.approved ? [whoOf(entry.asked.approved.by), " ", shortAt(entry.asked.approved.at)] : null,
            ],
            [
                t("case.ended"),
                entry.asked.ended
                    ? [
                          t(`case.ended.${entry.asked.ended.how}`),
                          " ",
                          shortAt(entry.asked.ended.at),
                          " ",
                          whoOf(entry.asked.ended.by),
                      ]
                    : null,
            ],
            [
                t("case.declined"),
                entry.asked.declined?.reason ? outside(entry.asked.declined.reason, `declined-${entry.id}`) : null,
            ],
        ]),
        warningsOf(entry.passed?.warnings),
        gateTable(entry),
    );
}

const awaitsApproval = (value) =>
    value.escalation?.state === "held" && value.escalation.reasons.some(({ code }) => code === "not_approved");

const isOwn = (request) => request?.requested_by?.id === me.get()?.id;

function wayWords(value, last) {
    if (awaitsApproval(value) && !isOwn(last))
        return "case.to.approval";
    return value.escalation?.state === "held" ? "case.to.held" : "case.to.handover";
}

export function handoverSection(ctx) {
    const cancel = writer("POST", `/v1/cases/${ctx.id}/handover/cancellation`);
    const form = formSlot(ctx, "handover-cancel", () => ({
        title: t("case.cancel"),
        note: t("case.cancel.note"),
        bad: true,
        words: t("case.cancel.do"),
        write: cancel,
        fields: [{ name: "reason", label: t("case.reason"), kind: "area", required: true }],
    }));
    const entries = block(
        { class: "stack" },
        (value) => [value.handovers, value.escalation],
        (value) =>
            value.handovers.length
                ? entriesOf(value).map((entry) => entryBox(ctx, value, entry))
                : h("p", {}, chip("", "open", t("state.none")), " ", t("case.handover.nothing")),
    );
    const acts = block(
        { class: "row" },
        (value) => [value.escalation?.state, value.escalation?.reasons, value.status, ctx.chain.get().kind],
        build,
    );

    /* Where the chain is broken nothing is offered. */
    function build(value) {
        if (ctx.chain.get().kind === "broken")
            return h("p", { class: "bad" }, icon("stop"), t("case.handover.broken"));
        if (!ctx.maySay() || value.status === "closed")
            return [];
        const state = value.escalation?.state ?? "none";
        const last = value.handovers.at(-1);
        return [
            FREE.includes(state) || ["held", "released", "reported"].includes(state)
                ? h("a", { class: "button small", id: "to-handover", href: `/cases/${ctx.id}/handover` },
                      t(wayWords(value, last)),
                  )
                : null,
            awaitsApproval(value) && isOwn(last) ? h("span", { class: "secondary" }, t("case.approve.other")) : null,
            OPEN.includes(state) || (["released", "reported"].includes(state) && !last?.ended)
                ? button("cancel-handover", t("case.cancel"), () => form.begin(""), "button small bad")
                : null,
        ];
    }

    const element = card(
        "handover",
        heading("handover", null, acts.element),
        entries.element,
        form.element,
    );
    return {
        id: "handover",
        element,
        update: (value) => {
            entries.update(value);
            acts.update(value);
        },
        forms: [form],
    };
}
