/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to help now: calls in progress, cases that need somebody with the reason first, and the rest. */
import * as api from "../core/api.js";
import { connection, roles } from "../core/app.js";
import { h, icon, replace, setText } from "../core/dom.js";
import { t } from "../core/language.js";
import { go, rename } from "../core/router.js";
import { ending, signal } from "../core/signal.js";
import { clockTime } from "../core/times.js";
import { addressOf, filterOf } from "../pure/queue.js";
import { nameOf } from "../core/people.js";
import { watchDay } from "./desk/day.js";
import { watchPresence } from "./desk/presence.js";
import { isCutOff, troubleStep } from "./desk/trouble.js";
import { callStrip } from "./queue/calls.js";
import { nextText } from "./queue/cells.js";
import { filterChips } from "./queue/filter_chips.js";
import { lookedAt, queueList } from "./queue/list.js";
import { caseTable } from "./queue/table.js";
import { tabLinks } from "./queue/tabs.js";

const SAID_MS = 10000;
const FIRST_ASKED = 5;

let remembered = null; /* the case that was opened from here */

const mayTake = () => roles("operator", "supervisor");
const takeCall = () => mayTake() && go("/calls/new");

function tools(openFilter) {
    const take = mayTake() ? h("button",
        { type: "button", class: "button main", on: { click: takeCall } },
        icon("phone"), t("queue.take"), h("kbd", { "aria-hidden": "true" }, "N")) : null;
    return h("div", { class: "row" }, h("button", { type: "button", class: "button", id: "filter",
        on: { click: openFilter } },
        t("queue.filter"), h("kbd", { "aria-hidden": "true" }, "F")), take);
}

function waitingRow(sort) {
    const moved = h("span", {});
    const chip = h("span", { class: "chip act" }, icon("flash"), moved);
    const button = h("button", { type: "button", class: "link", on: { click: sort } }, t("queue.sort"));
    const waiting = h("span", { class: "row" }, chip, button, h("kbd", { "aria-hidden": "true" }, "R"));
    const updated = h("span", { class: "secondary updated" });
    const said = h("span", { class: "sr-only", role: "status" });
    return { element: h("div", { class: "spread waiting-row" }, waiting, said, updated), moved, waiting, updated,
        said };
}

function heading(id, words, order) {
    const count = h("span", {});
    return { element: h("div", { class: "row list-head" }, h("h2", { id }, t(words), count),
        h("span", { class: "secondary" }, t(order))), count };
}

/* One list: its tables, and what stands where there is nothing. */
function listArea(filter, list) {
    const withAttention = filter.tab === "open";
    const need = { ...heading("need-title", "queue.need", "queue.need.order"),
        table: caseTable({ label: "need-title", urgent: true }), none: h("p", { class: "empty" }) };
    const rest = { ...heading("rest-title", withAttention ? "queue.rest" : "queue.found", "queue.rest.order"),
        table: caseTable({ label: "rest-title" }), none: h("p", { class: "empty" }) };
    const more = h("button", { type: "button", class: "button small", on: { click: list.more } }, t("more"));
    const before = h("button", { type: "button", class: "button small", on: { click: list.earlier } },
        t("queue.earlier"));
    const others = h("p", { class: "secondary" }, t("queue.need.others"));
    const element = h("div", {}, withAttention ? [h("section", {}, need.element, need.table.element, need.none, others)]
        : null,
        h("section", {}, rest.element, before, rest.table.element, rest.none, more));

    const none = (part, rows, state, words) => {
        part.none.hidden = rows.length > 0;
        setText(part.none, state === "loading" ? t("loading") : t(words));
    };

    function show(view) {
        const { attention = [], rest: rows = [], kind } = view;
        need.table.show(attention, list);
        rest.table.show(rows, list);
        setText(need.count, t("queue.count_shown", { count: attention.length, more: view.others ? "+" : "" }));
        setText(rest.count, t("queue.count_shown", { count: view.total ?? 0, more: view.more ? "+" : "" }));
        none(need, attention, attention.length || view.at ? kind : "loading", "queue.need.none");
        none(rest, rows, view.at ? kind : "loading", withAttention ? "queue.rest.none" : "queue.found.none");
        others.hidden = !view.others;
        more.hidden = !view.more;
        before.hidden = !view.before;
    }
    return { element, show };
}

function stepOf(view, list) {
    const trouble = troubleStep("queue");
    if (trouble || !view.at)
        return trouble;
    const first = view.attention[0];
    if (!list.withAttention)
        return { key: "queue.step.choose", act: { kind: "go", address: "/", words: "queue.step.all" } };
    if (!first)
        return { key: "queue.step.none", act: mayTake()
            ? { kind: "take_call", words: "queue.take" } : null };
    return { key: "queue.step", values: { company: (first.company ?? t("unknown")).slice(0, 40),
        next: nextText(first, list.reasonsFor(first)) },
        act: { kind: "go", address: `/cases/${first.id}`, words: "queue.open" } };
}

export function queueScreen(place) {
    const ends = ending();
    const step = signal(troubleStep("queue"));
    const day = watchDay();
    const strip = callStrip();
    const waiting = waitingRow(() => list.sort());
    const tabArea = h("div", {});
    const chipArea = h("div", { class: "chip-area" });
    const area = h("div", { class: "lists" });
    const element = h("div", { class: "page desk queue-page" }, h("div", { class: "spread" },
        h("h1", { tabindex: "-1" }, t("nav.queue")), tools(openFilter)),
        strip.element, tabArea, chipArea, waiting.element, area);
    let [list, tabs, lists, stopList, frame, saidAt, arrived] = [null, null, null, () => {}, null, 0, false];

    /* Another list in the same page: the address changes with it. */
    function begin(filter) {
        stopList();
        list = queueList(filter);
        lists = listArea(filter, list);
        tabs = tabLinks(filter, (tab) => apply({ ...filter, tab }));
        replace(tabArea, tabs.element);
        replace(chipArea, filterChips(filter, apply));
        replace(area, lists.element);
        tabs.show(day.value.get());
        const unwatch = list.view.watch(soon);
        stopList = () => { unwatch(); list.end(); };
        begin.filter = filter;
        show();
    }

    function apply(change) {
        const filter = filterOf(new URLSearchParams(addressOf(change).slice(2)));
        rename(addressOf(filter));
        begin(filter);
        document.getElementById(`tab-${filter.tab}`)?.focus({ preventScroll: true });
    }

    function openFilter() {
        const people = (day.value.get()?.on ?? []).map(({ id }) => ({ id, name: nameOf(id) }));
        import("./queue/filter.js").then(({ askFilter }) => askFilter(begin.filter, people, apply));
        return true;
    }

    /* Many events, one showing. */
    function soon() {
        frame ??= requestAnimationFrame(show);
    }

    function show() {
        frame = null;
        const view = list.view.get();
        lists.show(view);
        waiting.waiting.classList.toggle("unseen", !view.moved);
        setText(waiting.moved, t("queue.moved", { count: view.moved ?? 0 }));
        const old = view.kind === "stale" || isCutOff();
        setText(waiting.updated, view.at ? t(old ? "stale" : "updated", { time: clockTime(view.at) }) : "");
        waiting.updated.classList.toggle("warn", old);
        const next = stepOf(view, list);
        if (JSON.stringify(next) !== JSON.stringify(step.get()))
            step.set(next);
        say(view);
        if (view.at && !arrived)
            arrive(view);
        arrived ||= Boolean(view.at);
    }

    /* Numbers are said at most every ten seconds. */
    function say({ attention, at }) {
        if (!at || !list.withAttention || Date.now() - saidAt < SAID_MS)
            return;
        saidAt = Date.now();
        setText(waiting.said, t("queue.said", { count: attention.length }));
    }

    const links = () => [...area.querySelectorAll("tbody a.number")];

    function move(by) {
        const all = links();
        const now = all.indexOf(document.activeElement?.closest?.("tr")?.querySelector("a.number"));
        const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by))];
        next?.focus();
        next?.closest("tr").scrollIntoView({ block: "nearest" });
    }

    function openRow(event) {
        const link = document.activeElement?.closest?.("tr")?.querySelector("a.number");
        if (!link || event.target.closest("a, button"))
            return false;
        return go(link.getAttribute("href"));
    }

    function remember(event) {
        const id = event.target.closest("tbody tr")?.dataset.id;
        if (!id)
            return;
        remembered = id;
        lookedAt(id);
    }

    /* Once, when the first rows stand: back from a case one is where one was, unless one is elsewhere by now. */
    function arrive({ attention }) {
        if (element.contains(document.activeElement) && document.activeElement.tagName === "H1")
            document.getElementById(`row-${remembered}`)?.focus();
        presence.ask(attention.slice(0, FIRST_ASKED).map(({ id }) => id));
    }

    area.addEventListener("click", remember, true);
    const presence = watchPresence(() => soon());
    begin(filterOf(place.query));
    ends.add(() => stopList(), day.end, strip.end, day.value.watch(() => { tabs.show(day.value.get()); soon(); }),
        connection.watch(soon),
        presence.end, () => cancelAnimationFrame(frame));
    const minute = setInterval(soon, SAID_MS);
    ends.add(() => clearInterval(minute));
    const acts = { take_call: takeCall };
    return { title: t("nav.queue"), element, step, perform: ({ kind }) => acts[kind]?.(), leave: ends.all,
        keys: { down: () => move(1), up: () => move(-1), open: openRow, take_call: takeCall, resort: () => list.sort(),
            filter: openFilter } };
}
