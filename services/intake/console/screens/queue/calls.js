/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that have not become cases: the desk's drafts, and those that only this browser still has. */
import * as api from "../../core/api.js";
import { me, roles } from "../../core/app.js";
import { h, icon, reconcile, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { allOf } from "../../core/store.js";
import { elapsedText, shortTime } from "../../core/times.js";
import { callsOf, waitingToOpen } from "../../pure/calls.js";
import { nameOf } from "../../core/people.js";
import { readOften } from "../desk/day.js";

const SHOWN_MAX = 30;
const OFTEN_MS = 10000;
const LONG_MS = 12 * 3600 * 1000;

const sinceText = (since, now) => (now - since > LONG_MS ? shortTime(since, now) : elapsedText(now - since));

function makeCard(call) {
    const parts = { company: h("b", { class: "cut outside" }), who: h("span", { class: "cut secondary" }),
        time: h("span", { class: "time" }) };
    const element = h("li", {}, h("a", { class: "call-card", href: call.address, id: `call-${call.id}` },
        icon("phone"), parts.company, parts.time, parts.who));
    element.parts = parts;
    return element;
}

const whoText = (call) => (call.where !== "desk" ? t(`queue.call.${call.where}`) : call.mine ? t("queue.call.mine")
    : t("queue.call.theirs", { name: nameOf(call.owner) }));

function fillCard({ parts }, call) {
    setText(parts.company, call.company || t("queue.call.unnamed"));
    parts.company.title = parts.company.textContent;
    setText(parts.who, whoText(call));
    parts.who.title = parts.who.textContent;
    setText(parts.time, call.since ? sinceText(call.since, api.now()) : "");
}

/** {element, calls(), end()} */
export function callStrip() {
    const count = h("b", { class: "count" });
    const note = h("p", { class: "secondary calls-note" });
    const list = h("ul", { class: "call-list" });
    const element = h("section", { class: "calls", "aria-labelledby": "calls-title" },
        h("h2", { id: "calls-title" }, t("queue.calls"), count), note, list);
    const mayRead = roles("operator", "supervisor");
    let drafts = null; /* null: not known */
    let calls = [];

    async function read() {
        const [answer, kept] = await Promise.all([mayRead ? api.get("/v1/drafts") : null, allOf(me.get()?.id)]);
        const known = answer?.kind === "ok";
        if (known)
            drafts = answer.body.drafts;
        calls = callsOf(drafts ?? [], kept, me.get()?.id, api.timeOfId);
        show(known || !mayRead);
        resumeWaiting(waitingToOpen(kept));
    }

    /* What the page before could not open; where nothing waits, nothing more is fetched. */
    function resumeWaiting(records) {
        if (records.length)
            import("../call/resume.js").then(({ resumeOpenings }) => resumeOpenings(records), () => {});
    }

    function show(known) {
        setText(count, String(calls.length));
        setText(note, !known ? t("queue.calls.unknown") : calls.length
            ? (calls.length > SHOWN_MAX ? t("queue.calls.more", { count: calls.length - SHOWN_MAX }) : "")
            : t("queue.calls.none"));
        reconcile(list, calls.slice(0, SHOWN_MAX), ({ id }) => id, makeCard, fillCard);
    }

    const end = readOften(read, { types: ["case"], everyMs: OFTEN_MS });
    const tick = setInterval(() => { for (const call of calls.slice(0,
        SHOWN_MAX)) fillCard(list.querySelector(`[data-id="${CSS.escape(call.id)}"]`), call); }, 1000);
    read();
    return { element, calls: () => calls, end: () => { end(); clearInterval(tick); } };
}
