/* SPDX-License-Identifier: Apache-2.0 */
/* A part of the administration: its heading, its messages, and what stands there for those whose role it is not. */
import * as api from "../../core/api.js";
import { h, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { clockTime } from "../../core/times.js";

/** {element, message(text), state(answer)}: `state` says where what is shown is of before. */
export function part(id, ...children) {
    const state = h("p", { class: "secondary part-state", hidden: true });
    const message = h("p", { class: "message", role: "status" });
    const element = h("section", { class: "card admin-part" },
        h("div", { class: "row part-head" }, h("h2", { id, tabindex: "-1" }, t(`part.${id}`)), message), state,
            children);
    let readAt = null;

    function note({ kind }) {
        if (kind === "ok")
            readAt = api.now();
        setText(state, kind === "ok" ? "" : readAt ? t("admin.stale", { time: clockTime(readAt) }) : t("admin.away"));
        state.hidden = kind === "ok";
    }
    return { element, message: (text) => setText(message, text), state: note };
}

/** For those who may not: who may. */
export const notHere = (id, roles) => part(id, h("p", {}, t("admin.not_here",
    { roles: roles.map((role) => t(`role.${role}`)).join(t("queue.and")) })));

/** A table of the administration with a line for when it is empty: {element, body, empty(isEmpty, words)}. */
export function listTable(label, columns) {
    const body = h("tbody");
    const none = h("p", { class: "secondary" }, t("loading"));
    const table = h("table", { class: `plain ${label}-table`, "aria-labelledby": label },
        h("thead", {}, h("tr", {}, columns.map(([name, words]) => h("th", { scope: "col", class: `col-${name}` },
            t(words))))),
            body);
    table.hidden = true;
    function empty(isEmpty, words) {
        table.hidden = isEmpty;
        none.hidden = !isEmpty;
        setText(none, t(words));
    }
    /* Nothing has been read yet and nothing can be: the part says so itself. */
    const away = () => { none.hidden = true; };
    return { element: h("div", {}, none, table), body, empty, away };
}

/** Words of a write that was not taken. */
export const refusalWords = ({ kind }) =>
    t({ invalid: "write.invalid_any", missing: "admin.missing" }[kind] ?? `write.${kind}`);
