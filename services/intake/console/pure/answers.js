/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer of the desk proves of the parts behind it. */

const KINDS = { 202: "late", 304: "unchanged", 401: "session", 403: "forbidden", 404: "missing", 409: "conflict", 412: "changed",
    429: "unavailable" };

/**
 * The kind of an answer (core/api.js). A token of another session says nothing of anybody's role: somebody else has
 * signed in in this browser, and signing in again is what helps.
 */
export function kindOf(status, code) {
    if (status === 403 && code === "csrf")
        return "session";
    return KINDS[status] ?? (status < 300 ? "ok" : status >= 500 ? "unavailable" : "invalid");
}

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

/* Who looks at a case is told to colleagues alone and never gets to the log of records. */
const isPresence = (path) => /^\/v1\/cases\/[^/]+\/presence$/.test(path);

/** Whether this answer could be given only because Kafka took a record. */
export const provesKafka = ({ method, kind, path }) => WRITES.includes(method) && ["ok", "changed"].includes(kind) &&
    /^\/v1\/cases(\/|$)/.test(path) && !isPresence(path);
