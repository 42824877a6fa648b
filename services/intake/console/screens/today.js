/* SPDX-License-Identifier: Apache-2.0 */
/* What is late, what left the building, who is on: the supervisor's day. */
import { connection } from "../core/app.js";
import { h, icon, setText } from "../core/dom.js";
import { language, t } from "../core/language.js";
import { ending, signal } from "../core/signal.js";
import { clockTime, dayText } from "../core/times.js";
import { watchDay } from "./desk/day.js";
import { watchPresence } from "./desk/presence.js";
import { isCutOff, troubleStep } from "./desk/trouble.js";
import { nextText } from "./queue/cells.js";
import { connectionList } from "./today/connections.js";
import { deadlines } from "./today/deadlines.js";
import { hoursChart } from "./today/hours.js";
import { leftTable } from "./today/left.js";
import { numberCards } from "./today/numbers.js";
import { peopleTable } from "./today/people.js";
import { addWords } from "../pure/words.js";
import { today } from "../pure/words/today.js";

addWords(today);

const MINUTE_MS = 10000;

function top() {
    const date = h("span", { class: "secondary" });
    const updated = h("span", { class: "secondary updated" });
    const print = h("button", { type: "button", class: "button", on: { click: () => window.print() } }, icon("file"),
        t("print"));
    const element = h("div", { class: "spread" }, h("div", { class: "row" }, h("h1", { tabindex: "-1" }, t("today")),
        date), h("div", { class: "row" }, updated, print));
    return { element, date, updated };
}

function stepOf(due) {
    const trouble = troubleStep("today");
    const [first] = due.rows.get();
    if (trouble || !due.state.get().at)
        return trouble;
    if (!first)
        return { key: "today.due.none", act: null };
    return { key: "queue.step", values: { company: (first.company ?? t("unknown")).slice(0, 40),
        next: nextText(first, due.reasonsFor(first)) },
        act: { kind: "go", address: `/cases/${first.id}`, words: "queue.open" } };
}

export function todayScreen(place) {
    const ends = ending();
    const head = top();
    const day = watchDay();
    const parts = { numbers: numberCards(), due: deadlines(), left: leftTable(), people: peopleTable(),
        links: connectionList(), hours: hoursChart() };
    const step = signal(null);
    const element = h("div", { class: "page desk today-page" }, head.element, parts.numbers.element,
        h("div", { class: "today-grid" }, h("div", { class: "stack" }, parts.due.element, parts.left.element,
            parts.hours.element),
            h("div", { class: "stack" }, parts.people.element, parts.links.element)));

    function showStep() {
        const next = stepOf(parts.due);
        if (JSON.stringify(next) !== JSON.stringify(step.get()))
            step.set(next);
        parts.links.show(connection.get(), day.value.get());
    }

    function showState({ kind, at }) {
        const old = kind === "stale" || isCutOff();
        setText(head.updated, at ? t(old ? "stale" : "updated", { time: clockTime(at) }) : t("loading"));
        head.updated.classList.toggle("warn", old);
    }

    function showDay(overview) {
        setText(head.date, dayText(`${overview.date}T12:00:00+09:00`, language.get()));
        parts.numbers.show(overview);
        parts.left.show(overview);
        parts.people.show(overview.on);
        parts.hours.show(overview.opened_by_hour ?? null);
        showStep();
    }

    const presence = watchPresence(() => { parts.people.show(); parts.due.show(); });
    const beat = setInterval(() => { parts.people.show(); parts.due.show(); }, MINUTE_MS);
    ends.add(day.value.watch(showDay), day.state.watch(showState), parts.due.rows.watch(showStep),
        parts.due.state.watch(showStep), connection.watch(() => { showStep(); showState(day.state.get()); }),
        presence.end, day.end, parts.due.end, parts.people.end, () => clearInterval(beat));
    showState(day.state.get());
    showStep();
    return { title: t("today"), element, step, leave: ends.all, focus: () => (place.hash === "left"
        ? element.querySelector("#left") : null) };
}
