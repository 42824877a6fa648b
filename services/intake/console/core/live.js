/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of events (GET /v1/events). Whoever listens is told `reset` whenever events may be missing, and `open` before what is down
 * is told anew. */
import { signal } from "./signal.js";

const TYPES = ["case", "extraction", "handover", "overdue", "notice", "presence", "service", "reset", "end"];
const AGAIN_MS = [1000, 2000, 4000, 8000];

/** up · lost, and since when */
export const stream = signal({ state: "up", since: null });

const listeners = new Set();
let source = null;
let tries = 0;
let timer = null;
let wanted = false;
let begun = false; /* once before: what happened since the end was told to nobody */

const tell = (type, data) => { for (const listener of [...listeners]) listener(type, data); };

/** listener(type, data); returns what ends it. */
export function listen(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

function lost() {
    if (stream.get().state === "up")
        stream.set({ state: "lost", since: Date.now() });
}

function up() {
    tries = 0;
    stream.set({ state: "up", since: null });
}

function again() {
    source?.close();
    source = null;
    if (!wanted)
        return;
    clearTimeout(timer);
    timer = setTimeout(() => connect(true), AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]);
}

function connect(anew) {
    source = new EventSource("/v1/events");
    source.onopen = () => {
        up();
        tell("open", {});
        if (anew)
            tell("reset", {});
    };
    source.onerror = () => {
        lost();
        /* 2: the browser has given up (an answer that is no stream); else it goes on by itself, with Last-Event-ID */
        if (source?.readyState === 2)
            again();
    };
    for (const type of TYPES)
        source.addEventListener(type, (event) => take(type, event.data));
}

function take(type, text) {
    up();
    if (type === "end")
        return again();
    try {
        tell(type, text ? JSON.parse(text) : {});
    } catch {
        tell("reset", {});
    }
}

export function begin() {
    if (wanted)
        return;
    wanted = true;
    connect(begun);
    begun = true;
}

export function end() {
    wanted = false;
    clearTimeout(timer);
    source?.close();
    source = null;
    stream.set({ state: "up", since: null });
}

