/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consents and the intention: as they were recorded, and how each is taken back. Recording them has screens of
 * its own.
 */
import { tables } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { h } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { inForce } from "../../pure/consent.js";
import { saidFields } from "./fields.js";
import { formSlot } from "./form.js";
import { block, button, card, chip, facts, fullAt, heading, outside, whoOf, wordOr } from "./parts.js";
import { providerName } from "./values.js";

const effectWords = ({ effect, recalled_before: before }) =>
    t(`case.effect.${before ? "recalled_before" : (effect ?? "stopped")}`);

const withdrawal = (withdrawn, id) =>
    withdrawn &&
    h("div", { class: "withdrawn" },
        h("p", {}, chip("bad", "cross", t("case.withdrawn"))),
        facts([
            [t("case.given_by"), outside(withdrawn.given_by, `withdrawn-by-${id}`)],
            [t("case.channel"), t(`channel.${withdrawn.channel}`)],
            [t("case.given_at"), fullAt(withdrawn.given_at)],
            [t("case.reason"), withdrawn.reason ? outside(withdrawn.reason, `withdrawn-why-${id}`) : null],
            [t("case.effect"), h("b", {}, effectWords(withdrawn))],
        ]),
    );

function documentText(consent) {
    const known = tables.desk?.consent_documents?.find(
        ({ id, version }) => id === consent.document && version === consent.version,
    );
    const current = tables.desk?.consent_documents?.[0];
    const isCurrent = current?.id === consent.document && current?.version === consent.version;
    return [
        outside(consent.document, `document-${consent.id}`),
        " ",
        h("b", {}, t("case.version", { version: consent.version })),
        isCurrent ? t("case.version.current") : t("case.version.older"),
        known
            ? h("span", { class: known.sha256 === consent.sha256 ? "good" : "bad" },
                  " ",
                  t(known.sha256 === consent.sha256 ? "case.text.same" : "case.text.other"),
              )
            : null,
    ];
}

/* What was agreed to a text that another has taken the place of counts no more, though nobody has taken it back. */
const STANDS = {
    is: ["good", "ok", "case.consent.is"],
    was: ["", "open", "case.consent.was"],
    replaced: ["", "void", "case.consent.replaced"],
};

function stands(consent, consents) {
    const [kind, name, words] = STANDS[consent.withdrawn ? "was" : inForce(consents).includes(consent) ? "is" : "replaced"];
    return chip(kind, name, t(words));
}

const consentBox = (consent, consents) =>
    h("div", { class: "box", "data-id": consent.id },
        h("h3", {}, stands(consent, consents)),
        facts([
            [t("case.document"), documentText(consent)],
            [
                "SHA-256",
                h("span", { class: "hash", title: consent.sha256 },
                    `${consent.sha256.slice(0, 8)}…${consent.sha256.slice(-4)}`,
                ),
            ],
            [t("case.scopes"), consent.scopes.map((scope) => wordOr(`scope.${scope}`, scope)).join("、")],
            [
                t("case.given_by"),
                [
                    outside(consent.given_by, `by-${consent.id}`),
                    consent.capacity ? ["（", outside(consent.capacity, `capacity-${consent.id}`), "）"] : null,
                ],
            ],
            [t("case.channel"), t(`channel.${consent.channel}`)],
            [t("case.given_at"), fullAt(consent.given_at)],
            [t("case.recorded_by"), whoOf(consent.recorded_by)],
        ]),
        withdrawal(consent.withdrawn, consent.id),
    );

const intentionBox = (intention) =>
    h("div", { class: "box" },
        h("h3", {},
            chip(
                intention.withdrawn ? "" : "good",
                intention.withdrawn ? "open" : "ok",
                t(intention.withdrawn ? "case.intention.was" : "case.intention.is"),
            ),
        ),
        facts([
            [t("case.provider"), h("b", { class: "outside" }, providerName(intention.provider))],
            [t("case.given_by"), outside(intention.given_by, "intention-by")],
            [t("case.channel"), t(`channel.${intention.channel}`)],
            [t("case.given_at"), fullAt(intention.given_at)],
            [t("case.recorded_by"), whoOf(intention.recorded_by)],
        ]),
        withdrawal(intention.withdrawn, "intention"),
    );

const none = (words) => h("div", { class: "box" }, h("p", {}, chip("", "open", words)));

function withdrawalForm(ctx, kind, path) {
    const write = writer("POST", `/v1/cases/${ctx.id}/${path}`);
    return formSlot(ctx, `consent-${kind}`, () => ({
        title: t(`case.withdraw.${kind}`),
        note: t(`case.withdraw.${kind}.note`),
        bad: true,
        words: t("case.withdraw.do"),
        write,
        done: ({ body }) => (body?.effect ? effectWords(body) : t("write.late")),
        fields: [...saidFields(), { name: "reason", label: t("case.reason"), kind: "area" }],
    }));
}

export function consentSection(ctx) {
    const consentForm = withdrawalForm(ctx, "consents", "consents/withdrawal");
    const intentionForm = withdrawalForm(ctx, "intention", "intention/withdrawal");
    const link = (column) =>
        h("a", { class: "button small", href: `/cases/${ctx.id}/${column}`, id: `to-${column}` },
            t(`case.to.${column}`),
            h("kbd", {}, column === "consent" ? "Alt+C" : "Alt+I"),
        );
    const consents = block(
        { class: "stack" },
        ({ consents: list }) => list,
        ({ consents: list }) => (list.length ? [...list].reverse().map((one) => consentBox(one, list)) : none(t("case.consent.none"))),
    );
    const intention = block(
        { class: "stack" },
        ({ intention: one }) => one,
        ({ intention: one }) => (one ? intentionBox(one) : none(t("case.intention.none"))),
    );
    const takeBack = (form, kind) =>
        button(`withdraw-${kind}`, t(`case.withdraw.${kind}`), () => form.begin(""), "link");
    const backConsent = takeBack(consentForm, "consents");
    const backIntention = takeBack(intentionForm, "intention");

    function update(value) {
        consents.update(value);
        intention.update(value);
        const open = ctx.maySay() && value.status !== "closed";
        backConsent.hidden = !open || inForce(value.consents).length === 0;
        backIntention.hidden = !open || !value.intention || Boolean(value.intention.withdrawn);
    }

    const element = card(
        "consent",
        heading("consent", null, link("consent"), link("intention")),
        h("div", { class: "two" },
            h("div", {}, consents.element, backConsent),
            h("div", {}, intention.element, backIntention),
        ),
        consentForm.element,
        intentionForm.element,
    );
    return { id: "consent", element, update, forms: [consentForm, intentionForm] };
}
