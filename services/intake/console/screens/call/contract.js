/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose call it is. While there is a draft, the one contract with exactly this number is taken by itself, fills what is empty, and
 * goes again when the number is corrected. Whose case it is, is recorded by an act that somebody presses, and the desk's word counts.
 */
import { get } from "../../core/api.js";
import { signal } from "../../core/signal.js";
import { equal } from "../../pure/merge.js";
import { valueAt } from "../../pure/sheet.js";

const PAUSE_MS = 250;
const DIGITS_MIN = 4;
const NOTHING = { state: "waiting", contract: null, candidates: [], history: [] };

const digitsOf = (text) => (text ?? "").normalize("NFKC").replace(/\D/g, "");

function leavesOf(object, at = "") {
    return Object.entries(object ?? {}).flatMap(([name, value]) => value !== null && typeof value === "object" && !Array.isArray(value)
        ? leavesOf(value, `${at}/${name}`) : [[`${at}/${name}`, value]]);
}

/**
 * {state: signal({state: waiting|none|found|chosen, contract, candidates, history, byNumber}), update(), choose(contract), other(),
 * follow(customer)}; `sources`: Map pointer → where its value came from.
 */
export function contractFinder(record, sources, changed) {
    const state = signal(NOTHING);
    let asked = null;
    let timer = null;

    function questionOf() {
        const phone = digitsOf(record.value("/contact/phone"));
        const company = record.value("/contact/company") ?? "";
        return phone.length >= DIGITS_MIN ? `phone=${phone}` : company.length >= 2 ? `q=${encodeURIComponent(company)}` : null;
    }

    function update() {
        const { contract, byNumber } = state.get();
        if (contract && byNumber && digitsOf(record.value("/contact/phone")) !== digitsOf(contract.phone))
            letGo();
        const question = questionOf();
        if (question === asked || state.get().contract || record.customer())
            return;
        asked = question;
        clearTimeout(timer);
        if (question)
            timer = setTimeout(() => ask(question), PAUSE_MS);
        else
            state.set(NOTHING);
    }

    async function ask(question) {
        const answer = await get(`/v1/contracts?${question}`);
        if (question !== asked || answer.kind !== "ok")
            return undefined;
        const { contracts } = answer.body;
        const phone = digitsOf(record.value("/contact/phone"));
        const exact = contracts.filter((one) => phone && digitsOf(one.phone) === phone);
        if (exact.length === 1 && !record.isCase() && !record.isRefused(exact[0].customer_id))
            return choose(exact[0], true);
        return state.set({ ...NOTHING, state: contracts.length ? "found" : "none", candidates: exact.length ? exact : contracts });
    }

    async function show(contract, byNumber) {
        state.set({ ...NOTHING, state: "chosen", contract, byNumber });
        const past = await get(`/v1/cases?customer=${encodeURIComponent(contract.customer_id)}&limit=4`);
        if (state.get().contract === contract)
            state.set({ ...state.get(), history: (past.body?.cases ?? []).filter(({ id }) => id !== record.id()) });
    }

    function choose(contract, byNumber = false) {
        record.setCustomer(contract.customer_id);
        fill(contract.prefill);
        return show(contract, byNumber);
    }

    /** It is another customer after all: it is not taken by itself again. */
    function other() {
        if (state.get().contract)
            record.refuse(state.get().contract.customer_id);
        letGo();
    }

    /* The choice goes, and what it filled in, where nobody has touched it. */
    function letGo() {
        for (const [pointer, { value }] of [...sources])
            if (value !== undefined && equal(record.value(pointer), value))
                record.set(pointer, undefined);
        sources.clear();
        record.setCustomer(null);
        asked = null;
        state.set(NOTHING);
        changed();
    }

    /** The customer that the case has. */
    async function follow(customer) {
        if (state.get().contract?.customer_id === customer)
            return;
        record.setCustomer(customer);
        const answer = await get(`/v1/contracts?q=${encodeURIComponent(customer)}`);
        await show(answer.body?.contracts.find(({ customer_id: id }) => id === customer) ?? { customer_id: customer, company: customer }, false);
    }

    /* Only what is empty, and each of it can be taken back. */
    function fill(prefill) {
        const { customer_id: gone, ...hearing } = prefill ?? {};
        for (const [pointer, value] of leavesOf(hearing)) {
            if (valueAt(record.hearing(), pointer) !== undefined || record.text(pointer))
                continue;
            record.set(pointer, value);
            sources.set(pointer, { key: "source.contract", value, undo: () => { sources.delete(pointer); record.set(pointer, undefined); changed(); } });
        }
    }

    return { state, update, choose, other, follow };
}
