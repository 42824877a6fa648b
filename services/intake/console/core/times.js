/* SPDX-License-Identifier: Apache-2.0 */
/* Times as they are shown, in the desk's zone; and how long something lasts, in words. */
import * as shown from "../pure/time_shown.js";
import { t } from "./language.js";

const { two } = shown;

/** {year, month, day, hour, minute, second} as two-digit texts, and weekday as a number. */
export function partsOf(time) {
    const at = shown.partsOf(time);
    return at && { year: String(at.year), month: two(at.month), day: two(at.day), hour: two(at.hour), minute: two(at.minute),
        second: two(at.second), weekday: at.weekday };
}

/** 15:04, within the day of `now`; else 11/24 15:04; in another year 2025/11/24 15:04. */
export const shortTime = (time, now = Date.now()) => shown.formatShort(time, now);
export const clockTime = (time) => shown.formatClock(time, { seconds: true });
/** 2026/11/24（火） */
export const dayText = (time, lang) => shown.formatDay(time, lang);
/** 2026/11/24（火）15:04 JST */
export const fullTime = (time, lang) => shown.formatWhen(time, "minute", lang).text;

/** 2時間38分, of milliseconds that are left or over. */
export function leftText(ms) {
    const minutes = Math.max(0, Math.floor(Math.abs(ms) / 60000));
    return minutes < 60 ? t("left.minutes", { minutes }) : t("left.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/** 12:34 of a call that goes on. */
export function elapsedText(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
