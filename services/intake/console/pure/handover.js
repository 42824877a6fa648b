/* SPDX-License-Identifier: Apache-2.0 */
/* How far a hand-over has come, what the gate asks for, what would leave, and what of it has changed. */
import { documentOf, inForce, intentionInForce, scopesInForce } from "./consent.js";
import { templateOf, valueAt } from "./sheet.js";

/* Rows that the check itself cures: nobody has asked yet, what was confirmed has changed, another person has to
 * look. */
const BY_THE_CHECK = ["not_requested", "changed_since_confirmed", "not_approved"];
const UNDER_WAY = ["preparing", "offered", "overdue", "accepted"];
const RELEASED = ["released", "reported"];
export const CANCELLABLE = ["held", ...UNDER_WAY, ...RELEASED];

/** The rows of the gate as asked before a request, with the rows that say nothing unless the first of their kind is
 * met. */
export const ROWS = [
    { code: "consent_missing", clause: "1-2" }, { code: "consent_document", clause: "1-2", after: "consent_missing" },
    { code: "consent_text", clause: "1-2", after: "consent_missing" },
        { code: "consent_scope", clause: "1-2", after: "consent_missing" },
    { code: "consent_channel", clause: "1-8", after: "consent_missing" }, { code: "consent_person", clause: "1-8",
        after: "consent_missing" },
    { code: "consent_before_subject", clause: "1-6", after: "consent_missing" },
        { code: "intention_missing", clause: "1-2" },
    { code: "intention_provider", clause: "1-2", after: "intention_missing" },
    { code: "intention_before_subject", clause: "1-6", after: "intention_missing" },
        { code: "recipient", clause: "1-8" },
    { code: "hearing_missing", clause: "4-12" }, { code: "search_pending", clause: "4-12" },
    { code: "extract_foreign", clause: "1-6", after: "search_pending" },
];

/** The rows that are met, given the reasons that are not. */
export function metRows(reasons) {
    const unmet = new Set(reasons.map(({ code }) => code));
    return ROWS.filter(({ code, after }) => !unmet.has(code) && !unmet.has(after));
}

/** Reasons as cards: a row once, with every pointer that it names. */
export function unmetCards(reasons) {
    const cards = new Map();
    for (const reason of reasons) {
        const card = cards.get(reason.code) ?? { ...reason, pointers: [] };
        if (reason.pointer)
            card.pointers.push(reason.pointer);
        cards.set(reason.code, card);
    }
    return [...cards.values()];
}

/** What leads to the cure of a row: a key of the table and what follows the case's address; null where nothing here
 * does. */
export function cureOf({ code, pointers = [] }) {
    if (code.startsWith("consent"))
        return { key: "consent", path: "/consent", words: "held.cure.consent" };
    if (code.startsWith("intention"))
        return { key: "intention", path: "/intention", words: "held.cure.intention" };
    if (code === "hearing_missing")
        return { key: "section_1", path: `/call#${pointers[0] ?? ""}`, words: "held.cure.hearing" };
    if (code === "search_pending" || code === "extract_foreign")
        return { key: "detections", path: "#detections", words: "held.cure.search" };
    return null;
}

export const lastHandover = (value) => value.handovers?.at(-1) ?? null;

/** What the escalation service says of a hand-over. */
export const entryOf = (value, id) => (value.escalation.handovers ?? []).find((one) => one.id === id) ?? null;

function heldKind(value, operator) {
    const codes = value.escalation.reasons.map(({ code }) => code);
    const request = lastHandover(value);
    if (codes.length === 0)
        return "waiting";
    if (codes.some((code) => !BY_THE_CHECK.includes(code)))
        return "held";
    if (codes.includes("changed_since_confirmed") || codes.includes("not_requested"))
        return "ready";
    return request?.requested_by.id === operator ? "approval" : "approve";
}

/**
 * What the screen is about:
 *   unjudged  the gate has not spoken yet        held      rows are unmet
 *   ready     a check, then a request            approve   a check, then another person's approval
 *   approval  requested; another has to approve  waiting   requested; nothing is asked of anybody here
 *   released  the key is out; more can be sent
 */
export function stageOf(value, operator) {
    const { state, handover, reasons, head } = value.escalation;
    const last = lastHandover(value);
    if (last && last.id !== handover)
        return "waiting";
    if (!head && !handover && reasons.length === 0)
        return "unjudged";
    if (state === "held")
        return heldKind(value, operator);
    if (UNDER_WAY.includes(state))
        return "waiting";
    if (RELEASED.includes(state))
        return "released";
    return reasons.some(({ code }) => !BY_THE_CHECK.includes(code)) ? "held" : "ready";
}

/* --- what would leave --------------------------------------------------------------------------------------------- */

/** The field of the sheet that a pointer belongs to. */
export const fieldOf = (sheet, pointer) => (sheet?.fields ?? [])
    .find((field) => field.pointer === templateOf(pointer)) ?? null;

/** Items by section of the sheet and, in lists, by entry: [{section, entry: number|null, items}] */
export function groupsOf(items, sheet) {
    const groups = new Map();
    for (const item of items) {
        const section = (sheet?.sections ?? []).find(({ pointer }) => item.pointer === pointer ||
            item.pointer.startsWith(`${pointer}/`));
        const entry = item.pointer.match(/^\/[^/]+\/(\d+)(?:\/|$)/)?.[1] ?? null;
        const key = `${section?.pointer}/${entry ?? ""}`;
        if (!groups.has(key))
            groups.set(key, { section: section ?? null, entry: entry === null ? null : Number(entry), items: [] });
        groups.get(key).items.push(item);
    }
    return [...groups.values()];
}

/** Answered items of the sheet that do not leave. */
export const keptBack = (hearing, sheet) => (sheet?.fields ?? [])
    .filter((field) => !field.to_provider && valueAt(hearing, field.pointer) !== undefined);

const searchOf = (value, id) => (value.triage.searches ?? []).find((one) => one.id === id) ?? null;

const inSearch = ({ records, window, sha256 }) => ({ records, from: window?.from, to: window?.to, sha256 });

/**
 * The extract that leaves: the request's own, else the one that the preview names, as the preview describes it.
 * {id, records, from, to, sha256, bytes, sources}; {id, unknown: true} where it is described nowhere; null: none leaves.
 */
export function extractOf({ preview, value, extraction }) {
    const id = extraction ?? preview.extraction;
    if (!id)
        return null;
    const search = searchOf(value, id);
    const stated = (id === preview.extraction ? preview.extract : null) ?? (search && inSearch(search));
    return stated ? { id, ...stated, bytes: search?.bytes ?? null, sources: search?.coverage?.sources ?? [] }
        : { id, unknown: true };
}

/** What of a call's record in this browser holds a hand-over: conflict · input (not sent yet) · null */
export function heldByInput(record) {
    if (record?.conflicts?.length)
        return "conflict";
    return record?.unsent ? "input" : null;
}

const line = (id, label, value) => ({ id, label, value: JSON.stringify(value ?? null) });

function whatLines({ preview, value, files }) {
    const precise = (pointer) => valueAt(value.hearing, `${pointer}_precision`) ?? null;
    const items = preview.items.map(({ pointer, label, en }) =>
        line(pointer, { ja: label, en }, [valueAt(value.hearing, pointer), precise(pointer),
            value.hearing.sources?.[pointer] ?? null]));
    const ticked = preview.files.filter(({ upload }) => files.includes(upload));
    return [...items, line("extract", "extract", [preview.extraction, preview.extract?.sha256 ?? null]),
        ...ticked.map((file) => line(file.upload, "file", file.sha256))];
}

function whereLines({ preview }) {
    return [line("provider", "provider", preview.provider), line("tlp", "tlp", preview.tlp),
        line("purposes", "purposes", preview.purposes),
        line("warnings", "warnings", preview.warnings.map(({ code }) => code))];
}

function basisLines({ preview, value, desk }) {
    const given = scopesInForce(value.consents);
    const document = documentOf(desk, inForce(value.consents).at(-1));
    return [line("consent", "consent", Object.entries(given).map(([scope, consent]) => [scope, consent.id])),
        line("intention", "intention", intentionInForce(value.intention)?.id),
            line("customer", "customer", value.customer_id),
        line("same", "same", preview.provider.id === document?.provider)];
}

/** The three parts that are confirmed one by one, each as lines that can be compared. content: {preview, value,
 * desk, files} */
export const partsOf = (content) =>
    ({ what: whatLines(content), where: whereLines(content), basis: basisLines(content) });

/** Labels of the lines in which two states of a part differ; a label is a pair {ja, en} or a word's name. */
export function changedLines(before, after) {
    const was = new Map(before.map((one) => [one.id, one]));
    const is = new Map(after.map((one) => [one.id, one]));
    const changed = after.filter((one) => was.get(one.id)?.value !== one.value);
    return [...changed, ...before.filter((one) => !is.has(one.id))];
}

/** The body of POST …/handover: exactly what the screen shows. */
export function requestBody({ preview, files }) {
    return { provider: preview.provider.id, confirmed_head: preview.head,
        ...(preview.extraction ? { extraction: preview.extraction } : {}),
        files: preview.files.map(({ upload }) => upload).filter((upload) => files.includes(upload)) };
}
