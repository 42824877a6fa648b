/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks at which case: told by live events; those that nobody ended are asked for again, a few at a time. */
import * as api from "../../core/api.js";
import { listen } from "../../core/live.js";
import { ending } from "../../core/signal.js";

const ASK_MS = 30000;
const ASKED_MAX = 8;

const present = new Map(); /* case → Map(operator → {doing, at}) */

/** [{operator, doing}], whoever edits first. */
export function presentAt(id) {
    const there = [...(present.get(id) ?? [])].map(([operator, { doing }]) => ({ operator, doing }));
    return there.sort((a, b) => a.doing.localeCompare(b.doing));
}

/** The case that this operator is at, or null. */
export function caseOf(operator) {
    const found = [...present].filter(([, there]) => there.has(operator)).sort((a,
        b) => b[1].get(operator).at - a[1].get(operator).at);
    return found[0]?.[0] ?? null;
}

function note({ id, operator, doing }) {
    const there = present.get(id) ?? new Map();
    if (doing === "left")
        there.delete(operator);
    else
        there.set(operator, { doing, at: Date.now() });
    if (there.size)
        present.set(id, there);
    else
        present.delete(id);
}

const oldest = (there) => Math.min(...[...there.values()].map(({ at }) => at));

async function ask(id) {
    const answer = await api.get(`/v1/cases/${id}/presence`);
    if (answer.kind !== "ok")
        return;
    present.set(id, new Map(answer.body.present.map(({ operator, doing }) => [operator, { doing, at: Date.now() }])));
    if (!answer.body.present.length)
        present.delete(id);
}

/** changed(caseId) after every change; {ask(caseIds), end()}. */
export function watchPresence(changed) {
    const ends = ending();
    async function askFor(ids) {
        for (const id of ids.slice(0, ASKED_MAX)) {
            await ask(id);
            changed(id);
        }
    }
    const stale = () => [...present].filter(([, there]) => Date.now() - oldest(there) > ASK_MS).map(([id]) => id);
    const beat = setInterval(() => { if (!document.hidden) askFor(stale()); }, ASK_MS);
    ends.add(() => clearInterval(beat), listen((type, data) => {
        if (type === "reset")
            return askFor([...present.keys()]);
        if (type !== "presence")
            return;
        note(data);
        changed(data.id);
    }));
    return { ask: askFor, end: ends.all };
}
