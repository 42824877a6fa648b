/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases of a list somebody must look at now, why, and in which order. */

const has = (list, word) => (list ?? []).includes(word);

/* In the order of urgency. */
export const REASONS = [
    ["overdue", (row, { now }) => has(row.flags, "overdue") || row.escalation === "overdue" ||
        has(row.attention, "overdue") ||
        Boolean(row.due && new Date(row.due.due_at) <= now)],
    ["held", (row) => has(row.flags, "held") || row.escalation === "held"],
    ["new_detections", (row, { seen }) => seen?.[row.id] !== undefined && row.detections > seen[row.id]],
    ["out_of_hours", (row) => (row.attention ? has(row.attention, "untouched")
        : has(row.flags, "out_of_hours") && row.status === "consultation")],
    ["notice_failed", (row) => (row.next_steps ?? []).some(({ done }) => !done)],
];

/**
 * Why somebody must look at a line of the list now, the most urgent first. `seen`: detections by case as this operator
 * last saw them.
 */
export function queueReasons(row, { now, seen } = {}) {
    if (row.status === "closed")
        return [];
    return REASONS.filter(([, applies]) => applies(row, { now: new Date(now ?? 0), seen })).map(([reason]) => reason);
}

const rank = ({ reasons }) => REASONS.findIndex(([reason]) => reason === reasons[0]);
const dueOf = ({ row }) => new Date(row.reply_by ?? row.due?.due_at ?? row.opened_at).getTime();
const changeOf = ({ row }) => new Date(row.changed_at ?? row.opened_at).getTime();
const byId = (a, b) => (a.row.id < b.row.id ? -1 : 1);

/**
 * {urgent, rest}: each [{row, reasons}]; urgent by reason, then by what is due first; the rest by their last change.
 */
export function orderQueue(rows, options = {}) {
    const all = rows.map((row) => ({ row, reasons: queueReasons(row, options) }));
    const byUrgency = (a, b) => rank(a) - rank(b) || dueOf(a) - dueOf(b) || byId(a, b);
    const byChange = (a, b) => changeOf(b) - changeOf(a) || byId(a, b);
    return { urgent: all.filter(({ reasons }) => reasons.length > 0).sort(byUrgency),
        rest: all.filter(({ reasons }) => reasons.length === 0).sort(byChange) };
}
