/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detections over time: critical solid, the others hatched, a mark at the discovery; and the same as a table
 * for who cannot see it.
 */
import { h, svg } from "../../core/dom.js";
import { t } from "../../core/language.js";
import { partsOf, shortTime } from "../../core/times.js";
import { dayTime } from "./coverage.js";
import { axisEnd } from "../../pure/records.js";
import { now } from "../../core/api.js";

const HEIGHT = 118;
const LEFT = 58;
const TOP = 18;
const BOTTOM = 22;
const INNER = HEIGHT - TOP - BOTTOM;

const AHEAD_MAX = 96;

/* The discovery may lie behind the last detection: the axis goes on to it where it is near. */
function reaching(histogram, discovered) {
    const stepMs = histogram.step_s * 1000;
    const bars = Math.floor((Date.parse(discovered ?? "") - Date.parse(histogram.from)) / stepMs) + 1;
    const missing = bars > histogram.all.length && bars <= AHEAD_MAX ? bars - histogram.all.length : 0;
    return { ...histogram, all: [...histogram.all, ...new Array(missing).fill(0)] };
}

function scaleOf(histogram, width) {
    const end = axisEnd(histogram.all.reduce((a, b) => Math.max(a, b), 1));
    const from = Date.parse(histogram.from);
    const span = histogram.all.length * histogram.step_s * 1000;
    const wide = (width - LEFT - 4) / histogram.all.length;
    return {
        end,
        from,
        span,
        width,
        wide,
        x: (time) => LEFT + ((time - from) / span) * (width - LEFT - 4),
        y: (count) => TOP + INNER - (count / end) * INNER,
    };
}

function bar(index, count, severe, { wide, y }) {
    if (count === 0)
        return [];
    const x = LEFT + index * wide + Math.min(1, wide / 8);
    const width = Math.max(1, Math.min(wide - Math.min(2, wide / 4), 16));
    const rect = (className, fill, from, to) =>
        svg("rect", {
            class: className,
            fill,
            x: x.toFixed(1),
            y: y(to).toFixed(1),
            width: width.toFixed(1),
            height: Math.max(1, y(from) - y(to)).toFixed(1),
        });
    return [
        count > severe ? rect("bar-other", "url(#hatch)", severe, count) : null,
        severe > 0 ? rect("bar-severe", null, 0, severe) : null,
    ];
}

function axis(scale) {
    return [scale.end / 2, scale.end]
        .filter((count) => Number.isInteger(count))
        .flatMap((count) => [
            svg("line", { class: "grid", x1: LEFT, x2: scale.width, y1: scale.y(count), y2: scale.y(count) }),
            svg("text", { class: "axis", x: LEFT - 6, y: scale.y(count) + 5, "text-anchor": "end" }, String(count)),
        ])
        .concat(svg("line", { class: "base", x1: LEFT, x2: scale.width, y1: scale.y(0), y2: scale.y(0) }));
}

function labels({ from, span, x }) {
    return [0, 0.5, 1].map((part) =>
        svg(
            "text",
            {
                class: "axis",
                x: x(from + span * part),
                y: HEIGHT - 4,
                "text-anchor": ["start", "middle", "end"][part * 2],
            },
            dayTime(from + span * part),
        ),
    );
}

function mark(discovered, scale) {
    const time = Date.parse(discovered ?? "");
    if (!(time >= scale.from && time <= scale.from + scale.span))
        return null;
    const x = scale.x(time);
    const late = x > scale.width - 140;
    return [
        svg("line", { class: "mark", x1: x, x2: x, y1: 4, y2: scale.y(0) }),
        svg("text", { class: "axis mark-text", x: late ? x - 5 : x + 5, y: 13, "text-anchor": late ? "end" : "start" },
            t("case.discovered", { time: shortTime(discovered, now()) }),
        ),
    ];
}

/** 1時間ごと */
export function stepText(seconds) {
    const [key, count] =
        seconds % 86400 === 0
            ? ["days", seconds / 86400]
            : seconds % 3600 === 0
              ? ["hours", seconds / 3600]
              : ["minutes", seconds / 60];
    return t(`case.step.${key}`, { count });
}

function spoken(histogram) {
    const top = histogram.all.reduce((a, b) => Math.max(a, b), 0);
    const at = Date.parse(histogram.from) + histogram.all.indexOf(top) * histogram.step_s * 1000;
    return t("case.histogram.label", { step: stepText(histogram.step_s), most: top, time: shortTime(at, now()) });
}

/** A figure of {from, step_s, all, severe}, made for the width that it is shown in, so that its text keeps its size. */
export function histogramFigure(counted, discovered, width) {
    if (!counted || !partsOf(counted.from))
        return h("p", { class: "secondary" }, t("case.histogram.none"));
    const histogram = reaching(counted, discovered);
    const scale = scaleOf(histogram, width);
    const { all, severe = [] } = histogram;
    return h("figure", { class: "histogram" },
        h("figcaption", { class: "legend" },
            h("span", { class: "legend-item" },
                svg("svg", { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" },
                    svg("rect", { class: "bar-severe", width: 14, height: 14 }),
                ),
                t("case.legend.severe"),
            ),
            h("span", { class: "legend-item" },
                svg("svg", { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" },
                    svg("rect", { class: "bar-other", width: 14, height: 14, fill: "url(#hatch)" }),
                ),
                t("case.legend.other"),
            ),
            h("span", { class: "legend-step" }, stepText(histogram.step_s)),
        ),
        svg(
            "svg",
            { class: "histogram-svg", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": spoken(histogram) },
            axis(scale),
            all.map((count, index) => bar(index, count, severe[index] ?? 0, scale)),
            mark(discovered, scale),
            labels(scale),
        ),
    );
}
