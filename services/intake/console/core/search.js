/* SPDX-License-Identifier: Apache-2.0 */
/* The search box in the head: cases and contracts while typing. It lies over the page and moves nothing. */
import { get } from "./api.js";
import { h, replace, setText } from "./dom.js";
import { t } from "./language.js";
import { contractsPath, foundOf } from "../pure/search.js";

const PAUSE_MS = 180;
const CASES_MAX = 8;

const choices = { case: caseChoice, contract: contractChoice };

function caseChoice(found, choose) {
    return { address: `/cases/${found.id}`, element: h("li", { role: "option", on: { mousedown: choose } },
        h("span", { class: "number" }, found.number), h("b", { title: found.company }, found.company ?? "—"),
        h("span", { class: "secondary" }, t(`status.${found.status}`))) };
}

function contractChoice(found, choose) {
    return { address: `/calls/new?contract=${encodeURIComponent(found.customer_id)}`, element: h("li", { role: "option", on: { mousedown: choose } },
        h("span", { class: "number" }, found.customer_id), h("b", { title: found.company }, found.company),
        h("span", { class: "secondary" }, t("search.call"))) };
}

export function searchBox(go) {
    let timer = null;
    let asked = 0; /* answers to an older question are dropped */
    let fresh = false; /* what is listed is of the text that stands there */
    let entered = false; /* Enter came before the answer */
    let options = [];
    let current = -1;
    const list = h("ul", { class: "found", id: "found", role: "listbox", "aria-label": t("search.label"), hidden: true });
    const note = h("span", { class: "sr-only", role: "status" });
    const input = h("input", { type: "text", inputmode: "search", id: "search", class: "search", placeholder: t("search"), role: "combobox", autocomplete: "off",
        maxlength: 200, "aria-label": t("search.label"), "aria-controls": "found", "aria-expanded": "false", on: { input: soon, keydown: press, blur: close } });
    const element = h("search", { class: "search-box" }, input, h("kbd", { "aria-hidden": "true" }, "/"), list, note);

    function forget() {
        clearTimeout(timer);
        asked++;
        fresh = entered = false;
    }

    function close() {
        forget();
        list.hidden = true;
        current = -1;
        input.setAttribute("aria-expanded", "false");
        input.removeAttribute("aria-activedescendant");
    }

    function open(...items) {
        replace(list, items);
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
    }

    function soon() {
        forget();
        mark(-1);
        timer = setTimeout(ask, PAUSE_MS);
    }

    async function ask() {
        clearTimeout(timer);
        const text = input.value.trim();
        const number = ++asked;
        if (!text)
            return close();
        const [cases, contracts] = await Promise.all([get(`/v1/cases?limit=${CASES_MAX}&q=${encodeURIComponent(text)}`), get(contractsPath(text))]);
        if (number === asked)
            show(foundOf(cases, contracts));
    }

    const line = (words) => h("li", { class: "secondary", role: "option", "aria-disabled": "true" }, t(words));

    function optionOf({ kind, one }, index) {
        const option = choices[kind](one, (event) => { event.preventDefault(); choose(option); });
        option.element.id = `found-${index}`;
        return option;
    }

    function show({ found, say, only }) {
        const wanted = entered && only;
        options = found.map(optionOf);
        [fresh, entered] = [true, false];
        if (wanted)
            return choose(options[0]);
        const count = options.length ? t("search.count", { count: options.length }) : "";
        setText(note, [count, say ? t(say) : ""].filter(Boolean).join(" "));
        open(options.map(({ element: option }) => option), say ? line(say) : null);
        mark(only ? 0 : -1);
    }

    /* The list may still be of an older text: then Enter waits, and opens what is the only one. */
    function enter() {
        const chosen = fresh ? options[current] ?? options[0] : null;
        if (chosen)
            return choose(chosen);
        if (entered || !input.value.trim())
            return undefined;
        mark(-1);
        open(line("search.asking"));
        entered = true;
        return ask();
    }

    function mark(index) {
        current = index;
        options.forEach(({ element: option }, at) => option.setAttribute("aria-selected", String(at === index)));
        if (index >= 0)
            input.setAttribute("aria-activedescendant", options[index].element.id);
        else
            input.removeAttribute("aria-activedescendant");
        options[index]?.element.scrollIntoView({ block: "nearest" });
    }

    function choose(option) {
        close();
        input.value = "";
        go(option.address);
    }

    function press(event) {
        if (event.isComposing || event.keyCode === 229)
            return;
        if (event.key === "Escape") {
            if (input.value)
                event.preventDefault();
            input.value = "";
            close();
            before?.isConnected ? before.focus() : input.blur();
        } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && fresh && options.length) {
            event.preventDefault();
            mark((current + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
        } else if (event.key === "Enter") {
            event.preventDefault();
            enter();
        }
    }

    let before = null;

    /** Puts the cursor here; `digit` is what was pressed outside of a field. */
    function begin(digit) {
        before = document.activeElement;
        input.focus();
        if (digit) {
            input.value = digit;
            soon();
        } else {
            input.select();
        }
    }

    return { element, begin };
}
