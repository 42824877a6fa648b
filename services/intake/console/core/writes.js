/* SPDX-License-Identifier: Apache-2.0 */
/* What to say of a write that was answered, and which fields the desk named. */
import { t } from "./language.js";
import { tables } from "./app.js";
import { language } from "./language.js";

const labelOf = (pointer) => {
    const field = tables.sheet?.fields.find((one) => one.pointer === pointer.replace(/\/\d+(?=\/|$)/g, "/N"));
    return field ? (language.get() === "en" ? field.en : field.ja) : null;
};

/** Empty where it is `ok`. */
export function writeText({ kind, problem }) {
    if (kind === "ok")
        return "";
    if (kind === "invalid") {
        const name = labelOf(problem?.errors?.[0]?.pointer ?? "");
        return name ? t("write.invalid", { field: name }) : t("write.invalid_any");
    }
    return t(`write.${kind}`);
}
