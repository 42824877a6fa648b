/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this browser keeps input of the case that holds its hand-over: not sent yet, or waiting for a choice. */
import { me } from "../../core/app.js";
import { signal } from "../../core/signal.js";
import { recall } from "../../core/store.js";
import { heldByInput } from "../../pure/handover.js";

const AGAIN_MS = 2000; /* another tab may be typing */

/** held: signal(reading | conflict | input | null); ask() looks again at once. */
export function inputOf(id) {
    const held = signal("reading");
    const ask = async () => held.set(heldByInput(await recall(me.get()?.id, id)));
    const asking = setInterval(ask, AGAIN_MS);

    ask();
    return { held, ask, end: () => clearInterval(asking) };
}
