/* SPDX-License-Identifier: Apache-2.0 */
/* What both columns do with their one act: lead to what is missing, send once, say what came of it. */
import { outcomeOf } from "./bar.js";

/**
 * name: consent · intention, the beginning of its words; left() → what is missing; focusOn(what); send() → answer, or null where
 * nothing was sent; answerOf() → what the customer answered; renew(): an empty form; show(); labels: {pointer: word}.
 */
export function recording({ name, bar, watched, left, focusOn, send, answerOf, renew, show, labels }) {
    let busy = false;
    let finished = false;

    function finish(answer) {
        const said = answerOf();
        const agreed = said === "agreed";
        const outcome = outcomeOf(answer, agreed ? `${name}.recorded` : `${name}.noted_${said}`, labels);
        if (outcome.good) {
            renew();
            finished = agreed;
            bar.focus();
        }
        bar.say(outcome.words, outcome.good ? "good" : "warn");
        if (answer.kind !== "offline")
            watched.refresh();
    }

    async function record() {
        const [first] = left();
        if (busy || finished)
            return;
        if (first) {
            focusOn(first);
            return;
        }
        busy = true;
        show();
        const answer = await send();
        busy = false;
        if (answer)
            finish(answer);
        show();
    }

    function withdrawn(words) {
        bar.say(words);
        watched.refresh();
    }

    function perform(act) {
        if (act.kind === `${name}_record`)
            record();
        else
            focusOn(act.what);
        return true;
    }

    return { record, withdrawn, perform, isBusy: () => busy, isFinished: () => finished, reopen() { finished = false; } };
}
