/* SPDX-License-Identifier: Apache-2.0 */
/* Keys pressed anywhere, looked up in the one table (pure/keys.js) and handed to the screen, else to the frame. */
import { matchKey } from "../pure/keys.js";
import { dialogOpen } from "./dialog.js";

const FIELDS = "input, textarea, select, [contenteditable]";

const inField = (target) => Boolean(target?.closest?.(FIELDS)) && !["checkbox", "radio"].includes(target.type);

/** perform(id, event) → true where somebody took it; screenName() names the screen that is shown; inDialog(id): also over a dialog. */
export function beginKeys(screenName, perform, inDialog) {
    let sequence = null;
    document.addEventListener("keydown", (event) => {
        if (event.defaultPrevented)
            return;
        const found = matchKey(event, { screen: screenName(), inField: inField(event.target), sequence });
        if (dialogOpen() && !inDialog(found.id))
            return;
        sequence = found.sequence ?? null;
        if (found.id && perform(found.id, event))
            event.preventDefault();
    });
}
