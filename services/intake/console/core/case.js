/* SPDX-License-Identifier: Apache-2.0 */
/* One case as it stands, kept up to date by the stream; and writes to it that may be repeated until they are answered. */
import * as api from "./api.js";
import { listen } from "./live.js";
import { ending, signal } from "./signal.js";

const PAUSE_MS = 250; /* several events, one reading */
const TYPES = ["case", "extraction", "handover", "overdue", "notice"];

/**
 * {state: signal({kind: loading|ok|missing|stale, at}), value: signal(case), etag(), refresh(), presence: signal([…]), end()}
 * `doing`: viewing or editing, told to colleagues every 10 s; null tells nothing.
 */
export function watchCase(id, doing) {
    const value = signal(null);
    const state = signal({ kind: "loading", at: null });
    const presence = signal([]);
    const ends = ending();
    let etag = null;
    let reading = null;
    let again = false;
    let timer = null;

    async function read() {
        const answer = await api.get(`/v1/cases/${id}`, { etag });
        if (answer.kind === "ok") {
            etag = answer.etag;
            value.set(answer.body);
        }
        if (answer.kind === "ok" || answer.kind === "unchanged")
            state.set({ kind: "ok", at: api.now() });
        else if (answer.kind === "missing")
            state.set({ kind: "missing", at: null });
        else
            state.set({ kind: "stale", at: state.get().at });
        return answer;
    }

    /* One reading at a time; whoever asks meanwhile gets the one after it. */
    async function refresh() {
        if (reading) {
            again = true;
            await reading;
            return again ? refresh() : undefined;
        }
        again = false;
        reading = read();
        const answer = await reading;
        reading = null;
        return answer;
    }

    function soon() {
        timer ??= setTimeout(() => { timer = null; refresh(); }, PAUSE_MS);
    }

    async function tellPresence() {
        if (!doing || document.hidden)
            return;
        const answer = await api.send("PUT", `/v1/cases/${id}/presence`, { doing });
        if (answer.kind === "ok")
            presence.set(answer.body.present);
    }

    function take(type, data) {
        if (type === "reset" || (TYPES.includes(type) && data.id === id))
            soon();
        if (type === "presence" && data.id === id)
            presence.set([...presence.get().filter((one) => one.operator !== data.operator),
                ...(data.doing === "left" ? [] : [{ operator: data.operator, doing: data.doing }])]);
    }

    ends.add(listen(take));
    const beat = setInterval(tellPresence, 10000);
    const retry = setInterval(() => { if (state.get().kind === "stale" || state.get().kind === "loading") refresh(); }, 3000);
    ends.add(() => clearInterval(beat), () => clearInterval(retry), () => clearTimeout(timer), () => {
        if (doing)
            api.send("DELETE", `/v1/cases/${id}/presence`);
    });
    refresh();
    tellPresence();
    return { id, value, state, presence, refresh, etag: () => etag, setDoing: (next) => { doing = next; tellPresence(); }, end: ends.all };
}

/**
 * A write to `path`: write(body, {ifMatch}) → answer. The same body is sent with the same Idempotency-Key until it was
 * answered for good, so that pressing again after a lost connection never does it twice.
 */
export function writer(method, path) {
    let key = null;
    let said = null;
    return async (body, options = {}) => {
        const text = JSON.stringify(body);
        if (text !== said)
            [key, said] = [api.newKey(), text];
        const answer = await api.send(method, path, body, { ...options, key });
        if (!["unavailable", "offline", "session"].includes(answer.kind))
            [key, said] = [null, null];
        return answer;
    };
}
