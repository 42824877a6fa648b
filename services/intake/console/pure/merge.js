/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two people at one hearing. What left both from the same text meets again here: different fields merge silently, the
 * same field with two values is a conflict, of which the merged hearing holds mine. Lists are merged entry by entry: a
 * patch replaces them whole (RFC 7396). A member that is null counts as absent, as in a merge patch.
 */
import { isListTemplate, isOrderedTemplate, templateOf } from "./sheet.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isAbsent = (value) => value === undefined || value === null;
/* No member may stand in for what every object comes from. */
const isMember = (key) => key !== "__proto__";
const keysOf = (...objects) => [...new Set(objects.flatMap((object) => Object.keys(object)))].filter(isMember);

/** The same JSON, whatever the order of members. */
export function equal(a, b) {
    if (isAbsent(a) || isAbsent(b))
        return isAbsent(a) && isAbsent(b);
    if (Array.isArray(a) && Array.isArray(b))
        return a.length === b.length && a.every((entry, i) => equal(entry, b[i]));
    if (isObject(a) && isObject(b))
        return keysOf(a, b).every((key) => equal(a[key], b[key]));
    return a === b;
}

/* --- merge patch (RFC 7396) --------------------------------------------------------------------------------------- */

/** The patch that makes `mine` of `base`; {} where they are the same. */
export function diff(base, mine) {
    if (!isObject(base) || !isObject(mine))
        return mine;
    const patch = {};
    for (const key of keysOf(base, mine))
        if (!equal(base[key], mine[key]))
            patch[key] = isAbsent(mine[key]) ? null : memberPatch(base[key], mine[key]);
    return patch;
}

/* A patch that is an object is merged into nothing where no object stands: no null may stay in it. */
function memberPatch(base, mine) {
    return isObject(mine) ? diff(isObject(base) ? base : {}, mine) : mine;
}

export function applyPatch(doc, patch) {
    if (!isObject(patch))
        return patch;
    const merged = isObject(doc) ? { ...doc } : {};
    for (const key of keysOf(patch)) {
        const value = patch[key];
        if (value === null)
            delete merged[key];
        else
            merged[key] = applyPatch(merged[key], value);
    }
    return merged;
}

/**
 * Whether a patch needs If-Match (428 without): it names a list of the sheet, or a section around one, by whatever is
 * written in its place. Without a sheet only lists that stand in the patch are known.
 */
/** What of `base` has a place in `theirs` too: the rest was never there, and has been removed by nobody. */
export function commonOf(base, theirs) {
    if (!isObject(base) || !isObject(theirs))
        return base;
    return Object.fromEntries(Object.entries(base).filter(([key]) => key in theirs).map(([key, value]) => [key, commonOf(value, theirs[key])]));
}

export function touchesList(patch, sheet, template = "") {
    if (Array.isArray(patch))
        return true;
    if (!isObject(patch))
        return sheet ? sheet.fields.some((field) => isListTemplate(field) && isAtOrBelow(field.pointer, template))
            : false;
    return Object.entries(patch).some(([key, value]) => touchesList(value, sheet, `${template}/${key}`));
}

const isAtOrBelow = (pointer, template) => pointer === template || pointer.startsWith(`${template}/`);

/* --- three ways --------------------------------------------------------------------------------------------------- */

const escape = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

function conflict(work, pointer, base, mine, theirs) {
    work.conflicts.push({ pointer, base: base ?? undefined, mine: mine ?? undefined, theirs: theirs ?? undefined });
    return mine ?? undefined;
}

function merge(work, pointer, base, mine, theirs) {
    if (equal(mine, theirs) || equal(base, theirs))
        return mine ?? undefined;
    if (equal(base, mine))
        return theirs ?? undefined;
    const sides = [base, mine, theirs].filter((side) => !isAbsent(side));
    if (sides.every(isObject))
        return mergeSection(work, pointer, base, mine, theirs);
    if (Array.isArray(mine) && Array.isArray(theirs) && !isOrderedTemplate(work.sheet, templateOf(pointer)))
        return mergeList(work, pointer, Array.isArray(base) ? base : [], mine, theirs);
    return conflict(work, pointer, base, mine, theirs);
}

/* A section that one has taken away stays only for what the other has put into it. */
function mergeSection(work, pointer, base, mine, theirs) {
    const merged = mergeMembers(work, pointer, base ?? {}, mine ?? {}, theirs ?? {});
    const taken = isAbsent(mine) || isAbsent(theirs);
    return taken && Object.keys(merged).length === 0 ? undefined : merged;
}

function mergeMembers(work, pointer, base, mine, theirs) {
    const merged = {};
    for (const key of keysOf(mine, theirs, base)) {
        const value = merge(work, `${pointer}/${escape(key)}`, base[key], mine[key], theirs[key]);
        if (value !== undefined)
            merged[key] = value;
    }
    return merged;
}

function mergeList(work, pointer, base, mine, theirs) {
    const entries = [...base, ...mine, ...theirs];
    if (entries.every(isObject))
        return mergeEntries(work, pointer, base, mine, theirs);
    return entries.some((entry) => isObject(entry) || Array.isArray(entry))
        ? conflict(work, pointer, base, mine, theirs)
        : mergeValues(work, pointer, base, mine, theirs);
}

const isSubsequence = (part, whole) => {
    let at = 0;
    for (const entry of whole)
        if (at < part.length && part[at] === entry)
            at++;
    return at === part.length;
};

/* Addresses, names of data: each stands once. Added and taken away by either; what stands already keeps its order. */
function mergeValues(work, pointer, base, mine, theirs) {
    const kept = (side) => base.filter((value) => side.includes(value));
    if (!isSubsequence(kept(mine), mine) || !isSubsequence(kept(theirs), theirs))
        return conflict(work, pointer, base, mine, theirs);
    const staying = base.filter((value) => mine.includes(value) && theirs.includes(value));
    const added = [...theirs, ...mine].filter((value) => !base.includes(value));
    return [...new Set([...staying, ...added])];
}

/*
 * Where each entry of base has gone on one side (null: taken away), and what has been added; null where nobody can
 * tell.
 */
function placesOf(base, side) {
    if (side.length >= base.length)
        return { places: base.map((_, i) => i), added: base.length };
    const places = [];
    let at = 0;
    for (const entry of base)
        places.push(at < side.length && equal(entry, side[at]) ? at++ : null);
    return at === side.length ? { places, added: side.length } : null;
}

function mergeEntries(work, pointer, base, mine, theirs) {
    if (base.length === 0 && mine.length > 0 && theirs.length > 0)
        return mergeFirst(work, pointer, mine, theirs);
    const my = placesOf(base, mine);
    const their = placesOf(base, theirs);
    if (!my || !their)
        return conflict(work, pointer, base, mine, theirs);
    const merged = [];
    base.forEach((entry, i) => keepEntry(work, pointer, merged, entry, [mine, my.places[i]],
        [theirs, their.places[i]]));
    return addEntries(work, pointer, merged, mine, my.added, theirs, their.added);
}

/* The form shows one entry before there is any: it is the same one to both. */
function mergeFirst(work, pointer, mine, theirs) {
    const first = mergeMembers(work, `${pointer}/0`, {}, mine[0], theirs[0]);
    return addEntries(work, pointer, [first], mine, 1, theirs, 1);
}

const entryAt = ([side, place]) => (place === null ? undefined : side[place]);

/* An entry that one has taken away and the other has changed is a conflict as a whole. */
function mergeEntry(work, pointer, base, mine, theirs) {
    if (mine !== undefined && theirs !== undefined)
        return merge(work, pointer, base, mine, theirs);
    return equal(base, mine ?? theirs) ? undefined : conflict(work, pointer, base, mine, theirs);
}

function keepEntry(work, pointer, merged, base, mine, theirs) {
    const entry = mergeEntry(work, `${pointer}/${merged.length}`, base, entryAt(mine), entryAt(theirs));
    if (entry === undefined)
        return;
    noteMove(work.mine, pointer, mine[1], merged.length);
    noteMove(work.theirs, pointer, theirs[1], merged.length);
    merged.push(entry);
}

function noteMove(moves, pointer, from, to) {
    if (from !== null && from !== to)
        moves.push({ from: `${pointer}/${from}`, to: `${pointer}/${to}` });
}

/*
 * Theirs come first: their places are the server's already, and a colleague may be typing there. The same entry comes
 * once.
 */
function addEntries(work, pointer, merged, mine, mineFrom, theirs, theirsFrom) {
    const added = theirs.slice(theirsFrom).map((entry, i) => {
        noteMove(work.theirs, pointer, theirsFrom + i, merged.length);
        return merged.push(entry) - 1;
    });
    mine.slice(mineFrom).forEach((entry, i) => {
        const same = added.findIndex((place) => equal(merged[place], entry));
        const [place] = same < 0 ? [merged.push(entry) - 1] : added.splice(same, 1);
        noteMove(work.mine, pointer, mineFrom + i, place);
    });
    return merged;
}

/* --- where an answer came from ------------------------------------------------------------------------------------ */

function moved(pointer, moves) {
    const move = moves.find(({ from }) => isAtOrBelow(pointer, from));
    return move ? move.to + pointer.slice(move.from.length) : pointer;
}

/* `sources` names fields by their place: it goes along with entries that have moved. */
const movedSources = (sources, moves) =>
    Object.fromEntries(Object.entries(sources ?? {}).map(([pointer, source]) => [moved(pointer, moves), source]));

function mergeSources(work, base, mine, theirs) {
    if (work.mine.length === 0 && work.theirs.length === 0)
        return mergeMembers({ ...work, conflicts: [] }, "/sources", base ?? {}, mine ?? {}, theirs ?? {});
    return { ...movedSources(theirs, work.theirs), ...movedSources(mine, work.mine) };
}

const without = ({ sources, ...rest }) => rest;

/**
 * {merged, conflicts: [{pointer, base, mine, theirs}], touchesList, moves: [{from, to}]}. Pointers are of `merged`.
 * touchesList: the patch from `theirs` to `merged` needs If-Match. moves: entries of mine that stand in another place
 * now, for the focus to follow.
 */
export function mergeHearing(base, mine, theirs, sheet = null) {
    const work = { sheet, conflicts: [], mine: [], theirs: [] };
    const [b, m, t] = [base ?? {}, mine ?? {}, theirs ?? {}];
    const merged = mergeMembers(work, "", without(b), without(m), without(t));
    const sources = mergeSources(work, b.sources, m.sources, t.sources);
    if (Object.keys(sources).length > 0)
        merged.sources = sources;
    return { merged, conflicts: work.conflicts, touchesList: touchesList(diff(t, merged), sheet), moves: work.mine };
}
