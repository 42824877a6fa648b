/* SPDX-License-Identifier: Apache-2.0 */
/* A case: the whole story, provable. Sections left, the timeline right; all of it is kept up to date in place. */
import { connection, roles } from "../core/app.js";
import { watchCase } from "../core/case.js";
import { h, replace } from "../core/dom.js";
import { t } from "../core/language.js";
import { go } from "../core/router.js";
import { ending, signal } from "../core/signal.js";
import { fullAt } from "./case/parts.js";
import { actionsSection } from "./case/actions.js";
import { chainCheck } from "./case/chain.js";
import { closingSection } from "./case/closing.js";
import { consentSection } from "./case/consent.js";
import { detectionsSection } from "./case/detections.js";
import { filesSection } from "./case/files.js";
import { handoverSection } from "./case/handover.js";
import { caseHead, caseTabs } from "./case/head.js";
import { hearingSection } from "./case/hearing.js";
import { noticesSection } from "./case/notices.js";
import { reportSection } from "./case/proposals.js";
import { actNamed, performer, stepOf } from "./case/step.js";
import { timelinePart } from "./case/timeline.js";
import { addWords } from "../pure/words.js";
import { next } from "../pure/words/next.js";
import { cases } from "../pure/words/case.js";

addWords(cases, next);

const MAKE = [
    detectionsSection,
    hearingSection,
    consentSection,
    handoverSection,
    reportSection,
    noticesSection,
    actionsSection,
    filesSection,
    closingSection,
];

/* Acts that an address may name on any case, for anybody. */
const READING = ["chain", "detections"];

function contextOf(id) {
    const watch = watchCase(id, "viewing");
    return {
        id,
        watch,
        value: () => watch.value.get(),
        moments: signal([]),
        maySay: () => roles("operator", "supervisor"),
        chain: signal({ kind: "checking" }),
        update: () => {},
        note: () => false,
    };
}

/* Which section is in sight: the last whose heading is above the upper third. */
function inSight(sections, main) {
    const edge = main.getBoundingClientRect().top + main.clientHeight / 3;
    return sections.findLast(({ element }) => element.getBoundingClientRect().top <= edge)?.id ?? sections[0].id;
}

/* What is shown while there is no case, or none any more. */
function stateText(state) {
    if (state.kind === "missing")
        return [
            h("h2", {}, t("missing.title")),
            h("p", {}, t("missing.text")),
            h("a", { href: "/", class: "button" }, t("nav.queue")),
        ];
    return h("p", { class: "secondary" }, t("loading"));
}

function build(ctx) {
    const chain = chainCheck(ctx);
    ctx.chain = chain.state;
    const sections = MAKE.map((make) => make(ctx));
    const timeline = timelinePart(ctx, chain);
    const head = caseHead(ctx);
    const goTo = (id) => {
        const title = document.getElementById(`title-${id}`);
        title?.focus({ preventScroll: true });
        document.getElementById(`section-${id}`)?.scrollIntoView({ block: "start" });
        title?.closest(".timeline")?.scrollIntoView({ block: "nearest" });
        return true;
    };
    const tabs = caseTabs(sections, goTo);
    const stale = h("p", { class: "message warn stale" });
    const loading = h("div", { class: "page case-loading" });
    const whole = h("div", { class: "case-whole" },
        tabs.element,
        h("div", { class: "page case-page" },
            h("div", { class: "case-main" },
                stale,
                sections.map(({ element }) => element),
            ),
            timeline.element,
        ),
    );
    return { chain, sections, timeline, head, tabs, goTo, stale, loading, whole };
}

function keysOf(ctx, parts, byId, perform) {
    const section = Object.fromEntries(
        [1, 2, 3, 4, 5, 6].map((number) => [`section_${number}`, () => parts.goTo(parts.sections[number - 1].id)]),
    );
    return {
        ...section,
        memo: () => ctx.note(),
        main: () => submitFocused(parts),
        step_customer: () => byId("actions").stepDone("customer"),
        step_remote: () => byId("actions").stepDone("operator"),
        detections: () => perform({ kind: "detections" }),
        consent: () => go(`/cases/${ctx.id}/consent`),
        intention: () => go(`/cases/${ctx.id}/intention`),
        back: () => go("/"),
    };
}

const focusedForm = (parts) => parts.sections.flatMap(({ forms }) => forms).find((form) => form.holdsFocus());

/* The main act of a case is that of the form in which somebody is. */
function submitFocused(parts) {
    focusedForm(parts)?.submitNow();
    return Boolean(focusedForm(parts));
}

export function caseScreen({ id, hash }) {
    const ctx = contextOf(id);
    const parts = build(ctx);
    const byId = (wanted) => parts.sections.find((section) => section.id === wanted);
    const step = signal(null);
    const perform = performer(ctx, parts.goTo, byId);
    const ends = ending();
    const element = h("div", { class: "case-screen" }, parts.loading);
    let begun = false;

    function update() {
        const value = ctx.value();
        sayStep();
        if (!value)
            return;
        if (!begun)
            begin();
        parts.head.update(value);
        parts.sections.forEach((section) => section.update(value));
        if (begun === "new")
            reopen();
        parts.chain.update(value);
        parts.timeline.update(value);
    }

    function begin() {
        begun = "new";
        replace(element, parts.whole);
        parts.tabs.mark(parts.sections[0].id);
        const main = document.getElementById("main");
        main?.addEventListener("scroll", () => parts.tabs.mark(inSight(parts.sections, main)), { passive: true });
    }

    function reopen() {
        begun = "shown";
        parts.sections.flatMap(({ forms }) => forms).forEach((form) => form.reopen());
        if (hash.startsWith("section-"))
            parts.goTo(hash.slice(8));
        else if (READING.includes(hash) || (ctx.maySay() && ctx.value().status !== "closed"))
            perform(actNamed(hash, step.get()?.act));
    }

    function sayStep() {
        step.set(stepOf(ctx));
    }

    function showState() {
        const state = ctx.watch.state.get();
        if (!ctx.value())
            replace(parts.loading, stateText(state));
        parts.stale.textContent = state.kind === "stale" && state.at ? t("stale", { time: fullAt(state.at) }) : "";
        sayStep();
    }

    ctx.update = update;
    ctx.note = () => {
        parts.goTo("files");
        return byId("files").note();
    };
    ends.add(
        ctx.watch.value.watch(update),
        ctx.watch.state.watch(showState),
        ctx.watch.presence.watch(parts.head.here),
        ctx.moments.watch(update),
        ctx.chain.watch(update),
        connection.watch(sayStep),
        () => removeEventListener("resize", update),
        ctx.watch.end,
        parts.chain.end,
        parts.timeline.end,
        () => byId("detections").end(),
    );
    addEventListener("resize", update);
    showState();
    return {
        title: t("case.title"),
        bar: parts.head.element,
        element,
        step,
        perform,
        keys: keysOf(ctx, parts, byId, perform),
        leave: ends.all,
    };
}
