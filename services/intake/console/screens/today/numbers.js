/* SPDX-License-Identifier: Apache-2.0 */
/* The day's five numbers, each a link to its list. */
import { h, icon, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { sizeText } from "../../pure/size.js";
import { addressOf } from "../../pure/queue.js";

const ofToday = (day) => addressOf({ tab: "all", from: day.date, to: day.date });

const NUMBERS = [
    { id: "opened", icon: "phone", href: ofToday, note: (day) => ({ inside: day.opened - day.out_of_hours,
        outside: day.out_of_hours }) },
    { id: "in_time", icon: "ok", href: ofToday, of: (day) => day.opened },
    { id: "held", icon: "stop", href: () => addressOf({ tab: "held" }) },
    { id: "handed_over", icon: "arrow", href: () => "/today#left",
        note: (day) => ({ items: day.left.items, size: sizeText(day.left.bytes) }) },
    { id: "overdue", icon: "clock", href: () => addressOf({ tab: "overdue" }) },
];

function card(number) {
    const count = h("b", { class: "big" });
    const unit = h("span", { class: "secondary" });
    const note = h("span", { class: "secondary cut" });
    const link = h("a", { class: "card number-card", id: `number-${number.id}` },
        h("span", { class: "row" }, icon(number.icon), t(`today.${number.id}`)),
        h("span", { class: "figure" }, count, " ", unit), note);
    function show(day) {
        link.href = number.href(day);
        setText(count, String(day[number.id]));
        setText(unit, number.of ? t("today.of", { count: number.of(day) }) : t("today.unit"));
        setText(note, t(`today.${number.id}.note`, number.note?.(day) ?? {}));
        note.title = note.textContent;
    }
    return { element: h("li", {}, link), show };
}

export function numberCards() {
    const cards = NUMBERS.map(card);
    return { element: h("ul", { class: "numbers", "aria-label": t("today.numbers") },
        cards.map(({ element }) => element)),
        show: (day) => cards.forEach((one) => one.show(day)) };
}
