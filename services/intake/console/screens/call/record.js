/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is typed during a call (pure/typed.js), and where it goes: field → this browser (each input event) → draft or PATCH (after a
 * pause) → answer. A record is that of a draft until the case is open, then that of the case. It goes on sending after its screen was
 * left, until nothing is left to send, and never sends what another person typed.
 *
 * opening: the request that opens the case, frozen at its first try, so that it may be repeated with its key.
 */
import * as api from "../../core/api.js";
import { connection, isHere, me, tables } from "../../core/app.js";
import { forget, keep, recall } from "../../core/store.js";
import { signal } from "../../core/signal.js";
import { writerOf } from "../../pure/hearing.js";
import { commonOf, equal } from "../../pure/merge.js";
import { valueAt } from "../../pure/sheet.js";
import * as typing from "../../pure/typed.js";

const PAUSE_MS = 500;
const AGAIN_MS = [1000, 2000, 4000, 8000, 15000];
const TOGETHER_MAX = 6; /* a colleague may write all the while */
const WAITS = ["unavailable", "offline", "session", "late"];

/** A value as text in a field. */
export const shown = (value) => Array.isArray(value) ? value.join("、") : value === undefined || value === null ? "" : String(value);

/* Records that still have something to send though nobody looks at them, by operator and id. */
const living = new Map();
const keyOf = (operator, id) => `${operator} ${id}`;

export const isLiving = (operator, id) => living.has(keyOf(operator, id));

/**
 * The record of draft or case `id`. `changed` counts up at every change, `saved` says {state, at}: saved, waiting (typed, not sent yet),
 * kept (in this browser only), unkept (the browser could not), refused (the desk will not take it). `problems`: pointer → code of what
 * the desk refused. `taken`: who has taken the draft over. `opened(id)` is called when the draft has become a case.
 */
export function makeRecord(given) {
    const name = keyOf(given.operator, given.id);
    const found = living.get(name);
    if (found) {
        found.attach(given.opened);
        return found;
    }
    const made = newRecord(given, name);
    living.set(name, made);
    return made;
}

function newRecord({ operator, id, kind, opened }, name) {
    let typed = typing.emptyTyped();
    let state = { operator, id, kind, opening: null, customer: null, putOff: [], memo: "", begunAt: api.timeOfId(id), etag: null };
    let timer = null;
    let sending = null;
    let tries = 0;
    let left = false;
    let readOnly = false;
    let asking = false; /* who wrote */
    let heldBack = null; /* what the desk said while something was on its way */
    const changed = signal(0);
    const saved = signal({ state: "saved", at: null });
    const problems = signal({});
    const taken = signal(null);
    const opening = signal(null); /* {tries, since} from the first try on */

    const tell = () => changed.set(changed.get() + 1);
    const isMine = () => isHere(operator);
    /* Whoever comes back finds what could not be sent on its way again, without typing anything. */
    let wasMine = isMine();
    function whoIsHere() {
        const came = isMine() && !wasMine;
        wasMine = isMine();
        if (came && isUnsent())
            later(0);
    }
    const watched = [me.watch(whoIsHere), connection.watch(whoIsHere)];
    function endLiving() {
        living.delete(name);
        watched.forEach((end) => end());
    }

    const isUnsent = () => Boolean(state.opening) || typing.isUnsent(typed);
    const isBegun = () => Boolean(state.memo) || (state.putOff ?? []).length > 0; /* and nothing that could be sent yet */
    const isOpen = () => isUnsent() || Object.keys(typed.unread).length > 0;

    async function store() {
        if (readOnly)
            return;
        if (!(await keep({ ...state, typed, unsent: isOpen(), conflicts: typed.conflicts })))
            saved.set({ state: "unkept", at: saved.get().at });
    }

    /* --- typing ----------------------------------------------------------------------------------------------------- */

    function noteChange(pointer) {
        const { [pointer]: gone, ...others } = problems.get();
        problems.set(others);
        saved.set({ state: "waiting", at: saved.get().at });
        store();
        later();
        tell();
    }

    function type(pointer, text, value, beside) {
        typed = typing.read(typed, pointer, text, value, beside);
        noteChange(pointer);
    }

    function hold(pointer, text) {
        typed = typing.hold(typed, pointer, text);
        noteChange(pointer);
    }

    function set(pointer, value) {
        typed = typing.put(typed, pointer, value);
        noteChange(pointer);
    }

    function addEntry(pointer) {
        typed = typing.addEntry(typed, pointer);
        noteChange(pointer);
    }

    function removeEntry(pointer, index) {
        typed = typing.removeEntry(typed, pointer, index);
        noteChange(pointer);
    }

    function later(ms = PAUSE_MS) {
        clearTimeout(timer);
        timer = setTimeout(send, ms);
    }

    /** Now and not after the pause: a field was left, the page is being left. */
    function soon() {
        if (saved.get().state === "waiting")
            later(0);
    }

    function note(text) {
        typed = { ...typed, notes: [...typed.notes, { key: api.newKey(), text }] };
        state.memo = "";
        noteChange("");
        later(0);
    }

    /* --- sending ---------------------------------------------------------------------------------------------------- */

    async function send() {
        if (sending || readOnly || taken.get() || !isMine())
            return sending;
        sending = state.opening ? sendOpening() : state.kind === "draft" ? sendDraft() : sendCase();
        const answer = await sending.catch(() => ({ kind: "offline" }));
        sending = null;
        settle(answer);
        return answer;
    }

    const NEXT = {
        again: () => later(0),
        wait() {
            saved.set({ state: "kept", at: saved.get().at });
            later(AGAIN_MS[Math.min(tries, AGAIN_MS.length) - 1]);
        },
        done: () => saved.set({ state: typing.isUnsent(typed) && state.kind === "case" ? "waiting" : "saved", at: api.now() }),
        refused: () => saved.set({ state: "refused", at: saved.get().at }),
    };

    /* What an answer means for what is still to be sent. */
    function settle(answer) {
        const waits = WAITS.includes(answer?.kind);
        tries = waits ? tries + 1 : 0;
        NEXT[waits ? "wait" : answer?.again ? "again" : answer?.kind === "ok" ? "done" : "refused"]();
        const said = heldBack;
        heldBack = null;
        if (said)
            meet(said);
        store();
        tell();
        leaveIfDone();
    }

    /* --- a draft ---------------------------------------------------------------------------------------------------- */

    async function sendDraft() {
        const sent = { hearing: typed.mine, memo: typed.notes.map(({ text }) => text).join("\n") };
        const answer = await api.send("PUT", `/v1/drafts/${state.id}`, sent, state.etag ? { ifMatch: state.etag } : { ifNoneMatch: "*" });
        if (answer.kind === "ok") {
            state.etag = answer.etag;
            typed = typing.taken(typed, sent.hearing, 0);
            return { kind: "ok", again: !equal(typed.mine, sent.hearing) };
        }
        return answer.kind === "changed" || answer.status === 428 || answer.kind === "missing" ? readDraft() : answer;
    }

    /* Somebody wrote to it: a colleague, whose call it is then, or oneself in another browser. */
    async function readDraft() {
        const list = await api.get("/v1/drafts");
        if (list.kind !== "ok")
            return list;
        const entry = list.body.drafts.find((one) => one.id === state.id);
        if (!entry) {
            state.etag = null;
            return { kind: "ok", again: true };
        }
        if (entry.owner !== operator) {
            taken.set(entry.owner);
            return { kind: "conflict" };
        }
        const answer = await api.get(`/v1/drafts/${state.id}`);
        if (answer.kind !== "ok")
            return answer;
        state.etag = answer.etag;
        typed = typing.meet(typed, answer.body.hearing ?? {}, { sheet: tables.sheet, at: api.now() });
        typed = typing.named(typed, () => entry.owner); /* whoever writes to a draft owns it */
        return { kind: "ok", again: true };
    }

    /* --- a case ------------------------------------------------------------------------------------------------------ */

    async function sendCase() {
        for (let turn = 0; turn < TOGETHER_MAX; turn++) {
            if (!typing.hasPatch(typed))
                return sendNotes();
            const sent = typed.mine;
            const answer = await api.send("PATCH", `/v1/cases/${state.id}`, typing.patchOf(typed),
                { ifMatch: state.etag, type: "application/merge-patch+json", key: api.newKey() });
            if (answer.kind === "ok") {
                typed = typing.taken(typed, sent, answer.body?.revision);
                state.etag = answer.etag ?? state.etag;
            } else if (answer.kind === "changed" || answer.status === 428) {
                const theirs = await api.get(`/v1/cases/${state.id}`);
                if (theirs.kind !== "ok")
                    return theirs;
                meet({ value: theirs.body, etag: theirs.etag });
            } else if (answer.kind === "invalid" && noteProblems(answer.problem)) {
                continue;
            } else {
                return answer;
            }
        }
        return { kind: "ok", again: true };
    }

    /* true where something was taken out of the patch, so that the rest can go */
    function noteProblems(problem) {
        const named = (problem?.errors ?? []).filter(({ pointer }) => pointer);
        problems.set({ ...problems.get(), ...Object.fromEntries(named.map(({ pointer, code }) => [pointer, code])) });
        const before = typed.mine;
        for (const { pointer } of named)
            typed = typing.refused(typed, pointer, shown(valueAt(typed.mine, pointer)));
        return !equal(before, typed.mine);
    }

    /* What the desk will not take as a note stays here, and holds no other back. */
    async function sendNotes() {
        for (const { key, text } of [...typed.notes]) {
            const answer = await api.send("POST", `/v1/cases/${state.id}/notes`, { text }, { key });
            if (answer.kind === "invalid")
                continue;
            if (answer.kind !== "ok" && answer.kind !== "late")
                return answer;
            typed = { ...typed, notes: typed.notes.filter((one) => one.key !== key), revision: Math.max(answer.body?.revision ?? 0, typed.revision) };
            state.etag = answer.etag ?? state.etag;
        }
        return typed.notes.length ? { kind: "invalid" } : { kind: "ok" };
    }

    /* --- what others do ------------------------------------------------------------------------------------------- */

    function meet({ value, etag }) {
        if (value.revision < typed.revision)
            return;
        state.etag = etag ?? state.etag;
        typed = typing.meet(typed, value.hearing, { sheet: tables.sheet, revision: value.revision, at: api.now() });
        nameWriters();
    }

    /* Who wrote the other value stands in the chain. It is said as soon as it is known; nothing waits for it. */
    async function nameWriters() {
        if (asking || state.kind !== "case" || !typing.isUnnamed(typed))
            return;
        asking = true;
        const asked = typed.conflicts;
        const { kind, body } = await api.get(`/v1/cases/${state.id}/timeline`);
        asking = false;
        if (kind !== "ok")
            return;
        typed = typing.named(typed, (one) => (asked.includes(one) ? writerOf(body.timeline, one.pointer, one.theirs)?.id ?? null : undefined));
        store();
        tell();
        nameWriters(); /* of what came meanwhile */
    }

    /** The case as the desk has it now; while something is on its way it waits for the answer. */
    function theirs(value, etag) {
        if (sending) {
            heldBack = { value, etag };
            return;
        }
        meet({ value, etag });
        if (typing.hasPatch(typed) || typed.notes.length && saved.get().state !== "refused")
            later();
        store();
        tell();
    }

    /** A colleague changed `pointer` while the cursor stood in it and nothing was typed yet; now something is. */
    function clash(pointer, value) {
        typed = { ...typed, conflicts: [...typed.conflicts.filter((one) => one.pointer !== pointer), { pointer, theirs: value, at: api.now() }] };
        nameWriters();
    }

    function choose(pointer, which) {
        typed = typing.choose(typed, pointer, which);
        noteChange(pointer);
    }

    /* --- from draft to case ------------------------------------------------------------------------------------------ */

    /** Opens the case; goes on by itself, with the same key and body, until it is answered, also after a reload. */
    function open() {
        if (state.kind !== "draft" || state.opening || readOnly || taken.get())
            return;
        const body = { ...typed.mine, ...(state.customer ? { customer_id: state.customer } : {}) };
        state.opening = { key: api.newKey(), body, begunAt: api.now() };
        opening.set({ tries: 0, since: state.opening.begunAt });
        store();
        later(0);
        tell();
    }

    function endOpening() {
        state.opening = null;
        opening.set(null);
    }

    async function sendOpening() {
        const { key, body, begunAt } = state.opening;
        let answer = await api.send("POST", `/v1/cases?draft=${encodeURIComponent(state.id)}`, body, { key });
        if (answer.kind === "ok")
            return becomeCase(answer.body.id, answer.etag, body, answer.body.revision);
        if (answer.kind === "conflict" && answer.location)
            answer = await joinCase(answer.location.split("/").pop());
        if (answer.kind === "ok")
            return answer;
        if (WAITS.includes(answer.kind)) {
            opening.set({ tries: tries + 1, since: begunAt });
            return answer;
        }
        endOpening();
        noteProblems(answer.problem);
        return answer;
    }

    /* Somebody else has opened it, or this browser did and never heard of it. What stands there now counts for what this one has not
     * changed since; where both did, it is a conflict like any other. */
    async function joinCase(caseId) {
        const answer = await api.get(`/v1/cases/${caseId}`);
        if (answer.kind !== "ok")
            return answer;
        const { hearing, revision } = answer.body;
        typed = typing.meet({ ...typed, base: commonOf(typed.base, hearing), revision: 0 }, hearing, { sheet: tables.sheet, revision, at: api.now() });
        const done = await becomeCase(caseId, answer.etag, hearing, revision);
        nameWriters();
        return done;
    }

    async function becomeCase(caseId, etag, body, revision) {
        const { customer_id: gone, ...hearing } = body;
        const draft = state.id;
        endOpening();
        state = { ...state, id: caseId, kind: "case", etag };
        typed = { ...typed, base: hearing, revision };
        await store();
        await forget(operator, draft);
        endLiving();
        opened?.(caseId);
        return { kind: "ok", again: true };
    }

    /* --- beginning and end ------------------------------------------------------------------------------------------- */

    function take({ keptAt, unsent, conflicts, typed: known, ...rest }) {
        typed = { ...typing.emptyTyped(), ...known };
        state = { ...state, ...rest };
    }

    /** Takes up what this browser has of it; `draft` {hearing, memo} and `etag` are the desk's, where it is a draft that it knows. */
    async function resume(draft, etag) {
        const kept = await recall(operator, state.id);
        if (kept?.typed)
            take(kept);
        if (state.kind === "draft" && draft && !kept?.unsent) {
            typed = { ...typed, base: draft.hearing ?? {}, mine: draft.hearing ?? {},
                notes: (draft.memo ?? "").split("\n").filter(Boolean).map((text) => ({ key: api.newKey(), text })) };
            state.etag = etag;
        }
        if (state.opening)
            opening.set({ tries: 1, since: state.opening.begunAt });
        if (isUnsent())
            saved.set({ state: "kept", at: saved.get().at });
        if (isUnsent() && state.kind === "draft")
            later(0);
        tell();
    }

    /* Nobody looks at it any more: it ends once nothing is left to send. What was saved whole need not stay in this browser. */
    function leaveIfDone() {
        if (!left || isUnsent() && isMine())
            return;
        clearTimeout(timer);
        endLiving();
        if (state.kind === "case" && !isOpen() && !isBegun() && !typed.conflicts.length && !readOnly)
            forget(operator, state.id);
    }

    return {
        changed, saved, problems, taken, opening,
        type, hold, set, addEntry, removeEntry, soon, note, theirs, clash, choose, open, resume,
        value: (pointer) => valueAt(typed.mine, pointer),
        text: (pointer) => typed.texts[pointer],
        unread: () => Object.keys(typed.unread),
        hearing: () => typed.mine,
        conflicts: () => typed.conflicts,
        memo: () => state.memo ?? "",
        setMemo(text) { state.memo = text; store(); },
        isCase: () => state.kind === "case",
        id: () => state.id,
        begunAt: () => state.begunAt,
        putOff: () => state.putOff ?? [],
        putOffStep(step) { state.putOff = [...(state.putOff ?? []), step]; store(); tell(); },
        customer: () => state.customer,
        setCustomer(customer) { state.customer = customer; store(); tell(); },
        /* Contracts that somebody said it is not. */
        isRefused: (customer) => (state.refused ?? []).includes(customer),
        refuse(customer) { state.refused = [...(state.refused ?? []), customer]; store(); },
        readOnly: () => readOnly,
        setReadOnly() { readOnly = true; clearTimeout(timer); tell(); },
        isLookedAt: () => Boolean(opened),
        attach(next) { left = false; opened = next; },
        leave() {
            left = true;
            opened = null;
            soon();
            if (!sending)
                leaveIfDone();
        },
    };
}
