/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts: finding, adding, changing one. */
import * as api from "../../core/api.js";
import { roles } from "../../core/app.js";
import { h, reconcile, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { contractsPath } from "../../pure/search.js";
import { askContract } from "./contract_form.js";
import { listTable, part } from "./part.js";

const PAUSE_MS = 250;
const COLUMNS = ["customer_id", "company", "phone", "person", "email"];

const mayWrite = () => roles("supervisor", "admin");

function make(contract, edit) {
    const words = t("contracts.edit.of", { company: contract.company });
    const button = h("button", { type: "button", class: "button small", "aria-label": words,
        on: { click: () => edit(button.contract) } }, t("contracts.edit"));
    return h("tr", {}, COLUMNS.map((name) => h(name === "customer_id" ? "th" : "td",
        { scope: name === "customer_id" ? "row" : null, class: `col-${name}` },
        h("span", { class: name === "customer_id" ? "number outside" : "clamp outside" }))), mayWrite()
            ? h("td", {}, button) : null);
}

function fill(row, contract) {
    COLUMNS.forEach((name, at) => {
        const text = row.cells[at].firstChild;
        setText(text, contract[name] ?? "");
        text.title = text.textContent;
    });
    const button = row.querySelector("button");
    if (button)
        button.contract = contract;
}

export function contractsPart() {
    const input = h("input", { type: "search", id: "contracts-search", maxlength: 200, autocomplete: "off",
        on: { input: soon } });
    const add = h("button", { type: "button", class: "button", id: "contracts-add",
        on: { click: () => askContract(null, saved) } }, t("contracts.add"));
    const table = listTable("contracts", [...COLUMNS.map((name) => [name, `contract.${name}`]),
        ...(mayWrite() ? [["act", "admin.act"]] : [])]);
    const count = h("p", { class: "secondary", role: "status" });
    const shown = part("contracts", h("div", { class: "contracts-search" },
        h("div", {}, h("label", { for: "contracts-search" }, t("contracts.search")), input),
        mayWrite() ? add : h("p", { class: "secondary" }, t("contracts.readonly"))), count, table.element);
    let [timer, asked] = [null, 0];
    table.empty(true, "contracts.begin");

    function soon() {
        clearTimeout(timer);
        timer = setTimeout(read, PAUSE_MS);
    }

    async function read() {
        const text = input.value.trim();
        const number = ++asked;
        if (!text)
            return show([], false, "contracts.begin");
        const answer = await api.get(contractsPath(text));
        if (number !== asked)
            return;
        shown.state(answer.kind === "invalid" ? { kind: "ok" } : answer);
        if (answer.kind === "ok" || answer.kind === "invalid")
            show(answer.body?.contracts ?? [], answer.body?.more, "contracts.none");
    }

    function show(contracts, more, words) {
        table.empty(contracts.length === 0, words);
        setText(count, contracts.length ? `${t("contracts.found", { count: contracts.length })}${more
            ? t("contracts.more") : ""}` : "");
        reconcile(table.body, contracts, ({ customer_id: id }) => id, (contract) => make(contract,
            (one) => askContract(one, saved)), fill);
    }

    function saved({ customer_id: id }) {
        shown.message(t("contracts.saved", { id }));
        if (!input.value.trim())
            input.value = id;
        read();
    }
    return { element: shown.element, end: () => clearTimeout(timer) };
}
