/* SPDX-License-Identifier: Apache-2.0 */
/* The hearing sheet as a form: its sections in the sheet's order, lists as entries, everything out of GET /v1/hearing-sheet. */
import { h, reconcile, replace, setText } from "../../core/dom.js";
import { language, t } from "../../core/language.js";
import { counts, fieldsOf } from "../../pure/sheet.js";
import { makeField } from "./field.js";

/* What the rail shows as one: the sheet's small sections follow a large one. */
const GROUPS = [["/contact"], ["/incident", "/actions_taken"], ["/device"], ["/network"], ["/logs"]];

/** [{sections, number}] in the order of the sheet; whatever the table has more comes into the last one. */
export function groupsOf(sheet) {
    const named = GROUPS.flat();
    const rest = sheet.sections.filter(({ pointer }) => !named.includes(pointer));
    return [...GROUPS.map((pointers) => sheet.sections.filter(({ pointer }) => pointers.includes(pointer))), rest]
        .map((sections, index) => ({ sections, number: index + 1 }));
}

const nameOf = (row) => (language.get() === "en" ? row.en : row.ja);
const isList = (sheet, pointer) => sheet.fields.find((field) => field.pointer === pointer)?.type === "list";

export const groupName = (group) => (group.number > GROUPS.length ? t("group.other") : nameOf(group.sections[0]));

/** {element, update(), focus(pointer), groups: [{number, element, counts()}], fieldAt(element)} */
export function makeForm(sheet, record, sources) {
    const fields = new Map();
    const context = { record, sources };
    const groups = groupsOf(sheet).map((group) => ({ ...group, element: h("section", { class: "group", id: `group-${group.number}`, "aria-labelledby": `group-${group.number}-title` }) }));
    const parts = [];
    for (const group of groups) {
        group.element.append(h("h2", { id: `group-${group.number}-title`, tabindex: "-1" }, h("span", { class: "group-number" }, `${group.number}`), groupName(group)));
        group.sections.forEach((section, index) => {
            const part = isList(sheet, section.pointer) ? listPart(section, index > 0) : plainPart(section, index > 0);
            parts.push(part);
            group.element.append(part.element);
        });
    }
    const element = h("div", { class: "sheet" }, groups.map((group) => group.element));

    /* A list that nobody has spoken of yet shows one entry, to be typed into. */
    const least = Object.fromEntries(sheet.fields.filter((field) => field.type === "list").map(({ pointer }) => [pointer, 1]));
    const all = () => fieldsOf(sheet, record.hearing(), least);

    function fieldElement(field) {
        const made = fields.get(field.pointer) ?? makeField(field, context);
        fields.set(field.pointer, made);
        return made.element;
    }

    function plainPart(section, titled) {
        const body = h("div", { class: "fields" });
        return { section, element: h("div", { class: "part" }, titled ? h("h3", {}, nameOf(section)) : null, body), update: (own) =>
            reconcile(body, own, (field) => field.pointer, fieldElement) };
    }

    function listPart(section, titled) {
        const entries = h("div", { class: "entries" });
        const state = h("span", { class: "secondary" });
        let before; /* its entries, which a second press brings back */
        function answer(which) {
            const value = record.value(section.pointer);
            before = Array.isArray(value) ? value : before;
            record.set(section.pointer, value === which ? before : which);
        }
        const controls = h("div", { class: "row list-controls" },
            h("button", { type: "button", class: "button small", id: `add${section.pointer.replaceAll("/", "-")}`, on: { click: add } }, t("list.add", { name: nameOf(section) })),
            ["unknown", "declined"].map((which) => h("button", { type: "button", class: "link", on: { click: () => answer(which) } }, t(`list.${which}`, { name: nameOf(section) }))), state);

        function add() {
            record.addEntry(section.pointer);
            const last = [...entries.children].at(-1);
            last?.querySelector("input, select, textarea")?.focus();
        }

        function remove(index) {
            record.removeEntry(section.pointer, index);
            for (const pointer of [...fields.keys()])
                if (pointer.startsWith(`${section.pointer}/`))
                    fields.delete(pointer);
            replace(entries);
            update();
            controls.querySelector("button").focus();
        }

        function entry(index) {
            return h("fieldset", { class: "entry" }, h("legend", {}, `${nameOf(section)} ${index + 1}`), h("div", { class: "fields" }),
                h("button", { type: "button", class: "link remove", on: { click: () => remove(index) } }, t("list.remove")));
        }

        function show(own) {
            const value = record.value(section.pointer);
            const indexes = [...new Set(own.map((field) => field.pointer.slice(section.pointer.length + 1).split("/")[0]).filter((name) => /^\d+$/.test(name)))];
            setText(state, typeof value === "string" ? t("list.is", { answer: t(value) }) : "");
            reconcile(entries, typeof value === "string" ? [] : indexes, (index) => index, (index) => entry(Number(index)), (made, index) => {
                reconcile(made.children[1], own.filter((field) => field.pointer.startsWith(`${section.pointer}/${index}/`)), (field) => field.pointer, fieldElement);
                made.lastElementChild.hidden = !Array.isArray(value) || value.length === 0;
            });
        }

        return { section, element: h("div", { class: "part" }, titled ? h("h3", {}, nameOf(section)) : null, entries, controls), update: show };
    }

    function update() {
        const found = all();
        for (const part of parts)
            part.update(found.filter((field) => field.section === part.section.pointer && (field.type !== "list" || field.template !== part.section.pointer)));
        for (const field of found)
            fields.get(field.pointer)?.update(field);
    }

    /** Puts the cursor where `pointer` is asked for; a list's own pointer is its first entry's first item. */
    function focus(pointer) {
        const at = fields.get(pointer) ?? [...fields.values()].find((field) => field.pointer.startsWith(`${pointer}/`));
        at?.element.scrollIntoView({ block: "center" });
        at?.focus();
        return at?.element ?? null;
    }

    update();
    const restore = () => { for (const field of fields.values()) field.restore(); };

    return { element, update, restore, focus, groups, counts: () => counts(sheet, record.hearing()), fieldAt: (target) =>
        fields.get(target?.closest?.("[data-field]")?.dataset.field) };
}
