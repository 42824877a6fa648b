/* SPDX-License-Identifier: Apache-2.0 */
/* Records contracts one by one, each with a key of its own content, so that a list sent twice changes nothing. */
import * as api from "../../core/api.js";
import { bodyOf } from "../../pure/contracts.js";

const WAITS_MS = [500, 1000, 2000, 4000, 8000, 10000];

async function keyOf(row) {
    const text = new TextEncoder().encode(`${row.customer_id}\n${JSON.stringify(bodyOf(row))}`);
    if (!globalThis.crypto.subtle)
        return api.newKey();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    return `import-${[...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/* What the desk found wrong, at its member. */
function problemOf(answer) {
    const first = answer.problem?.errors?.[0];
    return { member: first?.pointer?.split("/")[1] || "customer_id", key: "import.refused", said: first?.message };
}

/**
 * told({one, problem, waiting}) is called after every row, and while the desk does not answer. {stop(), ended}: ended
 * resolves with the key of a word where no other row is worth trying, else with null.
 */
export function recordAll(rows, told) {
    let stopped = false;
    let wake = () => {};
    const wait = (ms) => new Promise((resolve) => { wake = resolve; setTimeout(resolve, ms); });

    /* null: recorded or refused, and told; else why no other row is worth trying. */
    async function record(one) {
        const key = await keyOf(one.row);
        for (let tries = 0; !stopped; tries++) {
            const answer = await api.send("PUT", `/v1/contracts/${encodeURIComponent(one.row.customer_id)}`,
                bodyOf(one.row), { key });
            if (answer.kind === "session" || answer.kind === "forbidden")
                return `write.${answer.kind}`;
            if (answer.kind !== "unavailable" && answer.kind !== "offline") {
                told({ one, problem: ["ok", "late"].includes(answer.kind) ? null : problemOf(answer) });
                return null;
            }
            told({ one, waiting: true });
            await wait(WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]);
        }
        return null;
    }

    async function run() {
        for (const one of rows) {
            const why = stopped ? null : await record(one);
            if (why || stopped)
                return why;
        }
        return null;
    }
    return { stop: () => { stopped = true; wake(); }, ended: run() };
}
