/* SPDX-License-Identifier: Apache-2.0 */
/* The hearing as rows of the sheet's table, and what stood there before, out of the timeline. */
import { applyPatch, equal } from "./merge.js";
import { fieldsOf, valueAt } from "./sheet.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

const isPlain = (value) => !isObject(value) && !(Array.isArray(value) && value.some(isObject));

/** {"/device/0/name": value, …}: every leaf by its pointer; a list of plain values is a leaf. */
export function leaves(value, pointer = "") {
    if (isPlain(value))
        return value === undefined ? {} : { [pointer]: value };
    return Object.assign({}, ...Object.entries(value).map(([name, part]) => leaves(part, `${pointer}/${name}`)));
}

/* What each change of the hearing made of what: [{before, after, at, by}], the first first. */
function changesOf(moments) {
    const changes = [];
    let before = {};
    for (const { kind, what, at, data } of moments) {
        if (kind !== "event" || (what !== "case.opened" && what !== "hearing.amended"))
            continue;
        const after = what === "case.opened" ? (data.hearing ?? {}) : applyPatch(before, data.patch ?? {});
        changes.push({ before, after, at, by: data.actor });
        before = after;
    }
    return changes;
}

/** {pointer: [{value, at, by}]}: what stood there, until when, and who changed it; the latest first. */
export function formerValues(moments) {
    const former = {};
    for (const { before, after, at, by } of changesOf(moments)) {
        const now = leaves(after);
        for (const [pointer, value] of Object.entries(leaves(before)))
            if (!equal(value, now[pointer]))
                (former[pointer] ??= []).unshift({ value, at, by });
    }
    return former;
}

/**
 * Who wrote what stands at `pointer` (the actor of the chain), if it still is `value`; null where that cannot be told, as of an
 * entry that stands in another place now.
 */
export function writerOf(moments, pointer, value) {
    const changes = changesOf(moments);
    if (!equal(valueAt(changes.at(-1)?.after ?? {}, pointer), value))
        return null;
    return changes.findLast(({ before, after }) => !equal(valueAt(before, pointer), valueAt(after, pointer)))?.by ?? null;
}

/* A list that has members is said by them. */
const isHead = ({ type, value }) => type === "list" && Array.isArray(value) && value.length > 0;
const indexOf = (pointer) => pointer.match(/\/(\d+)\//)?.[1] ?? null;

/**
 * The sheet's fields in its order, each with index, precision, source and former; value undefined where nothing
 * was asked yet.
 */
export function hearingRows(sheet, hearing, former = {}) {
    return fieldsOf(sheet, hearing)
        .filter((field) => !isHead(field))
        .map((field) => ({
            ...field,
            index: indexOf(field.pointer) === null ? null : Number(indexOf(field.pointer)),
            precision: valueAt(hearing, `${field.pointer}_precision`),
            source: hearing.sources?.[field.pointer] ?? null,
            former: former[field.pointer] ?? [],
        }));
}

/** What was filled in, of how many, and how often something was changed. */
export function hearingCounts(rows) {
    return {
        all: rows.length,
        filled: rows.filter(({ answered }) => answered).length,
        changes: rows.reduce((sum, { former }) => sum + former.length, 0),
    };
}
