/* SPDX-License-Identifier: Apache-2.0 */
/* Where it begins: language, session, then the screen that the address names. */
import { resume } from "./core/app.js";
import { h, replace } from "./core/dom.js";
import { language, setLanguage } from "./core/language.js";
import { beginShell } from "./core/shell.js";
import { signInPage } from "./core/sign_in.js";
import { languages, text } from "./pure/words.js";

const AGAIN_MS = 2000;

function askWho() {
    const page = signInPage(beginShell);
    replace(document.getElementById("app"), page.element);
    page.focus().focus();
}

/* The desk does not answer yet: nobody knows in which language to say it. */
function sayWaiting() {
    const app = document.getElementById("app");
    if (!app.hasChildNodes())
        replace(app, h("main", { class: "sign-in" }, h("div", { class: "card", role: "status" },
            languages.map((lang) => h("p", { lang }, text(lang, "boot.waiting"))))));
}

async function begin() {
    const state = await resume();
    if (state === "signed_in")
        return beginShell();
    if (state === "signed_out")
        return askWho();
    sayWaiting();
    setTimeout(begin, AGAIN_MS);
}

setLanguage(language.get());
begin();
