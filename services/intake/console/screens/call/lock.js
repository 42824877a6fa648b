/* SPDX-License-Identifier: Apache-2.0 */
/* Two tabs of one call: the second is for reading (Web Locks). */

const WITHIN_MS = 600; /* as long as the screen before, in this tab, may take to let go */

const lockName = (operator, id) => `kakekomi ${operator} ${id}`;

/** Whether a screen, here or in another tab, has the call. */
export async function isLocked(operator, id) {
    const { held = [] } = await navigator.locks?.query() ?? {};
    return held.some(({ name }) => name === lockName(operator, id));
}

/** true where this tab has the call; held until `ends` end. Where the browser knows no locks, every tab may write. */
export function lockCall(operator, id, ends) {
    if (!navigator.locks)
        return Promise.resolve(true);
    return new Promise((resolve) => {
        navigator.locks.request(lockName(operator, id), { signal: AbortSignal.timeout(WITHIN_MS) }, () => {
            resolve(true);
            return new Promise((release) => ends.add(release));
        }).catch(() => resolve(false));
    });
}
