/* SPDX-License-Identifier: Apache-2.0 */
/* What the line 次の一手 says on every screen while something is missing; rows and words as in next.js. */
import { formatShort } from "./time_shown.js";

export const said = (values = {}, act = null, more = {}) => ({ values, act, ...more });
export const clock = (about, time) => (time ? formatShort(time, about.now) : "—");

const minutes = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

function openingWaits(about) {
    const { opening } = about.draft ?? {};
    const waits = opening && (opening.tries > 1 || about.connection.kafka || about.connection.intake);
    const waited = waits ? Math.max(0, about.now - new Date(opening.since)) : 0;
    return waits && said({}, null, { extra: { key: "opening_waits.extra",
        values: { time: minutes(waited), tries: opening.tries } } });
}

/* Where nothing is sent again by itself, the line says so. */
export const BY_HAND = { consent: "away_given", intention: "away_given", handover: "away_handover" };
const away = (part) => ({ connection, screen }) => connection[part] &&
    said({}, null, BY_HAND[screen] ? { key: BY_HAND[screen] } : {});

export const TROUBLE = [
    ["session_expired", ({ connection }) => connection.session && said({}, { kind: "sign_in" })],
    ["opening_waits", openingWaits],
    ["intake_down", away("intake")],
    ["kafka_down", away("kafka")],
    ["redis_down", away("redis")],
    ["stream_lost", (about) => about.connection.stream && said({ time: clock(about, about.connection.stream) })],
    ["chain_broken", (about) => about.chain?.ok === false &&
        said({ time: clock(about, about.chain.time) }, { kind: "chain" })],
];

/** What the first row says that has something to say, as a step; else null. */
export function firstOf(rows, about, trouble) {
    for (const [key, say] of rows) {
        const found = say(about);
        if (found)
            return { key, trouble, ...found };
    }
    return null;
}

/** The trouble there is, as nextStep says it, on a screen without a case; else null. */
export const troubleOf = (given) => firstOf(TROUBLE, { connection: {}, ...given, now: new Date(given.now) }, true);
