/* SPDX-License-Identifier: Apache-2.0 */
/* Handing over: which of the four views the case calls for. The check never takes the place of another view by
 * itself. */
import * as api from "../core/api.js";
import { connection, me, refreshDesk, tables } from "../core/app.js";
import { watchCase } from "../core/case.js";
import { h, icon, replace, setText } from "../core/dom.js";
import { t } from "../core/language.js";
import { go } from "../core/router.js";
import { ending, signal } from "../core/signal.js";
import { clockTime } from "../core/times.js";
import { troubleStep } from "../core/trouble.js";
import { lastHandover, stageOf } from "../pure/handover.js";
import { chainOf } from "./handover/chain.js";
import { checkView } from "./handover/check.js";
import { heldView } from "./handover/held.js";
import { inputOf } from "./handover/input.js";
import { askCancel, sentView } from "./handover/sent.js";
import { addWords } from "../pure/words.js";
import { next } from "../pure/words/next.js";
import { consent } from "../pure/words/consent.js";
import { handover } from "../pure/words/handover.js";

addWords(consent, handover, next);

const AGAIN_MS = 3000;
/* Views that only wait for something to be known or saved. */
const WAITING = ["unjudged", "input"];
const MODES = { ready: "request", approve: "approve", released: "supplement" };

/* A sentence, and nothing that could be pressed. */
const plainView = ({ title, text, step }) =>
    ({ element: h("div", { class: "check-head" }, h("p", { class: "check-title" }, title), h("p", {}, text)),
    show: () => {}, step: () => step, main: () => undefined, focus: () => {} });

export function handoverScreen(place) {
    const watched = watchCase(place.id, "viewing");
    const step = signal(null);
    const ends = ending();
    const body = h("div");
    const heading = h("h1", { class: "handover-number", tabindex: "-1" }, t("handover.page"));
    const chain = chainOf(place.id);
    const input = inputOf(place.id);
    const unread = h("p", { class: "handover-unread warn", role: "status" });
    const element = h("div", { class: "handover" }, h("div", { class: "handover-top" }, heading), unread, body);
    let view = null;
    let kind = null;
    let opened = false;
    let preview = null;
    let reading = null;
    let again = null;
    let ended = false;
    let kept = place.kept;

    /* Only the first check of this screen goes on with what the one in the other language had. */
    function taken() {
        const first = kept;
        kept = null;
        return first;
    }

    const back = () => go(`/cases/${place.id}`);
    const isCheck = () => Boolean(kind?.startsWith("check."));
    const waiting = () => (unread.textContent ? { key: "handover.unread", act: null, trouble: true }
        : { key: "handover.step.unjudged", act: null });
    const own = () => (isCheck() && !preview ? waiting() : view?.step() ?? null);
    /* That nothing has been sent is said only where something could be. */
    const tell = () => step.set(troubleStep(isCheck() ? "handover" : "case") ?? own());
    const stageNow = () => stageOf(watched.value.get(), me.get().id);
    const state = () => ({ value: watched.value.get(), at: watched.state.get().at ?? api.now() });
    const context = { id: place.id, sheet: tables.sheet, desk: () => tables.desk, changed: tell, back, stageNow,
        refresh: () => refresh() };

    /* How many notes there are, where nothing has come since they were counted. */
    function notesNow() {
        const { notes, revision } = chain.result.get();
        return revision === watched.value.get().revision ? notes : null;
    }

    /* Nothing is offered while it is not sure that it may be. */
    function kindOf(value) {
        const stage = stageOf(value, me.get().id);
        if (stage === "held" || (stage === "released" && !place.query.get("more")) || stage === "waiting" ||
            stage === "approval")
            return stage === "held" ? "held" : "sent";
        const held = input.held.get();
        if (held === "conflict" || held === "input")
            return held;
        const found = chain.result.get();
        if (stage === "unjudged" || found.kind === "reading" || held === "reading")
            return "unjudged";
        if (found.kind === "broken")
            return "chain";
        return mayOpen() ? `check.${modeOf(value, stage)}` : "held";
    }

    /* What somebody is looking at is not taken away by a check that has become possible. */
    const mayOpen = () => opened || kind === null || WAITING.includes(kind) || kind.startsWith("check.");

    function modeOf(value, stage) {
        const again = stage === "ready" && value.escalation.state === "held";
        return again ? "again" : MODES[stage];
    }

    function make(next, value) {
        if (next === "held")
            return heldView({ ...context, open,
                cancel: () => askCancel({ id: place.id, state: value.escalation.state,
                done: () => watched.refresh() }) });
        if (next === "sent")
            return sentView(context);
        if (next === "unjudged")
            return plainView({ title: t("handover.loading"), text: t("handover.unjudged"),
                step: { key: "handover.step.unjudged", act: null } });
        if (next === "chain")
            return plainView({ title: [icon("stop"), " ", t("handover.chain.title")],
                text: t("handover.chain.text", { time: clockTime(chain.result.get().at) }),
                step: { key: "handover.step.chain", trouble: true, act: { kind: "go", address: `/cases/${place.id}`,
                    words: "handover.go.case" } } });
        if (next === "conflict" || next === "input")
            return plainView({ title: [icon("warning"), " ", t(`handover.${next}.title`)],
                text: t(`handover.${next}.text`),
                step: { key: `handover.step.${next}`, trouble: true,
                    act: { kind: "go", address: `/cases/${place.id}/call`, words: `handover.go.${next}` } } });
        return checkView({ ...context, mode: next.slice("check.".length), request: lastHandover(value),
            notes: notesNow, kept: taken() });
    }

    function turnTo(next, value) {
        kind = next;
        opened = opened && (next === "unjudged" || next.startsWith("check."));
        kept = WAITING.includes(next) || next.startsWith("check.") ? kept : null;
        preview = next.startsWith("check.") ? preview : null;
        view = make(next, value);
        replace(body, next.startsWith("check.") && !preview ? h("p", { class: "check-head" }, t("handover.loading"))
            : view.element);
    }

    /* What would leave, of the same head as the case that is shown beside it; read again until it is. */
    async function readPreview() {
        clearTimeout(again);
        const answer = await api.get(`/v1/cases/${place.id}/handover`);
        if (ended || !isCheck())
            return;
        setText(unread, answer.kind === "ok" ? "" : t("handover.unread"));
        tell();
        const isOf = (value) => answer.kind === "ok" && answer.body.head === value.head;
        if (isOf(watched.value.get()))
            return showPreview(answer);
        again = setTimeout(readInTurn, AGAIN_MS);
        if (answer.kind === "ok")
            await watched.refresh();
    }

    function showPreview(answer) {
        const first = !preview;
        preview = answer.body;
        if (first)
            replace(body, view.element);
        view.show({ preview, value: watched.value.get(), etag: answer.etag, at: api.now() });
        if (first && opened)
            view.focus();
    }

    function readInTurn() {
        reading = (reading ?? Promise.resolve()).then(readPreview);
        return reading;
    }

    async function show() {
        const value = watched.value.get();
        if (!value)
            return undefined;
        const next = kindOf(value);
        replace(heading, h("span", { class: "number" }, value.number), "　", t("handover.page"));
        if (next !== kind)
            turnTo(next, value);
        tell();
        if (isCheck())
            return readInTurn();
        setText(unread, "");
        return view.show(state());
    }

    async function refresh() {
        await watched.refresh();
        return show();
    }

    function showMissing({ kind: now }) {
        if (now === "missing")
            replace(body, h("p", { class: "check-head" }, t("missing.title")),
                h("p", { class: "check-head" }, t("missing.text")));
    }

    const open = () => { opened = true; show(); };
    const perform = (act) => (act.kind === "handover_open" ? open() : view?.focus());
    const to = (path) => () => go(`/cases/${place.id}${path}`);

    ends.add(watched.value.watch(show), watched.value.watch(input.ask), watched.value.watch(chain.update),
        watched.state.watch(showMissing), chain.result.watch(show), chain.end, input.held.watch(show), input.end,
        connection.watch(tell),
        () => { ended = true; clearTimeout(again); });
    refreshDesk().then(show);
    show();
    return { title: t("handover.page"), element, step, perform, focus: () => heading, keep: () => kept ?? view?.keep?.(),
        leave: () => { ends.all(); watched.end(); },
        keys: { main: () => view?.main(), back, consent: to("/consent"), intention: to("/intention"),
            section_1: to("/call"), detections: to("#detections") } };
}
