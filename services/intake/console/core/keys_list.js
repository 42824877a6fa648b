/* SPDX-License-Identifier: Apache-2.0 */
/* The list of keys that hold on this screen, out of the one table. */
import { keysOf } from "../pure/keys.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { t } from "./language.js";

export function showKeys(screen) {
    const rows = keysOf(screen).map(({ badge, words }) => h("div", { class: "key-row" }, h("dt", {}, h("kbd", {}, badge)), h("dd", {}, t(words))));
    document.body.classList.add("badges");
    openDialog({ title: t("keys"), wide: true, content: [h("p", { class: "secondary" }, t("keys.note")), h("dl", { class: "keys" }, rows)],
        actions: [{ words: t("close"), main: true }], onClose: () => document.body.classList.remove("badges") });
    return true;
}
