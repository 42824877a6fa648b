/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people, Japanese and English side by side: those of the frame and the queue, and what a screen adds of its own. */
import { desk } from "./words/desk.js";
import { keys } from "./words/keys.js";
import { line } from "./words/line.js";
import { shell } from "./words/shell.js";

export const words = { ...line, ...keys, ...shell, ...desk };

/** A screen's words come with the screen. */
export const addWords = (...parts) => Object.assign(words, ...parts);

export const languages = ["ja", "en"];

/** The text of `key` in `lang` with its {names} filled in; a key that is not there is our own mistake and is shown as it is. */
export function text(lang, key, values = {}) {
    const pair = words[key];
    if (!pair)
        return key;
    return pair[lang === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
