/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the hearing sheet as people read them, by the sheet's own table; text from outside is not changed. */
import { formatWhen } from "../pure/time_shown.js";
import { language, pick, t } from "./language.js";

const ANSWERS = ["unknown", "declined"];
const TO = ["hour", "day"]; /* what is not to the minute is said so */

export const isAnswer = (value) => ANSWERS.includes(value);

/** The name of a choice; the value itself where the sheet has no name for it. */
export function choiceText(field, value) {
    const label = field?.labels?.find((one) => one.value === value);
    if (label)
        return pick(label);
    return isAnswer(value) ? t(value) : String(value);
}

export function timeText(value, precision = "minute") {
    const { text } = formatWhen(value, precision, language.get());
    return TO.includes(precision) ? text + t(`precision.${precision}`) : text;
}

const entryText = (field, entry) => (typeof entry === "object" ? JSON.stringify(entry) : choiceText(field, entry));

/* Several choices stand in the order in which they were named. */
function listText(field, list) {
    if (list.length === 0)
        return t("value.empty_list");
    const texts = list.map((entry) => entryText(field, entry));
    return field?.type === "choices" ? texts.map((text, index) => `${index + 1} ${text}`).join("　") : texts.join(t("value.and"));
}

/** `field` null: of no field of the sheet. */
export function valueText(field, value, precision) {
    if (value === undefined || value === null)
        return t("none");
    if (Array.isArray(value))
        return listText(field, value);
    if (field?.type === "time" && !isAnswer(value))
        return timeText(value, precision);
    return entryText(field, value);
}
