/* SPDX-License-Identifier: Apache-2.0 */
/* Signing out, asked first. Whoever could not be signed out stays and is told: the next person must not work under this name. */
import { me, signOut, unsentOf } from "./app.js";
import { openDialog } from "./dialog.js";
import { h, setText } from "./dom.js";
import { t } from "./language.js";

export function askSignOut() {
    const message = h("p", { class: "message bad", role: "alert" });

    async function leave() {
        setText(message, "");
        if (await signOut())
            return location.assign("/");
        setText(message, t("sign_out.not_yet"));
        return false;
    }

    const { open } = unsentOf(me.get()?.id);
    const files = open ? h("p", { class: "message warn" }, t("sign_out.files", { count: open })) : null;
    openDialog({ title: t("sign_out.title"), content: [h("p", {}, t("sign_in.kept")), files, message],
        actions: [{ words: t("sign_out"), main: true, act: leave }, { words: t("cancel") }] });
}
