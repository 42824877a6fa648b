/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases are shown, as chips that take themselves away. */
import { h, icon, replace } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { filtersSet } from "../../pure/queue.js";
import { typeText } from "./cells.js";

const VALUES = { type: typeText, operator: nameOf };

/** The filters that are set, each a button that takes it away. */
export function filterChips(filter, apply) {
    const chip = (name) => h("button", { type: "button", class: "chip act filter-chip",
        on: { click: () => apply({ ...filter, [name]: "" }) } },
        h("span", { class: "cut outside" }, t(`queue.filter.chip.${name}`,
            { value: VALUES[name]?.(filter[name]) ?? filter[name] })), icon("cross"),
        h("span", { class: "sr-only" }, t("queue.filter.remove")));
    const element = h("div", { class: "filter-chips row" });
    return replace(element, filtersSet(filter).map(chip));
}
