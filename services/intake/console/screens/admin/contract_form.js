/* SPDX-License-Identifier: Apache-2.0 */
/* One contract in a dialog that somebody asked for. */
import { writer } from "../../core/case.js";
import { openDialog } from "../../core/dialog.js";
import { h, setText } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { bodyOf, COLUMNS, LONGEST, wrongContract } from "../../pure/contracts.js";
import { refusalWords } from "./part.js";

const NEEDED = ["customer_id", "company"];
const LINES = { services: 3, notes: 3 };
const isComposing = (event) => event.isComposing || event.keyCode === 229;

function control(name, contract) {
    const value = name === "services" ? (contract?.services ?? []).join("\n") : contract?.[name] ?? "";
    const attributes = { id: `contract-${name}`, name, value, maxlength: LONGEST[name] ?? (name === "customer_id" ? 20
        : null), autocomplete: "off",
        "aria-describedby": `contract-${name}-message`, "aria-required": NEEDED.includes(name) ? "true" : null };
    if (LINES[name])
        return h("textarea", { ...attributes, rows: LINES[name] });
    return h("input", { ...attributes, readOnly: name === "customer_id" && Boolean(contract) });
}

/* What the fields say, without those that are empty. */
function contractOf(controls) {
    const filled = Object.entries(controls).map(([name, { value }]) => [name,
        value.trim()]).filter(([, value]) => value);
    const contract = Object.fromEntries(filled);
    if (contract.services)
        contract.services = contract.services.split("\n").map((line) => line.trim()).filter(Boolean);
    return contract;
}

/** saved(contract) is called once the desk has it. `contract`: the one to be changed, null for a new one. */
export function askContract(contract, saved) {
    const controls = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, control(name, contract)]));
    const messages = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name,
        h("p", { class: "message bad", id: `contract-${name}-message` })]));
    const general = h("p", { class: "message bad", role: "alert" });
    const label = (name) => [t(`contract.${name}`), NEEDED.includes(name)
        ? h("span", { class: "secondary" }, ` ${t("required")}`) : null,
        name === "services" ? h("span", { class: "secondary" }, ` ${t("contract.services.hint")}`) : null];
    const field = (name) => h("div", { class: `field field-${name}` },
        h("label", { for: `contract-${name}` }, label(name)), controls[name], messages[name]);
    let [write, writeTo, busy] = [null, null, false];

    function say(name, text) {
        for (const [one, message] of Object.entries(messages))
            setText(message, one === name ? text : "");
        setText(general, messages[name] ? "" : text);
        controls[name]?.focus();
    }

    function refused(answer) {
        const name = answer.problem?.errors?.[0]?.pointer?.split("/")[1];
        say(name, answer.kind === "invalid" && controls[name] ? t("write.invalid", { field: t(`contract.${name}`) })
            : refusalWords(answer));
        return false;
    }

    async function save() {
        const made = contractOf(controls);
        const mistake = wrongContract(made);
        if (mistake) {
            say(mistake.member, t(mistake.key, mistake.values));
            return false;
        }
        const path = `/v1/contracts/${encodeURIComponent(made.customer_id)}`;
        if (writeTo !== path)
            [write, writeTo] = [writer("PUT", path), path];
        if (busy)
            return false;
        busy = true;
        const answer = await write(bodyOf(made));
        busy = false;
        if (!["ok", "late"].includes(answer.kind))
            return refused(answer);
        saved(made);
        return true;
    }

    const press = (event) => {
        if (event.key === "Enter" && event.ctrlKey && !isComposing(event))
            save().then((done) => done && dialog.close());
    };
    const form = h("div", { class: "contract-form", on: { keydown: press } }, Object.keys(COLUMNS).map(field));
    const dialog = openDialog({ title: contract ? t("contracts.edit.of", { company: contract.company })
        : t("contracts.add"), wide: true,
        content: [contract ? h("p", { class: "secondary" }, t("contracts.replaces")) : null, form, general],
        actions: [{ words: t("contracts.save"), main: true, act: save }, { words: t("cancel") }] });
    (contract ? controls.company : controls.customer_id).focus();
}
