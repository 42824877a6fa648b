/* SPDX-License-Identifier: Apache-2.0 */
/* The case's chain, computed anew in this browser: nothing of the server is believed but its records. */
import * as api from "../../core/api.js";
import { h, icon, replace } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { signal } from "../../core/signal.js";
import { clockTime, shortTime } from "../../core/times.js";
import { sayChanged } from "../given/said.js";
import { readChain } from "./chain_read.js";
import { wordOr } from "./parts.js";

const PAUSE_MS = 1500;
const AGAIN_MS = 10000;

const CHIPS = { ok: ["good", "link"], broken: ["bad", "cross"], checking: ["", "clock"], unknown: ["warn", "warning"] };

/** The chip and the sentence of a state {kind, count, at, event, number, why}. */
function sayings(state) {
    const time = state.at ? clockTime(state.at) : "";
    const event = state.event ? shortTime(state.event.time, api.now()) : "";
    const values = {
        ...state,
        time,
        event,
        what: state.event ? wordOr(`case.moment.${state.event.type}`, state.event.type) : "",
    };
    return {
        words: t(`case.chain.${state.kind}`, values),
        text:
            state.kind === "broken"
                ? [t("case.chain.broken.text", values), t(`case.chain.why.${state.why}`)]
                : [t(`case.chain.${state.kind}.text`, values)],
    };
}

/* An end that is missing is no record of its own. */
function foundState({ ok, checked, head, brokenAt, why, events }) {
    if (ok)
        return { kind: "ok", count: checked, head };
    const isEnd = why === "end";
    return { kind: "broken", head, why, event: isEnd ? null : events[brokenAt] ?? null,
        number: isEnd ? checked : brokenAt + 1 };
}

/**
 * chainCheck(ctx) → {chip, words, state: signal({kind: checking|ok|broken|unknown, …}), update(value), check(), end()}:
 * checks again once the case has a head that was not among those checked.
 */
export function chainCheck(ctx) {
    const state = signal({ kind: "checking" });
    const chip = h("span", { class: "chip", role: "status" });
    const text = h("div", { class: "secondary chain-text" });
    const again = h("button", { type: "button", class: "link", id: "chain-again", on: { click: () => check() } },
        t("case.chain.again"),
    );
    let heads = []; /* those that were checked */
    let asked = null;
    let timer = null;
    let ended = false;

    function show() {
        const [kind, name] = CHIPS[state.get().kind];
        const { words, text: lines } = sayings(state.get());
        chip.className = `chip ${kind}`;
        sayChanged(chip, icon(name), words);
        replace(
            text,
            lines.map((line) => h("p", {}, line)),
        );
    }

    async function check() {
        clearTimeout(timer);
        const found = await readChain(ctx.id, ctx.value().head);
        if (ended)
            return;
        if (!found)
            timer = setTimeout(check, AGAIN_MS);
        heads = found?.events.map(({ head }) => head) ?? heads;
        state.set({ ...(found ? foundState(found) : { kind: "unknown" }), at: api.now() });
    }

    function update({ head }) {
        if (heads.includes(head) || head === asked)
            return;
        asked = head;
        clearTimeout(timer);
        timer = setTimeout(check, state.get().kind === "checking" ? 0 : PAUSE_MS);
    }

    const end = state.watch(show);
    show();
    return {
        chip,
        words: h("div", { class: "spread" }, text, again),
        state,
        update,
        check,
        end: () => {
            ended = true;
            clearTimeout(timer);
            end();
        },
    };
}
