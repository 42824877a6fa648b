/* SPDX-License-Identifier: Apache-2.0 */
/* A value of the hearing sheet as it will leave, in words. */
import { valueText } from "../../core/values.js";
import { valueAt } from "../../pure/sheet.js";

export { sizeText as bytesText } from "../../pure/size.js";

/** {text, source} of the item at a pointer of the hearing */
export function itemText(hearing, field, pointer) {
    return { text: valueText(field, valueAt(hearing, pointer), valueAt(hearing, `${pointer}_precision`)),
        source: hearing.sources?.[pointer] ?? null };
}
