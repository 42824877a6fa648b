/* SPDX-License-Identifier: Apache-2.0 */
/* Files that wait to be sent: one after the other, each with an answer of its own. */

/* Not answered for good: the same bytes go with the same key, so that they never come twice. */
const OPEN = ["offline", "unavailable", "session"];

export const isOnItsWay = ({ kind }) => kind === "waiting" || kind === "sending";
/** Whether sending once more may help. */
export const mayRepeat = (answer) => !isOnItsWay(answer) && !["ok", "late", "empty"].includes(answer.kind);

/**
 * {add(one)}: one.file is sent by `send(one)` → answer, with one.key; `say(one, answer)` is told of kinds waiting and
 * sending and of the answer. One that fails holds no other back, and may be added again.
 */
export function uploadQueue({ send, say, newKey }) {
    const waiting = [];
    let busy = false;

    async function sendOne(one) {
        one.key ??= newKey();
        say(one, { kind: "sending" });
        const answer = one.file.size === 0 ? { kind: "empty" } : await send(one);
        if (!OPEN.includes(answer.kind))
            one.key = null;
        say(one, answer);
    }

    async function run() {
        busy = true;
        while (waiting.length > 0)
            await sendOne(waiting.shift());
        busy = false;
    }

    return {
        add(one) {
            waiting.push(one);
            say(one, { kind: "waiting" });
            return busy ? undefined : run();
        },
    };
}
