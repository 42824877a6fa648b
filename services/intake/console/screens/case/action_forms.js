/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of the first response: each records one thing. */
import { tables } from "../../core/app.js";
import { writer } from "../../core/case.js";
import { pick, t } from "../../core/language.js";
import { formSlot } from "./form.js";
import { allSteps, playbookHere } from "./steps.js";

function formsOf(ctx, act) {
    const form = (name, make) => formSlot(ctx, `actions-${name}`, make);
    const step = (of) => allSteps(ctx.value()).find(({ key }) => key === of);
    const naming = (of) => (step(of)?.title ? pick(step(of).title) : of);
    return {
        step: form(
            "step",
            (of) =>
                step(of)?.kind_of_step && {
                    title: `${t("case.steps.do")}：${naming(of)}`,
                    words: t("case.record"),
                    fields: [
                        {
                            name: "by",
                            label: t("case.steps.by"),
                            kind: "choice",
                            value: ctx.stepBy,
                            required: true,
                            options: ["customer", "operator", "provider"].map((by) => [by, t(`case.by.${by}`)]),
                        },
                    ],
                    write: ({ by }) =>
                        act({
                            kind: "step",
                            by,
                            step: { playbook: playbookHere(ctx.value()).playbook, step: step(of).step },
                        }),
                },
        ),
        waiver: form(
            "waiver",
            (of) =>
                step(of)?.kind_of_step && {
                    title: `${t("case.steps.waive")}：${naming(of)}`,
                    words: t("case.record"),
                    fields: [{ name: "reason", label: t("case.reason"), kind: "area", required: true }],
                    write: ({ reason }) =>
                        act({
                            kind: "waiver",
                            waiver: { of: step(of).mandatory ? "mandatory" : "step", step: step(of).step, reason },
                        }),
                },
        ),
        callback: form("callback", () => ({
            title: t("case.callback.promise"),
            words: t("case.record"),
            fields: [
                { name: "due_at", label: t("case.callback.due_at"), kind: "coming", required: true },
            ],
            write: ({ due_at }) => act({ kind: "callback", callback: { due_at } }),
        })),
        mute: form("mute", () => ({
            title: t("case.mute"),
            note: t("case.mute.note"),
            words: t("case.mute.do"),
            fields: [{ name: "reason", label: t("case.reason"), kind: "area", required: true }],
            write: ({ reason }) => act({ kind: "mute", mute: { reason } }),
        })),
    };
}

function policyForm(ctx) {
    const write = writer("POST", `/v1/cases/${ctx.id}/policy`);
    return formSlot(ctx, "actions-policy", () => ({
        title: t("case.policy.record"),
        words: t("case.record"),
        write,
        fields: [
            {
                name: "playbook",
                label: t("case.playbook"),
                kind: "choice",
                required: true,
                value: ctx.value().policy?.playbook ?? ctx.value().hearing.incident?.type,
                options: (tables.playbooks ?? []).map(({ playbook, title }) => [playbook, pick(title)]),
            },
            { name: "text", label: t("case.policy"), kind: "area", required: true },
        ],
    }));
}

function assessmentForm(ctx) {
    const write = writer("POST", `/v1/cases/${ctx.id}/assessment`);
    return formSlot(ctx, "actions-assessment", () => ({
        title: t("case.assessment.record"),
        words: t("case.record"),
        fields: [
            {
                name: "needed",
                label: t("case.assessment"),
                kind: "choice",
                required: true,
                options: ["yes", "no"].map((needed) => [needed, t(`case.steps.needed.${needed}`)]),
            },
            { name: "reason", label: t("case.reason"), kind: "area" },
            {
                name: "introduced",
                label: t("case.assessment.introduce"),
                kind: "choice",
                options: [
                    ["yes", t("case.yes")],
                    ["no", t("case.no")],
                ],
            },
        ],
        write: ({ introduced, ...body }) => write({ ...body, ...(introduced === "yes" ? { introduced: true } : {}) }),
    }));
}

/** {step, waiver, callback, mute, assessment, policy}: a slot each; act(body) records an action. */
export const actionForms = (ctx, act) => ({
    ...formsOf(ctx, act),
    assessment: assessmentForm(ctx),
    policy: policyForm(ctx),
});
