/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of the queue with their numbers. */
import { h, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { addressOf, TABS } from "../../pure/queue.js";

/** choose(tabId) is called where somebody takes another list. */
export function tabLinks(filter, choose) {
    const counts = new Map(TABS.map(({ id }) => [id, h("b", { class: "count" })]));
    const link = ({ id, words }) => h("li", {}, h("a", { class: "tab", id: `tab-${id}`, href: addressOf({ ...filter,
        tab: id }),
        "aria-current": filter.tab === id ? "true" : null, on: { click: (event) => take(event, id) } }, t(words),
            counts.get(id)));
    const element = h("nav", { class: "tabs", "aria-label": t("queue.tabs") }, h("ul", {},
        TABS.filter(({ id, aside }) => !aside || id === filter.tab).map(link)));

    function take(event, id) {
        if (event.ctrlKey || event.metaKey || event.shiftKey)
            return;
        event.preventDefault();
        choose(id);
    }

    function show(day) {
        for (const tab of TABS)
            setText(counts.get(tab.id), day ? String(Math.max(0, tab.count(day))) : "–");
    }
    show(null);
    return { element, show };
}
