/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of the desk stand, and what could not be told or taken today. */
import { h, icon } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { shortTime } from "../../core/times.js";
import * as api from "../../core/api.js";
import { roles } from "../../core/app.js";
import { refill } from "../desk/refill.js";

const PARTS = ["kafka", "redis", "triage", "escalation", "notify"];
const chip = (look, shape, words) => h("span", { class: `chip ${look}` }, icon(shape), words);

const downSince = (part, { services, ...own }) => own[part] ?? (services[part]?.state === "down"
    ? services[part].since ?? api.now() : null);

function stateOf(part, connection) {
    const since = downSince(part, connection);
    return since ? chip("bad", "stop", t("today.link.down", { time: shortTime(since, api.now()) }))
        : chip("good", "ok", t("today.link.good"));
}

const amount = (count) => (count ? chip("warn", "warning", t("today.link.some", { count }))
    : chip("good", "check", t("today.link.none")));

export function connectionList() {
    const list = h("dl", { class: "links" });
    const element = h("section", { class: "card" }, h("h2", {}, t("today.links")), list);
    const row = (name, ...state) => h("div", { class: "link-row" }, h("dt", {}, t(`today.link.${name}`)),
        h("dd", {}, state));

    function show(connection, day) {
        const letters = day && (roles("admin", "auditor") && day.dead_letters
            ? h("a", { href: "/admin#letters" }, amount(day.dead_letters)) : amount(day.dead_letters));
        const rows = [...PARTS.map((part) => row(part, stateOf(part, connection))), day
            ? [row("notices", amount(day.notices_failed)), row("letters", letters)] : []];
        refill(list, rows);
    }
    return { element, show };
}
