/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the queue. Their order is that of the last sorting; what has come in since waits in `moved`, and rows
 * that stay change in place.
 */
import * as api from "../../core/api.js";
import { tables } from "../../core/app.js";
import { listen } from "../../core/live.js";
import { ending, signal } from "../../core/signal.js";
import { ATTENTION_MAX, readAttention } from "../desk/attention.js";
import { readOften } from "../desk/day.js";
import { deskDate } from "../../pure/hours.js";
import { orderQueue, queueReasons } from "../../pure/urgency.js";
import { movedCount, patchOf, pathOf } from "../../pure/queue.js";

const PAGE = 50;
const WINDOW = 150; /* rows of the rest that stand in the page at a time */
const PAUSE_MS = 4000;

/* Over a change of screens: how many detections each case had when it was looked at last. Below any: all are new. */
const seen = {};
const NOTHING_SEEN = -1;

/** Somebody opens the case: what was new is new no more. */
export const lookedAt = (id) => { delete seen[id]; };

const idsOf = (rows) => rows.map(({ id }) => id);

export function queueList(filter) {
    const view = signal({ kind: "loading", at: null });
    const ends = ending();
    const known = new Map();
    const changed = new Set();
    let shown = { attention: [], rest: [] };
    let wanted = shown;
    let [cursor, from, others, moved, sorted] = [null, 0, false, 0, false];

    const reasonsFor = (row) => queueReasons(row, { now: api.now(), seen });
    const path = (more) => pathOf(filter, more, deskDate(tables.desk, api.now()));
    const withAttention = filter.tab === "open";

    function take(rows) {
        for (const row of rows) {
            if (JSON.stringify(known.get(row.id)) !== JSON.stringify(row))
                known.set(row.id, row);
            seen[row.id] ??= row.detections;
        }
        return rows.filter((row) => !withAttention || row.status !== "closed");
    }

    async function readOnce() {
        const [urgent, page] = await Promise.all([withAttention ? readAttention(filter, reasonsFor) : null,
            api.get(path({ limit: PAGE }))]);
        if (page.kind !== "ok" || (urgent && urgent.kind !== "ok"))
            return show({ kind: "stale", at: view.get().at });
        const need = take(urgent?.body.cases ?? []);
        const first = take(page.body.cases);
        others = Boolean(urgent?.body.next_cursor);
        wanted = order(need, first);
        if (!sorted)
            return begin(page.body.next_cursor);
        moved = movedCount(shown.attention, wanted.attention) + movedCount(head(first), wanted.rest);
        show({ kind: "ok", at: api.now() });
    }

    function order(need, first) {
        if (!withAttention)
            return { attention: [], rest: idsOf(first) };
        const all = [...new Map([...need, ...first].map((row) => [row.id, row])).values()];
        const asked = new Set(idsOf(need));
        const { urgent, rest } = orderQueue(all, { now: api.now(), seen });
        const named = rest.filter(({ row }) => asked.has(row.id));
        const attention = [...urgent, ...named].map(({ row }) => row.id).slice(0, ATTENTION_MAX);
        return { attention, rest: idsOf(first).filter((id) => !attention.includes(id)) };
    }

    /* Of the rest that is shown, what the first page would hold. */
    function head(first) {
        const last = first.at(-1)?.opened_at ?? "";
        return shown.rest.filter((id) => first.length < PAGE || known.get(id).opened_at >= last);
    }

    function begin(next) {
        sorted = true;
        shown = wanted;
        [cursor, from, moved] = [next, 0, 0];
        changed.clear();
        show({ kind: "ok", at: api.now() });
    }

    /** Tells the screen; `state` is {kind, at} where a reading has ended. */
    function show(state = {}) {
        const rowsOf = (ids) => ids.map((id) => known.get(id)).filter(Boolean);
        view.set({ ...view.get(), ...state, attention: rowsOf(shown.attention),
            rest: rowsOf(shown.rest.slice(from, from + WINDOW)), moved, others,
            total: shown.rest.length, before: from, more: cursor !== null || from + WINDOW < shown.rest.length });
    }

    /* One reading at a time: whoever asks meanwhile gets its answer. */
    let reading = null;
    const read = () => (reading ??= readOnce().finally(() => { reading = null; }));

    async function sort() {
        await reading;
        const before = sorted;
        sorted = false;
        await read();
        sorted ||= before;
    }

    /** The next rows; those on top leave the page and come back by earlier(). */
    async function more() {
        if (from + WINDOW >= shown.rest.length && cursor !== null) {
            const answer = await api.get(path({ limit: PAGE, cursor }));
            if (answer.kind !== "ok")
                return show({ kind: "stale" });
            const there = new Set([...shown.attention, ...shown.rest]);
            shown = { ...shown, rest: [...shown.rest,
                ...idsOf(take(answer.body.cases)).filter((id) => !there.has(id))] };
            cursor = answer.body.next_cursor;
        }
        from = Math.max(0, Math.min(from + PAGE, shown.rest.length - WINDOW));
        show();
    }

    function earlier() {
        from = Math.max(0, from - PAGE);
        show();
    }

    function hear(type, data) {
        const patch = patchOf(type, data);
        const row = patch && known.get(data.id);
        if (!row)
            return;
        known.set(row.id, { ...row, ...patch.row });
        changed.add(row.id);
        if (patch.found)
            seen[row.id] = NOTHING_SEEN;
        show();
    }

    ends.add(listen(hear), readOften(read, { types: ["case", "extraction", "handover", "overdue", "notice"],
        pauseMs: PAUSE_MS }));
    const retry = setInterval(() => { if (["stale", "loading"].includes(view.get().kind)) read(); }, PAUSE_MS);
    ends.add(() => clearInterval(retry));
    read();
    return { view, withAttention, sort, more, earlier, reasonsFor, isChanged: (id) => changed.has(id), end: ends.all };
}
