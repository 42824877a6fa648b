/* SPDX-License-Identifier: Apache-2.0 */
/* Consents and intentions that stand or stood: which version, whose word, and what a withdrawal did. */
import { h, icon, replace } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { nameOf } from "../../core/people.js";
import { shortTime } from "../../core/times.js";
import { inForce, intentionInForce } from "../../pure/consent.js";

const byLine = (given) => t("consent.by", { name: given.given_by, channel: t(`channel.${given.channel}`),
    time: shortTime(given.given_at) });

const withdrawnLine = ({ withdrawn }) => h("span", { class: "given-withdrawn" }, icon("cross"), " ",
    t("consent.withdrawn", { time: shortTime(withdrawn.given_at), name: withdrawn.given_by }), "　",
        t(`withdraw.effect.${withdrawn.effect}`),
    withdrawn.reason ? ["　", h("span", { class: "outside" }, withdrawn.reason)] : null);

const consentLine = (consent) => h("li", { class: "given-line" }, h("b", { class: "outside" }, consent.version), " ",
    h("span", { class: "outside" }, byLine(consent)), " ",
    h("span", { class: "secondary" }, consent.scopes.map((scope) => t(`scope.${scope}`)).join(t("given.and")), "　",
        t("consent.recorded_by", { by: nameOf(consent.recorded_by.id) })),
    consent.withdrawn ? [" ", withdrawnLine(consent)] : null);

function standing({ title, none, list, act, words }) {
    return h("div", { class: list.length ? "given-now good" : "given-now" },
        h("p", { class: "given-now-head" }, icon(list.length ? "ok" : "open"), " ", h("b", {}, title), list.length ? ""
            : ["　", none],
            list.length ? h("button", { type: "button", class: "link given-withdraw", on: { click: act } }, words)
                : null),
        list.length ? h("ul", {}, list) : null);
}

export function earlierConsents({ withdraw }) {
    const element = h("div", { class: "given-earlier" });
    let shown = null;

    function show(value) {
        const consents = value?.consents ?? [];
        const said = JSON.stringify(consents);
        if (said === shown)
            return;
        shown = said;
        const now = inForce(consents);
        const before = consents.filter((one) => !now.includes(one)).reverse();
        replace(element, standing({ title: t("consent.now"), none: t("consent.now_none"), list: now.map(consentLine),
            act: withdraw, words: t("consent.withdraw") }),
            before.length ? h("details", {}, h("summary", {}, t("consent.earlier", { count: before.length })),
                h("ul", {}, before.map(consentLine))) : null);
    }
    return { element, show };
}

export function earlierIntention({ withdraw }) {
    const element = h("div", { class: "given-earlier" });
    let shown = null;

    function line(intention, provider) {
        return h("li", { class: "given-line" }, h("b", { class: "outside" }, intention.provider === provider.id
            ? pick(provider.name) : intention.provider), " ",
            h("span", { class: "outside" }, byLine(intention)), " ",
            h("span", { class: "secondary" }, t("consent.recorded_by", { by: nameOf(intention.recorded_by.id) })),
            intention.provider === provider.id ? null
                : [" ", h("span", { class: "warn" }, icon("warning"), " ", t("intention.other_provider"))],
            intention.withdrawn ? [" ", withdrawnLine(intention)] : null);
    }

    function show(value, desk) {
        const intention = value?.intention ?? null;
        const said = JSON.stringify(intention);
        if (said === shown)
            return;
        shown = said;
        const now = intentionInForce(intention);
        const list = intention ? [line(intention, desk.provider)] : [];
        replace(element, standing({ title: t("intention.now"), none: t("intention.now_none"), list: now ? list : [],
            act: withdraw, words: t("intention.withdraw") }),
            now ? null : h("ul", {}, list));
    }
    return { element, show };
}
