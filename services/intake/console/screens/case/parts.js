/* SPDX-License-Identifier: Apache-2.0 */
/* What the sections of the case are made of: parts that are built again only where what they say has changed. */
import { h, icon, replace, visible } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { fullTime, shortTime } from "../../core/times.js";
import { now } from "../../core/api.js";

export { sizeText } from "../../pure/size.js";

const LONG = 240;

/* The focus stays on what has the same id, though it is built anew. */
function keepingFocus(element, act) {
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const open = [...element.querySelectorAll("details[open][id]")].map(({ id }) => id);
    act();
    for (const id of open)
        document.getElementById(id)?.setAttribute("open", "");
    if (focused?.id)
        document.getElementById(focused.id)?.focus({ preventScroll: true });
}

/**
 * block(attributes, inputsOf, build) → {element, update(value)}: build(value) gives the children, and is asked only
 * where inputsOf(value) differs from the time before.
 */
export function block(attributes, inputsOf, build, tag = "div") {
    const element = h(tag, attributes);
    let seen = null;
    return {
        element,
        update(value) {
            const inputs = JSON.stringify(inputsOf(value)) ?? "";
            if (inputs === seen)
                return;
            seen = inputs;
            keepingFocus(element, () => replace(element, build(value)));
        },
    };
}

/** A card with its heading; what is in `aside` stands at the end of the heading's line. */
export function card(id, ...children) {
    return h("section", { class: "card case-section", id: `section-${id}`, "aria-labelledby": `title-${id}` },
        children,
    );
}

/* The heading is no part of a block: the focus may be on it. */
export const title = (id) => h("h2", { id: `title-${id}`, tabindex: "-1" }, t(`case.section.${id}`));

/** Heading and beside it a line that is kept up to date. */
export function heading(id, small, ...aside) {
    return h("div", { class: "case-heading" }, title(id), small, h("div", { class: "case-aside" }, aside));
}

/** Text from outside; long text is folded, and its beginning shown. */
export function outside(text, id) {
    const shown = visible(text);
    if (shown.length <= LONG)
        return h("span", { class: "outside" }, shown);
    return h("details", { class: "long", id },
        h("summary", {}, h("span", { class: "outside long-begin" }, `${shown.slice(0, LONG / 2)}…`)),
        h("span", { class: "outside" }, shown),
    );
}

/** One line of text from outside, cut where there is no room; the whole stands in its title. */
export const cut = (text, className = "") =>
    h("span", { class: `outside cut ${className}`, title: visible(text) }, text);

export const chip = (kind, name, words) => h("span", { class: `chip ${kind}` }, icon(name), words);

/* To the millisecond: HTML knows no finer time. */
export const datetimeOf = (time) => time.replace(/(\.\d{3})\d+/, "$1");

export const shortAt = (time) =>
    time ? h("time", { datetime: datetimeOf(time), title: fullTime(time, language.get()) }, shortTime(time, now())) : t("none");
export const fullAt = (time) => fullTime(time, language.get());

/** Who did it: people by name, services as what they are. */
export function whoOf(actor) {
    if (!actor)
        return "";
    return ["operator", "supervisor", "auditor", "admin"].includes(actor.role) || !actor.role
        ? nameOf(actor.id)
        : t("case.automatic");
}

/** Rows of a description list; those without a value are left out. */
export const facts = (rows) =>
    h("dl", { class: "facts" },
        rows
            .filter(([, value]) => value !== null && value !== undefined && value !== "")
            .map(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]),
    );

/** A table under its headers; label names it for who does not see what stands above. */
export function table(label, heads, rows, className = "") {
    return h("div", { class: "table-box" },
        h("table", { class: className, "aria-label": label },
            h("thead", {},
                h("tr", {},
                    heads.map((head) => h("th", { scope: "col" }, head)),
                ),
            ),
            h("tbody", {}, rows),
        ),
    );
}

export const button = (id, words, act, className = "button small") =>
    h("button", { type: "button", id, class: className, on: { click: act } }, words);

/** A word of the table where there is one, else the code as it came. */
export function wordOr(key, fallback) {
    const word = t(key);
    return word === key ? fallback : word;
}
