/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first response: policy, steps done and left out, the assessment; the promised call, the confirmed
 * address, and muting.
 */
import { writer } from "../../core/case.js";
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { actionForms } from "./action_forms.js";
import { answerText } from "./form.js";
import { block, button, card, chip, facts, fullAt, heading, outside, shortAt, table, whoOf } from "./parts.js";
import { allSteps, playbookHere, stepRow } from "./steps.js";

const ADDRESSES = [
    ["email", "confirmed_address"],
    ["responsible_email", "confirmed_responsible"],
    ["alternative", "confirmed_alternative"],
];

const policyFacts = (value) =>
    facts([
        [
            t("case.policy"),
            value.policy
                ? [
                      outside(value.policy.text, "policy-text"),
                      h("span", { class: "secondary" }, " ", shortAt(value.policy.at), " ", whoOf(value.policy.by)),
                  ]
                : t("case.policy.none"),
        ],
        [t("case.playbook"), playbookHere(value) ? pick(playbookHere(value).title) : null],
        [
            t("case.assessment"),
            value.assessment
                ? [
                      h("b", {}, t(`case.steps.needed.${value.assessment.needed}`)),
                      " ",
                      value.assessment.reason ? outside(value.assessment.reason, "assessment-why") : "",
                      value.assessment.introduced ? t("case.assessment.introduced") : "",
                      h("span", { class: "secondary" },
                          " ",
                          shortAt(value.assessment.at),
                          " ",
                          whoOf(value.assessment.by),
                      ),
                  ]
                : t("case.assessment.none"),
        ],
        [t("case.callback"), value.callback ? h("b", {}, fullAt(value.callback.due_at)) : t("case.callback.none")],
        [
            t("case.muted"),
            value.muted
                ? [
                      chip("warn", "moon", t("flag.muted")),
                      " ",
                      outside(value.muted.reason ?? "", "muted-why"),
                      h("span", { class: "secondary" }, " ", shortAt(value.muted.at), " ", whoOf(value.muted.by)),
                  ]
                : t("case.muted.not"),
        ],
    ]);

const isAddress = (text) => typeof text === "string" && !["unknown", "declined"].includes(text) && text.includes("@");

function addressesOf(value) {
    return ADDRESSES.map(([field, confirmed]) => ({
        field,
        address: value.hearing.contact?.[field],
        confirmed: value[confirmed],
    }))
        .filter(({ address }) => isAddress(address))
        .map((one) => ({ ...one, is: one.confirmed === one.address }));
}

const addressRow = ({ field, address, is }, confirm, may) =>
    h("li", { class: "row" },
        outside(address, `address-${field}`),
        is ? chip("good", "ok", t("case.address.confirmed")) : chip("warn", "warning", t("case.address.unconfirmed")),
        may && !is ? button(`confirm-${field}`, t("case.address.confirm"), () => confirm(address)) : null,
    );

export function actionsSection(ctx) {
    const act = writer("POST", `/v1/cases/${ctx.id}/actions`);
    const forms = actionForms(ctx, act);
    const may = (value) => ctx.maySay() && value.status !== "closed";
    const facts_ = block({}, (value) => [value.policy, value.assessment, value.callback, value.muted], policyFacts);
    const addresses = block(
        {},
        (value) => [addressesOf(value), may(value)],
        (value) =>
            addressesOf(value).length
                ? [
                      h("h3", {}, t("case.addresses")),
                      h("ul", { class: "stack" },
                          addressesOf(value).map((one) => addressRow(one, confirm, may(value))),
                      ),
                  ]
                : [],
    );
    const steps = block(
        {},
        (value) => [allSteps(value), may(value)],
        (value) => {
            const list = allSteps(value);
            return list.length
                ? table(
                      t("case.steps"),
                      ["state", "kind", "step", "who"].map((head) => t(`case.steps.${head}`)),
                      list.map((step) => stepRow(step, forms, may(value))),
                      "steps-table",
                  )
                : h("p", { class: "secondary" }, t("case.steps.none"));
        },
    );
    const acts = block(
        { class: "row" },
        (value) => [may(value), Boolean(value.callback), Boolean(value.muted)],
        (value) =>
            may(value)
                ? [
                      button("act-policy", t("case.policy.record"), () => forms.policy.begin("")),
                      button("act-assessment", t("case.assessment.record"), () => forms.assessment.begin("")),
                      button("act-callback", t("case.callback.promise"), () => forms.callback.begin("")),
                      value.callback
                          ? button("act-called", t("case.callback.made"), () =>
                                now_({ kind: "callback", callback: { made: true } }),
                            )
                          : null,
                      value.muted
                          ? button("act-unmute", t("case.unmute"), () => now_({ kind: "unmute" }))
                          : button("act-mute", t("case.mute"), () => forms.mute.begin("")),
                  ]
                : [],
    );

    /* What needs no more words is recorded at once. */
    async function now_(body) {
        const answer = await act(body);
        forms.callback.say(answerText(answer));
        ctx.watch.refresh();
    }

    const confirm = (address) => now_({ kind: "address_confirmed", address_confirmed: { address } });
    const parts = [facts_, addresses, steps, acts];
    const element = card(
        "actions",
        heading("actions", null, h("a", { href: `/cases/${ctx.id}/call` }, t("case.to.call"))),
        facts_.element,
        acts.element,
        addresses.element,
        h("h3", {}, t("case.steps")),
        steps.element,
        h("div", {},
            Object.values(forms).map((form) => form.element),
        ),
    );

    /* The next open step of the playbook, for somebody to say that it was done. */
    function stepDone(by) {
        const step = allSteps(ctx.value() ?? {}).find(({ state }) => state === "open");
        ctx.stepBy = by; /* the key said who */
        if (step && may(ctx.value()))
            forms.step.begin(step.key);
        ctx.stepBy = null;
        return Boolean(step);
    }

    return {
        id: "actions",
        stepDone,
        begin: (name, of) => forms[name].begin(of),
        element,
        update: (value) => parts.forEach((part) => part.update(value)),
        forms: Object.values(forms),
    };
}
