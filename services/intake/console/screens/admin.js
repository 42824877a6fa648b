/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: sessions, tokens, contracts and their import, dead letters; each for those whose role it is. */
import { connection, roles } from "../core/app.js";
import { h } from "../core/dom.js";
import { t } from "../core/language.js";
import { askSignOut } from "../core/sign_out.js";
import { ending, signal } from "../core/signal.js";
import { contractsPart } from "./admin/contracts.js";
import { importPart } from "./admin/import.js";
import { lettersPart } from "./admin/letters.js";
import { notHere } from "./admin/part.js";
import { sessionsPart, tokensPart } from "./admin/sessions.js";
import { troubleStep } from "./desk/trouble.js";
import { addWords } from "../pure/words.js";
import { admin } from "../pure/words/admin.js";

addWords(admin);

const PARTS = [
    { id: "sessions", make: sessionsPart },
    { id: "tokens", make: tokensPart },
    { id: "contracts", make: contractsPart },
    { id: "import", make: importPart, for: ["supervisor", "admin"] },
    { id: "letters", make: lettersPart, for: ["admin", "auditor"] },
];

const stepNow = () => troubleStep("admin") ?? { key: "admin.step", act: null };

function partLinks(element) {
    const jump = (event, id) => {
        event.preventDefault();
        const heading = element.querySelector(`#${id}`);
        heading.focus({ preventScroll: true });
        heading.closest("section").scrollIntoView({ block: "start" });
    };
    return h("nav", { class: "part-links", "aria-label": t("admin.parts") },
        h("ul", { class: "row" }, PARTS.map(({ id }) => h("li", {}, h("a",
            { href: `/admin#${id}`, on: { click: (event) => jump(event, id) } }, t(`part.${id}`))))));
}

export function adminScreen(place) {
    const ends = ending();
    const step = signal(stepNow());
    const element = h("div", { class: "page desk admin-page" });
    const parts = PARTS.map((one) => (one.for && !roles(...one.for) ? notHere(one.id, one.for) : one.make()));
    element.append(h("div", { class: "spread" }, h("h1", { tabindex: "-1" }, t("admin")),
        h("button", { type: "button", class: "button", id: "sign-out", on: { click: askSignOut } }, t("sign_out"))),
            partLinks(element), ...parts.map((part) => part.element));
    ends.add(connection.watch(() => step.set(stepNow())), ...parts.map(({ end }) => end ?? (() => {})));
    const running = () => parts.map((part) => part.running?.()).find(Boolean) ?? null;
    return { title: t("admin"), element, step, leave: ends.all, running, focus: () => (PARTS.some(({ id }) => id === place.hash)
        ? element.querySelector(`#${place.hash}`) : null) };
}
