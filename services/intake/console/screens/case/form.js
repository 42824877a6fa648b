/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form that somebody opened in a section. What is typed is kept in this tab at every input event, until it was
 * recorded; a reload or the other language opens it again as it was.
 */
import { me } from "../../core/app.js";
import { now } from "../../core/api.js";
import { h, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { fieldOf } from "./fields.js";

const stored = (key) => {
    try {
        return JSON.parse(sessionStorage.getItem(key));
    } catch {
        return null;
    }
};
const keep = (key, values) => {
    try {
        sessionStorage.setItem(key, JSON.stringify(values));
    } catch {
        /* it stands in the field */
    }
};
const forget = (key) => {
    try {
        sessionStorage.removeItem(key);
    } catch {
        /* nothing was kept */
    }
};

/** What an answer says, as one sentence. */
export function answerText(answer, labelOf = () => null) {
    const label = answer.kind === "invalid" ? labelOf(answer.problem?.errors?.[0]?.pointer ?? "") : null;
    if (answer.kind === "invalid")
        return label ? t("write.invalid", { field: label }) : t("write.invalid_any");
    return answer.kind === "ok" || answer.kind === "unchanged" ? t("case.recorded") : t(`write.${answer.kind}`);
}

/* Enter that ends a conversion must never submit. */
const holdBack = (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229))
        event.preventDefault();
};

/**
 * formSlot(ctx, id, make) → {element, begin(of), putAway(), reopen(), …}; make(of) → {title, note, fields, words, bad,
 * write(values) → answer, done(answer) → words}, or null where there is no such form now. `of` says of what the form
 * is: a step, an act on a proposal.
 */
export function formSlot(ctx, id, make) {
    const key = `case-form ${me.get()?.id} ${ctx.id} ${id}`; /* which one is open */
    const keyOf = (of) => `${key} ${of}`; /* what was typed into it */
    const element = h("div", { class: "form-slot", id: `form-${id}` });
    const said = h("p", { class: "message good form-said", role: "status" });
    const whole = h("div", { class: "form-place" }, said, element);
    let shown = null;

    /* Put away, what was typed is still there when the form is opened for the same thing again. */
    function putAway() {
        if (!shown)
            return;
        keepTyped(false);
        close();
    }

    function close(words = "") {
        const held = element.contains(document.activeElement);
        const back = document.getElementById(shown?.back) ?? document.getElementById(`title-${id.split("-")[0]}`);
        shown = null;
        replace(element);
        setText(said, words);
        if (held)
            back?.focus();
    }

    function keepTyped(open = true) {
        keep(key, { of: shown.of, open });
        keep(keyOf(shown.of), Object.fromEntries(shown.fields.map(({ name, control }) => [name, control.value])));
    }

    function press(event) {
        holdBack(event);
        if (event.key !== "Escape" || event.isComposing || event.keyCode === 229)
            return;
        event.preventDefault();
        event.stopPropagation();
        putAway();
    }

    function missing() {
        const empty = shown.fields.filter((field) => field.required && !field.read());
        const unread = shown.fields.filter((field) => field.wrong());
        for (const field of shown.fields)
            field.say(empty.includes(field) && !field.wrong() ? t("case.form.empty", { field: field.label }) : null);
        (unread[0] ?? empty[0])?.control.focus();
        return empty.length + unread.length > 0;
    }

    function showProblem(answer) {
        const { fields, message } = shown;
        const fieldAt = (pointer) => fields.find(({ name }) => pointer.split("/").includes(name));
        for (const error of answer.problem?.errors ?? [])
            if (fieldAt(error.pointer))
                fieldAt(error.pointer).say(t("write.invalid", { field: fieldAt(error.pointer).label }));
        setText(
            message,
            answerText(answer, (pointer) => fieldAt(pointer)?.label),
        );
        fieldAt(answer.problem?.errors?.[0]?.pointer ?? "")?.control.focus();
    }

    async function submit(event) {
        event.preventDefault();
        if (shown.busy || missing())
            return;
        const form = shown;
        form.busy = true;
        setText(form.message, t("case.form.sending"));
        const answer = await form.write(
            Object.fromEntries(
                form.fields.map((field) => [field.name, field.read()]).filter(([, value]) => value !== null),
            ),
        );
        form.busy = false;
        if (shown !== form)
            return;
        if (!["ok", "late"].includes(answer.kind))
            return showProblem(answer);
        forget(key);
        forget(keyOf(form.of));
        close(form.done?.(answer) ?? answerText(answer));
        ctx.watch.refresh();
    }

    function open(of = "", values = {}) {
        const form = make(of);
        if (!form)
            return;
        const formId = `form-${id}`;
        const fields = form.fields.map((field) => fieldOf(field, formId, values[field.name]));
        const message = h("p", { class: "message bad", role: "status" });
        shown = { ...form, of, fields, message, back: document.activeElement?.id, busy: false };
        setText(said, "");
        replace(
            element,
            h(
                "form",
                {
                    class: "case-form",
                    novalidate: true,
                    "aria-labelledby": `${formId}-title`,
                    on: { submit, keydown: press, input: () => keepTyped() },
                },
                h("h3", { id: `${formId}-title` }, form.title),
                form.note ? h("div", { class: "secondary" }, form.note) : null,
                h("div", { class: "fields" },
                    fields.map((field) => field.element),
                ),
                message,
                h("div", { class: "row" },
                    h("button", { type: "submit", class: form.bad ? "button bad" : "button main", id: `${formId}-do` },
                        form.words,
                    ),
                    h("button", { type: "button", class: "button small", on: { click: putAway } }, t("cancel")),
                ),
            ),
        );
        keepTyped();
        return fields[0]?.control ?? document.getElementById(`${formId}-do`);
    }

    /** Opens it and goes there. */
    function begin(of) {
        const first = shown?.of === of ? shown.fields[0]?.control : open(of, stored(keyOf(of)) ?? {});
        first?.focus({ preventScroll: true });
        element.scrollIntoView({ block: "nearest" });
    }

    function reopen() {
        const before = stored(key);
        if (before?.open && !shown)
            open(before.of, stored(keyOf(before.of)) ?? {});
    }

    const holdsFocus = () => element.contains(document.activeElement);
    const submitNow = () => element.querySelector("form")?.requestSubmit();
    return { element: whole, begin, putAway, reopen, submitNow, holdsFocus, say: (words) => setText(said, words) };
}
