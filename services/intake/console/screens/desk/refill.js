/* SPDX-License-Identifier: Apache-2.0 */
/* New content for an element, only where it differs: what has not changed keeps focus and selection. */
import { replace } from "../../core/dom.js";

export function refill(element, content) {
    const fresh = replace(element.cloneNode(false), content);
    if (!fresh.isEqualNode(element))
        element.replaceChildren(...fresh.childNodes);
}
