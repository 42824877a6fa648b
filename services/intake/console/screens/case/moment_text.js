/* SPDX-License-Identifier: Apache-2.0 */
/* A moment of the timeline as one sentence. */
import { t } from "../../core/language.js";
import { momentSays } from "../../pure/moments.js";
import { wordOr } from "./parts.js";

export function momentText(moment) {
    const { words, values } = momentSays(moment);
    const texts = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, value?.word ? wordOr(value.word, "") : value]),
    );
    return wordOr(words, null) === null ? t("case.moment.other") : t(words, texts);
}
