/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on their way, a line for each: what became of it stays there, and one that failed can be sent again. They go on
 * while another screen is shown, as long as the page is there, and in nobody's name but that of who added them.
 */
import * as api from "../../core/api.js";
import { isHere, me, noteUnsent, unsentOf } from "../../core/app.js";
import { h, icon, replace } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { isOnItsWay, mayRepeat, uploadQueue } from "../../pure/uploads.js";
import { answerText } from "./form.js";
import { sizeText } from "./parts.js";

const NAME_BYTES = 255;
const LOOKS = { waiting: "clock", sending: "clock", ok: "ok", late: "ok" };

const living = new Map(); /* what is not done, by operator and case */

const keyOf = (by, id) => `${by} ${id}`;

/* A name as intake takes it: without slashes, at most 255 bytes. */
function nameOf(file) {
    const signs = [...file.name.toWellFormed().replace(/[/\\\u0000-\u001f\u007f]/g, "_")];
    while (new TextEncoder().encode(signs.join("")).length > NAME_BYTES)
        signs.pop();
    return signs.join("") || "file";
}

function lineWords({ file, answer }) {
    const values = { name: nameOf(file), size: sizeText(file.size), hash: answer.body?.sha256?.slice(0, 12) ?? "" };
    return mayRepeat(answer) ? t("case.files.failed", { ...values, why: answerText(answer) })
        : t(`case.files.say.${answer.kind}`, values);
}

const isBad = ({ answer }) => mayRepeat(answer) || answer.kind === "empty";
const isOpen = (one) => isOnItsWay(one.answer) || isBad(one);
const toned = (one) => (isBad(one) ? "warn" : one.answer.kind === "ok" ? "good" : "");

/* Leaving the page would end them. */
function askToStay(event) {
    if (unsentOf(me.get()?.id).open)
        event.preventDefault();
}

function makeLines(by, id) {
    const place = keyOf(by, id);
    const element = h("ul", { class: "sending", "aria-live": "polite" });
    const queue = uploadQueue({ send, say, newKey: api.newKey });
    let all = [];
    let refresh = () => {};

    async function send({ of, file, kind, key }) {
        if (!isHere(by))
            return { kind: "session" };
        const query = `filename=${encodeURIComponent(nameOf(file))}${kind ? `&kind=${kind}` : ""}`;
        return api.upload(`/v1/cases/${id}/${of}?${query}`, file, { key });
    }

    function say(one, answer) {
        one.answer = answer;
        show(one);
        tell();
        if (!isOnItsWay(answer))
            refresh();
    }

    function tell() {
        noteUnsent(by, id, { failed: all.filter(isBad).length, open: all.filter(isOpen).length });
        if (all.some(isOpen))
            living.set(place, lines);
        else
            living.delete(place);
    }

    const act = (words, done) => h("button", { type: "button", class: "link", on: { click: done } }, t(words));

    function show(one) {
        one.line.className = toned(one);
        replace(one.line, icon(LOOKS[one.answer.kind] ?? "warning"), h("span", { class: "outside" }, lineWords(one)),
            mayRepeat(one.answer) ? act("retry", () => again(one)) : null, isBad(one) ? act("cancel", () => drop(one)) : null);
    }

    function again(one) {
        one.line.focus();
        queue.add(one);
    }

    function drop(one) {
        all = all.filter((other) => other !== one);
        const next = one.line.nextElementSibling ?? one.line.previousElementSibling ?? document.getElementById("title-files");
        one.line.remove();
        next?.focus();
        tell();
    }

    function add(one) {
        one.line = h("li", { tabindex: "-1" });
        all.push(one);
        element.append(one.line);
        queue.add(one);
    }

    /** On a screen that is made anew: in its language, and without what its table has by now. */
    function showIn(watch) {
        refresh = watch.refresh;
        all = all.filter(isOpen);
        all.forEach(show);
        replace(element, all.map(({ line }) => line));
    }

    /* Signed in again: what waited for that goes. */
    function goOn() {
        if (isHere(by))
            all.filter(({ answer }) => answer.kind === "session").forEach((one) => queue.add(one));
    }

    const lines = { element, add, showIn, goOn };
    return lines;
}

/** {element, add({of, file, kind})}: the lines of this case and of who is signed in. */
export function sendingLines({ id, watch }) {
    const by = me.get()?.id;
    const lines = living.get(keyOf(by, id)) ?? makeLines(by, id);
    lines.showIn(watch);
    return lines;
}

addEventListener("beforeunload", askToStay);
me.watch(() => [...living.values()].forEach((lines) => lines.goOn()));
