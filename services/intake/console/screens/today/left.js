/* SPDX-License-Identifier: Apache-2.0 */
/* What left the building today: what, to whom, on which consent, who; and the same as a file. */
import * as api from "../../core/api.js";
import { tables } from "../../core/app.js";
import { h, reconcile, setText } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { fullTime, shortTime } from "../../core/times.js";
import { leftCsv } from "../../pure/left.js";
import { sizeText } from "../../pure/size.js";
import { nameOf } from "../../core/people.js";
import { refill } from "../desk/refill.js";

const COLUMNS = ["time", "number", "company", "provider", "what", "consent", "by", "state"];

const providerName = (id) => (tables.desk?.provider?.id === id ? pick(tables.desk.provider.name) : id ?? t("none"));
const onPage = (time) => shortTime(time, api.now());
const inFile = (time) => fullTime(time, language.get());

const consentText = (consent, timeText) => (consent ? t("today.left.version", { version: consent.version,
    time: timeText(consent.given_at), channel: t(`channel.${consent.channel}`) }) : t("none"));

const whatText = ({ kind, items, bytes }) => t("today.left.items", { kind: t(`today.left.${kind}`), items,
    size: sizeText(bytes) });

/* The texts of a row, in the order of the columns: shown, and with whole times what the file holds. */
const textsOf = (one, timeText) => [timeText(one.released_at), one.number, one.company ?? t("unknown"),
    providerName(one.provider), whatText(one), consentText(one.consent, timeText),
    one.requested_by ? nameOf(one.requested_by) : t("none"), t("state.released")];

function make(one) {
    const link = h("a", { class: "number", href: `/cases/${one.id}` }, one.number);
    return h("tr", {}, COLUMNS.map((name) => h(name === "number" ? "th" : "td",
        { class: `col-${name}`, scope: name === "number" ? "row" : null }, name === "number" ? link : null)));
}

function fill(element, one) {
    textsOf(one, onPage).forEach((text, at) => COLUMNS[at] !== "number" && refill(element.cells[at],
        h("span", { class: "outside clamp", title: text }, text)));
}

function saveFile(name, text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = h("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export function leftTable() {
    let day = null;
    const titles = () => COLUMNS.map((name) => t(`today.left.${name}`));
    const write = () => saveFile(`kakekomi-left-${day.date}.csv`, leftCsv(titles(),
        day.left.list.map((one) => textsOf(one, inFile))));
    const count = h("span", {});
    const more = h("p", { class: "secondary" }, t("today.left.more"));
    const sum = h("p", { class: "secondary" });
    const button = h("button", { type: "button", class: "link", on: { click: write } }, t("today.left.csv"));
    const body = h("tbody");
    const table = h("table", { class: "plain left-table", "aria-labelledby": "left" },
        h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` },
            t(`today.left.${name}`))))), body);
    const element = h("section", { class: "card" }, h("div", { class: "spread" },
        h("h2", { id: "left", tabindex: "-1" }, t("today.left"), count), button), sum, table, more);
    table.hidden = button.hidden = more.hidden = true;

    function show(overview) {
        day = overview;
        const { left } = day;
        const rows = left.list ?? [];
        setText(count, t("queue.count", { count: left.handovers }));
        setText(sum, left.handovers ? t("today.left.sum", { ...left, size: sizeText(left.bytes) })
            : t("today.left.none"));
        table.hidden = button.hidden = rows.length === 0;
        more.hidden = rows.length === 0 || left.handovers <= rows.length;
        reconcile(body, rows, ({ handover }) => handover, make, fill);
    }
    return { element, show };
}
