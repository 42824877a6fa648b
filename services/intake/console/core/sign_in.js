/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: as a page of its own, and, once a session has ended, in a dialog that somebody opens with Alt+J. */
import { me, signIn } from "./app.js";
import { openDialog } from "./dialog.js";
import { h, setText } from "./dom.js";
import { t } from "./language.js";
import { showAnew } from "./shell.js";

const WORDS = { 429: "sign_in.wait", 401: "sign_in.wrong" };

function wordOf({ status, kind }) {
    return WORDS[status] ?? (kind === "invalid" || kind === "forbidden" ? "sign_in.wrong" : "sign_in.away");
}

/** The form; done(before) is called once somebody has signed in, with who was signed in before. */
function form(done) {
    const before = me.get()?.id ?? null;
    const operator = h("input", { id: "sign-in-operator", name: "operator", autocomplete: "username", required: true, maxlength: 64, value: before ?? "" });
    const password = h("input", { id: "sign-in-password", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 1024 });
    const message = h("p", { class: "message", role: "alert" });
    const button = h("button", { type: "submit", class: "button main" }, t("sign_in"));
    let busy = false;

    async function submit(event) {
        event.preventDefault();
        if (busy)
            return;
        busy = true;
        setText(message, "");
        const answer = await signIn(operator.value.trim(), password.value);
        busy = false;
        if (answer.kind === "ok")
            return done(before);
        password.value = "";
        setText(message, t(wordOf(answer)));
        password.focus();
    }

    /* Enter that ends a conversion must never submit. */
    const holdBack = (event) => { if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault(); };

    const element = h("form", { class: "sign-in-form", on: { submit, keydown: holdBack } },
        h("label", { for: "sign-in-operator" }, t("sign_in.operator")), operator,
        h("label", { for: "sign-in-password" }, t("sign_in.password")), password, message, button);
    return { element, focus: () => (before ? password : operator) };
}

export function signInPage(done) {
    const made = form(done);
    const element = h("main", { class: "sign-in" }, h("div", { class: "card" }, h("h1", {}, t("app")), h("p", { class: "secondary" }, t("sign_in")), made.element));
    return { element, focus: made.focus };
}

export function askSignIn() {
    if (document.getElementById("sign-in-password"))
        return true;
    const made = form((before) => {
        dialog.close();
        if (before && before !== me.get()?.id)
            showAnew();
    });
    const dialog = openDialog({ title: t("sign_in.again"), content: [h("p", {}, t("sign_in.kept")), made.element], guarded: false });
    made.focus().focus();
    return true;
}
