/* SPDX-License-Identifier: Apache-2.0 */
/* What the desk could not take: which record, why, and that nothing more is to be done about it. */
import * as api from "../../core/api.js";
import { roles } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { openDialog } from "../../core/dialog.js";
import { h, icon, reconcile, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { shortTime } from "../../core/times.js";
import { nameOf } from "../../core/people.js";
import { refill } from "../desk/refill.js";
import { listTable, part, refusalWords } from "./part.js";

const PAUSE_MS = 300;
const LIMIT = 50;
const STATES = { open: ["bad", "stop"], dismissed: ["", "cross"], redriven: ["good", "back"] };
const TOPICS = ["cases", "contracts", "security-logs", "provider-replies", "audit", "extractions", "escalation",
    "notifications"];

const sourceText = ({ topic, partition, offset }) => `${topic} ${partition ?? "–"}/${offset ?? "–"}`;

function stateCell(letter) {
    const [look, shape] = STATES[letter.state];
    const by = letter.dismissed ?? letter.redriven;
    return [h("span", { class: `chip ${look}` }, icon(shape), t(`letters.state.${letter.state}`)),
        by ? h("span", { class: "secondary" }, t("letters.by",
            { name: nameOf(by.by), time: shortTime(by.at, api.now()) })) : null,
        by?.reason ? h("span", { class: "secondary outside clamp", title: by.reason }, by.reason) : null];
}

function actCell(letter, ask) {
    if (letter.state !== "open" || !roles("admin"))
        return letter.redrivable && letter.state === "open" ? h("span", { class: "secondary" }, t("letters.redrivable"))
            : t("none");
    return [h("button", { type: "button", class: "button small", "aria-label": t("letters.dismiss.of",
        { position: letter.position }), on: { click: () => ask(letter) } }, t("letters.dismiss")),
        letter.redrivable ? h("span", { class: "secondary" }, t("letters.redrivable")) : null];
}

function fill(row, letter, ask) {
    const why = letter.pointer ? `${letter.reason} ${letter.pointer}` : letter.reason;
    const contents = [h("span", { class: "number" }, letter.position), shortTime(letter.at, api.now()), letter.service,
        h("span", { class: "number outside" }, sourceText(letter.source)),
        h("span", { class: "clamp outside", title: why }, why), h("div", { class: "stack-tight" }, stateCell(letter)),
            h("div", { class: "stack-tight" }, actCell(letter, ask))];
    contents.forEach((content, at) => refill(row.cells[at], content));
}

function askWhy(letter, done) {
    const why = h("textarea", { id: "letter-why", maxlength: 1000, rows: 3, "aria-required": "true" });
    const message = h("p", { class: "message bad", role: "alert" });
    const write = writer("POST", `/v1/dead-letters/${letter.position}/dismissal`);
    async function dismiss() {
        const reason = why.value.trim();
        const answer = reason ? await write({ reason }) : null;
        if (answer && ["ok", "late"].includes(answer.kind))
            return done(letter);
        setText(message, answer ? refusalWords(answer) : t("letters.dismiss.needs"));
        why.focus();
        return false;
    }
    openDialog({ title: t("letters.dismiss.ask"), content: [h("p", { class: "outside" },
        `${letter.position}　${sourceText(letter.source)}`), h("p", { class: "secondary outside clamp" }, letter.reason),
        h("label", { for: "letter-why" }, t("letters.dismiss.why")), why, message],
            actions: [{ words: t("letters.dismiss"), act: dismiss }, { words: t("cancel"), main: true }] });
    why.focus();
}

function filterForm(changed) {
    const select = (id, options) => h("select", { id, on: { change: changed } }, options);
    const any = () => h("option", { value: "" }, t("letters.any"));
    const made = { topic: select("letters-topic", [any(), TOPICS.map((topic) => h("option", { value: topic }, topic))]),
        state: select("letters-state", [any(), Object.keys(STATES).map((state) => h("option", { value: state },
            t(`letters.state.${state}`)))]),
        reason: h("input", { id: "letters-reason", maxlength: 100, autocomplete: "off", on: { input: changed } }) };
    const labels = { topic: "letters.topic", state: "letters.state", reason: "letters.reason_part" };
    const element = h("div", { class: "letters-filter" }, Object.keys(made).map((name) => h("div", {}, h("label",
        { for: `letters-${name}` }, t(labels[name])), made[name])));
    return { element, values: () => Object.entries(made).map(([name, { value }]) => [name,
        value.trim()]).filter(([, value]) => value) };
}

export function lettersPart() {
    const filter = filterForm(soon);
    const table = listTable("letters", [["position", "letters.position"], ["at", "letters.at"],
        ["service", "letters.service"], ["source", "letters.source"],
        ["reason", "letters.reason"], ["state", "letters.state"], ["act", "admin.act"]]);
    const newer = h("button", { type: "button", class: "button small", on: { click: () => turn(-1) } },
        t("letters.newer"));
    const older = h("button", { type: "button", class: "button small", on: { click: () => turn(1) } },
        t("letters.older"));
    const shown = part("letters", h("p", { class: "secondary" }, t("letters.note"), " ", roles("admin") ? ""
        : t("letters.readonly")), filter.element, table.element,
        h("div", { class: "row" }, newer, older), h("p", { class: "secondary" }, t("letters.redrive"), " ",
            h("code", { class: "number" }, "deploy/dead-letters redrive 0-0")));
    let [cursors, timer, asked] = [[null], null, 0];
    newer.hidden = older.hidden = true;

    function soon() {
        clearTimeout(timer);
        timer = setTimeout(() => { cursors = [null]; read(); }, PAUSE_MS);
    }

    /* A page at a time: the cursors of the pages before say how to come back. */
    function turn(by) {
        if (by < 0)
            cursors = cursors.slice(0, -2);
        read();
    }

    async function read() {
        const number = ++asked;
        const cursor = cursors.at(-1);
        const query = new URLSearchParams([...filter.values(), ["limit", LIMIT],
            ...(cursor ? [["cursor", cursor]] : [])]);
        const answer = await api.get(`/v1/dead-letters?${query}`);
        if (number !== asked)
            return;
        shown.state(answer);
        if (answer.kind !== "ok")
            return table.away();
        cursors = [...cursors, answer.body.next_cursor];
        show(answer.body.dead_letters);
    }

    function show(letters) {
        newer.hidden = cursors.length < 3;
        older.hidden = !cursors.at(-1);
        table.empty(letters.length === 0, "letters.none");
        reconcile(table.body, letters, ({ position }) => position, () => h("tr", {}, h("th", { scope: "row" }),
            Array.from({ length: 6 }, () => h("td", {}))),
            (row, letter) => fill(row, letter, ask));
    }

    function readAgain() {
        cursors = cursors.slice(0, -1);
        read();
    }

    const ask = (letter) => askWhy(letter, ({ position }) => {
        shown.message(t("letters.dismissed", { position }));
        readAgain();
    });

    read();
    return { element: shown.element, end: () => clearTimeout(timer) };
}
