/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the search of the customer's logs found: how much, when, how far it looked; a sample, and everything on
 * demand.
 */
import { h, icon, replace, setText, visible } from "../../core/dom.js";
import { pick, t } from "../../core/language.js";
import { writer } from "../../core/case.js";
import { shortTime } from "../../core/times.js";
import { now } from "../../core/api.js";
import { searchInForce, searchWithResult } from "../../pure/coverage.js";
import { isAsked } from "../../pure/detections.js";
import { matches, rowOf } from "../../pure/records.js";
import { coverageList, histogramKnown, number, severeText } from "./coverage.js";
import { formSlot } from "./form.js";
import { histogramFigure } from "./histogram.js";
import { block, button, card, chip, heading, outside, table } from "./parts.js";
import { cellsOf, headWords, recordList } from "./records.js";

const SHOWN = 8;
const short = (time) => shortTime(time, now());

function stateOf(triage) {
    const status = triage?.status ?? "waiting";
    const kinds = {
        found: ["warn", "flash"],
        none: ["", "open"],
        searching: ["act", "search"],
        failed: ["bad", "stop"],
        waiting: ["", "clock"],
    };
    return chip(...(kinds[status] ?? ["", "open"]), t(`triage.${status}`));
}

function countsOf(triage, search) {
    if (!search)
        return [stateOf(triage)];
    return [
        stateOf(triage),
        h("b", {}, t("case.detections.count", { count: number(search.detections) })),
        severeText(search) ? h("b", { class: "bad" }, icon("warning"), severeText(search)) : null,
        h("span", { class: "secondary" },
            t("case.detections.more", {
                blocked: number(search.blocked),
                records: number(search.records),
                devices: number(search.touched_devices),
            }),
        ),
    ];
}

const address = (id, search, format) =>
    `/v1/cases/${id}/extract?extraction=${encodeURIComponent(search.id)}${format ? `&format=${format}` : ""}`;

function downloads(id, number_, search, suffix = "") {
    const link = (format, ending) =>
        h(
            "a",
            {
                class: "button small",
                id: `download-${ending}${suffix}`,
                href: address(id, search, format),
                download: `${number_}.${ending}`,
            },
            icon("down"),
            ending.toUpperCase(),
        );
    return search?.records > 0
        ? [
              h("span", { class: "secondary" }, t("case.download")),
              link("", "ndjson"),
              link("csv", "csv"),
              link("raw", "log"),
          ]
        : null;
}

/* What somebody asked for besides: each answers its own question, and none of them stands for the case. */
const askedIn = (value) => (value.triage?.searches ?? []).filter(isAsked);

function askedRow(id, value, search) {
    return h("div", { class: "stack asked", role: "listitem" },
        h("div", { class: "row" },
            h("b", {}, short(search.requested_at)),
            h("span", {}, t(`triage.${search.status}`)),
            search.finished_at
                ? h("span", { class: "secondary" },
                      t("case.search.found", { records: number(search.records), detections: number(search.detections) }))
                : null,
            downloads(id, value.number, search, `-${search.id}`)),
        search.spoken ? h("p", { class: "outside" }, pick(search.spoken)) : null);
}

const askedRows = (id, value) => {
    const found = askedIn(value);
    return found.length
        ? [h("h3", {}, t("case.search.results")), h("div", { class: "stack", role: "list" }, [...found].reverse().map((search) => askedRow(id, value, search)))]
        : [];
};

function searchFields(hearing) {
    const devices = Array.isArray(hearing.device)
        ? hearing.device.map(({ name }) => name).filter((name) => name && !["unknown", "declined"].includes(name))
        : [];
    return [
        { name: "from", label: t("case.search.from"), kind: "when" },
        { name: "to", label: t("case.search.to"), kind: "when" },
        { name: "devices", label: t("case.search.devices"), kind: "area", value: devices.join("\n"), max: 20000 },
        { name: "text", label: t("case.search.text"), kind: "text", max: 500 },
        { name: "indicators", label: t("case.search.indicators"), kind: "area", max: 50000 },
    ];
}

const linesOf = (text) =>
    text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);

function searchBody(values) {
    const body = { ...values };
    for (const name of ["devices", "indicators"])
        if (body[name]) body[name] = linesOf(body[name]);
    return body;
}

/* The sample of the severest; what is typed into its filter stays through every update. */
function samples(search) {
    const input = h("input", {
        id: "samples-filter",
        type: "search",
        maxlength: 200,
        autocomplete: "off",
        placeholder: t("case.filter.example"),
        on: { input: show },
    });
    const place = h("div");
    let records = [];
    let all = false;

    function show() {
        const found = records.filter((record) => matches(JSON.stringify(record), input.value));
        const some = all ? found.slice(0, 100) : found.slice(0, SHOWN);
        replace(
            place,
            found.length === 0
                ? h("p", { class: "secondary" }, t("case.samples.none"))
                : table(
                      t("case.samples"),
                      headWords(),
                      some.map((record) =>
                          h("tr", {},
                              cellsOf(rowOf(record)).map((cell) =>
                                  h("td", {},
                                      cell instanceof Node
                                          ? cell
                                          : h("span", { class: "outside clamp", title: visible(cell) }, cell),
                                  ),
                              ),
                          ),
                      ),
                      "samples",
                  ),
            !all && found.length > SHOWN
                ? button(
                      "samples-more",
                      t("case.samples.more", { count: Math.min(100, found.length) }),
                      () => {
                          all = true;
                          show();
                      },
                      "link",
                  )
                : null,
        );
    }

    const element = h("div", { class: "samples-box" },
        h("div", { class: "filter" }, h("label", { for: "samples-filter" }, t("case.filter.samples")), input),
        place,
    );
    return {
        element,
        update: (next) => {
            records = next;
            element.hidden = records.length === 0;
            show();
        },
    };
}

const NARROW = 1180;
const PAGE_MAX = 1366;
const BESIDE = 396; /* the timeline and the gap before it, as style/case.css has them */

const discovered = (value) => value.hearing.incident?.discovered_at;

/* How wide a card's content is. */
const widthHere = () => (innerWidth > NARROW ? Math.min(innerWidth, PAGE_MAX) - 48 - BESIDE : innerWidth - 24) - 42;

export function detectionsSection(ctx) {
    const write = writer("POST", `/v1/cases/${ctx.id}/extractions`);
    const form = formSlot(ctx, "detections-search", () => ({
        title: t("case.search"),
        note: t("case.search.note"),
        words: t("case.search.do"),
        fields: searchFields(ctx.value().hearing),
        write: (values) => write(searchBody(values)),
        done: () => t("case.search.asked"),
    }));
    let loaded = null; /* what the worker counted, of which search */
    let list = null;
    const result = (value) => searchWithResult(value.triage);
    const counts = block(
        { class: "row counts", "aria-live": "polite" },
        ({ triage }) => [triage?.status, result({ triage })?.id, result({ triage })?.detections],
        ({ triage }) => countsOf(triage, result({ triage })),
    );
    const figure = block({}, (value) => [result(value)?.id, loaded, discovered(value), widthHere()], figureOf);
    const words = block(
        { class: "stack" },
        (value) => [result(value)?.id, value.triage?.status, result(value)?.finished_at],
        wordsOf,
    );
    const links = block(
        { class: "row" },
        (value) => [result(value)?.id, result(value)?.records],
        (value) => downloads(ctx.id, value.number, result(value)),
    );
    const asked = block(
        { class: "stack", id: "asked-searches" },
        (value) => askedIn(value).map(({ id, status, finished_at: at }) => [id, status, at]),
        (value) => askedRows(ctx.id, value),
    );
    const sample = samples();
    const place = h("div", { class: "records-place", id: "records-place" });
    const newer = h("p", { class: "message" });
    const open = button("records-open", [t("case.records.open"), h("kbd", {}, "Alt+L")], () => toggle(true));
    const again = button("search-again", t("case.search"), () => form.begin(""));
    let sampled = null;

    function figureOf(value) {
        const search = result(value);
        const counted = loaded?.id === search?.id ? loaded?.histogram : null;
        const partly = !counted && !search?.histogram && search?.detections > (search?.samples ?? []).length;
        return search?.detections > 0
            ? [
                  histogramFigure(counted ?? histogramKnown(search), discovered(value), widthHere()),
                  partly
                      ? h("p", { class: "secondary" },
                            t("case.histogram.sample", { count: number(search.samples?.length) }),
                        )
                      : null,
              ]
            : [];
    }

    function wordsOf(value) {
        const search = result(value);
        const going = searchInForce(value.triage);
        return [
            h("p", { class: "spoken outside" },
                search ? pick(search.spoken) : t(`case.triage.${value.triage?.status ?? "waiting"}`),
            ),
            search?.truncated ? h("p", { class: "warn" }, icon("warning"), t("case.truncated")) : null,
            going && going !== search
                ? h("p", { class: "secondary" }, t("case.search.going", { time: short(going.requested_at) }))
                : null,
            search ? coverageList(search) : null,
        ];
    }

    function toggle(wanted) {
        const search = result(ctx.value() ?? {});
        if (!wanted || !(search?.records > 0)) {
            list?.end();
            list = null;
            replace(place);
        } else if (!list) {
            const id = search.id;
            list = recordList(address(ctx.id, search), (all) => {
                loaded = { id, histogram: all.histogram };
                figure.update(ctx.value());
            });
            list.of = id;
            replace(
                place,
                h("div", { class: "spread" },
                    h("h3", {}, t("case.records")),
                    button("records-close", t("close"), () => {
                        toggle(false);
                        open.focus();
                    }),
                ),
                newer,
                list.element,
            );
        }
        sample.element.classList.toggle("beside", list !== null);
        open.hidden = list !== null || !(search?.records > 0);
        list?.focus();
        return true;
    }

    function update(value) {
        const search = result(value);
        for (const part of [counts, figure, words, links, asked])
            part.update(value);
        if (sampled !== search?.id) {
            sampled = search?.id;
            sample.update(search?.samples ?? []);
        }
        open.hidden = list !== null || !(search?.records > 0);
        setText(newer, list && list.of !== search?.id ? t("case.records.newer") : "");
    }

    const element = card(
        "detections",
        heading("detections", counts.element, links.element),
        figure.element,
        words.element,
        sample.element,
        asked.element,
        h("div", { class: "row" }, open, again),
        place,
        form.element,
    );
    return { id: "detections", element, update, openAll: () => toggle(true), end: () => list?.end(), forms: [form] };
}
