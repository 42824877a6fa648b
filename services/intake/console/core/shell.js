/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around every screen: head, search, the line 次の一手, keys; and the screen in it. */
import { connection, me, roles, tables, unsent, unsentOf } from "./app.js";
import * as api from "./api.js";
import { h, icon, replace, setText } from "./dom.js";
import { closeDialogs, openDialog } from "./dialog.js";
import { beginKeys } from "./keys.js";
import { showKeys } from "./keys_list.js";
import { language, pick, setLanguage, t } from "./language.js";
import { go, onArrival, placeOf } from "./router.js";
import { fetched, fetchOthers, screenOf } from "./screens.js";
import { searchBox } from "./search.js";
import { askSignIn } from "./sign_in.js";
import { askSignOut } from "./sign_out.js";
import { leftText, shortTime } from "./times.js";
import { deskHours } from "../pure/hours.js";

const NAVIGATION = [
    { screen: "queue", href: "/", words: "nav.queue", for: ["operator", "supervisor", "auditor", "admin"] },
    { screen: "today", href: "/today", words: "nav.today", for: ["operator", "supervisor", "auditor", "admin"] },
    { screen: "admin", href: "/admin", words: "nav.admin", for: ["operator", "supervisor", "admin", "auditor"] },
];
/* Which part of the navigation a screen belongs to. */
const UNDER = { today: "today", admin: "admin" };

let shown = null; /* the screen that is shown */
let place = null;
let parts = null;

const link = ({ screen, href, words }) => h("a", { href, class: "nav-link", "aria-current": (UNDER[place?.screen] ?? "queue") === screen
    ? "page" : null }, t(words));

function head() {
    const clock = h("span", { class: "clock" });
    const hours = h("span", { class: "hours" });
    const state = h("span", { class: "connection", role: "status" });
    const other = language.get() === "ja" ? "en" : "ja";
    const search = searchBox(go);
    const files = h("span", { class: "unsent-place", role: "status" });
    const element = h("header", { class: "head" },
        h("a", { href: "/", class: "brand" }, h("b", {}, t("app")), h("span", { class: "desk-name", title: pick(tables.desk?.name) }, pick(tables.desk?.name))),
        h("nav", { class: "nav", "aria-label": t("nav") }, NAVIGATION.filter((one) => roles(...one.for)).map(link)),
        search.element, files,
        h("span", { class: "desk-clock" }, icon("clock"), clock, hours), state,
        h("button", { type: "button", class: "me link", title: t("sign_out"), on: { click: askSignOut } }, me.get()?.name ?? ""),
        h("button", { type: "button", class: "button small", lang: other, on: { click: () => askBefore(() => setLanguage(other)) } }, t("other_language")),
        h("button", { type: "button", class: "button small", "aria-label": t("keys"), title: t("keys"),
            on: { click: () => showKeys(place.screen) } }, "?"));
    return { element, clock, hours, state, search, files };
}

function showClock() {
    const now = api.now();
    setText(parts.clock, shortTime(now, now));
    const hours = deskHours(tables.desk ?? {}, now);
    setText(parts.hours, hours.open ? t("hours.until", { time: shortTime(hours.until, now), left: leftText(hours.until - now) })
        : hours.next ? t("hours.next", { time: shortTime(hours.next, now) }) : t("hours.none"));
}

function showConnection() {
    const { session, intake, kafka, redis, stream } = connection.get();
    const waiting = session || intake || kafka || redis || stream;
    const words = t(waiting ? "connection.waiting" : "connection.good");
    if (parts.state.textContent === words)
        return;
    parts.state.className = waiting ? "connection waiting" : "connection good";
    replace(parts.state, icon(waiting ? "away" : "ok"), h("span", {}, words));
}

/* What was not sent is told on every screen, and where it waits. */
function showUnsent() {
    const { failed, first } = unsentOf(me.get()?.id);
    const said = failed ? `${failed} ${first}` : "";
    if (parts.files.dataset.said === said)
        return;
    parts.files.dataset.said = said;
    parts.element.classList.toggle("with-unsent", failed > 0);
    replace(parts.files, failed ? h("a", { class: "unsent", href: `/cases/${first}#section-files` }, icon("warning"), t("unsent", { count: failed })) : null);
}

/* --- the line ------------------------------------------------------------------------------------------------------- */

function line() {
    const text = h("span", { class: "line-text" });
    const extra = h("span", { class: "line-extra" });
    const mark = h("span", { class: "line-mark" });
    const button = h("button", { type: "button", class: "button line-act", on: { click: actOnLine } });
    const element = h("section", { class: "line", "aria-label": t("line") }, mark, text, extra, button);
    return { element, text, extra, mark, button };
}

/* What a step names may be said in both languages. */
const spoken = (values) => Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, value?.ja === undefined ? value : pick(value)]));

/** Step: {key, values, act: {kind, words, …}|null, trouble, extra}; see pure/next.js */
function say(step) {
    const { line: { element, text, extra, mark, button } } = parts;
    parts.step = step;
    element.className = step?.trouble ? "line trouble" : "line";
    const marked = t(step?.trouble ? "line.trouble" : "line");
    if (mark.textContent !== marked)
        replace(mark, icon(step?.trouble ? "warning" : "arrow"), marked);
    setText(text, step ? t(step.key, spoken(step.values)) : "");
    text.title = text.textContent;
    setText(extra, step?.extra ? t(step.extra.key, spoken(step.extra.values)) : "");
    button.hidden = !step?.act;
    const label = step?.act ? t(step.act.words ?? `act.${step.act.kind}`, spoken(step.act.values)) : "";
    if (button.dataset.label !== label) {
        button.dataset.label = label;
        replace(button, label, h("kbd", {}, "Alt+J"));
    }
}

function actOnLine() {
    const act = parts.step?.act;
    if (!act)
        return false;
    if (act.kind === "sign_in")
        return askSignIn();
    if (act.kind === "go")
        return go(act.address);
    return shown?.perform?.(act);
}

/* --- keys ----------------------------------------------------------------------------------------------------------- */

const FRAME_KEYS = {
    next: actOnLine,
    search: (event) => parts.search.begin(/^[0-9]$/.test(event.key) ? event.key : ""),
    keys: () => showKeys(place.screen),
    go_queue: () => go("/"),
    go_today: () => go("/today"),
    go_admin: () => go("/admin"),
};

function perform(id, event) {
    const taken = shown?.keys?.[id];
    if (taken)
        return taken(event) !== false;
    if (!FRAME_KEYS[id])
        return false;
    FRAME_KEYS[id](event);
    return true;
}

/* --- the screen ----------------------------------------------------------------------------------------------------- */

function leave() {
    shown?.ended?.();
    shown?.leave?.();
    shown = null;
}

/* What runs on this screen ends with it: nobody stops it by a slip. */
function askBefore(act) {
    const words = shown?.running?.();
    if (!words)
        return act();
    return openDialog({ title: t("running.title"), content: [h("p", {}, t(words))],
        actions: [{ words: t("running.leave"), act: () => { setTimeout(act); } }, { words: t("running.stay"), main: true }] });
}

/**
 * Screen: {title, bar, element, step: signal, keys: {id: act}, perform(act), leave(), focus, plain, running, keep}
 * running() → the word of what would end if the screen were left now, or null. keep() → what the same screen in the other language
 * goes on with, as place.kept.
 */
function show(kept = null) {
    const { screen } = placeOf(location);
    return screenOf(screen) ? showHere(kept) : fetched(screen).then(showIfStill(location.href));
}

/* What stands stays until the other is here, and where somebody has gone elsewhere meanwhile. */
const showIfStill = (address) => () => address === location.href && show();

function showHere(kept) {
    leave();
    place = { ...placeOf(location), kept };
    shown = screenOf(place.screen)(place);
    document.title = t("title", { page: shown.title });
    build();
    if (shown.step)
        shown.ended = shown.step.watch(say);
    say(shown.step?.get() ?? null);
    (shown.focus?.() ?? parts.main.querySelector("h1"))?.focus({ preventScroll: true });
}

function build() {
    const root = document.getElementById("app");
    if (shown.bar?.tagName === "DIV")
        shown.bar.setAttribute("role", "region");
    shown.bar?.setAttribute("aria-label", shown.title);
    const top = head();
    const below = line();
    const main = h("main", { id: "main", class: `screen ${place.screen}`, tabindex: "-1" }, shown.element);
    parts = { ...top, line: below, main, step: null };
    replace(root, h("a", { class: "skip", href: "#main" }, t("skip")), top.element, shown.bar ?? null, below.element, main);
    root.className = `frame screen-${place.screen}`;
    showClock();
    showConnection();
    showUnsent();
}

/* The other language: the same place, the focus where it was. */
function showAgain() {
    const id = document.activeElement?.id;
    show(shown?.keep?.());
    if (id)
        document.getElementById(id)?.focus();
}

export function beginShell() {
    onArrival(() => show(), askBefore);
    language.watch(showAgain);
    connection.watch(() => parts && showConnection());
    unsent.watch(() => parts && showUnsent());
    setInterval(() => parts && showClock(), 10000);
    /* Whoever is asked to sign in again while a dialog is open can, and finds it as it was. */
    beginKeys(() => place?.screen, perform, (id) => id === "next" && Boolean(connection.get().session));
    Promise.resolve(show()).then(fetchOthers);
}

/** Another person has signed in: nothing of the one before stays on the page. */
export function showAnew() {
    closeDialogs();
    return show();
}
