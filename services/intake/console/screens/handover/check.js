/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check: three cards, a box under each, one button. A box is ticked by hand alone; what changes clears its own
 * box. The button
 * acts once at 3/3, on the state that is on the screen. What was not acknowledged is never sent again by itself.
 */
import { roles } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { h, icon, replace, setText } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { clockTime } from "../../core/times.js";
import { changedLines, extractOf, partsOf, requestBody } from "../../pure/handover.js";
import { sayChanged } from "../given/said.js";
import { basisBody, whereBody } from "./cards.js";
import { whatCard } from "./what.js";

const PARTS = ["what", "where", "basis"];
const ACTS = { request: "handover.act", again: "handover.act_again", supplement: "handover.act_more",
    approve: "handover.act_approve" };
const NOTES = { again: "handover.moved", supplement: "handover.supplement", approve: "handover.approve_note" };

/* What a check goes on with when it is built anew in the other language: nothing, unless it is of the same case, act and request. */
function goesOn(kept, { id, mode, request }) {
    return kept && kept.id === id && kept.mode === mode && kept.request === request?.id ? kept : null;
}

/** mode: request · again · supplement · approve; changed(): the step may be another; refresh(): case and preview
 * anew; kept: keep() of the same check before */
export function checkView({ id, mode, sheet, desk, request, notes, changed, refresh, back, kept }) {
    const approving = mode === "approve";
    const before = goesOn(kept, { id, mode, request });
    const write = before?.write ?? writer("POST", approving ? `/v1/cases/${id}/handover/approval` : `/v1/cases/${id}/handover`);
    const allowed = roles("operator", "supervisor");
    const ticked = before?.ticked ?? { what: null, where: null, basis: null };
    const changes = before?.changes ?? { what: [], where: [], basis: [] };
    let files = before?.files ?? (approving ? request.files ?? [] : []);
    let content = null;
    let sending = false;
    let trouble = null;
    let unsent = before?.unsent ?? false;

    const what = whatCard({ sheet, notes, fixed: approving, tick: tickFile });
    const bodies = { what: what.element, where: h("div"), basis: h("div") };
    const said = Object.fromEntries(PARTS.map((part) => [part, h("p", { class: "part-changed", role: "status" })]));
    const boxes = Object.fromEntries(PARTS.map((part) =>
        [part, h("input", { type: "checkbox", id: `check-${part}`, on: { change: () => tick(part) } })]));
    const feet = Object.fromEntries(PARTS.map((part) => [part, h("label", { class: "card-foot", for: `check-${part}` },
        boxes[part], h("span", {}, t(`handover.tick.${part}`)))]));
    const cards = PARTS.map((part, index) =>
        h("section", { class: `check-card ${part}`, "aria-labelledby": `check-title-${part}` },
        h("div", { class: "check-body" },
            h("h2", { id: `check-title-${part}` }, h("span", { class: "circle", "aria-hidden": "true" },
            String(index + 1)), t(`handover.${part}`)), bodies[part]),
        said[part], feet[part]));
    const count = h("b", {});
    const left = h("span", { class: "secondary" });
    const why = h("p", { class: "check-why secondary", id: "check-why", role: "status" });
    const label = h("span", {});
    const button = allowed ? h("button", { type: "button", class: "button main", id: "check-act",
        "aria-describedby": "check-why", on: { click: act } }, label, h("kbd", {}, "Ctrl+Enter")) : null;
    const title = h("p", { class: "check-title outside" });
    const asOf = h("p", { class: "secondary" });
    const element = h("div", { class: "check-view" },
        h("div", { class: "check-head" }, title, asOf),
        NOTES[mode] ? h("p", { class: "check-note" }, icon("warning"), " ",
            t(NOTES[mode], { by: nameOf(request?.requested_by.id) })) : null,
        h("div", { class: "check-cards" }, cards),
        h("div", { class: "check-bar" }, h("div", { class: "check-count" }, count, left),
            h("button", { type: "button", class: "link", on: { click: back } }, t("handover.back"), " ",
                h("kbd", {}, "Esc")), why, button));

    const missing = () => PARTS.filter((part) => !ticked[part]);

    function showBar() {
        const open = missing();
        setText(count, t("handover.count", { done: 3 - open.length }));
        setText(left, open.length
            ? t("handover.left", { what: open.map((part) => t(`handover.${part}`)).join(t("given.and")) })
            : t("handover.all_done"));
        sayChanged(why, trouble ? h("span", { class: "warn" }, icon("warning"), " ", trouble) : whyWords(open.length));
        if (!button)
            return;
        if (open.length || sending)
            button.setAttribute("aria-disabled", "true");
        else
            button.removeAttribute("aria-disabled");
    }

    function whyWords(open) {
        if (!allowed)
            return t("handover.not_yours");
        if (sending)
            return t("handover.sending");
        const lines = PARTS.flatMap((part) => changes[part]);
        if (lines.length)
            return h("span", { class: "warn" }, icon("warning"), " ",
                t("handover.step.changed", { what: linesText(lines) }));
        const words = open ? "handover.why_not" : "handover.ready";
        return t(approving ? `${words}_approve` : words);
    }

    /* Nobody can have checked what is described nowhere. */
    const isBlocked = (part) => part === "what" && Boolean(content && extractOf(full())?.unknown);

    function showPart(part) {
        boxes[part].disabled = isBlocked(part);
        feet[part].classList.toggle("done", Boolean(ticked[part]));
        boxes[part].checked = Boolean(ticked[part]);
        const lines = changes[part];
        sayChanged(said[part], lines.length
            ? [icon("warning"), " ", t("handover.changed", { what: linesText(lines) }), " ",
            t("handover.changed_again")] : "");
    }

    const lineText = ({ label: name }) => (typeof name === "string" ? t(`handover.line.${name}`) : pick(name));
    const linesText = (lines) => lines.map(lineText).join(t("handover.and"));
    const full = () => ({ ...content, desk: desk(), files, extraction: approving ? request.extraction : null });

    function tick(part) {
        ticked[part] = boxes[part].checked ? partsOf(full())[part] : null;
        trouble = null;
        if (ticked[part]) {
            changes[part] = [];
            showBody(part);
        }
        showPart(part);
        showBar();
        changed();
    }

    function tickFile(upload, on) {
        files = on ? [...files, upload] : files.filter((one) => one !== upload);
        show(content);
    }

    function showBody(part) {
        const ids = new Set(changes[part].map((line) => line.id));
        if (part === "what")
            return what.show(full(), ids);
        replace(bodies[part], part === "where" ? whereBody(full(), ids) : basisBody(full(), ids));
    }

    /* Clears the box of every part that is not what was confirmed any more. */
    function clearChanged() {
        const now = partsOf(full());
        const cleared = [];
        for (const part of PARTS) {
            if (isBlocked(part))
                ticked[part] = null;
            const lines = ticked[part] ? changedLines(ticked[part], now[part]) : [];
            if (!lines.length)
                continue;
            ticked[part] = null;
            changes[part] = lines;
            cleared.push(part);
        }
        return cleared;
    }

    function show(next) {
        content = next;
        const cleared = clearChanged();
        const provider = pick(content.preview.provider.name);
        replace(title, h("span", {}, t("handover.from", { company: content.value.hearing.contact.company })),
            icon("arrow"), h("span", {}, t("handover.to", { provider })));
        setText(asOf, t("handover.as_of", { time: clockTime(content.at), revision: content.value.revision }));
        setText(label, t(ACTS[mode], { provider }));
        for (const part of PARTS) {
            showBody(part);
            showPart(part);
        }
        showBar();
        changed();
        return cleared;
    }

    const clearAll = () => PARTS.forEach((part) => { ticked[part] = null; showPart(part); });

    async function afterAnswer(answer) {
        unsent = answer.kind === "unavailable" || answer.kind === "offline";
        if (answer.kind === "ok" || answer.kind === "late") {
            trouble = answer.kind === "late" ? t("write.late") : null;
            clearAll();
            return refresh();
        }
        if (unsent) {
            trouble = t("handover.unsent");
            return clearAll();
        }
        trouble = answer.kind === "conflict" ? t("handover.conflict_409") : answer.kind === "changed"
            ? t("handover.changed_412")
            : answer.kind === "invalid" ? t("write.invalid_any") : t(`write.${answer.kind}`);
        if (answer.kind !== "changed")
            return refresh();
        await refresh();
        if (missing().length === 0)
            trouble = t("handover.same_412");
    }

    async function act() {
        const [first] = missing();
        if (first)
            return boxes[first].focus();
        if (sending || !allowed)
            return;
        sending = true;
        showBar();
        const body = approving ? { handover: request.id } : requestBody({ preview: content.preview, files });
        await afterAnswer(await write(body, { ifMatch: content.etag }));
        sending = false;
        showBar();
        changed();
    }

    function step() {
        if (unsent && missing().length === 3)
            return { key: "handover.step.unsent", trouble: true,
                act: { kind: "handover_focus", words: "handover.go.box" } };
        const [first] = missing();
        if (first && isBlocked(first))
            return { key: "handover.step.extract_unknown", trouble: true,
                act: { kind: "go", address: `/cases/${id}#detections`, words: "act.detections" } };
        if (first && changes[first].length)
            return { key: "handover.step.changed", values: { what: linesText(changes[first]) }, trouble: true,
                act: { kind: "handover_focus", words: "handover.go.box" } };
        return first ? { key: `handover.step.${first}`, act: { kind: "handover_focus", words: "handover.go.box" } }
            : { key: "handover.step.act", act: allowed ? { kind: "handover_focus", words: "handover.go.button" }
                : null };
    }

    const focus = () => (missing().length ? boxes[missing()[0]] : button ?? boxes.what).focus();

    /* While a request is on its way nobody can say what is ticked once it is answered. */
    const keep = () => (sending ? null : { id, mode, request: request?.id, write, ticked, changes, files, unsent });

    return { element, show, step, main: act, focus, keep };
}
