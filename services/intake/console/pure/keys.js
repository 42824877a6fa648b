/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of keys: from it come the handler, the badges and the list. A press is matched on event.code, so that
 * it does not depend on the input method; `plain` ones count only outside fields. What the browser, the input method or
 * AltGr needs stays free.
 */

const EVERYWHERE = ["queue", "call", "case", "handover", "print", "today", "admin"];
const OF_A_CASE = ["call", "case", "handover"];
const SEQUENCE_MS_MAX = 1500;
const COMPOSING_KEY_CODE = 229;
const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"];

const alt = (code, more = {}) => ({ code, alt: true, ...more });
const plain = (code, more = {}) => ({ code, plain: true, ...more });
const section = (number) => ({ id: `section_${number}`, presses: [alt(`Digit${number}`)], where: number === 1 ? OF_A_CASE : ["call", "case"],
    words: "key.section", badge: `Alt+${number}`, listed: number === 1 ? "Alt+1…6" : null });

/**
 * {id, presses: [{code, alt, ctrl, shift, plain, after}], where, words, badge, listed, repeats}: listed is how the list
 * of keys names it where that is not the badge (null: not at all); after: the key that begins a sequence.
 */
export const KEYS = [
    { id: "next", presses: [alt("KeyJ")], where: EVERYWHERE, words: "key.next", badge: "Alt+J" },
    { id: "main", presses: [{ code: "Enter", ctrl: true }, { code: "NumpadEnter", ctrl: true }], where: EVERYWHERE,
        words: "key.main",
        badge: "Ctrl+Enter" },
    { id: "unknown", presses: [alt("KeyU")], where: ["call"], words: "key.unknown", badge: "Alt+U" },
    { id: "declined", presses: [alt("KeyX")], where: ["call"], words: "key.declined", badge: "Alt+X" },
    { id: "step_customer", presses: [alt("KeyS")], where: ["call", "case"], words: "key.step_customer",
        badge: "Alt+S" },
    { id: "step_remote", presses: [alt("KeyS", { shift: true })], where: ["call", "case"], words: "key.step_remote",
        badge: "Alt+Shift+S" },
    ...[1, 2, 3, 4, 5, 6].map(section),
    { id: "memo", presses: [alt("KeyM")], where: ["call", "case"], words: "key.memo", badge: "Alt+M" },
    { id: "detections", presses: [alt("KeyL")], where: OF_A_CASE, words: "key.detections", badge: "Alt+L" },
    { id: "consent", presses: [alt("KeyC")], where: OF_A_CASE, words: "key.consent", badge: "Alt+C" },
    { id: "intention", presses: [alt("KeyI")], where: OF_A_CASE, words: "key.intention", badge: "Alt+I" },
    { id: "take_name", presses: [alt("KeyY")], where: ["call"], words: "key.take_name", badge: "Alt+Y" },
    { id: "down", presses: [plain("KeyJ")], where: ["queue"], words: "key.down", badge: "J", repeats: true },
    { id: "up", presses: [plain("KeyK")], where: ["queue"], words: "key.up", badge: "K", repeats: true },
    { id: "open", presses: [plain("Enter"), plain("NumpadEnter")], where: ["queue"], words: "key.open",
        badge: "Enter" },
    { id: "take_call", presses: [plain("KeyN")], where: ["queue"], words: "key.take_call", badge: "N" },
    { id: "resort", presses: [plain("KeyR")], where: ["queue"], words: "key.resort", badge: "R" },
    { id: "filter", presses: [plain("KeyF")], where: ["queue"], words: "key.filter", badge: "F" },
    { id: "search", presses: [plain("Slash")], where: EVERYWHERE, words: "key.search", badge: "/" },
    { id: "go_queue", presses: [plain("KeyQ", { after: "KeyG" })], where: EVERYWHERE, words: "key.go_queue",
        badge: "G Q" },
    { id: "go_today", presses: [plain("KeyT", { after: "KeyG" })], where: EVERYWHERE, words: "key.go_today",
        badge: "G T" },
    { id: "go_admin", presses: [plain("KeyA", { after: "KeyG" })], where: EVERYWHERE, words: "key.go_admin",
        badge: "G A" },
    { id: "keys", presses: [plain("Slash", { shift: true }), alt("KeyK")], where: EVERYWHERE, words: "key.keys",
        badge: "?",
        listed: "? / Alt+K" },
    { id: "back", presses: [{ code: "Escape" }], where: ["call"], words: "key.back", badge: "Esc", listed: null },
    { id: "back", presses: [plain("Escape")], where: EVERYWHERE, words: "key.back", badge: "Esc" },
];

const BEGINNINGS = new Set(KEYS.flatMap(({ presses }) => presses.map(({ after }) => after)).filter(Boolean));

const isOf = (event, { code, alt: withAlt = false, ctrl = false, shift = false }) => event.code === code &&
    Boolean(event.altKey) === withAlt && Boolean(event.ctrlKey) === ctrl && Boolean(event.shiftKey) === shift;

const isBare = (event) => !event.altKey && !event.ctrlKey && !event.shiftKey;
/* A digit outside a field begins a search for a number. */
const isDigit = (event) => isBare(event) && /^[0-9]$/.test(event.key ?? "");

const isComposing = (event) => Boolean(event.isComposing) || event.keyCode === COMPOSING_KEY_CODE;
/* Windows says Ctrl and Alt for AltGr. */
const isAltGr = (event) => Boolean(event.getModifierState?.("AltGraph")) || Boolean(event.ctrlKey && event.altKey);

const NOTHING = { id: null, sequence: null };

function begunBy(event, sequence) {
    const late = sequence && event.timeStamp !== undefined && event.timeStamp - sequence.at > SEQUENCE_MS_MAX;
    return sequence && !late ? sequence.code : undefined;
}

function rowOf(event, screen, inField, begun) {
    const fits = (press) => isOf(event, press) && !(press.plain && inField) && press.after === begun;
    return KEYS.find((row) => row.where.includes(screen) && (row.repeats || !event.repeat) && row.presses.some(fits));
}

/** {id, sequence}: what the press means on this screen, or null; `sequence` is to be handed in with the next press. */
export function matchKey(event, { screen, inField, sequence = null }) {
    if (MODIFIERS.includes(event.key))
        return { id: null, sequence };
    if (isComposing(event) || isAltGr(event) || event.metaKey)
        return NOTHING;
    if (!inField && isDigit(event) && !event.repeat)
        return { id: "search", sequence: null };
    const begun = begunBy(event, sequence);
    const row = rowOf(event, screen, inField, begun);
    if (row)
        return { id: row.id, sequence: null };
    const begins = !inField && !begun && isBare(event) && !event.repeat && BEGINNINGS.has(event.code);
    return { id: null, sequence: begins ? { code: event.code, at: event.timeStamp } : null };
}

/** The list of keys for a screen: [{id, badge, words}] */
export const keysOf = (screen) => KEYS.filter((row) => row.where.includes(screen) && row.listed !== null)
    .map(({ id, badge, words, listed }) => ({ id, badge: listed ?? badge, words }));

/** The badge beside what a key does on this screen; null where it has none there. */
export const badgeOf = (id, screen) => KEYS.find((row) => row.id === id && row.where.includes(screen))?.badge ?? null;
