/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of the case's forms. A time that has been is typed as it is said, and what was understood is shown
 * under it. Nothing is chosen or filled in beforehand, but what was recorded already.
 */
import { now } from "../../core/api.js";
import { h, setText } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { fromField } from "../../pure/jst.js";
import { formatWhen } from "../../pure/time_shown.js";
import { parseWhen } from "../../pure/when.js";

const understood = (control) => (control.value.trim() ? parseWhen(control.value, now()) : null);
const isPlain = () => false;
const plain = (control) => control.value.trim() || null;

/*
 * make(field, id, value) → control · read(control) → what is sent, null where nothing is · wrong(control) ·
 * echo(control)
 */
const KINDS = {
    text: {
        make: (field, id, value) =>
            h("input", { id, type: "text", maxlength: field.max ?? 200, value, autocomplete: "off" }),
        read: plain,
        wrong: isPlain,
    },
    area: {
        make: (field, id, value) => h("textarea", { id, rows: 3, maxlength: field.max ?? 4000, value }),
        read: plain,
        wrong: isPlain,
    },
    choice: {
        make: (field, id, value) =>
            h("select", { id },
                h("option", { value: "" }, t("case.form.choose")),
                field.options.map(([option, words]) =>
                    h("option", { value: option, selected: option === value }, words),
                ),
            ),
        read: plain,
        wrong: isPlain,
    },
    when: {
        make: (field, id, value) =>
            h("input", {
                id,
                type: "text",
                maxlength: 100,
                autocomplete: "off",
                placeholder: t("case.form.when_hint"),
                value,
            }),
        read: (control) => understood(control)?.from ?? null,
        wrong: (control) => control.value.trim() !== "" && understood(control) === null,
        echo: (control) => formatWhen(understood(control).from, understood(control).precision, language.get()).text,
    },
    coming: {
        make: (field, id, value) => h("input", { id, type: "datetime-local", value }),
        read: (control) => fromField(control.value),
        wrong: isPlain,
    },
};

/** {name, label, control, element, read(), wrong(), say(words)}: say(null) says what the field itself has to say. */
export function fieldOf(field, formId, value) {
    const id = `${formId}-${field.name}`;
    const kind = KINDS[field.kind];
    const control = kind.make(field, id, value ?? field.value ?? "");
    const message = h("p", { class: "message", id: `${id}-message` });
    const read = () => kind.read(control);
    const wrong = () => kind.wrong(control);

    function say(words) {
        const own = wrong() ? t("case.form.when") : null;
        message.className = words || own ? "message bad" : "message good";
        setText(message, words ?? own ?? (kind.echo && read() ? kind.echo(control) : ""));
    }

    control.setAttribute("aria-describedby", message.id);
    control.addEventListener("input", () => say(null));
    if (field.required)
        control.setAttribute("aria-required", "true");
    say(null);
    const label = h("label", { for: id },
        field.label,
        field.required ? h("span", { class: "tag" }, t("required")) : null,
    );
    return {
        ...field,
        control,
        read,
        wrong,
        say,
        element: h("div", { class: `field field-${field.kind}` }, label, control, message),
    };
}

/** The fields of what a customer said: who, how, when. */
export const saidFields = () => [
    { name: "given_by", label: t("case.given_by"), kind: "text", required: true },
    {
        name: "channel",
        label: t("case.channel"),
        kind: "choice",
        required: true,
        options: ["phone_read", "paper", "web"].map((channel) => [channel, t(`channel.${channel}`)]),
    },
    { name: "given_at", label: t("case.given_at"), kind: "when", required: true },
];
