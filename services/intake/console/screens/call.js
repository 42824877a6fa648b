/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call: the hearing sheet in the form's order, in whatever order it is told; beside it what the desk finds. One screen from the
 * first word to the hand-over: a draft becomes a case under the hands, and consent and intention take the sheet's column.
 */
import { get, newId, now } from "../core/api.js";
import { connection, me, tables } from "../core/app.js";
import { watchCase, writer } from "../core/case.js";
import { h, replace } from "../core/dom.js";
import { t } from "../core/language.js";
import { nameOf } from "../core/people.js";
import { go, rename } from "../core/router.js";
import { ending, signal } from "../core/signal.js";
import { writeText } from "../core/writes.js";
import { nextStep } from "../pure/next.js";
import { missing } from "../pure/sheet.js";
import { askAssessment, askCannot, askConflict, askPolicy } from "./call/acts.js";
import { makeBar } from "./call/bar.js";
import { contractFinder } from "./call/contract.js";
import { makeForm } from "./call/form.js";
import { lockCall } from "./call/lock.js";
import { makeMemo } from "./call/memo.js";
import { makePanel } from "./call/panel.js";
import { makeRail } from "./call/rail.js";
import { makeRecord } from "./call/record.js";
import { consentColumn } from "./consent.js";
import { intentionColumn } from "./intention.js";
import { addWords } from "../pure/words.js";
import { next } from "../pure/words/next.js";
import { call } from "../pure/words/call.js";
import { consent } from "../pure/words/consent.js";

addWords(call, consent, next);

const COLUMNS = { consent: consentColumn, intention: intentionColumn };
const NOT_WATCHED = { kind: "ok", at: null };

const fieldOf = (pointer) => tables.sheet.fields.find((field) => field.pointer === pointer.replace(/\/\d+(?=\/|$)/g, "/N"));

export function callScreen(place) {
    const isNew = place.draft === "new";
    const draft = isNew ? newId(now()) : place.draft;
    if (isNew)
        rename(`/calls/${draft}`);
    const ends = ending();
    const sources = new Map();
    const step = signal(null);
    const record = makeRecord({ operator: me.get().id, id: draft ?? place.id, kind: draft ? "draft" : "case", opened: becameCase });
    const form = makeForm(tables.sheet, record, sources);
    const contract = contractFinder(record, sources, () => { form.restore(); update(); });
    const bar = makeBar(() => MAIN[mainOf().id]());
    const rail = makeRail(form, jump);
    const memo = makeMemo(record);
    const panel = makePanel({ done: stepDone, cannot: stepCannot, later: stepLater, putOff: record.putOff, openAll: () => watch && go(`/cases/${watch.id}#detections`),
        choose: chooseContract, other: contract.other });
    const host = h("div", { class: "column", tabindex: "-1" }, form.element);
    const middle = h("div", { class: "middle" }, host, memo.element);
    const element = h("div", { class: "call-grid" }, h("h1", { class: "sr-only", tabindex: "-1" }, t("call.title")), rail.element, middle, panel.element);
    let watch = null;
    let column = place.column ?? "call";
    let shownColumn = null;
    let group = 1;
    let ready = false;
    let response = { playbook: null, current: null };
    const underway = new Set(); /* steps and customers that are being recorded */
    const writers = new Map(); /* of each, so that pressing again after no answer records nothing twice */
    const writerFor = (what) => {
        if (!writers.has(what))
            writers.set(what, writer("POST", `/v1/cases/${watch.id}/${what.split(" ")[0]}`));
        return writers.get(what);
    };

    const value = () => watch?.value.get() ?? null;
    const asked = (stage) => missing(tables.sheet, record.hearing(), stage);

    /* --- what the main button does --- */

    function mainOf() {
        if (!record.isCase())
            return record.opening.get() ? { id: "wait", words: t("main.sending"), waiting: true }
                : { id: "open", words: asked("A").length ? t("main.open_left", { count: asked("A").length }) : t("main.open") };
        if (!value())
            return { id: "wait", words: t("loading"), waiting: true };
        if (!value().policy)
            return { id: "policy", words: asked("B").length ? t("main.policy_left", { count: asked("B").length }) : t("main.policy") };
        if (!value().assessment)
            return { id: "assessment", words: t("main.assessment") };
        return value().assessment.needed === "yes" ? { id: "handover", words: t("main.handover") } : { id: "case", words: t("main.case") };
    }

    const MAIN = {
        wait: () => false,
        open: () => (asked("A").length ? form.focus(asked("A")[0]) : record.open()),
        policy: () => Boolean(value()) && askPolicy({ ...value(), hearing: record.hearing() }, asked("B"), (pointer) => { showColumn("call"); form.focus(pointer); }),
        assessment: () => askAssessment(value()),
        handover: () => go(`/cases/${watch.id}/handover`),
        case: () => go(`/cases/${watch.id}`),
    };

    function mainAct() {
        if (record.readOnly())
            return true;
        if (column !== "call" && shownColumn?.keys?.main)
            return shownColumn.keys.main();
        MAIN[mainOf().id]();
        return true;
    }

    /* --- first response, customer: each once, and what became of it is said. The step after it may stand on the screen before the
     * answer is here, and is taken as soon as it does. --- */

    async function act(what, write) {
        if (underway.has(what) || !watch || record.readOnly())
            return;
        underway.add(what);
        const answer = await write();
        if (answer.kind === "ok" || answer.kind === "late")
            await watch.refresh();
        underway.delete(what);
        panel.say(writeText(answer));
        update();
    }

    function stepDone(by) {
        const { playbook, current } = response;
        const what = `${playbook?.playbook}/${current?.step}`;
        if (current)
            act(what, () => writerFor(`actions ${what} ${by}`)({ kind: "step", by, step: { playbook: playbook.playbook, step: current.step } }));
    }

    function stepCannot() {
        return Boolean(response.current && value()) && (value().policy ? askCannot(value(), response.current) : MAIN.policy());
    }

    /* What cannot be done while somebody holds the receiver: the next one comes forward, and this one stays open. */
    function stepLater() {
        if (response.current)
            record.putOffStep(`${response.playbook.playbook}/${response.current.step}`);
    }

    function chooseContract(found) {
        if (record.isCase())
            act("customer", () => writerFor("customer")({ customer_id: found.customer_id }));
        else
            contract.choose(found);
    }

    /* --- moving about --- */

    function jump(to) {
        if (typeof to !== "number")
            return openAct(to);
        showColumn("call");
        const target = form.groups[to - 1];
        target?.element.scrollIntoView({ block: "start" });
        target?.element.querySelector("input, select, textarea")?.focus({ preventScroll: true });
        return true;
    }

    /* Consent and intention are of a case: before it is open, what it still needs comes first. */
    function openAct(name) {
        if (record.isCase())
            go(`/cases/${record.id()}/${name}`);
        else if (asked("A").length)
            form.focus(asked("A")[0]);
        return true;
    }

    function showColumn(name) {
        if (name !== "call" || column === "call" || !record.isCase())
            return;
        rename(`/cases/${record.id()}/call`);
        column = "call";
        shownColumn?.leave?.();
        shownColumn = null;
        replace(host, form.element);
        update();
    }

    /* What the line offers; whatever belongs to another screen is done there. A search begins and ends by itself, so what it offers
     * leads nobody away who meant the question that stood there a moment ago. */
    const ACTS = {
        focus: ({ pointer }) => { showColumn("call"); return form.focus(pointer); },
        compare: () => askConflict(record, fieldOf),
        open_case: () => MAIN.open(),
        policy: () => MAIN.policy(),
        assessment: () => MAIN.assessment(),
        step: () => panel.focusStep(),
        detections: () => panel.focusDetections(),
        customer: () => panel.focusContract() ?? form.focus("/contact/phone"),
        note: () => memo.focus(),
        approve: () => go(`/cases/${watch.id}/handover`),
    };

    function perform(what) {
        if (ACTS[what.kind])
            return ACTS[what.kind](what);
        return shownColumn?.perform?.(what) ?? go(`/cases/${record.id()}#${what.kind}`);
    }

    const answered = (which) => () => {
        const field = form.fieldAt(document.activeElement);
        field?.answer(which);
        return Boolean(field);
    };

    const keys = {
        main: mainAct,
        unknown: answered("unknown"),
        declined: answered("declined"),
        memo: () => memo.focus(),
        step_customer: () => { stepDone("customer"); },
        step_remote: () => { stepDone("operator"); },
        detections: () => { if (watch) go(`/cases/${watch.id}#detections`); },
        consent: () => jump("consent"),
        intention: () => jump("intention"),
        back: () => (column === "call" ? false : showColumn("call")),
        take_name: (event) => shownColumn?.keys?.take_name?.(event) ?? false,
        ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((number) => [`section_${number}`, () => jump(number)])),
    };

    /* --- keeping it true --- */

    function update() {
        if (!ready)
            return;
        const here = { hearing: record.hearing(), value: value(), state: watch?.state.get() ?? NOT_WATCHED, contract: contract.state.get(), isCase: record.isCase() };
        form.update();
        contract.update();
        response = panel.update(here);
        rail.update({ value: here.value, current: group, column });
        showBar();
        if (!shownColumn)
            step.set(stepNow(here.value));
    }

    const showBar = () => bar.update({ record, value: value(), presence: watch?.presence.get() ?? [], main: mainOf(), withKey: !shownColumn });

    function stepNow(known) {
        if (record.readOnly())
            return { key: "second_tab", values: {}, act: null, trouble: true };
        if (record.taken.get())
            return { key: "taken_over", values: { who: nameOf(record.taken.get()) }, act: { kind: "go", address: "/", words: "nav.queue" }, trouble: true };
        if (record.saved.get().state === "refused")
            return { key: "not_taken", values: {}, act: record.isCase() ? { kind: "go", address: `/cases/${record.id()}`, words: "main.case" } : null, trouble: true };
        return nextStep({ screen: "call", me: me.get(), connection: connection.get(), now: now(), desk: tables.desk, sheet: tables.sheet,
            playbooks: tables.playbooks, case: record.isCase() ? known : null,
            draft: { hearing: record.hearing(), opening: record.opening.get(), conflicts: record.conflicts(), put_off: record.putOff() } });
    }

    function becameCase(id) {
        rename(`/cases/${id}/call`);
        lockCall(me.get().id, id, ends);
        follow(id);
        update();
    }

    function follow(id) {
        watch = watchCase(id, "editing");
        ends.add(watch.end, watch.value.watch(takeTheirs), watch.state.watch(update), watch.presence.watch(update));
    }

    function takeTheirs(found) {
        record.theirs(found, watch.etag());
        if (found.customer_id)
            contract.follow(found.customer_id);
        update();
    }

    /* A new call takes the first keystroke; one that was begun before takes none until it is known what was typed. */
    async function begin() {
        const locked = lockCall(me.get().id, draft ?? place.id, ends);
        if (!isNew) {
            middle.inert = true;
            if (!(await locked))
                record.setReadOnly();
            const known = draft ? await get(`/v1/drafts/${draft}`) : null;
            await record.resume(known?.body ?? null, known?.etag ?? null);
        }
        if (!ends.over())
            show();
        const customer = draft ? record.customer() ?? place.query.get("contract") : null;
        if (customer)
            await takeContract(customer);
    }

    function show() {
        ready = true;
        middle.inert = record.readOnly();
        if (!draft)
            follow(place.id);
        update();
        form.restore();
        memo.restore();
        openColumn();
        if (!shownColumn && [document.body, null, element.querySelector("h1")].includes(document.activeElement))
            focus();
    }

    async function takeContract(customer) {
        const answer = await get(`/v1/contracts?q=${encodeURIComponent(customer)}`);
        const found = answer.body?.contracts.find(({ customer_id: id }) => id === customer);
        if (found)
            await contract.choose(found);
    }

    function focus() {
        if (shownColumn)
            return shownColumn.focus?.() ?? null;
        if (place.hash.startsWith("/"))
            return form.focus(place.hash) && document.activeElement;
        form.focus(record.isCase() ? "/incident/type" : asked("A").includes("/contact/phone") ? "/contact/phone" : asked("A")[0] ?? "/incident/summary");
        return document.activeElement;
    }

    function openColumn() {
        const open = COLUMNS[column];
        if (!open || !watch)
            return;
        shownColumn = open({ case: watch, record, tables, done: () => showColumn("call") });
        replace(host, shownColumn.element);
        ends.add(shownColumn.step.watch((next) => { if (shownColumn) step.set(next); }));
        step.set(shownColumn.step.get());
        showBar();
        shownColumn.focus?.()?.focus();
    }

    ends.add(record.changed.watch(update), record.saved.watch(update), record.opening.watch(update), record.problems.watch(update), record.taken.watch(update),
        connection.watch(update), contract.state.watch(update));
    const tick = setInterval(() => { if (ready) showBar(); if (record.opening.get()) update(); }, 1000);
    const soon = () => record.soon();
    const ask = (event) => { if (record.saved.get().state === "unkept") event.preventDefault(); };
    host.addEventListener("focusin", (event) => {
        group = Number(event.target.closest?.(".group")?.id.slice(6)) || group;
        rail.mark(column, group);
    });
    host.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.ctrlKey && !event.isComposing && event.keyCode !== 229 && form.fieldAt(event.target)?.enter())
            event.preventDefault();
    });
    addEventListener("resize", update);
    addEventListener("visibilitychange", soon);
    addEventListener("beforeunload", ask);
    ends.add(() => clearInterval(tick), () => removeEventListener("resize", update), () => removeEventListener("visibilitychange", soon), () => removeEventListener("beforeunload", ask));
    begin();
    return { title: t("call.title"), bar: bar.element, element, step, perform, keys, leave() { shownColumn?.leave?.(); ends.all(); record.leave(); }, focus };
}
