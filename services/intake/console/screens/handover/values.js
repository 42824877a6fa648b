/* SPDX-License-Identifier: Apache-2.0 */
/* A value of the hearing sheet as it will leave, in words. */
import { language, pick, t } from "../../core/language.js";
import { fullTime } from "../../core/times.js";
import { valueAt } from "../../pure/sheet.js";

export { sizeText as bytesText } from "../../pure/size.js";

const ANSWERS = ["unknown", "declined"];

/** The name of a choice; the code itself where the sheet has no name for it. */
function choiceText(field, code) {
    const label = field?.labels?.find(({ value }) => value === code);
    return label ? pick(label) : String(code);
}

function listText(field, list) {
    if (list.length === 0)
        return t("handover.empty_list");
    if (field?.type === "choices")
        return list.map((code, index) => `${index + 1} ${choiceText(field, code)}`).join("　");
    return list.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))).join(t("handover.and"));
}

export function valueText(field, value, precision) {
    if (ANSWERS.includes(value))
        return t(value);
    if (Array.isArray(value))
        return listText(field, value);
    if (field?.type === "time")
        return fullTime(value, language.get()) + (["hour", "day"].includes(precision)
            ? t(`handover.precision.${precision}`) : "");
    if (field?.type === "choice")
        return choiceText(field, value);
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** {text, source} of the item at a pointer of the hearing */
export function itemText(hearing, field, pointer) {
    return { text: valueText(field, valueAt(hearing, pointer), valueAt(hearing, `${pointer}_precision`)),
        source: hearing.sources?.[pointer] ?? null };
}
