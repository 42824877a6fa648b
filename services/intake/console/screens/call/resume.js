/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that could not be opened before the page was fetched anew go on being opened, with the key and the body of their first try,
 * though nobody looks at them: of one that another tab has, or a screen of this one, that one takes care.
 */
import { isLocked } from "./lock.js";
import { isLiving, makeRecord } from "./record.js";

async function resume({ operator, id }) {
    if (isLiving(operator, id) || await isLocked(operator, id) || isLiving(operator, id))
        return;
    const record = makeRecord({ operator, id, kind: "draft", opened: null });
    await record.resume(null, null);
    if (!record.isLookedAt())
        record.leave();
}

/** `records`: as this browser keeps them (core/store.js). */
export const resumeOpenings = (records) => Promise.all(records.map(resume));
