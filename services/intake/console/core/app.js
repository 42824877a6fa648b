/* SPDX-License-Identifier: Apache-2.0 */
/* What every screen shares: who is signed in, the desk's tables, how the connection stands, and what is not sent. */
import * as api from "./api.js";
import * as live from "./live.js";
import { signal } from "./signal.js";
import { provesKafka } from "../pure/answers.js";

export const me = signal(null);
/** {ja|en tables of the API}: fetched once a sign-in, the same for everybody; the playbooks with the first screen that has them. */
export const tables = { desk: null, sheet: null, playbooks: null };

/**
 * up or since when not: {session, intake, kafka, redis, stream}; each null or a time. `services`: what GET /v1/events said of
 * triage, escalation and notify.
 */
export const connection = signal({ session: null, intake: null, kafka: null, redis: null, stream: null, services: {} });

function note(part, down) {
    const before = connection.get();
    if (Boolean(before[part]) === Boolean(down))
        return;
    connection.set({ ...before, [part]: down ? Date.now() : null });
    if (down)
        watchRecovery();
}

/* What an answer says of the parts behind it. */
function noteAnswer({ kind, problem, path, method }) {
    note("intake", kind === "offline");
    /* Another person has signed in at another tab: this page's token is not that of the cookie any more. */
    const isOver = kind === "session" || (kind === "forbidden" && problem?.code === "csrf");
    if (isOver && me.get() && !path.startsWith("/v1/sessions"))
        note("session", true);
    if (kind === "offline")
        return;
    note("redis", problem?.code === "redis_unavailable");
    if (problem?.code === "not_acknowledged")
        note("kafka", true);
    else if (provesKafka({ method, kind, path }))
        note("kafka", false);
}

let recovering = null;

/* While intake or Redis is away somebody has to ask, else nothing would be noticed on a quiet screen. */
function watchRecovery() {
    recovering ??= setInterval(() => {
        const { intake, redis, session } = connection.get();
        if (!intake && !redis) {
            clearInterval(recovering);
            recovering = null;
        } else if (!session) {
            api.get("/v1/me");
        }
    }, 2500);
}

/* What is down is told at the beginning of every stream: what is not told there has come back meanwhile. */
function noteService(type, { service, state, since, why }) {
    if (type === "open")
        connection.set({ ...connection.get(), kafka: null, services: {} });
    if (type !== "service")
        return;
    if (service === "kafka" || service === "redis")
        return note(service, state === "down");
    const before = connection.get();
    connection.set({ ...before, services: { ...before.services, [service]: { state, since, why } } });
}

api.watchAnswers(noteAnswer);
live.listen(noteService);
live.stream.watch(({ state }) => {
    if (state === "up")
        return note("stream", false);
    setTimeout(() => note("stream", live.stream.get().state === "lost"), 5000);
});

/** Whether what is sent now is `operator`'s: while somebody signs in, the session may be of another already. */
export const isHere = (operator) => me.get()?.id === operator && !connection.get().session;

export const roles = (...wanted) => wanted.some((role) => me.get()?.roles.includes(role));

async function fetchTables() {
    const [desk, sheet] = await Promise.all(["/v1/desk", "/v1/hearing-sheet"].map((path) => api.get(path)));
    if (desk.kind === "ok")
        tables.desk = desk.body;
    if (sheet.kind === "ok")
        tables.sheet = sheet.body;
    return Boolean(tables.desk && tables.sheet);
}

/** Whether the playbooks are here. */
export async function fetchPlaybooks() {
    const answer = tables.playbooks ? null : await api.get("/v1/playbooks");
    tables.playbooks ??= answer.body?.playbooks ?? null;
    return tables.playbooks !== null;
}

/** The tables again, where a consent document may have changed meanwhile. */
export async function refreshDesk() {
    const answer = await api.get("/v1/desk");
    if (answer.kind === "ok")
        tables.desk = answer.body;
    return tables.desk;
}

/** Takes up the session of this browser's cookie: signed_in · signed_out · unavailable. */
export async function resume() {
    const answer = await api.get("/v1/me");
    if (answer.kind === "session")
        return "signed_out";
    if (answer.kind !== "ok")
        return "unavailable";
    api.setCsrf(answer.body.session?.csrf ?? null);
    if (!(await fetchTables()))
        return "unavailable";
    connection.set({ ...connection.get(), session: null });
    me.set(answer.body);
    live.end();
    live.begin();
    return "signed_in";
}

/** Signs in; returns the answer, and has taken the session up where it is `ok`. */
export async function signIn(operator, password) {
    const answer = await api.send("POST", "/v1/sessions", { operator, password });
    if (answer.kind === "ok") {
        api.setCsrf(answer.body.csrf);
        const resumed = await resume();
        return resumed === "signed_in" ? answer : { ...answer, kind: "unavailable" };
    }
    return answer;
}

/** Whether this browser's session has been ended, now or before; where not, everything stays as it is. */
export async function signOut() {
    const { kind, status } = await api.send("DELETE", "/v1/sessions/current");
    if (kind !== "ok" && ![401, 404].includes(status))
        return false;
    live.end();
    api.setCsrf(null);
    me.set(null);
    return true;
}

/** Files of cases that are not there yet: [{operator, case, failed, open}]; `open`: not done, with those that failed. */
export const unsent = signal([]);

export function noteUnsent(operator, id, { failed, open }) {
    const others = unsent.get().filter((one) => one.operator !== operator || one.case !== id);
    unsent.set(open ? [...others, { operator, case: id, failed, open }] : others);
}

/** {failed, open} of all that is `operator`'s, and the first case where something failed. */
export function unsentOf(operator) {
    const mine = unsent.get().filter((one) => one.operator === operator);
    const sum = (name) => mine.reduce((total, one) => total + one[name], 0);
    return { failed: sum("failed"), open: sum("open"), first: mine.find(({ failed }) => failed)?.case ?? null };
}
