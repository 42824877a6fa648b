/* SPDX-License-Identifier: Apache-2.0 */
/* Cards 2 and 3 of the check: to whom, and on which consent. */
import { h, icon } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { fullTime } from "../../core/times.js";
import { clausesOf, find } from "../../pure/clauses.js";
import { currentDocument, documentOf, inForce, intentionInForce } from "../../pure/consent.js";
import { changedChip } from "./what.js";

const fact = (label, ...value) => (value.flat().some((one) => one !== null && one !== "")
    ? [h("dt", {}, label), h("dd", {}, value)] : null);
const outside = (text) => (text ? h("span", { class: "outside" }, text) : null);
const marked = (changed, id) => (changed.has(id) ? [" ", changedChip()] : null);
const warningLine = (warning) => h("li", {}, icon("warning"), " ", pick(warning));

/** Purposes have names for those that every desk knows; another is shown as the profile writes it. */
export function purposeText(purpose) {
    const words = t(`purpose.${purpose}`);
    return words === `purpose.${purpose}` ? purpose : words;
}

export function whereBody({ preview }, changed) {
    const { provider } = preview;
    return [h("p", { class: "big outside" }, pick(provider.name), marked(changed, "provider")),
        h("dl", { class: "facts" },
            fact(t("handover.provider_id"), h("span", { class: "hash" }, provider.id)),
            fact(t("handover.phone"), provider.phone ? h("span", { class: "number outside" }, provider.phone) : null),
            fact(t("handover.kid"), h("span", { class: "hash outside" }, provider.kid), " ",
                h("span", { class: "secondary" }, t("handover.key_rule"))),
            fact(t("handover.reply_by"),
                t("handover.reply_by_now", { time: fullTime(preview.reply_by, language.get()) })),
            fact(t("handover.tlp"), h("b", {}, preview.tlp), marked(changed, "tlp"))),
        h("h3", {}, t("handover.purposes"), marked(changed, "purposes")),
        h("ul", { class: "dots" }, preview.purposes.map((purpose) => h("li", {}, purposeText(purpose)))),
        h("h3", {}, t("handover.warnings"), marked(changed, "warnings")),
        preview.warnings.length ? h("ul", { class: "gate-warnings" }, preview.warnings.map(warningLine))
            : h("p", { class: "small" }, t("handover.warnings_none")),
        h("h3", {}, t("handover.take_back")), h("p", { class: "small" }, t("handover.take_back.before")),
            h("p", { class: "small" }, t("handover.take_back.after"))];
}

function documentWords(consent, desk) {
    const current = currentDocument(desk);
    const isCurrent = current.id === consent.document && current.version === consent.version;
    return t(isCurrent ? "handover.document_current" : "handover.document_older", { version: consent.version });
}

function consentFacts(consent, desk) {
    const document = documentOf(desk, consent);
    const same = document?.sha256 === consent.sha256;
    return h("dl", { class: "facts" },
        fact(t("handover.document"), outside(documentWords(consent, desk))),
        fact(t("handover.text_hash"), h("span", { class: "hash", title: consent.sha256 },
            `${consent.sha256.slice(0, 8)}…`), " ",
            same ? h("span", { class: "good" }, icon("check"), t("handover.hash_same")) : ""),
        fact(t("handover.given_by"), outside([consent.capacity, consent.given_by].filter(Boolean).join(" "))),
        fact(t("handover.channel"), t(`channel.${consent.channel}`)),
        fact(t("handover.given_at"), fullTime(consent.given_at, language.get())),
        fact(t("handover.recorded_by"), outside(nameOf(consent.recorded_by.id))),
        fact(t("handover.scopes"), consent.scopes.map((scope) => t(`scope.${scope}`)).join(t("handover.and"))));
}

function intentionFacts(intention, preview) {
    return h("dl", { class: "facts" },
        fact(t("handover.provider"), outside(intention.provider === preview.provider.id ? pick(preview.provider.name)
            : intention.provider)),
        fact(t("handover.expressed_by"), outside(intention.given_by)),
        fact(t("handover.channel"), t(`channel.${intention.channel}`)),
        fact(t("handover.given_at"), fullTime(intention.given_at, language.get())),
        fact(t("handover.recorded_by"), outside(nameOf(intention.recorded_by.id))));
}

const verdict = (good, words) => h("p", { class: good ? "small good" : "small bad" }, icon(good ? "ok" : "stop"), " ",
    words);

export function basisBody({ preview, value, desk }, changed) {
    const consents = inForce(value.consents);
    const intention = intentionInForce(value.intention);
    const document = documentOf(desk, consents.at(-1));
    const same = preview.provider.id === document?.provider;
    const clause = find(clausesOf(document?.text ?? ""), "3");
    return [h("h3", {}, icon(consents.length ? "ok" : "stop"), " ", t("handover.consent"), marked(changed, "consent")),
        consents.map((consent) => consentFacts(consent, desk)),
        h("h3", {}, icon(intention ? "ok" : "stop"), " ", t("handover.intention"), marked(changed, "intention")),
            intention ? intentionFacts(intention, preview) : null,
        h("h3", {}, t("handover.same"), marked(changed, "same")),
            verdict(same, t(same ? "handover.same_yes" : "handover.same_no")),
        h("h3", {}, t("handover.report")),
        clause ? h("p", { class: "quote outside", lang: "ja" }, `「${clause.text}」`) : null];
}
