/* SPDX-License-Identifier: Apache-2.0 */
/* The intention column: whether the customer wishes this provider's paid service. Nothing of the consent is taken
 * over. */
import * as api from "../core/api.js";
import { connection } from "../core/app.js";
import { writer } from "../core/case.js";
import { h, replace } from "../core/dom.js";
import { pick, t } from "../core/language.js";
import { ending, signal } from "../core/signal.js";
import { troubleStep } from "../core/trouble.js";
import { ANSWERS, intentionInForce, leftOfIntention } from "../pure/consent.js";
import { earlierIntention } from "./given/earlier.js";
import { channelChoice, choice, readTime, textField, timeField } from "./given/fields.js";
import { actBar, contactOffer } from "./given/bar.js";
import { keptForm } from "./given/kept.js";
import { recording } from "./given/recording.js";
import { askWithdrawal } from "./given/withdrawal.js";

const LABELS = { "/given_by": "given.name_intention", "/channel": "given.channel", "/given_at": "given.time" };
const emptyForm = () => ({ answer: null, channel: null, name: "", time: "", at: null });
const isAgreed = (form) => !form.answer || form.answer === "agreed";

/** {title, element, step, keys, perform, focus, leave}; `done()` goes back to the sheet. */
export function intentionColumn({ case: watched, tables, done }) {
    const kept = keptForm(`intention.${watched.id}`);
    const write = writer("POST", `/v1/cases/${watched.id}/intention`);
    const note = writer("POST", `/v1/cases/${watched.id}/notes`);
    const { provider } = tables.desk;
    const step = signal(null);
    const ends = ending();
    const contact = contactOffer();
    const bar = actBar({ id: "intention", act: () => recorder.record(), back: done });
    const earlier = earlierIntention({ withdraw: () =>
        askWithdrawal({ id: watched.id, what: "intention", done: (words) => recorder.withdrawn(words) }) });
    const element = h("section", { class: "given-column", "aria-labelledby": "intention-title" });
    let form = kept.load() ?? emptyForm();
    let parts = null;

    const left = () => (isAgreed(form) ? leftOfIntention({ ...form, time: readTime(form.time, api.now()).time }) : []);
    const recorder = recording({ name: "intention", bar, watched, left, focusOn: (what) => parts[what].focus(), send, renew,
        show, answerOf: () => form.answer, labels: LABELS });
    const recordKey = () => (isAgreed(form) ? "intention.record" : `intention.record_${form.answer}`);

    function edit(name) {
        return (value) => {
            form[name] = value;
            form.at = null;
            recorder.reopen();
            kept.save(form);
            show();
        };
    }

    function nextStep() {
        if (recorder.isFinished() || (!form.answer && intentionInForce(watched.value.get()?.intention)))
            return { key: "intention.step.done",
                act: { kind: "go", address: `/cases/${watched.id}/handover`, words: "intention.go.handover" } };
        const [first] = left();
        if (first)
            return { key: `intention.step.${first}`, act: { kind: "intention_focus", what: first,
                words: "consent.go.field" } };
        return { key: isAgreed(form) ? "intention.step.record" : "intention.step.note",
            act: { kind: "intention_record", words: isAgreed(form) ? "intention.go.record" : recordKey() } };
    }

    function show() {
        bar.show({ words: t(recordKey(), { provider: pick(provider.name) }), busy: recorder.isBusy(),
            missing: left().map((what) => t(`consent.left.${what}`)) });
        step.set(troubleStep("intention") ?? nextStep());
    }

    function showCase(value) {
        earlier.show(value, tables.desk);
        contact.show(parts.name, value);
        show();
    }

    function build() {
        parts = {
            answer: choice({ id: "intention-answer", words: t("consent.answer"), value: () => form.answer,
                pick: edit("answer"),
                    options: ANSWERS.map((value) => ({ value, text: t(`intention.answer.${value}`) })) }),
            channel: channelChoice("intention-channel", () => form.channel, edit("channel")),
            name: textField({ id: "intention-name", words: t("given.name_intention"), required: true,
                value: () => form.name, put: edit("name") }),
            time: timeField({ id: "intention-time", value: () => form.time, put: edit("time") }),
        };
        replace(element, h("div", { class: "given-title" }, h("h2", { id: "intention-title" }, t("intention.title"))),
            earlier.element, h("p", { class: "say say-words" }, t("intention.say", { provider: pick(provider.name) })),
            h("p", { class: "secondary" }, t("intention.apart")),
            h("div", { class: "given-form two" }, Object.values(parts).map((part) => part.element)), bar.element);
        showCase(watched.value.get());
    }

    function renew() {
        form = emptyForm();
        kept.drop();
        build();
    }

    function send() {
        if (!isAgreed(form))
            return note({ text: t(`intention.note.${form.answer}`,
                { provider: pick(provider.name), name: form.name.trim() }).trim() });
        form.at ??= readTime(form.time, api.now()).time;
        return write({ provider: provider.id, given_by: form.name.trim(), channel: form.channel, given_at: form.at },
            { ifMatch: watched.etag() });
    }

    build();
    ends.add(watched.value.watch(showCase), connection.watch(show));
    return { title: t("intention.title"), element, step, leave: ends.all,
        keys: { main: recorder.record, take_name: () => contact.take(parts.name), back: done },
        perform: recorder.perform,
        focus: () => element.querySelector("#intention-answer-agreed") };
}
