/* SPDX-License-Identifier: Apache-2.0 */
/* The live panel beside the sheet: contract and history, detections, first response, warnings and dates. Its rows are fixed: news
 * change what stands in them and move nothing. */
import { now } from "../../core/api.js";
import { tables } from "../../core/app.js";
import { h, icon, reconcile, replace, setText } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { clockTime, dayText, shortTime } from "../../core/times.js";
import { bars } from "../../core/bars.js";
import { currentStep, playbookOf, stepsOf } from "../../pure/playbook.js";
import { isSevere, latestSearch, severeGroups, severityWord } from "../../pure/detections.js";

const GROUPS_SHOWN = 2;
const STEPS_SHOWN = 3;
const NOTES_SHOWN = 3;

const card = (name, title, ...rest) => h("section", { class: `card panel-card of-${name}`, "aria-labelledby": `panel-${name}` }, h("h2", { id: `panel-${name}` }, title), ...rest);
/* A line that is cut where there is no room; the whole stands in its title. */
function line(...content) {
    const element = h("p", { class: "panel-line cut" }, content);
    element.title = element.textContent;
    return element;
}

/* --- contract and history ---------------------------------------------------------------------------------------------------------- */

function contractCard({ choose, other }) {
    const chip = h("span", { class: "contract-chip" });
    const id = h("span", { class: "number push cut" });
    const rows = h("div", { class: "contract-rows" });
    const element = card("contract", [h("span", {}, t("panel.contract")), chip, id], rows);

    function contractLine(contract) {
        const services = contract.services?.length ? contract.services.join("、") : "";
        return line(h("b", { class: "outside" }, contract.company), " ", h("span", { class: "outside", title: contract.notes }, services));
    }

    const candidate = (contract, words) => h("p", { class: "panel-line row" }, h("span", { class: "outside cut" }, contract.company),
        h("button", { type: "button", class: "link", on: { click: () => choose(contract) } }, t(words, { id: contract.customer_id })));

    function pastLine(history) {
        const past = history?.length ? t("panel.history", { count: history.length, when: shortTime(history[0].opened_at, now()),
            what: t(`status.${history[0].status}`) }) : t("panel.no_history");
        return line(h("span", { class: "secondary" }, past));
    }

    function rowsOf({ state, contract, candidates, history }, isCase, recorded) {
        if (contract)
            return [contractLine(contract), h("div", { class: "panel-line row" }, pastLine(history),
                recorded ? null : h("button", { type: "button", class: "link push", on: { click: other } }, t("panel.other_contract")))];
        if (candidates.length)
            return candidates.slice(0, 2).map((one) => candidate(one, isCase ? "panel.record_customer" : "panel.take_contract"));
        return [line(t(state === "none" ? "panel.no_contract" : "panel.contract_later"))];
    }

    /* Built anew only where it differs: somebody may be about to press what stands here. */
    function update(found, isCase, recorded) {
        const shown = JSON.stringify([found, isCase, recorded]);
        if (rows.dataset.shown === shown)
            return;
        rows.dataset.shown = shown;
        replace(chip, found.state === "chosen" ? h("span", { class: "chip good" }, icon("check"), t("panel.match")) : null);
        setText(id, found.contract?.customer_id ?? "");
        replace(rows, rowsOf(found, isCase, recorded));
    }
    return { element, update };
}

/* --- detections ---------------------------------------------------------------------------------------------------------------------- */

function coverageText(search) {
    const { coverage } = search;
    const gaps = (coverage?.sources ?? []).flatMap(({ source, gaps: found }) => (found ?? []).map((gap) => ({ source, ...gap })));
    const checked = t("panel.checked", { from: shortTime(coverage?.window?.from, now()), count: coverage?.scanned ?? 0 });
    if (coverage?.rebuilding)
        return t("panel.rebuilding");
    return gaps.length ? t("panel.gap", { source: gaps[0].source, from: shortTime(gaps[0].from, now()), to: shortTime(gaps[0].to, now()), checked }) : `${checked} ${t("panel.no_gap")}`;
}

function detectionsCard(openAll) {
    const counts = h("span", { class: "counts", role: "status", "aria-live": "off" });
    const updated = h("span", { class: "secondary push" });
    const chart = h("div", { class: "chart" });
    const rows = h("ul", { class: "detection-rows" });
    const covered = h("span", { class: "cut" });
    const coverage = h("button", { type: "button", class: "coverage", on: { click: openAll } }, covered);
    const element = card("detections", [h("span", {}, t("panel.detections")), counts, updated], chart, rows, coverage);
    element.tabIndex = -1;

    function say(text, more = "") {
        replace(counts);
        replace(chart, h("p", { class: "panel-say" }, h("b", {}, text), h("span", { class: "secondary" }, more)));
        replace(rows);
        showCoverage("");
    }

    function showCoverage(text) {
        setText(covered, text);
        coverage.title = covered.textContent;
        coverage.hidden = !text;
    }

    const row = (group) => h("li", {}, h("span", {}, shortTime(group.last, now())), h("b", { class: isSevere(group) ? "bad" : "" }, t(severityWord(group.severity))),
        h("span", { class: "outside cut", title: group.what }, group.what), h("span", { class: "address cut outside", title: group.device ?? "" }, group.device ?? "—"),
        h("span", { class: "cut" }, t(`action.${group.action ?? "unknown"}`)));

    function show(found, at) {
        const severe = found.severe ?? severeGroups(found).reduce((sum, { count }) => sum + count, 0);
        replace(counts, h("b", {}, t("panel.count", { count: found.detections })), severe ? h("b", { class: "bad" }, t("panel.severe", { count: severe })) : null);
        replace(chart, found.histogram ? bars(found.histogram, { width: chart.clientWidth || 448, height: 50 }) : null);
        replace(rows, [...(found.groups ?? [])].sort((a, b) => b.severity - a.severity || (a.last < b.last ? 1 : -1)).slice(0, GROUPS_SHOWN).map(row));
        showCoverage(coverageText(found));
        setText(updated, t("panel.updated", { time: clockTime(at) }));
    }

    function update(value, state) {
        if (!value)
            return say(t("panel.before_opening"), t("panel.before_opening_more"));
        const found = latestSearch(value);
        if (!value.customer_id)
            return say(t("panel.no_customer"));
        if (!found || value.triage.status === "searching" && !found.detections)
            return say(t("panel.searching"));
        if (value.triage.status === "failed")
            return say(t("panel.failed"));
        if (!found.detections) {
            say(t("panel.none_found"), "");
            showCoverage(coverageText(found));
            return undefined;
        }
        return show(found, state.at);
    }
    /* The card and no button of it: what is typed next must not press anything. */
    return { element, update, focus: () => element.focus() };
}

/* --- first response -------------------------------------------------------------------------------------------------------------------- */

const STEP_ICONS = { done: "check", waived: "back", locked: "lock", open: "open" };

function playbookCard({ done, cannot, later, putOff }) {
    const title = h("span", { class: "secondary" });
    const say = h("p", { class: "say", tabindex: "0" });
    const buttons = h("div", { class: "row" },
        h("button", { type: "button", class: "button main", on: { click: () => done("customer") } }, t("step.by_customer"), h("kbd", {}, "Alt+S")),
        h("button", { type: "button", class: "button", on: { click: () => done("operator") } }, t("step.by_operator")),
        h("button", { type: "button", class: "link", on: { click: later } }, t("step.later")),
        h("button", { type: "button", class: "link", on: { click: cannot } }, t("step.cannot")));
    const box = h("div", { class: "say-box" }, say, buttons);
    const rows = h("ul", { class: "step-rows" });
    const message = h("span", { class: "warn push", role: "alert" });
    const element = card("playbook", [h("span", {}, t("panel.playbook")), title, message], box, rows);

    const stepRow = (step) => h("li", { class: `step ${step.state}` }, icon(STEP_ICONS[step.state]), h("span", {}, t(`kind.${step.kind_of_step}`)),
        h("span", { class: "cut", title: pick(step.title) }, pick(step.title)),
        h("span", { class: "secondary cut" }, step.at ? `${shortTime(step.at, now())} ${t(`by.${step.who}`)}` : step.state === "locked" ? t("step.locked") : step.mandatory ? t("step.mandatory") : ""));

    function update(hearing, value) {
        const playbook = playbookOf(tables.playbooks, hearing, value);
        const steps = playbook ? stepsOf(playbook, value) : [];
        const current = playbook ? currentStep(playbook, value, putOff()) : null;
        setText(title, playbook ? t("panel.progress", { name: pick(playbook.title), done: steps.filter((step) => step.state === "done" || step.state === "waived").length, total: steps.length }) : t("panel.common"));
        setText(say, current ? t("said", { words: pick(current.say) }) : playbook ? t("step.all_done") : t("said", { words: t("say.first") }));
        say.title = current ? pick(current.why) : "";
        buttons.classList.toggle("away", !current || !value);
        for (const button of buttons.children)
            button.disabled = !current || !value;
        const at = Math.max(0, steps.indexOf(current) - 1);
        reconcile(rows, steps.slice(at, at + STEPS_SHOWN), (step) => `${step.step}-${step.state}`, stepRow);
        return { playbook, current };
    }

    return { element, update, say: (text) => setText(message, text), focus: () => buttons.querySelector("button:not(:disabled)")?.focus() };
}

/* --- warnings and dates ------------------------------------------------------------------------------------------------------------------ */

const REPORTS = [["preliminary", "date.preliminary"], ["final", "date.final"]];

/* Breach reports by their day, once each; of the other clocks each that still runs. */
function dates(value) {
    const clocks = value?.clocks ?? [];
    const reports = REPORTS.flatMap(([name, words]) => {
        const clock = clocks.findLast((one) => one.clock.startsWith(name) && one.day);
        return clock ? [{ id: name, text: t(words, { day: dayText(`${clock.day}T00:00:00+09:00`, language.get()) }) }] : [];
    });
    const others = clocks.filter(({ clock, day, fired_at: fired }) => !day && !fired && !clock.startsWith("inactive"));
    return [...reports, ...others.map((one) => ({ id: one.clock, text: t("date.due", { time: shortTime(one.due_at, now()), what: pick(one) }) }))];
}

const noteRow = ({ text, warn }) => h("li", { class: warn ? "warn" : "" }, icon(warn ? "warning" : "clock"), h("span", { class: "cut", title: text }, text));

function notesCard() {
    const rows = h("ul", { class: "note-rows" });
    const element = card("notes", h("span", { class: "sr-only" }, t("panel.notes")), rows);

    function update(value) {
        const steps = (value?.next_steps ?? []).filter(({ done }) => !done).map((one, index) => ({ id: `step-${index}`, text: pick(one), warn: true }));
        const warnings = (value?.escalation?.warnings ?? []).map((one) => ({ id: one.code, text: `${pick(one)}（${one.clause.replace("-12", "-⑫")}）`, warn: true }));
        const all = [...steps, ...warnings, ...dates(value)].slice(0, NOTES_SHOWN);
        replace(rows, all.length ? all.map(noteRow) : h("li", { class: "secondary" }, t("panel.no_notes")));
    }
    return { element, update };
}

/** acts: {done(by), cannot(), later(), putOff(), openAll(), choose(contract), other()} → {element, update({hearing, value, state, contract})} → {playbook, current} */
export function makePanel(acts) {
    const parts = { contract: contractCard(acts), detections: detectionsCard(acts.openAll), playbook: playbookCard(acts), notes: notesCard() };
    const element = h("aside", { class: "panel", "aria-label": t("panel") }, Object.values(parts).map((part) => part.element));

    function update({ hearing, value, state, contract, isCase }) {
        parts.contract.update(contract, isCase, Boolean(value?.customer_id));
        parts.detections.update(value, state);
        parts.notes.update(value);
        element.classList.toggle("stale", state.kind === "stale");
        return parts.playbook.update(hearing, value);
    }

    function focusContract() {
        const button = parts.contract.element.querySelector("button");
        button?.focus();
        return button;
    }
    return { element, update, focusContract, focusDetections: parts.detections.focus, focusStep: parts.playbook.focus, say: parts.playbook.say };
}
