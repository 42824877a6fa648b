/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on, what they are doing, and at which case. */
import * as api from "../../core/api.js";
import { roles } from "../../core/app.js";
import { h, icon, reconcile, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { elapsedText, shortTime } from "../../core/times.js";
import { numberOf, readOften } from "../desk/day.js";
import { caseOf } from "../desk/presence.js";
import { refill } from "../desk/refill.js";

const IDLE_MS = 10 * 60000;
const OFTEN_MS = 10000;
const COLUMNS = ["name", "doing", "where"];

const began = (draft) => api.timeOfId(draft.id) ?? Date.parse(draft.created_at);
const said = (shape, words) => h("span", { class: "row doing" }, icon(shape), words);

function doingOf(person, draft, place, now) {
    const idle = now - Date.parse(person.seen_at) > IDLE_MS;
    if (draft && now - Date.parse(draft.updated_at) < IDLE_MS)
        return said("phone", t("today.on.call", { time: elapsedText(now - began(draft)) }));
    if (place)
        return said("dot", t("today.on.editing"));
    return idle ? said("clock", t("today.on.away", { time: shortTime(person.seen_at, now) }))
        : said("open", t("today.on.ready"));
}

function whereOf(draft, place) {
    if (place)
        return h("a", { class: "number", href: `/cases/${place}` }, numberOf(place) ?? t("today.on.case"));
    return draft?.company ? h("span", { class: "cut outside", title: draft.company }, draft.company) : t("none");
}

export function peopleTable() {
    let [drafts, people] = [[], []];
    const count = h("span", {});
    const none = h("p", { class: "secondary" });
    const body = h("tbody");
    const table = h("table", { class: "plain people-table", "aria-labelledby": "on-title" },
        h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` },
            t(`today.on.${name}`))))), body);
    const element = h("section", { class: "card" }, h("h2", { id: "on-title" }, t("today.on"), count), none, table);

    const make = ({ name }) => h("tr", {}, h("th", { scope: "row" }, h("span", { class: "cut", title: name }, name)),
        h("td", {}), h("td", {}));

    function fill(row, person) {
        const draft = drafts.find(({ owner }) => owner === person.id);
        const place = caseOf(person.id);
        const contents = [doingOf(person, draft, place, api.now()), whereOf(draft, place)];
        contents.forEach((content, at) => refill(row.cells[at + 1], content));
    }

    function show(on = people) {
        people = on;
        setText(count, people ? t("today.on.count", { count: people.length }) : "");
        setText(none, people ? t("today.on.none") : t("today.on.unknown"));
        none.hidden = Boolean(people?.length);
        table.hidden = !people?.length;
        reconcile(body, people ?? [], ({ id }) => id, make, fill);
    }

    async function read() {
        const answer = await api.get("/v1/drafts");
        if (answer.kind === "ok")
            drafts = answer.body.drafts;
        show();
    }

    const mayRead = roles("operator", "supervisor");
    const end = mayRead ? readOften(read, { types: ["case"], everyMs: OFTEN_MS }) : () => {};
    if (mayRead)
        read();
    return { element, show, end };
}
