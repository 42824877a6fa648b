/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that are read out when they change. */
import { h, replace } from "../../core/dom.js";

/** Puts `children` in place of what is there, unless that reads the same: what is put there again is read out again. */
export function sayChanged(element, ...children) {
    const next = h("span", {}, children);
    if (next.textContent !== element.textContent)
        replace(element, [...next.childNodes]);
}
