/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the cells of a case's row: the same in the queue and on the supervisor's screen. */
import * as api from "../../core/api.js";
import { tables } from "../../core/app.js";
import { h, icon } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { leftText, shortTime } from "../../core/times.js";
import { dueOf, leftOf, lookOf, nextOf, reasonWords } from "../../pure/queue.js";
import { nameOf } from "../../core/people.js";
import { presentAt } from "../desk/presence.js";

/** The word of an incident's type, from the table of the sheet. */
export function typeText(type) {
    const field = tables.sheet?.fields.find(({ pointer }) => pointer === "/incident/type");
    const label = field?.labels?.find(({ value }) => value === type);
    return label ? pick(label) : type && t(`queue.type.${type}`);
}

export const types = () => tables.sheet?.fields.find(({ pointer }) => pointer === "/incident/type")?.choices ?? [];

export function reasonChip(id, row) {
    const [shape, look] = lookOf(id, row);
    return h("span", { class: `chip ${look}` }, icon(shape), t(reasonWords(id, row)));
}

export const doneChip = () => h("span", { class: "chip good" }, icon("ok"), t("queue.reason.done"));
export const otherChip = () => h("span", { class: "chip warn" }, icon("eye"), t("queue.reason.other"));

const two = (first, second, strong) => [h(strong ? "b" : "span", { class: "cut", title: first }, first),
    second ? h("span", { class: "cut secondary", title: second }, second) : null];

export const numberLink = (row) => h("a", { class: "number", href: `/cases/${row.id}`, id: `row-${row.id}` },
    row.number);

/* What is due: the provider's answer, or what a clock of the desk stands for. */
function dueName(row) {
    const clock = row.reply_by ? "reply_by" : row.due?.clock.replace(/_(ahead|last|missed|long)$/, "");
    const words = `queue.clock.${clock}`;
    return clock && t(words) !== words ? t(words) : "";
}

export function dueCell(row) {
    const due = dueOf(row);
    if (!due)
        return [h("span", { class: "secondary" }, t("none"))];
    const now = api.now();
    const { late, soon, ms } = leftOf(due, now);
    const time = shortTime(due, now);
    if (!late && !soon)
        return two(t("queue.until", { time }), dueName(row));
    return two(t(late ? "queue.over" : "queue.left", { left: leftText(ms) }), `${dueName(row)} ${time}`, late);
}

const openedBy = (row) => row.opened_by?.id ?? row.opened_by ?? null;

/** Who is on the case now, else who opened it. */
export function peopleCell(row) {
    const [first, ...others] = presentAt(row.id);
    if (!first)
        return openedBy(row) ? two(nameOf(openedBy(row))) : [h("span", { class: "secondary" }, t("none"))];
    const more = others.length ? t("queue.others", { count: others.length }) : "";
    return [h("span", { class: "cut", title: nameOf(first.operator) }, `${nameOf(first.operator)}${more}`),
        h("span", { class: "secondary doing" }, icon(first.doing === "editing" ? "pen" : "eye"),
            t(`queue.doing.${first.doing}`))];
}

export const companyCell = (row) => [
    h("b", { class: "cut outside", title: row.company ?? "" }, row.company ?? t("unknown")),
    h("span", { class: "cut secondary outside", title: row.summary ?? "" },
        row.summary ?? row.person ?? (row.triage ? t(`triage.${row.triage}`) : ""))];

export function statusCell(row) {
    const state = row.status === "handover" && row.escalation !== "none" ? t(`state.${row.escalation}`) : "";
    return two(t(`status.${row.status}`), state);
}

export function nextText(row, reasons) {
    const said = (row.next_steps ?? []).find((step) => !step.done);
    return said ? pick(said) : t(`queue.next.${nextOf(row, reasons)}`);
}
