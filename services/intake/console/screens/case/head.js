/* SPDX-License-Identifier: Apache-2.0 */
/* The bar of a case, the seven steps of the leaflet under it, and the way to each section. */
import { h, icon, replace, visible } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { me } from "../../core/app.js";
import { nameOf } from "../../core/people.js";
import { leafletSteps } from "../../pure/case_steps.js";
import { block, chip, shortAt } from "./parts.js";
import { incidentType } from "./values.js";

const FLAGS = {
    consent_pending: ["warn", "open"],
    out_of_hours: ["", "moon"],
    held: ["warn", "stop"],
    overdue: ["bad", "clock"],
    muted: ["", "muted"],
};
const TAB_KEYS = 6;

const answered = (value) => (["unknown", "declined"].includes(value) ? t(value) : value);

function chipsOf(value) {
    const type = incidentType(value.hearing);
    return [
        value.flags.map((flag) => chip(...(FLAGS[flag] ?? ["", "dot"]), t(`flag.${flag}`))),
        type ? chip("", "dot", h("span", { class: "outside" }, type)) : null,
        chip(
            "",
            "lock",
            value.hearing.tlp && !["unknown", "declined"].includes(value.hearing.tlp)
                ? value.hearing.tlp
                : "TLP:AMBER+STRICT",
        ),
    ];
}

function contactOf({ hearing: { contact = {} } }) {
    return [contact.department, contact.person && t("case.person", { name: answered(contact.person) })]
        .filter(Boolean)
        .map(answered)
        .concat(answered(contact.phone ?? ""))
        .join("・");
}

/** The bar (52 px) with the steps; presence says who else is here. */
export function caseHead(ctx) {
    const number = h("span", { class: "number" });
    const company = h("h1", { class: "case-company cut outside", tabindex: "-1" }, t("case.title"));
    const chips = block(
        { class: "case-chips" },
        (value) => [value.hearing.incident?.type, value.hearing.tlp, value.flags],
        chipsOf,
    );
    const contact = h("span", { class: "secondary cut outside contact" });
    const others = h("span", { class: "secondary others" });
    const steps = block({ class: "case-steps", "aria-label": t("case.leaflet") }, leafletSteps, stepsOf, "ol");
    const may = ctx.maySay();
    const bar = h("div", { class: "bar" },
        number,
        company,
        chips.element,
        contact,
        others,
        h("span", { class: "push" }),
        may
            ? h("a", { class: "button", id: "to-call", href: `/cases/${ctx.id}/call` },
                  icon("phone"),
                  t("case.to.call"),
              )
            : null,
        h("a", { class: "button small", id: "to-summary", href: `/cases/${ctx.id}/summary` }, t("print")),
        may
            ? h("button", { type: "button", class: "button small", id: "bar-note", on: { click: () => ctx.note() } },
                  t("case.note"),
                  h("kbd", { class: "badge" }, "Alt+M"),
              )
            : null,
    );

    function setTitled(element, text) {
        element.textContent = visible(text);
        element.title = visible(text);
    }

    function update(value) {
        number.textContent = value.number;
        setTitled(company, answered(value.hearing.contact?.company ?? ""));
        setTitled(contact, contactOf(value));
        chips.update(value);
        chips.element.title = [...chips.element.children].map((one) => one.textContent).join("・");
        steps.update(value);
    }

    function here(present) {
        const names = present
            .filter(({ operator }) => operator !== me.get()?.id)
            .map(({ operator, doing }) => t(`case.here.${doing}`, { name: nameOf(operator) }));
        replace(others, names.length ? [icon("eye"), names.join("、")] : null);
    }

    return {
        element: h("section", { class: "case-head", "aria-label": t("case.title") }, bar, steps.element),
        update,
        here,
    };
}

const STEP_ICON = { done: "check", now: "arrow", ahead: "open" };

function stepsOf(value) {
    return leafletSteps(value).map(({ step, state, at, words, values }) =>
        h("li", { class: state, "aria-current": state === "now" ? "step" : null },
            h("b", {},
                icon(STEP_ICON[state]),
                t(`status.${step}`),
                h("span", { class: "sr-only" }, t(`case.steps.state.${state}`)),
            ),
            h("span", { class: "case-step-text" },
                at ? shortAt(at) : null,
                at && words ? " " : null,
                words ? t(words, values) : at ? null : t(`case.steps.say.${state}`),
            ),
        ),
    );
}

/** Links to the sections; the one in sight is marked. */
export function caseTabs(sections, goTo) {
    const links = sections.map(({ id }, index) =>
        h(
            "a",
            {
                href: `#section-${id}`,
                "data-section": id,
                on: {
                    click: (event) => {
                        event.preventDefault();
                        goTo(id);
                    },
                },
            },
            t(`case.section.${id}`),
            index < TAB_KEYS ? h("kbd", { class: "badge" }, `Alt+${index + 1}`) : null,
        ),
    );
    const element = h("nav", { class: "case-tabs", "aria-label": t("case.sections") }, links);
    const mark = (id) =>
        links.forEach((link) =>
            link.dataset.section === id
                ? link.setAttribute("aria-current", "true")
                : link.removeAttribute("aria-current"),
        );
    return { element, mark };
}
