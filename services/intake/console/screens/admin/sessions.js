/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and API tokens: one's own, and by role those of others. */
import * as api from "../../core/api.js";
import { me, roles } from "../../core/app.js";
import { openDialog } from "../../core/dialog.js";
import { h, icon, reconcile, replace } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { shortTime } from "../../core/times.js";
import { nameOf } from "../../core/people.js";
import { refill } from "../desk/refill.js";
import { listTable, part, refusalWords } from "./part.js";

const AGAIN_MS = 30000;
const mayEnd = (session) => session.operator === me.get().id || roles("supervisor", "admin");
const time = (text) => h("span", { class: "number" }, shortTime(text, api.now()));

function endButton(session, ask) {
    if (session.current)
        return h("span", { class: "chip act" }, icon("dot"), t("admin.session.current"));
    if (!mayEnd(session))
        return h("span", { class: "secondary" }, t("admin.session.theirs"));
    const words = t("admin.session.end.of", { name: nameOf(session.operator),
        time: shortTime(session.created_at, api.now()) });
    return h("button", { type: "button", class: "button small", "aria-label": words,
        on: { click: () => ask(session) } }, t("admin.session.end"));
}

export function sessionsPart() {
    const columns = [["operator", "admin.operator"], ["begun", "admin.session.begun"], ["seen", "admin.session.seen"],
        ["ends", "admin.session.ends"],
        ["address", "admin.session.address"], ["act", "admin.act"]];
    const all = roles("supervisor", "auditor", "admin");
    const table = listTable("sessions", columns);
    const shown = part("sessions", all ? null : h("p", { class: "secondary" }, t("admin.sessions.own")),
        h("div", { class: "sessions-scroll" }, table.element));

    const make = (session) => h("tr", {}, h("th", { scope: "row" },
        h("span", { class: "cut", title: session.operator }, nameOf(session.operator))),
        h("td", {}, time(session.created_at)), h("td", {}), h("td", {}),
            h("td", {}, h("span", { class: "address" }, session.address)), h("td", {}, endButton(session, ask)));
    const fill = (row, session) => [session.seen_at, session.expires_at].forEach((text,
        at) => refill(row.cells[at + 2], time(text)));

    async function read() {
        const answer = await api.get(all ? "/v1/sessions?operator=*" : "/v1/sessions");
        shown.state(answer);
        if (answer.kind !== "ok")
            return table.away();
        const own = (session) => Number(session.operator === me.get().id);
        const sessions = answer.body.sessions.sort((a, b) => own(b) - own(a) || b.seen_at.localeCompare(a.seen_at));
        table.empty(sessions.length === 0, "admin.sessions.none");
        reconcile(table.body, sessions, ({ id }) => id, make, fill);
    }

    function ask(session) {
        const name = nameOf(session.operator);
        const end = async () => {
            const answer = await api.send("DELETE", `/v1/sessions/${session.id}`);
            const gone = ["ok", "missing"].includes(answer.kind);
            shown.message(gone ? t("admin.session.ended", { name }) : refusalWords(answer));
            read();
        };
        openDialog({ title: t("admin.session.ask", { name }), content: [h("p", {}, t("admin.session.effect"))],
            actions: [{ words: t("admin.session.end"), act: end }, { words: t("cancel"), main: true }] });
    }

    read();
    const beat = setInterval(() => { if (!document.hidden) read(); }, AGAIN_MS);
    return { element: shown.element, end: () => clearInterval(beat) };
}

export function tokensPart() {
    const table = listTable("tokens", [["operator", "admin.operator"], ["name", "admin.token.name"],
        ["roles", "admin.token.roles"], ["used", "admin.token.used"]]);
    const shown = part("tokens", h("p", { class: "secondary" }, t("admin.tokens.note"), " ",
        h("code", { class: "number" }, "deploy/operators")), table.element);
    const row = (token) => h("tr", {}, h("th", { scope: "row" },
        h("span", { class: "cut", title: token.operator }, nameOf(token.operator))),
        h("td", { class: "outside" }, token.id),
        h("td", {}, token.roles.map((role) => t(`role.${role}`)).join(t("queue.and"))),
            h("td", {}, token.used_at ? time(token.used_at) : t("admin.token.never")));

    async function read() {
        const answer = await api.get("/v1/tokens");
        shown.state(answer);
        if (answer.kind !== "ok")
            return table.away();
        table.empty(answer.body.tokens.length === 0, "admin.tokens.none");
        replace(table.body, answer.body.tokens.map(row));
    }
    read();
    return { element: shown.element, end: () => {} };
}
