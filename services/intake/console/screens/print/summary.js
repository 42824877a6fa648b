/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case on paper: what happened, what was found, agreed, handed over and changed. Notes of the desk are not
 * part of it.
 */
import { h } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { leafletSteps, proposalsOf } from "../../pure/case_steps.js";
import { searchWithResult } from "../../pure/coverage.js";
import { momentSays, newestFirst } from "../../pure/moments.js";
import { coverageList, dayTime, histogramKnown, number, severeText } from "../case/coverage.js";
import { histogramFigure } from "../case/histogram.js";
import { whoOf, wordOr } from "../case/parts.js";
import { momentText } from "../case/moment_text.js";
import { incidentType, providerName } from "../case/values.js";
import { chainWords, paperHead, paperTable, part, said, when } from "./parts.js";

const MOMENTS_MAX = 400;
const PAPER_WIDTH = 600;

const overview = (value) =>
    part(
        t("case.print.overview"),
        paperTable(null, [
            [t("case.print.type"), said(incidentType(value.hearing) ?? t("none"))],
            [t("case.print.incident"), said(value.hearing.incident?.summary ?? "")],
            [
                t("case.print.status"),
                [t(`status.${value.status}`), value.flags.map((flag) => `・${t(`flag.${flag}`)}`)],
            ],
            [t("case.policy"), value.policy ? said(value.policy.text) : t("case.policy.none")],
            [
                t("case.assessment"),
                value.assessment
                    ? [t(`case.steps.needed.${value.assessment.needed}`), " ", said(value.assessment.reason ?? "")]
                    : t("case.assessment.none"),
            ],
        ]),
        h("ol", { class: "paper-steps" },
            leafletSteps(value).map(({ step, state, at }) =>
                h("li", { class: state },
                    h("b", {}, t(`status.${step}`)),
                    h("span", {}, at ? dayTime(at) : t(`case.steps.say.${state}`)),
                ),
            ),
        ),
    );

function detections(value) {
    const search = searchWithResult(value.triage);
    if (!search)
        return part(t("case.section.detections"), h("p", {}, t(`triage.${value.triage?.status ?? "waiting"}`)));
    return part(
        t("case.section.detections"),
        h("p", {},
            h("b", {}, t("case.detections.count", { count: number(search.detections) })),
            "　",
            severeText(search),
            "　",
            t("case.detections.more", {
                blocked: number(search.blocked),
                records: number(search.records),
                devices: number(search.touched_devices),
            }),
        ),
        search.detections > 0
            ? histogramFigure(histogramKnown(search), value.hearing.incident?.discovered_at, PAPER_WIDTH)
            : null,
        h("p", {}, said(pick(search.spoken))),
        coverageList(search),
    );
}

const given = (one) => [
    said(one.given_by),
    one.capacity ? ["（", said(one.capacity), "）"] : "",
    "・",
    t(`channel.${one.channel}`),
    "・",
    when(one.given_at),
    one.withdrawn
        ? h("div", {},
              h("b", {}, t("case.withdrawn")),
              " ",
              said(one.withdrawn.given_by),
              "・",
              when(one.withdrawn.given_at),
              " ",
              t(`case.effect.${one.withdrawn.effect ?? "stopped"}`),
          )
        : null,
];

const consents = (value) =>
    part(
        t("case.section.consent"),
        paperTable(null, [
            ...value.consents.map((consent) => [
                [t("case.document"), " ", said(`${consent.document} ${consent.version}`)],
                [
                    given(consent),
                    h("div", {}, consent.scopes.map((scope) => wordOr(`scope.${scope}`, scope)).join("、")),
                ],
            ]),
            [
                t("case.print.intention"),
                value.intention
                    ? [said(providerName(value.intention.provider)), "・", given(value.intention)]
                    : t("case.intention.none"),
            ],
        ]),
        value.consents.length ? null : h("p", {}, t("case.consent.none")),
    );

function handovers(value) {
    const told = value.escalation?.handovers ?? [];
    if (told.length === 0)
        return part(
            t("case.section.handover"),
            h("p", {}, t(`state.${value.escalation?.state ?? "none"}`), " ", t("case.handover.nothing")),
        );
    return part(
        t("case.section.handover"),
        told.map((entry) =>
            paperTable(
                [providerName(entry.provider), t(`state.${entry.state}`)],
                (entry.steps ?? [])
                    .map((step) => [t(`case.road.${step.step}`), when(step.at)])
                    .concat(
                        (entry.items ?? []).map(({ name, upload, length, sha256 }) => [
                            said(name ?? t("case.file", { upload: upload.slice(0, 8) })),
                            [`${number(length)} B `, h("span", { class: "hash paper-hash" }, sha256)],
                        ]),
                    ),
            ),
        ),
    );
}

const answerOf = ({ state, decided, applied }) => [
    h("b", {}, t(`case.proposal.${state}`)),
    decided ? h("div", {}, said(decided.given_by), "・", when(decided.given_at)) : null,
    applied?.note ? h("div", {}, said(applied.note)) : null,
];

function proposals(value) {
    const list = proposalsOf(value);
    return list.length === 0
        ? null
        : part(
              t("case.proposals"),
              paperTable(
                  ["setting", "before", "after", "answer"].map((head) => t(`case.proposal.${head}`)),
                  list.map((one) => [
                      [pick(one.proposed.setting), h("div", {}, said(one.proposed.target))],
                      said(pick(one.proposed.before)),
                      said(one.decided?.after ?? pick(one.proposed.after)),
                      answerOf(one),
                  ]),
              ),
          );
}

const dates = (value) =>
    value.clocks?.length
        ? part(
              t("case.clocks"),
              paperTable(
                  null,
                  value.clocks.map((clock) => [when(clock.due_at), pick(clock)]),
              ),
          )
        : null;

/* What notes say stays at the desk. */
function story(moments) {
    const list = newestFirst(moments)
        .filter(({ kind, what }) => kind !== "notice" && what !== "note.added")
        .slice(0, MOMENTS_MAX)
        .reverse();
    return part(
        t("case.section.timeline"),
        paperTable(
            null,
            list.map((moment) => [
                when(moment.at),
                [said(momentText(moment)), " ", h("span", { class: "paper-who" }, whoOf(momentSays(moment).actor))],
            ]),
            "two-columns",
        ),
    );
}

export function summaryPaper({ value, moments, chain }) {
    return [
        paperHead("summary", value),
        overview(value),
        detections(value),
        consents(value),
        handovers(value),
        proposals(value),
        dates(value),
        story(moments),
        h("footer", { class: "paper-foot" },
            h("p", {}, chainWords(chain)),
            h("p", {}, t("case.print.secret")),
        ),
    ];
}
