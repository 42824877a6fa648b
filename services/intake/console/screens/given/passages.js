/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of the consent document, quoted exactly, a box for each passage; and its whole text for whoever
 * asks. */
import { h, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";

const labelOf = (passage, index) => passage.id ?? String(index + 1);

/** A passage is known by its clause, so that it stays read when another scope adds more. */
export const nameOf = (passage) => passage.id ?? passage.text;

/** passages: [{id, text}]; read: [name]; changed([name]); after(): all are read */
export function passageList({ passages, read, changed, after }) {
    const count = h("span", { class: "passages-count" });
    const boxes = passages.map((passage, index) => h("input", { type: "checkbox", id: `passage-${index}`,
        checked: read.includes(nameOf(passage)), "aria-label": t("consent.passage", { label: labelOf(passage, index) }),
        "aria-describedby": `passage-text-${index}`, on: { change: () => tick(index) } }));
    const rows = passages.map((passage, index) => h("label", { class: "passage", for: `passage-${index}` },
        boxes[index],
        h("span", { class: "passage-text outside", id: `passage-text-${index}`, lang: "ja" }, passage.text),
        h("span", { class: "passage-label" }, labelOf(passage, index))));

    const nextOpen = () => boxes.findIndex((box) => !box.checked);

    function show() {
        const next = nextOpen();
        rows.forEach((row, index) => row.classList.toggle("next-one", index === next));
        setText(count, t("consent.read_count", { read: boxes.filter((box) => box.checked).length, all: boxes.length }));
    }

    function tick(index) {
        show();
        changed(passages.filter((_, at) => boxes[at].checked).map(nameOf));
        if (boxes[index].checked)
            goOn();
    }

    function goOn() {
        if (nextOpen() < 0)
            after();
        else
            focus();
    }

    function focus() {
        const at = Math.max(0, nextOpen());
        boxes[at].focus();
        rows[at].scrollIntoView({ block: "nearest" });
    }

    const list = h("div", { class: "passages", role: "group", "aria-label": t("consent.passages") });
    replace(list, rows);
    show();
    return { element: list, count, focus };
}

export const wholeText = (document) => h("details", { class: "whole-text" }, h("summary", {}, t("consent.whole")),
    h("div", { class: "whole-document outside", lang: "ja", tabindex: "0" }, document.text));
