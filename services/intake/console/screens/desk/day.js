/* SPDX-License-Identifier: Apache-2.0 */
/* The day's numbers (GET /v1/overview), read again after events. */
import * as api from "../../core/api.js";
import { listen } from "../../core/live.js";
import { ending, signal } from "../../core/signal.js";

const PAUSE_MS = 3000; /* many events, one reading */
const AGAIN_MS = 30000;

const numbers = new Map();

/** The number of a case as far as it is known here. */
export const numberOf = (id) => numbers.get(id) ?? null;
export const noteNumber = ({ id, number }) => numbers.set(id, number);

/** Calls `read` soon after events of `types`, at most once in `pauseMs`, and every `everyMs`; not on a hidden page. */
export function readOften(read, { types, pauseMs = PAUSE_MS, everyMs = AGAIN_MS }) {
    const ends = ending();
    let [timer, missed] = [null, false];
    const run = () => {
        timer = null;
        missed = document.hidden;
        if (!missed)
            read();
    };
    const soon = (type) => { if (type === "reset" || types.includes(type)) timer ??= setTimeout(run, pauseMs); };
    const seen = () => { if (!document.hidden && missed) run(); };
    const beat = setInterval(run, everyMs);
    document.addEventListener("visibilitychange", seen);
    ends.add(listen(soon), () => clearInterval(beat), () => clearTimeout(timer),
        () => document.removeEventListener("visibilitychange", seen));
    return ends.all;
}

/** {value: signal(overview|null), state: signal({kind: loading|ok|stale, at}), end()} */
export function watchDay() {
    const value = signal(null);
    const state = signal({ kind: "loading", at: null });
    async function read() {
        const answer = await api.get("/v1/overview");
        if (answer.kind !== "ok")
            return state.set({ kind: "stale", at: state.get().at });
        value.set(answer.body);
        state.set({ kind: "ok", at: api.now() });
    }
    const end = readOften(read, { types: ["case", "handover", "overdue", "notice"] });
    read();
    return { value, state, read, end };
}
