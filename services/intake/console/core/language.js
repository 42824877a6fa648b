/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the two languages is shown, kept in this browser. */
import { signal } from "./signal.js";
import { text } from "../pure/words.js";

const stored = () => { try { return localStorage.getItem("kakekomi.language"); } catch { return null; } };

export const language = signal(stored() === "en" ? "en" : "ja");

export function setLanguage(lang) {
    try {
        localStorage.setItem("kakekomi.language", lang);
    } catch {
        /* it holds for this page then */
    }
    document.documentElement.lang = lang;
    language.set(lang);
}

/** A text of the table in the language that is shown. */
export const t = (key, values) => text(language.get(), key, values);

/** Of a pair {ja, en} that came from the API. */
export const pick = (pair) => pair?.[language.get()] ?? pair?.ja ?? "";
