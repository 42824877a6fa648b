/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases: asked in a dialog that F opens; fetched when it is first asked for. */
import { openDialog } from "../../core/dialog.js";
import { h } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { TABS } from "../../pure/queue.js";
import { typeText, types } from "./cells.js";

const field = (id, label, control) => h("div", { class: "field" }, h("label", { for: id }, label), control);
const option = (value, words, chosen) => h("option", { value, selected: value === chosen }, words);

function controls(filter, people) {
    const select = (name, options) => h("select", { id: `filter-${name}`, name }, options);
    const any = option("", t("queue.filter.any"), "");
    return {
        tab: select("tab", TABS.map(({ id, words }) => option(id, t(words), filter.tab))),
        type: select("type", [any.cloneNode(true), types().map((type) => option(type, typeText(type), filter.type))]),
        operator: h("input", { id: "filter-operator", name: "operator", list: "filter-people", maxlength: 64,
            value: filter.operator, autocomplete: "off" }),
        customer: h("input", { id: "filter-customer", name: "customer", maxlength: 20, value: filter.customer,
            autocomplete: "off" }),
        from: h("input", { id: "filter-from", name: "from", type: "date", value: filter.from }),
        to: h("input", { id: "filter-to", name: "to", type: "date", value: filter.to }),
        people: h("datalist", { id: "filter-people" }, people.map(({ id, name }) => h("option", { value: id }, name))),
    };
}

/** `people`: who may be chosen, [{id, name}]; apply(filter) takes what was chosen. */
export function askFilter(filter, people, apply) {
    const made = controls(filter, people);
    const labels = { tab: "queue.filter.status", type: "queue.filter.type", operator: "queue.filter.operator",
        customer: "queue.filter.customer",
        from: "queue.filter.from", to: "queue.filter.to" };
    const names = Object.keys(labels);
    const take = () => apply(Object.fromEntries(names.map((name) => [name, made[name].value.trim()])));
    const submit = (event) => { event.preventDefault(); dialog.close(); take(); };
    const form = h("form", { class: "filter-form", on: { submit } },
        names.map((name) => field(`filter-${name}`, t(labels[name]), made[name])), made.people,
        h("button", { type: "submit", class: "sr-only", tabindex: "-1" }, t("queue.filter.apply")));
    const dialog = openDialog({ title: t("queue.filter"), content: [form], guarded: false,
        actions: [{ words: t("queue.filter.apply"), main: true, act: take },
        { words: t("queue.filter.clear"), act: () => apply({ tab: filter.tab }) }, { words: t("cancel") }] });
    made.type.focus();
}
