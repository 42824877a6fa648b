/* SPDX-License-Identifier: Apache-2.0 */
/* Who said something, how and when: the fields that consent, intention and their withdrawals share. Nothing is
 * filled in beforehand. */
import * as api from "../../core/api.js";
import { h, icon, replace } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { fullTime } from "../../core/times.js";
import { CHANNELS } from "../../pure/consent.js";
import { parseWhen } from "../../pure/when.js";

/** The tag of a field that must be filled fades once it is. */
function tag(required) {
    const element = h("span", { class: "given-tag" });
    return { element, show(filled) {
        element.className = required && !filled ? "given-tag due" : "given-tag";
        replace(element, t(required ? "required" : "given.optional"));
    } };
}

/** Radio buttons side by side. options: [{value, text}] */
export function choice({ id, words, options, value, pick }) {
    const mark = tag(true);
    const inputs = options.map((option) => h("input", { type: "radio", id: `${id}-${option.value}`, name: id,
        value: option.value,
        checked: option.value === value(), on: { change: () => { pick(option.value); mark.show(true); } } }));
    mark.show(Boolean(value()));
    const element = h("fieldset", { class: "given" }, h("legend", {}, h("span", { class: "label" }, words),
        mark.element),
        h("div", { class: "given-choices" }, options.map((option, index) =>
            h("label", { class: "given-choice", for: `${id}-${option.value}` }, inputs[index], h("span", {}, option.text)))));
    return { element, focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
        set: (next) => inputs.forEach((input) => { input.checked = input.value === next; }) };
}

export const channelChoice = (id, value, pick) => choice({ id, words: t("given.channel"), value, pick,
    options: CHANNELS.map((channel) => ({ value: channel, text: t(`channel.${channel}`) })) });

export function textField({ id, words, required, max = 200, value, put, hint, long = false }) {
    const mark = tag(required);
    const message = h("p", { class: "message secondary", id: `${id}-message` }, hint ?? "");
    const take = (text) => { put(text); mark.show(text.trim() !== ""); };
    const input = h(long ? "textarea" : "input", { id, maxlength: max, value: value(), autocomplete: "off",
        "aria-describedby": `${id}-message`,
        "aria-required": required ? "true" : null, on: { input: () => take(input.value) } });
    mark.show(value().trim() !== "");
    const element = h("div", { class: "given" }, h("div", { class: "given-head" }, h("label", { for: id }, words),
        mark.element), input, message);
    return { element, message, focus: () => input.focus(), isEmpty: () => input.value.trim() === "",
        set: (text) => { input.value = text; take(text); } };
}

/** The person of the sheet's contact, where one was named. */
export function contactName(value) {
    const person = value?.hearing?.contact?.person;
    return person && !["unknown", "declined"].includes(person) ? person : null;
}

/** Empty means now; else what is said, to the hour at least and not to come. {time: RFC 3339 | null, words: what the
 * message says} */
export function readTime(text, now) {
    if (text.trim() === "")
        return { time: new Date(now).toISOString(), key: "given.time_now", good: true };
    const found = parseWhen(text, now);
    if (!found || Date.parse(found.from) > now)
        return { time: null, key: "given.time_unread" };
    if (found.precision === "day")
        return { time: null, key: "given.time_hour" };
    return { time: found.from, key: found.guess ? "given.time_guess" : null, good: true };
}

export function timeField({ id, value, put }) {
    const show = () => {
        const read = readTime(value(), api.now());
        const time = read.time ? fullTime(read.time, language.get()) : "";
        replace(field.message, read.good ? icon("check") : icon("warning"), " ", read.key ? t(read.key, { time })
            : time);
        field.message.className = read.good ? "message good" : "message warn";
    };
    const field = textField({ id, words: t("given.time"), required: false, max: 100, value,
        put: (text) => { put(text); show(); } });
    field.element.querySelector("input").placeholder = t("given.time_hint");
    show();
    return field;
}

/** What a write's answer says, in words; `labels`: the name of a field by its JSON pointer. */
export function answerWords(answer, labels = {}) {
    if (answer.kind !== "invalid")
        return t(`write.${answer.kind}`);
    const field = (answer.problem?.errors ?? []).map(({ pointer }) => labels[pointer]).find(Boolean);
    return field ? t("write.invalid", { field }) : t("write.invalid_any");
}

/** A line that says what came of an act; read out politely. */
export function messageLine() {
    const element = h("p", { class: "message given-said", role: "status" });
    return { element, say(words, kind = "good") {
        element.className = `message given-said ${kind}`;
        replace(element, words ? [icon(kind === "good" ? "ok" : "warning"), " ", words] : "");
    } };
}
