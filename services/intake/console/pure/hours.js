/* SPDX-License-Identifier: Apache-2.0 */
/* Desk hours as GET /v1/desk states them: until when the desk is open, or when it opens next. */

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const AHEAD_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

/* The desk's zones have no summer time that matters here: the offset of this moment holds for the days around it. */
function offsetMs(zone, now) {
    const parts = Object.fromEntries(new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric",
        month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" })
        .formatToParts(new Date(now)).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(now / 1000) * 1000;
}

const minutesOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/* The hours of the day that begins at `local` (midnight, as if it were UTC), or null. */
function hoursOf(desk, local) {
    const date = new Date(local).toISOString().slice(0, 10);
    const closed = (desk.closures ?? []).some(({ from, to }) => from <= date && date <= to) || (desk.holidays ?? []).includes(date);
    const hours = desk.hours?.[DAYS[new Date(local).getUTCDay()]];
    return closed || !hours ? null : { opens: local + minutesOf(hours[0]) * 60000, closes: local + minutesOf(hours[1]) * 60000 };
}

const zoneOf = (desk) => desk?.time_zone ?? "Asia/Tokyo";

/** The day that it is at the desk: YYYY-MM-DD. */
export const deskDate = (desk, now) => new Date(now + offsetMs(zoneOf(desk), now)).toISOString().slice(0, 10);

/** {open, until} or {open: false, next}: times in milliseconds; next is null where none is within a month. */
export function deskHours(desk, now) {
    const offset = offsetMs(zoneOf(desk), now);
    const local = now + offset;
    const midnight = Math.floor(local / DAY_MS) * DAY_MS;
    for (let day = 0; day < AHEAD_DAYS; day++) {
        const hours = hoursOf(desk, midnight + day * DAY_MS);
        if (!hours || local >= hours.closes)
            continue;
        return local >= hours.opens ? { open: true, until: hours.closes - offset } : { open: false, next: hours.opens - offset };
    }
    return { open: false, next: null };
}
