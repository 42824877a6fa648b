/* SPDX-License-Identifier: Apache-2.0 */
/* A case's chain, read and computed anew here: the same rule on the case, before a hand-over and on paper. */
import * as api from "../../core/api.js";
import { checkCase } from "../../pure/chain.js";
import { hasher } from "../../pure/sha256.js";

const PAUSE_MS = 1000;

const pause = () => new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });

/**
 * `head`: what the case stated when it was read. {ok, checked, head, brokenAt, why, events}; null: not to be read now.
 */
export function readChain(id, head) {
    async function read(again) {
        if (again)
            await pause();
        const answer = await api.get(`/v1/cases/${id}/chain`);
        return answer.kind === "ok" ? answer.body.events : null;
    }
    return checkCase(read, head, hasher(globalThis.crypto?.subtle));
}
