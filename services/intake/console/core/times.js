/* SPDX-License-Identifier: Apache-2.0 */
/* Times as they are shown, in the desk's zone. */
import { t } from "./language.js";

const ZONE = "Asia/Tokyo";
const WEEKDAYS = { ja: ["日", "月", "火", "水", "木", "金", "土"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] };

const formatter = new Intl.DateTimeFormat("en-US", { timeZone: ZONE, hourCycle: "h23", year: "numeric", month: "2-digit",
    day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** {year, month, day, hour, minute, second} as two-digit texts, and weekday as a number. */
export function partsOf(time) {
    const date = new Date(time);
    if (Number.isNaN(date.getTime()))
        return null;
    const parts = Object.fromEntries(formatter.formatToParts(date).map(({ type, value }) => [type, value]));
    return { ...parts, weekday: new Date(`${parts.year}-${parts.month}-${parts.day}T00:00:00Z`).getUTCDay() };
}

/** 15:04, within the day of `now`; else 11/24 15:04; in another year 2025/11/24 15:04. */
export function shortTime(time, now = Date.now()) {
    const at = partsOf(time);
    const today = partsOf(now);
    if (!at)
        return "—";
    const clock = `${at.hour}:${at.minute}`;
    if (at.year === today.year && at.month === today.month && at.day === today.day)
        return clock;
    const day = `${Number(at.month)}/${Number(at.day)}`;
    return at.year === today.year ? `${day} ${clock}` : `${at.year}/${day} ${clock}`;
}

export function clockTime(time) {
    const at = partsOf(time);
    return at ? `${at.hour}:${at.minute}:${at.second}` : "—";
}

/** 2026/11/24（火） */
export function dayText(time, lang) {
    const at = partsOf(time);
    if (!at)
        return "—";
    const weekday = WEEKDAYS[lang][at.weekday];
    return lang === "ja" ? `${at.year}/${at.month}/${at.day}（${weekday}）` : `${at.year}/${at.month}/${at.day} (${weekday})`;
}

/** 2026/11/24（火）15:04 JST */
export function fullTime(time, lang) {
    const at = partsOf(time);
    return at ? `${dayText(time, lang)}${lang === "ja" ? "" : " "}${at.hour}:${at.minute} JST` : "—";
}

/** 2時間38分, of milliseconds that are left or over. */
export function leftText(ms) {
    const minutes = Math.max(0, Math.floor(Math.abs(ms) / 60000));
    return minutes < 60 ? t("left.minutes", { minutes }) : t("left.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/** 12:34 of a call that goes on. */
export function elapsedText(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
