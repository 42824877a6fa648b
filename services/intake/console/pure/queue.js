/* SPDX-License-Identifier: Apache-2.0 */
/* The queue without its page: which list an address names, why a case needs somebody now, and in which order. */

const STATUSES = ["consultation", "policy", "first_response", "assessment", "handover", "report", "settings"];
const MEMBERS = ["type", "operator", "customer", "from", "to"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 24 * 3600 * 1000;

const sum = (counts) => Object.values(counts ?? {}).reduce((all, count) => all + count, 0);
const ofStatus = (status) => ({ id: status, words: `status.${status}`, query: { status },
    count: (day) => day.cases?.[status] ?? 0 });

/**
 * Each with what it asks for, also of this day (today: the parameters), and its number of GET /v1/overview; aside: among the tabs
 * only while it is the one that is shown.
 */
export const TABS = [
    { id: "open", words: "queue.tab.open", query: { open: "true" },
        count: (day) => sum(day.cases) - (day.cases?.closed ?? 0) },
    ...STATUSES.map(ofStatus),
    { id: "held", words: "flag.held", query: { held: "true" }, count: (day) => day.held },
    { id: "overdue", words: "flag.overdue", query: { overdue: "true" }, count: (day) => day.overdue },
    { id: "closed_today", words: "queue.tab.closed_today", query: {}, today: ["closed_from", "closed_to"],
        count: (day) => day.closed },
    { ...ofStatus("closed"), aside: true },
    { id: "all", words: "queue.tab.all", query: {}, count: (day) => sum(day.cases) },
];

export const tabOf = (id) => TABS.find((tab) => tab.id === id) ?? TABS[0];

/* --- filter and address ------------------------------------------------------------------------------------------- */

/** {tab, type, operator, customer, from, to}, each a text, empty where it says nothing. */
export function filterOf(query) {
    const filter = { tab: tabOf(query.get("tab")).id };
    for (const name of MEMBERS)
        filter[name] = (query.get(name) ?? "").trim().slice(0, 64);
    for (const name of ["from", "to"])
        if (!DAY.test(filter[name]))
            filter[name] = "";
    return filter;
}

/** The address under which this list is found again. */
export function addressOf(filter) {
    const query = new URLSearchParams(filter.tab && filter.tab !== "open" ? { tab: filter.tab } : {});
    for (const name of MEMBERS)
        if (filter[name])
            query.set(name, filter[name]);
    const text = query.toString();
    return text ? `/?${text}` : "/";
}

export const filtersSet = (filter) => MEMBERS.filter((name) => filter[name]);

/** The path of GET /v1/cases for this list; `more` are parameters besides, `today` the day at the desk. */
export function pathOf(filter, more = {}, today = "") {
    const tab = tabOf(filter.tab);
    const ofToday = Object.fromEntries((tab.today ?? []).map((name) => [name, today]));
    const query = new URLSearchParams({ ...tab.query, ...ofToday, ...more });
    const asked = { type: filter.type, operator: filter.operator, customer: filter.customer, opened_from: filter.from,
        opened_to: filter.to };
    for (const [name, value] of Object.entries(asked))
        if (value)
            query.set(name, value);
    return `/v1/cases?${query}`;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/** Of each reason of queueReasons its icon and its look: no two have the same. */
export const LOOKS = { overdue: ["clock", "bad"], held: ["stop", "bad"], new_detections: ["flash", "act"],
    out_of_hours: ["moon", "warn"],
    notice_failed: ["warning", "warn"] };

/* What nobody has touched came out of hours, or by a program. */
const isUntouched = (reason, row) => reason === "out_of_hours" && !row.flags.includes("out_of_hours");

/** Key of a reason's words. */
export const reasonWords = (reason, row) => (isUntouched(reason, row) ? "queue.reason.untouched" : `reason.${reason}`);

/** [icon, look] of a reason: other words, another icon. */
export const lookOf = (reason, row) => (isUntouched(reason, row) ? ["open", "warn"] : LOOKS[reason]);

/** What an event of GET /v1/events changes in a case's row, else null; `found`: there are detections to look at. */
export function patchOf(type, data) {
    if (type === "case")
        return { row: { status: data.status } };
    if (type === "extraction")
        return { row: { triage: data.status }, found: data.status === "found" };
    if (type === "handover" || type === "overdue")
        return { row: { escalation: data.state } };
    return type === "notice" ? { row: {} } : null;
}

export const dueOf = (row) => row.reply_by ?? row.due?.due_at ?? null;

/** How many rows would move, at least: those that stand elsewhere in `wanted` than in `shown`, or in one of them only. */
export function movedCount(shown, wanted) {
    const place = new Map(shown.map((id, at) => [id, at]));
    const stay = wanted.filter((id) => place.has(id));
    const gone = shown.length - stay.length;
    return gone + wanted.length - longestRise(stay.map((id) => place.get(id)));
}

function longestRise(numbers) {
    const ends = []; /* ends[n]: the smallest number that a rise of n + 1 ends with */
    for (const number of numbers) {
        const at = ends.findIndex((end) => end >= number);
        ends[at < 0 ? ends.length : at] = number;
    }
    return ends.length;
}

/* --- what is next ------------------------------------------------------------------------------------------------- */

const BY_ESCALATION = { preparing: "wait_sent", offered: "wait_answer", accepted: "wait_report",
    released: "wait_report", reported: "report",
    declined: "declined", recalled: "wait_deleted" };
const BY_STATUS = { consultation: "policy", policy: "first_response", first_response: "steps", assessment: "assessment",
    handover: "handover",
    report: "report", settings: "settings" };

/* Late is also what no provider has to do with. */
const OF_REASON = { overdue: (row) => (row.escalation === "overdue" ? "overdue" : "due"),
    new_detections: () => "detections" };

/** Key of the words under `queue.next.` for a case of which the desk says nothing better. */
export function nextOf(row, [reason]) {
    if (row.status === "closed")
        return "none";
    if (reason)
        return OF_REASON[reason]?.(row) ?? reason;
    if (row.status === "handover" && BY_ESCALATION[row.escalation])
        return BY_ESCALATION[row.escalation];
    return BY_STATUS[row.status] ?? "none";
}

/** {late, soon, ms}: how long is left, or over; soon: within a day. */
export function leftOf(dueAt, now) {
    const ms = Date.parse(dueAt) - now;
    return { late: ms < 0, soon: ms >= 0 && ms < DAY_MS, ms: Math.abs(ms) };
}
