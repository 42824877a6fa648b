/* SPDX-License-Identifier: Apache-2.0 */
/* Times as they are shown, in the desk's zone, in Japanese and English. */

const MINUTE_MS = 60 * 1000;

export const ZONES = { "Asia/Tokyo": { offset: 9 * 60, name: "JST" }, UTC: { offset: 0, name: "UTC" } };

export const two = (value) => String(value).padStart(2, "0");

const WEEKDAYS = { ja: [..."日月火水木金土"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] };
const BRACKETS = { ja: ["（", "）"], en: [" (", ") "] };

/** {year, month, day, weekday, hour, minute, second} in the desk's zone; null where it is no time. */
export function partsOf(time, zone = "Asia/Tokyo") {
    const ms = new Date(time).getTime();
    if (Number.isNaN(ms))
        return null;
    const date = new Date(ms + ZONES[zone].offset * MINUTE_MS);
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay(),
        hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() };
}

const NONE = "—";
const clockOf = ({ hour, minute }) => `${two(hour)}:${two(minute)}`;

/** 15:04; with seconds 15:04:05 */
export function formatClock(time, { seconds = false, zone } = {}) {
    const at = partsOf(time, zone);
    return at ? clockOf(at) + (seconds ? `:${two(at.second)}` : "") : NONE;
}

/** 2026/11/24（火）, 2026/11/24 (Tue) */
export function formatDay(time, lang = "ja", zone) {
    const at = partsOf(time, zone);
    if (!at)
        return NONE;
    const [open, close] = BRACKETS[lang];
    return `${at.year}/${two(at.month)}/${two(at.day)}${open}${WEEKDAYS[lang][at.weekday]}${close}`.trimEnd();
}

/** 15:04 within the day of `now`, else 11/24 15:04, in another year 2025/11/24 15:04 */
export function formatShort(time, now, zone) {
    const at = partsOf(time, zone);
    const today = partsOf(now, zone);
    if (!at)
        return NONE;
    if (at.year !== today.year)
        return `${at.year}/${at.month}/${at.day} ${clockOf(at)}`;
    return at.month === today.month && at.day === today.day ? clockOf(at) : `${at.month}/${at.day} ${clockOf(at)}`;
}

/** {text: "2026/11/24（火）15:00 JST", precision}; of a day, the day alone. How exact it is has words of its own. */
export function formatWhen(time, precision = "minute", lang = "ja", zone = "Asia/Tokyo") {
    const at = partsOf(time, zone);
    if (!at)
        return { text: NONE, precision };
    const day = formatDay(time, lang, zone);
    const clock = `${lang === "ja" ? "" : " "}${clockOf(at)} ${ZONES[zone].name}`;
    return { text: precision === "day" ? day : day + clock, precision };
}
