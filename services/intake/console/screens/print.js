/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put on paper: the hearing sheet and the summary of a case, A4, out of the tables that the screens are
 * made of.
 */
import * as api from "../core/api.js";
import { h, replace } from "../core/dom.js";
import { t } from "../core/language.js";
import { signal } from "../core/signal.js";
import { go } from "../core/router.js";
import { nextStep } from "../pure/next.js";
import { connection, me } from "../core/app.js";
import { readChain } from "./case/chain_read.js";
import { sheetPaper } from "./print/sheet.js";
import { summaryPaper } from "./print/summary.js";
import { addWords } from "../pure/words.js";
import { next } from "../pure/words/next.js";
import { cases } from "../pure/words/case.js";

addWords(cases, next);

const PAPERS = { sheet: sheetPaper, summary: summaryPaper };
const OTHER = { sheet: "summary", summary: "sheet" };

/* The chain last: it is held to the head that the case stated. */
async function read(id) {
    const answers = await Promise.all(["", "/timeline"].map((path) => api.get(`/v1/cases/${id}${path}`)));
    const wrong = answers.find(({ kind }) => kind !== "ok");
    if (wrong)
        return { wrong: wrong.kind };
    const [{ body: value }, { body: { timeline: moments } }] = answers;
    const chain = await readChain(id, value.head);
    return chain ? { value, moments, chain } : { wrong: "unavailable" };
}

const trouble = (kind, again) =>
    kind === "missing"
        ? [h("h2", {}, t("missing.title")), h("p", {}, t("missing.text"))]
        : [
              h("p", {}, t("case.print.away")),
              h("button", { type: "button", class: "button", on: { click: again } }, t("retry")),
          ];

/** The line says what it says everywhere: nothing, or what is away. */
function stepNow() {
    const step = nextStep({
        screen: "print",
        me: me.get(),
        connection: connection.get(),
        draft: null,
        case: null,
        now: api.now(),
    });
    return step.trouble ? step : { key: "case.print.line", values: {}, act: { kind: "print", words: "case.print.do" } };
}

export function printScreen({ id, what }) {
    const paper = h("article", { class: "paper", tabindex: "0", "aria-label": t(`case.print.${what}`) });
    replace(paper, h("p", {}, t("loading")));
    const print = () => {
        window.print();
        return true;
    };
    const step = signal(stepNow());
    const ended = connection.watch(() => step.set(stepNow()));
    const tools = h("section", { class: "bar paper-tools", "aria-label": t("print") },
        h("h1", { tabindex: "-1" }, t(`case.print.${what}`)),
        h("span", { class: "push" }),
        h("a", { class: "button small", href: `/cases/${id}` }, t("case.print.back")),
        h("a", { class: "button small", href: `/cases/${id}/${OTHER[what]}` }, t(`case.print.${OTHER[what]}`)),
        h("button", { type: "button", class: "button", id: "print-now", on: { click: print } }, t("case.print.do")),
    );

    async function show() {
        const found = await read(id);
        replace(paper, found.wrong ? trouble(found.wrong, show) : PAPERS[what](found));
    }

    show();
    return {
        title: t(`case.print.${what}`),
        bar: tools,
        element: h("div", { class: "page paper-page" }, paper),
        step,
        perform: print,
        leave: ended,
        keys: { main: print, back: () => go(`/cases/${id}`) },
    };
}
