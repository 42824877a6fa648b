/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of the provider: what they say, and their parts to open. */
import * as api from "../../core/api.js";
import { h, icon } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { signal } from "../../core/signal.js";
import { block, chip, facts, outside, shortAt, sizeText, table } from "./parts.js";

const TONE = { opened: ["good", "ok"], refused: ["bad", "cross"], held: ["warn", "stop"] };
const words = (finding) =>
    typeof finding === "string"
        ? finding
        : (finding.text ?? finding.summary ?? finding.title ?? JSON.stringify(finding));

const list = (items, make) =>
    items?.length
        ? h("ul", { class: "findings" },
              items.map((item, index) => h("li", {}, make(item, index))),
          )
        : null;

const itemLink = (id, report, item) =>
    h("li", {},
        h(
            "a",
            {
                href: `/v1/cases/${id}/report?report=${encodeURIComponent(report)}&item=${item.item}`,
                target: "_blank",
                rel: "noopener",
            },
            icon("file"),
            h("span", { class: "outside" }, item.name),
        ),
        h("span", { class: "secondary" }, ` ${item.media_type}・${sizeText(item.length)}`),
    );

function reportBox(id, report) {
    const short = report.report.slice(0, 12);
    return h("div", { class: "box" },
        h("div", { class: "case-heading" },
            h("h3", {}, t("case.report"), " ", h("span", { class: "hash", title: report.report }, `${short}…`)),
            chip(...(TONE[report.state] ?? ["act", "clock"]), t(`case.report.${report.state}`)),
        ),
        facts([
            [t("case.report.delivered_at"), shortAt(report.delivered_at)],
            [t("case.report.recorded_at"), report.recorded_at ? shortAt(report.recorded_at) : null],
            [
                t("case.reason"),
                report.failure
                    ? outside(report.failure, `failure-${short}`)
                    : list(report.reasons, (reason) => pick(reason) || reason.code),
            ],
            [
                t("case.report.findings"),
                list(report.findings, (finding, index) => outside(words(finding), `finding-${short}-${index}`)),
            ],
            [
                t("case.report.items"),
                report.items?.length
                    ? h("ul", {},
                          report.items.map((item) => itemLink(id, report.report, item)),
                      )
                    : null,
            ],
        ]),
        report.recommendations?.length
            ? table(
                  t("case.report.recommendations"),
                  [t("case.report.kind"), t("case.proposal.target"), t("case.reason")],
                  report.recommendations.map(({ kind, target, reason }, index) =>
                      h("tr", {},
                          h("td", { class: "outside" }, kind),
                          h("td", {}, outside(target, `target-${short}-${index}`)),
                          h("td", {}, outside(reason, `why-${short}-${index}`)),
                      ),
                  ),
              )
            : null,
    );
}

const hasReports = (value) =>
    (value.escalation?.reports ?? []).length > 0 || value.handovers.some(({ reported }) => reported);

/** What the provider reported, read again whenever something about it has changed. */
export function reportsPart(ctx) {
    const reports = signal({ kind: "none", list: [] });
    const said = block(
        { class: "stack" },
        () => reports.get(),
        () =>
            reports.get().kind === "failed"
                ? h("p", { class: "warn" }, icon("warning"), t("case.report.failed"))
                : reports.get().list.length
                  ? reports.get().list.map((report) => reportBox(ctx.id, report))
                  : h("p", { class: "secondary" }, t("case.report.none")),
    );
    let seen = "";

    async function read(inputs) {
        seen = inputs;
        const answer = await api.get(`/v1/cases/${ctx.id}/report`);
        if (answer.kind !== "ok")
            seen = "";
        reports.set(
            answer.kind === "ok"
                ? { kind: "ok", list: answer.body.reports }
                : { kind: answer.kind === "missing" ? "none" : "failed", list: reports.get().list },
        );
        said.update();
    }

    function update(value) {
        const inputs = JSON.stringify([value.escalation?.reports, value.handovers.map(({ reported }) => reported)]);
        if (hasReports(value) && inputs !== seen)
            read(inputs);
        said.update();
    }

    return { element: said.element, update, reports };
}
