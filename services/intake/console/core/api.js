/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to intake. An answer is never an exception: `kind` says what to do next.
 *   ok · unchanged (304) · late (202) · invalid (400, 413, 415, 422, 428) · conflict (409) · changed (412) ·
 *   session (401; 403 where this page is of another session) · forbidden (403) · missing (404) · unavailable (5xx, 429) ·
 *   offline (no answer)
 */
import { kindOf } from "../pure/answers.js";

async function bodyOf(response) {
    const type = response.headers.get("Content-Type") ?? "";
    if (!/json/.test(type) || /ndjson/.test(type))
        return null;
    try {
        return await response.json();
    } catch {
        return null;
    }
}

async function answerOf(response) {
    const body = await bodyOf(response);
    const kind = kindOf(response.status, body?.code);
    const good = response.status < 300;
    return { kind, status: response.status, body: good ? body : null, problem: good ? null : body, etag: response.headers.get("ETag"),
        location: response.headers.get("Location"), retryAfter: Number(response.headers.get("Retry-After")) || null,
        replayed: response.headers.get("Idempotency-Replayed") === "true" };
}

/** A key by which a request may be repeated: made before the first try and kept until its answer. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** UUID of version 7: the time of its making stands in it, which is when a call began. */
export function newId(now = Date.now()) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    for (let i = 0; i < 6; i++)
        bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) & 0xff;
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** When an id of version 7 was made; null for others. */
export const timeOfId = (id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id) ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;

let csrf = null;
let skewMs = 0;
let watcher = () => {};

export const setCsrf = (token) => { csrf = token; };
/** Told of every answer: {kind, problem, path}. */
export const watchAnswers = (told) => { watcher = told; };
/** The time as the desk's clock has it. */
export const now = () => Date.now() + skewMs;

function noteClock(response, begun) {
    const date = Date.parse(response.headers.get("Date") ?? "");
    const ended = Date.now();
    if (!date || ended - begun > 2000)
        return;
    const skew = date + 500 - (begun + ended) / 2;
    skewMs = Math.abs(skew) > 1500 ? skew : 0;
}

async function ask(method, path, headers, body, options = {}) {
    const begun = Date.now();
    let answer;
    try {
        const response = await fetch(path, { method, headers, body, cache: "no-store", credentials: "same-origin",
            signal: options.signal ?? AbortSignal.timeout(options.timeoutMs ?? 15000) });
        noteClock(response, begun);
        answer = await answerOf(response);
    } catch {
        answer = { kind: "offline", status: 0, body: null, problem: null, etag: null, location: null, retryAfter: null };
    }
    watcher({ ...answer, path, method });
    return answer;
}

/** get("/v1/cases/…", {etag}): with an ETag, `unchanged` where nothing is new. */
export function get(path, { etag, signal } = {}) {
    return ask("GET", path, etag ? { "If-None-Match": etag } : {}, undefined, { signal });
}

/** send("POST", path, body, {key, ifMatch, ifNoneMatch, type, timeoutMs}) */
export function send(method, path, body, { key, ifMatch, ifNoneMatch, type, timeoutMs } = {}) {
    const headers = {};
    if (csrf)
        headers["X-CSRF-Token"] = csrf;
    if (body !== undefined)
        headers["Content-Type"] = type ?? "application/json";
    if (key)
        headers["Idempotency-Key"] = key;
    if (ifMatch)
        headers["If-Match"] = ifMatch;
    if (ifNoneMatch)
        headers["If-None-Match"] = ifNoneMatch;
    return ask(method, path, headers, body === undefined ? undefined : JSON.stringify(body), { timeoutMs });
}

/** A file's bytes as they are; `key` as in send. */
export function upload(path, file, { key } = {}) {
    const headers = { "Content-Type": "application/octet-stream" };
    if (csrf)
        headers["X-CSRF-Token"] = csrf;
    if (key)
        headers["Idempotency-Key"] = key;
    return ask("PUT", path, headers, file, { timeoutMs: 3600000 });
}
