/* SPDX-License-Identifier: Apache-2.0 */
/* What a consent is to, by which channel each scope may be given, and what is still missing before one can be
 * recorded. */

/** In the order in which the screen asks; the first that is missing is what comes next. */
export const ANSWERS = ["agreed", "refused", "later"];
export const CHANNELS = ["phone_read", "paper", "web"];

/** The document that is read out now. */
export const currentDocument = (desk) => desk?.consent_documents?.[0] ?? null;

export const documentOf = (desk, consent) => (desk?.consent_documents ?? [])
    .find((one) => one.id === consent?.document && one.version === consent?.version) ?? null;

export const suffices = (document, scope, channel) => Boolean(document.channels[scope]?.includes(channel));

/** Of the scopes wanted, those that the channel suffices for and those that need another: {covered: [scope],
 * lacking: [scope]} */
export function coverage(document, wanted, channel) {
    const scopes = document.scopes.filter((scope) => wanted.includes(scope));
    return { covered: scopes.filter((scope) => suffices(document, scope, channel)),
        lacking: scopes.filter((scope) => !suffices(document, scope, channel)) };
}

export const optionalScopes = (document) => document.scopes.filter((scope) => !document.required.includes(scope));

/* Consents in force together: those at the end, all to one text and not withdrawn. */
export function inForce(consents = []) {
    const last = consents.at(-1);
    const same = (one) => !one.withdrawn && one.document === last.document && one.version === last.version &&
        one.sha256 === last.sha256;
    let first = consents.length;
    while (first > 0 && same(consents[first - 1]))
        first--;
    return consents.slice(first);
}

/** The consent by which each scope stands: {scope: consent}; of a scope given twice the last counts. */
export function scopesInForce(consents) {
    const given = {};
    for (const consent of inForce(consents))
        for (const scope of consent.scopes)
            given[scope] = consent;
    return given;
}

export const intentionInForce = (intention) => (intention && !intention.withdrawn ? intention : null);

/** A form to a newer document: only what was read, compared or asked for in the text before is asked again. */
export function formFor(form, document) {
    const wanted = (scope) => document.required.includes(scope) || form.scopes.includes(scope);
    return { ...form, sha256: document.sha256, read: [], compared: false, at: null,
        scopes: document.scopes.filter(wanted) };
}

const isEmpty = (text) => !text || text.trim() === "";

/* How far the text itself was gone through: read out passage by passage, or a signed paper or page that was
 * compared. */
export const unread = (form, passages) => (form.channel && form.channel !== "phone_read" ? (form.compared ? 0 : 1)
    : passages.filter((name) => !form.read.includes(name)).length);

/**
 * What is left before the consent can be recorded, in order: read, answer, channel, name, time, scopes.
 * passages: names of what is to be read. form: {read: [name], compared, answer, channel, name, capacity, time: RFC
 * 3339 | null, scopes: [scope]}
 */
export function leftOf(form, document, passages) {
    const left = [];
    if (unread(form, passages) > 0)
        left.push("read");
    if (!form.answer)
        left.push("answer");
    if (!form.channel)
        left.push("channel");
    if (isEmpty(form.name))
        left.push("name");
    if (!form.time)
        left.push("time");
    if (form.channel && coverage(document, form.scopes, form.channel).covered.length === 0)
        left.push("scopes");
    return left;
}

/** The same for an intention: answer, channel, name, time. */
export function leftOfIntention(form) {
    return [["answer", form.answer], ["channel", form.channel], ["name", !isEmpty(form.name)], ["time", form.time]]
        .filter(([, there]) => !there).map(([what]) => what);
}

/** The body of POST …/consents. */
export function consentBody(form, document) {
    const { covered } = coverage(document, form.scopes, form.channel);
    const capacity = isEmpty(form.capacity) ? {} : { capacity: form.capacity.trim() };
    return { document: document.id, version: document.version, sha256: document.sha256, given_by: form.name.trim(),
        ...capacity,
        channel: form.channel, given_at: form.time, scopes: covered };
}
