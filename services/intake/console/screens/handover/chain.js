/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the case's chain holds, computed here, before anything is offered; and how many notes stand in it. */
import { signal } from "../../core/signal.js";
import { readChain } from "../case/chain_read.js";

const AGAIN_MS = 3000;
const isNote = ({ accepted, type }) => accepted && type.replace(/^kakekomi\./, "") === "note.added";

const resultOf = ({ ok, checked, brokenAt, events }) => ({ kind: ok ? "good" : "broken", at: events[brokenAt]?.time,
    notes: events.filter(isNote).length, revision: checked });

/**
 * result: signal({kind: reading | good | broken, at, notes, revision}): notes as of that revision; update(value) checks
 * once more where the case has another head.
 */
export function chainOf(id) {
    const result = signal({ kind: "reading" });
    let head = null;
    let timer = null;
    let ended = false;

    async function check() {
        const asked = head;
        const found = await readChain(id, asked);
        if (ended || asked !== head)
            return;
        if (found)
            result.set(resultOf(found));
        else
            timer = setTimeout(check, AGAIN_MS);
    }

    function update(value) {
        if (value.head === head)
            return;
        head = value.head;
        clearTimeout(timer);
        check();
    }
    return { result, update, end: () => { ended = true; clearTimeout(timer); } };
}
