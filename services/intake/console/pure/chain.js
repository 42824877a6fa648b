/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case's chain, computed anew from the records of GET /v1/cases/{id}/chain. The head after an event is SHA-256 over
 * the head before (zeros at first) and type, id, time, key and value, each behind its length. Refused records stand in
 * the list and extend nothing. What the hash does not cover: a record's place, which is only held to be in order, and
 * refused records.
 */
import { hexOf } from "./sha256.js";

const PREFIX = "kakekomi.";
const HEAD = /^[0-9a-f]{64}$/;
const TEXTS = ["id", "type", "time", "key", "value"];

/** Codes of `why`, null where the chain holds. */
export const BREAKS = ["shape", "key", "place", "value", "begin", "extends", "value_extends", "head", "refused_head",
    "end"];

const utf8 = new TextEncoder();

/* One spelling of the bytes only: bits that decode to nothing are changes too. */
function bytesOfBase64(text) {
    try {
        const bytes = atob(text);
        return btoa(bytes) === text ? Uint8Array.from(bytes, (c) => c.charCodeAt(0)) : null;
    } catch {
        return null;
    }
}

const bytesOfHex = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));

function joined(parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

function lengthOf(part) {
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, part.length);
    return new Uint8Array(length.buffer);
}

/** The head after an event: type without its prefix, as the answer has it; value as bytes. */
export async function headAfter(previous, { type, id, time, key }, value, sha256) {
    const parts = [PREFIX + type, id, time, key].map((text) => utf8.encode(text)).concat([value]);
    const before = previous === null ? new Uint8Array(32) : bytesOfHex(previous);
    return hexOf(await sha256(joined([before, ...parts.flatMap((part) => [lengthOf(part), part])])));
}

function statedExtends(value) {
    try {
        return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value)).extends;
    } catch {
        return undefined;
    }
}

const hasShape = (event) => event !== null && typeof event === "object" &&
    TEXTS.every((name) => typeof event[name] === "string") &&
    typeof event.accepted === "boolean" && Number.isInteger(event.partition) && Number.isInteger(event.offset);

function isInPlace(event, before) {
    return !before || (event.partition === before.partition && event.offset > before.offset);
}

/* What is wrong with an event in itself and beside the one before it; null where nothing is. */
function breakAround(event, before) {
    if (!hasShape(event))
        return "shape";
    if (before && event.key !== before.key)
        return "key";
    if (!isInPlace(event, before))
        return "place";
    return event.accepted || event.head === null ? null : "refused_head";
}

/* What is wrong with an accepted event as the next link after `head`. */
async function breakInLink(event, head, sha256) {
    const value = bytesOfBase64(event.value);
    if (!value)
        return "value";
    if (head === null && event.type !== "case.opened")
        return "begin";
    if (event.extends !== head)
        return "extends";
    if (statedExtends(value) !== head)
        return "value_extends";
    return HEAD.test(event.head) && event.head === await headAfter(head, event, value, sha256) ? null : "head";
}

const isHeadIn = (events, head) => events.some((event) => event.accepted && event.head === head);

/**
 * {ok, checked, head, brokenAt, why}: how many accepted events hold, the head after them, the index in `events` of the
 * first that does not and its code. `stated`: the head that the case itself states; it is one of theirs, though not
 * the last where the case was read before them. A chain cut short has no such head.
 */
export async function verifyChain(events, sha256, stated) {
    let head = null;
    let checked = 0;
    for (const [index, event] of events.entries()) {
        const why = breakAround(event, events[index - 1]) ??
            (event.accepted ? await breakInLink(event, head, sha256) : null);
        if (why)
            return { ok: false, checked, head, brokenAt: index, why };
        if (!event.accepted)
            continue;
        head = event.head;
        checked++;
    }
    if (checked === 0)
        return { ok: false, checked, head, brokenAt: 0, why: "begin" };
    if (stated !== undefined && !isHeadIn(events, stated))
        return { ok: false, checked, head, brokenAt: events.length - 1, why: "end" };
    return { ok: true, checked, head, brokenAt: null, why: null };
}

/**
 * The chain that `read(again)` gives, [event] or null, held to the head that the case stated before: verifyChain's
 * answer with the events; null where they could not be read. Events that were read too early are read once more before
 * anything is said of their end.
 */
export async function checkCase(read, stated, sha256, again = false) {
    const events = await read(again);
    if (!events)
        return null;
    const found = await verifyChain(events, sha256, stated);
    return found.why === "end" && !again ? checkCase(read, stated, sha256, true) : { ...found, events };
}
