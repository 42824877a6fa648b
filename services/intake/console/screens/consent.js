/* SPDX-License-Identifier: Apache-2.0 */
/* The consent column: the current document read out, the answer recorded. It implies no intention and hands nothing
 * over. */
import * as api from "../core/api.js";
import { connection, refreshDesk } from "../core/app.js";
import { writer } from "../core/case.js";
import { h, replace } from "../core/dom.js";
import { t } from "../core/language.js";
import { ending, signal } from "../core/signal.js";
import { troubleStep } from "../core/trouble.js";
import { clausesOf, passages as passagesFor } from "../pure/clauses.js";
import { ANSWERS, consentBody, coverage, currentDocument, formFor, inForce, leftOf, unread } from "../pure/consent.js";
import { earlierConsents } from "./given/earlier.js";
import { nameOf, passageList, wholeText } from "./given/passages.js";
import { scopeList } from "./given/scopes.js";
import { channelChoice, choice, readTime, textField, timeField } from "./given/fields.js";
import { actBar, contactOffer } from "./given/bar.js";
import { keptForm } from "./given/kept.js";
import { recording } from "./given/recording.js";
import { askWithdrawal } from "./given/withdrawal.js";

const DESK_MS = 60000; /* how often a newer document is looked for */
const LABELS = { "/given_by": "given.name", "/capacity": "given.capacity", "/channel": "given.channel",
    "/given_at": "given.time", "/scopes": "consent.scopes" };

const emptyForm = (document) => ({ sha256: document.sha256, read: [], compared: false, answer: null, channel: null,
    name: "", capacity: "", time: "", at: null, scopes: [...document.required] });
const passagesOf = (document, scopes) => passagesFor(clausesOf(document.text), scopes);
const shortHash = (hash) => `${hash.slice(0, 4)}…${hash.slice(-4)}`;
/* What came on paper or by web is not read out but compared. */
const isCompared = (form) => Boolean(form.channel) && form.channel !== "phone_read";

/* What is built anew keeps the focus that was in it; all else is left alone. */
function keepingFocus(act) {
    const { id } = globalThis.document.activeElement;
    act();
    if (id && globalThis.document.activeElement.id !== id)
        globalThis.document.getElementById(id)?.focus({ preventScroll: true });
}

const isAgreed = (form) => !form.answer || form.answer === "agreed";

/** {title, element, step, keys, perform, focus, leave}; `done()` goes back to the sheet. */
export function consentColumn({ case: watched, tables, done }) {
    const kept = keptForm(`consent.${watched.id}`);
    const write = writer("POST", `/v1/cases/${watched.id}/consents`);
    const note = writer("POST", `/v1/cases/${watched.id}/notes`);
    const step = signal(null);
    const ends = ending();
    const contact = contactOffer();
    const bar = actBar({ id: "consent", act: () => recorder.record(), back: done });
    const earlier = earlierConsents({ withdraw: () =>
        askWithdrawal({ id: watched.id, what: "consents", done: (words) => recorder.withdrawn(words) }) });
    const element = h("section", { class: "given-column", "aria-labelledby": "consent-title" });
    let document = currentDocument(tables.desk);
    let form = emptyForm(document);
    const before = kept.load();
    if (before)
        form = before.sha256 === document.sha256 ? before : formFor(before, document);
    let passages = passagesOf(document, form.scopes);
    let parts = null;

    const timed = () => ({ ...form, time: readTime(form.time, api.now()).time });
    const left = () => (isAgreed(form) ? leftOf(timed(), document, passages.map(nameOf)) : []);
    const recorder = recording({ name: "consent", bar, watched, left, focusOn, answerOf: () => form.answer, renew: begin,
        show, labels: LABELS, send: () => (isAgreed(form) ? recordConsent() : recordNote()) });

    /* Every change is kept before anything else; the time of a first try counts until something is changed. */
    function put(name, value) {
        form[name] = value;
        form.at = null;
        recorder.reopen();
        kept.save(form);
        show();
    }

    const edit = (name) => (value) => put(name, value);

    /* Another scope may need more to be read. */
    function putScopes(scopes) {
        put("scopes", scopes);
        const next = passagesOf(document, scopes);
        if (next.length === passages.length)
            return;
        passages = next;
        renew();
    }

    /* --- what is shown ---------------------------------------------------------------------------------------- */

    function leftWords(what) {
        const words = what === "read" && isCompared(form) ? "consent.left.compared" : `consent.left.${what}`;
        return t(words, { count: unread(form, passages.map(nameOf)) });
    }

    const recordKey = () => (isAgreed(form) ? "consent.record" : `consent.record_${form.answer}`);

    function recordStep(key) {
        return { key, act: { kind: "consent_record", words: recordKey(), values: { version: document.version } } };
    }

    function nextStep() {
        const untouched = !form.answer && form.read.length === 0;
        if (recorder.isFinished() || (untouched && inForce(watched.value.get()?.consents).length))
            return { key: "consent.step.done",
                act: { kind: "go", address: `/cases/${watched.id}/intention`, words: "consent.go.intention" } };
        if (!isAgreed(form))
            return recordStep("consent.step.note");
        const [first] = left();
        if (!first)
            return recordStep("consent.step.record");
        const what = first === "read" && isCompared(form) ? "compared" : first;
        const at = passages.findIndex((passage) => !form.read.includes(nameOf(passage))) + 1;
        return { key: `consent.step.${what}`, values: { at },
            act: { kind: "consent_focus", what, words: what === "read" ? "consent.go.read" : "consent.go.field" } };
    }

    function show() {
        const partly = form.channel && coverage(document, document.required, form.channel).lacking.length > 0;
        bar.show({ words: t(recordKey(), { version: document.version }), missing: left().map(leftWords), busy: recorder.isBusy(),
            remark: isAgreed(form) && partly ? t("consent.partly") : "" });
        parts.scopes.show({ document, form, given: watched.value.get()?.consents });
        parts.compare.element.hidden = !isCompared(form);
        step.set(troubleStep("consent") ?? nextStep());
    }

    function showCase(value) {
        earlier.show(value, tables.desk);
        contact.show(parts.name, value);
        show();
    }

    function makeCompare() {
        const box = h("input", { type: "checkbox", id: "consent-compared", checked: form.compared,
            on: { change: (event) => put("compared", event.target.checked) } });
        return { element: h("label", { class: "given-compare", for: "consent-compared" }, box, t("consent.compared")),
            focus: () => box.focus() };
    }

    /* What depends on the document, each with its element. */
    function makeText() {
        const read = passageList({ passages, read: form.read, changed: edit("read"),
            after: () => parts.answer.focus() });
        return {
            title: { element: titleRow() },
            count: { element: h("h3", { class: "passages-title" }, t("consent.passages"), " ", read.count) },
            read, whole: { element: wholeText(document) }, compare: makeCompare(),
            scopes: scopeList({ document, wanted: () => form.scopes, put: putScopes }),
        };
    }

    /* What the customer said. */
    function makeFields() {
        const text = (name, words, required) => textField({ id: `consent-${name}`, words: t(words), required,
            value: () => form[name], put: edit(name) });
        return {
            answer: choice({ id: "consent-answer", words: t("consent.answer"), value: () => form.answer,
                pick: edit("answer"),
                options: ANSWERS.map((value) => ({ value, text: t(`consent.answer.${value}`) })) }),
            channel: channelChoice("consent-channel", () => form.channel, edit("channel")),
            name: text("name", "given.name", true), capacity: text("capacity", "given.capacity", false),
            time: timeField({ id: "consent-time", value: () => form.time, put: edit("time") }),
        };
    }

    const titleRow = () => h("div", { class: "given-title" }, h("h2", { id: "consent-title" }, t("consent.title")),
        h("p", { class: "secondary" }, t("consent.document", { version: document.version }), " ",
            h("span", { class: "hash", title: document.sha256 }, shortHash(document.sha256))));

    function build() {
        parts = { ...makeText(), ...makeFields() };
        const elementOf = (name) => parts[name].element;
        replace(element, elementOf("title"), earlier.element, ["count", "read", "whole", "compare"].map(elementOf),
            h("div", { class: "given-form two" },
                ["answer", "channel", "name", "capacity", "time", "scopes"].map(elementOf)), bar.element);
        showCase(watched.value.get());
    }

    /* The text alone is another. */
    function renew() {
        const text = makeText();
        text.whole.element.open = parts.whole.element.open;
        keepingFocus(() => Object.entries(text).forEach(([name, { element: made }]) =>
            parts[name].element.replaceWith(made)));
        parts = { ...parts, ...text };
        show();
    }

    function begin() {
        form = emptyForm(document);
        passages = passagesOf(document, form.scopes);
        kept.drop();
        build();
    }

    function turnTo(next) {
        document = next;
        form = formFor(form, document);
        passages = passagesOf(document, form.scopes);
        kept.save(form);
        renew();
    }

    /* --- what is recorded ------------------------------------------------------------------------------------- */

    /* True where the document that was read is still the current one. */
    async function isCurrent() {
        const now = currentDocument(await refreshDesk());
        if (now.sha256 === document.sha256 && now.version === document.version)
            return true;
        turnTo(now);
        bar.say(t("consent.newer", { version: now.version }), "warn");
        return false;
    }

    function recordNote() {
        return note({ text: t(`consent.note.${form.answer}`,
            { version: document.version, name: form.name.trim() }).trim() });
    }

    async function recordConsent() {
        if (!(await isCurrent()))
            return null;
        form.at ??= readTime(form.time, api.now()).time;
        return write(consentBody({ ...form, time: form.at }, document), { ifMatch: watched.etag() });
    }

    function focusOn(what) {
        (what === "read" && isCompared(form) ? parts.compare : parts[what]).focus();
    }

    build();
    const looking = setInterval(isCurrent, DESK_MS);
    ends.add(watched.value.watch(showCase), connection.watch(show), () => clearInterval(looking));
    isCurrent();
    return { title: t("consent.title"), element, step, leave: ends.all,
        keys: { main: recorder.record, take_name: () => contact.take(parts.name), back: done },
        perform: recorder.perform,
        focus: () => element.querySelector(".passage.next-one input") ?? element.querySelector("input") };
}
