/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screens. Each is fetched when it is first shown, and all of them once the first stands: so it stands soon, and
 * a call can be taken also when intake is away by then.
 */
import * as api from "./api.js";
import { fetchPlaybooks } from "./app.js";

const PARTS = {
    queue: () => import("../screens/queue.js").then(({ queueScreen }) => queueScreen),
    call: () => import("../screens/call.js").then(({ callScreen }) => callScreen),
    case: () => import("../screens/case.js").then(({ caseScreen }) => caseScreen),
    handover: () => import("../screens/handover.js").then(({ handoverScreen }) => handoverScreen),
    print: () => import("../screens/print.js").then(({ printScreen }) => printScreen),
    today: () => import("../screens/today.js").then(({ todayScreen }) => todayScreen),
    admin: () => import("../screens/admin.js").then(({ adminScreen }) => adminScreen),
};
/* The desk's own screens have no playbooks, and their look is in the page from the beginning; that of the others comes
 * before and after desk.css, where its rules stand in the order of the whole. */
const PLAIN = ["queue", "today", "admin"];
const BEFORE = ["call", "case", "handover"];
const AFTER = ["print"];
const AFTER_MS = 3000;
const AGAIN_MS = 2000;

const made = new Map();
let styled = null;

const rests = (ms) => new Promise((done) => { setTimeout(done, ms); });

function styleLink(name) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `/console/style/${name}.css`;
    return link;
}

const loaded = (link) => new Promise((done, failed) => {
    link.addEventListener("load", done);
    link.addEventListener("error", failed);
});

function addStyles() {
    const [before, after] = [BEFORE.map(styleLink), AFTER.map(styleLink)];
    const there = [...before, ...after].map(loaded);
    const desk = document.getElementById("style-desk");
    desk.before(...before);
    desk.after(...after);
    return Promise.all(there);
}

async function fetchTables() {
    if (!(await fetchPlaybooks()))
        throw new Error("no playbooks");
}

async function fetchScreen(name) {
    const more = PLAIN.includes(name) ? [] : [styled ??= addStyles(), fetchTables()];
    const [make] = await Promise.all([PARTS[name](), ...more]);
    made.set(name, make);
}

/* A module that once failed may stay so for this page: when intake is back, the page is fetched anew at its address. */
async function fetchAnew() {
    do
        await rests(AGAIN_MS);
    while ((await api.get("/v1/me")).kind === "offline");
    location.reload();
}

/** What makes the screen, once it is here; else undefined. */
export const screenOf = (name) => made.get(name);

/** Resolves once the screen is here; never where it can only come with another page. */
export const fetched = (name) => fetchScreen(name).catch(() => fetchAnew().then(() => new Promise(() => {})));

/** Fetches what is not here yet, one after the other and after what is asked for now. */
export async function fetchOthers() {
    await rests(AFTER_MS);
    for (const name of Object.keys(PARTS))
        if (!made.has(name))
            await fetchScreen(name).catch(() => {});
}
