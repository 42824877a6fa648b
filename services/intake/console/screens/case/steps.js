/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the first response: what the playbook asks for, what was done, and what was left out and why. */
import { tables } from "../../core/app.js";
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { otherSteps, playbookInForce, stepsOf } from "../../pure/playbook.js";
import { button, chip, outside, shortAt, whoOf, wordOr } from "./parts.js";

/** The playbook in force, or null. */
export const playbookHere = (value) => playbookInForce(tables.playbooks, value);

/** Steps of the playbook in force, then those of no playbook or another one that were done. */
export function allSteps(value) {
    const playbook = playbookHere(value);
    return [...(playbook ? stepsOf(playbook, value) : []), ...otherSteps(playbook, value)];
}

const STATES = {
    done: ["good", "check", "case.steps.was_done"],
    waived: ["", "cross", "case.steps.waived"],
    locked: ["", "lock", "case.steps.locked"],
    open: ["", "open", "case.steps.open"],
};

function stateOf({ state }) {
    const [kind, name, words] = STATES[state];
    return chip(kind, name, t(words));
}

function said({ done, waived, key }) {
    if (done)
        return [shortAt(done.at), " ", wordOr(`case.by.${done.who ?? ""}`, ""), " ", whoOf(done.by ?? done.actor)];
    return waived
        ? [shortAt(waived.at), " ", whoOf(waived.by), "・", outside(waived.reason ?? "", `waived-${key}`)]
        : "";
}

export function stepRow(step, forms, may) {
    const open = may && ["open", "locked"].includes(step.state);
    return h("tr", {},
        h("td", {}, stateOf(step)),
        h("td", {}, step.kind_of_step ? wordOr(`case.kind.${step.kind_of_step}`, step.kind_of_step) : t("none")),
        h("th", { scope: "row" },
            step.title ? pick(step.title) : outside(step.step, `step-${step.key}`),
            step.mandatory ? h("span", { class: "tag" }, t("case.mandatory")) : null,
        ),
        h("td", {},
            said(step),
            open
                ? h("div", { class: "row acts" },
                      step.state === "open"
                          ? button(`done-${step.key}`, t("case.steps.do"), () => forms.step.begin(step.key))
                          : null,
                      button(`waive-${step.key}`, t("case.steps.waive"), () => forms.waiver.begin(step.key)),
                  )
                : null,
        ),
    );
}
