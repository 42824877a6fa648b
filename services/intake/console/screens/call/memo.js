/* SPDX-License-Identifier: Apache-2.0 */
/* 聞き取りメモ: for what has no place yet; a note of the case, never handed over. It is kept while it is typed. */
import { h, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";

const SHOWN_MAX = 12;

export function makeMemo(record) {
    const input = h("input", { id: "memo", maxlength: 4000, autocomplete: "off", on: { keydown: press, input: () => record.setMemo(input.value) } });
    const kept = h("span", { class: "secondary memo-kept", role: "status" });

    function press(event) {
        if (event.key !== "Enter" || event.ctrlKey || event.isComposing || event.keyCode === 229)
            return;
        event.preventDefault();
        keepNote();
    }

    function keepNote() {
        const text = input.value.trim();
        if (!text || record.readOnly())
            return;
        record.note(text);
        input.value = "";
        setText(kept, t("memo.kept", { text: text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text }));
    }

    const element = h("div", { class: "memo" }, h("div", {}, h("label", { for: "memo" }, t("memo")), h("p", { class: "secondary" }, t("memo.stays"))), input,
        h("button", { type: "button", class: "button", on: { click: keepNote } }, t("memo.keep"), h("kbd", {}, "Enter")), kept);
    return { element, focus: () => input.focus(), restore() { input.value = record.memo(); } };
}
