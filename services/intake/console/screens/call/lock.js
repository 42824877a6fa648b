/* SPDX-License-Identifier: Apache-2.0 */
/* Two tabs of one call: the second is for reading (Web Locks). */

const WITHIN_MS = 600; /* as long as the screen before, in this tab, may take to let go */

/** true where this tab has the call; held until `ends` end. Where the browser knows no locks, every tab may write. */
export function lockCall(operator, id, ends) {
    if (!navigator.locks)
        return Promise.resolve(true);
    return new Promise((resolve) => {
        navigator.locks.request(`kakekomi ${operator} ${id}`, { signal: AbortSignal.timeout(WITHIN_MS) }, () => {
            resolve(true);
            return new Promise((release) => ends.add(release));
        }).catch(() => resolve(false));
    });
}
