/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is typed during a call, as a value: every function gives a new one.
 *
 * base: what the desk has · mine: base with what was typed · texts: as it was typed, where that is not the value's own text ·
 * unread: items whose text means nothing yet (a guess, a mistake); the value before stays · conflicts: the same item with another
 * value by somebody else, or by oneself elsewhere: `by` is who, null where that cannot be told, and absent until it was asked · notes: what was noted on the side and is no event yet · revision: of the case, as far as it is known.
 */
import { diff, equal, mergeHearing } from "./merge.js";
import { valueAt, withValue } from "./sheet.js";

const without = (object, gone) => Object.fromEntries(Object.entries(object).filter(([key]) => !gone(key)));
const within = (pointer) => (key) => key === pointer || key.startsWith(`${pointer}/`);

export const emptyTyped = () => ({ base: {}, mine: {}, texts: {}, unread: {}, conflicts: [], notes: [], revision: 0 });

/** `text` was typed and means `value` (undefined: the item is empty again); `beside`: what goes with it. */
export function read(typed, pointer, text, value, beside = {}) {
    const mine = Object.entries({ [pointer]: value, ...beside }).reduce((all, [at, what]) => withValue(all, at, what), typed.mine);
    return { ...typed, mine, texts: { ...typed.texts, [pointer]: text }, unread: without(typed.unread, (key) => key === pointer),
        conflicts: typed.conflicts.filter((one) => one.pointer !== pointer || !equal(one.theirs, value)) };
}

/** `text` was typed and means nothing yet: it stays as text, and the value before stays too. */
export const hold = (typed, pointer, text) => ({ ...typed, texts: { ...typed.texts, [pointer]: text }, unread: { ...typed.unread, [pointer]: true } });

/** A whole value at once: a choice, an answer, a list's entries. */
export const put = (typed, pointer, value) => ({ ...typed, mine: withValue(typed.mine, pointer, value), texts: without(typed.texts, within(pointer)),
    unread: without(typed.unread, within(pointer)) });

const entriesOf = (typed, pointer) => { const value = valueAt(typed.mine, pointer); return Array.isArray(value) ? value : []; };

/** One entry more; what was typed into the others stays as it was typed. An empty list showed one entry already. */
export function addEntry(typed, pointer) {
    const entries = entriesOf(typed, pointer);
    return { ...typed, mine: withValue(typed.mine, pointer, [...(entries.length ? entries : [{}]), {}]) };
}

/** One entry less; the texts of those behind it move up with them. */
export function removeEntry(typed, pointer, index) {
    const entries = entriesOf(typed, pointer);
    const gone = within(`${pointer}/${index}`);
    const moves = entries.slice(index + 1).map((_, at) => ({ from: `${pointer}/${index + 1 + at}`, to: `${pointer}/${index + at}` }));
    const behind = (object) => moved(without(object, gone), moves);
    return { ...typed, mine: withValue(typed.mine, pointer, entries.filter((_, at) => at !== index)), texts: behind(typed.texts), unread: behind(typed.unread),
        conflicts: typed.conflicts.filter((one) => !gone(one.pointer)).map((one) => ({ ...one, pointer: movedTo(one.pointer, moves) })) };
}

function movedTo(pointer, moves) {
    const move = moves.find(({ from }) => within(from)(pointer));
    return move ? move.to + pointer.slice(move.from.length) : pointer;
}

const moved = (object, moves) => Object.fromEntries(Object.entries(object).map(([key, value]) => [movedTo(key, moves), value]));

/**
 * The hearing as the desk has it now. Other items are taken silently; the same item stays mine and is marked. A text stays only
 * where its value is still what was typed.
 */
export function meet(typed, theirs, { sheet = null, revision = typed.revision, at = 0 } = {}) {
    if (revision < typed.revision || equal(theirs, typed.base))
        return { ...typed, revision: Math.max(revision, typed.revision) };
    const { merged, conflicts, moves = [] } = mergeHearing(typed.base, typed.mine, theirs, sheet);
    const known = typed.conflicts.filter((one) => !conflicts.some(({ pointer }) => pointer === one.pointer));
    const texts = moved(typed.texts, moves);
    const kept = Object.entries(texts).filter(([pointer]) => typed.unread[pointer] || equal(valueAt(typed.mine, pointer), valueAt(merged, pointer)));
    return { ...typed, base: theirs, mine: merged, revision, texts: Object.fromEntries(kept), unread: moved(typed.unread, moves),
        conflicts: [...known, ...conflicts.map((one) => ({ ...one, at }))] };
}

/** Names who wrote the other values: whoOf(conflict) → id, null where that cannot be told, undefined where it was not asked. */
export const named = (typed, whoOf) => ({ ...typed,
    conflicts: typed.conflicts.map((one) => (one.by === undefined ? { ...one, by: whoOf(one) } : one)) });
export const isUnnamed = (typed) => typed.conflicts.some(({ by }) => by === undefined);

/** The desk has taken `patch`: base is now what was sent. */
export const taken = (typed, sent, revision) => ({ ...typed, base: sent, revision: Math.max(revision ?? 0, typed.revision) });

/** What the desk refused is put back to what it has, so that one wrong item holds nothing else back; its text stays. */
export const refused = (typed, pointer, text) => ({ ...typed, mine: withValue(typed.mine, pointer, valueAt(typed.base, pointer)),
    texts: { ...typed.texts, [pointer]: typed.texts[pointer] ?? text }, unread: { ...typed.unread, [pointer]: true } });

/** Mine is what stands already; theirs is written again. Both are in the history. */
export function choose(typed, pointer, which) {
    const conflict = typed.conflicts.find((one) => one.pointer === pointer);
    const settled = { ...typed, conflicts: typed.conflicts.filter((one) => one.pointer !== pointer) };
    return conflict && which === "theirs" ? put(settled, pointer, conflict.theirs) : settled;
}

export const patchOf = (typed) => diff(typed.base, typed.mine);
const isEmpty = (patch) => patch === undefined || patch === null || Object.keys(patch).length === 0;
export const isUnsent = (typed) => typed.notes.length > 0 || !isEmpty(patchOf(typed));
export const hasPatch = (typed) => !isEmpty(patchOf(typed));
