/* SPDX-License-Identifier: Apache-2.0 */
/* The hearing sheet on paper: every item, also the ones that were not asked, with room to write. */
import { tables } from "../../core/app.js";
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { valueText } from "../../core/values.js";
import { formerValues, hearingRows } from "../../pure/hearing.js";
import { shortTime } from "../../core/times.js";
import { now } from "../../core/api.js";
import { labelOf } from "../case/values.js";
import { whoOf } from "../case/parts.js";
import { chainWords, paperHead, paperTable, part, said } from "./parts.js";

const before = (row) =>
    row.former
        .slice(0, 2)
        .map(({ value, at, by }) =>
            h("div", { class: "paper-former" },
                h("s", {}, said(valueText(row, value))),
                `（${shortTime(at, now())} ${whoOf(by)}）`,
            ),
        );

const rowOf = (row) => [
    labelOf(row, row.index),
    row.answered
        ? [h("b", {}, said(valueText(row, row.value, row.precision))), before(row)]
        : h("span", { class: "paper-blank" }, t("case.print.blank")),
];

export function sheetPaper({ value, moments, chain }) {
    const rows = hearingRows(tables.sheet, value.hearing, formerValues(moments));
    return [
        paperHead("sheet", value),
        tables.sheet.sections.map((section) =>
            part(
                pick(section),
                paperTable(null, rows.filter(({ section: of }) => of === section.pointer).map(rowOf), "two-columns"),
            ),
        ),
        h("footer", { class: "paper-foot" },
            h("p", {}, chainWords(chain)),
            h("p", {}, t("case.print.secret")),
        ),
    ];
}
