/* SPDX-License-Identifier: Apache-2.0 */
/* The cases that need somebody now, as the desk names them. */
import * as api from "../../core/api.js";
import { pathOf } from "../../pure/queue.js";

export const ATTENTION_MAX = 90;

/**
 * The answer of GET /v1/cases?attention=true. A desk that does not know the filter answers with the newest cases: the
 * held and the overdue ones are asked for by themselves then. `reasonsFor(row)` says which of them count.
 */
export async function readAttention(filter, reasonsFor) {
    const answer = await api.get(pathOf(filter, { attention: "true", limit: ATTENTION_MAX }));
    if (answer.kind !== "ok" || answer.body.cases.every((row) => row.attention))
        return answer;
    const parts = await Promise.all(["held", "overdue"].map((name) => api.get(pathOf(filter, { [name]: "true",
        limit: ATTENTION_MAX }))));
    const all = [answer, ...parts].flatMap(({ body }) => body?.cases ?? []);
    const rows = [...new Map(all.map((row) => [row.id, row])).values()];
    return { ...answer, body: { cases: rows.filter((row) => reasonsFor(row).length), next_cursor: null } };
}
