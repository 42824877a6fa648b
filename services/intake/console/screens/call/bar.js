/* SPDX-License-Identifier: Apache-2.0 */
/* The bar of a call: how long it lasts, whose it is, whether everything is kept, who else is there, the one main act. */
import { now } from "../../core/api.js";
import { connection, me } from "../../core/app.js";
import { h, icon, replace, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { clockTime, elapsedText, shortTime } from "../../core/times.js";

const CALL_MS_MAX = 4 * 3600 * 1000; /* who opened it longer ago is not on the line any more */

const SAVED = { refused: ["warning", "warn", "refused"], saved: ["check", "good", "saved"], waiting: ["pen", "secondary", "saving"], kept: ["away", "warn", "kept"], unkept: ["warning", "bad", "unkept"] };

export function makeBar(act) {
    const time = h("span", { class: "call-time good" });
    const number = h("b", { class: "number" });
    const chip = h("span", { class: "chip-place" });
    const who = h("b", { class: "who outside cut" });
    const save = h("span", { class: "save" });
    const others = h("span", { class: "others secondary cut push" });
    const button = h("button", { type: "button", class: "button act", on: { click: act } });
    const element = h("div", { class: "bar call-bar" }, time, number, chip, who, save, others, button);

    function update({ record, value, presence, main, withKey }) {
        const begun = record.begunAt() ?? (value ? Date.parse(value.opened_at) : now());
        const calling = now() - begun < CALL_MS_MAX;
        const words = calling ? t("call.since", { time: elapsedText(now() - begun) }) : t("call.opened_at", { time: shortTime(value?.opened_at, now()) });
        if (time.dataset.words !== words)
            replace(time, icon("phone"), h("span", {}, words));
        time.dataset.words = words;
        setText(number, value?.number ?? "");
        const state = record.isCase() ? "opened" : "draft";
        if (chip.dataset.state !== state)
            replace(chip, h("span", { class: state === "opened" ? "chip good" : "chip" }, icon(state === "opened" ? "check" : "open"), t(`call.${state}`)));
        chip.dataset.state = state;
        const person = record.value("/contact/person");
        const named = person && !["unknown", "declined"].includes(person);
        setText(who, [record.value("/contact/company"), named ? t("call.person", { name: person }) : null].filter(Boolean).join("　"));
        who.title = who.textContent;
        showSaved(record.saved.get(), record.unread().length);
        const there = connection.get().redis ? [] : presence.filter(({ operator }) => operator !== me.get()?.id);
        setText(others, there.length ? t(there[0].doing === "editing" ? "call.editing" : "call.viewing", { name: there.map(({ operator }) => nameOf(operator)).join("、") }) : "");
        if (button.dataset.words !== main.words + withKey) {
            button.dataset.words = main.words + withKey;
            replace(button, main.words, withKey ? h("kbd", {}, "Ctrl+Enter") : null);
        }
        button.setAttribute("aria-disabled", String(Boolean(main.waiting)));
    }

    function showSaved({ state, at }, unread) {
        const [sign, kind, words] = state === "saved" && unread ? ["pen", "warn", "unread"] : SAVED[state];
        const text = t(`call.${words}`, { time: at ? clockTime(at) : "", count: unread });
        if (save.dataset.text !== text)
            replace(save, icon(sign), h("span", {}, text));
        save.dataset.text = text;
        save.className = `save ${kind}`;
    }
    return { element, update };
}

