/* SPDX-License-Identifier: Apache-2.0 */
/* The rail of a call: the sheet's parts with what is filled in, and the two acts of their own, consent and intention. */
import { h, icon, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { inForce } from "../../pure/consent.js";
import { groupName } from "./form.js";

const setCurrent = (button, is) => (is ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));

export function makeRail(form, jump) {
    const rows = form.groups.map((group) => {
        const count = h("span", { class: "rail-count" });
        return { group, count, element: h("li", {}, h("button", { type: "button", class: "rail-item", title: groupName(group), "data-group": group.number, "data-badge": `Alt+${group.number}`,
            on: { click: () => jump(group.number) } }, h("span", { class: "rail-number" }, `${group.number}`), h("span", { class: "rail-name" }, groupName(group)), count)) };
    });
    const consent = railAct("consent", "Alt+C");
    const intention = railAct("intention", "Alt+I");
    const element = h("nav", { class: "rail", "aria-label": t("rail") }, h("ol", {}, rows.map((row) => row.element)), h("ul", { class: "rail-acts" }, consent.element, intention.element));

    function railAct(column, badge) {
        const sign = h("span", { class: "rail-number" });
        const state = h("span", { class: "rail-count" });
        const button = h("button", { type: "button", class: "rail-item", title: t(`rail.${column}`), "data-column": column, "data-badge": badge, on: { click: () => jump(column) } },
            sign, h("span", { class: "rail-name" }, t(`rail.${column}`)), state);
        return { element: h("li", {}, button), button, sign, state };
    }

    function showAct(part, good, words) {
        if (part.state.textContent !== words)
            replace(part.sign, icon(good === null ? "open" : good ? "ok" : "warning"));
        setText(part.state, words);
    }

    function update({ value, current, column }) {
        const counts = form.counts();
        for (const { group, count } of rows) {
            const own = counts.filter(({ section }) => group.sections.some(({ pointer }) => pointer === section));
            const [done, total] = own.reduce(([a, b], one) => [a + one.done, b + one.total], [0, 0]);
            setText(count, t("rail.count", { done, total }));
        }
        mark(column, current);
        const given = inForce(value?.consents ?? []).length > 0;
        showAct(consent, given, t(given ? "rail.consent_given" : "rail.consent_open"));
        showAct(intention, value?.intention && !value.intention.withdrawn ? true : null, t(value?.intention && !value.intention.withdrawn ? "rail.intention_given" : "rail.intention_open"));
    }

    function mark(column, current) {
        for (const { group, element: item } of rows)
            setCurrent(item.firstElementChild, column === "call" && group.number === current);
        setCurrent(consent.button, column === "consent");
        setCurrent(intention.button, column === "intention");
    }

    return { element, update, mark };
}

