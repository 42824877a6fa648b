/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the hearing sheet as people read them, by the sheet's own table. */
import { tables } from "../../core/app.js";
import { language, pick, t } from "../../core/language.js";
import { formatWhen } from "../../pure/time_shown.js";

const answerWord = (value) => (value === "unknown" || value === "declined" ? t(value) : null);

/* Playbooks name the kinds of incident in both languages; other choices have their labels in the sheet. */
function choiceText(field, value) {
    const label = field.labels?.find((one) => one.value === value);
    if (label)
        return pick(label);
    const playbook = field.pointer.endsWith("/incident/type")
        ? tables.playbooks?.find((one) => one.playbook === value)
        : null;
    return playbook ? pick(playbook.title) : (answerWord(value) ?? value);
}

const timeText = (value, precision) =>
    `${formatWhen(value, precision, language.get()).text}${precision === "hour" ? t("case.to_the_hour") : ""}`;

/** The text of a value of `field`; text from outside is not changed. */
export function valueText(field, value, precision) {
    if (value === undefined || value === null)
        return t("none");
    if (answerWord(value) && field.type !== "choice")
        return answerWord(value);
    if (Array.isArray(value))
        return value.length === 0
            ? t("none")
            : value
                  .map((one) => (typeof one === "object" ? JSON.stringify(one) : choiceText(field, String(one))))
                  .join("、");
    if (field.type === "time")
        return timeText(value, precision);
    return field.type === "choice" ? choiceText(field, value) : String(value);
}

/** 機器名（2台目） */
export const labelOf = (field, index) =>
    index === null ? pick(field) : t("case.nth", { label: pick(field), number: index + 1 });
export const sectionLabel = (pointer) =>
    pick(tables.sheet.sections.find((section) => section.pointer === pointer)) || t("case.hearing.others");

/** The incident's kind, or null. */
export function incidentType(hearing) {
    const field = tables.sheet.fields.find(({ pointer }) => pointer === "/incident/type");
    const value = hearing.incident?.type;
    return field && value ? choiceText(field, value) : null;
}

export const providerName = (id) => (tables.desk?.provider?.id === id ? pick(tables.desk.provider.name) : (id ?? ""));
