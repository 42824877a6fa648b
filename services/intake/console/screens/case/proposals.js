/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of settings that the report calls for: before and after, the customer's answer, and how it went. */
import { writer } from "../../core/case.js";
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { proposalActs, proposalsOf } from "../../pure/case_steps.js";
import { saidFields } from "./fields.js";
import { formSlot } from "./form.js";
import { block, button, card, chip, heading, outside, shortAt, whoOf } from "./parts.js";
import { reportsPart } from "./report.js";

const TONE = {
    open: ["warn", "open"],
    agreed: ["good", "check"],
    refused: ["", "cross"],
    applied: ["good", "ok"],
    failed: ["bad", "warning"],
    rolled_back: ["", "back"],
};
const HEADS = ["setting", "before", "after", "reason", "answer"];

function answered({ decided, applied, state, id }) {
    return [
        h("p", {}, chip(...TONE[state], t(`case.proposal.${state}`))),
        decided
            ? h("p", { class: "secondary" },
                  shortAt(decided.given_at),
                  " ",
                  outside(decided.given_by, `decided-${id}`),
                  "・",
                  t(`channel.${decided.channel}`),
                  "・",
                  whoOf(decided.actor),
              )
            : null,
        applied
            ? h("p", { class: "secondary" },
                  shortAt(applied.at),
                  " ",
                  whoOf(applied.actor),
                  applied.note ? ["・", outside(applied.note, `note-${id}`)] : null,
              )
            : null,
    ];
}

const afterCell = ({ proposed, decided, id }) => [
    h("div", { class: "after" }, outside(decided?.after ?? pick(proposed.after), `after-${id}`)),
    decided?.after
        ? h("p", { class: "secondary" },
              t("case.proposal.edited"),
              h("s", {}, outside(pick(proposed.after), `proposed-${id}`)),
          )
        : null,
];

const actButtons = (proposal, begin) =>
    h("div", { class: "row acts" },
        proposalActs(proposal).map((act) =>
            button(`${act}-${proposal.id}`, t(`case.proposal.do.${act}`), () => begin(proposal, act)),
        ),
    );

function cellsOf(proposal, begin, may) {
    const { proposed, id } = proposal;
    return [
        h("th", { scope: "row" }, pick(proposed.setting), h("div", {}, outside(proposed.target, `target-${id}`))),
        h("td", {}, h("div", { class: "before" }, outside(pick(proposed.before), `before-${id}`))),
        h("td", {}, afterCell(proposal)),
        h("td", {},
            outside(pick(proposed.reason), `reason-${id}`),
            proposed.said ? h("p", { class: "secondary" }, outside(proposed.said, `said-${id}`)) : null,
        ),
        h("td", {}, answered(proposal), may ? actButtons(proposal, begin) : null),
    ];
}

/* A proposal is a body of its table: what it says, and beneath it the form that somebody opened. */
function proposalBody(ctx, id) {
    const write = (path) => writer("POST", `/v1/cases/${ctx.id}/proposals/${encodeURIComponent(id)}/${path}`);
    const decide = write("decision");
    const apply = write("applied");
    const proposalNow = () => proposalsOf(ctx.value()).find((one) => one.id === id);
    const forms = {
        decided: (act, proposed) => ({
            write: ({ after, ...said }) =>
                decide({ decision: act, ...said, ...(after && after !== pick(proposed.after) ? { after } : {}) }),
            fields: [
                ...saidFields(),
                ...(act === "agreed"
                    ? [
                          {
                              name: "after",
                              label: t("case.proposal.after_edit"),
                              kind: "area",
                              value: pick(proposed.after),
                          },
                      ]
                    : []),
            ],
        }),
        applied: (act) => ({
            write: ({ note }) => apply({ result: act, ...(note ? { note } : {}) }),
            fields: [{ name: "note", label: t("case.proposal.note"), kind: "area", required: act !== "applied" }],
        }),
    };
    const slot = formSlot(ctx, `report-${id}`, (act) => {
        const proposal = proposalNow();
        if (!proposal || !proposalActs(proposal).includes(act))
            return null;
        const made = forms[["agreed", "refused"].includes(act) ? "decided" : "applied"](act, proposal.proposed);
        return {
            ...made,
            title: `${t(`case.proposal.do.${act}`)}：${proposal.proposed.target}`,
            words: t("case.record"),
            bad: act === "failed",
        };
    });
    const row = block(
        {},
        (proposal) => [proposal, ctx.maySay(), ctx.value().status],
        (proposal) => cellsOf(proposal, (_, act) => slot.begin(act), ctx.maySay() && ctx.value().status !== "closed"),
        "tr",
    );
    const element = h("tbody", { "data-id": id },
        row.element,
        h("tr", { class: "form-row" }, h("td", { colspan: HEADS.length }, slot.element)),
    );
    return { element, slot, update: row.update };
}

export function reportSection(ctx) {
    const reports = reportsPart(ctx);
    const counts = block(
        { class: "secondary" },
        proposalsOf,
        (value) => {
            const list = proposalsOf(value);
            return t("case.proposals.counts", {
                count: list.length,
                open: list.filter(({ state }) => state === "open").length,
            });
        },
        "span",
    );
    const place = h("table", { class: "proposals", "aria-label": t("case.proposals") },
        h("thead", {},
            h("tr", {},
                HEADS.map((head) => h("th", { scope: "col" }, t(`case.proposal.${head}`))),
            ),
        ),
    );
    const box = h("div", { class: "table-box" }, place);
    const none = h("p", { class: "secondary" }, t("case.proposals.none"));
    const bodies = new Map();
    const forms = [];

    /* Proposals are only ever added. */
    function bodyOf(id) {
        if (!bodies.has(id)) {
            const body = proposalBody(ctx, id);
            bodies.set(id, body);
            forms.push(body.slot);
            place.append(body.element);
            body.fresh = true;
        }
        return bodies.get(id);
    }

    function update(value) {
        reports.update(value);
        counts.update(value);
        const list = proposalsOf(value);
        box.hidden = list.length === 0;
        none.hidden = list.length > 0;
        for (const proposal of list) {
            const body = bodyOf(proposal.id);
            body.update(proposal);
            if (body.fresh)
                body.slot.reopen();
            body.fresh = false;
        }
    }

    /* To the first act that a proposal is open for. */
    function open(id) {
        const act = proposalActs(proposalsOf(ctx.value()).find((one) => one.id === id) ?? {})[0];
        const first = document.getElementById(`${act}-${id}`) ?? document.getElementById("title-report");
        first?.focus({ preventScroll: true });
        first?.scrollIntoView({ block: "center" });
    }

    const element = card(
        "report",
        heading("report", counts.element),
        reports.element,
        h("h3", {}, t("case.proposals")),
        none,
        box,
    );
    return { id: "report", element, update, forms, open };
}
