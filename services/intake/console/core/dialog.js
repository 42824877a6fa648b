/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialog that somebody asked for: none opens by itself. Esc closes it, at the second press where something was typed; the
 * focus goes back to where it was.
 */
import { h } from "./dom.js";
import { t } from "./language.js";

let number = 0;

const openOnes = () => [...document.querySelectorAll("dialog[open]")];

export const dialogOpen = () => openOnes().length > 0;
export const closeDialogs = () => openOnes().forEach((dialog) => dialog.close());

/**
 * openDialog({title, content: [nodes], actions: [{words, key, main, act}], wide, guarded}) → {element, close}
 * `guarded` false: what is typed is nothing to lose. An action's `key` is a character shown on its button; act() returning false keeps the dialog open.
 */
export function openDialog({ title, content, actions = [], wide = false, guarded = true, onClose }) {
    const before = document.activeElement;
    const id = `dialog-${++number}`;
    const buttons = actions.map((action) => h("button", { type: "button", class: action.main ? "button main" : "button",
        on: { click: () => run(action) } }, action.words, action.key ? h("kbd", {}, action.key) : null));
    const element = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id },
        h("h2", { id }, title), content, buttons.length ? h("div", { class: "dialog-actions" }, buttons) : null);

    async function run(action) {
        if ((await action.act?.()) !== false)
            element.close();
    }

    function press(event) {
        if (event.isComposing || event.keyCode === 229)
            return;
        if (event.key === "Escape" && event.repeat)
            event.preventDefault();
        if (event.key === "Escape")
            holdBack(event);
        const field = event.target.closest?.("input, textarea, select");
        const action = actions.find((one) => one.key === event.key);
        if (action && !field && !event.ctrlKey && !event.altKey && !event.metaKey) {
            event.preventDefault();
            run(action);
        }
        if (!event.altKey) /* core/keys.js knows which of them count over a dialog */
            event.stopPropagation();
    }

    /* What was typed goes with the dialog: not by a slip. */
    let typed = false;
    let told = null;

    function noteTyped() {
        typed = true;
        told?.remove();
        told = null;
    }

    /* What closes it, once. Of `cancel` alone a browser lets only so many be held back. */
    function holdBack(event) {
        if (!guarded || !typed || told)
            return;
        event.preventDefault();
        told = h("p", { class: "message warn", role: "alert" }, t("dialog.typed"));
        element.append(told);
        told.scrollIntoView({ block: "nearest" });
    }

    element.addEventListener("input", noteTyped);
    element.addEventListener("cancel", holdBack);
    element.addEventListener("keydown", press);
    element.addEventListener("close", () => {
        element.remove();
        if (before?.isConnected)
            before.focus();
        onClose?.();
    });
    document.body.append(element);
    element.showModal();
    return { element, close: () => element.close() };
}
