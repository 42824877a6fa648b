/* SPDX-License-Identifier: Apache-2.0 */
/* Head and foot of every sheet of paper, and the words of the chain's check. */
import * as api from "../../core/api.js";
import { tables } from "../../core/app.js";
import { h } from "../../core/dom.js";
import { language, pick, t } from "../../core/language.js";
import { fullTime } from "../../core/times.js";

export const when = (time) => (time ? fullTime(time, language.get()) : t("none"));

/** What stands on top: what it is, of which case, of which desk, when it was printed and at which revision. */
export const paperHead = (what, value) =>
    h("header", { class: "paper-head" },
        h("div", {},
            h("h2", {}, t(`case.print.${what}`)),
            h("p", { class: "outside paper-company" }, value.hearing.contact?.company ?? ""),
        ),
        h("dl", { class: "paper-facts" },
            [
                [t("case.print.number"), h("span", { class: "number" }, value.number)],
                [t("case.print.opened"), when(value.opened_at)],
                [t("case.print.printed"), when(api.now())],
                [t("case.print.desk"), `${pick(tables.desk?.name)} ${tables.desk?.phone ?? ""}`],
                [t("case.print.revision"), `${value.revision}・${value.head.slice(0, 16)}`],
            ].map(([label, said]) => [h("dt", {}, label), h("dd", {}, said)]),
        ),
    );

/** A part of the paper under its heading; nothing where there is nothing to say. */
export const part = (words, ...children) => h("section", { class: "paper-part" }, h("h3", {}, words), children);

export const paperTable = (heads, rows, className = "") =>
    h("table", { class: `paper-table ${className}` },
        heads
            ? h("thead", {},
                  h("tr", {},
                      heads.map((head) => h("th", { scope: "col" }, head)),
                  ),
              )
            : null,
        h("tbody", {},
            rows.map(([first, ...cells]) =>
                h("tr", {},
                    h("th", { scope: "row" }, first),
                    cells.map((cell) => h("td", {}, cell)),
                ),
            ),
        ),
    );

export const said = (text) => h("span", { class: "outside" }, text);

/** That the record's chain holds, computed for this paper. */
export const chainWords = ({ ok, checked, head, brokenAt }) =>
    ok
        ? t("case.print.chain.ok", { count: checked, time: when(api.now()), head })
        : t("case.print.chain.broken", { number: brokenAt + 1 });
