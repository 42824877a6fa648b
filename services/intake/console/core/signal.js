/* SPDX-License-Identifier: Apache-2.0 */
/* A value that can be watched. */

export function signal(value) {
    const watchers = new Set();
    return {
        get: () => value,
        set(next) {
            if (Object.is(value, next))
                return;
            value = next;
            for (const watcher of [...watchers])
                watcher(value);
        },
        /** Calls `watcher` at every change; returns what ends that. */
        watch(watcher) {
            watchers.add(watcher);
            return () => watchers.delete(watcher);
        },
    };
}

/** Ends of things that were begun; what comes after all have ended is ended at once. */
export const ending = () => {
    const ends = [];
    let over = false;
    return {
        add(...more) {
            if (over)
                more.forEach((end) => end());
            else
                ends.push(...more);
        },
        all() {
            over = true;
            ends.splice(0).forEach((end) => end());
        },
        over: () => over,
    };
};
