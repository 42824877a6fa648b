/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the first response: what the playbook asks for, what was done, and what was left out and why. */
import { tables } from "../../core/app.js";
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { button, chip, outside, shortAt, whoOf, wordOr } from "./parts.js";

/** The playbook in force, or null. */
export const playbookOf = ({ policy }) =>
    tables.playbooks?.find(({ playbook }) => playbook === policy?.playbook) ?? null;

/** Steps of the playbook in force, then those of no playbook or another one that were done. */
export function stepsOf(value) {
    const playbook = playbookOf(value);
    const waivers = { ...value.waivers?.steps, ...value.waivers?.mandatory };
    const own = (playbook?.steps ?? []).map((step) => ({ ...step, key: `${playbook.playbook}/${step.step}` }));
    const others = Object.keys(value.steps_done ?? {})
        .filter((key) => !own.some((step) => step.key === key))
        .map((key) => ({ key, step: key.replace(/^\//, "") }));
    return [...own, ...others].map((step) => ({
        ...step,
        done: value.steps_done?.[step.key] ?? null,
        waived: waivers[step.key] ?? null,
    }));
}

const stateOf = ({ done, waived }) =>
    done
        ? chip("good", "check", t("case.steps.was_done"))
        : waived
          ? chip("", "cross", t("case.steps.waived"))
          : chip("", "open", t("case.steps.open"));

function said({ done, waived, key }) {
    if (done)
        return [shortAt(done.at), " ", wordOr(`case.by.${done.who ?? ""}`, ""), " ", whoOf(done.by ?? done.actor)];
    return waived
        ? [shortAt(waived.at), " ", whoOf(waived.by), "・", outside(waived.reason ?? "", `waived-${key}`)]
        : "";
}

export function stepRow(step, forms, may) {
    const open = may && !step.done && !step.waived && step.kind_of_step;
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
                      button(`done-${step.key}`, t("case.steps.do"), () => forms.step.begin(step.key)),
                      button(`waive-${step.key}`, t("case.steps.waive"), () => forms.waiver.begin(step.key)),
                  )
                : null,
        ),
    );
}
