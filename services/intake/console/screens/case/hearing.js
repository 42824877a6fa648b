/* SPDX-License-Identifier: Apache-2.0 */
/* The hearing sheet as it stands, with what stood there before. */
import { tables } from "../../core/app.js";
import { h, icon } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { valueText } from "../../core/values.js";
import { formerValues, hearingCounts, hearingRows } from "../../pure/hearing.js";
import { block, button, card, heading, outside, shortAt, table, whoOf, wordOr } from "./parts.js";
import { labelOf, sectionLabel } from "./values.js";

const FORMER_MAX = 5;

const formerCell = ({ former, ...field }) =>
    former.length === 0
        ? h("span", { class: "secondary" }, t("case.hearing.unchanged"))
        : h("ul", { class: "former" },
              former
                  .slice(0, FORMER_MAX)
                  .map(({ value, at, by }, index) =>
                      h("li", {},
                          h("s", {}, outside(valueText(field, value), `former${field.pointer}-${index}`)),
                          " ",
                          h("span", { class: "secondary" }, "（", shortAt(at), ` ${whoOf(by)}）`),
                      ),
                  ),
              former.length > FORMER_MAX
                  ? h("li", { class: "secondary" },
                        t("case.hearing.former_more", { count: former.length - FORMER_MAX }),
                    )
                  : null,
          );

const valueCell = (row) =>
    ["unknown", "declined"].includes(row.value)
        ? h("span", { class: "secondary" }, icon("open"), t(row.value))
        : !row.answered
          ? h("span", { class: "secondary" }, t("case.hearing.unasked"))
          : h("b", { class: "value" }, outside(valueText(row, row.value, row.precision), `value${row.pointer}`));

const rowOf = (row) =>
    h("tr", {},
        h("th", { scope: "row" }, labelOf(row, row.index)),
        h("td", {}, valueCell(row)),
        h("td", {},
            row.source ? outside(wordOr(`case.source.${row.source}`, row.source), `source${row.pointer}`) : t("none"),
        ),
        h("td", {}, formerCell(row)),
    );

const groups = (rows) =>
    [...new Set(rows.map(({ section }) => section))].map((section) => ({
        section,
        rows: rows.filter((row) => row.section === section),
    }));

export function hearingSection(ctx) {
    let all = false;
    const rowsOf = (value) => hearingRows(tables.sheet, value.hearing, formerValues(ctx.moments.get()));
    const counts = block(
        { class: "secondary" },
        (value) => hearingCounts(rowsOf(value)),
        (value) => t("case.hearing.counts", hearingCounts(rowsOf(value))),
        "span",
    );
    const body = block({}, (value) => [all, rowsOf(value)], build);
    const more = button(
        "hearing-all",
        "",
        () => {
            all = !all;
            ctx.update();
        },
        "link",
    );

    function build(value) {
        const rows = rowsOf(value).filter((row) => all || row.answered || row.former.length > 0);
        more.textContent = t(all ? "case.hearing.some" : "case.hearing.all");
        return groups(rows).map((group) => [
            h("h3", {}, sectionLabel(group.section)),
            table(
                sectionLabel(group.section),
                ["item", "value", "source", "former"].map((head) => t(`case.hearing.${head}`)),
                group.rows.map(rowOf),
                "hearing",
            ),
        ]);
    }

    const element = card(
        "hearing",
        heading("hearing", counts.element, h("a", { href: `/cases/${ctx.id}/call` }, t("case.hearing.open"))),
        body.element,
        more,
    );
    return {
        id: "hearing",
        element,
        update: (value) => {
            counts.update(value);
            body.update(value);
        },
        forms: [],
    };
}
