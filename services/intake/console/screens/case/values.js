/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the sheet's fields and sections, of the kind of incident, of the provider. */
import { tables } from "../../core/app.js";
import { pick, t } from "../../core/language.js";
import { choiceText } from "../../core/values.js";

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
