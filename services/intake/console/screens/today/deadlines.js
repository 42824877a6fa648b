/* SPDX-License-Identifier: Apache-2.0 */
/* What is late, held, or due next. */
import * as api from "../../core/api.js";
import { h, icon, reconcile, setText } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { signal } from "../../core/signal.js";
import { orderQueue, queueReasons } from "../../pure/urgency.js";
import { dueOf } from "../../pure/queue.js";
import { readAttention } from "../desk/attention.js";
import { noteNumber, readOften } from "../desk/day.js";
import { refill } from "../desk/refill.js";
import { dueCell, nextText, numberLink, peopleCell, reasonChip } from "../queue/cells.js";

const SHOWN_MAX = 10;
const NEAR_MS = 3 * 24 * 3600 * 1000;
const COLUMNS = ["queue.column.reason", "queue.column.number", "today.due.company", "today.due.what", "today.due.when",
    "queue.column.people", "queue.column.next"];
const CLASSES = ["first", "number", "company", "what", "due", "people", "next"];
const FILTER = { tab: "open" };

const reasonsFor = (row) => queueReasons(row, { now: api.now() });
const isNear = (row) => dueOf(row) !== null && Date.parse(dueOf(row)) - api.now() < NEAR_MS;
const belongs = (row) => reasonsFor(row).some((id) => id === "overdue" || id === "held") || isNear(row);

function whatText(row, [first]) {
    if (first === "held" && row.reasons?.length)
        return t("today.what.held_count", { count: row.reasons.length });
    if (first === "held" || row.escalation === "overdue" || !row.due)
        return t(`today.what.${first === "held" ? "held" : "overdue"}`);
    return pick(row.due);
}

const chipOf = (row, [first]) => (first ? reasonChip(first, row) : h("span", { class: "chip warn" }, icon("due"),
    t("today.due.near")));

function fill(element, row) {
    const reasons = reasonsFor(row);
    const contents = [chipOf(row, reasons), null, h("span", { class: "cut outside", title: row.company ?? "" },
        row.company ?? t("unknown")),
        h("span", { class: "clamp" }, whatText(row, reasons)), dueCell(row), peopleCell(row),
            h("span", { class: "clamp" }, nextText(row, reasons))];
    contents.forEach((content, at) => content && refill(element.cells[at], content));
}

const make = (row) => h("tr", {}, CLASSES.map((name) => h(name === "number" ? "th" : "td", { class: `col-${name}`,
    scope: name === "number" ? "row" : null },
    name === "number" ? numberLink(row) : null)));

/** {element, rows: signal([…]), state: signal({kind, at}), show(), end()} */
export function deadlines() {
    const rows = signal([]);
    const state = signal({ kind: "loading", at: null });
    const count = h("span", {});
    const none = h("p", { class: "secondary" });
    const others = h("p", {}, h("a", { href: "/", class: "others" }));
    let more = 0;
    const body = h("tbody");
    const table = h("table", { class: "plain due-table", "aria-labelledby": "due-title" },
        h("thead", {}, h("tr", {}, COLUMNS.map((words, at) => h("th", { scope: "col", class: `col-${CLASSES[at]}` },
            t(words))))), body);
    const element = h("section", { class: "card" }, h("h2", { id: "due-title" }, t("today.due"), count), none, table,
        others);

    async function read() {
        const answer = await readAttention(FILTER, (row) => belongs(row) ? ["due"] : []);
        if (answer.kind !== "ok")
            return state.set({ kind: "stale", at: state.get().at });
        answer.body.cases.forEach(noteNumber);
        state.set({ kind: "ok", at: api.now() });
        const { urgent, rest } = orderQueue(answer.body.cases.filter(belongs), { now: api.now() });
        const all = [...urgent, ...rest].map(({ row }) => row);
        more = all.length - SHOWN_MAX;
        rows.set(all.slice(0, SHOWN_MAX));
        show();
    }

    function show() {
        const { at } = state.get();
        setText(count, t("queue.count", { count: rows.get().length + Math.max(0, more) }));
        setText(others.firstChild, t("today.due.more", { count: more }));
        others.hidden = more <= 0;
        setText(none, at ? t("today.due.none") : t("loading"));
        none.hidden = rows.get().length > 0;
        table.hidden = rows.get().length === 0;
        reconcile(body, rows.get(), ({ id }) => id, make, fill);
    }

    const end = readOften(read, { types: ["case", "handover", "overdue"] });
    show();
    read();
    return { element, rows, state, show, reasonsFor, end };
}
