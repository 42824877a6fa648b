/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item of the hearing sheet: label and tag above, the control, 不明 at its end, and one message line that is always there.
 * What is typed goes to the record with every input event; a field that has the cursor is never written to from outside.
 */
import { now } from "../../core/api.js";
import { h, icon, replace, setText, visible } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { choiceText, isAnswer, timeText } from "../../core/values.js";
import { equal } from "../../pure/merge.js";
import { normalise } from "../../pure/sheet.js";
import { formatWhen } from "../../pure/time_shown.js";
import { typedWhen } from "../../pure/when.js";
import { differsMessage } from "./differs.js";
import { shown } from "./record.js";

const LONG_CHARACTERS = 400; /* from here on a field has several lines */
const TAGS = { A: "tag.a", B: "tag.b", H: "tag.h", optional: "tag.optional" };

export const idOf = (pointer) => `field${pointer.replaceAll("/", "-")}`;
const labelOf = (field) => (language.get() === "en" ? field.en : field.ja);

/* --- controls: {element, read() → text or value, write(value, text), …} ---------------------------------------------------------- */

function textControl(field, attributes) {
    const long = field.type === "text" && field.max > LONG_CHARACTERS;
    const element = h(long ? "textarea" : "input", { ...attributes, rows: long ? 2 : null, autocomplete: "off", spellcheck: "false",
        inputmode: { phone: "tel", email: "email", integer: "numeric" }[field.type] ?? null });
    return { element, read: () => element.value, write(value, text) { element.value = text ?? (isAnswer(value) ? t(value) : shown(value)); } };
}

function choiceControl(field, attributes) {
    const options = [h("option", { value: "" }, t("choose")), ...field.choices.map((value) => h("option", { value }, choiceText(field, value))),
        ...field.answers.filter((value) => !field.choices.includes(value)).map((value) => h("option", { value }, t(value)))];
    const element = h("select", attributes, options);
    return { element, whole: true, read: () => element.value || undefined, write(value) { element.value = value ?? ""; } };
}

/* Several in the order in which they were named. */
function choicesControl(field, attributes, take) {
    let picked = [];
    const { id, ...others } = attributes;
    const element = h("div", { id, role: "group", class: "choices", "aria-labelledby": `${id}-label`, tabindex: "-1", "data-pointer": others["data-pointer"] });
    const boxes = field.choices.map((value) => {
        const box = h("input", { type: "checkbox", id: `${id}-${value}`, "data-pointer": field.pointer, on: { change: () => toggle(value) } });
        const rank = h("span", { class: "rank" });
        element.append(h("label", { class: "choice", for: box.id }, box, rank, choiceText(field, value)));
        return { value, box, rank };
    });

    function toggle(value) {
        picked = picked.includes(value) ? picked.filter((one) => one !== value) : [...picked, value];
        show();
        take();
    }

    function show() {
        for (const { value, box, rank } of boxes) {
            box.checked = picked.includes(value);
            setText(rank, picked.includes(value) ? `${picked.indexOf(value) + 1}` : "");
        }
    }

    const said = h("b", { class: "choices-said" });
    element.append(said);
    return { element, whole: true, focusable: () => boxes[0].box, read: () => (picked.length ? picked : undefined),
        write(value) { picked = Array.isArray(value) ? [...value] : []; show(); setText(said, isAnswer(value) ? t(value) : ""); } };
}

const CONTROLS = { choice: choiceControl, choices: choicesControl };

/* --- the message line ---------------------------------------------------------------------------------------------------------- */

const precisionOf = (field) => `${field.pointer}_precision`;

/* {value, precision}; null where no time stands. */
function timeAt(field, record) {
    const value = record.value(field.pointer);
    const isTime = field.type === "time" && value && typeof value === "string" && !isAnswer(value);
    return isTime ? { value, precision: record.value(precisionOf(field)) } : null;
}

function timeEcho(field, record) {
    const time = timeAt(field, record);
    return time && { icon: "check", kind: "good", text: timeText(time.value, time.precision) };
}

function guessText({ value, to, precision }) {
    const from = formatWhen(value, precision, language.get()).text;
    return to ? `${from} – ${formatWhen(to, precision, language.get()).text}` : from;
}

/* The first that has something to say; everything else waits. */
function messageOf(field, { record, problem, guess, source }) {
    const conflict = record.conflicts().find((one) => one.pointer === field.pointer);
    if (problem)
        return { icon: "warning", kind: "warn", text: t(`problem.${problem}`) };
    if (conflict)
        return { icon: "warning", kind: "warn", text: differsMessage(conflict) };
    if (guess)
        return { icon: "arrow", kind: "act", text: t("guess", { when: guessText(guess) }) };
    if (source)
        return { icon: "check", kind: "good", text: t(source.key, source.values), undo: source.undo };
    return timeEcho(field, record);
}

/* --- the field ------------------------------------------------------------------------------------------------------------------ */

/* Several boxes are a group, which has a name; only a control of its own has a label. */
const nameOf = (field, id, control) => h(control.focusable ? "span" : "label",
    { class: "label field-name", id: `${id}-label`, for: control.focusable ? null : id }, labelOf(field));

/** {element, pointer, update(field), focus(), answer(which), enter()}; `context`: {record, sources: Map pointer → {key, values, undo}} */
export function makeField(field, context) {
    const { record, sources } = context;
    const id = idOf(field.pointer);
    const attributes = { id, "data-pointer": field.pointer, "aria-describedby": `${id}-message`, "aria-required": field.stage === "A" ? "true" : null };
    const control = (CONTROLS[field.type] ?? textControl)(field, attributes, take);
    const isGroup = control.element.getAttribute("role") === "group";
    const tag = h("span", { class: "tag" });
    const message = h("p", { class: "message", id: `${id}-message` });
    const unknown = field.answers.includes("unknown") ? h("button", { type: "button", class: "answer", tabindex: "-1", title: "Alt+U",
        on: { click: () => answer("unknown") } }, t("unknown")) : null;
    const element = h("div", { class: `field type-${field.type}${field.max > LONG_CHARACTERS ? " long" : ""}`, "data-field": field.pointer },
        h("div", { class: "field-head" }, h(isGroup ? "span" : "label", { class: "label", for: isGroup ? null : id, id: `${id}-label`, title: labelOf(field) }, labelOf(field)), tag),
        h("div", { class: "field-body" }, control.element, unknown), message);
    let row = field; /* as the record has it now */
    let problem = null;
    let guess = null;
    let under = null; /* what a colleague wrote while the cursor stood here: {value} */
    let before = null; /* what stood here before 不明 */
    let acting = false;
    let standing; /* the value that is shown, or that was typed */

    const hasFocus = () => element.contains(document.activeElement);

    /* What is changed from here is no colleague's. */
    function byHand(change) {
        acting = true;
        change();
        acting = false;
        standing = record.value(field.pointer);
    }

    function take() {
        byHand(takeTyped);
    }

    function takeTyped() {
        if (under) {
            record.clash(field.pointer, under.value);
            under = null;
        }
        if (control.whole)
            record.set(field.pointer, control.read());
        else
            takeText(control.read());
    }

    function takeText(text) {
        const made = normalise(row, text, now());
        problem = made.problem ?? null;
        guess = made.guess ? made : null;
        if (guess || problem)
            return hold(text);
        record.type(field.pointer, text, made.value, field.type === "time" ? { [precisionOf(field)]: made.precision } : {});
        say();
    }

    /* A guess is no answer before somebody has said yes to it, and what cannot be read takes nothing away. */
    function hold(text) {
        record.hold(field.pointer, text);
        say();
    }

    /** Enter on a guess says yes to it. */
    function enter() {
        if (!guess)
            return false;
        byHand(takeGuess);
        return true;
    }

    function takeGuess() {
        const { value, to, precision } = guess;
        guess = null;
        record.type(field.pointer, control.read(), value, { [precisionOf(field)]: precision });
        const until = field.pointer.replace(/occurred_from$/, "occurred_to");
        if (to && until !== field.pointer && record.value(until) === undefined) {
            record.set(until, to);
            record.set(`${until}_precision`, precision);
        }
        say();
    }

    /** 不明 or 回答なし; the same again brings back what stood here. */
    function answer(which) {
        if (field.answers.includes(which))
            byHand(() => takeAnswer(which));
    }

    function takeAnswer(which) {
        const value = record.value(field.pointer);
        guess = null;
        problem = null;
        if (value === which) {
            record.set(field.pointer, before?.value);
            if (before?.text !== undefined && !control.whole)
                record.type(field.pointer, before.text, before.value);
        } else {
            if (!isAnswer(value))
                before = { value, text: record.text(field.pointer) };
            record.set(field.pointer, which);
        }
        write();
        say();
    }

    /* A time that nobody typed here: of a colleague, or of another program. */
    function timeTyped() {
        const time = timeAt(field, record);
        return time ? typedWhen(time.value, time.precision, language.get()) : undefined;
    }

    function write() {
        standing = record.value(field.pointer);
        control.write(standing, record.text(field.pointer) ?? timeTyped());
        element.classList.toggle("answered", isAnswer(record.value(field.pointer)));
        unknown?.setAttribute("aria-pressed", String(record.value(field.pointer) === "unknown"));
    }

    function say() {
        const found = messageOf(field, { record, problem: problem ?? record.problems.get()[field.pointer], guess, source: sources.get(field.pointer) });
        const key = found ? found.kind + found.text + Boolean(found.undo) : "";
        if (message.dataset.key !== key) {
            message.dataset.key = key;
            message.className = `message ${found?.kind ?? ""}`;
            message.title = visible(found?.text ?? "");
            replace(message, found ? [icon(found.icon), h("span", {}, found.text),
                found.undo ? h("button", { type: "button", class: "link undo", on: { click: found.undo } }, t("undo")) : null] : null);
        }
        if (!isGroup)
            control.element.setAttribute("aria-invalid", String(found?.kind === "warn" && Boolean(problem ?? record.problems.get()[field.pointer])));
        const open = !row.answered;
        tag.className = open && ["A", "B", "H"].includes(row.required) ? `tag wanted stage-${row.required}` : "tag";
        setText(tag, t(TAGS[row.required] ?? TAGS.optional));
    }

    /** The record has changed: by this field, by another, by a colleague. */
    function update(next) {
        row = next;
        const value = record.value(field.pointer);
        if (!hasFocus())
            write();
        else if (!acting && !equal(value, standing))
            under = { value };
        say();
    }

    control.element.addEventListener("input", () => { if (!control.whole) take(); });
    control.element.addEventListener("change", () => { if (control.whole && field.type === "choice") take(); });
    control.element.addEventListener("focus", () => { if (isAnswer(record.value(field.pointer)) && control.element.select) control.element.select(); });
    element.addEventListener("focusout", (event) => {
        if (element.contains(event.relatedTarget))
            return;
        if (under) {
            under = null;
            write();
        }
        record.soon();
    });
    write();
    say();
    /** What was kept of it is shown, also where the cursor stands already. */
    function restore() {
        const text = record.text(field.pointer);
        const made = text && record.unread().includes(field.pointer) ? normalise(row, text, now()) : {};
        problem = made.problem ?? null;
        guess = made.guess ? made : null;
        write();
        say();
    }

    return { element, pointer: field.pointer, update, restore, answer, enter, focus: () => (control.focusable?.() ?? control.element).focus() };
}
