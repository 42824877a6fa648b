/* SPDX-License-Identifier: Apache-2.0 */
/* A table of cases whose rows change in place. */
import * as api from "../../core/api.js";
import { h, icon, reconcile } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { go } from "../../core/router.js";
import { shortTime } from "../../core/times.js";
import { reasonWords } from "../../pure/queue.js";
import { presentAt } from "../desk/presence.js";
import { refill } from "../desk/refill.js";
import { companyCell, doneChip, dueCell, nextText, numberLink, otherChip, peopleCell, reasonChip, statusCell,
    typeText } from "./cells.js";

const COLUMNS = ["first", "number", "company", "type", "status", "due", "people", "next"];

const lastMove = (row, changed) => [h("span", {}, shortTime(row.changed_at ?? row.opened_at, api.now())),
    changed ? h("span", { class: "changed" }, icon("dot"), t("queue.changed")) : null];

function otherReasons(row, reasons) {
    const text = reasons.map((id) => t(reasonWords(id, row))).join(t("queue.and"));
    return text ? h("span", { class: "secondary cut", title: text }, text) : null;
}

/* Why it stands where it stands; in the table of those that need somebody also that it needs nobody any more. */
function firstCell(row, reasons, { urgent, changed }) {
    if (reasons.length)
        return [reasonChip(reasons[0], row), otherReasons(row, reasons.slice(1))];
    if (!urgent)
        return lastMove(row, changed);
    return row.status === "closed" || changed ? doneChip() : otherChip();
}

/* Only cells whose content has changed are filled anew: what has the focus stays. */
function fillRow(element, row, reasons, options) {
    const contents = [firstCell(row, reasons, options), null, companyCell(row),
        h("span", { class: "clamp" }, typeText(row.type) ?? t("none")),
        statusCell(row), dueCell(row), peopleCell(row), h("span", { class: "clamp" }, nextText(row, reasons))];
    contents.forEach((content, at) => content && refill(element.cells[at], content));
    element.classList.toggle("gone", row.status === "closed" && options.urgent);
}

/* What a row looks like depends on; most events change one of many. */
const looks = (row, reasons, changed) => JSON.stringify([reasons, changed, presentAt(row.id),
    Math.floor(api.now() / 60000)]);

function makeRow(row) {
    const open = (event) => {
        if (!event.target.closest("a") && !getSelection().toString())
            go(`/cases/${row.id}`);
    };
    return h("tr", { class: "case-row", on: { click: open } }, COLUMNS.map((name) => h(name === "number" ? "th" : "td",
        { class: `col-${name}`, scope: name === "number" ? "row" : null }, name === "number" ? numberLink(row)
            : null)));
}

/** {element, show(rows, list)}; `urgent`: the table of those that need somebody now. */
export function caseTable({ label, urgent = false }) {
    const body = h("tbody");
    const head = h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` },
        t(name === "first" ? (urgent ? "queue.column.reason" : "queue.column.moved") : `queue.column.${name}`))));
    const element = h("table", { class: "cases", "aria-labelledby": label }, h("thead", {}, head), body);
    const before = new WeakMap();

    function update(element, row, reasons, changed) {
        const [old, look] = before.get(element) ?? [];
        const now = looks(row, reasons, changed);
        if (old === row && look === now)
            return;
        before.set(element, [row, now]);
        fillRow(element, row, reasons, { urgent, changed });
    }

    function show(rows, { reasonsFor, isChanged }) {
        reconcile(body, rows, ({ id }) => id, makeRow, (element, row) => update(element, row, reasonsFor(row),
            isChanged(row.id)));
        element.hidden = rows.length === 0;
    }
    return { element, show };
}
