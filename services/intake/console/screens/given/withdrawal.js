/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a consent or an intention back: who, how, when, why. It is recorded whatever else has changed: no If-Match. */
import * as api from "../../core/api.js";
import { writer } from "../../core/case.js";
import { openDialog } from "../../core/dialog.js";
import { h } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { answerWords, channelChoice, messageLine, readTime, textField, timeField } from "./fields.js";

const LABELS = { "/given_by": "given.name_withdrawal", "/given_at": "given.time", "/reason": "given.reason" };

function leftOf(form) {
    return [["consent.left.channel", form.channel], ["consent.left.name", form.name.trim()],
        ["consent.left.time", readTime(form.time, api.now()).time]]
        .filter(([, there]) => !there).map(([words]) => t(words));
}

/** askWithdrawal({id, what: "consents" | "intention", done(words)}) */
export function askWithdrawal({ id, what, done }) {
    const form = { name: "", channel: null, time: "", reason: "", at: null };
    const write = writer("POST", `/v1/cases/${id}/${what}/withdrawal`);
    const said = messageLine();
    const edit = (name) => (value) => { form[name] = value; form.at = null; };
    const fields = [
        textField({ id: "withdraw-name", words: t("given.name_withdrawal"), required: true, value: () => form.name,
            put: edit("name") }),
        channelChoice("withdraw-channel", () => form.channel, edit("channel")),
        timeField({ id: "withdraw-time", value: () => form.time, put: edit("time") }),
        textField({ id: "withdraw-reason", words: t("given.reason"), required: false, max: 4000,
            value: () => form.reason, put: edit("reason"), long: true }),
    ];

    async function record() {
        const left = leftOf(form);
        if (left.length) {
            said.say(t("withdraw.left", { what: left.join(t("given.and")) }), "warn");
            return false;
        }
        form.at ??= readTime(form.time, api.now()).time;
        const reason = form.reason.trim() ? { reason: form.reason.trim() } : {};
        const answer = await write({ given_by: form.name.trim(), channel: form.channel, given_at: form.at, ...reason });
        if (answer.kind === "ok" || answer.kind === "late") {
            done(answer.kind === "late" ? t("write.late") : t(`withdraw.${answer.body.effect}`));
            return true;
        }
        said.say(answerWords(answer,
            Object.fromEntries(Object.entries(LABELS).map(([pointer, words]) => [pointer, t(words)]))), "warn");
        return false;
    }

    const dialog = openDialog({ title: t(`withdraw.title.${what}`),
        content: [h("p", {}, t("withdraw.before")),
            h("div", { class: "given-form" }, fields.map(({ element }) => element)), said.element],
        actions: [{ words: t("withdraw.act"), main: true, act: record }, { words: t("cancel") }] });
    fields[0].focus();
    return dialog;
}
